#include "core/request.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/limits.h"

struct gj_request *gj_request_take(struct gj_request_pool *pool, struct gj_core *core)
{
    struct gj_request *request = pool->free;

    if (request != NULL) {
        pool->free = request->next;
        pool->count--;
    } else {
        request = malloc(sizeof *request);
        if (request == NULL) {
            return NULL;
        }
    }
    /* The first block is left as it is: clearing it would cost more than all the rest. */
    memset(request, 0, offsetof(struct gj_request, first));
    gj_arena_init_with(&request->arena, GJ_REQUEST_ARENA_MAX, request->first, sizeof request->first);
    request->core = core;
    request->item.arena = &request->arena;
    return request;
}

void gj_request_give(struct gj_request_pool *pool, struct gj_request *request)
{
    gj_arena_fini(&request->arena);
    if (pool->count >= GJ_REQUEST_POOL_MAX) {
        free(request);
        return;
    }
    request->next = pool->free;
    pool->free = request;
    pool->count++;
}

void gj_request_pool_fini(struct gj_request_pool *pool)
{
    for (struct gj_request *request = pool->free, *next; request != NULL; request = next) {
        next = request->next;
        free(request);
    }
    pool->free = NULL;
    pool->count = 0;
}
