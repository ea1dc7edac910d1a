/* Tokens of addresses, and the PROXY header, as pure functions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "net/internal.h"

static struct gj_address address_of(uint32_t n)
{
    struct gj_address address = {{0}};

    memcpy(address.bytes + 12, &n, sizeof n);
    return address;
}

static void test_failures_are_counted_and_forgiven(void **state)
{
    struct gj_admission *admission = calloc(1, sizeof *admission);
    struct gj_address one = address_of(1);
    struct gj_address two = address_of(2);
    uint64_t now_ms = 1000;

    (void)state;
    assert_non_null(admission);
    for (unsigned i = 0; i < GJ_ADMISSION_BURST; i++) {
        assert_true(gj_admission_allows(admission, &one, now_ms));
        gj_admission_failed(admission, &one, now_ms);
    }
    assert_false(gj_admission_allows(admission, &one, now_ms));
    assert_true(gj_admission_allows(admission, &two, now_ms));
    assert_false(gj_admission_allows(admission, &one, now_ms + GJ_ADMISSION_REFILL_MS - 1));
    assert_true(gj_admission_allows(admission, &one, now_ms + GJ_ADMISSION_REFILL_MS));
    gj_admission_failed(admission, &one, now_ms + GJ_ADMISSION_REFILL_MS);
    assert_false(gj_admission_allows(admission, &one, now_ms + GJ_ADMISSION_REFILL_MS));
    assert_true(gj_admission_allows(admission, &one, now_ms + 1000 * GJ_ADMISSION_REFILL_MS));
    free(admission);
}

/* A botnet fills the table: memory stays, and the newest offender is still known. */
static void test_many_addresses(void **state)
{
    struct gj_admission *admission = calloc(1, sizeof *admission);
    struct gj_address last = address_of(999999);

    (void)state;
    assert_non_null(admission);
    for (uint32_t n = 0; n < 5 * GJ_ADMISSION_SLOTS; n++) {
        struct gj_address address = address_of(n);

        gj_admission_failed(admission, &address, 1000 + n);
    }
    for (unsigned i = 0; i < GJ_ADMISSION_BURST; i++) {
        gj_admission_failed(admission, &last, 100000);
    }
    assert_false(gj_admission_allows(admission, &last, 100000));
    free(admission);
}

static const uint8_t v4[] = {0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A, 0x21, 0x11, 0, 12,
    10, 0, 0, 9, 10, 0, 0, 1, 0x30, 0x39, 0x1c, 0xfd};

static void test_proxy_headers(void **state)
{
    struct gj_address address = address_of(7);
    uint8_t bytes[sizeof v4];
    size_t size = 0;

    (void)state;
    for (size_t len = 1; len < sizeof v4; len++) {
        assert_int_equal(gj_proxy_parse(v4, len, &size, &address), GJ_AGAIN);
    }
    assert_int_equal(gj_proxy_parse(v4, sizeof v4, &size, &address), GJ_OK);
    assert_int_equal(size, sizeof v4);
    assert_memory_equal(address.bytes + 10, "\xff\xff\x0a\x00\x00\x09", 6);
    for (size_t i = 0; i < 12; i++) {
        memcpy(bytes, v4, sizeof bytes);
        bytes[i] ^= 1;
        assert_int_equal(gj_proxy_parse(bytes, sizeof bytes, &size, &address), GJ_EINVAL);
    }
    memcpy(bytes, v4, sizeof bytes);
    bytes[12] = 0x11; /* version 1 */
    assert_int_equal(gj_proxy_parse(bytes, sizeof bytes, &size, &address), GJ_EINVAL);
    bytes[12] = 0x20; /* the gateway asks for itself: no address */
    address = address_of(7);
    assert_int_equal(gj_proxy_parse(bytes, sizeof bytes, &size, &address), GJ_OK);
    struct gj_address seven = address_of(7);
    assert_true(gj_address_equal(&address, &seven));
    bytes[14] = 0xff; /* longer than any header */
    assert_int_equal(gj_proxy_parse(bytes, sizeof bytes, &size, &address), GJ_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failures_are_counted_and_forgiven),
        cmocka_unit_test(test_many_addresses),
        cmocka_unit_test(test_proxy_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
