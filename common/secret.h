#ifndef GJ_COMMON_SECRET_H
#define GJ_COMMON_SECRET_H

#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sealed fields, wrapped keys, commitments and blind indexes, as bytes. Which
 * key belongs to whom is decided elsewhere. sodium_init() has been called. */

#define GJ_SECRET_KEY_SIZE 32

/* Layout of a sealed field: version 2 (u8), nonce 16, ciphertext, tag 16. The
 * nonce is random; the other 8 bytes of XChaCha20's are zero. From the 16 a key of
 * its own is derived for every field, and 128 random bits never meet again. */
#define GJ_SECRET_OVERHEAD 33

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

/* A text and its commitment in one step, for texts that lie beside an audit entry:
 * the layout is the ciphertext of salt and text, and tag 16. The nonce is the
 * beginning of the commitment: with a salt of its own no two are alike, and the
 * entry keeps it, so nothing is written twice. Writes len + GJ_SECRET_TEXT_OVERHEAD
 * bytes to out, which must not overlap text. */
#define GJ_SECRET_TEXT_OVERHEAD 32
void gj_secret_seal_text(const uint8_t key[GJ_SECRET_KEY_SIZE], const void *ad, size_t ad_len, const void *text,
    size_t len, uint8_t commitment[GJ_SECRET_COMMIT_SIZE], uint8_t *out);

/* Writes the salt and then the text to plain, len - 16 bytes in all. check: the
 * commitment is computed again; not needed for bytes that stood this before. GJ_EINVAL
 * when too short, GJ_ECRYPTO with a wrong key, place or commitment, or damaged bytes. */
GJ_CHECKED enum gj_err gj_secret_open_text(const uint8_t key[GJ_SECRET_KEY_SIZE], const void *ad, size_t ad_len,
    const uint8_t *sealed, size_t len, const uint8_t commitment[GJ_SECRET_COMMIT_SIZE], bool check, uint8_t *plain);

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
