/* Flows 4.1, 4.2 and 4.4: what the forms declare is what flow_expected.c says, transition by transition; and the engine
 * lets every role do exactly that, from every state. */
#include "stage.h"

#include <stdio.h>
#include <string.h>

#include "flow_expected.h"

/* --- Lists of words ------------------------------------------------------------------------------------------- */

static bool has_word(const char *list, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = list; at != NULL && (at = strstr(at, word)) != NULL; at += len) {
        if ((at == list || at[-1] == ' ') && (at[len] == '\0' || at[len] == ' ')) {
            return true;
        }
    }
    return false;
}

static size_t word_count(const char *list)
{
    size_t count = 0;
    for (const char *at = list; at != NULL && *at != '\0'; at++) {
        count += *at != ' ' && (at == list || at[-1] == ' ');
    }
    return count;
}

/* Whether the list has exactly these words, each once. */
struct words {
    char items[32][64];
    size_t count;
};
static bool same_words(const struct words *words, const char *list)
{
    bool same = words->count == word_count(list);
    for (size_t i = 0; i < words->count; i++) {
        same = same && has_word(list, words->items[i]);
    }
    return same;
}

static void add_word(struct words *words, const char *first, const char *second)
{
    assert_true(words->count < 32);
    (void)snprintf(words->items[words->count++], sizeof words->items[0], "%s%s%s", first,
        first[0] != '\0' && second[0] != '\0' ? "/" : "", second);
}

static struct words words_of_people(const struct gj_who_list *list)
{
    struct words words = {.count = 0};
    for (size_t i = 0; i < list->count; i++) {
        const struct gj_who *who = &list->items[i];
        const char *role = who->any_role                 ? ""
                           : who->role == GJ_ROLE_SYSTEM ? "system"
                                                         : gj_policy_role_by_number(stage_policy, who->role)->code;
        add_word(&words, role, who->relation == GJ_RELATION_NONE ? "" : gj_relation_word(who->relation));
    }
    return words;
}

static struct words words_of_states(const struct gj_kind *kind, gj_states states)
{
    struct words words = {.count = 0};
    for (size_t i = 0; i < kind->state_count; i++) {
        if ((states >> kind->states[i].number & 1u) != 0) {
            add_word(&words, kind->states[i].code, "");
        }
    }
    return words;
}

static struct words words_of_relations(gj_relations relations)
{
    struct words words = {.count = 0};
    for (int i = 1; i < 32; i++) {
        if ((relations >> i & 1u) != 0) {
            add_word(&words, gj_relation_word((enum gj_relation)i), "");
        }
    }
    return words;
}

/* --- What is declared ----------------------------------------------------------------------------------------- */

static bool is_step(
    const struct gj_kind *kind, const struct gj_transition *transition, const struct expected_step *step)
{
    const char *to = transition->stay ? "same" : gj_kind_state(kind, transition->to)->code;
    struct words from = words_of_states(kind, transition->from);
    struct words by = words_of_people(&transition->by);
    struct words approve = words_of_people(&transition->approve);
    struct words forbid = words_of_relations(transition->forbid);
    return strcmp(kind->acts[transition->act_at].name, step->act) == 0 && strcmp(to, step->to) == 0 &&
           same_words(&from, step->from) && same_words(&by, step->by) && same_words(&approve, step->approve) &&
           same_words(&forbid, step->forbid);
}

static void every_transition_is_written_down(void **state)
{
    (void)state;
    for (size_t f = 0; f < 3; f++) {
        const struct expected_flow *flow = &expected_flows[f];
        const struct gj_kind *kind = gj_policy_kind(stage_policy, flow->kind);
        bool used[GJ_LOAD_TRANSITIONS_MAX] = {false};
        for (size_t t = 0; t < kind->transition_count; t++) {
            size_t row = 0;
            while (row < flow->step_count && (used[row] || !is_step(kind, &kind->transitions[t], &flow->steps[row]))) {
                row++;
            }
            if (row == flow->step_count) {
                fail_msg("%s line %u: \"%s\" is declared otherwise than expected", kind->transitions[t].file,
                    kind->transitions[t].line, kind->acts[kind->transitions[t].act_at].name);
            }
            used[row] = true;
        }
        for (size_t row = 0; row < flow->step_count; row++) {
            if (!used[row]) {
                fail_msg("%s: \"%s\" to %s is expected and not declared", flow->kind, flow->steps[row].act,
                    flow->steps[row].to);
            }
        }
    }
}

/* --- What the engine allows ----------------------------------------------------------------------------------- */

struct probe {
    struct record record;
    struct gj_field_value given[STAGE_VALUES_MAX];
    size_t given_count;
};

static void put(struct probe *probe, struct gj_field_value value, bool absent)
{
    uint16_t at = gj_kind_field(probe->record.kind, value.key);
    assert_int_not_equal(at, GJ_NO_INDEX);
    record_unset(&probe->record, value.key);
    if (!absent) {
        record_set(&probe->record, value);
    }
    for (size_t i = 0; i < probe->given_count; i++) {
        if (strcmp(probe->given[i].key, value.key) == 0) {
            probe->given[i] = absent ? probe->given[--probe->given_count] : value;
            return;
        }
    }
}

/* "area=common owner_calls=2 plan_consent=-"; was=P1: the priority of the record, whatever the act hands in. */
static void set_up(struct probe *probe, const char *with)
{
    static char texts[8][2][64];
    size_t count = 0;
    for (const char *at = with; at != NULL && *at != '\0'; count++) {
        int used = 0;
        assert_true(count < 8);
        assert_int_equal(sscanf(at, " %63[^=]=%63[^ ]%n", texts[count][0], texts[count][1], &used), 2);
        at += used;
        const char *key = texts[count][0];
        const char *value = texts[count][1];
        if (strcmp(key, "was") == 0) {
            record_set(&probe->record, stage_text("priority", value));
        } else if (value[0] >= '0' && value[0] <= '9') {
            put(probe, stage_int(key, value[0] - '0'), false);
        } else {
            put(probe, stage_text(key, value), strcmp(value, "-") == 0);
        }
    }
}

static void prepare(struct probe *probe, const char *kind, const char *from, const char *with)
{
    static const char *const counters[] = {
        "owner_calls", "nobody_home", "follow_up_attempts", "household_no_shows", "recurrences"};
    record_init(&probe->record, kind, from);
    probe->given_count = 0;
    for (size_t i = 0; i < probe->record.kind->field_count; i++) {
        const struct gj_field *field = &probe->record.kind->fields[i];
        if (!field->computed && strcmp(field->key, "assignee") != 0) {
            record_set(&probe->record, stage_any(field));
        }
        if (!field->computed) {
            probe->given[probe->given_count++] =
                strcmp(field->key, "assignee") == 0 ? stage_ref("assignee", 999) : stage_any(field);
        }
    }
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
        if (gj_kind_field(probe->record.kind, counters[i]) != GJ_NO_INDEX) {
            record_set(&probe->record, stage_int(counters[i], 3));
        }
    }
    if (strcmp(kind, "convenience") == 0) {
        put(probe, stage_text("which_side", "household"), false);
    }
    probe->record.view.closed_at = stage_at("2026-03-01T09:00+08:00");
    set_up(probe, with);
}

static const char *const ties[] = {"", "assignee", "worker", "offered"};
#define TIES (sizeof ties / sizeof ties[0])

/* Whether somebody with this role, who is this to the record, can do it so that it comes to the state; "" any. */
static bool can(const struct expected_flow *flow, const char *act, const char *from, const char *with, const char *role,
    const char *tie, const char *to)
{
    struct probe probe;
    prepare(&probe, flow->kind, from, with);
    if (strcmp(tie, "assignee") == 0) {
        record_set(&probe.record, stage_ref("assignee", person_id(role)));
    } else if (tie[0] != '\0') {
        record_tie(&probe.record, gj_relation_by_word(tie), person_id(role));
    }
    if (record_act(&probe.record, role, act, probe.given, probe.given_count) != GJ_REFUSAL_NONE) {
        return false;
    }
    const char *now = gj_kind_state(probe.record.kind, probe.record.view.state)->code;
    const char *there = strcmp(to, "same") == 0 ? from : to;
    return to[0] == '\0' || probe.record.view.pending.act != NULL || strcmp(now, there) == 0;
}

static bool listed(const char *people, const char *role, const char *tie)
{
    char both[64];
    (void)snprintf(both, sizeof both, "%s/%s", role, tie);
    return has_word(people, role) || (tie[0] != '\0' && has_word(people, both));
}

/* The steps of the same act that are open with the same values, from this state to the same one. */
static bool should(const struct expected_flow *flow, const struct expected_step *step, const char *from,
    const char *role, const char *tie)
{
    bool yes = false;
    for (size_t i = 0; i < flow->step_count; i++) {
        const struct expected_step *other = &flow->steps[i];
        bool same_values = (other->with == NULL && step->with == NULL) ||
                           (other->with != NULL && step->with != NULL && strcmp(other->with, step->with) == 0);
        if (strcmp(other->act, step->act) == 0 && strcmp(other->to, step->to) == 0 && same_values &&
            (has_word(other->from, from) || (from[0] == '\0' && other->from[0] == '\0'))) {
            yes = yes || (listed(other->can == NULL ? other->by : other->can, role, tie) &&
                             !has_word(other->forbid == NULL ? "" : other->forbid, tie[0] == '\0' ? "-" : tie));
        }
    }
    return yes;
}

static size_t try_everybody(const struct expected_flow *flow, const struct expected_step *step, const char *from)
{
    size_t allowed = 0;
    for (size_t r = 0; r <= stage_policy->role_count; r++) {
        const char *role = r == stage_policy->role_count ? "system" : stage_policy->roles[r].code;
        size_t as_many = strcmp(role, "system") == 0 ? 1 : TIES;
        for (size_t t = 0; t < as_many; t++) {
            bool expected = should(flow, step, from, role, ties[t]);
            allowed += expected;
            if (can(flow, step->act, from, step->with, role, ties[t], step->to) != expected) {
                fail_msg("%s: %s from %s to %s by %s as %s: %s", flow->kind, step->act, from, step->to, role, ties[t],
                    expected ? "should be allowed" : "should be refused");
            }
        }
    }
    return allowed;
}

static void every_role_can_exactly_what_is_written_down(void **state)
{
    (void)state;
    size_t allowed = 0;
    for (size_t f = 0; f < 3; f++) {
        const struct expected_flow *flow = &expected_flows[f];
        const struct gj_kind *kind = gj_policy_kind(stage_policy, flow->kind);
        for (size_t row = 0; row < flow->step_count; row++) {
            if (flow->steps[row].from[0] == '\0') {
                allowed += try_everybody(flow, &flow->steps[row], "");
            }
            for (size_t s = 0; s < kind->state_count; s++) {
                if (has_word(flow->steps[row].from, kind->states[s].code)) {
                    allowed += try_everybody(flow, &flow->steps[row], kind->states[s].code);
                }
            }
        }
    }
    assert_true(allowed > 500);
}

static void conditions_close_what_they_should(void **state)
{
    (void)state;
    for (size_t f = 0; f < 3; f++) {
        const struct expected_flow *flow = &expected_flows[f];
        for (size_t p = 0; p < flow->probe_count; p++) {
            const struct expected_probe *probe = &flow->probes[p];
            for (size_t r = 0; r <= stage_policy->role_count; r++) {
                const char *role = r == stage_policy->role_count ? "system" : stage_policy->roles[r].code;
                size_t as_many = strcmp(role, "system") == 0 ? 1 : 2;
                for (size_t t = 0; t < as_many; t++) {
                    bool expected = listed(probe->can, role, ties[t]);
                    if (can(flow, probe->act, probe->from, probe->with, role, ties[t], "") != expected) {
                        fail_msg("%s: %s from %s with %s by %s as %s: %s", flow->kind, probe->act, probe->from,
                            probe->with, role, ties[t], expected ? "should be allowed" : "should be refused");
                    }
                }
            }
        }
    }
}

/* Where no transition leads from, nobody can do it, whatever is handed in. */
static void nothing_moves_from_elsewhere(void **state)
{
    (void)state;
    for (size_t f = 0; f < 3; f++) {
        const struct expected_flow *flow = &expected_flows[f];
        const struct gj_kind *kind = gj_policy_kind(stage_policy, flow->kind);
        for (size_t a = 0; a < kind->act_count; a++) {
            for (size_t s = 0; s < kind->state_count; s++) {
                bool leads = false;
                for (size_t row = 0; row < flow->step_count; row++) {
                    leads = leads || (strcmp(flow->steps[row].act, kind->acts[a].name) == 0 &&
                                         has_word(flow->steps[row].from, kind->states[s].code));
                }
                for (size_t r = 0; r <= stage_policy->role_count && !leads; r++) {
                    const char *role = r == stage_policy->role_count ? "system" : stage_policy->roles[r].code;
                    struct probe probe;
                    prepare(&probe, flow->kind, kind->states[s].code, NULL);
                    assert_int_equal(
                        record_act(&probe.record, role, kind->acts[a].name, probe.given, probe.given_count),
                        GJ_REFUSAL_ACT_NOT_NOW);
                }
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_transition_is_written_down),
        cmocka_unit_test(every_role_can_exactly_what_is_written_down),
        cmocka_unit_test(conditions_close_what_they_should),
        cmocka_unit_test(nothing_moves_from_elsewhere),
    };
    return cmocka_run_group_tests(tests, stage_load, stage_unload);
}
