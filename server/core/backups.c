#include "core/backups.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/log.h"
#include "core/body.pb-c.h"
#include "core/commit.h"
#include "core/health.h"
#include "store/backup.h"

struct gj_backups {
    struct gj_core *core;
    uv_async_t async;
    struct gj_backup *running;
    int64_t made_at_ms;
    gj_backups_done_fn *on_done;
    void *owner;
};

/* On the backup's own thread. */
static void on_copied(void *owner)
{
    struct gj_backups *backups = owner;

    uv_async_send(&backups->async);
}

static void put_on_record(
    struct gj_backups *backups, const struct gj_backups_result *result, const struct gj_backup_manifest *manifest)
{
    Gj__Body__BackupDone body = GJ__BODY__BACKUP_DONE__INIT;

    body.made_at = result->made_at_ms;
    body.ok = result->err == GJ_OK;
    if (!body.ok) {
        body.error = (char *)(uintptr_t)gj_err_name(result->err);
    } else {
        body.entries = manifest->entries;
        body.root.data = (uint8_t *)manifest->root.bytes;
        body.root.len = sizeof manifest->root.bytes;
    }
    enum gj_err err = gj_commit_system(backups->core, GJ__V1__CALL__SYSTEM_BACKUP_DONE, &body.base, NULL, NULL);
    if (err != GJ_OK && err != GJ_ECLOSED) {
        gj_log(GJ_LOG_WARN, "backup.not_recorded", GJ_LOG_ERR(err));
    }
}

static void finish(struct gj_backups *backups)
{
    struct gj_backup_manifest manifest;
    struct gj_backups_result *result = calloc(1, sizeof *result);
    struct gj_backup *running = backups->running;
    gj_backups_done_fn *on_done = backups->on_done;

    backups->running = NULL;
    backups->on_done = NULL;
    if (result == NULL) {
        (void)gj_backup_end(running, &manifest, NULL, 0, NULL);
        return;
    }
    result->made_at_ms = backups->made_at_ms;
    result->err = gj_backup_end(running, &manifest, result->path, sizeof result->path, &result->fault);
    gj_health_backup(backups->core->health, result->made_at_ms, result->err == GJ_OK ? NULL : gj_err_name(result->err));
    if (result->err != GJ_OK) {
        gj_log(GJ_LOG_ERROR, "backup.failed", GJ_LOG_ERR(result->err));
    } else {
        gj_log(GJ_LOG_INFO, "backup.done", GJ_LOG_U64("entries", manifest.entries));
    }
    put_on_record(backups, result, &manifest);
    if (on_done != NULL) {
        on_done(backups->owner, result);
    }
    free(result);
}

static void on_async(uv_async_t *handle)
{
    struct gj_backups *backups = handle->data;

    if (backups->running != NULL) {
        finish(backups);
    }
}

enum gj_err gj_backups_open(struct gj_core *core, struct gj_backups **out)
{
    struct gj_backups *backups = calloc(1, sizeof *backups);

    if (backups == NULL) {
        return GJ_ENOMEM;
    }
    if (uv_async_init(core->loop, &backups->async, on_async) != 0) {
        free(backups);
        return GJ_ESYS;
    }
    backups->async.data = backups;
    backups->core = core;
    *out = backups;
    return GJ_OK;
}

/* Whether two paths lead to one folder. */
static bool same_folder(const char *a, const char *b)
{
    struct stat one;
    struct stat other;

    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

enum gj_err gj_backups_start(struct gj_backups *backups, const char *target, gj_backups_done_fn *on_done, void *owner)
{
    struct gj_backup_options options = {.target = target != NULL ? target : backups->core->backup_dir};

    if (options.target == NULL || options.target[0] == '\0') {
        return GJ_ENOTFOUND;
    }
    if (backups->running != NULL) {
        return GJ_EBUSY;
    }
    /* Only the configured folder has a retention: what somebody takes to another place stays there. */
    if (backups->core->backup_dir != NULL && same_folder(options.target, backups->core->backup_dir)) {
        options.keep = backups->core->backup_keep;
        options.vault_keep = backups->core->backup_vault_keep;
    }
    options.now_ms = gj_core_now(backups->core);
    backups->made_at_ms = options.now_ms;
    enum gj_err err = gj_backup_start(backups->core->store, &options, on_copied, backups, &backups->running);
    if (err == GJ_OK) {
        backups->on_done = on_done;
        backups->owner = owner;
    }
    return err;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void gj_backups_close(struct gj_backups *backups)
{
    if (backups == NULL) {
        return;
    }
    if (backups->running != NULL) {
        gj_backup_cancel(backups->running);
        (void)gj_backup_end(backups->running, &(struct gj_backup_manifest){0}, NULL, 0, NULL);
        backups->running = NULL;
    }
    uv_close((uv_handle_t *)&backups->async, on_closed);
}
