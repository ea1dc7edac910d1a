/* company.yaml: the roles of the company, and the guarded things that are no record kinds. */
#include "common/policy/load.h"

static const struct gj_word reach_words[] = {
    {"own", GJ_REACH_OWN_RECORDS}, {"office", GJ_REACH_OFFICE}, {"region", GJ_REACH_REGION}, {"group", GJ_REACH_GROUP}};

static void read_role(struct gj_load *load, gj_node node, struct gj_role *role)
{
    struct gj_reader *reader = &load->reader;
    struct gj_map map;
    (void)gj_yaml_map(reader, node, "a role", &map);
    int64_t number = 0;
    int reach = GJ_REACH_OFFICE;
    (void)gj_yaml_int(reader, gj_yaml_need(&map, "number"), 1, 63, &number);
    (void)gj_yaml_word(reader, gj_yaml_need(&map, "reach"), "the reach", reach_words, 4, &reach);
    role->number = (uint8_t)number;
    role->reach = (enum gj_reach)reach;
    role->label = gj_yaml_label(&map);
    role->staff = true;
    (void)gj_yaml_bool(reader, gj_yaml_get(&map, "staff"), &role->staff);
    (void)gj_yaml_bool(reader, gj_yaml_get(&map, "delegable"), &role->delegable);
    (void)gj_yaml_bool(reader, gj_yaml_get(&map, "logged_outside"), &role->logged_outside);
    (void)gj_yaml_bool(reader, gj_yaml_get(&map, "logged_always"), &role->logged_always);
    (void)gj_yaml_get(&map, "grants"); /* read when every role is known */
    gj_yaml_map_end(&map);
}

static void read_grants(struct gj_load *load, gj_node node, struct gj_role *role)
{
    struct gj_map map;
    if (node->type == YAML_MAPPING_NODE && gj_yaml_map(&load->reader, node, "a role", &map)) {
        role->grants = gj_load_roles(load, gj_yaml_get(&map, "grants"));
    }
}

static void read_roles(struct gj_load *load, gj_node node)
{
    struct gj_reader *reader = &load->reader;
    struct gj_policy *policy = load->policy;
    size_t count = gj_yaml_pair_count(reader, node, "roles");
    if (!gj_load_count_ok(load, node, count, GJ_ROLES_MAX)) {
        return;
    }
    struct gj_role *roles = GJ_YAML_ARRAY(reader, count, struct gj_role);
    if (roles == NULL) {
        return;
    }
    policy->roles = roles;
    policy->role_count = count;
    for (size_t i = 0; i < count; i++) {
        gj_node value = gj_yaml_pair(reader, node, i, &roles[i].code);
        read_role(load, value, &roles[i]);
        uint8_t number = roles[i].number;
        if (number != 0 && policy->role_at[number] != 0) {
            gj_yaml_problem(reader, value, "the number %u belongs to another role already", number);
        } else if (number != 0) {
            policy->role_at[number] = (uint8_t)(i + 1);
        }
        if (gj_relation_by_word(roles[i].code) != GJ_RELATION_NONE) {
            gj_yaml_problem(reader, value, "\"%s\" is the name of a relation and cannot be a role", roles[i].code);
        }
    }
    for (size_t i = 0; i < count; i++) {
        const char *code;
        read_grants(load, gj_yaml_pair(reader, node, i, &code), &roles[i]);
    }
}

static gj_parts read_parts(struct gj_reader *reader, gj_node node)
{
    static const char *const words[] = {
#define WORD(name, word) word,
        GJ_PARTS(WORD)
#undef WORD
    };
    gj_parts parts = 0;
    size_t count = gj_yaml_item_count(reader, node);
    for (size_t i = 0; i < count; i++) {
        gj_node item = gj_yaml_item(reader, node, i);
        const char *word = gj_yaml_name(reader, item);
        unsigned at = 0;
        while (word != NULL && at < GJ_PART_COUNT && strcmp(words[at], word) != 0) {
            at++;
        }
        if (word != NULL && at == GJ_PART_COUNT) {
            gj_yaml_problem(reader, item, "\"%.40s\" is no part of a file", word);
        } else if (word != NULL) {
            parts |= GJ_PART_BIT(at);
        }
    }
    return parts;
}

/* shows: {guard: [name, vehicles]}: the others of the roles with rights see all of it. */
static void read_shows(struct gj_load *load, gj_node node, struct gj_guarded *subject)
{
    struct gj_reader *reader = &load->reader;
    size_t count = gj_yaml_pair_count(reader, node, "shows");
    for (size_t i = 0; i < count; i++) {
        const char *code = "";
        gj_node value = gj_yaml_pair(reader, node, i, &code);
        const struct gj_role *role = NULL;
        for (size_t k = 0; k < load->policy->role_count && code[0] != '\0'; k++) {
            role = strcmp(load->policy->roles[k].code, code) == 0 ? &load->policy->roles[k] : role;
        }
        if (role == NULL || subject->rights.letters[role->number] == 0) {
            gj_yaml_problem(reader, gj_yaml_pair_key(reader, node, i), "\"%.40s\" is no role with rights here", code);
            continue;
        }
        subject->hides[role->number] = GJ_PARTS_ALL & ~read_parts(reader, value);
    }
}

static void read_subjects(struct gj_load *load, gj_node node)
{
    struct gj_reader *reader = &load->reader;
    size_t count = gj_yaml_pair_count(reader, node, "subjects");
    struct gj_guarded *subjects = GJ_YAML_ARRAY(reader, count, struct gj_guarded);
    if (subjects == NULL || !gj_load_count_ok(load, node, count, GJ_LOAD_LIST_MAX)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct gj_map map;
        (void)gj_yaml_map(reader, gj_yaml_pair(reader, node, i, &subjects[i].code), "a guarded thing", &map);
        subjects[i].label = gj_yaml_label(&map);
        gj_load_rights(load, gj_yaml_need(&map, "rights"), &subjects[i].rights);
        gj_node shows = gj_yaml_get(&map, "shows");
        if (shows != NULL) {
            read_shows(load, shows, &subjects[i]);
        }
        gj_yaml_map_end(&map);
    }
    load->policy->subjects = subjects;
    load->policy->subject_count = count;
}

void gj_load_company(struct gj_load *load, gj_node root)
{
    struct gj_map map;
    (void)gj_yaml_map(&load->reader, root, "the file", &map);
    read_roles(load, gj_yaml_need(&map, "roles"));
    read_subjects(load, gj_yaml_need(&map, "subjects"));
    gj_yaml_map_end(&map);
}
