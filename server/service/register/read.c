/* Showing a record, its history, and what may be done with it. */
#include <string.h>

#include "common/cursor.h"
#include "core/core.h"
#include "core/subject.h"
#include "core/work.h"
#include "core/work_decide.h"
#include "core/work_seal.h"
#include "core/work_view.h"
#include "proto/register.pb-c.h"
#include "service/register/page.h"
#include "service/register/register.h"

#define HISTORY_MAX 200
#define CHILDREN_MAX 50

static void out_of_memory(struct gj_ctx *ctx)
{
    gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
}

static bool find(
    struct gj_ctx *ctx, uint64_t id, const char *number, struct gj_work *work, struct gj_access_answer *access)
{
    uint64_t found = id != 0 ? id : gj_work_by_number(ctx->txn, number);
    return gj_work_must_load(ctx, found, work) && gj_work_access(ctx, work, GJ_ACCESS_READ, access);
}

/* Fields this reader could open, if the reading were recorded. */
static bool could_open(const struct gj_ctx *ctx, const struct gj_work *work, const struct gj_access_answer *access)
{
    for (size_t i = 0; i < work->kind->field_count; i++) {
        bool covered = gj_field_set_has(&access->masked, i) || gj_field_set_has(&access->hidden, i);
        if (covered && gj_work_field(work, work->kind->fields[i].key) != NULL &&
            gj_who_matches(&work->kind->fields[i].open_to, &work->view, ctx->actor)) {
            return true;
        }
    }
    return false;
}

/* A purpose that is a word of the policy stands in the entry; one in free words is sealed beside it. */
static bool is_word(const char *text)
{
    struct gj_entry_word word;
    return gj_entry_word(&word, text) == GJ_OK;
}

static const ProtobufCMessage *look_body(
    struct gj_ctx *ctx, const struct gj_work *work, const char *action, const char *purpose)
{
    Gj__Work__Look *body = GJ_ARENA_NEW(ctx->arena, Gj__Work__Look);
    if (body == NULL) {
        return NULL;
    }
    gj__work__look__init(body);
    body->id = work->row->id;
    body->action = (char *)action;
    if (is_word(purpose)) {
        body->purpose = (char *)purpose;
        return &body->base;
    }
    struct gj_seal seal = {0};
    Gj__Work__Words words = GJ__WORK__WORDS__INIT;
    words.reason = (char *)purpose;
    if (gj_seal_init(&seal, ctx, work->row->subject) != GJ_OK) {
        gj_refuse(ctx, GJ__V1__STATUS__INVALID, "field_text", "purpose", NULL);
        return NULL;
    }
    body->text = gj_seal_words(&seal, ctx->arena, &words);
    gj_seal_fini(&seal);
    return body->text == NULL ? NULL : &body->base;
}

/* What was merged into it or made for it: the latest come first, and only what the reader may see. */
static bool add_children(struct gj_ctx *ctx, const struct gj_work *parent, Gj__V1__Shown *shown)
{
    struct gj_key prefix;
    gj_key_init(&prefix);
    gj_key_u16(&prefix, GJ_SUBJECT_PARENT);
    gj_key_u64(&prefix, parent->row->id);
    shown->children = GJ_ARENA_ARRAY(ctx->arena, CHILDREN_MAX, Gj__V1__Row *);
    struct gj_iter iter;
    gj_iter_prefix(&iter, ctx->txn, GJ_TABLE_BY_SUBJECT, &prefix, GJ_BACKWARD);
    bool ok = shown->children != NULL;
    while (ok && shown->n_children < CHILDREN_MAX && gj_iter_next(&iter)) {
        struct gj_key_reader reader = gj_key_read(iter.key.data, iter.key.len);
        (void)gj_key_read_u16(&reader);
        (void)gj_key_read_u64(&reader);
        struct gj_work child;
        struct gj_access_answer access;
        struct gj_refusal refusal;
        if (!gj_work_load(ctx, gj_key_read_u64(&reader), &child) || child.row->parent != parent->row->id ||
            !gj_work_may(ctx, &child, GJ_ACCESS_LIST, &access, &refusal)) {
            continue;
        }
        Gj__V1__Row *row = gj_work_row_of_record(ctx->arena, &child);
        ok = row != NULL;
        if (ok) {
            shown->children[shown->n_children++] = row;
        }
    }
    gj_iter_close(&iter);
    return ok;
}

static void show(struct gj_ctx *ctx, const Gj__V1__ShowRequest *request, const struct gj_work *work,
    const struct gj_access_answer *access, bool open)
{
    Gj__V1__Shown *shown = GJ_ARENA_NEW(ctx->arena, Gj__V1__Shown);
    struct gj_work_lines lines = {0};
    if (shown == NULL) {
        out_of_memory(ctx);
        return;
    }
    gj__v1__shown__init(shown);
    shown->record = gj_work_wire(ctx, work, access, open);
    if (shown->record == NULL || (request->children && !add_children(ctx, work, shown)) ||
        (request->history && !gj_work_history(ctx, work, 0, HISTORY_MAX, request->entries, &lines))) {
        out_of_memory(ctx);
        return;
    }
    shown->history = lines.items;
    shown->n_history = lines.count;
    gj_answer_ok(ctx, &shown->base);
}

/* A purpose asks to open what is masked; without it the record is shown as every reader sees it. Where the very reading
 * must be recorded, a purpose is required. */
const ProtobufCMessage *gj_register_prepare_show(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__ShowRequest *request = (const Gj__V1__ShowRequest *)message;
    struct gj_work work;
    struct gj_access_answer access;
    if (!find(ctx, request->id, request->number, &work, &access)) {
        return NULL;
    }
    bool opens = request->purpose[0] != '\0' && could_open(ctx, &work, &access);
    if (access.logged && request->purpose[0] == '\0') {
        gj_refuse(ctx, GJ__V1__STATUS__INVALID, "purpose_missing", "purpose", NULL);
        return NULL;
    }
    if (!access.logged && !opens) {
        show(ctx, request, &work, &access, false);
        return NULL;
    }
    return look_body(ctx, &work, "show", request->purpose);
}

void gj_register_apply_look(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Work__Look *body = (const Gj__Work__Look *)message;
    struct gj_work work;
    struct gj_access_answer access;
    if (!gj_work_must_load(ctx, body->id, &work) || !gj_work_access(ctx, &work, GJ_ACCESS_READ, &access)) {
        return;
    }
    /* A reading does not change the record: its revision and its own history stay, the log and the reader's office
     * know. */
    struct gj_entry entry = {.type = GJ_ENTRY_READ,
        .office = (uint32_t)work.row->office,
        .subject_kind = (uint16_t)work.row->kind,
        .subject = work.row->id,
        .revision = work.row->revision,
        .has_reason = body->purpose[0] != '\0',
        .has_value = true,
        .value = 1};
    (void)gj_entry_word(&entry.action, body->action);
    (void)gj_entry_word(&entry.reason, body->purpose);
    bool told = body->text != NULL && body->text->commitment.len == sizeof(entry.text);
    if (told) {
        entry.has_text = true;
        memcpy(entry.text, body->text->commitment.data, sizeof(entry.text));
    }
    (void)gj_apply_entry(ctx, &entry, told ? body->text->sealed.data : NULL, told ? body->text->sealed.len : 0);
    ctx->apply->written.id = work.row->id;
    ctx->apply->written.revision = work.row->revision;
}

void gj_register_read_show(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__ShowRequest *request = (const Gj__V1__ShowRequest *)message;
    struct gj_work work;
    struct gj_access_answer access;
    if (find(ctx, request->id, request->number, &work, &access)) {
        show(ctx, request, &work, &access, true);
    }
}

/* --- history --- */

static void tell_history(struct gj_ctx *ctx, const Gj__V1__HistoryRequest *request, const struct gj_work *work)
{
    struct gj_register_cursor from = {0};
    struct gj_work_lines lines;
    Gj__V1__History *history = GJ_ARENA_NEW(ctx->arena, Gj__V1__History);
    if (!gj_register_cursor_read(ctx, request->page, &from)) {
        return;
    }
    if (history == NULL ||
        !gj_work_history(ctx, work, from.position, gj_register_limit(request->page), request->entries, &lines)) {
        out_of_memory(ctx);
        return;
    }
    gj__v1__history__init(history);
    history->lines = lines.items;
    history->n_lines = lines.count;
    if (lines.more) {
        from.position += lines.count;
        history->cursor = gj_register_cursor_write(ctx, &from);
    }
    gj_answer_ok(ctx, &history->base);
}

const ProtobufCMessage *gj_register_prepare_history(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__HistoryRequest *request = (const Gj__V1__HistoryRequest *)message;
    struct gj_work work;
    struct gj_access_answer access;
    if (!find(ctx, request->id, "", &work, &access)) {
        return NULL;
    }
    if (!access.logged) {
        tell_history(ctx, request, &work);
        return NULL;
    }
    return look_body(ctx, &work, "history", "");
}

void gj_register_read_history(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__HistoryRequest *request = (const Gj__V1__HistoryRequest *)message;
    struct gj_work work;
    struct gj_access_answer access;
    if (find(ctx, request->id, "", &work, &access)) {
        tell_history(ctx, request, &work);
    }
}

/* --- what may be done, what there is --- */

void gj_register_read_actions(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__ActionsRequest *request = (const Gj__V1__ActionsRequest *)message;
    struct gj_work work;
    struct gj_access_answer access;
    if (!find(ctx, request->id, "", &work, &access)) {
        return;
    }
    Gj__V1__ActionList *list = gj_work_actions(ctx, &work);
    if (list == NULL) {
        out_of_memory(ctx);
        return;
    }
    gj_answer_ok(ctx, &list->base);
}

/* --- conflicts --- */

void gj_register_conflict_act(struct gj_ctx *ctx, const ProtobufCMessage *request)
{
    gj_work_conflict(ctx, ((const Gj__V1__ActRequest *)request)->id);
}

void gj_register_conflict_amend(struct gj_ctx *ctx, const ProtobufCMessage *request)
{
    gj_work_conflict(ctx, ((const Gj__V1__AmendRequest *)request)->id);
}

void gj_register_conflict_link(struct gj_ctx *ctx, const ProtobufCMessage *request)
{
    gj_work_conflict(ctx, ((const Gj__V1__LinkRequest *)request)->id);
}

void gj_register_conflict_approve(struct gj_ctx *ctx, const ProtobufCMessage *request)
{
    gj_work_conflict(ctx, ((const Gj__V1__ApproveRequest *)request)->id);
}
