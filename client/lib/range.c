#include "client/lib/range.h"

#include <stddef.h>

enum range_verdict range_take(struct range *range, uint32_t epoch, uint64_t from, uint64_t to, uint64_t *skip_to)
{
    if (from > to) {
        return RANGE_BAD;
    }
    if (skip_to != NULL) {
        *skip_to = range->reached;
    }
    if (epoch != range->epoch) {
        range->epoch = epoch;
        range->reached = to;
        if (skip_to != NULL) {
            *skip_to = from;
        }
        return RANGE_EPOCH;
    }
    if (to <= range->reached) {
        return RANGE_OLD;
    }
    enum range_verdict verdict = from > range->reached ? RANGE_GAP : RANGE_JOINS;
    range->reached = to;
    return verdict;
}

void range_reach(struct range *range, uint64_t to)
{
    if (to > range->reached) {
        range->reached = to;
    }
}
