#include <string.h>

#include "core/core.h"
#include "core/policies.h"
#include "core/push_impl.h"
#include "store/entry.h"

/* A subscriber that catches up may have this much unread before it has to read on. */
#define RESUME_QUEUE_MAX (GJ_PUSH_QUEUE_MAX / 4)

void gj_push_wait(struct gj_push *push, struct gj_subscription *subscription, enum gj_subscription_state state)
{
    subscription->state = state;
    subscription->next = push->waiting;
    subscription->link = &push->waiting;
    if (push->waiting != NULL) {
        push->waiting->link = &subscription->next;
    }
    push->waiting = subscription;
    if (!push->idle_on && push->core->loop != NULL) {
        uv_idle_start(&push->idle, gj_push_on_idle);
        push->idle_on = true;
    }
}

void gj_push_unwait(struct gj_push *push, struct gj_subscription *subscription)
{
    if (subscription->link == NULL) {
        return;
    }
    *subscription->link = subscription->next;
    if (subscription->next != NULL) {
        subscription->next->link = subscription->link;
    }
    subscription->next = NULL;
    subscription->link = NULL;
    if (push->waiting == NULL && push->idle_on) {
        uv_idle_stop(&push->idle);
        push->idle_on = false;
    }
}

/* Entries of (scanned, upto] that the subscription is to be told, at most one message of them. The budget is shared by
 * all. */
static unsigned collect(struct gj_push *push, struct gj_subscription *subscription, const struct gj_actor *actor,
    uint64_t upto, uint64_t *budget)
{
    struct gj_entry_walk walk;
    unsigned count = 0;
    uint32_t office =
        subscription->office_count == 1 ? (uint32_t)subscription->offices[0].office : GJ_ENTRY_EVERY_OFFICE;
    bool ended = false;

    gj_entry_walk_open(&walk, push->txn, office, false, subscription->scanned, upto);
    while (count < GJ_PUSH_EVENTS_MAX) {
        if (!gj_entry_walk_next(&walk, budget)) {
            ended = *budget > 0;
            break;
        }
        struct gj_push_event *event = &push->events[count];
        subscription->scanned = walk.row.index;
        if (gj_push_build(push, walk.row.index, event) && gj_push_names_office(subscription, event->office) &&
            gj_push_fits(subscription, event) && gj_push_allowed(push, actor, event)) {
            count++;
        }
    }
    if (ended || walk.next > upto) {
        subscription->scanned = count < GJ_PUSH_EVENTS_MAX ? upto : subscription->scanned;
    } else if (*budget == 0) {
        subscription->scanned = walk.next - 1; /* blocks without the office were passed over */
    }
    gj_entry_walk_close(&walk);
    return count;
}

static void resume(struct gj_push *push, struct gj_subscription *subscription, uint64_t *budget)
{
    const struct gj_actor *actor = NULL;
    uint64_t upto = push->told;

    gj_arena_reset(&push->arena);
    if (gj_push_actor(push, subscription, &actor) != GJ_OK) {
        gj_push_end(push, subscription, "revoked");
        return;
    }
    unsigned count = subscription->scanned < upto ? collect(push, subscription, actor, upto, budget) : 0;
    bool caught_up = subscription->scanned >= upto;
    memset(subscription->picked, 0, sizeof subscription->picked);
    for (unsigned i = 0; i < count; i++) {
        subscription->picked[i / 64] |= UINT64_C(1) << (i % 64);
    }
    /* The last message is sent even when it is empty: the client's range then ends where the live ones begin. */
    if (count > 0 || caught_up) {
        enum gj_err err = gj_push_tell(push, subscription, subscription->scanned, NULL);
        if (err != GJ_OK) {
            gj_push_end(push, subscription, NULL); /* the channel is being cut off */
            return;
        }
    }
    if (caught_up) {
        gj_push_unwait(push, subscription);
        subscription->state = GJ_SUB_LIVE;
    }
}

void gj_push_on_idle(uv_idle_t *handle)
{
    struct gj_push *push = handle->data;
    uint64_t budget = GJ_PUSH_RESUME_BUDGET;
    bool worked = false;

    if (gj_txn_renew(push->txn) != GJ_OK) {
        return;
    }
    push->policy = gj_policies_current(push->core->policies, push->txn);
    for (struct gj_subscription *subscription = push->waiting, *next; subscription != NULL && budget > 0;
         subscription = next) {
        next = subscription->next;
        if (subscription->state == GJ_SUB_ENDING) {
            gj_push_end(push, subscription, subscription->ending);
            worked = true;
        } else if (subscription->peer->ops->queued(subscription->peer) < RESUME_QUEUE_MAX) {
            resume(push, subscription, &budget);
            worked = true;
        }
    }
    gj_txn_reset(push->txn);
    /* All that wait have a full queue: gj_push_drained starts this again. */
    if (!worked && push->idle_on) {
        uv_idle_stop(&push->idle);
        push->idle_on = false;
    }
}

void gj_push_drained(struct gj_push *push, struct gj_peer *peer)
{
    if (push->idle_on || push->waiting == NULL) {
        return;
    }
    for (struct gj_subscription *subscription = peer->subscriptions; subscription != NULL;
         subscription = subscription->next_of_peer) {
        if (subscription->link != NULL) {
            uv_idle_start(&push->idle, gj_push_on_idle);
            push->idle_on = true;
            return;
        }
    }
}
