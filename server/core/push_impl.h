/* Shared by push.c (subscriptions, live pushes), push_event.c (one event: built, matched, allowed) and push_resume.c
 * (catching up). */
#ifndef GJ_CORE_PUSH_IMPL_H
#define GJ_CORE_PUSH_IMPL_H

#include <uv.h>

#include "common/arena.h"
#include "common/policy/access.h"
#include "core/push.h"

enum gj_subscription_state { GJ_SUB_LIVE, GJ_SUB_RESUMING, GJ_SUB_ENDING };

/* A subscription stands in the list of every office it names, or in the one for all offices. */
struct gj_office_node {
    uint64_t office;
    struct gj_subscription *subscription;
    struct gj_office_node *next, **link;
};

struct gj_subscription {
    uint64_t id;
    struct gj_peer *peer;
    enum gj_subscription_state state;
    uint8_t role; /* number; 0: no such filter */
    bool touched;
    uint16_t office_count; /* 0: all */
    uint16_t kind_count;   /* 0: all */
    uint32_t *kinds;
    uint64_t assignee;
    uint64_t sent_to;                         /* end of the last range told to the client */
    uint64_t scanned;                         /* entries up to here have been looked at */
    uint64_t picked[GJ_PUSH_EVENTS_MAX / 64]; /* of the round at hand */
    const char *ending;                       /* code, in state ENDING */
    struct gj_subscription *next_of_peer;
    struct gj_subscription *next, **link; /* resuming and ending ones */
    struct gj_subscription *next_touched;
    struct gj_office_node offices[]; /* office_count, at least one */
};

/* One event of a round. */
struct gj_push_event {
    uint64_t index;
    uint64_t office, region;
    uint16_t kind; /* of the subject */
    uint64_t assignee;
    gj_roles roles;       /* who has to act on it now */
    const uint8_t *bytes; /* field `events` of a Push, tag included */
    size_t len;
    const struct gj_kind *kind_of;  /* NULL: not about a record */
    const struct gj_rights *rights; /* who may see it; NULL: nobody */
    struct gj_view view;
};

#define GJ_PUSH_BUCKETS 1024

struct gj_push {
    struct gj_core *core;
    struct gj_txn *txn;
    struct gj_actor_cache *actors;
    struct gj_arena arena; /* of the round */
    const struct gj_policy *policy;
    uint64_t last_id;
    uint64_t told; /* entries up to here have gone to live subscribers */
    uint64_t count;
    struct gj_office_node *buckets[GJ_PUSH_BUCKETS];
    struct gj_office_node *all;
    struct gj_subscription *waiting; /* resuming and ending */
    struct gj_subscription *touched;
    uv_idle_t idle; /* runs while some are waiting */
    bool idle_on;
    struct gj_push_event events[GJ_PUSH_EVENTS_MAX];
};

/* push_event.c: builds the event of an entry in the round's arena. False: not to be told to anybody. */
bool gj_push_build(struct gj_push *push, uint64_t index, struct gj_push_event *out);
/* Whether filters other than the office fit. */
bool gj_push_fits(const struct gj_subscription *subscription, const struct gj_push_event *event);
bool gj_push_names_office(const struct gj_subscription *subscription, uint64_t office);
bool gj_push_allowed(struct gj_push *push, const struct gj_actor *actor, const struct gj_push_event *event);
/* Who subscribes, with the rights of this moment. GJ_EDENIED: gone. */
enum gj_err gj_push_actor(struct gj_push *push, struct gj_subscription *subscription, const struct gj_actor **out);

/* push.c: tells (sent_to, to] with the picked events; ended NULL or a code. On failure the subscription is as before.
 */
enum gj_err gj_push_tell(struct gj_push *push, struct gj_subscription *subscription, uint64_t to, const char *ended);
/* Ends with a code (told to the client) or without (NULL) and frees. */
void gj_push_end(struct gj_push *push, struct gj_subscription *subscription, const char *code);
uint64_t gj_push_newest(struct gj_push *push);

/* push_resume.c */
void gj_push_wait(struct gj_push *push, struct gj_subscription *subscription, enum gj_subscription_state state);
void gj_push_unwait(struct gj_push *push, struct gj_subscription *subscription);
void gj_push_on_idle(uv_idle_t *handle);

#endif
