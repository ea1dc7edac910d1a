#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "core/core.h"
#include "core/log.h"

struct local {
    struct gj_command_log log;
    struct gj_core *core;
    struct gj_applier *applier;
};

/* Failures of the machine, for which no command is to blame: nothing of the group can be done now. */
static bool is_machine(enum gj_err err)
{
    return err == GJ_EIO || err == GJ_ENOSPC || err == GJ_EFULL || err == GJ_ENOMEM;
}

/* Applies items from first (count of them) in one transaction. *broke: a command, and not the machine, made it fail. */
static enum gj_err apply_together(struct local *local, struct gj_log_item *first, unsigned count, bool *broke)
{
    struct gj_txn *txn = NULL;
    struct gj_log_item *item = first;
    enum gj_err err = gj_txn_begin_write(local->core->store, &txn);

    *broke = false;
    if (err != GJ_OK) {
        return err;
    }
    for (unsigned i = 0; i < count; i++, item = item->next) {
        item->err = GJ_OK;
        gj_apply_command(local->applier, txn, &item->command, item->arena, &item->applied);
        err = gj_txn_error(txn);
        if (err != GJ_OK) {
            gj_txn_abort(txn);
            gj_applier_forget(local->applier);
            *broke = !is_machine(err);
            gj_log(GJ_LOG_ERROR, "commit.apply_failed", GJ_LOG_U64("call", item->command.call), GJ_LOG_ERR(err));
            return err;
        }
    }
    err = gj_txn_commit(txn);
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

static enum gj_err apply_one_by_one(struct local *local, struct gj_log_group *group)
{
    for (struct gj_log_item *item = group->first; item != NULL; item = item->next) {
        bool broke = false;
        enum gj_err err = apply_together(local, item, 1, &broke);

        if (err != GJ_OK && !broke) {
            return err;
        }
        if (err != GJ_OK) {
            blame(item, err);
        }
    }
    return GJ_OK;
}

static void local_propose(struct gj_command_log *log, struct gj_log_group *group, gj_log_done_fn *done, void *owner)
{
    struct local *local = (struct local *)log;
    bool broke = false;

    assert(group->count > 0);
    enum gj_err err = apply_together(local, group->first, group->count, &broke);
    if (broke && group->count == 1) {
        blame(group->first, err);
        err = GJ_OK;
    } else if (broke) {
        err = apply_one_by_one(local, group);
    }
    done(owner, group, err);
}

static void local_close(struct gj_command_log *log)
{
    struct local *local = (struct local *)log;

    gj_applier_free(local->applier);
    free(local);
}

enum gj_err gj_command_log_local(struct gj_core *core, struct gj_command_log **out)
{
    struct local *local = calloc(1, sizeof *local);

    if (local == NULL) {
        return GJ_ENOMEM;
    }
    enum gj_err err = gj_applier_new(core, &local->applier);
    if (err != GJ_OK) {
        free(local);
        return err;
    }
    local->core = core;
    local->log.propose = local_propose;
    local->log.close = local_close;
    *out = &local->log;
    return GJ_OK;
}
