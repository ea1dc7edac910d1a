/* Open cases of the day an office goes live, with their original times: each stands where it stood on paper. One
 * request is one command: all of its cases or none. A case that came in an earlier import is known by its key and left
 * as it is; a check says beforehand what would become of each. */
#include <string.h>

#include "common/pb.h"
#include "core/core.h"
#include "core/work.h"
#include "core/work_prepare.h"
#include "proto/register.pb-c.h"
#include "service/register/register.h"
#include "store/record.h"
#include "store/vault.h"

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

/* The number on paper is what people know a case by; without one, everything that is said of it. Both are kept as a
 * token that only the vault can make: a case holds names and phones. */
static bool key_of(
    struct gj_ctx *ctx, uint64_t office, const Gj__V1__CreateRequest *one, const char *paper, ProtobufCBinaryData *key)
{
    struct gj_vault_token *token = GJ_ARENA_NEW(ctx->arena, struct gj_vault_token);
    uint8_t *bytes = NULL;
    size_t len = 0;
    const char *named = paper == NULL ? NULL : gj_arena_printf(ctx->arena, "paper %s %s", one->kind, paper);
    bool ok = token != NULL &&
              (paper == NULL ? gj_pb_pack_arena(&one->base, ctx->arena, &bytes, &len) == GJ_OK : named != NULL);
    enum gj_err err =
        !ok             ? GJ_ENOMEM
        : named != NULL ? gj_vault_token(ctx->core->vault, GJ_BLIND_CASE, (uint32_t)office, named, strlen(named), token)
                        : gj_vault_token(ctx->core->vault, GJ_BLIND_CASE, (uint32_t)office, bytes, len, token);
    if (err != GJ_OK) {
        gj_txn_fail(ctx->txn, err);
        return false;
    }
    *key = (ProtobufCBinaryData){.data = token->bytes, .len = sizeof token->bytes};
    return true;
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
    ProtobufCBinaryData import_key = {0};
    if (!key_of(ctx, request->office, one, paper, &import_key)) {
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
        .paper_number = paper,
        .import_key = import_key};
    return gj_work_creation_body(ctx, &creation);
}

static bool fits(struct gj_ctx *ctx, const Gj__V1__ImportCasesRequest *request)
{
    return (request->n_cases > 0 && request->n_cases <= GJ_REGISTER_IMPORT_MAX) ||
           gj_refuse(ctx, GJ__V1__STATUS__INVALID, "limit_reached", "cases", NULL);
}

const ProtobufCMessage *gj_register_prepare_import(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__ImportCasesRequest *request = (const Gj__V1__ImportCasesRequest *)message;
    Gj__Work__Import *body = GJ_ARENA_NEW(ctx->arena, Gj__Work__Import);
    if (!fits(ctx, request) || body == NULL) {
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

static bool known(struct gj_ctx *ctx, const Gj__Work__Import *body, size_t at)
{
    return gj_work_by_import_key(ctx->txn, body->office, &body->cases[at]->import_key) != 0;
}

void gj_register_apply_import(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Work__Import *body = (const Gj__Work__Import *)message;
    size_t new_ones = 0;
    for (size_t i = 0; i < body->n_cases; i++) {
        const struct gj_kind *kind = gj_policy_kind_by_number(ctx->policy, (uint16_t)body->cases[i]->kind);
        /* Rights may have changed since the request was prepared; nothing is written before all were looked at. */
        if (kind == NULL || !may_import(ctx, kind, body->office)) {
            return;
        }
        new_ones += known(ctx, body, i) ? 0 : 1;
    }
    if (new_ones == 0) {
        gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "nothing_to_change", "cases", NULL);
        return;
    }
    for (size_t i = 0; i < body->n_cases; i++) {
        if (!known(ctx, body, i) && !gj_work_create_now(ctx, body->cases[i])) {
            gj_txn_fail(ctx->txn, GJ_EINVAL); /* prepared by this daemon, so only altered bytes come here */
            return;
        }
    }
}

/* --- the check beforehand --- */

static Gj__V1__CaseChecked *check_case(
    struct gj_ctx *ctx, const Gj__V1__ImportCasesRequest *request, const Gj__V1__CreateRequest *one)
{
    Gj__V1__CaseChecked *checked = GJ_ARENA_NEW(ctx->arena, Gj__V1__CaseChecked);
    if (checked == NULL) {
        return NULL;
    }
    gj__v1__case_checked__init(checked);
    const Gj__Work__Create *body = import_case(ctx, request, one);
    if (body != NULL) {
        struct gj_work work;
        checked->key = body->import_key;
        checked->known = gj_work_by_import_key(ctx->txn, request->office, &checked->key);
        checked->number =
            checked->known != 0 && gj_work_load(ctx, checked->known, &work) ? work.row->number : checked->number;
        return checked;
    }
    const struct gj_answer said = ctx->answer;
    if (!said.decided || said.code == NULL) {
        return NULL;
    }
    ctx->answer = (struct gj_answer){0}; /* it was about this case alone */
    checked->code = (char *)said.code;
    checked->field = said.field == NULL ? checked->field : (char *)said.field;
    checked->params = GJ_ARENA_ARRAY(ctx->arena, said.n_params + 1, char *);
    for (size_t i = 0; checked->params != NULL && i < said.n_params; i++) {
        checked->params[checked->n_params++] = (char *)said.params[i];
    }
    return checked->params == NULL ? NULL : checked;
}

void gj_register_read_import_check(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__ImportCasesRequest *request = (const Gj__V1__ImportCasesRequest *)message;
    if (!fits(ctx, request)) {
        return;
    }
    Gj__V1__ImportChecked *out = GJ_ARENA_NEW(ctx->arena, Gj__V1__ImportChecked);
    Gj__V1__CaseChecked **cases = GJ_ARENA_ARRAY(ctx->arena, request->n_cases, Gj__V1__CaseChecked *);
    bool ok = out != NULL && cases != NULL;
    if (ok) {
        gj__v1__import_checked__init(out);
        out->cases = cases;
    }
    for (size_t i = 0; ok && i < request->n_cases; i++) {
        cases[i] = check_case(ctx, request, request->cases[i]);
        ok = cases[i] != NULL;
        out->n_cases += ok ? 1 : 0;
    }
    if (!ok) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    gj_answer_ok(ctx, &out->base);
}
