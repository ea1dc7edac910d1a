/* Proposing a policy or a calendar: compiled and compared with what is in force before anybody is asked to consent. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/calendar.h"
#include "common/limits.h"
#include "common/secret.h"
#include "core/core.h"
#include "core/policies.h"
#include "service/body.pb-c.h"
#include "service/door.h"
#include "service/policy/policy.h"
#include "store/record.h"

#define CALENDAR_FILE "calendar.tsv"

/* ---- files ---- */

static const Gj__Stored__PolicyFile *find_file(Gj__Stored__PolicyFile *const *files, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(files[i]->name, name) == 0) {
            return files[i];
        }
    }
    return NULL;
}

/* The files of the version in force with the proposed ones laid over: those of the same name are replaced, empty ones
 * go. */
static bool lay_over(struct gj_ctx *ctx, const Gj__Stored__Policy *base, Gj__Stored__PolicyFile **files, size_t count,
    Gj__Stored__PolicyFile ***out, size_t *out_count)
{
    *out = GJ_ARENA_ARRAY(ctx->arena, base->n_files + count + 1, Gj__Stored__PolicyFile *);
    *out_count = 0;
    if (*out == NULL) {
        return gj_door_failed(ctx, gj_arena_why(ctx->arena));
    }
    for (size_t i = 0; i < base->n_files; i++) {
        if (find_file(files, count, base->files[i]->name) == NULL) {
            (*out)[(*out_count)++] = base->files[i];
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (files[i]->content.len > 0) {
            (*out)[(*out_count)++] = files[i];
        }
    }
    return true;
}

bool gj_policy_file_name_ok(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len <= GJ_TEXT_CODE_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/") == len &&
           strstr(name, "..") == NULL && name[0] != '/';
}

static bool names_ok(struct gj_ctx *ctx, Gj__Stored__PolicyFile *const *files, size_t count)
{
    if (count == 0) {
        return gj_door_invalid(ctx, "field_missing", "files");
    }
    for (size_t i = 0; i < count; i++) {
        const char *name = files[i]->name;
        bool good = gj_policy_file_name_ok(name);
        for (size_t k = 0; k < i; k++) {
            good = good && strcmp(files[k]->name, name) != 0;
        }
        if (!good) {
            return gj_door_invalid(ctx, "field_text", "files");
        }
    }
    return true;
}

/* ---- policy: prepare ---- */

/* The first thing that is wrong, as the author of the file reads it: names and lines of the policy, nothing of people.
 */
static bool refuse_problems(struct gj_ctx *ctx, const struct gj_problems *problems)
{
    char text[400] = "";
    if (problems->count > 0) {
        gj_problem_format(&problems->items[0], text, sizeof text);
    }
    const char *count = gj_arena_printf(ctx->arena, "%zu", problems->total);
    return gj_refuse(ctx, GJ__V1__STATUS__INVALID, "policy_invalid", "files", text, count, NULL);
}

static bool compiles(struct gj_ctx *ctx, Gj__Stored__PolicyFile *const *files, size_t count, uint8_t digest[32])
{
    struct gj_policy_part *parts = GJ_ARENA_ARRAY(ctx->arena, count + 1, struct gj_policy_part);
    struct gj_problems *problems = calloc(1, sizeof *problems);
    struct gj_policy *next = NULL;
    if (parts == NULL || problems == NULL) {
        free(problems);
        return gj_door_failed(ctx, GJ_ENOMEM);
    }
    for (size_t i = 0; i < count; i++) {
        parts[i] = (struct gj_policy_part){
            .name = files[i]->name, .bytes = files[i]->content.data, .len = files[i]->content.len};
    }
    gj_problems_init(problems);
    enum gj_err err = gj_policy_compile(parts, count, 0, &next, problems);
    bool good = err == GJ_OK && gj_policy_may_follow(ctx->policy, next, problems);
    if (good) {
        memcpy(digest, next->digest, 32);
    } else if (err == GJ_OK || err == GJ_EINVAL) {
        (void)refuse_problems(ctx, problems);
    } else if (err == GJ_ETOOBIG) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__TOO_LARGE, "policy_too_large", "files", NULL);
    } else {
        (void)gj_door_failed(ctx, err);
    }
    gj_policy_free(next);
    free(problems);
    return good;
}

static Gj__Service__Propose *new_propose(struct gj_ctx *ctx, size_t files, uint32_t base, const char *reason)
{
    Gj__Service__Propose *body = GJ_ARENA_NEW(ctx->arena, Gj__Service__Propose);
    uint8_t *digest = gj_arena_alloc(ctx->arena, GJ_SECRET_SHA256_SIZE);
    Gj__Stored__PolicyFile **pointers = GJ_ARENA_ARRAY(ctx->arena, files + 1, Gj__Stored__PolicyFile *);
    Gj__Stored__PolicyFile *rows = GJ_ARENA_ARRAY(ctx->arena, files + 1, Gj__Stored__PolicyFile);
    if (body == NULL || digest == NULL || pointers == NULL || rows == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return NULL;
    }
    if (reason[0] == '\0' || strlen(reason) > GJ_TEXT_LINE_MAX) {
        (void)gj_door_invalid(ctx, reason[0] == '\0' ? "field_missing" : "field_length", "reason");
        return NULL;
    }
    gj__service__propose__init(body);
    for (size_t i = 0; i < files; i++) {
        gj__stored__policy_file__init(&rows[i]);
        pointers[i] = &rows[i];
    }
    body->files = pointers;
    body->n_files = files;
    body->on_version = base;
    body->sha256 = (ProtobufCBinaryData){.data = digest, .len = GJ_SECRET_SHA256_SIZE};
    body->reason = (char *)(uintptr_t)reason;
    return body;
}

/* The command says which files it means by their digest: what is staged in between by another hand is not proposed. */
static bool name_staged(struct gj_ctx *ctx, Gj__Service__Propose *body)
{
    uint8_t *digest = gj_arena_alloc(ctx->arena, GJ_SECRET_SHA256_SIZE);
    if (digest == NULL) {
        return gj_door_failed(ctx, gj_arena_why(ctx->arena));
    }
    if (!gj_policy_stage_digest(ctx, ctx->actor->user, digest)) {
        return gj_door_invalid(ctx, "field_missing", "staged");
    }
    body->staged_sha256 = (ProtobufCBinaryData){.data = digest, .len = GJ_SECRET_SHA256_SIZE};
    return true;
}

/* The files of the request and those that lie staged for it. */
static bool with_staged(
    struct gj_ctx *ctx, const Gj__Service__Propose *body, Gj__Stored__PolicyFile ***out, size_t *count)
{
    Gj__Stored__PolicyStage *stage = NULL;
    uint8_t digest[GJ_SECRET_SHA256_SIZE];
    *out = body->files;
    *count = body->n_files;
    if (body->staged_sha256.len == 0) {
        return true;
    }
    if (!gj_policy_stage_digest(ctx, ctx->actor->user, digest) || body->staged_sha256.len != sizeof digest ||
        memcmp(body->staged_sha256.data, digest, sizeof digest) != 0) {
        return gj_refuse(ctx, GJ__V1__STATUS__CONFLICT, "policy_moved", "staged", NULL);
    }
    if (!gj_policy_stage_load(ctx, ctx->actor->user, &stage) || stage == NULL) {
        return false;
    }
    *out = GJ_ARENA_ARRAY(ctx->arena, body->n_files + stage->n_files + 1, Gj__Stored__PolicyFile *);
    if (*out == NULL) {
        return gj_door_failed(ctx, gj_arena_why(ctx->arena));
    }
    for (size_t i = 0; i < body->n_files; i++) {
        (*out)[i] = body->files[i];
    }
    for (size_t i = 0; i < stage->n_files; i++) {
        (*out)[(*count)++] = stage->files[i];
    }
    return true;
}

static bool size_ok(struct gj_ctx *ctx, Gj__Stored__PolicyFile *const *files, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += files[i]->content.len;
    }
    return (bytes <= GJ_POLICY_PROPOSE_BYTES_MAX && count <= GJ_BUNDLE_PARTS_MAX) ||
           gj_refuse(ctx, GJ__V1__STATUS__TOO_LARGE, "policy_too_large", "files", NULL);
}

const ProtobufCMessage *gj_policy_propose_prepare(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__PolicyProposeRequest *request = (const Gj__V1__PolicyProposeRequest *)message;
    Gj__Stored__PolicyFile **all = NULL;
    size_t count = 0;
    if (!gj_door_check(ctx, GJ_DOOR_POLICY, GJ_ACCESS_CREATE, 0, NULL)) {
        return NULL;
    }
    if (request->n_files == 0 && !request->staged) {
        (void)gj_door_invalid(ctx, "field_missing", "files");
        return NULL;
    }
    Gj__Stored__Policy *base = gj_policy_service_row(ctx, false, gj_policies_current_version(ctx->txn));
    if (base == NULL) {
        (void)gj_door_failed(ctx, GJ_ECORRUPT);
        return NULL;
    }
    Gj__Service__Propose *body = new_propose(ctx, request->n_files, base->version, request->reason);
    if (body == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < request->n_files; i++) {
        body->files[i]->name = request->files[i]->name;
        body->files[i]->content = request->files[i]->content;
    }
    if (request->staged && !name_staged(ctx, body)) {
        return NULL;
    }
    Gj__Stored__PolicyFile **files = NULL;
    size_t n_files = 0;
    return with_staged(ctx, body, &files, &n_files) && names_ok(ctx, files, n_files) &&
                   lay_over(ctx, base, files, n_files, &all, &count) && size_ok(ctx, all, count) &&
                   compiles(ctx, all, count, body->sha256.data)
               ? &body->base
               : NULL;
}

/* ---- apply ---- */

static void save_proposal(struct gj_ctx *ctx, const Gj__Service__Propose *body, Gj__Stored__PolicyFile **files,
    size_t count, bool calendar, const struct gj_access_answer *right)
{
    Gj__Stored__Policy row = GJ__STORED__POLICY__INIT;
    row.version = (uint32_t)gj_counter_next(ctx->txn, calendar ? GJ_COUNTER_CALENDAR : GJ_COUNTER_POLICY);
    row.files = files;
    row.n_files = count;
    row.sha256 = body->sha256;
    row.proposed_by = ctx->actor->user;
    row.proposed_at = ctx->now_ms;
    row.state = (char *)(uintptr_t) "proposed";
    row.reason = body->reason;
    row.calendar = calendar;
    struct gj_key key = gj_key_of_u64(row.version);
    gj_record_save(ctx->txn, calendar ? GJ_TABLE_CALENDAR : GJ_TABLE_POLICY, &key, &row.base);
    struct gj_entry entry = gj_door_entry(ctx, GJ_ENTRY_POLICY, calendar ? "calendar_propose" : "policy_propose",
        calendar ? GJ_SUBJECT_CALENDAR : GJ_SUBJECT_POLICY, row.version, 0, right);
    entry.revision = 1;
    memcpy(entry.object, body->sha256.data, sizeof entry.object);
    entry.has_object = true;
    (void)gj_door_append(ctx, &entry, NULL);
    ctx->apply->written.state = row.state;
}

void gj_policy_propose(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Service__Propose *body = (const Gj__Service__Propose *)message;
    struct gj_access_answer right;
    Gj__Stored__PolicyFile **all = NULL;
    size_t count = 0;
    if (!gj_door_check(ctx, GJ_DOOR_POLICY, GJ_ACCESS_CREATE, 0, &right)) {
        return;
    }
    if (body->on_version != gj_policies_current_version(ctx->txn) || body->sha256.len != GJ_SECRET_SHA256_SIZE) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__CONFLICT, "policy_moved", NULL, NULL);
        return;
    }
    Gj__Stored__PolicyFile **files = NULL;
    size_t n_files = 0;
    if (!with_staged(ctx, body, &files, &n_files)) {
        return;
    }
    const Gj__Stored__Policy *base = gj_policy_service_row(ctx, false, body->on_version);
    if (base != NULL && lay_over(ctx, base, files, n_files, &all, &count)) {
        save_proposal(ctx, body, all, count, false, &right);
        if (body->staged_sha256.len > 0) {
            gj_policy_stage_drop(ctx, ctx->actor->user);
        }
    }
}

/* ---- calendar ---- */

const ProtobufCMessage *gj_calendar_propose_prepare(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__CalendarProposeRequest *request = (const Gj__V1__CalendarProposeRequest *)message;
    struct gj_calendar *calendar = NULL;
    struct gj_calendar_fault fault = {0};
    if (!gj_door_check(ctx, GJ_DOOR_POLICY, GJ_ACCESS_CREATE, 0, NULL)) {
        return NULL;
    }
    enum gj_err err = gj_calendar_parse((const char *)request->tsv.data, request->tsv.len, &calendar, &fault);
    gj_calendar_free(calendar);
    if (err == GJ_EINVAL || err == GJ_ETOOBIG) {
        const char *line = gj_arena_printf(ctx->arena, "%zu", fault.line);
        (void)gj_refuse(ctx, GJ__V1__STATUS__INVALID, "calendar_invalid", "tsv", line, fault.text, NULL);
        return NULL;
    }
    if (err != GJ_OK) {
        (void)gj_door_failed(ctx, err);
        return NULL;
    }
    Gj__Service__Propose *body = new_propose(ctx, 1, gj_policies_calendar_version(ctx->txn), request->notice);
    if (body == NULL) {
        return NULL;
    }
    body->files[0]->name = (char *)(uintptr_t)CALENDAR_FILE;
    body->files[0]->content = request->tsv;
    gj_secret_sha256(request->tsv.data, request->tsv.len, body->sha256.data);
    return &body->base;
}

void gj_calendar_propose(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Service__Propose *body = (const Gj__Service__Propose *)message;
    struct gj_access_answer right;
    if (!gj_door_check(ctx, GJ_DOOR_POLICY, GJ_ACCESS_CREATE, 0, &right)) {
        return;
    }
    if (body->n_files != 1 || body->sha256.len != GJ_SECRET_SHA256_SIZE) {
        (void)gj_door_invalid(ctx, "command_malformed", NULL);
        return;
    }
    save_proposal(ctx, body, body->files, body->n_files, true, &right);
}
