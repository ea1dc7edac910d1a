/* The dispatcher's board: what waits for somebody, what is under way, and who is there. */
#include <string.h>

#include "core/core.h"
#include "core/notify_people.h"
#include "core/duty_gaps.h"
#include "core/work.h"
#include "core/work_view.h"
#include "proto/dispatch.pb-c.h"
#include "service/dispatch/dispatch.h"
#include "service/staff_index.h"
#include "store/record.h"

#define KIND "repair_ticket"

struct board {
    struct gj_ctx *ctx;
    const Gj__Stored__Office *office;
    const struct gj_kind *kind;
    Gj__V1__Board *out;
};

static bool may_see(struct board *board)
{
    struct gj_work work;
    struct gj_access_answer access;
    struct gj_ctx *ctx = board->ctx;
    if (!gj_work_new(ctx, ctx->policy, board->kind, board->office->id, &work) ||
        !gj_work_access(ctx, &work, GJ_ACCESS_LIST, &access)) {
        return false;
    }
    return !access.own_only || gj_refuse(ctx, GJ__V1__STATUS__DENIED, "no_right", "office", NULL);
}

/* ---- the queue: priority first, then the nearest deadline; what has no place on the board is the least urgent ---- */

struct pick {
    uint64_t id;
    uint32_t rank;
    int64_t due_ms;
};

static bool before(const struct pick *a, const struct pick *b)
{
    if (a->rank != b->rank) {
        return a->rank < b->rank;
    }
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->id < b->id;
}

static void keep(struct pick *picks, size_t *count, const struct pick *pick)
{
    size_t at = *count;
    while (at > 0 && before(pick, &picks[at - 1])) {
        at--;
    }
    if (at == GJ_DISPATCH_BOARD_MAX) {
        return;
    }
    *count += *count < GJ_DISPATCH_BOARD_MAX ? 1 : 0;
    memmove(&picks[at + 1], &picks[at], (*count - at - 1) * sizeof(picks[0]));
    picks[at] = *pick;
}

static struct gj_key queue_key(const struct board *board)
{
    struct gj_key key;
    gj_key_init(&key);
    gj_key_u32(&key, (uint32_t)board->office->id);
    gj_key_u16(&key, board->kind->number);
    return key;
}

static Gj__V1__Row *read_row(struct gj_txn *txn, const struct gj_value *bytes, struct gj_arena *arena)
{
    Gj__Stored__Work *line = NULL;
    if (gj_record_unpack(txn, bytes, &gj__stored__work__descriptor, arena, (void **)&line) && line->row == NULL) {
        gj_txn_fail(txn, GJ_ECORRUPT);
    }
    return line == NULL ? NULL : line->row;
}

static size_t pick_rows(struct board *board, struct pick *picks)
{
    struct gj_key prefix = queue_key(board);
    struct gj_arena scratch; /* one row at a time */
    struct gj_iter iter;
    size_t count = 0;
    bool ok = true;
    gj_arena_init(&scratch, GJ_REQUEST_ARENA_MAX);
    gj_iter_prefix(&iter, board->ctx->txn, GJ_TABLE_WORK, &prefix, GJ_FORWARD);
    while (ok && gj_iter_next(&iter)) {
        gj_arena_reset(&scratch);
        const Gj__V1__Row *row = read_row(board->ctx->txn, &iter.value, &scratch);
        ok = row != NULL;
        if (ok) {
            struct pick pick = {.id = row->id,
                .rank = gj_priority_rank(row->priority),
                .due_ms = row->due_at == 0 ? INT64_MAX : row->due_at};
            keep(picks, &count, &pick);
        }
    }
    gj_iter_close(&iter);
    gj_arena_fini(&scratch);
    return count;
}

static void read_queue(struct board *board)
{
    struct gj_ctx *ctx = board->ctx;
    struct pick *picks = GJ_ARENA_ARRAY(ctx->arena, GJ_DISPATCH_BOARD_MAX, struct pick);
    if (picks == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    size_t count = pick_rows(board, picks);
    for (size_t i = 0; i < count; i++) {
        struct gj_key key = queue_key(board);
        struct gj_value bytes;
        gj_key_u64(&key, picks[i].id);
        Gj__V1__Row *row =
            gj_txn_get(ctx->txn, GJ_TABLE_WORK, &key, &bytes) ? read_row(ctx->txn, &bytes, ctx->arena) : NULL;
        if (row == NULL) {
            gj_txn_fail(ctx->txn, GJ_ECORRUPT); /* the same snapshot has just shown it */
            return;
        }
        if (row->assignee == 0) {
            board->out->unassigned[board->out->n_unassigned++] = row;
        } else {
            board->out->assigned[board->out->n_assigned++] = row;
        }
    }
}

static uint32_t open_of(const Gj__V1__Board *out, uint64_t user)
{
    uint32_t open = 0;
    for (size_t i = 0; i < out->n_assigned; i++) {
        open += out->assigned[i]->assignee == user ? 1 : 0;
    }
    return open;
}

static bool lapsed(const struct gj_ctx *ctx, const Gj__Stored__Staff *staff)
{
    for (size_t i = 0; i < staff->n_certificates; i++) {
        int64_t until = staff->certificates[i]->valid_until;
        if (until != 0 && until < ctx->now_ms) {
            return true;
        }
    }
    return false;
}

static void add_technician(struct board *board, uint64_t user)
{
    struct gj_ctx *ctx = board->ctx;
    Gj__Stored__Staff *staff = NULL;
    struct gj_key key = gj_key_of_u64(user);
    Gj__V1__Technician *technician = GJ_ARENA_NEW(ctx->arena, Gj__V1__Technician);
    if (technician == NULL ||
        !gj_record_load(ctx->txn, GJ_TABLE_STAFF, &key, &gj__stored__staff__descriptor, ctx->arena, (void **)&staff) ||
        staff->n_trades == 0) {
        return;
    }
    gj__v1__technician__init(technician);
    technician->user = user;
    technician->name = staff->name;
    technician->trades = staff->trades;
    technician->n_trades = staff->n_trades;
    technician->open = open_of(board->out, user);
    technician->absent = !gj_people_present(ctx, user);
    technician->certificate_lapsed = lapsed(ctx, staff);
    board->out->technicians[board->out->n_technicians++] = technician;
}

static void read_people(struct board *board)
{
    struct gj_key prefix = gj_staff_index_office(board->office->id);
    struct gj_iter iter;
    gj_iter_prefix(&iter, board->ctx->txn, GJ_TABLE_DIRECTORY, &prefix, GJ_FORWARD);
    while (board->out->n_technicians < GJ_DISPATCH_TECHNICIANS_MAX && gj_iter_next(&iter)) {
        struct gj_key_reader reader = gj_key_read(iter.value.data, iter.value.len);
        add_technician(board, gj_key_read_u64(&reader));
    }
    gj_iter_close(&iter);
}

void gj_dispatch_read_board(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__BoardRequest *request = (const Gj__V1__BoardRequest *)message;
    struct board board = {.ctx = ctx, .kind = gj_policy_kind(ctx->policy, KIND)};
    struct gj_key key = gj_key_of_u64(request->office);
    if (board.kind == NULL || !gj_record_load(ctx->txn, GJ_TABLE_OFFICE, &key, &gj__stored__office__descriptor,
                                  ctx->arena, (void **)&board.office)) {
        gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "office", NULL);
        return;
    }
    board.out = GJ_ARENA_NEW(ctx->arena, Gj__V1__Board);
    Gj__V1__Row **rows = GJ_ARENA_ARRAY(ctx->arena, 2 * GJ_DISPATCH_BOARD_MAX, Gj__V1__Row *);
    Gj__V1__Technician **people = GJ_ARENA_ARRAY(ctx->arena, GJ_DISPATCH_TECHNICIANS_MAX, Gj__V1__Technician *);
    if (board.out == NULL || rows == NULL || people == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    gj__v1__board__init(board.out);
    board.out->unassigned = rows;
    board.out->assigned = rows + GJ_DISPATCH_BOARD_MAX;
    board.out->technicians = people;
    if (!may_see(&board)) {
        return;
    }
    read_queue(&board);
    read_people(&board);
    struct gj_duty_gap gaps[GJ_DUTY_GAPS_MAX];
    board.out->duty_gaps = (uint32_t)gj_duty_gaps_find(ctx, request->office, gaps);
    gj_answer_ok(ctx, &board.out->base);
}
