/* The duty roster (值班表) of a place as the rules read it: its lines around a time, with the leave of the people in
 * them (common/policy/roster.h). Whoever may not log in any more counts as on leave for ever. */
#ifndef GJ_CORE_DUTY_H
#define GJ_CORE_DUTY_H

#include "common/policy/roster.h"
#include "core/call.h"
#include "store/stored.pb-c.h"

/* Which lines: those of a place that touch [from_ms, until_ms). */
struct gj_duty_ask {
    uint64_t office, region; /* one of them, or neither: headquarters */
    const char *role;        /* NULL: every role of the policy */
    int64_t from_ms, until_ms;
};

struct gj_duty {
    struct gj_roster roster; /* of the arena; at most GJ_DUTY_SPANS_MAX lines */
    int64_t next_ms;         /* when, after from_ms, a line next begins or ends; INT64_MAX: never */
};

/* Any thread. False: the transaction has failed. */
bool gj_duty_load(struct gj_ctx *ctx, const struct gj_duty_ask *ask, struct gj_arena *arena, struct gj_duty *out);

/* Fills roster->leaves, from the arena, with the leave of everybody in its spans that touches [from_ms, until_ms). */
bool gj_duty_leaves(
    struct gj_ctx *ctx, int64_t from_ms, int64_t until_ms, struct gj_arena *arena, struct gj_roster *roster);

/* When the first line of a role that begins at from_ms or behind it begins; INT64_MAX: there is none, so no roster is
 * kept for that role from then on. */
int64_t gj_duty_first(struct gj_ctx *ctx, uint64_t office, const char *role, int64_t from_ms);

/* A stored line as the rules read it; role 0 when the policy does not know it. */
struct gj_roster_span gj_duty_span(const struct gj_policy *policy, const Gj__Stored__Roster *line);

/* Who stands in for the user at that moment; 0: nobody, or whoever would does not come either. */
uint64_t gj_duty_covered_by(const struct gj_roster *roster, uint64_t user, uint8_t role, int64_t at_ms);

#endif
