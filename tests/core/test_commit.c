/* From an envelope through the commit thread to an answer. */
#include "core/fixture.h"

#include <string.h>

#include "common/fail.h"
#include "core/commit.h"
#include "core/router.h"
#include "core/seen.h"

struct scene {
    struct fixture *fixture;
    struct fake_peer *peer;
    uint8_t key[16];
};

static struct scene begin(void **state)
{
    struct scene scene = {.fixture = *state};
    uint64_t user = fixture_user(scene.fixture, "li", NULL, 0);

    scene.peer = fixture_peer(scene.fixture, user, fixture_device(scene.fixture, 7));
    fixture_key(scene.fixture, 1, scene.key);
    return scene;
}

static void end(struct scene *scene)
{
    fixture_peer_gone(scene->fixture, scene->peer);
}

static Gj__V1__Written *written_of(const Gj__V1__Reply *reply)
{
    Gj__V1__Written *written = gj__v1__written__unpack(NULL, reply->body.len, reply->body.data);

    assert_non_null(written);
    return written;
}

static void expect(struct scene *scene, uint64_t id, Gj__V1__Status status, const char *code)
{
    Gj__V1__Reply *reply = fixture_reply(scene->fixture, scene->peer, id);

    assert_int_equal(reply->status, status);
    if (code != NULL) {
        assert_non_null(reply->refusal);
        assert_string_equal(reply->refusal->code, code);
    }
    fixture_free_reply(reply);
}

static void test_write_and_read(void **state)
{
    struct scene scene = begin(state);

    fixture_send(scene.fixture, scene.peer, 1, CALL_PUT, scene.key, "a", 42);
    Gj__V1__Reply *reply = fixture_reply(scene.fixture, scene.peer, 1);
    assert_int_equal(reply->status, GJ__V1__STATUS__OK);
    Gj__V1__Written *written = written_of(reply);
    assert_int_equal(written->event, 1);
    assert_int_equal(written->id, 42);
    assert_string_equal(written->state, "there");
    assert_false(written->repeated);
    gj__v1__written__free_unpacked(written, NULL);
    fixture_free_reply(reply);

    fixture_send(scene.fixture, scene.peer, 2, CALL_READ, NULL, "a", 0);
    reply = fixture_reply(scene.fixture, scene.peer, 2);
    Gj__V1__Page *page = gj__v1__page__unpack(NULL, reply->body.len, reply->body.data);
    assert_int_equal(page->limit, 1);
    gj__v1__page__free_unpacked(page, NULL);
    fixture_free_reply(reply);
    end(&scene);
}

static void test_the_same_key_is_done_once(void **state)
{
    struct scene scene = begin(state);

    for (uint64_t id = 1; id <= 3; id++) {
        fixture_send(scene.fixture, scene.peer, id, CALL_PUT, scene.key, "a", 42);
        Gj__V1__Reply *reply = fixture_reply(scene.fixture, scene.peer, id);
        Gj__V1__Written *written = written_of(reply);

        assert_int_equal(written->event, 1);
        assert_int_equal(written->id, 42);
        assert_int_equal(written->revision, 1);
        assert_string_equal(written->state, "there");
        assert_int_equal(written->repeated, id > 1);
        gj__v1__written__free_unpacked(written, NULL);
        fixture_free_reply(reply);
    }
    assert_int_equal(fixture_number(scene.fixture, "a"), 1);
    assert_int_equal(fixture_events(scene.fixture), 2);
    end(&scene);
}

/* Both are in one batch: the second is known although the first is not committed yet. */
static void test_the_same_key_twice_at_once(void **state)
{
    struct scene scene = begin(state);

    fixture_send(scene.fixture, scene.peer, 1, CALL_PUT, scene.key, "a", 5);
    fixture_send(scene.fixture, scene.peer, 2, CALL_PUT, scene.key, "a", 5);
    expect(&scene, 1, GJ__V1__STATUS__OK, NULL);
    expect(&scene, 2, GJ__V1__STATUS__OK, NULL);
    assert_int_equal(fixture_number(scene.fixture, "a"), 1);
    end(&scene);
}

static void test_a_key_belongs_to_its_device(void **state)
{
    struct scene scene = begin(state);
    struct fake_peer *other = fixture_peer(scene.fixture, 1, fixture_device(scene.fixture, 7));

    fixture_send(scene.fixture, scene.peer, 1, CALL_PUT, scene.key, "a", 5);
    expect(&scene, 1, GJ__V1__STATUS__OK, NULL);
    fixture_send(scene.fixture, other, 1, CALL_PUT, scene.key, "a", 5);
    fixture_free_reply(fixture_reply(scene.fixture, other, 1));
    assert_int_equal(fixture_number(scene.fixture, "a"), 2);
    fixture_peer_gone(scene.fixture, other);
    end(&scene);
}

static void test_a_refusal_is_kept(void **state)
{
    struct scene scene = begin(state);

    for (uint64_t id = 1; id <= 2; id++) {
        fixture_send(scene.fixture, scene.peer, id, CALL_REFUSE, scene.key, "because", 5);
        Gj__V1__Reply *reply = fixture_reply(scene.fixture, scene.peer, id);

        assert_int_equal(reply->status, GJ__V1__STATUS__REFUSED);
        assert_string_equal(reply->refusal->code, "test.no");
        assert_string_equal(reply->refusal->field, "field");
        assert_int_equal(reply->refusal->n_params, 1);
        assert_string_equal(reply->refusal->params[0], "because");
        fixture_free_reply(reply);
    }
    assert_int_equal(fixture_events(scene.fixture), 1);
    end(&scene);
}

static void test_a_conflict_brings_the_record(void **state)
{
    struct scene scene = begin(state);

    for (uint64_t id = 1; id <= 2; id++) {
        fixture_send(scene.fixture, scene.peer, id, CALL_CONFLICT, scene.key, "now", 5);
        Gj__V1__Reply *reply = fixture_reply(scene.fixture, scene.peer, id);

        assert_int_equal(reply->status, GJ__V1__STATUS__CONFLICT);
        Gj__V1__Page *page = gj__v1__page__unpack(NULL, reply->body.len, reply->body.data);
        assert_int_equal(page->cursor.len, 3);
        gj__v1__page__free_unpacked(page, NULL);
        fixture_free_reply(reply);
    }
    end(&scene);
}

/* Commands before and after it in the batch are kept, of itself nothing is. */
static void test_a_command_that_breaks_harms_nobody_else(void **state)
{
    struct scene scene = begin(state);

    for (uint32_t i = 0; i < 9; i++) {
        uint8_t key[16];

        fixture_key(scene.fixture, 100 + i, key);
        fixture_send(
            scene.fixture, scene.peer, i + 1, i == 4 ? CALL_BREAK : CALL_PUT, key, i == 4 ? "broken" : "good", 5);
    }
    for (uint64_t id = 1; id <= 9; id++) {
        expect(&scene, id, id == 5 ? GJ__V1__STATUS__INTERNAL : GJ__V1__STATUS__OK, NULL);
    }
    assert_int_equal(fixture_number(scene.fixture, "good"), 8);
    assert_int_equal(fixture_number(scene.fixture, "broken"), 0);
    assert_int_equal(fixture_events(scene.fixture), 9);
    end(&scene);
}

static void test_follow_ons_are_one_with_their_command(void **state)
{
    struct scene scene = begin(state);

    fixture_send(scene.fixture, scene.peer, 1, CALL_FOLLOW, scene.key, "f", 5);
    expect(&scene, 1, GJ__V1__STATUS__OK, NULL);
    assert_int_equal(fixture_number(scene.fixture, "f.0"), 1);
    assert_int_equal(fixture_number(scene.fixture, "f.1"), 1);
    assert_int_equal(fixture_number(scene.fixture, "f.2"), 0); /* refused, which changes nothing else */
    assert_int_equal(fixture_number(scene.fixture, "f.4"), 1);
    assert_int_equal(fixture_events(scene.fixture), 1 + 5);
    end(&scene);
}

static void test_too_many_or_too_deep_is_undone(void **state)
{
    struct scene scene = begin(state);
    uint8_t other[16];

    fixture_send(scene.fixture, scene.peer, 1, CALL_FOLLOW, scene.key, "many", 17);
    expect(&scene, 1, GJ__V1__STATUS__REFUSED, "apply.too_deep");
    fixture_key(scene.fixture, 2, other);
    fixture_send(scene.fixture, scene.peer, 2, CALL_DEEP, other, "deep", 1);
    expect(&scene, 2, GJ__V1__STATUS__REFUSED, "apply.too_deep");
    assert_int_equal(fixture_number(scene.fixture, "many"), 0);
    assert_int_equal(fixture_number(scene.fixture, "deep"), 0);
    assert_int_equal(fixture_events(scene.fixture), 1);
    end(&scene);
}

static void test_a_deferred_call_goes_on(void **state)
{
    struct scene scene = begin(state);

    fixture_send(scene.fixture, scene.peer, 1, CALL_LATER, scene.key, "later", 3);
    assert_int_equal(gj_router_open(scene.fixture->core.router), 1);
    expect(&scene, 1, GJ__V1__STATUS__OK, NULL);
    assert_int_equal(fixture_number(scene.fixture, "later"), 1);
    assert_int_equal(gj_router_open(scene.fixture->core.router), 0);
    end(&scene);
}

static void test_a_caller_who_has_gone_is_no_error(void **state)
{
    struct scene scene = begin(state);

    fixture_send(scene.fixture, scene.peer, 1, CALL_LATER, scene.key, "later", 3);
    end(&scene);
    fixture_run(scene.fixture, 300);
    assert_int_equal(fixture_number(scene.fixture, "later"), 1);
    assert_int_equal(gj_router_open(scene.fixture->core.router), 0);
}

static void test_a_logged_read_writes_first(void **state)
{
    struct scene scene = begin(state);

    for (uint64_t id = 1; id <= 2; id++) {
        fixture_send(scene.fixture, scene.peer, id, CALL_LOGGED, NULL, "log", 3);
        Gj__V1__Reply *reply = fixture_reply(scene.fixture, scene.peer, id);
        Gj__V1__Page *page = gj__v1__page__unpack(NULL, reply->body.len, reply->body.data);

        assert_int_equal(page->limit, id);
        gj__v1__page__free_unpacked(page, NULL);
        fixture_free_reply(reply);
    }
    end(&scene);
}

static void test_keys_outside_the_window(void **state)
{
    struct scene scene = begin(state);
    uint8_t old[16];
    uint8_t early[16];

    fixture_key(scene.fixture, 1, old);
    gj_clock_advance(&scene.fixture->clock, GJ_SEEN_WINDOW_MS + 1);
    fixture_send(scene.fixture, scene.peer, 1, CALL_PUT, old, "a", 5);
    expect(&scene, 1, GJ__V1__STATUS__EXPIRED, "request_key.expired");
    struct fixture ahead = {.clock = scene.fixture->clock};
    gj_clock_advance(&ahead.clock, GJ_SEEN_FUTURE_MS + 5);
    fixture_key(&ahead, 1, early);
    fixture_send(scene.fixture, scene.peer, 2, CALL_PUT, early, "a", 5);
    expect(&scene, 2, GJ__V1__STATUS__INVALID, "request_key.future");
    fixture_send(scene.fixture, scene.peer, 3, CALL_PUT, NULL, "a", 5);
    expect(&scene, 3, GJ__V1__STATUS__INVALID, "request_key.missing");
    assert_int_equal(fixture_number(scene.fixture, "a"), 0);
    end(&scene);
}

static void test_who_may_call_what(void **state)
{
    struct scene scene = begin(state);
    struct fake_peer *nobody = fixture_peer(scene.fixture, 0, 1);

    fixture_send(scene.fixture, nobody, 1, CALL_OPEN, NULL, "a", 0);
    Gj__V1__Reply *reply = fixture_reply(scene.fixture, nobody, 1);
    assert_int_equal(reply->status, GJ__V1__STATUS__OK);
    fixture_free_reply(reply);
    fixture_send(scene.fixture, nobody, 2, CALL_READ, NULL, "a", 0);
    reply = fixture_reply(scene.fixture, nobody, 2);
    assert_int_equal(reply->status, GJ__V1__STATUS__UNAUTHENTICATED);
    fixture_free_reply(reply);
    fixture_send(scene.fixture, scene.peer, 3, CALL_SYSTEM, scene.key, "a", 0);
    expect(&scene, 3, GJ__V1__STATUS__UNIMPLEMENTED, "call.unknown");
    fixture_send(scene.fixture, scene.peer, 4, 0x20FF, scene.key, "a", 0);
    expect(&scene, 4, GJ__V1__STATUS__UNIMPLEMENTED, "call.unknown");
    fixture_send(scene.fixture, scene.peer, 5, 0x12001, scene.key, "a", 0);
    expect(&scene, 5, GJ__V1__STATUS__UNIMPLEMENTED, "call.unknown");
    fixture_peer_gone(scene.fixture, nobody);
    end(&scene);
}

static void test_a_stopping_daemon_takes_no_writes(void **state)
{
    struct scene scene = begin(state);

    gj_router_stop(scene.fixture->core.router);
    fixture_send(scene.fixture, scene.peer, 1, CALL_PUT, scene.key, "a", 5);
    expect(&scene, 1, GJ__V1__STATUS__UNAVAILABLE, "daemon.stopping");
    fixture_send(scene.fixture, scene.peer, 2, CALL_READ, NULL, "a", 5);
    expect(&scene, 2, GJ__V1__STATUS__OK, NULL);
    end(&scene);
}

static void test_many_commands_share_commits(void **state)
{
    struct scene scene = begin(state);
    struct gj_commit_figures figures;

    for (uint32_t i = 0; i < 200; i++) {
        uint8_t key[16];

        fixture_key(scene.fixture, i, key);
        fixture_send(scene.fixture, scene.peer, i + 1, CALL_PUT, key, "a", i + 1);
    }
    for (uint64_t id = 1; id <= 200; id++) {
        expect(&scene, id, GJ__V1__STATUS__OK, NULL);
    }
    gj_commit_figures(scene.fixture->core.commit, &figures);
    assert_int_equal(figures.commands, 200);
    assert_true(figures.batches < 200);
    assert_int_equal(fixture_number(scene.fixture, "a"), 200);
    end(&scene);
}

static void test_the_sweep_removes_what_the_window_left_behind(void **state)
{
    struct scene scene = begin(state);
    Gj__V1__Empty none = GJ__V1__EMPTY__INIT;

    fixture_send(scene.fixture, scene.peer, 1, CALL_PUT, scene.key, "a", 5);
    expect(&scene, 1, GJ__V1__STATUS__OK, NULL);
    gj_clock_advance(&scene.fixture->clock, GJ_SEEN_WINDOW_MS + 60000);
    uint8_t fresh[16];
    fixture_key(scene.fixture, 2, fresh);
    fixture_send(scene.fixture, scene.peer, 2, CALL_PUT, fresh, "a", 5);
    expect(&scene, 2, GJ__V1__STATUS__OK, NULL);
    assert_int_equal(gj_commit_system(&scene.fixture->core, GJ__V1__CALL__SYSTEM_SWEEP, &none.base, NULL, NULL), GJ_OK);
    fixture_run(scene.fixture, 100);
    struct gj_txn *txn = NULL;
    assert_int_equal(gj_txn_begin_read(scene.fixture->core.store, &txn), GJ_OK);
    assert_int_equal(gj_txn_count(txn, GJ_TABLE_SEEN), 1);
    gj_txn_abort(txn);
    end(&scene);
}

#ifdef GJ_FAULTS
/* Whatever step of a write fails, it is kept whole or not at all, and the next try with the same key has it done once.
 */
static uint64_t fail_every(struct scene *scene, const char *prefix, uint32_t keys_from)
{
    bool fired = true;
    uint64_t failures = 0;

    for (uint64_t nth = 1; fired; nth++) {
        uint64_t events = fixture_events(scene->fixture);
        uint64_t before = fixture_number(scene->fixture, "step");
        uint8_t key[16];

        fixture_key(scene->fixture, keys_from + (uint32_t)nth, key);
        gj_fail_arm(prefix, nth, false);
        if (fixture_try(scene->fixture, scene->peer, nth, CALL_PUT, key, "step", 9) != GJ_OK) {
            fired = gj_fail_disarm();
            continue; /* no room for the envelope: the channel would be closed */
        }
        Gj__V1__Reply *reply = fixture_reply(scene->fixture, scene->peer, nth);
        fired = gj_fail_disarm();
        failures += reply->status != GJ__V1__STATUS__OK;
        bool kept = fixture_number(scene->fixture, "step") != before;
        assert_int_equal(fixture_events(scene->fixture), events + kept);
        assert_true(kept || reply->status != GJ__V1__STATUS__OK);
        fixture_free_reply(reply);
        /* Whatever it was told, a client that asks again with the same key has it done once. */
        fixture_send(scene->fixture, scene->peer, nth, CALL_PUT, key, "step", 9);
        expect(scene, nth, GJ__V1__STATUS__OK, NULL);
        assert_int_equal(fixture_number(scene->fixture, "step"), before + 1);
        assert_int_equal(fixture_events(scene->fixture), events + 1);
        assert_false(scene->fixture->fatal);
        assert_true(nth < 500);
    }
    return failures;
}

static void test_every_step_fails_once(void **state)
{
    struct scene scene = begin(state);

    assert_true(fail_every(&scene, "txn.put", 1000) > 0);
    assert_true(fail_every(&scene, "txn.begin", 2000) > 0);
    assert_true(fail_every(&scene, "arena.", 3000) > 0);
    end(&scene);
}

/* A disk that fails in the commit: nobody is told anything, the daemon ends, and a restart serves what was
 * acknowledged. */
static void test_a_failed_sync_ends_the_daemon(void **state)
{
    struct scene scene = begin(state);
    uint8_t key[16];

    fixture_send(scene.fixture, scene.peer, 1, CALL_PUT, scene.key, "kept", 9);
    expect(&scene, 1, GJ__V1__STATUS__OK, NULL);
    gj_fail_arm("txn.sync", 1, false);
    fixture_key(scene.fixture, 2, key);
    fixture_send(scene.fixture, scene.peer, 2, CALL_PUT, key, "unknown", 9);
    fixture_run(scene.fixture, 200);
    assert_true(gj_fail_disarm());
    assert_true(scene.fixture->fatal);
    assert_int_equal(scene.peer->out.len, 0);
    end(&scene);
    fixture_restart(scene.fixture);
    assert_int_equal(fixture_number(scene.fixture, "kept"), 1);
}
#endif

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_write_and_read),
        TEST(test_the_same_key_is_done_once),
        TEST(test_the_same_key_twice_at_once),
        TEST(test_a_key_belongs_to_its_device),
        TEST(test_a_refusal_is_kept),
        TEST(test_a_conflict_brings_the_record),
        TEST(test_a_command_that_breaks_harms_nobody_else),
        TEST(test_follow_ons_are_one_with_their_command),
        TEST(test_too_many_or_too_deep_is_undone),
        TEST(test_a_deferred_call_goes_on),
        TEST(test_a_caller_who_has_gone_is_no_error),
        TEST(test_a_logged_read_writes_first),
        TEST(test_keys_outside_the_window),
        TEST(test_who_may_call_what),
        TEST(test_a_stopping_daemon_takes_no_writes),
        TEST(test_many_commands_share_commits),
        TEST(test_the_sweep_removes_what_the_window_left_behind),
#ifdef GJ_FAULTS
        TEST(test_every_step_fails_once),
        TEST(test_a_failed_sync_ends_the_daemon),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
