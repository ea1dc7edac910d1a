/* The log of commands: the one seam between the pipeline and whatever makes commands durable.
 *
 * A group is proposed by the commit thread; the backend makes it durable, has it applied, and calls done when it is
 * visible to new snapshots. The local backend keeps the commands in the store's journal (store/group.h) until a
 * checkpoint has made main durable by itself; a replicated log would carry the same bytes into the same state machine.
 */
#ifndef GJ_CORE_LOG_H
#define GJ_CORE_LOG_H

#include "common/buf.h"
#include "common/cursor.h"
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
 * called before propose returns. After gj_command_log_replay. */
enum gj_err gj_command_log_open(struct gj_core *core, struct gj_command_log **out);

/* What the last run left in the journal, applied again. */
struct gj_log_replayed {
    uint64_t groups, commands, ms;
};

/* With a store that was just opened, before anything is read from it: applies what its journal holds above the last
 * checkpoint. core needs store, vault, services, policies, demo; applying is deterministic, so that every answer that
 * was given stays true. GJ_ECORRUPT: it led elsewhere (another version of the rules' code); nothing durable changed.
 * GJ_EFULL, GJ_ENOSPC: no room; nothing is lost. */
enum gj_err gj_command_log_replay(struct gj_core *core, struct gj_log_replayed *out, struct gj_fault *fault);

/* ---- commands in a record ---- */

enum gj_err gj_log_put(struct gj_buf *record, const struct gj_command *command);
/* The next command, borrowed from the record; false at its end, or with *err set: GJ_ECORRUPT. */
bool gj_log_take(struct gj_cursor *record, struct gj_command *out, enum gj_err *err);

#endif
