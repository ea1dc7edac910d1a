#include "core/health.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "core/commit.h"
#include "core/core.h"
#include "core/policies.h"
#include "core/push.h"
#include "core/router.h"
#include "core/session.h"
#include "store/audit_tree.h"
#include "store/pages.h"
#include "store/record.h"
#include "store/store.h"
#include "store/stored.pb-c.h"

/* Row of the table SETTING. */
#define BACKUPS_KEY "backups"

struct gj_health {
    struct gj_core *core;
    int64_t started_at_ms;
    int64_t last_backup_ms;
    uint64_t logins_elsewhere;
    char backup_error[GJ_ALARM_TEXT_MAX + 1];
    char alarms[GJ_ALARMS_MAX][GJ_ALARM_TEXT_MAX + 1];
    unsigned count;
};

enum gj_err gj_health_new(struct gj_core *core, struct gj_health **out)
{
    struct gj_health *health = calloc(1, sizeof *health);

    if (health == NULL) {
        return GJ_ENOMEM;
    }
    health->core = core;
    health->started_at_ms = gj_clock_now_ms(core->clock);
    *out = health;
    return GJ_OK;
}

void gj_health_free(struct gj_health *health)
{
    free(health);
}

static int find(const struct gj_health *health, const char *code)
{
    for (unsigned i = 0; i < health->count; i++) {
        if (strcmp(health->alarms[i], code) == 0) {
            return (int)i;
        }
    }
    return -1;
}

void gj_health_raise(struct gj_health *health, const char *code)
{
    if (health == NULL || find(health, code) >= 0 || health->count == GJ_ALARMS_MAX) {
        return;
    }
    snprintf(health->alarms[health->count++], sizeof health->alarms[0], "%s", code);
    gj_log(GJ_LOG_WARN, "alarm.raised", GJ_LOG_CODE("alarm", code));
}

void gj_health_clear(struct gj_health *health, const char *code)
{
    int at = health == NULL ? -1 : find(health, code);

    if (at < 0) {
        return;
    }
    health->count--;
    memmove(health->alarms[at], health->alarms[at + 1], (health->count - (unsigned)at) * sizeof health->alarms[0]);
    gj_log(GJ_LOG_INFO, "alarm.cleared", GJ_LOG_CODE("alarm", code));
}

void gj_health_backup(struct gj_health *health, int64_t at_ms, const char *error)
{
    if (error == NULL) {
        health->last_backup_ms = at_ms;
        health->backup_error[0] = '\0';
        gj_health_clear(health, "backup.failed");
        return;
    }
    snprintf(health->backup_error, sizeof health->backup_error, "%s", error);
    gj_health_raise(health, "backup.failed");
}

static Gj__Stored__Backups *load_backups(struct gj_txn *txn, struct gj_arena *arena)
{
    Gj__Stored__Backups *row = NULL;
    struct gj_key key = gj_key_of_name(BACKUPS_KEY);

    (void)gj_record_load(txn, GJ_TABLE_SETTING, &key, &gj__stored__backups__descriptor, arena, (void **)&row);
    return row;
}

void gj_health_keep_backup(struct gj_txn *txn, struct gj_arena *arena, int64_t at_ms, const char *error)
{
    Gj__Stored__Backups next = GJ__STORED__BACKUPS__INIT;
    const Gj__Stored__Backups *before = load_backups(txn, arena);
    struct gj_key key = gj_key_of_name(BACKUPS_KEY);

    if (error == NULL) {
        next.done_at = at_ms;
    } else {
        next.done_at = before != NULL ? before->done_at : 0;
        next.failed_at = at_ms;
        next.error = (char *)(uintptr_t)error;
    }
    gj_record_save(txn, GJ_TABLE_SETTING, &key, &next.base);
}

void gj_health_load(struct gj_health *health, struct gj_txn *txn)
{
    uint8_t block[512];
    struct gj_arena arena;

    gj_arena_init_with(&arena, 4096, block, sizeof block);
    const Gj__Stored__Backups *row = load_backups(txn, &arena);
    if (row != NULL && row->done_at != 0) {
        gj_health_backup(health, row->done_at, NULL);
    }
    if (row != NULL && row->failed_at != 0) {
        gj_health_backup(health, row->failed_at, row->error);
    }
    gj_arena_fini(&arena);
}

void gj_health_login_elsewhere(struct gj_health *health)
{
    if (health != NULL) {
        health->logins_elsewhere++;
    }
}

static void fill_store(struct gj_health *health, struct gj_ctx *ctx, Gj__V1__Health *out)
{
    struct gj_store *store = health->core->store;
    struct gj_store_info info;
    struct gj_tree_hash root;

    out->epoch = gj_store_epoch(store);
    out->events = gj_txn_events(ctx->txn);
    if (gj_tree_root(ctx->txn, &root) == GJ_OK) {
        out->root.data = gj_arena_dup(ctx->arena, root.bytes, sizeof root.bytes);
        out->root.len = out->root.data != NULL ? sizeof root.bytes : 0;
    }
    out->records = gj_counter_last(ctx->txn, GJ_COUNTER_RECORD);
    out->open_records = gj_txn_count(ctx->txn, GJ_TABLE_WORK);
    out->journal_replayed = health->core->journal_replayed;
    if (gj_store_info(store, &info) == GJ_OK) {
        out->store_bytes = info.used_bytes;
        out->store_limit_bytes = info.map_bytes;
        out->disk_free_bytes = info.disk_free_bytes;
        out->journal_bytes = info.journal_bytes;
        out->checkpoint_age_s = (uint64_t)info.checkpoint_age_ms / 1000;
    }
}

static void add_share(struct gj_ctx *ctx, Gj__V1__Health *out, const char *table, uint64_t pages)
{
    Gj__V1__TableShare *share = pages == 0 ? NULL : GJ_ARENA_NEW(ctx->arena, Gj__V1__TableShare);

    if (share == NULL) {
        return;
    }
    gj__v1__table_share__init(share);
    share->table = (char *)table;
    share->pages = pages;
    out->pages[out->n_pages++] = share;
}

static void fill_pages(struct gj_health *health, struct gj_ctx *ctx, Gj__V1__Health *out)
{
    struct gj_pages pages;

    gj_pages_get(health->core->store, &pages);
    if (pages.txns == 0) {
        return;
    }
    out->pages_actions = pages.keys;
    out->pages = GJ_ARENA_ARRAY(ctx->arena, GJ_TABLE_COUNT + 2, Gj__V1__TableShare *);
    if (out->pages == NULL) {
        return;
    }
    for (unsigned i = 0; i < GJ_TABLE_COUNT; i++) {
        add_share(ctx, out, gj_table_name((enum gj_table)i), pages.table[i]);
    }
    add_share(ctx, out, "directory", pages.directory);
    add_share(ctx, out, "freelist", pages.freelist);
}

void gj_health_fill(struct gj_health *health, struct gj_ctx *ctx, Gj__V1__Health *out)
{
    struct gj_core *core = health->core;
    struct gj_sessions_figures sessions = {0};
    struct gj_commit_figures commit = {0};

    gj__v1__health__init(out);
    if (core->sessions != NULL) {
        gj_sessions_figures(core->sessions, &sessions);
    }
    if (core->commit != NULL) {
        gj_commit_figures(core->commit, &commit);
    }
    out->version = (char *)GJ_VERSION;
    fill_store(health, ctx, out);
    fill_pages(health, ctx, out);
    out->sessions = sessions.sessions;
    out->channels = sessions.channels;
    out->subscriptions = core->push != NULL ? gj_push_count(core->push) : 0;
    out->last_backup_at = health->last_backup_ms;
    out->last_backup_error = gj_arena_strdup(ctx->arena, health->backup_error);
    out->clock_held = core->watch.held;
    out->clock_reason = (char *)(core->watch.held ? "clock.held" : "");
    out->started_at = health->started_at_ms;
    out->server_time = ctx->now_ms;
    out->policy = gj_policies_current_version(ctx->txn);
    out->batches = commit.batches;
    out->batch_commands = commit.commands;
    out->demo = core->demo;
    out->logins_elsewhere = health->logins_elsewhere;
    if (core->router != NULL) {
        struct gj_router_figures requests;

        gj_router_figures(core->router, &requests);
        out->requests_slowed = requests.slowed;
    }
    out->alarms = GJ_ARENA_ARRAY(ctx->arena, GJ_ALARMS_MAX, char *);
    for (unsigned i = 0; out->alarms != NULL && i < health->count; i++) {
        out->alarms[out->n_alarms++] = gj_arena_strdup(ctx->arena, health->alarms[i]);
    }
}
