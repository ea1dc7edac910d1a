/* The local backend: a group is applied in main's open transaction, its commands become durable in the store's journal,
 * then main shows what they did. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/cursor.h"
#include "common/log.h"
#include "core/core.h"
#include "core/log.h"
#include "store/group.h"

/* Largest record: a group of the usual size, or one command of the size that an arena allows. */
#define RECORD_MAX (GJ_JOURNAL_GROUP_BYTES + 2 * GJ_REQUEST_ARENA_MAX)

struct local {
    struct gj_command_log log;
    struct gj_core *core;
    struct gj_applier *applier;
    struct gj_buf record;
};

/* Failures of the machine, for which no command is to blame: nothing of the group can be done now. */
static bool is_machine(enum gj_err err)
{
    return err == GJ_EIO || err == GJ_ENOSPC || err == GJ_EFULL || err == GJ_ENOMEM;
}

/* Applies one command and, unless it changed nothing (a refusal that is not kept, a repeated request), puts it into the
 * record. */
static enum gj_err apply_one(struct local *local, struct gj_txn *txn, struct gj_log_item *item, unsigned *recorded)
{
    uint64_t writes = gj_txn_writes(txn);

    item->err = GJ_OK;
    gj_apply_command(local->applier, txn, &item->command, item->arena, &item->applied);
    enum gj_err err = gj_txn_error(txn);
    if (err == GJ_OK && gj_txn_writes(txn) != writes) {
        err = gj_log_put(&local->record, &item->command);
        (*recorded)++;
    }
    return err;
}

/* Applies items from first (count of them) in one transaction. *broke: a command, and not the machine, made it fail. */
static enum gj_err apply_together(struct local *local, struct gj_log_item *first, unsigned count, bool *broke)
{
    struct gj_txn *txn = NULL;
    struct gj_log_item *item = first;
    unsigned recorded = 0;
    enum gj_err err = gj_group_begin(&local->record);

    *broke = false;
    if (err == GJ_OK) {
        err = gj_txn_begin_write(local->core->store, &txn);
    }
    if (err != GJ_OK) {
        return err;
    }
    for (unsigned i = 0; i < count; i++, item = item->next) {
        err = apply_one(local, txn, item, &recorded);
        if (err != GJ_OK) {
            gj_txn_abort(txn);
            gj_applier_forget(local->applier);
            *broke = !is_machine(err);
            gj_log(GJ_LOG_ERROR, "commit.apply_failed", GJ_LOG_U64("call", item->command.call), GJ_LOG_ERR(err));
            return err;
        }
    }
    if (recorded == 0) {
        gj_txn_abort(txn);
        return GJ_OK;
    }
    err = gj_txn_commit_group(txn, &local->record, recorded);
    if (err != GJ_OK) {
        gj_applier_forget(local->applier);
    }
    return err;
}

/* What a command that breaks its transaction is told. */
static void blame(struct gj_log_item *item, enum gj_err err)
{
    if (item->applied.too_deep) {
        memset(&item->applied.answer, 0, sizeof item->applied.answer);
        item->applied.answer.status = GJ__V1__STATUS__REFUSED;
        item->applied.answer.code = "apply.too_deep";
        item->applied.answer.decided = true;
        return;
    }
    item->err = err;
}

/* Applies a part of a group. *kept: how many items from first on are decided; the machine failed at the next one. */
static enum gj_err apply_part(struct local *local, struct gj_log_item *first, unsigned count, unsigned *kept)
{
    bool broke = false;
    enum gj_err err = apply_together(local, first, count, &broke);

    *kept = err == GJ_OK ? count : 0;
    if (!broke) {
        return err;
    }
    if (count == 1) {
        blame(first, err);
        *kept = 1;
        return GJ_OK;
    }
    for (struct gj_log_item *item = first; *kept < count; item = item->next) {
        err = apply_together(local, item, 1, &broke);
        if (err != GJ_OK && !broke) {
            return err;
        }
        if (err != GJ_OK) {
            blame(item, err);
        }
        (*kept)++;
    }
    return GJ_OK;
}

/* How many items from first on go into one record. */
static unsigned part_of(const struct gj_log_item *first, unsigned count)
{
    size_t bytes = first->command.body_len;
    unsigned part = 1;

    for (const struct gj_log_item *item = first->next; part < count; item = item->next, part++) {
        bytes += item->command.body_len;
        if (bytes > GJ_JOURNAL_GROUP_BYTES) {
            break;
        }
    }
    return part;
}

static void local_propose(struct gj_command_log *log, struct gj_log_group *group, gj_log_done_fn *done, void *owner)
{
    struct local *local = (struct local *)log;
    struct gj_log_item *item = group->first;
    enum gj_err err = GJ_OK;
    unsigned decided = 0;

    assert(group->count > 0);
    while (err == GJ_OK && decided < group->count) {
        unsigned kept = 0;

        err = apply_part(local, item, part_of(item, group->count - decided), &kept);
        for (decided += kept; kept > 0; kept--) {
            item = item->next;
        }
    }
    if (err != GJ_OK && err != GJ_EIO && decided > 0) {
        /* Some are kept: the others are told one by one. */
        for (; decided < group->count; decided++, item = item->next) {
            item->err = err;
        }
        err = GJ_OK;
    }
    done(owner, group, err);
}

static void local_close(struct gj_command_log *log)
{
    struct local *local = (struct local *)log;

    gj_group_stop(local->core->store);
    gj_applier_free(local->applier);
    gj_buf_fini(&local->record);
    free(local);
}

enum gj_err gj_command_log_open(struct gj_core *core, struct gj_command_log **out)
{
    struct local *local = calloc(1, sizeof *local);

    if (local == NULL) {
        return GJ_ENOMEM;
    }
    gj_buf_init(&local->record, RECORD_MAX);
    local->core = core;
    enum gj_err err = gj_applier_new(core, &local->applier);
    if (err == GJ_OK && (err = gj_group_start(core->store)) != GJ_OK) {
        gj_applier_free(local->applier);
    }
    if (err != GJ_OK) {
        gj_buf_fini(&local->record);
        free(local);
        return err;
    }
    local->log.propose = local_propose;
    local->log.close = local_close;
    *out = &local->log;
    return GJ_OK;
}
