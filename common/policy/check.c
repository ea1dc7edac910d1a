/* What only shows when everything is there: every open state has a way out and leads to an end, whoever may act may
 * also see, nothing loops, nothing is declared in vain. */
#include <string.h>

#include "common/policy/condition.h"
#include "common/policy/flow.h"
#include "common/policy/load.h"

struct check {
    const struct gj_policy *policy;
    const struct gj_kind *kind;
    struct gj_problems *problems;
};

static gj_states bit(uint8_t state)
{
    return UINT64_C(1) << state;
}

/* --- Ways through the states ---------------------------------------------------------------------------------- */

static gj_states targets(const struct gj_transition *transition, gj_states from)
{
    if ((transition->from & from) == 0) {
        return 0;
    }
    return transition->stay ? transition->from & from : bit(transition->to);
}

static gj_states reachable(const struct gj_kind *kind, gj_states begin)
{
    gj_states found = begin;
    for (gj_states before = 0; before != found;) {
        before = found;
        for (size_t i = 0; i < kind->transition_count; i++) {
            found |= targets(&kind->transitions[i], found);
        }
    }
    return found;
}

static bool leaves(const struct gj_kind *kind, uint8_t state)
{
    for (size_t i = 0; i < kind->transition_count; i++) {
        const struct gj_transition *transition = &kind->transitions[i];
        if ((transition->from & bit(state)) != 0 && !transition->stay && transition->to != state) {
            return true;
        }
    }
    return false;
}

static void check_states(struct check *check)
{
    const struct gj_kind *kind = check->kind;
    gj_states reached = reachable(kind, bit(GJ_STATE_NONE));
    gj_states ends = kind->closed_states | kind->final_states;
    if (ends == 0) {
        gj_problem_add(check->problems, kind->file, 0, 0, "no state is closed or final: a record could never end");
    }
    for (size_t i = 0; i < kind->state_count; i++) {
        const struct gj_state *state = &kind->states[i];
        if ((reached & bit(state->number)) == 0) {
            gj_problem_add(check->problems, kind->file, 0, 0, "the state %s can never be reached", state->code);
        }
        if (state->class == GJ_STATE_OPEN && !leaves(kind, state->number)) {
            gj_problem_add(check->problems, kind->file, 0, 0,
                "the open state %s has no way out: a record would stay there for ever", state->code);
        } else if (state->class == GJ_STATE_OPEN && (reachable(kind, bit(state->number)) & ends) == 0) {
            gj_problem_add(check->problems, kind->file, 0, 0,
                "from the state %s no closed or final state can be reached", state->code);
        }
        if (state->class == GJ_STATE_FINAL && leaves(kind, state->number)) {
            gj_problem_add(check->problems, kind->file, 0, 0,
                "the final state %s has a way out; it is closed, not final", state->code);
        }
    }
}

/* Automatic transitions follow one another without a person: they must end soon whatever the conditions say. */
static unsigned longest_automatic(const struct gj_kind *kind, uint8_t state, unsigned depth)
{
    unsigned longest = depth;
    for (size_t i = 0; i < kind->transition_count && depth <= GJ_FLOW_AUTO_MAX; i++) {
        const struct gj_transition *transition = &kind->transitions[i];
        if (transition->automatic && (transition->from & bit(state)) != 0) {
            unsigned length = longest_automatic(kind, transition->stay ? state : transition->to, depth + 1);
            longest = length > longest ? length : longest;
        }
    }
    return longest;
}

static void check_automatic(struct check *check)
{
    for (size_t i = 0; i < check->kind->state_count; i++) {
        const struct gj_state *state = &check->kind->states[i];
        if (longest_automatic(check->kind, state->number, 0) > GJ_FLOW_AUTO_MAX) {
            gj_problem_add(check->problems, check->kind->file, 0, 0,
                "from the state %s more than %d automatic steps could follow each other", state->code,
                GJ_FLOW_AUTO_MAX);
        }
    }
}

/* --- People --------------------------------------------------------------------------------------------------- */

static void check_who(struct check *check, const struct gj_transition *transition, const struct gj_who_list *list)
{
    const uint16_t sees = GJ_LETTER_READ | GJ_LETTER_READ_OWN | GJ_LETTER_CREATE;
    for (size_t i = 0; i < list->count; i++) {
        const struct gj_who *who = &list->items[i];
        if (who->any_role || who->role == GJ_ROLE_SYSTEM) {
            continue;
        }
        const struct gj_role *role = gj_policy_role_by_number(check->policy, who->role);
        if ((check->kind->rights.letters[who->role] & sees) == 0) {
            gj_problem_add(check->problems, transition->file, transition->line, 1,
                "%s may act here but has no right to see or create a %s", role->code, check->kind->code);
        }
    }
}

static void check_transition(struct check *check, const struct gj_transition *transition)
{
    const char *act = check->kind->acts[transition->act_at].name;
    bool by_system = false;
    check_who(check, transition, &transition->by);
    check_who(check, transition, &transition->approve);
    for (size_t i = 0; i < transition->by.count; i++) {
        by_system = by_system || (!transition->by.items[i].any_role && transition->by.items[i].role == GJ_ROLE_SYSTEM);
    }
    if (transition->by.count == 0) {
        gj_problem_add(check->problems, transition->file, transition->line, 1, "nobody may do \"%s\" here", act);
    }
    if (transition->automatic && !by_system) {
        gj_problem_add(check->problems, transition->file, transition->line, 1, "an automatic step is done by system");
    }
    if (transition->within.unit == GJ_UNIT_WORKING_DAY) {
        gj_problem_add(check->problems, transition->file, transition->line, 1,
            "within counts hours, calendar days or months, not working days");
    }
    for (size_t i = 0; i < check->kind->field_count; i++) {
        const struct gj_field *field = &check->kind->fields[i];
        if (field->computed &&
            (gj_field_set_has(&transition->need_now, i) || gj_field_set_has(&transition->optional, i))) {
            gj_problem_add(check->problems, transition->file, transition->line, 1,
                "\"%s\" is computed: nobody can hand it in", field->key);
        }
    }
}

static void check_acts(struct check *check)
{
    const struct gj_kind *kind = check->kind;
    bool begins = false;
    for (size_t i = 0; i < kind->act_count; i++) {
        bool used = false;
        for (size_t j = 0; j < kind->transition_count; j++) {
            used = used || kind->transitions[j].act_at == i;
            begins = begins || kind->transitions[j].from == bit(GJ_STATE_NONE);
        }
        if (!used) {
            gj_problem_add(check->problems, kind->file, 0, 0, "no transition uses the act \"%s\"", kind->acts[i].name);
        }
    }
    if (!begins) {
        gj_problem_add(check->problems, kind->file, 0, 0, "no transition \"create\" begins a record");
    }
    for (size_t i = 0; i < kind->transition_count; i++) {
        check_transition(check, &kind->transitions[i]);
    }
}

/* --- Timers and what follows ---------------------------------------------------------------------------------- */

static void check_follow(
    struct check *check, const char *file, uint32_t line, const struct gj_follow *follow, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (follow[i].op == GJ_FOLLOW_CREATE &&
            gj_policy_kind(check->policy, follow[i].kind == NULL ? "" : follow[i].kind) == NULL) {
            gj_problem_add(check->problems, file, line, 1, "the kind \"%s\" that follows is not declared",
                follow[i].kind == NULL ? "" : follow[i].kind);
        }
        if (follow[i].op == GJ_FOLLOW_ACT_LINKED &&
            gj_kind_link(check->kind, follow[i].link == NULL ? "" : follow[i].link) == NULL) {
            gj_problem_add(check->problems, file, line, 1, "the link \"%s\" is not declared under links",
                follow[i].link == NULL ? "" : follow[i].link);
        }
    }
}

static void check_timer(struct check *check, const struct gj_timer *timer)
{
    bool promised = timer->by_category_count > 0;
    for (size_t i = 0; i < GJ_PRIORITIES_MAX; i++) {
        promised = promised || timer->limits[i].op != GJ_LIMIT_NONE;
    }
    if (!promised) {
        gj_problem_add(check->problems, timer->file, timer->line, 1, "the timer \"%s\" has no limit", timer->name);
    }
    for (size_t i = 0; i < timer->step_count; i++) {
        const struct gj_step *step = &timer->steps[i];
        check_follow(check, timer->file, timer->line, step->follow, step->follow_count);
        uint16_t act = step->act == NULL ? 0 : gj_kind_act(check->kind, step->act);
        if (act == GJ_NO_INDEX) {
            gj_problem_add(check->problems, timer->file, timer->line, 1,
                "the act \"%s\" of a rung is not one of the form's", step->act);
        }
    }
}

/* The same unit allows the comparison without a date: what would be ignored for every record is a mistake. */
static void check_override(struct check *check, const struct gj_override *item)
{
    const struct gj_kind *kind = gj_policy_kind(check->policy, item->kind);
    uint16_t timer_at = kind == NULL ? GJ_NO_INDEX : gj_kind_timer(kind, item->timer);
    if (timer_at == GJ_NO_INDEX || item->looser_approved || item->category != NULL) {
        return;
    }
    for (uint8_t p = 0; p < GJ_PRIORITIES_MAX; p++) {
        const struct gj_limit *base = &kind->timers[timer_at].limits[p];
        bool concerned = item->priorities == 0 || ((item->priorities >> p) & 1u) != 0;
        if (concerned && base->op != GJ_LIMIT_NONE && base->duration.unit == item->limit.unit &&
            item->limit.n > base->duration.n) {
            char held[GJ_DURATION_TEXT_SIZE];
            gj_duration_format(base->duration, held);
            gj_problem_add(check->problems, item->file, item->line, 1,
                "the limit is looser than the company's (%s); that needs looser_approved with two people", held);
            return;
        }
    }
}

static void check_override_sets(struct check *check, const struct gj_override_set *sets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < sets[i].count; j++) {
            check_override(check, &sets[i].items[j]);
        }
    }
}

static void check_references(struct check *check)
{
    const struct gj_kind *kind = check->kind;
    for (size_t i = 0; i < kind->transition_count; i++) {
        const struct gj_transition *transition = &kind->transitions[i];
        check_follow(check, transition->file, transition->line, transition->follow, transition->follow_count);
    }
    for (size_t i = 0; i < kind->timer_count; i++) {
        check_timer(check, &kind->timers[i]);
    }
    if (kind->has_priority && gj_kind_field(kind, "priority") == GJ_NO_INDEX) {
        gj_problem_add(check->problems, kind->file, 0, 0, "a kind with priorities needs the field \"priority\"");
    }
}

void gj_check_policy(const struct gj_policy *policy, struct gj_problems *problems)
{
    struct check check = {.policy = policy, .problems = problems};
    for (size_t i = 0; i < policy->kind_count; i++) {
        check.kind = policy->kinds[i];
        check_states(&check);
        check_automatic(&check);
        check_acts(&check);
        check_references(&check);
    }
    check_override_sets(&check, policy->cities, policy->city_count);
    check_override_sets(&check, policy->profiles, policy->profile_count);
    check_override_sets(&check, policy->offices, policy->office_count);
}
