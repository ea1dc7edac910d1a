/* client/lib/outbox.c, outbox_file.c, outbox_send.c: nothing acknowledged is lost, whatever fails. */
#include "client/fake_server.h"
#include "client/lib/session_file.h"
#include "common/fail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define USER 77
#define CALL GJ__V1__CALL__RECORD_ACT

struct world {
    char dir[64];
    char path[128];
    struct guanjia_profile profile;
    struct fake_server server;
    uv_loop_t loop;
};

static int setup(void **state)
{
    static struct world world;
    memset(&world, 0, sizeof world);
    fake_profile(&world.server, world.dir, &world.profile);
    snprintf(world.path, sizeof world.path, "%s/outbox/%d", world.dir, USER);
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    fake_remove(((struct world *)*state)->dir);
    return 0;
}

static guanjia_outbox *open_box(struct world *world)
{
    guanjia_outbox *box = NULL;
    struct guanjia_fault fault = {0};
    assert_int_equal(guanjia_outbox_open(world->dir, USER, &box, &fault), GUANJIA_OK);
    return box;
}

static void add(guanjia_outbox *box, const char *body, const uint8_t *after, uint8_t key[16])
{
    assert_int_equal(guanjia_outbox_add(box, CALL, body, strlen(body), after, "报修 到场", key), GUANJIA_OK);
}

static void test_items_survive_in_order(void **state)
{
    struct world *world = *state;
    uint8_t keys[3][16];
    guanjia_outbox *box = open_box(world);
    add(box, "one", NULL, keys[0]);
    add(box, "two", keys[0], keys[1]);
    add(box, "", NULL, keys[2]);
    guanjia_outbox_close(box);
    box = open_box(world);
    assert_int_equal(guanjia_outbox_count(box), 3);
    const struct guanjia_item *second = guanjia_outbox_at(box, 1);
    assert_memory_equal(second->key, keys[1], 16);
    assert_memory_equal(second->after, keys[0], 16);
    assert_int_equal(second->call, CALL);
    assert_int_equal(second->body_len, 3);
    assert_memory_equal(second->body, "two", 3);
    assert_string_equal(second->title, "报修 到场");
    assert_int_equal(second->state, GUANJIA_ITEM_WAITING);
    assert_true(second->made_at > INT64_C(1600000000000));
    assert_int_equal(guanjia_outbox_at(box, 2)->body_len, 0);
    assert_null(guanjia_outbox_at(box, 3));
    assert_ptr_equal(guanjia_outbox_find(box, keys[1]), second);
    guanjia_outbox_close(box);
}

static void test_reads_and_long_texts_are_refused(void **state)
{
    struct world *world = *state;
    uint8_t key[16];
    char title[1000];
    guanjia_outbox *box = open_box(world);
    memset(title, 'x', sizeof title - 1);
    title[sizeof title - 1] = '\0';
    assert_int_equal(guanjia_outbox_add(box, GJ__V1__CALL__RECORD_LIST, "", 0, NULL, "", key), GUANJIA_EINVAL);
    assert_int_equal(guanjia_outbox_add(box, CALL, "", 0, NULL, title, key), GUANJIA_EINVAL);
    assert_int_equal(guanjia_outbox_add(box, CALL, "", 70000, NULL, "", key), GUANJIA_ETOOBIG);
    assert_int_equal(guanjia_outbox_count(box), 0);
    guanjia_outbox_close(box);
}

static void test_one_process_at_a_time(void **state)
{
    struct world *world = *state;
    guanjia_outbox *box = open_box(world);
    guanjia_outbox *second = NULL;
    assert_int_equal(guanjia_outbox_open(world->dir, USER, &second, NULL), GUANJIA_EBUSY);
    guanjia_outbox_close(box);
    guanjia_outbox_close(open_box(world));
}

static void test_another_user_or_device_cannot_open_it(void **state)
{
    struct world *world = *state;
    uint8_t key[16];
    char other[160];
    guanjia_outbox *box = open_box(world);
    guanjia_outbox *second = NULL;
    add(box, "secret of one user", NULL, key);
    guanjia_outbox_close(box);
    snprintf(other, sizeof other, "%s/outbox/78", world->dir);
    assert_int_equal(rename(world->path, other), 0);
    assert_int_equal(guanjia_outbox_open(world->dir, 78, &second, NULL), GUANJIA_ECORRUPT);
    assert_int_equal(rename(other, world->path), 0);
    world->profile.device = 6;
    assert_int_equal(guanjia_profile_save(&world->profile, NULL), GUANJIA_OK);
    assert_int_equal(guanjia_outbox_open(world->dir, USER, &second, NULL), GUANJIA_ECORRUPT);
}

static size_t file_size(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (size_t)st.st_size : 0;
}

static uint8_t *read_file(const char *path, size_t *len)
{
    *len = file_size(path);
    uint8_t *bytes = malloc(*len + 1);
    FILE *in = fopen(path, "rb");
    assert_int_equal(fread(bytes, 1, *len, in), *len);
    fclose(in);
    return bytes;
}

static void write_file(const char *path, const uint8_t *bytes, size_t len)
{
    FILE *out = fopen(path, "wb");
    assert_int_equal(fwrite(bytes, 1, len, out), len);
    fclose(out);
}

static void test_no_plaintext_on_the_disk(void **state)
{
    struct world *world = *state;
    uint8_t key[16];
    size_t len;
    guanjia_outbox *box = open_box(world);
    add(box, "13800138000 李女士", NULL, key);
    guanjia_outbox_close(box);
    uint8_t *bytes = read_file(world->path, &len);
    assert_null(memmem(bytes, len, "13800138000", 11));
    assert_null(memmem(bytes, len, "李女士", strlen("李女士")));
    assert_null(memmem(bytes, len, "报修", strlen("报修")));
    assert_null(memmem(bytes, len, key, sizeof key));
    free(bytes);
    struct stat st;
    assert_int_equal(stat(world->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

/* A power cut leaves any prefix of the last append: what was acknowledged before is there, and nothing else. */
static void test_every_torn_end_is_cut_off(void **state)
{
    struct world *world = *state;
    uint8_t key[16];
    size_t whole;
    guanjia_outbox *box = open_box(world);
    add(box, "kept", NULL, key);
    guanjia_outbox_close(box);
    size_t kept = file_size(world->path);
    box = open_box(world);
    add(box, "torn", NULL, key);
    guanjia_outbox_close(box);
    uint8_t *bytes = read_file(world->path, &whole);
    for (size_t len = kept; len < whole; len++) {
        write_file(world->path, bytes, len);
        box = open_box(world);
        assert_int_equal(guanjia_outbox_count(box), 1);
        guanjia_outbox_close(box);
        assert_int_equal(file_size(world->path), kept);
    }
    /* The size may have grown before the bytes arrived. */
    uint8_t *zeros = calloc(1, whole);
    memcpy(zeros, bytes, kept + 9);
    write_file(world->path, zeros, whole);
    box = open_box(world);
    assert_int_equal(guanjia_outbox_count(box), 1);
    add(box, "after the cut", NULL, key);
    guanjia_outbox_close(box);
    box = open_box(world);
    assert_int_equal(guanjia_outbox_count(box), 2);
    guanjia_outbox_close(box);
    free(zeros);
    free(bytes);
}

static void test_damage_before_the_end_is_told(void **state)
{
    struct world *world = *state;
    uint8_t key[16];
    size_t whole;
    guanjia_outbox *box = open_box(world);
    guanjia_outbox *second = NULL;
    add(box, "first", NULL, key);
    size_t first_end = file_size(world->path);
    add(box, "second", NULL, key);
    guanjia_outbox_close(box);
    uint8_t *bytes = read_file(world->path, &whole);
    for (size_t at = 0; at < first_end; at++) {
        bytes[at] ^= 0x40;
        write_file(world->path, bytes, whole);
        assert_int_equal(guanjia_outbox_open(world->dir, USER, &second, NULL), GUANJIA_ECORRUPT);
        assert_int_equal(file_size(world->path), whole);
        bytes[at] ^= 0x40;
    }
    free(bytes);
}

/* Every write, sync and undo fails once; then also once and for ever. */
static void test_a_failed_add_leaves_everything_as_it_was(void **state)
{
    struct world *world = *state;
    for (int persistent = 0; persistent < 2; persistent++) {
        bool fired = true;
        for (uint64_t nth = 1; fired; nth++) {
            uint8_t key[16];
            guanjia_outbox *box = open_box(world);
            size_t before = guanjia_outbox_count(box);
            gj_fail_arm("outbox.", nth, persistent != 0);
            enum guanjia_err err = guanjia_outbox_add(box, CALL, "body", 4, NULL, "title", key);
            fired = gj_fail_disarm();
            assert_true(fired ? err == GUANJIA_EIO || err == GUANJIA_ENOSPC : err == GUANJIA_OK);
            assert_int_equal(guanjia_outbox_count(box), before + (err == GUANJIA_OK));
            guanjia_outbox_close(box);
            box = open_box(world);
            assert_int_equal(guanjia_outbox_count(box), before + (err == GUANJIA_OK));
            guanjia_outbox_close(box);
            assert_true(nth < 20);
        }
    }
}

static void test_opening_survives_failures(void **state)
{
    struct world *world = *state;
    uint8_t key[16];
    bool fired = true;
    guanjia_outbox *box = open_box(world);
    add(box, "one", NULL, key);
    guanjia_outbox_close(box);
    for (uint64_t nth = 1; fired; nth++) {
        box = NULL;
        gj_fail_arm("outbox.", nth, false);
        enum guanjia_err err = guanjia_outbox_open(world->dir, USER, &box, NULL);
        fired = gj_fail_disarm();
        assert_int_equal(err == GUANJIA_OK, box != NULL);
        guanjia_outbox_close(box);
        box = open_box(world);
        assert_int_equal(guanjia_outbox_count(box), 1);
        guanjia_outbox_close(box);
        assert_true(nth < 20);
    }
}

/* ---- sending ----------------------------------------------------------------------------------------------------- */

struct sending {
    struct world *world;
    guanjia_client *client;
    unsigned received;
    char bodies[16][16];
    int status[16]; /* per request, in order of arrival */
    unsigned done;
    enum guanjia_err err;
    size_t sent;
    size_t rejected;
    bool closed;
};

static void on_request(void *arg, struct fake_peer *peer, const Gj__V1__Request *request)
{
    struct sending *sending = arg;
    unsigned n = sending->received < 15 ? sending->received : 15; /* the last entry of the script goes on */
    sending->received++;
    snprintf(sending->bodies[n], 16, "%.*s", (int)request->body.len, (const char *)request->body.data);
    if (sending->status[n] == GUANJIA_S_OK) {
        fake_written(peer, request->id, n + 1);
    } else if (sending->status[n] > 0) {
        fake_refuse(peer, request->id, sending->status[n], "some.rule", "some_field", 5);
    } else {
        fake_server_cut(&sending->world->server);
    }
}

static void on_done(void *arg, enum guanjia_err err, size_t sent, size_t rejected)
{
    struct sending *sending = arg;
    sending->done++;
    sending->err = err;
    sending->sent = sent;
    sending->rejected = rejected;
}

static void on_closed(void *arg)
{
    ((struct sending *)arg)->closed = true;
}

static void run_box(struct world *world, guanjia_outbox *box, struct sending *sending, uint32_t timeout_ms)
{
    struct fake_server *server = &world->server;
    struct guanjia_options options = {.loop = &world->loop, .backoff_min_ms = 5, .backoff_max_ms = 20};
    uv_loop_init(&world->loop);
    memset(server, 0, sizeof *server);
    server->on_request = on_request;
    server->arg = sending;
    sending->world = world;
    fake_server_start(server, &world->loop);
    snprintf(world->profile.address, sizeof world->profile.address, "127.0.0.1:%d", server->port);
    memcpy(world->profile.cluster_id, server->side.cluster_id, 16);
    memcpy(world->profile.server_key, server->key.public_key, 32);
    assert_int_equal(guanjia_profile_save(&world->profile, NULL), GUANJIA_OK);
    assert_int_equal(guanjia_client_open(world->dir, &options, &sending->client, NULL), GUANJIA_OK);
    assert_int_equal(guanjia_client_start(sending->client), GUANJIA_OK);
    const struct guanjia_outbox_run run = {.on_done = on_done, .arg = sending, .timeout_ms = timeout_ms};
    assert_int_equal(guanjia_outbox_send(box, sending->client, &run), GUANJIA_OK);
    assert_int_equal(guanjia_outbox_send(box, sending->client, &run), sending->done ? GUANJIA_OK : GUANJIA_EBUSY);
    while (sending->done == 0) {
        uv_run(&world->loop, UV_RUN_ONCE);
    }
    guanjia_client_close(sending->client, on_closed, sending);
    while (!sending->closed) {
        uv_run(&world->loop, UV_RUN_ONCE);
    }
    fake_server_end(server);
    assert_int_equal(uv_loop_close(&world->loop), 0);
}

static void test_sending_goes_in_order_and_forgets_what_is_done(void **state)
{
    struct world *world = *state;
    uint8_t key[16];
    /* The second request's answer is lost: it is asked again, the third has to wait. */
    struct sending sending = {.status = {GUANJIA_S_OK, -1, GUANJIA_S_OK, GUANJIA_S_OK}};
    guanjia_outbox *box = open_box(world);
    add(box, "a", NULL, key);
    add(box, "b", NULL, key);
    add(box, "c", NULL, key);
    run_box(world, box, &sending, 5000);
    assert_int_equal(sending.err, GUANJIA_OK);
    assert_int_equal(sending.sent, 3);
    assert_int_equal(sending.received, 4);
    assert_string_equal(sending.bodies[0], "a");
    assert_string_equal(sending.bodies[1], "b");
    assert_string_equal(sending.bodies[2], "b");
    assert_string_equal(sending.bodies[3], "c");
    assert_int_equal(guanjia_outbox_count(box), 0);
    guanjia_outbox_close(box);
    box = open_box(world);
    assert_int_equal(guanjia_outbox_count(box), 0);
    guanjia_outbox_close(box);
}

static void test_a_rejected_item_stays_and_takes_its_followers_along(void **state)
{
    struct world *world = *state;
    uint8_t keys[4][16];
    struct sending sending = {.status = {GUANJIA_S_CONFLICT, GUANJIA_S_OK}};
    guanjia_outbox *box = open_box(world);
    add(box, "a", NULL, keys[0]);
    add(box, "a2", keys[0], keys[1]);
    add(box, "a3", keys[1], keys[2]);
    add(box, "b", NULL, keys[3]);
    run_box(world, box, &sending, 5000);
    assert_int_equal(sending.sent, 1);
    assert_int_equal(sending.rejected, 3);
    assert_int_equal(sending.received, 2);
    assert_string_equal(sending.bodies[1], "b");
    guanjia_outbox_close(box);
    box = open_box(world);
    assert_int_equal(guanjia_outbox_count(box), 3);
    const struct guanjia_item *first = guanjia_outbox_at(box, 0);
    assert_int_equal(first->state, GUANJIA_ITEM_REJECTED);
    assert_int_equal(first->status, GUANJIA_S_CONFLICT);
    assert_string_equal(first->code, "some.rule");
    assert_string_equal(first->field, "some_field");
    assert_string_equal(guanjia_outbox_at(box, 2)->code, "outbox.predecessor");
    /* Never dropped before somebody has seen it. */
    assert_int_equal(guanjia_outbox_drop(box, keys[0]), GUANJIA_EINVAL);
    assert_int_equal(guanjia_outbox_shown(box, keys[0]), GUANJIA_OK);
    assert_int_equal(guanjia_outbox_drop(box, keys[1]), GUANJIA_EINVAL);
    guanjia_outbox_close(box);
    box = open_box(world);
    assert_true(guanjia_outbox_at(box, 0)->shown);
    assert_int_equal(guanjia_outbox_drop(box, keys[0]), GUANJIA_OK);
    assert_int_equal(guanjia_outbox_drop(box, keys[0]), GUANJIA_ENOTFOUND);
    assert_int_equal(guanjia_outbox_retry(box, keys[1]), GUANJIA_OK);
    assert_int_equal(guanjia_outbox_retry(box, keys[1]), GUANJIA_EINVAL);
    guanjia_outbox_close(box);
    box = open_box(world);
    assert_int_equal(guanjia_outbox_count(box), 2);
    assert_int_equal(guanjia_outbox_at(box, 0)->state, GUANJIA_ITEM_WAITING);
    assert_memory_equal(guanjia_outbox_at(box, 0)->key, keys[1], 16);
    guanjia_outbox_close(box);
}

static void test_what_may_pass_keeps_waiting(void **state)
{
    static const int passing[] = {GUANJIA_S_UNAUTHENTICATED, GUANJIA_S_INTERNAL, GUANJIA_S_BUSY, GUANJIA_S_UNAVAILABLE};
    struct world *world = *state;
    for (size_t n = 0; n < 4; n++) {
        uint8_t key[16];
        struct sending sending = {0};
        for (size_t r = 0; r < 16; r++) {
            sending.status[r] = passing[n];
        }
        guanjia_outbox *box = open_box(world);
        if (guanjia_outbox_count(box) == 0) {
            add(box, "a", NULL, key);
        }
        run_box(world, box, &sending, 60);
        assert_int_equal(sending.sent + sending.rejected, 0);
        assert_int_equal(guanjia_outbox_at(box, 0)->state, GUANJIA_ITEM_WAITING);
        guanjia_outbox_close(box);
    }
}

static void test_nothing_goes_out_in_a_wrong_name(void **state)
{
    struct world *world = *state;
    uint8_t key[16];
    struct session_file session = {.user = USER + 1, .expires_at = 1, .name = "somebody else"};
    guanjia_client *client = NULL;
    const struct guanjia_outbox_run run = {0};
    assert_int_equal(session_file_write(world->dir, &session), GUANJIA_OK);
    guanjia_outbox *box = open_box(world);
    add(box, "a", NULL, key);
    assert_int_equal(guanjia_client_open(world->dir, NULL, &client, NULL), GUANJIA_OK);
    assert_int_equal(guanjia_outbox_send(box, client, &run), GUANJIA_EDENIED);
    guanjia_client_close(client, NULL, NULL);
    guanjia_outbox_close(box);
}

/* Many items pass through, and the file does not grow for ever. */
static void test_a_long_queue_fits_and_the_file_shrinks(void **state)
{
    struct world *world = *state;
    uint8_t first[16];
    uint8_t key[16];
    struct sending sending = {.status = {GUANJIA_S_REFUSED}};
    guanjia_outbox *box = open_box(world);
    add(box, "an act that will be refused", NULL, first);
    for (int n = 0; n < 600; n++) {
        add(box, "a follower of some sixty bytes, which falls with its predecessor", first, key);
    }
    guanjia_outbox_close(box);
    box = open_box(world);
    assert_int_equal(guanjia_outbox_count(box), 601);
    run_box(world, box, &sending, 5000);
    assert_int_equal(sending.received, 1);
    assert_int_equal(sending.rejected, 601);
    while (guanjia_outbox_count(box) > 0) {
        memcpy(key, guanjia_outbox_at(box, 0)->key, sizeof key);
        assert_int_equal(guanjia_outbox_shown(box, key), GUANJIA_OK);
        assert_int_equal(guanjia_outbox_drop(box, key), GUANJIA_OK);
    }
    add(box, "new", NULL, key);
    size_t before = file_size(world->path);
    guanjia_outbox_close(box);
    for (uint64_t nth = 1; nth < 6; nth++) {
        /* A rewrite that fails anywhere leaves one of the two files whole and in use. */
        gj_fail_arm("outbox.", nth, false);
        box = open_box(world);
        gj_fail_disarm();
        assert_int_equal(guanjia_outbox_count(box), 1);
        assert_memory_equal(guanjia_outbox_at(box, 0)->key, key, 16);
        guanjia_outbox_close(box);
    }
    box = open_box(world);
    assert_int_equal(guanjia_outbox_count(box), 1);
    guanjia_outbox_close(box);
    assert_true(file_size(world->path) < before / 100);
}

static void test_drafts_are_per_user_and_sealed(void **state)
{
    struct world *world = *state;
    uint8_t *bytes = NULL;
    size_t len = 0;
    char path[160];
    assert_int_equal(guanjia_draft_put(world->dir, 1, "intake", "张三的话", 12, NULL), GUANJIA_OK);
    assert_int_equal(guanjia_draft_put(world->dir, 2, "intake", "other", 5, NULL), GUANJIA_OK);
    assert_int_equal(guanjia_draft_get(world->dir, 1, "intake", &bytes, &len, NULL), GUANJIA_OK);
    assert_int_equal(len, 12);
    assert_memory_equal(bytes, "张三的话", 12);
    guanjia_free(bytes);
    snprintf(path, sizeof path, "%s/drafts/1/intake", world->dir);
    uint8_t *raw = read_file(path, &len);
    assert_null(memmem(raw, len, "张三", strlen("张三")));
    /* Copied into another user's folder it does not open. */
    snprintf(path, sizeof path, "%s/drafts/2/intake", world->dir);
    write_file(path, raw, len);
    free(raw);
    assert_int_equal(guanjia_draft_get(world->dir, 2, "intake", &bytes, &len, NULL), GUANJIA_ECORRUPT);
    assert_int_equal(guanjia_draft_get(world->dir, 1, "../1/intake", &bytes, &len, NULL), GUANJIA_EINVAL);
    assert_int_equal(guanjia_draft_drop(world->dir, 1, "intake"), GUANJIA_OK);
    assert_int_equal(guanjia_draft_drop(world->dir, 1, "intake"), GUANJIA_ENOTFOUND);
    assert_int_equal(guanjia_draft_get(world->dir, 1, "intake", &bytes, &len, NULL), GUANJIA_ENOTFOUND);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_items_survive_in_order),
        CASE(test_reads_and_long_texts_are_refused),
        CASE(test_one_process_at_a_time),
        CASE(test_another_user_or_device_cannot_open_it),
        CASE(test_no_plaintext_on_the_disk),
        CASE(test_every_torn_end_is_cut_off),
        CASE(test_damage_before_the_end_is_told),
        CASE(test_a_failed_add_leaves_everything_as_it_was),
        CASE(test_opening_survives_failures),
        CASE(test_sending_goes_in_order_and_forgets_what_is_done),
        CASE(test_a_rejected_item_stays_and_takes_its_followers_along),
        CASE(test_what_may_pass_keeps_waiting),
        CASE(test_nothing_goes_out_in_a_wrong_name),
        CASE(test_a_long_queue_fits_and_the_file_shrinks),
        CASE(test_drafts_are_per_user_and_sealed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
