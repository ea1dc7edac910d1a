/* What is asked of every request before a handler hears of it: a call that exists, a channel and a session that may
 * make it, a pace, a key, a body of the right form. */
#include <string.h>

#include "common/pb.h"
#include "core/core.h"
#include "core/router_impl.h"
#include "core/seen.h"

/* Number of the service whose calls are open to somebody who has yet to choose a password. */
#define SESSION_SERVICE 1

/* Whether the channel may make this call at all. */
static bool check_session(struct gj_router *router, struct gj_peer *peer, struct gj_request *request)
{
    unsigned flags = request->call->flags;

    if (peer->enrolling != ((flags & GJ_CALL_ENROL) != 0)) {
        gj_router_refuse(router, request, GJ__V1__STATUS__UNAUTHENTICATED, "channel.wrong_kind", NULL);
        return false;
    }
    if (peer->user != 0 && peer->expires_at_ms <= gj_core_now(router->core)) {
        gj_sessions_unbind(router->core->sessions, peer);
    }
    /* Who logs in on a shared PC is not the user who was there before. */
    request->user = (flags & GJ_CALL_NO_SESSION) != 0 ? 0 : peer->user;
    if (peer->user == 0 && (flags & (GJ_CALL_NO_SESSION | GJ_CALL_ENROL)) == 0) {
        gj_router_refuse(router, request, GJ__V1__STATUS__UNAUTHENTICATED, "session.none", NULL);
        return false;
    }
    if (peer->must_set_password && request->call->number >> 8 != SESSION_SERVICE) {
        gj_router_refuse(router, request, GJ__V1__STATUS__REFUSED, "password.must_set", NULL);
        return false;
    }
    return true;
}

/* Writes name themselves, so that a second delivery is known. */
static bool check_key(struct gj_router *router, struct gj_request *request, const Gj__V1__Request *wire)
{
    const struct gj_call *call = request->call;
    struct gj_command *command = &request->item.command;

    if (call->apply == NULL) {
        return true;
    }
    if (wire->request_key.len == 0) {
        if (call->read != NULL || (call->flags & GJ_CALL_NO_KEY) != 0) {
            return true;
        }
        gj_router_refuse(router, request, GJ__V1__STATUS__INVALID, "request_key.missing", "request_key");
        return false;
    }
    memcpy(command->request_key, wire->request_key.data, sizeof command->request_key);
    switch (gj_seen_age(command->request_key, gj_core_now(router->core))) {
    case GJ_SEEN_EXPIRED:
        gj_router_refuse(router, request, GJ__V1__STATUS__EXPIRED, "request_key.expired", "request_key");
        return false;
    case GJ_SEEN_FUTURE:
        gj_router_refuse(router, request, GJ__V1__STATUS__INVALID, "request_key.future", "request_key");
        return false;
    default:
        return true;
    }
}

/* One channel's flood must not fill the loop that all the others share. Who has awaited every answer is never slowed.
 */
static bool check_rate(struct gj_router *router, struct gj_peer *peer, struct gj_request *request)
{
    if ((!peer->piped && peer->open_requests <= 1) || router->core->loop == NULL) {
        return true;
    }
    uint32_t wait_ms = gj_rate_take(&peer->rate, uv_now(router->core->loop));
    if (wait_ms == 0) {
        return true;
    }
    struct gj_answer busy = {
        .status = GJ__V1__STATUS__BUSY, .code = "channel.too_fast", .retry_after_ms = wait_ms, .decided = true};
    router->figures.slowed++;
    gj_router_answer(router, request, &busy);
    return false;
}

bool gj_router_check(
    struct gj_router *router, struct gj_peer *peer, struct gj_request *request, const Gj__V1__Request *wire)
{
    request->call = gj_core_call(router->core, wire->call > UINT16_MAX ? 0 : (uint16_t)wire->call);
    if (request->call == NULL || (request->call->flags & GJ_CALL_SYSTEM) != 0) {
        gj_router_refuse(router, request, GJ__V1__STATUS__UNIMPLEMENTED, "call.unknown", NULL);
        return false;
    }
    if (peer->open_requests > GJ_PEER_REQUESTS_MAX) {
        struct gj_answer busy = {
            .status = GJ__V1__STATUS__BUSY, .code = "channel.too_many", .retry_after_ms = 200, .decided = true};
        gj_router_answer(router, request, &busy);
        return false;
    }
    if (!check_rate(router, peer, request) || !check_session(router, peer, request) ||
        !check_key(router, request, wire)) {
        return false;
    }
    if (router->stopping && request->call->apply != NULL) {
        gj_router_refuse(router, request, GJ__V1__STATUS__UNAVAILABLE, "daemon.stopping", NULL);
        return false;
    }
    ProtobufCMessage *message = NULL;
    enum gj_err err = gj_pb_unpack(request->call->request, &request->arena, wire->body.data, wire->body.len, &message);
    if (err == GJ_EINVAL || err == GJ_ETOOBIG) {
        bool large = err == GJ_ETOOBIG;
        gj_router_refuse(router, request, large ? GJ__V1__STATUS__TOO_LARGE : GJ__V1__STATUS__INVALID,
            large ? "request.too_large" : "request.malformed", NULL);
        return false;
    }
    if (err != GJ_OK) {
        gj_router_fail(router, request, err);
        return false;
    }
    request->message = message;
    return true;
}
