#include "core/duty_gaps.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/calendar.h"
#include "common/policy/policy.h"
#include "core/apply.h"
#include "core/core.h"
#include "core/duty.h"
#include "core/notify_people.h"
#include "core/subject.h"
#include "store/record.h"

/* People told of one gap; an office has a handful who draw up its roster. */
#define TOLD_MAX 16

int64_t gj_duty_gaps_until(const struct gj_ctx *ctx)
{
    int32_t days = ctx->policy->settings.duty_days_ahead;
    return days == 0 ? ctx->now_ms : gj_cst_midnight(gj_cst_day(ctx->now_ms) + days + 1);
}

static size_t find_of_role(
    struct gj_ctx *ctx, uint64_t office, const struct gj_duty_need *need, struct gj_duty_gap *out, size_t max)
{
    const struct gj_role *role = gj_policy_role_by_number(ctx->policy, need->role);
    int64_t until_ms = gj_duty_gaps_until(ctx);
    int64_t first_ms = role == NULL ? INT64_MAX : gj_duty_first(ctx, office, role->code, ctx->now_ms - GJ_DUTY_KEPT_MS);
    struct gj_duty_ask ask = {.office = office,
        .role = role == NULL ? NULL : role->code,
        .from_ms = first_ms > ctx->now_ms ? first_ms : ctx->now_ms,
        .until_ms = until_ms};
    struct gj_duty duty;
    struct gj_roster_gap gap;
    size_t count = 0;

    if (ask.from_ms >= until_ms || !gj_duty_load(ctx, &ask, ctx->arena, &duty)) {
        return 0;
    }
    int64_t at_ms = ask.from_ms;
    while (count < max && gj_roster_gap(&duty.roster, need->role, need->wanted, at_ms, until_ms, &gap)) {
        out[count++] = (struct gj_duty_gap){.role = role->code,
            .wanted = need->wanted,
            .present = gap.present,
            .from_ms = gap.from,
            .until_ms = gap.until,
            .open = gap.until == until_ms};
        at_ms = gap.until;
    }
    return count;
}

size_t gj_duty_gaps_find(struct gj_ctx *ctx, uint64_t office, struct gj_duty_gap out[])
{
    const struct gj_policy_settings *settings = &ctx->policy->settings;
    size_t count = 0;
    for (size_t i = 0; i < settings->duty_need_count; i++) {
        count += find_of_role(ctx, office, &settings->duty_needs[i], out + count, GJ_DUTY_GAPS_MAX - count);
    }
    return count;
}

/* ---- telling ---- */

/* A gap that has begun begins now, and one that reaches the end of what is looked at grows with every day: they are
 * the same as they were. */
static bool same(const Gj__Stored__DutyGap *told, const struct gj_duty_gap *gap, int64_t now_ms)
{
    bool begins = told->from == gap->from_ms || (told->from <= now_ms && gap->from_ms <= now_ms);
    bool ends = gap->open ? told->open : !told->open && told->until == gap->until_ms;
    return strcmp(told->role, gap->role) == 0 && begins && ends;
}

static void add_entry(struct gj_ctx *ctx, uint64_t office, const char *action, const char *role, int64_t from_ms)
{
    struct gj_entry entry = {.type = GJ_ENTRY_ALARM,
        .subject_kind = GJ_SUBJECT_ROSTER,
        .subject = office,
        .office = (uint32_t)office,
        .has_value = true,
        .value = from_ms};
    (void)gj_entry_word(&entry.action, action);
    entry.has_reason = gj_entry_word(&entry.reason, role) == GJ_OK;
    (void)gj_apply_entry(ctx, &entry, NULL, 0);
}

static size_t add_holders(
    struct gj_ctx *ctx, uint8_t role, uint64_t office, uint64_t region, uint64_t users[TOLD_MAX], size_t count)
{
    size_t holders = 0;
    const struct gj_holder *items = gj_people_of(ctx, role, office, &holders);
    for (size_t i = 0; i < holders && count < TOLD_MAX; i++) {
        bool known = items[i].from_ms > ctx->now_ms || ctx->now_ms >= items[i].until_ms ||
                     (office == 0 && items[i].region != 0 && items[i].region != region);
        for (size_t j = 0; j < count; j++) {
            known = known || users[j] == items[i].user;
        }
        users[count] = items[i].user;
        count += known ? 0 : 1;
    }
    return count;
}

/* Whoever draws up the office's roster, there or not: the notice waits for them. Where nobody holds such a role, those
 * who may do it from above. */
static size_t keepers(struct gj_ctx *ctx, uint64_t office, uint64_t users[TOLD_MAX])
{
    const struct gj_guarded *guarded = gj_policy_subject(ctx->policy, "duty_roster");
    struct gj_key key = gj_key_of_u64(office);
    Gj__Stored__Office *row = NULL;
    size_t count = 0;
    (void)gj_record_load(ctx->txn, GJ_TABLE_OFFICE, &key, &gj__stored__office__descriptor, ctx->arena, (void **)&row);
    for (int above = 0; above < 2 && guarded != NULL && count == 0; above++) {
        for (uint8_t number = 1; number < 64; number++) {
            if ((guarded->rights.letters[number] & GJ_LETTER_UPDATE) != 0) {
                count = add_holders(ctx, number, above ? 0 : office, row == NULL ? 0 : row->region, users, count);
            }
        }
    }
    return count;
}

static void tell(struct gj_ctx *ctx, uint64_t office, const struct gj_duty_gap *gap, Gj__Stored__DutyGap *row)
{
    char from[GJ_TIME_TEXT_SIZE];
    char until[GJ_TIME_TEXT_SIZE];
    uint64_t users[TOLD_MAX];
    Gj__Stored__Told *told = GJ_ARENA_NEW(ctx->arena, Gj__Stored__Told);
    size_t count = keepers(ctx, office, users);
    uint64_t *notices = GJ_ARENA_ARRAY(ctx->arena, TOLD_MAX, uint64_t);

    gj__stored__duty_gap__init(row);
    if (told == NULL || notices == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    gj__stored__told__init(told);
    gj_time_format(gap->from_ms, from);
    gj_time_format(gap->until_ms, until);
    add_entry(ctx, office, "duty_gap", gap->role, gap->from_ms);
    for (size_t i = 0; i < count; i++) {
        struct gj_notice notice = {.user = users[i],
            .code = gap->open ? "duty.gap_open" : "duty.gap",
            .params = {gap->role, from, gap->open ? NULL : until},
            .office = office,
            .due_at_ms = gap->from_ms};
        notices[i] = gj_apply_notice(ctx, &notice);
    }
    told->at = ctx->now_ms;
    told->n_users = count;
    told->n_notices = count;
    told->users = gj_arena_dup(ctx->arena, users, sizeof users);
    told->notices = notices;
    row->role = (char *)(uintptr_t)gap->role;
    row->from = gap->from_ms;
    row->until = gap->until_ms;
    row->open = gap->open;
    row->told = told;
    if (told->users == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
    }
}

static void take_back(struct gj_ctx *ctx, uint64_t office, const Gj__Stored__DutyGap *gap)
{
    const Gj__Stored__Told *told = gap->told;
    for (size_t i = 0; told != NULL && i < told->n_users && i < told->n_notices; i++) {
        struct gj_key key = gj_key_of_u64(told->users[i]);
        gj_key_u64(&key, told->notices[i]);
        (void)gj_txn_del(ctx->txn, GJ_TABLE_INBOX, &key);
    }
    add_entry(ctx, office, "duty_gap_over", gap->role, gap->from);
}

/* Row of the table SETTING. */
static struct gj_key told_key(uint64_t office)
{
    char name[48];
    (void)snprintf(name, sizeof name, "duty.gaps.%" PRIu64, office);
    return gj_key_of_name(name);
}

void gj_duty_gaps_review(struct gj_ctx *ctx, uint64_t office)
{
    struct gj_duty_gap gaps[GJ_DUTY_GAPS_MAX];
    Gj__Stored__DutyGap rows[GJ_DUTY_GAPS_MAX];
    Gj__Stored__DutyGap *items[GJ_DUTY_GAPS_MAX];
    Gj__Stored__DutyGaps now = GJ__STORED__DUTY_GAPS__INIT;
    Gj__Stored__DutyGaps *before = NULL;
    struct gj_key key = told_key(office);
    size_t count = office == 0 ? 0 : gj_duty_gaps_find(ctx, office, gaps);
    bool known[GJ_DUTY_GAPS_MAX] = {false};
    bool changed = false;

    (void)gj_record_load(
        ctx->txn, GJ_TABLE_SETTING, &key, &gj__stored__duty_gaps__descriptor, ctx->arena, (void **)&before);
    now.gaps = items;
    for (size_t i = 0; before != NULL && i < before->n_gaps; i++) {
        bool lasts = false;
        for (size_t j = 0; j < count && !lasts; j++) {
            lasts = !known[j] && same(before->gaps[i], &gaps[j], ctx->now_ms);
            known[j] = known[j] || lasts;
        }
        if (lasts) {
            items[now.n_gaps++] = before->gaps[i];
        } else {
            take_back(ctx, office, before->gaps[i]);
            changed = true;
        }
    }
    for (size_t j = 0; j < count; j++) {
        if (!known[j]) {
            tell(ctx, office, &gaps[j], &rows[j]);
            items[now.n_gaps++] = &rows[j];
            changed = true;
        }
    }
    if (changed && now.n_gaps > 0) {
        gj_record_save(ctx->txn, GJ_TABLE_SETTING, &key, &now.base);
    } else if (changed) {
        (void)gj_txn_del(ctx->txn, GJ_TABLE_SETTING, &key);
    }
}

void gj_duty_gaps_person(struct gj_ctx *ctx, const Gj__Stored__User *user)
{
    gj_duty_gaps_review(ctx, user->office);
    for (size_t i = 0; i < user->n_grants; i++) {
        bool done = user->grants[i]->office == user->office;
        for (size_t j = 0; j < i; j++) {
            done = done || user->grants[j]->office == user->grants[i]->office;
        }
        if (!done) {
            gj_duty_gaps_review(ctx, user->grants[i]->office);
        }
    }
}
