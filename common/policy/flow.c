#include "common/policy/flow.h"

#include <string.h>

#include "common/policy/condition.h"
#include "common/policy/form.h"
#include "common/policy/policy.h"

/* What is judged, in the order in which it is judged: the failure of the candidate that came furthest is reported,
 * because it is the one the person can do something about. */
enum stage {
    STAGE_STATE,
    STAGE_WHO,
    STAGE_RELATION,
    STAGE_PRIORITY,
    STAGE_TIME,
    STAGE_WHEN,
    STAGE_MEANS,
    STAGE_FIELDS
};

struct judge {
    const struct gj_kind *kind;
    const struct gj_view *view;
    const struct gj_flow_request *request;
    bool consent; /* the pending act is judged for its approver: who asked was judged then */
    enum stage reached;
    struct gj_refusal refusal;
};

static const struct {
    const char *verb;
    enum gj_flow_act act;
} built_in[] = {
#define BUILT_IN(name, number, verb) {verb, GJ_FLOW_##name},
    GJ_FLOW_ACT_LIST(BUILT_IN)
#undef BUILT_IN
};
#define BUILT_IN_COUNT (sizeof built_in / sizeof built_in[0])

static const struct gj_label built_in_labels[] = {{"批准", "Approve"}, {"驳回", "Reject"},
    {"撤回申请", "Withdraw request"}, {"更正", "Amend"}, {"补充说明", "Addendum"}, {"备注", "Note"}, {"关联", "Link"}};
_Static_assert(sizeof built_in_labels / sizeof built_in_labels[0] == BUILT_IN_COUNT, "each built-in act has a label");

uint16_t gj_flow_act_number(const struct gj_kind *kind, const char *verb)
{
    uint16_t at = gj_kind_act(kind, verb);
    if (at != GJ_NO_INDEX) {
        return kind->acts[at].number;
    }
    for (size_t i = 0; i < BUILT_IN_COUNT; i++) {
        if (strcmp(built_in[i].verb, verb) == 0) {
            return (uint16_t)built_in[i].act;
        }
    }
    return 0;
}

const char *gj_flow_act_verb(const struct gj_kind *kind, uint16_t number)
{
    for (size_t i = 0; i < kind->act_count; i++) {
        if (kind->acts[i].number == number) {
            return kind->acts[i].name;
        }
    }
    for (size_t i = 0; i < BUILT_IN_COUNT; i++) {
        if ((uint16_t)built_in[i].act == number) {
            return built_in[i].verb;
        }
    }
    return NULL;
}

/* --- Judging one transition ----------------------------------------------------------------------------------- */

static bool fail(struct judge *judge, enum stage stage, enum gj_refusal_code code, const char *field)
{
    if (judge->refusal.code == GJ_REFUSAL_NONE || stage > judge->reached) {
        judge->reached = stage;
        (void)gj_refusal_set(&judge->refusal, code, field);
        return false;
    }
    return false;
}

static bool present(const struct judge *judge, const char *key)
{
    return gj_value_find(judge->request->given, judge->request->given_count, key) != NULL ||
           gj_value_find(judge->view->values, judge->view->value_count, key) != NULL;
}

static int64_t within_end(const struct gj_view *view, struct gj_duration within)
{
    gj_day day = gj_cst_day(view->closed_at);
    switch (within.unit) {
    case GJ_UNIT_NONE:
        return INT64_MAX;
    case GJ_UNIT_MINUTE:
        return view->closed_at + within.n * GJ_MS_PER_MINUTE;
    case GJ_UNIT_HOUR:
        return view->closed_at + within.n * GJ_MS_PER_HOUR;
    case GJ_UNIT_CALENDAR_DAY:
    case GJ_UNIT_WORKING_DAY: /* refused when the policy is loaded: it would need a calendar */
        return gj_cst_midnight(day + within.n + 1);
    case GJ_UNIT_MONTH:
        return gj_cst_midnight(gj_day_add_months(day, within.n) + 1);
    }
    return INT64_MAX;
}

/* The office has nobody left for this step, and the person is who is asked instead. */
static bool stands_for(const struct judge *judge, const struct gj_transition *transition, bool consent)
{
    const struct gj_stand_in *stand_in = &judge->view->stand_in;
    uint64_t user = judge->request->actor->user;
    return user != 0 && stand_in->user == user &&
           gj_step_set_has(
               consent ? &stand_in->consents : &stand_in->steps, (size_t)(transition - judge->kind->transitions));
}

/* Whoever stands in for a step has the ways of those whose step it is. */
static bool same_role(const struct gj_who_list *ways, const struct gj_who_list *by)
{
    for (size_t i = 0; i < ways->count; i++) {
        for (size_t j = 0; j < by->count; j++) {
            if (!ways->items[i].any_role && !by->items[j].any_role && ways->items[i].role == by->items[j].role) {
                return true;
            }
        }
    }
    return false;
}

static bool judge_means(struct judge *judge, const struct gj_transition *transition)
{
    if (transition->means_field_at == GJ_NO_INDEX) {
        return true;
    }
    const char *key = judge->kind->fields[transition->means_field_at].key;
    const struct gj_field_value *value = gj_value_find(judge->request->given, judge->request->given_count, key);
    if (value == NULL) {
        return fail(judge, STAGE_MEANS, GJ_REFUSAL_FIELD_MISSING, key);
    }
    for (size_t i = 0; i < transition->means_count; i++) {
        const struct gj_means *means = &transition->means[i];
        if (!gj_value_is(value, means->code)) {
            continue;
        }
        bool stands_in = stands_for(judge, transition, false) && same_role(&means->by, &transition->by);
        if (!judge->consent && !stands_in && !gj_who_matches(&means->by, judge->view, judge->request->actor)) {
            return fail(judge, STAGE_MEANS, GJ_REFUSAL_MEANS_NOT_ALLOWED, key);
        }
        const char *evidence = means->evidence_at == GJ_NO_INDEX ? NULL : judge->kind->fields[means->evidence_at].key;
        if (evidence != NULL && gj_value_find(judge->request->given, judge->request->given_count, evidence) == NULL) {
            return fail(judge, STAGE_MEANS, GJ_REFUSAL_EVIDENCE_MISSING, evidence);
        }
        return true;
    }
    return fail(judge, STAGE_MEANS, GJ_REFUSAL_MEANS_NOT_ALLOWED, key);
}

static bool judge_fields(struct judge *judge, const struct gj_transition *transition)
{
    for (size_t i = 0; i < judge->kind->field_count; i++) {
        const char *key = judge->kind->fields[i].key;
        if (gj_field_set_has(&transition->need, i) && !present(judge, key)) {
            return fail(judge, STAGE_FIELDS, GJ_REFUSAL_FIELD_MISSING, key);
        }
        if (gj_field_set_has(&transition->need_now, i) &&
            gj_value_find(judge->request->given, judge->request->given_count, key) == NULL) {
            return fail(judge, STAGE_FIELDS, GJ_REFUSAL_FIELD_MISSING, key);
        }
    }
    return true;
}

static bool judge_who(struct judge *judge, const struct gj_transition *transition)
{
    const struct gj_view *view = judge->view;
    const struct gj_actor *actor = judge->request->actor;
    if (!judge->consent && !stands_for(judge, transition, false) && !gj_who_matches(&transition->by, view, actor)) {
        return fail(judge, STAGE_WHO, GJ_REFUSAL_ACT_NOT_YOURS, NULL);
    }
    gj_relations forbidden = gj_view_relations(view, actor->user) & transition->forbid;
    if (forbidden != 0) {
        (void)fail(judge, STAGE_RELATION, GJ_REFUSAL_ACT_FORBIDDEN_RELATION, NULL);
        if (judge->reached == STAGE_RELATION && judge->refusal.param_count == 0) {
            enum gj_relation relation = GJ_RELATION_CREATOR;
            while (((forbidden >> relation) & 1u) == 0) {
                relation++;
            }
            gj_refusal_param(&judge->refusal, "relation", gj_relation_word(relation));
        }
        return false;
    }
    return true;
}

static bool judge_transition(struct judge *judge, const struct gj_transition *transition)
{
    const struct gj_view *view = judge->view;
    if (((transition->from >> view->state) & 1u) == 0) {
        return fail(judge, STAGE_STATE, GJ_REFUSAL_ACT_NOT_NOW, NULL);
    }
    if (!judge_who(judge, transition)) {
        return false;
    }
    if (view->priority < GJ_PRIORITIES_MAX && ((transition->forbid_for >> view->priority) & 1u) != 0) {
        return fail(judge, STAGE_PRIORITY, GJ_REFUSAL_ACT_FORBIDDEN_PRIORITY, NULL);
    }
    if (view->closed_at != 0 && judge->request->now_ms >= within_end(view, transition->within)) {
        return fail(judge, STAGE_TIME, GJ_REFUSAL_ACT_TOO_LATE, NULL);
    }
    const struct gj_condition *broken = gj_conditions_broken(&transition->when, judge->kind, view,
        judge->request->actor, judge->request->given, judge->request->given_count);
    if (broken != NULL) {
        return fail(judge, STAGE_WHEN, GJ_REFUSAL_ACT_CONDITION, gj_condition_field(broken, judge->kind));
    }
    return judge_means(judge, transition) && judge_fields(judge, transition);
}

static const struct gj_transition *find_transition(struct judge *judge, const char *verb)
{
    uint16_t act_at = gj_kind_act(judge->kind, verb);
    for (size_t i = 0; i < judge->kind->transition_count && act_at != GJ_NO_INDEX; i++) {
        const struct gj_transition *transition = &judge->kind->transitions[i];
        if (transition->act_at == act_at && judge_transition(judge, transition)) {
            return transition;
        }
    }
    if (judge->refusal.code == GJ_REFUSAL_NONE) {
        (void)gj_refusal_set(&judge->refusal, GJ_REFUSAL_ACT_UNKNOWN, NULL);
    }
    gj_refusal_param(&judge->refusal, "act", verb);
    const struct gj_state *state = gj_kind_state(judge->kind, judge->view->state);
    gj_refusal_param(&judge->refusal, "state", state == NULL ? "" : state->code);
    return NULL;
}

/* --- Consent -------------------------------------------------------------------------------------------------- */

/* Approvers of another office are looked for there; their regional superiors belong to that office's region, which
 * the record does not know, so that only its own people count. */
static bool is_approver(const struct judge *judge, const struct gj_transition *transition, uint64_t office)
{
    const struct gj_view *view = judge->view;
    struct gj_view there = *view;
    if (stands_for(judge, transition, true)) {
        return true;
    }
    if (office != 0 && office != view->office) {
        there.office = office;
        there.region = UINT64_MAX;
    }
    return gj_who_matches(&transition->approve, &there, judge->request->actor);
}

static uint64_t approver_office(const struct judge *judge, const struct gj_transition *transition)
{
    if (transition->approve_office_at == GJ_NO_INDEX) {
        return judge->view->office;
    }
    const char *key = judge->kind->fields[transition->approve_office_at].key;
    const struct gj_field_value *value = gj_value_find(judge->request->given, judge->request->given_count, key);
    return value == NULL ? judge->view->office : (uint64_t)value->number;
}

static void fill_move(const struct gj_kind *kind, const struct gj_view *view, const struct gj_transition *transition,
    struct gj_flow_result *result)
{
    result->transition = transition;
    result->from = view->state;
    result->to = transition->stay ? view->state : transition->to;
    gj_states open = kind->open_states;
    bool was_open = ((open >> result->from) & 1u) != 0;
    bool is_open = ((open >> result->to) & 1u) != 0;
    result->closes = was_open && !is_open;
    result->reopens = !was_open && is_open && result->from != GJ_STATE_NONE;
}

static bool decide_pending(struct judge *judge, enum gj_flow_act act, struct gj_flow_result *result)
{
    const struct gj_consent *pending = &judge->view->pending;
    if (pending->act == NULL) {
        return gj_refusal_set(&judge->refusal, GJ_REFUSAL_NO_APPROVAL_PENDING, NULL);
    }
    uint64_t user = judge->request->actor->user;
    struct gj_flow_result made = {.from = judge->view->state, .to = judge->view->state, .settled = true};
    if (act == GJ_FLOW_WITHDRAW) {
        if (user != pending->requested_by) {
            return gj_refusal_set(&judge->refusal, GJ_REFUSAL_ACT_NOT_YOURS, NULL);
        }
        *result = made;
        return true;
    }
    if (user == pending->requested_by) {
        return gj_refusal_set(&judge->refusal, GJ_REFUSAL_APPROVER_IS_REQUESTER, NULL);
    }
    uint16_t act_at = gj_kind_act(judge->kind, pending->act);
    bool asked = false;
    for (size_t i = 0; i < judge->kind->transition_count; i++) {
        const struct gj_transition *transition = &judge->kind->transitions[i];
        asked = asked || (transition->act_at == act_at && ((transition->from >> judge->view->state) & 1u) != 0 &&
                             is_approver(judge, transition, pending->approver_office));
    }
    if (!asked) {
        return gj_refusal_set(&judge->refusal, GJ_REFUSAL_ACT_NOT_YOURS, NULL);
    }
    if (act == GJ_FLOW_REJECT) {
        *result = made;
        return true;
    }
    judge->consent = true;
    const struct gj_transition *transition = find_transition(judge, pending->act);
    if (transition == NULL) {
        return false;
    }
    fill_move(judge->kind, judge->view, transition, &made);
    *result = made;
    return true;
}

/* --- Deciding ------------------------------------------------------------------------------------------------- */

static bool decide_built_in(struct judge *judge, enum gj_flow_act act, struct gj_flow_result *result)
{
    const struct gj_view *view = judge->view;
    bool open = ((judge->kind->open_states >> view->state) & 1u) != 0;
    if (view->state == GJ_STATE_NONE) {
        return gj_refusal_set(&judge->refusal, GJ_REFUSAL_ACT_NOT_NOW, NULL);
    }
    switch (act) {
    case GJ_FLOW_APPROVE:
    case GJ_FLOW_REJECT:
    case GJ_FLOW_WITHDRAW:
        return decide_pending(judge, act, result);
    case GJ_FLOW_AMEND:
        if (!gj_flow_may_amend(judge->kind, view, judge->request, &judge->refusal)) {
            return false;
        }
        break;
    case GJ_FLOW_ADDENDUM:
        if (open) {
            return gj_refusal_set(&judge->refusal, GJ_REFUSAL_RECORD_OPEN, NULL);
        }
        break;
    case GJ_FLOW_NOTE:
        if (!open) {
            return gj_refusal_set(&judge->refusal, GJ_REFUSAL_RECORD_CLOSED, NULL);
        }
        break;
    case GJ_FLOW_LINK:
        break;
    }
    *result = (struct gj_flow_result){.from = view->state, .to = view->state};
    return true;
}

static bool decide(struct judge *judge, struct gj_flow_result *result)
{
    for (size_t i = 0; i < BUILT_IN_COUNT; i++) {
        if (strcmp(built_in[i].verb, judge->request->act) == 0) {
            return decide_built_in(judge, built_in[i].act, result);
        }
    }
    const struct gj_transition *transition = find_transition(judge, judge->request->act);
    if (transition == NULL) {
        return false;
    }
    struct gj_flow_result made = {0};
    fill_move(judge->kind, judge->view, transition, &made);
    bool waits = judge->view->pending.act != NULL;
    if (transition->approve.count > 0 && !is_approver(judge, transition, approver_office(judge, transition))) {
        if (waits) {
            return gj_refusal_set(&judge->refusal, GJ_REFUSAL_APPROVAL_PENDING, NULL);
        }
        made.pending = true;
        made.to = made.from;
        made.closes = false;
        made.reopens = false;
    } else {
        made.settled = waits && made.to != made.from;
    }
    *result = made;
    return true;
}

bool gj_flow_decide(const struct gj_kind *kind, const struct gj_view *view, const struct gj_flow_request *request,
    struct gj_flow_result *result, struct gj_refusal *refusal)
{
    struct judge judge = {.kind = kind, .view = view, .request = request};
    if (decide(&judge, result)) {
        return true;
    }
    *refusal = judge.refusal;
    return false;
}

const struct gj_transition *gj_flow_automatic(const struct gj_kind *kind, const struct gj_view *view)
{
    static const struct gj_actor system = {0};
    struct gj_flow_request request = {.act = "", .actor = &system};
    for (size_t i = 0; i < kind->transition_count; i++) {
        struct judge judge = {.kind = kind, .view = view, .request = &request};
        if (kind->transitions[i].automatic && judge_transition(&judge, &kind->transitions[i])) {
            return &kind->transitions[i];
        }
    }
    return NULL;
}

/* --- Offers --------------------------------------------------------------------------------------------------- */

static bool open_for(const struct judge *judge, const struct gj_transition *transition)
{
    const struct gj_view *view = judge->view;
    struct gj_field_set open = transition->need_now;
    for (size_t i = 0; i < sizeof open.w / sizeof open.w[0]; i++) {
        open.w[i] |= transition->need.w[i] | transition->optional.w[i];
    }
    bool late = view->closed_at != 0 && judge->request->now_ms >= within_end(view, transition->within);
    bool forbidden = view->priority < GJ_PRIORITIES_MAX && ((transition->forbid_for >> view->priority) & 1u) != 0;
    return !transition->automatic && ((transition->from >> view->state) & 1u) != 0 && !forbidden && !late &&
           gj_conditions_possible(&transition->when, judge->kind, view, judge->request->actor, &open);
}

bool gj_flow_open(
    const struct gj_kind *kind, const struct gj_view *view, const struct gj_transition *transition, int64_t now_ms)
{
    static const struct gj_actor system = {0};
    struct gj_flow_request request = {.act = "", .actor = &system, .now_ms = now_ms};
    struct judge judge = {.kind = kind, .view = view, .request = &request};
    return open_for(&judge, transition);
}

static bool offered(struct judge *judge, const struct gj_transition *transition)
{
    return open_for(judge, transition) && judge_who(judge, transition);
}

static void fill_offer(const struct judge *judge, const struct gj_transition *transition, struct gj_flow_offer *offer)
{
    const struct gj_kind *kind = judge->kind;
    *offer = (struct gj_flow_offer){
        .act = kind->acts[transition->act_at].name,
        .label = kind->acts[transition->act_at].label,
        .to = transition->stay ? judge->view->state : transition->to,
        .optional = transition->optional,
        .transition = transition,
        .asks_consent = transition->approve.count > 0 && (transition->approve_office_at != GJ_NO_INDEX ||
                                                             !is_approver(judge, transition, judge->view->office)),
    };
    for (size_t i = 0; i < kind->field_count; i++) {
        bool needed = gj_field_set_has(&transition->need, i) && !present(judge, kind->fields[i].key);
        if (needed || gj_field_set_has(&transition->need_now, i) || i == transition->means_field_at) {
            gj_field_set_add(&offer->need, i);
        }
    }
}

size_t gj_flow_offers(const struct gj_kind *kind, const struct gj_view *view, const struct gj_actor *actor,
    int64_t now_ms, struct gj_flow_offer offers[GJ_FLOW_OFFERS_MAX])
{
    struct gj_flow_request request = {.act = "", .actor = actor, .now_ms = now_ms};
    size_t count = 0;
    for (size_t i = 0; i < kind->transition_count && count < GJ_FLOW_OFFERS_MAX; i++) {
        struct judge judge = {.kind = kind, .view = view, .request = &request};
        if (offered(&judge, &kind->transitions[i])) {
            fill_offer(&judge, &kind->transitions[i], &offers[count++]);
        }
    }
    if (view->state == GJ_STATE_NONE) {
        return count;
    }
    bool open = ((kind->open_states >> view->state) & 1u) != 0;
    for (size_t i = 0; i < BUILT_IN_COUNT && count < GJ_FLOW_OFFERS_MAX; i++) {
        struct judge judge = {.kind = kind, .view = view, .request = &request};
        struct gj_flow_result ignored;
        /* Who may say no may say yes; the fields of the request are kept with it, and this view does not have them. */
        enum gj_flow_act act = built_in[i].act == GJ_FLOW_APPROVE ? GJ_FLOW_REJECT : built_in[i].act;
        bool fits = act == GJ_FLOW_AMEND ? open : decide_built_in(&judge, act, &ignored);
        if (fits) {
            offers[count++] = (struct gj_flow_offer){.act = built_in[i].verb, .label = built_in_labels[i]};
        }
    }
    return count;
}
