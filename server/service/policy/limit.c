/* An office's own limits: a tighter one holds at once, a looser one when a second person consents. And weather mode
 * (恶劣天气模式). */
#include <string.h>

#include "common/id.h"
#include "common/limits.h"
#include "common/policy/deadline.h"
#include "core/notify_people.h"
#include "core/timer.h"
#include "service/body.pb-c.h"
#include "service/door.h"
#include "service/policy/policy.h"
#include "service/sealing.h"
#include "store/record.h"

static bool load_office(struct gj_ctx *ctx, uint64_t id, Gj__Stored__Office **out)
{
    struct gj_key key = gj_key_of_u64(id);
    *out = NULL;
    return gj_record_load(ctx->txn, GJ_TABLE_OFFICE, &key, &gj__stored__office__descriptor, ctx->arena, (void **)out) ||
           gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "office", NULL);
}

static void save_office(struct gj_ctx *ctx, Gj__Stored__Office *office)
{
    struct gj_key key = gj_key_of_u64(office->id);
    office->revision++;
    gj_record_save(ctx->txn, GJ_TABLE_OFFICE, &key, &office->base);
}

/* Without consent the rules take an office's limit only where it is tighter: whether it would win for every priority it
 * names tells whether consent is needed. */
static bool is_tighter(struct gj_ctx *ctx, const Gj__Stored__Office *office, const struct gj_override *override)
{
    const struct gj_kind *kind = gj_policy_kind(ctx->policy, override->kind);
    uint16_t timer_at = kind != NULL ? gj_kind_timer(kind, override->timer) : GJ_NO_INDEX;
    if (timer_at == GJ_NO_INDEX) {
        return false;
    }
    struct gj_override_set set = {
        .code = office->code, .items = override, .count = 1, .follow_up_permille = UINT16_MAX};
    struct gj_deadline_place place = {.policy = ctx->policy,
        .kind = kind,
        .calendar = ctx->calendar,
        .city = office->city,
        .profile = office->profile,
        .office = &set};
    for (size_t i = 0; i < ctx->policy->priority_count; i++) {
        struct gj_view view = {.office = office->id, .priority = ctx->policy->priorities[i].number};
        bool named = override->priorities == 0 || (override->priorities >> view.priority & 1) != 0;
        struct gj_deadline_rule rule = gj_deadline_resolve(&place, &kind->timers[timer_at], &view);
        if (named && rule.limit.op != GJ_LIMIT_NONE && rule.level != GJ_LEVEL_OFFICE) {
            return false;
        }
    }
    return true;
}

/* The limit of a request: parsed against the policy in force. An empty one takes the office's own away again. */
static bool parse(struct gj_ctx *ctx, const Gj__Stored__Limit *limit, struct gj_override *out)
{
    struct gj_refusal refusal;
    const char *text = limit->limit[0] != '\0' ? limit->limit : "1 min";
    if (!gj_override_parse(ctx->policy, limit->kind, limit->timer, limit->priority, text, false, out, &refusal)) {
        return gj_answer_refusal(ctx, &refusal);
    }
    return true;
}

const ProtobufCMessage *gj_limit_prepare(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__LimitRequest *request = (const Gj__V1__LimitRequest *)message;
    Gj__Service__LimitSet *body = GJ_ARENA_NEW(ctx->arena, Gj__Service__LimitSet);
    Gj__Stored__Limit *limit = GJ_ARENA_NEW(ctx->arena, Gj__Stored__Limit);
    Gj__Stored__Office *office = NULL;
    struct gj_override override;
    if (body == NULL || limit == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return NULL;
    }
    gj__service__limit_set__init(body);
    gj__stored__limit__init(limit);
    limit->kind = request->kind;
    limit->timer = request->timer;
    limit->priority = request->priority;
    limit->limit = request->limit;
    body->office = request->office;
    body->limit = limit;
    if (!load_office(ctx, request->office, &office) ||
        !gj_door_check(ctx, GJ_DOOR_POLICY, GJ_ACCESS_CREATE, request->office, NULL) || !parse(ctx, limit, &override)) {
        return NULL;
    }
    return gj_sealing_text(ctx, request->office, request->reason, "reason", &body->reason) ? &body->base : NULL;
}

/* Replaces the office's own limit for the same timer and priority; an empty one only takes away. */
static bool put_limit(struct gj_ctx *ctx, Gj__Stored__Office *office, Gj__Stored__Limit *limit)
{
    Gj__Stored__Limit **limits = GJ_ARENA_ARRAY(ctx->arena, office->n_limits + 1, Gj__Stored__Limit *);
    size_t count = 0;
    if (limits == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return false;
    }
    for (size_t i = 0; i < office->n_limits; i++) {
        const Gj__Stored__Limit *old = office->limits[i];
        if (strcmp(old->kind, limit->kind) != 0 || strcmp(old->timer, limit->timer) != 0 ||
            strcmp(old->priority, limit->priority) != 0) {
            limits[count++] = office->limits[i];
        }
    }
    if (limit->limit[0] != '\0') {
        limits[count++] = limit;
    }
    office->limits = limits;
    office->n_limits = count;
    save_office(ctx, office);
    return true;
}

static void append(struct gj_ctx *ctx, const char *action, uint16_t kind, uint64_t subject, uint64_t office,
    uint64_t second, const Gj__Service__Text *text, const struct gj_access_answer *right, const char *state)
{
    struct gj_entry entry = gj_door_entry(ctx, GJ_ENTRY_POLICY, action, kind, subject, office, right);
    entry.revision = 1;
    entry.second = second;
    entry.has_second = second != 0;
    (void)gj_entry_word(&entry.to, state);
    (void)gj_door_append(ctx, &entry, text);
    ctx->apply->written.state = (char *)(uintptr_t)state;
}

/* Nobody can consent to what they do not know of: those of headquarters who may hear of it. */
static void ask(struct gj_ctx *ctx, const Gj__Stored__Office *office, const Gj__Stored__LimitProposal *row)
{
    char id[GJ_ID_TEXT_SIZE];
    uint64_t users[GJ_LIMIT_ASKED_MAX];
    size_t count = gj_people_entitled(ctx, "policy_calendar", GJ_LETTER_APPROVE, users, GJ_LIMIT_ASKED_MAX);
    const struct gj_kind *kind = gj_policy_kind(ctx->policy, row->limit->kind);
    gj_id_format(row->id, 0, id);
    for (size_t i = 0; i < count; i++) {
        struct gj_notice notice = {.user = users[i],
            .code = "limit.asked",
            .params = {office->code, row->limit->limit, id},
            .office = office->id,
            .kind = kind->number,
            .timer = row->limit->timer};
        if (users[i] != row->proposed_by) {
            (void)gj_apply_notice(ctx, &notice);
        }
    }
}

void gj_limit_propose(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Service__LimitSet *body = (const Gj__Service__LimitSet *)message;
    Gj__Stored__Office *office = NULL;
    struct gj_override override;
    struct gj_access_answer right;
    if (body->limit == NULL) {
        (void)gj_door_invalid(ctx, "command_malformed", NULL);
        return;
    }
    if (!load_office(ctx, body->office, &office) ||
        !gj_door_check(ctx, GJ_DOOR_POLICY, GJ_ACCESS_CREATE, body->office, &right) ||
        !parse(ctx, body->limit, &override)) {
        return;
    }
    if (office->n_limits >= GJ_OFFICE_LIMITS_MAX) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "limit_reached", "limit", NULL);
        return;
    }
    if (body->limit->limit[0] != '\0' && is_tighter(ctx, office, &override)) {
        body->limit->approved_looser = false;
        if (put_limit(ctx, office, body->limit)) {
            append(ctx, "limit_set", GJ_SUBJECT_OFFICE, office->id, office->id, 0, body->reason, &right, "active");
        }
        return;
    }
    Gj__Stored__LimitProposal row = GJ__STORED__LIMIT_PROPOSAL__INIT;
    row.id = gj_counter_next(ctx->txn, GJ_COUNTER_DRAFT);
    row.office = office->id;
    row.limit = body->limit;
    row.proposed_by = ctx->actor->user;
    struct gj_key key = gj_key_of_u64(row.id);
    gj_record_save(ctx->txn, GJ_TABLE_LIMIT_PROPOSAL, &key, &row.base);
    append(ctx, "limit_propose", GJ_SUBJECT_LIMIT, row.id, office->id, 0, body->reason, &right, "pending");
    ask(ctx, office, &row);
}

void gj_limit_approve(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__LimitApproveRequest *request = (const Gj__V1__LimitApproveRequest *)message;
    Gj__Stored__LimitProposal *row = NULL;
    Gj__Stored__Office *office = NULL;
    struct gj_access_answer right;
    struct gj_key key = gj_key_of_u64(request->id);
    if (!gj_record_load(ctx->txn, GJ_TABLE_LIMIT_PROPOSAL, &key, &gj__stored__limit_proposal__descriptor, ctx->arena,
            (void **)&row)) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "id", NULL);
        return;
    }
    if (!gj_door_check(ctx, GJ_DOOR_POLICY, GJ_ACCESS_APPROVE, row->office, &right) ||
        !load_office(ctx, row->office, &office)) {
        return;
    }
    if (row->decided) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "no_approval_pending", "id", NULL);
        return;
    }
    if (row->proposed_by == ctx->actor->user) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "approver_is_requester", NULL, NULL);
        return;
    }
    row->decided = true;
    gj_record_save(ctx->txn, GJ_TABLE_LIMIT_PROPOSAL, &key, &row->base);
    if (request->approve) {
        row->limit->approved_looser = true;
        (void)put_limit(ctx, office, row->limit);
    }
    append(ctx, request->approve ? "limit_approve" : "limit_reject", GJ_SUBJECT_LIMIT, row->id, row->office,
        row->proposed_by, NULL, &right, request->approve ? "active" : "rejected");
}

/* ---- weather ---- */

const ProtobufCMessage *gj_weather_prepare(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__WeatherRequest *request = (const Gj__V1__WeatherRequest *)message;
    Gj__Stored__Office *office = NULL;
    Gj__Service__Weather *body = GJ_ARENA_NEW(ctx->arena, Gj__Service__Weather);
    if (body == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return NULL;
    }
    if (request->reason[0] == '\0') {
        (void)gj_door_invalid(ctx, "field_missing", "reason");
        return NULL;
    }
    if (!load_office(ctx, request->office, &office) ||
        !gj_door_check(ctx, GJ_DOOR_WEATHER, GJ_ACCESS_UPDATE, request->office, NULL)) {
        return NULL;
    }
    gj__service__weather__init(body);
    body->office = request->office;
    body->on = request->on;
    return gj_sealing_text(ctx, request->office, request->reason, "reason", &body->reason) ? &body->base : NULL;
}

void gj_weather_set(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Service__Weather *body = (const Gj__Service__Weather *)message;
    Gj__Stored__Office *office = NULL;
    struct gj_access_answer right;
    if (!load_office(ctx, body->office, &office) ||
        !gj_door_check(ctx, GJ_DOOR_WEATHER, GJ_ACCESS_UPDATE, body->office, &right)) {
        return;
    }
    if (office->weather_mode == body->on) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "nothing_to_change", "on", NULL);
        return;
    }
    office->weather_mode = body->on;
    save_office(ctx, office);
    gj_timer_weather_switched(ctx, office->id);
    append(ctx, body->on ? "weather_on" : "weather_off", GJ_SUBJECT_OFFICE, office->id, office->id, 0, body->reason,
        &right, body->on ? "on" : "off");
}
