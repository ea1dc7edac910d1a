#ifndef GJ_CLIENT_RANGE_H
#define GJ_CLIENT_RANGE_H

#include <stdint.h>

/* Whether what a push says to cover joins what was seen before. Pure. */
struct range {
    uint32_t epoch;
    uint64_t reached; /* every event up to this number has been given to the program */
};

enum range_verdict {
    RANGE_JOINS, /* give the events above `reached`; it has been moved on */
    RANGE_OLD,   /* all of it was seen before: a repetition after a resume */
    RANGE_GAP,   /* something between is missing; reached now is the push's end */
    RANGE_EPOCH, /* another history; epoch and reached are now the push's */
    RANGE_BAD    /* from > to: not a range */
};

/* *skip_to (may be NULL) is the number up to which events of this push were seen before. */
enum range_verdict range_take(struct range *range, uint32_t epoch, uint64_t from, uint64_t to, uint64_t *skip_to);

/* A heartbeat says that nothing up to `to` is missing. Never goes back. */
void range_reach(struct range *range, uint64_t to);

#endif
