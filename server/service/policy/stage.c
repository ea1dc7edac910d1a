/* Files of a policy that are larger than a message come in pieces and lie beside each other until their author proposes
 * them. One row for each author: whoever begins anew drops what was there. */
#include <string.h>

#include "common/limits.h"
#include "common/secret.h"
#include "service/body.pb-c.h"
#include "service/door.h"
#include "service/policy/policy.h"
#include "store/record.h"

bool gj_policy_stage_load(struct gj_ctx *ctx, uint64_t user, Gj__Stored__PolicyStage **out)
{
    struct gj_key key = gj_key_of_u64(user);
    *out = NULL;
    (void)gj_record_load(
        ctx->txn, GJ_TABLE_DRAFT, &key, &gj__stored__policy_stage__descriptor, ctx->arena, (void **)out);
    return gj_txn_error(ctx->txn) == GJ_OK;
}

bool gj_policy_stage_digest(struct gj_ctx *ctx, uint64_t user, uint8_t digest[GJ_SECRET_SHA256_SIZE])
{
    struct gj_key key = gj_key_of_u64(user);
    struct gj_value row;
    memset(digest, 0, GJ_SECRET_SHA256_SIZE);
    if (!gj_txn_get(ctx->txn, GJ_TABLE_DRAFT, &key, &row)) {
        return false;
    }
    gj_secret_sha256(row.data, row.len, digest);
    return true;
}

void gj_policy_stage_drop(struct gj_ctx *ctx, uint64_t user)
{
    struct gj_key key = gj_key_of_u64(user);
    gj_txn_del(ctx->txn, GJ_TABLE_DRAFT, &key);
}

static Gj__Stored__PolicyFile *find(const Gj__Stored__PolicyStage *stage, const char *name)
{
    for (size_t i = 0; stage != NULL && i < stage->n_files; i++) {
        if (strcmp(stage->files[i]->name, name) == 0) {
            return stage->files[i];
        }
    }
    return NULL;
}

static size_t size_of(const Gj__Stored__PolicyStage *stage)
{
    size_t bytes = 0;
    for (size_t i = 0; stage != NULL && i < stage->n_files; i++) {
        bytes += stage->files[i]->content.len;
    }
    return bytes;
}

/* Every check, for prepare and apply alike; *stage is what lies there and is kept. */
static bool may_stage(struct gj_ctx *ctx, const Gj__V1__PolicyStageRequest *request, Gj__Stored__PolicyStage **stage,
    struct gj_access_answer *right)
{
    if (!gj_door_check(ctx, GJ_DOOR_POLICY, GJ_ACCESS_CREATE, 0, right)) {
        return false;
    }
    if (!gj_policy_file_name_ok(request->name)) {
        return gj_door_invalid(ctx, "field_text", "name");
    }
    if (request->content.len == 0 || request->content.len > GJ_POLICY_PIECE_BYTES_MAX) {
        return request->content.len == 0
                   ? gj_door_invalid(ctx, "field_missing", "content")
                   : gj_refuse(ctx, GJ__V1__STATUS__TOO_LARGE, "policy_too_large", "content", NULL);
    }
    *stage = NULL;
    if (!request->anew && !gj_policy_stage_load(ctx, ctx->actor->user, stage)) {
        return false;
    }
    const Gj__Stored__PolicyFile *file = find(*stage, request->name);
    size_t have = file == NULL ? 0 : file->content.len;
    if (request->offset != have) {
        const char *expected = gj_arena_printf(ctx->arena, "%zu", have);
        return gj_refuse(ctx, GJ__V1__STATUS__CONFLICT, "policy_piece_gap", "offset", expected, NULL);
    }
    if (size_of(*stage) + request->content.len > GJ_POLICY_PROPOSE_BYTES_MAX ||
        (file == NULL && *stage != NULL && (*stage)->n_files >= GJ_BUNDLE_PARTS_MAX)) {
        return gj_refuse(ctx, GJ__V1__STATUS__TOO_LARGE, "policy_too_large", "content", NULL);
    }
    return true;
}

const ProtobufCMessage *gj_policy_stage_prepare(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    Gj__Stored__PolicyStage *stage = NULL;
    return may_stage(ctx, (const Gj__V1__PolicyStageRequest *)message, &stage, NULL) ? message : NULL;
}

/* The file that the piece belongs to, made when it is the first one. */
static Gj__Stored__PolicyFile *open_file(struct gj_ctx *ctx, Gj__Stored__PolicyStage *stage, char *name)
{
    Gj__Stored__PolicyFile *file = find(stage, name);
    if (file != NULL) {
        return file;
    }
    Gj__Stored__PolicyFile **files = GJ_ARENA_ARRAY(ctx->arena, stage->n_files + 1, Gj__Stored__PolicyFile *);
    file = GJ_ARENA_NEW(ctx->arena, Gj__Stored__PolicyFile);
    if (files == NULL || file == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < stage->n_files; i++) {
        files[i] = stage->files[i];
    }
    gj__stored__policy_file__init(file);
    file->name = name;
    files[stage->n_files++] = file;
    stage->files = files;
    return file;
}

static bool append(struct gj_ctx *ctx, Gj__Stored__PolicyFile *file, const ProtobufCBinaryData *piece)
{
    uint8_t *longer = gj_arena_alloc(ctx->arena, file->content.len + piece->len);
    if (longer == NULL) {
        return false;
    }
    if (file->content.len > 0) {
        memcpy(longer, file->content.data, file->content.len);
    }
    memcpy(longer + file->content.len, piece->data, piece->len);
    file->content.data = longer;
    file->content.len += piece->len;
    return true;
}

void gj_policy_stage(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__PolicyStageRequest *request = (const Gj__V1__PolicyStageRequest *)message;
    Gj__Stored__PolicyStage fresh = GJ__STORED__POLICY_STAGE__INIT;
    Gj__Stored__PolicyStage *stage = NULL;
    struct gj_access_answer right;
    struct gj_key key = gj_key_of_u64(ctx->actor->user);
    if (!may_stage(ctx, request, &stage, &right)) {
        return;
    }
    stage = stage != NULL ? stage : &fresh;
    Gj__Stored__PolicyFile *file = open_file(ctx, stage, request->name);
    if (file == NULL || !append(ctx, file, &request->content)) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    gj_record_save(ctx->txn, GJ_TABLE_DRAFT, &key, &stage->base);
    struct gj_entry entry = gj_door_entry(ctx, GJ_ENTRY_POLICY, "policy_stage", GJ_SUBJECT_POLICY, 0, 0, &right);
    entry.value = (int64_t)size_of(stage);
    entry.has_value = true;
    (void)gj_door_append(ctx, &entry, NULL);
}
