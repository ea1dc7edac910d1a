/* Conditions of transitions. */
#include "common/policy/load.h"

#include <string.h>

#include "common/policy/condition.h"

static const struct gj_word condition_words[] = {
#define CONDITION_WORD(name, word, arguments, meaning) {word, GJ_CONDITION_##name},
    GJ_CONDITION_LIST(CONDITION_WORD)
#undef CONDITION_WORD
};
static const char *const condition_arguments[] = {
#define CONDITION_ARGUMENTS(name, word, arguments, meaning) arguments,
    GJ_CONDITION_LIST(CONDITION_ARGUMENTS)
#undef CONDITION_ARGUMENTS
};

static void read_list(struct gj_load *load, gj_node node, unsigned depth, struct gj_condition_list *out);

static void read_words(struct gj_load *load, gj_node node, struct gj_condition *condition)
{
    struct gj_reader *reader = &load->reader;
    size_t count = gj_yaml_item_count(reader, node);
    const char **words = GJ_YAML_ARRAY(reader, count, const char *);
    if (words == NULL || !gj_load_count_ok(load, node, count, GJ_LOAD_LIST_MAX)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const char *word = gj_yaml_name(reader, gj_yaml_item(reader, node, i));
        words[i] = word == NULL ? "" : word;
    }
    condition->words = words;
    condition->word_count = count;
}

static bool choice_known(const struct gj_field *field, const char *word)
{
    for (size_t i = 0; i < field->choice_count; i++) {
        if (strcmp(field->choices[i].code, word) == 0) {
            return true;
        }
    }
    return field->choices_from != NULL; /* those tables are checked where they are used */
}

/* The field a predicate looks at must be of a type it can judge, and readable: rules see ciphertext of personal ones.
 */
static void check_field(struct gj_load *load, gj_node node, const struct gj_condition *condition)
{
    if (condition->field_at == GJ_NO_INDEX) {
        return;
    }
    const struct gj_field *field = &load->kind->fields[condition->field_at];
    bool presence = condition->op == GJ_CONDITION_FIELD_GIVEN;
    if (!presence && field->personal != GJ_PERSONAL_NONE) {
        gj_yaml_problem(
            &load->reader, node, "the field \"%s\" is personal: rules can only see whether it is given", field->key);
        return;
    }
    bool is = condition->op == GJ_CONDITION_FIELD_IS || condition->op == GJ_CONDITION_FIELD_IN;
    if (is && field->type != GJ_FIELD_CHOICE && field->type != GJ_FIELD_BOOL) {
        gj_yaml_problem(&load->reader, node, "\"%s\" is a %s field; a choice or bool is expected", field->key,
            gj_field_type_word(field->type));
    }
    if (condition->op == GJ_CONDITION_AT_LEAST && field->type != GJ_FIELD_NUMBER && field->type != GJ_FIELD_MONEY) {
        gj_yaml_problem(&load->reader, node, "\"%s\" is a %s field; a number or money is expected", field->key,
            gj_field_type_word(field->type));
    }
    for (size_t i = 0; is && i < condition->word_count; i++) {
        if (field->type == GJ_FIELD_CHOICE && !choice_known(field, condition->words[i])) {
            const char *known[GJ_LOAD_LIST_MAX];
            size_t count = 0;
            for (size_t c = 0; c < field->choice_count && c < GJ_LOAD_LIST_MAX; c++) {
                known[count++] = field->choices[c].code;
            }
            gj_yaml_unknown(&load->reader, node, "the choice", condition->words[i], known, count);
        }
        if (field->type == GJ_FIELD_BOOL && strcmp(condition->words[i], "yes") != 0 &&
            strcmp(condition->words[i], "no") != 0) {
            gj_yaml_problem(&load->reader, node, "\"%s\" is yes or no", field->key);
        }
    }
}

static void read_field_arguments(struct gj_load *load, gj_node node, struct gj_condition *condition)
{
    struct gj_reader *reader = &load->reader;
    struct gj_map map;
    (void)gj_yaml_map(reader, node, "the arguments", &map);
    gj_node field = gj_yaml_need(&map, "field");
    condition->field_at = field == NULL ? GJ_NO_INDEX : gj_load_field(load, field);
    if (condition->op == GJ_CONDITION_AT_LEAST) {
        (void)gj_yaml_int(reader, gj_yaml_need(&map, "value"), 0, INT64_MAX, &condition->number);
    } else {
        read_words(load, gj_yaml_need(&map, condition->op == GJ_CONDITION_FIELD_IS ? "value" : "values"), condition);
    }
    gj_yaml_map_end(&map);
    check_field(load, node, condition);
}

static void read_linked(struct gj_load *load, gj_node node, struct gj_condition *condition)
{
    struct gj_reader *reader = &load->reader;
    const char **words = GJ_YAML_ARRAY(reader, 2, const char *);
    if (words == NULL) {
        return;
    }
    words[0] = "";
    words[1] = "";
    gj_node link = node;
    if (condition->op == GJ_CONDITION_LINKED) {
        struct gj_map map;
        (void)gj_yaml_map(reader, node, "the arguments", &map);
        link = gj_yaml_need(&map, "link");
        const char *state = gj_yaml_name(reader, gj_yaml_need(&map, "state"));
        words[1] = state == NULL ? "" : state;
        gj_yaml_map_end(&map);
    }
    const char *code = gj_yaml_name(reader, link);
    words[0] = code == NULL ? "" : code;
    if (code != NULL && gj_kind_link(load->kind, code) == NULL) {
        gj_yaml_problem(reader, link, "the link \"%s\" is not declared under links", code);
    }
    condition->words = words;
    condition->word_count = condition->op == GJ_CONDITION_LINKED ? 2 : 1;
}

static void read_arguments(struct gj_load *load, gj_node node, unsigned depth, struct gj_condition *condition)
{
    switch (condition->op) {
    case GJ_CONDITION_FIELD_IS:
    case GJ_CONDITION_FIELD_IN:
    case GJ_CONDITION_AT_LEAST:
        read_field_arguments(load, node, condition);
        return;
    case GJ_CONDITION_FIELD_GIVEN:
        condition->field_at = gj_load_field(load, node);
        return;
    case GJ_CONDITION_PRIORITY_IN:
    case GJ_CONDITION_SAMPLED:
        condition->priorities = gj_load_priority_set(load, node);
        return;
    case GJ_CONDITION_CATEGORY_IN:
        read_words(load, node, condition);
        for (size_t i = 0; i < gj_yaml_item_count(&load->reader, node); i++) {
            (void)gj_load_category_prefix(load, gj_yaml_item(&load->reader, node, i));
        }
        return;
    case GJ_CONDITION_LINKED:
    case GJ_CONDITION_LINKED_CLOSED:
        read_linked(load, node, condition);
        return;
    case GJ_CONDITION_ACTOR_IS:
        gj_load_who(load, node, &condition->who);
        return;
    case GJ_CONDITION_NOT:
    case GJ_CONDITION_ANY:
        read_list(load, node, depth + 1, &condition->inner);
        return;
    }
}

static bool read_condition(struct gj_load *load, gj_node node, unsigned depth, struct gj_condition *condition)
{
    struct gj_reader *reader = &load->reader;
    *condition = (struct gj_condition){.field_at = GJ_NO_INDEX};
    if (node->type != YAML_MAPPING_NODE || gj_yaml_pair_count(reader, node, "a condition") != 1) {
        gj_yaml_problem(reader, node, "a condition is one word and its arguments, such as {priority_in: [P0, P1]}");
        return false;
    }
    if (depth > GJ_CONDITION_DEPTH_MAX) {
        gj_yaml_problem(reader, node, "conditions are nested too deep; at most %d levels", GJ_CONDITION_DEPTH_MAX);
        return false;
    }
    int op;
    if (!gj_yaml_word(reader, gj_yaml_pair_key(reader, node, 0), "the condition", condition_words,
            sizeof condition_words / sizeof condition_words[0], &op)) {
        return false;
    }
    condition->op = (enum gj_condition_op)op;
    const char *key;
    size_t before = reader->problems->total;
    read_arguments(load, gj_yaml_pair(reader, node, 0, &key), depth, condition);
    if (reader->problems->total != before) {
        gj_yaml_problem(reader, node, "\"%s\" takes %s", key, condition_arguments[op]);
    }
    return true;
}

static void read_list(struct gj_load *load, gj_node node, unsigned depth, struct gj_condition_list *out)
{
    size_t count = gj_yaml_item_count(&load->reader, node);
    if (count == 0 || !gj_load_count_ok(load, node, count, GJ_LOAD_SHORT_LIST_MAX)) {
        return;
    }
    struct gj_condition *items = GJ_YAML_ARRAY(&load->reader, count, struct gj_condition);
    if (items == NULL) {
        return;
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        kept += read_condition(load, gj_yaml_item(&load->reader, node, i), depth, &items[kept]);
    }
    *out = (struct gj_condition_list){items, kept};
}

void gj_load_conditions(struct gj_load *load, gj_node node, struct gj_condition_list *out)
{
    read_list(load, node, 1, out);
}
