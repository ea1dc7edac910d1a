/* Clocks that have run out: SYSTEM_TIMER fires the rungs of a record's ladders, SYSTEM_RECOMPUTE computes due times
 * anew after the calendar has changed. Both are commands, so a replay fires what was fired. */
#ifndef GJ_CORE_TIMER_H
#define GJ_CORE_TIMER_H

#include "core/call.h"

/* A rung this late was held (the daemon was down, the clock was not believed): what it says is folded per person. */
#define GJ_TIMER_FOLD_MS (15 * 60 * 1000)
/* Acts of the system started by one command; the records left are fired by the next. */
#define GJ_TIMER_ACTS_MAX 4
/* Open records computed anew by one SYSTEM_RECOMPUTE. */
#define GJ_TIMER_RECOMPUTE_MAX 64

/* gj.body.Timer */
void gj_timer_apply(struct gj_ctx *ctx, const ProtobufCMessage *body);
/* gj.work.Recompute; asks for itself again until all open records were visited. */
void gj_timer_recompute(struct gj_ctx *ctx, const ProtobufCMessage *body);

/* SYSTEM_WEATHER (gj.work.Round): the clocks of open work that weather stretches, after an office went into weather
 * mode or out of it. */
void gj_timer_weather(struct gj_ctx *ctx, const ProtobufCMessage *body);
void gj_timer_weather_switched(struct gj_ctx *ctx, uint64_t office);

/* Timers of things that are no records: table TIMER, key (fire time i64, call u16), value the packed body that says
 * where the call goes on. core/due.c proposes the call with an empty body when its time has come; its apply takes the
 * row away and may ask for the next time. One row per call: asking again moves it to the earlier time. */
void gj_timer_ask(struct gj_ctx *ctx, int64_t at_ms, uint16_t call, const ProtobufCMessage *body);
/* What the row of a call says and when it fires, without touching it. False: there is none. */
bool gj_timer_look(struct gj_ctx *ctx, uint16_t call, const ProtobufCMessageDescriptor *descriptor, int64_t *at_ms,
    const ProtobufCMessage **out);
/* Removes the row of a call and unpacks what it said. False: there was none; *out is untouched. */
bool gj_timer_take(
    struct gj_ctx *ctx, uint16_t call, const ProtobufCMessageDescriptor *descriptor, const ProtobufCMessage **out);

#endif
