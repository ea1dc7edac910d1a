/* dispatch.yaml: how tickets find their workers. */
#include "common/policy/dispatch_mode.h"
#include "common/policy/load.h"

#include <string.h>

static void read_offices(struct gj_load *load, gj_node node, struct gj_dispatch_rule *rule)
{
    struct gj_reader *reader = &load->reader;
    size_t count = gj_yaml_item_count(reader, node);
    const char **offices = GJ_YAML_ARRAY(reader, count, const char *);
    if (offices == NULL || !gj_load_count_ok(load, node, count, GJ_LOAD_ITEMS_MAX)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const char *code = gj_yaml_name(reader, gj_yaml_item(reader, node, i));
        offices[i] = code == NULL ? "" : code;
    }
    rule->offices = offices;
    rule->office_count = count;
}

static enum gj_assign_mode read_mode(struct gj_load *load, gj_node node)
{
    static const struct gj_word words[] = {
#define WORD(name, number, word) {word, GJ_ASSIGN_##name},
        GJ_ASSIGN_MODE_LIST(WORD)
#undef WORD
    };
    int mode = GJ_ASSIGN_MANUAL;
    (void)gj_yaml_word(&load->reader, node, "the mode", words, sizeof words / sizeof words[0], &mode);
    return (enum gj_assign_mode)mode;
}

static void read_rule(struct gj_load *load, gj_node node, struct gj_dispatch_rule *rule)
{
    struct gj_reader *reader = &load->reader;
    struct gj_map map;
    int64_t number = 0;
    (void)gj_yaml_map(reader, node, "a rule of dispatch", &map);
    read_offices(load, gj_yaml_get(&map, "offices"), rule);
    gj_node priorities = gj_yaml_get(&map, "priorities");
    rule->priorities = priorities == NULL ? 0 : gj_load_priority_set(load, priorities);
    gj_node category = gj_yaml_get(&map, "category");
    rule->category = category == NULL ? NULL : gj_load_category_prefix(load, category);
    rule->mode = read_mode(load, gj_yaml_need(&map, "mode"));
    gj_node offer = gj_yaml_get(&map, "offer_to");
    if (gj_yaml_int(reader, offer, 2, GJ_DISPATCH_OFFER_MAX, &number)) {
        rule->offer_max = (uint32_t)number;
    }
    if (offer != NULL && rule->mode != GJ_ASSIGN_OFFER) {
        gj_yaml_problem(reader, offer, "offer_to belongs to the mode offer");
    }
    if (gj_yaml_int(reader, gj_yaml_get(&map, "skill"), 1, 5, &number)) {
        rule->skill = (uint8_t)number;
    }
    gj_yaml_map_end(&map);
}

void gj_load_dispatch(struct gj_load *load, gj_node root)
{
    struct gj_reader *reader = &load->reader;
    struct gj_dispatch_rules *rules = GJ_YAML_ARRAY(reader, 1, struct gj_dispatch_rules);
    struct gj_map file;
    int64_t number = 0;
    if (rules == NULL) {
        return;
    }
    (void)gj_yaml_map(reader, root, "the file", &file);
    if (gj_yaml_int(reader, gj_yaml_need(&file, "load_max"), 0, 1000, &number)) {
        rules->load_max = (uint32_t)number;
    }
    gj_node list = gj_yaml_need(&file, "rules");
    gj_yaml_map_end(&file);
    size_t count = gj_yaml_item_count(reader, list);
    struct gj_dispatch_rule *items = GJ_YAML_ARRAY(reader, count, struct gj_dispatch_rule);
    if (items == NULL || !gj_load_count_ok(load, list, count, GJ_LOAD_ITEMS_MAX)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        read_rule(load, gj_yaml_item(reader, list, i), &items[i]);
    }
    rules->items = items;
    rules->count = count;
    load->policy->dispatch = rules;
}
