#include "common/noise.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "common/limits.h"

/* The nonce that only REKEY uses. */
#define NONCE_REKEY UINT64_MAX

enum token { END, E, S, EE, ES, SE, PSK };

struct protocol {
    const char *name;
    enum token messages[3][4]; /* the first and third are the initiator's */
    bool psk;                  /* then every E is mixed into the key as well */
};

static const struct protocol protocols[] = {
    [GJ_NOISE_XK] = {"Noise_XK_25519_ChaChaPoly_SHA256", {{E, ES}, {E, EE}, {S, SE}}, false},
    [GJ_NOISE_XKPSK3] = {"Noise_XKpsk3_25519_ChaChaPoly_SHA256", {{E, ES}, {E, EE}, {S, SE, PSK}}, true},
};

enum gj_err gj_noise_start(void)
{
    return sodium_init() < 0 ? GJ_ESYS : GJ_OK;
}

void gj_noise_keypair_new(struct gj_keypair *pair)
{
    randombytes_buf(pair->secret, sizeof pair->secret);
    gj_noise_keypair_derive(pair);
}

void gj_noise_keypair_derive(struct gj_keypair *pair)
{
    int failed = crypto_scalarmult_base(pair->public_key, pair->secret);
    assert(failed == 0);
    (void)failed;
}

/* ---- CipherState ---------------------------------------------------------- */

/* Noise's ChaChaPoly nonce: four zero bytes, then the counter little-endian. */
static void encode_nonce(uint64_t counter, uint8_t out[crypto_aead_chacha20poly1305_IETF_NPUBBYTES])
{
    memset(out, 0, 4);
    for (unsigned i = 0; i < 8; i++) {
        out[4 + i] = (uint8_t)(counter >> (8 * i));
    }
}

enum gj_err gj_noise_cipher_seal(
    struct gj_noise_cipher *cipher, const void *ad, size_t ad_len, const uint8_t *plain, size_t len, uint8_t *out)
{
    uint8_t nonce[crypto_aead_chacha20poly1305_IETF_NPUBBYTES];
    if (cipher->nonce == NONCE_REKEY) {
        return GJ_ECLOSED;
    }
    encode_nonce(cipher->nonce, nonce);
    crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain, len, ad, ad_len, NULL, nonce, cipher->key);
    cipher->nonce++;
    return GJ_OK;
}

enum gj_err gj_noise_cipher_open(
    struct gj_noise_cipher *cipher, const void *ad, size_t ad_len, const uint8_t *sealed, size_t len, uint8_t *out)
{
    uint8_t nonce[crypto_aead_chacha20poly1305_IETF_NPUBBYTES];
    if (len < GJ_NOISE_TAG_SIZE) {
        return GJ_EINVAL;
    }
    if (cipher->nonce == NONCE_REKEY) {
        return GJ_ECLOSED;
    }
    encode_nonce(cipher->nonce, nonce);
    /* The tag is checked apart from the text, before anything is written. */
    size_t text_len = len - GJ_NOISE_TAG_SIZE;
    if (crypto_aead_chacha20poly1305_ietf_decrypt_detached(
            out, NULL, sealed, text_len, sealed + text_len, ad, ad_len, nonce, cipher->key) != 0) {
        return GJ_ECRYPTO;
    }
    cipher->nonce++;
    return GJ_OK;
}

void gj_noise_cipher_rekey(struct gj_noise_cipher *cipher)
{
    static const uint8_t zeros[GJ_NOISE_KEY_SIZE];
    uint8_t nonce[crypto_aead_chacha20poly1305_IETF_NPUBBYTES];
    uint8_t sealed[GJ_NOISE_KEY_SIZE + GJ_NOISE_TAG_SIZE];
    encode_nonce(NONCE_REKEY, nonce);
    crypto_aead_chacha20poly1305_ietf_encrypt(sealed, NULL, zeros, sizeof zeros, NULL, 0, NULL, nonce, cipher->key);
    memcpy(cipher->key, sealed, sizeof cipher->key);
    sodium_memzero(sealed, sizeof sealed);
}

/* ---- SymmetricState ------------------------------------------------------- */

static void mix_hash(struct gj_noise *hs, const void *bytes, size_t len)
{
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, hs->h, sizeof hs->h);
    crypto_hash_sha256_update(&state, bytes, len);
    crypto_hash_sha256_final(&state, hs->h);
}

/* HMAC-SHA256 over two pieces. */
static void hmac(const uint8_t key[32], const void *a, size_t a_len, const void *b, size_t b_len, uint8_t out[32])
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key, 32);
    crypto_auth_hmacsha256_update(&state, a, a_len);
    crypto_auth_hmacsha256_update(&state, b, b_len);
    crypto_auth_hmacsha256_final(&state, out);
    sodium_memzero(&state, sizeof state);
}

/* Noise's HKDF with the chaining key; out3 may be NULL. */
static void hkdf(
    const uint8_t ck[32], const uint8_t *ikm, size_t ikm_len, uint8_t out1[32], uint8_t out2[32], uint8_t *out3)
{
    static const uint8_t counter[] = {1, 2, 3};
    uint8_t temp[32];
    hmac(ck, ikm, ikm_len, NULL, 0, temp);
    hmac(temp, &counter[0], 1, NULL, 0, out1);
    hmac(temp, out1, 32, &counter[1], 1, out2);
    if (out3 != NULL) {
        hmac(temp, out2, 32, &counter[2], 1, out3);
    }
    sodium_memzero(temp, sizeof temp);
}

static void mix_key(struct gj_noise *hs, const uint8_t ikm[32])
{
    uint8_t ck[32];
    hkdf(hs->ck, ikm, 32, ck, hs->cipher.key, NULL);
    memcpy(hs->ck, ck, sizeof hs->ck);
    hs->cipher.nonce = 0;
    sodium_memzero(ck, sizeof ck);
}

static void mix_key_and_hash(struct gj_noise *hs, const uint8_t ikm[32])
{
    uint8_t ck[32];
    uint8_t h[32];
    hkdf(hs->ck, ikm, 32, ck, h, hs->cipher.key);
    memcpy(hs->ck, ck, sizeof hs->ck);
    mix_hash(hs, h, sizeof h);
    hs->cipher.nonce = 0;
    sodium_memzero(ck, sizeof ck);
    sodium_memzero(h, sizeof h);
}

static enum gj_err encrypt_and_hash(struct gj_noise *hs, const void *plain, size_t len, uint8_t *out)
{
    enum gj_err err = gj_noise_cipher_seal(&hs->cipher, hs->h, sizeof hs->h, plain, len, out);
    if (err == GJ_OK) {
        mix_hash(hs, out, len + GJ_NOISE_TAG_SIZE);
    }
    return err;
}

static enum gj_err decrypt_and_hash(struct gj_noise *hs, const uint8_t *sealed, size_t len, uint8_t *out)
{
    uint8_t h[32];
    memcpy(h, hs->h, sizeof h);
    /* Hashed first: decryption may happen in place. */
    mix_hash(hs, sealed, len);
    return gj_noise_cipher_open(&hs->cipher, h, sizeof h, sealed, len, out);
}

/* ---- HandshakeState ------------------------------------------------------- */

void gj_noise_init(struct gj_noise *hs, enum gj_noise_pattern pattern, bool initiator, const void *prologue,
    size_t prologue_len, const struct gj_keypair *own, const uint8_t *peer_static)
{
    assert(pattern == GJ_NOISE_XK || pattern == GJ_NOISE_XKPSK3);
    assert(initiator == (peer_static != NULL));
    *hs = (struct gj_noise){.pattern = pattern, .initiator = initiator, .s = *own};
    if (initiator) {
        memcpy(hs->rs, peer_static, sizeof hs->rs);
    }

    const char *name = protocols[pattern].name;
    size_t name_len = strlen(name);
    if (name_len <= sizeof hs->h) {
        memcpy(hs->h, name, name_len);
    } else {
        crypto_hash_sha256(hs->h, (const uint8_t *)name, name_len);
    }
    memcpy(hs->ck, hs->h, sizeof hs->ck);
    mix_hash(hs, prologue, prologue_len);
    /* The only pre-message: the responder's static key. */
    mix_hash(hs, initiator ? hs->rs : hs->s.public_key, GJ_NOISE_KEY_SIZE);
}

void gj_noise_set_psk(struct gj_noise *hs, const uint8_t psk[GJ_NOISE_KEY_SIZE])
{
    assert(hs->pattern == GJ_NOISE_XKPSK3 && hs->messages < 3);
    memcpy(hs->psk, psk, sizeof hs->psk);
    hs->has_psk = true;
}

void gj_noise_set_ephemeral_for_test(struct gj_noise *hs, const uint8_t secret[GJ_NOISE_KEY_SIZE])
{
    memcpy(hs->e.secret, secret, sizeof hs->e.secret);
    gj_noise_keypair_derive(&hs->e);
    hs->fixed_e = true;
}

/* The shared secret of EE, ES or SE, mixed into the key. */
static enum gj_err mix_dh(struct gj_noise *hs, enum token token)
{
    /* The first letter is the initiator's key, the second the responder's. */
    bool own_is_static = token == (hs->initiator ? SE : ES);
    bool peer_is_static = token == (hs->initiator ? ES : SE);
    uint8_t shared[GJ_NOISE_KEY_SIZE];
    enum gj_err err = GJ_OK;
    if (crypto_scalarmult(shared, own_is_static ? hs->s.secret : hs->e.secret, peer_is_static ? hs->rs : hs->re) != 0) {
        err = GJ_ECRYPTO; /* a point of small order: the result would be zero for everybody */
    } else {
        mix_key(hs, shared);
    }
    sodium_memzero(shared, sizeof shared);
    return err;
}

/* Tokens that neither write nor read bytes. */
static enum gj_err mix_token(struct gj_noise *hs, enum token token)
{
    if (token != PSK) {
        return mix_dh(hs, token);
    }
    if (!hs->has_psk) {
        return GJ_EINVAL;
    }
    mix_key_and_hash(hs, hs->psk);
    return GJ_OK;
}

static void mix_ephemeral(struct gj_noise *hs, const uint8_t public_key[GJ_NOISE_KEY_SIZE])
{
    mix_hash(hs, public_key, GJ_NOISE_KEY_SIZE);
    if (protocols[hs->pattern].psk) {
        mix_key(hs, public_key);
    }
}

static enum gj_err write_token(struct gj_noise *hs, enum token token, uint8_t **at)
{
    enum gj_err err;
    switch (token) {
    case E:
        if (!hs->fixed_e) {
            gj_noise_keypair_new(&hs->e);
        }
        memcpy(*at, hs->e.public_key, GJ_NOISE_KEY_SIZE);
        mix_ephemeral(hs, hs->e.public_key);
        *at += GJ_NOISE_KEY_SIZE;
        return GJ_OK;
    case S:
        err = encrypt_and_hash(hs, hs->s.public_key, GJ_NOISE_KEY_SIZE, *at);
        *at += GJ_NOISE_KEY_SIZE + GJ_NOISE_TAG_SIZE;
        return err;
    default:
        return mix_token(hs, token);
    }
}

static enum gj_err read_token(struct gj_noise *hs, enum token token, const uint8_t **at)
{
    enum gj_err err;
    switch (token) {
    case E:
        memcpy(hs->re, *at, GJ_NOISE_KEY_SIZE);
        mix_ephemeral(hs, hs->re);
        *at += GJ_NOISE_KEY_SIZE;
        return GJ_OK;
    case S:
        err = decrypt_and_hash(hs, *at, GJ_NOISE_KEY_SIZE + GJ_NOISE_TAG_SIZE, hs->rs);
        *at += GJ_NOISE_KEY_SIZE + GJ_NOISE_TAG_SIZE;
        return err;
    default:
        return mix_token(hs, token);
    }
}

/* Size of the message at hand without its payload. */
static size_t message_overhead(const struct gj_noise *hs)
{
    static const size_t sizes[] = {GJ_NOISE_MSG1_SIZE, GJ_NOISE_MSG2_SIZE, GJ_NOISE_MSG3_SIZE};
    return sizes[hs->messages];
}

static bool own_turn(const struct gj_noise *hs)
{
    return hs->initiator == (hs->messages % 2 == 0);
}

enum gj_err gj_noise_write(
    struct gj_noise *hs, const void *payload, size_t payload_len, uint8_t *out, size_t cap, size_t *out_len)
{
    enum gj_err err = GJ_OK;
    uint8_t *at = out;
    if (hs->dead) {
        return GJ_ECLOSED;
    }
    if (gj_noise_done(hs) || !own_turn(hs)) {
        err = GJ_EINVAL;
        goto done;
    }
    size_t limit = cap < GJ_FRAME_MAX ? cap : GJ_FRAME_MAX;
    if (limit < message_overhead(hs) || payload_len > limit - message_overhead(hs)) {
        err = GJ_ETOOBIG;
        goto done;
    }
    const enum token *token = protocols[hs->pattern].messages[hs->messages];
    for (; *token != END && err == GJ_OK; token++) {
        err = write_token(hs, *token, &at);
    }
    if (err == GJ_OK) {
        err = encrypt_and_hash(hs, payload, payload_len, at);
    }
    if (err == GJ_OK) {
        *out_len = message_overhead(hs) + payload_len;
        hs->messages++;
    }
done:
    if (err != GJ_OK) {
        gj_noise_fini(hs);
    }
    return err;
}

enum gj_err gj_noise_read(
    struct gj_noise *hs, const uint8_t *msg, size_t len, uint8_t *payload, size_t cap, size_t *payload_len)
{
    enum gj_err err = GJ_OK;
    const uint8_t *at = msg;
    if (hs->dead) {
        return GJ_ECLOSED;
    }
    if (gj_noise_done(hs) || own_turn(hs) || len < message_overhead(hs)) {
        err = GJ_EINVAL;
        goto done;
    }
    size_t text_len = len - message_overhead(hs);
    if (text_len > cap || len > GJ_FRAME_MAX) {
        err = GJ_ETOOBIG;
        goto done;
    }
    const enum token *token = protocols[hs->pattern].messages[hs->messages];
    for (; *token != END && err == GJ_OK; token++) {
        err = read_token(hs, *token, &at);
    }
    if (err == GJ_OK) {
        err = decrypt_and_hash(hs, at, text_len + GJ_NOISE_TAG_SIZE, payload);
    }
    if (err == GJ_OK) {
        *payload_len = text_len;
        hs->messages++;
    }
done:
    if (err != GJ_OK) {
        gj_noise_fini(hs);
    }
    return err;
}

bool gj_noise_done(const struct gj_noise *hs)
{
    return hs->messages == 3;
}

enum gj_err gj_noise_split(const struct gj_noise *hs, struct gj_noise_cipher *send, struct gj_noise_cipher *receive,
    uint8_t hash[GJ_NOISE_HASH_SIZE])
{
    if (hs->dead || !gj_noise_done(hs)) {
        return GJ_EINVAL;
    }
    struct gj_noise_cipher *from_initiator = hs->initiator ? send : receive;
    struct gj_noise_cipher *from_responder = hs->initiator ? receive : send;
    hkdf(hs->ck, NULL, 0, from_initiator->key, from_responder->key, NULL);
    from_initiator->nonce = 0;
    from_responder->nonce = 0;
    if (hash != NULL) {
        memcpy(hash, hs->h, GJ_NOISE_HASH_SIZE);
    }
    return GJ_OK;
}

void gj_noise_fini(struct gj_noise *hs)
{
    sodium_memzero(hs, sizeof *hs);
    hs->dead = true;
}
