/* The owner's one-time code (一次性验收码): six digits that prove that the owner took the step a record waits for.
 *
 *     record comes where the owner is to decide -> issued -> read out by the desk -> handed in by the technician ->
 * used up |  \-> wrong: counted; five times, or a day later: worth nothing
 *                                                     \---> the record goes on by another way: worth nothing
 *
 * The digits are kept nowhere: the daemon's key and a nonce of the row give them to whoever may read them out; what is
 * handed in is hashed with the key before it becomes a command and compared with the hash in the row. */
#ifndef GJ_CORE_WORK_CODE_H
#define GJ_CORE_WORK_CODE_H

#include "common/limits.h"
#include "core/work.h"

/* On the loop. The field as it goes into a command: the digits replaced by their keyed hash. NULL: the arena is full.
 */
Gj__V1__Field *gj_code_proof(struct gj_ctx *ctx, uint64_t record, const Gj__V1__Field *digits);

/* In apply, after the state has changed: the code of the state left is gone, one for the state entered is issued. */
void gj_code_turn(struct gj_ctx *ctx, struct gj_work *work);

/* In apply. A code handed in with this transition is the right one, in time. A wrong one is refused with the number of
 * tries left, and counted by a command of its own. True when the means is another one. */
bool gj_code_fits(struct gj_ctx *ctx, const struct gj_work *work, const struct gj_transition *transition,
    const char *means, const Gj__Work__Act *body);

/* Whether there is one that can still be used. */
bool gj_code_valid(const struct gj_ctx *ctx, const struct gj_work *work);
/* In apply: another one. */
void gj_code_issue(struct gj_ctx *ctx, struct gj_work *work);
/* The digits of the present one, for those who may read it out. */
void gj_code_digits(const struct gj_ctx *ctx, const struct gj_work *work, char out[GJ_OWNER_CODE_DIGITS + 1]);

/* SYSTEM_CODE_MISSED. */
void gj_code_apply_missed(struct gj_ctx *ctx, const ProtobufCMessage *body);

#endif
