#ifndef GJ_CLIENT_BACKOFF_H
#define GJ_CLIENT_BACKOFF_H

#include <stdint.h>

/* The pause before attempt number failures + 1 (failures from 1): min doubled each time up to max, of which a random
 * half is taken off, so that the clients of a restarted server do not come back at one moment. random is any 32 random
 * bits. Pure. */
uint32_t backoff_ms(uint32_t failures, uint32_t min_ms, uint32_t max_ms, uint32_t random);

/* Somewhere in [min, max]. Pure. */
uint32_t backoff_between(uint32_t min_ms, uint32_t max_ms, uint32_t random);

/* 32 bits from the system's generator. */
uint32_t backoff_random(void);

#endif
