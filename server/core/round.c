#include "core/round.h"

#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "core/timer.h"
#include "store/record.h"

static bool names(const Gj__Work__Round *round, uint64_t office)
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
static void put_round(struct gj_ctx *ctx, uint16_t call, const Gj__Work__Round *round, uint64_t office, int64_t at_ms)
{
    uint64_t offices[GJ_ROUND_OFFICES_MAX];
    Gj__Work__Round next = *round;
    bool all =
        office == 0 || round->n_offices == 0 || (round->n_offices == GJ_ROUND_OFFICES_MAX && !names(round, office));
    next.offices = offices;
    next.n_offices = 0;
    for (size_t i = 0; !all && i < round->n_offices; i++) {
        offices[next.n_offices++] = round->offices[i];
    }
    if (!all && !names(round, office)) {
        offices[next.n_offices++] = office;
    }
    gj_timer_ask(ctx, at_ms, call, &next.base);
}

void gj_round_ask(struct gj_ctx *ctx, uint16_t call, uint64_t office, int64_t at_ms)
{
    const ProtobufCMessage *message = NULL;
    int64_t waits_ms = 0;
    Gj__Work__Round next = GJ__WORK__ROUND__INIT;
    if (!gj_timer_look(ctx, call, &gj__work__round__descriptor, &waits_ms, &message)) {
        next.offices = &office;
        next.n_offices = office == 0 ? 0 : 1;
        gj_timer_ask(ctx, at_ms, call, &next.base);
        return;
    }
    const Gj__Work__Round *round = (const Gj__Work__Round *)message;
    if (round == NULL || (waits_ms <= at_ms && round->after.len == 0 && names(round, office))) {
        return;
    }
    (void)gj_timer_take(ctx, call, &gj__work__round__descriptor, &message);
    next = *round;
    if (at_ms > ctx->now_ms && round->after.len > 0) {
        next.later = sooner(round->later, at_ms); /* when this round is over */
    } else {
        next.after = (ProtobufCBinaryData){0}; /* what was passed already may be concerned */
    }
    put_round(ctx, call, &next, office, waits_ms < at_ms ? waits_ms : at_ms);
}

/* False: the round is full and goes on behind the last record. */
static bool look_at_office(struct gj_ctx *ctx, const struct gj_key *low, const struct gj_key *high, struct gj_key *last,
    size_t *budget, gj_round_fn *visit)
{
    struct gj_key keys[GJ_ROUND_RECORDS_MAX];
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
            visit(ctx, &work);
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
static bool look_at_all(struct gj_ctx *ctx, const Gj__Work__Round *round, struct gj_key *last, gj_round_fn *visit)
{
    size_t budget = GJ_ROUND_RECORDS_MAX;
    struct gj_key after = gj_key_of_bytes(round->after.data, round->after.len);
    if (round->after.len > 0) {
        gj_key_after(&after);
    }
    if (round->n_offices == 0) {
        return look_at_office(ctx, &after, NULL, last, &budget, visit);
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
        if (!look_at_office(ctx, &low, bounded ? &high : NULL, last, &budget, visit)) {
            return false;
        }
    }
    return true;
}

bool gj_round_apply(
    struct gj_ctx *ctx, uint16_t call, const ProtobufCMessage *message, gj_round_fn *visit, Gj__Work__Round *round)
{
    (void)gj_timer_take(ctx, call, &gj__work__round__descriptor, &message);
    const ProtobufCMessage *asked = NULL;
    int64_t asked_ms = 0;
    struct gj_key last;
    gj_key_init(&last);
    *round = *(const Gj__Work__Round *)message;
    bool over = look_at_all(ctx, round, &last, visit);
    /* What those records asked for joins this round. */
    if (gj_timer_look(ctx, call, &gj__work__round__descriptor, &asked_ms, &asked)) {
        (void)gj_timer_take(ctx, call, &gj__work__round__descriptor, &asked);
        round->later = sooner(round->later, asked_ms);
    }
    if (over) {
        for (size_t i = 0; round->later != 0 && i < round->n_offices; i++) {
            gj_round_ask(ctx, call, round->offices[i], round->later);
        }
        if (round->later != 0 && round->n_offices == 0) {
            gj_round_ask(ctx, call, 0, round->later);
        }
        return true;
    }
    if (last.len > 0) {
        round->after = (ProtobufCBinaryData){.data = last.bytes, .len = last.len};
    }
    gj_timer_ask(ctx, ctx->now_ms, call, &round->base);
    return false;
}
