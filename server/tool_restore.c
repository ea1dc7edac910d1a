/* A store from a backup, and the entry by which the new history says that it is one. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/secret.h"
#include "core/subject.h"
#include "keys.h"
#include "store/backup.h"
#include "store/entry.h"
#include "store/record.h"
#include "store/store.h"
#include "store/stored.pb-c.h"
#include "store/txn.h"
#include "tool.h"

#define ROW_ARENA_MAX ((size_t)256 * 1024)

/* What both people said, as the entry carries it. */
struct declaration {
    const struct gj_tool_restore *restore;
    struct gj_entry_word reason;
    int64_t now_ms;
};

static enum gj_err find_operator(struct gj_txn *txn, const char *login, uint64_t *user, struct gj_fault *fault)
{
    struct gj_arena arena;
    Gj__Stored__User *row = NULL;
    struct gj_key name = gj_key_of_name(login);

    gj_arena_init(&arena, ROW_ARENA_MAX);
    *user = gj_txn_get_u64(txn, GJ_TABLE_USER_NAME, &name);
    struct gj_key key = gj_key_of_u64(*user);
    bool known = *user != 0 &&
                 gj_record_load(txn, GJ_TABLE_USER, &key, &gj__stored__user__descriptor, &arena, (void **)&row) &&
                 !row->disabled;
    gj_arena_fini(&arena);
    return known ? GJ_OK : gj_fault_set(fault, GJ_ENOTFOUND, "the backup knows no user %s who may decide this", login);
}

/* Which tree was known, that records after it are gone, who decided it and why. */
static enum gj_err declare(
    void *owner, struct gj_store *store, const struct gj_restore_result *result, struct gj_fault *fault)
{
    const struct declaration *declaration = owner;
    const char *const *operators = declaration->restore->operators;
    struct gj_txn *txn = NULL;
    struct gj_entry entry = {.type = GJ_ENTRY_RESTORE,
        .recorded_at = declaration->now_ms,
        .subject_kind = GJ_SUBJECT_STORE,
        .previous = GJ_ENTRY_NONE,
        .has_value = true,
        .value = (int64_t)result->manifest.entries,
        .has_object = true,
        .has_second = true,
        .has_reason = true,
        .reason = declaration->reason};
    enum gj_err err = gj_txn_begin_write(store, &txn);

    if (err != GJ_OK) {
        return gj_fault_set(fault, err, "the restored store cannot be written: %s", gj_err_text(err));
    }
    err = find_operator(txn, operators[0], &entry.actor, fault);
    if (err == GJ_OK) {
        err = find_operator(txn, operators[1], &entry.second, fault);
    }
    if (err == GJ_OK && entry.actor == entry.second) {
        err = gj_fault_set(fault, GJ_EINVAL, "%s cannot be both operators", operators[0]);
    }
    if (err != GJ_OK) {
        gj_txn_abort(txn);
        return err;
    }
    memcpy(entry.object, result->manifest.root.bytes, sizeof entry.object);
    (void)!gj_entry_word(&entry.action, "restore");
    gj_entry_append(txn, &entry, NULL, 0);
    err = gj_txn_commit(txn);
    return err == GJ_OK ? err : gj_fault_set(fault, err, "the restore cannot be declared: %s", gj_err_text(err));
}

enum gj_err gj_tool_restore(const struct gj_tool_restore *restore, struct gj_fault *fault)
{
    struct gj_keys keys;
    struct gj_store_options options = {.dir = restore->dir};
    struct gj_restore_result result;
    struct gj_clock clock;

    gj_clock_init_real(&clock);
    struct declaration declaration = {.restore = restore, .now_ms = gj_clock_now_ms(&clock)};
    const struct gj_restore_options how = {.declare = declare, .owner = &declaration};
    if (restore->reason[0] == '\0' || gj_entry_word(&declaration.reason, restore->reason) != GJ_OK) {
        return gj_fault_set(fault, GJ_EINVAL, "%s is no reason: one word of A-Z a-z 0-9 . _ : + -, at most 32 letters",
            restore->reason);
    }
    enum gj_err err = gj_keys_read(restore->keys, &keys, fault);
    if (err == GJ_OK) {
        memcpy(options.master_key, keys.master, sizeof options.master_key);
        err = gj_backup_restore(restore->backup, &options, &how, &result, fault);
    }
    gj_secret_wipe(&options, sizeof options);
    if (err == GJ_OK && strcmp(restore->keys, restore->dir) != 0) {
        err = gj_keys_copy(&keys, restore->dir, fault);
    }
    if (err == GJ_OK) {
        printf("restored %" PRIu64 " entries, epoch %u, %" PRIu64 " keys, %" PRIu64 " missing\n",
            result.manifest.entries, result.epoch, result.keys, result.missing);
    }
    gj_keys_wipe(&keys);
    return err;
}
