#include "client/lib/backoff.h"

#include "common/id.h"

uint32_t backoff_between(uint32_t min_ms, uint32_t max_ms, uint32_t random)
{
    if (max_ms <= min_ms) {
        return min_ms;
    }
    return min_ms + (uint32_t)((uint64_t)random * ((uint64_t)max_ms - min_ms + 1) >> 32);
}

uint32_t backoff_ms(uint32_t failures, uint32_t min_ms, uint32_t max_ms, uint32_t random)
{
    uint64_t pause = min_ms;
    for (uint32_t n = 1; n < failures && pause < max_ms; n++) {
        pause *= 2;
    }
    if (pause > max_ms) {
        pause = max_ms;
    }
    return backoff_between((uint32_t)(pause / 2), (uint32_t)pause, random);
}

uint32_t backoff_random(void)
{
    uint32_t bits;
    gj_id_random(&bits, sizeof bits);
    return bits;
}
