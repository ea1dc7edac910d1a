#include "common/policy/load.h"

#include <string.h>

#include "common/policy/access.h"

bool gj_load_count_ok(struct gj_load *load, gj_node node, size_t count, size_t max)
{
    if (count > max) {
        gj_yaml_problem(&load->reader, node, "%zu entries are too many; at most %zu", count, max);
        return false;
    }
    return true;
}

/* --- Roles and relations -------------------------------------------------------------------------------------- */

static size_t role_words(const struct gj_load *load, const char *words[64])
{
    size_t count = 0;
    words[count++] = "system";
    for (size_t i = 0; i < load->policy->role_count && count < 64; i++) {
        words[count++] = load->policy->roles[i].code;
    }
    return count;
}

static bool role_number(const struct gj_load *load, const char *word, uint8_t *out)
{
    if (strcmp(word, "system") == 0) {
        *out = GJ_ROLE_SYSTEM;
        return true;
    }
    const struct gj_role *role = gj_policy_role(load->policy, word);
    if (role == NULL) {
        return false;
    }
    *out = role->number;
    return true;
}

static void unknown_role(struct gj_load *load, gj_node node, const char *word)
{
    const char *words[64];
    size_t count = role_words(load, words);
    gj_yaml_unknown(&load->reader, node, "the role", word, words, count);
}

static enum gj_relation read_relation(struct gj_load *load, gj_node node, const char *word)
{
    enum gj_relation relation = gj_relation_by_word(word);
    if (relation == GJ_RELATION_NONE) {
        static const char *const words[] = {
#define WORD(name, number, text, zh, en) text,
            GJ_RELATION_LIST(WORD)
#undef WORD
        };
        gj_yaml_unknown(&load->reader, node, "the relation", word, words, sizeof words / sizeof words[0]);
    }
    return relation;
}

/* "tech", "assignee" or "tech as assignee". */
static bool read_who(struct gj_load *load, gj_node node, struct gj_who *out)
{
    const char *raw = gj_yaml_text(&load->reader, node, 100);
    if (raw == NULL) {
        return false;
    }
    char role[64];
    const char *as = strstr(raw, " as ");
    size_t len = as == NULL ? strlen(raw) : (size_t)(as - raw);
    if (len >= sizeof role) {
        gj_yaml_problem(&load->reader, node, "a role, a relation or \"role as relation\" is expected");
        return false;
    }
    memcpy(role, raw, len);
    role[len] = '\0';
    if (as == NULL && gj_relation_by_word(role) != GJ_RELATION_NONE) {
        *out = (struct gj_who){.any_role = true, .relation = gj_relation_by_word(role)};
        return true;
    }
    if (!role_number(load, role, &out->role)) {
        unknown_role(load, node, role);
        return false;
    }
    const struct gj_role *known = gj_policy_role(load->policy, role);
    out->staff = known != NULL && known->staff;
    if (as != NULL) {
        out->relation = read_relation(load, node, as + 4);
    }
    return as == NULL || out->relation != GJ_RELATION_NONE;
}

void gj_load_who(struct gj_load *load, gj_node node, struct gj_who_list *out)
{
    size_t count = gj_yaml_item_count(&load->reader, node);
    if (!gj_load_count_ok(load, node, count, GJ_LOAD_LIST_MAX)) {
        return;
    }
    struct gj_who *items = GJ_YAML_ARRAY(&load->reader, count, struct gj_who);
    if (items == NULL) {
        return;
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        kept += read_who(load, gj_yaml_item(&load->reader, node, i), &items[kept]);
    }
    *out = (struct gj_who_list){items, kept};
}

gj_roles gj_load_roles(struct gj_load *load, gj_node node)
{
    gj_roles roles = 0;
    size_t count = gj_yaml_item_count(&load->reader, node);
    for (size_t i = 0; i < count; i++) {
        gj_node item = gj_yaml_item(&load->reader, node, i);
        const char *word = gj_yaml_name(&load->reader, item);
        uint8_t number;
        if (word == NULL) {
            continue;
        }
        if (role_number(load, word, &number)) {
            roles |= GJ_ROLE_BIT(number);
        } else {
            unknown_role(load, item, word);
        }
    }
    return roles;
}

gj_relations gj_load_relations(struct gj_load *load, gj_node node)
{
    gj_relations relations = 0;
    size_t count = gj_yaml_item_count(&load->reader, node);
    for (size_t i = 0; i < count; i++) {
        gj_node item = gj_yaml_item(&load->reader, node, i);
        const char *word = gj_yaml_name(&load->reader, item);
        enum gj_relation relation = word == NULL ? GJ_RELATION_NONE : read_relation(load, item, word);
        if (relation != GJ_RELATION_NONE) {
            relations |= (gj_relations)1 << relation;
        }
    }
    return relations;
}

void gj_load_rights(struct gj_load *load, gj_node node, struct gj_rights *out)
{
    size_t count = gj_yaml_pair_count(&load->reader, node, "rights");
    for (size_t i = 0; i < count; i++) {
        const char *word;
        gj_node value = gj_yaml_pair(&load->reader, node, i, &word);
        uint8_t number;
        if (word[0] == '\0') {
            continue;
        }
        if (!role_number(load, word, &number) || number == GJ_ROLE_SYSTEM) {
            unknown_role(load, gj_yaml_pair_key(&load->reader, node, i), word);
            continue;
        }
        const char *letters = gj_yaml_text(&load->reader, value, 16);
        if (letters != NULL && !gj_access_letters_parse(letters, strlen(letters), &out->letters[number])) {
            gj_yaml_problem(&load->reader, value,
                "\"%.20s\" is not a set of rights; letters: C create, R read office, r read own, U update, A approve, "
                "X reassign, Z close, E export, L reading is logged; - for none",
                letters);
        }
    }
}

/* --- Priorities, categories ----------------------------------------------------------------------------------- */

uint32_t gj_load_priority_set(struct gj_load *load, gj_node node)
{
    uint32_t set = 0;
    size_t count = gj_yaml_item_count(&load->reader, node);
    for (size_t i = 0; i < count; i++) {
        gj_node item = gj_yaml_item(&load->reader, node, i);
        const char *word = gj_yaml_name(&load->reader, item);
        if (word == NULL) {
            continue;
        }
        const struct gj_priority *priority = gj_policy_priority(load->policy, word);
        if (priority != NULL) {
            set |= UINT32_C(1) << priority->number;
            continue;
        }
        const char *words[GJ_PRIORITIES_MAX];
        size_t known = 0;
        for (size_t p = 0; p < load->policy->priority_count; p++) {
            words[known++] = load->policy->priorities[p].code;
        }
        gj_yaml_unknown(&load->reader, item, "the priority", word, words, known);
    }
    return set;
}

const char *gj_load_category_prefix(struct gj_load *load, gj_node node)
{
    const char *word = gj_yaml_name(&load->reader, node);
    if (word == NULL) {
        return NULL;
    }
    const struct gj_policy *policy = load->policy;
    for (size_t i = 0; i < policy->group_count; i++) {
        if (strcmp(policy->groups[i].code, word) == 0) {
            return word;
        }
    }
    if (gj_policy_category(policy, word) != NULL) {
        return word;
    }
    gj_yaml_problem(&load->reader, node, "\"%.40s\" is neither a category nor a group of categories", word);
    return NULL;
}

/* --- Parts of the kind being read ----------------------------------------------------------------------------- */

uint16_t gj_load_field(struct gj_load *load, gj_node node)
{
    const char *key = gj_yaml_name(&load->reader, node);
    if (key == NULL) {
        return GJ_NO_INDEX;
    }
    const struct gj_kind *kind = load->kind;
    uint16_t at = gj_kind_field(kind, key);
    if (at == GJ_NO_INDEX) {
        const char *words[GJ_FIELDS_MAX];
        for (size_t i = 0; i < kind->field_count; i++) {
            words[i] = kind->fields[i].key;
        }
        gj_yaml_unknown(&load->reader, node, "the field", key, words, kind->field_count);
    }
    return at;
}

void gj_load_field_set(struct gj_load *load, gj_node node, struct gj_field_set *out)
{
    size_t count = gj_yaml_item_count(&load->reader, node);
    for (size_t i = 0; i < count; i++) {
        uint16_t at = gj_load_field(load, gj_yaml_item(&load->reader, node, i));
        if (at != GJ_NO_INDEX) {
            gj_field_set_add(out, at);
        }
    }
}

static gj_states state_word(struct gj_load *load, gj_node node, const char *word)
{
    const struct gj_kind *kind = load->kind;
    if (strcmp(word, "open") == 0) {
        return kind->open_states;
    }
    if (strcmp(word, "closed") == 0) {
        return kind->closed_states | kind->final_states;
    }
    if (strcmp(word, "any") == 0) {
        return kind->open_states | kind->closed_states | kind->final_states;
    }
    const struct gj_state *state = gj_kind_state_by_code(kind, word);
    if (state != NULL) {
        return UINT64_C(1) << state->number;
    }
    const char *words[64 + 3] = {"open", "closed", "any"};
    size_t known = 3;
    for (size_t i = 0; i < kind->state_count; i++) {
        words[known++] = kind->states[i].code;
    }
    gj_yaml_unknown(&load->reader, node, "the state", word, words, known);
    return 0;
}

gj_states gj_load_state_set(struct gj_load *load, gj_node node)
{
    gj_states states = 0;
    size_t count = gj_yaml_item_count(&load->reader, node);
    for (size_t i = 0; i < count; i++) {
        gj_node item = gj_yaml_item(&load->reader, node, i);
        const char *word = gj_yaml_name(&load->reader, item);
        if (word != NULL) {
            states |= state_word(load, item, word);
        }
    }
    return states;
}

uint16_t gj_load_timer_name(struct gj_load *load, const struct gj_kind *kind, gj_node node)
{
    const char *name = gj_yaml_name(&load->reader, node);
    if (name == NULL) {
        return GJ_NO_INDEX;
    }
    uint16_t at = gj_kind_timer(kind, name);
    if (at == GJ_NO_INDEX) {
        const char *words[GJ_TIMERS_MAX];
        for (size_t i = 0; i < kind->timer_count; i++) {
            words[i] = kind->timers[i].name;
        }
        gj_yaml_unknown(&load->reader, node, "the timer", name, words, kind->timer_count);
    }
    return at;
}

/* {create: kind, link: code}, {act_on: link, act: verb}, {act_on_parent: verb}, {log: yes} */
static void read_follow(struct gj_load *load, gj_node node, struct gj_follow *out)
{
    struct gj_map map;
    (void)gj_yaml_map(&load->reader, node, "what follows", &map);
    gj_node create = gj_yaml_get(&map, "create");
    gj_node linked = gj_yaml_get(&map, "act_on");
    gj_node parent = gj_yaml_get(&map, "act_on_parent");
    gj_node log = gj_yaml_get(&map, "log");
    if ((create != NULL) + (linked != NULL) + (parent != NULL) + (log != NULL) != 1) {
        gj_yaml_problem(&load->reader, node, "exactly one of create, act_on, act_on_parent and log is expected");
    } else if (create != NULL) {
        out->op = GJ_FOLLOW_CREATE;
        out->kind = gj_yaml_name(&load->reader, create);
        out->link = gj_yaml_name(&load->reader, gj_yaml_get(&map, "link"));
    } else if (linked != NULL) {
        out->op = GJ_FOLLOW_ACT_LINKED;
        out->link = gj_yaml_name(&load->reader, linked);
        out->act = gj_yaml_name(&load->reader, gj_yaml_need(&map, "act"));
    } else if (parent != NULL) {
        out->op = GJ_FOLLOW_ACT_PARENT;
        out->act = gj_yaml_name(&load->reader, parent);
    } else {
        out->op = GJ_FOLLOW_LOG;
        bool yes = true;
        (void)gj_yaml_bool(&load->reader, log, &yes);
    }
    gj_yaml_map_end(&map);
}

void gj_load_follow(struct gj_load *load, gj_node node, const struct gj_follow **out, size_t *count)
{
    size_t items = gj_yaml_item_count(&load->reader, node);
    if (items == 0 || !gj_load_count_ok(load, node, items, GJ_LOAD_SHORT_LIST_MAX)) {
        return;
    }
    struct gj_follow *follow = GJ_YAML_ARRAY(&load->reader, items, struct gj_follow);
    if (follow == NULL) {
        return;
    }
    for (size_t i = 0; i < items; i++) {
        read_follow(load, gj_yaml_item(&load->reader, node, i), &follow[i]);
    }
    *out = follow;
    *count = items;
}
