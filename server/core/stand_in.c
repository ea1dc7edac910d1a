#include "core/stand_in.h"

#include <string.h>

#include "core/core.h"
#include "core/notify_find.h"
#include "core/notify_people.h"
#include "core/work_clock.h"
#include "store/record.h"

/* What is known of one step of the record so far. */
enum verdict { UNKNOWN, TAKEN_CARE_OF, LEFT };

struct look {
    struct gj_ctx *ctx;
    struct gj_work *work;
    uint8_t verdicts[GJ_LOAD_TRANSITIONS_MAX];
};

/* --- is anybody left for a step ------------------------------------------------------------------------------------
 */

/* A search among those whose step it is, or whose consent. False: the office that is asked to take the record over is
 * gone. */
static bool search_for(struct gj_ctx *ctx, const struct gj_work *work, const struct gj_transition *step, bool consent,
    struct gj_people *people, struct gj_find *find)
{
    gj_relations forbid = step->forbid | (gj_relations)1 << GJ_RELATION_COMPLAINED_OF;
    uint64_t office = consent ? work->row->awaiting_office : 0;
    *find = gj_find_for(ctx, work, forbid, consent ? work->row->pending_by : 0, people);
    if (office == 0 || office == work->row->office) {
        return true;
    }
    struct gj_key key = gj_key_of_u64(office);
    Gj__Stored__Office *other = NULL;
    find->office = office;
    if (!gj_record_load(
            ctx->txn, GJ_TABLE_OFFICE, &key, &gj__stored__office__descriptor, ctx->arena, (void **)&other)) {
        return false;
    }
    find->region = other->region;
    return true;
}

static const struct gj_who_list *those(const struct gj_transition *step, bool consent)
{
    return consent ? &step->approve : &step->by;
}

/* The first role of the staff whose step it is; NULL: it is nobody's of the staff, or only theirs who bear a relation
 * that nobody bears yet. */
static const struct gj_who *owner_of(const struct gj_work *work, const struct gj_transition *step, bool consent)
{
    const struct gj_who_list *list = those(step, consent);
    for (size_t i = 0; i < list->count; i++) {
        const struct gj_who *who = &list->items[i];
        if (who->staff && (who->relation == GJ_RELATION_NONE || gj_find_borne(&work->view, who->relation))) {
            return who;
        }
    }
    return NULL;
}

static bool anybody(struct gj_ctx *ctx, const struct gj_work *work, const struct gj_transition *step, bool consent)
{
    struct gj_people people;
    struct gj_find find;
    return search_for(ctx, work, step, consent, &people, &find) && gj_find_any(&find, those(step, consent));
}

static bool is_open(const struct look *look, const struct gj_transition *step)
{
    return gj_flow_open(look->work->kind, &look->work->view, step, look->ctx->now_ms);
}

static bool gives_away(const struct gj_transition *step, uint16_t assignee)
{
    bool gives = gj_field_set_has(&step->need_now, assignee);
    for (size_t i = 0; i < step->set_count; i++) {
        gives = gives || (step->sets[i].field_at == assignee && step->sets[i].op == GJ_SET_CLEAR);
    }
    return gives;
}

/* Work that is bound to one person is not left while somebody can give it to another or take it back. */
static bool can_be_given(const struct look *look, const struct gj_transition *step)
{
    const struct gj_kind *kind = look->work->kind;
    uint16_t assignee = gj_kind_field(kind, "assignee");
    bool bound = false;
    for (size_t i = 0; i < step->by.count; i++) {
        bound = bound || step->by.items[i].relation == GJ_RELATION_ASSIGNEE;
    }
    for (size_t i = 0; bound && assignee != GJ_NO_INDEX && i < kind->transition_count; i++) {
        const struct gj_transition *other = &kind->transitions[i];
        if (gives_away(other, assignee) && is_open(look, other) && anybody(look->ctx, look->work, other, false)) {
            return true;
        }
    }
    return false;
}

/* Another way to do the same: "dispatch" may be declared twice, for the desk and for the leads. */
static bool another_way(const struct look *look, const struct gj_transition *step)
{
    const struct gj_kind *kind = look->work->kind;
    for (size_t i = 0; i < kind->transition_count; i++) {
        const struct gj_transition *other = &kind->transitions[i];
        if (other != step && other->act_at == step->act_at && is_open(look, other) &&
            anybody(look->ctx, look->work, other, false)) {
            return true;
        }
    }
    return false;
}

static bool is_left(struct look *look, const struct gj_transition *step)
{
    uint8_t *verdict = &look->verdicts[step - look->work->kind->transitions];
    if (*verdict == UNKNOWN) {
        bool left = owner_of(look->work, step, false) != NULL && !anybody(look->ctx, look->work, step, false) &&
                    !another_way(look, step) && !can_be_given(look, step);
        *verdict = left ? LEFT : TAKEN_CARE_OF;
    }
    return *verdict == LEFT;
}

/* Consent is missed once it has been asked for, in the office itself or in the one that the request names. */
static bool consent_is_left(const struct look *look, const struct gj_transition *step)
{
    const struct gj_work *work = look->work;
    bool asked = work->row->pending_act[0] != '\0' &&
                 strcmp(work->kind->acts[step->act_at].name, work->row->pending_act) == 0 &&
                 (step->from >> work->view.state & 1u) != 0;
    return step->approve.count > 0 && asked && owner_of(look->work, step, true) != NULL &&
           !anybody(look->ctx, look->work, step, true);
}

/* --- the right -----------------------------------------------------------------------------------------------------
 */

static enum gj_reach_level reached(
    struct gj_ctx *ctx, const struct gj_work *work, const struct gj_transition *step, bool consent, uint64_t user)
{
    struct gj_people people;
    struct gj_find find;
    if (!search_for(ctx, work, step, consent, &people, &find)) {
        return GJ_REACH_ROLE;
    }
    gj_find_climb(&find);
    for (size_t i = 0; i < people.count; i++) {
        if (people.items[i].user == user) {
            return people.level;
        }
    }
    return GJ_REACH_ROLE;
}

bool gj_stand_in_arm(struct gj_ctx *ctx, struct gj_work *work)
{
    struct look look = {.ctx = ctx, .work = work};
    struct gj_stand_in *right = &work->view.stand_in;
    const struct gj_kind *kind = work->kind;
    uint64_t user = ctx->actor->user;
    *right = (struct gj_stand_in){0};
    for (size_t i = 0; user != 0 && work->row->open && i < kind->transition_count; i++) {
        const struct gj_transition *step = &kind->transitions[i];
        if (is_open(&look, step) && is_left(&look, step) && reached(ctx, work, step, false, user) != GJ_REACH_ROLE) {
            gj_step_set_add(&right->steps, i);
            right->user = user;
        }
        if (consent_is_left(&look, step) && reached(ctx, work, step, true, user) != GJ_REACH_ROLE) {
            gj_step_set_add(&right->consents, i);
            right->user = user;
        }
    }
    return right->user != 0;
}

/* Whoever holds the role and is missed: the first, present or not. 0: nobody holds it. */
static uint64_t missed(struct gj_ctx *ctx, const struct gj_work *work, const struct gj_who *who, uint64_t office)
{
    uint64_t places[] = {office, 0};
    for (size_t p = 0; p < 2; p++) {
        size_t count = 0;
        const struct gj_holder *holders = gj_people_of(ctx, who->role, places[p], &count);
        for (size_t i = 0; i < count; i++) {
            bool here = places[p] != 0 || holders[i].region == 0 || holders[i].region == work->office->region;
            bool bears = who->relation == GJ_RELATION_NONE || gj_view_is(&work->view, who->relation, holders[i].user);
            if (here && bears && holders[i].lent_by == 0) {
                return holders[i].user;
            }
        }
    }
    return 0;
}

struct gj_stood gj_stand_in_stood(
    struct gj_ctx *ctx, const struct gj_work *work, const struct gj_transition *step, bool consent)
{
    struct gj_stood stood = {0};
    const struct gj_stand_in *right = &work->view.stand_in;
    if (step == NULL || right->user == 0 || right->user != ctx->actor->user ||
        gj_who_matches(those(step, consent), &work->view, ctx->actor) ||
        !gj_step_set_has(consent ? &right->consents : &right->steps, (size_t)(step - work->kind->transitions))) {
        return stood;
    }
    const struct gj_who *who = owner_of(work, step, consent);
    uint64_t office = consent && work->row->awaiting_office != 0 ? work->row->awaiting_office : work->row->office;
    stood.level = (uint8_t)reached(ctx, work, step, consent, right->user);
    stood.role = who == NULL ? 0 : who->role;
    stood.user = who == NULL ? 0 : missed(ctx, work, who, office);
    return stood;
}

/* --- asking --------------------------------------------------------------------------------------------------------
 */

/* Why nobody of those whose step it is can take it. */
static const char *why_left(
    struct gj_ctx *ctx, const struct gj_work *work, const struct gj_transition *step, bool consent)
{
    struct gj_people people;
    struct gj_find find;
    (void)search_for(ctx, work, step, consent, &people, &find);
    find.forbid = 0;
    find.except = 0;
    if (gj_find_any(&find, those(step, consent))) {
        uint64_t user = people.items[0].user;
        if (gj_view_is(&work->view, GJ_RELATION_COMPLAINED_OF, user)) {
            return "complained_of";
        }
        return consent && user == work->row->pending_by ? "own_request" : "own_work";
    }
    const struct gj_who_list *list = those(step, consent);
    for (size_t i = 0; i < list->count; i++) {
        if (!list->items[i].any_role && missed(ctx, work, &list->items[i], find.office) != 0) {
            return "absent";
        }
    }
    return "vacant";
}

/* Those that a review finds. */
struct asking {
    struct gj_ctx *ctx;
    struct gj_work *work;
    Gj__V1__Asked *items[GJ_STAND_IN_ASKED_MAX];
    size_t count;
    int64_t change_ms;
};

static bool same_ask(const Gj__V1__Asked *a, const Gj__V1__Asked *b)
{
    return a->user == b->user && a->consent == b->consent && strcmp(a->role, b->role) == 0;
}

static void add_ask(
    struct asking *asking, uint64_t user, const char *role, const char *why, bool consent, enum gj_reach_level level)
{
    Gj__V1__Asked *ask = GJ_ARENA_NEW(asking->ctx->arena, Gj__V1__Asked);
    if (ask == NULL) {
        gj_txn_fail(asking->ctx->txn, gj_arena_why(asking->ctx->arena));
        return;
    }
    gj__v1__asked__init(ask);
    ask->user = user;
    ask->role = (char *)role;
    ask->why = (char *)why;
    ask->level = (char *)gj_find_level(level);
    ask->consent = consent;
    ask->at = asking->ctx->now_ms;
    for (size_t i = 0; i < asking->count; i++) {
        if (same_ask(asking->items[i], ask)) {
            return;
        }
    }
    if (asking->count < GJ_STAND_IN_ASKED_MAX) {
        asking->items[asking->count++] = ask;
    }
}

static void ask_for(struct asking *asking, const struct gj_transition *step, bool consent)
{
    struct gj_ctx *ctx = asking->ctx;
    struct gj_work *work = asking->work;
    struct gj_people people;
    struct gj_find find;
    const struct gj_who *who = owner_of(work, step, consent);
    const struct gj_role *role = who == NULL ? NULL : gj_policy_role_by_number(work->policy, who->role);
    if (role == NULL || !search_for(ctx, work, step, consent, &people, &find)) {
        return;
    }
    const char *why = why_left(ctx, work, step, consent);
    gj_find_climb(&find);
    asking->change_ms = find.change_ms < asking->change_ms ? find.change_ms : asking->change_ms;
    for (size_t i = 0; i < people.count; i++) {
        add_ask(asking, people.items[i].user, role->code, why, consent, people.level);
    }
    if (people.count == 0) {
        add_ask(asking, 0, role->code, why, consent, people.level); /* it shows that nobody could be asked */
    }
}

static bool stops(const struct gj_transition *step, uint16_t timer_at)
{
    for (size_t i = 0; i < step->timer_count; i++) {
        if (step->timers[i].timer_at == timer_at && step->timers[i].op == GJ_TIMER_STOP) {
            return true;
        }
    }
    return false;
}

/* Asks for all steps that stop a clock (GJ_NO_INDEX: that lead out of the state), when every one of them is left. */
static void ask_if_all_left(struct asking *asking, struct look *look, uint16_t timer_at)
{
    const struct gj_kind *kind = asking->work->kind;
    uint16_t left[GJ_LOAD_TRANSITIONS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < kind->transition_count; i++) {
        const struct gj_transition *step = &kind->transitions[i];
        bool wanted = timer_at == GJ_NO_INDEX ? !step->stay : stops(step, timer_at);
        if (!wanted || owner_of(asking->work, step, false) == NULL || !is_open(look, step)) {
            continue;
        }
        if (!is_left(look, step)) {
            return;
        }
        left[count++] = (uint16_t)i;
    }
    for (size_t i = 0; i < count; i++) {
        bool asked = false;
        for (size_t j = 0; j < i; j++) {
            asked = asked || kind->transitions[left[j]].act_at == kind->transitions[left[i]].act_at;
        }
        if (!asked) {
            ask_for(asking, &kind->transitions[left[i]], false);
        }
    }
}

static void find_asked(struct asking *asking)
{
    struct gj_work *work = asking->work;
    struct look look = {.ctx = asking->ctx, .work = work};
    const struct gj_kind *kind = work->kind;
    for (size_t i = 0; i < work->timer_count; i++) {
        const struct gj_timer_state *timer = &work->timers[i];
        if (timer->stopped_at == 0 && timer->due_at != 0 && kind->timers[timer->timer_at].promise) {
            ask_if_all_left(asking, &look, timer->timer_at);
        }
    }
    ask_if_all_left(asking, &look, GJ_NO_INDEX);
    for (size_t i = 0; i < kind->transition_count; i++) {
        if (consent_is_left(&look, &kind->transitions[i])) {
            ask_for(asking, &kind->transitions[i], true);
        }
    }
}

static void tell_asked(struct gj_ctx *ctx, const struct gj_work *work, const Gj__V1__Asked *ask)
{
    struct gj_notice notice = {.user = ask->user,
        .code = "stand_in.asked",
        .params = {work->row->state, ask->level, ask->role, ask->why},
        .office = work->row->office,
        .record = work->row->id,
        .event = work->row->last_entry,
        .kind = work->row->kind,
        .number = work->row->number,
        .role = ask->role,
        .due_at_ms = gj_work_due_at(work)};
    if (ask->user != 0 && ask->user != ctx->actor->user) {
        gj_apply_notice(ctx, &notice);
    }
}

/* Keeps when those who were asked before were asked. True: nobody has come or gone. */
static bool as_before(const Gj__Stored__Record *row, struct asking *asking, bool *known)
{
    bool same = row->n_asked == asking->count;
    for (size_t i = 0; i < asking->count; i++) {
        known[i] = false;
        for (size_t j = 0; j < row->n_asked; j++) {
            if (same_ask(row->asked[j], asking->items[i])) {
                known[i] = true;
                asking->items[i]->at = row->asked[j]->at;
                same = same && strcmp(row->asked[j]->level, asking->items[i]->level) == 0 &&
                       strcmp(row->asked[j]->why, asking->items[i]->why) == 0;
            }
        }
        same = same && known[i];
    }
    return same;
}

static void put_asked(struct gj_ctx *ctx, struct gj_work *work, struct asking *asking, const bool *known)
{
    Gj__Stored__Record *row = work->row;
    row->asked = gj_arena_dup(ctx->arena, asking->items, (asking->count + 1) * sizeof(asking->items[0]));
    row->n_asked = asking->count;
    if (row->asked == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    gj_work_refresh(ctx, work);
    struct gj_work_note note = {.type = GJ_ENTRY_TIMER, .action = "stand_in.over"};
    if (asking->count > 0) {
        const Gj__V1__Asked *first = asking->items[0];
        note.action = "stand_in.asked";
        note.reason = gj_arena_printf(ctx->arena, "%s:%s", first->level, first->role);
        note.has_value = true;
        note.value = (int64_t)(first->user == 0 ? 0 : asking->count);
    }
    (void)gj_work_entry(ctx, work, &note);
    gj_work_save(ctx, work);
    for (size_t i = 0; i < asking->count; i++) {
        bool told = known[i]; /* once, whatever the number of roles */
        for (size_t j = 0; j < i; j++) {
            told = told || (!known[j] && asking->items[j]->user == asking->items[i]->user);
        }
        if (!told) {
            tell_asked(ctx, work, asking->items[i]);
        }
    }
}

void gj_stand_in_review(struct gj_ctx *ctx, struct gj_work *work)
{
    struct asking asking = {.ctx = ctx, .work = work, .change_ms = INT64_MAX};
    bool known[GJ_STAND_IN_ASKED_MAX];
    if (work->row->open && gj_flow_automatic(work->kind, &work->view) == NULL) {
        find_asked(&asking);
    } else if (work->row->open) {
        return; /* it moves on by itself within this command */
    }
    if (asking.count > 0) {
        int64_t change_ms = gj_people_next_change(ctx, NULL, 0, NULL);
        change_ms = change_ms < asking.change_ms ? change_ms : asking.change_ms;
        if (change_ms != INT64_MAX) {
            gj_stand_in_office(ctx, work->row->office, change_ms);
        }
    }
    if (!as_before(work->row, &asking, known)) {
        put_asked(ctx, work, &asking, known);
    }
}
