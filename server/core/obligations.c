#include "core/obligations.h"

#include <string.h>

#include "core/core.h"
#include "core/duty_gaps.h"
#include "core/household.h"
#include "core/notify.h"
#include "core/subject.h"
#include "core/timer.h"
#include "store/record.h"

struct gj_key gj_obligations_key(uint64_t office, uint16_t number, uint32_t period, uint64_t subject)
{
    struct gj_key key;
    gj_key_init(&key);
    gj_key_u32(&key, (uint32_t)office);
    gj_key_u16(&key, number);
    gj_key_u32(&key, period);
    gj_key_u64(&key, subject);
    return key;
}

static bool load_task(struct gj_ctx *ctx, const struct gj_key *key, Gj__Stored__Obligation **out)
{
    return gj_record_load(
        ctx->txn, GJ_TABLE_OBLIGATION, key, &gj__stored__obligation__descriptor, ctx->arena, (void **)out);
}

uint64_t gj_obligations_subjects(const struct gj_obligation *obligation, const Gj__Stored__Office *office)
{
    switch (obligation->per) {
    case GJ_PER_OFFICE:
        return 1;
    case GJ_PER_RECORD:
        return 0;
    case GJ_PER_VACANT_UNIT:
        return gj_obligation_owed(obligation, office->vacant);
    case GJ_PER_UNIT:
    case GJ_PER_HOUSEHOLD:
    case GJ_PER_FILE:
        break;
    }
    return gj_obligation_owed(obligation, office->households);
}

static const char *first_role(const struct gj_ctx *ctx, gj_roles roles)
{
    const struct gj_role *role =
        roles == 0 ? NULL : gj_policy_role_by_number(ctx->policy, (uint8_t)__builtin_ctzll(roles));
    return role == NULL ? "" : role->code;
}

static Gj__Stored__Obligation *new_task(struct gj_ctx *ctx, const struct gj_obligation *obligation,
    const struct gj_period *period, const Gj__Stored__Office *office)
{
    Gj__Stored__Obligation *task = GJ_ARENA_NEW(ctx->arena, Gj__Stored__Obligation);
    if (task == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return NULL;
    }
    gj__stored__obligation__init(task);
    task->code = (char *)obligation->code;
    task->office = office->id;
    task->opens_at = period->opens_at;
    task->due_at = period->due_at;
    task->remind_at = period->remind_at;
    task->provisional = period->provisional;
    task->role = (char *)first_role(ctx, obligation->responsible);
    task->period = period->number;
    task->owed = gj_obligations_subjects(obligation, office);
    return task;
}

/* --- what a record discharges --- */

/* Who is counted once: the household, the record that was signed, or the office itself. */
static uint64_t subject_of(const struct gj_obligation *obligation, const struct gj_work *work)
{
    switch (obligation->per) {
    case GJ_PER_UNIT:
    case GJ_PER_VACANT_UNIT:
    case GJ_PER_HOUSEHOLD:
    case GJ_PER_FILE:
        return work->row->household != 0 ? work->row->household : work->row->unit;
    case GJ_PER_RECORD:
        return work->row->id;
    case GJ_PER_OFFICE:
        break;
    }
    return 0;
}

/* False: this subject was counted before in the period, or there is nobody to count. */
static bool count_subject(struct gj_ctx *ctx, const struct gj_obligation *obligation, const struct gj_work *work,
    const struct gj_period *period)
{
    uint64_t subject = subject_of(obligation, work);
    if (obligation->per == GJ_PER_OFFICE) {
        return true;
    }
    struct gj_key once = gj_obligations_key(work->row->office, obligation->number, period->number, subject);
    Gj__Stored__Household *household = NULL;
    if (obligation->per == GJ_PER_VACANT_UNIT &&
        (!gj_household_load(ctx->txn, subject, ctx->arena, &household) || gj_household_vacant(household) == 0)) {
        return false; /* somebody lives there */
    }
    if (subject == 0 || gj_txn_exists(ctx->txn, GJ_TABLE_OBLIGATION, &once)) {
        return false;
    }
    Gj__Stored__Obligation done = GJ__STORED__OBLIGATION__INIT;
    done.subject = subject;
    done.record = work->row->id;
    done.done_at = ctx->now_ms;
    gj_record_save(ctx->txn, GJ_TABLE_OBLIGATION, &once, &done.base);
    return true;
}

/* A record that comes raises what is owed of its kind; the act, or the record itself where no act is named, discharges
 * it. An act belongs to the period in which its record came: a log is signed for its own day. */
static void count(struct gj_ctx *ctx, const struct gj_obligation *obligation, const struct gj_work *work, bool comes)
{
    int64_t at_ms = obligation->act == NULL ? ctx->now_ms : work->row->recorded_at;
    struct gj_period period = gj_obligation_period(obligation, ctx->calendar, gj_cst_day(at_ms));
    struct gj_key key = gj_obligations_key(work->row->office, obligation->number, period.number, 0);
    Gj__Stored__Obligation *task = NULL;
    if (!load_task(ctx, &key, &task)) {
        task = new_task(ctx, obligation, &period, work->office);
    }
    if (task == NULL) {
        return;
    }
    if (comes && obligation->per == GJ_PER_RECORD) {
        task->total++;
        task->owed = gj_obligation_owed(obligation, task->total);
    }
    if (comes == (obligation->act == NULL)) {
        if (!count_subject(ctx, obligation, work, &period)) {
            return;
        }
        task->done++;
        task->record = work->row->id;
        task->done_at = task->done >= task->owed && task->done_at == 0 ? ctx->now_ms : task->done_at;
    }
    gj_record_save(ctx->txn, GJ_TABLE_OBLIGATION, &key, &task->base);
}

void gj_obligations_note(struct gj_ctx *ctx, const struct gj_work *work, const char *act)
{
    for (size_t i = 0; i < ctx->policy->obligation_count; i++) {
        const struct gj_obligation *obligation = &ctx->policy->obligations[i];
        if (obligation->kind == NULL || strcmp(obligation->kind, work->kind->code) != 0) {
            continue;
        }
        bool done = act == NULL ? obligation->act == NULL || obligation->per == GJ_PER_RECORD
                                : obligation->act != NULL && strcmp(obligation->act, act) == 0;
        if (done) {
            count(ctx, obligation, work, act == NULL);
        }
    }
}

/* --- the round --- */

static void enter(
    struct gj_ctx *ctx, const struct gj_obligation *obligation, const Gj__Stored__Obligation *task, const char *reason)
{
    struct gj_entry entry = {.type = GJ_ENTRY_TIMER,
        .office = (uint32_t)task->office,
        .subject_kind = GJ_SUBJECT_OBLIGATION,
        .subject = (uint64_t)obligation->number << 32 | task->period,
        .has_reason = true,
        .has_value = true,
        .value = (int64_t)(task->owed > task->done ? task->owed - task->done : 0)};
    (void)gj_entry_word(&entry.action, obligation->code);
    (void)gj_entry_word(&entry.reason, reason);
    (void)gj_apply_entry(ctx, &entry, NULL, 0);
}

static void tell(
    struct gj_ctx *ctx, const struct gj_obligation *obligation, const Gj__Stored__Obligation *task, const char *code)
{
    gj_notify_roles(ctx, task->office, obligation->responsible, code, obligation->code, task->due_at);
}

/* What of a task has come to pass since the last round. True: it changed. */
static bool advance(struct gj_ctx *ctx, const struct gj_obligation *obligation, Gj__Stored__Obligation *task)
{
    bool open = task->done < task->owed;
    if (open && !task->missed && ctx->now_ms > task->due_at) {
        task->missed = true;
        enter(ctx, obligation, task, "missed");
        tell(ctx, obligation, task, "obligation.missed");
        return true;
    }
    if (open && !task->reminded && !task->missed && task->remind_at != 0 && ctx->now_ms >= task->remind_at) {
        task->reminded = true;
        enter(ctx, obligation, task, "remind");
        tell(ctx, obligation, task, "obligation.due");
        return true;
    }
    return false;
}

/* Households come, are moved into and left again: what is still to be done follows until it is due. */
static bool recount(struct gj_ctx *ctx, const struct gj_obligation *obligation, const Gj__Stored__Office *office,
    Gj__Stored__Obligation *task)
{
    uint64_t owed = gj_obligations_subjects(obligation, office);
    if (obligation->per == GJ_PER_OFFICE || obligation->per == GJ_PER_RECORD || task->missed ||
        ctx->now_ms > task->due_at || owed == task->owed) {
        return false;
    }
    task->owed = owed;
    task->done_at = task->done >= owed ? (task->done_at == 0 ? ctx->now_ms : task->done_at) : 0;
    return true;
}

/* A task is opened while it can still be done, or, for a period that nobody was there to open (open_late), to be
 * counted as missed. */
static void look_at(struct gj_ctx *ctx, const struct gj_obligation *obligation, const struct gj_period *period,
    const Gj__Stored__Office *office, bool may_open, bool open_late)
{
    Gj__Stored__Obligation *task = NULL;
    struct gj_key key = gj_obligations_key(office->id, obligation->number, period->number, 0);
    if (!load_task(ctx, &key, &task)) {
        if (ctx->now_ms >= period->opens_at && (open_late || (may_open && ctx->now_ms <= period->due_at))) {
            task = new_task(ctx, obligation, period, office);
            if (task != NULL) {
                (void)advance(ctx, obligation, task);
                gj_record_save(ctx->txn, GJ_TABLE_OBLIGATION, &key, &task->base);
            }
        }
        return;
    }
    bool counted = recount(ctx, obligation, office, task);
    if (advance(ctx, obligation, task) || counted) {
        gj_record_save(ctx->txn, GJ_TABLE_OBLIGATION, &key, &task->base);
    }
}

/* Periods looked back upon after the daemon was away; what is older belongs to another time. */
#define CATCH_UP_MAX 31

/* Periods that ended while the daemon was away: what was open in them may have been missed, and what nobody opened was
 * not done either. The one before them may fall due after its end. */
static void catch_up(struct gj_ctx *ctx, const struct gj_obligation *obligation, const struct gj_period *now,
    const Gj__Stored__Office *office, int64_t since_ms)
{
    gj_day seen = since_ms == 0 ? now->first : gj_cst_day(since_ms);
    struct gj_period past[CATCH_UP_MAX];
    size_t count = 0;
    gj_day day = now->first;
    do {
        past[count] = gj_obligation_period(obligation, ctx->calendar, day - 1);
        day = past[count].first;
    } while (past[count++].last >= seen && count < CATCH_UP_MAX);
    while (count-- > 0) {
        look_at(ctx, obligation, &past[count], office, false, past[count].first > seen && since_ms != 0);
    }
}

static void round_of_office(struct gj_ctx *ctx, const Gj__Stored__Office *office, int64_t since_ms)
{
    gj_day today = gj_cst_day(ctx->now_ms);
    for (size_t i = 0; i < ctx->policy->obligation_count; i++) {
        const struct gj_obligation *obligation = &ctx->policy->obligations[i];
        struct gj_period now = gj_obligation_period(obligation, ctx->calendar, today);
        catch_up(ctx, obligation, &now, office, since_ms);
        look_at(ctx, obligation, &now, office, true, false);
    }
}

/* Rounds are hourly: due times end with a minute of the day, and a reminder an hour late is still a reminder. */
#define ROUND_MS GJ_MS_PER_HOUR

void gj_obligations_apply(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    (void)gj_timer_take(ctx, GJ__V1__CALL__SYSTEM_OBLIGATION, &gj__work__owed__descriptor, &message);
    const Gj__Work__Owed *body = (const Gj__Work__Owed *)message;
    struct gj_key low = gj_key_of_u64(body->from_office + 1);
    Gj__Work__Owed next = GJ__WORK__OWED__INIT;
    Gj__Stored__Office *offices[GJ_OBLIGATION_OFFICES_MAX];
    size_t count = 0;
    struct gj_iter iter;
    gj_iter_range(&iter, ctx->txn, GJ_TABLE_OFFICE, &low, NULL, GJ_FORWARD);
    while (count < GJ_OBLIGATION_OFFICES_MAX && gj_iter_next(&iter)) {
        if (!gj_record_unpack(
                ctx->txn, &iter.value, &gj__stored__office__descriptor, ctx->arena, (void **)&offices[count])) {
            break;
        }
        count++;
    }
    gj_iter_close(&iter);
    size_t done = 0;
    for (; done < count && !gj_work_enough(ctx); done++) {
        round_of_office(ctx, offices[done], body->since);
        gj_duty_gaps_review(ctx, offices[done]->id); /* the same round of all offices serves it */
    }
    next.since = ctx->now_ms;
    int64_t next_ms = ctx->now_ms - ctx->now_ms % ROUND_MS + ROUND_MS;
    if (done > 0 && (done == GJ_OBLIGATION_OFFICES_MAX || done < count)) {
        next.from_office = offices[done - 1]->id;
        next.since = body->since;
        next_ms = ctx->now_ms;
    }
    gj_timer_ask(ctx, next_ms, GJ__V1__CALL__SYSTEM_OBLIGATION, &next.base);
}

void gj_obligations_begin(struct gj_ctx *ctx)
{
    Gj__Work__Owed body = GJ__WORK__OWED__INIT;
    gj_timer_ask(ctx, ctx->now_ms, GJ__V1__CALL__SYSTEM_OBLIGATION, &body.base);
}
