#include "core/assign.h"

#include <string.h>

#include "core/candidates.h"
#include "core/core.h"

/* ---- as it is stored ---- */

uint64_t gj_assign_pack(const struct gj_candidate *person, const struct gj_verdict *verdict)
{
    return person->user << 8 | (uint64_t)verdict->bar << 4 | (uint64_t)verdict->rule;
}

uint64_t gj_assign_user(uint64_t packed)
{
    return packed >> 8;
}

enum gj_assign_bar gj_assign_bar_of(uint64_t packed)
{
    return (enum gj_assign_bar)(packed >> 4 & 15U);
}

enum gj_assign_rule gj_assign_rule_of(uint64_t packed)
{
    return (enum gj_assign_rule)(packed & 15U);
}

static Gj__Stored__Assignment *assignment_of(struct gj_ctx *ctx, const struct gj_candidates *candidates)
{
    Gj__Stored__Assignment *out = GJ_ARENA_NEW(ctx->arena, Gj__Stored__Assignment);
    uint64_t *verdicts = GJ_ARENA_ARRAY(ctx->arena, candidates->count, uint64_t);
    if (out == NULL || verdicts == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return NULL;
    }
    gj__stored__assignment__init(out);
    out->at = ctx->now_ms;
    out->mode = (uint32_t)candidates->job.mode;
    out->trade = (char *)ctx->policy->trades[candidates->job.trade].code;
    out->chosen = candidates->answer.chosen;
    out->verdicts = verdicts;
    for (size_t i = 0; i < candidates->count; i++) {
        const struct gj_verdict *verdict = &candidates->verdicts[i];
        verdicts[out->n_verdicts++] = gj_assign_pack(&candidates->people[verdict->at], verdict);
    }
    return out;
}

/* ---- choosing ---- */

static void emit(struct gj_ctx *ctx, const struct gj_work *work, uint16_t act_at, Gj__Stored__Assignment *assignment)
{
    Gj__Work__Act *body = GJ_ARENA_NEW(ctx->arena, Gj__Work__Act);
    Gj__V1__Field **fields = GJ_ARENA_ARRAY(ctx->arena, 1, Gj__V1__Field *);
    if (body == NULL || fields == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    gj__work__act__init(body);
    body->id = work->row->id;
    body->act = (char *)work->kind->acts[act_at].name;
    body->assignment = assignment;
    if (act_at == work->kind->dispatch.assign_at) {
        fields[0] = gj_work_field_ref(ctx->arena, "assignee", gj_assign_user(assignment->verdicts[0]));
        body->fields = fields;
        body->n_fields = fields[0] == NULL ? 0 : 1;
    }
    gj_apply_follow(ctx, GJ__V1__CALL__RECORD_ACT, &body->base);
}

/* Whether the flow would let the system do it: after two refusals people choose. */
static bool allowed(struct gj_ctx *ctx, const struct gj_work *work, uint16_t act_at, uint64_t assignee)
{
    struct gj_actor system = {0};
    struct gj_field_value given = {.key = "assignee", .shape = GJ_SHAPE_REF, .number = (int64_t)assignee};
    struct gj_flow_request request = {.act = work->kind->acts[act_at].name,
        .actor = &system,
        .now_ms = ctx->now_ms,
        .given = &given,
        .given_count = act_at == work->kind->dispatch.assign_at ? 1 : 0};
    struct gj_flow_result result;
    struct gj_refusal refusal = {0};
    return gj_flow_decide(work->kind, &work->view, &request, &result, &refusal);
}

void gj_assign_review(struct gj_ctx *ctx, const struct gj_work *work)
{
    const struct gj_kind_dispatch *dispatch = &work->kind->dispatch;
    struct gj_candidates candidates;

    if (dispatch->state == GJ_STATE_NONE || work->view.state != dispatch->state || work->row->assignee != 0 ||
        work->row->pending_act[0] != '\0' || !gj_candidates_wanted(ctx, work) ||
        !gj_candidates_ask(ctx, work, &candidates) || candidates.answer.chosen == 0) {
        return;
    }
    uint16_t act_at = candidates.job.mode == GJ_ASSIGN_OFFER ? dispatch->offer_at : dispatch->assign_at;
    if (!allowed(ctx, work, act_at, candidates.people[candidates.verdicts[0].at].user)) {
        return;
    }
    Gj__Stored__Assignment *assignment = assignment_of(ctx, &candidates);
    if (assignment != NULL) {
        emit(ctx, work, act_at, assignment);
    }
}

/* ---- keeping ---- */

void gj_assign_note(struct gj_ctx *ctx, struct gj_work *work, Gj__Stored__Assignment *assignment)
{
    Gj__Stored__Record *row = work->row;
    if (assignment == NULL) {
        return;
    }
    size_t drop = row->n_assignments >= GJ_ASSIGNMENTS_MAX ? 1 : 0;
    Gj__Stored__Assignment **kept = GJ_ARENA_ARRAY(ctx->arena, row->n_assignments + 1, Gj__Stored__Assignment *);
    if (kept == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    for (size_t i = drop; i < row->n_assignments; i++) {
        kept[i - drop] = row->assignments[i];
    }
    kept[row->n_assignments - drop] = assignment;
    row->assignments = kept;
    row->n_assignments += 1 - drop;
    gj_work_untie(work, GJ_RELATION_OFFERED);
    for (size_t i = 0; assignment->mode == GJ_ASSIGN_OFFER && i < assignment->chosen && i < assignment->n_verdicts;
         i++) {
        gj_work_tie(ctx, work, GJ_RELATION_OFFERED, gj_assign_user(assignment->verdicts[i]));
    }
}

void gj_assign_taken(struct gj_work *work)
{
    const Gj__Stored__Record *row = work->row;
    const struct gj_state *state = gj_kind_state_by_code(work->kind, row->state);
    if (row->n_assignments == 0 || row->assignee == 0 || state == NULL || strcmp(state->phase, "work") != 0) {
        return;
    }
    Gj__Stored__Assignment *last = row->assignments[row->n_assignments - 1];
    for (size_t i = 0; i < last->chosen && i < last->n_verdicts; i++) {
        last->taken = last->taken || gj_assign_user(last->verdicts[i]) == row->assignee;
    }
}
