/* Reaches gj_csv_next, the header of an import and what a line says over an empty household or member of staff: rows
 * end, cells lie inside them, problems are named, and a household that is taken would be taken again. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "common/text.h"
#include "service/directory/directory_rules.h"
#include "service/directory/import_rules.h"

#define NOW_MS INT64_C(1767574800000)

static void check_row(const struct gj_csv_row *row)
{
    require(row->count <= GJ_CSV_COLUMNS_MAX);
    for (unsigned i = 0; i < row->count; i++) {
        require(strlen(row->cells[i].text) == row->cells[i].len);
    }
}

static void lay(struct gj_arena *arena, const struct gj_import_map *map, const struct gj_csv_row *row)
{
    struct gj_import_faults faults = {0};
    Gj__V1__Household household = GJ__V1__HOUSEHOLD__INIT;
    uint32_t changed = 0;
    household.room = "1-1";
    bool fits = gj_import_rules_household(arena, map, row, NOW_MS, &household, &changed, &faults);
    require(faults.count <= GJ_IMPORT_LINE_FAULTS_MAX);
    if (fits && faults.count == 0) {
        require(gj_directory_rules_household(&household, NOW_MS).code == NULL);
        uint32_t again = 0;
        require(!gj_import_rules_household(arena, map, row, NOW_MS, &household, &again, &faults) || again == 0);
    }
}

static void lay_staff(struct gj_arena *arena, const struct gj_import_map *map, const struct gj_csv_row *row)
{
    struct gj_import_faults faults = {0};
    Gj__V1__Staff staff = GJ__V1__STAFF__INIT;
    uint32_t changed = 0;
    staff.user = 1;
    (void)gj_import_rules_staff(arena, map, row, &staff, &changed, &faults);
    require(faults.count <= GJ_IMPORT_LINE_FAULTS_MAX);
}

/* The first line is the header of both kinds of file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gj_arena arena;
    struct gj_csv csv;
    struct gj_csv_row row;
    struct gj_import_map households, staff;
    const char *column = NULL;
    unsigned at = 0;
    if (!gj_text_valid(data, size)) {
        return 0; /* refused before it is taken apart */
    }
    gj_arena_init(&arena, 1 << 20);
    gj_csv_init(&csv, &arena, data, size, 1);
    if (gj_csv_next(&csv, &row)) {
        check_row(&row);
        bool of_households =
            gj_import_rules_header(GJ_IMPORT_HOUSEHOLDS, true, &row, &households, &column, &at) == NULL;
        bool of_staff = gj_import_rules_header(GJ_IMPORT_STAFF, true, &row, &staff, &column, &at) == NULL;
        uint64_t line = row.line;
        while (gj_csv_next(&csv, &row)) {
            check_row(&row);
            require(row.line > line);
            line = row.line;
            if (row.problem == NULL && of_households) {
                lay(&arena, &households, &row);
            }
            if (row.problem == NULL && of_staff) {
                lay_staff(&arena, &staff, &row);
            }
        }
    }
    gj_arena_fini(&arena);
    return 0;
}
