/* What the log of commands promises: whatever step fails, and whenever the process ends, nothing that was acknowledged
 * is lost or done twice, and nothing that was refused comes true. */
#include "core/fixture.h"

#include <sodium.h>
#include <string.h>

#include "common/fail.h"
#include "core/log.h"
#include "core/policies.h"
#include "store/store.h"

struct scene {
    struct fixture *fixture;
    struct fake_peer *peer;
    uint64_t user, device;
};

static struct scene begin(void **state)
{
    struct scene scene = {.fixture = *state};

    scene.user = fixture_user(scene.fixture, "li", NULL, 0);
    scene.device = fixture_device(scene.fixture, 7);
    scene.peer = fixture_peer(scene.fixture, scene.user, scene.device);
    return scene;
}

static void end(struct scene *scene)
{
    fixture_peer_gone(scene->fixture, scene->peer);
}

static Gj__V1__Status put(struct scene *scene, uint32_t call, uint32_t n, const char *name)
{
    uint8_t key[16];

    fixture_key(scene->fixture, n, key);
    fixture_send(scene->fixture, scene->peer, n, call, key, name, 9);
    Gj__V1__Reply *reply = fixture_reply(scene->fixture, scene->peer, n);
    Gj__V1__Status status = reply->status;
    fixture_free_reply(reply);
    return status;
}

static void test_a_clean_stop_leaves_nothing_to_apply(void **state)
{
    struct scene scene = begin(state);

    for (uint32_t n = 1; n <= 20; n++) {
        assert_int_equal(put(&scene, CALL_PUT, n, "a"), GJ__V1__STATUS__OK);
    }
    end(&scene);
    fixture_restart(scene.fixture);
    assert_int_equal(scene.fixture->replayed.groups, 0);
    assert_int_equal(fixture_number(scene.fixture, "a"), 20);
}

#ifdef GJ_FAULTS
static void digest(struct scene *scene, uint8_t out[32])
{
    crypto_hash_sha256_state state;
    struct gj_txn *txn = NULL;

    assert_int_equal(gj_txn_begin_read(scene->fixture->core.store, &txn), GJ_OK);
    crypto_hash_sha256_init(&state);
    for (unsigned table = 0; table < GJ_TABLE_COUNT; table++) {
        struct gj_iter iter;

        gj_iter_range(&iter, txn, (enum gj_table)table, NULL, NULL, GJ_FORWARD);
        while (gj_iter_next(&iter)) {
            crypto_hash_sha256_update(&state, iter.key.data, iter.key.len);
            crypto_hash_sha256_update(&state, iter.value.data, iter.value.len);
        }
        gj_iter_close(&iter);
    }
    gj_txn_abort(txn);
    crypto_hash_sha256_final(&state, out);
}

/* The process ends without a checkpoint, as when it is killed. */
static void kill_and_restart(struct scene *scene)
{
    end(scene);
    gj_fail_arm("checkpoint.sync", 1, true);
    fixture_stop(scene->fixture);
    (void)gj_fail_disarm();
    fixture_start(scene->fixture);
    scene->peer = fixture_peer(scene->fixture, scene->user, scene->device);
}

static void test_after_a_kill_every_row_is_the_same(void **state)
{
    struct scene scene = begin(state);
    uint8_t before[32], after[32];

    for (uint32_t n = 1; n <= 300; n++) {
        uint32_t call = n % 7 == 0 ? CALL_REFUSE : CALL_PUT;
        assert_int_equal(put(&scene, call, n, n % 2 == 0 ? "even" : "odd"),
            call == CALL_PUT ? GJ__V1__STATUS__OK : GJ__V1__STATUS__REFUSED);
    }
    digest(&scene, before);
    kill_and_restart(&scene);
    assert_int_equal(scene.fixture->replayed.commands, 300);
    digest(&scene, after);
    assert_memory_equal(before, after, sizeof before);
    kill_and_restart(&scene); /* the second time there is nothing: applying ended with a checkpoint */
    assert_int_equal(scene.fixture->replayed.groups, 0);
    digest(&scene, after);
    assert_memory_equal(before, after, sizeof before);
    assert_int_equal(put(&scene, CALL_PUT, 1, "odd"), GJ__V1__STATUS__OK); /* asked again: answered, not done */
    assert_int_equal(put(&scene, CALL_REFUSE, 7, "odd"), GJ__V1__STATUS__REFUSED);
    digest(&scene, after);
    assert_memory_equal(before, after, sizeof before);
    end(&scene);
}

/* Main has no room for a group that the journal has: it was answered as not done, and must not come true later. */
static void test_what_was_answered_as_undone_stays_undone(void **state)
{
    struct scene scene = begin(state);

    assert_int_equal(put(&scene, CALL_PUT, 1, "a"), GJ__V1__STATUS__OK);
    gj_fail_arm("txn.commit", 1, false);
    assert_int_not_equal(put(&scene, CALL_PUT, 2, "b"), GJ__V1__STATUS__OK);
    assert_true(gj_fail_disarm());
    assert_int_equal(put(&scene, CALL_PUT, 3, "c"), GJ__V1__STATUS__OK);
    kill_and_restart(&scene);
    assert_int_equal(scene.fixture->replayed.groups, 2);
    assert_int_equal(fixture_number(scene.fixture, "a"), 1);
    assert_int_equal(fixture_number(scene.fixture, "b"), 0);
    assert_int_equal(fixture_number(scene.fixture, "c"), 1);
    /* The same when it was the last. */
    gj_fail_arm("txn.commit", 1, false);
    assert_int_not_equal(put(&scene, CALL_PUT, 4, "d"), GJ__V1__STATUS__OK);
    assert_true(gj_fail_disarm());
    kill_and_restart(&scene);
    assert_int_equal(fixture_number(scene.fixture, "d"), 0);
    assert_int_equal(put(&scene, CALL_PUT, 4, "d"), GJ__V1__STATUS__OK);
    kill_and_restart(&scene);
    assert_int_equal(fixture_number(scene.fixture, "d"), 1);
    end(&scene);
}

/* A step of making a command durable fails; the caller is told or the daemon ends. After a kill right then an
 * acknowledged command is there once, and one that is asked for again too. */
static unsigned fail_every(struct scene *scene, const char *prefix, uint32_t from)
{
    bool fired = true;
    unsigned failures = 0;

    for (uint32_t nth = 1; fired; nth++) {
        uint64_t before = fixture_number(scene->fixture, "step");
        uint8_t key[16];

        fixture_key(scene->fixture, from + nth, key);
        gj_fail_arm(prefix, nth, false);
        fixture_send(scene->fixture, scene->peer, nth, CALL_PUT, key, "step", 9);
        for (unsigned i = 0; i < 500 && scene->peer->out.len == 0 && !scene->fixture->fatal; i++) {
            fixture_run(scene->fixture, 2);
        }
        fired = gj_fail_disarm();
        bool told = scene->peer->out.len > 0;
        bool acknowledged = false;
        assert_true(told || scene->fixture->fatal);
        if (told) {
            Gj__V1__Reply *reply = fixture_reply(scene->fixture, scene->peer, nth);
            acknowledged = reply->status == GJ__V1__STATUS__OK;
            fixture_free_reply(reply);
        }
        failures += !acknowledged;
        kill_and_restart(scene);
        uint64_t now = fixture_number(scene->fixture, "step");
        assert_true(now == before + 1 || (now == before && !acknowledged));
        assert_true(!told || acknowledged || now == before); /* told that it was not done */
        assert_int_equal(put(scene, CALL_PUT, from + nth, "step"), GJ__V1__STATUS__OK);
        assert_int_equal(fixture_number(scene->fixture, "step"), before + 1);
        assert_true(nth < 100);
    }
    return failures;
}

static void test_every_step_of_becoming_durable_fails_once(void **state)
{
    static const char *const steps[] = {
        "journal.fill", "journal.make", "journal.write", "journal.sync", "txn.commit", "txn.sync", "checkpoint."};
    struct scene scene = begin(state);
    unsigned failures = 0;

    for (uint32_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        failures += fail_every(&scene, steps[i], (i + 1) * 1000);
    }
    assert_true(failures >= 5);
    end(&scene);
}
/* Opening with a journal that waits: whatever step of it fails, the next opening finds everything. */
static enum gj_err open_and_apply(struct fixture *fixture, uint64_t *commands)
{
    struct gj_core core = {.services = fixture->core.services};
    struct gj_store_options options = fixture_options(fixture, false);
    struct gj_log_replayed replayed = {0};
    struct gj_fault fault;
    enum gj_err err = gj_policies_new(&core.policies);

    if (err == GJ_OK) {
        err = gj_store_open(&options, &core.store, &fault);
    }
    if (err == GJ_OK) {
        core.vault = gj_store_vault(core.store);
        err = gj_command_log_replay(&core, &replayed, &fault);
    }
    *commands = replayed.commands;
    gj_store_close(core.store);
    gj_policies_free(core.policies);
    return err;
}

static void test_every_step_of_applying_again_fails_once(void **state)
{
    static const char *const steps[] = {"checkpoint.", "journal.", "group.", "txn.", "arena.", "store."};
    struct scene scene = begin(state);
    uint8_t before[32], after[32];
    unsigned failures = 0;
    uint32_t n = 0;

    for (unsigned i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        bool fired = true;

        for (uint64_t nth = 1; fired; nth += 1 + nth / 3) {
            uint64_t commands = 0;

            for (unsigned k = 0; k < 5; k++) {
                assert_int_equal(put(&scene, CALL_PUT, ++n, "a"), GJ__V1__STATUS__OK);
            }
            digest(&scene, before);
            end(&scene);
            gj_fail_arm("checkpoint.sync", 1, true);
            fixture_stop(scene.fixture);
            (void)gj_fail_disarm();
            gj_fail_arm(steps[i], nth, false);
            enum gj_err err = open_and_apply(scene.fixture, &commands);
            fired = gj_fail_disarm();
            assert_true(fired || (err == GJ_OK && commands == 5));
            failures += err != GJ_OK;
            fixture_start(scene.fixture);
            scene.peer = fixture_peer(scene.fixture, scene.user, scene.device);
            digest(&scene, after);
            assert_memory_equal(before, after, sizeof before);
        }
    }
    assert_true(failures >= 15);
    end(&scene);
}
#endif

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_clean_stop_leaves_nothing_to_apply),
#ifdef GJ_FAULTS
        TEST(test_after_a_kill_every_row_is_the_same),
        TEST(test_what_was_answered_as_undone_stays_undone),
        TEST(test_every_step_of_becoming_durable_fails_once),
        TEST(test_every_step_of_applying_again_fails_once),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
