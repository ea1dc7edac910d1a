#include "core/notify.h"

#include <string.h>

#include "core/core.h"
#include "core/notify_people.h"
#include "core/work_clock.h"
#include "store/record.h"

struct search {
    struct gj_ctx *ctx;
    const struct gj_view *view; /* NULL: about no record */
    const struct gj_kind *kind;
    uint64_t office, region;
    gj_relations forbid;
    struct gj_people *out;
};

static void found(struct search *search, uint64_t user, uint8_t role, uint64_t lent_by)
{
    struct gj_people *out = search->out;
    if (user == 0 || out->count == GJ_NOTIFY_PEOPLE_MAX) {
        return;
    }
    for (size_t i = 0; i < out->count; i++) {
        if (out->items[i].user == user) {
            return;
        }
    }
    if (search->view != NULL && (gj_view_relations(search->view, user) & search->forbid) != 0) {
        return;
    }
    if (!gj_people_present(search->ctx, user)) {
        return;
    }
    out->items[out->count++] = (struct gj_person){.user = user, .role = role, .stands_in = lent_by};
}

static bool covers(const struct gj_holder *holder, uint64_t office, uint64_t region)
{
    if (holder->office != 0) {
        return holder->office == office;
    }
    return holder->region == 0 || holder->region == region;
}

static void find_role(struct search *search, uint8_t role, enum gj_relation relation)
{
    size_t count = 0;
    const struct gj_holder *holders = gj_people_holders(search->ctx, &count);
    for (size_t i = 0; i < count; i++) {
        const struct gj_holder *holder = &holders[i];
        if (holder->role != role || !covers(holder, search->office, search->region) ||
            search->ctx->now_ms < holder->from_ms || search->ctx->now_ms >= holder->until_ms) {
            continue;
        }
        if (relation == GJ_RELATION_NONE ||
            (search->view != NULL && gj_view_is(search->view, relation, holder->user))) {
            found(search, holder->user, role, holder->lent_by);
        }
    }
}

static void find_related(struct search *search, enum gj_relation relation)
{
    for (size_t i = 0; search->view != NULL && i < search->view->tie_count; i++) {
        if (search->view->ties[i].relation == relation) {
            found(search, search->view->ties[i].user, 0, 0);
        }
    }
    const struct gj_field_value *assignee =
        search->view == NULL ? NULL : gj_value_find(search->view->values, search->view->value_count, "assignee");
    if (relation == GJ_RELATION_ASSIGNEE && assignee != NULL) {
        found(search, (uint64_t)assignee->number, 0, 0);
    }
}

static bool find_on_roster(struct search *search, uint64_t office, uint64_t region)
{
    struct gj_key place = gj_people_roster_place(office, region);
    size_t before = search->out->count;
    struct gj_iter iter;
    gj_iter_prefix(&iter, search->ctx->txn, GJ_TABLE_ROSTER, &place, GJ_FORWARD);
    while (gj_iter_next(&iter)) {
        Gj__Stored__Roster *line = NULL;
        if (!gj_record_unpack(
                search->ctx->txn, &iter.value, &gj__stored__roster__descriptor, search->ctx->arena, (void **)&line)) {
            break;
        }
        const struct gj_role *role = gj_policy_role(search->ctx->policy, line->role);
        if (line->from <= search->ctx->now_ms && search->ctx->now_ms < line->until) {
            found(search, line->user, role == NULL ? 0 : role->number, 0);
        }
    }
    gj_iter_close(&iter);
    return search->out->count > before;
}

/* Who watches over a region or the group in this matter: whoever may read such records there, or draw up rosters.
 * Auditors look at everything and are asked for nothing. */
static bool watches(const struct search *search, const struct gj_role *role)
{
    if (role == NULL || !role->staff || role->reach < GJ_REACH_REGION || role->logged_always) {
        return false;
    }
    if (search->kind != NULL) {
        return (search->kind->rights.letters[role->number] & GJ_LETTER_READ) != 0;
    }
    const struct gj_guarded *roster = gj_policy_subject(search->ctx->policy, "duty_roster");
    return roster != NULL && (roster->rights.letters[role->number] & GJ_LETTER_UPDATE) != 0;
}

/* Where no roster is kept, those who watch a whole region or the group. */
static bool find_above(struct search *search, enum gj_reach reach)
{
    size_t before = search->out->count;
    size_t count = 0;
    const struct gj_holder *holders = gj_people_holders(search->ctx, &count);
    for (size_t i = 0; i < count; i++) {
        const struct gj_role *role = gj_policy_role_by_number(search->ctx->policy, holders[i].role);
        bool regional = holders[i].office == 0 && holders[i].region != 0 && holders[i].region == search->region;
        bool group = holders[i].office == 0 && holders[i].region == 0;
        if (watches(search, role) && (reach == GJ_REACH_REGION ? regional : group)) {
            found(search, holders[i].user, holders[i].role, 0);
        }
    }
    return search->out->count > before;
}

static void climb(struct search *search)
{
    struct gj_people *out = search->out;
    out->level = GJ_REACH_ROSTER_OFFICE;
    if (search->office != 0 && find_on_roster(search, search->office, 0)) {
        return;
    }
    out->level = GJ_REACH_ROSTER_REGION;
    if (search->region != 0 && (find_on_roster(search, 0, search->region) || find_above(search, GJ_REACH_REGION))) {
        return;
    }
    out->level = GJ_REACH_ROSTER_GROUP;
    (void)(find_on_roster(search, 0, 0) || find_above(search, GJ_REACH_GROUP));
}

/* Somebody bears the relation, be he there or not: before a ticket is given to anyone, its worker cannot be missed. */
static bool has_related(const struct gj_view *view, enum gj_relation relation)
{
    bool has = relation == GJ_RELATION_ASSIGNEE && gj_value_find(view->values, view->value_count, "assignee") != NULL;
    for (size_t i = 0; !has && i < view->tie_count; i++) {
        has = view->ties[i].relation == relation;
    }
    return has;
}

void gj_notify_find(struct gj_ctx *ctx, const struct gj_work *work, const struct gj_who_list *who, gj_relations forbid,
    struct gj_people *out)
{
    struct search search = {.ctx = ctx,
        .view = &work->view,
        .kind = work->kind,
        .office = work->row->office,
        .region = work->office->region,
        .forbid = forbid,
        .out = out};
    bool asks_staff = false;
    out->count = 0;
    out->level = GJ_REACH_ROLE;
    for (size_t i = 0; i < who->count; i++) {
        const struct gj_who *one = &who->items[i];
        if (one->any_role) {
            find_related(&search, one->relation);
        } else if (one->role != GJ_ROLE_SYSTEM) {
            find_role(&search, one->role, one->relation);
        }
        const struct gj_role *role = one->any_role ? NULL : gj_policy_role_by_number(ctx->policy, one->role);
        asks_staff =
            asks_staff || (one->any_role ? has_related(&work->view, one->relation) : role != NULL && role->staff);
    }
    if (out->count == 0 && asks_staff) {
        climb(&search);
    }
}

/* --- notices --- */

static const char *const level_words[] = {"role", "office", "region", "group"};

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

/* Nobody of those named could be reached: that somebody else was told is on record, they are told why, and until the
 * record has moved on they may take the step. */
static void show_climb(struct gj_ctx *ctx, struct gj_work *work, const struct gj_people *people, const char *code)
{
    if (people->level == GJ_REACH_ROLE) {
        return;
    }
    struct gj_work_note note = {.type = GJ_ENTRY_TIMER,
        .action = "roster.step",
        .reason = level_words[people->level],
        .has_value = true,
        .value = (int64_t)people->count};
    for (size_t i = 0; i < people->count; i++) {
        gj_work_tie(ctx, work, GJ_RELATION_STAND_IN, people->items[i].user);
    }
    (void)gj_work_entry(ctx, work, &note);
    gj_work_save(ctx, work);
    struct gj_notice notice = notice_of(ctx, work, "roster.step");
    notice.params[1] = level_words[people->level];
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
    struct search search = {
        .ctx = ctx, .view = &work->view, .kind = work->kind, .office = office, .region = other->region, .out = &people};
    for (size_t i = 0; i < transition->approve.count; i++) {
        if (!transition->approve.items[i].any_role) {
            find_role(&search, transition->approve.items[i].role, transition->approve.items[i].relation);
        }
    }
    if (people.count == 0) {
        climb(&search);
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
    struct search search = {.ctx = ctx, .office = office, .region = row->region, .out = &people};
    for (uint8_t role = 1; role < 64; role++) {
        if ((roles & GJ_ROLE_BIT(role)) != 0) {
            find_role(&search, role, GJ_RELATION_NONE);
        }
    }
    if (people.count == 0) {
        climb(&search);
    }
    struct gj_notice notice = {
        .code = code, .params = {param, level_words[people.level]}, .office = office, .due_at_ms = due_at_ms};
    tell(ctx, &people, &notice);
}
