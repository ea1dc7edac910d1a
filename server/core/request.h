/* One call under way: made by the router (or for the daemon itself), kept while other threads work for it. Pooled: a
 * request of ordinary size touches no heap. */
#ifndef GJ_CORE_REQUEST_H
#define GJ_CORE_REQUEST_H

#include "core/call.h"
#include "core/log.h"

/* First block of a request's arena: enough for a ticket with its history. Larger ones take heap blocks up to
 * GJ_REQUEST_ARENA_MAX. */
#define GJ_REQUEST_FIRST_BYTES 8192
/* Free requests kept for reuse; more are given back to the heap. */
#define GJ_REQUEST_POOL_MAX 1024

enum gj_phase { GJ_PHASE_PREPARE, GJ_PHASE_COMMIT, GJ_PHASE_READ };

struct gj_request {
    struct gj_core *core;
    const struct gj_call *call;
    uint64_t peer;         /* number of the channel that waits; 0: nobody */
    uint64_t id;           /* the client's */
    uint64_t user, device; /* who asked */
    int64_t give_up_ms;    /* monotonic (uv_now): nobody waits any more; 0: never */
    enum gj_phase phase;
    bool deferred;
    enum gj_err failed;              /* before it was deferred; GJ_OK: nothing did */
    const ProtobufCMessage *message; /* from the wire */
    const ProtobufCMessage *body;    /* of the command, as prepare gave it */
    void *carry;
    void *result; /* of another thread, on its way to the loop */
    struct gj_request *next;
    struct gj_log_item item;
    /* Called on the loop when a command of the daemon itself is decided; the request is freed afterwards. */
    void (*on_done)(struct gj_request *request);
    void *owner;
    struct gj_arena arena;
    _Alignas(16) uint8_t first[GJ_REQUEST_FIRST_BYTES];
};

struct gj_request_pool {
    struct gj_request *free;
    unsigned count;
};

/* Loop thread. NULL: out of memory. */
struct gj_request *gj_request_take(struct gj_request_pool *pool, struct gj_core *core);
void gj_request_give(struct gj_request_pool *pool, struct gj_request *request);
void gj_request_pool_fini(struct gj_request_pool *pool);

#endif
