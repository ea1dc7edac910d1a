/* What the load generator can measure; each gives its figures as a JSON object. */
#ifndef GJ_TESTS_BENCH_MODE_H
#define GJ_TESTS_BENCH_MODE_H

#include <jansson.h>

#include "bench/desk.h"
#include "bench/pool.h"

/* Steps of the repair flow, durable before each answer. argument: seconds. */
json_t *gj_mode_act(struct gj_pool *pool, struct gj_desk *desk, size_t clients, unsigned long seconds);
/* An open ticket of five events with its history: what pg_load.sql gives each of the peer's. */
json_t *gj_mode_read(struct gj_pool *pool, struct gj_desk *desk, size_t clients, unsigned long seconds);
/* The first fifty rows of an office's queue. */
json_t *gj_mode_page(struct gj_pool *pool, struct gj_desk *desk, size_t clients, unsigned long seconds);
/* One event to every subscriber, round by round: time from sending the step to the last delivery. */
json_t *gj_mode_push(struct gj_pool *pool, struct gj_desk *desk, size_t subscribers, unsigned long rounds);
/* Memory of the daemon per idle channel, and the time to open them all. */
json_t *gj_mode_idle(struct gj_pool *pool, struct gj_desk *desk, size_t channels, unsigned long daemon_pid);

#endif
