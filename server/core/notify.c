#include "core/notify.h"

#include <string.h>

#include "core/core.h"
#include "core/notify_find.h"
#include "core/work_clock.h"
#include "store/record.h"

/* --- notices --- */

void gj_notify_find(struct gj_ctx *ctx, const struct gj_work *work, const struct gj_who_list *who, gj_relations forbid,
    struct gj_people *out)
{
    struct gj_find find = gj_find_for(ctx, work, forbid, 0, out);
    bool asks_staff = false;
    for (size_t i = 0; i < who->count; i++) {
        const struct gj_who *one = &who->items[i];
        asks_staff = asks_staff || (one->any_role ? gj_find_borne(&work->view, one->relation) : one->staff);
    }
    if (!gj_find_listed(&find, who) && asks_staff) {
        gj_find_climb(&find);
    }
}

static struct gj_notice notice_of(struct gj_ctx *ctx, const struct gj_work *work, const char *code)
{
    const struct gj_state *state = gj_kind_state_by_code(work->kind, work->row->state);
    (void)ctx;
    return (struct gj_notice){.code = code,
        .params = {state == NULL ? NULL : state->code},
        .office = work->row->office,
        .record = work->row->id,
        .event = work->row->last_entry,
        .kind = work->row->kind,
        .number = work->row->number,
        .due_at_ms = gj_work_due_at(work)};
}

static void tell(struct gj_ctx *ctx, const struct gj_people *people, struct gj_notice *notice)
{
    for (size_t i = 0; i < people->count; i++) {
        const struct gj_role *role = gj_policy_role_by_number(ctx->policy, people->items[i].role);
        notice->user = people->items[i].user;
        notice->role = role == NULL ? NULL : role->code;
        if (notice->user != ctx->actor->user) {
            gj_apply_notice(ctx, notice);
        }
    }
}

/* Nobody of those named could be reached: that somebody else was told is on record, and they are told why. Whether they
 * may also take the step is another matter: core/stand_in.h. */
static void show_climb(struct gj_ctx *ctx, struct gj_work *work, const struct gj_people *people, const char *code)
{
    if (people->level == GJ_REACH_ROLE) {
        return;
    }
    struct gj_work_note note = {.type = GJ_ENTRY_TIMER,
        .action = "roster.step",
        .reason = gj_find_level(people->level),
        .has_value = true,
        .value = (int64_t)people->count};
    (void)gj_work_entry(ctx, work, &note);
    gj_work_save(ctx, work);
    struct gj_notice notice = notice_of(ctx, work, "roster.step");
    notice.params[1] = gj_find_level(people->level);
    notice.params[2] = code;
    tell(ctx, people, &notice);
}

/* Who could take none of the steps that are open now: the record is about their own work, or about them. */
static gj_relations cannot_act(const struct gj_work *work)
{
    gj_relations forbid = ~(gj_relations)0;
    bool any = false;
    for (size_t i = 0; i < work->kind->transition_count; i++) {
        const struct gj_transition *exit = &work->kind->transitions[i];
        if (!exit->automatic && (exit->from >> work->view.state & 1u) != 0) {
            forbid &= exit->forbid;
            any = true;
        }
    }
    return (any ? forbid : 0) | (gj_relations)1 << GJ_RELATION_COMPLAINED_OF;
}

static void tell_list(struct gj_ctx *ctx, struct gj_work *work, const struct gj_who_list *who, gj_relations forbid,
    struct gj_notice *notice)
{
    struct gj_people people;
    if (who->count == 0) {
        return;
    }
    gj_notify_find(ctx, work, who, forbid, &people);
    tell(ctx, &people, notice);
    show_climb(ctx, work, &people, notice->code);
}

void gj_notify_step(struct gj_ctx *ctx, struct gj_work *work, const struct gj_transition *transition)
{
    if (transition->tell.count == 0) {
        return;
    }
    const char *code = gj_arena_printf(ctx->arena, "record.%s", work->kind->acts[transition->act_at].name);
    if (code == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    struct gj_notice notice = notice_of(ctx, work, code);
    tell_list(ctx, work, &transition->tell, cannot_act(work), &notice);
}

void gj_notify_consent(struct gj_ctx *ctx, struct gj_work *work, const struct gj_transition *transition)
{
    struct gj_notice notice = notice_of(ctx, work, "consent.asked");
    notice.params[1] = work->row->pending_act;
    uint64_t office = work->row->awaiting_office;
    if (office == 0) {
        tell_list(ctx, work, &transition->approve, 0, &notice);
        return;
    }
    /* Those of the office that is asked to take it over. */
    struct gj_key key = gj_key_of_u64(office);
    Gj__Stored__Office *other = NULL;
    struct gj_people people = {.level = GJ_REACH_ROLE};
    if (!gj_record_load(
            ctx->txn, GJ_TABLE_OFFICE, &key, &gj__stored__office__descriptor, ctx->arena, (void **)&other)) {
        return;
    }
    struct gj_find find = gj_find_for(ctx, work, 0, work->row->pending_by, &people);
    find.office = office;
    find.region = other->region;
    if (!gj_find_listed(&find, &transition->approve)) {
        gj_find_climb(&find);
    }
    tell(ctx, &people, &notice);
    show_climb(ctx, work, &people, notice.code);
}

void gj_notify_settled(struct gj_ctx *ctx, struct gj_work *work, uint64_t user, bool approved)
{
    gj_notify_person(ctx, work, user, approved ? "consent.given" : "consent.refused");
}

void gj_notify_person(struct gj_ctx *ctx, struct gj_work *work, uint64_t user, const char *code)
{
    struct gj_people people = {.items = {{.user = user}}, .count = user == 0 ? 0 : 1};
    struct gj_notice notice = notice_of(ctx, work, code);
    tell(ctx, &people, &notice);
}

void gj_notify_child(struct gj_ctx *ctx, struct gj_work *parent, const struct gj_work *child)
{
    struct gj_people people = {.items = {{.user = parent->row->assignee}}, .count = parent->row->assignee == 0 ? 0 : 1};
    struct gj_notice notice = notice_of(ctx, parent, "record.child");
    notice.params[1] = child->row->number;
    tell(ctx, &people, &notice);
}

static void fold_people(struct gj_ctx *ctx, struct gj_work *work, const struct gj_notify_rung *rung)
{
    struct gj_people people;
    struct gj_notify_fold *fold = rung->fold;
    gj_notify_find(ctx, work, &rung->step->to, cannot_act(work), &people);
    for (size_t i = 0; i < people.count; i++) {
        size_t at = 0;
        while (at < fold->count &&
               (fold->items[at].user != people.items[i].user || fold->items[at].office != work->row->office)) {
            at++;
        }
        if (at == GJ_NOTIFY_FOLD_MAX) {
            continue;
        }
        if (at == fold->count) {
            fold->items[fold->count].user = people.items[i].user;
            fold->items[fold->count].office = work->row->office;
            fold->items[fold->count++].count = 0;
        }
        fold->items[at].count++;
    }
    show_climb(ctx, work, &people, rung->timer->name);
}

void gj_notify_rung(struct gj_ctx *ctx, struct gj_work *work, const struct gj_notify_rung *rung)
{
    const char *code = gj_arena_printf(ctx->arena, "timer.%s", rung->step->name);
    if (code == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    struct gj_notice notice = notice_of(ctx, work, code);
    notice.timer = rung->timer->name;
    notice.stage = rung->stage;
    notice.due_at_ms = rung->due_at_ms;
    if (rung->fold != NULL) {
        fold_people(ctx, work, rung);
        return;
    }
    tell_list(ctx, work, &rung->step->to, cannot_act(work), &notice);
}

void gj_notify_folded(struct gj_ctx *ctx, const struct gj_notify_fold *fold)
{
    for (size_t i = 0; i < fold->count; i++) {
        const char *count = gj_arena_printf(ctx->arena, "%u", fold->items[i].count);
        struct gj_notice notice = {
            .user = fold->items[i].user, .code = "timer.folded", .params = {count}, .office = fold->items[i].office};
        gj_apply_notice(ctx, &notice);
    }
}

void gj_notify_roles(
    struct gj_ctx *ctx, uint64_t office, gj_roles roles, const char *code, const char *param, int64_t due_at_ms)
{
    struct gj_people people = {.level = GJ_REACH_ROLE};
    Gj__Stored__Office *row = NULL;
    struct gj_key key = gj_key_of_u64(office);
    if (!gj_record_load(ctx->txn, GJ_TABLE_OFFICE, &key, &gj__stored__office__descriptor, ctx->arena, (void **)&row)) {
        return;
    }
    struct gj_find find = {.ctx = ctx, .office = office, .region = row->region, .out = &people, .change_ms = INT64_MAX};
    for (uint8_t role = 1; role < 64; role++) {
        if ((roles & GJ_ROLE_BIT(role)) != 0) {
            gj_find_role(&find, role, GJ_RELATION_NONE);
        }
    }
    if (people.count == 0) {
        gj_find_climb(&find);
    }
    struct gj_notice notice = {
        .code = code, .params = {param, gj_find_level(people.level)}, .office = office, .due_at_ms = due_at_ms};
    tell(ctx, &people, &notice);
}
