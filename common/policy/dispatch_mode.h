/* How tickets are given out (派单方式): by office, priority and category, from dispatch.yaml. Pure. */
#ifndef GJ_POLICY_DISPATCH_MODE_H
#define GJ_POLICY_DISPATCH_MODE_H

#include "common/policy/assign.h"
#include "common/policy/policy.h"

struct gj_dispatch_rule {
    const char *const *offices; /* codes; none: every office */
    size_t office_count;
    uint32_t priorities;  /* bits; 0: every one */
    const char *category; /* prefix; NULL: every one */
    enum gj_assign_mode mode;
    uint32_t offer_max; /* OFFER: how many are asked at once; 0: all who can */
    uint8_t skill;      /* 1..5 wanted; 0: any */
};

struct gj_dispatch_rules {
    const struct gj_dispatch_rule *items; /* the first that fits decides */
    size_t count;
    uint32_t load_max; /* open tickets one person may have; 0: no limit */
};

/* The rule for a ticket; office is the office's code, category may be NULL. Without a fitting rule, or without
 * dispatch.yaml, people choose: MANUAL. */
struct gj_dispatch_rule gj_dispatch_mode_for(
    const struct gj_dispatch_rules *rules, const char *office, uint8_t priority, const char *category);

#endif
