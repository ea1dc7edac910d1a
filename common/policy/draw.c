#include "common/policy/draw.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

_Static_assert(GJ_DRAW_SEED_SIZE >= crypto_generichash_KEYBYTES_MIN, "a seed serves as a BLAKE2b key");
_Static_assert(sizeof((struct gj_draw){0}.key) == crypto_stream_chacha20_ietf_KEYBYTES, "ChaCha20 key");

void gj_draw_begin(struct gj_draw *draw, const uint8_t seed[GJ_DRAW_SEED_SIZE], const char *purpose)
{
    *draw = (struct gj_draw){.used = sizeof draw->bytes};
    int failed = crypto_generichash(
        draw->key, sizeof draw->key, (const unsigned char *)purpose, strlen(purpose), seed, GJ_DRAW_SEED_SIZE);
    assert(failed == 0);
    (void)failed;
}

static void refill(struct gj_draw *draw)
{
    /* The block number goes into the nonce, least byte first, so that a draw can never run out. */
    uint8_t nonce[crypto_stream_chacha20_ietf_NONCEBYTES] = {0};
    for (size_t i = 0; i < 8; i++) {
        nonce[i] = (uint8_t)(draw->block >> (8 * i));
    }
    draw->block++;
    int failed = crypto_stream_chacha20_ietf(draw->bytes, sizeof draw->bytes, nonce, draw->key);
    assert(failed == 0);
    (void)failed;
    draw->used = 0;
}

static uint64_t next_word(struct gj_draw *draw)
{
    if (draw->used + 8 > sizeof draw->bytes) {
        refill(draw);
    }
    uint64_t word = 0;
    for (size_t i = 0; i < 8; i++) {
        word |= (uint64_t)draw->bytes[draw->used + i] << (8 * i);
    }
    draw->used += 8;
    return word;
}

uint64_t gj_draw_below(struct gj_draw *draw, uint64_t bound)
{
    assert(bound > 0);
    /* Words below 2^64 mod bound would make small results likelier: they are thrown away. */
    uint64_t unfair = (UINT64_MAX - bound + 1) % bound;
    uint64_t word;
    do {
        word = next_word(draw);
    } while (word < unfair);
    return word % bound;
}

void gj_draw_sample(struct gj_draw *draw, uint64_t n, uint64_t k, uint64_t *out)
{
    assert(k <= n);
    /* Each item in turn is taken with probability (still wanted) / (still left): ascending, and every set of k is
     * equally likely. */
    uint64_t taken = 0;
    for (uint64_t i = 0; taken < k; i++) {
        if (gj_draw_below(draw, n - i) < k - taken) {
            out[taken++] = i;
        }
    }
}

uint16_t gj_draw_one(const uint8_t seed[GJ_DRAW_SEED_SIZE], const char *purpose, uint64_t id)
{
    struct gj_draw draw;
    gj_draw_begin(&draw, seed, purpose);
    draw.block = id; /* each id has a block of its own */
    return (uint16_t)gj_draw_below(&draw, 10000);
}
