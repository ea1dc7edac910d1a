/* Forms: what may be handed in with an act, value by value; and the masks. */
#include "stage.h"

#include <string.h>

#include "common/policy/form.h"

#define NOW "2026-03-02T10:00+08:00"

static struct gj_refusal refusal;

static enum gj_refusal_code check(
    const char *act, const struct gj_view *view, const struct gj_field_value *given, size_t count)
{
    struct gj_form_request request = {.policy = stage_policy,
        .kind = gj_policy_kind(stage_policy, "repair_ticket"),
        .act = act,
        .now_ms = stage_at(NOW),
        .given = given,
        .given_count = count,
        .view = view};
    return gj_form_check(&request, &refusal) ? GJ_REFUSAL_NONE : refusal.code;
}

#define T(key, text) stage_text(key, text)
#define YES(key) stage_int(key, 1)

static size_t intake(struct gj_field_value *given)
{
    const struct gj_field_value values[] = {T("channel", "phone"), T("description", "厨房龙头滴水"),
        T("category", "WAT-03"), T("area", "household"), T("priority", "P2"), T("place", "3-2-1801"),
        T("contact_name", "王敏"), T("contact_phone", "19900001234"), YES("expected_response_told"),
        stage_ref("household", 5), stage_time("received_at", stage_at("2026-03-02T09:58+08:00"))};
    memcpy(given, values, sizeof values);
    return sizeof values / sizeof values[0];
}

static void a_good_call_passes(void **state)
{
    (void)state;
    struct gj_field_value given[16];
    size_t count = intake(given);
    assert_int_equal(check("create", NULL, given, count), GJ_REFUSAL_NONE);
    assert_int_equal(check("create", NULL, given, 2), GJ_REFUSAL_NONE); /* the least: how and what */
    assert_int_equal(check("create", NULL, given, 1), GJ_REFUSAL_FIELD_MISSING);
    assert_string_equal(refusal.field, "description");
}

static void each_value_is_judged(void **state)
{
    (void)state;
    static char longer[1200];
    memset(longer, 'x', sizeof longer - 1);
    const struct {
        struct gj_field_value value;
        enum gj_refusal_code code;
    } cases[] = {
        {T("channel", "pigeon"), GJ_REFUSAL_FIELD_CHOICE},
        {T("channel", ""), GJ_REFUSAL_FIELD_LENGTH},
        {YES("channel"), GJ_REFUSAL_FIELD_TYPE},
        {T("category", "WAT-99"), GJ_REFUSAL_FIELD_CHOICE},
        {T("category", "WAT"), GJ_REFUSAL_FIELD_CHOICE},
        {T("priority", "P9"), GJ_REFUSAL_FIELD_CHOICE},
        {T("description", "x"), GJ_REFUSAL_FIELD_LENGTH},
        {T("description", longer), GJ_REFUSAL_FIELD_LENGTH},
        {T("description", "   \n\t "), GJ_REFUSAL_FIELD_LENGTH},
        {T("description", "a\x01z"), GJ_REFUSAL_FIELD_TEXT},
        {T("description", "\xe7\x8e"), GJ_REFUSAL_FIELD_TEXT},
        {T("description", "两个"), GJ_REFUSAL_NONE},
        {T("description", "行一\n行二"), GJ_REFUSAL_NONE},
        {stage_int("expected_response_told", 2), GJ_REFUSAL_FIELD_RANGE},
        {stage_ref("household", 0), GJ_REFUSAL_FIELD_RANGE},
        {stage_int("household", 5), GJ_REFUSAL_FIELD_TYPE},
        {stage_time("received_at", 0), GJ_REFUSAL_FIELD_RANGE},
        {stage_time("received_at", INT64_MAX), GJ_REFUSAL_FIELD_RANGE},
        {stage_time("received_at", -5), GJ_REFUSAL_FIELD_RANGE},
        {T("no_such_field", "x"), GJ_REFUSAL_FIELD_UNKNOWN},
        {YES("redo_no"), GJ_REFUSAL_FIELD_READ_ONLY},
        {T("cause", "磨损"), GJ_REFUSAL_FIELD_NOT_HERE},
        {stage_ref("office", 11), GJ_REFUSAL_FIELD_NOT_HERE},
        {T("note", "请先打电话"), GJ_REFUSAL_NONE},
        {YES("note"), GJ_REFUSAL_FIELD_TYPE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct gj_field_value given[16];
        size_t count = intake(given);
        size_t at = count;
        for (size_t j = 0; j < count; j++) {
            at = strcmp(given[j].key, cases[i].value.key) == 0 ? j : at;
        }
        given[at] = cases[i].value;
        count += at == count;
        enum gj_refusal_code code = check("create", NULL, given, count);
        if (code != cases[i].code) {
            print_error("case %zu (%s): %s\n", i, cases[i].value.key, gj_refusal_name(code));
            fail();
        }
        if (code != GJ_REFUSAL_NONE) {
            assert_string_equal(refusal.field, cases[i].value.key);
        }
    }
    struct gj_field_value given[16];
    size_t count = intake(given);
    given[count++] = given[0];
    assert_int_equal(check("create", NULL, given, count), GJ_REFUSAL_FIELD_TWICE);
}

static void times_may_be_told_but_not_foretold(void **state)
{
    (void)state;
    struct gj_field_value given[16];
    size_t count = intake(given);
    struct gj_field_value *received = &given[count - 1];
    received->number = stage_at("2026-03-02T10:02+08:00"); /* clocks differ by a little */
    assert_int_equal(check("create", NULL, given, count), GJ_REFUSAL_NONE);
    received->number = stage_at("2026-03-02T10:02:01+08:00");
    assert_int_equal(check("create", NULL, given, count), GJ_REFUSAL_TIME_IN_FUTURE);
    received->number = stage_at("2026-03-02T09:45+08:00");
    assert_int_equal(check("create", NULL, given, count), GJ_REFUSAL_NONE); /* fifteen minutes */
    received->number = stage_at("2026-03-02T09:44:59+08:00");
    assert_int_equal(check("create", NULL, given, count), GJ_REFUSAL_LATE_WITHOUT_REASON);
    assert_string_equal(refusal.params[0].value, "15");
    given[count++] = T("late_reason", "夜间来电, 晨间补录");
    assert_int_equal(check("create", NULL, given, count), GJ_REFUSAL_NONE);
    /* The same for what comes from an outbox. */
    struct record record;
    record_init(&record, "repair_ticket", "APPOINTED");
    struct gj_field_value arrived = stage_time("arrived_at", stage_at("2026-03-02T08:00+08:00"));
    assert_int_equal(check("arrive", &record.view, &arrived, 1), GJ_REFUSAL_LATE_WITHOUT_REASON);
    struct gj_field_value with_reason[] = {arrived, T("late_reason", "地下室无信号")};
    assert_int_equal(check("arrive", &record.view, with_reason, 2), GJ_REFUSAL_NONE);
}

static void a_time_fits_what_lies_around_it(void **state)
{
    (void)state;
    const struct gj_kind *kind = gj_policy_kind(stage_policy, "repair_ticket");
    const struct gj_field *until = &kind->fields[gj_kind_field(kind, "hold_until")];
    const struct gj_field *arrived = &kind->fields[gj_kind_field(kind, "arrived_at")];
    int64_t now = stage_at(NOW);
    assert_true(gj_form_check_moment(until, now + 1, now, 0, &refusal));
    assert_false(gj_form_check_moment(until, now, now, 0, &refusal));
    assert_int_equal(refusal.code, GJ_REFUSAL_TIME_IN_PAST);
    assert_string_equal(refusal.field, "hold_until");
    assert_true(gj_form_check_moment(until, now - 1, 0, now, &refusal)); /* a correction */
    int64_t earliest = now - 2 * GJ_MS_PER_MINUTE;                       /* clocks differ by a little */
    assert_true(gj_form_check_moment(arrived, earliest, now, now, &refusal));
    assert_false(gj_form_check_moment(arrived, earliest - 1, now, now, &refusal));
    assert_int_equal(refusal.code, GJ_REFUSAL_TIME_BEFORE_RECEIPT);
    assert_true(gj_form_check_moment(arrived, earliest - 1, now, 0, &refusal));
}

static void lines_are_judged_cell_by_cell(void **state)
{
    (void)state;
    struct record record;
    record_init(&record, "repair_ticket", "WORKING");
    const struct gj_field_value good[] = {T("item", "三角阀"), stage_int("quantity", 1500), T("unit", "个"),
        {.key = "price", .shape = GJ_SHAPE_MONEY, .number = 1500}};
    struct gj_field_value cells[6];
    struct gj_line line = {cells, 4};
    struct gj_field_value given[] = {{.key = "materials", .shape = GJ_SHAPE_LINES, .lines = &line, .line_count = 1},
        T("work_done", "换阀"), {.key = "photos_before_after", .shape = GJ_SHAPE_BLOB, .number = 2},
        T("usage_advice", "勿用力")};
    memcpy(cells, good, sizeof good);
    assert_int_equal(check("finish", &record.view, given, 4), GJ_REFUSAL_NONE);
    line.cell_count = 3;
    assert_int_equal(check("finish", &record.view, given, 4), GJ_REFUSAL_FIELD_MISSING);
    assert_string_equal(refusal.field, "price");
    line.cell_count = 4;
    cells[3].number = -1;
    assert_int_equal(check("finish", &record.view, given, 4), GJ_REFUSAL_FIELD_RANGE);
    cells[3] = good[0];
    assert_int_equal(check("finish", &record.view, given, 4), GJ_REFUSAL_FIELD_TWICE);
    cells[3] = T("colour", "red");
    assert_int_equal(check("finish", &record.view, given, 4), GJ_REFUSAL_FIELD_UNKNOWN);
    cells[3] = T("price", "15");
    assert_int_equal(check("finish", &record.view, given, 4), GJ_REFUSAL_FIELD_TYPE);
    memcpy(cells, good, sizeof good);
    struct gj_line many[41];
    for (size_t i = 0; i < 41; i++) {
        many[i] = line;
    }
    given[0].lines = many;
    given[0].line_count = 41;
    assert_int_equal(check("finish", &record.view, given, 4), GJ_REFUSAL_TOO_MANY_LINES);
    given[0].line_count = 40;
    assert_int_equal(check("finish", &record.view, given, 4), GJ_REFUSAL_NONE);
    given[2].number = 10;
    assert_int_equal(check("finish", &record.view, given, 4), GJ_REFUSAL_FIELD_RANGE);
}

static void check_lists_are_answered_whole(void **state)
{
    (void)state;
    const struct gj_kind *kind = gj_policy_kind(stage_policy, "visit");
    const struct gj_field *field = &kind->fields[gj_kind_field(kind, "prepared")];
    struct gj_field_value cells[5][3];
    struct gj_line lines[5];
    for (size_t i = 0; i < 5; i++) {
        cells[i][0] = T("item", field->choices[i < 4 ? i : 0].code);
        cells[i][1] = YES("ok");
        cells[i][2] = T("note", "齐");
        lines[i] = (struct gj_line){cells[i], 2 + i % 2};
    }
    struct gj_field_value value = {.key = "prepared", .shape = GJ_SHAPE_LINES, .lines = lines, .line_count = 4};
    assert_true(gj_form_check_value(stage_policy, field, &value, 1, &refusal));
    value.line_count = 3;
    assert_false(gj_form_check_value(stage_policy, field, &value, 1, &refusal));
    assert_int_equal(refusal.code, GJ_REFUSAL_FIELD_MISSING);
    assert_string_equal(refusal.params[0].value, "tools");
    value.line_count = 5;
    assert_false(gj_form_check_value(stage_policy, field, &value, 1, &refusal));
    assert_int_equal(refusal.code, GJ_REFUSAL_FIELD_TWICE);
    value.line_count = 4;
    cells[0][1] = stage_int("ok", 2);
    assert_false(gj_form_check_value(stage_policy, field, &value, 1, &refusal));
    cells[0][1] = T("ok", "yes");
    assert_false(gj_form_check_value(stage_policy, field, &value, 1, &refusal));
    cells[0][1] = YES("ok");
    cells[1][2] = YES("note");
    assert_false(gj_form_check_value(stage_policy, field, &value, 1, &refusal));
    lines[1].cell_count = 1;
    assert_false(gj_form_check_value(stage_policy, field, &value, 1, &refusal));
}

static void a_date_is_a_midnight(void **state)
{
    (void)state;
    struct record record;
    record_init(&record, "repair_ticket", "ARRIVED");
    struct gj_field_value given[] = {
        T("plan", "分三天施工"), stage_time("agreed_finish", stage_at("2026-03-20T00:00+08:00"))};
    assert_int_equal(check("make_plan", &record.view, given, 2), GJ_REFUSAL_NONE);
    given[1].number += 1;
    assert_int_equal(check("make_plan", &record.view, given, 2), GJ_REFUSAL_FIELD_TYPE);
}

static void acts_take_their_own_fields_only(void **state)
{
    (void)state;
    struct record record;
    record_init(&record, "repair_ticket", "DONE");
    struct gj_field_value given[] = {
        T("owner_means", "signature"), {.key = "owner_signature", .shape = GJ_SHAPE_BLOB, .number = 1}};
    assert_int_equal(check("owner_accept", &record.view, given, 2), GJ_REFUSAL_NONE);
    assert_int_equal(check("call_owner", &record.view, given, 2), GJ_REFUSAL_FIELD_NOT_HERE);
    assert_int_equal(check("fly", &record.view, given, 2), GJ_REFUSAL_ACT_UNKNOWN);
    given[1].number = 2;
    assert_int_equal(check("owner_accept", &record.view, given, 2), GJ_REFUSAL_FIELD_RANGE);
    struct gj_field_value sealed = {.key = "fail_reason", .shape = GJ_SHAPE_SEALED};
    assert_int_equal(check("owner_reject", &record.view, &sealed, 1), GJ_REFUSAL_FIELD_TYPE);
}

static void amending_takes_any_field_of_the_form(void **state)
{
    (void)state;
    struct record record;
    record_init(&record, "repair_ticket", "WORKING");
    struct gj_field_value given[] = {T("amend_reason", "听错"), T("place", "3-2-1802"), T("cause", "老化"),
        stage_time("received_at", stage_at("2026-03-01T08:00+08:00"))};
    assert_int_equal(check("amend", &record.view, given, 4), GJ_REFUSAL_NONE); /* the reason is the amendment's own */
    given[1] = T("owner_means", "paper");
    assert_int_equal(check("amend", &record.view, given, 4), GJ_REFUSAL_FIELD_NOT_HERE);
    given[1] = stage_ref("assignee", 5);
    assert_int_equal(check("amend", &record.view, given, 4), GJ_REFUSAL_FIELD_NOT_HERE);
    given[1] = YES("declines");
    assert_int_equal(check("amend", &record.view, given, 4), GJ_REFUSAL_FIELD_READ_ONLY);
}

static void masks(void **state)
{
    (void)state;
    static const struct {
        enum gj_mask mask;
        const char *text;
        const char *shown;
    } cases[] = {
        {GJ_MASK_PHONE, "19900001234", "199****1234"},
        {GJ_MASK_PHONE, "62345678", "********"},
        {GJ_MASK_PHONE, "110", "***"},
        {GJ_MASK_NAME, "王敏", "王**"},
        {GJ_MASK_NAME, "欧阳修文", "欧**"},
        {GJ_MASK_NAME, "", "**"},
        {GJ_MASK_ID_NUMBER, "310101199001011234", "310*************34"},
        {GJ_MASK_PLATE, "沪A12345", "沪A****5"},
        {GJ_MASK_ALL, "任何内容", "***"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[64];
        gj_form_mask(cases[i].mask, cases[i].text, strlen(cases[i].text), out, sizeof out);
        assert_string_equal(out, cases[i].shown);
    }
    char tiny[4];
    gj_form_mask(GJ_MASK_NAME, "王敏", 6, tiny, sizeof tiny);
    assert_string_equal(tiny, "王");
    gj_form_mask(GJ_MASK_PHONE, "19900001234", 11, tiny, sizeof tiny);
    assert_string_equal(tiny, "199");
    gj_form_mask(GJ_MASK_ALL, "x", 1, tiny, 0);
}

static void refusals_have_names_and_fit(void **state)
{
    (void)state;
    struct gj_refusal made;
    assert_false(gj_refusal_set(
        &made, GJ_REFUSAL_FIELD_RANGE, "a_field_with_a_name_that_is_much_longer_than_any_form_would_allow"));
    assert_int_equal(strlen(made.field), GJ_REFUSAL_FIELD_SIZE - 1);
    for (int i = 0; i < 6; i++) {
        gj_refusal_param(&made, "k", "一二三四五六七八九十一二三四五六七八九十");
    }
    assert_int_equal(made.param_count, GJ_REFUSAL_PARAM_SLOTS);
    assert_int_equal(strlen(made.params[0].value) % 3, 0); /* never half a character */
    assert_string_equal(gj_refusal_name(GJ_REFUSAL_PRIORITY_LOWERED), "priority_lowered");
    assert_string_equal(gj_refusal_name((enum gj_refusal_code)9999), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_call_passes),
        cmocka_unit_test(each_value_is_judged),
        cmocka_unit_test(times_may_be_told_but_not_foretold),
        cmocka_unit_test(a_time_fits_what_lies_around_it),
        cmocka_unit_test(lines_are_judged_cell_by_cell),
        cmocka_unit_test(check_lists_are_answered_whole),
        cmocka_unit_test(a_date_is_a_midnight),
        cmocka_unit_test(acts_take_their_own_fields_only),
        cmocka_unit_test(amending_takes_any_field_of_the_form),
        cmocka_unit_test(masks),
        cmocka_unit_test(refusals_have_names_and_fit),
    };
    return cmocka_run_group_tests(tests, stage_load, stage_unload);
}
