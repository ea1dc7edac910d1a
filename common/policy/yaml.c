#include "common/policy/yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "common/text.h"

/* --- Parsing ------------------------------------------------------------------------------------------------- */

/* libyaml builds nested nodes before anybody can count them, so depth and number are watched on its event stream
 * first; that pass also finds anchors, which would let a small file describe a huge or endless tree. */
struct survey {
    const char *name;
    struct gj_problems *problems;
    size_t depth;
    size_t nodes;
    size_t documents;
};

static bool complain(const struct survey *survey, const yaml_mark_t *mark, const char *text)
{
    gj_problem_add(survey->problems, survey->name, (uint32_t)mark->line + 1, (uint32_t)mark->column + 1, "%s", text);
    return false;
}

static bool survey_event(struct survey *survey, const yaml_event_t *event)
{
    const yaml_mark_t *mark = &event->start_mark;
    const yaml_char_t *anchor = NULL;
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        survey->documents++;
        return survey->documents == 1 || complain(survey, mark, "a second document; a file holds one");
    case YAML_ALIAS_EVENT:
        return complain(survey, mark, "aliases (*name) are not allowed; write the value again");
    case YAML_SCALAR_EVENT:
        anchor = event->data.scalar.anchor;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = event->data.sequence_start.anchor;
        survey->depth++;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = event->data.mapping_start.anchor;
        survey->depth++;
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        survey->depth--;
        return true;
    default:
        return true;
    }
    if (anchor != NULL) {
        return complain(survey, mark, "anchors (&name) are not allowed");
    }
    if (survey->depth > GJ_YAML_DEPTH_MAX) {
        return complain(survey, mark, "nested too deep; at most 16 levels");
    }
    return ++survey->nodes <= GJ_YAML_NODES_MAX || complain(survey, mark, "too many values in one file");
}

static enum gj_err parser_failed(const struct survey *survey, const yaml_parser_t *parser)
{
    /* The loader forgets to give a reason in some of the places where memory runs out; it has no other silent failure.
     */
    if (parser->error == YAML_MEMORY_ERROR || parser->error == YAML_NO_ERROR) {
        return GJ_ENOMEM;
    }
    gj_problem_add(survey->problems, survey->name, (uint32_t)parser->problem_mark.line + 1,
        (uint32_t)parser->problem_mark.column + 1, "not readable as YAML: %s%s%s",
        parser->problem == NULL ? "malformed" : parser->problem, parser->context == NULL ? "" : ", ",
        parser->context == NULL ? "" : parser->context);
    return GJ_EINVAL;
}

static enum gj_err survey_file(struct survey *survey, const uint8_t *bytes, size_t len)
{
    yaml_parser_t parser;
    if (gj_fail_point("yaml.survey") || !yaml_parser_initialize(&parser)) {
        return GJ_ENOMEM;
    }
    yaml_parser_set_input_string(&parser, bytes, len);
    enum gj_err err = GJ_OK;
    for (bool more = true; more && err == GJ_OK;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            err = parser_failed(survey, &parser);
            break;
        }
        more = event.type != YAML_STREAM_END_EVENT;
        if (!survey_event(survey, &event)) {
            err = GJ_EINVAL;
        }
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    if (err == GJ_OK && survey->documents == 0) {
        gj_problem_add(survey->problems, survey->name, 0, 0, "the file is empty");
        err = GJ_EINVAL;
    }
    return err;
}

enum gj_err gj_yaml_parse(
    struct gj_yaml *yaml, const char *name, const uint8_t *bytes, size_t len, struct gj_problems *problems)
{
    struct survey survey = {.name = name, .problems = problems};
    if (len > GJ_YAML_BYTES_MAX) {
        gj_problem_add(problems, name, 0, 0, "the file is longer than %u bytes", GJ_YAML_BYTES_MAX);
        return GJ_ETOOBIG;
    }
    enum gj_err err = survey_file(&survey, bytes, len);
    if (err != GJ_OK) {
        return err;
    }
    yaml_parser_t parser;
    if (gj_fail_point("yaml.parse") || !yaml_parser_initialize(&parser)) {
        return GJ_ENOMEM;
    }
    yaml_parser_set_input_string(&parser, bytes, len);
    yaml->name = name;
    if (!yaml_parser_load(&parser, &yaml->document)) {
        err = parser_failed(&survey, &parser);
    }
    yaml_parser_delete(&parser);
    return err;
}

void gj_yaml_fini(struct gj_yaml *yaml)
{
    yaml_document_delete(&yaml->document);
}

/* --- Problems ------------------------------------------------------------------------------------------------- */

gj_node gj_yaml_root(const struct gj_reader *reader)
{
    return yaml_document_get_root_node((yaml_document_t *)&reader->yaml->document);
}

uint32_t gj_yaml_line(gj_node node)
{
    return node == NULL ? 0 : (uint32_t)node->start_mark.line + 1;
}

void gj_yaml_problem(const struct gj_reader *reader, gj_node node, const char *format, ...)
{
    char text[sizeof((struct gj_problem){0}.text)];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    uint32_t column = node == NULL ? 0 : (uint32_t)node->start_mark.column + 1;
    gj_problem_add(reader->problems, reader->yaml->name, gj_yaml_line(node), column, "%s", text);
}

/* Edit distance of short words; anything long counts as far. */
static size_t distance(const char *a, const char *b)
{
    enum { LONGEST = 40 };
    size_t la = strlen(a);
    size_t lb = strlen(b);
    if (la > LONGEST || lb > LONGEST) {
        return LONGEST;
    }
    size_t row[LONGEST + 1];
    for (size_t j = 0; j <= lb; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= la; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t replace = diagonal + (a[i - 1] != b[j - 1]);
            size_t best = row[j] + 1 < row[j - 1] + 1 ? row[j] + 1 : row[j - 1] + 1;
            diagonal = row[j];
            row[j] = replace < best ? replace : best;
        }
    }
    return row[lb];
}

void gj_yaml_unknown(const struct gj_reader *reader, gj_node node, const char *what, const char *found,
    const char *const *known, size_t count)
{
    size_t best = 3 + strlen(found) / 6;
    const char *nearest = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t far = distance(found, known[i]);
        if (far < best) {
            best = far;
            nearest = known[i];
        }
    }
    if (nearest != NULL) {
        gj_yaml_problem(reader, node, "%s \"%.40s\" is not known; did you mean \"%s\"?", what, found, nearest);
        return;
    }
    char list[120] = "";
    for (size_t i = 0; i < count && strlen(list) + strlen(known[i]) + 6 < sizeof list; i++) {
        size_t used = strlen(list);
        (void)snprintf(list + used, sizeof list - used, "%s%s", used == 0 ? "" : ", ", known[i]);
    }
    gj_yaml_problem(reader, node, "%s \"%.40s\" is not known; known: %s", what, found, count == 0 ? "none" : list);
}

void *gj_yaml_alloc(struct gj_reader *reader, size_t count, size_t size)
{
    void *memory = gj_arena_calloc(reader->arena, count, size);
    if (memory == NULL && reader->err == GJ_OK) {
        reader->err = gj_arena_why(reader->arena);
    }
    return memory;
}

/* --- Mappings and lists --------------------------------------------------------------------------------------- */

static yaml_document_t *document(const struct gj_reader *reader)
{
    return (yaml_document_t *)&reader->yaml->document; /* libyaml's getters take no const */
}

size_t gj_yaml_pair_count(struct gj_reader *reader, gj_node node, const char *what)
{
    if (node == NULL) {
        return 0;
    }
    if (node->type != YAML_MAPPING_NODE) {
        gj_yaml_problem(reader, node, "%s must be a mapping (lines of \"name: value\")", what);
        return 0;
    }
    size_t count = (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
    for (size_t i = 0; i < count; i++) {
        const char *key = gj_yaml_raw(gj_yaml_pair_key(reader, node, i));
        if (key == NULL) {
            gj_yaml_problem(reader, gj_yaml_pair_key(reader, node, i), "a name is expected before the colon");
            continue;
        }
        for (size_t j = 0; j < i; j++) {
            const char *other = gj_yaml_raw(gj_yaml_pair_key(reader, node, j));
            if (other != NULL && strcmp(key, other) == 0) {
                gj_yaml_problem(
                    reader, gj_yaml_pair_key(reader, node, i), "\"%.40s\" stands twice in this mapping", key);
                break;
            }
        }
    }
    return count;
}

gj_node gj_yaml_pair_key(const struct gj_reader *reader, gj_node node, size_t at)
{
    return yaml_document_get_node(document(reader), node->data.mapping.pairs.start[at].key);
}

gj_node gj_yaml_pair(struct gj_reader *reader, gj_node node, size_t at, const char **key)
{
    const char *name = gj_yaml_name(reader, gj_yaml_pair_key(reader, node, at));
    *key = name == NULL ? "" : name; /* reported; nobody downstream has to ask again */
    return yaml_document_get_node(document(reader), node->data.mapping.pairs.start[at].value);
}

bool gj_yaml_map(struct gj_reader *reader, gj_node node, const char *what, struct gj_map *map)
{
    *map = (struct gj_map){.reader = reader};
    if (node == NULL) {
        return false;
    }
    size_t before = reader->problems->total;
    (void)gj_yaml_pair_count(reader, node, what);
    if (node->type != YAML_MAPPING_NODE) {
        return false;
    }
    map->node = node;
    return reader->problems->total == before;
}

gj_node gj_yaml_get(struct gj_map *map, const char *key)
{
    if (map->asked_count < GJ_YAML_KEYS_MAX) {
        map->asked[map->asked_count++] = key;
    }
    if (map->node == NULL) {
        return NULL;
    }
    size_t count = (size_t)(map->node->data.mapping.pairs.top - map->node->data.mapping.pairs.start);
    for (size_t i = 0; i < count; i++) {
        const char *found = gj_yaml_raw(gj_yaml_pair_key(map->reader, map->node, i));
        if (found != NULL && strcmp(found, key) == 0) {
            return yaml_document_get_node(document(map->reader), map->node->data.mapping.pairs.start[i].value);
        }
    }
    return NULL;
}

gj_node gj_yaml_need(struct gj_map *map, const char *key)
{
    gj_node node = gj_yaml_get(map, key);
    if (node == NULL && map->node != NULL) {
        gj_yaml_problem(map->reader, map->node, "\"%s\" is missing here", key);
    }
    return node;
}

void gj_yaml_map_end(struct gj_map *map)
{
    if (map->node == NULL) {
        return;
    }
    size_t count = (size_t)(map->node->data.mapping.pairs.top - map->node->data.mapping.pairs.start);
    for (size_t i = 0; i < count; i++) {
        gj_node key_node = gj_yaml_pair_key(map->reader, map->node, i);
        const char *key = gj_yaml_raw(key_node);
        bool asked = key == NULL;
        for (size_t j = 0; j < map->asked_count && !asked; j++) {
            asked = strcmp(key, map->asked[j]) == 0;
        }
        if (!asked) {
            gj_yaml_unknown(map->reader, key_node, "the key", key, map->asked, map->asked_count);
        }
    }
}

size_t gj_yaml_item_count(const struct gj_reader *reader, gj_node node)
{
    (void)reader;
    if (node == NULL) {
        return 0;
    }
    if (node->type != YAML_SEQUENCE_NODE) {
        return 1;
    }
    return (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
}

gj_node gj_yaml_item(const struct gj_reader *reader, gj_node node, size_t at)
{
    if (node->type != YAML_SEQUENCE_NODE) {
        return node;
    }
    return yaml_document_get_node(document(reader), node->data.sequence.items.start[at]);
}
