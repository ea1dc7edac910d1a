/* Lending the own role to a named colleague for a stated period (委托), on record; and absence. */
#include <inttypes.h>
#include <string.h>

#include "common/calendar.h"
#include "common/limits.h"
#include "core/actor.h"
#include "core/duty_gaps.h"
#include "core/stand_in.h"
#include "proto/admin.pb-c.h"
#include "service/admin/admin.h"
#include "service/admin/admin_rules.h"
#include "service/page.h"
#include "service/sealing.h"
#include "store/record.h"

/* How long an absence that is over is kept with the user: long enough for last month's figures. */
#define ABSENCE_KEPT_MS (92 * GJ_MS_PER_DAY)

/* ---- lend ---- */

static bool works_in(const Gj__Stored__User *user, uint64_t office)
{
    bool works = user->office == office;
    for (size_t i = 0; !works && i < user->n_grants; i++) {
        works = user->grants[i]->office == office && !user->grants[i]->pending;
    }
    return works;
}

/* The right to lend a role is having it; the policy says which may be lent. */
static bool lend_allowed(struct gj_ctx *ctx, uint64_t to_user, const char *role, uint64_t office, int64_t from,
    int64_t until, struct gj_access_answer *right)
{
    Gj__Stored__User *to = gj_admin_user(ctx, to_user);
    if (to == NULL) {
        return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "to_user", NULL);
    }
    struct gj_admin_fault fault =
        gj_admin_rules_delegate(ctx->policy, ctx->actor, to, role, office, from, until, ctx->now_ms);
    if (fault.code != NULL) {
        bool invalid = strncmp(fault.code, "field_", 6) == 0;
        return gj_refuse(
            ctx, invalid ? GJ__V1__STATUS__INVALID : GJ__V1__STATUS__REFUSED, fault.code, fault.field, NULL);
    }
    if (!works_in(to, office)) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "colleague_elsewhere", "to_user", NULL);
    }
    *right = (struct gj_access_answer){.by = GJ_ROLE_BIT(gj_policy_role(ctx->policy, role)->number)};
    return true;
}

const ProtobufCMessage *gj_admin_delegate_prepare(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__DelegateRequest *request = (const Gj__V1__DelegateRequest *)message;
    struct gj_access_answer right;
    int64_t from = request->from != 0 ? request->from : ctx->now_ms;
    if (!lend_allowed(ctx, request->to_user, request->role, request->office, from, request->until, &right)) {
        return NULL;
    }
    Gj__Service__Delegate *body = GJ_ARENA_NEW(ctx->arena, Gj__Service__Delegate);
    if (body == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return NULL;
    }
    gj__service__delegate__init(body);
    body->to_user = request->to_user;
    body->role = request->role;
    body->office = request->office;
    body->from = from;
    body->until = request->until;
    return gj_sealing_text(ctx, request->office, request->reason, "reason", &body->reason) ? &body->base : NULL;
}

void gj_admin_delegate(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Service__Delegate *body = (const Gj__Service__Delegate *)message;
    struct gj_access_answer right;
    if (!lend_allowed(ctx, body->to_user, body->role, body->office, body->from, body->until, &right)) {
        return;
    }
    Gj__Stored__Delegation row = GJ__STORED__DELEGATION__INIT;
    row.id = gj_counter_next(ctx->txn, GJ_COUNTER_DELEGATION);
    row.from_user = ctx->actor->user;
    row.to_user = body->to_user;
    row.role = body->role;
    row.office = body->office;
    row.from = body->from;
    row.until = body->until;
    struct gj_key key = gj_key_of_u64(row.id);
    gj_record_save(ctx->txn, GJ_TABLE_DELEGATION, &key, &row.base);
    gj_actor_rights_changed(ctx->txn);
    gj_stand_in_office(ctx, row.office, ctx->now_ms);
    struct gj_entry entry = gj_admin_entry(ctx, "delegate", GJ_SUBJECT_DELEGATION, row.id, row.office, &right);
    entry.revision = 1;
    entry.second = row.to_user;
    entry.has_second = true;
    entry.value = row.until;
    entry.has_value = true;
    (void)gj_entry_word(&entry.reason, row.role);
    entry.has_reason = true;
    (void)gj_door_append(ctx, &entry, body->reason);
    struct gj_notice notice = {.user = row.to_user,
        .code = "delegation.begin",
        .office = row.office,
        .role = row.role,
        .due_at_ms = row.until};
    gj_apply_notice(ctx, &notice);
}

void gj_admin_delegation_end(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    Gj__Stored__Delegation *row = NULL;
    struct gj_access_answer right = {0};
    struct gj_key key = gj_key_of_u64(((const Gj__V1__DelegationEndRequest *)message)->id);
    if (!gj_record_load(
            ctx->txn, GJ_TABLE_DELEGATION, &key, &gj__stored__delegation__descriptor, ctx->arena, (void **)&row)) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "id", NULL);
        return;
    }
    bool concerned = ctx->actor->user == row->from_user || ctx->actor->user == row->to_user;
    if (!concerned && !gj_door_check(ctx, GJ_DOOR_OWN_PEOPLE, GJ_ACCESS_UPDATE, row->office, &right)) {
        return;
    }
    if (row->ended || row->until <= ctx->now_ms) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "reference_inactive", "id", NULL);
        return;
    }
    row->ended = true;
    gj_record_save(ctx->txn, GJ_TABLE_DELEGATION, &key, &row->base);
    gj_actor_rights_changed(ctx->txn);
    gj_stand_in_office(ctx, row->office, ctx->now_ms);
    struct gj_entry entry = gj_admin_entry(ctx, "delegation_end", GJ_SUBJECT_DELEGATION, row->id, row->office, &right);
    entry.revision = 2;
    entry.second = row->to_user;
    entry.has_second = true;
    (void)gj_door_append(ctx, &entry, NULL);
}

/* ---- list ---- */

static bool shows_delegation(struct gj_ctx *ctx, const struct gj_value *value, const void *filter)
{
    const Gj__V1__DelegationListRequest *request = filter;
    Gj__Stored__Delegation *row = NULL;
    return gj_record_unpack(ctx->txn, value, &gj__stored__delegation__descriptor, ctx->arena, (void **)&row) &&
           (request->office == 0 || row->office == request->office) &&
           (row->from_user == ctx->actor->user || row->to_user == ctx->actor->user ||
               gj_door_may(ctx, GJ_DOOR_OWN_PEOPLE, GJ_ACCESS_LIST, row->office));
}

static Gj__V1__Delegation *wire(struct gj_ctx *ctx, const Gj__Stored__Delegation *stored)
{
    Gj__V1__Delegation *row = GJ_ARENA_NEW(ctx->arena, Gj__V1__Delegation);
    if (row == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return NULL;
    }
    gj__v1__delegation__init(row);
    row->id = stored->id;
    row->from_user = stored->from_user;
    row->to_user = stored->to_user;
    row->role = stored->role;
    row->office = stored->office;
    row->from = stored->from;
    row->until = stored->until;
    row->ended = stored->ended || stored->until <= ctx->now_ms;
    return row;
}

/* The newest ones of the office, at most a page: older ones are in the audit log. */
void gj_admin_delegation_list(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    Gj__V1__DelegationList *list = GJ_ARENA_NEW(ctx->arena, Gj__V1__DelegationList);
    Gj__V1__Delegation **rows = GJ_ARENA_ARRAY(ctx->arena, GJ_PAGE_ROWS_MAX, Gj__V1__Delegation *);
    if (list == NULL || rows == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return;
    }
    gj__v1__delegation_list__init(list);
    list->delegations = rows;
    struct gj_page_sieve sieve;
    struct gj_iter iter;
    gj_page_sieve_init(&sieve, shows_delegation, message);
    gj_iter_range(&iter, ctx->txn, GJ_TABLE_DELEGATION, NULL, NULL, GJ_BACKWARD);
    for (unsigned looked = 0;
         looked < GJ_PAGE_LOOK_MAX && list->n_delegations < GJ_PAGE_ROWS_MAX && gj_iter_next(&iter); looked++) {
        Gj__Stored__Delegation *stored = NULL;
        if (!gj_page_sieve_shows(&sieve, ctx, &iter.value)) {
            continue;
        }
        rows[list->n_delegations] =
            gj_record_unpack(ctx->txn, &iter.value, &gj__stored__delegation__descriptor, ctx->arena, (void **)&stored)
                ? wire(ctx, stored)
                : NULL;
        if (rows[list->n_delegations] == NULL) {
            break;
        }
        list->n_delegations++;
    }
    gj_iter_close(&iter);
    gj_page_sieve_fini(&sieve);
    gj_answer_ok(ctx, &list->base);
}

/* ---- absence ---- */

static bool absence_allowed(struct gj_ctx *ctx, uint64_t user, int64_t from, int64_t until, Gj__Stored__User **row,
    struct gj_access_answer *right)
{
    struct gj_admin_fault fault = gj_admin_rules_absence(from, until, ctx->now_ms);
    *row = gj_admin_user(ctx, user);
    *right = (struct gj_access_answer){0};
    if (fault.code != NULL) {
        return gj_door_invalid(ctx, fault.code, fault.field);
    }
    if (*row == NULL) {
        return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "user", NULL);
    }
    return user == ctx->actor->user || gj_door_check(ctx, GJ_DOOR_OWN_PEOPLE, GJ_ACCESS_UPDATE, (*row)->office, right);
}

const ProtobufCMessage *gj_admin_absence_prepare(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__AbsenceRequest *request = (const Gj__V1__AbsenceRequest *)message;
    uint64_t user = request->user != 0 ? request->user : ctx->actor->user;
    Gj__Stored__User *row = NULL;
    struct gj_access_answer right;
    if (!absence_allowed(ctx, user, request->from, request->until, &row, &right)) {
        return NULL;
    }
    Gj__Service__Absence *body = GJ_ARENA_NEW(ctx->arena, Gj__Service__Absence);
    if (body == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return NULL;
    }
    gj__service__absence__init(body);
    body->user = user;
    body->from = request->from;
    body->until = request->until;
    return gj_sealing_text(ctx, row->office, request->reason, "reason", &body->reason) ? &body->base : NULL;
}

void gj_admin_absence(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Service__Absence *body = (const Gj__Service__Absence *)message;
    Gj__Stored__User *user = NULL;
    struct gj_access_answer right;
    if (!absence_allowed(ctx, body->user, body->from, body->until, &user, &right)) {
        return;
    }
    Gj__Stored__Absence **kept = GJ_ARENA_ARRAY(ctx->arena, user->n_absences + 1, Gj__Stored__Absence *);
    Gj__Stored__Absence absence = GJ__STORED__ABSENCE__INIT;
    size_t count = 0;
    if (kept == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    for (size_t i = 0; i < user->n_absences; i++) {
        if (user->absences[i]->until > ctx->now_ms - ABSENCE_KEPT_MS) {
            kept[count++] = user->absences[i];
        }
    }
    if (count >= GJ_USER_ABSENCES_MAX) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "limit_reached", "from", NULL);
        return;
    }
    absence.from = body->from;
    absence.until = body->until;
    kept[count++] = &absence;
    user->absences = kept;
    user->n_absences = count;
    gj_admin_user_save(ctx, user);
    struct gj_entry entry = gj_admin_entry(ctx, "absence", GJ_SUBJECT_USER, user->id, user->office, &right);
    entry.revision = user->revision;
    entry.value = body->until;
    entry.has_value = true;
    (void)gj_door_append(ctx, &entry, body->reason);
    gj_duty_gaps_person(ctx, user);
}
