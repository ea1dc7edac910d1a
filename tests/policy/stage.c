#include "stage.h"

#include <stdio.h>
#include <string.h>

struct gj_policy *stage_policy;
struct gj_calendar *stage_calendar;
struct gj_problems stage_problems;
struct gj_refusal stage_refusal;

int stage_load(void **state)
{
    (void)state;
    gj_problems_init(&stage_problems);
    enum gj_err err = gj_policy_load_folder(GJ_SOURCE_DIR "/deploy/policy", 7, &stage_policy, &stage_problems);
    stage_no_problems(&stage_problems);
    struct gj_calendar_fault fault;
    if (err == GJ_OK) {
        err = gj_calendar_load(GJ_SOURCE_DIR "/deploy/calendars/cn.tsv", &stage_calendar, &fault);
    }
    return err == GJ_OK ? 0 : -1;
}

int stage_unload(void **state)
{
    (void)state;
    gj_policy_free(stage_policy);
    gj_calendar_free(stage_calendar);
    return 0;
}

void stage_no_problems(const struct gj_problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        char text[400];
        gj_problem_format(&problems->items[i], text, sizeof text);
        print_error("%s\n", text);
    }
    assert_int_equal(problems->total, 0);
}

int64_t stage_at(const char *rfc3339)
{
    int64_t ms = 0;
    assert_true(gj_time_parse(rfc3339, strlen(rfc3339), &ms));
    return ms;
}

void stage_time_is(int64_t at_ms, const char *rfc3339)
{
    char text[GJ_TIME_TEXT_SIZE];
    gj_time_format(at_ms, text);
    assert_string_equal(text, rfc3339);
}

struct gj_field_value stage_text(const char *key, const char *text)
{
    return (struct gj_field_value){.key = key, .shape = GJ_SHAPE_TEXT, .text = text, .text_len = strlen(text)};
}

struct gj_field_value stage_int(const char *key, int64_t number)
{
    return (struct gj_field_value){.key = key, .shape = GJ_SHAPE_INT, .number = number};
}

struct gj_field_value stage_time(const char *key, int64_t at_ms)
{
    return (struct gj_field_value){.key = key, .shape = GJ_SHAPE_TIME, .number = at_ms};
}

struct gj_field_value stage_ref(const char *key, uint64_t id)
{
    return (struct gj_field_value){.key = key, .shape = GJ_SHAPE_REF, .number = (int64_t)id};
}

static const char *first_choice(const struct gj_field *field)
{
    if (field->choice_count > 0) {
        return field->choices[0].code;
    }
    static const char *const of_source[][2] = {{"categories", "WAT-03"}, {"priorities", "P2"}, {"trades", "plumber"},
        {"channels", "phone"}, {"areas", "household"}, {"warranties", "W_NONE"}};
    for (size_t i = 0; i < sizeof of_source / sizeof of_source[0]; i++) {
        if (strcmp(of_source[i][0], field->choices_from) == 0) {
            return of_source[i][1];
        }
    }
    return "";
}

struct gj_field_value stage_any(const struct gj_field *field)
{
    static const struct gj_field_value cells[] = {
        {.key = "item", .shape = GJ_SHAPE_TEXT, .text = "三角阀", .text_len = 9},
        {.key = "quantity", .shape = GJ_SHAPE_INT, .number = 1000},
        {.key = "unit", .shape = GJ_SHAPE_TEXT, .text = "个", .text_len = 3},
        {.key = "price", .shape = GJ_SHAPE_MONEY, .number = 1500}};
    static const struct gj_line line = {cells, 4};
    struct gj_field_value value = {.key = field->key, .shape = gj_field_shape(field->type)};
    switch (value.shape) {
    case GJ_SHAPE_TEXT:
        return stage_text(field->key, field->type == GJ_FIELD_CHOICE ? first_choice(field) : "12345");
    case GJ_SHAPE_TIME:
        value.number = gj_cst_midnight(gj_cst_day(stage_at("2026-03-02T00:00+08:00")));
        return value;
    case GJ_SHAPE_LINES:
        value.lines = &line;
        value.line_count = 1;
        return value;
    default:
        value.number = 1; /* yes, one, one fen, one attachment, the thing with id 1 */
        return value;
    }
}

void record_init(struct record *record, const char *kind, const char *state)
{
    memset(record, 0, sizeof *record);
    record->kind = gj_policy_kind(stage_policy, kind);
    assert_non_null(record->kind);
    record->view = (struct gj_view){
        .id = 1,
        .office = STAGE_OFFICE,
        .region = STAGE_REGION,
        .priority = record->kind->has_priority ? 2 : GJ_NO_PRIORITY,
        .received_at = stage_at("2026-03-02T09:00+08:00"),
        .draw = 9999,
        .values = record->values,
        .ties = record->ties,
        .links = record->links,
    };
    record_state(record, state);
}

void record_state(struct record *record, const char *state)
{
    if (state[0] == '\0') {
        record->view.state = GJ_STATE_NONE;
        return;
    }
    const struct gj_state *found = gj_kind_state_by_code(record->kind, state);
    assert_non_null(found);
    record->view.state = found->number;
}

void record_unset(struct record *record, const char *key)
{
    for (size_t i = 0; i < record->view.value_count; i++) {
        if (strcmp(record->values[i].key, key) == 0) {
            record->values[i] = record->values[--record->view.value_count];
            return;
        }
    }
}

void record_set(struct record *record, struct gj_field_value value)
{
    record_unset(record, value.key);
    assert_true(record->view.value_count < STAGE_VALUES_MAX);
    record->values[record->view.value_count++] = value;
    if (strcmp(value.key, "priority") == 0) {
        for (size_t i = 0; i < stage_policy->priority_count; i++) {
            if (gj_value_is(&value, stage_policy->priorities[i].code)) {
                record->view.priority = (uint8_t)i;
            }
        }
    }
    if (strcmp(value.key, "category") == 0) {
        record->view.category = value.text;
    }
}

void record_tie(struct record *record, enum gj_relation relation, uint64_t user)
{
    if (gj_view_is(&record->view, relation, user)) {
        return;
    }
    assert_true(record->view.tie_count < 16);
    record->ties[record->view.tie_count++] = (struct gj_tie){relation, user};
}

uint64_t person_id(const char *role)
{
    const struct gj_role *found = gj_policy_role(stage_policy, role);
    assert_non_null(found);
    return 100u + found->number;
}

void person_init(struct person *person, const char *role)
{
    *person = (struct person){0};
    if (strcmp(role, "system") == 0) {
        return;
    }
    person->grant = (struct gj_grant){.role = gj_policy_role(stage_policy, role)->number, .office = STAGE_OFFICE};
    person->actor = (struct gj_actor){.user = person_id(role),
        .device = 1,
        .device_office = STAGE_OFFICE,
        .grants = &person->grant,
        .grant_count = 1};
}

static void apply_sets(struct record *record, const struct gj_transition *transition, uint64_t user, int64_t now_ms)
{
    for (size_t i = 0; i < transition->set_count; i++) {
        const struct gj_set *set = &transition->sets[i];
        const char *key = record->kind->fields[set->field_at].key;
        const struct gj_field_value *old = gj_value_find(record->view.values, record->view.value_count, key);
        switch (set->op) {
        case GJ_SET_ADD:
            record_set(record, stage_int(key, (old == NULL ? 0 : old->number) + set->number));
            break;
        case GJ_SET_ACTOR:
            record_set(record, stage_ref(key, user));
            break;
        case GJ_SET_NOW:
            record_set(record, stage_time(key, now_ms));
            break;
        case GJ_SET_TEXT:
            record_set(record, stage_text(key, set->text));
            break;
        case GJ_SET_CLEAR:
            record_unset(record, key);
            break;
        case GJ_SET_COPY:
            break; /* no form of ours copies */
        }
    }
    for (int relation = 1; relation < 32; relation++) {
        if ((transition->marks >> relation) & 1u) {
            record_tie(record, (enum gj_relation)relation, user);
        }
    }
}

enum gj_refusal_code record_act_as(struct record *record, const struct gj_actor *actor, const char *act,
    const struct gj_field_value *given, size_t count, int64_t now_ms)
{
    struct gj_flow_request request = {
        .act = act, .actor = actor, .now_ms = now_ms, .given = given, .given_count = count};
    struct gj_flow_result result = {0};
    if (!gj_flow_decide(record->kind, &record->view, &request, &result, &stage_refusal)) {
        assert_int_not_equal(stage_refusal.code, GJ_REFUSAL_NONE);
        return stage_refusal.code;
    }
    if (result.pending) {
        const struct gj_field_value *office = gj_value_find(given, count, "office");
        record->view.pending = (struct gj_consent){.act = act,
            .requested_by = actor->user,
            .requested_at = now_ms,
            .approver_office = office == NULL ? 0 : (uint64_t)office->number};
        return GJ_REFUSAL_NONE;
    }
    uint64_t user = actor->user;
    if (result.settled) {
        user = strcmp(act, "approve") == 0 ? record->view.pending.requested_by : user;
        record->view.pending = (struct gj_consent){0};
    }
    for (size_t i = 0; i < count && result.transition != NULL; i++) {
        record_set(record, given[i]);
    }
    if (result.transition != NULL) {
        apply_sets(record, result.transition, user, now_ms);
    }
    record->view.state = result.to;
    if (result.closes) {
        record->view.closed_at = now_ms;
    }
    return GJ_REFUSAL_NONE;
}

enum gj_refusal_code record_act(
    struct record *record, const char *role, const char *act, const struct gj_field_value *given, size_t count)
{
    struct person person;
    person_init(&person, role);
    return record_act_as(record, &person.actor, act, given, count, stage_at("2026-03-02T10:00+08:00"));
}
