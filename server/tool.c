#include "tool.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "common/secret.h"
#include "control.h"
#include "keys.h"
#include "service/recover.h"
#include "store/audit_tree.h"
#include "store/backup.h"
#include "store/entry.h"
#include "store/store.h"
#include "store/txn.h"
#include "store/vault.h"

#define PATH_SIZE 4096

/* Gives *out even when it returns an error, to be closed. */
static enum gj_err open_store(
    const char *dir, struct gj_store **out, struct gj_log_replayed *replayed, struct gj_fault *fault)
{
    struct gj_keys keys;
    struct gj_store_options options = {.dir = dir};
    enum gj_err err = gj_keys_read(dir, &keys, fault);

    if (err == GJ_OK) {
        memcpy(options.master_key, keys.master, sizeof options.master_key);
        err = gj_store_open(&options, out, fault);
    }
    if (err == GJ_OK) {
        err = gj_service_recover(*out, replayed, fault);
    }
    gj_keys_wipe(&keys);
    gj_secret_wipe(&options, sizeof options);
    return err;
}

enum gj_err gj_tool_open(const char *dir, struct gj_store **out, struct gj_fault *fault)
{
    struct gj_log_replayed replayed;

    return open_store(dir, out, &replayed, fault);
}

/* ---- backup ---- */

static void on_done(void *owner)
{
    (void)owner; /* gj_backup_end waits for the thread */
}

static enum gj_err backup_here(const char *dir, const char *target, struct gj_fault *fault)
{
    struct gj_store *store = NULL;
    struct gj_backup *backup = NULL;
    struct gj_backup_manifest manifest;
    struct gj_clock clock;
    char path[PATH_SIZE] = "";

    gj_clock_init_real(&clock);
    struct gj_backup_options options = {.target = target, .now_ms = gj_clock_now_ms(&clock)};
    struct gj_log_replayed replayed;
    enum gj_err err = open_store(dir, &store, &replayed, fault);
    if (err == GJ_OK) {
        err = gj_backup_start(store, &options, on_done, NULL, &backup);
    }
    if (err == GJ_OK) {
        err = gj_backup_end(backup, &manifest, path, sizeof path, fault);
    }
    if (err == GJ_OK) {
        printf("%s\n", path);
    }
    gj_store_close(store);
    return err;
}

enum gj_err gj_tool_backup(const char *dir, const char *target, struct gj_fault *fault)
{
    char line[GJ_CONTROL_LINE_MAX];
    char answer[GJ_CONTROL_LINE_MAX + GJ_FAULT_TEXT_MAX];
    char full[PATH_SIZE];

    if (mkdir(target, 0700) != 0 && errno != EEXIST) {
        return gj_fault_set(fault, gj_err_from_errno(errno), "%s: %s", target, strerror(errno));
    }
    /* The daemon works in another folder than whoever asks. */
    if (realpath(target, full) == NULL || snprintf(line, sizeof line, "backup %s", full) >= (int)sizeof line) {
        return gj_fault_set(fault, GJ_ETOOBIG, "%s cannot be named", target);
    }
    enum gj_err err = gj_control_ask(dir, line, answer, sizeof answer, fault);
    if (err == GJ_ENOTFOUND) {
        return backup_here(dir, full, fault);
    }
    if (err != GJ_OK) {
        return err;
    }
    answer[strcspn(answer, "\n")] = '\0';
    if (strncmp(answer, "ok ", 3) != 0) {
        return gj_fault_set(fault, GJ_EIO, "the daemon says: %s", answer);
    }
    printf("%s\n", answer + 3);
    return GJ_OK;
}

enum gj_err gj_tool_prune(const char *folder, unsigned keep, unsigned vault_keep, struct gj_fault *fault)
{
    size_t removed = 0;
    enum gj_err err = gj_backup_prune(folder, keep, vault_keep, &removed);

    if (err != GJ_OK) {
        return gj_fault_set(fault, err, "%s: %s", folder, gj_err_text(err));
    }
    printf("removed %zu\n", removed);
    return GJ_OK;
}

/* ---- check ---- */

static enum gj_err check_entries(struct gj_txn *txn, struct gj_fault *fault)
{
    uint64_t count = gj_txn_events(txn);

    for (uint64_t i = 0; i < count; i++) {
        struct gj_entry_row row;

        if (!gj_entry_get(txn, i, &row)) {
            return gj_fault_set(fault, GJ_ECORRUPT, "audit entry %" PRIu64 " is missing or damaged", i);
        }
    }
    return gj_txn_error(txn);
}

static enum gj_err check_tree(struct gj_txn *txn, struct gj_fault *fault)
{
    uint64_t bad = 0;
    enum gj_err err = gj_tree_check(txn, &bad);
    if (err != GJ_OK) {
        return gj_fault_set(fault, GJ_ECORRUPT, "the audit tree does not follow from its entries at %" PRIu64, bad);
    }
    return GJ_OK;
}

enum gj_err gj_tool_check(const char *dir, struct gj_fault *fault)
{
    struct gj_store *store = NULL;
    struct gj_txn *txn = NULL;
    struct gj_vault_report report = {0};
    uint64_t count = 0;
    struct gj_log_replayed replayed = {0};
    enum gj_err err = open_store(dir, &store, &replayed, fault);

    if (err == GJ_OK) {
        err = gj_store_check_files(store, fault);
    }
    if (err == GJ_OK) {
        err = gj_txn_begin_read(store, &txn);
    }
    if (err == GJ_OK) {
        count = gj_txn_events(txn);
        err = check_entries(txn, fault);
    }
    if (err == GJ_OK) {
        err = check_tree(txn, fault);
    }
    gj_txn_abort(txn);
    if (err == GJ_OK) {
        err = gj_vault_reconcile(store, &report);
    }
    if (err == GJ_OK && report.missing > 0) {
        err = gj_fault_set(fault, GJ_ECORRUPT, "%" PRIu64 " subjects have lost their keys", report.missing);
    }
    if (err == GJ_OK) {
        printf("sound: %" PRIu64 " entries, %" PRIu64 " keys, %" PRIu64 " groups applied from the journal\n", count,
            report.keys, replayed.groups);
    }
    gj_store_close(store);
    return err;
}
