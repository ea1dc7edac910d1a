/* Shared by router.c (from bytes to a command), router_check.c (what is asked of a request) and router_reply.c (from
 * what was decided to bytes). */
#ifndef GJ_CORE_ROUTER_IMPL_H
#define GJ_CORE_ROUTER_IMPL_H

#include <pthread.h>
#include <uv.h>

#include "common/limits.h"
#include "core/router.h"

/* Random bytes for commands are drawn from the system in pieces of this size. */
#define GJ_ROUTER_RANDOM_BYTES 4096

struct gj_router {
    struct gj_core *core;
    struct gj_txn *txn; /* snapshot handle, renewed for each call */
    struct gj_actor_cache *actors;
    /* What every call needs, of the snapshot with this number. */
    uint64_t snapshot;
    const struct gj_policy *policy;
    const struct gj_calendar *calendar;
    struct gj_request_pool pool;
    struct gj_router_figures figures;
    unsigned open; /* requests that wait for another thread */
    bool stopping;
    uint8_t random[GJ_ROUTER_RANDOM_BYTES];
    size_t random_left;
    uint8_t reply[GJ_BODY_MAX]; /* one at a time is encoded here */

    /* Requests that another thread has finished with. */
    uv_async_t async;
    bool has_async;
    pthread_mutex_t mutex;
    struct gj_request *later;
    struct gj_request **later_tail;
};

/* Begins a handler's context on a fresh snapshot. GJ_EDENIED: the session has ended. */
enum gj_err gj_router_begin(struct gj_router *router, struct gj_request *request, struct gj_ctx *ctx);
/* Lets go of the snapshot. */
void gj_router_end(struct gj_router *router);

/* Whether a handler may have the request; false: it has been answered. Fills call, user and key. */
bool gj_router_check(
    struct gj_router *router, struct gj_peer *peer, struct gj_request *request, const Gj__V1__Request *wire);

/* Takes request: sends the answer and gives the request back. */
void gj_router_answer(struct gj_router *router, struct gj_request *request, const struct gj_answer *answer);
void gj_router_fail(struct gj_router *router, struct gj_request *request, enum gj_err err);
/* Takes request: what a handler on the loop left in ctx. */
void gj_router_finish_read(struct gj_router *router, struct gj_request *request, struct gj_ctx *ctx);
/* An answer without a handler. */
void gj_router_refuse(
    struct gj_router *router, struct gj_request *request, Gj__V1__Status status, const char *code, const char *field);
/* Written as the body of an OK. */
void gj_router_answer_written(struct gj_router *router, struct gj_request *request, const struct gj_answer *answer,
    const Gj__V1__Written *written);

#endif
