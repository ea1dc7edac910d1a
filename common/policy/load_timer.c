/* Timers of a form: limits, pauses, ladders; and which acts start and stop them. */
#include "common/policy/load.h"

#include <string.h>

/* {limit: 2h, origin: …}, {field: appointment_at, limit: 24h, origin: …}, {limit: 24h, if: complex, then: 48h, …} */
static void read_limit(struct gj_load *load, gj_node node, struct gj_map *map, struct gj_limit *limit)
{
    struct gj_reader *reader = &load->reader;
    limit->file = reader->yaml->name;
    limit->line = gj_yaml_line(node);
    limit->field_at = GJ_NO_INDEX;
    limit->if_field_at = GJ_NO_INDEX;
    gj_node field = gj_yaml_get(map, "field");
    gj_node duration = gj_yaml_get(map, "limit");
    gj_node condition = gj_yaml_get(map, "if");
    gj_node then = condition == NULL ? gj_yaml_get(map, "then") : gj_yaml_need(map, "then");
    if (field == NULL && duration == NULL) {
        gj_yaml_problem(reader, node, "limit or field is expected");
    }
    if (duration != NULL && gj_yaml_duration(reader, duration, &limit->duration)) {
        limit->op = GJ_LIMIT_DURATION;
    }
    if (field != NULL) {
        limit->op = GJ_LIMIT_FIELD;
        limit->field_at = gj_load_field(load, field);
        if (limit->field_at == GJ_NO_INDEX) {
            limit->op = GJ_LIMIT_NONE;
        } else if (gj_field_shape(load->kind->fields[limit->field_at].type) != GJ_SHAPE_TIME) {
            gj_yaml_problem(reader, field, "a time or date field is expected");
        }
    }
    if (condition != NULL) {
        limit->if_field_at = gj_load_field(load, condition);
        (void)gj_yaml_duration(reader, then, &limit->if_duration);
        if (limit->if_field_at != GJ_NO_INDEX && load->kind->fields[limit->if_field_at].type != GJ_FIELD_BOOL) {
            gj_yaml_problem(reader, condition, "a bool field is expected");
        }
    }
    limit->origin = gj_yaml_text(reader, gj_yaml_need(map, "origin"), 200);
}

static void read_limits(struct gj_load *load, gj_node node, struct gj_timer *timer)
{
    struct gj_reader *reader = &load->reader;
    size_t count = gj_yaml_pair_count(reader, node, "limits");
    for (size_t i = 0; i < count; i++) {
        gj_node key_node = gj_yaml_pair_key(reader, node, i);
        const char *key;
        gj_node value = gj_yaml_pair(reader, node, i, &key);
        struct gj_limit limit = {0};
        struct gj_map map;
        (void)gj_yaml_map(reader, value, "a limit", &map);
        read_limit(load, value, &map, &limit);
        gj_yaml_map_end(&map);
        bool all = strcmp(key, "all") == 0;
        if (!load->kind->has_priority && !all) {
            gj_yaml_problem(reader, key_node, "this kind has no priorities: the only limit is \"all\"");
            continue;
        }
        if (all) {
            timer->unranked = limit;
        }
        uint32_t set = all ? UINT32_MAX : gj_load_priority_set(load, key_node);
        for (size_t p = 0; p < GJ_PRIORITIES_MAX; p++) {
            if ((set >> p) & 1u) {
                timer->limits[p] = limit;
            }
        }
    }
}

static void read_category_limits(struct gj_load *load, gj_node node, struct gj_timer *timer)
{
    struct gj_reader *reader = &load->reader;
    size_t count = gj_yaml_item_count(reader, node);
    struct gj_category_limit *limits = GJ_YAML_ARRAY(reader, count, struct gj_category_limit);
    if (limits == NULL || !gj_load_count_ok(load, node, count, GJ_LOAD_LIST_MAX)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        gj_node item = gj_yaml_item(reader, node, i);
        struct gj_map map;
        (void)gj_yaml_map(reader, item, "a limit for a category", &map);
        const char *prefix = gj_load_category_prefix(load, gj_yaml_need(&map, "category"));
        limits[i].prefix = prefix == NULL ? "" : prefix;
        read_limit(load, item, &map, &limits[i].limit);
        gj_yaml_map_end(&map);
    }
    timer->by_category = limits;
    timer->by_category_count = count;
}

static void read_step(struct gj_load *load, gj_node node, struct gj_step *step)
{
    struct gj_reader *reader = &load->reader;
    struct gj_map map;
    (void)gj_yaml_map(reader, node, "a rung of the ladder", &map);
    int64_t share = 0;
    gj_node at = gj_yaml_get(&map, "at");
    gj_node after = gj_yaml_get(&map, "after");
    if (gj_yaml_permille(reader, at, 10000, &share)) {
        step->percent = (uint16_t)(share / 10);
        if (step->percent == 0) {
            gj_yaml_problem(reader, at, "a rung fires at 1 %% or later");
        }
    }
    if (gj_yaml_duration(reader, after, &step->after) && gj_duration_run(step->after) != GJ_RUN_ELAPSED) {
        gj_yaml_problem(reader, after, "minutes or hours past the due time are expected");
    }
    if (at == NULL && after == NULL) {
        gj_yaml_problem(reader, node, "at (a share of the limit) or after (time past it) is expected");
    }
    const char *name = gj_yaml_name(reader, gj_yaml_need(&map, "name"));
    step->name = name == NULL ? "" : name;
    (void)gj_yaml_bool(reader, gj_yaml_get(&map, "breach"), &step->breach);
    gj_load_who(load, gj_yaml_get(&map, "to"), &step->to);
    step->act = gj_yaml_name(reader, gj_yaml_get(&map, "act"));
    gj_load_follow(load, gj_yaml_get(&map, "follow"), &step->follow, &step->follow_count);
    gj_yaml_map_end(&map);
}

static void read_ladder(struct gj_load *load, gj_node node, struct gj_timer *timer)
{
    struct gj_reader *reader = &load->reader;
    size_t count = gj_yaml_item_count(reader, node);
    struct gj_step *steps = GJ_YAML_ARRAY(reader, count, struct gj_step);
    if (steps == NULL || !gj_load_count_ok(load, node, count, GJ_STEPS_MAX)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        gj_node item = gj_yaml_item(reader, node, i);
        read_step(load, item, &steps[i]);
        if (i > 0 && steps[i].percent != 0 && steps[i].percent < steps[i - 1].percent) {
            gj_yaml_problem(reader, item, "rungs are listed in the order in which they fire");
        }
    }
    timer->steps = steps;
    timer->step_count = count;
}

/* `ladder` names one of the form's ladders or is a list of rungs itself. */
static void find_ladder(struct gj_load *load, gj_node node, gj_node ladders, struct gj_timer *timer)
{
    struct gj_reader *reader = &load->reader;
    const char *name = gj_yaml_raw(node);
    if (node == NULL || name == NULL) {
        read_ladder(load, node, timer);
        return;
    }
    const char *words[32];
    size_t known = 0;
    size_t pairs = gj_yaml_pair_count(reader, ladders, "ladders");
    for (size_t p = 0; p < pairs; p++) {
        const char *key;
        gj_node value = gj_yaml_pair(reader, ladders, p, &key);
        if (strcmp(key, name) == 0) {
            read_ladder(load, value, timer);
            return;
        }
        if (known < 32) {
            words[known++] = key;
        }
    }
    gj_yaml_unknown(reader, node, "the ladder", name, words, known);
}

static void bind_acts(struct gj_load *load, gj_node node, uint16_t timer_at, enum gj_timer_op op)
{
    struct gj_reader *reader = &load->reader;
    struct gj_kind *kind = load->kind;
    size_t count = gj_yaml_item_count(reader, node);
    for (size_t i = 0; i < count; i++) {
        gj_node item = gj_yaml_item(reader, node, i);
        const char *name = gj_yaml_name(reader, item);
        if (name == NULL) {
            continue;
        }
        uint16_t act = gj_kind_act(kind, name);
        if (act == GJ_NO_INDEX) {
            const char *words[GJ_LOAD_ACTS_MAX];
            size_t known = 0;
            for (size_t a = 0; a < kind->act_count && known < GJ_LOAD_ACTS_MAX; a++) {
                words[known++] = kind->acts[a].name;
            }
            gj_yaml_unknown(reader, item, "the act", name, words, known);
            continue;
        }
        struct gj_transition *transitions = (struct gj_transition *)kind->transitions; /* ours while we load */
        for (size_t t = 0; t < kind->transition_count; t++) {
            struct gj_transition *transition = &transitions[t];
            if (transition->act_at != act) {
                continue;
            }
            struct gj_timer_change *changes = (struct gj_timer_change *)transition->timers;
            if (changes == NULL) {
                changes = GJ_YAML_ARRAY(reader, GJ_TIMERS_MAX, struct gj_timer_change);
                transition->timers = changes;
            }
            if (changes != NULL && transition->timer_count < GJ_TIMERS_MAX) {
                changes[transition->timer_count++] = (struct gj_timer_change){timer_at, op};
            }
        }
    }
}

static void read_timer(struct gj_load *load, gj_node node, gj_node ladders, uint16_t at, struct gj_timer *timer)
{
    static const struct gj_word from_words[] = {{"received", 1}, {"act", 0}};
    struct gj_reader *reader = &load->reader;
    struct gj_map map;
    (void)gj_yaml_map(reader, node, "a timer", &map);
    timer->file = reader->yaml->name;
    timer->line = gj_yaml_line(node);
    timer->label = gj_yaml_label(&map);
    timer->promise = true;
    int64_t number = 0;
    int from = 0;
    (void)gj_yaml_int(reader, gj_yaml_need(&map, "number"), 1, 250, &number);
    timer->number = (uint8_t)number;
    (void)gj_yaml_word(reader, gj_yaml_need(&map, "from"), "the beginning", from_words, 2, &from);
    timer->from_received = from == 1;
    (void)gj_yaml_bool(reader, gj_yaml_get(&map, "promise"), &timer->promise);
    (void)gj_yaml_bool(reader, gj_yaml_get(&map, "weather"), &timer->weather);
    read_limits(load, gj_yaml_need(&map, "limits"), timer);
    read_category_limits(load, gj_yaml_get(&map, "by_category"), timer);
    gj_node pausable = gj_yaml_get(&map, "pausable");
    const char *word = gj_yaml_raw(pausable);
    timer->pausable = word != NULL && strcmp(word, "all") == 0 ? UINT32_MAX : gj_load_priority_set(load, pausable);
    timer->paused_in = gj_load_state_set(load, gj_yaml_get(&map, "paused_in"));
    timer->runs_in = gj_load_state_set(load, gj_yaml_get(&map, "while"));
    find_ladder(load, gj_yaml_get(&map, "ladder"), ladders, timer);
    bind_acts(load, gj_yaml_get(&map, "stop"), at, GJ_TIMER_STOP);
    bind_acts(load, gj_yaml_need(&map, "start"), at, GJ_TIMER_START);
    gj_yaml_map_end(&map);
    if (timer->pausable != 0 && timer->paused_in == 0) {
        gj_yaml_problem(reader, node, "the timer is pausable, but paused_in names no state");
    }
}

void gj_load_timers(struct gj_load *load, gj_node root)
{
    struct gj_reader *reader = &load->reader;
    struct gj_map map;
    (void)gj_yaml_map(reader, root, "the form", &map);
    gj_node node = gj_yaml_get(&map, "timers");
    gj_node ladders = gj_yaml_get(&map, "ladders");
    size_t count = gj_yaml_pair_count(reader, node, "timers");
    struct gj_timer *timers = GJ_YAML_ARRAY(reader, count, struct gj_timer);
    if (timers == NULL || !gj_load_count_ok(load, node, count, GJ_TIMERS_MAX)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        gj_node value = gj_yaml_pair(reader, node, i, &timers[i].name);
        read_timer(load, value, ladders, (uint16_t)i, &timers[i]);
        for (size_t j = 0; j < i; j++) {
            if (timers[j].number == timers[i].number) {
                gj_yaml_problem(
                    reader, value, "the number %u belongs to \"%s\" already", timers[i].number, timers[j].name);
            }
        }
    }
    load->kind->timers = timers;
    load->kind->timer_count = count;
}
