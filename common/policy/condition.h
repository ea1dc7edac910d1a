/* Conditions of transitions: named predicates in a closed vocabulary, written in C, with typed arguments.
 *
 * In a file a condition is a mapping of one word to its arguments, a list of conditions means all of them:
 *     when: [{field_is: {field: area, value: household}}, {not: {priority_in: [P0, P1]}}]
 * A word that is not here is a problem with file, line and the nearest word that is. */
#ifndef GJ_POLICY_CONDITION_H
#define GJ_POLICY_CONDITION_H

#include "common/policy/view.h"
#include "common/limits.h"

/* X(NAME, "word", "arguments", what it means) */
#define GJ_CONDITION_LIST(X)                                                                                           \
    X(FIELD_IS, "field_is", "{field, value}", "the choice, bool or text field has this value")                         \
    X(FIELD_IN, "field_in", "{field, values: [..]}", "the choice field has one of these values")                       \
    X(FIELD_GIVEN, "field_given", "a field", "the field has a value")                                                  \
    X(AT_LEAST, "at_least", "{field, value}", "the number or amount is at least this")                                 \
    X(PRIORITY_IN, "priority_in", "[priorities]", "the priority is one of these")                                      \
    X(CATEGORY_IN, "category_in", "[codes or groups]", "the category is one of these or in one of these groups")       \
    X(LINKED, "linked", "{link, state}", "a linked record is in this state")                                           \
    X(LINKED_CLOSED, "linked_closed", "a link", "there are linked records and all are closed")                         \
    X(SAMPLED, "sampled", "a priority list that is always in", "the draw or the priority puts it in the sample")       \
    X(ACTOR_IS, "actor_is", "[roles or relations]", "the person acting is one of these")                               \
    X(NOT, "not", "a condition", "the condition does not hold")                                                        \
    X(ANY, "any", "[conditions]", "at least one of them holds")

enum gj_condition_op {
#define GJ_CONDITION_ENUM(name, word, arguments, meaning) GJ_CONDITION_##name,
    GJ_CONDITION_LIST(GJ_CONDITION_ENUM)
#undef GJ_CONDITION_ENUM
};

struct gj_condition {
    enum gj_condition_op op;
    uint16_t field_at;
    uint32_t priorities;
    int64_t number;
    const char *const *words; /* values, categories, or {link, state} */
    size_t word_count;
    struct gj_who_list who;
    struct gj_condition_list inner;
};

/* The values handed in with the act are looked at before those of the record. Actor may be NULL (explain). */
bool gj_condition_holds(const struct gj_condition *condition, const struct gj_kind *kind, const struct gj_view *view,
    const struct gj_actor *actor, const struct gj_field_value *given, size_t given_count);
/* The first of them that does not hold; NULL: all do. */
const struct gj_condition *gj_conditions_broken(const struct gj_condition_list *list, const struct gj_kind *kind,
    const struct gj_view *view, const struct gj_actor *actor, const struct gj_field_value *given, size_t given_count);
/* The field or link that it looks at, so that whoever is refused knows what to change; NULL: none. */
const char *gj_condition_field(const struct gj_condition *condition, const struct gj_kind *kind);

/* For offers: whether the conditions could hold once the fields in `open` are filled in; what is decided already is
 * judged as it stands. */
bool gj_conditions_possible(const struct gj_condition_list *list, const struct gj_kind *kind,
    const struct gj_view *view, const struct gj_actor *actor, const struct gj_field_set *open);

#endif
