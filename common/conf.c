#include "common/conf.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/limits.h"
#include "common/text.h"

#define OPTIONS_MAX 64

/* One reading: the table, its target, and which options were given. */
struct reading {
    const struct gj_conf_table *table;
    void *target;
    struct gj_arena *arena;
    struct gj_fault *fault;
    const char *file;
    unsigned line;  /* 0: not from a file */
    uint64_t given; /* bit per option */
};

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit byte_units[] = {
    {"", 1},
    {"B", 1},
    {"K", UINT64_C(1) << 10},
    {"KiB", UINT64_C(1) << 10},
    {"M", UINT64_C(1) << 20},
    {"MiB", UINT64_C(1) << 20},
    {"G", UINT64_C(1) << 30},
    {"GiB", UINT64_C(1) << 30},
    {"T", UINT64_C(1) << 40},
    {"TiB", UINT64_C(1) << 40},
    {NULL, 0},
};

static const struct unit time_units[] = {
    {"ms", 1},
    {"s", 1000},
    {"min", 60 * 1000},
    {"h", 60 * 60 * 1000},
    {"d", 24 * 60 * 60 * 1000},
    {NULL, 0},
};

static const struct unit no_units[] = {{"", 1}, {NULL, 0}};

static enum gj_err complain(const struct reading *reading, const char *name, const char *what)
{
    if (reading->line == 0) {
        return gj_fault_set(reading->fault, GJ_EINVAL, "%s: %s: %s", reading->file, name, what);
    }
    return gj_fault_set(reading->fault, GJ_EINVAL, "%s:%u: %s: %s", reading->file, reading->line, name, what);
}

/* Digits, then a unit of the list. */
static bool read_number(const char *text, size_t len, const struct unit *units, uint64_t *out)
{
    uint64_t value = 0;
    size_t at = 0;
    for (; at < len && text[at] >= '0' && text[at] <= '9'; at++) {
        if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text[at] - '0'), &value)) {
            return false;
        }
    }
    if (at == 0) {
        return false;
    }
    while (at < len && text[at] == ' ') {
        at++;
    }
    for (; units->name != NULL; units++) {
        if (strlen(units->name) == len - at && memcmp(units->name, text + at, len - at) == 0) {
            return !__builtin_mul_overflow(value, units->factor, out);
        }
    }
    *out = 0;
    return value == 0 && at == len; /* nothing needs no unit */
}

static bool read_bool(const char *text, size_t len, bool *out)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {{"yes", true}, {"no", false}, {"true", true}, {"false", false}, {"on", true}, {"off", false}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strlen(words[i].word) == len && memcmp(words[i].word, text, len) == 0) {
            *out = words[i].value;
            return true;
        }
    }
    return false;
}

static enum gj_err set_number(
    const struct reading *reading, const struct gj_conf_option *option, const char *text, size_t len)
{
    uint64_t value = 0;
    const struct unit *units = option->type == GJ_CONF_BYTES ? byte_units
                               : option->type == GJ_CONF_MS  ? time_units
                                                             : no_units;
    const char *wanted = option->type == GJ_CONF_BYTES ? "a size is wanted, such as 64 MiB"
                         : option->type == GJ_CONF_MS  ? "a duration is wanted, such as 30 s"
                                                       : "a whole number is wanted";
    if (!read_number(text, len, units, &value)) {
        return complain(reading, option->name, wanted);
    }
    if (value < option->min || value > option->max) {
        char range[96];
        snprintf(range, sizeof range, "out of range: %llu to %llu%s", (unsigned long long)option->min,
            (unsigned long long)option->max,
            option->type == GJ_CONF_BYTES ? " bytes"
            : option->type == GJ_CONF_MS  ? " ms"
                                          : "");
        return complain(reading, option->name, range);
    }
    memcpy((char *)reading->target + option->offset, &value, sizeof value);
    return GJ_OK;
}

static enum gj_err set_text(
    const struct reading *reading, const struct gj_conf_option *option, const char *text, size_t len)
{
    if (!gj_text_valid(text, len)) {
        return complain(reading, option->name, "the text is not valid UTF-8");
    }
    if (len < option->min || len > option->max) {
        char range[96];
        snprintf(range, sizeof range, "the text's length must be %llu to %llu bytes", (unsigned long long)option->min,
            (unsigned long long)option->max);
        return complain(reading, option->name, range);
    }
    const char *copy = gj_arena_strndup(reading->arena, text, len);
    if (copy == NULL) {
        return gj_fault_set(reading->fault, gj_arena_why(reading->arena), "%s: out of memory", reading->file);
    }
    memcpy((char *)reading->target + option->offset, &copy, sizeof copy);
    return GJ_OK;
}

static enum gj_err set_value(
    const struct reading *reading, const struct gj_conf_option *option, const char *text, size_t len)
{
    bool flag = false;
    switch (option->type) {
    case GJ_CONF_TEXT:
        return set_text(reading, option, text, len);
    case GJ_CONF_U64:
    case GJ_CONF_BYTES:
    case GJ_CONF_MS:
        return set_number(reading, option, text, len);
    case GJ_CONF_BOOL:
        if (!read_bool(text, len, &flag)) {
            return complain(reading, option->name, "yes or no is wanted");
        }
        memcpy((char *)reading->target + option->offset, &flag, sizeof flag);
        return GJ_OK;
    }
    assert(false && "unknown type in a table of options");
    return GJ_EINVAL;
}

/* One "key = value" without its line end. */
static enum gj_err take_pair(struct reading *reading, const char *text, size_t len, bool may_repeat)
{
    const char *equals = memchr(text, '=', len);
    if (equals == NULL) {
        return complain(reading, "syntax", "a line is 'key = value'");
    }
    size_t name_len = 0;
    size_t value_len = 0;
    const char *name = gj_text_trim(text, (size_t)(equals - text), &name_len);
    const char *value = gj_text_trim(equals + 1, len - (size_t)(equals + 1 - text), &value_len);
    for (size_t i = 0; i < reading->table->count; i++) {
        const struct gj_conf_option *option = &reading->table->options[i];
        if (strlen(option->name) != name_len || memcmp(option->name, name, name_len) != 0) {
            continue;
        }
        uint64_t bit = UINT64_C(1) << i;
        if (!may_repeat && (reading->given & bit) != 0) {
            return complain(reading, option->name, "given twice");
        }
        reading->given |= bit;
        return set_value(reading, option, value, value_len);
    }
    char shown[64];
    size_t shown_len = gj_text_cut(name, name_len, sizeof shown - 1);
    memcpy(shown, name, shown_len);
    shown[shown_len] = '\0';
    return complain(reading, shown, "no such option");
}

static enum gj_err take_text(struct reading *reading, const char *text, size_t len)
{
    const char *end = text + len;
    for (const char *at = text; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline == NULL ? end : newline;
        size_t trimmed_len = 0;
        const char *trimmed = gj_text_trim(at, (size_t)(stop - at), &trimmed_len);
        reading->line++;
        at = newline == NULL ? end : newline + 1;
        if (trimmed_len > GJ_CONF_LINE_MAX) {
            return complain(reading, "syntax", "the line is too long");
        }
        if (trimmed_len == 0 || trimmed[0] == '#') {
            continue;
        }
        enum gj_err err = take_pair(reading, trimmed, trimmed_len, false);
        if (err != GJ_OK) {
            return err;
        }
    }
    return GJ_OK;
}

static enum gj_err set_defaults(struct reading *reading)
{
    assert(reading->table->count <= OPTIONS_MAX);
    for (size_t i = 0; i < reading->table->count; i++) {
        const struct gj_conf_option *option = &reading->table->options[i];
        if (option->initial != NULL) {
            enum gj_err err = set_value(reading, option, option->initial, strlen(option->initial));
            if (err != GJ_OK) {
                return err;
            }
        }
    }
    return GJ_OK;
}

static enum gj_err check_given(const struct reading *reading)
{
    for (size_t i = 0; i < reading->table->count; i++) {
        if (reading->table->options[i].initial == NULL && (reading->given & UINT64_C(1) << i) == 0) {
            return gj_fault_set(
                reading->fault, GJ_EINVAL, "%s: %s must be given", reading->file, reading->table->options[i].name);
        }
    }
    return GJ_OK;
}

enum gj_err gj_conf_parse(const struct gj_conf_table *table, const char *text, size_t len, const char *name,
    void *target, struct gj_arena *arena, struct gj_fault *fault)
{
    struct reading reading = {.table = table, .target = target, .arena = arena, .fault = fault, .file = name};
    enum gj_err err = set_defaults(&reading);
    if (err == GJ_OK) {
        err = take_text(&reading, text, len);
    }
    return err == GJ_OK ? check_given(&reading) : err;
}

/* Gives the file's bytes in the arena. */
static enum gj_err read_file(const char *path, struct gj_arena *arena, struct gj_fault *fault, char **out, size_t *len)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        int errnum = errno;
        return gj_fault_set(fault, gj_err_from_errno(errnum), "%s: %s", path, strerror(errnum));
    }
    enum gj_err err = GJ_OK;
    char *bytes = gj_arena_alloc(arena, GJ_CONF_FILE_MAX + 1);
    if (bytes == NULL) {
        err = gj_fault_set(fault, gj_arena_why(arena), "%s: out of memory", path);
        goto done;
    }
    *len = fread(bytes, 1, GJ_CONF_FILE_MAX + 1, file);
    if (ferror(file)) {
        err = gj_fault_set(fault, GJ_EIO, "%s: the file cannot be read", path);
    } else if (*len > GJ_CONF_FILE_MAX) {
        err = gj_fault_set(fault, GJ_ETOOBIG, "%s: larger than %d bytes", path, GJ_CONF_FILE_MAX);
    } else {
        *out = bytes;
    }
done:
    fclose(file);
    return err;
}

enum gj_err gj_conf_load(const struct gj_conf_table *table, const char *path, const char *const *extra,
    size_t extra_count, void *target, struct gj_arena *arena, struct gj_fault *fault)
{
    struct reading reading = {
        .table = table,
        .target = target,
        .arena = arena,
        .fault = fault,
        .file = path == NULL ? "defaults" : path,
    };
    char *text = NULL;
    size_t len = 0;
    enum gj_err err = set_defaults(&reading);
    if (err == GJ_OK && path != NULL) {
        err = read_file(path, arena, fault, &text, &len);
        if (err == GJ_OK) {
            err = take_text(&reading, text, len);
        }
    }
    reading.line = 0;
    reading.file = "command line";
    for (size_t i = 0; i < extra_count && err == GJ_OK; i++) {
        err = take_pair(&reading, extra[i], strlen(extra[i]), true);
    }
    reading.file = path == NULL ? "command line" : path;
    return err == GJ_OK ? check_given(&reading) : err;
}

void gj_conf_print(const struct gj_conf_table *table, FILE *out)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct gj_conf_option *option = &table->options[i];
        fprintf(out, "%s# %s\n", i == 0 ? "" : "\n", option->help);
        if (option->initial == NULL) {
            fprintf(out, "# %s =   (must be given)\n", option->name);
        } else {
            fprintf(out, "#%s = %s\n", option->name, option->initial);
        }
    }
}
