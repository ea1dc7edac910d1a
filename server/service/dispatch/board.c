/* The dispatcher's board: what waits for somebody, what is under way, and who is there. */
#include <string.h>

#include "core/core.h"
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

static void read_queue(struct board *board)
{
    struct gj_ctx *ctx = board->ctx;
    struct gj_key prefix;
    gj_key_init(&prefix);
    gj_key_u32(&prefix, (uint32_t)board->office->id);
    gj_key_u16(&prefix, board->kind->number);
    struct gj_iter iter;
    gj_iter_prefix(&iter, ctx->txn, GJ_TABLE_WORK, &prefix, GJ_FORWARD);
    while (board->out->n_assigned + board->out->n_unassigned < GJ_DISPATCH_BOARD_MAX && gj_iter_next(&iter)) {
        Gj__Stored__Work *line = NULL;
        if (!gj_record_unpack(ctx->txn, &iter.value, &gj__stored__work__descriptor, ctx->arena, (void **)&line)) {
            break;
        }
        Gj__V1__Row *row = line->row;
        if (row == NULL) {
            gj_txn_fail(ctx->txn, GJ_ECORRUPT);
            break;
        }
        if (row->assignee == 0) {
            board->out->unassigned[board->out->n_unassigned++] = row;
        } else {
            board->out->assigned[board->out->n_assigned++] = row;
        }
    }
    gj_iter_close(&iter);
}

static bool absent(struct gj_ctx *ctx, uint64_t user)
{
    Gj__Stored__User *row = NULL;
    struct gj_key key = gj_key_of_u64(user);
    if (!gj_record_load(ctx->txn, GJ_TABLE_USER, &key, &gj__stored__user__descriptor, ctx->arena, (void **)&row)) {
        return true;
    }
    bool away = row->disabled;
    for (size_t i = 0; i < row->n_absences; i++) {
        const Gj__Stored__Absence *absence = row->absences[i];
        away = away || (absence->from <= ctx->now_ms && (absence->until == 0 || ctx->now_ms < absence->until));
    }
    return away;
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
    technician->absent = absent(ctx, user);
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
    gj_answer_ok(ctx, &board.out->base);
}
