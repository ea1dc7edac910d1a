#include "store/checkpoint.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/fail.h"
#include "store/checkpoint_file.h"
#include "store/internal.h"
#include "store/journal.h"

/* How often the thread looks whether something has waited too long. */
#define LOOK_MS 250

/* A state of main that is to become a checkpoint. */
struct capture {
    MDB_txn *pin; /* NULL: none */
    uint64_t sequence;
    uint64_t txn;
    uint8_t *metas;
};

struct gj_checkpointer {
    struct gj_store *store;
    struct gj_checkpoint_file file;
    uint32_t page_size;
    MDB_txn *pin; /* on the marked state */
    struct capture spare;

    /* With the writer's place. */
    uint64_t commands;
    uint64_t began_with; /* last record of the journal that a checkpoint was taken of */

    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct capture waiting; /* for the thread */
    bool working;           /* somebody is making a mark */
    bool stop;
    bool running;
    pthread_t thread;
    int64_t oldest_ms; /* when the oldest commit came that no capture has; 0: there is none */
    uint64_t made;

    /* For figures, which any thread asks for. */
    _Atomic uint64_t held[2]; /* transactions of the snapshots: the marked one, one on its way; 0: none */
    _Atomic uint64_t marked;  /* newest record of the journal that the mark has */
};

static int64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- one state ---- */

/* There is one capture at a time: its handle and its memory come from spare and go back there. */
static void capture_drop(struct gj_checkpointer *cp, struct capture *capture)
{
    mdb_txn_reset(capture->pin);
    cp->spare = *capture;
    *capture = (struct capture){.pin = NULL};
    atomic_store(&cp->held[1], 0);
}

static enum gj_err read_metas(struct gj_checkpointer *cp, uint8_t *out)
{
    size_t len = 2 * (size_t)cp->page_size;
    int fd = -1;
    bool good = mdb_env_get_fd(cp->store->main.env, &fd) == MDB_SUCCESS && !gj_fail_point("checkpoint.metas") &&
                pread(fd, out, len, 0) == (ssize_t)len;
    return good ? GJ_OK : GJ_EIO;
}

/* With the writer's place: the last commit. An open write transaction does not matter, since it has shown nothing. */
static enum gj_err capture_take(struct gj_checkpointer *cp, struct capture *out)
{
    assert(cp->spare.pin != NULL);
    *out = cp->spare;
    cp->spare = (struct capture){.pin = NULL};
    int rc = mdb_txn_renew(out->pin);
    enum gj_err err = rc == MDB_SUCCESS ? read_metas(cp, out->metas) : gj_store_err(rc);
    if (err != GJ_OK) {
        capture_drop(cp, out);
        return err;
    }
    out->sequence = cp->store->applied;
    out->txn = mdb_txn_id(out->pin);
    atomic_store(&cp->held[1], out->txn);
    return GJ_OK;
}

/* Makes a captured state the checkpoint. Takes capture. */
static enum gj_err settle(struct gj_checkpointer *cp, struct capture *capture)
{
    struct gj_checkpoint_mark mark = cp->file.mark;
    mark.sequence = capture->sequence;
    mark.txn = capture->txn;
    mark.metas = capture->metas;
    enum gj_err err = GJ_EIO;
    if (!gj_fail_point("checkpoint.sync") && mdb_env_sync(cp->store->main.env, 1) == MDB_SUCCESS) {
        err = gj_checkpoint_file_write(&cp->file, &mark);
    }
    if (err == GJ_OK) {
        err = gj_checkpoint_file_strike(&cp->file);
    }
    if (err != GJ_OK) {
        atomic_store(&cp->store->dead, true);
        capture_drop(cp, capture);
        return err;
    }
    MDB_txn *before = cp->pin;
    cp->pin = capture->pin;
    capture->pin = before;
    capture_drop(cp, capture);
    atomic_store(&cp->held[0], mark.txn);
    atomic_store(&cp->marked, mark.sequence);
    gj_journal_recycle(cp->store->journal, mark.sequence);
    return GJ_OK;
}

/* ---- with the writer's place ---- */

static void begin_anew(struct gj_checkpointer *cp)
{
    cp->commands = 0;
    cp->began_with = cp->store->applied;
    cp->oldest_ms = 0;
}

static bool nothing_new(struct gj_checkpointer *cp)
{
    MDB_envinfo info;
    mdb_env_info(cp->store->main.env, &info);
    return info.me_last_txnid == cp->file.mark.txn && cp->store->applied == cp->file.mark.sequence;
}

enum gj_err gj_checkpoint_now(struct gj_store *store)
{
    struct gj_checkpointer *cp = store->checkpointer;
    struct capture capture;
    pthread_mutex_lock(&cp->lock);
    while (cp->working) {
        pthread_cond_wait(&cp->changed, &cp->lock);
    }
    if (cp->waiting.pin != NULL) {
        capture_drop(cp, &cp->waiting); /* older than the one that is made now */
    }
    cp->working = true;
    begin_anew(cp);
    pthread_mutex_unlock(&cp->lock);
    enum gj_err err = atomic_load(&store->dead) ? GJ_EIO : GJ_OK;
    bool same = err == GJ_OK && nothing_new(cp);
    if (err == GJ_OK && !same) {
        err = capture_take(cp, &capture);
    }
    if (err == GJ_OK && !same) {
        err = settle(cp, &capture);
    }
    pthread_mutex_lock(&cp->lock);
    cp->working = false;
    cp->made += err == GJ_OK && !same ? 1 : 0;
    pthread_cond_broadcast(&cp->changed);
    pthread_mutex_unlock(&cp->lock);
    if (err != GJ_OK) {
        atomic_store(&store->dead, true);
    }
    return err == GJ_OK ? GJ_OK : GJ_EIO;
}

/* With both the writer's place and the lock. After a failure the next commit tries again. */
static void capture_for_thread(struct gj_checkpointer *cp)
{
    if (capture_take(cp, &cp->waiting) == GJ_OK) {
        begin_anew(cp);
        pthread_cond_broadcast(&cp->changed);
    }
}

void gj_checkpoint_after(struct gj_store *store, unsigned commands)
{
    struct gj_checkpointer *cp = store->checkpointer;
    int64_t now_ms = monotonic_ms();
    cp->commands += commands;
    pthread_mutex_lock(&cp->lock);
    if (cp->oldest_ms == 0) {
        cp->oldest_ms = now_ms;
    }
    bool due = cp->commands >= store->checkpoint_commands || now_ms - cp->oldest_ms >= GJ_CHECKPOINT_MS ||
               gj_journal_bytes_above(store->journal, cp->began_with) >= GJ_CHECKPOINT_BYTES;
    if (cp->running && due && !cp->working && cp->waiting.pin == NULL) {
        capture_for_thread(cp);
    }
    pthread_mutex_unlock(&cp->lock);
}

/* ---- the thread ---- */

/* With the lock. A writer who is at work takes the checkpoint itself when it is done. */
static void look(struct gj_checkpointer *cp)
{
    bool due = cp->oldest_ms != 0 && monotonic_ms() - cp->oldest_ms >= GJ_CHECKPOINT_MS;
    if (!due || cp->working || cp->waiting.pin != NULL || pthread_mutex_trylock(&cp->store->write_lock) != 0) {
        return;
    }
    if (!atomic_load(&cp->store->dead)) {
        capture_for_thread(cp);
    }
    pthread_mutex_unlock(&cp->store->write_lock);
}

static void wait_a_little(struct gj_checkpointer *cp)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += LOOK_MS * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&cp->changed, &cp->lock, &until);
}

static void *checkpoint_main(void *arg)
{
    struct gj_checkpointer *cp = arg;
    pthread_mutex_lock(&cp->lock);
    while (!cp->stop) {
        if (cp->waiting.pin == NULL || cp->working) {
            wait_a_little(cp);
            look(cp);
            continue;
        }
        struct capture capture = cp->waiting;
        cp->waiting = (struct capture){.pin = NULL};
        cp->working = true;
        pthread_mutex_unlock(&cp->lock);
        enum gj_err err = settle(cp, &capture);
        pthread_mutex_lock(&cp->lock);
        cp->working = false;
        cp->made += err == GJ_OK ? 1 : 0;
        pthread_cond_broadcast(&cp->changed);
    }
    pthread_mutex_unlock(&cp->lock);
    return NULL;
}

enum gj_err gj_checkpoint_start(struct gj_store *store)
{
    struct gj_checkpointer *cp = store->checkpointer;
    if (gj_fail_point("checkpoint.thread") || pthread_create(&cp->thread, NULL, checkpoint_main, cp) != 0) {
        return GJ_ESYS;
    }
    pthread_mutex_lock(&cp->lock);
    cp->running = true;
    pthread_mutex_unlock(&cp->lock);
    return GJ_OK;
}

void gj_checkpoint_stop(struct gj_store *store)
{
    struct gj_checkpointer *cp = store->checkpointer;
    pthread_mutex_lock(&cp->lock);
    bool running = cp->running;
    cp->running = false;
    cp->stop = true;
    pthread_cond_broadcast(&cp->changed);
    pthread_mutex_unlock(&cp->lock);
    if (running) {
        pthread_join(cp->thread, NULL);
    }
    cp->stop = false;
}

/* ---- life ---- */

static struct gj_checkpointer *new_checkpointer(struct gj_store *store)
{
    struct gj_checkpointer *cp = gj_fail_point("checkpoint.open") ? NULL : calloc(1, sizeof *cp);
    if (cp != NULL) {
        cp->store = store;
        cp->file.fd = -1;
        pthread_mutex_init(&cp->lock, NULL);
        pthread_cond_init(&cp->changed, NULL);
    }
    return cp;
}

static void journal_dir(const struct gj_store *store, char out[GJ_STORE_PATH_MAX + 16])
{
    snprintf(out, GJ_STORE_PATH_MAX + 16, "%s/journal", store->dir);
}

enum gj_err gj_checkpoint_find(struct gj_store *store, struct gj_fault *fault)
{
    char dir[GJ_STORE_PATH_MAX + 16], path[GJ_STORE_PATH_MAX + 32];
    struct gj_checkpoint_file file;
    bool changed = false;
    journal_dir(store, dir);
    enum gj_err err = gj_checkpoint_file_open(&file, dir, fault);
    if (err != GJ_OK) {
        return err == GJ_ENOTFOUND ? GJ_OK : err;
    }
    snprintf(path, sizeof path, "%s/main/data.mdb", store->dir);
    err = gj_checkpoint_file_restore(&file.mark, path, &changed, fault);
    if (err == GJ_OK && (store->checkpointer = new_checkpointer(store)) == NULL) {
        err = gj_fault_set(fault, GJ_ENOMEM, "out of memory");
    }
    if (err != GJ_OK) {
        gj_checkpoint_file_close(&file);
        return err;
    }
    if (changed) {
        /* It names the newest transaction, which is another one now; LMDB makes it anew. */
        snprintf(path, sizeof path, "%s/main/lock.mdb", store->dir);
        unlink(path);
    }
    store->checkpointer->file = file;
    return GJ_OK;
}

/* Snapshots and memory that every checkpoint needs are taken once. */
static enum gj_err take_handles(struct gj_checkpointer *cp)
{
    MDB_env *env = cp->store->main.env;
    MDB_stat stat;
    mdb_env_stat(env, &stat);
    cp->page_size = stat.ms_psize;
    cp->spare.metas = gj_fail_point("checkpoint.alloc") ? NULL : malloc(2 * (size_t)stat.ms_psize);
    int rc = cp->spare.metas == NULL ? ENOMEM : mdb_txn_begin(env, NULL, MDB_RDONLY, &cp->pin);
    if (rc == MDB_SUCCESS) {
        rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &cp->spare.pin);
    }
    if (rc == MDB_SUCCESS) {
        mdb_txn_reset(cp->spare.pin);
    }
    return gj_store_err(rc);
}

/* The first mark: main as it is, synced. */
static enum gj_err make_first(struct gj_checkpointer *cp, const char *dir, struct gj_fault *fault)
{
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        return gj_fault_set(fault, gj_err_from_errno(errno), "%s cannot be made: %s", dir, strerror(errno));
    }
    struct gj_checkpoint_mark mark = {
        .number = 1, .txn = mdb_txn_id(cp->pin), .page_size = cp->page_size, .metas = cp->spare.metas};
    randombytes_buf(mark.key, sizeof mark.key);
    enum gj_err err = mdb_env_sync(cp->store->main.env, 1) == MDB_SUCCESS ? GJ_OK : GJ_EIO;
    if (err == GJ_OK) {
        err = read_metas(cp, cp->spare.metas);
    }
    if (err == GJ_OK) {
        err = gj_env_sync_dir(cp->store->dir); /* the folder's own name */
    }
    if (err != GJ_OK) {
        return gj_fault_set(fault, err, "main/data.mdb cannot be synced: %s", gj_err_text(err));
    }
    return gj_checkpoint_file_make(&cp->file, dir, &mark, fault);
}

enum gj_err gj_checkpoint_hold(struct gj_store *store, size_t segment_bytes, struct gj_fault *fault)
{
    char dir[GJ_STORE_PATH_MAX + 16];
    bool first = store->checkpointer == NULL;
    journal_dir(store, dir);
    if (first && (store->checkpointer = new_checkpointer(store)) == NULL) {
        return gj_fault_set(fault, GJ_ENOMEM, "out of memory");
    }
    struct gj_checkpointer *cp = store->checkpointer;
    enum gj_err err = take_handles(cp);
    if (err != GJ_OK) {
        return gj_fault_set(fault, err, "main/data.mdb cannot be read: %s", gj_err_text(err));
    }
    if (first && (err = make_first(cp, dir, fault)) != GJ_OK) {
        return err;
    }
    store->applied = cp->file.mark.sequence;
    atomic_store(&cp->held[0], cp->file.mark.txn);
    atomic_store(&cp->marked, cp->file.mark.sequence);
    begin_anew(cp);
    return gj_journal_open(dir, cp->file.mark.key, store->applied, segment_bytes, &store->journal, fault);
}

void gj_checkpoint_close(struct gj_store *store, bool clean)
{
    struct gj_checkpointer *cp = store->checkpointer;
    if (cp == NULL) {
        return;
    }
    gj_checkpoint_stop(store);
    if (clean && store->journal != NULL && !atomic_load(&store->dead)) {
        (void)!gj_checkpoint_now(store); /* should it fail the journal still has everything */
    }
    if (cp->waiting.pin != NULL) {
        capture_drop(cp, &cp->waiting);
    }
    if (cp->spare.pin != NULL) {
        mdb_txn_abort(cp->spare.pin);
    }
    if (cp->pin != NULL) {
        mdb_txn_abort(cp->pin);
    }
    free(cp->spare.metas);
    gj_checkpoint_file_close(&cp->file);
    pthread_mutex_destroy(&cp->lock);
    pthread_cond_destroy(&cp->changed);
    free(cp);
    store->checkpointer = NULL;
}

void gj_checkpoint_figures(struct gj_store *store, struct gj_checkpoint_figures *out)
{
    struct gj_checkpointer *cp = store->checkpointer;
    memset(out, 0, sizeof *out);
    pthread_mutex_lock(&cp->lock);
    out->made = cp->made;
    out->age_ms = cp->oldest_ms == 0 ? 0 : monotonic_ms() - cp->oldest_ms;
    pthread_mutex_unlock(&cp->lock);
    out->held_txns[0] = atomic_load(&cp->held[0]);
    out->held_txns[1] = atomic_load(&cp->held[1]);
    out->journal_bytes = gj_journal_bytes_above(store->journal, atomic_load(&cp->marked));
}
