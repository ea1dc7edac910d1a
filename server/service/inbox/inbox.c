#include "service/inbox/inbox.h"

#include <string.h>

#include "core/apply.h"
#include "core/core.h"
#include "core/subject.h"
#include "proto/inbox.pb-c.h"
#include "store/record.h"
#include "store/stored.pb-c.h"

static struct gj_key notice_key(uint64_t user, uint64_t id)
{
    struct gj_key key;
    gj_key_init(&key);
    gj_key_u64(&key, user);
    gj_key_u64(&key, id);
    return key;
}

static Gj__V1__Notice *notice_of(struct gj_arena *arena, const Gj__Stored__Notice *row)
{
    Gj__V1__Notice *notice = GJ_ARENA_NEW(arena, Gj__V1__Notice);
    if (notice == NULL) {
        return NULL;
    }
    gj__v1__notice__init(notice);
    notice->id = row->id;
    notice->at = row->at;
    notice->code = row->code;
    notice->params = row->params;
    notice->n_params = row->n_params;
    notice->office = row->office;
    notice->kind = row->kind;
    notice->record = row->record;
    notice->number = row->number;
    notice->timer = row->timer;
    notice->stage = row->stage;
    notice->due_at = row->due_at;
    notice->acked_at = row->acked_at;
    notice->event = row->event;
    notice->role = row->role;
    notice->count = row->count;
    return notice;
}

/* The cursor is the id of the last notice shown; newest come first. */
static bool start_of(struct gj_ctx *ctx, const Gj__V1__Page *page, uint64_t user, struct gj_key *high)
{
    *high = gj_key_of_u64(user);
    if (page == NULL || page->cursor.len == 0) {
        (void)gj_key_after_prefix(high);
        return true;
    }
    struct gj_key_reader reader = gj_key_read(page->cursor.data, page->cursor.len);
    uint64_t id = gj_key_read_u64(&reader);
    gj_key_u64(high, id);
    return gj_key_read_done(&reader) || gj_refuse(ctx, GJ__V1__STATUS__INVALID, "cursor", "page", NULL);
}

static void end_page(struct gj_ctx *ctx, Gj__V1__InboxList *list)
{
    struct gj_key last = gj_key_of_u64(list->notices[list->n_notices - 1]->id);
    list->cursor.data = gj_arena_dup(ctx->arena, last.bytes, last.len);
    list->cursor.len = list->cursor.data == NULL ? 0 : last.len;
}

static void read_list(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__InboxListRequest *request = (const Gj__V1__InboxListRequest *)message;
    size_t limit = request->page == NULL || request->page->limit == 0 ? GJ_INBOX_PAGE_DEFAULT : request->page->limit;
    limit = limit > GJ_INBOX_PAGE_MAX ? GJ_INBOX_PAGE_MAX : limit;
    struct gj_key low = gj_key_of_u64(ctx->actor->user);
    struct gj_key high;
    Gj__V1__InboxList *list = GJ_ARENA_NEW(ctx->arena, Gj__V1__InboxList);
    Gj__V1__Notice **notices = GJ_ARENA_ARRAY(ctx->arena, limit, Gj__V1__Notice *);
    if (!start_of(ctx, request->page, ctx->actor->user, &high)) {
        return;
    }
    if (list == NULL || notices == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    gj__v1__inbox_list__init(list);
    list->notices = notices;
    struct gj_iter iter;
    gj_iter_range(&iter, ctx->txn, GJ_TABLE_INBOX, &low, &high, GJ_BACKWARD);
    for (size_t seen = 0; seen < GJ_INBOX_SCAN_MAX && gj_iter_next(&iter); seen++) {
        Gj__Stored__Notice *row = NULL;
        if (!gj_record_unpack(ctx->txn, &iter.value, &gj__stored__notice__descriptor, ctx->arena, (void **)&row)) {
            break;
        }
        list->unread += row->acked_at == 0 ? 1 : 0;
        if ((row->acked_at != 0 && !request->acked) || (request->office != 0 && row->office != request->office)) {
            continue;
        }
        if (list->n_notices == limit) {
            if (list->cursor.len == 0) {
                end_page(ctx, list);
            }
            continue;
        }
        notices[list->n_notices] = notice_of(ctx->arena, row);
        list->n_notices += notices[list->n_notices] != NULL ? 1 : 0;
    }
    gj_iter_close(&iter);
    gj_answer_ok(ctx, &list->base);
}

static void apply_ack(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__InboxAckRequest *request = (const Gj__V1__InboxAckRequest *)message;
    if (request->n_ids == 0 || request->n_ids > GJ_INBOX_ACK_MAX) {
        gj_refuse(ctx, GJ__V1__STATUS__INVALID, "limit_reached", "ids", NULL);
        return;
    }
    Gj__Stored__Notice **rows = GJ_ARENA_ARRAY(ctx->arena, request->n_ids, Gj__Stored__Notice *);
    for (size_t i = 0; rows != NULL && i < request->n_ids; i++) {
        struct gj_key key = notice_key(ctx->actor->user, request->ids[i]);
        if (!gj_record_load(
                ctx->txn, GJ_TABLE_INBOX, &key, &gj__stored__notice__descriptor, ctx->arena, (void **)&rows[i])) {
            gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "ids", NULL);
            return;
        }
    }
    if (rows == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    struct gj_entry entry = {.type = GJ_ENTRY_ACTION,
        .subject_kind = GJ_SUBJECT_NOTICE,
        .subject = request->ids[0],
        .office = (uint32_t)rows[0]->office,
        .has_value = true,
        .value = (int64_t)request->n_ids};
    (void)gj_entry_word(&entry.action, "ack");
    (void)gj_apply_entry(ctx, &entry, NULL, 0);
    for (size_t i = 0; i < request->n_ids; i++) {
        struct gj_key key = notice_key(ctx->actor->user, request->ids[i]);
        rows[i]->acked_at = rows[i]->acked_at == 0 ? ctx->now_ms : rows[i]->acked_at;
        gj_record_save(ctx->txn, GJ_TABLE_INBOX, &key, &rows[i]->base);
    }
    ctx->apply->written.id = request->ids[0];
}

static const struct gj_call calls[] = {
    {.number = GJ__V1__CALL__INBOX_LIST,
        .name = "inbox_list",
        .request = &gj__v1__inbox_list_request__descriptor,
        .read = read_list},
    {.number = GJ__V1__CALL__INBOX_ACK,
        .name = "inbox_ack",
        .request = &gj__v1__inbox_ack_request__descriptor,
        .apply = apply_ack},
};

const struct gj_service gj_inbox_service = {
    .number = 6, .name = "inbox", .calls = calls, .n_calls = sizeof(calls) / sizeof(calls[0])};
