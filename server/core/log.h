/* The log of commands: the one seam between the pipeline and whatever makes commands durable.
 *
 * A group is proposed by the commit thread; the backend makes it durable, has it applied, and calls done when it is
 * visible to new snapshots. The local backend is the LMDB commit itself and stores no command bytes; a journal or a
 * replicated log would store gj_command_encode of each and call the same state machine. */
#ifndef GJ_CORE_LOG_H
#define GJ_CORE_LOG_H

#include "core/apply.h"
#include "store/store.h"

/* A command with room for what comes of it. */
struct gj_log_item {
    struct gj_command command;
    struct gj_arena *arena; /* of the request: applying allocates here */
    struct gj_applied applied;
    enum gj_err err; /* machinery failed for this one; nothing of it was kept */
    struct gj_log_item *next;
};

struct gj_log_group {
    struct gj_log_item *first;
    unsigned count;
};

/* GJ_OK: every item is decided: durable, applied, visible (or refused, or failed with its own err). GJ_EIO: unknown
 * what a power cut would leave; the daemon must exit. Others (GJ_ENOSPC, GJ_EFULL, GJ_ENOMEM): nothing of the group was
 * kept. */
typedef void gj_log_done_fn(void *owner, struct gj_log_group *group, enum gj_err err);

struct gj_command_log {
    void (*propose)(struct gj_command_log *log, struct gj_log_group *group, gj_log_done_fn *done, void *owner);
    void (*close)(struct gj_command_log *log);
};

/* The local backend. One transaction per group; where one command breaks it, the others are applied one by one. done is
 * called before propose returns. */
enum gj_err gj_command_log_local(struct gj_core *core, struct gj_command_log **out);

#endif
