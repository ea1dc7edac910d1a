/* Fills a store for the benchmark: tickets that went through the whole repair flow during the past year and open ones
 * at every step of it, by the daemon's own prepare and apply, in large batches. The daemon must not run.
 *
 *     bench_load prepare STORE_DIR PROFILE_DIR OFFICES HOUSEHOLDS      people and households
 *     bench_load tickets STORE_DIR PROFILE_DIR TICKETS OPEN OFFICES
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/desk.h"
#include "bench/pool.h"
#include "common/id.h"
#include "common/pb.h"
#include "bench/load_core.h"
#include "core/policies.h"
#include "core/work_code.h"

#define BATCH 2048
#define YEAR_MS (INT64_C(365) * 86400000)
#define STEPS_MAX 32
#define STEP_MS INT64_C(7200000) /* at most this long from one step to the next: the owner's code holds for a day */
#define ARENA_BYTES (1u << 20)
#define DEVICE 1
#define OPEN_AGE_MS                                                                                                    \
    60000 /* open tickets came in during the last minute, so that few of their clocks run out meanwhile */

struct slot {
    struct gj_desk_ticket ticket;
    struct gj_log_item item;
    struct gj_arena arena;
    union {
        struct gj_desk_act act;
        Gj__V1__IntakeRequest intake;
    } request;
};

/* Kept replies that the window has left behind go while the year passes, as the daemon's upkeep would see to. */
#define SWEEPS 2

struct loader {
    struct gj_log_item sweeps[SWEEPS];
    struct gj_arena sweep_arena;
    struct gj_load_core load;
    struct gj_desk desk;
    struct slot *slots;
    uint64_t offices;
    uint64_t random;
    int64_t now_ms;
    uint64_t actions;
};

static uint64_t next_random(struct loader *loader)
{
    loader->random ^= loader->random << 13;
    loader->random ^= loader->random >> 7;
    loader->random ^= loader->random << 17;
    return loader->random;
}

/* ---- one step of a batch ---- */

static void prepare(struct loader *loader, struct slot *slot)
{
    struct gj_core *core = &loader->load.core;
    bool intake = slot->ticket.step >= gj_desk_steps;
    size_t user = intake ? 0 : gj_desk_user_of(slot->ticket.step);
    uint16_t number = intake ? GJ__V1__CALL__DISPATCH_INTAKE : GJ__V1__CALL__RECORD_ACT;
    gj_arena_reset(&slot->arena);
    struct gj_ctx ctx = {.core = core,
        .call = gj_core_call(core, number),
        .arena = &slot->arena,
        .txn = loader->load.txn,
        .policy = gj_policies_current(core->policies, loader->load.txn),
        .calendar = gj_policies_calendar(core->policies, loader->load.txn),
        .now_ms = loader->now_ms};
    gj_load_must(gj_actor_cache_get(loader->load.actors, loader->load.txn, ctx.policy, loader->desk.users[user], DEVICE,
                     ctx.now_ms, &ctx.actor),
        "actor");
    if (gj_desk_needs_code(&slot->ticket)) { /* the loader does not ask the desk for every one */
        struct gj_work work;
        if (!gj_work_load(&ctx, slot->ticket.id, &work) || !gj_code_valid(&ctx, &work)) {
            gj_load_die("owner's code", "none was issued");
        }
        gj_code_digits(&ctx, &work, slot->ticket.code);
    }
    if (intake) {
        gj_desk_intake(&slot->request.intake, &loader->desk, &slot->ticket, next_random(loader));
    } else {
        gj_desk_act(&slot->request.act, &loader->desk, &slot->ticket, loader->now_ms);
    }
    const ProtobufCMessage *request = intake ? &slot->request.intake.base : &slot->request.act.request.base;
    const ProtobufCMessage *body = ctx.call->prepare(&ctx, request);
    if (body == NULL) {
        fprintf(stderr, "step %u: ", slot->ticket.step);
        gj_load_die(
            ctx.answer.code == NULL ? "prepare" : ctx.answer.code, ctx.answer.field == NULL ? "" : ctx.answer.field);
    }
    struct gj_command *command = &slot->item.command;
    *command = (struct gj_command){
        .call = number, .user = loader->desk.users[user], .device = DEVICE, .at_ms = loader->now_ms};
    uint8_t *bytes = NULL;
    gj_load_must(gj_pb_pack_arena(body, &slot->arena, &bytes, &command->body_len), "body");
    command->body = bytes;
    slot->item.arena = &slot->arena;
    struct gj_request_key key;
    gj_id_request_key(&key, loader->now_ms);
    memcpy(command->request_key, key.bytes, sizeof command->request_key);
    randombytes_buf(command->random, sizeof command->random);
}

static void on_done(void *owner, struct gj_log_group *group, enum gj_err err)
{
    struct loader *loader = owner;
    gj_load_must(err, "commit");
    loader->actions += group->count;
}

static void add_sweeps(struct loader *loader, struct gj_log_group *group, struct gj_log_item **tail)
{
    gj_arena_reset(&loader->sweep_arena);
    for (size_t i = 0; i < SWEEPS; i++) {
        struct gj_log_item *item = &loader->sweeps[i];
        *item = (struct gj_log_item){.arena = &loader->sweep_arena,
            .command = {.call = GJ__V1__CALL__SYSTEM_SWEEP, .at_ms = loader->now_ms, .body = (const uint8_t *)""}};
        *tail = item;
        tail = &item->next;
        group->count++;
    }
}

static bool is_sweep(const struct gj_log_item *item)
{
    return item->command.call == GJ__V1__CALL__SYSTEM_SWEEP;
}

/* The next step of the first count slots whose step is not past its last. */
static void step(struct loader *loader, size_t count, const uint8_t *last)
{
    struct gj_log_group group = {0};
    struct gj_log_item **tail = &group.first;
    gj_load_must(gj_txn_renew(loader->load.txn), "snapshot");
    for (size_t i = 0; i < count; i++) {
        struct slot *slot = &loader->slots[i];
        if (last[i] == 0 ||
            (slot->ticket.revision > 0 && (slot->ticket.step >= gj_desk_steps || slot->ticket.revision >= last[i]))) {
            continue;
        }
        prepare(loader, slot);
        *tail = &slot->item;
        slot->item.next = NULL;
        tail = &slot->item.next;
        group.count++;
    }
    gj_txn_reset(loader->load.txn);
    if (group.count == 0) {
        return;
    }
    loader->actions -= SWEEPS;
    add_sweeps(loader, &group, tail);
    loader->load.log->propose(loader->load.log, &group, on_done, loader);
    for (struct gj_log_item *item = group.first; item != NULL; item = item->next) {
        if (is_sweep(item)) {
            gj_load_must(item->err, "sweep");
            continue;
        }
        struct slot *slot = (struct slot *)((char *)item - offsetof(struct slot, item));
        if (item->err != GJ_OK || item->applied.answer.status != GJ__V1__STATUS__OK) {
            fprintf(stderr, "step %u, revision %u: ", slot->ticket.step, slot->ticket.revision);
            gj_load_die(item->applied.answer.code == NULL ? gj_err_name(item->err) : item->applied.answer.code,
                item->applied.answer.field == NULL ? "" : item->applied.answer.field);
        }
        gj_desk_moved(&slot->ticket, &item->applied.written);
    }
}

/* Tickets first .. first + count - 1: opened together, each taken as far as it shall come. */
static void load_batch(struct loader *loader, uint64_t first, size_t count, bool open, int64_t span_ms)
{
    uint8_t last[BATCH];
    for (size_t i = 0; i < count; i++) {
        loader->slots[i].ticket =
            (struct gj_desk_ticket){.office = 1 + (first + i) % loader->offices, .step = (uint8_t)gj_desk_steps};
        last[i] = (uint8_t)(open ? 1 + next_random(loader) % gj_desk_steps : UINT8_MAX);
    }
    int64_t end_ms = loader->now_ms + span_ms;
    for (unsigned round = 0; round < STEPS_MAX; round++) {
        step(loader, count, last);
        loader->now_ms += span_ms / STEPS_MAX < STEP_MS ? span_ms / STEPS_MAX : STEP_MS;
    }
    loader->now_ms = end_ms > loader->now_ms ? end_ms : loader->now_ms;
}

static void load_tickets(struct loader *loader, uint64_t tickets, uint64_t open, int64_t end_ms)
{
    int64_t begun = gj_pool_now_us();
    uint64_t closed = tickets - open, batches = closed / BATCH + 1;
    for (uint64_t at = 0; at < tickets;) {
        bool is_open = at >= closed;
        uint64_t left = (is_open ? tickets : closed) - at;
        size_t count = left < BATCH ? (size_t)left : BATCH;
        if (is_open) {
            loader->now_ms = end_ms - OPEN_AGE_MS > loader->now_ms ? end_ms - OPEN_AGE_MS : loader->now_ms;
        }
        load_batch(loader, at, count, is_open, is_open ? STEPS_MAX : YEAR_MS / (int64_t)(batches + 1));
        at += count;
        fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " tickets, %.0f actions/s ", at, tickets,
            (double)loader->actions / ((double)(gj_pool_now_us() - begun) / 1e6));
    }
    fputc('\n', stderr);
}

int main(int argc, char **argv)
{
    static struct loader loader;
    bool prepares = argc == 6 && strcmp(argv[1], "prepare") == 0;
    if (!prepares && (argc != 7 || strcmp(argv[1], "tickets") != 0)) {
        fprintf(stderr, "usage: bench_load prepare STORE_DIR PROFILE_DIR OFFICES HOUSEHOLDS\n"
                        "       bench_load tickets STORE_DIR PROFILE_DIR TICKETS OPEN OFFICES\n");
        return 2;
    }
    int64_t end_ms = gj_pool_wall_ms();
    loader.now_ms = end_ms - YEAR_MS;
    loader.random = 0x9e3779b97f4a7c15u;
    if (sodium_init() < 0) {
        gj_load_die("libsodium", "does not start");
    }
    gj_load_core_open(&loader.load, argv[2], loader.now_ms);
    if (prepares) {
        gj_load_core_prepare(&loader.load, argv[3], strtoull(argv[4], NULL, 10), strtoull(argv[5], NULL, 10));
        gj_load_core_close(&loader.load);
        return 0;
    }
    uint64_t tickets = strtoull(argv[4], NULL, 10), open = strtoull(argv[5], NULL, 10);
    loader.offices = strtoull(argv[6], NULL, 10);
    loader.slots = calloc(BATCH, sizeof *loader.slots);
    if (loader.slots == NULL || loader.offices == 0 || open > tickets) {
        gj_load_die("arguments", "OPEN is at most TICKETS, OFFICES at least 1");
    }
    for (size_t i = 0; i < BATCH; i++) {
        gj_arena_init(&loader.slots[i].arena, ARENA_BYTES);
    }
    gj_arena_init(&loader.sweep_arena, ARENA_BYTES);
    gj_desk_read(&loader.desk, argv[3]);
    load_tickets(&loader, tickets, open, end_ms);
    gj_load_core_close(&loader.load);
    for (size_t i = 0; i < BATCH; i++) {
        gj_arena_fini(&loader.slots[i].arena);
    }
    gj_arena_fini(&loader.sweep_arena);
    free(loader.slots);
    return 0;
}
