#include "core/push.h"

#include <stdlib.h>
#include <string.h>

#include "common/cursor.h"
#include "common/limits.h"
#include "core/core.h"
#include "core/policies.h"
#include "core/push_impl.h"
#include "store/store.h"

/* Events of one round with the records they are about. */
#define ROUND_ARENA_MAX ((size_t)16 * 1024 * 1024)

enum gj_err gj_push_new(struct gj_core *core, struct gj_push **out)
{
    struct gj_push *push = calloc(1, sizeof *push);

    if (push == NULL) {
        return GJ_ENOMEM;
    }
    gj_arena_init(&push->arena, ROUND_ARENA_MAX);
    push->core = core;
    enum gj_err err = gj_txn_begin_read(core->store, &push->txn);
    if (err == GJ_OK) {
        push->told = gj_push_newest(push);
        gj_txn_reset(push->txn);
        err = gj_actor_cache_new(&push->actors);
    }
    if (err == GJ_OK && core->loop != NULL) {
        err = uv_idle_init(core->loop, &push->idle) == 0 ? GJ_OK : GJ_ESYS;
        push->idle.data = push;
    }
    if (err != GJ_OK) {
        gj_actor_cache_free(push->actors);
        gj_txn_abort(push->txn);
        free(push);
        return err;
    }
    *out = push;
    return GJ_OK;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void gj_push_free(struct gj_push *push)
{
    if (push == NULL) {
        return;
    }
    gj_actor_cache_free(push->actors);
    gj_txn_abort(push->txn);
    gj_arena_fini(&push->arena);
    if (push->core->loop != NULL) {
        uv_close((uv_handle_t *)&push->idle, on_closed);
    } else {
        free(push);
    }
}

uint64_t gj_push_newest(struct gj_push *push)
{
    uint64_t events = gj_txn_events(push->txn);

    return events == 0 ? 0 : events - 1;
}

uint64_t gj_push_count(const struct gj_push *push)
{
    return push->count;
}

/* ---- telling ---- */

static size_t picked_bytes(const struct gj_push *push, const struct gj_subscription *subscription)
{
    size_t len = 0;

    for (unsigned w = 0; w < GJ_PUSH_EVENTS_MAX / 64; w++) {
        for (uint64_t bits = subscription->picked[w]; bits != 0; bits &= bits - 1) {
            len += push->events[w * 64 + (unsigned)__builtin_ctzll(bits)].len;
        }
    }
    return len;
}

/* The fields of Push but its events; the events go between, already encoded. */
static void write_head(
    struct gj_writer *wr, const struct gj_push *push, const struct gj_subscription *subscription, uint64_t to)
{
    gj_writer_u8(wr, 0x08);
    gj_writer_varint(wr, subscription->id);
    gj_writer_u8(wr, 0x10);
    gj_writer_varint(wr, subscription->sent_to);
    gj_writer_u8(wr, 0x18);
    gj_writer_varint(wr, to);
    gj_writer_u8(wr, 0x30);
    gj_writer_varint(wr, gj_store_epoch(push->core->store));
}

enum gj_err gj_push_tell(struct gj_push *push, struct gj_subscription *subscription, uint64_t to, const char *ended)
{
    struct gj_writer head;
    struct gj_writer front;
    uint8_t head_bytes[64];
    uint8_t front_bytes[16];
    uint8_t *room = NULL;
    size_t events_len = picked_bytes(push, subscription);

    gj_writer_init_fixed(&head, head_bytes, sizeof head_bytes);
    write_head(&head, push, subscription, to);
    if (ended != NULL) {
        gj_writer_u8(&head, 0x2A);
        gj_writer_blob(&head, ended, strlen(ended));
    }
    /* Envelope.push is field 3. */
    gj_writer_init_fixed(&front, front_bytes, sizeof front_bytes);
    gj_writer_u8(&front, 0x1A);
    gj_writer_varint(&front, head.len + events_len);
    if (gj_writer_done(&head) != GJ_OK || gj_writer_done(&front) != GJ_OK) {
        return GJ_ETOOBIG;
    }
    struct gj_peer *peer = subscription->peer;
    size_t len = front.len + head.len + events_len;
    enum gj_err err = peer->ops->begin(peer, len, &room);
    if (err != GJ_OK) {
        return err;
    }
    memcpy(room, front_bytes, front.len);
    memcpy(room + front.len, head_bytes, head.len);
    uint8_t *at = room + front.len + head.len;
    for (unsigned w = 0; w < GJ_PUSH_EVENTS_MAX / 64; w++) {
        for (uint64_t bits = subscription->picked[w]; bits != 0; bits &= bits - 1) {
            const struct gj_push_event *event = &push->events[w * 64 + (unsigned)__builtin_ctzll(bits)];

            memcpy(at, event->bytes, event->len);
            at += event->len;
        }
    }
    peer->ops->end(peer, len);
    subscription->sent_to = to;
    return GJ_OK;
}

void gj_push_end(struct gj_push *push, struct gj_subscription *subscription, const char *code)
{
    struct gj_peer *peer = subscription->peer;

    if (code != NULL && !peer->closing) {
        memset(subscription->picked, 0, sizeof subscription->picked);
        (void)!gj_push_tell(push, subscription, subscription->sent_to, code);
    }
    gj_push_unwait(push, subscription);
    for (struct gj_subscription **at = &peer->subscriptions; *at != NULL; at = &(*at)->next_of_peer) {
        if (*at == subscription) {
            *at = subscription->next_of_peer;
            break;
        }
    }
    unsigned nodes = subscription->office_count == 0 ? 1 : subscription->office_count;
    for (unsigned i = 0; i < nodes; i++) {
        struct gj_office_node *node = &subscription->offices[i];

        *node->link = node->next;
        if (node->next != NULL) {
            node->next->link = node->link;
        }
    }
    peer->subscription_count--;
    push->count--;
    free(subscription->kinds);
    free(subscription);
}

void gj_push_drop(struct gj_push *push, struct gj_peer *peer, const char *code)
{
    while (peer->subscriptions != NULL) {
        gj_push_end(push, peer->subscriptions, code);
    }
}

/* ---- live ---- */

static void pick(struct gj_push *push, struct gj_office_node *list, unsigned at)
{
    const struct gj_push_event *event = &push->events[at];

    for (struct gj_office_node *node = list; node != NULL; node = node->next) {
        struct gj_subscription *subscription = node->subscription;

        if (subscription->state != GJ_SUB_LIVE || event->index <= subscription->scanned ||
            (subscription->office_count > 0 && node->office != event->office) || !gj_push_fits(subscription, event)) {
            continue;
        }
        if (!subscription->touched) {
            subscription->touched = true;
            memset(subscription->picked, 0, sizeof subscription->picked);
            subscription->next_touched = push->touched;
            push->touched = subscription;
        }
        subscription->picked[at / 64] |= UINT64_C(1) << (at % 64);
    }
}

/* Takes away what the subscriber has no right to see; false: nothing is left. */
static bool keep_allowed(struct gj_push *push, struct gj_subscription *subscription, const struct gj_actor *actor)
{
    uint64_t left = 0;

    for (unsigned w = 0; w < GJ_PUSH_EVENTS_MAX / 64; w++) {
        for (uint64_t bits = subscription->picked[w]; bits != 0; bits &= bits - 1) {
            unsigned bit = (unsigned)__builtin_ctzll(bits);

            if (!gj_push_allowed(push, actor, &push->events[w * 64 + bit])) {
                subscription->picked[w] &= ~(UINT64_C(1) << bit);
            }
        }
        left |= subscription->picked[w];
    }
    return left != 0;
}

static void tell_touched(struct gj_push *push, uint64_t to)
{
    while (push->touched != NULL) {
        struct gj_subscription *subscription = push->touched;
        const struct gj_actor *actor = NULL;

        push->touched = subscription->next_touched;
        subscription->touched = false;
        enum gj_err err = gj_push_actor(push, subscription, &actor);
        if (err != GJ_OK) {
            gj_push_end(push, subscription, "revoked");
        } else if (!keep_allowed(push, subscription, actor)) {
            continue;
        } else if (subscription->peer->ops->queued(subscription->peer) > GJ_PUSH_QUEUE_MAX) {
            gj_push_end(push, subscription, "slow");
        } else if (gj_push_tell(push, subscription, to, NULL) != GJ_OK) {
            gj_push_end(push, subscription, NULL);
        }
    }
}

static void push_round(struct gj_push *push, uint64_t upto)
{
    unsigned count = 0;

    gj_arena_reset(&push->arena);
    while (push->told < upto && count < GJ_PUSH_EVENTS_MAX) {
        push->told++;
        struct gj_push_event *event = &push->events[count];
        if (!gj_push_build(push, push->told, event) || event->rights == NULL) {
            continue;
        }
        pick(push, push->buckets[event->office % GJ_PUSH_BUCKETS], count);
        pick(push, push->all, count);
        count++;
    }
    tell_touched(push, push->told);
}

void gj_push_batch(struct gj_push *push)
{
    if (gj_txn_renew(push->txn) != GJ_OK) {
        return;
    }
    uint64_t newest = gj_push_newest(push);
    if (push->count == 0) {
        push->told = newest;
    }
    push->policy = gj_policies_current(push->core->policies, push->txn);
    while (push->told < newest) {
        push_round(push, newest);
    }
    gj_txn_reset(push->txn);
}

uint64_t gj_push_reached(struct gj_push *push, struct gj_peer *peer)
{
    for (struct gj_subscription *subscription = peer->subscriptions; subscription != NULL;
         subscription = subscription->next_of_peer) {
        if (subscription->state != GJ_SUB_LIVE) {
            return 0;
        }
    }
    for (struct gj_subscription *subscription = peer->subscriptions; subscription != NULL;
         subscription = subscription->next_of_peer) {
        if (subscription->sent_to < push->told) {
            subscription->sent_to = push->told;
        }
    }
    return push->told;
}

/* ---- subscribing ---- */

static void enlist(struct gj_push *push, struct gj_subscription *subscription, const uint64_t *offices)
{
    unsigned nodes = subscription->office_count == 0 ? 1 : subscription->office_count;

    for (unsigned i = 0; i < nodes; i++) {
        struct gj_office_node *node = &subscription->offices[i];
        struct gj_office_node **list =
            subscription->office_count == 0 ? &push->all : &push->buckets[offices[i] % GJ_PUSH_BUCKETS];

        node->office = subscription->office_count == 0 ? 0 : offices[i];
        node->subscription = subscription;
        node->next = *list;
        node->link = list;
        if (node->next != NULL) {
            node->next->link = &node->next;
        }
        *list = node;
    }
    struct gj_peer *peer = subscription->peer;
    subscription->next_of_peer = peer->subscriptions;
    peer->subscriptions = subscription;
    peer->subscription_count++;
    push->count++;
}

static struct gj_subscription *make(const Gj__V1__SubscribeRequest *request)
{
    size_t nodes = request->n_offices == 0 ? 1 : request->n_offices;
    struct gj_subscription *subscription = calloc(1, sizeof *subscription + nodes * sizeof subscription->offices[0]);

    if (subscription == NULL) {
        return NULL;
    }
    if (request->n_kinds > 0) {
        subscription->kinds = malloc(request->n_kinds * sizeof *subscription->kinds);
        if (subscription->kinds == NULL) {
            free(subscription);
            return NULL;
        }
        memcpy(subscription->kinds, request->kinds, request->n_kinds * sizeof *subscription->kinds);
    }
    subscription->office_count = (uint16_t)request->n_offices;
    subscription->kind_count = (uint16_t)request->n_kinds;
    subscription->assignee = request->assignee;
    return subscription;
}

static bool check(struct gj_ctx *ctx, const Gj__V1__SubscribeRequest *request, const struct gj_role **role)
{
    if (request->n_offices > GJ_SUBSCRIBE_OFFICES_MAX) {
        return gj_refuse(ctx, GJ__V1__STATUS__TOO_LARGE, "subscribe.offices", "offices", NULL);
    }
    if (request->n_kinds > GJ_SUBSCRIBE_KINDS_MAX) {
        return gj_refuse(ctx, GJ__V1__STATUS__TOO_LARGE, "subscribe.kinds", "kinds", NULL);
    }
    if (ctx->peer->subscription_count >= GJ_SUBSCRIPTIONS_MAX) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "subscribe.too_many", NULL, NULL);
    }
    if (request->role[0] != '\0') {
        *role = ctx->policy != NULL ? gj_policy_role(ctx->policy, request->role) : NULL;
        if (*role == NULL) {
            return gj_refuse(ctx, GJ__V1__STATUS__INVALID, "role.unknown", "role", NULL);
        }
    }
    return true;
}

bool gj_push_subscribe(struct gj_push *push, struct gj_ctx *ctx, const Gj__V1__SubscribeRequest *request, uint64_t *id)
{
    const struct gj_role *role = NULL;

    if (!check(ctx, request, &role)) {
        return false;
    }
    struct gj_subscription *subscription = make(request);
    if (subscription == NULL) {
        return gj_refuse(ctx, GJ__V1__STATUS__UNAVAILABLE, "memory", NULL, NULL);
    }
    subscription->id = ++push->last_id;
    subscription->peer = ctx->peer;
    subscription->role = role != NULL ? role->number : 0;
    enlist(push, subscription, request->offices);

    uint64_t newest = gj_txn_events(ctx->txn) - 1;
    bool other_history = request->epoch != 0 && request->epoch != gj_store_epoch(push->core->store);
    if (!request->from_now && (other_history || request->after > newest)) {
        subscription->ending = "gap";
        subscription->sent_to = request->after;
        gj_push_wait(push, subscription, GJ_SUB_ENDING);
    } else if (request->from_now) {
        subscription->sent_to = newest;
        subscription->scanned = newest;
    } else {
        subscription->sent_to = request->after;
        subscription->scanned = request->after;
        gj_push_wait(push, subscription, GJ_SUB_RESUMING);
    }
    *id = subscription->id;
    return true;
}

bool gj_push_unsubscribe(struct gj_push *push, struct gj_peer *peer, uint64_t id)
{
    for (struct gj_subscription *subscription = peer->subscriptions; subscription != NULL;
         subscription = subscription->next_of_peer) {
        if (subscription->id == id) {
            gj_push_end(push, subscription, NULL);
            return true;
        }
    }
    return false;
}
