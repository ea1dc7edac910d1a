/* A small generator that gives the same numbers for the same seed everywhere (splitmix64). */
#ifndef GJ_TESTS_CRASH_RANDOM_H
#define GJ_TESTS_CRASH_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
    uint64_t state;
};

static inline uint64_t random_next(struct random *random)
{
    uint64_t z = (random->state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* 0 … bound - 1. */
static inline uint64_t random_below(struct random *random, uint64_t bound)
{
    return random_next(random) % bound;
}

static inline bool random_percent(struct random *random, unsigned percent)
{
    return random_below(random, 100) < percent;
}

#endif
