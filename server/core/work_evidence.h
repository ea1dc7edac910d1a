/* Files that prove a step of the owner (凭证): made for this step of this record and for no other. */
#ifndef GJ_CORE_WORK_EVIDENCE_H
#define GJ_CORE_WORK_EVIDENCE_H

#include "core/work.h"

/* On the loop: notes in the body which files among the fields are evidence, since their fields are sealed from here on.
 * False: the arena is full. */
bool gj_evidence_note(
    struct gj_ctx *ctx, const struct gj_work *work, Gj__V1__Field *const *fields, size_t count, Gj__Work__Act *body);

/* In apply, before anything is written: each belongs to the record, is of a kind that can prove this, is no older than
 * what it proves (transition's `since`), and proves nothing else. Refuses and returns false otherwise. */
bool gj_evidence_fits(
    struct gj_ctx *ctx, const struct gj_work *work, const struct gj_transition *transition, const Gj__Work__Act *body);

/* In apply: from here on they prove this step. They leave the record's open list of attachments: who may see them is
 * said by their field. */
void gj_evidence_use(struct gj_ctx *ctx, struct gj_work *work, const Gj__Work__Act *body);

#endif
