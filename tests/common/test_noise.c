#include "tests/common/check.h"

#include <sodium.h>
#include <string.h>

#include "common/limits.h"
#include "common/noise.h"

struct pair {
    struct gj_keypair client_key;
    struct gj_keypair server_key;
    struct gj_noise client;
    struct gj_noise server;
    uint8_t psk[GJ_NOISE_KEY_SIZE];
};

static void start(struct pair *pair, enum gj_noise_pattern pattern)
{
    gj_noise_keypair_new(&pair->client_key);
    gj_noise_keypair_new(&pair->server_key);
    randombytes_buf(pair->psk, sizeof pair->psk);
    gj_noise_init(&pair->client, pattern, true, "prologue", 8, &pair->client_key, pair->server_key.public_key);
    gj_noise_init(&pair->server, pattern, false, "prologue", 8, &pair->server_key, NULL);
}

static void finish(struct pair *pair)
{
    gj_noise_fini(&pair->client);
    gj_noise_fini(&pair->server);
}

/* One message from a to b; `flip` inverts a bit of that byte on the way (SIZE_MAX: none). */
static enum gj_err pass(struct gj_noise *a, struct gj_noise *b, const char *payload, size_t flip, size_t *size)
{
    uint8_t msg[512];
    uint8_t got[512];
    size_t len = 0;
    size_t got_len = 0;
    check_ok(gj_noise_write(a, payload, strlen(payload), msg, sizeof msg, &len));
    if (size != NULL) {
        *size = len;
    }
    if (flip < len) {
        msg[flip] ^= 0x40;
    }
    enum gj_err err = gj_noise_read(b, msg, len, got, sizeof got, &got_len);
    if (err == GJ_OK) {
        assert_int_equal(got_len, strlen(payload));
        assert_memory_equal(got, payload, got_len);
    }
    return err;
}

static void handshake(struct pair *pair, enum gj_noise_pattern pattern)
{
    size_t size = 0;
    start(pair, pattern);
    check_ok(pass(&pair->client, &pair->server, "token", SIZE_MAX, &size));
    assert_int_equal(size, GJ_NOISE_MSG1_SIZE + 5);
    if (pattern == GJ_NOISE_XKPSK3) {
        gj_noise_set_psk(&pair->client, pair->psk);
        gj_noise_set_psk(&pair->server, pair->psk);
    }
    check_ok(pass(&pair->server, &pair->client, "", SIZE_MAX, &size));
    assert_int_equal(size, GJ_NOISE_MSG2_SIZE);
    check_ok(pass(&pair->client, &pair->server, "name", SIZE_MAX, &size));
    assert_int_equal(size, GJ_NOISE_MSG3_SIZE + 4);
    assert_true(gj_noise_done(&pair->client) && gj_noise_done(&pair->server));
    assert_memory_equal(pair->server.rs, pair->client_key.public_key, GJ_NOISE_KEY_SIZE);
}

static void both_sides_agree_on_keys_and_hash(void **state)
{
    (void)state;
    for (int pattern = GJ_NOISE_XK; pattern <= GJ_NOISE_XKPSK3; pattern++) {
        struct pair pair;
        struct gj_noise_cipher cs, cr, ss, sr;
        uint8_t client_hash[32];
        uint8_t server_hash[32];
        handshake(&pair, (enum gj_noise_pattern)pattern);
        check_ok(gj_noise_split(&pair.client, &cs, &cr, client_hash));
        check_ok(gj_noise_split(&pair.server, &ss, &sr, server_hash));
        assert_memory_equal(cs.key, sr.key, 32);
        assert_memory_equal(cr.key, ss.key, 32);
        assert_memory_not_equal(cs.key, cr.key, 32);
        assert_memory_equal(client_hash, server_hash, 32);
        finish(&pair);
    }
}

static void every_flipped_byte_ends_the_handshake(void **state)
{
    (void)state;
    const size_t sizes[] = {GJ_NOISE_MSG1_SIZE + 3, GJ_NOISE_MSG2_SIZE + 3, GJ_NOISE_MSG3_SIZE + 3};
    for (unsigned message = 0; message < 3; message++) {
        for (size_t flip = 0; flip < sizes[message]; flip++) {
            struct pair pair;
            start(&pair, GJ_NOISE_XK);
            struct gj_noise *side[] = {&pair.client, &pair.server, &pair.client, &pair.server};
            for (unsigned i = 0; i < message; i++) {
                check_ok(pass(side[i], side[i + 1], "abc", SIZE_MAX, NULL));
            }
            check_err(pass(side[message], side[message + 1], "abc", flip, NULL), GJ_ECRYPTO);
            uint8_t buf[128];
            size_t len;
            check_err(gj_noise_write(side[message + 1], "", 0, buf, sizeof buf, &len), GJ_ECLOSED);
            check_err(gj_noise_read(side[message + 1], buf, 64, buf, sizeof buf, &len), GJ_ECLOSED);
            finish(&pair);
        }
    }
}

static void another_server_key_prologue_pattern_or_psk_fails(void **state)
{
    (void)state;
    struct pair pair;
    struct gj_keypair other;
    gj_noise_keypair_new(&other);
    start(&pair, GJ_NOISE_XK);
    gj_noise_init(&pair.client, GJ_NOISE_XK, true, "prologue", 8, &pair.client_key, other.public_key);
    check_err(pass(&pair.client, &pair.server, "", SIZE_MAX, NULL), GJ_ECRYPTO);
    finish(&pair);

    start(&pair, GJ_NOISE_XK);
    gj_noise_init(&pair.client, GJ_NOISE_XK, true, "prologuf", 8, &pair.client_key, pair.server_key.public_key);
    check_err(pass(&pair.client, &pair.server, "", SIZE_MAX, NULL), GJ_ECRYPTO);
    finish(&pair);

    start(&pair, GJ_NOISE_XK);
    gj_noise_init(&pair.client, GJ_NOISE_XKPSK3, true, "prologue", 8, &pair.client_key, pair.server_key.public_key);
    check_err(pass(&pair.client, &pair.server, "", SIZE_MAX, NULL), GJ_ECRYPTO);
    finish(&pair);

    start(&pair, GJ_NOISE_XKPSK3);
    check_ok(pass(&pair.client, &pair.server, "", SIZE_MAX, NULL));
    gj_noise_set_psk(&pair.client, pair.psk);
    gj_noise_set_psk(&pair.server, other.secret);
    check_ok(pass(&pair.server, &pair.client, "", SIZE_MAX, NULL));
    check_err(pass(&pair.client, &pair.server, "", SIZE_MAX, NULL), GJ_ECRYPTO);
    finish(&pair);
}

static void misuse_and_short_messages_are_errors(void **state)
{
    (void)state;
    struct pair pair;
    uint8_t msg[600] = {0};
    size_t len = 0;
    struct gj_noise_cipher a, b;

    start(&pair, GJ_NOISE_XK);
    check_err(gj_noise_split(&pair.client, &a, &b, NULL), GJ_EINVAL);
    check_err(gj_noise_write(&pair.server, "", 0, msg, sizeof msg, &len), GJ_EINVAL);
    check_err(gj_noise_read(&pair.client, msg, 48, msg, sizeof msg, &len), GJ_EINVAL);
    finish(&pair);

    start(&pair, GJ_NOISE_XK);
    check_err(gj_noise_write(&pair.client, "", 0, msg, 47, &len), GJ_ETOOBIG);
    check_err(gj_noise_read(&pair.server, msg, 47, msg, sizeof msg, &len), GJ_EINVAL);
    finish(&pair);

    start(&pair, GJ_NOISE_XK);
    check_ok(gj_noise_write(&pair.client, "four", 4, msg, sizeof msg, &len));
    check_err(gj_noise_read(&pair.server, msg, len, msg + 300, 3, &len), GJ_ETOOBIG);
    finish(&pair);

    /* Message 3 without the invitation's secret. */
    start(&pair, GJ_NOISE_XKPSK3);
    check_ok(pass(&pair.client, &pair.server, "", SIZE_MAX, NULL));
    check_ok(pass(&pair.server, &pair.client, "", SIZE_MAX, NULL));
    check_err(gj_noise_write(&pair.client, "", 0, msg, sizeof msg, &len), GJ_EINVAL);
    finish(&pair);

    handshake(&pair, GJ_NOISE_XK);
    check_err(gj_noise_write(&pair.client, "", 0, msg, sizeof msg, &len), GJ_EINVAL);
    finish(&pair);
}

/* A peer that offers a point of small order would make the secret known to all. */
static void a_degenerate_key_is_fatal(void **state)
{
    (void)state;
    static const uint8_t small_order[][32] = {
        {0},
        {1},
        {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09,
            0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
    };
    for (size_t i = 0; i < 3; i++) {
        struct pair pair;
        uint8_t msg[96] = {0};
        size_t len = 0;
        start(&pair, GJ_NOISE_XK);
        memcpy(msg, small_order[i], 32);
        check_err(gj_noise_read(&pair.server, msg, 48, msg, sizeof msg, &len), GJ_ECRYPTO);
        finish(&pair);

        /* A client made to dial such a "server key" stops before sending anything. */
        start(&pair, GJ_NOISE_XK);
        gj_noise_init(&pair.client, GJ_NOISE_XK, true, "", 0, &pair.client_key, small_order[i]);
        check_err(gj_noise_write(&pair.client, "", 0, msg, sizeof msg, &len), GJ_ECRYPTO);
        finish(&pair);
    }
}

static void cipher_counts_only_successes(void **state)
{
    (void)state;
    struct gj_noise_cipher a = {.key = {1, 2, 3}};
    struct gj_noise_cipher b = a;
    uint8_t sealed[64];
    uint8_t plain[64];
    check_ok(gj_noise_cipher_seal(&a, "ad", 2, (const uint8_t *)"hello", 5, sealed));
    assert_int_equal(a.nonce, 1);
    check_err(gj_noise_cipher_open(&b, "ae", 2, sealed, 21, plain), GJ_ECRYPTO);
    check_err(gj_noise_cipher_open(&b, "ad", 2, sealed, 15, plain), GJ_EINVAL);
    assert_int_equal(b.nonce, 0);
    check_ok(gj_noise_cipher_open(&b, "ad", 2, sealed, 21, plain));
    assert_memory_equal(plain, "hello", 5);
    /* A replay meets the next nonce. */
    check_err(gj_noise_cipher_open(&b, "ad", 2, sealed, 21, plain), GJ_ECRYPTO);
    assert_int_equal(b.nonce, 1);
    a.nonce = UINT64_MAX;
    b.nonce = UINT64_MAX;
    check_err(gj_noise_cipher_seal(&a, NULL, 0, plain, 5, sealed), GJ_ECLOSED);
    check_err(gj_noise_cipher_open(&b, NULL, 0, sealed, 21, plain), GJ_ECLOSED);
}

static void rekey_changes_the_key_and_keeps_the_count(void **state)
{
    (void)state;
    struct gj_noise_cipher a = {.key = {7}, .nonce = 41};
    struct gj_noise_cipher b = a;
    uint8_t sealed[21];
    uint8_t plain[5];
    gj_noise_cipher_rekey(&a);
    assert_int_equal(a.nonce, 41);
    assert_memory_not_equal(a.key, b.key, 32);
    check_ok(gj_noise_cipher_seal(&a, NULL, 0, (const uint8_t *)"hello", 5, sealed));
    check_err(gj_noise_cipher_open(&b, NULL, 0, sealed, sizeof sealed, plain), GJ_ECRYPTO);
    gj_noise_cipher_rekey(&b);
    check_ok(gj_noise_cipher_open(&b, NULL, 0, sealed, sizeof sealed, plain));
}

static void an_ended_handshake_holds_no_secret(void **state)
{
    (void)state;
    struct pair pair;
    handshake(&pair, GJ_NOISE_XKPSK3);
    finish(&pair);
    struct gj_noise zeros;
    memset(&zeros, 0, sizeof zeros);
    zeros.dead = true;
    assert_memory_equal(&pair.client, &zeros, sizeof zeros);
    assert_memory_equal(&pair.server, &zeros, sizeof zeros);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_agree_on_keys_and_hash),
        cmocka_unit_test(every_flipped_byte_ends_the_handshake),
        cmocka_unit_test(another_server_key_prologue_pattern_or_psk_fails),
        cmocka_unit_test(misuse_and_short_messages_are_errors),
        cmocka_unit_test(a_degenerate_key_is_fatal),
        cmocka_unit_test(cipher_counts_only_successes),
        cmocka_unit_test(rekey_changes_the_key_and_keeps_the_count),
        cmocka_unit_test(an_ended_handshake_holds_no_secret),
    };
    check_ok(gj_noise_start());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
