/* Who is there (在岗): the people of the duty roster at a moment, standing in (顶岗) for one of them, and the hours
 * ahead that nobody was put down for. */
#include "core/duty.h"

#include "common/limits.h"
#include "core/core.h"
#include "core/duty_gaps.h"
#include "core/notify_find.h"
#include "core/stand_in.h"
#include "proto/admin.pb-c.h"
#include "service/admin/admin.h"
#include "store/record.h"

/* ---- standing in ---- */

/* The new line among those around it. */
static bool cover_fits(struct gj_ctx *ctx, const Gj__V1__RosterLine *line, const struct gj_roster_span *span)
{
    const struct gj_duty_ask ask = {
        .office = line->office, .region = line->region, .from_ms = span->from, .until_ms = span->until};
    struct gj_duty duty;
    if (span->until <= span->from) {
        return gj_admin_roster_refuse(ctx, GJ_ROSTER_FAULT_EMPTY, "until", line->role);
    }
    if (span->until - span->from > gj_admin_roster_cover_ms(ctx)) {
        return gj_admin_roster_refuse(ctx, GJ_ROSTER_FAULT_LONG, "until", line->role);
    }
    if (!gj_duty_load(ctx, &ask, ctx->arena, &duty)) {
        return false;
    }
    size_t count = duty.roster.span_count;
    struct gj_roster_span *spans = GJ_ARENA_ARRAY(ctx->arena, count + 1, struct gj_roster_span);
    if (spans == NULL) {
        return gj_door_failed(ctx, gj_arena_why(ctx->arena));
    }
    for (size_t i = 0; i < count; i++) {
        spans[i] = duty.roster.spans[i];
    }
    spans[count] = *span; /* so that the leave of whoever stands in is looked at, too */
    struct gj_roster roster = {.spans = spans, .span_count = count + 1};
    if (!gj_duty_leaves(ctx, span->from, span->until, ctx->arena, &roster)) {
        return false;
    }
    roster.span_count = count;
    enum gj_roster_fault fault = gj_roster_check(&roster, span, gj_admin_roster_cover_ms(ctx));
    return fault == GJ_ROSTER_FAULT_NONE || gj_admin_roster_refuse(ctx, fault, "user", line->role);
}

void gj_admin_roster_cover(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__RosterCoverRequest *request = (const Gj__V1__RosterCoverRequest *)message;
    Gj__V1__RosterLine line = GJ__V1__ROSTER_LINE__INIT;
    struct gj_roster_span span;
    struct gj_access_answer right;
    line.office = request->office;
    line.region = request->region;
    line.role = request->role;
    line.user = request->user;
    line.covers = request->covers;
    line.kind = (char *)(uintptr_t)gj_roster_kind_word(GJ_ROSTER_COVER);
    line.from = request->from == 0 ? ctx->now_ms : request->from;
    line.until = request->until;
    if (!gj_admin_roster_allowed(ctx, request->office, request->region, GJ_ACCESS_UPDATE, &right) ||
        !gj_admin_roster_span(ctx, &line, &span) || !cover_fits(ctx, &line, &span)) {
        return;
    }
    gj_admin_roster_save(ctx, &line);
    gj_stand_in_office(ctx, request->office, ctx->now_ms);
    struct gj_entry entry =
        gj_admin_entry(ctx, "roster_cover", GJ_SUBJECT_ROSTER, request->office, request->office, &right);
    entry.has_second = true;
    entry.second = request->covers;
    entry.related_kind = GJ_SUBJECT_USER;
    entry.related = request->user;
    entry.has_related = true;
    entry.value = request->until;
    entry.has_value = true;
    (void)gj_door_append(ctx, &entry, NULL);
    gj_duty_gaps_review(ctx, request->office);
}

/* ---- the list of a moment ---- */

struct listing {
    struct gj_ctx *ctx;
    Gj__V1__DutyList *out;
    int64_t at_ms;
};

static char *name_of(struct gj_ctx *ctx, uint64_t user)
{
    Gj__Stored__Staff *staff = NULL;
    struct gj_key key = gj_key_of_u64(user);
    bool found =
        gj_record_load(ctx->txn, GJ_TABLE_STAFF, &key, &gj__stored__staff__descriptor, ctx->arena, (void **)&staff);
    return found ? staff->name : (char *)(uintptr_t) "";
}

static const char *presence_word(enum gj_presence presence)
{
    switch (presence) {
    case GJ_PRESENCE_DUTY:
        return "duty";
    case GJ_PRESENCE_STANDBY:
        return "standby";
    case GJ_PRESENCE_LEAVE:
        return "leave";
    case GJ_PRESENCE_OFF:
        break;
    }
    return "covered"; /* off during a line of one's own: somebody stands in */
}

static bool add_person(struct listing *listing, const struct gj_roster *roster, const struct gj_roster_span *span,
    enum gj_reach_level level)
{
    struct gj_ctx *ctx = listing->ctx;
    const struct gj_role *role = gj_policy_role_by_number(ctx->policy, span->role);
    Gj__V1__OnDuty *person = GJ_ARENA_NEW(ctx->arena, Gj__V1__OnDuty);
    if (person == NULL) {
        return gj_door_failed(ctx, gj_arena_why(ctx->arena));
    }
    gj__v1__on_duty__init(person);
    enum gj_presence presence = gj_roster_presence(roster, span->user, span->role, listing->at_ms);
    person->user = span->user;
    person->name = name_of(ctx, span->user);
    person->role = (char *)(uintptr_t)(role == NULL ? "" : role->code);
    person->presence = (char *)(uintptr_t)presence_word(presence);
    person->from = span->from;
    person->until = span->until;
    person->covers = span->covers;
    person->covered_by =
        span->kind == GJ_ROSTER_DUTY ? gj_duty_covered_by(roster, span->user, span->role, listing->at_ms) : 0;
    person->level = (char *)(uintptr_t)gj_find_level(level);
    listing->out->people[listing->out->n_people++] = person;
    return true;
}

static bool add_place(struct listing *listing, uint64_t office, uint64_t region, enum gj_reach_level level)
{
    const struct gj_duty_ask ask = {
        .office = office, .region = region, .from_ms = listing->at_ms, .until_ms = listing->at_ms + 1};
    struct gj_duty duty;
    bool good = gj_duty_load(listing->ctx, &ask, listing->ctx->arena, &duty);
    for (size_t i = 0; good && i < duty.roster.span_count && listing->out->n_people < GJ_ROSTER_LINES_MAX; i++) {
        good = add_person(listing, &duty.roster, &duty.roster.spans[i], level);
    }
    return good;
}

void gj_admin_duty_list(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__DutyListRequest *request = (const Gj__V1__DutyListRequest *)message;
    Gj__V1__DutyList *list = GJ_ARENA_NEW(ctx->arena, Gj__V1__DutyList);
    Gj__V1__OnDuty **people = GJ_ARENA_ARRAY(ctx->arena, GJ_ROSTER_LINES_MAX, Gj__V1__OnDuty *);
    if (list == NULL || people == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return;
    }
    if (!gj_admin_roster_allowed(ctx, request->office, 0, GJ_ACCESS_LIST, NULL)) {
        return;
    }
    if (request->at < 0 || request->at > ctx->now_ms + GJ_ROSTER_SPAN_MAX_MS) {
        (void)gj_door_invalid(ctx, "field_range", "at");
        return;
    }
    gj__v1__duty_list__init(list);
    list->people = people;
    list->at = request->at == 0 ? ctx->now_ms : request->at;
    struct listing listing = {.ctx = ctx, .out = list, .at_ms = list->at};
    uint64_t region = gj_door_region(ctx, request->office);
    bool good = (request->office == 0 || add_place(&listing, request->office, 0, GJ_REACH_ROSTER_OFFICE)) &&
                (region == 0 || add_place(&listing, 0, region, GJ_REACH_ROSTER_REGION)) &&
                add_place(&listing, 0, 0, GJ_REACH_ROSTER_GROUP);
    if (good) {
        gj_answer_ok(ctx, &list->base);
    }
}

/* ---- gaps ---- */

void gj_admin_roster_gaps(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__DutyGapsRequest *request = (const Gj__V1__DutyGapsRequest *)message;
    struct gj_duty_gap found[GJ_DUTY_GAPS_MAX];
    Gj__V1__DutyGaps *list = GJ_ARENA_NEW(ctx->arena, Gj__V1__DutyGaps);
    Gj__V1__DutyGap **gaps = GJ_ARENA_ARRAY(ctx->arena, GJ_DUTY_GAPS_MAX, Gj__V1__DutyGap *);
    Gj__V1__DutyGap *rows = GJ_ARENA_ARRAY(ctx->arena, GJ_DUTY_GAPS_MAX, Gj__V1__DutyGap);
    if (list == NULL || gaps == NULL || rows == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return;
    }
    if (!gj_admin_roster_allowed(ctx, request->office, 0, GJ_ACCESS_LIST, NULL)) {
        return;
    }
    gj__v1__duty_gaps__init(list);
    list->until = gj_duty_gaps_until(ctx);
    list->n_gaps = gj_duty_gaps_find(ctx, request->office, found);
    list->gaps = gaps;
    for (size_t i = 0; i < list->n_gaps; i++) {
        gj__v1__duty_gap__init(&rows[i]);
        rows[i].role = (char *)(uintptr_t)found[i].role;
        rows[i].from = found[i].from_ms;
        rows[i].until = found[i].until_ms;
        rows[i].present = found[i].present;
        rows[i].wanted = found[i].wanted;
        rows[i].open = found[i].open;
        gaps[i] = &rows[i];
    }
    gj_answer_ok(ctx, &list->base);
}
