#include "common/policy/condition.h"

#include <string.h>

/* Three answers, because an offer is made before its fields are filled in. */
enum answer { NO, YES, MAYBE };

struct scene {
    const struct gj_kind *kind;
    const struct gj_view *view;
    const struct gj_actor *actor;
    const struct gj_field_value *given;
    size_t given_count;
    const struct gj_field_set *open;
};

static enum answer judge_all(const struct scene *scene, const struct gj_condition_list *list);

static const struct gj_field_value *value_of(const struct scene *scene, uint16_t field_at)
{
    const char *key = scene->kind->fields[field_at].key;
    const struct gj_field_value *value = gj_value_find(scene->given, scene->given_count, key);
    return value != NULL ? value : gj_value_find(scene->view->values, scene->view->value_count, key);
}

static bool equals(const struct scene *scene, const struct gj_condition *condition, const struct gj_field_value *value)
{
    bool is_bool = scene->kind->fields[condition->field_at].type == GJ_FIELD_BOOL;
    for (size_t i = 0; i < condition->word_count; i++) {
        const char *word = condition->words[i];
        if (is_bool ? (value != NULL && value->number != 0) == (strcmp(word, "yes") == 0)
                    : value != NULL && gj_value_is(value, word)) {
            return true;
        }
    }
    return false;
}

static enum answer judge_field(const struct scene *scene, const struct gj_condition *condition)
{
    if (scene->open != NULL && gj_field_set_has(scene->open, condition->field_at)) {
        return MAYBE;
    }
    const struct gj_field_value *value = value_of(scene, condition->field_at);
    bool holds = false;
    switch (condition->op) {
    case GJ_CONDITION_FIELD_GIVEN:
        holds = value != NULL;
        break;
    case GJ_CONDITION_AT_LEAST:
        holds = value != NULL ? value->number >= condition->number : condition->number <= 0;
        break;
    default:
        holds = equals(scene, condition, value);
        break;
    }
    return holds ? YES : NO;
}

static bool category_in(const struct gj_view *view, const struct gj_condition *condition)
{
    for (size_t i = 0; i < condition->word_count && view->category != NULL; i++) {
        const char *word = condition->words[i];
        size_t len = strlen(word);
        if (strncmp(view->category, word, len) == 0 && (view->category[len] == '\0' || view->category[len] == '-')) {
            return true;
        }
    }
    return false;
}

static bool linked(const struct gj_view *view, const struct gj_condition *condition)
{
    size_t found = 0;
    size_t closed = 0;
    for (size_t i = 0; i < view->link_count; i++) {
        const struct gj_link_view *link = &view->links[i];
        if (link->link == NULL || strcmp(link->link, condition->words[0]) != 0) {
            continue;
        }
        if (condition->op == GJ_CONDITION_LINKED && link->state != NULL &&
            strcmp(link->state, condition->words[1]) == 0) {
            return true;
        }
        found++;
        closed += link->closed;
    }
    return condition->op == GJ_CONDITION_LINKED_CLOSED && found > 0 && found == closed;
}

static bool sampled(const struct gj_view *view, const struct gj_condition *condition)
{
    if (view->priority < GJ_PRIORITIES_MAX && ((condition->priorities >> view->priority) & 1u) != 0) {
        return true;
    }
    return view->draw < (uint32_t)view->follow_up_permille * 10u;
}

static enum answer judge_any(const struct scene *scene, const struct gj_condition_list *list);

static enum answer judge(const struct scene *scene, const struct gj_condition *condition)
{
    const struct gj_view *view = scene->view;
    switch (condition->op) {
    case GJ_CONDITION_FIELD_IS:
    case GJ_CONDITION_FIELD_IN:
    case GJ_CONDITION_FIELD_GIVEN:
    case GJ_CONDITION_AT_LEAST:
        return judge_field(scene, condition);
    case GJ_CONDITION_PRIORITY_IN:
        return view->priority < GJ_PRIORITIES_MAX && ((condition->priorities >> view->priority) & 1u) != 0 ? YES : NO;
    case GJ_CONDITION_CATEGORY_IN:
        return category_in(view, condition) ? YES : NO;
    case GJ_CONDITION_LINKED:
    case GJ_CONDITION_LINKED_CLOSED:
        return linked(view, condition) ? YES : NO;
    case GJ_CONDITION_SAMPLED:
        return sampled(view, condition) ? YES : NO;
    case GJ_CONDITION_ACTOR_IS:
        return scene->actor != NULL && gj_who_matches(&condition->who, view, scene->actor) ? YES : NO;
    case GJ_CONDITION_NOT: {
        enum answer inner = judge_all(scene, &condition->inner);
        return inner == MAYBE ? MAYBE : inner == YES ? NO : YES;
    }
    case GJ_CONDITION_ANY:
        return judge_any(scene, &condition->inner);
    }
    return NO;
}

static enum answer judge_all(const struct scene *scene, const struct gj_condition_list *list)
{
    enum answer all = YES;
    for (size_t i = 0; i < list->count; i++) {
        enum answer one = judge(scene, &list->items[i]);
        if (one == NO) {
            return NO;
        }
        all = one == MAYBE ? MAYBE : all;
    }
    return all;
}

static enum answer judge_any(const struct scene *scene, const struct gj_condition_list *list)
{
    enum answer any = NO;
    for (size_t i = 0; i < list->count; i++) {
        enum answer one = judge(scene, &list->items[i]);
        if (one == YES) {
            return YES;
        }
        any = one == MAYBE ? MAYBE : any;
    }
    return any;
}

bool gj_condition_holds(const struct gj_condition *condition, const struct gj_kind *kind, const struct gj_view *view,
    const struct gj_actor *actor, const struct gj_field_value *given, size_t given_count)
{
    struct scene scene = {kind, view, actor, given, given_count, NULL};
    return judge(&scene, condition) == YES;
}

const struct gj_condition *gj_conditions_broken(const struct gj_condition_list *list, const struct gj_kind *kind,
    const struct gj_view *view, const struct gj_actor *actor, const struct gj_field_value *given, size_t given_count)
{
    for (size_t i = 0; i < list->count; i++) {
        if (!gj_condition_holds(&list->items[i], kind, view, actor, given, given_count)) {
            return &list->items[i];
        }
    }
    return NULL;
}

const char *gj_condition_field(const struct gj_condition *condition, const struct gj_kind *kind)
{
    const char *field = NULL;
    switch (condition->op) {
    case GJ_CONDITION_FIELD_IS:
    case GJ_CONDITION_FIELD_IN:
    case GJ_CONDITION_FIELD_GIVEN:
    case GJ_CONDITION_AT_LEAST:
        return kind->fields[condition->field_at].key;
    case GJ_CONDITION_PRIORITY_IN:
        return "priority";
    case GJ_CONDITION_CATEGORY_IN:
        return "category";
    case GJ_CONDITION_LINKED:
    case GJ_CONDITION_LINKED_CLOSED:
        return condition->words[0];
    case GJ_CONDITION_NOT:
    case GJ_CONDITION_ANY:
        for (size_t i = 0; field == NULL && i < condition->inner.count; i++) {
            field = gj_condition_field(&condition->inner.items[i], kind);
        }
        return field;
    case GJ_CONDITION_SAMPLED:
    case GJ_CONDITION_ACTOR_IS:
        break;
    }
    return NULL;
}

bool gj_conditions_possible(const struct gj_condition_list *list, const struct gj_kind *kind,
    const struct gj_view *view, const struct gj_actor *actor, const struct gj_field_set *open)
{
    struct scene scene = {kind, view, actor, NULL, 0, open};
    return judge_all(&scene, list) != NO;
}
