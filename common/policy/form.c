#include "common/policy/form.h"

#include <stdio.h>
#include <string.h>

#include "common/policy/flow.h"
#include "common/text.h"

/* Clocks of devices differ a little: what they report may lie this far ahead. */
#define SKEW_MS (2 * GJ_MS_PER_MINUTE)

static bool refuse(struct gj_refusal *refusal, enum gj_refusal_code code, const char *field)
{
    return gj_refusal_set(refusal, code, field);
}

/* --- One value ------------------------------------------------------------------------------------------------ */

static bool choice_of_policy(const struct gj_policy *policy, const char *source, const struct gj_field_value *value)
{
    const struct gj_options *options = strcmp(source, "channels") == 0 ? &policy->channels
                                       : strcmp(source, "areas") == 0  ? &policy->areas
                                                                       : &policy->warranties;
    if (strcmp(source, "priorities") == 0) {
        for (size_t i = 0; i < policy->priority_count; i++) {
            if (gj_value_is(value, policy->priorities[i].code)) {
                return true;
            }
        }
        return false;
    }
    char code[64];
    if (value->text_len >= sizeof code) {
        return false;
    }
    memcpy(code, value->text, value->text_len);
    code[value->text_len] = '\0';
    if (strcmp(source, "categories") == 0) {
        return gj_policy_category(policy, code) != NULL;
    }
    if (strcmp(source, "trades") == 0) {
        return gj_policy_trade(policy, code) != NULL;
    }
    for (size_t i = 0; i < options->count; i++) {
        if (strcmp(options->items[i].code, code) == 0) {
            return true;
        }
    }
    return false;
}

static bool check_choice(const struct gj_policy *policy, const struct gj_field *field,
    const struct gj_field_value *value, struct gj_refusal *refusal)
{
    if (field->choices_from != NULL && choice_of_policy(policy, field->choices_from, value)) {
        return true;
    }
    for (size_t i = 0; i < field->choice_count; i++) {
        if (gj_value_is(value, field->choices[i].code)) {
            return true;
        }
    }
    return refuse(refusal, GJ_REFUSAL_FIELD_CHOICE, field->key);
}

static bool check_text(
    const char *key, const struct gj_field_value *value, size_t min, size_t max, struct gj_refusal *refusal)
{
    if (!gj_text_valid(value->text, value->text_len)) {
        return refuse(refusal, GJ_REFUSAL_FIELD_TEXT, key);
    }
    for (size_t i = 0; i < value->text_len; i++) {
        unsigned char c = (unsigned char)value->text[i];
        if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) {
            return refuse(refusal, GJ_REFUSAL_FIELD_TEXT, key);
        }
    }
    size_t trimmed;
    (void)gj_text_trim(value->text, value->text_len, &trimmed);
    size_t chars = gj_text_chars(value->text, value->text_len);
    if (trimmed == 0 || chars < min || chars > max) {
        (void)refuse(refusal, GJ_REFUSAL_FIELD_LENGTH, key);
        gj_refusal_param_int(refusal, "min", trimmed == 0 && min == 0 ? 1 : (int64_t)min);
        gj_refusal_param_int(refusal, "max", (int64_t)max);
        return false;
    }
    return true;
}

static bool check_number(const struct gj_field *field, const struct gj_field_value *value, struct gj_refusal *refusal)
{
    int64_t min = field->type == GJ_FIELD_BOOL ? 0 : field->min;
    int64_t max = field->type == GJ_FIELD_BOOL ? 1 : field->max;
    if (value->number < min || value->number > max) {
        (void)refuse(refusal, GJ_REFUSAL_FIELD_RANGE, field->key);
        gj_refusal_param_int(refusal, "min", min);
        gj_refusal_param_int(refusal, "max", max);
        return false;
    }
    return true;
}

static bool check_time(
    const struct gj_field *field, const struct gj_field_value *value, int64_t now_ms, struct gj_refusal *refusal)
{
    /* 1970 to 9999: beyond it dates cannot be written. */
    if (value->number <= 0 || value->number >= gj_cst_midnight(gj_day_of((struct gj_date){9999, 12, 31}))) {
        return refuse(refusal, GJ_REFUSAL_FIELD_RANGE, field->key);
    }
    if (field->type == GJ_FIELD_DATE && gj_cst_time_of_day(value->number) != 0) {
        return refuse(refusal, GJ_REFUSAL_FIELD_TYPE, field->key);
    }
    if (field->happened && value->number > now_ms + SKEW_MS) {
        return refuse(refusal, GJ_REFUSAL_TIME_IN_FUTURE, field->key);
    }
    return true;
}

bool gj_form_check_moment(
    const struct gj_field *field, int64_t value_ms, int64_t act_ms, int64_t received_ms, struct gj_refusal *refusal)
{
    if (field->ahead && value_ms <= act_ms) {
        return refuse(refusal, GJ_REFUSAL_TIME_IN_PAST, field->key);
    }
    if (field->since_received && received_ms != 0 && value_ms < received_ms - SKEW_MS) {
        return refuse(refusal, GJ_REFUSAL_TIME_BEFORE_RECEIPT, field->key);
    }
    return true;
}

static bool check_line(const struct gj_policy *policy, const struct gj_field *field, const struct gj_line *line,
    int64_t now_ms, struct gj_refusal *refusal)
{
    for (size_t i = 0; i < line->cell_count; i++) {
        const struct gj_field_value *cell = &line->cells[i];
        const struct gj_field *column = NULL;
        for (size_t c = 0; c < field->column_count; c++) {
            column = strcmp(field->columns[c].key, cell->key) == 0 ? &field->columns[c] : column;
        }
        if (column == NULL || gj_value_find(line->cells, i, cell->key) != NULL) {
            (void)refuse(refusal, column == NULL ? GJ_REFUSAL_FIELD_UNKNOWN : GJ_REFUSAL_FIELD_TWICE, field->key);
            gj_refusal_param(refusal, "column", cell->key);
            return false;
        }
        if (!gj_form_check_value(policy, column, cell, now_ms, refusal)) {
            gj_refusal_param(refusal, "in", field->key);
            return false;
        }
    }
    for (size_t c = 0; c < field->column_count; c++) {
        if (field->columns[c].required && gj_value_find(line->cells, line->cell_count, field->columns[c].key) == NULL) {
            (void)refuse(refusal, GJ_REFUSAL_FIELD_MISSING, field->columns[c].key);
            gj_refusal_param(refusal, "in", field->key);
            return false;
        }
    }
    return true;
}

/* An answer of a check list: item (what was asked), ok (yes or no), and a note if there is something to say. */
static bool check_answer(const struct gj_field *field, const struct gj_line *line, struct gj_refusal *refusal)
{
    const struct gj_field_value *item = gj_value_find(line->cells, line->cell_count, "item");
    const struct gj_field_value *ok = gj_value_find(line->cells, line->cell_count, "ok");
    const struct gj_field_value *note = gj_value_find(line->cells, line->cell_count, "note");
    if (item == NULL || ok == NULL || line->cell_count != 2u + (note != NULL)) {
        return refuse(refusal, GJ_REFUSAL_FIELD_MISSING, field->key);
    }
    if (ok->shape != GJ_SHAPE_INT || ok->number < 0 || ok->number > 1) {
        return refuse(refusal, GJ_REFUSAL_FIELD_TYPE, field->key);
    }
    if (note != NULL &&
        (note->shape != GJ_SHAPE_TEXT || !check_text(field->key, note, 0, field->max_length, refusal))) {
        return note->shape == GJ_SHAPE_TEXT ? false : refuse(refusal, GJ_REFUSAL_FIELD_TYPE, field->key);
    }
    return true;
}

static bool check_checklist(
    const struct gj_field *field, const struct gj_field_value *value, struct gj_refusal *refusal)
{
    for (size_t i = 0; i < value->line_count; i++) {
        if (!check_answer(field, &value->lines[i], refusal)) {
            return false;
        }
    }
    for (size_t asked = 0; asked < field->choice_count; asked++) {
        size_t answers = 0;
        for (size_t i = 0; i < value->line_count; i++) {
            const struct gj_line *line = &value->lines[i];
            answers += gj_value_is(gj_value_find(line->cells, line->cell_count, "item"), field->choices[asked].code);
        }
        if (answers != 1) {
            (void)refuse(refusal, answers == 0 ? GJ_REFUSAL_FIELD_MISSING : GJ_REFUSAL_FIELD_TWICE, field->key);
            gj_refusal_param(refusal, "item", field->choices[asked].code);
            return false;
        }
    }
    return value->line_count == field->choice_count || refuse(refusal, GJ_REFUSAL_FIELD_CHOICE, field->key);
}

static bool check_lines(const struct gj_policy *policy, const struct gj_field *field,
    const struct gj_field_value *value, int64_t now_ms, struct gj_refusal *refusal)
{
    if (field->type == GJ_FIELD_CHECKLIST) {
        return check_checklist(field, value, refusal);
    }
    if (value->line_count > field->max_lines) {
        (void)refuse(refusal, GJ_REFUSAL_TOO_MANY_LINES, field->key);
        gj_refusal_param_int(refusal, "max", field->max_lines);
        return false;
    }
    for (size_t i = 0; i < value->line_count; i++) {
        if (!check_line(policy, field, &value->lines[i], now_ms, refusal)) {
            gj_refusal_param_int(refusal, "line", (int64_t)i + 1);
            return false;
        }
    }
    return true;
}

bool gj_form_check_value(const struct gj_policy *policy, const struct gj_field *field,
    const struct gj_field_value *value, int64_t now_ms, struct gj_refusal *refusal)
{
    if (value->shape != gj_field_shape(field->type)) {
        (void)refuse(refusal, GJ_REFUSAL_FIELD_TYPE, field->key);
        gj_refusal_param(refusal, "type", gj_field_type_word(field->type));
        return false;
    }
    switch (value->shape) {
    case GJ_SHAPE_NONE:
    case GJ_SHAPE_SEALED:
        return refuse(refusal, GJ_REFUSAL_FIELD_TYPE, field->key);
    case GJ_SHAPE_INT:
    case GJ_SHAPE_MONEY:
        return check_number(field, value, refusal);
    case GJ_SHAPE_TIME:
        return check_time(field, value, now_ms, refusal);
    case GJ_SHAPE_REF:
        return value->number != 0 || refuse(refusal, GJ_REFUSAL_FIELD_RANGE, field->key);
    case GJ_SHAPE_TEXT:
        return check_text(field->key, value, field->min_length, field->max_length, refusal) &&
               (field->type != GJ_FIELD_CHOICE || check_choice(policy, field, value, refusal));
    case GJ_SHAPE_BLOB:
        return (value->number >= 1 && value->number <= (field->type == GJ_FIELD_SIGNATURE ? 1 : field->max_lines)) ||
               refuse(refusal, GJ_REFUSAL_FIELD_RANGE, field->key);
    case GJ_SHAPE_LINES:
        return check_lines(policy, field, value, now_ms, refusal);
    }
    return refuse(refusal, GJ_REFUSAL_FIELD_TYPE, field->key);
}

/* --- The form of an act ---------------------------------------------------------------------------------------- */

/* What an act may hand in, and what every way of doing it from this state needs. */
struct demand {
    struct gj_field_set allowed;
    struct gj_field_set needed;
    bool known;
};

static void add_transition(const struct gj_transition *transition, struct demand *demand)
{
    for (size_t i = 0; i < sizeof demand->allowed.w / sizeof demand->allowed.w[0]; i++) {
        uint64_t need = transition->need.w[i] | transition->need_now.w[i];
        demand->allowed.w[i] |= need | transition->optional.w[i];
        demand->needed.w[i] = demand->known ? demand->needed.w[i] & need : need;
    }
    if (transition->means_field_at != GJ_NO_INDEX) {
        gj_field_set_add(&demand->allowed, transition->means_field_at);
    }
    for (size_t i = 0; i < transition->means_count; i++) {
        if (transition->means[i].evidence_at != GJ_NO_INDEX) {
            gj_field_set_add(&demand->allowed, transition->means[i].evidence_at);
        }
    }
    demand->known = true;
}

static struct demand demand_of(const struct gj_form_request *request)
{
    const struct gj_kind *kind = request->kind;
    struct demand demand = {0};
    if (strcmp(request->act, "amend") == 0) {
        for (size_t i = 0; i < kind->field_count; i++) {
            if (!kind->fields[i].computed && !kind->fields[i].fixed) {
                gj_field_set_add(&demand.allowed, i);
            }
        }
        demand.known = true;
        return demand;
    }
    uint16_t act_at = gj_kind_act(kind, request->act);
    uint8_t state = request->view == NULL ? GJ_STATE_NONE : request->view->state;
    for (size_t i = 0; i < kind->transition_count && act_at != GJ_NO_INDEX; i++) {
        const struct gj_transition *transition = &kind->transitions[i];
        if (transition->act_at == act_at && ((transition->from >> state) & 1u) != 0) {
            add_transition(transition, &demand);
        }
    }
    return demand;
}

static bool is_common(const char *key)
{
    return strcmp(key, GJ_FORM_AMEND_REASON) == 0 || strcmp(key, GJ_FORM_LATE_REASON) == 0 ||
           strcmp(key, GJ_FORM_NOTE) == 0;
}

static bool check_given(const struct gj_form_request *request, const struct demand *demand, size_t at, bool late_reason,
    struct gj_refusal *refusal)
{
    const struct gj_field_value *value = &request->given[at];
    if (gj_value_find(request->given, at, value->key) != NULL) {
        return refuse(refusal, GJ_REFUSAL_FIELD_TWICE, value->key);
    }
    if (is_common(value->key)) {
        return value->shape == GJ_SHAPE_TEXT ? check_text(value->key, value, 1, GJ_FORM_FREE_TEXT_MAX, refusal)
                                             : refuse(refusal, GJ_REFUSAL_FIELD_TYPE, value->key);
    }
    uint16_t field_at = gj_kind_field(request->kind, value->key);
    if (field_at == GJ_NO_INDEX) {
        return refuse(refusal, GJ_REFUSAL_FIELD_UNKNOWN, value->key);
    }
    const struct gj_field *field = &request->kind->fields[field_at];
    if (!gj_field_set_has(&demand->allowed, field_at)) {
        return refuse(refusal, field->computed ? GJ_REFUSAL_FIELD_READ_ONLY : GJ_REFUSAL_FIELD_NOT_HERE, value->key);
    }
    if (!gj_form_check_value(request->policy, field, value, request->now_ms, refusal)) {
        return false;
    }
    struct gj_duration late = request->kind->late_entry;
    int64_t grace = late.unit == GJ_UNIT_NONE
                        ? INT64_MAX
                        : late.n * (late.unit == GJ_UNIT_HOUR ? GJ_MS_PER_HOUR : GJ_MS_PER_MINUTE);
    bool amend = strcmp(request->act, "amend") == 0;
    if (field->happened && !amend && !late_reason && request->now_ms - value->number > grace) {
        (void)refuse(refusal, GJ_REFUSAL_LATE_WITHOUT_REASON, value->key);
        gj_refusal_param_int(refusal, "minutes", (request->now_ms - value->number) / GJ_MS_PER_MINUTE);
        return false;
    }
    return true;
}

bool gj_form_check(const struct gj_form_request *request, struct gj_refusal *refusal)
{
    const struct gj_kind *kind = request->kind;
    struct demand demand = demand_of(request);
    if (!demand.known && gj_flow_act_number(kind, request->act) == 0) {
        return refuse(refusal, GJ_REFUSAL_ACT_UNKNOWN, NULL);
    }
    bool late_reason = gj_value_find(request->given, request->given_count, GJ_FORM_LATE_REASON) != NULL;
    for (size_t i = 0; i < request->given_count; i++) {
        if (!check_given(request, &demand, i, late_reason, refusal)) {
            return false;
        }
    }
    for (size_t i = 0; i < kind->field_count; i++) {
        const char *key = kind->fields[i].key;
        bool there =
            gj_value_find(request->given, request->given_count, key) != NULL ||
            (request->view != NULL && gj_value_find(request->view->values, request->view->value_count, key) != NULL);
        if (gj_field_set_has(&demand.needed, i) && !there) {
            return refuse(refusal, GJ_REFUSAL_FIELD_MISSING, key);
        }
    }
    return true;
}
