#include "service/directory/import_rules.h"

#include <string.h>

#include "common/limits.h"
#include "common/text.h"
#include "service/directory/directory_rules.h"

/* One line being laid over what is known. */
struct line {
    struct gj_arena *arena;
    const struct gj_import_map *map;
    const struct gj_csv_row *row;
    uint32_t *changed;
    struct gj_import_faults *faults;
    bool full; /* the arena is */
};

static const char *cell(const struct line *line, enum gj_import_column column)
{
    return gj_import_rules_cell(line->map, line->row, column);
}

static void fault(const struct line *line, enum gj_import_column column, const char *code)
{
    gj_import_rules_fault(line->faults, column, code);
}

static void mark(const struct line *line, enum gj_import_column column)
{
    *line->changed |= UINT32_C(1) << column;
}

static void set_text(struct line *line, enum gj_import_column column, size_t max, char **target)
{
    const char *text = cell(line, column);
    if (text == NULL) {
        return;
    }
    if (strcmp(text, "-") == 0) {
        text = "";
    }
    if (strlen(text) > max) {
        fault(line, column, "field_length");
        return;
    }
    if (strcmp(*target, text) == 0) {
        return;
    }
    char *copy = gj_arena_strdup(line->arena, text);
    line->full = line->full || copy == NULL;
    *target = copy != NULL ? copy : *target;
    mark(line, column);
}

static void set_number(struct line *line, enum gj_import_column column, bool (*read)(const char *, int64_t *),
    const char *code, int64_t *target)
{
    const char *text = cell(line, column);
    int64_t value = 0;
    if (text == NULL) {
        return;
    }
    if (strcmp(text, "-") != 0 && !read(text, &value)) {
        fault(line, column, code);
        return;
    }
    if (*target != value) {
        *target = value;
        mark(line, column);
    }
}

/* A cell that lists several: separated by ; / | or their full-width forms and the Chinese comma. Gives the next part,
 * "" at the end. */
static const char *next_part(const char **at, size_t *len)
{
    static const char *const marks[] = {";", "/", "|", "；", "、", "／"};
    const char *begin = *at;
    const char *end = begin;
    size_t mark_len = 0;
    while (*end != '\0' && mark_len == 0) {
        for (size_t i = 0; i < sizeof marks / sizeof marks[0] && mark_len == 0; i++) {
            size_t one = strlen(marks[i]);
            mark_len = strncmp(end, marks[i], one) == 0 ? one : 0;
        }
        end += mark_len == 0 ? 1 : 0;
    }
    *at = end + mark_len;
    return gj_text_trim(begin, (size_t)(end - begin), len);
}

struct list {
    char *items[GJ_STAFF_TRADES_MAX];
    size_t count;
};

static bool split(struct line *line, enum gj_import_column column, size_t max, struct list *out)
{
    const char *at = cell(line, column);
    out->count = 0;
    if (at == NULL) {
        return false;
    }
    if (strcmp(at, "-") == 0) {
        return true;
    }
    while (*at != '\0') {
        size_t len = 0;
        const char *part = next_part(&at, &len);
        if (len == 0) {
            continue;
        }
        if (out->count == max) {
            fault(line, column, "limit_reached");
            return false;
        }
        char *copy = gj_arena_strndup(line->arena, part, len);
        line->full = line->full || copy == NULL;
        if (copy == NULL) {
            return false;
        }
        out->items[out->count++] = copy;
    }
    return true;
}

static bool split_phones(struct line *line, enum gj_import_column column, struct list *out)
{
    if (!split(line, column, GJ_PERSON_PHONES_MAX, out)) {
        return false;
    }
    for (size_t i = 0; i < out->count; i++) {
        char number[GJ_TEXT_PHONE_SIZE];
        if (gj_text_phone(out->items[i], strlen(out->items[i]), number) != GJ_OK) {
            fault(line, column, "field_phone");
            return false;
        }
        out->items[i] = gj_arena_strdup(line->arena, number);
        if (out->items[i] == NULL) {
            line->full = true;
            return false;
        }
    }
    return true;
}

/* Replaces an array of texts when it says something else. */
static void set_list(
    struct line *line, enum gj_import_column column, const struct list *list, char ***target, size_t *count)
{
    bool same = *count == list->count;
    for (size_t i = 0; same && i < list->count; i++) {
        same = strcmp((*target)[i], list->items[i]) == 0;
    }
    if (same) {
        return;
    }
    char **copy = GJ_ARENA_ARRAY(line->arena, list->count + 1, char *);
    if (copy == NULL) {
        line->full = true;
        return;
    }
    memcpy(copy, list->items, list->count * sizeof copy[0]);
    *target = copy;
    *count = list->count;
    mark(line, column);
}

/* The household's first person in that relation; made when a name is given. */
static Gj__V1__Person *person_of(struct line *line, Gj__V1__Household *plain, Gj__V1__PersonRelation relation)
{
    for (size_t i = 0; i < plain->n_persons; i++) {
        if (plain->persons[i]->relation == relation) {
            return plain->persons[i];
        }
    }
    Gj__V1__Person **longer = GJ_ARENA_ARRAY(line->arena, plain->n_persons + 1, Gj__V1__Person *);
    Gj__V1__Person *person = GJ_ARENA_NEW(line->arena, Gj__V1__Person);
    if (longer == NULL || person == NULL) {
        line->full = true;
        return NULL;
    }
    gj__v1__person__init(person);
    person->relation = relation;
    for (size_t i = 0; i < plain->n_persons; i++) {
        longer[i] = plain->persons[i];
    }
    longer[plain->n_persons++] = person;
    plain->persons = longer;
    return person;
}

static void remove_person(Gj__V1__Household *plain, Gj__V1__PersonRelation relation)
{
    size_t kept = 0;
    for (size_t i = 0; i < plain->n_persons; i++) {
        if (plain->persons[i]->relation != relation) {
            plain->persons[kept++] = plain->persons[i];
        }
    }
    plain->n_persons = kept;
}

static bool has_person(const Gj__V1__Household *plain, Gj__V1__PersonRelation relation)
{
    for (size_t i = 0; i < plain->n_persons; i++) {
        if (plain->persons[i]->relation == relation) {
            return true;
        }
    }
    return false;
}

static void set_person(struct line *line, Gj__V1__Household *plain, Gj__V1__PersonRelation relation,
    enum gj_import_column name_column, enum gj_import_column phone_column)
{
    const char *name = cell(line, name_column);
    struct list phones;
    bool has_phones = split_phones(line, phone_column, &phones);
    if (name == NULL && !has_phones) {
        return;
    }
    if (name != NULL && strcmp(name, "-") == 0) {
        if (has_person(plain, relation)) {
            remove_person(plain, relation);
            mark(line, name_column);
        }
        return;
    }
    if (name == NULL && !has_person(plain, relation)) {
        fault(line, name_column, "field_missing");
        return;
    }
    Gj__V1__Person *person = person_of(line, plain, relation);
    if (person == NULL) {
        return;
    }
    set_text(line, name_column, GJ_TEXT_NAME_MAX, &person->name);
    if (has_phones) {
        set_list(line, phone_column, &phones, &person->phones, &person->n_phones);
    }
    if (relation == GJ__V1__PERSON_RELATION__OWNER) {
        set_text(line, GJ_COLUMN_CONTACT, GJ_TEXT_CODE_MAX, &person->preferred_contact);
        set_text(line, GJ_COLUMN_HOURS, GJ_TEXT_CODE_MAX, &person->preferred_hours);
    }
}

static void set_vehicles(struct line *line, Gj__V1__Household *plain)
{
    struct list plates;
    if (!split(line, GJ_COLUMN_PLATES, GJ_HOUSEHOLD_VEHICLES_MAX, &plates)) {
        return;
    }
    bool same = plates.count == plain->n_vehicles;
    for (size_t i = 0; same && i < plates.count; i++) {
        same = strcmp(plain->vehicles[i]->plate, plates.items[i]) == 0;
    }
    if (same) {
        return;
    }
    Gj__V1__Vehicle **vehicles = GJ_ARENA_ARRAY(line->arena, plates.count + 1, Gj__V1__Vehicle *);
    Gj__V1__Vehicle *rows = GJ_ARENA_ARRAY(line->arena, plates.count + 1, Gj__V1__Vehicle);
    if (vehicles == NULL || rows == NULL) {
        line->full = true;
        return;
    }
    for (size_t i = 0; i < plates.count; i++) {
        vehicles[i] = NULL;
        for (size_t k = 0; k < plain->n_vehicles; k++) {
            /* What was known of a car besides its plate stays with it. */
            if (strcmp(plain->vehicles[k]->plate, plates.items[i]) == 0) {
                vehicles[i] = plain->vehicles[k];
            }
        }
        if (vehicles[i] == NULL) {
            gj__v1__vehicle__init(&rows[i]);
            rows[i].plate = plates.items[i];
            vehicles[i] = &rows[i];
        }
    }
    plain->vehicles = vehicles;
    plain->n_vehicles = plates.count;
    mark(line, GJ_COLUMN_PLATES);
}

/* Where a field of a checked household came from in the file. */
static enum gj_import_column column_of_field(const char *field)
{
    static const struct {
        const char *field;
        enum gj_import_column column;
    } fields[] = {
        {"room", GJ_COLUMN_ROOM},
        {"completed_at", GJ_COLUMN_COMPLETED},
        {"delivered_at", GJ_COLUMN_DELIVERED},
        {"area_cm2", GJ_COLUMN_AREA},
        {"preferred_contact", GJ_COLUMN_CONTACT},
        {"preferred_hours", GJ_COLUMN_HOURS},
        {"plate", GJ_COLUMN_PLATES},
        {"phones", GJ_COLUMN_OWNER_PHONE},
        {"name", GJ_COLUMN_NAME},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (strcmp(fields[i].field, field) == 0) {
            return fields[i].column;
        }
    }
    return GJ_COLUMN_ROOM;
}

bool gj_import_rules_household(struct gj_arena *arena, const struct gj_import_map *map, const struct gj_csv_row *row,
    int64_t now_ms, Gj__V1__Household *plain, uint32_t *changed, struct gj_import_faults *faults)
{
    struct line line = {.arena = arena, .map = map, .row = row, .changed = changed, .faults = faults};
    const char *occupancy = cell(&line, GJ_COLUMN_OCCUPANCY);
    Gj__V1__Occupancy value = plain->occupancy;
    *changed = 0;
    if (occupancy != NULL && !gj_import_rules_occupancy(occupancy, &value)) {
        fault(&line, GJ_COLUMN_OCCUPANCY, "field_choice");
    } else if (value != plain->occupancy) {
        plain->occupancy = value;
        mark(&line, GJ_COLUMN_OCCUPANCY);
    }
    set_text(&line, GJ_COLUMN_NAME, GJ_TEXT_NAME_MAX, &plain->name);
    set_number(&line, GJ_COLUMN_DELIVERED, gj_import_rules_date, "field_date", &plain->delivered_at);
    set_number(&line, GJ_COLUMN_COMPLETED, gj_import_rules_date, "field_date", &plain->completed_at);
    set_number(&line, GJ_COLUMN_AREA, gj_import_rules_area, "field_number", &plain->area_cm2);
    set_person(&line, plain, GJ__V1__PERSON_RELATION__OWNER, GJ_COLUMN_OWNER, GJ_COLUMN_OWNER_PHONE);
    set_person(&line, plain, GJ__V1__PERSON_RELATION__TENANT, GJ_COLUMN_TENANT, GJ_COLUMN_TENANT_PHONE);
    set_vehicles(&line, plain);
    if (faults->count == 0 && !line.full) {
        struct gj_fault_at wrong = gj_directory_rules_household(plain, now_ms);
        if (wrong.code != NULL) {
            fault(&line, column_of_field(wrong.field), wrong.code);
        }
    }
    return !line.full;
}

static Gj__V1__Certificate *certificate_of(struct line *line, Gj__V1__Staff *plain, char *name)
{
    for (size_t i = 0; i < plain->n_certificates; i++) {
        if (strcmp(plain->certificates[i]->name, name) == 0) {
            return plain->certificates[i];
        }
    }
    Gj__V1__Certificate **longer = GJ_ARENA_ARRAY(line->arena, plain->n_certificates + 1, Gj__V1__Certificate *);
    Gj__V1__Certificate *made = GJ_ARENA_NEW(line->arena, Gj__V1__Certificate);
    if (longer == NULL || made == NULL) {
        line->full = true;
        return NULL;
    }
    gj__v1__certificate__init(made);
    made->name = name;
    for (size_t i = 0; i < plain->n_certificates; i++) {
        longer[i] = plain->certificates[i];
    }
    longer[plain->n_certificates++] = made;
    plain->certificates = longer;
    mark(line, GJ_COLUMN_CERTIFICATE);
    return made;
}

static void set_date(
    struct line *line, enum gj_import_column column, const struct list *dates, size_t at, int64_t *target)
{
    int64_t value = 0;
    if (at >= dates->count) {
        return;
    }
    if (strcmp(dates->items[at], "-") != 0 && !gj_import_rules_date(dates->items[at], &value)) {
        fault(line, column, "field_date");
    } else if (*target != value) {
        *target = value;
        mark(line, column);
    }
}

/* Several certificates of one person stand in one cell each: names, numbers and dates in the same order. */
static void set_certificates(struct line *line, Gj__V1__Staff *plain)
{
    struct list names, numbers, until, review;
    bool some = split(line, GJ_COLUMN_CERTIFICATE, GJ_STAFF_CERTIFICATES_MAX, &names);
    (void)split(line, GJ_COLUMN_CERTIFICATE_NUMBER, GJ_STAFF_CERTIFICATES_MAX, &numbers);
    (void)split(line, GJ_COLUMN_VALID_UNTIL, GJ_STAFF_CERTIFICATES_MAX, &until);
    (void)split(line, GJ_COLUMN_REVIEW_AT, GJ_STAFF_CERTIFICATES_MAX, &review);
    for (size_t i = 0; some && i < names.count; i++) {
        Gj__V1__Certificate *certificate = certificate_of(line, plain, names.items[i]);
        if (certificate == NULL) {
            return;
        }
        if (i < numbers.count && strcmp(certificate->number, numbers.items[i]) != 0) {
            certificate->number = numbers.items[i];
            mark(line, GJ_COLUMN_CERTIFICATE_NUMBER);
        }
        set_date(line, GJ_COLUMN_VALID_UNTIL, &until, i, &certificate->valid_until);
        set_date(line, GJ_COLUMN_REVIEW_AT, &review, i, &certificate->review_at);
    }
    if (some && names.count == 0 && plain->n_certificates > 0) {
        plain->n_certificates = 0;
        mark(line, GJ_COLUMN_CERTIFICATE);
    }
}

bool gj_import_rules_staff(struct gj_arena *arena, const struct gj_import_map *map, const struct gj_csv_row *row,
    Gj__V1__Staff *plain, uint32_t *changed, struct gj_import_faults *faults)
{
    struct line line = {.arena = arena, .map = map, .row = row, .changed = changed, .faults = faults};
    struct list trades, phones;
    *changed = 0;
    set_text(&line, GJ_COLUMN_NAME, GJ_TEXT_NAME_MAX, &plain->name);
    set_text(&line, GJ_COLUMN_POST, GJ_TEXT_NAME_MAX, &plain->post);
    if (split(&line, GJ_COLUMN_TRADES, GJ_STAFF_TRADES_MAX, &trades)) {
        set_list(&line, GJ_COLUMN_TRADES, &trades, &plain->trades, &plain->n_trades);
    }
    if (split_phones(&line, GJ_COLUMN_PHONE, &phones)) {
        const char *number = phones.count > 0 ? phones.items[0] : "";
        if (phones.count > 1) {
            fault(&line, GJ_COLUMN_PHONE, "limit_reached");
        } else if (strcmp(plain->phone, number) != 0) {
            plain->phone = phones.count > 0 ? phones.items[0] : (char *)protobuf_c_empty_string;
            mark(&line, GJ_COLUMN_PHONE);
        }
    }
    set_certificates(&line, plain);
    if (faults->count == 0 && !line.full) {
        struct gj_fault_at wrong = gj_directory_rules_staff(plain);
        if (wrong.code != NULL) {
            fault(&line, strcmp(wrong.field, "name") == 0 ? GJ_COLUMN_NAME : GJ_COLUMN_CERTIFICATE, wrong.code);
        }
    }
    return !line.full;
}
