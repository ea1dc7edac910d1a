/* Standing in (代处理): who takes a step of a record when the rules leave nobody in the office for it.
 *
 * A step is left when everybody whose it is is absent, has gone, or is kept from it by a relation to the record (own
 * work, the person complained of). Then it is theirs who come next: the office's duty roster, the region's,
 * headquarters' (core/notify_find.h). The right is never stored: it is found out when somebody wants to use it, so it
 * holds for that step alone and ends with its cause. What is stored is who was asked, as which role, why and at which
 * level (Record.asked): those see the record, and it shows whom it waits for. Whoever takes a step that way has it on
 * record: the entry names the role, whose it would have been (acting_for; 0: nobody holds it) and the level (value).
 *
 * Asked is when it matters: a step that would stop a running promise and nobody can take, all ways out of the state, or
 * the consent that a request waits for. Looked at when a record moves, when people come and go (SYSTEM_STAND_IN, a
 * round over the open work of their offices), and when the duty roster changes over. */
#ifndef GJ_CORE_STAND_IN_H
#define GJ_CORE_STAND_IN_H

#include "core/notify.h"

/* People asked for one record; a roster with more is cut. */
#define GJ_STAND_IN_ASKED_MAX 32

/* Asks whom the record needs now and lets go of those it needs no longer. In apply, after the record's save; saves it
 * again with an entry when something changes. */
void gj_stand_in_review(struct gj_ctx *ctx, struct gj_work *work);

/* Fills view.stand_in with what ctx->actor may do now for want of anybody else. True: something. Any thread. */
bool gj_stand_in_arm(struct gj_ctx *ctx, struct gj_work *work);

/* For the note of a step that was allowed by view.stand_in alone; level 0 when the actor's own roles allowed it. Before
 * the step moves the record. */
struct gj_stood gj_stand_in_stood(
    struct gj_ctx *ctx, const struct gj_work *work, const struct gj_transition *step, bool consent);

/* In apply: somebody has come, gone, or gained or lost a role. */
void gj_stand_in_person(struct gj_ctx *ctx, uint64_t user);
/* The people of an office (0: of all) have changed, or will at that time. */
void gj_stand_in_office(struct gj_ctx *ctx, uint64_t office, int64_t at_ms);
/* SYSTEM_STAND_IN (gj.work.Round). */
void gj_stand_in_apply(struct gj_ctx *ctx, const ProtobufCMessage *body);

#endif
