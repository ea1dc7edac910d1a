/* The round over open work after people have come or gone: who is asked for what is found out anew. */
#include "core/actor_load.h"
#include "core/core.h"
#include "core/notify_people.h"
#include "core/round.h"
#include "core/stand_in.h"
#include "store/record.h"

void gj_stand_in_office(struct gj_ctx *ctx, uint64_t office, int64_t at_ms)
{
    gj_round_ask(ctx, GJ__V1__CALL__SYSTEM_STAND_IN, office, at_ms);
}

void gj_stand_in_person(struct gj_ctx *ctx, uint64_t user)
{
    Gj__Stored__User *row = NULL;
    struct gj_key key = gj_key_of_u64(user);
    if (!gj_record_load(ctx->txn, GJ_TABLE_USER, &key, &gj__stored__user__descriptor, ctx->arena, (void **)&row)) {
        return;
    }
    gj_stand_in_office(ctx, row->office, ctx->now_ms);
    for (size_t i = 0; i < row->n_grants; i++) {
        gj_stand_in_office(ctx, row->grants[i]->office, ctx->now_ms);
    }
    const struct gj_actor_delegation *lent = gj_actor_delegations(ctx->txn, ctx->policy, ctx->now_ms, ctx->arena);
    for (; lent != NULL; lent = lent->next) {
        if (lent->to_user == user) {
            gj_stand_in_office(ctx, lent->office, ctx->now_ms);
        }
    }
}

void gj_stand_in_apply(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    uint64_t offices[GJ_ROUND_OFFICES_MAX];
    size_t count = 0;
    Gj__Work__Round round;
    if (!gj_round_apply(ctx, GJ__V1__CALL__SYSTEM_STAND_IN, message, gj_stand_in_review, &round)) {
        return;
    }
    int64_t next_ms = gj_people_next_change(ctx, offices, GJ_ROUND_OFFICES_MAX, &count);
    for (size_t i = 0; next_ms != INT64_MAX && i < count; i++) {
        gj_stand_in_office(ctx, offices[i], next_ms);
    }
}
