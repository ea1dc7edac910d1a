/* Preparing one step of a flow. */
#include <string.h>

#include "common/policy/form.h"
#include "core/work_code.h"
#include "core/work_decide.h"
#include "core/work_evidence.h"
#include "core/work_prepare.h"
#include "core/work_refer.h"

static const struct gj_transition *transition_of(const struct gj_work *work, const char *act)
{
    for (size_t i = 0; i < work->kind->transition_count; i++) {
        const struct gj_transition *transition = &work->kind->transitions[i];
        if ((transition->from >> work->view.state & 1u) != 0 &&
            strcmp(work->kind->acts[transition->act_at].name, act) == 0) {
            return transition;
        }
    }
    return NULL;
}

static bool add_evidence(struct gj_ctx *ctx, struct gj_prepare_fields *fields, const struct gj_field *declared,
    const ProtobufCBinaryData *evidence)
{
    if (declared->type != GJ_FIELD_PHOTO && declared->type != GJ_FIELD_SIGNATURE) {
        const char *text = gj_arena_strndup(ctx->arena, (const char *)evidence->data, evidence->len);
        gj_prepare_add_text(ctx, fields, declared->key, text);
        return text != NULL;
    }
    Gj__V1__Field *field = gj_work_field_ref(ctx->arena, declared->key, 0);
    if (field == NULL) {
        return false;
    }
    field->value_case = GJ__V1__FIELD__VALUE_BLOB;
    field->blob = *evidence;
    gj_prepare_add(fields, field);
    return true;
}

/* The owner's step in the words of the form: the field that names the means and the one that holds its evidence.
 * Several transitions may share the verb, each for other people; they name the same fields. */
static bool add_owner_step(
    struct gj_ctx *ctx, const struct gj_work *work, const Gj__V1__ActRequest *request, struct gj_prepare_fields *fields)
{
    bool named = false;
    for (size_t i = 0; request->owner != NULL && i < work->kind->transition_count; i++) {
        const struct gj_transition *transition = &work->kind->transitions[i];
        if (transition->means_field_at == GJ_NO_INDEX ||
            strcmp(work->kind->acts[transition->act_at].name, request->act) != 0) {
            continue;
        }
        if (!named) {
            gj_prepare_add_text(ctx, fields, work->kind->fields[transition->means_field_at].key, request->owner->means);
            named = true;
        }
        for (size_t j = 0; j < transition->means_count; j++) {
            const struct gj_means *means = &transition->means[j];
            if (strcmp(means->code, request->owner->means) == 0 && means->evidence_at != GJ_NO_INDEX &&
                request->owner->evidence.len > 0) {
                return add_evidence(ctx, fields, &work->kind->fields[means->evidence_at], &request->owner->evidence);
            }
        }
    }
    return true;
}

/* A code of the owner leaves its digits here: what goes on is their keyed hash. */
static bool hide_codes(struct gj_ctx *ctx, const struct gj_work *work, const struct gj_prepare_fields *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        uint16_t at = gj_kind_field(work->kind, fields->items[i]->key);
        if (at == GJ_NO_INDEX || !work->kind->fields[at].one_time ||
            fields->items[i]->value_case != GJ__V1__FIELD__VALUE_TEXT) {
            continue;
        }
        fields->items[i] = gj_code_proof(ctx, work->row->id, fields->items[i]);
        if (fields->items[i] == NULL) {
            return false;
        }
    }
    return true;
}

static Gj__Work__Act *act_body(struct gj_ctx *ctx, const struct gj_work *work, const Gj__V1__ActRequest *request,
    const struct gj_prepare_fields *fields)
{
    Gj__Work__Act *body = GJ_ARENA_NEW(ctx->arena, Gj__Work__Act);
    if (body == NULL || !hide_codes(ctx, work, fields)) {
        return NULL;
    }
    gj__work__act__init(body);
    if (!gj_evidence_note(ctx, work, fields->items, fields->count, body)) {
        return NULL;
    }
    body->id = request->id;
    body->revision = request->revision;
    body->after = request->after;
    body->state = request->state;
    body->act = request->act;
    body->fields = gj_prepare_seal(ctx, work->kind, work->row->subject, fields->items, fields->count);
    body->n_fields = body->fields == NULL ? 0 : fields->count;
    body->stated_at = request->stated_at;
    body->late = request->late_reason[0] != '\0';
    body->means = request->owner == NULL ? body->means : request->owner->means;
    body->person = request->owner == NULL ? 0 : request->owner->person;
    body->attachments = request->attachments;
    body->n_attachments = request->n_attachments;
    Gj__Work__Words words = GJ__WORK__WORDS__INIT;
    words.note = request->note;
    words.late_reason = request->late_reason;
    bool ok = body->fields != NULL || fields->count == 0;
    body->text = ok ? gj_prepare_words(ctx, work->row->subject, &words, &ok) : NULL;
    return ok ? body : NULL;
}

/* Corrections, additions and links have calls of their own, with what they need. */
static bool verb_fits(struct gj_ctx *ctx, const char *act)
{
    if (act[0] == '\0') {
        return gj_refuse(ctx, GJ__V1__STATUS__INVALID, "field_missing", "act", NULL);
    }
    if (strcmp(act, "amend") == 0 || strcmp(act, "addendum") == 0 || strcmp(act, "link") == 0) {
        return gj_refuse(ctx, GJ__V1__STATUS__INVALID, "act_unknown", "act", NULL);
    }
    return true;
}

static bool in_step(const struct gj_work *work, const Gj__V1__ActRequest *request)
{
    const ProtobufCBinaryData *last = &work->row->last_request_key;
    if (request->after.len > 0) {
        return last->len == request->after.len && memcmp(last->data, request->after.data, last->len) == 0;
    }
    return request->revision == 0 || request->revision == work->row->revision;
}

const ProtobufCMessage *gj_work_prepare_act(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__ActRequest *request = (const Gj__V1__ActRequest *)message;
    struct gj_work work;
    struct gj_prepare_fields fields;
    struct gj_access_answer access;
    if (!gj_work_must_load(ctx, request->id, &work) || !gj_work_access(ctx, &work, GJ_ACCESS_ACT, &access)) {
        return NULL;
    }
    if (!verb_fits(ctx, request->act)) {
        return NULL;
    }
    if (!gj_prepare_fields(ctx, &fields, request->fields, request->n_fields)) {
        return NULL;
    }
    gj_prepare_add_ref(ctx, &fields, "assignee", request->assignee);
    gj_prepare_add_ref(ctx, &fields, "office", request->office);
    gj_prepare_add_ref(ctx, &fields, "parent", request->parent);
    if (!add_owner_step(ctx, &work, request, &fields)) {
        return NULL;
    }
    bool frees = gj_flow_act_number(work.kind, request->act) >= GJ_FLOW_APPROVE;
    struct gj_prepare_check check = {.policy = work.policy,
        .kind = work.kind,
        .view = &work.view,
        .act = request->act,
        .text_key = frees ? GJ_FORM_NOTE : NULL,
        .text = request->note,
        .late_reason = request->late_reason};
    struct gj_work_refer refer = {.policy = ctx->policy,
        .kind = work.kind,
        .office = work.row->office,
        .record = work.row->id,
        .category = work.row->category};
    if (!gj_prepare_text_short(ctx, "note", request->note) ||
        !gj_prepare_text_short(ctx, "late_reason", request->late_reason)) {
        return NULL;
    }
    /* Who is late is told CONFLICT, not what is missing for a step that is no longer there; and the predecessor of an
     * outbox may still be on its way. */
    bool fits = in_step(&work, request) && transition_of(&work, request->act) != NULL
                    ? gj_prepare_form(ctx, &check, fields.items, fields.count)
                    : gj_prepare_values(ctx, work.policy, work.kind, fields.items, fields.count);
    if (!fits || !gj_work_refer_fields(ctx, &refer, fields.items, fields.count)) {
        return NULL;
    }
    Gj__Work__Act *body = act_body(ctx, &work, request, &fields);
    return body == NULL ? NULL : &body->base;
}
