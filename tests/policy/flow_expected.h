/* Flows 4.1 (报修), 4.2 (返修) and 4.4 (便民服务) written down a second time by hand, from the requirements and not
 * from the forms: one row for each transition. */
#ifndef GJ_TESTS_POLICY_FLOW_EXPECTED_H
#define GJ_TESTS_POLICY_FLOW_EXPECTED_H

#include <stddef.h>

/* Lists are words with blanks between them. People are roles, or role/relation. */
struct expected_step {
    const char *act;
    const char *from; /* states; empty: it does not exist yet */
    const char *to;   /* or "same" */
    const char *by;
    const char *with;   /* key=value …: a record and an act for which it is open; key=- : not given; NULL: anything */
    const char *forbid; /* relations that may not; NULL: none */
    const char *approve; /* who consents; NULL: nobody needs to */
    const char *can;     /* who can with these values, where they are not all of `by`; NULL: all */
};

/* A moment at which the same act is open to fewer people, or to nobody. */
struct expected_probe {
    const char *act, *from, *with, *can;
};

struct expected_flow {
    const char *kind;
    const struct expected_step *steps;
    size_t step_count;
    const struct expected_probe *probes;
    size_t probe_count;
};
extern const struct expected_flow expected_flows[3];

#endif
