/* The round over open work after people have come or gone: who is asked for what is found out anew, a bounded number of
 * records a time. */
#include <stdlib.h>
#include <string.h>

#include "core/actor_load.h"
#include "core/core.h"
#include "core/notify_people.h"
#include "core/stand_in.h"
#include "core/timer.h"
#include "core/work.pb-c.h"
#include "store/record.h"

static bool names(const Gj__Work__StandIn *round, uint64_t office)
{
    for (size_t i = 0; i < round->n_offices; i++) {
        if (round->offices[i] == office) {
            return true;
        }
    }
    return round->n_offices == 0;
}

static int64_t sooner(int64_t a_ms, int64_t b_ms)
{
    return a_ms == 0 || (b_ms != 0 && b_ms < a_ms) ? b_ms : a_ms;
}

/* Puts the row anew: these offices and one more (0: all). */
static void put_round(struct gj_ctx *ctx, const Gj__Work__StandIn *round, uint64_t office, int64_t at_ms)
{
    uint64_t offices[GJ_STAND_IN_OFFICES_MAX];
    Gj__Work__StandIn next = *round;
    bool all =
        office == 0 || round->n_offices == 0 || (round->n_offices == GJ_STAND_IN_OFFICES_MAX && !names(round, office));
    next.offices = offices;
    next.n_offices = 0;
    for (size_t i = 0; !all && i < round->n_offices; i++) {
        offices[next.n_offices++] = round->offices[i];
    }
    if (!all && !names(round, office)) {
        offices[next.n_offices++] = office;
    }
    gj_timer_ask(ctx, at_ms, GJ__V1__CALL__SYSTEM_STAND_IN, &next.base);
}

void gj_stand_in_office(struct gj_ctx *ctx, uint64_t office, int64_t at_ms)
{
    const ProtobufCMessage *message = NULL;
    int64_t waits_ms = 0;
    Gj__Work__StandIn next = GJ__WORK__STAND_IN__INIT;
    if (!gj_timer_look(ctx, GJ__V1__CALL__SYSTEM_STAND_IN, &gj__work__stand_in__descriptor, &waits_ms, &message)) {
        next.offices = &office;
        next.n_offices = office == 0 ? 0 : 1;
        gj_timer_ask(ctx, at_ms, GJ__V1__CALL__SYSTEM_STAND_IN, &next.base);
        return;
    }
    const Gj__Work__StandIn *round = (const Gj__Work__StandIn *)message;
    if (round == NULL || (waits_ms <= at_ms && round->after.len == 0 && names(round, office))) {
        return;
    }
    (void)gj_timer_take(ctx, GJ__V1__CALL__SYSTEM_STAND_IN, &gj__work__stand_in__descriptor, &message);
    next = *round;
    if (at_ms > ctx->now_ms && round->after.len > 0) {
        next.later = sooner(round->later, at_ms); /* when this round is over */
    } else {
        next.after = (ProtobufCBinaryData){0}; /* what was passed already may be concerned */
    }
    put_round(ctx, &next, office, waits_ms < at_ms ? waits_ms : at_ms);
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

/* False: the round is full and goes on behind the last record. */
static bool look_at_office(
    struct gj_ctx *ctx, const struct gj_key *low, const struct gj_key *high, struct gj_key *last, size_t *budget)
{
    struct gj_key keys[GJ_STAND_IN_RECORDS_MAX];
    size_t count = 0;
    struct gj_iter iter;
    gj_iter_range(&iter, ctx->txn, GJ_TABLE_WORK, low, high, GJ_FORWARD);
    while (count < *budget && gj_iter_next(&iter)) {
        keys[count++] = gj_key_of_bytes(iter.key.data, iter.key.len);
    }
    gj_iter_close(&iter);
    bool whole = count < *budget;
    *budget -= count;
    for (size_t i = 0; i < count; i++) {
        struct gj_key_reader reader = gj_key_read(keys[i].bytes, keys[i].len);
        struct gj_work work;
        if (gj_work_enough(ctx)) {
            return false;
        }
        (void)gj_key_read_u32(&reader);
        (void)gj_key_read_u16(&reader);
        *last = keys[i];
        if (gj_work_load(ctx, gj_key_read_u64(&reader), &work)) {
            gj_stand_in_review(ctx, &work);
        }
    }
    return whole;
}

static int by_number(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

/* True: all that the round names was looked at. */
static bool look_at_all(struct gj_ctx *ctx, const Gj__Work__StandIn *round, struct gj_key *last)
{
    size_t budget = GJ_STAND_IN_RECORDS_MAX;
    struct gj_key after = gj_key_of_bytes(round->after.data, round->after.len);
    if (round->after.len > 0) {
        gj_key_after(&after);
    }
    if (round->n_offices == 0) {
        return look_at_office(ctx, &after, NULL, last, &budget);
    }
    qsort(round->offices, round->n_offices, sizeof(round->offices[0]), by_number);
    for (size_t i = 0; i < round->n_offices; i++) {
        struct gj_key low;
        gj_key_init(&low);
        gj_key_u32(&low, (uint32_t)round->offices[i]);
        struct gj_key high = low;
        bool bounded = gj_key_after_prefix(&high);
        if (after.len > 0 && memcmp(after.bytes, low.bytes, low.len) > 0) {
            if (bounded && memcmp(after.bytes, high.bytes, high.len) >= 0) {
                continue;
            }
            low = after;
        } else if (after.len > 0 && memcmp(after.bytes, low.bytes, low.len) == 0) {
            low = after;
        }
        if (!look_at_office(ctx, &low, bounded ? &high : NULL, last, &budget)) {
            return false;
        }
    }
    return true;
}

/* The round is over: the next is due when the first of those seen needs another look, or somebody comes or goes. */
static void plan_next(struct gj_ctx *ctx, const Gj__Work__StandIn *round)
{
    uint64_t offices[GJ_STAND_IN_OFFICES_MAX];
    size_t count = 0;
    for (size_t i = 0; round->later != 0 && i < round->n_offices; i++) {
        gj_stand_in_office(ctx, round->offices[i], round->later);
    }
    if (round->later != 0 && round->n_offices == 0) {
        gj_stand_in_office(ctx, 0, round->later);
    }
    int64_t next_ms = gj_people_next_change(ctx, offices, GJ_STAND_IN_OFFICES_MAX, &count);
    for (size_t i = 0; next_ms != INT64_MAX && i < count; i++) {
        gj_stand_in_office(ctx, offices[i], next_ms);
    }
}

void gj_stand_in_apply(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    (void)gj_timer_take(ctx, GJ__V1__CALL__SYSTEM_STAND_IN, &gj__work__stand_in__descriptor, &message);
    Gj__Work__StandIn round = *(const Gj__Work__StandIn *)message;
    const ProtobufCMessage *asked = NULL;
    int64_t asked_ms = 0;
    struct gj_key last;
    gj_key_init(&last);
    bool over = look_at_all(ctx, &round, &last);
    /* What those records asked for joins this round. */
    if (gj_timer_look(ctx, GJ__V1__CALL__SYSTEM_STAND_IN, &gj__work__stand_in__descriptor, &asked_ms, &asked)) {
        (void)gj_timer_take(ctx, GJ__V1__CALL__SYSTEM_STAND_IN, &gj__work__stand_in__descriptor, &asked);
        round.later = sooner(round.later, asked_ms);
    }
    if (over) {
        plan_next(ctx, &round);
        return;
    }
    if (last.len > 0) {
        round.after = (ProtobufCBinaryData){.data = last.bytes, .len = last.len};
    }
    gj_timer_ask(ctx, ctx->now_ms, GJ__V1__CALL__SYSTEM_STAND_IN, &round.base);
}
