/* Canonical bytes of a command: one encoding, and nothing else is one. */
#include "core/fixture.h"

#include <string.h>

#include "core/command.h"

static struct gj_command sample(void)
{
    static const uint8_t body[] = {1, 2, 3, 4, 5};
    struct gj_command command = {.call = 0x502,
        .user = 7,
        .device = UINT64_MAX,
        .session = 9,
        .at_ms = -5,
        .body = body,
        .body_len = sizeof body};

    memset(command.request_key, 0xAB, sizeof command.request_key);
    memset(command.random, 0xCD, sizeof command.random);
    return command;
}

static void test_round_trip(void **state)
{
    struct gj_command command = sample();
    struct gj_command back;
    struct gj_buf first;
    struct gj_buf second;

    (void)state;
    gj_buf_init(&first, 4096);
    gj_buf_init(&second, 4096);
    assert_int_equal(gj_command_encode(&command, &first), GJ_OK);
    assert_int_equal(gj_command_decode(gj_buf_bytes(&first), first.len, &back), GJ_OK);
    assert_int_equal(back.call, command.call);
    assert_true(back.device == command.device && back.at_ms == command.at_ms && back.session == command.session);
    assert_int_equal(back.body_len, command.body_len);
    assert_int_equal(gj_command_encode(&back, &second), GJ_OK);
    assert_int_equal(first.len, second.len);
    assert_memory_equal(gj_buf_bytes(&first), gj_buf_bytes(&second), first.len);
    gj_buf_fini(&first);
    gj_buf_fini(&second);
}

static void test_every_cut_and_extension_is_refused(void **state)
{
    struct gj_command command = sample();
    struct gj_command back;
    struct gj_buf buf;

    (void)state;
    gj_buf_init(&buf, 4096);
    assert_int_equal(gj_command_encode(&command, &buf), GJ_OK);
    for (size_t len = 0; len < buf.len; len++) {
        assert_int_equal(gj_command_decode(gj_buf_bytes(&buf), len, &back), GJ_EINVAL);
    }
    size_t whole = buf.len;
    assert_int_equal(gj_buf_append(&buf, "x", 1), GJ_OK);
    assert_int_equal(gj_command_decode(gj_buf_bytes(&buf), whole + 1, &back), GJ_EINVAL);
    gj_buf_bytes(&buf)[0] = 2;
    assert_int_equal(gj_command_decode(gj_buf_bytes(&buf), whole, &back), GJ_EINVAL);
    gj_buf_fini(&buf);
}

static void test_a_full_buffer_stays_as_it_was(void **state)
{
    struct gj_command command = sample();
    struct gj_buf buf;

    (void)state;
    gj_buf_init(&buf, 20);
    assert_int_equal(gj_buf_append(&buf, "before", 6), GJ_OK);
    assert_int_equal(gj_command_encode(&command, &buf), GJ_ETOOBIG);
    assert_int_equal(buf.len, 6);
    gj_buf_fini(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_every_cut_and_extension_is_refused),
        cmocka_unit_test(test_a_full_buffer_stays_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
