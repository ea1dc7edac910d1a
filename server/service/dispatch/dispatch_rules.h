/* What the caller's words and household suggest for a new ticket. Pure; a person confirms. */
#ifndef GJ_SERVICE_DISPATCH_RULES_H
#define GJ_SERVICE_DISPATCH_RULES_H

#include "common/policy/policy.h"

struct gj_dispatch_facts {
    const char *description;
    const char *category; /* as chosen at the desk, or "" */
    int32_t priority;     /* as chosen, or -1 */
    const char *area;     /* as chosen, or "" */
    bool household;       /* a household called: its rooms */
    bool vulnerable;      /* somebody in it is vulnerable, with consent to say so */
};

struct gj_dispatch_proposal {
    const char *category; /* "" when nothing fits */
    const char *area;     /* household, common or "" */
    uint8_t priority;     /* number; 9 when nothing is known */
    bool raised;          /* words or persons raised it above the category's own */
};

/* The category of the words where none was chosen; the category's priority, raised by words, and by one step where a
 * vulnerable person lives. What a person chose is never changed. */
struct gj_dispatch_proposal gj_dispatch_propose(const struct gj_policy *policy, const struct gj_dispatch_facts *facts);

#endif
