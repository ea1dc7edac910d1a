#include "lib/direct_impl.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/pb.h"
#include "common/policy/policy.h"
#include "core/actor.h"
#include "core/apply.h"
#include "core/body.pb-c.h"
#include "core/household.h"
#include "core/subject.h"
#include "service/directory/directory.h"
#include "store/record.h"
#include "store/vault.h"

#define POLICY_PARTS_MAX 128

static void check(enum gj_err err)
{
    if (err != GJ_OK) {
        fail_msg("%s", gj_err_name(err));
    }
}

/* ---- genesis ---- */

struct parts {
    struct gj_arena *arena;
    Gj__Body__File *files[POLICY_PARTS_MAX];
    size_t count;
};

static enum gj_err take_part(void *owner, const struct gj_policy_part *part)
{
    struct parts *parts = owner;
    Gj__Body__File *file = GJ_ARENA_NEW(parts->arena, Gj__Body__File);
    assert_non_null(file);
    assert_true(parts->count < POLICY_PARTS_MAX);
    gj__body__file__init(file);
    file->name = gj_arena_strdup(parts->arena, part->name);
    file->content.data = gj_arena_dup(parts->arena, part->bytes, part->len);
    file->content.len = part->len;
    parts->files[parts->count++] = file;
    return GJ_OK;
}

static void read_policy(struct gj_direct *direct, struct parts *parts)
{
    struct gj_problems *problems = calloc(1, sizeof *problems);
    uint8_t *bundle = NULL;
    size_t len = 0;
    assert_non_null(problems);
    gj_problems_init(problems);
    check(gj_policy_bundle_folder(GJ_SOURCE_DIR "/deploy/policy", &bundle, &len, problems));
    parts->arena = &direct->result_arena;
    check(gj_policy_bundle_each(bundle, len, take_part, parts));
    free(bundle);
    free(problems);
}

static ProtobufCBinaryData read_calendar(struct gj_direct *direct)
{
    FILE *file = fopen(GJ_SOURCE_DIR "/deploy/calendars/cn.tsv", "rb");
    assert_non_null(file);
    uint8_t *bytes = gj_arena_alloc(&direct->result_arena, 1 << 20);
    assert_non_null(bytes);
    size_t len = fread(bytes, 1, 1 << 20, file);
    (void)fclose(file);
    return (ProtobufCBinaryData){.data = bytes, .len = len};
}

static void apply_genesis(struct gj_direct *direct, const Gj__Body__Init *body)
{
    struct gj_command command = {.call = GJ__V1__CALL__SYSTEM_INIT, .at_ms = gj_direct_now(direct)};
    struct gj_applier *applier = NULL;
    struct gj_applied applied;
    struct gj_txn *txn = NULL;
    uint8_t *bytes = NULL;
    check(gj_pb_pack_arena(&body->base, &direct->result_arena, &bytes, &command.body_len));
    command.body = bytes;
    check(gj_applier_new(&direct->core, &applier));
    check(gj_txn_begin_write(direct->core.store, &txn));
    gj_apply_command(applier, txn, &command, &direct->result_arena, &applied);
    assert_int_equal(applied.answer.status, GJ__V1__STATUS__OK);
    check(gj_txn_commit(txn));
    gj_applier_free(applier);
}

void gj_direct_genesis(struct gj_direct *direct)
{
    Gj__Body__Init body = GJ__BODY__INIT__INIT;
    struct parts parts = {0};
    struct gj_vault_wrapped office, data;
    uint8_t key[GJ_VAULT_KEY_SIZE];
    read_policy(direct, &parts);
    body.policy = parts.files;
    body.n_policy = parts.count;
    body.calendar = read_calendar(direct);
    body.cluster_id = (ProtobufCBinaryData){.data = direct->core.cluster_id, .len = 16};
    body.demo = true;
    check(gj_vault_new_office(direct->core.vault, 0, &office));
    check(gj_vault_new_first_key(direct->core.vault, 0, &office, key, &data));
    body.office_key = (ProtobufCBinaryData){.data = office.bytes, .len = sizeof office.bytes};
    body.data_key = (ProtobufCBinaryData){.data = data.bytes, .len = sizeof data.bytes};
    apply_genesis(direct, &body);
    gj_arena_reset(&direct->result_arena);
}

void gj_direct_remove(const char *dir)
{
    DIR *list = opendir(dir);
    if (list == NULL) {
        return;
    }
    for (struct dirent *item = readdir(list); item != NULL; item = readdir(list)) {
        char path[1024];
        struct stat info;
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0) {
            continue;
        }
        (void)snprintf(path, sizeof path, "%s/%s", dir, item->d_name);
        if (lstat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
            gj_direct_remove(path);
        } else {
            (void)unlink(path);
        }
    }
    (void)closedir(list);
    (void)rmdir(dir);
}

/* ---- rows ---- */

static struct gj_txn *begin(struct gj_direct *direct)
{
    struct gj_txn *txn = NULL;
    gj_txn_abort(direct->look);
    direct->look = NULL;
    check(gj_txn_begin_write(direct->core.store, &txn));
    return txn;
}

static void put(struct gj_txn *txn, enum gj_table table, uint64_t id, const ProtobufCMessage *message)
{
    struct gj_key key = gj_key_of_u64(id);
    gj_record_save(txn, table, &key, message);
}

static void put_code(struct gj_txn *txn, enum gj_directory_index index, uint64_t office, const char *code, uint64_t id)
{
    struct gj_key key = gj_directory_index_key(index, office, code);
    gj_txn_put_u64(txn, GJ_TABLE_DIRECTORY, &key, id);
}

uint64_t gj_direct_region(struct gj_direct *direct, const char *code)
{
    struct gj_txn *txn = begin(direct);
    Gj__Stored__Region row = GJ__STORED__REGION__INIT;
    row.id = gj_counter_next(txn, GJ_COUNTER_REGION);
    row.code = (char *)(uintptr_t)code;
    row.name = (char *)(uintptr_t)code;
    put(txn, GJ_TABLE_REGION, row.id, &row.base);
    put_code(txn, GJ_INDEX_REGION_CODE, 0, code, row.id);
    check(gj_txn_commit(txn));
    return row.id;
}

uint64_t gj_direct_office(struct gj_direct *direct, uint64_t region, const char *code)
{
    struct gj_txn *txn = begin(direct);
    Gj__Stored__Office row = GJ__STORED__OFFICE__INIT;
    struct gj_vault_wrapped office, data;
    uint8_t key[GJ_VAULT_KEY_SIZE];
    row.id = gj_counter_next(txn, GJ_COUNTER_OFFICE);
    row.region = region;
    row.code = (char *)(uintptr_t)code;
    row.name = (char *)(uintptr_t)code;
    row.revision = 1;
    put(txn, GJ_TABLE_OFFICE, row.id, &row.base);
    put_code(txn, GJ_INDEX_OFFICE_CODE, 0, code, row.id);
    struct gj_subject subject = {.kind = GJ_SUBJECT_OFFICE, .id = row.id};
    check(gj_vault_new_office(direct->core.vault, (uint32_t)row.id, &office));
    check(gj_vault_new_first_key(direct->core.vault, (uint32_t)row.id, &office, key, &data));
    gj_vault_put_office(txn, (uint32_t)row.id, &office);
    gj_vault_put_key(txn, &subject, (uint32_t)row.id, &data);
    gj_actor_rights_changed(txn);
    check(gj_txn_commit(txn));
    return row.id;
}

static void add_grant(Gj__Stored__User *user, Gj__Stored__Grant **grants, Gj__Stored__Grant *grant, const char *role,
    uint64_t office, uint64_t region)
{
    gj__stored__grant__init(grant);
    grant->role = (char *)(uintptr_t)role;
    grant->office = office;
    grant->region = region;
    for (size_t i = 0; i < user->n_grants; i++) {
        grants[i] = user->grants[i];
    }
    grants[user->n_grants++] = grant;
    user->grants = grants;
}

uint64_t gj_direct_user(struct gj_direct *direct, const char *login, const char *role, uint64_t office, uint64_t region)
{
    struct gj_txn *txn = begin(direct);
    Gj__Stored__User row = GJ__STORED__USER__INIT;
    Gj__Stored__Grant grant;
    Gj__Stored__Grant *grants[1];
    struct gj_key name = gj_key_of_name(login);
    row.id = gj_counter_next(txn, GJ_COUNTER_USER);
    row.login = (char *)(uintptr_t)login;
    row.name = (char *)(uintptr_t)login;
    row.office = office;
    row.revision = 1;
    if (role != NULL) {
        add_grant(&row, grants, &grant, role, office, region);
    }
    put(txn, GJ_TABLE_USER, row.id, &row.base);
    gj_txn_put_u64(txn, GJ_TABLE_USER_NAME, &name, row.id);
    gj_actor_rights_changed(txn);
    check(gj_txn_commit(txn));
    return row.id;
}

void gj_direct_grant(struct gj_direct *direct, uint64_t user, const char *role, uint64_t office, uint64_t region)
{
    struct gj_txn *txn = begin(direct);
    Gj__Stored__User *row = NULL;
    Gj__Stored__Grant grant;
    Gj__Stored__Grant *grants[GJ_USER_GRANTS_MAX + 1];
    struct gj_key key = gj_key_of_u64(user);
    assert_true(
        gj_record_load(txn, GJ_TABLE_USER, &key, &gj__stored__user__descriptor, &direct->result_arena, (void **)&row));
    add_grant(row, grants, &grant, role, office, region);
    put(txn, GJ_TABLE_USER, user, &row->base);
    gj_actor_rights_changed(txn);
    check(gj_txn_commit(txn));
}

uint64_t gj_direct_household(struct gj_direct *direct, uint64_t office, const char *room)
{
    struct gj_vault_wrapped wrapped;
    uint8_t key[GJ_VAULT_KEY_SIZE];
    check(gj_vault_new_key(direct->core.vault, (uint32_t)office, key, &wrapped));
    struct gj_txn *txn = begin(direct);
    Gj__Stored__Household row = GJ__STORED__HOUSEHOLD__INIT;
    row.id = gj_counter_next(txn, GJ_COUNTER_HOUSEHOLD);
    row.office = office;
    row.room = (char *)(uintptr_t)room;
    row.revision = 1;
    struct gj_subject subject = {.kind = GJ_SUBJECT_HOUSEHOLD, .id = row.id};
    gj_vault_put_key(txn, &subject, (uint32_t)office, &wrapped);
    struct gj_key by_room = gj_household_room_key(office, room);
    gj_txn_put_u64(txn, GJ_TABLE_HOUSEHOLD_BY_ROOM, &by_room, row.id);
    put(txn, GJ_TABLE_HOUSEHOLD, row.id, &row.base);
    check(gj_txn_commit(txn));
    return row.id;
}

uint64_t gj_direct_device(struct gj_direct *direct, uint64_t office, const char *device_class)
{
    struct gj_txn *txn = begin(direct);
    Gj__Stored__Device row = GJ__STORED__DEVICE__INIT;
    row.id = gj_counter_next(txn, GJ_COUNTER_DEVICE);
    row.office = office;
    row.device_class = (char *)(uintptr_t)device_class;
    row.name = (char *)(uintptr_t)device_class;
    row.enrolled_at = gj_direct_now(direct);
    put(txn, GJ_TABLE_DEVICE, row.id, &row.base);
    gj_actor_rights_changed(txn);
    check(gj_txn_commit(txn));
    return row.id;
}

void gj_direct_put(struct gj_direct *direct, enum gj_table table, uint64_t id, const void *message)
{
    struct gj_txn *txn = begin(direct);
    put(txn, table, id, message);
    gj_actor_rights_changed(txn);
    check(gj_txn_commit(txn));
}
