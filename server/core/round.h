/* A round over the open work of some offices, a bounded number of records in each command: what concerns all of it at
 * once (people come and go, a storm begins or ends) must not hold up everybody else. A round is a row of table TIMER
 * (core/timer.h), so one that was begun goes on after a restart. */
#ifndef GJ_CORE_ROUND_H
#define GJ_CORE_ROUND_H

#include "core/work.h"

/* Open records looked at by one command. */
#define GJ_ROUND_RECORDS_MAX 64
/* Offices that are gone through by name; more means all. */
#define GJ_ROUND_OFFICES_MAX 32

/* Asks for a round by a system call over an office (0: all) from that time on. It joins one that waits; what that one
 * has passed already is looked at again. */
void gj_round_ask(struct gj_ctx *ctx, uint16_t call, uint64_t office, int64_t at_ms);

/* Looks at one record; may save it, and may ask for a round of the same call at a later time. */
typedef void gj_round_fn(struct gj_ctx *ctx, struct gj_work *work);

/* The apply of such a call (body gj.work.Round). True: the round is over, *round says what it went through; false: the
 * call has asked for itself again. */
bool gj_round_apply(
    struct gj_ctx *ctx, uint16_t call, const ProtobufCMessage *message, gj_round_fn *visit, Gj__Work__Round *round);

#endif
