/* Single values: texts, names, numbers, words of a closed list, lengths of time. */
#include "common/policy/yaml.h"

#include <stdlib.h>
#include <string.h>

#include "common/text.h"

const char *gj_yaml_raw(gj_node node)
{
    if (node == NULL || node->type != YAML_SCALAR_NODE) {
        return NULL;
    }
    return (const char *)node->data.scalar.value; /* libyaml ends it with NUL */
}

/* The scalar if it is one and holds sound text; a problem otherwise. */
static const char *scalar(struct gj_reader *reader, gj_node node, const char *expected)
{
    if (node == NULL) {
        return NULL;
    }
    const char *raw = gj_yaml_raw(node);
    if (raw == NULL) {
        gj_yaml_problem(
            reader, node, "%s is expected, not a %s", expected, node->type == YAML_MAPPING_NODE ? "mapping" : "list");
        return NULL;
    }
    size_t len = node->data.scalar.length;
    if (strlen(raw) != len || !gj_text_valid(raw, len)) {
        gj_yaml_problem(reader, node, "the text has bytes that are not UTF-8 text");
        return NULL;
    }
    return raw;
}

const char *gj_yaml_text(struct gj_reader *reader, gj_node node, size_t max_bytes)
{
    const char *raw = scalar(reader, node, "a text");
    if (raw == NULL) {
        return NULL;
    }
    size_t len = strlen(raw);
    if (len == 0 || len > max_bytes) {
        gj_yaml_problem(reader, node, "a text of 1 to %zu bytes is expected, this one has %zu", max_bytes, len);
        return NULL;
    }
    char *copy = GJ_YAML_ARRAY(reader, len + 1, char);
    if (copy != NULL) {
        memcpy(copy, raw, len);
    }
    return copy;
}

bool gj_yaml_proper_name(const char *text)
{
    size_t len = strlen(text);
    size_t span = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    return len > 0 && len <= 40 && span == len;
}

const char *gj_yaml_name(struct gj_reader *reader, gj_node node)
{
    const char *raw = scalar(reader, node, "a name");
    if (raw == NULL) {
        return NULL;
    }
    if (!gj_yaml_proper_name(raw)) {
        gj_yaml_problem(reader, node, "\"%.40s\" is not a name: 1 to 40 letters, digits, \"_\" and \"-\"", raw);
        return NULL;
    }
    return gj_yaml_text(reader, node, 40);
}

bool gj_yaml_int(struct gj_reader *reader, gj_node node, int64_t min, int64_t max, int64_t *out)
{
    const char *raw = scalar(reader, node, "a whole number");
    if (raw == NULL) {
        return false;
    }
    char *end;
    long long value = strtoll(raw, &end, 10);
    bool digits = raw[0] == '-' ? raw[1] >= '0' && raw[1] <= '9' : raw[0] >= '0' && raw[0] <= '9';
    if (!digits || *end != '\0' || value < min || value > max) {
        gj_yaml_problem(reader, node, "a whole number from %lld to %lld is expected, found \"%.40s\"", (long long)min,
            (long long)max, raw);
        return false;
    }
    *out = value;
    return true;
}

bool gj_yaml_bool(struct gj_reader *reader, gj_node node, bool *out)
{
    const char *raw = scalar(reader, node, "yes or no");
    if (raw == NULL) {
        return false;
    }
    bool yes = strcmp(raw, "yes") == 0 || strcmp(raw, "true") == 0;
    if (!yes && strcmp(raw, "no") != 0 && strcmp(raw, "false") != 0) {
        gj_yaml_problem(reader, node, "yes or no is expected, found \"%.40s\"", raw);
        return false;
    }
    *out = yes;
    return true;
}

bool gj_yaml_duration(struct gj_reader *reader, gj_node node, struct gj_duration *out)
{
    const char *raw = scalar(reader, node, "a length of time");
    if (raw == NULL) {
        return false;
    }
    if (!gj_duration_parse(raw, strlen(raw), out)) {
        gj_yaml_problem(reader, node,
            "\"%.40s\" is not a length of time; examples: 15min, 2h, 3 calendar_days, 2 working_days, 1 month", raw);
        return false;
    }
    return true;
}

bool gj_yaml_permille(struct gj_reader *reader, gj_node node, int64_t max, int64_t *out)
{
    const char *raw = scalar(reader, node, "a share such as 75 %");
    if (raw == NULL) {
        return false;
    }
    char *end;
    bool digits = raw[0] >= '0' && raw[0] <= '9';
    long long whole = strtoll(raw, &end, 10);
    long long tenths = 0;
    if (digits && end[0] == '.' && end[1] >= '0' && end[1] <= '9') {
        tenths = end[1] - '0';
        end += 2;
    }
    end += strspn(end, " ");
    if (!digits || strcmp(end, "%") != 0 || whole > 1000000 || whole * 10 + tenths > max) {
        gj_yaml_problem(reader, node, "a share such as \"75 %%\" up to %lld %% is expected, found \"%.40s\"",
            (long long)(max / 10), raw);
        return false;
    }
    *out = whole * 10 + tenths;
    return true;
}

bool gj_yaml_word(
    struct gj_reader *reader, gj_node node, const char *what, const struct gj_word *words, size_t count, int *out)
{
    enum { WORDS_MAX = 32 };
    const char *raw = scalar(reader, node, what);
    if (raw == NULL) {
        return false;
    }
    const char *known[WORDS_MAX];
    size_t known_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i].word, raw) == 0) {
            *out = words[i].value;
            return true;
        }
        if (known_count < WORDS_MAX) {
            known[known_count++] = words[i].word;
        }
    }
    gj_yaml_unknown(reader, node, what, raw, known, known_count);
    return false;
}

struct gj_label gj_yaml_label(struct gj_map *map)
{
    struct gj_label label = {.zh = gj_yaml_text(map->reader, gj_yaml_need(map, "zh"), 120)};
    label.en = gj_yaml_text(map->reader, gj_yaml_need(map, "en"), 160);
    return label;
}
