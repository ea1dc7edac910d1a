/* Open cases of the day an office goes live, with their original times: each stands where it stood on paper. One
 * request is one command: all of its cases or none. */
#include <string.h>

#include "core/core.h"
#include "core/work.h"
#include "core/work_prepare.h"
#include "proto/register.pb-c.h"
#include "service/register/register.h"
#include "store/record.h"

/* A case may say what it was called before in this field; it is no field of any form. */
#define PAPER_NUMBER "paper_number"

static bool may_import(struct gj_ctx *ctx, const struct gj_kind *kind, uint64_t office)
{
    struct gj_work work;
    struct gj_access_answer access;
    return gj_work_new(ctx, ctx->policy, kind, office, &work)
               ? gj_work_access(ctx, &work, GJ_ACCESS_CREATE, &access) &&
                     gj_work_access(ctx, &work, GJ_ACCESS_REASSIGN, &access)
               : gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "office", NULL);
}

static Gj__Work__Create *import_case(
    struct gj_ctx *ctx, const Gj__V1__ImportCasesRequest *request, const Gj__V1__CreateRequest *one)
{
    const struct gj_kind *kind = gj_policy_kind(ctx->policy, one->kind);
    const struct gj_state *state = kind == NULL ? NULL : gj_kind_state_by_code(kind, request->state);
    if (state == NULL || state->class != GJ_STATE_OPEN) {
        gj_refuse(ctx, GJ__V1__STATUS__INVALID, "field_choice", kind == NULL ? "kind" : "state", NULL);
        return NULL;
    }
    if (!may_import(ctx, kind, request->office)) {
        return NULL;
    }
    Gj__V1__Field **fields = GJ_ARENA_ARRAY(ctx->arena, one->n_fields + 6, Gj__V1__Field *);
    size_t count = 0;
    const char *paper = NULL;
    for (size_t i = 0; fields != NULL && i < one->n_fields; i++) {
        bool is_paper =
            strcmp(one->fields[i]->key, PAPER_NUMBER) == 0 && one->fields[i]->value_case == GJ__V1__FIELD__VALUE_TEXT;
        if (is_paper) {
            paper = one->fields[i]->text;
        } else {
            fields[count++] = one->fields[i];
        }
    }
    if (fields == NULL) {
        return NULL;
    }
    if (one->household != 0) {
        fields[count++] = gj_work_field_ref(ctx->arena, "household", one->household);
    }
    if (one->asset != 0) {
        fields[count++] = gj_work_field_ref(ctx->arena, "asset", one->asset);
    }
    if (one->place[0] != '\0') {
        fields[count++] = gj_work_field_text(ctx->arena, "place", one->place);
    }
    if (one->category[0] != '\0') {
        fields[count++] = gj_work_field_text(ctx->arena, "category", one->category);
    }
    if (kind->has_priority && one->priority >= 0 && (size_t)one->priority < ctx->policy->priority_count) {
        fields[count++] = gj_work_field_text(ctx->arena, "priority", ctx->policy->priorities[one->priority].code);
    }
    if (one->received_at > ctx->now_ms) {
        gj_refuse(ctx, GJ__V1__STATUS__INVALID, "time_in_future", "received_at", NULL);
        return NULL;
    }
    /* Each value must be one of its field; what else the form would ask for was never written down on paper. */
    if (!gj_prepare_values(ctx, ctx->policy, kind, fields, count)) {
        return NULL;
    }
    struct gj_work_creation creation = {.policy = ctx->policy,
        .kind = kind,
        .office = request->office,
        .fields = fields,
        .field_count = count,
        .links = one->links,
        .link_count = one->n_links,
        .received_at = one->received_at,
        .late_reason = one->late_reason,
        .state = request->state,
        .paper_number = paper};
    return gj_work_creation_body(ctx, &creation);
}

const ProtobufCMessage *gj_register_prepare_import(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__ImportCasesRequest *request = (const Gj__V1__ImportCasesRequest *)message;
    Gj__Work__Import *body = GJ_ARENA_NEW(ctx->arena, Gj__Work__Import);
    if (request->n_cases == 0 || request->n_cases > GJ_REGISTER_IMPORT_MAX) {
        gj_refuse(ctx, GJ__V1__STATUS__INVALID, "limit_reached", "cases", NULL);
        return NULL;
    }
    if (body == NULL) {
        return NULL;
    }
    gj__work__import__init(body);
    body->office = request->office;
    body->cases = GJ_ARENA_ARRAY(ctx->arena, request->n_cases, Gj__Work__Create *);
    for (size_t i = 0; body->cases != NULL && i < request->n_cases; i++) {
        body->cases[i] = import_case(ctx, request, request->cases[i]);
        if (body->cases[i] == NULL) {
            return NULL;
        }
        body->n_cases++;
    }
    return body->cases == NULL ? NULL : &body->base;
}

void gj_register_apply_import(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Work__Import *body = (const Gj__Work__Import *)message;
    for (size_t i = 0; i < body->n_cases; i++) {
        const struct gj_kind *kind = gj_policy_kind_by_number(ctx->policy, (uint16_t)body->cases[i]->kind);
        /* Rights may have changed since the request was prepared; nothing is written before all were looked at. */
        if (kind == NULL || !may_import(ctx, kind, body->office)) {
            return;
        }
    }
    for (size_t i = 0; i < body->n_cases; i++) {
        if (!gj_work_create_now(ctx, body->cases[i])) {
            gj_txn_fail(ctx->txn, GJ_EINVAL); /* prepared by this daemon, so only altered bytes come here */
            return;
        }
    }
}
