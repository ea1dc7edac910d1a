/* The clocks of a record between their stored form and the rules' form. */
#ifndef GJ_CORE_WORK_CLOCK_H
#define GJ_CORE_WORK_CLOCK_H

#include "core/work.h"

/* Reads row->timers into work->timers. A timer that the frozen declaration does not know is left out. */
void gj_work_timers_load(struct gj_work *work);
/* Writes them back. stated_at: times told, for timers that began or ended with this step. */
void gj_work_timers_store(struct gj_ctx *ctx, struct gj_work *work);
/* When the record next has something to do; 0: never. */
int64_t gj_work_next_fire(struct gj_ctx *ctx, const struct gj_work *work);
/* The earliest promise still running; 0: none. */
int64_t gj_work_due_at(const struct gj_work *work);
bool gj_work_breached(const struct gj_work *work);

#endif
