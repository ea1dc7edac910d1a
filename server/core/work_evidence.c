#include "core/work_evidence.h"

#include <string.h>

#include "common/policy/evidence.h"
#include "store/blob.h"
#include "store/record.h"

static bool same(const ProtobufCBinaryData *a, const ProtobufCBinaryData *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static bool listed(const ProtobufCBinaryData *list, size_t count, const ProtobufCBinaryData *address)
{
    for (size_t i = 0; i < count; i++) {
        if (same(&list[i], address)) {
            return true;
        }
    }
    return false;
}

/* --- on the loop --- */

static bool add(struct gj_ctx *ctx, Gj__Work__Act *body, const char *key, const ProtobufCBinaryData *address)
{
    Gj__Work__Evidence *evidence = GJ_ARENA_NEW(ctx->arena, Gj__Work__Evidence);
    if (evidence == NULL) {
        return false;
    }
    gj__work__evidence__init(evidence);
    evidence->field = (char *)key;
    evidence->address = *address;
    body->evidence[body->n_evidence++] = evidence;
    return true;
}

static bool proves(const struct gj_work *work, const Gj__V1__Field *field)
{
    uint16_t at = gj_kind_field(work->kind, field->key);
    return at != GJ_NO_INDEX && field->value_case == GJ__V1__FIELD__VALUE_BLOB && gj_evidence_is(work->kind, at);
}

bool gj_evidence_note(
    struct gj_ctx *ctx, const struct gj_work *work, Gj__V1__Field *const *fields, size_t count, Gj__Work__Act *body)
{
    size_t room = 0;
    for (size_t i = 0; i < count; i++) {
        room += proves(work, fields[i]) ? 1 + fields[i]->n_blobs : 0;
    }
    body->evidence = GJ_ARENA_ARRAY(ctx->arena, room, Gj__Work__Evidence *);
    bool ok = body->evidence != NULL || room == 0;
    for (size_t i = 0; i < count && ok && room > 0; i++) {
        if (!proves(work, fields[i])) {
            continue;
        }
        ok = add(ctx, body, fields[i]->key, &fields[i]->blob);
        for (size_t j = 0; j < fields[i]->n_blobs && ok; j++) {
            ok = add(ctx, body, fields[i]->key, &fields[i]->blobs[j]);
        }
    }
    return ok;
}

/* --- in apply --- */

static bool load(struct gj_ctx *ctx, const ProtobufCBinaryData *address, Gj__Stored__Attachment **out)
{
    struct gj_key key = gj_key_of_bytes(address->data, address->len);
    return address->len == GJ_BLOB_NAME_SIZE && gj_record_load(ctx->txn, GJ_TABLE_ATTACHMENT, &key,
                                                    &gj__stored__attachment__descriptor, ctx->arena, (void **)out);
}

/* One that was sent without a record belongs to whichever names it first. */
static bool belongs(const struct gj_work *work, const Gj__Work__Act *body, const Gj__Stored__Attachment *attachment)
{
    const Gj__Stored__Record *row = work->row;
    bool named = listed(row->attachments, row->n_attachments, &attachment->address) ||
                 listed(body->attachments, body->n_attachments, &attachment->address);
    return attachment->record == row->id || (attachment->record == 0 && named);
}

static int64_t since(const struct gj_work *work, const struct gj_transition *transition)
{
    if (transition == NULL || transition->since_field_at == GJ_NO_INDEX) {
        return 0;
    }
    const struct gj_field_value *value =
        gj_value_find(work->view.values, work->view.value_count, work->kind->fields[transition->since_field_at].key);
    return value == NULL || value->shape != GJ_SHAPE_TIME ? 0 : value->number;
}

static bool fits(struct gj_ctx *ctx, const struct gj_work *work, const struct gj_transition *transition,
    const Gj__Work__Act *body, const Gj__Work__Evidence *evidence)
{
    Gj__Stored__Attachment *attachment = NULL;
    uint16_t at = gj_kind_field(work->kind, evidence->field);
    if (at == GJ_NO_INDEX || !load(ctx, &evidence->address, &attachment)) {
        return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", evidence->field, NULL);
    }
    if (!belongs(work, body, attachment)) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "evidence_other_record", evidence->field, NULL);
    }
    if (attachment->used) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "evidence_used", evidence->field, NULL);
    }
    if (!gj_evidence_media(&work->kind->fields[at], attachment->media_type)) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "evidence_media", evidence->field, attachment->media_type, NULL);
    }
    return attachment->at >= since(work, transition) ||
           gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "evidence_too_old", evidence->field, NULL);
}

bool gj_evidence_fits(
    struct gj_ctx *ctx, const struct gj_work *work, const struct gj_transition *transition, const Gj__Work__Act *body)
{
    for (size_t i = 0; i < body->n_evidence; i++) {
        if (!fits(ctx, work, transition, body, body->evidence[i])) {
            return false;
        }
    }
    return true;
}

static void take_off_list(Gj__Stored__Record *row, const ProtobufCBinaryData *address)
{
    size_t kept = 0;
    for (size_t i = 0; i < row->n_attachments; i++) {
        if (!same(&row->attachments[i], address)) {
            row->attachments[kept++] = row->attachments[i];
        }
    }
    row->n_attachments = kept;
}

void gj_evidence_use(struct gj_ctx *ctx, struct gj_work *work, const Gj__Work__Act *body)
{
    for (size_t i = 0; i < body->n_evidence; i++) {
        Gj__Stored__Attachment *attachment = NULL;
        const ProtobufCBinaryData *address = &body->evidence[i]->address;
        if (!load(ctx, address, &attachment)) {
            continue;
        }
        struct gj_key key = gj_key_of_bytes(address->data, address->len);
        attachment->used = true;
        gj_record_save(ctx->txn, GJ_TABLE_ATTACHMENT, &key, &attachment->base);
        take_off_list(work->row, address);
    }
}
