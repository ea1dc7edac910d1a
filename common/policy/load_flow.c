/* States, acts and transitions of a form. */
#include "common/policy/load.h"

#include <string.h>

#include "common/policy/flow.h"

static const struct gj_word class_words[] = {
    {"open", GJ_STATE_OPEN}, {"closed", GJ_STATE_CLOSED}, {"final", GJ_STATE_FINAL}};
static const struct gj_word phase_words[] = {
    {"intake", 0}, {"dispatch", 1}, {"work", 2}, {"acceptance", 3}, {"follow_up", 4}, {"done", 5}};

static void read_state(struct gj_load *load, gj_node node, struct gj_state *state)
{
    struct gj_reader *reader = &load->reader;
    struct gj_map map;
    (void)gj_yaml_map(reader, node, "a state", &map);
    state->label = gj_yaml_label(&map);
    int64_t number = 0;
    (void)gj_yaml_int(reader, gj_yaml_need(&map, "number"), 1, 63, &number);
    state->number = (uint8_t)number;
    int class = GJ_STATE_OPEN;
    (void)gj_yaml_word(reader, gj_yaml_need(&map, "class"), "the class", class_words, 3, &class);
    state->class = (enum gj_state_class) class;
    int phase = 0;
    (void)gj_yaml_word(reader, gj_yaml_need(&map, "phase"), "the phase", phase_words, 6, &phase);
    state->phase = phase_words[phase].word;
    gj_yaml_map_end(&map);
    if (strcmp(state->code, "open") == 0 || strcmp(state->code, "closed") == 0 || strcmp(state->code, "any") == 0 ||
        strcmp(state->code, "same") == 0) {
        gj_yaml_problem(reader, node, "\"%s\" has a meaning of its own and cannot name a state", state->code);
    }
}

void gj_load_states(struct gj_load *load, gj_node node)
{
    struct gj_kind *kind = load->kind;
    size_t count = gj_yaml_pair_count(&load->reader, node, "states");
    struct gj_state *states = GJ_YAML_ARRAY(&load->reader, count, struct gj_state);
    if (states == NULL || !gj_load_count_ok(load, node, count, GJ_STATES_MAX)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        gj_node value = gj_yaml_pair(&load->reader, node, i, &states[i].code);
        read_state(load, value, &states[i]);
        uint8_t number = states[i].number;
        if (number == 0) {
            continue;
        }
        if (kind->state_at[number] != 0) {
            gj_yaml_problem(&load->reader, value, "the number %u belongs to another state already", number);
            continue;
        }
        kind->state_at[number] = (uint8_t)(i + 1);
        gj_states bit = UINT64_C(1) << number;
        kind->open_states |= states[i].class == GJ_STATE_OPEN ? bit : 0;
        kind->closed_states |= states[i].class == GJ_STATE_CLOSED ? bit : 0;
        kind->final_states |= states[i].class == GJ_STATE_FINAL ? bit : 0;
    }
    kind->states = states;
    kind->state_count = count;
}

void gj_load_acts(struct gj_load *load, gj_node node)
{
    static const char *const built_in[] = {
#define BUILT_IN(name, number, verb) verb,
        GJ_FLOW_ACT_LIST(BUILT_IN)
#undef BUILT_IN
    };
    struct gj_reader *reader = &load->reader;
    size_t count = gj_yaml_pair_count(reader, node, "acts");
    struct gj_act *acts = GJ_YAML_ARRAY(reader, count, struct gj_act);
    if (acts == NULL || !gj_load_count_ok(load, node, count, GJ_LOAD_ACTS_MAX)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct gj_map map;
        gj_node value = gj_yaml_pair(reader, node, i, &acts[i].name);
        (void)gj_yaml_map(reader, value, "an act", &map);
        acts[i].label = gj_yaml_label(&map);
        int64_t number = 0;
        (void)gj_yaml_int(reader, gj_yaml_need(&map, "number"), 1, 59999, &number);
        acts[i].number = (uint16_t)number;
        gj_yaml_map_end(&map);
        for (size_t j = 0; j < i; j++) {
            if (acts[j].number == acts[i].number) {
                gj_yaml_problem(reader, value, "the number %u belongs to \"%s\" already", acts[i].number, acts[j].name);
            }
        }
        for (size_t j = 0; j < sizeof built_in / sizeof built_in[0]; j++) {
            if (strcmp(built_in[j], acts[i].name) == 0) {
                gj_yaml_problem(reader, value, "every kind has the act \"%s\"; it is not declared", acts[i].name);
            }
        }
    }
    load->kind->acts = acts;
    load->kind->act_count = count;
}

/* --- Transitions ---------------------------------------------------------------------------------------------- */

static uint16_t read_act_name(struct gj_load *load, gj_node node)
{
    const char *name = gj_yaml_name(&load->reader, node);
    if (name == NULL) {
        return 0;
    }
    uint16_t at = gj_kind_act(load->kind, name);
    if (at == GJ_NO_INDEX) {
        const char *words[GJ_LOAD_ACTS_MAX];
        size_t count = 0;
        for (size_t i = 0; i < load->kind->act_count && count < GJ_LOAD_ACTS_MAX; i++) {
            words[count++] = load->kind->acts[i].name;
        }
        gj_yaml_unknown(&load->reader, node, "the act", name, words, count);
        return 0;
    }
    return at;
}

static bool parse_set(struct gj_load *load, gj_node node, const struct gj_field *field, struct gj_set *set)
{
    const char *word = gj_yaml_text(&load->reader, node, 60);
    if (word == NULL) {
        return false;
    }
    bool number = field->type == GJ_FIELD_NUMBER;
    if (strcmp(word, "+1") == 0 && number) {
        set->op = GJ_SET_ADD;
        set->number = 1;
        return true;
    }
    if (strcmp(word, "actor") == 0 && field->type == GJ_FIELD_USER) {
        set->op = GJ_SET_ACTOR;
        return true;
    }
    if (strcmp(word, "now") == 0 && (field->type == GJ_FIELD_TIME || field->type == GJ_FIELD_DATE)) {
        set->op = GJ_SET_NOW;
        return true;
    }
    if (strcmp(word, "clear") == 0) {
        set->op = GJ_SET_CLEAR;
        return true;
    }
    if (strncmp(word, "copy ", 5) == 0) {
        set->op = GJ_SET_COPY;
        set->from_at = gj_kind_field(load->kind, word + 5);
        if (set->from_at != GJ_NO_INDEX && load->kind->fields[set->from_at].type == field->type) {
            return true;
        }
    }
    for (size_t i = 0; i < field->choice_count; i++) {
        if (strcmp(field->choices[i].code, word) == 0) {
            set->op = GJ_SET_TEXT;
            set->text = field->choices[i].code;
            return true;
        }
    }
    gj_yaml_problem(&load->reader, node,
        "\"%s\" cannot be set on a %s field; known: +1 (number), actor (user), now (time), clear, copy FIELD of the "
        "same type, or one of its choices",
        word, gj_field_type_word(field->type));
    return false;
}

static void read_sets(struct gj_load *load, gj_node node, struct gj_transition *transition)
{
    struct gj_reader *reader = &load->reader;
    size_t count = gj_yaml_pair_count(reader, node, "set");
    struct gj_set *sets = GJ_YAML_ARRAY(reader, count, struct gj_set);
    if (sets == NULL || !gj_load_count_ok(load, node, count, GJ_LOAD_SHORT_LIST_MAX)) {
        return;
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const char *key;
        gj_node value = gj_yaml_pair(reader, node, i, &key);
        uint16_t at = gj_load_field(load, gj_yaml_pair_key(reader, node, i));
        if (at == GJ_NO_INDEX) {
            continue;
        }
        const struct gj_field *field = &load->kind->fields[at];
        sets[kept].field_at = at;
        if (!parse_set(load, value, field, &sets[kept])) {
            continue;
        }
        /* The time of something that happened is now unless it was told. */
        bool stamped = field->happened && sets[kept].op == GJ_SET_NOW;
        if (!field->computed && field->head == GJ_HEAD_NONE && !stamped) {
            gj_yaml_problem(reader, value, "only computed fields and those of the head can be set by a transition");
        }
        kept++;
    }
    transition->sets = sets;
    transition->set_count = kept;
}

/* means: {field: accepted_by_means, since: done_at, ways: {signature: {by: […], evidence: owner_signature}}} */
static void read_means(struct gj_load *load, gj_node node, struct gj_transition *transition)
{
    struct gj_reader *reader = &load->reader;
    transition->means_field_at = GJ_NO_INDEX;
    transition->since_field_at = GJ_NO_INDEX;
    if (node == NULL) {
        return;
    }
    struct gj_map map;
    (void)gj_yaml_map(reader, node, "means", &map);
    gj_node field = gj_yaml_need(&map, "field");
    transition->means_field_at = field == NULL ? GJ_NO_INDEX : gj_load_field(load, field);
    gj_node since = gj_yaml_get(&map, "since");
    transition->since_field_at = since == NULL ? GJ_NO_INDEX : gj_load_field(load, since);
    if (transition->since_field_at != GJ_NO_INDEX &&
        load->kind->fields[transition->since_field_at].type != GJ_FIELD_TIME) {
        gj_yaml_problem(reader, since, "since names a time field");
    }
    gj_node ways = gj_yaml_need(&map, "ways");
    gj_yaml_map_end(&map);
    size_t count = gj_yaml_pair_count(reader, ways, "ways");
    struct gj_means *means = GJ_YAML_ARRAY(reader, count, struct gj_means);
    if (means == NULL || !gj_load_count_ok(load, ways, count, GJ_LOAD_SHORT_LIST_MAX)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct gj_map way;
        (void)gj_yaml_map(reader, gj_yaml_pair(reader, ways, i, &means[i].code), "a way", &way);
        gj_load_who(load, gj_yaml_need(&way, "by"), &means[i].by);
        gj_node evidence = gj_yaml_get(&way, "evidence");
        means[i].evidence_at = evidence == NULL ? GJ_NO_INDEX : gj_load_field(load, evidence);
        gj_yaml_map_end(&way);
    }
    transition->means = means;
    transition->means_count = count;
}

static void read_target(struct gj_load *load, gj_node node, struct gj_transition *transition)
{
    const char *raw = gj_yaml_raw(node);
    if (raw != NULL && strcmp(raw, "same") == 0) {
        transition->stay = true;
        return;
    }
    size_t count = gj_yaml_item_count(&load->reader, node);
    gj_states states = gj_load_state_set(load, node);
    if (node != NULL && count == 1 && states != 0 && (states & (states - 1)) == 0) {
        while ((states >>= 1) != 0) {
            transition->to++;
        }
    } else if (node != NULL && states != 0) {
        gj_yaml_problem(&load->reader, node, "one state or \"same\" is expected");
    }
}

static void read_source(struct gj_load *load, struct gj_map *map, struct gj_transition *transition)
{
    const char *act = load->kind->act_count > 0 ? load->kind->acts[transition->act_at].name : "";
    bool create = strcmp(act, "create") == 0;
    gj_node from = create ? gj_yaml_get(map, "from") : gj_yaml_need(map, "from");
    if (create && from != NULL) {
        gj_yaml_problem(&load->reader, from, "create begins a record: it has no \"from\"");
    }
    if (create && transition->stay) {
        gj_yaml_problem(&load->reader, map->node, "create needs the state the record begins in");
    }
    transition->from = create ? UINT64_C(1) << GJ_STATE_NONE : gj_load_state_set(load, from);
}

static void read_transition(struct gj_load *load, gj_node node, struct gj_transition *transition)
{
    struct gj_reader *reader = &load->reader;
    struct gj_map map;
    (void)gj_yaml_map(reader, node, "a transition", &map);
    transition->file = reader->yaml->name;
    transition->line = gj_yaml_line(node);
    transition->act_at = read_act_name(load, gj_yaml_need(&map, "act"));
    read_target(load, gj_yaml_need(&map, "to"), transition);
    read_source(load, &map, transition);
    (void)gj_yaml_bool(reader, gj_yaml_get(&map, "automatic"), &transition->automatic);
    gj_load_who(load, gj_yaml_need(&map, "by"), &transition->by);
    transition->forbid = gj_load_relations(load, gj_yaml_get(&map, "forbid"));
    transition->forbid_for = gj_load_priority_set(load, gj_yaml_get(&map, "forbid_for"));
    gj_load_field_set(load, gj_yaml_get(&map, "need"), &transition->need);
    gj_load_field_set(load, gj_yaml_get(&map, "need_now"), &transition->need_now);
    gj_load_field_set(load, gj_yaml_get(&map, "may"), &transition->optional);
    gj_load_conditions(load, gj_yaml_get(&map, "when"), &transition->when);
    gj_load_who(load, gj_yaml_get(&map, "approve"), &transition->approve);
    gj_node office = gj_yaml_get(&map, "approve_at");
    transition->approve_office_at = office == NULL ? GJ_NO_INDEX : gj_load_field(load, office);
    if (office != NULL && transition->approve_office_at != GJ_NO_INDEX &&
        load->kind->fields[transition->approve_office_at].type != GJ_FIELD_OFFICE) {
        gj_yaml_problem(reader, office, "approve_at names an office field");
    }
    read_means(load, gj_yaml_get(&map, "means"), transition);
    read_sets(load, gj_yaml_get(&map, "set"), transition);
    transition->marks = gj_load_relations(load, gj_yaml_get(&map, "marks"));
    transition->unmarks = gj_load_relations(load, gj_yaml_get(&map, "unmarks"));
    (void)gj_yaml_duration(reader, gj_yaml_get(&map, "within"), &transition->within);
    gj_load_who(load, gj_yaml_get(&map, "tell"), &transition->tell);
    gj_load_follow(load, gj_yaml_get(&map, "follow"), &transition->follow, &transition->follow_count);
    gj_yaml_map_end(&map);
}

void gj_load_transitions(struct gj_load *load, gj_node node)
{
    size_t count = gj_yaml_item_count(&load->reader, node);
    struct gj_transition *transitions = GJ_YAML_ARRAY(&load->reader, count, struct gj_transition);
    if (transitions == NULL || !gj_load_count_ok(load, node, count, GJ_LOAD_TRANSITIONS_MAX)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        read_transition(load, gj_yaml_item(&load->reader, node, i), &transitions[i]);
    }
    load->kind->transitions = transitions;
    load->kind->transition_count = count;
}
