#include "store/backup.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fail.h"
#include "store/backup_internal.h"
#include "store/vault_internal.h"

struct gj_backup {
    struct gj_store *store;
    char target[GJ_STORE_PATH_MAX];
    char path[GJ_STORE_PATH_MAX + 64]; /* the finished directory */
    char work[GJ_STORE_PATH_MAX + 64]; /* while it is being made */
    struct gj_backup_options options;
    struct gj_pace pace;
    atomic_bool cancelled;
    pthread_t thread;
    void (*on_done)(void *owner);
    void *owner;
    struct gj_backup_manifest manifest;
    enum gj_err err;
};

/* ---- names ---- */

/* Ends of the names of what is no backup: not yet, and no longer. */
#define MAKING ".making"
#define REMOVING ".removing"

static bool parse_name(const char *name, const char *end, int64_t *made_at_ms)
{
    char again[64];
    if (sscanf(name, GJ_BACKUP_NAME "%" SCNd64, made_at_ms) != 1) {
        return false;
    }
    snprintf(again, sizeof again, GJ_BACKUP_NAME "%" PRId64 "%s", *made_at_ms, end);
    return strcmp(again, name) == 0;
}

static int by_time(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static size_t list(const char *target, const char *end, int64_t *made_at_ms, size_t max)
{
    size_t count = 0;
    DIR *dir = opendir(target);
    struct dirent *entry;
    int64_t at = 0;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (!parse_name(entry->d_name, end, &at)) {
            continue;
        }
        if (count < max) {
            made_at_ms[count] = at;
        }
        count++;
    }
    if (dir != NULL) {
        closedir(dir);
    }
    qsort(made_at_ms, count < max ? count : max, sizeof *made_at_ms, by_time);
    return count;
}

size_t gj_backup_list(const char *target, int64_t *made_at_ms, size_t max)
{
    return list(target, "", made_at_ms, max);
}

/* ---- old ones ---- */

/* What a crash left behind under such a name. */
static void remove_left_over(const char *target, const char *end)
{
    enum { MAX = 64 }; /* of one round; the next one takes the rest */
    int64_t times[MAX];
    size_t count = list(target, end, times, MAX);
    for (size_t i = 0; i < count && i < MAX; i++) {
        char dir[GJ_BACKUP_PATH_MAX];
        snprintf(dir, sizeof dir, "%s/" GJ_BACKUP_NAME "%" PRId64 "%s", target, times[i], end);
        gj_remove_backup(dir);
    }
}

/* It loses its name before it loses a file, so that whatever bears such a name is whole, even after a power cut. */
static enum gj_err remove_old(const char *target, int64_t made_at_ms)
{
    char dir[GJ_BACKUP_PATH_MAX], gone[GJ_BACKUP_PATH_MAX];
    snprintf(dir, sizeof dir, "%s/" GJ_BACKUP_NAME "%" PRId64, target, made_at_ms);
    snprintf(gone, sizeof gone, "%s/" GJ_BACKUP_NAME "%" PRId64 REMOVING, target, made_at_ms);
    if (rename(dir, gone) != 0) {
        return gj_err_from_errno(errno);
    }
    enum gj_err err = gj_env_sync_dir(target);
    if (err == GJ_OK) {
        gj_remove_backup(gone);
    }
    return err;
}

/* ---- steps ---- */

static enum gj_err copy_main(struct gj_backup *backup)
{
    char to[GJ_BACKUP_PATH_MAX];
    snprintf(to, sizeof to, "%s/main.mdb", backup->work);
    struct gj_backup_manifest *manifest = &backup->manifest;
    enum gj_err err =
        gj_copy_env(&backup->store->main, to, &backup->pace, manifest->main_sha256, &manifest->main_bytes);
    return err == GJ_OK ? gj_backup_read_main(to, manifest, NULL) : err;
}

/* After main: every subject that main's snapshot knows has its key in the vault's. */
static enum gj_err copy_vault(struct gj_backup *backup)
{
    char to[GJ_BACKUP_PATH_MAX];
    snprintf(to, sizeof to, "%s/vault.mdb", backup->work);
    struct gj_vault *vault = backup->store->vault;
    struct gj_backup_manifest *manifest = &backup->manifest;
    pthread_rwlock_rdlock(&vault->swap);
    enum gj_err err = gj_copy_env(&vault->env, to, &backup->pace, manifest->vault_sha256, &manifest->vault_bytes);
    pthread_rwlock_unlock(&vault->swap);
    return err;
}

enum gj_err gj_backup_prune(const char *target, unsigned keep, unsigned vault_keep, size_t *removed)
{
    enum { MAX = 1024 };
    struct stat st;
    if (stat(target, &st) != 0) {
        return gj_err_from_errno(errno);
    }
    int64_t *times = malloc(MAX * sizeof *times);
    if (times == NULL) {
        return GJ_ENOMEM;
    }
    remove_left_over(target, REMOVING);
    enum gj_err err = GJ_OK;
    size_t gone = 0;
    size_t count = gj_backup_list(target, times, MAX);
    count = count < MAX ? count : MAX;
    for (size_t i = 0; err == GJ_OK && i < count; i++) {
        char vault[GJ_BACKUP_PATH_MAX + 16];
        size_t newer = count - i - 1;
        if (keep != 0 && newer >= keep) {
            err = remove_old(target, times[i]);
            gone += err == GJ_OK;
        } else if (vault_keep != 0 && newer >= vault_keep) {
            snprintf(vault, sizeof vault, "%s/" GJ_BACKUP_NAME "%" PRId64 "/vault.mdb", target, times[i]);
            unlink(vault);
        }
    }
    free(times);
    if (removed != NULL) {
        *removed = gone;
    }
    return err;
}

static enum gj_err make(struct gj_backup *backup)
{
    struct gj_backup_manifest *manifest = &backup->manifest;
    remove_left_over(backup->target, MAKING); /* of runs that were cut off */
    if (mkdir(backup->work, 0700) != 0) {
        return gj_err_from_errno(errno);
    }
    gj_pace_begin(&backup->pace);
    enum gj_err err = copy_main(backup);
    if (err == GJ_OK) {
        err = copy_vault(backup);
    }
    if (err == GJ_OK) {
        err = gj_copy_blobs(
            gj_store_dir(backup->store), backup->work, &backup->pace, &manifest->blobs, &manifest->blob_bytes);
    }
    if (err == GJ_OK) {
        manifest->made_at_ms = backup->options.now_ms;
        err = gj_backup_write_manifest(backup->work, manifest);
    }
    if (err == GJ_OK && (gj_fail_point("backup.rename") || rename(backup->work, backup->path) != 0)) {
        err = GJ_EIO;
    }
    if (err != GJ_OK) {
        gj_remove_backup(backup->work);
        return err;
    }
    err = gj_env_sync_dir(backup->target);
    /* The backup is whole, whatever becomes of old ones. */
    (void)gj_backup_prune(backup->target, backup->options.keep, backup->options.vault_keep, NULL);
    return err;
}

static void *run_thread(void *arg)
{
    struct gj_backup *backup = arg;
    backup->err = make(backup);
    backup->on_done(backup->owner);
    return NULL;
}

/* ---- what the caller does ---- */

enum gj_err gj_backup_start(struct gj_store *store, const struct gj_backup_options *options,
    void (*on_done)(void *owner), void *owner, struct gj_backup **out)
{
    struct gj_backup *backup = gj_fail_point("backup.start") ? NULL : calloc(1, sizeof *backup);
    if (backup == NULL) {
        return GJ_ENOMEM;
    }
    backup->store = store;
    backup->options = *options;
    backup->on_done = on_done;
    backup->owner = owner;
    size_t len = (size_t)snprintf(backup->target, sizeof backup->target, "%s", options->target);
    snprintf(backup->path, sizeof backup->path, "%s/" GJ_BACKUP_NAME "%" PRId64, backup->target, options->now_ms);
    snprintf(
        backup->work, sizeof backup->work, "%s/" GJ_BACKUP_NAME "%" PRId64 MAKING, backup->target, options->now_ms);
    backup->pace = (struct gj_pace){
        .bytes_per_second = options->bytes_per_second != 0 ? options->bytes_per_second : GJ_BACKUP_BYTES_PER_SECOND,
        .cancelled = &backup->cancelled,
        .dir = backup->target,
        .reserve_bytes = store->reserve_bytes,
    };
    bool fits = len < sizeof backup->target - 160;
    if (!fits || pthread_create(&backup->thread, NULL, run_thread, backup) != 0) {
        free(backup);
        return fits ? GJ_ESYS : GJ_ETOOBIG;
    }
    *out = backup;
    return GJ_OK;
}

void gj_backup_cancel(struct gj_backup *backup)
{
    atomic_store(&backup->cancelled, true);
}

enum gj_err gj_backup_end(
    struct gj_backup *backup, struct gj_backup_manifest *manifest, char *path, size_t size, struct gj_fault *fault)
{
    pthread_join(backup->thread, NULL);
    enum gj_err err = backup->err;
    if (err == GJ_OK) {
        *manifest = backup->manifest;
        if (path != NULL) {
            snprintf(path, size, "%s", backup->path);
        }
    } else {
        gj_fault_set(fault, err, "the backup to %s failed: %s", backup->target, gj_err_text(err));
    }
    free(backup);
    return err;
}
