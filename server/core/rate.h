/* How fast one channel may send requests without waiting for answers: a bucket of tokens that refills with time.
 * Whoever waits for each answer before the next request takes no token, however fast that goes. */
#ifndef GJ_CORE_RATE_H
#define GJ_CORE_RATE_H

#include <stdbool.h>
#include <stdint.h>

/* One per channel; zeros are a full bucket. */
struct gj_rate {
    uint64_t at_ms; /* of the loop's clock, when `used` was counted */
    uint32_t used;  /* tokens that are missing, in thousandths */
};

/* Takes a token. 0: taken; else nothing was taken, and the milliseconds until there is one. */
uint32_t gj_rate_take(struct gj_rate *rate, uint64_t now_ms);

#endif
