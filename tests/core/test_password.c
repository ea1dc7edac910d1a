/* The queue of passwords: bounded, wiped, and guesses slowed down. */
#include "core/fixture.h"

#include <string.h>

#include "core/password.h"
#include "core/request.h"
#include "core/router.h"

#define LOGIN "li.wei"

static void test_guesses_are_slowed_down(void **state)
{
    struct fixture *fixture = *state;
    struct gj_passwords *passwords = fixture->core.passwords;
    int64_t now_ms = 1000;
    uint32_t last_ms = 0;

    for (unsigned i = 0; i < GJ_GUESS_FREE; i++) {
        assert_int_equal(gj_passwords_wait_ms(passwords, LOGIN, 5, now_ms), 0);
        gj_passwords_tried(passwords, LOGIN, 5, false, now_ms);
    }
    for (unsigned i = 0; i < 12; i++) {
        uint32_t wait_ms = gj_passwords_wait_ms(passwords, LOGIN, 5, now_ms);

        assert_true(wait_ms >= last_ms && wait_ms > 0 && wait_ms <= GJ_GUESS_WAIT_MAX_MS);
        last_ms = wait_ms;
        now_ms += wait_ms;
        assert_int_equal(gj_passwords_wait_ms(passwords, LOGIN, 5, now_ms), 0);
        gj_passwords_tried(passwords, LOGIN, 5, false, now_ms);
    }
    assert_int_equal(last_ms, GJ_GUESS_WAIT_MAX_MS);
    /* The account waits on every device, and the device for every account. */
    assert_true(gj_passwords_wait_ms(passwords, LOGIN, 6, now_ms) > 0);
    assert_true(gj_passwords_wait_ms(passwords, "somebody", 5, now_ms) > 0);
    assert_int_equal(gj_passwords_wait_ms(passwords, "somebody", 6, now_ms), 0);
    gj_passwords_tried(passwords, LOGIN, 5, true, now_ms);
    assert_int_equal(gj_passwords_wait_ms(passwords, LOGIN, 5, now_ms), 0);
}

static void test_the_table_of_guesses_is_bounded(void **state)
{
    struct fixture *fixture = *state;

    for (uint64_t device = 1; device < 4 * GJ_GUESS_SLOTS; device++) {
        gj_passwords_tried(fixture->core.passwords, LOGIN, device, false, (int64_t)device);
    }
    assert_true(gj_passwords_wait_ms(fixture->core.passwords, LOGIN, 1, 4 * GJ_GUESS_SLOTS) > 0);
}

static void test_a_full_queue_says_busy(void **state)
{
    struct fixture *fixture = *state;
    struct fake_peer *fake = fixture_peer(fixture, fixture_user(fixture, "a", NULL, 0), fixture_device(fixture, 0));
    unsigned sent = GJ_PASSWORD_QUEUE_MAX * 3;
    unsigned busy = 0;
    unsigned ok = 0;

    for (uint32_t i = 0; i < sent; i++) {
        uint8_t key[16];

        fixture_key(fixture, i, key);
        fixture_send(fixture, fake, i, CALL_LATER, key, "n", 1);
    }
    for (unsigned i = 0; i < sent; i++) {
        Gj__V1__Envelope *envelope = fixture_receive(fixture, fake);

        assert_non_null(envelope);
        if (envelope->reply->status == GJ__V1__STATUS__BUSY) {
            assert_string_equal(envelope->reply->refusal->code, "password.queue_full");
            assert_true(envelope->reply->retry_after_ms > 0);
            busy++;
        } else {
            assert_int_equal(envelope->reply->status, GJ__V1__STATUS__OK);
            ok++;
        }
        gj__v1__envelope__free_unpacked(envelope, NULL);
    }
    assert_true(busy > 0);
    assert_true(ok >= GJ_PASSWORD_QUEUE_MAX);
    assert_int_equal(gj_passwords_waiting(fixture->core.passwords), 0);
    fixture_peer_gone(fixture, fake);
}

static struct gj_ctx make_ctx(struct fixture *fixture, struct gj_request *request)
{
    return (struct gj_ctx){.core = &fixture->core, .arena = &request->arena, .pending = request};
}

static void test_bad_lengths_are_refused(void **state)
{
    struct fixture *fixture = *state;
    struct gj_request *request = gj_request_take(gj_router_pool(fixture->core.router), &fixture->core);
    struct gj_ctx ctx = make_ctx(fixture, request);
    char longest[GJ_PASSWORD_MAX + 2];

    memset(longest, 'x', sizeof longest);
    longest[GJ_PASSWORD_MAX + 1] = '\0';
    assert_false(gj_passwords_hash(&ctx, "1234567", "password"));
    assert_int_equal(ctx.answer.status, GJ__V1__STATUS__INVALID);
    assert_string_equal(ctx.answer.field, "password");
    memset(&ctx.answer, 0, sizeof ctx.answer);
    assert_false(gj_passwords_hash(&ctx, longest, "password"));
    assert_false(request->deferred);
    gj_request_give(gj_router_pool(fixture->core.router), request);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_guesses_are_slowed_down),
        TEST(test_the_table_of_guesses_is_bounded),
        TEST(test_a_full_queue_says_busy),
        TEST(test_bad_lengths_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
