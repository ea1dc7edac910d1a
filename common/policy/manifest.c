#include "common/policy/manifest.h"

#include <stdio.h>
#include <string.h>

struct part_word {
    const char *word;
    enum gj_manifest_part part;
    bool optional;
};

static const struct part_word part_words[] = {
    {"company", GJ_PART_COMPANY, false},
    {"priorities", GJ_PART_PRIORITIES, false},
    {"taxonomy", GJ_PART_TAXONOMY, false},
    {"settings", GJ_PART_SETTINGS, false},
    {"weather", GJ_PART_WEATHER, true},
    {"forms", GJ_PART_FORM, false},
    {"cities", GJ_PART_CITIES, true},
    {"warranty", GJ_PART_WARRANTY, true},
    {"dispatch", GJ_PART_DISPATCH, true},
    {"profiles", GJ_PART_PROFILES, true},
    {"offices", GJ_PART_OFFICES, true},
    {"obligations", GJ_PART_OBLIGATIONS, true},
};

static void add_part(struct gj_reader *reader, gj_node node, enum gj_manifest_part part, struct gj_manifest *out)
{
    const char *file = gj_yaml_text(reader, node, GJ_BUNDLE_NAME_MAX);
    if (file == NULL) {
        return;
    }
    if (!gj_bundle_name_ok(file) || strcmp(file, GJ_MANIFEST_NAME) == 0) {
        gj_yaml_problem(reader, node, "\"%.60s\" is not the name of a part, such as forms/repair.yaml", file);
        return;
    }
    for (size_t i = 0; i < out->count; i++) {
        if (strcmp(out->parts[i].file, file) == 0) {
            gj_yaml_problem(reader, node, "\"%s\" is named twice", file);
            return;
        }
    }
    if (out->count == GJ_BUNDLE_PARTS_MAX - 1) {
        gj_yaml_problem(reader, node, "a policy has at most %d files", GJ_BUNDLE_PARTS_MAX);
        return;
    }
    out->parts[out->count].part = part;
    out->parts[out->count].line = gj_yaml_line(node);
    (void)snprintf(out->parts[out->count].file, sizeof out->parts[out->count].file, "%s", file);
    out->count++;
}

static void read_manifest(struct gj_reader *reader, struct gj_manifest *out)
{
    struct gj_map map;
    (void)gj_yaml_map(reader, gj_yaml_root(reader), "the file", &map);
    int64_t format;
    (void)gj_yaml_int(reader, gj_yaml_need(&map, "format"), GJ_MANIFEST_FORMAT, GJ_MANIFEST_FORMAT, &format);
    const char *title = gj_yaml_text(reader, gj_yaml_need(&map, "title"), sizeof out->title - 1);
    (void)snprintf(out->title, sizeof out->title, "%s", title == NULL ? "" : title);
    struct gj_map parts;
    (void)gj_yaml_map(reader, gj_yaml_need(&map, "parts"), "parts", &parts);
    for (size_t i = 0; i < sizeof part_words / sizeof part_words[0]; i++) {
        const struct part_word *word = &part_words[i];
        gj_node node = word->optional ? gj_yaml_get(&parts, word->word) : gj_yaml_need(&parts, word->word);
        size_t count = gj_yaml_item_count(reader, node);
        if (count > 1 && word->part != GJ_PART_FORM) {
            gj_yaml_problem(reader, node, "one file is expected");
        }
        for (size_t j = 0; j < count; j++) {
            add_part(reader, gj_yaml_item(reader, node, j), word->part, out);
        }
    }
    gj_yaml_map_end(&parts);
    gj_yaml_map_end(&map);
}

enum gj_err gj_manifest_read(const struct gj_policy_part *part, struct gj_manifest *out, struct gj_problems *problems)
{
    struct gj_yaml yaml;
    size_t before = problems->total;
    enum gj_err err = gj_yaml_parse(&yaml, part->name, part->bytes, part->len, problems);
    if (err != GJ_OK) {
        return err;
    }
    struct gj_arena arena;
    gj_arena_init(&arena, 1u << 20);
    struct gj_reader reader = {.yaml = &yaml, .arena = &arena, .problems = problems};
    *out = (struct gj_manifest){0};
    read_manifest(&reader, out);
    err = reader.err != GJ_OK ? reader.err : problems->total != before ? GJ_EINVAL : GJ_OK;
    gj_arena_fini(&arena);
    gj_yaml_fini(&yaml);
    return err;
}
