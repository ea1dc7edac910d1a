/* Backups of the running daemon: one at a time, on their own thread (store/backup.h), told to the health and put on
 * record. */
#ifndef GJ_CORE_BACKUPS_H
#define GJ_CORE_BACKUPS_H

#include "common/err.h"
#include "core/core.h"

struct gj_backups;

struct gj_backups_result {
    enum gj_err err;
    int64_t made_at_ms;
    char path[4096]; /* of the finished backup */
    struct gj_fault fault;
};

/* On the loop. result is borrowed. */
typedef void gj_backups_done_fn(void *owner, const struct gj_backups_result *result);

enum gj_err gj_backups_open(struct gj_core *core, struct gj_backups **out);
/* target NULL: the configured folder. GJ_EBUSY: one is under way. GJ_ENOTFOUND: none is configured. on_done may be
 * NULL. */
enum gj_err gj_backups_start(struct gj_backups *backups, const char *target, gj_backups_done_fn *on_done, void *owner);
/* Cancels what is under way; the loop must run until its handle is closed. */
void gj_backups_close(struct gj_backups *backups);

#endif
