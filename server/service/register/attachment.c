/* Attachments: photos and signatures in chunks. The blob thread does the work; the loop goes on meanwhile.
 *
 *     begin -> token        reads: nothing is in the store yet
 *     chunk, chunk …        the token goes with each
 *     commit                the file is finished and durable, then a command names it
 *     read                  chunk by chunk; images taken inside homes only for a purpose, and on record
 *
 * The token holds all that is known of an upload, sealed by the daemon: no table of uploads, nothing to guess. */
#include <stdio.h>
#include <string.h>

#include "common/limits.h"
#include "common/pb.h"
#include "common/secret.h"
#include "core/core.h"
#include "core/request.h"
#include "core/seen.h"
#include "core/subject.h"
#include "core/work.h"
#include "core/work_decide.h"
#include "core/work_seal.h"
#include "proto/register.pb-c.h"
#include "service/register/register.h"
#include "store/blob.h"
#include "store/record.h"

#define TOKEN_PLACE "attachment upload"
#define TOKEN_MAX 512
#define RETRY_MS 500

static bool busy_or_refused(struct gj_ctx *ctx, enum gj_err err, const char *field)
{
    switch (err) {
    case GJ_OK:
        return true;
    case GJ_EBUSY:
        return gj_answer_busy(ctx, "attachments_busy", RETRY_MS);
    case GJ_ENOTFOUND:
        return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", field, NULL);
    case GJ_EINVAL:
        return gj_refuse(ctx, GJ__V1__STATUS__INVALID, "field_range", field, NULL);
    case GJ_ETOOBIG:
        return gj_refuse(ctx, GJ__V1__STATUS__TOO_LARGE, "attachment_too_large", field, NULL);
    default:
        gj_txn_fail(ctx->txn, err);
        return false;
    }
}

/* On the blob thread. */
static void on_job(struct gj_blob_job *job)
{
    gj_call_resume_later(job->owner, job);
}

static bool submit(struct gj_ctx *ctx, struct gj_blob_job *job)
{
    struct gj_request *request = gj_call_defer(ctx);
    job->on_done = on_job;
    job->owner = request;
    enum gj_err err = gj_blob_submit(ctx->core->blob, job);
    if (err != GJ_OK) {
        request->deferred = false; /* nobody will wake it: it is answered now */
        return busy_or_refused(ctx, err, "upload");
    }
    return true;
}

/* --- tokens --- */

static bool token_read(struct gj_ctx *ctx, const ProtobufCBinaryData *token, Gj__Work__Upload **out)
{
    uint8_t plain[TOKEN_MAX];
    bool fits = token->len > GJ_SECRET_OVERHEAD && token->len <= sizeof(plain);
    if (!fits ||
        gj_secret_open(
            ctx->core->invitation_key, TOKEN_PLACE, sizeof(TOKEN_PLACE) - 1, token->data, token->len, plain) != GJ_OK ||
        gj_pb_unpack_own(&gj__work__upload__descriptor, ctx->arena, plain, token->len - GJ_SECRET_OVERHEAD,
            (ProtobufCMessage **)out) != GJ_OK ||
        (*out)->user != ctx->actor->user) {
        return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "upload", NULL);
    }
    return true;
}

static bool token_write(struct gj_ctx *ctx, const Gj__Work__Upload *upload, ProtobufCBinaryData *out)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    if (gj_pb_pack_arena(&upload->base, ctx->arena, &bytes, &len) != GJ_OK) {
        return false;
    }
    out->len = len + GJ_SECRET_OVERHEAD;
    out->data = gj_arena_alloc(ctx->arena, out->len);
    if (out->data == NULL) {
        return false;
    }
    gj_secret_seal(ctx->core->invitation_key, TOKEN_PLACE, sizeof(TOKEN_PLACE) - 1, bytes, len, out->data);
    return true;
}

/* --- begin --- */

static bool begin_fits(struct gj_ctx *ctx, const Gj__V1__AttachmentBeginRequest *request)
{
    Gj__Stored__Office *office = NULL;
    struct gj_key key = gj_key_of_u64(request->office);
    if (!gj_record_load(
            ctx->txn, GJ_TABLE_OFFICE, &key, &gj__stored__office__descriptor, ctx->arena, (void **)&office)) {
        return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "office", NULL);
    }
    if (gj_actor_roles(ctx->actor, office->id, office->region) == 0) {
        return gj_refuse(ctx, GJ__V1__STATUS__DENIED, "no_right", "office", NULL);
    }
    if (request->size == 0 || request->size > GJ_BLOB_MAX_BYTES) {
        return gj_refuse(ctx, GJ__V1__STATUS__TOO_LARGE, "attachment_too_large", "size", NULL);
    }
    size_t type = strlen(request->media_type);
    return (type > 0 && type <= GJ_TEXT_CODE_MAX) ||
           gj_refuse(ctx, GJ__V1__STATUS__INVALID, "field_length", "media_type", NULL);
}

static uint64_t subject_of(const Gj__V1__AttachmentBeginRequest *request)
{
    return request->subject != 0 ? gj_seal_pack(GJ_SUBJECT_HOUSEHOLD, request->subject)
                                 : gj_seal_pack(GJ_SUBJECT_OFFICE, request->office);
}

static bool load_key(struct gj_ctx *ctx, uint64_t packed, struct gj_blob_job *job)
{
    struct gj_subject subject = gj_seal_subject(packed);
    return gj_vault_key(ctx->core->vault, &subject, job->key, NULL) == GJ_OK ||
           gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "subject", NULL);
}

void gj_register_read_begin(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__AttachmentBeginRequest *request = (const Gj__V1__AttachmentBeginRequest *)message;
    struct gj_blob_job *job = GJ_ARENA_NEW(ctx->arena, struct gj_blob_job);
    if (job == NULL || !begin_fits(ctx, request) || !load_key(ctx, subject_of(request), job)) {
        return;
    }
    job->op = GJ_BLOB_BEGIN;
    job->size_bytes = request->size;
    (void)submit(ctx, job);
}

void gj_register_resume_begin(struct gj_ctx *ctx, const ProtobufCMessage *message, void *result)
{
    const Gj__V1__AttachmentBeginRequest *request = (const Gj__V1__AttachmentBeginRequest *)message;
    const struct gj_blob_job *job = result;
    Gj__V1__AttachmentBegun *begun = GJ_ARENA_NEW(ctx->arena, Gj__V1__AttachmentBegun);
    if (begun == NULL || !busy_or_refused(ctx, job->err, "upload")) {
        return;
    }
    Gj__Work__Upload upload = GJ__WORK__UPLOAD__INIT;
    upload.handle = job->upload;
    upload.user = ctx->actor->user;
    upload.subject = subject_of(request);
    upload.office = request->office;
    upload.media_type = request->media_type;
    upload.size = request->size;
    upload.in_home = request->in_home;
    gj__v1__attachment_begun__init(begun);
    begun->chunk_bytes = GJ_BLOB_CHUNK;
    if (!token_write(ctx, &upload, &begun->upload)) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    gj_answer_ok(ctx, &begun->base);
}

/* --- chunks --- */

void gj_register_read_chunk(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__AttachmentChunkRequest *request = (const Gj__V1__AttachmentChunkRequest *)message;
    Gj__Work__Upload *upload = NULL;
    struct gj_blob_job *job = GJ_ARENA_NEW(ctx->arena, struct gj_blob_job);
    if (job == NULL || !token_read(ctx, &request->upload, &upload)) {
        return;
    }
    if (request->data.len == 0 || request->data.len > GJ_BLOB_CHUNK) {
        gj_refuse(ctx, GJ__V1__STATUS__INVALID, "field_length", "data", NULL);
        return;
    }
    job->op = GJ_BLOB_WRITE;
    job->upload = upload->handle;
    job->offset = (uint64_t)request->chunk * GJ_BLOB_CHUNK;
    job->data = request->data.data;
    job->len = request->data.len;
    (void)submit(ctx, job);
}

void gj_register_resume_chunk(struct gj_ctx *ctx, const ProtobufCMessage *message, void *result)
{
    const struct gj_blob_job *job = result;
    Gj__V1__Empty *empty = GJ_ARENA_NEW(ctx->arena, Gj__V1__Empty);
    (void)message;
    if (empty == NULL || !busy_or_refused(ctx, job->err, "chunk")) {
        return;
    }
    gj__v1__empty__init(empty);
    gj_answer_ok(ctx, &empty->base);
}

/* --- commit --- */

/* The answer was lost on its way: the upload is gone, but the entry of the first time says what became of it. */
static bool committed_before(struct gj_ctx *ctx)
{
    const struct gj_request *request = ctx->pending;
    struct gj_answer answer;
    Gj__V1__Written written;
    struct gj_entry_row row;
    struct gj_entry *entry = GJ_ARENA_NEW(ctx->arena, struct gj_entry);
    Gj__V1__AttachmentCommitted *committed = GJ_ARENA_NEW(ctx->arena, Gj__V1__AttachmentCommitted);
    size_t size = 0;
    if (entry == NULL || committed == NULL ||
        !gj_seen_find(ctx->txn, request->item.command.request_key, request->device, ctx->arena, &answer, &written) ||
        answer.status != GJ__V1__STATUS__OK || !gj_entry_get(ctx->txn, written.event, &row) ||
        gj_entry_decode(row.bytes.data, row.bytes.len, entry, &size) != GJ_OK || !entry->has_object) {
        return false;
    }
    gj__v1__attachment_committed__init(committed);
    committed->address = (ProtobufCBinaryData){.data = entry->object, .len = sizeof(entry->object)};
    gj_answer_ok(ctx, &committed->base);
    return true;
}

const ProtobufCMessage *gj_register_prepare_commit(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__AttachmentCommitRequest *request = (const Gj__V1__AttachmentCommitRequest *)message;
    Gj__Work__Upload *upload = NULL;
    struct gj_blob_job *job = GJ_ARENA_NEW(ctx->arena, struct gj_blob_job);
    struct gj_work work;
    struct gj_access_answer access;
    if (job == NULL || committed_before(ctx) || !token_read(ctx, &request->upload, &upload)) {
        return NULL;
    }
    if (request->record != 0 &&
        (!gj_work_must_load(ctx, request->record, &work) || !gj_work_access(ctx, &work, GJ_ACCESS_ACT, &access))) {
        return NULL;
    }
    ctx->carry = upload;
    job->op = GJ_BLOB_FINISH;
    job->upload = upload->handle;
    (void)submit(ctx, job);
    return NULL;
}

const ProtobufCMessage *gj_register_resume_commit(struct gj_ctx *ctx, const ProtobufCMessage *message, void *result)
{
    const Gj__V1__AttachmentCommitRequest *request = (const Gj__V1__AttachmentCommitRequest *)message;
    const struct gj_blob_job *job = result;
    const Gj__Work__Upload *upload = ctx->carry;
    Gj__Work__Attach *body = GJ_ARENA_NEW(ctx->arena, Gj__Work__Attach);
    if (body == NULL || !busy_or_refused(ctx, job->err, "upload")) {
        return NULL;
    }
    struct gj_subject subject = gj_seal_subject(upload->subject);
    gj__work__attach__init(body);
    body->address = (ProtobufCBinaryData){.data = (uint8_t *)job->name.bytes, .len = sizeof(job->name.bytes)};
    body->subject_kind = subject.kind;
    body->subject = subject.id;
    body->record = request->record;
    body->media_type = upload->media_type;
    body->size = upload->size;
    body->office = upload->office;
    body->in_home = upload->in_home;
    return &body->base;
}

static void name_it(struct gj_ctx *ctx, const Gj__Work__Attach *body)
{
    struct gj_key key = gj_key_of_bytes(body->address.data, body->address.len);
    Gj__Stored__Attachment row = GJ__STORED__ATTACHMENT__INIT;
    row.address = body->address;
    row.subject = gj_seal_pack((uint16_t)body->subject_kind, body->subject);
    row.media_type = body->media_type;
    row.size = body->size;
    row.at = ctx->now_ms;
    row.by = ctx->actor->user;
    row.office = body->office;
    row.in_home = body->in_home;
    row.record = body->record;
    gj_record_save(ctx->txn, GJ_TABLE_ATTACHMENT, &key, &row.base);
}

/* A photo never conflicts: it is added to whatever the record is by then. */
void gj_register_apply_commit(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Work__Attach *body = (const Gj__Work__Attach *)message;
    struct gj_work work;
    struct gj_access_answer access;
    if (body->record == 0) {
        struct gj_entry entry = {.type = GJ_ENTRY_ACTION,
            .office = (uint32_t)body->office,
            .subject_kind = GJ_SUBJECT_ATTACHMENT,
            .has_object = true,
            .has_value = true,
            .value = (int64_t)body->size};
        (void)gj_entry_word(&entry.action, "attach");
        memcpy(entry.object, body->address.data, sizeof(entry.object));
        (void)gj_apply_entry(ctx, &entry, NULL, 0);
        name_it(ctx, body);
        return;
    }
    if (!gj_work_must_load(ctx, body->record, &work) || !gj_work_access(ctx, &work, GJ_ACCESS_ACT, &access)) {
        return;
    }
    if (work.row->n_attachments >= GJ_WORK_ATTACHMENTS_MAX) {
        gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "limit_reached", "attachments", NULL);
        return;
    }
    gj_work_attach(ctx, &work, &body->address, 1);
    struct gj_work_note note = {.action = "attach", .by = access.by, .object = body->address.data};
    (void)gj_work_entry(ctx, &work, &note);
    name_it(ctx, body);
    gj_work_save(ctx, &work);
}

/* --- reading --- */

static bool same(const ProtobufCBinaryData *a, const ProtobufCBinaryData *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/* A field that names the attachment; *sensitive when each look at it must be recorded. Sealed fields are opened only
 * for those who may see them. */
static bool field_names(struct gj_ctx *ctx, const struct gj_work *work, const Gj__V1__Field *field,
    const ProtobufCBinaryData *address, bool *sensitive)
{
    uint16_t at = gj_kind_field(work->kind, field->key);
    const struct gj_field *declared = at == GJ_NO_INDEX ? NULL : &work->kind->fields[at];
    bool is_image = declared != NULL && (declared->type == GJ_FIELD_PHOTO || declared->type == GJ_FIELD_SIGNATURE);
    Gj__V1__Field *plain = NULL;
    if (is_image && field->value_case == GJ__V1__FIELD__VALUE_SEALED) {
        struct gj_seal seal = {0};
        bool may =
            declared->personal == GJ_PERSONAL_SEALED || gj_who_matches(&declared->open_to, &work->view, ctx->actor);
        if (may && gj_seal_init(&seal, ctx, work->row->subject) == GJ_OK) {
            (void)!gj_seal_open_field(&seal, ctx->arena, field, &plain);
        }
        gj_seal_fini(&seal);
        *sensitive = declared->personal != GJ_PERSONAL_SEALED;
        field = plain;
    }
    if (field == NULL) {
        return false;
    }
    if (field->value_case == GJ__V1__FIELD__VALUE_BLOB && same(&field->blob, address)) {
        return true;
    }
    for (size_t i = 0; i < field->n_blobs; i++) {
        if (same(&field->blobs[i], address)) {
            return true;
        }
    }
    return false;
}

static bool belongs(struct gj_ctx *ctx, const struct gj_work *work, const ProtobufCBinaryData *address, bool *sensitive)
{
    const Gj__Stored__Record *row = work->row;
    *sensitive = false;
    for (size_t i = 0; i < row->n_attachments; i++) {
        if (same(&row->attachments[i], address)) {
            return true;
        }
    }
    for (size_t i = 0; i < row->n_fields; i++) {
        bool logged = false;
        if (field_names(ctx, work, row->fields[i], address, &logged)) {
            *sensitive = logged;
            return true;
        }
    }
    return false;
}

/* The attachment through the record it belongs to: whoever may read that may see it. */
static bool find_fetch(struct gj_ctx *ctx, const Gj__V1__AttachmentReadRequest *request, struct gj_work *work,
    struct gj_access_answer *access, Gj__Stored__Attachment **attachment)
{
    struct gj_key key = gj_key_of_bytes(request->address.data, request->address.len);
    if (!gj_work_must_load(ctx, request->record, work) || !gj_work_access(ctx, work, GJ_ACCESS_READ, access)) {
        return false;
    }
    bool sensitive = false;
    if (request->address.len != GJ_BLOB_NAME_SIZE || !belongs(ctx, work, &request->address, &sensitive) ||
        !gj_record_load(ctx->txn, GJ_TABLE_ATTACHMENT, &key, &gj__stored__attachment__descriptor, ctx->arena,
            (void **)attachment)) {
        return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "address", NULL);
    }
    access->logged = access->logged || sensitive || (*attachment)->in_home;
    return true;
}

static void start_fetch(
    struct gj_ctx *ctx, const Gj__V1__AttachmentReadRequest *request, Gj__Stored__Attachment *attachment)
{
    struct gj_blob_job *job = GJ_ARENA_NEW(ctx->arena, struct gj_blob_job);
    uint8_t *room = gj_arena_alloc(ctx->arena, GJ_BLOB_CHUNK);
    if (job == NULL || room == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    if (!load_key(ctx, attachment->subject, job)) {
        return;
    }
    memcpy(job->name.bytes, request->address.data, sizeof(job->name.bytes));
    job->op = GJ_BLOB_READ;
    job->offset = (uint64_t)request->chunk * GJ_BLOB_CHUNK;
    job->data = room;
    job->max = GJ_BLOB_CHUNK;
    ctx->carry = attachment;
    (void)submit(ctx, job);
}

static void finish_fetch(struct gj_ctx *ctx, const struct gj_blob_job *job)
{
    const Gj__Stored__Attachment *attachment = ctx->carry;
    Gj__V1__AttachmentData *data = GJ_ARENA_NEW(ctx->arena, Gj__V1__AttachmentData);
    if (data == NULL || !busy_or_refused(ctx, job->err, "chunk")) {
        return;
    }
    gj__v1__attachment_data__init(data);
    data->data = (ProtobufCBinaryData){.data = job->data, .len = job->len};
    data->chunks = (uint32_t)((attachment->size + GJ_BLOB_CHUNK - 1) / GJ_BLOB_CHUNK);
    data->media_type = attachment->media_type;
    data->size = attachment->size;
    gj_answer_ok(ctx, &data->base);
}

const ProtobufCMessage *gj_register_prepare_fetch(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__AttachmentReadRequest *request = (const Gj__V1__AttachmentReadRequest *)message;
    struct gj_work work;
    struct gj_access_answer access;
    Gj__Stored__Attachment *attachment = NULL;
    if (!find_fetch(ctx, request, &work, &access, &attachment)) {
        return NULL;
    }
    if (!access.logged) {
        start_fetch(ctx, request, attachment);
        return NULL;
    }
    Gj__Work__Look *body = GJ_ARENA_NEW(ctx->arena, Gj__Work__Look);
    struct gj_entry_word word;
    if (body == NULL) {
        return NULL;
    }
    if (request->purpose[0] == '\0' || gj_entry_word(&word, request->purpose) != GJ_OK) {
        gj_refuse(ctx, GJ__V1__STATUS__INVALID, "purpose_missing", "purpose", NULL);
        return NULL;
    }
    gj__work__look__init(body);
    body->id = work.row->id;
    body->action = (char *)"attachment";
    body->purpose = request->purpose;
    return &body->base;
}

const ProtobufCMessage *gj_register_resume_fetch(struct gj_ctx *ctx, const ProtobufCMessage *message, void *result)
{
    (void)message;
    finish_fetch(ctx, result);
    return NULL;
}

void gj_register_read_fetch(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__AttachmentReadRequest *request = (const Gj__V1__AttachmentReadRequest *)message;
    struct gj_work work;
    struct gj_access_answer access;
    Gj__Stored__Attachment *attachment = NULL;
    if (find_fetch(ctx, request, &work, &access, &attachment)) {
        start_fetch(ctx, request, attachment);
    }
}

void gj_register_read_resume_fetch(struct gj_ctx *ctx, const ProtobufCMessage *message, void *result)
{
    (void)message;
    finish_fetch(ctx, result);
}
