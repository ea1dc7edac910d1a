/* What apply may do beside reading and writing tables: append the audit entry, tell people, emit follow-on commands.
 * And the one function that applies a command, used by the commit thread, by loaders and by tests. */
#ifndef GJ_CORE_APPLY_H
#define GJ_CORE_APPLY_H

#include "core/call.h"

/* Follow-on commands of one command, in all and in depth; beyond them the whole command is undone and refused as
 * "apply.too_deep". */
#define GJ_FOLLOW_MAX 16
#define GJ_FOLLOW_DEPTH_MAX 4

struct gj_follow_item; /* apply.c */

/* What is kept of one command while it is applied. */
struct gj_apply {
    Gj__V1__Written written;         /* filled by apply; event is set by the first entry. Strings in the arena. */
    const struct gj_command *origin; /* the command that came in: this one, or the one it follows from */
    uint64_t writes_before;          /* gj_txn_writes() when the command began: refusing after a write is our bug */
    unsigned depth;
    unsigned notices;              /* of the command with its follow-ons */
    unsigned *follow_count;        /* of the command with its follow-ons */
    struct gj_follow_item *follow; /* emitted by this handler, in order */
    struct gj_follow_item **follow_tail;
    struct gj_follow_item *regret; /* emitted for the case that this command is refused */
    struct gj_follow_item **regret_tail;
    uint64_t last_event; /* newest entry of this handler */
};

/* Appends an audit entry, adds its leaf to the tree and makes it an event for subscribers. Filled in here: index,
 * epoch, recorded_at, actor, device, call, request key and policy version. The handler gives type, office, subject,
 * revision, states, action, and `previous` (0 means none: entry 0 is the genesis of the store). text may be NULL: the
 * sealed text to keep beside it; its commitment is computed by the caller on the request side. Returns the entry
 * number. */
uint64_t gj_apply_entry(struct gj_ctx *ctx, struct gj_entry *entry, const uint8_t *text, size_t text_len);

/* A further command applied in the same transaction after this one, as the system, at the same time, with random bytes
 * that follow from this command's. Its refusal is written to the daemon's log and changes nothing else. */
void gj_apply_follow(struct gj_ctx *ctx, uint16_t call, const ProtobufCMessage *body);

/* A further command applied in the same transaction because this one is refused: what must be on record about the
 * refusal itself (a wrong code is counted). The refused command still has written nothing. */
void gj_apply_regret(struct gj_ctx *ctx, uint16_t call, const ProtobufCMessage *body);

/* A notice into a person's inbox (core/notify.h resolves roles to people): table INBOX, key (user u64, notice id u64).
 * The id is the event number shifted by 16 with the count of notices below it, so notices of a person sort by time.
 * Only after gj_apply_entry. */
struct gj_notice {
    uint64_t user;
    const char *code; /* text key */
    const char *params[4];
    uint64_t office, record, event; /* event 0: the newest entry of this command */
    uint32_t kind;
    const char *number, *timer, *role;
    uint32_t stage;
    int64_t due_at_ms;
};
/* Returns the id; 0 when the transaction has failed. */
uint64_t gj_apply_notice(struct gj_ctx *ctx, const struct gj_notice *notice);

/* ---- applying ---- */

/* What came of a command. Everything borrows from the arena that was given. */
struct gj_applied {
    struct gj_answer answer;
    Gj__V1__Written written; /* when answer.status is OK */
    bool repeated;           /* decided before: nothing was written */
    bool too_deep;           /* the transaction has failed because of the caps of follow-on commands */
};

/* Keeps what applying needs between commands: the cache of actors. One per applying thread. */
struct gj_applier;
enum gj_err gj_applier_new(struct gj_core *core, struct gj_applier **out);
void gj_applier_free(struct gj_applier *applier);
/* To be called when a transaction in which it applied was not committed. */
void gj_applier_forget(struct gj_applier *applier);

/* Applies one command with its follow-ons in txn: dedupe, actor, the call's apply, the kept reply. A refusal is an
 * answer and leaves txn as it was (but for the kept reply). Machinery errors stick in txn; the caller then aborts.
 * arena lives as long as *out is used. */
void gj_apply_command(struct gj_applier *applier, struct gj_txn *txn, const struct gj_command *command,
    struct gj_arena *arena, struct gj_applied *out);

#endif
