/* warranty.yaml: how long each warranty class lasts, towards the developer and towards the owner, and what cities give
 * instead. */
#include "common/policy/load.h"
#include "common/policy/warranty.h"

#include <stdio.h>
#include <string.h>

static struct gj_term read_term(struct gj_load *load, gj_node node)
{
    struct gj_term term = {GJ_TERM_NONE, 0};
    const char *text = gj_yaml_text(&load->reader, node, 40);
    if (text != NULL && !gj_term_parse(text, &term)) {
        gj_yaml_problem(&load->reader, node,
            "a term such as \"24 months\", \"5 years\", \"2 seasons\", design_life, contract or none is expected");
    }
    return term;
}

static void read_parts(struct gj_load *load, gj_node node, struct gj_warranty *out)
{
    struct gj_reader *reader = &load->reader;
    size_t count = node == NULL ? 0 : gj_yaml_pair_count(reader, node, "parts");
    struct gj_warranty_part *parts = GJ_YAML_ARRAY(reader, count, struct gj_warranty_part);
    if (parts == NULL || !gj_load_count_ok(load, node, count, GJ_LOAD_SHORT_LIST_MAX)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct gj_map map;
        (void)gj_yaml_map(reader, gj_yaml_pair(reader, node, i, &parts[i].code), "a part", &map);
        parts[i].label = gj_yaml_label(&map);
        parts[i].owner = read_term(load, gj_yaml_need(&map, "owner"));
        gj_yaml_map_end(&map);
    }
    out->parts = parts;
    out->part_count = count;
}

static bool is_warranty(const struct gj_policy *policy, const char *code)
{
    for (size_t i = 0; i < policy->warranties.count; i++) {
        if (strcmp(policy->warranties.items[i].code, code) == 0) {
            return true;
        }
    }
    return false;
}

static void read_classes(
    struct gj_load *load, gj_node node, bool with_parts, const struct gj_warranty **out, size_t *out_count)
{
    struct gj_reader *reader = &load->reader;
    size_t count = node == NULL ? 0 : gj_yaml_pair_count(reader, node, "classes");
    struct gj_warranty *classes = GJ_YAML_ARRAY(reader, count, struct gj_warranty);
    if (classes == NULL || !gj_load_count_ok(load, node, count, GJ_LOAD_LIST_MAX)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct gj_map map;
        gj_node value = gj_yaml_pair(reader, node, i, &classes[i].code);
        (void)gj_yaml_map(reader, value, "a warranty class", &map);
        if (classes[i].code != NULL && !is_warranty(load->policy, classes[i].code)) {
            gj_yaml_problem(reader, value, "the warranty class \"%s\" is not in the list", classes[i].code);
        }
        classes[i].contractor = read_term(load, gj_yaml_need(&map, "contractor"));
        classes[i].owner = read_term(load, gj_yaml_need(&map, "owner"));
        if (with_parts) {
            read_parts(load, gj_yaml_get(&map, "parts"), &classes[i]);
        }
        classes[i].origin = gj_yaml_text(reader, gj_yaml_need(&map, "origin"), 200);
        gj_yaml_map_end(&map);
    }
    *out = classes;
    *out_count = count;
}

/* "11-15": a day of any year. */
static bool read_day(struct gj_load *load, gj_node node, uint8_t *month, uint8_t *day)
{
    const char *text = gj_yaml_text(&load->reader, node, 10);
    char full[16];
    struct gj_date date;
    if (text == NULL) {
        return false;
    }
    int len = snprintf(full, sizeof full, "2001-%s", text); /* a year without 29 February */
    if (len <= 0 || (size_t)len >= sizeof full || !gj_date_parse(full, (size_t)len, &date)) {
        gj_yaml_problem(&load->reader, node, "a day such as \"11-15\" is expected");
        return false;
    }
    *month = (uint8_t)date.month;
    *day = (uint8_t)date.day;
    return true;
}

static void read_season(struct gj_load *load, gj_node node, struct gj_season *out)
{
    struct gj_map map;
    struct gj_season season = {0};
    if (node == NULL) {
        return;
    }
    (void)gj_yaml_map(&load->reader, node, "a season", &map);
    bool from = read_day(load, gj_yaml_need(&map, "from"), &season.from_month, &season.from_day);
    bool until = read_day(load, gj_yaml_need(&map, "until"), &season.until_month, &season.until_day);
    gj_yaml_map_end(&map);
    if (from && until) {
        *out = season;
    }
}

static bool is_city(const struct gj_policy *policy, const char *code)
{
    for (size_t i = 0; i < policy->city_count; i++) {
        if (strcmp(policy->cities[i].code, code) == 0) {
            return true;
        }
    }
    return false;
}

static void read_cities(struct gj_load *load, gj_node node, struct gj_warranty_rules *rules)
{
    struct gj_reader *reader = &load->reader;
    size_t count = node == NULL ? 0 : gj_yaml_pair_count(reader, node, "cities");
    struct gj_warranty_city *cities = GJ_YAML_ARRAY(reader, count, struct gj_warranty_city);
    if (cities == NULL || !gj_load_count_ok(load, node, count, GJ_LOAD_ITEMS_MAX)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct gj_map map;
        gj_node value = gj_yaml_pair(reader, node, i, &cities[i].code);
        (void)gj_yaml_map(reader, value, "a city", &map);
        if (cities[i].code != NULL && !is_city(load->policy, cities[i].code)) {
            gj_yaml_problem(reader, value, "the city \"%s\" is not in the list of cities", cities[i].code);
        }
        read_season(load, gj_yaml_get(&map, "heating"), &cities[i].heating);
        read_season(load, gj_yaml_get(&map, "cooling"), &cities[i].cooling);
        read_classes(load, gj_yaml_get(&map, "classes"), false, &cities[i].classes, &cities[i].class_count);
        gj_yaml_map_end(&map);
    }
    rules->cities = cities;
    rules->city_count = count;
}

void gj_load_warranty(struct gj_load *load, gj_node root)
{
    struct gj_reader *reader = &load->reader;
    struct gj_warranty_rules *rules = GJ_YAML_ARRAY(reader, 1, struct gj_warranty_rules);
    struct gj_map file;
    int64_t years = 0;
    if (rules == NULL) {
        return;
    }
    (void)gj_yaml_map(reader, root, "the file", &file);
    if (gj_yaml_int(reader, gj_yaml_need(&file, "design_life_years"), 1, 100, &years)) {
        rules->design_life_years = (int32_t)years;
    }
    read_classes(load, gj_yaml_need(&file, "classes"), true, &rules->classes, &rules->class_count);
    read_cities(load, gj_yaml_get(&file, "cities"), rules);
    gj_yaml_map_end(&file);
    load->policy->warranty = rules;
}
