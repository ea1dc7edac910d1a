#include "core/candidates.h"

#include <string.h>

#include "common/policy/dispatch_mode.h"
#include "core/assign.h"
#include "core/core.h"
#include "core/duty.h"
#include "core/household.h"
#include "core/notify_people.h"
#include "store/record.h"

/* Roles of those who do the work: own staff and the people of firms. */
#define ROLE_TECHNICIAN "tech"
#define ROLE_CONTRACTOR "contractor"

struct gather {
    struct gj_ctx *ctx;
    const struct gj_work *work;
    struct gj_candidates *out;
    const char *trade;
};

/* ---- the job ---- */

static uint64_t building_of_household(struct gj_ctx *ctx, uint64_t id)
{
    Gj__Stored__Household *household = NULL;
    return id != 0 && gj_household_load(ctx->txn, id, ctx->arena, &household) ? household->building : 0;
}

static uint64_t building_of_record(struct gj_ctx *ctx, const Gj__Stored__Record *row)
{
    struct gj_key key = gj_key_of_u64(row->asset);
    Gj__Stored__Asset *asset = NULL;
    uint64_t building = building_of_household(ctx, row->household);
    if (building == 0 && row->asset != 0 &&
        gj_record_load(ctx->txn, GJ_TABLE_ASSET, &key, &gj__stored__asset__descriptor, ctx->arena, (void **)&asset)) {
        building = asset->building;
    }
    return building;
}

/* The trade the record names, else the usual one of its category. */
static const char *trade_of(struct gj_ctx *ctx, const struct gj_work *work)
{
    const Gj__V1__Field *field = gj_work_field(work, "trade");
    if (field != NULL && field->value_case == GJ__V1__FIELD__VALUE_TEXT && field->text[0] != '\0') {
        return field->text;
    }
    const struct gj_category *category =
        work->row->category[0] == '\0' ? NULL : gj_policy_category(ctx->policy, work->row->category);
    return category == NULL ? NULL : category->trade;
}

static bool trade_bit(const struct gj_policy *policy, const char *code, uint8_t *out)
{
    for (size_t i = 0; i < policy->trade_count && i < GJ_ASSIGN_TRADES_MAX; i++) {
        if (strcmp(policy->trades[i].code, code) == 0) {
            *out = (uint8_t)i;
            return true;
        }
    }
    return false;
}

static bool describe_job(struct gather *gather)
{
    struct gj_ctx *ctx = gather->ctx;
    const Gj__Stored__Record *row = gather->work->row;
    const char *trade = trade_of(ctx, gather->work);
    uint8_t bit = 0;

    if (trade == NULL || !trade_bit(ctx->policy, trade, &bit)) {
        return false;
    }
    struct gj_dispatch_rule rule =
        gj_dispatch_mode_for(ctx->policy->dispatch, gather->work->office->code, (uint8_t)row->priority, row->category);
    gather->trade = trade;
    gather->out->job = (struct gj_assign_job){
        .id = row->id,
        .office = row->office,
        .building = building_of_record(ctx, row),
        .trade = bit,
        .priority = (uint8_t)row->priority,
        .skill = rule.skill,
        .mode = rule.mode,
        .load_max = ctx->policy->dispatch == NULL ? 0 : ctx->policy->dispatch->load_max,
        .offer_max = rule.offer_max,
    };
    return true;
}

/* The people tied to the record in this way. */
static const uint64_t *tied(struct gather *gather, enum gj_relation relation, size_t room, uint64_t **end)
{
    const struct gj_view *view = &gather->work->view;
    uint64_t *users = GJ_ARENA_ARRAY(gather->ctx->arena, view->tie_count + room, uint64_t);
    *end = users;
    for (size_t i = 0; users != NULL && i < view->tie_count; i++) {
        if (view->ties[i].relation == relation) {
            *(*end)++ = view->ties[i].user;
        }
    }
    return users;
}

/* How many were asked by the system since somebody last took the record on, and let it pass. */
static size_t asked_in_vain(const Gj__Stored__Record *row, uint64_t *users)
{
    size_t count = 0;
    for (size_t i = row->n_assignments; i > 0 && !row->assignments[i - 1]->taken; i--) {
        const Gj__Stored__Assignment *assignment = row->assignments[i - 1];
        for (size_t j = 0; j < assignment->chosen && j < assignment->n_verdicts; j++) {
            if (users != NULL) {
                users[count] = gj_assign_user(assignment->verdicts[j]);
            }
            count++;
        }
    }
    return count;
}

/* Whom the record itself keeps from its work: those complained of, and those who had their chance. */
static bool exclude(struct gather *gather)
{
    const Gj__Stored__Record *row = gather->work->row;
    struct gj_assign_job *job = &gather->out->job;
    uint64_t *end = NULL;

    job->excluded = tied(gather, GJ_RELATION_COMPLAINED_OF, 0, &end);
    job->excluded_count = (size_t)(end - job->excluded);
    job->declined = tied(gather, GJ_RELATION_DECLINED, asked_in_vain(row, NULL), &end);
    if (job->excluded == NULL || job->declined == NULL) {
        gj_txn_fail(gather->ctx->txn, gj_arena_why(gather->ctx->arena));
        return false;
    }
    end += asked_in_vain(row, end);
    job->declined_count = (size_t)(end - job->declined);
    return true;
}

/* ---- the people ---- */

static bool add_holders(struct gather *gather, const char *role_code, bool contractor)
{
    const struct gj_role *role = gj_policy_role(gather->ctx->policy, role_code);
    size_t count = 0;
    const struct gj_holder *holders =
        role == NULL ? NULL : gj_people_of(gather->ctx, role->number, gather->work->row->office, &count);

    for (size_t i = 0; i < count && gather->out->count < GJ_CANDIDATES_MAX; i++) {
        bool known = false;
        for (size_t j = 0; j < gather->out->count; j++) {
            known = known || gather->out->people[j].user == holders[i].user;
        }
        if (!known && holders[i].from_ms <= gather->ctx->now_ms && gather->ctx->now_ms < holders[i].until_ms) {
            gather->out->people[gather->out->count++] = (struct gj_candidate){
                .user = holders[i].user, .office = gather->work->row->office, .contractor = contractor};
        }
    }
    return gj_txn_error(gather->ctx->txn) == GJ_OK;
}

static bool certified(struct gather *gather, const Gj__Stored__Staff *staff, const char *wanted)
{
    for (size_t i = 0; i < staff->n_certificates; i++) {
        struct gj_certificate_view held = {
            staff->certificates[i]->name, staff->certificates[i]->valid_until, staff->certificates[i]->review_at};
        if (gj_assign_certified(wanted, &held, 1, gather->ctx->now_ms)) {
            return true;
        }
    }
    return gj_assign_certified(wanted, NULL, 0, gather->ctx->now_ms);
}

/* What the staff file says. Somebody without one has no trade. */
static void read_file(struct gather *gather, struct gj_candidate *person)
{
    struct gj_ctx *ctx = gather->ctx;
    struct gj_key key = gj_key_of_u64(person->user);
    Gj__Stored__Staff *staff = NULL;
    if (!gj_record_load(ctx->txn, GJ_TABLE_STAFF, &key, &gj__stored__staff__descriptor, ctx->arena, (void **)&staff)) {
        return;
    }
    for (size_t i = 0; i < staff->n_trades; i++) {
        uint8_t bit = 0;
        if (trade_bit(ctx->policy, staff->trades[i], &bit)) {
            person->trades |= UINT64_C(1) << bit;
            person->certified |=
                certified(gather, staff, ctx->policy->trades[bit].certificate) ? UINT64_C(1) << bit : 0;
        }
    }
}

static struct gj_candidate *person_of(struct gj_candidates *candidates, uint64_t user)
{
    for (size_t i = 0; user != 0 && i < candidates->count; i++) {
        if (candidates->people[i].user == user) {
            return &candidates->people[i];
        }
    }
    return NULL;
}

/* What the duty roster says of the technicians now. Where none is kept for them, everybody who is not absent is on
 * duty.
 */
static void read_roster(struct gather *gather)
{
    struct gj_ctx *ctx = gather->ctx;
    uint64_t office = gather->work->row->office;
    const struct gj_role *role = gj_policy_role(ctx->policy, ROLE_TECHNICIAN);
    const struct gj_duty_ask ask = {
        .office = office, .role = ROLE_TECHNICIAN, .from_ms = ctx->now_ms, .until_ms = ctx->now_ms + 1};
    struct gj_duty duty;
    bool kept = role != NULL &&
                gj_duty_first(ctx, office, ROLE_TECHNICIAN, ctx->now_ms - GJ_CANDIDATES_ROSTER_MS) <= ctx->now_ms;

    if (kept && !gj_duty_load(ctx, &ask, ctx->arena, &duty)) {
        return;
    }
    for (size_t i = 0; i < gather->out->count; i++) {
        struct gj_candidate *person = &gather->out->people[i];
        /* The people of firms keep no roster with us. */
        enum gj_presence presence = kept && !person->contractor
                                        ? gj_roster_presence(&duty.roster, person->user, role->number, ctx->now_ms)
                                        : GJ_PRESENCE_DUTY;
        person->on_duty = presence == GJ_PRESENCE_DUTY;
        person->on_call = presence == GJ_PRESENCE_STANDBY;
        person->on_leave = !gj_people_present(ctx, person->user);
    }
}

/* What everybody has in hand, from the office's queue of open work. */
static void read_load(struct gather *gather)
{
    struct gj_ctx *ctx = gather->ctx;
    struct gj_key prefix;
    struct gj_iter iter;

    gj_key_init(&prefix);
    gj_key_u32(&prefix, (uint32_t)gather->work->row->office);
    gj_iter_prefix(&iter, ctx->txn, GJ_TABLE_WORK, &prefix, GJ_FORWARD);
    for (size_t seen = 0; seen < GJ_CANDIDATES_WORK_MAX && gj_iter_next(&iter); seen++) {
        Gj__Stored__Work *line = NULL;
        if (!gj_record_unpack(ctx->txn, &iter.value, &gj__stored__work__descriptor, ctx->arena, (void **)&line)) {
            break;
        }
        struct gj_candidate *person = line->row == NULL ? NULL : person_of(gather->out, line->row->assignee);
        if (person != NULL) {
            person->open++;
            person->urgent += line->row->priority <= 1;
            uint64_t building = building_of_household(ctx, line->household);
            person->building = building == 0 ? person->building : building;
        }
    }
    gj_iter_close(&iter);
}

bool gj_candidates_wanted(struct gj_ctx *ctx, const struct gj_work *work)
{
    const Gj__Stored__Record *row = work->row;
    return gj_dispatch_mode_for(ctx->policy->dispatch, work->office->code, (uint8_t)row->priority, row->category)
               .mode != GJ_ASSIGN_MANUAL;
}

bool gj_candidates_ask(struct gj_ctx *ctx, const struct gj_work *work, struct gj_candidates *out)
{
    struct gather gather = {.ctx = ctx, .work = work, .out = out};

    *out = (struct gj_candidates){.people = GJ_ARENA_ARRAY(ctx->arena, GJ_CANDIDATES_MAX, struct gj_candidate)};
    if (out->people == NULL || !describe_job(&gather) || !exclude(&gather) ||
        !add_holders(&gather, ROLE_TECHNICIAN, false) || !add_holders(&gather, ROLE_CONTRACTOR, true)) {
        return false;
    }
    read_roster(&gather);
    for (size_t i = 0; i < out->count; i++) {
        read_file(&gather, &out->people[i]);
    }
    read_load(&gather);
    out->verdicts = GJ_ARENA_ARRAY(ctx->arena, out->count, struct gj_verdict);
    if (out->verdicts == NULL || gj_txn_error(ctx->txn) != GJ_OK) {
        return false;
    }
    out->answer = gj_assign(&out->job, out->people, out->count, out->verdicts);
    return true;
}
