#include "lib/direct.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "common/fail.h"
#include "common/log.h"
#include "common/pb.h"
#include "core/actor.h"
#include "core/apply.h"
#include "core/commit.h"
#include "core/health.h"
#include "core/household.h"
#include "core/invitation.h"
#include "core/password.h"
#include "core/policies.h"
#include "core/push.h"
#include "core/router.h"
#include "core/session.h"
#include "core/subject.h"
#include "lib/direct_impl.h"
#include "service/table.h"
#include "store/blob.h"
#include "store/record.h"
#include "store/store.h"
#include "store/stored.pb-c.h"
#include "store/vault.h"

static const uint8_t master_key[32] = "a master key of tests, 32 bytes";

/* ---- the network's side of a channel ---- */

static struct gj_direct *direct_of(struct gj_peer *peer)
{
    return ((struct gj_direct_peer *)peer)->direct;
}

static enum gj_err peer_begin(struct gj_peer *peer, size_t len, uint8_t **out)
{
    struct gj_direct *direct = direct_of(peer);
    if (len > sizeof direct->room) {
        return GJ_ETOOBIG;
    }
    *out = direct->room;
    return GJ_OK;
}

/* Replies are kept for whoever waits; pushes are counted and dropped. */
static void peer_end(struct gj_peer *peer, size_t len)
{
    struct gj_direct *direct = direct_of(peer);
    Gj__V1__Envelope *envelope = gj__v1__envelope__unpack(NULL, len, direct->room);
    assert_non_null(envelope);
    if (direct->on_reply != NULL && envelope->body_case == GJ__V1__ENVELOPE__BODY_REPLY) {
        direct->on_reply(direct, envelope->reply);
        gj__v1__envelope__free_unpacked(envelope, NULL);
        return;
    }
    if (envelope->body_case == GJ__V1__ENVELOPE__BODY_REPLY && envelope->reply->id == direct->waiting_for) {
        assert_null(direct->reply);
        direct->reply = envelope;
        return;
    }
    gj__v1__envelope__free_unpacked(envelope, NULL);
}

static size_t peer_queued(const struct gj_peer *peer)
{
    (void)peer;
    return 0;
}

static void peer_close(struct gj_peer *peer, enum gj_close_reason reason)
{
    (void)reason;
    peer->closing = true;
}

static const struct gj_peer_ops peer_ops = {
    .begin = peer_begin, .end = peer_end, .queued = peer_queued, .close = peer_close};

static struct gj_direct_peer *peer_for(struct gj_direct *direct, uint64_t device)
{
    for (unsigned i = 0; i < direct->n_peers; i++) {
        if (direct->peers[i]->peer.device == device) {
            return direct->peers[i];
        }
    }
    assert_true(direct->n_peers < GJ_DIRECT_PEERS_MAX);
    struct gj_direct_peer *made = calloc(1, sizeof *made);
    assert_non_null(made);
    made->direct = direct;
    made->peer.ops = &peer_ops;
    made->peer.device = device;
    gj_sessions_add(direct->core.sessions, &made->peer);
    direct->peers[direct->n_peers++] = made;
    return made;
}

bool gj_direct_cut_off(struct gj_direct *direct, uint64_t device)
{
    return peer_for(direct, device)->peer.closing;
}

/* ---- life ---- */

static void on_batch(struct gj_core *core)
{
    gj_push_batch(core->push);
}

static void on_fatal(struct gj_core *core, enum gj_err err)
{
    ((struct gj_direct *)core->owner)->fatal = err;
}

static void check(enum gj_err err)
{
    if (err != GJ_OK) {
        fail_msg("%s", gj_err_name(err));
    }
}

static void open_store(struct gj_direct *direct, bool create)
{
    struct gj_fault fault = {.text = ""};
    struct gj_store_options options = {.dir = direct->dir,
        .create = create,
        .demo = true,
        .created_at_ms = GJ_DIRECT_START_MS,
        .map_bytes = UINT64_C(4) << 30,
        .vault_map_bytes = UINT64_C(2) << 30,
        .reserve_bytes = 1 << 20,
        .journal_segment_bytes = direct->small_journal ? 64 << 10 : 256 << 10,
        .checkpoint_commands = direct->small_journal ? 12 : 0};
    memset(options.cluster_id, 7, sizeof options.cluster_id);
    memcpy(options.master_key, master_key, sizeof options.master_key);
    enum gj_err err = gj_store_open(&options, &direct->core.store, &fault);
    if (err != GJ_OK) {
        fail_msg("%s: %s", gj_err_name(err), fault.text);
    }
    direct->core.vault = gj_store_vault(direct->core.store);
    direct->core.demo = true;
    memcpy(direct->core.cluster_id, options.cluster_id, sizeof direct->core.cluster_id);
    gj_invitation_key(master_key, direct->core.invitation_key);
    check(gj_blob_open(direct->core.store, &direct->core.blob, &fault));
    check(gj_policies_new(&direct->core.policies));
}

static void open_core(struct gj_direct *direct)
{
    struct gj_core *core = &direct->core;
    struct gj_passwords_options passwords = {
        .threads = 1, .memory_bytes = crypto_pwhash_MEMLIMIT_MIN, .passes = crypto_pwhash_OPSLIMIT_MIN};
    struct gj_commit_options commit = {.on_done = gj_router_committed, .on_batch = on_batch};
    check(gj_health_new(core, &core->health));
    check(gj_sessions_new(core, &core->sessions));
    check(gj_router_new(core, &core->router));
    check(gj_push_new(core, &core->push));
    check(gj_passwords_open(&passwords, &core->passwords));
    check(gj_commit_open(core, &commit, &core->commit));
}

static void begin_core(struct gj_direct *direct)
{
    struct gj_core *core = &direct->core;
    check(uv_loop_init(&direct->loop) == 0 ? GJ_OK : GJ_ESYS);
    core->loop = &direct->loop;
    core->clock = &direct->clock;
    core->services = gj_service_table;
    core->on_fatal = on_fatal;
    core->owner = direct;
    gj_watch_begin(&core->watch, gj_clock_sample(&direct->clock), 0);
    core->last_stamp_ms = gj_clock_now_ms(&direct->clock);
}

static struct gj_direct *new_direct(const char *dir, int64_t now_ms)
{
    struct gj_direct *direct = calloc(1, sizeof *direct);
    assert_non_null(direct);
    assert_true(sodium_init() >= 0);
    gj_log_set_level(GJ_LOG_ERROR);
    (void)snprintf(direct->dir, sizeof direct->dir, "%s", dir);
    gj_arena_init(&direct->arena, 64 << 20);
    gj_arena_init(&direct->result_arena, 64 << 20);
    gj_clock_init_manual(&direct->clock, now_ms, 1000000);
    begin_core(direct);
    return direct;
}

static struct gj_direct *make(const char *dir, bool small_journal)
{
    struct gj_direct *direct = new_direct(dir, GJ_DIRECT_START_MS);
    direct->small_journal = small_journal;
    open_store(direct, true);
    gj_direct_genesis(direct);
    open_core(direct);
    direct->device = gj_direct_device(direct, 0, "desk");
    return direct;
}

struct gj_direct *gj_direct_make(const char *dir)
{
    return make(dir, true);
}

struct gj_direct *gj_direct_open(void)
{
    char dir[512];
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(dir, sizeof dir, "%s/guanjia-direct-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(dir));
    return make(dir, false);
}

/* What a start of the daemon does with a store that is there. */
static void open_again(struct gj_direct *direct)
{
    struct gj_txn *txn = NULL;
    struct gj_fault fault;
    open_store(direct, false);
    check(gj_command_log_replay(&direct->core, &direct->replayed, &fault));
    check(gj_txn_begin_read(direct->core.store, &txn));
    check(gj_policies_load(direct->core.policies, txn, &fault));
    gj_txn_abort(txn);
    open_core(direct);
}

struct gj_direct *gj_direct_take(const char *dir, int64_t now_ms)
{
    struct gj_direct *direct = new_direct(dir, now_ms);
    direct->small_journal = true;
    open_again(direct);
    direct->device = 1;
    return direct;
}

const uint8_t *gj_direct_master_key(void)
{
    return master_key;
}

static void end_look(struct gj_direct *direct)
{
    gj_txn_abort(direct->look);
    direct->look = NULL;
}

static void end_core(struct gj_direct *direct)
{
    struct gj_core *core = &direct->core;
    end_look(direct);
    for (unsigned i = 0; i < direct->n_peers; i++) {
        gj_sessions_remove(core->sessions, &direct->peers[i]->peer);
        free(direct->peers[i]);
    }
    direct->n_peers = 0;
    gj_passwords_close(core->passwords);
    gj_blob_close(core->blob);
    gj_commit_close(core->commit);
    gj_push_free(core->push);
    core->push = NULL;
    gj_router_free(core->router);
    while (uv_run(&direct->loop, UV_RUN_DEFAULT) != 0) {
    }
    gj_sessions_free(core->sessions);
    gj_health_free(core->health);
    gj_policies_free(core->policies);
    gj_store_close(core->store);
    assert_int_equal(uv_loop_close(&direct->loop), 0);
    memset(core, 0, sizeof *core);
}

void gj_direct_reopen(struct gj_direct *direct)
{
    end_core(direct);
    direct->fatal = GJ_OK;
    begin_core(direct);
    open_again(direct);
}

void gj_direct_close(struct gj_direct *direct)
{
    char dir[sizeof direct->dir];
    (void)snprintf(dir, sizeof dir, "%s", direct->dir);
    gj_direct_leave(direct);
    gj_direct_remove(dir);
}

void gj_direct_leave(struct gj_direct *direct)
{
    end_core(direct);
    if (direct->reply != NULL) {
        gj__v1__envelope__free_unpacked(direct->reply, NULL);
    }
    gj_arena_fini(&direct->arena);
    gj_arena_fini(&direct->result_arena);
    free(direct);
}

struct gj_core *gj_direct_core(struct gj_direct *direct)
{
    return &direct->core;
}

int64_t gj_direct_now(const struct gj_direct *direct)
{
    return gj_clock_now_ms(&direct->clock);
}

void gj_direct_advance(struct gj_direct *direct, int64_t ms)
{
    gj_clock_advance(&direct->clock, ms);
}

struct gj_arena *gj_direct_arena(struct gj_direct *direct)
{
    return &direct->arena;
}

struct gj_txn *gj_direct_look(struct gj_direct *direct)
{
    end_look(direct);
    check(gj_txn_begin_read(direct->core.store, &direct->look));
    return direct->look;
}

void gj_direct_digest(struct gj_direct *direct, uint8_t out[32])
{
    struct gj_txn *txn = gj_direct_look(direct);
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    for (unsigned table = 0; table < GJ_TABLE_COUNT; table++) {
        struct gj_iter iter;
        gj_iter_range(&iter, txn, (enum gj_table)table, NULL, NULL, GJ_FORWARD);
        while (gj_iter_next(&iter)) {
            uint64_t lengths[3] = {table, iter.key.len, iter.value.len};
            crypto_hash_sha256_update(&state, (const uint8_t *)lengths, sizeof lengths);
            crypto_hash_sha256_update(&state, iter.key.data, iter.key.len);
            crypto_hash_sha256_update(&state, iter.value.data, iter.value.len);
        }
        gj_iter_close(&iter);
    }
    check(gj_txn_error(txn));
    crypto_hash_sha256_final(&state, out);
    end_look(direct);
}

/* ---- calls ---- */

void gj_direct_request_key(struct gj_direct *direct, const uint8_t key[16])
{
    memcpy(direct->next_key, key, sizeof direct->next_key);
    direct->has_next_key = true;
}

void gj_direct_same_key(struct gj_direct *direct)
{
    gj_direct_request_key(direct, direct->last_key);
}

void gj_direct_fail(struct gj_direct *direct, const char *prefix, uint64_t nth)
{
    direct->fail_prefix = prefix;
    direct->fail_nth = nth;
    direct->failed = false;
}

bool gj_direct_failed(struct gj_direct *direct)
{
    return direct->failed;
}

static void arm(struct gj_direct *direct)
{
#ifdef GJ_FAULTS
    if (direct->fail_nth != 0) {
        gj_fail_arm(direct->fail_prefix, direct->fail_nth, false);
    }
#else
    direct->fail_nth = 0; /* a build without faults: nothing fires, and the loops over steps end at once */
#endif
}

static void disarm(struct gj_direct *direct)
{
#ifdef GJ_FAULTS
    if (direct->fail_nth != 0) {
        direct->failed = gj_fail_disarm();
        direct->fail_nth = 0;
    }
#else
    (void)direct;
#endif
}

static void make_key(struct gj_direct *direct, uint8_t key[16])
{
    if (direct->has_next_key) {
        memcpy(key, direct->next_key, 16);
        direct->has_next_key = false;
        return;
    }
    uint64_t now = (uint64_t)gj_direct_now(direct);
    uint64_t count = ++direct->key_count;
    for (unsigned i = 0; i < 6; i++) {
        key[i] = (uint8_t)(now >> (40 - 8 * i));
    }
    memset(key + 6, 0, 2);
    for (unsigned i = 0; i < 8; i++) {
        key[8 + i] = (uint8_t)(count >> (56 - 8 * i));
    }
}

/* Turns the loop until the reply is there. */
static void wait_reply(struct gj_direct *direct)
{
    uint64_t until = uv_hrtime() + UINT64_C(60) * 1000000000;
    while (direct->reply == NULL && direct->fatal == GJ_OK) {
        (void)uv_run(&direct->loop, UV_RUN_ONCE);
        if (uv_hrtime() > until) {
            fail_msg("no reply within a minute");
        }
    }
}

static void begin_result(struct gj_direct *direct)
{
    end_look(direct);
    gj_arena_reset(&direct->result_arena);
    if (direct->reply != NULL) {
        gj__v1__envelope__free_unpacked(direct->reply, NULL);
        direct->reply = NULL;
    }
    memset(&direct->result, 0, sizeof direct->result);
    direct->result.code = "";
    direct->result.field = "";
    gj__v1__written__init(&direct->result.written);
}

static void take_body(struct gj_direct *direct, const struct gj_call *call, const ProtobufCBinaryData *bytes)
{
    struct gj_result *result = &direct->result;
    ProtobufCMessage *message = NULL;
    bool written = call->apply != NULL && call->read == NULL && result->status == GJ__V1__STATUS__OK;
    const ProtobufCMessageDescriptor *type =
        written ? &gj__v1__written__descriptor : gj_direct_reply_type(call->number, result->status);
    if (type == NULL) {
        return;
    }
    check(gj_pb_unpack(type, &direct->result_arena, bytes->data, bytes->len, &message));
    if (written) {
        result->written = *(const Gj__V1__Written *)message;
    } else {
        result->body = message;
    }
}

static uint64_t count_entries(struct gj_direct *direct)
{
    uint64_t count = gj_txn_events(gj_direct_look(direct));
    end_look(direct);
    return count;
}

/* Hands a packed request to the router, as a channel would. */
static enum gj_err hand_over(struct gj_direct *direct, struct gj_direct_peer *peer, uint64_t user,
    const struct gj_call *row, Gj__V1__Call call, ProtobufCBinaryData request)
{
    Gj__V1__Envelope envelope = GJ__V1__ENVELOPE__INIT;
    Gj__V1__Request wire = GJ__V1__REQUEST__INIT;
    uint8_t key[16];
    if (peer->peer.user != user) {
        gj_sessions_unbind(direct->core.sessions, &peer->peer);
        if (user != 0) {
            gj_sessions_bind(direct->core.sessions, &peer->peer, 1, user, INT64_MAX);
        }
    }
    wire.id = ++direct->waiting_for;
    wire.call = (uint32_t)call;
    if (row != NULL && row->apply != NULL) {
        make_key(direct, key);
        memcpy(direct->last_key, key, sizeof key);
        wire.request_key = (ProtobufCBinaryData){.data = key, .len = sizeof key};
    }
    wire.deadline_ms = 120000;
    wire.body = request;
    envelope.body_case = GJ__V1__ENVELOPE__BODY_REQUEST;
    envelope.request = &wire;
    size_t len = protobuf_c_message_get_packed_size(&envelope.base);
    uint8_t *bytes = gj_arena_alloc(&direct->result_arena, len);
    (void)protobuf_c_message_pack(&envelope.base, bytes);
    arm(direct);
    return gj_router_take(direct->core.router, &peer->peer, bytes, len);
}

/* In the arena of the result. */
static ProtobufCBinaryData pack(struct gj_direct *direct, const void *request)
{
    ProtobufCBinaryData bytes = {.len = protobuf_c_message_get_packed_size(request)};
    bytes.data = gj_arena_alloc(&direct->result_arena, bytes.len);
    (void)protobuf_c_message_pack(request, bytes.data);
    return bytes;
}

uint64_t gj_direct_send(
    struct gj_direct *direct, uint64_t user, uint64_t device, Gj__V1__Call call, const void *request)
{
    gj_arena_reset(&direct->result_arena);
    return gj_direct_send_packed(direct, user, device, call, pack(direct, request));
}

uint64_t gj_direct_send_packed(
    struct gj_direct *direct, uint64_t user, uint64_t device, Gj__V1__Call call, ProtobufCBinaryData request)
{
    uint64_t id = direct->waiting_for + 1;
    check(
        hand_over(direct, peer_for(direct, device), user, gj_core_call(&direct->core, (uint16_t)call), call, request));
    return id;
}

const struct gj_result *gj_direct_call_from(
    struct gj_direct *direct, uint64_t user, uint64_t device, Gj__V1__Call call, const void *request)
{
    const struct gj_call *row = gj_core_call(&direct->core, (uint16_t)call);
    begin_result(direct);
    uint64_t before = count_entries(direct);
    enum gj_err err = hand_over(direct, peer_for(direct, device), user, row, call, pack(direct, request));
    if (err == GJ_OK) {
        wait_reply(direct);
    }
    disarm(direct);
    struct gj_result *result = &direct->result;
    if (direct->reply == NULL) {
        result->status = GJ__V1__STATUS__INTERNAL;
        result->code = gj_err_name(err != GJ_OK ? err : direct->fatal);
        return result;
    }
    const Gj__V1__Reply *reply = direct->reply->reply;
    result->status = reply->status;
    if (reply->refusal != NULL) {
        result->code = reply->refusal->code;
        result->field = reply->refusal->field;
        for (; result->n_params < reply->refusal->n_params && result->n_params < GJ_ANSWER_PARAMS_MAX;
             result->n_params++) {
            result->params[result->n_params] = reply->refusal->params[result->n_params];
        }
    }
    if (row != NULL) {
        take_body(direct, row, &reply->body);
    }
    result->entries = count_entries(direct) - before;
    return result;
}

const struct gj_result *gj_direct_call(struct gj_direct *direct, uint64_t user, Gj__V1__Call call, const void *request)
{
    return gj_direct_call_from(direct, user, direct->device, call, request);
}

static void on_system(struct gj_request *request)
{
    struct gj_direct *direct = request->owner;
    struct gj_result *result = &direct->result;
    const struct gj_applied *applied = &request->item.applied;
    direct->system_done = true;
    if (request->item.err != GJ_OK) {
        result->status = GJ__V1__STATUS__INTERNAL;
        result->code = gj_err_name(request->item.err);
        return;
    }
    result->status = applied->answer.status;
    if (applied->answer.code != NULL) {
        result->code = gj_arena_strdup(&direct->result_arena, applied->answer.code);
        result->field =
            applied->answer.field != NULL ? gj_arena_strdup(&direct->result_arena, applied->answer.field) : "";
    }
    result->written.event = applied->written.event;
    result->written.id = applied->written.id;
    result->written.revision = applied->written.revision;
}

const struct gj_result *gj_direct_system(struct gj_direct *direct, Gj__V1__Call call, const void *body)
{
    begin_result(direct);
    uint64_t before = count_entries(direct);
    direct->system_done = false;
    arm(direct);
    enum gj_err err = gj_commit_system(&direct->core, (uint16_t)call, body, on_system, direct);
    while (err == GJ_OK && !direct->system_done && direct->fatal == GJ_OK) {
        (void)uv_run(&direct->loop, UV_RUN_ONCE);
    }
    disarm(direct);
    if (err != GJ_OK || direct->fatal != GJ_OK) {
        direct->result.status = GJ__V1__STATUS__INTERNAL;
        direct->result.code = gj_err_name(err != GJ_OK ? err : direct->fatal);
        return &direct->result;
    }
    direct->result.entries = count_entries(direct) - before;
    return &direct->result;
}

/* ---- assertions ---- */

void gj_direct_ok(const struct gj_result *result, const char *file, int line)
{
    if (result->status != GJ__V1__STATUS__OK) {
        print_error("status %d, %s (%s) %s\n", (int)result->status, result->code, result->field,
            result->n_params > 0 ? result->params[0] : "");
        _fail(file, line);
    }
}

void gj_direct_refused(const struct gj_result *result, Gj__V1__Status status, const char *code, const char *field,
    const char *file, int line)
{
    bool same = result->status == status && strcmp(result->code, code) == 0 &&
                (field == NULL || strcmp(result->field, field) == 0);
    if (!same) {
        print_error("expected status %d, %s (%s), but it was %d, %s (%s) %s\n", (int)status, code,
            field != NULL ? field : "any", (int)result->status, result->code, result->field,
            result->n_params > 0 ? result->params[0] : "");
        _fail(file, line);
    }
}
