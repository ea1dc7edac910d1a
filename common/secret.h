#ifndef GJ_COMMON_SECRET_H
#define GJ_COMMON_SECRET_H

#include "common/err.h"

#include <stddef.h>
#include <stdint.h>

/* Sealed fields, wrapped keys, commitments and blind indexes, as bytes. Which
 * key belongs to whom is decided elsewhere. sodium_init() has been called. */

#define GJ_SECRET_KEY_SIZE 32

/* Layout of a sealed field: version 1 (u8), nonce 24, ciphertext, tag 16. The
 * nonce is random: 192 bits never meet again. */
#define GJ_SECRET_OVERHEAD 41

/* Writes len + GJ_SECRET_OVERHEAD bytes. ad binds the field to its place (record
 * and field), so that sealed bytes cannot be moved to another. out must not overlap plain. */
void gj_secret_seal(
    const uint8_t key[GJ_SECRET_KEY_SIZE], const void *ad, size_t ad_len, const void *plain, size_t len, uint8_t *out);

/* Writes len - GJ_SECRET_OVERHEAD bytes. GJ_EINVAL when too short, GJ_EVERSION,
 * GJ_ECRYPTO with a wrong key, place or damaged bytes. */
GJ_CHECKED enum gj_err gj_secret_open(const uint8_t key[GJ_SECRET_KEY_SIZE], const void *ad, size_t ad_len,
    const uint8_t *sealed, size_t len, uint8_t *plain);

/* A key sealed under another key (subject's under office's, office's under the
 * daemon's); ad names the subject. */
#define GJ_SECRET_WRAPPED_SIZE (GJ_SECRET_KEY_SIZE + GJ_SECRET_OVERHEAD)
void gj_secret_wrap(const uint8_t outer[GJ_SECRET_KEY_SIZE], const void *ad, size_t ad_len,
    const uint8_t inner[GJ_SECRET_KEY_SIZE], uint8_t out[GJ_SECRET_WRAPPED_SIZE]);
GJ_CHECKED enum gj_err gj_secret_unwrap(const uint8_t outer[GJ_SECRET_KEY_SIZE], const void *ad, size_t ad_len,
    const uint8_t *wrapped, size_t len, uint8_t inner[GJ_SECRET_KEY_SIZE]);

void gj_secret_key_new(uint8_t key[GJ_SECRET_KEY_SIZE]);
void gj_secret_wipe(void *bytes, size_t len);

/* HMAC-SHA256(salt, field): what an audit entry says about a field. With the
 * salt destroyed it says nothing. */
#define GJ_SECRET_SALT_SIZE 16
#define GJ_SECRET_COMMIT_SIZE 32
void gj_secret_commit(
    const uint8_t salt[GJ_SECRET_SALT_SIZE], const void *field, size_t len, uint8_t out[GJ_SECRET_COMMIT_SIZE]);

/* A keyed index value: equal fields give equal values under one key and label,
 * and nothing can be computed without the key. label separates kinds of index ("phone", "name"). Keyed BLAKE2b. */
#define GJ_SECRET_BLIND_SIZE 16
void gj_secret_blind(const uint8_t key[GJ_SECRET_KEY_SIZE], const char *label, const void *field, size_t len,
    uint8_t out[GJ_SECRET_BLIND_SIZE]);

/* SHA-256. */
#define GJ_SECRET_SHA256_SIZE 32
void gj_secret_sha256(const void *bytes, size_t len, uint8_t out[GJ_SECRET_SHA256_SIZE]);

/* HKDF-SHA256 (RFC 5869); out_len at most 8,160 (asserted). salt may be NULL when
 * its length is 0. */
void gj_secret_hkdf(const void *salt, size_t salt_len, const void *ikm, size_t ikm_len, const void *info,
    size_t info_len, void *out, size_t out_len);

#endif
