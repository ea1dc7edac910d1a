#include "core/router.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/envelope.h"
#include "common/log.h"
#include "common/pb.h"
#include "core/commit.h"
#include "core/core.h"
#include "core/policies.h"
#include "core/push.h"
#include "core/recall.h"
#include "core/router_impl.h"
#include "core/seen.h"

/* ---- contexts ---- */

static enum gj_err find_actor(struct gj_router *router, struct gj_request *request, struct gj_ctx *ctx)
{
    ctx->actor = NULL;
    if (request->user == 0) {
        return GJ_OK; /* before login; handlers of such calls look at the channel */
    }
    enum gj_err err = gj_actor_cache_get(
        router->actors, ctx->txn, ctx->policy, request->user, request->device, ctx->now_ms, &ctx->actor);
    return err == GJ_ENOTFOUND ? GJ_EDENIED : err;
}

enum gj_err gj_router_begin(struct gj_router *router, struct gj_request *request, struct gj_ctx *ctx)
{
    struct gj_core *core = router->core;

    memset(ctx, 0, sizeof *ctx);
    enum gj_err err = gj_txn_renew(router->txn);
    if (err != GJ_OK) {
        return err;
    }
    ctx->core = core;
    ctx->call = request->call;
    ctx->arena = &request->arena;
    ctx->txn = router->txn;
    if (router->snapshot != gj_txn_snapshot(router->txn)) {
        router->policy = gj_policies_current(core->policies, router->txn);
        router->calendar = gj_policies_calendar(core->policies, router->txn);
        bool known = router->policy != NULL && gj_txn_error(router->txn) == GJ_OK;
        router->snapshot = known ? gj_txn_snapshot(router->txn) : 0;
        if (!known) {
            /* A version that was activated a moment ago found no memory: the next request tries again. */
            return gj_txn_error(router->txn) != GJ_OK ? gj_txn_error(router->txn) : GJ_ENOMEM;
        }
    }
    ctx->policy = router->policy;
    ctx->calendar = router->calendar;
    ctx->now_ms = gj_core_now(core);
    ctx->pending = request;
    ctx->carry = request->carry;
    ctx->peer = gj_sessions_peer(core->sessions, request->peer);
    if (request->phase != GJ_PHASE_PREPARE && request->item.command.call != 0) {
        ctx->command = &request->item.command;
    }
    return find_actor(router, request, ctx);
}

void gj_router_end(struct gj_router *router)
{
    gj_txn_reset(router->txn);
}

/* ---- from prepare to the commit thread ---- */

static void draw_random(struct gj_router *router, uint8_t *out, size_t len)
{
    if (router->random_left < len) {
        randombytes_buf(router->random, sizeof router->random);
        router->random_left = sizeof router->random;
    }
    router->random_left -= len;
    memcpy(out, router->random + router->random_left, len);
    sodium_memzero(router->random + router->random_left, len);
}

static void propose(struct gj_router *router, struct gj_request *request)
{
    struct gj_command *command = &request->item.command;
    uint8_t *bytes = NULL;
    enum gj_err err = gj_pb_pack_arena(request->body, &request->arena, &bytes, &command->body_len);

    if (err != GJ_OK) {
        gj_router_fail(router, request, err);
        return;
    }
    command->call = request->call->number;
    command->body = bytes;
    command->at_ms = gj_core_now(router->core);
    draw_random(router, command->random, sizeof command->random);
    request->phase = GJ_PHASE_COMMIT;
    err = gj_commit_add(router->core->commit, request);
    if (err == GJ_OK) {
        router->open++;
        router->figures.writes++;
    } else if (err == GJ_EBUSY) {
        struct gj_answer busy = {
            .status = GJ__V1__STATUS__BUSY, .code = "commit.queue_full", .retry_after_ms = 500, .decided = true};
        gj_router_answer(router, request, &busy);
    } else {
        gj_router_refuse(router, request, GJ__V1__STATUS__UNAVAILABLE, "daemon.stopping", NULL);
    }
}

/* What prepare or resume left behind. */
static void finish_prepare(
    struct gj_router *router, struct gj_request *request, struct gj_ctx *ctx, const ProtobufCMessage *body)
{
    enum gj_err err = gj_txn_error(ctx->txn);

    request->carry = ctx->carry;
    if (err == GJ_OK && !request->deferred && ctx->answer.decided && ctx->answer.status == GJ__V1__STATUS__CONFLICT &&
        request->call->conflict != NULL) {
        /* Whoever is late is told so here already, and gets the record as it is. */
        request->call->conflict(ctx, request->message);
    }
    if (err == GJ_OK && !request->deferred && ctx->answer.decided) {
        gj_router_answer(router, request, &ctx->answer);
        gj_router_end(router); /* a reply may borrow from rows of the snapshot */
        return;
    }
    gj_router_end(router);
    if (request->deferred) {
        /* Another thread has it: a failure is told when it comes back. */
        request->failed = err;
        router->open++;
    } else if (err != GJ_OK) {
        gj_router_fail(router, request, err);
    } else if (body == NULL) {
        /* Only memory that ran out leaves a handler with nothing to say. */
        gj_router_fail(router, request, gj_arena_why(&request->arena));
    } else {
        request->body = body;
        propose(router, request);
    }
}

static void start(struct gj_router *router, struct gj_request *request, struct gj_ctx *ctx)
{
    const struct gj_call *call = request->call;

    if (call->apply == NULL) {
        request->phase = GJ_PHASE_READ;
        router->figures.reads++;
        call->read(ctx, request->message);
        gj_router_finish_read(router, request, ctx);
        return;
    }
    const ProtobufCMessage *body = request->message;
    if (call->prepare != NULL) {
        body = call->prepare(ctx, request->message);
    }
    finish_prepare(router, request, ctx, body);
}

/* ---- deferral ---- */

struct gj_request *gj_call_defer(struct gj_ctx *ctx)
{
    ctx->pending->deferred = true;
    return ctx->pending;
}

void gj_call_resume(struct gj_request *request, void *result)
{
    struct gj_router *router = request->core->router;
    struct gj_ctx ctx;

    router->open--;
    request->deferred = false;
    enum gj_err err = gj_router_begin(router, request, &ctx);
    if (err == GJ_OK) {
        err = request->failed;
    }
    if (err == GJ_EDENIED) {
        gj_router_end(router);
        gj_router_refuse(router, request, GJ__V1__STATUS__UNAUTHENTICATED, "session.ended", NULL);
    } else if (err != GJ_OK) {
        gj_router_end(router);
        gj_router_fail(router, request, err);
    } else if (request->phase == GJ_PHASE_READ) {
        request->call->read_resume(&ctx, request->message, result);
        gj_router_finish_read(router, request, &ctx);
    } else {
        const ProtobufCMessage *body = request->call->resume(&ctx, request->message, result);
        finish_prepare(router, request, &ctx, body);
    }
}

void gj_call_resume_later(struct gj_request *request, void *result)
{
    struct gj_router *router = request->core->router;

    request->result = result;
    request->next = NULL;
    pthread_mutex_lock(&router->mutex);
    *router->later_tail = request;
    router->later_tail = &request->next;
    pthread_mutex_unlock(&router->mutex);
    uv_async_send(&router->async);
}

static void on_async(uv_async_t *handle)
{
    struct gj_router *router = handle->data;

    pthread_mutex_lock(&router->mutex);
    struct gj_request *request = router->later;
    router->later = NULL;
    router->later_tail = &router->later;
    pthread_mutex_unlock(&router->mutex);
    while (request != NULL) {
        struct gj_request *next = request->next;

        gj_call_resume(request, request->result);
        request = next;
    }
}

/* ---- a request from the wire ---- */

/* The first answer again, without asking prepare, which would look at a world that has moved on. */
static bool answer_again(struct gj_router *router, struct gj_request *request, struct gj_ctx *ctx)
{
    struct gj_answer answer;
    Gj__V1__Written written;
    const struct gj_command *command = &request->item.command;

    if (request->call->apply == NULL || request->call->read != NULL ||
        sodium_is_zero(command->request_key, sizeof command->request_key) ||
        !gj_seen_find(ctx->txn, command->request_key, request->device, ctx->arena, &answer, &written)) {
        return false;
    }
    if (answer.status == GJ__V1__STATUS__CONFLICT && request->call->conflict != NULL) {
        ctx->answer = answer;
        request->call->conflict(ctx, request->message);
        answer.body = ctx->answer.body;
    }
    gj_router_end(router);
    gj_router_answer_written(router, request, &answer, &written);
    return true;
}

static void handle_request(
    struct gj_router *router, struct gj_peer *peer, struct gj_request *request, const Gj__V1__Request *wire)
{
    uint32_t wait_ms = wire->deadline_ms == 0 ? GJ_DEADLINE_DEFAULT_MS : wire->deadline_ms;
    struct gj_ctx ctx;

    request->id = wire->id;
    request->peer = peer->number;
    request->device = peer->device;
    peer->open_requests++;
    if (!gj_router_check(router, peer, request, wire)) {
        return;
    }
    struct gj_command *command = &request->item.command;
    command->user = request->user;
    command->device = request->device;
    command->session = peer->session;
    request->give_up_ms =
        (int64_t)(uv_hrtime() / 1000000) + (wait_ms < GJ_DEADLINE_MAX_MS ? wait_ms : GJ_DEADLINE_MAX_MS);

    enum gj_err err = gj_router_begin(router, request, &ctx);
    if (err == GJ_EDENIED) {
        gj_router_end(router);
        gj_sessions_unbind(router->core->sessions, peer);
        gj_router_refuse(router, request, GJ__V1__STATUS__UNAUTHENTICATED, "session.ended", NULL);
    } else if (err != GJ_OK) {
        gj_router_end(router);
        gj_router_fail(router, request, err);
    } else if (!answer_again(router, request, &ctx)) {
        start(router, request, &ctx);
    }
}

static void handle_heartbeat(struct gj_router *router, struct gj_peer *peer, const Gj__V1__Heartbeat *heartbeat)
{
    Gj__V1__Envelope envelope = GJ__V1__ENVELOPE__INIT;
    Gj__V1__Heartbeat answer = GJ__V1__HEARTBEAT__INIT;

    if (heartbeat->answer) {
        return; /* that bytes came is what the network wanted to know */
    }
    answer.nonce = heartbeat->nonce;
    answer.answer = true;
    answer.event = router->core->push != NULL ? gj_push_reached(router->core->push, peer) : 0;
    answer.server_time = gj_core_now(router->core);
    envelope.body_case = GJ__V1__ENVELOPE__BODY_HEARTBEAT;
    envelope.heartbeat = &answer;
    (void)!gj_router_send(peer, &envelope);
}

enum gj_err gj_router_take(struct gj_router *router, struct gj_peer *peer, const uint8_t *bytes, size_t len)
{
    Gj__V1__Envelope *envelope = NULL;
    struct gj_request *request = gj_request_take(&router->pool, router->core);

    if (request == NULL) {
        return GJ_ENOMEM;
    }
    enum gj_err err = gj_envelope_decode(&request->arena, bytes, len, &envelope);
    if (err == GJ_OK && envelope->body_case == GJ__V1__ENVELOPE__BODY_REQUEST) {
        handle_request(router, peer, request, envelope->request);
        return GJ_OK;
    }
    if (err == GJ_OK && envelope->body_case == GJ__V1__ENVELOPE__BODY_HEARTBEAT) {
        handle_heartbeat(router, peer, envelope->heartbeat);
    } else if (err == GJ_OK) {
        err = GJ_EINVAL; /* replies and pushes go the other way */
    }
    gj_request_give(&router->pool, request);
    return err;
}

/* ---- life ---- */

enum gj_err gj_router_new(struct gj_core *core, struct gj_router **out)
{
    struct gj_router *router = calloc(1, sizeof *router);

    if (router == NULL) {
        return GJ_ENOMEM;
    }
    router->core = core;
    router->later_tail = &router->later;
    enum gj_err err = gj_txn_begin_read(core->store, &router->txn);
    if (err == GJ_OK) {
        gj_txn_reset(router->txn);
        err = gj_actor_cache_new(&router->actors);
    }
    if (err == GJ_OK) {
        err = gj_recall_new(&core->recall);
    }
    if (err == GJ_OK && pthread_mutex_init(&router->mutex, NULL) != 0) {
        err = GJ_ESYS;
    }
    if (err == GJ_OK && core->loop != NULL) {
        err = uv_async_init(core->loop, &router->async, on_async) == 0 ? GJ_OK : GJ_ESYS;
        router->async.data = router;
        router->has_async = err == GJ_OK;
    }
    if (err != GJ_OK) {
        gj_recall_free(core->recall);
        core->recall = NULL;
        gj_actor_cache_free(router->actors);
        gj_txn_abort(router->txn);
        free(router);
        return err;
    }
    *out = router;
    return GJ_OK;
}

static void release(struct gj_router *router)
{
    pthread_mutex_destroy(&router->mutex);
    free(router);
}

static void on_closed(uv_handle_t *handle)
{
    release(handle->data);
}

void gj_router_free(struct gj_router *router)
{
    if (router == NULL) {
        return;
    }
    for (struct gj_request *request = router->later, *next; request != NULL; request = next) {
        next = request->next;
        gj_request_give(&router->pool, request);
    }
    gj_request_pool_fini(&router->pool);
    gj_recall_free(router->core->recall);
    router->core->recall = NULL;
    gj_actor_cache_free(router->actors);
    gj_txn_abort(router->txn);
    sodium_memzero(router->random, sizeof router->random);
    if (router->has_async) {
        uv_close((uv_handle_t *)&router->async, on_closed);
    } else {
        release(router);
    }
}

unsigned gj_router_open(const struct gj_router *router)
{
    return router->open;
}

void gj_router_stop(struct gj_router *router)
{
    router->stopping = true;
}

struct gj_request_pool *gj_router_pool(struct gj_router *router)
{
    return &router->pool;
}

void gj_router_figures(const struct gj_router *router, struct gj_router_figures *out)
{
    *out = router->figures;
}
