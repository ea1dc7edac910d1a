/* Where somebody may log in: a device belongs to an office. */
#include "core/core.h"
#include "core/health.h"
#include "core/notify_people.h"
#include "service/session/session.h"
#include "store/record.h"

static bool on_roster(struct gj_ctx *ctx, uint64_t user, uint64_t office, uint64_t region)
{
    struct gj_key place = gj_people_roster_place(office, region);
    struct gj_iter iter;
    bool found = false;
    gj_iter_prefix(&iter, ctx->txn, GJ_TABLE_ROSTER, &place, GJ_FORWARD);
    while (!found && gj_iter_next(&iter)) {
        Gj__Stored__Roster *line = NULL;
        if (!gj_record_unpack(ctx->txn, &iter.value, &gj__stored__roster__descriptor, ctx->arena, (void **)&line)) {
            break;
        }
        found = line->user == user && line->from <= ctx->now_ms && ctx->now_ms < line->until;
    }
    gj_iter_close(&iter);
    return found;
}

/* Whoever is on duty for the office, its region or the group stands in there (core/stand_in.h). */
static bool on_duty(struct gj_ctx *ctx, uint64_t user, uint64_t office)
{
    Gj__Stored__Office *row = NULL;
    struct gj_key key = gj_key_of_u64(office);
    bool there = office != 0 && gj_record_load(ctx->txn, GJ_TABLE_OFFICE, &key, &gj__stored__office__descriptor,
                                    ctx->arena, (void **)&row);
    return on_roster(ctx, user, 0, 0) ||
           (there && (on_roster(ctx, user, office, 0) || (row->region != 0 && on_roster(ctx, user, 0, row->region))));
}

bool gj_session_place(struct gj_ctx *ctx, uint64_t user, uint64_t office)
{
    const struct gj_actor *actor = NULL;
    if (ctx->policy == NULL ||
        gj_actor_load(ctx->txn, ctx->policy, user, 0, ctx->now_ms, ctx->arena, &actor, NULL) != GJ_OK) {
        return false;
    }
    for (size_t i = 0; i < actor->grant_count; i++) {
        if (actor->grants[i].office == 0 || actor->grants[i].office == office) {
            return true;
        }
    }
    return on_duty(ctx, user, office);
}

bool gj_session_place_checked(struct gj_ctx *ctx, uint64_t user, uint64_t office)
{
    if (gj_session_place(ctx, user, office)) {
        return true;
    }
    gj_health_login_elsewhere(ctx->core->health);
    return gj_refuse(ctx, GJ__V1__STATUS__DENIED, "login.elsewhere", NULL, NULL);
}
