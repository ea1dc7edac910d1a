/* cities.yaml, profiles.yaml, offices.yaml: limits that differ from the company's. */
#include "common/policy/load.h"

#include <string.h>

#include "common/policy/refusal.h"

/* looser_approved: {by: [first, second], why: …}: two people stand for it in the file itself. */
static bool read_approval(struct gj_load *load, gj_node node)
{
    struct gj_reader *reader = &load->reader;
    if (node == NULL) {
        return false;
    }
    struct gj_map map;
    (void)gj_yaml_map(reader, node, "looser_approved", &map);
    gj_node by = gj_yaml_need(&map, "by");
    const char *why = gj_yaml_text(reader, gj_yaml_need(&map, "why"), 200);
    gj_yaml_map_end(&map);
    const char *first = NULL;
    const char *second = NULL;
    if (gj_yaml_item_count(reader, by) == 2) {
        first = gj_yaml_text(reader, gj_yaml_item(reader, by, 0), 60);
        second = gj_yaml_text(reader, gj_yaml_item(reader, by, 1), 60);
    }
    if (first == NULL || second == NULL || strcmp(first, second) == 0) {
        gj_yaml_problem(reader, by == NULL ? node : by, "two different people are expected");
        return false;
    }
    return why != NULL;
}

static void read_item(struct gj_load *load, gj_node node, struct gj_override *item)
{
    struct gj_reader *reader = &load->reader;
    struct gj_map map;
    (void)gj_yaml_map(reader, node, "a limit", &map);
    item->file = reader->yaml->name;
    item->line = gj_yaml_line(node);
    gj_node kind_node = gj_yaml_need(&map, "kind");
    const char *code = gj_yaml_name(reader, kind_node);
    const struct gj_kind *kind = code == NULL ? NULL : gj_policy_kind(load->policy, code);
    item->kind = kind == NULL ? "" : kind->code;
    item->timer = "";
    if (code != NULL && kind == NULL) {
        gj_yaml_problem(reader, kind_node, "the kind \"%s\" is not declared", code);
    }
    gj_node timer = gj_yaml_need(&map, "timer");
    if (kind != NULL && timer != NULL) {
        uint16_t at = gj_load_timer_name(load, kind, timer);
        item->timer = at == GJ_NO_INDEX ? "" : kind->timers[at].name;
    }
    item->priorities = gj_load_priority_set(load, gj_yaml_get(&map, "priorities"));
    gj_node category = gj_yaml_get(&map, "category");
    item->category = category == NULL ? NULL : gj_load_category_prefix(load, category);
    (void)gj_yaml_duration(reader, gj_yaml_need(&map, "limit"), &item->limit);
    item->looser_approved = read_approval(load, gj_yaml_get(&map, "looser_approved"));
    item->origin = gj_yaml_text(reader, gj_yaml_need(&map, "origin"), 200);
    gj_yaml_map_end(&map);
}

static void read_set(struct gj_load *load, gj_node node, struct gj_override_set *set)
{
    struct gj_reader *reader = &load->reader;
    struct gj_map map;
    (void)gj_yaml_map(reader, node, "a set of limits", &map);
    set->label = gj_yaml_label(&map);
    set->follow_up_permille = UINT16_MAX;
    int64_t share;
    if (gj_yaml_permille(reader, gj_yaml_get(&map, "follow_up_repairs"), 1000, &share)) {
        set->follow_up_permille = (uint16_t)share;
    }
    gj_node limits = gj_yaml_get(&map, "limits");
    gj_yaml_map_end(&map);
    size_t count = gj_yaml_item_count(reader, limits);
    struct gj_override *items = GJ_YAML_ARRAY(reader, count, struct gj_override);
    if (items == NULL || !gj_load_count_ok(load, limits, count, GJ_LOAD_OVERRIDES_MAX)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        read_item(load, gj_yaml_item(reader, limits, i), &items[i]);
    }
    set->items = items;
    set->count = count;
}

void gj_load_overrides(
    struct gj_load *load, gj_node root, const char *word, const struct gj_override_set **out, size_t *count)
{
    struct gj_reader *reader = &load->reader;
    struct gj_map file;
    (void)gj_yaml_map(reader, root, "the file", &file);
    gj_node node = gj_yaml_need(&file, word);
    gj_yaml_map_end(&file);
    size_t sets_count = gj_yaml_pair_count(reader, node, word);
    struct gj_override_set *sets = GJ_YAML_ARRAY(reader, sets_count, struct gj_override_set);
    if (sets == NULL || !gj_load_count_ok(load, node, sets_count, GJ_LOAD_ITEMS_MAX)) {
        return;
    }
    for (size_t i = 0; i < sets_count; i++) {
        gj_node value = gj_yaml_pair(reader, node, i, &sets[i].code);
        read_set(load, value, &sets[i]);
    }
    *out = sets;
    *count = sets_count;
}

bool gj_override_parse(const struct gj_policy *policy, const char *kind_code, const char *timer_name,
    const char *priority, const char *limit, bool looser_approved, struct gj_override *out, struct gj_refusal *refusal)
{
    const struct gj_kind *kind = gj_policy_kind(policy, kind_code);
    if (kind == NULL) {
        return gj_refusal_set(refusal, GJ_REFUSAL_REFERENCE_UNKNOWN, "kind");
    }
    uint16_t timer = gj_kind_timer(kind, timer_name);
    if (timer == GJ_NO_INDEX) {
        return gj_refusal_set(refusal, GJ_REFUSAL_REFERENCE_UNKNOWN, "timer");
    }
    struct gj_override made = {.kind = kind->code,
        .timer = kind->timers[timer].name,
        .file = "office",
        .origin = "set while running",
        .looser_approved = looser_approved};
    if (priority != NULL && priority[0] != '\0') {
        const struct gj_priority *found = gj_policy_priority(policy, priority);
        if (found == NULL) {
            return gj_refusal_set(refusal, GJ_REFUSAL_REFERENCE_UNKNOWN, "priority");
        }
        made.priorities = UINT32_C(1) << found->number;
    }
    if (!gj_duration_parse(limit, strlen(limit), &made.limit)) {
        return gj_refusal_set(refusal, GJ_REFUSAL_FIELD_TEXT, "limit");
    }
    *out = made;
    return true;
}
