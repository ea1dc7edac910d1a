/* Preparing corrections, additions, links and the word of the second person. */
#include <string.h>

#include "common/policy/form.h"
#include "core/work_decide.h"
#include "core/work_prepare.h"
#include "core/work_refer.h"
#include "core/work_seal.h"

/* What a field held before, plain, for the words of the entry. */
static Gj__V1__Field *old_value(struct gj_ctx *ctx, const struct gj_work *work, struct gj_seal *seal, const char *key)
{
    Gj__V1__Field *stored = gj_work_field(work, key);
    if (stored != NULL) {
        Gj__V1__Field *plain = NULL;
        if (stored->value_case != GJ__V1__FIELD__VALUE_SEALED) {
            return stored;
        }
        return gj_seal_open_field(seal, ctx->arena, stored, &plain) == GJ_OK ? plain : NULL;
    }
    const struct gj_field_value *head = gj_value_find(work->view.values, work->view.value_count, key);
    if (head == NULL) {
        return NULL;
    }
    switch (head->shape) {
    case GJ_SHAPE_REF:
        return gj_work_field_ref(ctx->arena, key, (uint64_t)head->number);
    case GJ_SHAPE_TIME:
        return gj_work_field_time(ctx->arena, key, head->number);
    case GJ_SHAPE_TEXT:
        return gj_work_field_text(ctx->arena, key, gj_arena_strndup(ctx->arena, head->text, head->text_len));
    default:
        return NULL;
    }
}

static Gj__Work__Text *amend_text(
    struct gj_ctx *ctx, const struct gj_work *work, const Gj__V1__AmendRequest *request, bool *ok)
{
    Gj__Work__Words words = GJ__WORK__WORDS__INIT;
    struct gj_seal seal = {0};
    *ok = gj_seal_init(&seal, ctx, work->row->subject) == GJ_OK;
    if (!*ok) {
        gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "subject_erased", "reason", NULL);
        return NULL;
    }
    words.reason = request->reason;
    words.old = GJ_ARENA_ARRAY(ctx->arena, request->n_fields, Gj__V1__Field *);
    for (size_t i = 0; words.old != NULL && i < request->n_fields; i++) {
        Gj__V1__Field *old = old_value(ctx, work, &seal, request->fields[i]->key);
        if (old != NULL) {
            words.old[words.n_old++] = old;
        }
    }
    Gj__Work__Text *text = gj_seal_words(&seal, ctx->arena, &words);
    gj_seal_fini(&seal);
    *ok = text != NULL;
    return text;
}

const ProtobufCMessage *gj_work_prepare_amend(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__AmendRequest *request = (const Gj__V1__AmendRequest *)message;
    struct gj_work work;
    struct gj_access_answer access;
    if (!gj_work_must_load(ctx, request->id, &work) || !gj_work_access(ctx, &work, GJ_ACCESS_UPDATE, &access) ||
        !gj_work_in_step(ctx, &work, request->revision, &(const ProtobufCBinaryData){0}, "")) {
        return NULL;
    }
    if (request->reason[0] == '\0' || request->n_fields == 0) {
        gj_refuse(ctx, GJ__V1__STATUS__INVALID, "field_missing", request->n_fields == 0 ? "fields" : "reason", NULL);
        return NULL;
    }
    struct gj_prepare_check check = {.policy = work.policy,
        .kind = work.kind,
        .view = &work.view,
        .act = "amend",
        .text_key = GJ_FORM_AMEND_REASON,
        .text = request->reason};
    struct gj_work_refer refer = {
        .policy = ctx->policy, .kind = work.kind, .office = work.row->office, .record = work.row->id};
    if (!gj_prepare_form(ctx, &check, request->fields, request->n_fields) ||
        !gj_work_refer_fields(ctx, &refer, request->fields, request->n_fields)) {
        return NULL;
    }
    Gj__Work__Amend *body = GJ_ARENA_NEW(ctx->arena, Gj__Work__Amend);
    bool ok = body != NULL;
    if (!ok) {
        return NULL;
    }
    gj__work__amend__init(body);
    body->id = request->id;
    body->revision = request->revision;
    body->fields = gj_prepare_seal(ctx, work.kind, work.row->subject, request->fields, request->n_fields);
    body->n_fields = request->n_fields;
    body->text = body->fields == NULL ? NULL : amend_text(ctx, &work, request, &ok);
    return ok && body->fields != NULL ? &body->base : NULL;
}

/* --- addendum, link, approve --- */

static Gj__Work__Text *note_text(struct gj_ctx *ctx, const struct gj_work *work, const char *note, bool *ok)
{
    Gj__Work__Words words = GJ__WORK__WORDS__INIT;
    words.note = (char *)note;
    *ok = gj_prepare_text_short(ctx, "note", note);
    return *ok ? gj_prepare_words(ctx, work->row->subject, &words, ok) : NULL;
}

const ProtobufCMessage *gj_work_prepare_addendum(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__AddendumRequest *request = (const Gj__V1__AddendumRequest *)message;
    struct gj_work work;
    struct gj_access_answer access;
    bool ok = true;
    if (!gj_work_must_load(ctx, request->id, &work) || !gj_work_access(ctx, &work, GJ_ACCESS_ACT, &access)) {
        return NULL;
    }
    if (request->text[0] == '\0') {
        gj_refuse(ctx, GJ__V1__STATUS__INVALID, "field_missing", "text", NULL);
        return NULL;
    }
    Gj__Work__Addendum *body = GJ_ARENA_NEW(ctx->arena, Gj__Work__Addendum);
    if (body == NULL) {
        return NULL;
    }
    gj__work__addendum__init(body);
    body->id = request->id;
    body->attachments = request->attachments;
    body->n_attachments = request->n_attachments;
    body->text = note_text(ctx, &work, request->text, &ok);
    return ok ? &body->base : NULL;
}

const ProtobufCMessage *gj_work_prepare_link(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__LinkRequest *request = (const Gj__V1__LinkRequest *)message;
    struct gj_work work;
    struct gj_access_answer access;
    if (!gj_work_must_load(ctx, request->id, &work) || !gj_work_access(ctx, &work, GJ_ACCESS_UPDATE, &access)) {
        return NULL;
    }
    if (request->link == NULL) {
        gj_refuse(ctx, GJ__V1__STATUS__INVALID, "field_missing", "link", NULL);
        return NULL;
    }
    struct gj_work_refer refer = {
        .policy = work.policy, .kind = work.kind, .office = work.row->office, .record = work.row->id};
    Gj__V1__Link *link = request->link;
    if (!request->remove && !gj_work_refer_links(ctx, &refer, &link, 1)) {
        return NULL;
    }
    Gj__Work__Link *body = GJ_ARENA_NEW(ctx->arena, Gj__Work__Link);
    if (body == NULL) {
        return NULL;
    }
    gj__work__link__init(body);
    body->id = request->id;
    body->revision = request->revision;
    body->link = link;
    body->remove = request->remove;
    return &body->base;
}

const ProtobufCMessage *gj_work_prepare_approve(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__ApproveRequest *request = (const Gj__V1__ApproveRequest *)message;
    struct gj_work work;
    struct gj_access_answer access;
    bool ok = true;
    if (!gj_work_must_load(ctx, request->id, &work) || !gj_work_access(ctx, &work, GJ_ACCESS_ACT, &access)) {
        return NULL;
    }
    Gj__Work__Approve *body = GJ_ARENA_NEW(ctx->arena, Gj__Work__Approve);
    if (body == NULL) {
        return NULL;
    }
    gj__work__approve__init(body);
    body->id = request->id;
    body->revision = request->revision;
    body->approve = request->approve;
    body->text = note_text(ctx, &work, request->note, &ok);
    return ok ? &body->base : NULL;
}
