#include "common/policy/kind.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct relation_word {
    enum gj_relation relation;
    const char *word;
};

static const struct relation_word relation_words[] = {
#define RELATION_ROW(name, number, word, zh, en) {GJ_RELATION_##name, word},
    GJ_RELATION_LIST(RELATION_ROW)
#undef RELATION_ROW
};

const char *gj_relation_word(enum gj_relation relation)
{
    for (size_t i = 0; i < sizeof relation_words / sizeof relation_words[0]; i++) {
        if (relation_words[i].relation == relation) {
            return relation_words[i].word;
        }
    }
    return "none";
}

enum gj_relation gj_relation_by_word(const char *word)
{
    for (size_t i = 0; i < sizeof relation_words / sizeof relation_words[0]; i++) {
        if (strcmp(relation_words[i].word, word) == 0) {
            return relation_words[i].relation;
        }
    }
    return GJ_RELATION_NONE;
}

enum gj_shape gj_field_shape(enum gj_field_type type)
{
    static const enum gj_shape shapes[] = {
#define SHAPE_ROW(name, word, shape) [GJ_FIELD_##name] = shape,
        GJ_FIELD_TYPE_LIST(SHAPE_ROW)
#undef SHAPE_ROW
    };
    return shapes[type];
}

const char *gj_field_type_word(enum gj_field_type type)
{
    static const char *const words[] = {
#define WORD_ROW(name, word, shape) [GJ_FIELD_##name] = word,
        GJ_FIELD_TYPE_LIST(WORD_ROW)
#undef WORD_ROW
    };
    return words[type];
}

const char *gj_level_name(enum gj_level level)
{
    switch (level) {
    case GJ_LEVEL_COMPANY:
        return "company";
    case GJ_LEVEL_CITY:
        return "city";
    case GJ_LEVEL_PROFILE:
        return "profile";
    case GJ_LEVEL_OFFICE:
        return "office";
    case GJ_LEVEL_WEATHER:
        return "weather";
    }
    return "none";
}

uint16_t gj_kind_field(const struct gj_kind *kind, const char *key)
{
    for (size_t i = 0; i < kind->field_count; i++) {
        if (kind->fields[i].key[0] == key[0] && strcmp(kind->fields[i].key, key) == 0) {
            return (uint16_t)i;
        }
    }
    return GJ_NO_INDEX;
}

uint16_t gj_kind_timer(const struct gj_kind *kind, const char *name)
{
    for (size_t i = 0; i < kind->timer_count; i++) {
        if (strcmp(kind->timers[i].name, name) == 0) {
            return (uint16_t)i;
        }
    }
    return GJ_NO_INDEX;
}

uint16_t gj_kind_act(const struct gj_kind *kind, const char *name)
{
    for (size_t i = 0; i < kind->act_count; i++) {
        if (strcmp(kind->acts[i].name, name) == 0) {
            return (uint16_t)i;
        }
    }
    return GJ_NO_INDEX;
}

const struct gj_state *gj_kind_state(const struct gj_kind *kind, uint8_t number)
{
    if (number >= 64 || kind->state_at[number] == 0) {
        return NULL;
    }
    return &kind->states[kind->state_at[number] - 1];
}

const struct gj_state *gj_kind_state_by_code(const struct gj_kind *kind, const char *code)
{
    for (size_t i = 0; i < kind->state_count; i++) {
        if (strcmp(kind->states[i].code, code) == 0) {
            return &kind->states[i];
        }
    }
    return NULL;
}

const struct gj_link_type *gj_kind_link(const struct gj_kind *kind, const char *code)
{
    for (size_t i = 0; i < kind->link_count; i++) {
        if (strcmp(kind->links[i].code, code) == 0) {
            return &kind->links[i];
        }
    }
    return NULL;
}

static bool put(char **out, size_t *size, const char *text)
{
    size_t len = strlen(text);
    if (len >= *size) {
        return false;
    }
    memcpy(*out, text, len + 1);
    *out += len;
    *size -= len;
    return true;
}

bool gj_series_format(
    const struct gj_series *series, const char *office_code, int32_t year, uint64_t seq, char *out, size_t size)
{
    char text[24];
    const char *at = series->pattern;
    while (*at != '\0') {
        size_t span = strcspn(at, "{");
        char literal[32];
        if (span >= sizeof literal) {
            return false;
        }
        memcpy(literal, at, span);
        literal[span] = '\0';
        if (!put(&out, &size, literal)) {
            return false;
        }
        at += span;
        if (*at == '\0') {
            break;
        }
        const char *insert = office_code;
        if (strncmp(at, "{yyyy}", 6) == 0) {
            (void)snprintf(text, sizeof text, "%04d", year);
            insert = text;
        } else if (strncmp(at, "{seq:", 5) == 0) {
            (void)snprintf(text, sizeof text, "%0*" PRIu64, series->digits, seq);
            insert = text;
        }
        if (!put(&out, &size, insert)) {
            return false;
        }
        at = strchr(at, '}') + 1; /* the pattern was checked when the policy was loaded */
    }
    return size > 0;
}
