#include "service/dispatch/dispatch.h"

#include <string.h>

#include "core/core.h"
#include "core/household.h"
#include "core/work.h"
#include "proto/dispatch.pb-c.h"
#include "service/dispatch/dispatch_rules.h"

#define KIND "repair_ticket"
#define EXTRA_FIELDS 20

struct intake {
    struct gj_ctx *ctx;
    const struct gj_kind *kind;
    Gj__V1__Field **fields;
    size_t count;
};

/* A field that this version of the form does not declare cannot be kept and is left out; an empty one is not handed in.
 */
static void add(struct intake *intake, Gj__V1__Field *field)
{
    if (field == NULL) {
        gj_txn_fail(intake->ctx->txn, gj_arena_why(intake->ctx->arena));
    } else if (gj_kind_field(intake->kind, field->key) != GJ_NO_INDEX) {
        intake->fields[intake->count++] = field;
    }
}

static void add_text(struct intake *intake, const char *key, const char *text)
{
    if (text[0] != '\0') {
        add(intake, gj_work_field_text(intake->ctx->arena, key, text));
    }
}

static void add_ref(struct intake *intake, const char *key, uint64_t ref)
{
    if (ref != 0) {
        add(intake, gj_work_field_ref(intake->ctx->arena, key, ref));
    }
}

static void add_time(struct intake *intake, const char *key, int64_t at_ms)
{
    if (at_ms != 0) {
        add(intake, gj_work_field_time(intake->ctx->arena, key, at_ms));
    }
}

static void add_flag(struct intake *intake, const char *key, bool flag)
{
    if (flag) {
        add(intake, gj_work_field_number(intake->ctx->arena, key, 1));
    }
}

static bool somebody_vulnerable(struct gj_ctx *ctx, uint64_t id, const char **room)
{
    Gj__Stored__Household *household = NULL;
    bool found = false;
    if (id == 0 || !gj_household_load(ctx->txn, id, ctx->arena, &household)) {
        return false;
    }
    *room = household->room;
    for (size_t i = 0; i < household->n_persons; i++) {
        const Gj__Stored__Person *person = household->persons[i];
        found = found || (person->vulnerable_consent && person->vulnerable.len > 0 && person->until == 0);
    }
    return found;
}

static bool fields_of(struct intake *intake, const Gj__V1__IntakeRequest *request)
{
    struct gj_ctx *ctx = intake->ctx;
    const char *room = "";
    struct gj_dispatch_facts facts = {.description = request->description,
        .category = request->category,
        .priority = request->priority,
        .area = request->area,
        .household = request->household != 0,
        .vulnerable = somebody_vulnerable(ctx, request->household, &room)};
    struct gj_dispatch_proposal proposal = gj_dispatch_propose(ctx->policy, &facts);
    intake->fields = GJ_ARENA_ARRAY(ctx->arena, request->n_fields + EXTRA_FIELDS, Gj__V1__Field *);
    if (intake->fields == NULL) {
        return false;
    }
    for (size_t i = 0; i < request->n_fields; i++) {
        intake->fields[intake->count++] = request->fields[i];
    }
    add_text(intake, "channel", request->channel);
    add_ref(intake, "household", request->household);
    add_ref(intake, "caller", request->caller);
    add_ref(intake, "asset", request->asset);
    add_text(intake, "place", request->place[0] != '\0' ? request->place : room);
    add_text(intake, "contact_name", request->contact_name);
    add_text(intake, "contact_phone", request->contact_phone);
    add_text(intake, "description", request->description);
    add_text(intake, "category", proposal.category);
    add_text(intake, "area", proposal.area);
    if (proposal.priority < ctx->policy->priority_count) {
        add_text(intake, "priority", ctx->policy->priorities[proposal.priority].code);
    }
    add_flag(intake, "expected_response_told", request->expected_response_told);
    add_flag(intake, "read_back", request->read_back);
    add_time(intake, "wished_from", request->wished_from);
    add_time(intake, "wished_until", request->wished_until);
    return gj_txn_error(ctx->txn) == GJ_OK;
}

static bool fits(struct gj_ctx *ctx, const Gj__V1__IntakeRequest *request)
{
    if (request->priority < -1 ||
        (request->priority >= 0 && (size_t)request->priority >= ctx->policy->priority_count)) {
        return gj_refuse(ctx, GJ__V1__STATUS__INVALID, "field_choice", "priority", NULL);
    }
    return true;
}

static const ProtobufCMessage *prepare_intake(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__IntakeRequest *request = (const Gj__V1__IntakeRequest *)message;
    struct intake intake = {.ctx = ctx, .kind = gj_policy_kind(ctx->policy, KIND)};
    if (intake.kind == NULL) {
        gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "kind", NULL);
        return NULL;
    }
    if (!fits(ctx, request) || !fields_of(&intake, request)) {
        return NULL;
    }
    struct gj_work_creation creation = {.policy = ctx->policy,
        .kind = intake.kind,
        .office = request->office,
        .fields = intake.fields,
        .field_count = intake.count,
        .received_at = request->received_at,
        .late_reason = request->late_reason};
    Gj__Work__Create *body = gj_work_creation_body(ctx, &creation);
    return body == NULL ? NULL : &body->base;
}

static const struct gj_call calls[] = {
    {.number = GJ__V1__CALL__DISPATCH_INTAKE,
        .name = "dispatch_intake",
        .request = &gj__v1__intake_request__descriptor,
        .body = &gj__work__create__descriptor,
        .prepare = prepare_intake,
        .apply = gj_work_apply_create},
    {.number = GJ__V1__CALL__DISPATCH_WHY,
        .name = "dispatch_why",
        .request = &gj__v1__why_request__descriptor,
        .read = gj_dispatch_read_why},
    {.number = GJ__V1__CALL__DISPATCH_BOARD,
        .name = "dispatch_board",
        .request = &gj__v1__board_request__descriptor,
        .read = gj_dispatch_read_board},
};

const struct gj_service gj_dispatch_service = {
    .number = 4, .name = "dispatch", .calls = calls, .n_calls = sizeof(calls) / sizeof(calls[0])};
