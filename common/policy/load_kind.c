/* One form: forms/NAME.yaml. */
#include "common/policy/load.h"

#include <string.h>

static void read_series(struct gj_load *load, gj_node node, struct gj_series *series)
{
    struct gj_reader *reader = &load->reader;
    const char *pattern = gj_yaml_text(reader, node, 60);
    if (pattern == NULL) {
        return;
    }
    const char *office = strstr(pattern, "{office}");
    const char *year = strstr(pattern, "{yyyy}");
    const char *seq = strstr(pattern, "{seq:");
    size_t prefix = strcspn(pattern, "{");
    size_t braces = 0;
    for (const char *at = pattern; *at != '\0'; at++) {
        braces += *at == '{' || *at == '}';
    }
    bool digits = seq != NULL && seq[5] >= '4' && seq[5] <= '9' && seq[6] == '}' && seq[7] == '\0';
    bool letters = prefix == strspn(pattern, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") && prefix >= 1 && prefix <= 4;
    if (office == NULL || year == NULL || !digits || !letters || braces != 6) {
        gj_yaml_problem(reader, node,
            "a series is 1 to 4 capital letters, {office}, {yyyy} and at the end {seq:N} with N from 4 to 9, such as "
            "\"WX{office}{yyyy}{seq:6}\"");
        return;
    }
    char *copy = GJ_YAML_ARRAY(reader, prefix + 1, char);
    if (copy != NULL) {
        memcpy(copy, pattern, prefix);
    }
    *series = (struct gj_series){pattern, copy, (uint8_t)(seq[5] - '0')};
}

static void read_head(struct gj_load *load, gj_node node, struct gj_kind *kind)
{
    struct gj_reader *reader = &load->reader;
    struct gj_map map;
    (void)gj_yaml_map(reader, node, "kind", &map);
    const char *code = gj_yaml_name(reader, gj_yaml_need(&map, "code"));
    kind->code = code == NULL ? "" : code;
    int64_t number = 0;
    (void)gj_yaml_int(reader, gj_yaml_need(&map, "number"), 1, 60000, &number);
    kind->number = (uint16_t)number;
    kind->label = gj_yaml_label(&map);
    (void)gj_yaml_bool(reader, gj_yaml_get(&map, "priorities"), &kind->has_priority);
    kind->priorities = kind->has_priority ? load->policy->priorities : NULL;
    kind->priority_count = kind->has_priority ? load->policy->priority_count : 0;
    read_series(load, gj_yaml_need(&map, "series"), &kind->series);
    gj_node retention = gj_yaml_need(&map, "retention");
    const char *word = gj_yaml_raw(retention);
    if (word == NULL || strcmp(word, "for_ever") != 0) {
        (void)gj_yaml_duration(reader, retention, &kind->retention);
    }
    kind->late_entry = load->policy->settings.receipt_late;
    (void)gj_yaml_duration(reader, gj_yaml_get(&map, "late_entry"), &kind->late_entry);
    kind->lower_priority = gj_load_roles(load, gj_yaml_get(&map, "lower_priority"));
    gj_yaml_map_end(&map);
}

static void read_titles(struct gj_load *load, gj_node node, struct gj_kind *kind)
{
    struct gj_reader *reader = &load->reader;
    size_t count = gj_yaml_item_count(reader, node);
    struct gj_label *titles = GJ_YAML_ARRAY(reader, count, struct gj_label);
    if (titles == NULL || !gj_load_count_ok(load, node, count, GJ_LOAD_SHORT_LIST_MAX)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct gj_map map;
        (void)gj_yaml_map(reader, gj_yaml_item(reader, node, i), "a title", &map);
        titles[i] = gj_yaml_label(&map);
        gj_yaml_map_end(&map);
    }
    kind->print_titles = titles;
    kind->print_title_count = count;
}

static void read_links(struct gj_load *load, gj_node node, struct gj_kind *kind)
{
    struct gj_reader *reader = &load->reader;
    size_t count = gj_yaml_pair_count(reader, node, "links");
    struct gj_link_type *links = GJ_YAML_ARRAY(reader, count, struct gj_link_type);
    if (links == NULL || !gj_load_count_ok(load, node, count, GJ_LOAD_SHORT_LIST_MAX)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct gj_map map;
        (void)gj_yaml_map(reader, gj_yaml_pair(reader, node, i, &links[i].code), "a link", &map);
        links[i].label = gj_yaml_label(&map);
        links[i].kind = gj_yaml_name(reader, gj_yaml_get(&map, "kind"));
        (void)gj_yaml_bool(reader, gj_yaml_get(&map, "paper"), &links[i].paper);
        gj_yaml_map_end(&map);
    }
    kind->links = links;
    kind->link_count = count;
}

static size_t read_indexes(struct gj_load *load, gj_node node, uint16_t *out, size_t max)
{
    size_t count = gj_yaml_item_count(&load->reader, node);
    if (!gj_load_count_ok(load, node, count, max)) {
        return 0;
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        uint16_t at = gj_load_field(load, gj_yaml_item(&load->reader, node, i));
        if (at != GJ_NO_INDEX) {
            out[kept++] = at;
        }
    }
    return kept;
}

static void read_figures(struct gj_load *load, gj_node node, struct gj_kind *kind)
{
    static const struct gj_word formulas[] = {{"share_in_time", 0}, {"share_first_pass", 1}, {"share_redone", 2},
        {"share_followed_up", 3}, {"share_satisfied", 4}, {"count", 5}, {"count_by_choice", 6},
        {"share_of_subjects", 7}};
    struct gj_reader *reader = &load->reader;
    size_t count = gj_yaml_pair_count(reader, node, "figures");
    struct gj_figure *figures = GJ_YAML_ARRAY(reader, count, struct gj_figure);
    if (figures == NULL || !gj_load_count_ok(load, node, count, GJ_LOAD_SHORT_LIST_MAX)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct gj_figure *figure = &figures[i];
        struct gj_map map;
        (void)gj_yaml_map(reader, gj_yaml_pair(reader, node, i, &figure->code), "a figure", &map);
        figure->label = gj_yaml_label(&map);
        int formula = 0;
        (void)gj_yaml_word(reader, gj_yaml_need(&map, "formula"), "the formula", formulas, 8, &formula);
        figure->formula = formulas[formula].word;
        gj_node timer = gj_yaml_get(&map, "timer");
        if (timer != NULL && gj_load_timer_name(load, kind, timer) != GJ_NO_INDEX) {
            figure->timer = gj_yaml_name(reader, timer);
        }
        int64_t min = -1;
        int64_t max = -1;
        (void)gj_yaml_permille(reader, gj_yaml_get(&map, "min"), 1000, &min);
        (void)gj_yaml_permille(reader, gj_yaml_get(&map, "max"), 1000, &max);
        figure->min_permille = (int32_t)min;
        figure->max_permille = (int32_t)max;
        figure->origin = gj_yaml_text(reader, gj_yaml_need(&map, "origin"), 200);
        gj_yaml_map_end(&map);
    }
    kind->figures = figures;
    kind->figure_count = count;
}

static uint16_t read_act(struct gj_load *load, gj_node node, const struct gj_kind *kind)
{
    const char *name = gj_yaml_name(&load->reader, node);
    uint16_t at = name == NULL ? GJ_NO_INDEX : gj_kind_act(kind, name);
    if (name != NULL && at == GJ_NO_INDEX) {
        gj_yaml_problem(&load->reader, node, "the act \"%s\" is not one of the form's", name);
    }
    return at;
}

/* dispatch: {in: TRIAGED, assign: assign, offer: offer} */
static void read_dispatch(struct gj_load *load, gj_node node, struct gj_kind *kind)
{
    struct gj_map map;
    if (node == NULL) {
        return;
    }
    (void)gj_yaml_map(&load->reader, node, "dispatch", &map);
    gj_node in = gj_yaml_need(&map, "in");
    const char *code = gj_yaml_name(&load->reader, in);
    const struct gj_state *state = code == NULL ? NULL : gj_kind_state_by_code(kind, code);
    if (code != NULL && (state == NULL || state->class != GJ_STATE_OPEN)) {
        gj_yaml_problem(&load->reader, in, "\"%s\" is not an open state of the form", code);
    }
    kind->dispatch.state = state == NULL ? GJ_STATE_NONE : state->number;
    kind->dispatch.assign_at = read_act(load, gj_yaml_need(&map, "assign"), kind);
    kind->dispatch.offer_at = read_act(load, gj_yaml_need(&map, "offer"), kind);
    gj_yaml_map_end(&map);
}

void gj_load_kind(struct gj_load *load, gj_node root, struct gj_kind *kind)
{
    struct gj_reader *reader = &load->reader;
    struct gj_map map;
    load->kind = kind;
    kind->file = reader->yaml->name;
    (void)gj_yaml_map(reader, root, "the form", &map);
    read_head(load, gj_yaml_need(&map, "kind"), kind);
    read_titles(load, gj_yaml_get(&map, "print_titles"), kind);
    gj_load_fields(load, gj_yaml_need(&map, "fields"));
    read_links(load, gj_yaml_get(&map, "links"), kind);
    gj_load_states(load, gj_yaml_need(&map, "states"));
    gj_load_acts(load, gj_yaml_need(&map, "acts"));
    gj_load_transitions(load, gj_yaml_need(&map, "transitions"));
    read_dispatch(load, gj_yaml_get(&map, "dispatch"), kind);
    gj_load_timers(load, root);
    (void)gj_yaml_get(&map, "timers");
    (void)gj_yaml_get(&map, "ladders");
    gj_load_rights(load, gj_yaml_need(&map, "rights"), &kind->rights);
    kind->search_count = read_indexes(load, gj_yaml_get(&map, "search"), kind->search, 16);
    kind->list_count = read_indexes(load, gj_yaml_get(&map, "list"), kind->list, 24);
    for (size_t i = 0; i < kind->search_count; i++) {
        ((struct gj_field *)kind->fields)[kind->search[i]].search = true;
    }
    read_figures(load, gj_yaml_get(&map, "figures"), kind);
    gj_yaml_map_end(&map);
    load->kind = NULL;
}
