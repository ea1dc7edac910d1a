#include "lib/direct.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <sodium.h>

#include "common/fail.h"
#include "common/id.h"
#include "common/pb.h"
#include "common/policy/policy.h"
#include "core/apply.h"
#include "core/body.pb-c.h"
#include "core/policies.h"
#include "core/request.h"
#include "core/subject.h"
#include "service/table.h"
#include "store/blob.h"
#include "store/record.h"
#include "store/store.h"
#include "store/stored.pb-c.h"
#include "store/vault.h"

struct gj_direct {
    char dir[64];
    struct gj_core core;
    struct gj_clock clock;
    struct gj_applier *applier;
    struct gj_arena arena, out;
    struct gj_txn *look;
    struct gj_result result;
    uint8_t key[16];
    bool have_key, failed;
    uint64_t counter, device;
    char prefix[64];
    uint64_t nth;
};

static void must(enum gj_err err, const char *what)
{
    if (err != GJ_OK) {
        fail_msg("%s: %s", what, gj_err_name(err));
    }
}

static void open_store(struct gj_direct *d, bool create)
{
    struct gj_store_options options = {.dir = d->dir,
        .create = create,
        .created_at_ms = GJ_DIRECT_START_MS,
        .map_bytes = 1ull << 30,
        .vault_map_bytes = 256ull << 20,
        .reserve_bytes = 1 << 20};
    struct gj_fault fault = {0};
    memset(options.master_key, 7, sizeof options.master_key);
    memset(options.cluster_id, 9, sizeof options.cluster_id);
    enum gj_err err = gj_store_open(&options, &d->core.store, &fault);
    if (err != GJ_OK) {
        fail_msg("store: %s", fault.text);
    }
    d->core.vault = gj_store_vault(d->core.store);
    must(gj_blob_open(d->core.store, &d->core.blob, &fault), "blob");
    must(gj_policies_new(&d->core.policies), "policies");
    must(gj_applier_new(&d->core, &d->applier), "applier");
    if (!create) {
        struct gj_txn *txn;
        must(gj_txn_begin_read(d->core.store, &txn), "read");
        must(gj_policies_load(d->core.policies, txn, &fault), fault.text);
        gj_txn_abort(txn);
    }
}

static void close_store(struct gj_direct *d)
{
    if (d->look) {
        gj_txn_abort(d->look);
        d->look = NULL;
    }
    gj_applier_free(d->applier);
    gj_policies_free(d->core.policies);
    gj_blob_close(d->core.blob);
    gj_store_close(d->core.store);
}

static uint8_t *slurp(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    long n = ftell(f);
    rewind(f);
    uint8_t *b = malloc((size_t)n + 1);
    *len = fread(b, 1, (size_t)n, f);
    fclose(f);
    return b;
}

struct take {
    struct gj_arena *arena;
    Gj__Body__Init *body;
};

static enum gj_err take_part(void *owner, const struct gj_policy_part *part)
{
    struct take *t = owner;
    Gj__Body__File *file = GJ_ARENA_NEW(t->arena, Gj__Body__File);
    gj__body__file__init(file);
    file->name = gj_arena_strdup(t->arena, part->name);
    file->content.data = gj_arena_dup(t->arena, part->bytes, part->len);
    file->content.len = part->len;
    t->body->policy[t->body->n_policy++] = file;
    return GJ_OK;
}

static struct gj_txn *begin_write(struct gj_direct *d)
{
    struct gj_txn *txn;
    if (d->look) {
        gj_txn_abort(d->look);
        d->look = NULL;
    }
    must(gj_txn_begin_write(d->core.store, &txn), "write");
    return txn;
}

static void run_command(struct gj_direct *d, uint64_t user, uint64_t device, uint16_t call,
    const ProtobufCMessage *body, struct gj_applied *applied, enum gj_err *err)
{
    struct gj_command command = {
        .call = call, .user = user, .device = device, .session = user ? 1 : 0, .at_ms = gj_direct_now(d)};
    uint8_t *bytes;
    size_t len;
    d->counter++;
    if (user != 0) {
        if (d->have_key) {
            memcpy(command.request_key, d->key, 16);
        } else {
            uint64_t ms = (uint64_t)gj_direct_now(d);
            for (int i = 0; i < 6; i++) {
                command.request_key[i] = (uint8_t)(ms >> (40 - 8 * i));
            }
            memcpy(command.request_key + 6, &d->counter, 8);
        }
        d->have_key = false;
    }
    crypto_hash_sha256(command.random, (const uint8_t *)&d->counter, sizeof d->counter);
    must(gj_pb_pack_arena(body, &d->out, &bytes, &len), "pack");
    command.body = bytes;
    command.body_len = len;
    struct gj_txn *txn = begin_write(d);
    if (d->nth) {
        gj_fail_arm(d->prefix, d->nth, false);
    }
    gj_apply_command(d->applier, txn, &command, &d->out, applied);
    *err = gj_txn_error(txn);
    if (*err == GJ_OK) {
        *err = gj_txn_commit(txn);
    } else {
        gj_txn_abort(txn);
    }
    if (d->nth) {
        d->failed = gj_fail_disarm();
        d->nth = 0;
    }
}

struct gj_direct *gj_direct_open(void)
{
    struct gj_direct *d = calloc(1, sizeof *d);
    assert_true(sodium_init() >= 0);
    strcpy(d->dir, "/tmp/gj-direct-XXXXXX");
    assert_non_null(mkdtemp(d->dir));
    gj_arena_init(&d->arena, 16 << 20);
    gj_arena_init(&d->out, 16 << 20);
    gj_clock_init_manual(&d->clock, GJ_DIRECT_START_MS, 1000000);
    d->core.clock = &d->clock;
    d->core.services = gj_service_table;
    gj_watch_begin(&d->core.watch, gj_clock_sample(&d->clock), 0);
    open_store(d, true);
    Gj__Body__Init body = GJ__BODY__INIT__INIT;
    Gj__Body__File *files[64];
    struct gj_problems *problems = calloc(1, sizeof *problems);
    uint8_t *bundle;
    size_t len;
    body.policy = files;
    struct take take = {.arena = &d->arena, .body = &body};
    enum gj_err err = gj_policy_bundle_folder(GJ_SOURCE_DIR "/deploy/policy", &bundle, &len, problems);
    if (err != GJ_OK) {
        fail_msg("policy: %s %s:%u", problems->items[0].text, problems->items[0].file, problems->items[0].line);
    }
    must(gj_policy_bundle_each(bundle, len, take_part, &take), "bundle");
    free(bundle);
    free(problems);
    body.calendar.data = slurp(GJ_SOURCE_DIR "/deploy/calendars/cn.tsv", &body.calendar.len);
    body.cluster_id.data = d->core.cluster_id;
    body.cluster_id.len = 16;
    struct gj_vault_wrapped office, data;
    must(gj_vault_new_office(d->core.vault, 0, &office), "office");
    struct gj_applied applied;
    body.office_key.data = office.bytes;
    body.office_key.len = sizeof office.bytes;
    uint8_t key[32];
    err = gj_vault_new_first_key(d->core.vault, 0, &office, key, &data);
    must(err, "first key");
    body.data_key.data = data.bytes;
    body.data_key.len = sizeof data.bytes;
    run_command(d, 0, 0, GJ__V1__CALL__SYSTEM_INIT, &body.base, &applied, &err);
    must(err, "init");
    if (applied.answer.status != GJ__V1__STATUS__OK) {
        fail_msg("init: %s", applied.answer.code);
    }
    free(body.calendar.data);
    return d;
}

static int rm(const char *path, const struct stat *sb, int flag, struct FTW *ftw)
{
    (void)sb;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void gj_direct_close(struct gj_direct *d)
{
    close_store(d);
    gj_arena_fini(&d->arena);
    gj_arena_fini(&d->out);
    nftw(d->dir, rm, 8, FTW_DEPTH | FTW_PHYS);
    free(d);
}

void gj_direct_reopen(struct gj_direct *d)
{
    close_store(d);
    open_store(d, false);
}

struct gj_core *gj_direct_core(struct gj_direct *d)
{
    return &d->core;
}
int64_t gj_direct_now(const struct gj_direct *d)
{
    return gj_clock_now_ms(&d->clock);
}
void gj_direct_advance(struct gj_direct *d, int64_t ms)
{
    gj_clock_advance(&d->clock, ms);
}
uint64_t gj_direct_region(struct gj_direct *d, const char *code)
{
    struct gj_txn *txn = begin_write(d);
    Gj__Stored__Region row = GJ__STORED__REGION__INIT;
    row.id = gj_counter_next(txn, GJ_COUNTER_REGION);
    row.code = (char *)code;
    row.name = (char *)code;
    struct gj_key key = gj_key_of_u64(row.id);
    gj_record_save(txn, GJ_TABLE_REGION, &key, &row.base);
    must(gj_txn_commit(txn), "region");
    return row.id;
}
uint64_t gj_direct_office(struct gj_direct *d, uint64_t region, const char *code)
{
    struct gj_txn *txn = begin_write(d);
    Gj__Stored__Office row = GJ__STORED__OFFICE__INIT;
    row.id = gj_counter_next(txn, GJ_COUNTER_OFFICE);
    row.code = (char *)code;
    row.name = (char *)code;
    row.region = region;
    row.revision = 1;
    row.households = 100;
    struct gj_key key = gj_key_of_u64(row.id);
    gj_record_save(txn, GJ_TABLE_OFFICE, &key, &row.base);
    struct gj_vault_wrapped office, data;
    uint8_t k[32];
    must(gj_vault_new_office(d->core.vault, (uint32_t)row.id, &office), "office");
    must(gj_vault_new_first_key(d->core.vault, (uint32_t)row.id, &office, k, &data), "first");
    gj_vault_put_office(txn, (uint32_t)row.id, &office);
    struct gj_subject subject = {GJ_SUBJECT_OFFICE, row.id};
    gj_vault_put_key(txn, &subject, (uint32_t)row.id, &data);
    must(gj_txn_commit(txn), "office");
    return row.id;
}
uint64_t gj_direct_user(struct gj_direct *d, const char *login, const char *role, uint64_t office, uint64_t region)
{
    struct gj_txn *txn = begin_write(d);
    Gj__Stored__User row = GJ__STORED__USER__INIT;
    Gj__Stored__Grant grant = GJ__STORED__GRANT__INIT, *grants[1] = {&grant};
    row.id = gj_counter_next(txn, GJ_COUNTER_USER);
    row.login = (char *)login;
    row.name = (char *)login;
    row.office = office;
    if (role) {
        grant.role = (char *)role;
        grant.office = office;
        grant.region = region;
        row.grants = grants;
        row.n_grants = 1;
    }
    struct gj_key key = gj_key_of_u64(row.id);
    gj_record_save(txn, GJ_TABLE_USER, &key, &row.base);
    gj_actor_rights_changed(txn);
    must(gj_txn_commit(txn), "user");
    return row.id;
}
void gj_direct_grant(struct gj_direct *d, uint64_t user, const char *role, uint64_t office, uint64_t region)
{
    struct gj_txn *txn = begin_write(d);
    struct gj_key key = gj_key_of_u64(user);
    Gj__Stored__User *row;
    Gj__Stored__Grant grant = GJ__STORED__GRANT__INIT, *grants[16];
    assert_true(gj_record_load(txn, GJ_TABLE_USER, &key, &gj__stored__user__descriptor, &d->arena, (void **)&row));
    for (size_t i = 0; i < row->n_grants; i++) {
        grants[i] = row->grants[i];
    }
    grant.role = (char *)role;
    grant.office = office;
    grant.region = region;
    grants[row->n_grants++] = &grant;
    row->grants = grants;
    gj_record_save(txn, GJ_TABLE_USER, &key, &row->base);
    gj_actor_rights_changed(txn);
    must(gj_txn_commit(txn), "grant");
}
uint64_t gj_direct_household(struct gj_direct *d, uint64_t office, const char *room)
{
    struct gj_vault_wrapped wrapped;
    uint8_t k[32];
    must(gj_vault_new_key(d->core.vault, (uint32_t)office, k, &wrapped), "key");
    struct gj_txn *txn = begin_write(d);
    Gj__Stored__Household row = GJ__STORED__HOUSEHOLD__INIT;
    row.id = gj_counter_next(txn, GJ_COUNTER_HOUSEHOLD);
    row.office = office;
    row.room = (char *)room;
    row.revision = 1;
    struct gj_key key = gj_key_of_u64(row.id);
    gj_record_save(txn, GJ_TABLE_HOUSEHOLD, &key, &row.base);
    struct gj_subject subject = {GJ_SUBJECT_HOUSEHOLD, row.id};
    gj_vault_put_key(txn, &subject, (uint32_t)office, &wrapped);
    must(gj_txn_commit(txn), "household");
    return row.id;
}
uint64_t gj_direct_device(struct gj_direct *d, uint64_t office, const char *device_class)
{
    struct gj_txn *txn = begin_write(d);
    Gj__Stored__Device row = GJ__STORED__DEVICE__INIT;
    row.id = gj_counter_next(txn, GJ_COUNTER_DEVICE);
    row.office = office;
    row.device_class = (char *)device_class;
    struct gj_key key = gj_key_of_u64(row.id);
    gj_record_save(txn, GJ_TABLE_DEVICE, &key, &row.base);
    must(gj_txn_commit(txn), "device");
    return row.id;
}

static void take_answer(struct gj_direct *d, const struct gj_answer *a)
{
    d->result.status = a->status;
    d->result.code = a->code ? a->code : "";
    d->result.field = a->field ? a->field : "";
    d->result.n_params = a->n_params;
    memcpy(d->result.params, a->params, sizeof a->params);
    d->result.body = a->body;
}

static void fill_ctx(struct gj_direct *d, struct gj_ctx *ctx, const struct gj_call *call, const struct gj_actor *actor)
{
    memset(ctx, 0, sizeof *ctx);
    ctx->core = &d->core;
    ctx->call = call;
    ctx->actor = actor;
    ctx->arena = &d->out;
    ctx->txn = gj_direct_look(d);
    ctx->policy = gj_policies_current(d->core.policies, ctx->txn);
    ctx->calendar = gj_policies_calendar(d->core.policies, ctx->txn);
    ctx->now_ms = gj_direct_now(d);
}

const struct gj_result *gj_direct_call_from(
    struct gj_direct *d, uint64_t user, uint64_t device, Gj__V1__Call number, const void *request)
{
    const struct gj_call *call = gj_core_call(&d->core, (uint16_t)number);
    const struct gj_actor *actor;
    struct gj_ctx ctx;
    ProtobufCMessage *message;
    uint8_t *bytes;
    size_t len;
    assert_non_null(call);
    gj_arena_reset(&d->out);
    if (d->look) {
        gj_txn_abort(d->look);
        d->look = NULL;
    }
    memset(&d->result, 0, sizeof d->result);
    must(gj_pb_pack_arena(request, &d->arena, &bytes, &len), "pack");
    must(gj_pb_unpack(call->request, &d->out, bytes, len, &message), "unpack");
    uint64_t before = gj_txn_events(gj_direct_look(d));
    must(gj_actor_load(gj_direct_look(d), gj_policies_current(d->core.policies, gj_direct_look(d)), user, device,
             gj_direct_now(d), &d->out, &actor, NULL),
        "actor");
    fill_ctx(d, &ctx, call, actor);
    void *carry = NULL;
    const ProtobufCMessage *body = message;
    struct gj_command command = {0};
    if (call->apply != NULL) {
        if (call->prepare) {
            body = call->prepare(&ctx, message);
            carry = ctx.carry;
            if (ctx.answer.decided || body == NULL) {
                if (!ctx.answer.decided) {
                    fail_msg("prepare said nothing: %s", gj_err_name(gj_txn_error(ctx.txn)));
                }
                take_answer(d, &ctx.answer);
                return &d->result;
            }
        }
        struct gj_applied applied;
        enum gj_err err;
        run_command(d, user, device, (uint16_t)number, body, &applied, &err);
        d->result.entries = gj_txn_events(gj_direct_look(d)) - before;
        if (err != GJ_OK) {
            d->result.status = GJ__V1__STATUS__INTERNAL;
            d->result.code = gj_err_name(err);
            d->result.field = "";
            return &d->result;
        }
        take_answer(d, &applied.answer);
        d->result.written = applied.written;
        if (applied.answer.status == GJ__V1__STATUS__CONFLICT && call->conflict) {
            fill_ctx(d, &ctx, call, actor);
            call->conflict(&ctx, message);
            d->result.body = ctx.answer.body;
        }
        if (applied.answer.status != GJ__V1__STATUS__OK || call->read == NULL) {
            return &d->result;
        }
        crypto_hash_sha256(command.random, (const uint8_t *)&d->counter, sizeof d->counter);
    }
    fill_ctx(d, &ctx, call, actor);
    ctx.carry = carry;
    ctx.command = call->apply ? &command : NULL;
    call->read(&ctx, message);
    must(gj_txn_error(ctx.txn), "read");
    assert_true(ctx.answer.decided);
    take_answer(d, &ctx.answer);
    return &d->result;
}

const struct gj_result *gj_direct_call(struct gj_direct *d, uint64_t user, Gj__V1__Call call, const void *request)
{
    if (d->device == 0) {
        d->device = gj_direct_device(d, 0, "desk");
    }
    return gj_direct_call_from(d, user, d->device, call, request);
}

const struct gj_result *gj_direct_system(struct gj_direct *d, Gj__V1__Call call, const void *body)
{
    struct gj_applied applied;
    enum gj_err err;
    gj_arena_reset(&d->out);
    if (d->look) {
        gj_txn_abort(d->look);
        d->look = NULL;
    }
    memset(&d->result, 0, sizeof d->result);
    uint64_t before = gj_txn_events(gj_direct_look(d));
    run_command(d, 0, 0, (uint16_t)call, body, &applied, &err);
    if (err != GJ_OK) {
        d->result.status = GJ__V1__STATUS__INTERNAL;
        d->result.code = gj_err_name(err);
        d->result.field = "";
        return &d->result;
    }
    take_answer(d, &applied.answer);
    d->result.written = applied.written;
    d->result.entries = gj_txn_events(gj_direct_look(d)) - before;
    return &d->result;
}

void gj_direct_request_key(struct gj_direct *d, const uint8_t key[16])
{
    memcpy(d->key, key, 16);
    d->have_key = true;
}

void gj_direct_fail(struct gj_direct *d, const char *prefix, uint64_t nth)
{
    snprintf(d->prefix, sizeof d->prefix, "%s", prefix ? prefix : "");
    d->nth = nth;
    d->failed = false;
}
bool gj_direct_failed(struct gj_direct *d)
{
    return d->failed;
}

void gj_direct_digest(struct gj_direct *d, uint8_t out[32])
{
    crypto_hash_sha256_state st;
    crypto_hash_sha256_init(&st);
    struct gj_txn *txn = gj_direct_look(d);
    for (int t = 0; t < GJ_TABLE_COUNT; t++) {
        struct gj_iter it;
        gj_iter_range(&it, txn, (enum gj_table)t, NULL, NULL, GJ_FORWARD);
        while (gj_iter_next(&it)) {
            crypto_hash_sha256_update(&st, it.key.data, it.key.len);
            crypto_hash_sha256_update(&st, it.value.data, it.value.len);
        }
        gj_iter_close(&it);
    }
    crypto_hash_sha256_final(&st, out);
}

struct gj_txn *gj_direct_look(struct gj_direct *d)
{
    if (d->look == NULL) {
        must(gj_txn_begin_read(d->core.store, &d->look), "look");
    }
    return d->look;
}
struct gj_arena *gj_direct_arena(struct gj_direct *d)
{
    return &d->arena;
}

void gj_direct_ok(const struct gj_result *r, const char *file, int line)
{
    if (r->status != GJ__V1__STATUS__OK) {
        print_error("%s:%d: status %d code %s field %s\n", file, line, r->status, r->code, r->field);
        _fail(file, line);
    }
}
void gj_direct_refused(
    const struct gj_result *r, Gj__V1__Status status, const char *code, const char *field, const char *file, int line)
{
    if (r->status != status || strcmp(r->code, code) != 0 || (field && strcmp(r->field, field) != 0)) {
        print_error("%s:%d: status %d code %s field %s\n", file, line, r->status, r->code, r->field);
        _fail(file, line);
    }
}
