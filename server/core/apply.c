#include "core/apply.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/pb.h"
#include "core/core.h"
#include "core/notify_people.h"
#include "core/policies.h"
#include "core/seen.h"
#include "store/store.h"

struct gj_follow_item {
    uint16_t call;
    uint8_t *body;
    size_t len;
    struct gj_follow_item *next;
};

struct gj_applier {
    struct gj_core *core;
    struct gj_actor_cache *actors;
};

/* One command with its follow-ons: what they share. */
struct run {
    struct gj_applier *applier;
    struct gj_txn *txn;
    struct gj_arena *arena;
    const struct gj_policy *policy;
    const struct gj_calendar *calendar;
    unsigned follows;
    unsigned notices;
    bool too_deep;
};

enum gj_err gj_applier_new(struct gj_core *core, struct gj_applier **out)
{
    struct gj_applier *applier = calloc(1, sizeof *applier);

    if (applier == NULL) {
        return GJ_ENOMEM;
    }
    enum gj_err err = gj_actor_cache_new(&applier->actors);
    if (err != GJ_OK) {
        free(applier);
        return err;
    }
    applier->core = core;
    *out = applier;
    return GJ_OK;
}

void gj_applier_free(struct gj_applier *applier)
{
    if (applier == NULL) {
        return;
    }
    gj_actor_cache_free(applier->actors);
    gj_people_cache_free(applier->core->people);
    gj_people_cache_free(applier->core->people_shown);
    applier->core->people = NULL;
    applier->core->people_shown = NULL;
    free(applier);
}

void gj_applier_forget(struct gj_applier *applier)
{
    gj_actor_cache_forget(applier->actors);
    gj_people_cache_free(applier->core->people);
    applier->core->people = NULL;
}

static void emit(struct gj_ctx *ctx, uint16_t call, const ProtobufCMessage *body, struct gj_follow_item ***tail)
{
    struct gj_follow_item *item = GJ_ARENA_NEW(ctx->arena, struct gj_follow_item);

    if (item == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    enum gj_err err = gj_pb_pack_arena(body, ctx->arena, &item->body, &item->len);
    if (err != GJ_OK) {
        gj_txn_fail(ctx->txn, err);
        return;
    }
    item->call = call;
    (*ctx->apply->follow_count)++;
    **tail = item;
    *tail = &item->next;
}

void gj_apply_follow(struct gj_ctx *ctx, uint16_t call, const ProtobufCMessage *body)
{
    emit(ctx, call, body, &ctx->apply->follow_tail);
}

void gj_apply_regret(struct gj_ctx *ctx, uint16_t call, const ProtobufCMessage *body)
{
    emit(ctx, call, body, &ctx->apply->regret_tail);
}

/* The actor of a command. Calls before login have none: their handlers look at the body alone. */
static bool find_actor(struct run *run, struct gj_ctx *ctx)
{
    const struct gj_command *command = ctx->command;
    unsigned flags = ctx->call->flags;

    if (command->user == 0) {
        bool from_channel = (flags & (GJ_CALL_NO_SESSION | GJ_CALL_ENROL)) != 0;
        ctx->actor = from_channel ? NULL : gj_actor_system();
        return true;
    }
    enum gj_err err = gj_actor_cache_get(
        run->applier->actors, run->txn, run->policy, command->user, command->device, command->at_ms, &ctx->actor);
    if (err == GJ_ENOTFOUND || err == GJ_EDENIED) {
        return gj_refuse(ctx, GJ__V1__STATUS__UNAUTHENTICATED, "session.ended", NULL, NULL);
    }
    if (err != GJ_OK) {
        gj_txn_fail(run->txn, err);
        return false;
    }
    return true;
}

static void call_handler(struct run *run, struct gj_ctx *ctx)
{
    ProtobufCMessage *body = NULL;
    const ProtobufCMessageDescriptor *type = ctx->call->body != NULL ? ctx->call->body : ctx->call->request;

    if (!find_actor(run, ctx)) {
        return;
    }
    enum gj_err err = gj_pb_unpack_own(type, run->arena, ctx->command->body, ctx->command->body_len, &body);
    if (err != GJ_OK) {
        gj_txn_fail(run->txn, err);
        return;
    }
    ctx->call->apply(ctx, body);
    if (!ctx->answer.decided) {
        ctx->answer.status = GJ__V1__STATUS__OK;
        ctx->answer.decided = true;
    }
}

static void run_command(struct run *run, const struct gj_command *command, const struct gj_apply *parent,
    struct gj_ctx *ctx, struct gj_apply *apply);

/* A follow-on that took the same record further belongs to what the caller is told. */
static void tell_further(Gj__V1__Written *written, const Gj__V1__Written *inner)
{
    bool same = inner->id != 0 && inner->id == written->id && inner->number[0] != '\0' &&
                strcmp(inner->number, written->number) == 0;
    if (same) {
        written->revision = inner->revision;
        written->state = inner->state;
    }
}

/* Follow-ons in the order they were emitted, each with its own follow-ons before the next. */
static void run_follows(
    struct run *run, const struct gj_command *parent, struct gj_apply *apply, struct gj_follow_item *first)
{
    uint32_t number = 0;

    for (struct gj_follow_item *item = first; item != NULL; item = item->next) {
        struct gj_ctx ctx;
        struct gj_apply inner;
        struct gj_command command = {
            .call = item->call, .at_ms = parent->at_ms, .body = item->body, .body_len = item->len};

        if (run->follows > GJ_FOLLOW_MAX || apply->depth + 1 > GJ_FOLLOW_DEPTH_MAX) {
            run->too_deep = true;
            gj_txn_fail(run->txn, GJ_ETOOBIG);
            return;
        }
        number++;
        uint8_t count[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};
        crypto_generichash(
            command.random, sizeof command.random, count, sizeof count, parent->random, sizeof parent->random);
        run_command(run, &command, apply, &ctx, &inner);
        if (gj_txn_error(run->txn) != GJ_OK) {
            return;
        }
        if (ctx.answer.status == GJ__V1__STATUS__OK) {
            tell_further(&apply->written, &inner.written);
        } else {
            gj_log(GJ_LOG_WARN, "apply.follow_refused", GJ_LOG_U64("call", item->call),
                GJ_LOG_U64("parent", parent->call), GJ_LOG_CODE("code", ctx.answer.code));
        }
    }
}

static void run_command(struct run *run, const struct gj_command *command, const struct gj_apply *parent,
    struct gj_ctx *ctx, struct gj_apply *apply)
{
    memset(ctx, 0, sizeof *ctx);
    memset(apply, 0, sizeof *apply);
    gj__v1__written__init(&apply->written);
    apply->writes_before = gj_txn_writes(run->txn);
    apply->origin = parent == NULL ? command : parent->origin;
    apply->depth = parent == NULL ? 0 : parent->depth + 1;
    apply->notices = run->notices;
    apply->follow_count = &run->follows;
    apply->follow_tail = &apply->follow;
    apply->regret_tail = &apply->regret;

    ctx->core = run->applier->core;
    ctx->arena = run->arena;
    ctx->txn = run->txn;
    ctx->policy = run->policy;
    ctx->calendar = run->calendar;
    ctx->now_ms = command->at_ms;
    ctx->command = command;
    ctx->apply = apply;
    ctx->call = gj_core_call(ctx->core, command->call);
    if (ctx->call == NULL || ctx->call->apply == NULL) {
        gj_refuse(ctx, GJ__V1__STATUS__UNIMPLEMENTED, "call.unknown", NULL, NULL);
        return;
    }
    call_handler(run, ctx);
    run->notices = apply->notices;
    if (gj_txn_error(run->txn) == GJ_OK) {
        bool done = ctx->answer.status == GJ__V1__STATUS__OK;
        run_follows(run, command, apply, done ? apply->follow : apply->regret);
    }
}

static bool has_key(const struct gj_command *command)
{
    return !sodium_is_zero(command->request_key, sizeof command->request_key);
}

void gj_apply_command(struct gj_applier *applier, struct gj_txn *txn, const struct gj_command *command,
    struct gj_arena *arena, struct gj_applied *out)
{
    struct gj_ctx ctx;
    struct gj_apply apply;
    struct run run = {.applier = applier, .txn = txn, .arena = arena};

    memset(out, 0, sizeof *out);
    gj__v1__written__init(&out->written);
    if (has_key(command) &&
        gj_seen_find(txn, command->request_key, command->device, arena, &out->answer, &out->written)) {
        out->repeated = true;
        return;
    }
    run.policy = gj_policies_current(applier->core->policies, txn);
    run.calendar = gj_policies_calendar(applier->core->policies, txn);
    if (run.policy == NULL && gj_policies_current_version(txn) != 0) {
        gj_txn_fail(txn, GJ_ENOMEM); /* it is in force, and there is no room for it now */
        return;
    }
    run_command(&run, command, NULL, &ctx, &apply);
    out->answer = ctx.answer;
    out->too_deep = run.too_deep;
    if (gj_txn_error(txn) != GJ_OK) {
        return;
    }
    out->written = apply.written;
    out->written.epoch = gj_store_epoch(applier->core->store);
    if (has_key(command)) {
        gj_seen_put(txn, command->request_key, command->device, &out->answer, &out->written);
    }
}
