/* A chunk of an import: its lines are read, looked up and sealed on the loop, then written in one command. */
#include <inttypes.h>
#include <string.h>

#include "common/limits.h"
#include "common/pb.h"
#include "common/secret.h"
#include "common/text.h"
#include "service/directory/directory.h"
#include "service/directory/import.h"
#include "service/door.h"
#include "store/record.h"

/* ---- prepare ---- */

bool gj_import_add_change(struct gj_import_work *work, const char *key, uint32_t changed)
{
    struct gj_arena *arena = work->ctx->arena;
    Gj__V1__ImportChange *change = GJ_ARENA_NEW(arena, Gj__V1__ImportChange);
    char **fields = GJ_ARENA_ARRAY(arena, GJ_COLUMN_COUNT, char *);
    char *kept = gj_arena_strdup(arena, key);
    if (change == NULL || fields == NULL || kept == NULL) {
        return gj_door_failed(work->ctx, gj_arena_why(arena));
    }
    gj__v1__import_change__init(change);
    change->line = work->row.line;
    change->key = kept;
    change->fields = fields;
    for (unsigned column = 0; column < GJ_COLUMN_COUNT; column++) {
        if ((changed >> column & 1) != 0) {
            fields[change->n_fields++] = (char *)(uintptr_t)gj_import_rules_word((enum gj_import_column)column);
        }
    }
    work->body->changes[work->body->n_changes++] = change;
    return true;
}

uint64_t gj_import_office_of(struct gj_import_work *work)
{
    const char *code = gj_import_rules_cell(&work->map, &work->row, GJ_COLUMN_OFFICE);
    if (code == NULL) {
        if (work->import->office == 0) {
            gj_import_rules_fault(&work->faults, GJ_COLUMN_OFFICE, "field_missing");
        }
        return work->import->office;
    }
    uint64_t office = gj_directory_index_get(work->ctx->txn, GJ_INDEX_OFFICE_CODE, 0, code);
    if (office == 0) {
        gj_import_rules_fault(&work->faults, GJ_COLUMN_OFFICE, "reference_unknown");
    } else if (work->import->office != 0 && office != work->import->office) {
        gj_import_rules_fault(&work->faults, GJ_COLUMN_OFFICE, "other_office");
        office = 0;
    }
    return office;
}

static bool add_problems(struct gj_import_work *work)
{
    for (unsigned i = 0; i < work->faults.count; i++) {
        Gj__V1__ImportProblem *problem = GJ_ARENA_NEW(work->ctx->arena, Gj__V1__ImportProblem);
        if (problem == NULL) {
            return gj_door_failed(work->ctx, gj_arena_why(work->ctx->arena));
        }
        gj__v1__import_problem__init(problem);
        problem->line = work->row.line;
        problem->field = (char *)(uintptr_t)gj_import_rules_word(work->faults.items[i].column);
        problem->code = (char *)(uintptr_t)work->faults.items[i].code;
        work->body->problems[work->body->n_problems++] = problem;
    }
    return true;
}

static bool is_blank(const struct gj_csv_row *row)
{
    for (unsigned i = 0; i < row->count; i++) {
        if (row->cells[i].len > 0) {
            return false;
        }
    }
    return row->problem == NULL;
}

/* One line: into the rows, the unchanged or the problems. */
static bool take_line(struct gj_import_work *work)
{
    work->faults.count = 0;
    work->body->lines++;
    if (work->row.problem != NULL) {
        gj_import_rules_fault(&work->faults, GJ_COLUMN_COUNT, work->row.problem);
    } else if (work->row.count > work->map.count) {
        gj_import_rules_fault(&work->faults, GJ_COLUMN_COUNT, "csv_columns");
    } else {
        bool good = gj_import_rules_what(work->import->what) == GJ_IMPORT_HOUSEHOLDS ? gj_import_household_line(work)
                                                                                     : gj_import_staff_line(work);
        if (!good) {
            return false;
        }
    }
    return add_problems(work);
}

static bool take_lines(struct gj_import_work *work, const Gj__V1__ImportChunkRequest *request)
{
    struct gj_csv csv;
    gj_csv_init(&csv, work->ctx->arena, request->lines.data, request->lines.len, request->first_line);
    while (gj_csv_next(&csv, &work->row)) {
        if (is_blank(&work->row)) {
            continue;
        }
        if (work->body->lines == GJ_IMPORT_CHUNK_ROWS_MAX) {
            return gj_refuse(work->ctx, GJ__V1__STATUS__TOO_LARGE, "import_chunk_rows", "lines", NULL);
        }
        if (!take_line(work)) {
            return false;
        }
    }
    return !csv.failed || gj_door_failed(work->ctx, gj_arena_why(work->ctx->arena));
}

static Gj__Service__ImportChunk *new_body(struct gj_ctx *ctx, const Gj__V1__ImportChunkRequest *request)
{
    Gj__Service__ImportChunk *body = GJ_ARENA_NEW(ctx->arena, Gj__Service__ImportChunk);
    uint8_t *digest = gj_arena_alloc(ctx->arena, GJ_SECRET_SHA256_SIZE);
    if (body != NULL) {
        gj__service__import_chunk__init(body);
        body->households = GJ_ARENA_ARRAY(ctx->arena, GJ_IMPORT_CHUNK_ROWS_MAX, Gj__Service__HouseholdPut *);
        body->staff = GJ_ARENA_ARRAY(ctx->arena, GJ_IMPORT_CHUNK_ROWS_MAX, Gj__Service__ImportStaff *);
        body->changes = GJ_ARENA_ARRAY(ctx->arena, GJ_IMPORT_CHUNK_ROWS_MAX, Gj__V1__ImportChange *);
        body->problems =
            GJ_ARENA_ARRAY(ctx->arena, GJ_IMPORT_CHUNK_ROWS_MAX * GJ_IMPORT_LINE_FAULTS_MAX, Gj__V1__ImportProblem *);
    }
    if (body == NULL || digest == NULL || body->households == NULL || body->staff == NULL || body->changes == NULL ||
        body->problems == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return NULL;
    }
    gj_secret_sha256(request->lines.data, request->lines.len, digest);
    body->digest = (ProtobufCBinaryData){.data = digest, .len = GJ_SECRET_SHA256_SIZE};
    body->import = request->import;
    body->chunk = request->chunk;
    body->first_line = request->first_line;
    return body;
}

const ProtobufCMessage *gj_directory_import_chunk_prepare(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__ImportChunkRequest *request = (const Gj__V1__ImportChunkRequest *)message;
    struct gj_import_work work = {.ctx = ctx};
    Gj__Stored__Import *import = NULL;
    if (request->lines.len > GJ_IMPORT_CHUNK_BYTES_MAX) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__TOO_LARGE, "import_chunk_bytes", "lines", NULL);
        return NULL;
    }
    if (!gj_text_valid(request->lines.data, request->lines.len)) {
        (void)gj_door_invalid(ctx, "field_text", "lines");
        return NULL;
    }
    if (!gj_import_load(ctx, request->import, true, &import) ||
        !gj_door_check(ctx, GJ_DOOR_IMPORT, GJ_ACCESS_CREATE, import->office, NULL)) {
        return NULL;
    }
    work.body = new_body(ctx, request);
    work.import = import;
    /* A chunk that was taken before is only compared. */
    bool good = work.body != NULL && (request->chunk < import->chunks ||
                                         (gj_import_map_of(import, &work.map) && take_lines(&work, request)));
    return good && gj_txn_error(ctx->txn) == GJ_OK ? &work.body->base : NULL;
}

/* ---- apply ---- */

static bool chunk_fits(struct gj_ctx *ctx, const Gj__Service__ImportChunk *body, const Gj__Stored__Import *import,
    Gj__Stored__Staged **taken)
{
    *taken = NULL;
    if (body->digest.len != GJ_SECRET_SHA256_SIZE) {
        return gj_door_invalid(ctx, "command_malformed", NULL);
    }
    if (body->chunk > import->chunks) {
        const char *expected = gj_arena_printf(ctx->arena, "%" PRIu32, import->chunks);
        return gj_refuse(ctx, GJ__V1__STATUS__CONFLICT, "import_chunk_gap", "chunk", expected, NULL);
    }
    if (body->chunk == import->chunks) {
        bool too_many = gj_import_rules_what(import->what) == GJ_IMPORT_STAFF &&
                        import->rows + body->lines > GJ_IMPORT_STAFF_ROWS_MAX;
        return !too_many || gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "limit_reached", "lines", NULL);
    }
    if (!gj_import_staged(ctx, import->id, body->chunk, taken) || (*taken)->digest.len != body->digest.len ||
        memcmp((*taken)->digest.data, body->digest.data, body->digest.len) != 0) {
        return gj_refuse(ctx, GJ__V1__STATUS__CONFLICT, "import_chunk_differs", "chunk", NULL);
    }
    return true;
}

/* Lines with at least one problem. */
static uint64_t bad_lines(const Gj__Service__ImportChunk *body)
{
    uint64_t bad = 0;
    for (size_t i = 0; i < body->n_problems; i++) {
        bad += i == 0 || body->problems[i]->line != body->problems[i - 1]->line ? 1 : 0;
    }
    return bad;
}

static void chain_digest(struct gj_ctx *ctx, const Gj__Service__ImportChunk *body, Gj__Stored__Import *import)
{
    uint8_t both[2 * GJ_SECRET_SHA256_SIZE] = {0};
    uint8_t *digest = gj_arena_alloc(ctx->arena, GJ_SECRET_SHA256_SIZE);
    if (digest == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    if (import->digest.len == GJ_SECRET_SHA256_SIZE) {
        memcpy(both, import->digest.data, GJ_SECRET_SHA256_SIZE);
    }
    memcpy(both + GJ_SECRET_SHA256_SIZE, body->digest.data, GJ_SECRET_SHA256_SIZE);
    gj_secret_sha256(both, sizeof both, digest);
    import->digest = (ProtobufCBinaryData){.data = digest, .len = GJ_SECRET_SHA256_SIZE};
}

/* Staff rows wait in the chunk's row until the commit. */
static void keep_staff(struct gj_ctx *ctx, const Gj__Service__ImportChunk *body, Gj__Stored__Staged *staged)
{
    Gj__Service__ImportChunk rows = GJ__SERVICE__IMPORT_CHUNK__INIT;
    if (body->n_staff == 0) {
        return;
    }
    rows.staff = body->staff;
    rows.n_staff = body->n_staff;
    enum gj_err err = gj_pb_pack_arena(&rows.base, ctx->arena, &staged->rows.data, &staged->rows.len);
    if (err != GJ_OK) {
        gj_txn_fail(ctx->txn, err);
    }
    staged->added = (uint32_t)(body->n_staff - body->n_changes);
}

void gj_directory_import_chunk(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Service__ImportChunk *body = (const Gj__Service__ImportChunk *)message;
    Gj__Stored__Import *import = NULL;
    Gj__Stored__Staged *taken = NULL;
    struct gj_access_answer right;
    if (!gj_import_load(ctx, body->import, true, &import) ||
        !gj_door_check(ctx, GJ_DOOR_IMPORT, GJ_ACCESS_CREATE, import->office, &right) ||
        !chunk_fits(ctx, body, import, &taken)) {
        return;
    }
    if (taken != NULL) {
        ctx->apply->written.id = import->id;
        return;
    }
    if (!gj_import_households_fit(ctx, body)) {
        return;
    }
    Gj__Stored__Staged staged = GJ__STORED__STAGED__INIT;
    staged.first_line = body->first_line;
    staged.lines = body->lines;
    staged.unchanged = body->unchanged;
    staged.problems = body->problems;
    staged.n_problems = body->n_problems;
    staged.changes = body->changes;
    staged.n_changes = body->n_changes;
    staged.digest = body->digest;
    import->vacant += gj_import_households_stage(ctx, body, &staged);
    keep_staff(ctx, body, &staged);
    struct gj_key key = gj_import_chunk_key(import->id, body->chunk);
    gj_record_save(ctx->txn, GJ_TABLE_STAGE, &key, &staged.base);
    import->chunks++;
    import->rows += body->lines;
    import->bad += bad_lines(body);
    import->added += staged.added;
    import->changed += body->n_changes;
    import->unchanged += body->unchanged;
    import->last_at = ctx->now_ms;
    chain_digest(ctx, body, import);
    gj_import_save(ctx, import);
    struct gj_entry entry =
        gj_door_entry(ctx, GJ_ENTRY_IMPORT, "import_stage", GJ_SUBJECT_IMPORT, import->id, import->office, &right);
    entry.value = (int64_t)body->lines;
    entry.has_value = true;
    memcpy(entry.object, body->digest.data, sizeof entry.object);
    entry.has_object = true;
    (void)gj_door_append(ctx, &entry, NULL);
}
