/* What apply may do beside reading and writing tables: append the audit entry, tell people, emit follow-on commands. */
#ifndef GJ_CORE_APPLY_H
#define GJ_CORE_APPLY_H

#include "core/call.h"

/* Follow-on commands of one command, in all and in depth; beyond them the command is refused as "apply.too_deep" before it writes. */
#define GJ_FOLLOW_MAX 16
#define GJ_FOLLOW_DEPTH_MAX 4

/* What the commit thread keeps of one command while it is applied. */
struct gj_apply {
    Gj__V1__Written written;   /* filled by apply; event is set by the first entry */
    uint64_t writes_before;    /* gj_txn_writes() when the command began: refusing after a write is our bug */
    unsigned depth;
    void *batch;               /* the commit thread's own */
};

/* Appends an audit entry (version, index, time, actor, device, call and previous-entry link are filled in here; the handler gives type,
 * office, kind, subject, states, act, digest …), adds its leaf to the tree and queues the event for subscribers. text may be NULL: sealed text to
 * keep beside it, commitment is computed by the caller on the request side. Returns the entry number. */
uint64_t gj_apply_entry(struct gj_ctx *ctx, struct gj_entry *entry, const uint8_t *text, size_t text_len);

/* A further command applied in the same transaction after this one, as the system, at the same time. Its refusal is recorded in the log and changes
 * nothing else. */
void gj_apply_follow(struct gj_ctx *ctx, uint16_t call, const ProtobufCMessage *body);

/* A notice into a person's inbox (core/notify.h resolves roles to people). */
struct gj_notice {
    uint64_t user;
    const char *code; /* text key */
    const char *params[4];
    uint64_t office, record, event;
    uint32_t kind;
    const char *number, *timer, *role;
    uint32_t stage;
    int64_t due_at_ms;
};
void gj_apply_notice(struct gj_ctx *ctx, const struct gj_notice *notice);

#endif
