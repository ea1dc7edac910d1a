/* Rights over a record, through the one door. */
#include "core/policies.h"
#include "core/work.h"
#include "store/record.h"

static bool ask(struct gj_ctx *ctx, const struct gj_work *work, enum gj_access_action action, uint64_t office,
    uint64_t region, struct gj_access_answer *answer, struct gj_refusal *refusal)
{
    const struct gj_kind *current = gj_policy_kind_by_number(ctx->policy, work->kind->number);
    struct gj_view view = work->view;
    view.office = office;
    view.region = region;
    /* Rights are the current ones; the fields to mask are those of the form the record was made with. */
    struct gj_access_request request = {.policy = ctx->policy,
        .rights = current != NULL ? &current->rights : &work->kind->rights,
        .kind = work->kind,
        .actor = ctx->actor,
        .action = action,
        .view = work->fresh ? NULL : &view,
        .office = office,
        .region = region,
        .field_at = GJ_NO_INDEX};
    return gj_access_check(&request, answer, refusal);
}

bool gj_work_may(struct gj_ctx *ctx, const struct gj_work *work, enum gj_access_action action,
    struct gj_access_answer *answer, struct gj_refusal *refusal)
{
    if (ask(ctx, work, action, work->row->office, work->office->region, answer, refusal)) {
        return true;
    }
    uint64_t other = work->row->awaiting_office;
    if (other == 0) {
        return false;
    }
    Gj__Stored__Office *office = NULL;
    struct gj_key key = gj_key_of_u64(other);
    if (!gj_record_load(
            ctx->txn, GJ_TABLE_OFFICE, &key, &gj__stored__office__descriptor, ctx->arena, (void **)&office)) {
        return false;
    }
    struct gj_refusal second;
    return ask(ctx, work, action, other, office->region, answer, &second);
}

bool gj_work_access(
    struct gj_ctx *ctx, const struct gj_work *work, enum gj_access_action action, struct gj_access_answer *answer)
{
    struct gj_refusal refusal = {0};
    if (gj_work_may(ctx, work, action, answer, &refusal)) {
        return true;
    }
    struct gj_access_answer any;
    struct gj_refusal unused = {0};
    if (!work->fresh && (action == GJ_ACCESS_READ || !gj_work_may(ctx, work, GJ_ACCESS_READ, &any, &unused))) {
        return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "id", NULL);
    }
    return gj_answer_refusal(ctx, &refusal);
}
