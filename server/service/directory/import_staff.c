/* Staff of an import: a line against what is known of its login, and the rows the commit writes. People who have no
 * login yet get one without a password and without roles: both are given by people, not by a file. */
#include <string.h>

#include "common/limits.h"
#include "common/pb.h"
#include "core/actor.h"
#include "core/stand_in.h"
#include "service/admin/admin_rules.h"
#include "service/directory/directory.h"
#include "service/directory/directory_rules.h"
#include "service/directory/import.h"
#include "service/directory/people_form.h"
#include "service/door.h"
#include "store/record.h"

static uint64_t user_by_login(struct gj_txn *txn, const char *login)
{
    struct gj_key key = gj_key_of_name(login);
    return gj_txn_get_u64(txn, GJ_TABLE_USER_NAME, &key);
}

/* ---- prepare ---- */

bool gj_import_staff_seen(struct gj_import_work *work, const char *login)
{
    struct gj_arena scratch;
    bool seen = false;
    for (size_t i = 0; i < work->body->n_staff; i++) {
        seen = seen || strcmp(work->body->staff[i]->login, login) == 0;
    }
    struct gj_arena *kept = work->ctx->arena;
    gj_arena_init(&scratch, GJ_REQUEST_ARENA_MAX);
    for (uint32_t chunk = 0; !seen && chunk < work->import->chunks; chunk++) {
        Gj__Stored__Staged *staged = NULL;
        ProtobufCMessage *message = NULL;
        work->ctx->arena = &scratch;
        if (gj_import_staged(work->ctx, work->import->id, chunk, &staged) &&
            gj_pb_unpack_own(&gj__service__import_chunk__descriptor, &scratch, staged->rows.data, staged->rows.len,
                &message) == GJ_OK) {
            const Gj__Service__ImportChunk *rows = (const Gj__Service__ImportChunk *)message;
            for (size_t i = 0; i < rows->n_staff; i++) {
                seen = seen || strcmp(rows->staff[i]->login, login) == 0;
            }
        }
        work->ctx->arena = kept;
        gj_arena_reset(&scratch);
    }
    gj_arena_fini(&scratch);
    return seen;
}

/* What is known of the person, or an empty one. */
static Gj__V1__Staff *known_staff(struct gj_import_work *work, uint64_t user, bool *known)
{
    struct gj_ctx *ctx = work->ctx;
    Gj__Stored__Staff *stored = NULL;
    struct gj_key key = gj_key_of_u64(user);
    *known = user != 0 && gj_record_load(ctx->txn, GJ_TABLE_STAFF, &key, &gj__stored__staff__descriptor, ctx->arena,
                              (void **)&stored);
    if (*known) {
        return gj_people_form_wire_staff(ctx, stored);
    }
    Gj__V1__Staff *plain = GJ_ARENA_NEW(ctx->arena, Gj__V1__Staff);
    if (plain == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return NULL;
    }
    gj__v1__staff__init(plain);
    return plain;
}

static bool add_row(struct gj_import_work *work, const char *login, Gj__V1__Staff *plain, uint64_t user)
{
    struct gj_ctx *ctx = work->ctx;
    Gj__Service__ImportStaff *row = GJ_ARENA_NEW(ctx->arena, Gj__Service__ImportStaff);
    char *kept = gj_arena_strdup(ctx->arena, login);
    if (row == NULL || kept == NULL) {
        return gj_door_failed(ctx, gj_arena_why(ctx->arena));
    }
    plain->user = user;
    const ProtobufCMessage *put = gj_people_form_staff(ctx, plain, plain->revision);
    if (put == NULL) {
        return false;
    }
    gj__service__import_staff__init(row);
    row->login = kept;
    row->name = plain->name;
    row->put = (Gj__Service__StaffPut *)(uintptr_t)put;
    work->body->staff[work->body->n_staff++] = row;
    return true;
}

static void check_trades(struct gj_import_work *work, const Gj__V1__Staff *plain)
{
    for (size_t i = 0; i < plain->n_trades; i++) {
        if (gj_policy_trade(work->ctx->policy, plain->trades[i]) == NULL) {
            gj_import_rules_fault(&work->faults, GJ_COLUMN_TRADES, "field_choice");
        }
    }
}

bool gj_import_staff_line(struct gj_import_work *work)
{
    struct gj_ctx *ctx = work->ctx;
    const char *login = gj_import_rules_cell(&work->map, &work->row, GJ_COLUMN_LOGIN);
    uint64_t office = gj_import_office_of(work);
    uint32_t changed = 0;
    bool known = false;
    if (login == NULL || !gj_admin_rules_login(login)) {
        gj_import_rules_fault(&work->faults, GJ_COLUMN_LOGIN, login == NULL ? "field_missing" : "field_text");
        return true;
    }
    if (gj_import_staff_seen(work, login)) {
        gj_import_rules_fault(&work->faults, GJ_COLUMN_LOGIN, "field_twice");
        return true;
    }
    uint64_t user = user_by_login(ctx->txn, login);
    Gj__V1__Staff *plain = known_staff(work, user, &known);
    if (plain == NULL) {
        return false;
    }
    plain->user = 1;
    if (!gj_import_rules_staff(ctx->arena, &work->map, &work->row, plain, &changed, &work->faults)) {
        return gj_door_failed(ctx, gj_arena_why(ctx->arena));
    }
    check_trades(work, plain);
    if (work->faults.count > 0 || office == 0) {
        return true;
    }
    if (plain->office != office) {
        plain->office = office;
        changed |= UINT32_C(1) << GJ_COLUMN_OFFICE;
    }
    if (known && changed == 0) {
        work->body->unchanged++;
        return true;
    }
    return add_row(work, login, plain, user) && (!known || gj_import_add_change(work, login, changed));
}

/* ---- apply ---- */

static uint64_t make_user(struct gj_ctx *ctx, const Gj__Service__ImportStaff *row)
{
    Gj__Stored__User user = GJ__STORED__USER__INIT;
    user.id = gj_counter_next(ctx->txn, GJ_COUNTER_USER);
    user.login = row->login;
    user.name = row->name;
    user.office = row->put->staff->office;
    user.must_set_password = true;
    user.revision = 1;
    struct gj_key key = gj_key_of_u64(user.id);
    struct gj_key name = gj_key_of_name(user.login);
    gj_record_save(ctx->txn, GJ_TABLE_USER, &key, &user.base);
    gj_txn_put_u64(ctx->txn, GJ_TABLE_USER_NAME, &name, user.id);
    return user.id;
}

static bool rows_of(
    struct gj_ctx *ctx, struct gj_arena *arena, uint64_t import, uint32_t chunk, const Gj__Service__ImportChunk **out)
{
    Gj__Stored__Staged *staged = NULL;
    ProtobufCMessage *message = NULL;
    if (!gj_import_staged(ctx, import, chunk, &staged)) {
        return gj_door_failed(ctx, GJ_ECORRUPT);
    }
    enum gj_err err =
        gj_pb_unpack_own(&gj__service__import_chunk__descriptor, arena, staged->rows.data, staged->rows.len, &message);
    *out = (const Gj__Service__ImportChunk *)message;
    return err == GJ_OK || gj_door_failed(ctx, err);
}

/* The row is the one the preview showed: nobody has touched it, nobody has taken a login that was to be made. */
static bool row_fits(struct gj_ctx *ctx, const Gj__Service__ImportStaff *row)
{
    Gj__Stored__Staff *now = NULL;
    uint64_t user = user_by_login(ctx->txn, row->login);
    struct gj_key key = gj_key_of_u64(user);
    struct gj_subject subject = {.kind = GJ_SUBJECT_STAFF, .id = user};
    (void)gj_record_load(ctx->txn, GJ_TABLE_STAFF, &key, &gj__stored__staff__descriptor, ctx->arena, (void **)&now);
    return user == row->put->staff->user && (now != NULL ? now->revision : 0) == row->put->revision &&
           (row->put->data_key.len == 0 || user == 0 || !gj_vault_has_key(ctx->txn, &subject));
}

static bool check_rows(struct gj_ctx *ctx, const Gj__Service__ImportChunk *rows)
{
    bool fits = true;
    for (size_t i = 0; fits && i < rows->n_staff; i++) {
        fits = row_fits(ctx, rows->staff[i]);
    }
    return fits;
}

static bool write_rows(struct gj_ctx *ctx, const Gj__Service__ImportChunk *rows)
{
    for (size_t i = 0; i < rows->n_staff; i++) {
        const Gj__Service__ImportStaff *row = rows->staff[i];
        Gj__Stored__Staff *staff = row->put->staff;
        if (staff->user == 0) {
            staff->user = make_user(ctx, row);
        }
        (void)gj_directory_staff_save(ctx, staff, &row->put->data_key);
    }
    return true;
}

/* Chunk by chunk, in memory that is used again: two thousand people are more than one request may hold. */
static bool each_chunk(struct gj_ctx *ctx, const Gj__Stored__Import *import,
    bool (*step)(struct gj_ctx *ctx, const Gj__Service__ImportChunk *rows))
{
    struct gj_arena *kept = ctx->arena;
    struct gj_arena scratch;
    bool good = true;
    gj_arena_init(&scratch, GJ_REQUEST_ARENA_MAX);
    ctx->arena = &scratch;
    for (uint32_t chunk = 0; good && chunk < import->chunks; chunk++) {
        const Gj__Service__ImportChunk *rows = NULL;
        good = rows_of(ctx, &scratch, import->id, chunk, &rows) && step(ctx, rows) && gj_txn_error(ctx->txn) == GJ_OK;
        gj_arena_reset(&scratch);
    }
    gj_arena_fini(&scratch);
    ctx->arena = kept;
    return good;
}

bool gj_import_staff_commit(struct gj_ctx *ctx, const Gj__Stored__Import *import)
{
    if (!each_chunk(ctx, import, check_rows)) {
        return gj_txn_error(ctx->txn) == GJ_OK &&
               gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "import_stale", "import", NULL);
    }
    bool good = each_chunk(ctx, import, write_rows);
    gj_actor_rights_changed(ctx->txn);
    gj_stand_in_office(ctx, import->office, ctx->now_ms);
    return good;
}
