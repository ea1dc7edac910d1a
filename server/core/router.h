/* The router: one envelope in, one answer out. Knows every call by its number, and nothing of what they mean. */
#ifndef GJ_CORE_ROUTER_H
#define GJ_CORE_ROUTER_H

#include "core/request.h"
#include "core/session.h"

struct gj_router;

/* When the client says nothing, and the longest it may ask for. */
#define GJ_DEADLINE_DEFAULT_MS 30000
#define GJ_DEADLINE_MAX_MS 300000

enum gj_err gj_router_new(struct gj_core *core, struct gj_router **out);
void gj_router_free(struct gj_router *router);

/* Takes one decrypted message of a channel. GJ_OK: handled, refusals included. GJ_EINVAL, GJ_ETOOBIG: no envelope at
 * all; the channel is to be closed as a protocol error. */
enum gj_err gj_router_take(struct gj_router *router, struct gj_peer *peer, const uint8_t *bytes, size_t len);

/* Sends any envelope. */
enum gj_err gj_router_send(struct gj_peer *peer, const Gj__V1__Envelope *envelope);

/* For gj_commit_options. */
void gj_router_committed(struct gj_request *request, enum gj_err err);

/* Requests that are waiting for another thread, to drain before the end. */
unsigned gj_router_open(const struct gj_router *router);
/* No further writes: they are answered UNAVAILABLE. */
void gj_router_stop(struct gj_router *router);
struct gj_request_pool *gj_router_pool(struct gj_router *router);

struct gj_router_figures {
    uint64_t reads, writes, refused, failed;
    uint64_t slowed; /* answered BUSY because the channel sent too fast */
};
void gj_router_figures(const struct gj_router *router, struct gj_router_figures *out);

#endif
