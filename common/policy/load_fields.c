/* The fields of a form. */
#include "common/policy/load.h"

#include <string.h>

static const struct gj_word type_words[] = {
#define TYPE_WORD(name, word, shape) {word, GJ_FIELD_##name},
    GJ_FIELD_TYPE_LIST(TYPE_WORD)
#undef TYPE_WORD
};
static const struct gj_word personal_words[] = {{"none", GJ_PERSONAL_NONE}, {"masked", GJ_PERSONAL_MASKED},
    {"sealed", GJ_PERSONAL_SEALED}, {"logged", GJ_PERSONAL_LOGGED}};
static const struct gj_word mask_words[] = {{"all", GJ_MASK_ALL}, {"phone", GJ_MASK_PHONE}, {"name", GJ_MASK_NAME},
    {"id_number", GJ_MASK_ID_NUMBER}, {"plate", GJ_MASK_PLATE}};
static const struct gj_word source_words[] = {
    {"categories", 0}, {"priorities", 1}, {"trades", 2}, {"channels", 3}, {"areas", 4}, {"warranties", 5}};
static const struct gj_word head_words[] = {
#define HEAD_WORD(name, key, type) {key, GJ_HEAD_##name},
    GJ_HEAD_LIST(HEAD_WORD)
#undef HEAD_WORD
};
static const enum gj_field_type head_types[] = {[GJ_HEAD_NONE] = GJ_FIELD_TEXT,
#define HEAD_TYPE(name, key, type) [GJ_HEAD_##name] = GJ_FIELD_##type,
    GJ_HEAD_LIST(HEAD_TYPE)
#undef HEAD_TYPE
};
static const struct gj_word media_words[] = {
    {"image", GJ_MEDIA_IMAGE}, {"audio", GJ_MEDIA_AUDIO}, {"video", GJ_MEDIA_VIDEO}, {"pdf", GJ_MEDIA_PDF}};
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* What a declaration gets that does not say. */
#define TEXT_LENGTH_USUAL 200
#define LINES_USUAL 50

static void read_choices(struct gj_load *load, gj_node node, struct gj_field *field)
{
    struct gj_reader *reader = &load->reader;
    size_t count = gj_yaml_pair_count(reader, node, "choices");
    struct gj_choice *choices = GJ_YAML_ARRAY(reader, count, struct gj_choice);
    if (choices == NULL || !gj_load_count_ok(load, node, count, GJ_LOAD_LIST_MAX)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct gj_map map;
        (void)gj_yaml_map(reader, gj_yaml_pair(reader, node, i, &choices[i].code), "a choice", &map);
        choices[i].label = gj_yaml_label(&map);
        gj_yaml_map_end(&map);
    }
    field->choices = choices;
    field->choice_count = count;
}

static void read_bounds(struct gj_load *load, struct gj_map *map, struct gj_field *field)
{
    struct gj_reader *reader = &load->reader;
    int64_t value = 0;
    field->min = field->type == GJ_FIELD_MONEY || field->type == GJ_FIELD_NUMBER ? 0 : INT64_MIN;
    field->max = INT64_MAX;
    (void)gj_yaml_int(reader, gj_yaml_get(map, "min"), INT64_MIN, INT64_MAX, &field->min);
    (void)gj_yaml_int(reader, gj_yaml_get(map, "max"), INT64_MIN, INT64_MAX, &field->max);
    if (field->min > field->max) {
        gj_yaml_problem(reader, map->node, "min is above max");
    }
    if (gj_yaml_int(reader, gj_yaml_get(map, "decimals"), 0, 6, &value)) {
        field->decimals = (uint8_t)value;
    }
    field->max_length = TEXT_LENGTH_USUAL;
    if (gj_yaml_int(reader, gj_yaml_get(map, "min_length"), 0, GJ_FORM_TEXT_MAX, &value)) {
        field->min_length = (uint32_t)value;
    }
    if (gj_yaml_int(reader, gj_yaml_get(map, "max_length"), 1, GJ_FORM_TEXT_MAX, &value)) {
        field->max_length = (uint32_t)value;
    }
    field->max_lines = LINES_USUAL;
    if (gj_yaml_int(reader, gj_yaml_get(map, "max_lines"), 1, GJ_FORM_LINES_MAX, &value)) {
        field->max_lines = (uint32_t)value;
    }
}

/* media: [image, pdf] */
static void read_media(struct gj_load *load, gj_node node, struct gj_field *field)
{
    size_t count = gj_yaml_item_count(&load->reader, node);
    for (size_t i = 0; i < count; i++) {
        int bit = 0;
        gj_node item = gj_yaml_item(&load->reader, node, i);
        if (gj_yaml_word(&load->reader, item, "the kind of file", media_words, COUNT_OF(media_words), &bit)) {
            field->media |= (uint8_t)bit;
        }
    }
    if (node != NULL && field->type != GJ_FIELD_PHOTO && field->type != GJ_FIELD_SIGNATURE) {
        gj_yaml_problem(&load->reader, node, "media belongs to photo and signature fields only");
    }
}

static void read_personal(struct gj_load *load, struct gj_map *map, struct gj_field *field)
{
    struct gj_reader *reader = &load->reader;
    int personal = GJ_PERSONAL_NONE;
    int mask = GJ_MASK_ALL;
    (void)gj_yaml_word(
        reader, gj_yaml_get(map, "personal"), "the class", personal_words, COUNT_OF(personal_words), &personal);
    gj_node mask_node = gj_yaml_get(map, "mask");
    (void)gj_yaml_word(reader, mask_node, "the mask", mask_words, COUNT_OF(mask_words), &mask);
    field->personal = (enum gj_personal)personal;
    field->mask = (enum gj_mask)mask;
    gj_node open_to = gj_yaml_get(map, "open_to");
    gj_load_who(load, open_to, &field->open_to);
    bool opens = personal == GJ_PERSONAL_MASKED || personal == GJ_PERSONAL_LOGGED;
    if (opens && open_to == NULL) {
        gj_yaml_problem(reader, map->node, "open_to is missing: who may open this field?");
    }
    if (!opens && open_to != NULL) {
        gj_yaml_problem(reader, open_to, "open_to belongs to masked and logged fields only");
    }
    if (mask_node != NULL && (personal != GJ_PERSONAL_MASKED || field->type != GJ_FIELD_TEXT)) {
        gj_yaml_problem(reader, mask_node, "a mask belongs to masked text fields only");
    }
}

/* Keys that only some types understand must not be lost silently. */
static void check_type(struct gj_load *load, struct gj_map *map, const struct gj_field *field, bool column)
{
    struct gj_reader *reader = &load->reader;
    bool choice = field->type == GJ_FIELD_CHOICE;
    bool list = field->type == GJ_FIELD_CHECKLIST;
    if (choice && (field->choice_count > 0) == (field->choices_from != NULL)) {
        gj_yaml_problem(reader, map->node, "a choice needs either choices or from");
    }
    if (list && field->choice_count == 0) {
        gj_yaml_problem(reader, map->node, "a check list needs choices: the things asked");
    }
    if (!choice && !list && field->choice_count > 0) {
        gj_yaml_problem(reader, map->node, "choices belong to choice and checklist fields only");
    }
    if (field->type == GJ_FIELD_LINES && field->column_count == 0) {
        gj_yaml_problem(reader, map->node, "a line table needs columns");
    }
    if (field->type != GJ_FIELD_LINES && field->column_count > 0) {
        gj_yaml_problem(reader, map->node, "columns belong to lines fields only");
    }
    if (column && field->type != GJ_FIELD_TEXT && field->type != GJ_FIELD_NUMBER && field->type != GJ_FIELD_MONEY &&
        field->type != GJ_FIELD_BOOL && field->type != GJ_FIELD_CHOICE) {
        gj_yaml_problem(reader, map->node, "a column is a text, number, money, bool or choice");
    }
    if (field->happened && field->type != GJ_FIELD_TIME) {
        gj_yaml_problem(reader, map->node, "happened belongs to time fields only");
    }
    if (field->ahead && (field->type != GJ_FIELD_TIME || field->happened)) {
        gj_yaml_problem(reader, map->node, "ahead belongs to time fields that do not report something done");
    }
    if (field->since_received && !field->happened) {
        gj_yaml_problem(reader, map->node, "since_received belongs to time fields that report something done");
    }
    if (field->one_time && (field->type != GJ_FIELD_TEXT || field->personal != GJ_PERSONAL_LOGGED)) {
        gj_yaml_problem(reader, map->node, "one_time belongs to text fields with personal: logged");
    }
    if (field->required && !column) {
        gj_yaml_problem(reader, map->node, "required belongs to columns; transitions say which fields they need");
    }
    if (field->head != GJ_HEAD_NONE && field->type != head_types[field->head]) {
        gj_yaml_problem(reader, map->node, "\"%s\" belongs to the head of every record and is a %s field", field->key,
            gj_field_type_word(head_types[field->head]));
    }
    if (field->head != GJ_HEAD_NONE && field->personal != GJ_PERSONAL_NONE) {
        gj_yaml_problem(
            reader, map->node, "\"%s\" belongs to the head of every record and cannot be personal", field->key);
    }
}

static void read_fields(struct gj_load *load, gj_node node, bool columns, struct gj_field *fields, size_t count);

static void read_columns(struct gj_load *load, gj_node node, struct gj_field *field)
{
    size_t count = gj_yaml_pair_count(&load->reader, node, "columns");
    struct gj_field *columns = GJ_YAML_ARRAY(&load->reader, count, struct gj_field);
    if (columns == NULL || !gj_load_count_ok(load, node, count, GJ_LOAD_SHORT_LIST_MAX)) {
        return;
    }
    read_fields(load, node, true, columns, count);
    field->columns = columns;
    field->column_count = count;
}

static void read_field(struct gj_load *load, gj_node node, bool column, struct gj_field *field)
{
    struct gj_reader *reader = &load->reader;
    struct gj_map map;
    (void)gj_yaml_map(reader, node, "a field", &map);
    field->label = gj_yaml_label(&map);
    int type = GJ_FIELD_TEXT;
    (void)gj_yaml_word(reader, gj_yaml_need(&map, "type"), "the type", type_words, COUNT_OF(type_words), &type);
    field->type = (enum gj_field_type)type;
    for (size_t i = 0; i < COUNT_OF(head_words) && !column; i++) {
        if (strcmp(field->key, head_words[i].word) == 0) {
            field->head = (enum gj_head)head_words[i].value;
        }
    }
    read_bounds(load, &map, field);
    if (column && field->type == GJ_FIELD_NUMBER) {
        field->decimals = 3; /* thousandths on the wire, so that 1.5 m is 1500 */
    }
    read_personal(load, &map, field);
    read_choices(load, gj_yaml_get(&map, "choices"), field);
    gj_node from = gj_yaml_get(&map, "from");
    int source = -1;
    if (gj_yaml_word(reader, from, "the source of choices", source_words, COUNT_OF(source_words), &source)) {
        field->choices_from = source_words[source].word;
    }
    read_columns(load, gj_yaml_get(&map, "columns"), field);
    (void)gj_yaml_bool(reader, gj_yaml_get(&map, "computed"), &field->computed);
    (void)gj_yaml_bool(reader, gj_yaml_get(&map, "fixed"), &field->fixed);
    (void)gj_yaml_bool(reader, gj_yaml_get(&map, "happened"), &field->happened);
    (void)gj_yaml_bool(reader, gj_yaml_get(&map, "ahead"), &field->ahead);
    (void)gj_yaml_bool(reader, gj_yaml_get(&map, "since_received"), &field->since_received);
    (void)gj_yaml_bool(reader, gj_yaml_get(&map, "one_time"), &field->one_time);
    read_media(load, gj_yaml_get(&map, "media"), field);
    (void)gj_yaml_bool(reader, gj_yaml_get(&map, "required"), &field->required);
    field->link_kind = gj_yaml_name(reader, gj_yaml_get(&map, "kind"));
    check_type(load, &map, field, column);
    gj_yaml_map_end(&map);
}

static void read_fields(struct gj_load *load, gj_node node, bool columns, struct gj_field *fields, size_t count)
{
    static const char *const reserved[] = {"amend_reason", "late_reason", "note", "state", "number", "id", "kind"};
    for (size_t i = 0; i < count; i++) {
        gj_node value = gj_yaml_pair(&load->reader, node, i, &fields[i].key);
        for (size_t j = 0; j < COUNT_OF(reserved) && !columns; j++) {
            if (strcmp(fields[i].key, reserved[j]) == 0) {
                gj_yaml_problem(&load->reader, gj_yaml_pair_key(&load->reader, node, i),
                    "every record has \"%s\"; a form cannot declare it again", fields[i].key);
            }
        }
        read_field(load, value, columns, &fields[i]);
    }
}

void gj_load_fields(struct gj_load *load, gj_node node)
{
    size_t count = gj_yaml_pair_count(&load->reader, node, "fields");
    struct gj_field *fields = GJ_YAML_ARRAY(&load->reader, count, struct gj_field);
    if (fields == NULL || !gj_load_count_ok(load, node, count, GJ_FIELDS_MAX)) {
        return;
    }
    read_fields(load, node, false, fields, count);
    load->kind->fields = fields;
    load->kind->field_count = count;
}
