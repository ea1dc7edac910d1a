#include "client/cli/fields.h"

#include "client/cli/value.h"
#include "common/id.h"
#include "proto/record.pb-c.h"

#include <string.h>

/* KEY[:LETTER]=VALUE; letter is '\0' when none is given. */
struct parts {
    char *key;
    char letter;
    char *value;
};

static bool split(char *text, struct parts *out)
{
    char *equals = strchr(text, '=');
    if (equals == NULL || equals == text) {
        return false;
    }
    *equals = '\0';
    out->key = text;
    out->value = equals + 1;
    out->letter = '\0';
    char *colon = strrchr(text, ':');
    if (colon != NULL) {
        if (colon == text || colon[1] == '\0' || colon[2] != '\0') {
            return false;
        }
        *colon = '\0';
        out->letter = colon[1];
    }
    return true;
}

static bool yes_or_no(const char *text, int64_t *out)
{
    *out = strcmp(text, "yes") == 0 || strcmp(text, "1") == 0 || strcmp(text, "true") == 0 || strcmp(text, "是") == 0;
    return *out == 1 || strcmp(text, "no") == 0 || strcmp(text, "0") == 0 || strcmp(text, "false") == 0 ||
           strcmp(text, "否") == 0;
}

static bool put(struct gj_arena *arena, ProtobufCMessage *message, const char *member, int64_t value)
{
    return build_number(arena, build_place(arena, message, member), value);
}

/* The first address of a field is its blob, further ones its blobs. */
static bool put_hex(struct gj_arena *arena, ProtobufCMessage *field, const char *hex)
{
    bool more = ((const Gj__V1__Field *)field)->value_case == GJ__V1__FIELD__VALUE_BLOB;
    size_t len = strlen(hex);
    uint8_t *bytes = gj_arena_alloc(arena, len / 2 + 1);
    return bytes != NULL && len % 2 == 0 && len > 0 && gj_id_unhex(hex, len, bytes, len / 2) == GJ_OK &&
           build_bytes(arena, build_place(arena, field, more ? "blobs" : "blob"), bytes, len / 2);
}

static const Gj__V1__KindField *column_of(const Gj__V1__KindField *table, const char *key)
{
    for (size_t n = 0; table != NULL && n < table->n_columns; n++) {
        if (strcmp(table->columns[n]->key, key) == 0) {
            return table->columns[n];
        }
    }
    return NULL;
}

static bool put_cell(struct gj_arena *arena, ProtobufCMessage *line, const Gj__V1__KindField *table, char *text)
{
    struct parts parts;
    int64_t number = 0;
    if (!split(text, &parts)) {
        return false;
    }
    ProtobufCMessage *cell = build_message(arena, build_place(arena, line, "cells"));
    if (cell == NULL || !build_text(arena, build_place(arena, cell, "key"), parts.key)) {
        return false;
    }
    switch (parts.letter != '\0' ? parts.letter : kind_letter(column_of(table, parts.key))) {
    case 's':
        return build_text(arena, build_place(arena, cell, "text"), parts.value);
    case 'n':
        return value_scaled(parts.value, 3, &number) && put(arena, cell, "number", number);
    case 'm':
        return value_scaled(parts.value, 2, &number) && put(arena, cell, "money", number);
    case 'b':
        return yes_or_no(parts.value, &number) && put(arena, cell, "tick", number);
    default:
        return false;
    }
}

/* Commas part cells; a value that holds one is written with "\,". */
static bool put_line(struct gj_arena *arena, ProtobufCMessage *field, const Gj__V1__KindField *table, char *text)
{
    ProtobufCMessage *lines = build_message(arena, build_place(arena, field, "lines"));
    ProtobufCMessage *line = lines == NULL ? NULL : build_message(arena, build_place(arena, lines, "rows"));
    bool ok = line != NULL && *text != '\0';
    while (ok && *text != '\0') {
        char *to = text;
        char *from = text;
        while (*from != '\0' && *from != ',') {
            from += from[0] == '\\' && from[1] == ',' ? 1 : 0;
            *to++ = *from++;
        }
        bool more = *from == ',';
        *to = '\0';
        ok = put_cell(arena, line, table, text);
        text = more ? from + 1 : from;
    }
    return ok;
}

static bool put_value(
    struct gj_arena *arena, ProtobufCMessage *field, const Gj__V1__KindField *declared, const struct parts *parts)
{
    int64_t number = 0;
    uint64_t id = 0;
    bool mistyped;
    switch (parts->letter) {
    case 's':
        return build_text(arena, build_place(arena, field, "text"), parts->value);
    case 'n':
        return value_scaled(parts->value, declared == NULL ? 0 : declared->decimals, &number) &&
               put(arena, field, "number", number);
    case 'b':
        return yes_or_no(parts->value, &number) && put(arena, field, "number", number);
    case 'm':
        return value_scaled(parts->value, 2, &number) && put(arena, field, "money", number);
    case 't':
        return value_time(parts->value, &number) && put(arena, field, "time", number);
    case 'r':
        return value_id(parts->value, &id, &mistyped) && build_u64(arena, build_place(arena, field, "ref"), id);
    case 'x':
        return put_hex(arena, field, parts->value);
    case 'l':
        return put_line(arena, field, declared, parts->value);
    default:
        return false;
    }
}

/* The rows of one table, and several photos, are given one by one under the same key. */
static ProtobufCMessage *same_key(struct build_place place, const char *key, Gj__V1__Field__ValueCase value_case)
{
    ProtobufCMessage **fields = *(ProtobufCMessage ***)build_at(place.message, place.field);
    for (size_t n = 0; n < build_count(place.message, place.field); n++) {
        const Gj__V1__Field *field = (const Gj__V1__Field *)fields[n];
        if (strcmp(field->key, key) == 0 && field->value_case == value_case) {
            return fields[n];
        }
    }
    return NULL;
}

bool fields_add(struct gj_arena *arena, struct build_place place, const Gj__V1__KindInfo *kind, const char *text)
{
    struct parts parts;
    char *copy = gj_arena_strdup(arena, text);
    if (copy == NULL || place.message == NULL || !split(copy, &parts)) {
        return false;
    }
    const Gj__V1__KindField *declared = kind_field(kind, parts.key);
    if (parts.letter == '\0') {
        parts.letter = kind_letter(declared);
    }
    ProtobufCMessage *field = parts.letter == 'l'   ? same_key(place, parts.key, GJ__V1__FIELD__VALUE_LINES)
                              : parts.letter == 'x' ? same_key(place, parts.key, GJ__V1__FIELD__VALUE_BLOB)
                                                    : NULL;
    if (field == NULL) {
        field = build_message(arena, place);
        if (field == NULL || !build_text(arena, build_place(arena, field, "key"), parts.key)) {
            return false;
        }
    }
    return put_value(arena, field, declared, &parts);
}
