#include "core/rate.h"

#include "common/limits.h"

#define TOKEN 1000u
#define FULL (GJ_PEER_RATE_BURST * TOKEN)
/* Thousandths per millisecond. */
#define REFILL GJ_PEER_RATE_PER_S

uint32_t gj_rate_take(struct gj_rate *rate, uint64_t now_ms)
{
    uint64_t waited_ms = now_ms > rate->at_ms ? now_ms - rate->at_ms : 0;
    uint32_t back = waited_ms >= FULL / REFILL ? FULL : (uint32_t)waited_ms * REFILL;

    rate->used = rate->used > back ? rate->used - back : 0;
    rate->at_ms = now_ms;
    if (rate->used + TOKEN > FULL) {
        return (rate->used + TOKEN - FULL + REFILL - 1) / REFILL;
    }
    rate->used += TOKEN;
    return 0;
}
