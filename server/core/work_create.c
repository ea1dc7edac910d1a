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
    bool inner; /* made in the middle of another command, which has checked the right to it */
};

/* A record that another command makes is not refused: what cannot be made is left out, and the caller says what that
 * means for it. */
static bool no(struct gj_ctx *ctx, const struct creation *c, const struct gj_refusal *refusal)
{
    return c->inner ? false : gj_answer_refusal(ctx, refusal);
}

/* The ways into existence are the transitions from "does not exist yet". The rules take the first that fits. */
static bool choose_way(struct gj_ctx *ctx, struct creation *c)
{
    size_t count = 0;
    struct gj_field_value *given =
        gj_work_given(ctx, c->body->fields, c->body->n_fields, c->body->late ? GJ_FORM_LATE_REASON : NULL, &count);
    struct gj_refusal refusal = {0};
    struct gj_flow_request request = {.act = c->body->act[0] != '\0' ? c->body->act : "create",
        .actor = ctx->actor,
        .now_ms = ctx->now_ms,
        .given = given,
        .given_count = count};
    return (given != NULL && gj_flow_decide(c->work.kind, &c->work.view, &request, &c->flow, &refusal)) ||
           no(ctx, c, &refusal);
}

/* An imported case came into being on paper; what its form would ask for was never written down. */
static bool choose_paper_way(struct gj_ctx *ctx, struct creation *c)
{
    for (size_t i = 0; i < c->work.kind->transition_count; i++) {
        const struct gj_transition *way = &c->work.kind->transitions[i];
        if ((way->from & 1u) != 0) {
            c->flow = (struct gj_flow_result){.transition = way, .from = GJ_STATE_NONE, .to = way->to};
            return true;
        }
    }
    struct gj_refusal refusal = {0};
    gj_refusal_set(&refusal, GJ_REFUSAL_ACT_UNKNOWN, "act");
    return no(ctx, c, &refusal);
}

static bool unknown(struct gj_ctx *ctx, const struct creation *c, const char *field)
{
    struct gj_refusal refusal = {0};
    gj_refusal_set(&refusal, GJ_REFUSAL_REFERENCE_UNKNOWN, field);
    return no(ctx, c, &refusal);
}

static bool decide(struct gj_ctx *ctx, struct creation *c)
{
    const Gj__Work__Create *body = c->body;
    const struct gj_policy *policy = gj_policies_at(ctx->core->policies, ctx->txn, body->policy);
    const struct gj_kind *kind = policy == NULL ? NULL : gj_policy_kind_by_number(policy, (uint16_t)body->kind);
    if (kind == NULL) {
        return unknown(ctx, c, "kind");
    }
    if (!gj_work_new(ctx, policy, kind, body->office, &c->work)) {
        return unknown(ctx, c, "office");
    }
    struct gj_access_answer access = {0};
    if (c->inner) {
        c->received_at = body->received_at != 0 ? body->received_at : ctx->now_ms;
        c->stated = body->received_at != 0;
        return body->state[0] != '\0' ? choose_paper_way(ctx, c) : choose_way(ctx, c);
    }
    if (ctx->actor->user != 0 && !gj_work_access(ctx, &c->work, GJ_ACCESS_CREATE, &access)) {
        return false;
    }
    if (body->n_links > GJ_WORK_LINKS_MAX) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "limit_reached", "links", NULL);
    }
    int64_t happened_ms = 0;
    c->by = access.by;
    return gj_work_told(ctx, kind, policy, "received_at", body->received_at, body->late, &c->received_at, &c->stated) &&
           gj_work_told_fields(ctx, kind, policy, body->fields, body->n_fields, body->late, &happened_ms, &c->stated) &&
           gj_work_moments(ctx, kind, NULL, body->fields, body->n_fields, c->received_at, 0) && choose_way(ctx, c);
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
    gj_work_keep_import_key(ctx->txn, row->office, &body->import_key, row->id);
    gj_obligations_note(ctx, &c->work, NULL);
    gj_work_after(ctx, &c->work, c->flow.transition);
}

void gj_work_apply_create(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    struct creation c = {.body = (const Gj__Work__Create *)message};
    if (decide(ctx, &c)) {
        write_it(ctx, &c);
    }
}

bool gj_work_create_now(struct gj_ctx *ctx, const Gj__Work__Create *body)
{
    struct creation c = {.body = body, .inner = true};
    Gj__V1__Written written = ctx->apply->written;
    if (!decide(ctx, &c)) {
        return false;
    }
    write_it(ctx, &c);
    if (written.event != 0) {
        ctx->apply->written = written;
    }
    return true;
}
