/* The duty roster (值班表): who is reached when an office has nobody for a step, then the region's, then headquarters'.
 */
#include <string.h>

#include "common/calendar.h"
#include "common/limits.h"
#include "common/policy/deadline.h"
#include "core/core.h"
#include "core/duty.h"
#include "core/duty_gaps.h"
#include "core/notify_people.h"
#include "core/stand_in.h"
#include "proto/admin.pb-c.h"
#include "service/admin/admin.h"
#include "store/record.h"

/* Lines around a period that stay and are looked at: a day of them. */
#define STAYING_MAX 400

bool gj_admin_roster_allowed(
    struct gj_ctx *ctx, uint64_t office, uint64_t region, enum gj_access_action action, struct gj_access_answer *right)
{
    struct gj_key key = gj_key_of_u64(region);
    if (office != 0 && region != 0) {
        return gj_door_invalid(ctx, "field_twice", "region");
    }
    if (region != 0 && !gj_txn_exists(ctx->txn, GJ_TABLE_REGION, &key)) {
        return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "region", NULL);
    }
    return gj_door_office(ctx, office, "office") &&
           gj_door_check_view(
               ctx, GJ_DOOR_ROSTER, action, office, office != 0 ? gj_door_region(ctx, office) : region, NULL, right);
}

int64_t gj_admin_roster_cover_ms(const struct gj_ctx *ctx)
{
    const struct gj_policy_settings *settings = &ctx->policy->settings;
    return gj_deadline_after(settings, ctx->calendar, ctx->now_ms, settings->cover_max).at_ms - ctx->now_ms;
}

bool gj_admin_roster_refuse(struct gj_ctx *ctx, enum gj_roster_fault fault, const char *field, const char *what)
{
    const char *code = gj_arena_printf(ctx->arena, "roster_%s", gj_roster_fault_word(fault));
    return code == NULL ? gj_door_failed(ctx, gj_arena_why(ctx->arena))
                        : gj_refuse(ctx, GJ__V1__STATUS__REFUSED, code, field, what, NULL);
}

static bool person_known(struct gj_ctx *ctx, uint64_t id, const char *field)
{
    const Gj__Stored__User *user = gj_admin_user(ctx, id);
    return (user != NULL && !user->disabled) ||
           gj_refuse(ctx, user == NULL ? GJ__V1__STATUS__NOT_FOUND : GJ__V1__STATUS__REFUSED,
               user == NULL ? "reference_unknown" : "reference_inactive", field, NULL);
}

/* An empty word is duty: lines of before there were kinds. 0: no kind. */
static enum gj_roster_kind kind_of(const char *word)
{
    if (word[0] == '\0') {
        return GJ_ROSTER_DUTY;
    }
#define KIND(name, number, text)                                                                                       \
    if (strcmp(word, text) == 0) {                                                                                     \
        return GJ_ROSTER_##name;                                                                                       \
    }
    GJ_ROSTER_KIND_LIST(KIND)
#undef KIND
    return (enum gj_roster_kind)0;
}

bool gj_admin_roster_span(struct gj_ctx *ctx, const Gj__V1__RosterLine *line, struct gj_roster_span *out)
{
    const struct gj_role *role = gj_policy_role(ctx->policy, line->role);
    if (role == NULL) {
        return gj_door_invalid(ctx, "field_choice", "role");
    }
    *out = (struct gj_roster_span){.user = line->user,
        .role = role->number,
        .kind = kind_of(line->kind),
        .covers = line->covers,
        .from = line->from,
        .until = line->until};
    if (out->kind == 0) {
        return gj_door_invalid(ctx, "field_choice", "kind");
    }
    if ((line->covers != 0) != (out->kind == GJ_ROSTER_COVER)) {
        return gj_door_invalid(ctx, line->covers == 0 ? "field_missing" : "field_not_here", "covers");
    }
    return person_known(ctx, line->user, "user") && (line->covers == 0 || person_known(ctx, line->covers, "covers"));
}

static bool lines_read(
    struct gj_ctx *ctx, const Gj__V1__RosterSetRequest *request, struct gj_roster_span spans[GJ_ROSTER_LINES_MAX])
{
    if (request->n_lines > GJ_ROSTER_LINES_MAX) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "limit_reached", "lines", NULL);
    }
    if (request->from <= 0 || request->until <= request->from ||
        request->until - request->from > GJ_ROSTER_SPAN_MAX_MS) {
        return gj_door_invalid(ctx, "field_range", "until");
    }
    for (size_t i = 0; i < request->n_lines; i++) {
        if (!gj_admin_roster_span(ctx, request->lines[i], &spans[i])) {
            return false;
        }
        if (spans[i].from < request->from || spans[i].from >= request->until) {
            return gj_door_invalid(ctx, "field_range", "lines");
        }
    }
    return true;
}

/* Two lines of one person that begin together as the same would be one row. */
static bool same_row(const struct gj_roster *roster, const struct gj_roster_span *added)
{
    for (size_t i = 0; i < roster->span_count; i++) {
        const struct gj_roster_span *span = &roster->spans[i];
        if (span->user == added->user && span->role == added->role && span->from == added->from) {
            return true;
        }
    }
    return false;
}

/* What was put down for the time around the period and stays: lines that begin before it or behind it. */
static bool add_staying(struct gj_ctx *ctx, const Gj__V1__RosterSetRequest *request, int64_t from_ms, int64_t until_ms,
    struct gj_roster_span *all, size_t *count)
{
    const struct gj_duty_ask ask = {
        .office = request->office, .region = request->region, .from_ms = from_ms, .until_ms = until_ms};
    struct gj_duty duty;
    if (!gj_duty_load(ctx, &ask, ctx->arena, &duty)) {
        return false;
    }
    for (size_t i = 0; i < duty.roster.span_count; i++) {
        const struct gj_roster_span *span = &duty.roster.spans[i];
        bool here = until_ms <= request->until ? span->from < request->from : span->from >= request->until;
        if (here && *count < STAYING_MAX) {
            all[(*count)++] = *span;
        }
    }
    return true;
}

/* The roster with the lines, kept apart from one another: *kept of its spans stay, the lines come behind them. */
static bool put_together(struct gj_ctx *ctx, const Gj__V1__RosterSetRequest *request,
    const struct gj_roster_span spans[GJ_ROSTER_LINES_MAX], struct gj_roster *roster, struct gj_roster_span **all)
{
    int64_t behind_ms = request->until + GJ_ROSTER_HOURS_MAX * GJ_MS_PER_HOUR;
    size_t kept = 0;
    *all = GJ_ARENA_ARRAY(ctx->arena, STAYING_MAX + GJ_ROSTER_LINES_MAX, struct gj_roster_span);
    if (*all == NULL) {
        return gj_door_failed(ctx, gj_arena_why(ctx->arena));
    }
    if (!add_staying(ctx, request, request->from, request->from + 1, *all, &kept) ||
        !add_staying(ctx, request, request->until, behind_ms, *all, &kept)) {
        return false;
    }
    memcpy(*all + kept, spans, request->n_lines * sizeof(spans[0]));
    *roster = (struct gj_roster){.spans = *all, .span_count = kept + request->n_lines};
    bool good = gj_duty_leaves(ctx, request->from, behind_ms, ctx->arena, roster);
    roster->span_count = kept;
    return good;
}

/* Adds the lines one by one to what stays: whoever stands in behind those whose duty it is. */
static bool lines_fit(
    struct gj_ctx *ctx, const Gj__V1__RosterSetRequest *request, const struct gj_roster_span spans[GJ_ROSTER_LINES_MAX])
{
    struct gj_roster roster;
    struct gj_roster_span *all = NULL;
    if (!put_together(ctx, request, spans, &roster, &all)) {
        return false;
    }
    for (int covers = 0; covers < 2; covers++) {
        for (size_t i = 0; i < request->n_lines; i++) {
            if ((spans[i].kind == GJ_ROSTER_COVER) != (covers == 1)) {
                continue;
            }
            enum gj_roster_fault fault = gj_roster_check(&roster, &spans[i], gj_admin_roster_cover_ms(ctx));
            if (fault == GJ_ROSTER_FAULT_NONE && same_row(&roster, &spans[i])) {
                fault = GJ_ROSTER_FAULT_OVERLAP;
            }
            if (fault != GJ_ROSTER_FAULT_NONE) {
                return gj_admin_roster_refuse(ctx, fault, "lines", gj_arena_printf(ctx->arena, "%zu", i + 1));
            }
            all[roster.span_count++] = spans[i];
        }
    }
    return true;
}

/* Lines that begin in the period give way to the new ones. */
static void clear_period(struct gj_ctx *ctx, const Gj__V1__RosterSetRequest *request)
{
    struct gj_key place = gj_people_roster_place(request->office, request->region);
    struct gj_iter iter;
    gj_iter_prefix(&iter, ctx->txn, GJ_TABLE_ROSTER, &place, GJ_FORWARD);
    while (gj_iter_next(&iter)) {
        Gj__Stored__Roster *row = NULL;
        if (!gj_record_unpack(ctx->txn, &iter.value, &gj__stored__roster__descriptor, ctx->arena, (void **)&row)) {
            break;
        }
        if (row->from >= request->from && row->from < request->until) {
            struct gj_key key = gj_key_of_bytes(iter.key.data, iter.key.len);
            (void)gj_txn_del(ctx->txn, GJ_TABLE_ROSTER, &key);
        }
    }
    gj_iter_close(&iter);
}

void gj_admin_roster_save(struct gj_ctx *ctx, const Gj__V1__RosterLine *line)
{
    Gj__Stored__Roster row = GJ__STORED__ROSTER__INIT;
    enum gj_roster_kind kind = kind_of(line->kind);
    row.office = line->office;
    row.region = line->region;
    row.role = line->role;
    row.user = line->user;
    row.from = line->from;
    row.until = line->until;
    row.kind = kind == GJ_ROSTER_DUTY ? 0 : kind;
    row.covers = line->covers;
    struct gj_key key = gj_people_roster_key(row.office, row.region, row.role, row.from, row.user);
    gj_record_save(ctx->txn, GJ_TABLE_ROSTER, &key, &row.base);
}

void gj_admin_roster_set(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__RosterSetRequest *request = (const Gj__V1__RosterSetRequest *)message;
    struct gj_roster_span spans[GJ_ROSTER_LINES_MAX];
    struct gj_access_answer right;
    if (!gj_admin_roster_allowed(ctx, request->office, request->region, GJ_ACCESS_UPDATE, &right) ||
        !lines_read(ctx, request, spans) || !lines_fit(ctx, request, spans)) {
        return;
    }
    clear_period(ctx, request);
    for (size_t i = 0; i < request->n_lines; i++) {
        Gj__V1__RosterLine line = *request->lines[i];
        line.office = request->office;
        line.region = request->region;
        gj_admin_roster_save(ctx, &line);
    }
    gj_stand_in_office(ctx, request->office, ctx->now_ms);
    struct gj_entry entry =
        gj_admin_entry(ctx, "roster_set", GJ_SUBJECT_ROSTER, request->office, request->office, &right);
    entry.value = (int64_t)request->n_lines;
    entry.has_value = true;
    (void)gj_door_append(ctx, &entry, NULL);
    gj_duty_gaps_review(ctx, request->office);
}

static bool is_wanted(const struct gj_ctx *ctx, const Gj__V1__RosterListRequest *request, const Gj__Stored__Roster *row)
{
    if (request->at != 0) {
        return row->from <= request->at && request->at < row->until;
    }
    int64_t from_ms = request->from != 0 ? request->from : ctx->now_ms;
    return row->until > from_ms && (request->until == 0 || row->from < request->until);
}

static bool add_place(struct gj_ctx *ctx, uint64_t office, uint64_t region, const Gj__V1__RosterListRequest *request,
    Gj__V1__RosterList *list)
{
    struct gj_key place = gj_people_roster_place(office, region);
    struct gj_iter iter;
    bool good = true;
    gj_iter_prefix(&iter, ctx->txn, GJ_TABLE_ROSTER, &place, GJ_FORWARD);
    while (good && list->n_lines < GJ_ROSTER_LINES_MAX && gj_iter_next(&iter)) {
        Gj__Stored__Roster *stored = NULL;
        good = gj_record_unpack(ctx->txn, &iter.value, &gj__stored__roster__descriptor, ctx->arena, (void **)&stored);
        if (!good || !is_wanted(ctx, request, stored)) {
            continue;
        }
        Gj__V1__RosterLine *line = GJ_ARENA_NEW(ctx->arena, Gj__V1__RosterLine);
        if (line == NULL) {
            good = gj_door_failed(ctx, gj_arena_why(ctx->arena));
            continue;
        }
        gj__v1__roster_line__init(line);
        line->office = stored->office;
        line->region = stored->region;
        line->role = stored->role;
        line->user = stored->user;
        line->from = stored->from;
        line->until = stored->until;
        line->kind = (char *)(uintptr_t)gj_roster_kind_word(gj_duty_span(ctx->policy, stored).kind);
        line->covers = stored->covers;
        list->lines[list->n_lines++] = line;
    }
    gj_iter_close(&iter);
    return good;
}

/* The office's lines, then those it falls back on: its region's and headquarters'. */
void gj_admin_roster_list(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__RosterListRequest *request = (const Gj__V1__RosterListRequest *)message;
    Gj__V1__RosterList *list = GJ_ARENA_NEW(ctx->arena, Gj__V1__RosterList);
    Gj__V1__RosterLine **lines = GJ_ARENA_ARRAY(ctx->arena, GJ_ROSTER_LINES_MAX, Gj__V1__RosterLine *);
    if (list == NULL || lines == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return;
    }
    gj__v1__roster_list__init(list);
    list->lines = lines;
    if (!gj_admin_roster_allowed(ctx, request->office, 0, GJ_ACCESS_LIST, NULL)) {
        return;
    }
    uint64_t region = gj_door_region(ctx, request->office);
    bool good = add_place(ctx, request->office, 0, request, list) &&
                (region == 0 || add_place(ctx, 0, region, request, list)) &&
                (request->office == 0 || add_place(ctx, 0, 0, request, list));
    if (good) {
        gj_answer_ok(ctx, &list->base);
    }
}
