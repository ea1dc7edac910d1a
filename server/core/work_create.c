/* A record comes into being. */
#include <string.h>

#include "common/calendar.h"
#include "common/policy/form.h"
#include "core/core.h"
#include "core/obligations.h"
#include "core/policies.h"
#include "core/subject.h"
#include "core/work.h"
#include "core/work_decide.h"
#include "core/work_seal.h"
#include "store/record.h"

struct creation {
    struct gj_work work;
    const Gj__Work__Create *body;
    struct gj_flow_result flow;
    int64_t received_at;
    bool stated;
    gj_roles by;
};

/* The ways into existence are the transitions from "does not exist yet": the one named, or the first that the fields
 * handed in allow. */
static bool choose_way(struct gj_ctx *ctx, struct creation *c)
{
    size_t count = 0;
    const struct gj_kind *kind = c->work.kind;
    struct gj_field_value *given =
        gj_work_given(ctx, c->body->fields, c->body->n_fields, c->body->late ? GJ_FORM_LATE_REASON : NULL, &count);
    struct gj_refusal refusal = {0};
    gj_refusal_set(&refusal, GJ_REFUSAL_ACT_UNKNOWN, "act");
    for (size_t i = 0; given != NULL && i < kind->transition_count; i++) {
        const struct gj_transition *transition = &kind->transitions[i];
        const char *act = kind->acts[transition->act_at].name;
        if ((transition->from & 1u) == 0 || (c->body->act[0] != '\0' && strcmp(act, c->body->act) != 0)) {
            continue;
        }
        struct gj_flow_request request = {
            .act = act, .actor = ctx->actor, .now_ms = ctx->now_ms, .given = given, .given_count = count};
        if (gj_flow_decide(kind, &c->work.view, &request, &c->flow, &refusal)) {
            return true;
        }
    }
    return gj_answer_refusal(ctx, &refusal);
}

/* The system makes lines of registers by declaration of the policy, whoever may make them by hand. */
static const struct gj_transition *first_way(const struct gj_kind *kind)
{
    for (size_t i = 0; i < kind->transition_count; i++) {
        if ((kind->transitions[i].from & 1u) != 0) {
            return &kind->transitions[i];
        }
    }
    return NULL;
}

static bool choose_system_way(struct gj_ctx *ctx, struct creation *c)
{
    const struct gj_transition *way = first_way(c->work.kind);
    if (way == NULL) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "act_unknown", "act", NULL);
    }
    c->flow = (struct gj_flow_result){.transition = way, .from = GJ_STATE_NONE, .to = way->to};
    return true;
}

static bool decide(struct gj_ctx *ctx, struct creation *c, bool checked)
{
    const Gj__Work__Create *body = c->body;
    const struct gj_policy *policy = gj_policies_at(ctx->core->policies, ctx->txn, body->policy);
    const struct gj_kind *kind = policy == NULL ? NULL : gj_policy_kind_by_number(policy, (uint16_t)body->kind);
    if (kind == NULL) {
        return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "kind", NULL);
    }
    if (!gj_work_new(ctx, policy, kind, body->office, &c->work)) {
        return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "office", NULL);
    }
    struct gj_access_answer access = {0};
    bool system = ctx->actor->user == 0 || checked;
    if (!system && !gj_work_access(ctx, &c->work, GJ_ACCESS_CREATE, &access)) {
        return false;
    }
    if (body->n_links > GJ_WORK_LINKS_MAX) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "limit_reached", "links", NULL);
    }
    c->by = access.by;
    return gj_work_told(ctx, kind, policy, "received_at", body->received_at, body->late || system, &c->received_at,
               &c->stated) &&
           (system ? choose_system_way(ctx, c) : choose_way(ctx, c));
}

static bool number_it(struct gj_ctx *ctx, struct gj_work *work)
{
    char number[64];
    struct gj_date date = gj_date_of(gj_cst_day(ctx->now_ms));
    Gj__Stored__Record *row = work->row;
    row->id = gj_counter_next(ctx->txn, GJ_COUNTER_RECORD);
    uint64_t seq = gj_series_next(ctx->txn, (uint32_t)row->office, (uint16_t)row->kind, (uint16_t)date.year);
    if (!gj_series_format(&work->kind->series, work->office->code, date.year, seq, number, sizeof(number))) {
        gj_txn_fail(ctx->txn, gj_txn_error(ctx->txn) != GJ_OK ? gj_txn_error(ctx->txn) : GJ_ETOOBIG);
        return false;
    }
    row->number = gj_arena_strdup(ctx->arena, number);
    if (row->number == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
    }
    return row->number != NULL && gj_txn_error(ctx->txn) == GJ_OK;
}

static void point_to_links(struct gj_ctx *ctx, const struct gj_work *work)
{
    for (size_t i = 0; i < work->row->n_links; i++) {
        const Gj__V1__Link *link = work->row->links[i];
        const struct gj_kind *kind = gj_policy_kind(work->policy, link->kind);
        if (link->id == 0 || kind == NULL) {
            continue;
        }
        struct gj_key key;
        gj_key_init(&key);
        gj_key_u16(&key, kind->number);
        gj_key_u64(&key, link->id);
        gj_key_u64(&key, work->row->id);
        gj_txn_put(ctx->txn, GJ_TABLE_BY_SUBJECT, &key, "", 0);
    }
}

/* An imported case stands where it stood; its clocks run from its original time. */
static void place_import(struct gj_ctx *ctx, struct creation *c)
{
    const struct gj_state *state = gj_kind_state_by_code(c->work.kind, c->body->state);
    if (c->body->state[0] == '\0' || state == NULL) {
        return;
    }
    Gj__Stored__Record *row = c->work.row;
    row->imported = true;
    row->paper_number = c->body->paper_number;
    row->state = (char *)state->code;
    row->open = state->class == GJ_STATE_OPEN;
    row->closed_at = row->open ? 0 : ctx->now_ms;
    gj_work_refresh(ctx, &c->work);
}

static void write_it(struct gj_ctx *ctx, struct creation *c)
{
    const Gj__Work__Create *body = c->body;
    Gj__Stored__Record *row = c->work.row;
    if (!number_it(ctx, &c->work)) {
        return;
    }
    row->received_at = c->received_at;
    row->recorded_at = ctx->now_ms;
    row->created_by = ctx->actor->user;
    row->links = body->links;
    row->n_links = body->n_links;
    row->subject = gj_seal_pack((uint16_t)body->subject_kind, body->subject);
    row->draw = gj_work_draw(ctx, row->id);
    gj_work_tie(ctx, &c->work, GJ_RELATION_CREATOR, ctx->actor->user);
    struct gj_work_step step = {.transition = c->flow.transition,
        .from = c->flow.from,
        .to = c->flow.to,
        .given = body->fields,
        .given_count = body->n_fields,
        .actor = ctx->actor->user,
        .act_at = c->received_at,
        .stated = c->stated};
    gj_work_take(ctx, &c->work, &step);
    place_import(ctx, c);
    struct gj_work_note note = {.action = c->work.kind->acts[c->flow.transition->act_at].name,
        .from = "",
        .text = body->text,
        .by = c->by,
        .stated_at = c->stated ? c->received_at : 0,
        .related = body->from_record,
        .related_kind = body->n_links > 0 && body->from_record != 0
                            ? gj_policy_kind(c->work.policy, body->links[0]->kind)->number
                            : 0,
        .fields = body->fields,
        .field_count = body->n_fields};
    (void)gj_work_entry(ctx, &c->work, &note);
    gj_work_save(ctx, &c->work);
    point_to_links(ctx, &c->work);
    gj_obligations_note(ctx, &c->work, NULL);
    gj_work_after(ctx, &c->work, c->flow.transition);
}

void gj_work_apply_create(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    struct creation c = {.body = (const Gj__Work__Create *)message};
    if (decide(ctx, &c, false)) {
        write_it(ctx, &c);
    }
}

bool gj_work_create_now(struct gj_ctx *ctx, const Gj__Work__Create *body)
{
    struct creation c = {.body = body};
    Gj__V1__Written written = ctx->apply->written;
    if (!decide(ctx, &c, true)) {
        return false;
    }
    write_it(ctx, &c);
    if (written.event != 0) {
        ctx->apply->written = written;
    }
    return true;
}
