/* One step of a flow: decided by the engine of common/policy/flow.h, applied here. */
#include <string.h>

#include "common/pb.h"
#include "common/policy/form.h"
#include "core/core.h"
#include "core/notify.h"
#include "core/obligations.h"
#include "core/stand_in.h"
#include "core/work.h"
#include "core/work_code.h"
#include "core/work_decide.h"
#include "core/work_evidence.h"
#include "store/record.h"

struct act {
    struct gj_work work;
    const Gj__Work__Act *body;
    struct gj_access_answer access;
    struct gj_flow_result flow;
    const char *from; /* state before */
    int64_t act_at;
    bool stated;
};

static bool is_note(const char *act)
{
    return strcmp(act, "note") == 0;
}

/* Which declared text a command's sealed words stand for, so that the rules see it as handed in. */
static const char *text_key(const Gj__Work__Act *body)
{
    if (body->text == NULL) {
        return NULL;
    }
    return body->late ? GJ_FORM_LATE_REASON : GJ_FORM_NOTE;
}

/* Whose step it is not may take it when the office has nobody left for it; that is looked up only then. */
static bool decide_flow(struct gj_ctx *ctx, struct act *a, const struct gj_flow_request *request)
{
    struct gj_refusal refusal = {0};
    bool allowed = gj_flow_decide(a->work.kind, &a->work.view, request, &a->flow, &refusal);
    bool not_theirs = refusal.code == GJ_REFUSAL_ACT_NOT_YOURS || refusal.code == GJ_REFUSAL_MEANS_NOT_ALLOWED;
    if (allowed || !not_theirs || !gj_stand_in_arm(ctx, &a->work)) {
        return allowed || gj_answer_refusal(ctx, &refusal);
    }
    refusal = (struct gj_refusal){0};
    return gj_flow_decide(a->work.kind, &a->work.view, request, &a->flow, &refusal) || gj_answer_refusal(ctx, &refusal);
}

static bool flow_decides(struct gj_ctx *ctx, struct act *a)
{
    size_t count = 0;
    struct gj_field_value *given = gj_work_given(ctx, a->body->fields, a->body->n_fields, text_key(a->body), &count);
    if (given == NULL) {
        return false;
    }
    struct gj_flow_request request = {
        .act = a->body->act, .actor = ctx->actor, .now_ms = ctx->now_ms, .given = given, .given_count = count};
    return decide_flow(ctx, a, &request);
}

/* What ends for good in another record (合并) goes on there: that one is of the same kind and office, and still open.
 */
static bool goes_on(struct gj_ctx *ctx, const struct act *a)
{
    uint64_t into = 0;
    const struct gj_transition *transition = a->flow.transition;
    const struct gj_state *to = transition == NULL ? NULL : gj_kind_state(a->work.kind, a->flow.to);
    Gj__Stored__Record *row = NULL;
    for (size_t i = 0; i < a->body->n_fields; i++) {
        const Gj__V1__Field *field = a->body->fields[i];
        bool names = strcmp(field->key, "parent") == 0 && field->value_case == GJ__V1__FIELD__VALUE_REF;
        into = names ? field->ref : into;
    }
    if (to == NULL || to->class != GJ_STATE_FINAL || into == 0) {
        return true;
    }
    struct gj_key key = gj_key_of_u64(into);
    if (!gj_record_load(ctx->txn, GJ_TABLE_RECORD, &key, &gj__stored__record__descriptor, ctx->arena, (void **)&row) ||
        row->office != a->work.row->office || row->kind != a->work.row->kind) {
        return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "parent", NULL);
    }
    return row->open || gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "reference_inactive", "parent", NULL);
}

/* By what the owner's step is proved, as handed in: the field that the transition names says it. */
static const char *means_of(const struct act *a)
{
    const struct gj_transition *transition = a->flow.transition;
    bool asked = transition != NULL && transition->means_field_at != GJ_NO_INDEX;
    for (size_t i = 0; asked && i < a->body->n_fields; i++) {
        const Gj__V1__Field *field = a->body->fields[i];
        if (strcmp(field->key, a->work.kind->fields[transition->means_field_at].key) == 0 &&
            field->value_case == GJ__V1__FIELD__VALUE_TEXT) {
            return field->text;
        }
    }
    return "";
}

/* What is to prove the step. A wrong code is counted, so it is looked at when nothing else is in the way. */
static bool proved(struct gj_ctx *ctx, const struct act *a)
{
    return gj_evidence_fits(ctx, &a->work, a->flow.transition, a->body) &&
           (a->flow.transition == NULL || gj_code_fits(ctx, &a->work, a->flow.transition, means_of(a), a->body));
}

/* A follow-on without a verb: whatever step is due by itself. */
static bool take_automatic(struct gj_ctx *ctx, struct act *a)
{
    const struct gj_transition *transition = gj_flow_automatic(a->work.kind, &a->work.view);
    if (transition == NULL) {
        a->flow.transition = NULL;
        return false;
    }
    const struct gj_state *from = gj_kind_state(a->work.kind, a->work.view.state);
    const struct gj_state *to = transition->stay ? from : gj_kind_state(a->work.kind, transition->to);
    a->flow = (struct gj_flow_result){.transition = transition,
        .from = from->number,
        .to = to->number,
        .closes = from->class == GJ_STATE_OPEN && to->class != GJ_STATE_OPEN,
        .reopens = from->class != GJ_STATE_OPEN && to->class == GJ_STATE_OPEN};
    return ctx->actor->user == 0;
}

static bool decide(struct gj_ctx *ctx, struct act *a)
{
    const Gj__Work__Act *body = a->body;
    if (!gj_work_must_load(ctx, body->id, &a->work)) {
        return false;
    }
    a->from = a->work.row->state;
    a->act_at = ctx->now_ms;
    if (body->act[0] == '\0') {
        return take_automatic(ctx, a);
    }
    if (ctx->actor->user != 0 && !gj_work_access(ctx, &a->work, GJ_ACCESS_ACT, &a->access)) {
        return false;
    }
    return (is_note(body->act) || gj_work_in_step(ctx, &a->work, body->revision, &body->after, body->state)) &&
           gj_work_told(
               ctx, a->work.kind, a->work.policy, "stated_at", body->stated_at, body->late, &a->act_at, &a->stated) &&
           gj_work_told_fields(
               ctx, a->work.kind, a->work.policy, body->fields, body->n_fields, body->late, &a->act_at, &a->stated) &&
           gj_work_attachments(ctx, &a->work, body->attachments, body->n_attachments) && flow_decides(ctx, a) &&
           gj_work_moments(ctx, a->work.kind, a->flow.transition, body->fields, body->n_fields, a->act_at,
               a->work.row->received_at) &&
           goes_on(ctx, a) && proved(ctx, a);
}

/* The request waits for its second person (待审批): it is kept as it came, its personal fields sealed. */
static void ask_consent(struct gj_ctx *ctx, struct act *a)
{
    Gj__Stored__Record *row = a->work.row;
    uint8_t *bytes = NULL;
    size_t len = 0;
    if (gj_pb_pack_arena(&a->body->base, ctx->arena, &bytes, &len) != GJ_OK) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    row->pending_act = a->body->act;
    row->pending_body = (ProtobufCBinaryData){.data = bytes, .len = len};
    row->pending_by = ctx->actor->user;
    row->pending_at = ctx->now_ms;
    row->awaiting_office = 0;
    uint16_t office_at = a->flow.transition->approve_office_at;
    for (size_t i = 0; office_at != GJ_NO_INDEX && i < a->body->n_fields; i++) {
        const Gj__V1__Field *field = a->body->fields[i];
        if (strcmp(field->key, a->work.kind->fields[office_at].key) == 0 &&
            field->value_case == GJ__V1__FIELD__VALUE_REF) {
            row->awaiting_office = field->ref;
        }
    }
    gj_work_refresh(ctx, &a->work);
}

static void settle(Gj__Stored__Record *row)
{
    row->pending_act = (char *)protobuf_c_empty_string;
    row->pending_body = (ProtobufCBinaryData){0};
    row->pending_by = 0;
    row->pending_at = 0;
    row->awaiting_office = 0;
}

static void take(struct gj_ctx *ctx, struct act *a)
{
    struct gj_work_step step = {.transition = a->flow.transition,
        .from = a->flow.from,
        .to = a->flow.to,
        .given = a->body->fields,
        .given_count = a->body->n_fields,
        .actor = ctx->actor->user,
        .act_at = a->act_at,
        .stated = a->stated,
        .closes = a->flow.closes,
        .reopens = a->flow.reopens,
        .assignment = a->body->assignment};
    gj_work_take(ctx, &a->work, &step);
}

static void enter(
    struct gj_ctx *ctx, struct act *a, const char *action, const char *reason, const struct gj_stood *stood)
{
    const struct gj_transition *transition = a->flow.transition;
    struct gj_work_note note = {.action = action,
        .from = a->from,
        .text = a->body->text,
        .by = gj_work_roles(ctx, &a->work, transition == NULL ? NULL : &transition->by),
        .stood = *stood,
        .means = means_of(a),
        .second = a->body->person,
        .stated_at = a->stated ? a->act_at : 0,
        .reason = reason,
        .fields = a->body->fields,
        .field_count = a->body->n_fields};
    (void)gj_work_entry(ctx, &a->work, &note);
}

/* Whoever works on the record that this one was merged into (合并) hears of it. */
static void tell_parent(struct gj_ctx *ctx, const struct act *a)
{
    const struct gj_transition *transition = a->flow.transition;
    const struct gj_state *to = transition == NULL ? NULL : gj_kind_state(a->work.kind, a->flow.to);
    struct gj_work parent;
    if (to != NULL && to->class == GJ_STATE_FINAL && !a->flow.pending && a->work.row->parent != 0 &&
        gj_work_load(ctx, a->work.row->parent, &parent) && parent.kind->number == a->work.kind->number) {
        gj_notify_child(ctx, &parent, &a->work);
    }
}

/* The second person's word may come as an act like any other: clients offer what RECORD_ACTIONS names. */
static void consent_as_act(struct gj_ctx *ctx, const Gj__Work__Act *act, bool approve)
{
    Gj__Work__Approve body = GJ__WORK__APPROVE__INIT;
    body.id = act->id;
    body.revision = act->revision;
    body.approve = approve;
    body.text = act->text;
    gj_work_apply_approve(ctx, &body.base);
}

void gj_work_apply_act(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    struct act a = {.body = (const Gj__Work__Act *)message};
    bool approve = strcmp(a.body->act, "approve") == 0;
    if (approve || strcmp(a.body->act, "reject") == 0) {
        consent_as_act(ctx, a.body, approve);
        return;
    }
    if (!decide(ctx, &a)) {
        return;
    }
    const struct gj_transition *transition = a.flow.transition;
    gj_work_attach(ctx, &a.work, a.body->attachments, a.body->n_attachments);
    if (a.flow.settled) {
        settle(a.work.row);
    }
    struct gj_stood stood = gj_stand_in_stood(ctx, &a.work, transition, false);
    if (a.flow.pending) {
        ask_consent(ctx, &a);
        enter(ctx, &a, a.body->act, "consent.asked", &stood);
    } else {
        gj_evidence_use(ctx, &a.work, a.body);
        if (transition != NULL) {
            take(ctx, &a);
        }
        const char *verb = a.body->act;
        enter(ctx, &a, verb[0] != '\0' ? verb : a.work.kind->acts[transition->act_at].name,
            stood.level != 0 ? "roster.step" : NULL, &stood);
    }
    gj_work_save(ctx, &a.work);
    gj_obligations_note(ctx, &a.work, a.body->act);
    gj_work_after(ctx, &a.work, a.flow.pending ? NULL : transition);
    tell_parent(ctx, &a);
    if (a.flow.pending) {
        gj_notify_consent(ctx, &a.work, transition);
    }
}

/* --- the second person --- */

static bool pending_body(struct gj_ctx *ctx, struct gj_work *work, Gj__Work__Act **out)
{
    const Gj__Stored__Record *row = work->row;
    if (row->pending_act[0] == '\0') {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "no_approval_pending", NULL, NULL);
    }
    enum gj_err err = gj_pb_unpack_own(&gj__work__act__descriptor, ctx->arena, row->pending_body.data,
        row->pending_body.len, (ProtobufCMessage **)out);
    if (err != GJ_OK) {
        gj_txn_fail(ctx->txn, err);
        return false;
    }
    return true;
}

static bool decide_consent(struct gj_ctx *ctx, const Gj__Work__Approve *body, struct act *a, Gj__Work__Act **asked)
{
    if (!gj_work_must_load(ctx, body->id, &a->work)) {
        return false;
    }
    a->from = a->work.row->state;
    a->act_at = ctx->now_ms;
    if (!gj_work_access(ctx, &a->work, GJ_ACCESS_ACT, &a->access) || !pending_body(ctx, &a->work, asked) ||
        !gj_work_in_step(ctx, &a->work, body->revision, &(const ProtobufCBinaryData){0}, "")) {
        return false;
    }
    size_t count = 0;
    struct gj_field_value *given = gj_work_given(ctx, body->approve ? (*asked)->fields : NULL,
        body->approve ? (*asked)->n_fields : 0, body->text == NULL ? NULL : GJ_FORM_NOTE, &count);
    struct gj_flow_request request = {.act = body->approve ? "approve" : "reject",
        .actor = ctx->actor,
        .now_ms = ctx->now_ms,
        .given = given,
        .given_count = count};
    return given != NULL && decide_flow(ctx, a, &request) &&
           (!body->approve || gj_evidence_fits(ctx, &a->work, a->flow.transition, *asked));
}

/* What is consented to; a refusal decides no step. */
static const struct gj_transition *pending_step(const struct act *a)
{
    const struct gj_kind *kind = a->work.kind;
    uint16_t act_at = gj_kind_act(kind, a->work.row->pending_act);
    for (size_t i = 0; a->flow.transition == NULL && i < kind->transition_count; i++) {
        if (kind->transitions[i].act_at == act_at && (kind->transitions[i].from >> a->work.view.state & 1u) != 0) {
            return &kind->transitions[i];
        }
    }
    return a->flow.transition;
}

void gj_work_apply_approve(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Work__Approve *body = (const Gj__Work__Approve *)message;
    struct act a = {0};
    Gj__Work__Act *asked = NULL;
    if (!decide_consent(ctx, body, &a, &asked)) {
        return;
    }
    uint64_t asked_by = a.work.row->pending_by;
    uint64_t old_office = a.work.row->office;
    const char *act = a.work.row->pending_act;
    struct gj_stood stood = gj_stand_in_stood(ctx, &a.work, pending_step(&a), true);
    settle(a.work.row);
    gj_work_tie(ctx, &a.work, GJ_RELATION_APPROVER, ctx->actor->user);
    struct gj_work_note note = {.action = body->approve ? "approve" : "reject",
        .from = a.from,
        .text = body->text,
        .second = asked_by,
        .stood = stood,
        .reason = act};
    if (body->approve && a.flow.transition != NULL) {
        gj_evidence_use(ctx, &a.work, asked);
        struct gj_work_step step = {.transition = a.flow.transition,
            .from = a.flow.from,
            .to = a.flow.to,
            .given = asked->fields,
            .given_count = asked->n_fields,
            .actor = asked_by,
            .act_at = a.act_at,
            .closes = a.flow.closes,
            .reopens = a.flow.reopens};
        gj_work_take(ctx, &a.work, &step);
        note.fields = asked->fields;
        note.field_count = asked->n_fields;
    } else {
        gj_work_refresh(ctx, &a.work);
    }
    note.by = gj_work_roles(ctx, &a.work, a.flow.transition == NULL ? NULL : &a.flow.transition->approve);
    (void)gj_work_entry(ctx, &a.work, &note);
    if (a.work.row->office != old_office) {
        /* The office it leaves hears of it in its own stream. */
        struct gj_work_note left = {.action = "handed_over", .from = a.from, .office = old_office, .second = asked_by};
        (void)gj_work_entry(ctx, &a.work, &left);
    }
    gj_work_save(ctx, &a.work);
    gj_notify_settled(ctx, &a.work, asked_by, body->approve);
    gj_work_after(ctx, &a.work, body->approve ? a.flow.transition : NULL);
}
