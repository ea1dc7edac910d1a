/* The one door: the matrix role x action x place x relation, written down a second time from the permission letters. */
#include "stage.h"

#include <stdio.h>
#include <string.h>

#include "common/policy/access.h"

static const struct gj_rights *rights_of(const char *name, const struct gj_kind **kind)
{
    *kind = gj_policy_kind(stage_policy, name);
    if (*kind != NULL) {
        return &(*kind)->rights;
    }
    const struct gj_guarded *subject = gj_policy_subject(stage_policy, name);
    assert_non_null(subject);
    return &subject->rights;
}

/* The letters as the customer's table has them; roles that are not named have none. */
static const struct {
    const char *name;
    const char *letters;
} letters[] = {
    {"repair_ticket", "director:RXAZ cs_lead:CRUXZ cs_agent:CRUZ duty_director:CRUX eng_lead:CRUXA tech:rU cashier:r "
                      "guard:Cr storekeeper:r contractor:r owner:Cr hq_qa:R auditor:R"},
    {"visit", "director:CR cs_lead:CRUA cs_agent:CRU hq_qa:R auditor:R"},
    {"duty_log", "director:RA cs_lead:RA cs_agent:CR duty_director:CRU guard:Cr hq_qa:R auditor:R"},
    {"household_file", "director:RLA cs_lead:CRLUA cs_agent:CRLU archivist:CRLU duty_director:RL eng_lead:rL tech:rL "
                       "cashier:RL guard:RL finance:RL hq_qa:RL owner:r auditor:RL"},
    {"audit_log", "auditor:RE hq_qa:R"},
    {"users_roles", "sysadmin:CRU hq_qa:RA auditor:R"},
    {"policy_calendar", "hq_qa:CRUA director:RCU cs_lead:R cs_agent:R eng_lead:R duty_director:R tech:R auditor:R "
                        "sysadmin:CRU"},
};

static bool has(const char *list, const char *role, char letter)
{
    char key[64];
    (void)snprintf(key, sizeof key, "%s:", role);
    const char *at = strstr(list, key);
    if (at == NULL || (at != list && at[-1] != ' ')) {
        return false;
    }
    for (at += strlen(key); *at != '\0' && *at != ' '; at++) {
        if (*at == letter) {
            return true;
        }
    }
    return false;
}

enum where { OWN_OFFICE, OWN_REGION, ELSEWHERE };

static bool role_in(const char *role, const char *list)
{
    return strstr(list, role) != NULL;
}

/* The rules in words: see access.h and company.yaml. */
static bool should(
    size_t row, const char *role, enum gj_access_action action, enum where where, bool related, bool *logged)
{
    const char *list = letters[row].letters;
    bool whole = has(list, role, 'R') && !role_in(role, "developer contractor owner board");
    bool reads = action == GJ_ACCESS_READ || action == GJ_ACCESS_LIST || action == GJ_ACCESS_EXPORT;
    bool letter = false;
    switch (action) {
    case GJ_ACCESS_READ:
    case GJ_ACCESS_LIST:
        letter = has(list, role, 'R') || has(list, role, 'r');
        break;
    case GJ_ACCESS_ACT:
        letter = has(list, role, 'R') || has(list, role, 'r') || has(list, role, 'C');
        break;
    case GJ_ACCESS_CREATE:
        letter = has(list, role, 'C');
        break;
    case GJ_ACCESS_UPDATE:
        letter = has(list, role, 'U');
        break;
    case GJ_ACCESS_APPROVE:
        letter = has(list, role, 'A');
        break;
    case GJ_ACCESS_REASSIGN:
        letter = has(list, role, 'X');
        break;
    case GJ_ACCESS_CLOSE:
        letter = has(list, role, 'Z');
        break;
    case GJ_ACCESS_EXPORT:
        letter = has(list, role, 'E');
        break;
    case GJ_ACCESS_OPEN:
        break;
    }
    bool group = role_in(role, "hq_qa auditor sysadmin");
    bool inside = where == OWN_OFFICE;
    bool reach = inside || (group && reads);
    bool tied = action == GJ_ACCESS_CREATE || whole || related;
    *logged =
        reads && (has(list, role, 'L') || strcmp(role, "auditor") == 0 || (!inside && strcmp(role, "hq_qa") == 0));
    return letter && reach && tied;
}

static void the_matrix(void **state)
{
    (void)state;
    static const enum gj_access_action actions[] = {GJ_ACCESS_READ, GJ_ACCESS_LIST, GJ_ACCESS_CREATE, GJ_ACCESS_ACT,
        GJ_ACCESS_UPDATE, GJ_ACCESS_APPROVE, GJ_ACCESS_REASSIGN, GJ_ACCESS_CLOSE, GJ_ACCESS_EXPORT};
    size_t tried = 0;
    for (size_t row = 0; row < sizeof letters / sizeof letters[0]; row++) {
        const struct gj_kind *kind;
        const struct gj_rights *rights = rights_of(letters[row].name, &kind);
        for (size_t r = 0; r < stage_policy->role_count; r++) {
            const struct gj_role *role = &stage_policy->roles[r];
            for (size_t a = 0; a < sizeof actions / sizeof actions[0]; a++) {
                for (int where = OWN_OFFICE; where <= ELSEWHERE; where++) {
                    for (int related = 0; related <= 1; related++) {
                        struct gj_grant grant = {.role = role->number, .office = STAGE_OFFICE};
                        struct gj_actor actor = {.user = 50, .grants = &grant, .grant_count = 1};
                        struct gj_tie tie = {GJ_RELATION_CREATOR, 50};
                        struct gj_view view = {.ties = &tie, .tie_count = (size_t)related};
                        bool listing = actions[a] == GJ_ACCESS_LIST || actions[a] == GJ_ACCESS_CREATE;
                        struct gj_access_request request = {.policy = stage_policy,
                            .rights = rights,
                            .kind = kind,
                            .actor = &actor,
                            .action = actions[a],
                            .view = listing ? NULL : &view,
                            .office = where == OWN_OFFICE ? STAGE_OFFICE : 99,
                            .region = where == ELSEWHERE ? 98 : STAGE_REGION};
                        struct gj_access_answer answer;
                        struct gj_refusal refusal;
                        bool logged;
                        bool allowed = gj_access_check(&request, &answer, &refusal);
                        bool expected = should(row, role->code, actions[a], (enum where)where,
                            related != 0 || actions[a] == GJ_ACCESS_LIST, &logged);
                        if (allowed != expected) {
                            print_error("%s %s action %d where %d related %d\n", letters[row].name, role->code,
                                (int)actions[a], where, related);
                            fail();
                        }
                        if (allowed) {
                            assert_int_equal(answer.logged, logged);
                            assert_int_equal(answer.by, GJ_ROLE_BIT(role->number));
                        } else {
                            assert_true(gj_field_set_has(&answer.hidden, 0));
                            assert_int_not_equal(refusal.code, GJ_REFUSAL_NONE);
                        }
                        tried++;
                    }
                }
            }
        }
    }
    assert_true(tried > 5000);
}

static bool check(const char *name, const struct gj_actor *actor, enum gj_access_action action,
    const struct gj_view *view, uint16_t field_at, struct gj_access_answer *answer, struct gj_refusal *refusal)
{
    const struct gj_kind *kind;
    const struct gj_rights *rights = rights_of(name, &kind);
    struct gj_access_request request = {.policy = stage_policy,
        .rights = rights,
        .kind = kind,
        .actor = actor,
        .action = action,
        .view = view,
        .office = STAGE_OFFICE,
        .region = STAGE_REGION,
        .field_at = field_at};
    return gj_access_check(&request, answer, refusal);
}

static void nobody_is_nothing(void **state)
{
    (void)state;
    struct gj_actor actor = {.user = 50};
    struct gj_access_answer answer;
    struct gj_refusal refusal;
    for (int action = GJ_ACCESS_READ; action <= GJ_ACCESS_OPEN; action++) {
        assert_false(check("repair_ticket", &actor, (enum gj_access_action)action, NULL, 0, &answer, &refusal));
        assert_int_equal(refusal.code, GJ_REFUSAL_NO_RIGHT);
    }
    struct gj_grant nonsense = {.role = 63, .office = STAGE_OFFICE};
    actor = (struct gj_actor){.user = 50, .grants = &nonsense, .grant_count = 1};
    assert_false(check("repair_ticket", &actor, GJ_ACCESS_READ, NULL, 0, &answer, &refusal));
}

static void the_daemon_itself_may(void **state)
{
    (void)state;
    struct gj_actor system = {0};
    struct gj_access_answer answer;
    struct gj_refusal refusal;
    assert_true(check("audit_log", &system, GJ_ACCESS_UPDATE, NULL, 0, &answer, &refusal));
    assert_int_equal(answer.by, GJ_ROLE_BIT(GJ_ROLE_SYSTEM));
}

static void personal_fields_are_covered(void **state)
{
    (void)state;
    const struct gj_kind *kind = gj_policy_kind(stage_policy, "repair_ticket");
    struct record record;
    struct person clerk;
    struct gj_access_answer answer;
    struct gj_refusal refusal;
    record_init(&record, "repair_ticket", "DONE");
    person_init(&clerk, "cs_agent");
    assert_true(check("repair_ticket", &clerk.actor, GJ_ACCESS_READ, &record.view, 0, &answer, &refusal));
    for (size_t i = 0; i < kind->field_count; i++) {
        assert_int_equal(gj_field_set_has(&answer.masked, i), kind->fields[i].personal == GJ_PERSONAL_MASKED);
        assert_int_equal(gj_field_set_has(&answer.hidden, i), kind->fields[i].personal == GJ_PERSONAL_LOGGED);
    }
    assert_true(check("repair_ticket", &clerk.actor, GJ_ACCESS_LIST, NULL, 0, &answer, &refusal));
    assert_false(answer.own_only);
    for (size_t i = 0; i < kind->field_count; i++) {
        bool covered = gj_field_set_has(&answer.masked, i) || gj_field_set_has(&answer.hidden, i);
        assert_int_equal(covered, kind->fields[i].personal != GJ_PERSONAL_NONE); /* a list shows nothing personal */
    }
}

static void opening_a_phone_number_is_logged_and_not_for_all(void **state)
{
    (void)state;
    uint16_t phone = gj_kind_field(gj_policy_kind(stage_policy, "repair_ticket"), "contact_phone");
    uint16_t signature = gj_kind_field(gj_policy_kind(stage_policy, "repair_ticket"), "owner_signature");
    uint16_t place = gj_kind_field(gj_policy_kind(stage_policy, "repair_ticket"), "place");
    struct record record;
    struct person person;
    struct gj_access_answer answer;
    struct gj_refusal refusal;
    record_init(&record, "repair_ticket", "ACCEPTED");
    person_init(&person, "tech");
    assert_false(check("repair_ticket", &person.actor, GJ_ACCESS_OPEN, &record.view, phone, &answer, &refusal));
    assert_int_equal(refusal.code, GJ_REFUSAL_NOT_RELATED);
    record_tie(&record, GJ_RELATION_WORKER, person_id("tech")); /* once worked on it, no longer assigned */
    assert_false(check("repair_ticket", &person.actor, GJ_ACCESS_OPEN, &record.view, phone, &answer, &refusal));
    record_set(&record, stage_ref("assignee", person_id("tech")));
    assert_true(check("repair_ticket", &person.actor, GJ_ACCESS_OPEN, &record.view, phone, &answer, &refusal));
    assert_true(answer.logged);
    assert_false(gj_field_set_has(&answer.masked, phone));
    assert_true(gj_field_set_has(&answer.hidden, signature));
    assert_false(check("repair_ticket", &person.actor, GJ_ACCESS_OPEN, &record.view, signature, &answer, &refusal));
    person_init(&person, "cs_lead");
    assert_true(check("repair_ticket", &person.actor, GJ_ACCESS_OPEN, &record.view, signature, &answer, &refusal));
    assert_true(answer.logged);
    assert_false(check("repair_ticket", &person.actor, GJ_ACCESS_OPEN, &record.view, place, &answer, &refusal));
    person_init(&person, "storekeeper");
    record_tie(&record, GJ_RELATION_CREATOR, person_id("storekeeper"));
    assert_false(check("repair_ticket", &person.actor, GJ_ACCESS_OPEN, &record.view, phone, &answer, &refusal));
}

static void own_records_only(void **state)
{
    (void)state;
    struct person tech;
    struct gj_access_answer answer;
    struct gj_refusal refusal;
    person_init(&tech, "tech");
    assert_true(check("repair_ticket", &tech.actor, GJ_ACCESS_LIST, NULL, 0, &answer, &refusal));
    assert_true(answer.own_only);
    /* A second role that sees the whole office lifts the restriction. */
    struct gj_grant both[] = {tech.grant,
        {.role = gj_policy_role(stage_policy, "eng_lead")->number, .office = STAGE_OFFICE, .delegated_by = 77}};
    struct gj_actor two = {.user = tech.actor.user, .grants = both, .grant_count = 2};
    assert_true(check("repair_ticket", &two, GJ_ACCESS_LIST, NULL, 0, &answer, &refusal));
    assert_false(answer.own_only);
    assert_false(answer.delegated);
    assert_true(check("repair_ticket", &two, GJ_ACCESS_REASSIGN, NULL, 0, &answer, &refusal));
    assert_true(answer.delegated); /* held for somebody else alone: the audit entry says so */
}

static void letters_are_read_strictly(void **state)
{
    (void)state;
    uint16_t out = 77;
    assert_true(gj_access_letters_parse("CRUXAZEL", 8, &out));
    assert_true(gj_access_letters_parse("-", 1, &out));
    assert_int_equal(out, 0);
    assert_false(gj_access_letters_parse("", 0, &out));
    assert_false(gj_access_letters_parse("RR", 2, &out));
    assert_false(gj_access_letters_parse("R-", 2, &out));
    assert_false(gj_access_letters_parse("c", 1, &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_matrix),
        cmocka_unit_test(nobody_is_nothing),
        cmocka_unit_test(the_daemon_itself_may),
        cmocka_unit_test(personal_fields_are_covered),
        cmocka_unit_test(opening_a_phone_number_is_logged_and_not_for_all),
        cmocka_unit_test(own_records_only),
        cmocka_unit_test(letters_are_read_strictly),
    };
    return cmocka_run_group_tests(tests, stage_load, stage_unload);
}
