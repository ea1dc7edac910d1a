/* Why somebody has a ticket, and who could have it now. */
#include "core/assign.h"
#include "core/candidates.h"
#include "core/core.h"
#include "proto/dispatch.pb-c.h"
#include "service/dispatch/dispatch.h"
#include "store/record.h"

/* As the office calls the person: by the staff file, as on the board; who has none by the account. */
static char *name_of(struct gj_ctx *ctx, uint64_t user)
{
    struct gj_key key = gj_key_of_u64(user);
    Gj__Stored__Staff *staff = NULL;
    Gj__Stored__User *row = NULL;
    if (gj_record_load(ctx->txn, GJ_TABLE_STAFF, &key, &gj__stored__staff__descriptor, ctx->arena, (void **)&staff) &&
        staff->name[0] != '\0') {
        return staff->name;
    }
    return gj_record_load(ctx->txn, GJ_TABLE_USER, &key, &gj__stored__user__descriptor, ctx->arena, (void **)&row)
               ? row->name
               : (char *)protobuf_c_empty_string;
}

static Gj__V1__Candidate *candidate(
    struct gj_ctx *ctx, uint64_t user, enum gj_assign_bar bar, enum gj_assign_rule rule, bool chosen)
{
    Gj__V1__Candidate *out = GJ_ARENA_NEW(ctx->arena, Gj__V1__Candidate);
    if (out != NULL) {
        gj__v1__candidate__init(out);
        out->user = user;
        out->name = name_of(ctx, user);
        out->bar = (char *)gj_assign_bar_word(bar);
        out->rule = (char *)(bar == GJ_ASSIGN_BAR_NONE ? gj_assign_rule_word(rule) : "");
        out->chosen = chosen;
    }
    return out;
}

static Gj__V1__Assignment *assignment(struct gj_ctx *ctx, size_t candidates)
{
    Gj__V1__Assignment *out = GJ_ARENA_NEW(ctx->arena, Gj__V1__Assignment);
    if (out != NULL) {
        gj__v1__assignment__init(out);
        out->candidates = GJ_ARENA_ARRAY(ctx->arena, candidates, Gj__V1__Candidate *);
    }
    return out == NULL || out->candidates == NULL ? NULL : out;
}

/* What the system chose once; names are those of today. */
static Gj__V1__Assignment *past(struct gj_ctx *ctx, const Gj__Stored__Assignment *stored)
{
    Gj__V1__Assignment *out = assignment(ctx, stored->n_verdicts);
    if (out == NULL) {
        return NULL;
    }
    out->at = stored->at;
    out->mode = (char *)gj_assign_mode_word((enum gj_assign_mode)stored->mode);
    out->trade = stored->trade;
    out->taken = stored->taken;
    for (size_t i = 0; i < stored->n_verdicts; i++) {
        uint64_t packed = stored->verdicts[i];
        out->candidates[i] = candidate(
            ctx, gj_assign_user(packed), gj_assign_bar_of(packed), gj_assign_rule_of(packed), i < stored->chosen);
        if (out->candidates[i] == NULL) {
            return NULL;
        }
        out->n_candidates++;
    }
    return out;
}

static Gj__V1__Assignment *now(struct gj_ctx *ctx, const struct gj_work *work)
{
    struct gj_candidates asked;
    bool known = gj_candidates_ask(ctx, work, &asked);
    Gj__V1__Assignment *out = gj_txn_error(ctx->txn) == GJ_OK ? assignment(ctx, asked.count) : NULL;
    if (out == NULL) {
        return NULL;
    }
    out->mode = (char *)gj_assign_mode_word(known ? asked.job.mode : GJ_ASSIGN_MANUAL);
    for (size_t i = 0; known && i < asked.count; i++) {
        const struct gj_verdict *verdict = &asked.verdicts[i];
        const struct gj_candidate *person = &asked.people[verdict->at];
        Gj__V1__Candidate *line =
            candidate(ctx, person->user, verdict->bar, verdict->rule, person->user == work->row->assignee);
        if (line == NULL) {
            return NULL;
        }
        line->open = person->open;
        line->urgent = person->urgent;
        line->on_duty = person->on_duty;
        line->same_building = asked.job.building != 0 && person->building == asked.job.building;
        out->candidates[out->n_candidates++] = line;
    }
    if (known) {
        out->trade = (char *)ctx->policy->trades[asked.job.trade].code;
    }
    return out;
}

static Gj__V1__Why *why(struct gj_ctx *ctx, const struct gj_work *work)
{
    const Gj__Stored__Record *row = work->row;
    Gj__V1__Why *out = GJ_ARENA_NEW(ctx->arena, Gj__V1__Why);
    Gj__V1__Assignment **all = GJ_ARENA_ARRAY(ctx->arena, row->n_assignments, Gj__V1__Assignment *);
    if (out == NULL || all == NULL) {
        return NULL;
    }
    gj__v1__why__init(out);
    out->past = all;
    for (size_t i = 0; i < row->n_assignments; i++) {
        all[i] = past(ctx, row->assignments[i]);
        if (all[i] == NULL) {
            return NULL;
        }
        out->n_past++;
    }
    out->now = now(ctx, work);
    return out->now == NULL ? NULL : out;
}

void gj_dispatch_read_why(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__WhyRequest *request = (const Gj__V1__WhyRequest *)message;
    struct gj_access_answer access;
    struct gj_work work;

    if (!gj_work_load(ctx, request->id, &work)) {
        gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "id", NULL);
        return;
    }
    /* Who sees only own records is not shown how colleagues compare. */
    if (!gj_work_access(ctx, &work, GJ_ACCESS_READ, &access) || !gj_work_access(ctx, &work, GJ_ACCESS_LIST, &access)) {
        return;
    }
    if (access.own_only) {
        gj_refuse(ctx, GJ__V1__STATUS__DENIED, "no_right", "id", NULL);
        return;
    }
    Gj__V1__Why *answer = why(ctx, &work);
    if (answer == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    gj_answer_ok(ctx, &answer->base);
}
