/* taxonomy.yaml: channels, areas, trades, warranty classes, groups and categories of repairs, and the words of callers
 * that suggest them. */
#include "common/policy/load.h"

#include <stdlib.h>
#include <string.h>

static void read_options(struct gj_load *load, gj_node node, const char *what, struct gj_options *out)
{
    struct gj_reader *reader = &load->reader;
    size_t count = gj_yaml_pair_count(reader, node, what);
    struct gj_option *items = GJ_YAML_ARRAY(reader, count, struct gj_option);
    if (items == NULL || !gj_load_count_ok(load, node, count, GJ_LOAD_LONG_LIST_MAX)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct gj_map map;
        (void)gj_yaml_map(reader, gj_yaml_pair(reader, node, i, &items[i].code), what, &map);
        items[i].label = gj_yaml_label(&map);
        gj_yaml_map_end(&map);
    }
    *out = (struct gj_options){items, count};
}

static void read_trades(struct gj_load *load, gj_node node)
{
    struct gj_reader *reader = &load->reader;
    size_t count = gj_yaml_pair_count(reader, node, "trades");
    struct gj_trade *trades = GJ_YAML_ARRAY(reader, count, struct gj_trade);
    if (trades == NULL || !gj_load_count_ok(load, node, count, GJ_LOAD_LIST_MAX)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct gj_map map;
        (void)gj_yaml_map(reader, gj_yaml_pair(reader, node, i, &trades[i].code), "a trade", &map);
        trades[i].label = gj_yaml_label(&map);
        trades[i].certificate = gj_yaml_text(reader, gj_yaml_get(&map, "certificate"), 120);
        (void)gj_yaml_bool(reader, gj_yaml_get(&map, "external"), &trades[i].external);
        gj_yaml_map_end(&map);
    }
    load->policy->trades = trades;
    load->policy->trade_count = count;
}

static bool option_known(const struct gj_options *options, const char *code)
{
    for (size_t i = 0; i < options->count; i++) {
        if (strcmp(options->items[i].code, code) == 0) {
            return true;
        }
    }
    return false;
}

static void read_category(struct gj_load *load, gj_node node, struct gj_category *category)
{
    static const struct gj_word areas[] = {
        {"household", GJ_AREA_HOUSEHOLD}, {"common", GJ_AREA_COMMON}, {"both", GJ_AREA_BOTH}};
    struct gj_reader *reader = &load->reader;
    struct gj_map map;
    (void)gj_yaml_map(reader, node, "a category", &map);
    category->label = gj_yaml_label(&map);
    int area = GJ_AREA_BOTH;
    (void)gj_yaml_word(reader, gj_yaml_need(&map, "area"), "the area", areas, 3, &area);
    category->area = (enum gj_area)area;
    gj_node priority_node = gj_yaml_need(&map, "priority");
    uint32_t set = gj_load_priority_set(load, priority_node);
    while (set > 1 && category->priority < GJ_PRIORITIES_MAX - 1) {
        set >>= 1;
        category->priority++;
    }
    gj_node trade = gj_yaml_need(&map, "trade");
    category->trade = gj_yaml_name(reader, trade);
    if (category->trade != NULL && gj_policy_trade(load->policy, category->trade) == NULL) {
        gj_yaml_problem(reader, trade, "the trade \"%s\" is not in the list of trades", category->trade);
    }
    gj_node warranty = gj_yaml_need(&map, "warranty");
    category->warranty = gj_yaml_name(reader, warranty);
    if (category->warranty != NULL && !option_known(&load->policy->warranties, category->warranty)) {
        gj_yaml_problem(reader, warranty, "the warranty class \"%s\" is not in the list", category->warranty);
    }
    gj_yaml_map_end(&map);
}

static int compare_category(const void *a, const void *b)
{
    const struct gj_category *left = a;
    const struct gj_category *right = b;
    return strcmp(left->code, right->code);
}

/* groups: {WAT: {zh, en, items: {WAT-01: {…}}}} */
static void read_groups(struct gj_load *load, gj_node node)
{
    struct gj_reader *reader = &load->reader;
    size_t count = gj_yaml_pair_count(reader, node, "groups");
    struct gj_category_group *groups = GJ_YAML_ARRAY(reader, count, struct gj_category_group);
    struct gj_category *categories = GJ_YAML_ARRAY(reader, GJ_LOAD_CATEGORIES_MAX, struct gj_category);
    if (groups == NULL || categories == NULL || !gj_load_count_ok(load, node, count, GJ_LOAD_LIST_MAX)) {
        return;
    }
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        struct gj_map map;
        (void)gj_yaml_map(reader, gj_yaml_pair(reader, node, i, &groups[i].code), "a group", &map);
        groups[i].label = gj_yaml_label(&map);
        gj_node items = gj_yaml_need(&map, "items");
        gj_yaml_map_end(&map);
        size_t item_count = gj_yaml_pair_count(reader, items, "items");
        if (!gj_load_count_ok(load, items, total + item_count, GJ_LOAD_CATEGORIES_MAX)) {
            return;
        }
        for (size_t j = 0; j < item_count; j++) {
            struct gj_category *category = &categories[total++];
            gj_node item = gj_yaml_pair(reader, items, j, &category->code);
            category->group = groups[i].code;
            read_category(load, item, category);
        }
    }
    qsort(categories, total, sizeof *categories, compare_category);
    for (size_t i = 1; i < total; i++) {
        if (compare_category(&categories[i - 1], &categories[i]) == 0) {
            gj_yaml_problem(
                reader, node, "the category \"%s\" stands twice", categories[i].code == NULL ? "" : categories[i].code);
        }
    }
    load->policy->groups = groups;
    load->policy->group_count = count;
    load->policy->categories = categories;
    load->policy->category_count = total;
}

static void read_keyword(struct gj_load *load, gj_node node, struct gj_keyword *keyword)
{
    struct gj_reader *reader = &load->reader;
    struct gj_map map;
    (void)gj_yaml_map(reader, node, "a keyword rule", &map);
    keyword->word = gj_yaml_text(reader, gj_yaml_need(&map, "word"), 60);
    keyword->raise_to = 0xff;
    gj_node category = gj_yaml_get(&map, "category");
    gj_node raise = gj_yaml_get(&map, "raise_to");
    int64_t steps = 0;
    bool by_steps = gj_yaml_int(reader, gj_yaml_get(&map, "raise_by"), 1, 1, &steps);
    keyword->raise_by = (uint8_t)steps;
    if (category == NULL && raise == NULL && !by_steps) {
        gj_yaml_problem(reader, node, "category, raise_to or raise_by is expected");
    }
    if (category != NULL) {
        keyword->category = gj_yaml_name(reader, category);
        if (keyword->category != NULL && gj_policy_category(load->policy, keyword->category) == NULL) {
            gj_yaml_problem(reader, category, "the category \"%s\" is not known", keyword->category);
        }
    }
    if (raise != NULL) {
        uint32_t set = gj_load_priority_set(load, raise);
        for (uint8_t i = 0; i < GJ_PRIORITIES_MAX; i++) {
            if ((set >> i) & 1u) {
                keyword->raise_to = i;
                break;
            }
        }
    }
    gj_yaml_map_end(&map);
}

static void read_keywords(struct gj_load *load, gj_node node)
{
    struct gj_reader *reader = &load->reader;
    size_t count = gj_yaml_item_count(reader, node);
    struct gj_keyword *keywords = GJ_YAML_ARRAY(reader, count, struct gj_keyword);
    if (keywords == NULL || !gj_load_count_ok(load, node, count, GJ_LOAD_ITEMS_MAX)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        read_keyword(load, gj_yaml_item(reader, node, i), &keywords[i]);
    }
    load->policy->keywords = keywords;
    load->policy->keyword_count = count;
}

void gj_load_taxonomy(struct gj_load *load, gj_node root)
{
    struct gj_map map;
    (void)gj_yaml_map(&load->reader, root, "the file", &map);
    read_options(load, gj_yaml_need(&map, "channels"), "channels", &load->policy->channels);
    read_options(load, gj_yaml_need(&map, "areas"), "areas", &load->policy->areas);
    read_options(load, gj_yaml_need(&map, "warranties"), "warranties", &load->policy->warranties);
    read_options(load, gj_yaml_get(&map, "vulnerable"), "vulnerable", &load->policy->vulnerable);
    read_trades(load, gj_yaml_need(&map, "trades"));
    read_groups(load, gj_yaml_need(&map, "groups"));
    read_keywords(load, gj_yaml_get(&map, "keywords"));
    gj_yaml_map_end(&map);
}
