#include <assert.h>
#include <string.h>

#include "common/limits.h"
#include "common/log.h"
#include "common/pb_out.h"
#include "core/core.h"
#include "core/health.h"
#include "core/router_impl.h"

enum gj_err gj_router_send(struct gj_peer *peer, const Gj__V1__Envelope *envelope)
{
    uint8_t *room = NULL;
    size_t len = protobuf_c_message_get_packed_size(&envelope->base);

    if (peer->closing) {
        return GJ_ECLOSED;
    }
    enum gj_err err = peer->ops->begin(peer, len, &room);
    if (err == GJ_OK) {
        protobuf_c_message_pack(&envelope->base, room);
        peer->ops->end(peer, len);
    }
    return err;
}

/* Fields of Envelope and Reply in proto/envelope.proto. */
enum { ENVELOPE_REPLY = 2, REPLY_ID = 1, REPLY_STATUS = 2, REPLY_BODY = 3, REPLY_REFUSAL = 4, REPLY_RETRY = 5 };

/* Encodes the envelope of a reply with its body in one walk, and sends it. */
static enum gj_err send_reply(struct gj_router *router, struct gj_peer *peer, uint64_t id,
    const struct gj_answer *answer, const Gj__V1__Refusal *refusal)
{
    struct gj_pb_out out;
    uint8_t *room = NULL;

    if (peer->closing) {
        return GJ_ECLOSED;
    }
    gj_pb_out_init(&out, router->reply, sizeof router->reply);
    gj_pb_out_number(&out, REPLY_RETRY, answer->retry_after_ms);
    if (refusal != NULL) {
        const uint8_t *mark = out.at;
        gj_pb_out_message(&out, &refusal->base);
        gj_pb_out_wrap(&out, REPLY_REFUSAL, mark);
    }
    if (answer->body != NULL) {
        const uint8_t *mark = out.at;
        gj_pb_out_message(&out, answer->body);
        if (out.at != mark) {
            gj_pb_out_wrap(&out, REPLY_BODY, mark);
        }
    }
    gj_pb_out_number(&out, REPLY_STATUS, (uint64_t)answer->status);
    gj_pb_out_number(&out, REPLY_ID, id);
    gj_pb_out_wrap(&out, ENVELOPE_REPLY, out.end);
    size_t len = gj_pb_out_len(&out);
    enum gj_err err = out.full ? GJ_ETOOBIG : peer->ops->begin(peer, len, &room);
    if (err == GJ_OK) {
        memcpy(room, out.at, len);
        peer->ops->end(peer, len);
    }
    return err;
}

/* An answer that there is no room for. A write is done all the same: after UNAVAILABLE the client asks with the same
 * key. */
static void send_instead(struct gj_router *router, struct gj_peer *peer, uint64_t id, enum gj_err err)
{
    Gj__V1__Refusal refusal = GJ__V1__REFUSAL__INIT;
    bool memory = err == GJ_ENOMEM;
    struct gj_answer answer = {.status = memory ? GJ__V1__STATUS__UNAVAILABLE : GJ__V1__STATUS__TOO_LARGE,
        .retry_after_ms = memory ? 1000 : 0};

    refusal.code = (char *)(memory ? "memory" : "reply.too_large");
    (void)!send_reply(router, peer, id, &answer, &refusal);
}

static void send_answer(struct gj_router *router, struct gj_peer *peer, uint64_t id, const struct gj_answer *answer)
{
    Gj__V1__Refusal refusal = GJ__V1__REFUSAL__INIT;

    if (answer->code != NULL) {
        refusal.code = (char *)answer->code;
        refusal.field = (char *)(answer->field != NULL ? answer->field : "");
        refusal.n_params = answer->n_params;
        refusal.params = (char **)answer->params;
    }
    enum gj_err err = send_reply(router, peer, id, answer, answer->code != NULL ? &refusal : NULL);
    if (err == GJ_ETOOBIG || err == GJ_ENOMEM) {
        send_instead(router, peer, id, err);
    }
}

void gj_router_answer(struct gj_router *router, struct gj_request *request, const struct gj_answer *answer)
{
    struct gj_peer *peer = gj_sessions_peer(router->core->sessions, request->peer);

    router->figures.refused += answer->status != GJ__V1__STATUS__OK;
    if (peer != NULL) {
        assert(peer->open_requests > 0);
        peer->open_requests--;
        send_answer(router, peer, request->id, answer);
    }
    gj_request_give(&router->pool, request);
}

void gj_router_refuse(
    struct gj_router *router, struct gj_request *request, Gj__V1__Status status, const char *code, const char *field)
{
    struct gj_answer answer = {.status = status, .code = code, .field = field, .decided = true};

    gj_router_answer(router, request, &answer);
}

void gj_router_fail(struct gj_router *router, struct gj_request *request, enum gj_err err)
{
    struct gj_answer answer = {.status = GJ__V1__STATUS__INTERNAL, .code = "internal", .decided = true};

    router->figures.failed++;
    switch (err) {
    case GJ_ENOSPC:
    case GJ_EFULL:
        gj_health_raise(router->core->health, err == GJ_EFULL ? "store.full" : "disk.reserve");
        answer.status = GJ__V1__STATUS__UNAVAILABLE;
        answer.code = err == GJ_EFULL ? "store.full" : "disk.reserve";
        answer.retry_after_ms = 30000;
        break;
    case GJ_ENOMEM:
    case GJ_ECLOSED:
        answer.status = GJ__V1__STATUS__UNAVAILABLE;
        answer.code = err == GJ_ENOMEM ? "memory" : "daemon.stopping";
        answer.retry_after_ms = 5000;
        break;
    case GJ_ETIMEDOUT:
        answer.status = GJ__V1__STATUS__BUSY;
        answer.code = "request.deadline";
        answer.retry_after_ms = 1000;
        break;
    case GJ_ETOOBIG:
        answer.status = GJ__V1__STATUS__TOO_LARGE;
        answer.code = "request.too_large";
        break;
    default:
        gj_log(GJ_LOG_ERROR, "call.failed", GJ_LOG_U64("call", request->call != NULL ? request->call->number : 0),
            GJ_LOG_ERR(err));
        break;
    }
    gj_router_answer(router, request, &answer);
}

void gj_router_answer_written(struct gj_router *router, struct gj_request *request, const struct gj_answer *answer,
    const Gj__V1__Written *written)
{
    struct gj_answer full = *answer;

    if (answer->status == GJ__V1__STATUS__OK) {
        full.body = &written->base;
    }
    gj_router_answer(router, request, &full);
}

void gj_router_finish_read(struct gj_router *router, struct gj_request *request, struct gj_ctx *ctx)
{
    enum gj_err err = gj_txn_error(ctx->txn);

    request->carry = ctx->carry;
    if (request->deferred) {
        gj_router_end(router);
        request->failed = err;
        router->open++;
    } else if (err != GJ_OK) {
        gj_router_end(router);
        gj_router_fail(router, request, err);
    } else if (ctx->answer.decided) {
        gj_router_answer(router, request, &ctx->answer);
        gj_router_end(router); /* a reply may borrow from rows of the snapshot */
    } else {
        gj_router_end(router);
        gj_router_fail(router, request, gj_arena_why(&request->arena));
    }
}

/* ---- what the commit thread decided ---- */

static void answer_conflict(struct gj_router *router, struct gj_request *request)
{
    struct gj_answer answer = request->item.applied.answer;
    struct gj_ctx ctx;

    if (gj_router_begin(router, request, &ctx) == GJ_OK) {
        ctx.answer = answer;
        request->call->conflict(&ctx, request->message);
        answer.body = gj_txn_error(ctx.txn) == GJ_OK ? ctx.answer.body : NULL;
    }
    gj_router_answer(router, request, &answer);
    gj_router_end(router);
}

static void run_after(struct gj_router *router, struct gj_request *request)
{
    struct gj_ctx ctx;

    /* The actor may have lost every right by this very command: the effect outside the store is due all the same. */
    (void)gj_router_begin(router, request, &ctx);
    request->call->after(&ctx, request->body);
    gj_router_end(router);
    request->carry = ctx.carry;
}

static void read_after_commit(struct gj_router *router, struct gj_request *request)
{
    struct gj_ctx ctx;

    request->phase = GJ_PHASE_READ;
    enum gj_err err = gj_router_begin(router, request, &ctx);
    if (err == GJ_EDENIED) {
        gj_router_end(router);
        gj_router_refuse(router, request, GJ__V1__STATUS__UNAUTHENTICATED, "session.ended", NULL);
    } else if (err != GJ_OK) {
        gj_router_end(router);
        gj_router_fail(router, request, err);
    } else {
        request->call->read(&ctx, request->message);
        gj_router_finish_read(router, request, &ctx);
    }
}

void gj_router_committed(struct gj_request *request, enum gj_err err)
{
    struct gj_router *router = request->core->router;
    const struct gj_applied *applied = &request->item.applied;

    if (request->peer == 0) {
        request->item.err = err;
        if (request->on_done != NULL) {
            request->on_done(request);
        }
        gj_request_give(&router->pool, request);
        return;
    }
    router->open--;
    if (err == GJ_EIO) {
        /* Nobody knows whether it happened: saying nothing makes the client ask again after the restart. */
        gj_request_give(&router->pool, request);
        return;
    }
    if (err != GJ_OK) {
        gj_router_fail(router, request, err);
        return;
    }
    bool ok = applied->answer.status == GJ__V1__STATUS__OK;
    if (ok && !applied->repeated && request->call->after != NULL) {
        run_after(router, request);
    }
    if (ok && request->call->read != NULL) {
        read_after_commit(router, request);
    } else if (applied->answer.status == GJ__V1__STATUS__CONFLICT && request->call->conflict != NULL) {
        answer_conflict(router, request);
    } else {
        gj_router_answer_written(router, request, &applied->answer, &applied->written);
    }
}
