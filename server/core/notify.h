/* Telling people (通知): whom a role in an office means at this moment, and notices into their inboxes.
 *
 * A role is held by people, their own or lent to them for a time. Who is absent, and who may not act because the record
 * is about their own work or about themselves, is left out. When that leaves nobody, the notice goes to the duty roster
 * of the office, then to the region's, then to headquarters: visibly (a notice "roster.step" and an entry), and with
 * the same clock. */
#ifndef GJ_CORE_NOTIFY_H
#define GJ_CORE_NOTIFY_H

#include "core/work.h"

/* People one notice reaches at most; a role with more holders in one office is cut here, the first by user id stay. */
#define GJ_NOTIFY_PEOPLE_MAX 64

/* How somebody was found. */
enum gj_reach_level { GJ_REACH_ROLE, GJ_REACH_ROSTER_OFFICE, GJ_REACH_ROSTER_REGION, GJ_REACH_ROSTER_GROUP };

struct gj_person {
    uint64_t user;
    uint8_t role;       /* number through which it came; 0: a relation */
    uint64_t stands_in; /* whose role it is, when lent */
};

struct gj_people {
    struct gj_person items[GJ_NOTIFY_PEOPLE_MAX];
    size_t count;
    enum gj_reach_level level; /* the furthest that was needed */
};

/* Finds the people of a list for a record. forbid: relations that exclude. Nobody twice. */
void gj_notify_find(struct gj_ctx *ctx, const struct gj_work *work, const struct gj_who_list *who, gj_relations forbid,
    struct gj_people *out);

/* Those a transition tells; code "record.<act>". */
void gj_notify_step(struct gj_ctx *ctx, struct gj_work *work, const struct gj_transition *transition);
/* Those whose consent is asked, and the person who asked when it is given or refused. */
void gj_notify_consent(struct gj_ctx *ctx, struct gj_work *work, const struct gj_transition *transition);
void gj_notify_settled(struct gj_ctx *ctx, struct gj_work *work, uint64_t user, bool approved);
void gj_notify_person(struct gj_ctx *ctx, struct gj_work *work, uint64_t user, const char *code);

/* The assignee of a record into which another one was merged; "record.child", its second parameter is the other's
 * number. */
void gj_notify_child(struct gj_ctx *ctx, struct gj_work *parent, const struct gj_work *child);

/* What several rungs would tell the same person at once after a hold: one notice "timer.folded" with their count. */
#define GJ_NOTIFY_FOLD_MAX 256
struct gj_notify_fold {
    struct {
        uint64_t user, office;
        unsigned count;
    } items[GJ_NOTIFY_FOLD_MAX];
    size_t count;
};
void gj_notify_folded(struct gj_ctx *ctx, const struct gj_notify_fold *fold);

/* A rung of a clock's ladder; code "timer.<step>". fold: collect instead of telling; NULL: tell. */
struct gj_notify_rung {
    const struct gj_timer *timer;
    const struct gj_step *step;
    uint32_t stage;
    int64_t due_at_ms;
    struct gj_notify_fold *fold;
};
void gj_notify_rung(struct gj_ctx *ctx, struct gj_work *work, const struct gj_notify_rung *rung);

/* The same people by role alone, for what is no record (obligations, alarms). */
void gj_notify_roles(
    struct gj_ctx *ctx, uint64_t office, gj_roles roles, const char *code, const char *param, int64_t due_at_ms);

#endif
