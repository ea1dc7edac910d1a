#ifndef GJ_COMMON_NOISE_H
#define GJ_COMMON_NOISE_H

#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The Noise protocol framework, revision 34, for exactly two protocols:
 *
 *   Noise_XK_25519_ChaChaPoly_SHA256          Noise_XKpsk3_25519_ChaChaPoly_SHA256
 *     <- s                                      <- s
 *     -> e, es                                  -> e, es
 *     <- e, ee                                  <- e, ee
 *     -> s, se                                  -> s, se, psk
 *
 * Every primitive is libsodium's. Nothing here reads or writes a socket. The
 * caller has called sodium_init() (gj_noise_start does). */

#define GJ_NOISE_KEY_SIZE 32
#define GJ_NOISE_HASH_SIZE 32

/* Message sizes without payload: e|es 32+16, e|ee 32+16, s|se 48+16. */
#define GJ_NOISE_MSG1_SIZE 48
#define GJ_NOISE_MSG2_SIZE 48
#define GJ_NOISE_MSG3_SIZE 64

/* An X25519 key pair. */
struct gj_keypair {
    uint8_t secret[GJ_NOISE_KEY_SIZE];
    uint8_t public_key[GJ_NOISE_KEY_SIZE];
};

/* Initialises libsodium; may be called more than once. GJ_ESYS when it refuses. */
enum gj_err gj_noise_start(void);

void gj_noise_keypair_new(struct gj_keypair *pair);
/* Computes the public half of pair->secret. */
void gj_noise_keypair_derive(struct gj_keypair *pair);

/* CipherState: one direction after the handshake. The nonce only ever counts up,
 * and only after a success: it is never reused or skipped. */
struct gj_noise_cipher {
    uint8_t key[GJ_NOISE_KEY_SIZE];
    uint64_t nonce; /* number of messages under this CipherState so far */
};

/* Writes len + 16 bytes; out may be plain (in place). GJ_ECLOSED when the nonce
 * is used up (2^64 - 1 is reserved for rekeying). */
GJ_CHECKED enum gj_err gj_noise_cipher_seal(
    struct gj_noise_cipher *cipher, const void *ad, size_t ad_len, const uint8_t *plain, size_t len, uint8_t *out);

/* Writes len - 16 bytes; out may be sealed (in place). GJ_EINVAL when shorter
 * than a tag, GJ_ECRYPTO when not authentic: then out holds zeros, nothing of the
 * plaintext, and the nonce has not moved. */
GJ_CHECKED enum gj_err gj_noise_cipher_open(
    struct gj_noise_cipher *cipher, const void *ad, size_t ad_len, const uint8_t *sealed, size_t len, uint8_t *out);

/* Noise's REKEY: the key becomes the first 32 bytes of ENCRYPT(k, 2^64-1, "",
 * zeros). The nonce goes on counting. */
void gj_noise_cipher_rekey(struct gj_noise_cipher *cipher);

enum gj_noise_pattern {
    GJ_NOISE_XK = 1,    /* both keys known: the daily connection */
    GJ_NOISE_XKPSK3 = 2 /* enrolment with an invitation's secret */
};

/* HandshakeState and SymmetricState. Lives only until the handshake is over;
 * about 350 bytes. Always end it with gj_noise_fini, which wipes it. */
struct gj_noise {
    enum gj_noise_pattern pattern;
    bool initiator;
    bool has_psk;     /* gj_noise_set_psk was called */
    bool fixed_e;     /* tests injected the ephemeral key */
    uint8_t messages; /* how many of the three have passed */
    bool dead;        /* after a failure everything is GJ_ECLOSED */
    uint8_t ck[GJ_NOISE_HASH_SIZE];
    uint8_t h[GJ_NOISE_HASH_SIZE];
    struct gj_noise_cipher cipher;
    struct gj_keypair s;
    struct gj_keypair e;
    uint8_t rs[GJ_NOISE_KEY_SIZE]; /* responder: valid after message 3 */
    uint8_t re[GJ_NOISE_KEY_SIZE];
    uint8_t psk[GJ_NOISE_KEY_SIZE];
};

/* own is copied. peer_static is the pinned key of the responder: required for an
 * initiator, NULL for a responder. */
void gj_noise_init(struct gj_noise *hs, enum gj_noise_pattern pattern, bool initiator, const void *prologue,
    size_t prologue_len, const struct gj_keypair *own, const uint8_t *peer_static);

/* XKpsk3 only; may come as late as just before message 3 is written or read. */
void gj_noise_set_psk(struct gj_noise *hs, const uint8_t psk[GJ_NOISE_KEY_SIZE]);

/* For published test vectors only: the ephemeral secret to use instead of a
 * random one. Product code never calls it (a test checks that). */
void gj_noise_set_ephemeral_for_test(struct gj_noise *hs, const uint8_t secret[GJ_NOISE_KEY_SIZE]);

/* Writes the next message with its payload; *out_len is 48, 48 or 64 + payload_len.
 * GJ_ETOOBIG when it does not fit cap or GJ_FRAME_MAX, GJ_EINVAL when it is not our turn or the
 * psk is missing, GJ_ECRYPTO for a degenerate peer key (all-zero secret). Any
 * failure ends the handshake. */
GJ_CHECKED enum gj_err gj_noise_write(
    struct gj_noise *hs, const void *payload, size_t payload_len, uint8_t *out, size_t cap, size_t *out_len);

/* Reads the peer's next message and gives its payload (at most len - 48 bytes).
 * GJ_EINVAL when too short or not the peer's turn, GJ_ETOOBIG when the payload does not fit
 * cap, GJ_ECRYPTO when not authentic. Any failure ends the handshake. */
GJ_CHECKED enum gj_err gj_noise_read(
    struct gj_noise *hs, const uint8_t *msg, size_t len, uint8_t *payload, size_t cap, size_t *payload_len);

/* All three messages have passed. */
bool gj_noise_done(const struct gj_noise *hs);

/* Gives the two transport ciphers, from this side's view, and the handshake hash
 * for channel binding (hash may be NULL). GJ_EINVAL before the end. */
GJ_CHECKED enum gj_err gj_noise_split(const struct gj_noise *hs, struct gj_noise_cipher *send,
    struct gj_noise_cipher *receive, uint8_t hash[GJ_NOISE_HASH_SIZE]);

/* Wipes every secret; twice is harmless. */
void gj_noise_fini(struct gj_noise *hs);

#endif
