/* Who might do a job: the facts about an office's people that common/policy/assign.h judges by, read from a snapshot or
 * inside a command. */
#ifndef GJ_CORE_CANDIDATES_H
#define GJ_CORE_CANDIDATES_H

#include "common/policy/assign.h"
#include "core/work.h"

struct gj_candidates {
    struct gj_assign_job job;
    struct gj_candidate *people; /* in the arena; at most GJ_CANDIDATES_MAX */
    struct gj_verdict *verdicts; /* as many */
    size_t count;
    struct gj_assignment answer;
};

/* Whether the policy leaves the record's dispatch to the system at all. */
bool gj_candidates_wanted(struct gj_ctx *ctx, const struct gj_work *work);

/* Asks the engine about a record that has a trade: who of its office could do it now, and in which order. mode: as the
 * policy's dispatch rules say for the record. False: the record names no trade the policy knows (nobody can be
 * proposed), or memory ran out and the transaction has failed. Everything lives in ctx->arena. */
bool gj_candidates_ask(struct gj_ctx *ctx, const struct gj_work *work, struct gj_candidates *out);

#endif
