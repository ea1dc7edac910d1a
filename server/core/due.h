/* Clocks that run out: one timer of the loop is set to the earliest row of `due` (open records) and of `timer` (things
 * that are no records, e.g. obligations and the daily sweep), and fires SYSTEM_TIMER commands in bounded groups. The
 * rows are the truth: after a restart nothing is lost, and what a command has fired is no longer in the index. */
#ifndef GJ_CORE_DUE_H
#define GJ_CORE_DUE_H

#include "core/call.h"

struct gj_due;

/* Records of one SYSTEM_TIMER command, and commands under way at once: the rest waits for their commit. */
#define GJ_DUE_GROUP_MAX 64
/* Longest sleep: a clock that was set is noticed within this time. */
#define GJ_DUE_SLEEP_MAX_MS 10000

enum gj_err gj_due_open(struct gj_core *core, struct gj_due **out);
/* After a batch: an earlier row may have come. */
void gj_due_batch(struct gj_due *due);
/* The clock was confirmed or held. */
void gj_due_clock(struct gj_due *due);
void gj_due_close(struct gj_due *due);

#endif
