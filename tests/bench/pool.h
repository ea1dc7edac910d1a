/* N channels of one device to one daemon, on one loop: the load generator's clients. The first user's channels are the
 * even ones, the second user's the odd ones, because a desk does not accept its own work. */
#ifndef GJ_TESTS_BENCH_POOL_H
#define GJ_TESTS_BENCH_POOL_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "client/include/guanjia.h"

#define GJ_POOL_USERS 2
#define GJ_POOL_OPENING 64 /* handshakes under way at once, as many as a daemon's half-open cap leaves room for */

struct gj_pool {
    uv_loop_t *loop;
    const char *dir;                  /* of the enrolled profile */
    uint8_t token[GJ_POOL_USERS][32]; /* sessions that the channels resume */
    guanjia_client **clients;
    size_t count;
    size_t dialled, ready, failed;
    double connect_seconds;
};

/* Logs both users in from the enrolled profile in dir (borrowed); dir/users holds "login password", a line each. Exits
 * with a message on failure, as a benchmark may. */
void gj_pool_open(struct gj_pool *pool, uv_loop_t *loop, const char *dir);

/* Connects until there are count channels with a live session each; measures connect_seconds. */
void gj_pool_grow(struct gj_pool *pool, size_t count);

/* Closes them and runs the loop dry. */
void gj_pool_close(struct gj_pool *pool);

/* Starts a call whose message is packed here; exits on a failure of the machinery. */
void gj_pool_call(struct gj_pool *pool, size_t channel, uint32_t number, const void *message,
    guanjia_answer_fn *on_answer, void *arg);

int64_t gj_pool_now_us(void);  /* monotonic */
int64_t gj_pool_wall_ms(void); /* UTC */

#endif
