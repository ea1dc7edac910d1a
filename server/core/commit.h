/* The commit thread: takes whatever commands gathered while the last batch was being synced, applies them in one
 * transaction, commits once. Replies and pushes are released on the loop afterwards. */
#ifndef GJ_CORE_COMMIT_H
#define GJ_CORE_COMMIT_H

#include "core/request.h"

struct gj_commit;

/* Commands waiting for the commit thread. Above it callers are told BUSY: a longer queue would only hide the delay. */
#define GJ_COMMIT_QUEUE_MAX 8192
/* Commands of one transaction: bounds the time to the next fsync and the dirty pages of a batch. */
#define GJ_COMMIT_BATCH_MAX 1024

/* on_done is called on the loop for each request in the order of the log, then on_batch once per batch. */
struct gj_commit_options {
    void (*on_done)(struct gj_request *request, enum gj_err err);
    void (*on_batch)(struct gj_core *core);
};

enum gj_err gj_commit_open(struct gj_core *core, const struct gj_commit_options *options, struct gj_commit **out);

/* Loop thread. Takes request when it returns GJ_OK; its command is complete. GJ_EBUSY: the queue is full. GJ_ECLOSED:
 * shutting down. */
enum gj_err gj_commit_add(struct gj_commit *commit, struct gj_request *request);

/* Loop thread: a command of the daemon itself (timers, sweeps), with the system as its actor. on_done may be NULL. */
enum gj_err gj_commit_system(struct gj_core *core, uint16_t call, const ProtobufCMessage *body,
    void (*on_done)(struct gj_request *request), void *owner);

/* No further commands; calls drained on the loop when those in the queue are decided and answered. */
void gj_commit_drain(struct gj_commit *commit, void (*drained)(void *owner), void *owner);

/* Ends the thread and frees, with the async handle closed; the loop must run once more afterwards. */
void gj_commit_close(struct gj_commit *commit);

struct gj_commit_figures {
    uint64_t batches, commands, waiting, largest_batch;
};
void gj_commit_figures(struct gj_commit *commit, struct gj_commit_figures *out);

#endif
