#include "store/group.h"

#include <string.h>

#include "common/fail.h"
#include "store/checkpoint.h"
#include "store/internal.h"
#include "store/journal.h"

enum gj_err gj_group_begin(struct gj_buf *bytes)
{
    return gj_journal_begin(bytes);
}

bool gj_group_waiting(const struct gj_store *store)
{
    return store->behind;
}

bool gj_group_next(struct gj_store *store, struct gj_group *out, enum gj_err *err)
{
    struct gj_journal_record record;
    store->replaying = true;
    *err = gj_fail_point("group.next") ? GJ_EIO : GJ_OK;
    if (*err != GJ_OK || !gj_journal_next(store->journal, &record, err)) {
        return false;
    }
    *out = (struct gj_group){.sequence = record.sequence,
        .commands = record.commands,
        .bytes = record.payload,
        .len = record.len,
        .entries = record.entries,
        .root = record.root};
    return true;
}

enum gj_err gj_group_check(struct gj_txn *txn, const struct gj_group *group)
{
    struct gj_tree_hash root;
    enum gj_err err = gj_tree_root(txn, &root);
    if (err != GJ_OK) {
        return err;
    }
    bool same = gj_txn_events(txn) == group->entries && memcmp(&root, &group->root, sizeof root) == 0;
    return same ? GJ_OK : GJ_ECORRUPT;
}

enum gj_err gj_group_commit(struct gj_txn *txn, uint64_t sequence)
{
    return gj_txn_commit_replayed(txn, sequence);
}

enum gj_err gj_group_end(struct gj_store *store)
{
    enum gj_err err = GJ_OK;
    if (store->behind) {
        pthread_mutex_lock(&store->write_lock);
        store->applied = gj_journal_last(store->journal); /* void groups may be the last */
        err = gj_checkpoint_now(store);
        pthread_mutex_unlock(&store->write_lock);
        store->behind = err != GJ_OK;
        store->replaying = false;
    }
    return err;
}

enum gj_err gj_group_start(struct gj_store *store)
{
    return gj_checkpoint_start(store);
}

void gj_group_stop(struct gj_store *store)
{
    gj_checkpoint_stop(store);
}
