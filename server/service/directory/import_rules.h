/* What the columns of an import mean and what is wrong with a line: pure. Columns are named in Chinese or English; an
 * empty cell leaves what is there, a hyphen clears it. */
#ifndef GJ_SERVICE_DIRECTORY_IMPORT_RULES_H
#define GJ_SERVICE_DIRECTORY_IMPORT_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "proto/directory.pb-c.h"
#include "service/directory/csv.h"

/* X(NAME, "word", "中文|further names", households, staff) */
#define GJ_IMPORT_COLUMNS(X)                                                                                           \
    X(OFFICE, "office", "管理处|管理处代码|项目", true, true)                                                          \
    X(BUILDING, "building", "楼栋|楼号|栋", true, false)                                                               \
    X(ROOM, "room", "房号|房间号|单元号", true, false)                                                                 \
    X(NAME, "name", "户名|姓名", true, true)                                                                           \
    X(OCCUPANCY, "occupancy", "入住状态|状态", true, false)                                                            \
    X(DELIVERED, "delivered_at", "交付日期|收楼日期", true, false)                                                     \
    X(COMPLETED, "completed_at", "竣工日期|竣工验收日期", true, false)                                                 \
    X(AREA, "area", "建筑面积|面积", true, false)                                                                      \
    X(OWNER, "owner", "业主|业主姓名", true, false)                                                                    \
    X(OWNER_PHONE, "owner_phone", "业主电话|业主手机", true, false)                                                    \
    X(TENANT, "tenant", "租户|租户姓名", true, false)                                                                  \
    X(TENANT_PHONE, "tenant_phone", "租户电话|租户手机", true, false)                                                  \
    X(CONTACT, "preferred_contact", "联系方式", true, false)                                                           \
    X(HOURS, "preferred_hours", "联系时间", true, false)                                                               \
    X(PLATES, "plates", "车牌|车牌号", true, false)                                                                    \
    X(LOGIN, "login", "账号|登录名|工号", false, true)                                                                 \
    X(POST, "post", "岗位|职务", false, true)                                                                          \
    X(TRADES, "trades", "工种", false, true)                                                                           \
    X(PHONE, "phone", "电话|手机", false, true)                                                                        \
    X(CERTIFICATE, "certificate", "证书|证书名称", false, true)                                                        \
    X(CERTIFICATE_NUMBER, "certificate_number", "证书编号|证号", false, true)                                          \
    X(VALID_UNTIL, "valid_until", "有效期|有效期至", false, true)                                                      \
    X(REVIEW_AT, "review_at", "复审日期", false, true)

enum gj_import_column {
#define GJ_IMPORT_COLUMN_ENUM(name, word, zh, households, staff) GJ_COLUMN_##name,
    GJ_IMPORT_COLUMNS(GJ_IMPORT_COLUMN_ENUM)
#undef GJ_IMPORT_COLUMN_ENUM
        GJ_COLUMN_COUNT
};
const char *gj_import_rules_word(enum gj_import_column column);
/* By its word, as kept with the import; COUNT for none. */
enum gj_import_column gj_import_rules_by_word(const char *word);

enum gj_import_what { GJ_IMPORT_NOTHING, GJ_IMPORT_HOUSEHOLDS, GJ_IMPORT_STAFF };
enum gj_import_what gj_import_rules_what(const char *what);

/* Which column stands where; COUNT: none of ours is there. */
struct gj_import_map {
    unsigned count;
    uint8_t column[GJ_CSV_COLUMNS_MAX];
};

/* Reads the header. NULL, or a stable code and in *column the word concerned: "column_unknown" (which is told by its
 * position in *at, from 1), "column_twice", "column_missing". with_office: the import is of one office, so the column
 * may be absent. */
const char *gj_import_rules_header(enum gj_import_what what, bool with_office, const struct gj_csv_row *header,
    struct gj_import_map *map, const char **column, unsigned *at);

/* A cell of a row by its column: NULL when the file has no such column or the cell is empty. */
const char *gj_import_rules_cell(
    const struct gj_import_map *map, const struct gj_csv_row *row, enum gj_import_column column);

/* Collects what is wrong with one line; more than a few of one line are not worth telling. */
#define GJ_IMPORT_LINE_FAULTS_MAX 4
struct gj_import_faults {
    unsigned count;
    struct {
        enum gj_import_column column;
        const char *code;
    } items[GJ_IMPORT_LINE_FAULTS_MAX];
};
void gj_import_rules_fault(struct gj_import_faults *faults, enum gj_import_column column, const char *code);

/* Lays one line over a household: `plain` is what is known of the room (or an empty one with its office), and is
 * changed in place; new arrays come from the arena. office and building are looked up by the caller. changed: bit n =
 * column n said something else than was there. false: the arena is full. */
bool gj_import_rules_household(struct gj_arena *arena, const struct gj_import_map *map, const struct gj_csv_row *row,
    int64_t now_ms, Gj__V1__Household *plain, uint32_t *changed, struct gj_import_faults *faults);
/* The same for a member of staff; several trades or certificates stand in one cell, separated by semicolons.
 * plain->user may be any number. */
bool gj_import_rules_staff(struct gj_arena *arena, const struct gj_import_map *map, const struct gj_csv_row *row,
    Gj__V1__Staff *plain, uint32_t *changed, struct gj_import_faults *faults);

/* "2021-06-30", "2021/6/30" or "2021年6月30日" to its midnight in +08:00. */
bool gj_import_rules_date(const char *text, int64_t *out_ms);
/* "89.37" square metres to cm2. */
bool gj_import_rules_area(const char *text, int64_t *out_cm2);
bool gj_import_rules_occupancy(const char *text, Gj__V1__Occupancy *out);

#endif
