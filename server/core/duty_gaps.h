/* 24 h duty (24 小时值班): hours ahead for which an office's duty roster leaves fewer people than the policy wants
 * (settings.yaml, duty). Looked for in offices that keep a roster for the role, from its first line on. Whoever draws
 * up the office's roster is told of a gap once, before it happens, and the notice goes when the gap is filled. */
#ifndef GJ_CORE_DUTY_GAPS_H
#define GJ_CORE_DUTY_GAPS_H

#include "core/call.h"
#include "store/stored.pb-c.h"

struct gj_duty_gap {
    const char *role; /* of the policy */
    uint32_t wanted, present;
    int64_t from_ms, until_ms;
    bool open; /* lasts at least to the end of what is looked at */
};

/* How far ahead is looked: the end of a day. ctx->now_ms when the policy does not ask for it. */
int64_t gj_duty_gaps_until(const struct gj_ctx *ctx);

/* The gaps from now on, role by role, at most GJ_DUTY_GAPS_MAX. Any thread. */
size_t gj_duty_gaps_find(struct gj_ctx *ctx, uint64_t office, struct gj_duty_gap out[]);

/* In apply, behind the command's own entry: tells of gaps that are new and takes back what was told of those that are
 * gone. Nothing is written while nothing has changed. Hourly for every office (core/obligations.c), and when a roster
 * or somebody's leave changes. */
void gj_duty_gaps_review(struct gj_ctx *ctx, uint64_t office);
/* The same for the offices a person belongs to. */
void gj_duty_gaps_person(struct gj_ctx *ctx, const Gj__Stored__User *user);

#endif
