/* Preparing a creation. */
#include <string.h>

#include "common/policy/form.h"
#include "core/subject.h"
#include "core/work_prepare.h"
#include "core/work_refer.h"
#include "core/work_seal.h"

static uint64_t ref_in(Gj__V1__Field *const *items, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(items[i]->key, key) == 0 && items[i]->value_case == GJ__V1__FIELD__VALUE_REF) {
            return items[i]->ref;
        }
    }
    return 0;
}

/* The household's key seals what is said about it; else the caller's; else the office's own. */
static void choose_subject(const struct gj_work_creation *creation, Gj__Work__Create *body)
{
    uint64_t household = ref_in(creation->fields, creation->field_count, "household");
    uint64_t caller = ref_in(creation->fields, creation->field_count, "caller");
    body->subject_kind = household != 0 ? GJ_SUBJECT_HOUSEHOLD : caller != 0 ? GJ_SUBJECT_CALLER : GJ_SUBJECT_OFFICE;
    body->subject = household != 0 ? household : caller != 0 ? caller : creation->office;
}

static const char *way_of(const struct gj_kind *kind, const char *act)
{
    for (size_t i = 0; i < kind->transition_count; i++) {
        const char *name = kind->acts[kind->transitions[i].act_at].name;
        if ((kind->transitions[i].from & 1u) != 0 && (act == NULL || act[0] == '\0' || strcmp(name, act) == 0)) {
            return name;
        }
    }
    return "create";
}

/* When it was received may be handed in as a field of the form like any other: it is one and the same time. */
static void take_received_at(struct gj_work_creation *creation)
{
    size_t kept = 0;
    for (size_t i = 0; i < creation->field_count; i++) {
        Gj__V1__Field *field = creation->fields[i];
        if (strcmp(field->key, "received_at") != 0 || field->value_case != GJ__V1__FIELD__VALUE_TIME) {
            creation->fields[kept++] = field;
        } else if (creation->received_at == 0) {
            creation->received_at = field->time;
        }
    }
    creation->field_count = kept;
}

Gj__Work__Create *gj_work_creation_body(struct gj_ctx *ctx, struct gj_work_creation *creation)
{
    const char *late = creation->late_reason == NULL ? "" : creation->late_reason;
    struct gj_prepare_check check = {.policy = creation->policy,
        .kind = creation->kind,
        .act = way_of(creation->kind, creation->act),
        .late_reason = late};
    if (creation->state == NULL && !gj_prepare_form(ctx, &check, creation->fields, creation->field_count)) {
        return NULL;
    }
    struct gj_work_refer refer = {
        .policy = creation->policy, .kind = creation->kind, .office = creation->office, .record = 0};
    if (!gj_prepare_text_short(ctx, "late_reason", late) ||
        !gj_work_refer_fields(ctx, &refer, creation->fields, creation->field_count) ||
        !gj_work_refer_links(ctx, &refer, creation->links, creation->link_count)) {
        return NULL;
    }
    Gj__Work__Create *body = GJ_ARENA_NEW(ctx->arena, Gj__Work__Create);
    if (body == NULL) {
        return NULL;
    }
    take_received_at(creation);
    gj__work__create__init(body);
    body->kind = creation->kind->number;
    body->policy = creation->policy->version;
    body->act = creation->act == NULL ? body->act : (char *)creation->act;
    body->office = creation->office;
    choose_subject(creation, body);
    uint64_t subject = gj_seal_pack((uint16_t)body->subject_kind, body->subject);
    body->fields = gj_prepare_seal(ctx, creation->kind, subject, creation->fields, creation->field_count);
    body->n_fields = body->fields == NULL ? 0 : creation->field_count;
    body->links = creation->links;
    body->n_links = creation->link_count;
    body->received_at = creation->received_at;
    body->late = late[0] != '\0';
    body->state = creation->state == NULL ? body->state : (char *)creation->state;
    body->paper_number = creation->paper_number == NULL ? body->paper_number : (char *)creation->paper_number;
    body->import_key = creation->import_key;
    Gj__Work__Words words = GJ__WORK__WORDS__INIT;
    words.late_reason = (char *)late;
    bool ok = body->fields != NULL || creation->field_count == 0;
    body->text = ok ? gj_prepare_words(ctx, subject, &words, &ok) : NULL;
    return ok ? body : NULL;
}

const ProtobufCMessage *gj_work_prepare_create(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__CreateRequest *request = (const Gj__V1__CreateRequest *)message;
    const struct gj_kind *kind = gj_policy_kind(ctx->policy, request->kind);
    struct gj_prepare_fields fields;
    if (kind == NULL) {
        gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "kind", NULL);
        return NULL;
    }
    if (!gj_prepare_fields(ctx, &fields, request->fields, request->n_fields)) {
        return NULL;
    }
    gj_prepare_add_ref(ctx, &fields, "household", request->household);
    gj_prepare_add_ref(ctx, &fields, "unit", request->unit);
    gj_prepare_add_ref(ctx, &fields, "asset", request->asset);
    gj_prepare_add_ref(ctx, &fields, "parent", request->parent);
    gj_prepare_add_text(ctx, &fields, "place", request->place);
    gj_prepare_add_text(ctx, &fields, "category", request->category);
    if (kind->has_priority && request->priority >= 0 && (size_t)request->priority < ctx->policy->priority_count) {
        gj_prepare_add_text(ctx, &fields, "priority", ctx->policy->priorities[request->priority].code);
    }
    struct gj_work_creation creation = {.policy = ctx->policy,
        .kind = kind,
        .office = request->office,
        .fields = fields.items,
        .field_count = fields.count,
        .links = request->links,
        .link_count = request->n_links,
        .received_at = request->received_at,
        .late_reason = request->late_reason};
    Gj__Work__Create *body = gj_work_creation_body(ctx, &creation);
    return body == NULL ? NULL : &body->base;
}
