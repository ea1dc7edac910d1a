/* Versions of policy and calendar: consent by a second person puts one in force; lists and files for readers. */
#include <string.h>

#include "common/limits.h"
#include "core/core.h"
#include "core/policies.h"
#include "core/timer.h"
#include "core/work.pb-c.h"
#include "service/body.pb-c.h"
#include "service/door.h"
#include "service/policy/policy.h"
#include "service/sealing.h"
#include "store/record.h"

/* Versions told in one list; older ones are asked for by number. */
#define LIST_MAX 50
/* Files that fit into one message; a larger policy is fetched file by file. */
#define GET_BYTES_MAX 60000
#define ROW_ARENA_MAX (8 * 1024 * 1024)

static enum gj_table table_of(bool calendar)
{
    return calendar ? GJ_TABLE_CALENDAR : GJ_TABLE_POLICY;
}

Gj__Stored__Policy *gj_policy_service_row(struct gj_ctx *ctx, bool calendar, uint32_t version)
{
    Gj__Stored__Policy *row = NULL;
    struct gj_key key = gj_key_of_u64(version);
    (void)gj_record_load(
        ctx->txn, table_of(calendar), &key, &gj__stored__policy__descriptor, ctx->arena, (void **)&row);
    return row;
}

static uint32_t current_version(struct gj_ctx *ctx, bool calendar)
{
    return calendar ? gj_policies_calendar_version(ctx->txn) : gj_policies_current_version(ctx->txn);
}

/* ---- consent ---- */

static bool consent_allowed(
    struct gj_ctx *ctx, bool calendar, uint32_t version, Gj__Stored__Policy **row, struct gj_access_answer *right)
{
    if (!gj_door_check(ctx, GJ_DOOR_POLICY, GJ_ACCESS_APPROVE, 0, right)) {
        return false;
    }
    *row = gj_policy_service_row(ctx, calendar, version);
    if (*row == NULL) {
        return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "version", NULL);
    }
    if (strcmp((*row)->state, "proposed") != 0) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "no_approval_pending", "version", NULL);
    }
    return (*row)->proposed_by != ctx->actor->user ||
           gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "approver_is_requester", NULL, NULL);
}

/* Compiling it here leaves it in memory, so that the commit thread finds it there. A version that was made on an older
 * one must still follow the one in force. */
static bool still_follows(struct gj_ctx *ctx, uint32_t version)
{
    const struct gj_policy *next = gj_policies_at(ctx->core->policies, ctx->txn, version);
    struct gj_problems *problems = gj_arena_alloc(ctx->arena, sizeof *problems);
    if (problems == NULL) {
        return gj_door_failed(ctx, gj_arena_why(ctx->arena));
    }
    gj_problems_init(problems);
    if (next != NULL && gj_policy_may_follow(ctx->policy, next, problems)) {
        return true;
    }
    char text[400] = "";
    if (problems->count > 0) {
        gj_problem_format(&problems->items[0], text, sizeof text);
    }
    return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "policy_does_not_follow", "version", text, NULL);
}

static const ProtobufCMessage *approve_prepare(struct gj_ctx *ctx, const ProtobufCMessage *message, bool calendar)
{
    const Gj__V1__PolicyApproveRequest *request = (const Gj__V1__PolicyApproveRequest *)message;
    Gj__Stored__Policy *row = NULL;
    struct gj_access_answer right;
    if (!consent_allowed(ctx, calendar, request->version, &row, &right) ||
        (request->approve && !calendar && !still_follows(ctx, request->version))) {
        return NULL;
    }
    Gj__Service__Approve *body = GJ_ARENA_NEW(ctx->arena, Gj__Service__Approve);
    if (body == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return NULL;
    }
    gj__service__approve__init(body);
    body->version = request->version;
    body->approve = request->approve;
    body->on_version = current_version(ctx, calendar);
    return gj_sealing_text(ctx, 0, request->reason, "reason", &body->reason) ? &body->base : NULL;
}

const ProtobufCMessage *gj_policy_approve_prepare(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    return approve_prepare(ctx, message, false);
}

const ProtobufCMessage *gj_calendar_approve_prepare(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    return approve_prepare(ctx, message, true);
}

static void save_row(struct gj_ctx *ctx, bool calendar, Gj__Stored__Policy *row, const char *state)
{
    struct gj_key key = gj_key_of_u64(row->version);
    row->state = (char *)(uintptr_t)state;
    gj_record_save(ctx->txn, table_of(calendar), &key, &row->base);
}

/* The calendar decides due times of open records: they are computed anew, a bounded number in each command. */
static void put_in_force(struct gj_ctx *ctx, bool calendar, uint32_t version)
{
    if (!calendar) {
        gj_policies_activate(ctx->txn, version);
        return;
    }
    Gj__Work__Recompute recompute = GJ__WORK__RECOMPUTE__INIT;
    gj_policies_activate_calendar(ctx->txn, version);
    gj_timer_ask(ctx, ctx->now_ms, GJ__V1__CALL__SYSTEM_RECOMPUTE, &recompute.base);
}

static void approve(struct gj_ctx *ctx, const ProtobufCMessage *message, bool calendar)
{
    const Gj__Service__Approve *body = (const Gj__Service__Approve *)message;
    Gj__Stored__Policy *row = NULL;
    struct gj_access_answer right;
    if (!consent_allowed(ctx, calendar, body->version, &row, &right)) {
        return;
    }
    uint32_t before = current_version(ctx, calendar);
    if (body->on_version != before) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__CONFLICT, "policy_moved", "version", NULL);
        return;
    }
    Gj__Stored__Policy *old = gj_policy_service_row(ctx, calendar, before);
    const char *state = body->approve ? "active" : "rejected";
    row->approved_by = ctx->actor->user;
    if (body->approve) {
        row->activated_at = ctx->now_ms;
        if (old != NULL) {
            save_row(ctx, calendar, old, "replaced");
        }
    }
    save_row(ctx, calendar, row, state);
    if (body->approve) {
        put_in_force(ctx, calendar, row->version);
    }
    const char *action = calendar ? (body->approve ? "calendar_activate" : "calendar_reject")
                                  : (body->approve ? "policy_activate" : "policy_reject");
    struct gj_entry entry = gj_door_entry(
        ctx, GJ_ENTRY_POLICY, action, calendar ? GJ_SUBJECT_CALENDAR : GJ_SUBJECT_POLICY, row->version, 0, &right);
    entry.revision = 2;
    entry.second = row->proposed_by;
    entry.has_second = true;
    if (row->sha256.len == sizeof entry.object) {
        memcpy(entry.object, row->sha256.data, sizeof entry.object);
        entry.has_object = true;
    }
    (void)gj_door_append(ctx, &entry, body->reason);
    ctx->apply->written.state = (char *)(uintptr_t)state;
}

void gj_policy_approve(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    approve(ctx, message, false);
}

void gj_calendar_approve(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    approve(ctx, message, true);
}

/* ---- list and get ---- */

static Gj__V1__PolicyVersion *wire(struct gj_ctx *ctx, const Gj__Stored__Policy *stored)
{
    Gj__V1__PolicyVersion *row = GJ_ARENA_NEW(ctx->arena, Gj__V1__PolicyVersion);
    uint8_t *digest = gj_arena_dup(ctx->arena, stored->sha256.data, stored->sha256.len);
    if (row == NULL || digest == NULL) {
        return NULL;
    }
    gj__v1__policy_version__init(row);
    row->version = stored->version;
    row->sha256 = (ProtobufCBinaryData){.data = digest, .len = stored->sha256.len};
    row->proposed_at = stored->proposed_at;
    row->proposed_by = stored->proposed_by;
    row->activated_at = stored->activated_at;
    row->approved_by = stored->approved_by;
    row->state = gj_arena_strdup(ctx->arena, stored->state);
    row->reason = gj_arena_strdup(ctx->arena, stored->reason);
    return row->state != NULL && row->reason != NULL ? row : NULL;
}

/* Newest first. The files of a row are large: each is unpacked in memory that is used again. */
static bool add_versions(struct gj_ctx *ctx, bool calendar, Gj__V1__PolicyVersion ***out, size_t *count)
{
    struct gj_arena scratch;
    struct gj_iter iter;
    bool good = true;
    *count = 0;
    *out = GJ_ARENA_ARRAY(ctx->arena, LIST_MAX, Gj__V1__PolicyVersion *);
    if (*out == NULL) {
        return gj_door_failed(ctx, gj_arena_why(ctx->arena));
    }
    gj_arena_init(&scratch, ROW_ARENA_MAX);
    gj_iter_range(&iter, ctx->txn, table_of(calendar), NULL, NULL, GJ_BACKWARD);
    while (good && *count < LIST_MAX && gj_iter_next(&iter)) {
        Gj__Stored__Policy *stored = NULL;
        good = gj_record_unpack(ctx->txn, &iter.value, &gj__stored__policy__descriptor, &scratch, (void **)&stored);
        (*out)[*count] = good ? wire(ctx, stored) : NULL;
        if (good && (*out)[*count] == NULL) {
            good = gj_door_failed(ctx, gj_arena_why(ctx->arena));
        }
        *count += good ? 1 : 0;
        gj_arena_reset(&scratch);
    }
    gj_iter_close(&iter);
    gj_arena_fini(&scratch);
    return good;
}

void gj_policy_list(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    (void)message;
    Gj__V1__PolicyList *list = GJ_ARENA_NEW(ctx->arena, Gj__V1__PolicyList);
    if (list == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return;
    }
    gj__v1__policy_list__init(list);
    if (!gj_door_check_anywhere(ctx, GJ_DOOR_POLICY, GJ_ACCESS_LIST, NULL) ||
        !add_versions(ctx, false, &list->versions, &list->n_versions) ||
        !add_versions(ctx, true, &list->calendars, &list->n_calendars)) {
        return;
    }
    list->current = gj_policies_current_version(ctx->txn);
    list->current_calendar = gj_policies_calendar_version(ctx->txn);
    gj_answer_ok(ctx, &list->base);
}

static Gj__V1__PolicyFile *wire_file(struct gj_ctx *ctx, const Gj__Stored__PolicyFile *stored, bool with_content)
{
    Gj__V1__PolicyFile *file = GJ_ARENA_NEW(ctx->arena, Gj__V1__PolicyFile);
    if (file == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return NULL;
    }
    gj__v1__policy_file__init(file);
    file->name = stored->name;
    if (with_content) {
        file->content = stored->content;
    }
    return file;
}

/* A file may be larger than a message. */
static void cut_piece(ProtobufCBinaryData *content, size_t offset)
{
    size_t skipped = offset < content->len ? offset : content->len;
    content->data += skipped;
    content->len -= skipped;
    content->len = content->len < GET_BYTES_MAX ? content->len : GET_BYTES_MAX;
}

/* One file by its name; without one all of them, and where they do not fit into a message their names alone. */
void gj_policy_get(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__PolicyGetRequest *request = (const Gj__V1__PolicyGetRequest *)message;
    if (!gj_door_check_anywhere(ctx, GJ_DOOR_POLICY, GJ_ACCESS_READ, NULL)) {
        return;
    }
    uint32_t version = request->version != 0 ? request->version : current_version(ctx, request->calendar);
    const Gj__Stored__Policy *row = gj_policy_service_row(ctx, request->calendar, version);
    if (row == NULL) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "version", NULL);
        return;
    }
    Gj__V1__PolicyGetReply *reply = GJ_ARENA_NEW(ctx->arena, Gj__V1__PolicyGetReply);
    Gj__V1__PolicyFile **files = GJ_ARENA_ARRAY(ctx->arena, row->n_files + 1, Gj__V1__PolicyFile *);
    if (reply == NULL || files == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return;
    }
    gj__v1__policy_get_reply__init(reply);
    reply->files = files;
    size_t bytes = 0;
    for (size_t i = 0; i < row->n_files; i++) {
        bytes += row->files[i]->content.len + strlen(row->files[i]->name) + 16;
    }
    bool named = request->name[0] != '\0';
    for (size_t i = 0; i < row->n_files; i++) {
        if (named && strcmp(row->files[i]->name, request->name) != 0) {
            continue;
        }
        files[reply->n_files] = wire_file(ctx, row->files[i], named || bytes <= GET_BYTES_MAX);
        if (files[reply->n_files] == NULL) {
            return;
        }
        if (named) {
            reply->size = (uint32_t)row->files[i]->content.len;
            cut_piece(&files[reply->n_files]->content, request->offset);
        }
        reply->n_files++;
    }
    if (named && reply->n_files == 0) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "name", NULL);
        return;
    }
    gj_answer_ok(ctx, &reply->base);
}
