/* Columns of an import: their names, the header, single cells. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/calendar.h"
#include "common/limits.h"
#include "service/directory/import_rules.h"

static const struct {
    const char *word;
    const char *names; /* separated by bars */
    bool households, staff;
} columns[GJ_COLUMN_COUNT] = {
#define GJ_IMPORT_COLUMN_ROW(name, word, zh, households, staff) {word, zh, households, staff},
    GJ_IMPORT_COLUMNS(GJ_IMPORT_COLUMN_ROW)
#undef GJ_IMPORT_COLUMN_ROW
};

const char *gj_import_rules_word(enum gj_import_column column)
{
    return column < GJ_COLUMN_COUNT ? columns[column].word : "";
}

enum gj_import_column gj_import_rules_by_word(const char *word)
{
    unsigned column = 0;
    while (column < GJ_COLUMN_COUNT && strcmp(columns[column].word, word) != 0) {
        column++;
    }
    return (enum gj_import_column)column;
}

enum gj_import_what gj_import_rules_what(const char *what)
{
    if (strcmp(what, "households") == 0) {
        return GJ_IMPORT_HOUSEHOLDS;
    }
    return strcmp(what, "staff") == 0 ? GJ_IMPORT_STAFF : GJ_IMPORT_NOTHING;
}

static bool is_named(const char *names, const char *text, size_t len)
{
    while (*names != '\0') {
        size_t name = strcspn(names, "|");
        if (name == len && memcmp(names, text, len) == 0) {
            return true;
        }
        names += name + (names[name] == '|' ? 1 : 0);
    }
    return false;
}

static enum gj_import_column column_of(enum gj_import_what what, const struct gj_csv_cell *cell)
{
    for (unsigned i = 0; i < GJ_COLUMN_COUNT; i++) {
        bool offered = what == GJ_IMPORT_HOUSEHOLDS ? columns[i].households : columns[i].staff;
        if (offered &&
            (strcasecmp(columns[i].word, cell->text) == 0 || is_named(columns[i].names, cell->text, cell->len))) {
            return (enum gj_import_column)i;
        }
    }
    return GJ_COLUMN_COUNT;
}

static bool has(const struct gj_import_map *map, enum gj_import_column column)
{
    return memchr(map->column, (int)column, map->count) != NULL;
}

const char *gj_import_rules_header(enum gj_import_what what, bool with_office, const struct gj_csv_row *header,
    struct gj_import_map *map, const char **column, unsigned *at)
{
    *column = "header";
    *at = 0;
    map->count = 0;
    if (header->problem != NULL) {
        return header->problem;
    }
    for (unsigned i = 0; i < header->count; i++) {
        enum gj_import_column found = column_of(what, &header->cells[i]);
        *at = i + 1;
        if (found == GJ_COLUMN_COUNT) {
            return "column_unknown";
        }
        *column = columns[found].word;
        if (has(map, found)) {
            return "column_twice";
        }
        map->column[map->count++] = (uint8_t)found;
    }
    enum gj_import_column key = what == GJ_IMPORT_HOUSEHOLDS ? GJ_COLUMN_ROOM : GJ_COLUMN_LOGIN;
    *at = 0;
    if (!has(map, key)) {
        *column = columns[key].word;
        return "column_missing";
    }
    if (!with_office && !has(map, GJ_COLUMN_OFFICE)) {
        *column = columns[GJ_COLUMN_OFFICE].word;
        return "column_missing";
    }
    return NULL;
}

const char *gj_import_rules_cell(
    const struct gj_import_map *map, const struct gj_csv_row *row, enum gj_import_column column)
{
    const uint8_t *found = memchr(map->column, (int)column, map->count);
    size_t at = found != NULL ? (size_t)(found - map->column) : row->count;
    return at < row->count && row->cells[at].len > 0 ? row->cells[at].text : NULL;
}

void gj_import_rules_fault(struct gj_import_faults *faults, enum gj_import_column column, const char *code)
{
    if (faults->count < GJ_IMPORT_LINE_FAULTS_MAX) {
        faults->items[faults->count].column = column;
        faults->items[faults->count++].code = code;
    }
}

/* Digits up to four places; *text moves behind them. */
static bool read_number(const char **text, int32_t *out)
{
    int32_t value = 0;
    unsigned digits = 0;
    while (**text >= '0' && **text <= '9' && digits < 5) {
        value = value * 10 + (**text - '0');
        (*text)++;
        digits++;
    }
    *out = value;
    return digits > 0 && digits < 5;
}

static bool skip_one_of(const char **text, const char *const marks[3])
{
    for (unsigned i = 0; i < 3; i++) {
        size_t len = strlen(marks[i]);
        if (strncmp(*text, marks[i], len) == 0) {
            *text += len;
            return true;
        }
    }
    return false;
}

bool gj_import_rules_date(const char *text, int64_t *out_ms)
{
    static const char *const year_ends[] = {"-", "/", "年"}, *const month_ends[] = {"-", "/", "月"};
    struct gj_date date;
    if (!read_number(&text, &date.year) || !skip_one_of(&text, year_ends) || !read_number(&text, &date.month) ||
        !skip_one_of(&text, month_ends) || !read_number(&text, &date.day) ||
        (*text != '\0' && strcmp(text, "日") != 0) || !gj_date_valid(date)) {
        return false;
    }
    *out_ms = gj_cst_midnight(gj_day_of(date));
    return true;
}

bool gj_import_rules_area(const char *text, int64_t *out_cm2)
{
    int64_t cm2 = 0;
    unsigned places = 0, digits = 0;
    bool point = false;
    for (; *text != '\0'; text++) {
        if (*text == '.' && !point) {
            point = true;
            continue;
        }
        if (*text < '0' || *text > '9' || (point && places == 4) || digits == 12) {
            return false;
        }
        cm2 = cm2 * 10 + (*text - '0');
        digits++;
        places += point ? 1 : 0;
    }
    for (; places < 4; places++) {
        cm2 *= 10;
    }
    *out_cm2 = cm2;
    return digits > 0 && cm2 > 0 && cm2 <= GJ_AREA_CM2_MAX;
}

bool gj_import_rules_occupancy(const char *text, Gj__V1__Occupancy *out)
{
    static const struct {
        const char *names;
        Gj__V1__Occupancy value;
    } words[] = {
        {"occupied|自住|已入住|入住", GJ__V1__OCCUPANCY__OCCUPIED},
        {"vacant|空置|未入住", GJ__V1__OCCUPANCY__VACANT},
        {"let|出租|租住", GJ__V1__OCCUPANCY__LET},
        {"unknown|未知", GJ__V1__OCCUPANCY__OCCUPANCY_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (is_named(words[i].names, text, strlen(text))) {
            *out = words[i].value;
            return true;
        }
    }
    return false;
}
