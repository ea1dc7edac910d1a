/* The desk reads the owner's one-time code out (验收码告知): by telephone or on the printed slip. A logged read; who
 * works on the matter never gets it. One that has run out, or was tried too often, is replaced on the way. */
#include <string.h>

#include "common/policy/evidence.h"
#include "core/apply.h"
#include "core/core.h"
#include "core/work_code.h"
#include "core/work_decide.h"
#include "proto/register.pb-c.h"
#include "service/register/register.h"

static bool may_read(struct gj_ctx *ctx, uint64_t id, struct gj_work *work, struct gj_access_answer *access)
{
    if (!gj_work_must_load(ctx, id, work) || !gj_work_access(ctx, work, GJ_ACCESS_READ, access)) {
        return false;
    }
    const struct gj_field *code = gj_evidence_code(work->kind, &work->view);
    if (code == NULL) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "code_not_expected", NULL, work->row->state, NULL);
    }
    return gj_evidence_reader(code, &work->view, ctx->actor) ||
           gj_refuse(ctx, GJ__V1__STATUS__DENIED, "no_right", code->key, NULL);
}

const ProtobufCMessage *gj_register_prepare_code(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__OwnerCodeRequest *request = (const Gj__V1__OwnerCodeRequest *)message;
    struct gj_work work;
    struct gj_access_answer access;
    const char *way = request->way[0] == '\0' ? "phone" : request->way;
    if (!may_read(ctx, request->id, &work, &access)) {
        return NULL;
    }
    if (strcmp(way, "phone") != 0 && strcmp(way, "slip") != 0) {
        gj_refuse(ctx, GJ__V1__STATUS__INVALID, "field_choice", "way", NULL);
        return NULL;
    }
    Gj__Work__Code *body = GJ_ARENA_NEW(ctx->arena, Gj__Work__Code);
    if (body == NULL) {
        return NULL;
    }
    gj__work__code__init(body);
    body->id = work.row->id;
    body->anew = request->anew;
    body->way = (char *)way;
    return &body->base;
}

/* A reading is in the log, not among the record's own entries. */
static void note_reading(struct gj_ctx *ctx, const struct gj_work *work, const Gj__Work__Code *body)
{
    struct gj_entry entry = {.type = GJ_ENTRY_READ,
        .office = (uint32_t)work->row->office,
        .subject_kind = (uint16_t)work->row->kind,
        .subject = work->row->id,
        .revision = work->row->revision,
        .policy = work->row->policy,
        .has_reason = true};
    if (gj_entry_word(&entry.action, "code_read") != GJ_OK || gj_entry_word(&entry.reason, body->way) != GJ_OK) {
        gj_txn_fail(ctx->txn, GJ_ETOOBIG);
        return;
    }
    (void)gj_apply_entry(ctx, &entry, NULL, 0);
}

void gj_register_apply_code(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Work__Code *body = (const Gj__Work__Code *)message;
    struct gj_work work;
    struct gj_access_answer access;
    if (!may_read(ctx, body->id, &work, &access)) {
        return;
    }
    if (!body->anew && gj_code_valid(ctx, &work)) {
        note_reading(ctx, &work, body);
        return;
    }
    gj_code_issue(ctx, &work);
    struct gj_work_note note = {.aside = true, .action = "code_issued", .by = access.by, .reason = body->way};
    (void)gj_work_entry(ctx, &work, &note);
    gj_work_save(ctx, &work);
}

/* After the commit. The record may have gone on meanwhile: then there is nothing to read out any more. */
void gj_register_read_code(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__OwnerCodeRequest *request = (const Gj__V1__OwnerCodeRequest *)message;
    Gj__V1__OwnerCode *reply = GJ_ARENA_NEW(ctx->arena, Gj__V1__OwnerCode);
    char *digits = gj_arena_alloc(ctx->arena, GJ_OWNER_CODE_DIGITS + 1);
    struct gj_work work;
    struct gj_access_answer access;
    if (reply == NULL || digits == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    if (!may_read(ctx, request->id, &work, &access)) {
        return;
    }
    if (!gj_code_valid(ctx, &work)) {
        gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "code_expired", NULL, NULL);
        return;
    }
    gj_code_digits(ctx, &work, digits);
    gj__v1__owner_code__init(reply);
    reply->code = digits;
    reply->until = work.row->owner_code->until;
    reply->tries = GJ_OWNER_CODE_TRIES - work.row->owner_code->misses;
    reply->number = work.row->number;
    reply->state = work.row->state;
    gj_answer_ok(ctx, &reply->base);
}
