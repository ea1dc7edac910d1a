/* Subscriptions and pushes. Events are read back from the store after each commit, built once, and told to every
 * subscriber whose filters match and whose rights allow it: one path for live events and for resuming.
 *
 *   RESUMING --caught up--> LIVE --queue of the channel too long--> ended ("slow")
 *       |                     |---rights or session gone---------> ended ("denied", "revoked")
 *       '--other epoch------------------------------------------> ended ("gap")
 */
#ifndef GJ_CORE_PUSH_H
#define GJ_CORE_PUSH_H

#include "core/session.h"
#include "proto/session.pb-c.h"

struct gj_push;

/* Of one channel; the next is refused. */
#define GJ_SUBSCRIPTIONS_MAX 16
/* Filters of one subscription. */
#define GJ_SUBSCRIBE_OFFICES_MAX 200
#define GJ_SUBSCRIBE_KINDS_MAX 64
/* A subscriber whose channel holds more unread bytes than this ends as "slow"; it resumes after its last range. */
#define GJ_PUSH_QUEUE_MAX (256 * 1024)
/* Entries looked at per turn of the loop while subscriptions catch up. */
#define GJ_PUSH_RESUME_BUDGET 2000
/* Events of one push message. */
#define GJ_PUSH_EVENTS_MAX 128

enum gj_err gj_push_new(struct gj_core *core, struct gj_push **out);
void gj_push_free(struct gj_push *push);

/* Answers by itself: refuses, or gives the subscription's number. */
bool gj_push_subscribe(struct gj_push *push, struct gj_ctx *ctx, const Gj__V1__SubscribeRequest *request, uint64_t *id);
/* False: no such subscription of this channel. */
bool gj_push_unsubscribe(struct gj_push *push, struct gj_peer *peer, uint64_t id);
/* Ends all of a channel; with a code they are told, with NULL the channel has gone. */
void gj_push_drop(struct gj_push *push, struct gj_peer *peer, const char *code);

/* After a batch: tells everybody. */
void gj_push_batch(struct gj_push *push);
/* The channel's queue has been read: those catching up go on. */
void gj_push_drained(struct gj_push *push, struct gj_peer *peer);
/* Up to which event the channel's subscriptions have been told, when a heartbeat is sent: raises their ranges. 0: some
 * are catching up. */
uint64_t gj_push_reached(struct gj_push *push, struct gj_peer *peer);

uint64_t gj_push_count(const struct gj_push *push);

#endif
