#include "core/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/id.h"
#include "common/policy/policy.h"
#include "core/actor.h"
#include "core/backups.h"
#include "core/commit.h"
#include "core/due.h"
#include "core/fixture_calls.h"
#include "core/health.h"
#include "core/password.h"
#include "core/policies.h"
#include "core/push.h"
#include "core/router.h"
#include "store/record.h"
#include "store/store.h"
#include "store/stored.pb-c.h"

#define START_MS INT64_C(1767574800000)

static const struct gj_service *const services[] = {&fixture_service, &fixture_system, NULL};

/* ---- channels ---- */

static enum gj_err begin(struct gj_peer *peer, size_t len, uint8_t **out)
{
    struct fake_peer *fake = (struct fake_peer *)peer;

    if (peer->closing) {
        return GJ_ECLOSED;
    }
    if (len > GJ_BODY_MAX) {
        return GJ_ETOOBIG;
    }
    enum gj_err err = gj_buf_reserve(&fake->out, len + 4, &fake->room);
    if (err == GJ_OK) {
        uint32_t size = (uint32_t)len;

        memcpy(fake->room, &size, 4);
        *out = fake->room + 4;
    }
    return err;
}

static void end(struct gj_peer *peer, size_t len)
{
    gj_buf_commit(&((struct fake_peer *)peer)->out, len + 4);
}

static size_t queued(const struct gj_peer *peer)
{
    return ((const struct fake_peer *)peer)->queued;
}

static void close_peer(struct gj_peer *peer, enum gj_close_reason reason)
{
    peer->closing = true;
    ((struct fake_peer *)peer)->closed_with = reason;
}

static const struct gj_peer_ops ops = {.begin = begin, .end = end, .queued = queued, .close = close_peer};

struct fake_peer *fixture_peer(struct fixture *fixture, uint64_t user, uint64_t device)
{
    struct fake_peer *fake = calloc(1, sizeof *fake);

    assert_non_null(fake);
    gj_buf_init(&fake->out, 64 * 1024 * 1024);
    fake->peer.ops = &ops;
    fake->peer.device = device;
    gj_sessions_add(fixture->core.sessions, &fake->peer);
    if (user != 0) {
        gj_sessions_bind(fixture->core.sessions, &fake->peer, 1, user, INT64_MAX);
    }
    return fake;
}

void fixture_peer_gone(struct fixture *fixture, struct fake_peer *fake)
{
    gj_sessions_remove(fixture->core.sessions, &fake->peer);
    gj_buf_fini(&fake->out);
    free(fake);
}

/* ---- the store ---- */

static enum gj_err take_part(void *owner, const struct gj_policy_part *part)
{
    Gj__Stored__Policy *row = owner;
    Gj__Stored__PolicyFile *file = calloc(1, sizeof *file);

    assert_non_null(file);
    gj__stored__policy_file__init(file);
    file->name = strdup(part->name);
    file->content.data = malloc(part->len);
    memcpy(file->content.data, part->bytes, part->len);
    file->content.len = part->len;
    row->files[row->n_files++] = file;
    return GJ_OK;
}

static void put_policy(struct gj_txn *txn, void *owner)
{
    Gj__Stored__Policy row = GJ__STORED__POLICY__INIT;
    Gj__Stored__PolicyFile *files[256];
    struct gj_key key = gj_key_of_u64(1);
    struct gj_problems *problems = calloc(1, sizeof *problems);
    struct gj_entry entry = {
        .type = GJ_ENTRY_GENESIS, .recorded_at = START_MS, .previous = GJ_ENTRY_NONE, .has_object = true};
    uint8_t *bytes = NULL;
    size_t len = 0;

    (void)owner;
    assert_int_equal(gj_policy_bundle_folder(GJ_TESTS_POLICY, &bytes, &len, problems), GJ_OK);
    row.files = files;
    assert_int_equal(gj_policy_bundle_each(bytes, len, take_part, &row), GJ_OK);
    row.version = 1;
    row.activated_at = START_MS;
    row.state = (char *)"active";
    gj_record_save(txn, GJ_TABLE_POLICY, &key, &row.base);
    gj_policies_activate(txn, 1);
    assert_int_equal(gj_entry_word(&entry.action, "live"), GJ_OK);
    gj_entry_append(txn, &entry, NULL, 0);
    for (size_t i = 0; i < row.n_files; i++) {
        free(files[i]->name);
        free(files[i]->content.data);
        free(files[i]);
    }
    free(bytes);
    free(problems);
}

void fixture_write(struct fixture *fixture, void (*fn)(struct gj_txn *txn, void *owner), void *owner)
{
    struct gj_txn *txn = NULL;

    assert_int_equal(gj_txn_begin_write(fixture->core.store, &txn), GJ_OK);
    fn(txn, owner);
    assert_int_equal(gj_txn_error(txn), GJ_OK);
    assert_int_equal(gj_txn_commit(txn), GJ_OK);
}

static void on_batch(struct gj_core *core)
{
    gj_push_batch(core->push);
    if (core->due != NULL) {
        gj_due_batch(core->due);
    }
}

static void on_fatal(struct gj_core *core, enum gj_err err)
{
    (void)err;
    ((struct fixture *)core->owner)->fatal = true;
}

struct gj_store_options fixture_options(const struct fixture *fixture, bool create)
{
    struct gj_store_options options = {.dir = fixture->dir,
        .create = create,
        .created_at_ms = START_MS,
        .map_bytes = 256 * 1024 * 1024,
        .reserve_bytes = 1,
        .journal_segment_bytes = 256 * 1024};

    memset(options.master_key, 7, sizeof options.master_key);
    return options;
}

static void bring_up(struct fixture *fixture, bool create)
{
    struct gj_core *core = &fixture->core;
    struct gj_fault fault = {GJ_OK, ""};
    struct gj_store_options options = fixture_options(fixture, create);
    struct gj_passwords_options passwords = {.threads = 1,
        .memory_bytes = crypto_pwhash_argon2id_MEMLIMIT_MIN,
        .passes = crypto_pwhash_argon2id_OPSLIMIT_MIN};
    struct gj_commit_options commit = {.on_done = gj_router_committed, .on_batch = on_batch};

    memset(core, 0, sizeof *core);
    assert_int_equal(uv_loop_init(&fixture->loop), 0);
    core->loop = &fixture->loop;
    core->services = services;
    core->clock = &fixture->clock;
    core->owner = fixture;
    core->on_fatal = on_fatal;
    if (gj_store_open(&options, &core->store, &fault) != GJ_OK) {
        fail_msg("%s", fault.text);
    }
    core->vault = gj_store_vault(core->store);
    assert_int_equal(gj_policies_new(&core->policies), GJ_OK);
    if (gj_command_log_replay(core, &fixture->replayed, &fault) != GJ_OK) {
        fail_msg("%s", fault.text);
    }
    if (create) {
        fixture_write(fixture, put_policy, NULL);
    }
    gj_watch_begin(&core->watch, gj_clock_sample(&fixture->clock), 0);
    assert_int_equal(gj_health_new(core, &core->health), GJ_OK);
    assert_int_equal(gj_sessions_new(core, &core->sessions), GJ_OK);
    assert_int_equal(gj_router_new(core, &core->router), GJ_OK);
    assert_int_equal(gj_push_new(core, &core->push), GJ_OK);
    assert_int_equal(gj_passwords_open(&passwords, &core->passwords), GJ_OK);
    assert_int_equal(gj_commit_open(core, &commit, &core->commit), GJ_OK);
}

static void take_down(struct fixture *fixture)
{
    struct gj_core *core = &fixture->core;

    gj_passwords_close(core->passwords);
    gj_commit_close(core->commit);
    gj_due_close(core->due);
    gj_push_free(core->push);
    core->push = NULL;
    gj_router_free(core->router);
    while (uv_run(&fixture->loop, UV_RUN_DEFAULT) != 0) {
    }
    gj_sessions_free(core->sessions);
    gj_health_free(core->health);
    gj_policies_free(core->policies);
    gj_store_close(core->store);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
}

void fixture_open(struct fixture *fixture)
{
    memset(fixture, 0, sizeof *fixture);
    assert_true(sodium_init() >= 0);
    snprintf(
        fixture->dir, sizeof fixture->dir, "%s/gj-core-XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(fixture->dir));
    gj_clock_init_manual(&fixture->clock, START_MS, 1000000);
    bring_up(fixture, true);
}

void fixture_close(struct fixture *fixture)
{
    char command[128];

    take_down(fixture);
    snprintf(command, sizeof command, "rm -rf '%s'", fixture->dir);
    assert_int_equal(system(command), 0);
}

void fixture_stop(struct fixture *fixture)
{
    take_down(fixture);
}

void fixture_start(struct fixture *fixture)
{
    fixture->fatal = false;
    bring_up(fixture, false);
}

void fixture_restart(struct fixture *fixture)
{
    fixture_stop(fixture);
    fixture_start(fixture);
}

int fixture_setup(void **state)
{
    struct fixture *fixture = malloc(sizeof *fixture);

    assert_non_null(fixture);
    fixture_open(fixture);
    *state = fixture;
    return 0;
}

int fixture_teardown(void **state)
{
    fixture_close(*state);
    free(*state);
    return 0;
}

/* ---- rows ---- */

struct row {
    enum gj_table table;
    enum gj_counter counter;
    const ProtobufCMessage *message;
    uint64_t *id;
};

static void put_row(struct gj_txn *txn, void *owner)
{
    struct row *row = owner;

    *row->id = gj_counter_next(txn, row->counter);
    struct gj_key key = gj_key_of_u64(*row->id);
    gj_record_save(txn, row->table, &key, row->message);
    gj_actor_rights_changed(txn);
}

uint64_t fixture_user(struct fixture *fixture, const char *login, const char *role, uint64_t office)
{
    Gj__Stored__User user = GJ__STORED__USER__INIT;
    Gj__Stored__Grant grant = GJ__STORED__GRANT__INIT;
    Gj__Stored__Grant *grants[] = {&grant};
    struct row row = {GJ_TABLE_USER, GJ_COUNTER_USER, &user.base, &user.id};

    grant.role = (char *)(role != NULL ? role : "");
    grant.office = office;
    user.login = (char *)login;
    user.grants = grants;
    user.n_grants = role != NULL;
    fixture_write(fixture, put_row, &row);
    return user.id;
}

uint64_t fixture_device(struct fixture *fixture, uint64_t office)
{
    Gj__Stored__Device device = GJ__STORED__DEVICE__INIT;
    struct row row = {GJ_TABLE_DEVICE, GJ_COUNTER_DEVICE, &device.base, &device.id};

    device.office = office;
    fixture_write(fixture, put_row, &row);
    return device.id;
}

uint64_t fixture_office(struct fixture *fixture, uint64_t region)
{
    Gj__Stored__Office office = GJ__STORED__OFFICE__INIT;
    struct row row = {GJ_TABLE_OFFICE, GJ_COUNTER_OFFICE, &office.base, &office.id};

    office.region = region;
    fixture_write(fixture, put_row, &row);
    return office.id;
}

uint64_t fixture_number(struct fixture *fixture, const char *name)
{
    struct gj_txn *txn = NULL;
    struct gj_key key = gj_key_of_name(name);

    assert_int_equal(gj_txn_begin_read(fixture->core.store, &txn), GJ_OK);
    uint64_t number = gj_txn_get_u64(txn, GJ_TABLE_SETTING, &key);
    gj_txn_abort(txn);
    return number;
}

uint64_t fixture_events(struct fixture *fixture)
{
    struct gj_txn *txn = NULL;

    assert_int_equal(gj_txn_begin_read(fixture->core.store, &txn), GJ_OK);
    uint64_t events = gj_txn_events(txn);
    gj_txn_abort(txn);
    return events;
}

/* ---- talking ---- */

void fixture_key(const struct fixture *fixture, uint32_t n, uint8_t out[16])
{
    int64_t now_ms = gj_clock_now_ms(&fixture->clock);

    memset(out, 0, 16);
    for (unsigned i = 0; i < 6; i++) {
        out[i] = (uint8_t)((uint64_t)now_ms >> (40 - 8 * i));
    }
    memcpy(out + 8, &n, sizeof n);
    out[15] = 1;
}

static enum gj_err send_message(struct fixture *fixture, struct fake_peer *fake, uint64_t id, uint32_t call,
    const uint8_t *key, const ProtobufCMessage *message)
{
    Gj__V1__Envelope envelope = GJ__V1__ENVELOPE__INIT;
    Gj__V1__Request request = GJ__V1__REQUEST__INIT;
    uint8_t *body = malloc(protobuf_c_message_get_packed_size(message) + 1);
    uint8_t *bytes = NULL;

    assert_non_null(body);
    request.id = id;
    request.call = call;
    request.body.len = protobuf_c_message_pack(message, body);
    request.body.data = body;
    if (key != NULL) {
        request.request_key.data = (uint8_t *)key;
        request.request_key.len = 16;
    }
    envelope.body_case = GJ__V1__ENVELOPE__BODY_REQUEST;
    envelope.request = &request;
    bytes = malloc(gj__v1__envelope__get_packed_size(&envelope));
    assert_non_null(bytes);
    size_t len = gj__v1__envelope__pack(&envelope, bytes);
    enum gj_err err = gj_router_take(fixture->core.router, &fake->peer, bytes, len);
    free(bytes);
    free(body);
    return err;
}

void fixture_send_message(struct fixture *fixture, struct fake_peer *fake, uint64_t id, uint32_t call,
    const uint8_t *key, const ProtobufCMessage *message)
{
    assert_int_equal(send_message(fixture, fake, id, call, key, message), GJ_OK);
}

enum gj_err fixture_try(struct fixture *fixture, struct fake_peer *fake, uint64_t id, uint32_t call, const uint8_t *key,
    const char *name, uint32_t number)
{
    Gj__V1__Page page = GJ__V1__PAGE__INIT;

    page.cursor.data = (uint8_t *)name;
    page.cursor.len = strlen(name);
    page.limit = number;
    return send_message(fixture, fake, id, call, key, &page.base);
}

void fixture_send(struct fixture *fixture, struct fake_peer *fake, uint64_t id, uint32_t call, const uint8_t *key,
    const char *name, uint32_t number)
{
    assert_int_equal(fixture_try(fixture, fake, id, call, key, name, number), GJ_OK);
}

static void on_alarm(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

static void on_alarm_closed(uv_handle_t *handle)
{
    free(handle);
}

/* Runs the loop until the channel has bytes or the time is over. */
static void wait_for(struct fixture *fixture, const struct fake_peer *fake, uint64_t ms)
{
    bool over = false;
    uv_timer_t *timer = malloc(sizeof *timer);

    assert_non_null(timer);
    uv_timer_init(&fixture->loop, timer);
    uv_update_time(&fixture->loop);
    timer->data = &over;
    uv_timer_start(timer, on_alarm, ms, 0);
    while (!over && (fake == NULL || fake->out.len == 0)) {
        uv_run(&fixture->loop, UV_RUN_ONCE);
    }
    uv_close((uv_handle_t *)timer, on_alarm_closed);
    uv_run(&fixture->loop, UV_RUN_NOWAIT);
}

void fixture_run(struct fixture *fixture, int64_t ms)
{
    wait_for(fixture, NULL, (uint64_t)ms);
}

Gj__V1__Envelope *fixture_receive(struct fixture *fixture, struct fake_peer *fake)
{
    uint32_t len = 0;

    if (fake->out.len == 0) {
        wait_for(fixture, fake, 2000);
    }
    if (fake->out.len == 0) {
        return NULL;
    }
    memcpy(&len, gj_buf_bytes(&fake->out), 4);
    Gj__V1__Envelope *envelope = gj__v1__envelope__unpack(NULL, len, gj_buf_bytes(&fake->out) + 4);
    assert_non_null(envelope);
    gj_buf_drop(&fake->out, len + 4);
    return envelope;
}

Gj__V1__Reply *fixture_reply(struct fixture *fixture, struct fake_peer *fake, uint64_t id)
{
    Gj__V1__Envelope *envelope = fixture_receive(fixture, fake);

    assert_non_null(envelope);
    assert_int_equal(envelope->body_case, GJ__V1__ENVELOPE__BODY_REPLY);
    Gj__V1__Reply *reply = envelope->reply;
    envelope->body_case = GJ__V1__ENVELOPE__BODY__NOT_SET;
    gj__v1__envelope__free_unpacked(envelope, NULL);
    assert_int_equal(reply->id, id);
    return reply;
}

void fixture_free_reply(Gj__V1__Reply *reply)
{
    gj__v1__reply__free_unpacked(reply, NULL);
}
