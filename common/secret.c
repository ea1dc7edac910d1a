#include "common/secret.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define VERSION 2
#define NONCE_SIZE 16
#define TAG_SIZE crypto_aead_xchacha20poly1305_ietf_ABYTES

_Static_assert(GJ_SECRET_OVERHEAD == 1 + NONCE_SIZE + TAG_SIZE, "layout of a sealed field");
_Static_assert(NONCE_SIZE < crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "the rest of the nonce is zero");
_Static_assert(GJ_SECRET_TEXT_OVERHEAD == GJ_SECRET_SALT_SIZE + TAG_SIZE, "layout of a sealed text");
_Static_assert(GJ_SECRET_KEY_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key size");
_Static_assert(GJ_SECRET_SHA256_SIZE == crypto_hash_sha256_BYTES, "hash size");

void gj_secret_seal(
    const uint8_t key[GJ_SECRET_KEY_SIZE], const void *ad, size_t ad_len, const void *plain, size_t len, uint8_t *out)
{
    uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES] = {0};
    randombytes_buf(nonce, NONCE_SIZE);
    out[0] = VERSION;
    memcpy(out + 1, nonce, NONCE_SIZE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + 1 + NONCE_SIZE, NULL, plain, len, ad, ad_len, NULL, nonce, key);
}

enum gj_err gj_secret_open(const uint8_t key[GJ_SECRET_KEY_SIZE], const void *ad, size_t ad_len, const uint8_t *sealed,
    size_t len, uint8_t *plain)
{
    if (len < GJ_SECRET_OVERHEAD) {
        return GJ_EINVAL;
    }
    if (sealed[0] != VERSION) {
        return GJ_EVERSION;
    }
    uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES] = {0};
    memcpy(nonce, sealed + 1, NONCE_SIZE);
    const uint8_t *text = sealed + 1 + NONCE_SIZE;
    size_t text_len = len - GJ_SECRET_OVERHEAD;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt_detached(
            plain, NULL, text, text_len, text + text_len, ad, ad_len, nonce, key) != 0) {
        return GJ_ECRYPTO;
    }
    return GJ_OK;
}

void gj_secret_wrap(const uint8_t outer[GJ_SECRET_KEY_SIZE], const void *ad, size_t ad_len,
    const uint8_t inner[GJ_SECRET_KEY_SIZE], uint8_t out[GJ_SECRET_WRAPPED_SIZE])
{
    gj_secret_seal(outer, ad, ad_len, inner, GJ_SECRET_KEY_SIZE, out);
}

enum gj_err gj_secret_unwrap(const uint8_t outer[GJ_SECRET_KEY_SIZE], const void *ad, size_t ad_len,
    const uint8_t *wrapped, size_t len, uint8_t inner[GJ_SECRET_KEY_SIZE])
{
    return len == GJ_SECRET_WRAPPED_SIZE ? gj_secret_open(outer, ad, ad_len, wrapped, len, inner) : GJ_EINVAL;
}

void gj_secret_key_new(uint8_t key[GJ_SECRET_KEY_SIZE])
{
    randombytes_buf(key, GJ_SECRET_KEY_SIZE);
}

void gj_secret_wipe(void *bytes, size_t len)
{
    sodium_memzero(bytes, len);
}

static void hmac(const void *key, size_t key_len, const void *bytes, size_t len, uint8_t out[32])
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key, key_len);
    crypto_auth_hmacsha256_update(&state, bytes, len);
    crypto_auth_hmacsha256_final(&state, out);
    sodium_memzero(&state, sizeof state);
}

void gj_secret_commit(
    const uint8_t salt[GJ_SECRET_SALT_SIZE], const void *field, size_t len, uint8_t out[GJ_SECRET_COMMIT_SIZE])
{
    hmac(salt, GJ_SECRET_SALT_SIZE, field, len, out);
}

_Static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES <= GJ_SECRET_COMMIT_SIZE, "a nonce for a text");

void gj_secret_seal_text(const uint8_t key[GJ_SECRET_KEY_SIZE], const void *ad, size_t ad_len, const void *text,
    size_t len, uint8_t commitment[GJ_SECRET_COMMIT_SIZE], uint8_t *out)
{
    randombytes_buf(out, GJ_SECRET_SALT_SIZE);
    gj_secret_commit(out, text, len, commitment);
    if (len > 0) {
        memcpy(out + GJ_SECRET_SALT_SIZE, text, len);
    }
    /* In place, which this call allows. */
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        out, NULL, out, GJ_SECRET_SALT_SIZE + len, ad, ad_len, NULL, commitment, key);
}

enum gj_err gj_secret_open_text(const uint8_t key[GJ_SECRET_KEY_SIZE], const void *ad, size_t ad_len,
    const uint8_t *sealed, size_t len, const uint8_t commitment[GJ_SECRET_COMMIT_SIZE], bool check, uint8_t *plain)
{
    if (len < GJ_SECRET_TEXT_OVERHEAD) {
        return GJ_EINVAL;
    }
    size_t plain_len = len - TAG_SIZE;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt_detached(
            plain, NULL, sealed, plain_len, sealed + plain_len, ad, ad_len, commitment, key) != 0) {
        return GJ_ECRYPTO;
    }
    if (!check) {
        return GJ_OK;
    }
    uint8_t again[GJ_SECRET_COMMIT_SIZE];
    gj_secret_commit(plain, plain + GJ_SECRET_SALT_SIZE, plain_len - GJ_SECRET_SALT_SIZE, again);
    if (sodium_memcmp(again, commitment, sizeof again) != 0) {
        sodium_memzero(plain, plain_len);
        return GJ_ECRYPTO;
    }
    return GJ_OK;
}

void gj_secret_blind(const uint8_t key[GJ_SECRET_KEY_SIZE], const char *label, const void *field, size_t len,
    uint8_t out[GJ_SECRET_BLIND_SIZE])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, key, GJ_SECRET_KEY_SIZE, GJ_SECRET_BLIND_SIZE);
    /* The label's terminator is hashed too, so no label runs into a field. */
    crypto_generichash_update(&state, (const uint8_t *)label, strlen(label) + 1);
    crypto_generichash_update(&state, field, len);
    crypto_generichash_final(&state, out, GJ_SECRET_BLIND_SIZE);
    sodium_memzero(&state, sizeof state);
}

void gj_secret_sha256(const void *bytes, size_t len, uint8_t out[GJ_SECRET_SHA256_SIZE])
{
    crypto_hash_sha256(out, bytes, len);
}

void gj_secret_hkdf(const void *salt, size_t salt_len, const void *ikm, size_t ikm_len, const void *info,
    size_t info_len, void *out, size_t out_len)
{
    assert(out_len <= 255 * 32);
    static const uint8_t no_salt[32];
    uint8_t prk[32];
    uint8_t block[32];
    hmac(salt_len == 0 ? no_salt : salt, salt_len == 0 ? sizeof no_salt : salt_len, ikm, ikm_len, prk);
    uint8_t *to = out;
    for (uint8_t counter = 1; out_len > 0; counter++) {
        crypto_auth_hmacsha256_state state;
        crypto_auth_hmacsha256_init(&state, prk, sizeof prk);
        crypto_auth_hmacsha256_update(&state, block, counter == 1 ? 0 : sizeof block);
        crypto_auth_hmacsha256_update(&state, info, info_len);
        crypto_auth_hmacsha256_update(&state, &counter, 1);
        crypto_auth_hmacsha256_final(&state, block);
        size_t part = out_len < sizeof block ? out_len : sizeof block;
        memcpy(to, block, part);
        to += part;
        out_len -= part;
        sodium_memzero(&state, sizeof state);
    }
    sodium_memzero(prk, sizeof prk);
    sodium_memzero(block, sizeof block);
}
