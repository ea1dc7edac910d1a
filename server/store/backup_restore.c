#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/backup_internal.h"
#include "store/store_meta.h"

/* The newest backup beside path that still has its vault. */
static bool newest_vault(const char *path, char out[GJ_BACKUP_PATH_MAX])
{
    enum { MAX = 1024 };
    char parent[GJ_BACKUP_PATH_MAX];
    snprintf(parent, sizeof parent, "%s/..", path);
    int64_t *times = malloc(MAX * sizeof *times);
    size_t count = times == NULL ? 0 : gj_backup_list(parent, times, MAX);
    bool found = false;
    for (size_t i = count < MAX ? count : MAX; i > 0 && !found; i--) {
        struct stat st;
        snprintf(out, GJ_BACKUP_PATH_MAX, "%.1000s/../" GJ_BACKUP_NAME "%" PRId64 "/vault.mdb", path, times[i - 1]);
        found = stat(out, &st) == 0;
    }
    free(times);
    return found;
}

static enum gj_err make_folder(const char *dir, const char *name)
{
    char path[GJ_BACKUP_PATH_MAX];
    snprintf(path, sizeof path, "%s%s%s", dir, name[0] != 0 ? "/" : "", name);
    return mkdir(path, 0700) == 0 ? GJ_OK : gj_err_from_errno(errno);
}

static enum gj_err copy_all(const char *path, const char *dir, struct gj_fault *fault)
{
    struct gj_pace pace = {.dir = dir};
    char from[GJ_BACKUP_PATH_MAX], to[GJ_BACKUP_PATH_MAX];
    uint64_t bytes = 0, count = 0;
    gj_pace_begin(&pace);
    enum gj_err err = make_folder(dir, "main");
    if (err == GJ_OK) {
        err = make_folder(dir, "vault");
    }
    if (err == GJ_OK) {
        snprintf(from, sizeof from, "%s/main.mdb", path);
        snprintf(to, sizeof to, "%s/main/data.mdb", dir);
        err = gj_copy_file(from, to, &pace, NULL, &bytes);
    }
    if (err == GJ_OK) {
        snprintf(from, sizeof from, "%s/vault.mdb", path);
        snprintf(to, sizeof to, "%s/vault/data.mdb", dir);
        struct stat st;
        if (stat(from, &st) != 0 && !newest_vault(path, from)) {
            return gj_fault_set(fault, GJ_ENOTFOUND, "neither this backup nor one beside it has a vault");
        }
        err = gj_copy_file(from, to, &pace, NULL, &bytes);
    }
    if (err == GJ_OK) {
        err = gj_copy_blobs(path, dir, &pace, &count, &bytes);
    }
    return err == GJ_OK ? err : gj_fault_set(fault, err, "the backup cannot be copied: %s", gj_err_text(err));
}

/* Opens what was copied, brings vault and main together and starts the new epoch, which declares itself. */
static enum gj_err settle(const struct gj_store_options *into, const char *dir,
    const struct gj_restore_options *restore, struct gj_restore_result *result, struct gj_fault *fault)
{
    struct gj_store_options options = *into;
    options.dir = dir;
    options.create = false;
    struct gj_store *store = NULL;
    enum gj_err err = gj_store_open_as(&options, false, &store, fault);
    if (err != GJ_OK) {
        return err;
    }
    struct gj_vault_report report;
    err = gj_vault_reconcile(store, &report);
    if (err == GJ_OK) {
        err = gj_vault_rewrite(store); /* finishes erasures that main remembers */
    }
    if (err == GJ_OK) {
        err = gj_meta_set_epoch(store, result->epoch);
    }
    if (err != GJ_OK) {
        gj_store_close(store);
        return gj_fault_set(fault, err, "vault and main cannot be brought together: %s", gj_err_text(err));
    }
    result->keys = report.keys;
    result->orphans = report.orphans;
    result->finished = report.finished;
    result->missing = report.missing;
    if (restore->declare != NULL) {
        err = restore->declare(restore->owner, store, result, fault);
    }
    gj_store_close(store);
    return err;
}

static void remove_store(const char *dir)
{
    static const char *const files[] = {"journal/checkpoint", "journal/checkpoint.new", "main/data.mdb",
        "main/lock.mdb", "vault/data.mdb", "vault/lock.mdb", "lock", "journal", "main", "vault"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[GJ_BACKUP_PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", dir, files[i]);
        remove(path);
    }
    gj_remove_backup(dir); /* its blob folder, and itself */
}

enum gj_err gj_backup_restore(const char *path, const struct gj_store_options *into,
    const struct gj_restore_options *options, struct gj_restore_result *out, struct gj_fault *fault)
{
    static const struct gj_restore_options none;
    const struct gj_restore_options *restore = options != NULL ? options : &none;
    struct gj_restore_result result;
    memset(&result, 0, sizeof result);
    char work[GJ_STORE_PATH_MAX];
    if ((size_t)snprintf(work, sizeof work, "%s.restoring", into->dir) >= sizeof work - 128) {
        return gj_fault_set(fault, GJ_ETOOBIG, "the path of the data directory is too long");
    }
    enum gj_err err = gj_backup_verify(path, true, &result.manifest, fault);
    if (err != GJ_OK) {
        return err;
    }
    if (rmdir(into->dir) != 0 && errno != ENOENT) {
        return gj_fault_set(fault, GJ_EEXIST, "%s is not empty: move it away first", into->dir);
    }
    uint32_t epoch = result.manifest.epoch;
    result.epoch = (epoch > restore->above_epoch ? epoch : restore->above_epoch) + 1;
    remove_store(work); /* of a run that was cut off */
    err = make_folder(work, "");
    if (err != GJ_OK) {
        return gj_fault_set(fault, err, "%s cannot be made", work);
    }
    err = copy_all(path, work, fault);
    if (err == GJ_OK) {
        err = settle(into, work, restore, &result, fault);
    }
    if (err == GJ_OK && rename(work, into->dir) != 0) {
        err = gj_fault_set(fault, gj_err_from_errno(errno), "%s cannot be renamed to %s", work, into->dir);
    }
    if (err != GJ_OK) {
        remove_store(work);
        return err;
    }
    char parent[GJ_BACKUP_PATH_MAX];
    snprintf(parent, sizeof parent, "%s/..", into->dir);
    if ((err = gj_env_sync_dir(parent)) != GJ_OK) {
        return gj_fault_set(fault, err, "%s cannot be synced", parent);
    }
    *out = result;
    return GJ_OK;
}
