#include "service/directory/import.h"

#include <inttypes.h>
#include <string.h>

#include <sodium.h>

#include "common/limits.h"
#include "core/core.h"
#include "core/household.h"
#include "service/directory/directory.h"
#include "service/door.h"
#include "store/record.h"

/* ---- rows ---- */

struct gj_key gj_import_chunk_key(uint64_t import, uint32_t chunk)
{
    struct gj_key key = gj_key_of_u64(import);
    gj_key_u32(&key, chunk);
    return key;
}

void gj_import_save(struct gj_ctx *ctx, const Gj__Stored__Import *import)
{
    struct gj_key key = gj_key_of_u64(import->id);
    gj_record_save(ctx->txn, GJ_TABLE_IMPORT, &key, &import->base);
}

bool gj_import_load(struct gj_ctx *ctx, uint64_t id, bool must_be_open, Gj__Stored__Import **out)
{
    struct gj_key key = gj_key_of_u64(id);
    *out = NULL;
    if (!gj_record_load(ctx->txn, GJ_TABLE_IMPORT, &key, &gj__stored__import__descriptor, ctx->arena, (void **)out)) {
        return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "import", NULL);
    }
    if (must_be_open && ((*out)->committed || (*out)->abandoned)) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "import_ended", "import", NULL);
    }
    return true;
}

bool gj_import_staged(struct gj_ctx *ctx, uint64_t import, uint32_t chunk, Gj__Stored__Staged **out)
{
    struct gj_key key = gj_import_chunk_key(import, chunk);
    *out = NULL;
    return gj_record_load(ctx->txn, GJ_TABLE_STAGE, &key, &gj__stored__staged__descriptor, ctx->arena, (void **)out);
}

bool gj_import_map_of(const Gj__Stored__Import *import, struct gj_import_map *map)
{
    map->count = 0;
    for (size_t i = 0; i < import->n_columns && i < GJ_CSV_COLUMNS_MAX; i++) {
        map->column[map->count++] = (uint8_t)gj_import_rules_by_word(import->columns[i]);
    }
    return map->count > 0;
}

void gj_directory_import_touched(struct gj_ctx *ctx, uint64_t id)
{
    Gj__Stored__Import *import = NULL;
    struct gj_key key = gj_key_of_u64(id);
    if (gj_record_load(
            ctx->txn, GJ_TABLE_IMPORT, &key, &gj__stored__import__descriptor, ctx->arena, (void **)&import) &&
        !import->committed && !import->abandoned) {
        import->stale++;
        gj_import_save(ctx, import);
    }
}

/* ---- begin ---- */

struct beginning {
    enum gj_import_what what;
    struct gj_import_map map;
    struct gj_access_answer right;
    uint64_t forgotten[16]; /* unfinished imports that nobody has touched for a day */
    size_t n_forgotten;
};

static bool begin_checked(struct gj_ctx *ctx, const Gj__V1__ImportBeginRequest *request, struct beginning *begin)
{
    struct gj_csv csv;
    struct gj_csv_row row = {0};
    const char *column = NULL;
    unsigned at = 0;
    begin->what = gj_import_rules_what(request->what);
    if (begin->what == GJ_IMPORT_NOTHING) {
        return gj_door_invalid(ctx, request->what[0] == '\0' ? "field_missing" : "field_choice", "what");
    }
    gj_csv_init(&csv, ctx->arena, request->header, strlen(request->header), 1);
    if (strlen(request->header) > GJ_TEXT_NOTE_MAX || !gj_csv_next(&csv, &row)) {
        return gj_door_invalid(ctx, request->header[0] == '\0' ? "field_missing" : "field_length", "header");
    }
    const char *code = gj_import_rules_header(begin->what, request->office != 0, &row, &begin->map, &column, &at);
    if (code != NULL) {
        const char *position = gj_arena_printf(ctx->arena, "%u", at);
        return gj_refuse(ctx, GJ__V1__STATUS__INVALID, code, "header", column, position, NULL);
    }
    return gj_door_office(ctx, request->office, "office") &&
           gj_door_check(ctx, GJ_DOOR_IMPORT, GJ_ACCESS_CREATE, request->office, &begin->right);
}

/* Two unfinished imports of the same households would each be blind to the other's rows. */
static bool none_running(struct gj_ctx *ctx, const Gj__V1__ImportBeginRequest *request, struct beginning *begin)
{
    struct gj_iter iter;
    bool free = true;
    gj_iter_range(&iter, ctx->txn, GJ_TABLE_IMPORT, NULL, NULL, GJ_BACKWARD);
    for (unsigned looked = 0; free && looked < GJ_PAGE_ROWS_MAX && gj_iter_next(&iter); looked++) {
        Gj__Stored__Import *other = NULL;
        if (!gj_record_unpack(ctx->txn, &iter.value, &gj__stored__import__descriptor, ctx->arena, (void **)&other)) {
            break;
        }
        bool overlaps = other->office == 0 || request->office == 0 || other->office == request->office;
        if (other->committed || other->abandoned || !overlaps || strcmp(other->what, request->what) != 0) {
            continue;
        }
        if (ctx->now_ms - other->last_at > GJ_IMPORT_IDLE_MS &&
            begin->n_forgotten < sizeof begin->forgotten / sizeof begin->forgotten[0]) {
            begin->forgotten[begin->n_forgotten++] = other->id;
            continue;
        }
        const char *id = gj_arena_printf(ctx->arena, "%" PRIu64, other->id);
        free = gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "import_running", "what", id, NULL);
    }
    gj_iter_close(&iter);
    return free;
}

const ProtobufCMessage *gj_directory_import_begin_prepare(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    struct beginning begin = {0};
    return begin_checked(ctx, (const Gj__V1__ImportBeginRequest *)message, &begin) ? message : NULL;
}

static void end_import(struct gj_ctx *ctx, Gj__Stored__Import *import, bool committed)
{
    import->committed = committed;
    import->abandoned = !committed;
    import->ended_at = ctx->now_ms;
    gj_import_save(ctx, import);
    if (committed && gj_import_rules_what(import->what) == GJ_IMPORT_HOUSEHOLDS) {
        gj_household_counted(ctx->txn, ctx->arena, import->office, (int64_t)import->added, import->vacant);
    }
    gj_import_ask_step(ctx);
}

void gj_directory_import_begin(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__ImportBeginRequest *request = (const Gj__V1__ImportBeginRequest *)message;
    struct beginning begin = {0};
    char *columns[GJ_CSV_COLUMNS_MAX];
    if (!begin_checked(ctx, request, &begin) || !none_running(ctx, request, &begin)) {
        return;
    }
    for (size_t i = 0; i < begin.n_forgotten; i++) {
        Gj__Stored__Import *forgotten = NULL;
        if (gj_import_load(ctx, begin.forgotten[i], true, &forgotten)) {
            end_import(ctx, forgotten, false);
        }
    }
    Gj__Stored__Import import = GJ__STORED__IMPORT__INIT;
    import.id = gj_counter_next(ctx->txn, GJ_COUNTER_IMPORT);
    import.what = request->what;
    import.office = request->office;
    import.by = ctx->actor->user;
    import.begun_at = ctx->now_ms;
    import.last_at = ctx->now_ms;
    import.columns = columns;
    for (unsigned i = 0; i < begin.map.count; i++) {
        columns[i] = (char *)(uintptr_t)gj_import_rules_word((enum gj_import_column)begin.map.column[i]);
    }
    import.n_columns = begin.map.count;
    gj_import_save(ctx, &import);
    struct gj_entry entry =
        gj_door_entry(ctx, GJ_ENTRY_IMPORT, "import_begin", GJ_SUBJECT_IMPORT, import.id, import.office, &begin.right);
    (void)gj_door_append(ctx, &entry, NULL);
}

/* ---- commit and abandon ---- */

static bool end_allowed(
    struct gj_ctx *ctx, const ProtobufCMessage *message, Gj__Stored__Import **import, struct gj_access_answer *right)
{
    uint64_t id = ((const Gj__V1__ImportCommitRequest *)message)->import;
    return gj_import_load(ctx, id, true, import) &&
           gj_door_check(ctx, GJ_DOOR_IMPORT, GJ_ACCESS_CREATE, (*import)->office, right);
}

static void append_end(
    struct gj_ctx *ctx, const Gj__Stored__Import *import, const char *action, const struct gj_access_answer *right)
{
    struct gj_entry entry =
        gj_door_entry(ctx, GJ_ENTRY_IMPORT, action, GJ_SUBJECT_IMPORT, import->id, import->office, right);
    entry.value = (int64_t)(import->added + import->changed);
    entry.has_value = true;
    if (import->digest.len == sizeof entry.object) {
        memcpy(entry.object, import->digest.data, sizeof entry.object);
        entry.has_object = true;
    }
    (void)gj_door_append(ctx, &entry, NULL);
}

void gj_directory_import_commit(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    Gj__Stored__Import *import = NULL;
    struct gj_access_answer right;
    if (!end_allowed(ctx, message, &import, &right)) {
        return;
    }
    if (import->bad > 0) {
        const char *bad = gj_arena_printf(ctx->arena, "%" PRIu64, import->bad);
        (void)gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "import_bad_lines", "import", bad, NULL);
        return;
    }
    if (import->stale > 0) {
        const char *stale = gj_arena_printf(ctx->arena, "%" PRIu64, import->stale);
        (void)gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "import_stale", "import", stale, NULL);
        return;
    }
    if (gj_import_rules_what(import->what) == GJ_IMPORT_STAFF && !gj_import_staff_commit(ctx, import)) {
        return;
    }
    end_import(ctx, import, true);
    append_end(ctx, import, "import_commit", &right);
}

void gj_directory_import_abandon(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    Gj__Stored__Import *import = NULL;
    struct gj_access_answer right;
    if (!end_allowed(ctx, message, &import, &right)) {
        return;
    }
    end_import(ctx, import, false);
    append_end(ctx, import, "import_abandon", &right);
}

/* ---- report ---- */

/* Adds the lines of one chunk in their order; a line is given whole or not at all, so that the next report goes on
 * behind the last line of this one. false: the report is full. */
static bool add_page(const Gj__Stored__Staged *staged, uint64_t after, Gj__V1__ImportReport *report)
{
    size_t problem = 0, change = 0;
    while (problem < staged->n_problems || change < staged->n_changes) {
        uint64_t bad = problem < staged->n_problems ? staged->problems[problem]->line : UINT64_MAX;
        uint64_t good = change < staged->n_changes ? staged->changes[change]->line : UINT64_MAX;
        if (good < bad) {
            if (good > after && report->n_changes == GJ_IMPORT_REPORT_MAX) {
                return false;
            }
            if (good > after) {
                report->changes[report->n_changes++] = staged->changes[change];
            }
            change++;
            continue;
        }
        if (bad > after && report->n_problems + GJ_IMPORT_LINE_FAULTS_MAX > GJ_IMPORT_REPORT_MAX) {
            return false;
        }
        for (; problem < staged->n_problems && staged->problems[problem]->line == bad; problem++) {
            if (bad > after) {
                report->problems[report->n_problems++] = staged->problems[problem];
            }
        }
    }
    return true;
}

/* First chunk that may hold a line above after: chunks ascend with their lines. */
static uint32_t chunk_after(struct gj_ctx *ctx, const Gj__Stored__Import *import, uint64_t after)
{
    uint32_t low = 0, high = import->chunks;
    while (low + 1 < high) {
        uint32_t middle = low + (high - low) / 2;
        Gj__Stored__Staged *staged = NULL;
        if (!gj_import_staged(ctx, import->id, middle, &staged) || staged->first_line <= after) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

static void add_chunks(
    struct gj_ctx *ctx, const Gj__Stored__Import *import, uint64_t after, Gj__V1__ImportReport *report)
{
    /* Most chunks have nothing to tell: they are looked at in memory that is used again. */
    struct gj_arena *kept = ctx->arena;
    struct gj_arena scratch;
    bool more = import->bad > 0 || import->changed > 0;
    gj_arena_init(&scratch, GJ_REQUEST_ARENA_MAX);
    for (uint32_t chunk = chunk_after(ctx, import, after); more && chunk < import->chunks; chunk++) {
        Gj__Stored__Staged *staged = NULL;
        ctx->arena = &scratch;
        bool tells = gj_import_staged(ctx, import->id, chunk, &staged) && staged->n_problems + staged->n_changes > 0;
        ctx->arena = kept;
        gj_arena_reset(&scratch);
        if (tells && gj_import_staged(ctx, import->id, chunk, &staged)) {
            more = add_page(staged, after, report);
        }
        more = more && gj_txn_error(ctx->txn) == GJ_OK;
    }
    gj_arena_fini(&scratch);
}

void gj_directory_import_report(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__ImportReportRequest *request = (const Gj__V1__ImportReportRequest *)message;
    Gj__Stored__Import *import = NULL;
    if (!gj_import_load(ctx, request->import, false, &import) ||
        !gj_door_check(ctx, GJ_DOOR_IMPORT, GJ_ACCESS_CREATE, import->office, NULL)) {
        return;
    }
    Gj__V1__ImportReport *report = GJ_ARENA_NEW(ctx->arena, Gj__V1__ImportReport);
    Gj__V1__ImportProblem **problems = GJ_ARENA_ARRAY(ctx->arena, GJ_IMPORT_REPORT_MAX, Gj__V1__ImportProblem *);
    Gj__V1__ImportChange **changes = GJ_ARENA_ARRAY(ctx->arena, GJ_IMPORT_REPORT_MAX, Gj__V1__ImportChange *);
    if (report == NULL || problems == NULL || changes == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return;
    }
    gj__v1__import_report__init(report);
    report->rows = import->rows;
    report->added = import->added;
    report->changed = import->changed;
    report->unchanged = import->unchanged;
    report->bad = import->bad;
    report->committed = import->committed;
    report->problems = problems;
    report->changes = changes;
    add_chunks(ctx, import, request->after_line, report);
    gj_answer_ok(ctx, &report->base);
}
