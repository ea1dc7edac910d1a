/* Dispatch by the system (自动派单): a record that stands where its kind says so is given to the best candidate or
 * offered to several, by a follow-on command in the same transaction; why is kept with the record. */
#ifndef GJ_CORE_ASSIGN_H
#define GJ_CORE_ASSIGN_H

#include "common/policy/assign.h"
#include "core/work.h"

/* Kept with a record; the oldest gives way. */
#define GJ_ASSIGNMENTS_MAX 8

/* After the save of a step: asks the engine where people do not choose, and emits the act. Nobody able: nothing
 * happens, and the clock of the dispatch calls people. */
void gj_assign_review(struct gj_ctx *ctx, const struct gj_work *work);

/* Within the step that the engine emitted: notes the choice and ties those who are asked. NULL: nothing. */
void gj_assign_note(struct gj_ctx *ctx, struct gj_work *work, Gj__Stored__Assignment *assignment);
/* Within any step: whoever was chosen has taken it on. */
void gj_assign_taken(struct gj_work *work);

/* A verdict as it is stored, and back. */
uint64_t gj_assign_pack(const struct gj_candidate *person, const struct gj_verdict *verdict);
uint64_t gj_assign_user(uint64_t packed);
enum gj_assign_bar gj_assign_bar_of(uint64_t packed);
enum gj_assign_rule gj_assign_rule_of(uint64_t packed);

#endif
