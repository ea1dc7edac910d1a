/* The duty roster (值班表): who is reached when an office has nobody for a step, then the region's, then headquarters'.
 */
#include "common/calendar.h"
#include "common/limits.h"
#include "core/notify_people.h"
#include "core/stand_in.h"
#include "proto/admin.pb-c.h"
#include "service/admin/admin.h"
#include "store/record.h"

/* A roster is planned for a season, not for ever. */
#define ROSTER_SPAN_MAX_MS (370 * GJ_MS_PER_DAY)

static bool place_allowed(
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

static bool lines_checked(struct gj_ctx *ctx, const Gj__V1__RosterSetRequest *request)
{
    if (request->n_lines > GJ_ROSTER_LINES_MAX) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "limit_reached", "lines", NULL);
    }
    if (request->from <= 0 || request->until <= request->from || request->until - request->from > ROSTER_SPAN_MAX_MS) {
        return gj_door_invalid(ctx, "field_range", "until");
    }
    for (size_t i = 0; i < request->n_lines; i++) {
        const Gj__V1__RosterLine *line = request->lines[i];
        if (gj_policy_role(ctx->policy, line->role) == NULL) {
            return gj_door_invalid(ctx, "field_choice", "role");
        }
        if (line->from < request->from || line->from >= request->until || line->until <= line->from ||
            line->until > request->until) {
            return gj_door_invalid(ctx, "field_range", "lines");
        }
        const Gj__Stored__User *user = gj_admin_user(ctx, line->user);
        if (user == NULL || user->disabled) {
            return gj_refuse(ctx, user == NULL ? GJ__V1__STATUS__NOT_FOUND : GJ__V1__STATUS__REFUSED,
                user == NULL ? "reference_unknown" : "reference_inactive", "user", NULL);
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

void gj_admin_roster_set(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__RosterSetRequest *request = (const Gj__V1__RosterSetRequest *)message;
    struct gj_access_answer right;
    if (!place_allowed(ctx, request->office, request->region, GJ_ACCESS_UPDATE, &right) ||
        !lines_checked(ctx, request)) {
        return;
    }
    clear_period(ctx, request);
    for (size_t i = 0; i < request->n_lines; i++) {
        const Gj__V1__RosterLine *line = request->lines[i];
        Gj__Stored__Roster row = GJ__STORED__ROSTER__INIT;
        row.office = request->office;
        row.region = request->region;
        row.role = line->role;
        row.user = line->user;
        row.from = line->from;
        row.until = line->until;
        struct gj_key key = gj_people_roster_key(row.office, row.region, row.role, row.from, row.user);
        gj_record_save(ctx->txn, GJ_TABLE_ROSTER, &key, &row.base);
    }
    gj_stand_in_office(ctx, request->office, ctx->now_ms);
    struct gj_entry entry =
        gj_admin_entry(ctx, "roster_set", GJ_SUBJECT_ROSTER, request->office, request->office, &right);
    entry.value = (int64_t)request->n_lines;
    entry.has_value = true;
    (void)gj_door_append(ctx, &entry, NULL);
}

/* at 0: everything that is not over yet. */
static bool add_place(struct gj_ctx *ctx, uint64_t office, uint64_t region, int64_t at_ms, Gj__V1__RosterList *list)
{
    struct gj_key place = gj_people_roster_place(office, region);
    struct gj_iter iter;
    bool good = true;
    gj_iter_prefix(&iter, ctx->txn, GJ_TABLE_ROSTER, &place, GJ_FORWARD);
    while (good && list->n_lines < GJ_ROSTER_LINES_MAX && gj_iter_next(&iter)) {
        Gj__Stored__Roster *stored = NULL;
        good = gj_record_unpack(ctx->txn, &iter.value, &gj__stored__roster__descriptor, ctx->arena, (void **)&stored);
        if (!good || (at_ms != 0 && (stored->from > at_ms || stored->until <= at_ms)) ||
            (at_ms == 0 && stored->until <= ctx->now_ms)) {
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
    if (!place_allowed(ctx, request->office, 0, GJ_ACCESS_LIST, NULL)) {
        return;
    }
    uint64_t region = gj_door_region(ctx, request->office);
    bool good = add_place(ctx, request->office, 0, request->at, list) &&
                (region == 0 || add_place(ctx, 0, region, request->at, list)) &&
                (request->office == 0 || add_place(ctx, 0, 0, request->at, list));
    if (good) {
        gj_answer_ok(ctx, &list->base);
    }
}
