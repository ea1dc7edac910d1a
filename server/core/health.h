/* What the daemon says of itself: counters and alarms for ADMIN_STATUS. Loop thread. */
#ifndef GJ_CORE_HEALTH_H
#define GJ_CORE_HEALTH_H

#include "core/call.h"
#include "proto/admin.pb-c.h"

struct gj_health;

/* Alarms held at once; a further one is dropped, since an administrator has plenty to look at already. */
#define GJ_ALARMS_MAX 16
#define GJ_ALARM_TEXT_MAX 63

enum gj_err gj_health_new(struct gj_core *core, struct gj_health **out);
void gj_health_free(struct gj_health *health);

/* code is one of "clock.held", "disk.reserve", "calendar.missing:2028", "backup.failed" …; raising one twice is once.
 */
void gj_health_raise(struct gj_health *health, const char *code);
void gj_health_clear(struct gj_health *health, const char *code);
/* The end of a backup; error NULL: it is whole. Kept in the store by the command that puts it on record, and read from
 * there at the start, so that a restart forgets nothing. */
void gj_health_keep_backup(struct gj_txn *txn, struct gj_arena *arena, int64_t at_ms, const char *error);
void gj_health_load(struct gj_health *health, struct gj_txn *txn);
void gj_health_backup(struct gj_health *health, int64_t at_ms, const char *error);

/* Somebody's name and password were right, but on a device of an office that is none of theirs. */
void gj_health_login_elsewhere(struct gj_health *health);

/* Fills everything; strings and arrays in ctx's arena. */
void gj_health_fill(struct gj_health *health, struct gj_ctx *ctx, Gj__V1__Health *out);

#endif
