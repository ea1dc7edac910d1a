/* What a lane does next. The mix: new tickets, steps of their flow, notes; and on purpose now and then a step that the
 * flow does not allow, or one that names an old revision. */
#ifndef GJ_TESTS_CRASH_WORK_H
#define GJ_TESTS_CRASH_WORK_H

#include "desk.h"
#include "proto/envelope.pb-c.h"

/* Gives the encoded body of the next write, to be freed by the caller. */
uint8_t *work_next(struct lane *lane, uint32_t *call, size_t *len);
void work_done(struct lane *lane, const Gj__V1__Written *written);
void work_refused(struct lane *lane, int status);
/* Uniform enough in 0..bound-1, from the lane's own sequence. */
unsigned work_random(struct lane *lane, unsigned bound);

#endif
