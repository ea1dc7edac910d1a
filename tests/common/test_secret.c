#include "tests/common/check.h"

#include <string.h>

#include "common/id.h"
#include "common/noise.h"
#include "common/secret.h"

static void check_hex(const uint8_t *bytes, size_t len, const char *hex)
{
    char text[200];
    assert_true(2 * len < sizeof text);
    gj_id_hex(bytes, len, text);
    assert_string_equal(text, hex);
}

static void a_sealed_field_opens_in_its_place_only(void **state)
{
    (void)state;
    uint8_t key[GJ_SECRET_KEY_SIZE];
    uint8_t sealed[11 + GJ_SECRET_OVERHEAD];
    uint8_t again[sizeof sealed];
    uint8_t plain[11];
    gj_secret_key_new(key);
    gj_secret_seal(key, "record 7", 8, "13800138000", 11, sealed);
    gj_secret_seal(key, "record 7", 8, "13800138000", 11, again);
    assert_memory_not_equal(sealed, again, sizeof sealed); /* the nonce is new each time */
    check_ok(gj_secret_open(key, "record 7", 8, sealed, sizeof sealed, plain));
    assert_memory_equal(plain, "13800138000", 11);
    check_err(gj_secret_open(key, "record 8", 8, sealed, sizeof sealed, plain), GJ_ECRYPTO);
    key[0] ^= 1;
    check_err(gj_secret_open(key, "record 7", 8, sealed, sizeof sealed, plain), GJ_ECRYPTO);
    key[0] ^= 1;
    for (size_t at = 0; at < sizeof sealed; at++) {
        sealed[at] ^= 0x10;
        check_err(gj_secret_open(key, "record 7", 8, sealed, sizeof sealed, plain), at == 0 ? GJ_EVERSION : GJ_ECRYPTO);
        sealed[at] ^= 0x10;
    }
    check_err(gj_secret_open(key, "record 7", 8, sealed, GJ_SECRET_OVERHEAD - 1, plain), GJ_EINVAL);
    check_err(gj_secret_open(key, "record 7", 8, sealed, sizeof sealed - 1, plain), GJ_ECRYPTO);
}

static void an_empty_field_can_be_sealed(void **state)
{
    (void)state;
    uint8_t key[GJ_SECRET_KEY_SIZE] = {1};
    uint8_t sealed[GJ_SECRET_OVERHEAD];
    uint8_t plain[1];
    gj_secret_seal(key, NULL, 0, "", 0, sealed);
    check_ok(gj_secret_open(key, NULL, 0, sealed, sizeof sealed, plain));
}

static void a_key_is_wrapped_for_its_subject(void **state)
{
    (void)state;
    uint8_t outer[GJ_SECRET_KEY_SIZE];
    uint8_t inner[GJ_SECRET_KEY_SIZE];
    uint8_t wrapped[GJ_SECRET_WRAPPED_SIZE];
    uint8_t got[GJ_SECRET_KEY_SIZE];
    gj_secret_key_new(outer);
    gj_secret_key_new(inner);
    gj_secret_wrap(outer, "household 1", 11, inner, wrapped);
    check_ok(gj_secret_unwrap(outer, "household 1", 11, wrapped, sizeof wrapped, got));
    assert_memory_equal(got, inner, sizeof inner);
    check_err(gj_secret_unwrap(outer, "household 2", 11, wrapped, sizeof wrapped, got), GJ_ECRYPTO);
    check_err(gj_secret_unwrap(outer, "household 1", 11, wrapped, sizeof wrapped - 1, got), GJ_EINVAL);
    gj_secret_wipe(inner, sizeof inner);
    static const uint8_t zeros[GJ_SECRET_KEY_SIZE];
    assert_memory_equal(inner, zeros, sizeof zeros);
}

static void a_text_and_its_commitment_belong_together(void **state)
{
    (void)state;
    static const char text[] = "已更换角阀";
    uint8_t key[GJ_SECRET_KEY_SIZE], sealed[sizeof text + GJ_SECRET_TEXT_OVERHEAD], again[sizeof sealed];
    uint8_t commitment[GJ_SECRET_COMMIT_SIZE], other[GJ_SECRET_COMMIT_SIZE], expected[GJ_SECRET_COMMIT_SIZE];
    uint8_t plain[sizeof sealed];
    gj_secret_key_new(key);
    gj_secret_seal_text(key, "r", 1, text, sizeof text, commitment, sealed);
    gj_secret_seal_text(key, "r", 1, text, sizeof text, other, again);
    assert_memory_not_equal(commitment, other, sizeof other); /* equal texts do not show */
    assert_memory_not_equal(sealed, again, sizeof again);
    for (int check = 0; check < 2; check++) {
        check_ok(gj_secret_open_text(key, "r", 1, sealed, sizeof sealed, commitment, check == 1, plain));
        assert_memory_equal(plain + GJ_SECRET_SALT_SIZE, text, sizeof text);
        gj_secret_commit(plain, plain + GJ_SECRET_SALT_SIZE, sizeof text, expected);
        assert_memory_equal(commitment, expected, sizeof expected);
        check_err(gj_secret_open_text(key, "r", 1, sealed, sizeof sealed, other, check == 1, plain), GJ_ECRYPTO);
        check_err(gj_secret_open_text(key, "s", 1, sealed, sizeof sealed, commitment, check == 1, plain), GJ_ECRYPTO);
    }
    commitment[31] ^= 1; /* behind what is the nonce */
    check_err(gj_secret_open_text(key, "r", 1, sealed, sizeof sealed, commitment, true, plain), GJ_ECRYPTO);
    check_err(
        gj_secret_open_text(key, "r", 1, sealed, GJ_SECRET_TEXT_OVERHEAD - 1, commitment, true, plain), GJ_EINVAL);
}

/* Values computed by Python's hmac and hashlib. */
static void commitments_and_blind_indexes_are_as_described(void **state)
{
    (void)state;
    uint8_t key[GJ_SECRET_KEY_SIZE];
    uint8_t commit[GJ_SECRET_COMMIT_SIZE];
    uint8_t blind[GJ_SECRET_BLIND_SIZE];
    uint8_t other[GJ_SECRET_BLIND_SIZE];
    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = (uint8_t)i;
    }
    gj_secret_commit(key, "13800138000", 11, commit);
    check_hex(commit, sizeof commit, "5dde00f8139bda55be2887ce4c3e6656c4726f51e2f3c886565fbf3bb9190db1");
    gj_secret_blind(key, "phone", "13800138000", 11, blind);
    check_hex(blind, sizeof blind, "7f15bba9dcb3d787d36ccd9d6eabb8de");
    gj_secret_blind(key, "phone1", "3800138000", 10, other); /* the label does not run into the field */
    assert_memory_not_equal(blind, other, sizeof blind);
    uint8_t hash[GJ_SECRET_SHA256_SIZE];
    gj_secret_sha256("abc", 3, hash);
    check_hex(hash, sizeof hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* RFC 5869, appendix A, cases 1 and 3. */
static void hkdf_matches_the_rfc(void **state)
{
    (void)state;
    uint8_t ikm[22];
    uint8_t salt[13];
    uint8_t info[10];
    uint8_t okm[42];
    memset(ikm, 0x0b, sizeof ikm);
    for (size_t i = 0; i < sizeof salt; i++) {
        salt[i] = (uint8_t)i;
    }
    for (size_t i = 0; i < sizeof info; i++) {
        info[i] = (uint8_t)(0xf0 + i);
    }
    gj_secret_hkdf(salt, sizeof salt, ikm, sizeof ikm, info, sizeof info, okm, sizeof okm);
    check_hex(okm, sizeof okm, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    gj_secret_hkdf(NULL, 0, ikm, sizeof ikm, NULL, 0, okm, sizeof okm);
    check_hex(okm, sizeof okm, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sealed_field_opens_in_its_place_only),
        cmocka_unit_test(an_empty_field_can_be_sealed),
        cmocka_unit_test(a_key_is_wrapped_for_its_subject),
        cmocka_unit_test(a_text_and_its_commitment_belong_together),
        cmocka_unit_test(commitments_and_blind_indexes_are_as_described),
        cmocka_unit_test(hkdf_matches_the_rfc),
    };
    check_ok(gj_noise_start());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
