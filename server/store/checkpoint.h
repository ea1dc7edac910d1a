#ifndef GJ_STORE_CHECKPOINT_H
#define GJ_STORE_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/* Checkpoints: main's pages reach the disk here and nowhere else.
 *
 * LMDB runs without syncs of its own, so after a power cut its file may be anything. A checkpoint takes the state of
 * the last commit: a snapshot is held on it, so that no page it reaches is used anew, its meta pages are copied, the
 * file is synced, and a mark (store/checkpoint_file.h) is made durable. Then the snapshot of the checkpoint before is
 * let go and the journal's records up to here are superfluous. Opening goes back to the newest mark and applies what
 * the journal holds above it, whatever happened before: one way for a clean stop, a kill and a power cut. */
struct gj_checkpointer;
struct gj_store;

/* Before main is opened: finds the newest mark and puts it back into main/data.mdb. store->checkpointer stays NULL in a
 * store that has none yet: then main's own file is whole. */
enum gj_err gj_checkpoint_find(struct gj_store *store, struct gj_fault *fault);
/* After main was opened and before anything is written to it: holds the marked state; makes the first mark where there
 * is none. Then opens the journal. */
enum gj_err gj_checkpoint_hold(struct gj_store *store, size_t segment_bytes, struct gj_fault *fault);

/* With the writer's place: makes the last commit a checkpoint before it returns. GJ_EIO: only reopening helps. */
enum gj_err gj_checkpoint_now(struct gj_store *store);

/* With the writer's place, after a commit that the journal holds: takes a checkpoint of it when one is due, to be
 * finished by the thread. commands: how many the commit had. */
void gj_checkpoint_after(struct gj_store *store, unsigned commands);

/* The thread that finishes checkpoints, and takes them when nobody writes. Stopping waits for the one under way. */
enum gj_err gj_checkpoint_start(struct gj_store *store);
void gj_checkpoint_stop(struct gj_store *store);

/* At closing. clean: makes a last checkpoint first, so that nothing waits in the journal. */
void gj_checkpoint_close(struct gj_store *store, bool clean);

struct gj_checkpoint_figures {
    uint64_t made;          /* since opening */
    uint64_t journal_bytes; /* that opening would have to apply now */
    int64_t age_ms;         /* since the oldest change that is in the journal only; 0: there is none */
    uint64_t held_txns[2];  /* transactions held for checkpoints; 0: none */
};
void gj_checkpoint_figures(struct gj_store *store, struct gj_checkpoint_figures *out);

#endif
