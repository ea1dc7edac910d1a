/* Commands in records of the log, and applying them again. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "common/cursor.h"
#include "common/log.h"
#include "core/core.h"
#include "core/log.h"
#include "store/group.h"

#define LENGTH_SIZE 4

enum gj_err gj_log_put(struct gj_buf *record, const struct gj_command *command)
{
    struct gj_writer wr;
    size_t before = record->len;
    uint8_t *length = NULL;
    enum gj_err err = gj_buf_reserve(record, LENGTH_SIZE, &length);

    if (err == GJ_OK) {
        gj_buf_commit(record, LENGTH_SIZE);
        err = gj_command_encode(command, record);
    }
    if (err == GJ_OK) {
        gj_writer_init_fixed(&wr, gj_buf_bytes(record) + before, LENGTH_SIZE);
        gj_writer_u32(&wr, (uint32_t)(record->len - before - LENGTH_SIZE));
    }
    return err;
}

bool gj_log_take(struct gj_cursor *record, struct gj_command *out, enum gj_err *err)
{
    *err = GJ_OK;
    if (gj_cursor_left(record) == 0) {
        return false;
    }
    uint32_t len = gj_cursor_u32(record);
    const uint8_t *bytes = gj_cursor_bytes(record, len);
    if (gj_cursor_ok(record) != GJ_OK || gj_command_decode(bytes, len, out) != GJ_OK) {
        *err = GJ_ECORRUPT;
        return false;
    }
    return true;
}

/* ---- replay ---- */

struct replay {
    struct gj_core *core;
    struct gj_applier *applier;
    struct gj_arena arena;
    struct gj_txn *txn; /* NULL: none is open */
    unsigned in_txn;
    uint64_t sequence; /* last group applied in it */
    struct gj_log_replayed done;
};

static enum gj_err apply_group(struct replay *replay, const struct gj_group *group)
{
    struct gj_cursor cur;
    struct gj_command command;
    enum gj_err err = GJ_OK;

    gj_cursor_init(&cur, group->bytes, group->len);
    while (gj_log_take(&cur, &command, &err)) {
        struct gj_applied applied;

        gj_arena_reset(&replay->arena);
        gj_apply_command(replay->applier, replay->txn, &command, &replay->arena, &applied);
        if ((err = gj_txn_error(replay->txn)) != GJ_OK) {
            return err;
        }
        replay->done.commands++;
        replay->in_txn++;
    }
    if (err == GJ_OK) {
        err = gj_group_check(replay->txn, group);
    }
    replay->sequence = group->sequence;
    replay->done.groups++;
    return err;
}

static enum gj_err commit(struct replay *replay)
{
    struct gj_txn *txn = replay->txn;

    replay->txn = NULL;
    replay->in_txn = 0;
    return txn == NULL ? GJ_OK : gj_group_commit(txn, replay->sequence);
}

static enum gj_err apply_all(struct replay *replay)
{
    struct gj_group group;
    enum gj_err err = GJ_OK;

    while (err == GJ_OK && gj_group_next(replay->core->store, &group, &err)) {
        if (replay->txn == NULL) {
            err = gj_txn_begin_write(replay->core->store, &replay->txn);
        }
        if (err == GJ_OK) {
            err = apply_group(replay, &group);
        }
        if (err == GJ_OK && replay->in_txn >= GJ_REPLAY_COMMANDS) {
            err = commit(replay);
        }
    }
    if (err == GJ_OK) {
        err = commit(replay);
    }
    if (err == GJ_OK) {
        err = gj_group_end(replay->core->store);
    }
    gj_txn_abort(replay->txn);
    return err;
}

static enum gj_err explain(const struct replay *replay, enum gj_err err, struct gj_fault *fault)
{
    switch (err) {
    case GJ_OK:
        return GJ_OK;
    case GJ_ECORRUPT:
        return gj_fault_set(fault, err,
            "group %" PRIu64 " of the journal does not lead to what was acknowledged: start the version of the program "
            "that wrote it, or restore the last backup",
            replay->sequence);
    case GJ_EFULL:
        return gj_fault_set(fault, err, "the journal cannot be applied: the store's map is full, raise map_size");
    case GJ_ENOSPC:
        return gj_fault_set(fault, err, "the journal cannot be applied: the disk is full, make room");
    default:
        return gj_fault_set(fault, err, "the journal cannot be applied: %s", gj_err_text(err));
    }
}

static uint64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

enum gj_err gj_command_log_replay(struct gj_core *core, struct gj_log_replayed *out, struct gj_fault *fault)
{
    struct replay replay = {.core = core};
    uint64_t began_ms = monotonic_ms();

    memset(out, 0, sizeof *out);
    if (!gj_group_waiting(core->store)) {
        return GJ_OK;
    }
    enum gj_err err = gj_applier_new(core, &replay.applier);
    if (err != GJ_OK) {
        return gj_fault_set(fault, err, "out of memory");
    }
    gj_arena_init(&replay.arena, GJ_REQUEST_ARENA_MAX);
    err = apply_all(&replay);
    gj_arena_fini(&replay.arena);
    gj_applier_free(replay.applier);
    replay.done.ms = monotonic_ms() - began_ms;
    *out = replay.done;
    core->journal_replayed = out->groups;
    gj_log(err == GJ_OK ? GJ_LOG_INFO : GJ_LOG_ERROR, "journal.replayed", GJ_LOG_U64("groups", out->groups),
        GJ_LOG_U64("commands", out->commands), GJ_LOG_U64("ms", out->ms), GJ_LOG_ERR(err));
    return explain(&replay, err, fault);
}
