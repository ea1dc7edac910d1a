/* Draws (抽样) and what is owed. A draw is a logged read: the command writes the seed into the log, and only then is
 * the sample computed from it, so that anybody with the log can repeat it. */
#include <stdio.h>
#include <string.h>

#include "common/calendar.h"
#include "common/policy/draw.h"
#include "core/command.h"
#include "core/core.h"
#include "core/household.h"
#include "core/request.h"
#include "core/subject.h"
#include "core/work.h"
#include "core/work_view.h"
#include "proto/register.pb-c.h"
#include "service/door.h"
#include "service/register/page.h"
#include "service/register/register.h"
#include "store/record.h"

#define DRAW_COUNT_MAX 200

/* What households are drawn as: they are no kind of record. */
#define HOUSEHOLDS "household"

/* What is drawn from: records of a kind that were closed in a period, or the households of an office. */
struct drawing {
    const struct gj_kind *kind; /* NULL: households */
    uint16_t number;            /* of the kind, or GJ_SUBJECT_HOUSEHOLD */
};

/* False: refused. */
static bool may_draw(struct gj_ctx *ctx, const char *what, uint64_t office, struct drawing *drawing)
{
    struct gj_work work;
    struct gj_access_answer access;
    if (strcmp(what, HOUSEHOLDS) == 0) {
        *drawing = (struct drawing){.number = GJ_SUBJECT_HOUSEHOLD};
        return gj_door_office(ctx, office, "office") &&
               gj_door_check(ctx, GJ_DOOR_HOUSEHOLD, GJ_ACCESS_LIST, office, &access) &&
               (!access.own_only || gj_refuse(ctx, GJ__V1__STATUS__DENIED, "no_right", "what", NULL));
    }
    const struct gj_kind *kind = gj_policy_kind(ctx->policy, what);
    if (kind == NULL) {
        return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "what", NULL);
    }
    *drawing = (struct drawing){.kind = kind, .number = kind->number};
    return gj_work_new(ctx, ctx->policy, kind, office, &work)
               ? gj_work_access(ctx, &work, GJ_ACCESS_LIST, &access)
               : gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "office", NULL);
}

const ProtobufCMessage *gj_register_prepare_draw(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__DrawRequest *request = (const Gj__V1__DrawRequest *)message;
    struct drawing drawing;
    Gj__Work__Draw *body = GJ_ARENA_NEW(ctx->arena, Gj__Work__Draw);
    if (body == NULL || !may_draw(ctx, request->what, request->office, &drawing)) {
        return NULL;
    }
    if (request->count == 0 || request->count > DRAW_COUNT_MAX) {
        gj_refuse(ctx, GJ__V1__STATUS__INVALID, "field_range", "count", NULL);
        return NULL;
    }
    if (request->until <= request->from && (drawing.kind != NULL || request->until != 0 || request->from != 0)) {
        gj_refuse(ctx, GJ__V1__STATUS__INVALID, "field_range", "until", NULL);
        return NULL;
    }
    gj__work__draw__init(body);
    body->what = request->what;
    body->office = request->office;
    body->count = request->count;
    body->from = request->from;
    body->until = request->until;
    return &body->base;
}

/* The period as a word of the entry: two dates. */
static void period_word(const Gj__Work__Draw *body, struct gj_entry_word *word)
{
    char from[GJ_DATE_TEXT_SIZE];
    char until[GJ_DATE_TEXT_SIZE];
    char text[2 * GJ_DATE_TEXT_SIZE];
    gj_date_format(gj_cst_day(body->from), from);
    gj_date_format(gj_cst_day(body->until - 1), until);
    (void)snprintf(text, sizeof(text), "%s:%s", from, until);
    (void)gj_entry_word(word, body->until == 0 ? "" : text);
}

void gj_register_apply_draw(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Work__Draw *body = (const Gj__Work__Draw *)message;
    struct drawing drawing;
    if (!may_draw(ctx, body->what, body->office, &drawing)) {
        return;
    }
    struct gj_entry entry = {.type = GJ_ENTRY_DRAW,
        .office = (uint32_t)body->office,
        .subject_kind = GJ_SUBJECT_DRAW,
        .related_kind = drawing.number,
        .has_related = true,
        .has_value = true,
        .value = body->count,
        .has_object = true};
    (void)gj_entry_word(&entry.action, body->what);
    period_word(body, &entry.reason);
    entry.has_reason = entry.reason.text[0] != '\0';
    memcpy(entry.object, ctx->command->random, sizeof(entry.object));
    (void)gj_apply_entry(ctx, &entry, NULL, 0);
}

/* Ids of the records closed within the period, in the order of their day and id: what is drawn from. */
static size_t population(
    struct gj_ctx *ctx, const Gj__V1__DrawRequest *request, const struct gj_kind *kind, uint64_t *ids)
{
    struct gj_key low;
    gj_key_init(&low);
    gj_key_u32(&low, (uint32_t)request->office);
    gj_key_u16(&low, kind->number);
    struct gj_key high = low;
    gj_key_u32(&low, (uint32_t)gj_cst_day(request->from));
    gj_key_u32(&high, (uint32_t)gj_cst_day(request->until - 1) + 1);
    size_t count = 0;
    struct gj_iter iter;
    gj_iter_range(&iter, ctx->txn, GJ_TABLE_BY_DATE, &low, &high, GJ_FORWARD);
    while (count < GJ_REGISTER_DRAW_MAX && gj_iter_next(&iter)) {
        struct gj_key_reader reader = gj_key_read(iter.key.data, iter.key.len);
        (void)gj_key_read_u32(&reader);
        (void)gj_key_read_u16(&reader);
        (void)gj_key_read_u32(&reader);
        ids[count++] = gj_key_read_u64(&reader);
    }
    gj_iter_close(&iter);
    return count;
}

static void draw_records(struct gj_ctx *ctx, const Gj__V1__DrawRequest *request, const struct gj_kind *kind,
    struct gj_draw *draw, uint64_t *ids, Gj__V1__RowList *list)
{
    uint64_t chosen[DRAW_COUNT_MAX];
    size_t total = population(ctx, request, kind, ids);
    size_t count = request->count < total ? request->count : total;
    gj_draw_sample(draw, total, count, chosen);
    for (size_t i = 0; i < count; i++) {
        struct gj_work work;
        struct gj_access_answer access;
        struct gj_refusal refusal = {0};
        if (gj_work_load(ctx, ids[chosen[i]], &work) && gj_work_may(ctx, &work, GJ_ACCESS_READ, &access, &refusal)) {
            list->rows[list->n_rows++] = gj_work_row_of_record(ctx->arena, &work);
        }
    }
}

/* In the order of their rooms, as the index has them; what an import has only staged is among them. */
static size_t rooms(struct gj_ctx *ctx, uint64_t office, uint64_t *ids)
{
    struct gj_key prefix;
    struct gj_iter iter;
    size_t count = 0;
    gj_key_init(&prefix);
    gj_key_u32(&prefix, (uint32_t)office);
    gj_iter_prefix(&iter, ctx->txn, GJ_TABLE_HOUSEHOLD_BY_ROOM, &prefix, GJ_FORWARD);
    while (count < GJ_REGISTER_DRAW_MAX && gj_iter_next(&iter)) {
        struct gj_key_reader reader = gj_key_read(iter.value.data, iter.value.len);
        ids[count++] = gj_key_read_u64(&reader);
    }
    gj_iter_close(&iter);
    return count;
}

/* One after the other out of those that are left, so that passing over one that does not exist yet leaves every other
 * set equally likely. */
static void draw_households(
    struct gj_ctx *ctx, const Gj__V1__DrawRequest *request, struct gj_draw *draw, uint64_t *ids, Gj__V1__RowList *list)
{
    size_t left = rooms(ctx, request->office, ids);
    while (left > 0 && list->n_rows < request->count) {
        size_t at = (size_t)gj_draw_below(draw, left);
        uint64_t id = ids[at];
        Gj__Stored__Household *household = NULL;
        ids[at] = ids[--left];
        if (!gj_household_load(ctx->txn, id, ctx->arena, &household) || household->erased) {
            continue;
        }
        Gj__V1__Row *row = GJ_ARENA_NEW(ctx->arena, Gj__V1__Row);
        if (row == NULL) {
            gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
            return;
        }
        gj__v1__row__init(row);
        row->id = household->id;
        row->kind = GJ_SUBJECT_HOUSEHOLD;
        row->office = household->office;
        row->place = household->room;
        list->rows[list->n_rows++] = row;
    }
}

/* The seed is taken from the log, not from the command: sent again, the same request gives the same sample. */
static bool seed_of(struct gj_ctx *ctx, const char *what, uint8_t seed[GJ_DRAW_SEED_SIZE])
{
    struct gj_entry entry;
    struct gj_entry_row row;
    size_t size = 0;
    if (!gj_entry_get(ctx->txn, ctx->pending->item.applied.written.event, &row) ||
        gj_entry_decode(row.bytes.data, row.bytes.len, &entry, &size) != GJ_OK || entry.type != GJ_ENTRY_DRAW) {
        gj_txn_fail(ctx->txn, GJ_ECORRUPT);
        return false;
    }
    memcpy(seed, entry.object, GJ_DRAW_SEED_SIZE);
    return strcmp(entry.action.text, what) == 0 ||
           gj_refuse(ctx, GJ__V1__STATUS__INVALID, "field_choice", "what", NULL); /* the key belongs to another draw */
}

void gj_register_read_draw(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__DrawRequest *request = (const Gj__V1__DrawRequest *)message;
    uint64_t *ids = GJ_ARENA_ARRAY(ctx->arena, GJ_REGISTER_DRAW_MAX, uint64_t);
    Gj__V1__RowList *list = GJ_ARENA_NEW(ctx->arena, Gj__V1__RowList);
    Gj__V1__Row **rows = GJ_ARENA_ARRAY(ctx->arena, DRAW_COUNT_MAX, Gj__V1__Row *);
    uint8_t seed[GJ_DRAW_SEED_SIZE];
    struct drawing drawing;
    struct gj_draw draw;
    if (ids == NULL || list == NULL || rows == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    if (request->count > DRAW_COUNT_MAX || !may_draw(ctx, request->what, request->office, &drawing) ||
        !seed_of(ctx, request->what, seed)) {
        return;
    }
    gj__v1__row_list__init(list);
    list->rows = rows;
    gj_draw_begin(&draw, seed, request->what);
    if (drawing.kind != NULL) {
        draw_records(ctx, request, drawing.kind, &draw, ids, list);
    } else {
        draw_households(ctx, request, &draw, ids, list);
    }
    list->event = gj_txn_events(ctx->txn);
    gj_answer_ok(ctx, &list->base);
}

/* --- what is owed --- */

static Gj__V1__ObligationTask *task_of(struct gj_arena *arena, const Gj__Stored__Obligation *row)
{
    Gj__V1__ObligationTask *task = GJ_ARENA_NEW(arena, Gj__V1__ObligationTask);
    if (task == NULL) {
        return NULL;
    }
    gj__v1__obligation_task__init(task);
    task->code = row->code;
    task->office = row->office;
    task->opens_at = row->opens_at;
    task->due_at = row->due_at;
    task->done_at = row->done_at;
    task->record = row->record;
    task->role = row->role;
    task->missed = row->missed;
    task->owed = row->owed;
    task->done = row->done;
    return task;
}

static bool in_range(const Gj__V1__ObligationListRequest *request, const Gj__Stored__Obligation *row)
{
    return row->code[0] != '\0' && (!request->missed || row->missed) &&
           (request->from == 0 || row->due_at >= request->from) &&
           (request->until == 0 || row->due_at < request->until);
}

static bool may_see_tasks(struct gj_ctx *ctx, uint64_t office)
{
    Gj__Stored__Office *row = NULL;
    struct gj_key key = gj_key_of_u64(office);
    if (!gj_record_load(ctx->txn, GJ_TABLE_OFFICE, &key, &gj__stored__office__descriptor, ctx->arena, (void **)&row)) {
        return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "office", NULL);
    }
    gj_roles roles = gj_actor_roles(ctx->actor, row->id, row->region);
    for (uint8_t number = 1; number < 64; number++) {
        const struct gj_role *role =
            (roles & GJ_ROLE_BIT(number)) == 0 ? NULL : gj_policy_role_by_number(ctx->policy, number);
        if (role != NULL && role->staff) {
            return true;
        }
    }
    return gj_refuse(ctx, GJ__V1__STATUS__DENIED, "no_right", "office", NULL);
}

void gj_register_read_obligations(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__ObligationListRequest *request = (const Gj__V1__ObligationListRequest *)message;
    struct gj_register_cursor from;
    size_t limit = gj_register_limit(request->page);
    size_t budget = GJ_REGISTER_SCAN_MAX / 10;
    if (!may_see_tasks(ctx, request->office) || !gj_register_cursor_read(ctx, request->page, &from)) {
        return;
    }
    Gj__V1__ObligationList *list = GJ_ARENA_NEW(ctx->arena, Gj__V1__ObligationList);
    Gj__V1__ObligationTask **tasks = GJ_ARENA_ARRAY(ctx->arena, limit, Gj__V1__ObligationTask *);
    if (list == NULL || tasks == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    gj__v1__obligation_list__init(list);
    list->tasks = tasks;
    struct gj_key low;
    gj_key_init(&low);
    gj_key_u32(&low, (uint32_t)request->office);
    struct gj_key high = low;
    (void)gj_key_after_prefix(&high);
    if (from.started) {
        gj_key_u16(&low, (uint16_t)from.kind);
        gj_key_u32(&low, (uint32_t)from.value);
        gj_key_u64(&low, from.id);
        gj_key_after(&low);
    }
    struct gj_iter iter;
    gj_iter_range(&iter, ctx->txn, GJ_TABLE_OBLIGATION, &low, &high, GJ_FORWARD);
    while (gj_iter_next(&iter)) {
        Gj__Stored__Obligation *row = NULL;
        if (list->n_tasks == limit || budget-- == 0) {
            list->cursor = gj_register_cursor_write(ctx, &from);
            break;
        }
        struct gj_key_reader reader = gj_key_read(iter.key.data, iter.key.len);
        (void)gj_key_read_u32(&reader);
        from = (struct gj_register_cursor){.office = request->office, .kind = gj_key_read_u16(&reader)};
        from.value = gj_key_read_u32(&reader);
        from.id = gj_key_read_u64(&reader);
        if (!gj_record_unpack(ctx->txn, &iter.value, &gj__stored__obligation__descriptor, ctx->arena, (void **)&row)) {
            break;
        }
        if (in_range(request, row)) {
            tasks[list->n_tasks] = task_of(ctx->arena, row);
            list->n_tasks += tasks[list->n_tasks] != NULL ? 1 : 0;
        }
    }
    gj_iter_close(&iter);
    gj_answer_ok(ctx, &list->base);
}
