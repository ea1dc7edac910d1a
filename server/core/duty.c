#include "core/duty.h"

#include <string.h>

#include "common/calendar.h"
#include "common/policy/policy.h"
#include "core/core.h"
#include "core/notify_people.h"
#include "store/record.h"

/* A line is a shift and ends within a day; what was written down before that was checked may be longer. */
#define LINE_MAX_MS (7 * GJ_MS_PER_DAY)

struct load {
    struct gj_ctx *ctx;
    const struct gj_duty_ask *ask;
    struct gj_arena *arena;
    struct gj_arena *scratch; /* for one row at a time */
    struct gj_roster_span *spans;
    size_t span_count, span_room;
    int64_t next_ms;
};

/* Room for one more behind `count` items. False: the transaction has failed. */
static bool grow(struct gj_ctx *ctx, struct gj_arena *arena, void **items, size_t count, size_t *room, size_t size)
{
    if (count < *room) {
        return true;
    }
    size_t wanted = *room == 0 ? 16 : *room * 2;
    void *more = gj_arena_calloc(arena, wanted, size);
    if (more == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(arena));
        return false;
    }
    if (count > 0) {
        memcpy(more, *items, count * size);
    }
    *items = more;
    *room = wanted;
    return true;
}

static void earlier(struct load *load, int64_t at_ms)
{
    load->next_ms = at_ms > load->ask->from_ms && at_ms < load->next_ms ? at_ms : load->next_ms;
}

struct gj_roster_span gj_duty_span(const struct gj_policy *policy, const Gj__Stored__Roster *line)
{
    const struct gj_role *role = gj_policy_role(policy, line->role);
    return (struct gj_roster_span){.user = line->user,
        .role = role == NULL ? 0 : role->number,
        .kind = line->kind == 0 ? GJ_ROSTER_DUTY : (enum gj_roster_kind)line->kind,
        .covers = line->covers,
        .from = line->from,
        .until = line->until};
}

static void add_span(struct load *load, const Gj__Stored__Roster *line)
{
    void *spans = load->spans;
    if (grow(load->ctx, load->arena, &spans, load->span_count, &load->span_room, sizeof(load->spans[0]))) {
        load->spans = spans;
        load->spans[load->span_count++] = gj_duty_span(load->ctx->policy, line);
    }
}

/* The lines of one role in the order of their beginnings, up to the first that begins behind the time asked for. */
static void read_role(struct load *load, const char *role)
{
    const struct gj_duty_ask *ask = load->ask;
    struct gj_key low = gj_people_roster_key(ask->office, ask->region, role, ask->from_ms - LINE_MAX_MS, 0);
    struct gj_key high = gj_people_roster_key(ask->office, ask->region, role, INT64_MAX, UINT64_MAX);
    struct gj_iter iter;
    bool on = true;

    gj_iter_range(&iter, load->ctx->txn, GJ_TABLE_ROSTER, &low, &high, GJ_FORWARD);
    while (on && load->span_count < GJ_DUTY_SPANS_MAX && gj_iter_next(&iter)) {
        Gj__Stored__Roster *line = NULL;
        gj_arena_reset(load->scratch);
        if (!gj_record_unpack(
                load->ctx->txn, &iter.value, &gj__stored__roster__descriptor, load->scratch, (void **)&line)) {
            break;
        }
        earlier(load, line->from);
        on = line->from < ask->until_ms;
        if (on && line->until > ask->from_ms) {
            earlier(load, line->until);
            add_span(load, line);
        }
    }
    gj_iter_close(&iter);
}

bool gj_duty_leaves(
    struct gj_ctx *ctx, int64_t from_ms, int64_t until_ms, struct gj_arena *arena, struct gj_roster *roster)
{
    struct gj_roster_leave found[GJ_USER_ABSENCES_MAX + 1];
    struct gj_roster_leave *leaves = NULL;
    size_t count = 0;
    size_t room = 0;

    for (size_t i = 0; i < roster->span_count; i++) {
        bool known = false;
        for (size_t j = 0; j < i && !known; j++) {
            known = roster->spans[j].user == roster->spans[i].user;
        }
        size_t own = known ? 0 : gj_people_leaves(ctx, roster->spans[i].user, found, sizeof found / sizeof found[0]);
        for (size_t j = 0; j < own; j++) {
            void *items = leaves;
            if (found[j].until > from_ms && found[j].from < until_ms &&
                grow(ctx, arena, &items, count, &room, sizeof leaves[0])) {
                leaves = items;
                leaves[count++] = found[j];
            }
        }
    }
    roster->leaves = leaves;
    roster->leave_count = count;
    return gj_txn_error(ctx->txn) == GJ_OK;
}

bool gj_duty_load(struct gj_ctx *ctx, const struct gj_duty_ask *ask, struct gj_arena *arena, struct gj_duty *out)
{
    uint8_t block[1024];
    struct gj_arena scratch;
    struct load load = {.ctx = ctx, .ask = ask, .arena = arena, .scratch = &scratch, .next_ms = INT64_MAX};

    gj_arena_init_with(&scratch, 64u * 1024, block, sizeof block);
    if (ask->role != NULL) {
        read_role(&load, ask->role);
    }
    for (size_t i = 0; ask->role == NULL && i < ctx->policy->role_count; i++) {
        read_role(&load, ctx->policy->roles[i].code);
    }
    gj_arena_fini(&scratch);
    *out = (struct gj_duty){
        .roster = {.spans = load.spans, .span_count = load.span_count},
        .next_ms = load.next_ms,
    };
    return gj_duty_leaves(ctx, ask->from_ms, ask->until_ms, arena, &out->roster);
}

int64_t gj_duty_first(struct gj_ctx *ctx, uint64_t office, const char *role, int64_t from_ms)
{
    struct gj_key low = gj_people_roster_key(office, 0, role, from_ms, 0);
    struct gj_key high = gj_people_roster_key(office, 0, role, INT64_MAX, UINT64_MAX);
    struct gj_iter iter;
    int64_t first_ms = INT64_MAX;

    gj_iter_range(&iter, ctx->txn, GJ_TABLE_ROSTER, &low, &high, GJ_FORWARD);
    if (gj_iter_next(&iter)) {
        struct gj_key_reader reader = gj_key_read(iter.key.data, iter.key.len);
        size_t len = 0;
        (void)gj_key_read_u64(&reader);
        (void)gj_key_read_u64(&reader);
        (void)gj_key_read_text(&reader, &len);
        first_ms = gj_key_read_i64(&reader);
    }
    gj_iter_close(&iter);
    return first_ms;
}

uint64_t gj_duty_covered_by(const struct gj_roster *roster, uint64_t user, uint8_t role, int64_t at_ms)
{
    for (size_t i = 0; i < roster->span_count; i++) {
        const struct gj_roster_span *span = &roster->spans[i];
        if (span->kind == GJ_ROSTER_COVER && span->covers == user && span->role == role && span->from <= at_ms &&
            at_ms < span->until && gj_roster_presence(roster, span->user, role, at_ms) == GJ_PRESENCE_DUTY) {
            return span->user;
        }
    }
    return 0;
}
