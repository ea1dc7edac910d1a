/* Kinds that exist as files alone: the visit and the duty log live through the same engines as the ticket, and a new
 * register joins without a line of C. */
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/policy/form.h"

#define T(key, text) stage_text(key, text)
#define YES(key) stage_int(key, 1)

static const char *code_of(const struct record *record)
{
    return gj_kind_state(record->kind, record->view.state)->code;
}

static void a_visit_from_appointment_to_file(void **state)
{
    (void)state;
    struct record visit;
    record_init(&visit, "visit", "");
    assert_int_equal(
        ACT(&visit, "cs_agent", "create", stage_ref("household", 5), T("purpose", "routine")), GJ_REFUSAL_NONE);
    assert_string_equal(code_of(&visit), "PLANNED");
    struct gj_field_value when = stage_time("appointment_at", stage_at("2026-03-03T10:00+08:00"));
    assert_int_equal(ACT(&visit, "cs_agent", "appoint", when, stage_int("consent", 0)), GJ_REFUSAL_ACT_CONDITION);
    assert_int_equal(ACT(&visit, "cs_agent", "appoint", when, YES("consent")), GJ_REFUSAL_NONE);
    assert_int_equal(ACT(&visit, "cs_agent", "nobody_in", YES("phoned")), GJ_REFUSAL_NONE);
    assert_string_equal(code_of(&visit), "ABSENT");
    assert_int_equal(ACT(&visit, "cs_agent", "visit", T("subjects", "询问满意情况")), GJ_REFUSAL_FIELD_MISSING);
    assert_string_equal(stage_refusal.field, "result");
    assert_int_equal(
        ACT(&visit, "cs_agent", "visit", T("subjects", "询问满意情况"), T("result", "no_matter")), GJ_REFUSAL_NONE);
    assert_int_equal(record_act(&visit, "cs_agent", "close", NULL, 0), GJ_REFUSAL_ACT_NOT_YOURS);
    record_tie(&visit, GJ_RELATION_HANDLER, person_id("cs_lead"));
    assert_int_equal(record_act(&visit, "cs_lead", "close", NULL, 0), GJ_REFUSAL_ACT_FORBIDDEN_RELATION);
    assert_int_equal(record_act(&visit, "director", "close", NULL, 0), GJ_REFUSAL_NONE);
    assert_string_equal(code_of(&visit), "CLOSED");
}

static void a_visit_made_already_is_one_step(void **state)
{
    (void)state;
    struct record visit;
    record_init(&visit, "visit", "");
    struct gj_field_value given[] = {stage_ref("household", 5), T("purpose", "routine"), YES("consent"),
        stage_time("visited_at", stage_at("2026-03-02T09:00+08:00")), T("subjects", "走访"), T("result", "answered")};
    assert_int_equal(record_act(&visit, "cs_agent", "create", given, 6), GJ_REFUSAL_NONE);
    assert_string_equal(code_of(&visit), "VISITED");
    assert_int_equal(record_act(&visit, "guard", "create", given, 6), GJ_REFUSAL_ACT_NOT_NOW);
    record_init(&visit, "visit", "");
    assert_int_equal(record_act(&visit, "guard", "create", given, 6), GJ_REFUSAL_ACT_NOT_YOURS);
}

static void a_line_of_the_duty_log(void **state)
{
    (void)state;
    struct record line;
    record_init(&line, "duty_log", "");
    assert_int_equal(ACT(&line, "guard", "create", T("line", "西门围墙灯不亮")), GJ_REFUSAL_NONE);
    record_tie(&line, GJ_RELATION_CREATOR, person_id("guard"));
    assert_int_equal(ACT(&line, "guard", "handle", T("handled", "已报修")), GJ_REFUSAL_NONE);
    assert_int_equal(record_act(&line, "guard", "sign", NULL, 0), GJ_REFUSAL_ACT_NOT_YOURS);
    assert_int_equal(record_act(&line, "cs_lead", "sign", NULL, 0), GJ_REFUSAL_NONE);
    assert_int_equal(
        gj_value_find(line.values, line.view.value_count, "signed_by")->number, (int64_t)person_id("cs_lead"));
    assert_int_equal(record_act(&line, "cs_lead", "sample", NULL, 0), GJ_REFUSAL_ACT_NOT_YOURS);
    assert_int_equal(record_act(&line, "director", "sample", NULL, 0), GJ_REFUSAL_NONE);
    assert_string_equal(code_of(&line), "SAMPLED");
    assert_int_equal(record_act(&line, "director", "sign", NULL, 0), GJ_REFUSAL_ACT_NOT_NOW);
    /* A breached limit enters itself, with codes alone. */
    record_init(&line, "duty_log", "");
    struct gj_field_value codes[] = {T("line_type", "breach"), T("timer", "arrive"), T("step", "breach")};
    assert_int_equal(record_act(&line, "system", "create", codes, 3), GJ_REFUSAL_NONE);
}

/* --- A register that nobody has thought of yet ---------------------------------------------------------------- */

static const char umbrella[] = "kind: {code: umbrella, number: 900, zh: 雨伞借用, en: Umbrella loan, "
                               "series: \"YS{office}{yyyy}{seq:5}\", retention: 12 months}\n"
                               "fields:\n"
                               "  household: {zh: 业户, en: Household, type: household}\n"
                               "  umbrella_no: {zh: 伞号, en: Umbrella, type: text, max_length: 10}\n"
                               "  deposit: {zh: 押金, en: Deposit, type: money, max: 10000}\n"
                               "  borrowed_at: {zh: 借出时间, en: Lent at, type: time, happened: yes}\n"
                               "states:\n"
                               "  LENT: {number: 1, zh: 已借出, en: Lent, class: open, phase: work}\n"
                               "  BACK: {number: 2, zh: 已归还, en: Returned, class: closed, phase: done}\n"
                               "acts:\n"
                               "  create: {number: 1, zh: 借出, en: Lend}\n"
                               "  give_back: {number: 2, zh: 归还, en: Give back}\n"
                               "transitions:\n"
                               "  - {act: create, to: LENT, by: cs_agent, need: [household, umbrella_no], "
                               "may: [deposit, borrowed_at], set: {borrowed_at: now}}\n"
                               "  - {act: give_back, from: LENT, to: BACK, by: [cs_agent, guard]}\n"
                               "timers:\n"
                               "  return:\n"
                               "    number: 1\n"
                               "    zh: 归还时限\n"
                               "    en: Return\n"
                               "    from: act\n"
                               "    start: create\n"
                               "    stop: give_back\n"
                               "    limits: {all: {limit: 1 calendar_day, origin: proposal}}\n"
                               "    ladder: [{at: 100 %, name: breach, breach: yes, to: [creator]}]\n"
                               "rights: {cs_agent: CRU, guard: R}\n"
                               "list: [household, umbrella_no]\n";

static const char *const folder_parts[] = {"company.yaml", "priorities.yaml", "taxonomy.yaml", "settings.yaml"};

static struct gj_policy *with_forms(
    const char *manifest, const char *const *texts, const char *const *names, size_t count)
{
    struct gj_policy_part parts[16];
    uint8_t *bytes[4];
    size_t total = 0;
    parts[total++] = (struct gj_policy_part){"policy.yaml", (const uint8_t *)manifest, strlen(manifest)};
    for (size_t i = 0; i < 4; i++) {
        char path[512];
        (void)snprintf(path, sizeof path, GJ_SOURCE_DIR "/deploy/policy/%s", folder_parts[i]);
        FILE *file = fopen(path, "rbe");
        assert_non_null(file);
        bytes[i] = malloc(200000);
        size_t len = fread(bytes[i], 1, 200000, file);
        (void)fclose(file);
        parts[total++] = (struct gj_policy_part){folder_parts[i], bytes[i], len};
    }
    for (size_t i = 0; i < count; i++) {
        parts[total++] = (struct gj_policy_part){names[i], (const uint8_t *)texts[i], strlen(texts[i])};
    }
    struct gj_policy *policy;
    gj_problems_init(&stage_problems);
    (void)gj_policy_compile(parts, total, 1, &policy, &stage_problems);
    for (size_t i = 0; i < 4; i++) {
        free(bytes[i]);
    }
    return policy;
}

static const char manifest[] = "format: 1\ntitle: t\nparts: {company: company.yaml, priorities: priorities.yaml, "
                               "taxonomy: taxonomy.yaml, settings: settings.yaml, forms: forms/umbrella.yaml}\n";

static void a_new_register_is_a_file(void **state)
{
    (void)state;
    const char *text = umbrella;
    const char *name = "forms/umbrella.yaml";
    struct gj_policy *policy = with_forms(manifest, &text, &name, 1);
    stage_no_problems(&stage_problems);
    const struct gj_kind *kind = gj_policy_kind(policy, "umbrella");
    assert_non_null(kind);
    struct gj_view view = {.office = STAGE_OFFICE, .priority = GJ_NO_PRIORITY};
    struct gj_grant grant = {.role = gj_policy_role(policy, "cs_agent")->number, .office = STAGE_OFFICE};
    struct gj_actor clerk = {.user = 9, .grants = &grant, .grant_count = 1};
    struct gj_field_value given[] = {stage_ref("household", 5), T("umbrella_no", "17")};
    struct gj_form_request form = {
        .policy = policy, .kind = kind, .act = "create", .now_ms = 1000, .given = given, .given_count = 2};
    assert_true(gj_form_check(&form, &stage_refusal));
    struct gj_flow_request request = {
        .act = "create", .actor = &clerk, .now_ms = 1000, .given = given, .given_count = 2};
    struct gj_flow_result result;
    assert_true(gj_flow_decide(kind, &view, &request, &result, &stage_refusal));
    assert_int_equal(result.to, 1);
    assert_int_equal(result.transition->timer_count, 1);
    gj_policy_free(policy);
}

static void an_optional_field_needs_no_migration(void **state)
{
    (void)state;
    const char *name = "forms/umbrella.yaml";
    const char *before = umbrella;
    struct gj_policy *old = with_forms(manifest, &before, &name, 1);
    assert_non_null(old);
    char text[4096];
    (void)snprintf(text, sizeof text, "%s", umbrella);
    char *at = strstr(text, "states:\n");
    char rest[4096];
    (void)snprintf(rest, sizeof rest, "  colour: {zh: 颜色, en: Colour, type: text}\n%s", at);
    (void)snprintf(at, sizeof text - (size_t)(at - text), "%s", rest);
    const char *after = text;
    struct gj_policy *next = with_forms(manifest, &after, &name, 1);
    stage_no_problems(&stage_problems);
    assert_true(gj_policy_may_follow(old, next, &stage_problems));
    assert_memory_not_equal(old->digest, next->digest, 32);
    /* A record of the old version is judged by the new one: the field is simply not there. */
    const struct gj_kind *kind = gj_policy_kind(next, "umbrella");
    struct gj_view view = {.office = STAGE_OFFICE, .priority = GJ_NO_PRIORITY, .state = 1};
    struct gj_grant grant = {.role = gj_policy_role(next, "guard")->number, .office = STAGE_OFFICE};
    struct gj_actor guard = {.user = 9, .grants = &grant, .grant_count = 1};
    struct gj_flow_request request = {.act = "give_back", .actor = &guard, .now_ms = 1000};
    struct gj_flow_result result;
    assert_true(gj_flow_decide(kind, &view, &request, &result, &stage_refusal));
    assert_true(result.closes);
    gj_policy_free(old);
    gj_policy_free(next);
}

static const struct {
    const char *find;
    const char *with;
    const char *says;
} changes[] = {
    {"LENT: {number: 1", "LENT: {number: 5", "number of the state"},
    {"BACK: {number: 2, zh: 已归还, en: Returned", "RETURNED: {number: 2, zh: 已归还, en: Returned",
        "the state \"BACK\" is gone"},
    {"number: 900", "number: 901", "number of the kind"},
    {"give_back: {number: 2", "give_back: {number: 3", "number of the act"},
    {"type: money, max: 10000", "type: number", "was a money and may not become a number"},
    {"\"YS{office}", "\"UM{office}", "series of numbers"},
    {"code: umbrella", "code: parasol", "the kind \"umbrella\" is gone"},
};

static void numbers_keep_their_meaning(void **state)
{
    (void)state;
    const char *name = "forms/umbrella.yaml";
    const char *before = umbrella;
    struct gj_policy *old = with_forms(manifest, &before, &name, 1);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char text[4096];
        const char *at = strstr(umbrella, changes[i].find);
        assert_non_null(at);
        (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - umbrella), umbrella, changes[i].with,
            at + strlen(changes[i].find));
        for (char *back; strncmp(changes[i].with, "RETURNED", 8) == 0 && (back = strstr(text, "to: BACK")) != NULL;) {
            memmove(back + 12, back + 8, strlen(back + 8) + 1);
            memcpy(back, "to: RETURNED", 12);
        }
        const char *after = text;
        struct gj_policy *next = with_forms(manifest, &after, &name, 1);
        stage_no_problems(&stage_problems);
        assert_false(gj_policy_may_follow(old, next, &stage_problems));
        bool said = false;
        for (size_t p = 0; p < stage_problems.count; p++) {
            said = said || strstr(stage_problems.items[p].text, changes[i].says) != NULL;
        }
        assert_true(said);
        gj_policy_free(next);
    }
    gj_problems_init(&stage_problems);
    assert_true(gj_policy_may_follow(old, old, &stage_problems));
    assert_true(gj_policy_may_follow(stage_policy, stage_policy, &stage_problems));
    gj_policy_free(old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_visit_from_appointment_to_file),
        cmocka_unit_test(a_visit_made_already_is_one_step),
        cmocka_unit_test(a_line_of_the_duty_log),
        cmocka_unit_test(a_new_register_is_a_file),
        cmocka_unit_test(an_optional_field_needs_no_migration),
        cmocka_unit_test(numbers_keep_their_meaning),
    };
    return cmocka_run_group_tests(tests, stage_load, stage_unload);
}
