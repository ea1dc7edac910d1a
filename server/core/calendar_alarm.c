#include "core/calendar_alarm.h"

#include <stdio.h>
#include <string.h>

#include "common/calendar.h"
#include "common/policy/policy.h"
#include "core/apply.h"
#include "core/notify_people.h"
#include "core/subject.h"
#include "store/record.h"
#include "store/stored.pb-c.h"

#define CODE "calendar.missing"
/* People told of one year; a group has a handful. */
#define TOLD_MAX 64

/* Row of the table SETTING that says who was told of a year, and when. */
static struct gj_key told_key(int32_t year)
{
    char name[48];
    (void)snprintf(name, sizeof(name), CODE ".%d", year);
    return gj_key_of_name(name);
}

static bool missing(const struct gj_calendar *calendar, int32_t year, int64_t now_ms)
{
    return calendar != NULL && gj_calendar_alarm(calendar, now_ms) && !gj_calendar_year_official(calendar, year);
}

static bool load_told(struct gj_txn *txn, int32_t year, struct gj_arena *arena, Gj__Stored__Told **out)
{
    struct gj_key key = told_key(year);
    return gj_record_load(txn, GJ_TABLE_SETTING, &key, &gj__stored__told__descriptor, arena, (void **)out);
}

/* 0: nothing to do; 1: tell; -1: take back. */
static int due_of(const Gj__Stored__Told *told, bool is_missing, int64_t now_ms)
{
    if (!is_missing) {
        return told != NULL ? -1 : 0;
    }
    return told == NULL || now_ms - told->at >= GJ_CALENDAR_ALARM_AGAIN_MS ? 1 : 0;
}

/* The last year is still looked at: its table may come late, or its notice be all that is left of it. */
#define YEARS 3
static int32_t first_year(int64_t now_ms)
{
    return gj_date_of(gj_cst_day(now_ms)).year - 1;
}

static bool is_wanted(const struct gj_calendar *calendar, int32_t year, int64_t now_ms)
{
    return year > first_year(now_ms) && missing(calendar, year, now_ms);
}

bool gj_calendar_alarm_due(struct gj_txn *txn, const struct gj_calendar *calendar, int64_t now_ms)
{
    uint8_t block[4096];
    bool due = false;
    for (int32_t year = first_year(now_ms); !due && year < first_year(now_ms) + YEARS; year++) {
        struct gj_arena arena;
        Gj__Stored__Told *told = NULL;
        gj_arena_init_with(&arena, 64 * 1024, block, sizeof(block));
        (void)load_told(txn, year, &arena, &told);
        due = due_of(told, is_wanted(calendar, year, now_ms), now_ms) != 0;
        gj_arena_fini(&arena);
    }
    return due;
}

static void add_entry(struct gj_ctx *ctx, const char *action, int32_t year)
{
    struct gj_entry entry = {
        .type = GJ_ENTRY_ALARM, .subject_kind = GJ_SUBJECT_STORE, .has_value = true, .value = year};
    (void)gj_entry_word(&entry.action, action);
    (void)gj_apply_entry(ctx, &entry, NULL, 0);
}

static void take_back(struct gj_ctx *ctx, const Gj__Stored__Told *told)
{
    for (size_t i = 0; told != NULL && i < told->n_users && i < told->n_notices; i++) {
        struct gj_key key = gj_key_of_u64(told->users[i]);
        gj_key_u64(&key, told->notices[i]);
        (void)gj_txn_del(ctx->txn, GJ_TABLE_INBOX, &key);
    }
}

static void tell(struct gj_ctx *ctx, int32_t year)
{
    uint64_t users[TOLD_MAX];
    uint64_t notices[TOLD_MAX];
    Gj__Stored__Told row = GJ__STORED__TOLD__INIT;
    struct gj_key key = told_key(year);
    const char *text = gj_arena_printf(ctx->arena, "%d", year);
    row.at = ctx->now_ms;
    /* Whoever of the group may change the calendar, there or not: the notice waits for them. */
    row.n_users = gj_people_entitled(ctx, "policy_calendar", GJ_LETTER_UPDATE, users, TOLD_MAX);
    row.n_notices = row.n_users;
    row.users = users;
    row.notices = notices;
    add_entry(ctx, "calendar_missing", year);
    for (size_t i = 0; i < row.n_users && text != NULL; i++) {
        struct gj_notice notice = {.user = users[i], .code = CODE, .params = {text}};
        notices[i] = gj_apply_notice(ctx, &notice);
    }
    gj_record_save(ctx->txn, GJ_TABLE_SETTING, &key, &row.base);
}

void gj_calendar_alarm_apply(struct gj_ctx *ctx, const ProtobufCMessage *body)
{
    (void)body;
    for (int32_t year = first_year(ctx->now_ms); year < first_year(ctx->now_ms) + YEARS; year++) {
        Gj__Stored__Told *told = NULL;
        (void)load_told(ctx->txn, year, ctx->arena, &told);
        int due = due_of(told, is_wanted(ctx->calendar, year, ctx->now_ms), ctx->now_ms);
        if (due != 0) {
            take_back(ctx, told); /* one notice of a year at a time */
        }
        if (due > 0) {
            tell(ctx, year);
        } else if (due < 0) {
            struct gj_key key = told_key(year);
            (void)gj_txn_del(ctx->txn, GJ_TABLE_SETTING, &key);
            add_entry(ctx, "calendar_present", year);
        }
    }
}
