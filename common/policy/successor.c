/* Whether a new version may follow an old one in a store that holds records of the old. */
#include <string.h>

#include "common/policy/policy.h"

static void moved(
    struct gj_problems *problems, const char *file, const char *what, const char *code, unsigned before, unsigned now)
{
    gj_problem_add(
        problems, file, 0, 0, "the number of the %s \"%s\" was %u and may not become %u", what, code, before, now);
}

static void vanished(struct gj_problems *problems, const char *file, const char *what, const char *code)
{
    gj_problem_add(problems, file, 0, 0, "the %s \"%s\" is gone, but stored records may use it", what, code);
}

static void compare_states(const struct gj_kind *old, const struct gj_kind *next, struct gj_problems *problems)
{
    for (size_t i = 0; i < old->state_count; i++) {
        const struct gj_state *state = gj_kind_state_by_code(next, old->states[i].code);
        if (state == NULL) {
            vanished(problems, next->file, "state", old->states[i].code);
        } else if (state->number != old->states[i].number) {
            moved(problems, next->file, "state", state->code, old->states[i].number, state->number);
        }
    }
}

static void compare_acts(const struct gj_kind *old, const struct gj_kind *next, struct gj_problems *problems)
{
    for (size_t i = 0; i < old->act_count; i++) {
        for (size_t j = 0; j < next->act_count; j++) {
            bool same_name = strcmp(old->acts[i].name, next->acts[j].name) == 0;
            if (same_name != (old->acts[i].number == next->acts[j].number)) {
                moved(problems, next->file, "act", next->acts[j].name, old->acts[i].number, next->acts[j].number);
            }
        }
    }
}

static void compare_fields(const struct gj_kind *old, const struct gj_kind *next, struct gj_problems *problems)
{
    for (size_t i = 0; i < old->field_count; i++) {
        uint16_t at = gj_kind_field(next, old->fields[i].key);
        if (at == GJ_NO_INDEX) {
            continue; /* kept values stay readable under the version their record froze */
        }
        if (next->fields[at].type != old->fields[i].type) {
            gj_problem_add(problems, next->file, 0, 0, "the field \"%s\" was a %s and may not become a %s",
                old->fields[i].key, gj_field_type_word(old->fields[i].type), gj_field_type_word(next->fields[at].type));
        }
        bool was_personal = old->fields[i].personal != GJ_PERSONAL_NONE;
        if (was_personal && next->fields[at].personal == GJ_PERSONAL_NONE) {
            gj_problem_add(problems, next->file, 0, 0,
                "the field \"%s\" was personal; its stored values stay sealed, so it cannot become plain",
                old->fields[i].key);
        }
    }
}

static void compare_kinds(const struct gj_policy *old, const struct gj_policy *next, struct gj_problems *problems)
{
    for (size_t i = 0; i < old->kind_count; i++) {
        const struct gj_kind *before = old->kinds[i];
        const struct gj_kind *kind = gj_policy_kind(next, before->code);
        if (kind == NULL) {
            vanished(problems, before->file, "kind", before->code);
            continue;
        }
        if (kind->number != before->number) {
            moved(problems, kind->file, "kind", kind->code, before->number, kind->number);
        }
        if (strcmp(kind->series.prefix, before->series.prefix) != 0) {
            gj_problem_add(problems, kind->file, 0, 0, "the series of numbers began with %s and may not become %s",
                before->series.prefix, kind->series.prefix);
        }
        compare_states(before, kind, problems);
        compare_acts(before, kind, problems);
        compare_fields(before, kind, problems);
    }
}

bool gj_policy_may_follow(const struct gj_policy *old, const struct gj_policy *next, struct gj_problems *problems)
{
    size_t before = problems->total;
    compare_kinds(old, next, problems);
    for (size_t i = 0; i < old->role_count; i++) {
        const struct gj_role *role = gj_policy_role(next, old->roles[i].code);
        if (role == NULL) {
            vanished(problems, "company.yaml", "role", old->roles[i].code);
        } else if (role->number != old->roles[i].number) {
            moved(problems, "company.yaml", "role", role->code, old->roles[i].number, role->number);
        }
    }
    for (size_t i = 0; i < old->priority_count; i++) {
        if (i >= next->priority_count || strcmp(old->priorities[i].code, next->priorities[i].code) != 0) {
            vanished(problems, "priorities.yaml", "priority", old->priorities[i].code);
        }
    }
    return problems->total == before;
}
