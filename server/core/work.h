/* A record (单据) of any declared kind, as the engine handles it. There is one path by which records come into being
 * and change:
 *
 *     prepare (loop)    form checked, references looked up, personal fields and texts sealed   work_prepare.c,
 * work_seal.c apply (commit)    loaded, right and rule decided, fields and clocks set, saved           work_act.c and
 * its like save              record row, queue row, due row, audit entry, indexes of closed work    work_save.c
 *
 * Everything lives in the call's arena. Machinery errors stick in the transaction. */
#ifndef GJ_CORE_WORK_H
#define GJ_CORE_WORK_H

#include "common/policy/access.h"
#include "common/policy/deadline.h"
#include "common/policy/flow.h"
#include "core/apply.h"
#include "core/call.h"
#include "core/work.pb-c.h"
#include "proto/record.pb-c.h"
#include "proto/register.pb-c.h"
#include "store/stored.pb-c.h"
#include "store/vault.h"

/* Links, people and attachments of one record; more is refused as limit_reached. */
#define GJ_WORK_LINKS_MAX 64
#define GJ_WORK_TIES_MAX 64
#define GJ_WORK_ATTACHMENTS_MAX 128
/* Links whose other end is looked at for conditions. */
#define GJ_WORK_LINKS_SEEN 16
/* Records that are woken when one they point to closes. */
#define GJ_WORK_WAKE_MAX 8

struct gj_work {
    Gj__Stored__Record *row;
    Gj__Stored__Office *office;
    const struct gj_policy *policy; /* the version the record was made under */
    const struct gj_kind *kind;     /* of that version */
    struct gj_view view;            /* brought up to date by gj_work_refresh */
    struct gj_timer_state timers[GJ_TIMERS_MAX];
    size_t timer_count;
    bool fresh;          /* not yet in the store */
    bool was_open;       /* as stored */
    int64_t was_fire_at; /* as stored: key of its row in `due`, never later than what it has to do next */
    bool fires;          /* its row in `due` has fired, or is to be exact again */
    uint64_t was_office; /* as stored: key of its row in `work` */
    bool was_closed;     /* as stored: has a row in `by_date` */
    uint64_t was_household, was_asset, was_parent; /* as stored: has rows in `by_subject` */
    uint64_t taken_from; /* who had it in hand until this step, when it was somebody else's doing; 0 nobody */
    uint32_t told;       /* bit n: timer n of the kind rests on a time told in this step */
};

/* --- Loading --- */

/* False: no such record, its policy or office is gone, or the transaction has failed. */
bool gj_work_load(struct gj_ctx *ctx, uint64_t id, struct gj_work *work);
/* From a row that was read already. */
bool gj_work_from_row(struct gj_ctx *ctx, Gj__Stored__Record *row, struct gj_work *work);
/* An empty record of a kind in an office, without a number or id yet. False: no such office. */
bool gj_work_new(struct gj_ctx *ctx, const struct gj_policy *policy, const struct gj_kind *kind, uint64_t office,
    struct gj_work *work);
/* The id that belongs to a human number; 0: none. */
uint64_t gj_work_by_number(struct gj_txn *txn, const char *number);

/* Builds the view anew from the row. */
void gj_work_refresh(struct gj_ctx *ctx, struct gj_work *work);

/* Commands that handle many records stop here and leave the rest to the next: half of what a command may use of its
 * arena is gone. */
bool gj_work_enough(const struct gj_ctx *ctx);

/* Where its limits come from: frozen profile and city, the office's own limits and the weather now in force. */
struct gj_deadline_place gj_work_place(struct gj_ctx *ctx, const struct gj_work *work);

/* --- Fields --- */

/* A stored or wire field as the rules see it; lines are laid out in the arena. */
struct gj_field_value gj_work_value(const Gj__V1__Field *field, struct gj_arena *arena);

/* The stored field, or NULL. Head fields are not among them. */
Gj__V1__Field *gj_work_field(const struct gj_work *work, const char *key);
/* Sets a declared field to a value (borrowed), in the head or in the list. A field without a value is removed. */
void gj_work_set(struct gj_ctx *ctx, struct gj_work *work, const Gj__V1__Field *value);
/* Adds or removes a tie of a person to the record. */
void gj_work_tie(struct gj_ctx *ctx, struct gj_work *work, enum gj_relation relation, uint64_t user);
void gj_work_untie(struct gj_work *work, enum gj_relation relation);

/* Makes a field for a body: text, number and so on by their own case. Strings are borrowed. */
Gj__V1__Field *gj_work_field_text(struct gj_arena *arena, const char *key, const char *text);
Gj__V1__Field *gj_work_field_ref(struct gj_arena *arena, const char *key, uint64_t ref);
Gj__V1__Field *gj_work_field_time(struct gj_arena *arena, const char *key, int64_t at_ms);
Gj__V1__Field *gj_work_field_number(struct gj_arena *arena, const char *key, int64_t number);

/* --- Rights --- */

/* Through the one door, with the policy now in force. An office whose acceptance of a transfer is awaited counts as the
 * record's own. On false the call has been refused: NOT_FOUND to those who may not know of the record. */
bool gj_work_access(
    struct gj_ctx *ctx, const struct gj_work *work, enum gj_access_action action, struct gj_access_answer *answer);
/* The same without refusing. */
bool gj_work_may(struct gj_ctx *ctx, const struct gj_work *work, enum gj_access_action action,
    struct gj_access_answer *answer, struct gj_refusal *refusal);

/* --- Saving --- */

/* For whom somebody took a step because the office had nobody left: core/stand_in.h. */
struct gj_stood {
    uint8_t level; /* enum gj_reach_level; 0: nobody stood in */
    uint8_t role;
    uint64_t user; /* whose step it would have been; 0: nobody holds the role */
};

/* What an entry says beyond the record itself.
 *
 * The revision counts what people decide on: steps, corrections, links, remarks, photos. A clock that warns, climbs its
 * ladder or is computed anew, and what happens to the owner's code, stand in the log and in the history, but whoever
 * saw the record before is not late. */
struct gj_work_note {
    uint16_t type; /* enum gj_entry_type; 0: ACTION */
    bool aside;    /* changes nothing that people decide on: the revision stays */
    const char *action;
    const char *from; /* state before, NULL: as it is now */
    uint64_t office;  /* 0: the record's */
    const Gj__Work__Text *text;
    gj_roles by; /* the roles that gave the right */
    struct gj_stood stood;
    const char *means;
    uint64_t second;
    int64_t stated_at;
    const char *reason;
    uint16_t related_kind;
    uint64_t related;
    bool has_value;
    int64_t value;
    const uint8_t *object;        /* 32 bytes, or NULL */
    Gj__V1__Field *const *fields; /* set by this step: their digest stands in the entry */
    size_t field_count;
};

/* Appends the entry and notes it in the row; the revision is raised unless the note stands aside. Returns its number.
 */
uint64_t gj_work_entry(struct gj_ctx *ctx, struct gj_work *work, const struct gj_work_note *note);
/* Writes the rows and fills Written. The revision is that of gj_work_entry. */
void gj_work_save(struct gj_ctx *ctx, struct gj_work *work);

/* --- Steps --- */

/* What a decided transition does to a record: sets, ties, state, clocks. `given` are the fields handed in. actor is who
 * took the step (for consent: who asked for it). */
struct gj_work_step {
    const struct gj_transition *transition;
    uint8_t from, to;
    Gj__V1__Field *const *given;
    size_t given_count;
    uint64_t actor;
    int64_t act_at; /* when it happened, as told */
    bool stated;
    bool closes, reopens;
    Gj__Stored__Assignment *assignment; /* the engine's choice that this step carries out, or NULL */
};
void gj_work_take(struct gj_ctx *ctx, struct gj_work *work, const struct gj_work_step *step);
/* After the save: tells people, emits follow-on commands, looks for an automatic step. */
void gj_work_after(struct gj_ctx *ctx, struct gj_work *work, const struct gj_transition *transition);
/* Emits what a step or a rung of a ladder starts. */
void gj_work_follow(struct gj_ctx *ctx, struct gj_work *work, const struct gj_follow *follow, size_t count,
    const char *timer, const char *step);

/* The number that decides samples for this record (抽样): from the month's seed, which is in the log before it is used.
 */
uint16_t gj_work_draw(struct gj_ctx *ctx, uint64_t id);

/* --- Calls: rows of the service's table use these --- */

const ProtobufCMessage *gj_work_prepare_create(struct gj_ctx *ctx, const ProtobufCMessage *request);
const ProtobufCMessage *gj_work_prepare_act(struct gj_ctx *ctx, const ProtobufCMessage *request);
const ProtobufCMessage *gj_work_prepare_amend(struct gj_ctx *ctx, const ProtobufCMessage *request);
const ProtobufCMessage *gj_work_prepare_addendum(struct gj_ctx *ctx, const ProtobufCMessage *request);
const ProtobufCMessage *gj_work_prepare_link(struct gj_ctx *ctx, const ProtobufCMessage *request);
const ProtobufCMessage *gj_work_prepare_approve(struct gj_ctx *ctx, const ProtobufCMessage *request);
void gj_work_apply_create(struct gj_ctx *ctx, const ProtobufCMessage *body);
void gj_work_apply_act(struct gj_ctx *ctx, const ProtobufCMessage *body);
void gj_work_apply_amend(struct gj_ctx *ctx, const ProtobufCMessage *body);
void gj_work_apply_addendum(struct gj_ctx *ctx, const ProtobufCMessage *body);
void gj_work_apply_link(struct gj_ctx *ctx, const ProtobufCMessage *body);
void gj_work_apply_approve(struct gj_ctx *ctx, const ProtobufCMessage *body);

/* Creation from parts, for services with a request of their own (intake, import). caller: sealing subject of a caller
 * without a household. act NULL: the kind's first way into existence whose need is met. */
struct gj_work_creation {
    const struct gj_policy *policy;
    const struct gj_kind *kind;
    uint64_t office;
    Gj__V1__Field **fields; /* plain, head fields among them */
    size_t field_count;
    Gj__V1__Link **links;
    size_t link_count;
    int64_t received_at;
    const char *late_reason; /* "" or NULL: none */
    const char *act;
    const char *state; /* imported cases: where they stand */
    const char *paper_number;
    ProtobufCBinaryData import_key; /* empty: it is not recognised again */
};
Gj__Work__Create *gj_work_creation_body(struct gj_ctx *ctx, struct gj_work_creation *creation);
/* The record that an imported case of the office with this key became; 0: none. */
uint64_t gj_work_by_import_key(struct gj_txn *txn, uint64_t office, const ProtobufCBinaryData *key);
void gj_work_keep_import_key(struct gj_txn *txn, uint64_t office, const ProtobufCBinaryData *key, uint64_t id);
/* Makes a record in the middle of another command, which has checked rights: an imported case, a line of the duty log.
 * Written stays that of the other command. False: the rules do not allow it; nothing was written or refused. */
bool gj_work_create_now(struct gj_ctx *ctx, const Gj__Work__Create *body);

#endif
