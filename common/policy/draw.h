/* Draws (抽样): every sample in the product comes from one seeded function, so that anybody with the seed can repeat
 * it.
 *
 * The seed is written to the audit log before the draw. Uniform without replacement, deterministic, the same on every
 * machine: ChaCha20 keyed with the seed, rejection instead of modulo. Pure. */
#ifndef GJ_POLICY_DRAW_H
#define GJ_POLICY_DRAW_H

#include <stddef.h>
#include <stdint.h>

#define GJ_DRAW_SEED_SIZE 32

struct gj_draw {
    uint8_t key[32];
    uint64_t block;
    uint8_t bytes[64];
    size_t used;
};

/* purpose separates draws made from one seed; it is a short constant such as "follow_up 2026-02". */
void gj_draw_begin(struct gj_draw *draw, const uint8_t seed[GJ_DRAW_SEED_SIZE], const char *purpose);
/* Uniform in 0..bound-1; bound is above 0 (asserted). */
uint64_t gj_draw_below(struct gj_draw *draw, uint64_t bound);

/* Chooses k of n items: out[0..k) are distinct indexes below n in ascending order. k <= n (asserted). Needs no memory
 * but out. */
void gj_draw_sample(struct gj_draw *draw, uint64_t n, uint64_t k, uint64_t *out);

/* One number 0..9999 that belongs to an id under a seed, independent of all others: for samples decided one by one. */
uint16_t gj_draw_one(const uint8_t seed[GJ_DRAW_SEED_SIZE], const char *purpose, uint64_t id);

#endif
