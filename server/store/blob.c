#include "store/blob.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/fail.h"
#include "common/limits.h"
#include "store/blob_file.h"
#include "store/blob_internal.h"
#include "store/internal.h"
#include "store/store_meta.h"

/* More orphans wait for the next upload. */
#define SWEPT_PER_UPLOAD 4

int64_t gj_blob_monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct gj_key gj_blob_key(const struct gj_blob_name *name)
{
    return gj_key_of_bytes(name->bytes, sizeof name->bytes);
}

void gj_blob_path(const struct gj_blob_name *name, char out[80])
{
    char hex[2 * GJ_BLOB_NAME_SIZE + 1];
    sodium_bin2hex(hex, sizeof hex, name->bytes, sizeof name->bytes);
    snprintf(out, 80, "blob/%.2s/%s", hex, hex);
}

/* ---- the thread ---- */

static void complete(struct gj_blob *blob, struct gj_blob_job *job)
{
    job->err = gj_blob_execute(blob, job);
    sodium_memzero(job->key, sizeof job->key);
}

/* Every upload that begins lets go of some that never became part of anything, so that they cannot pile up. An error is
 * met again at the next one. */
static void sweep(struct gj_blob *blob)
{
    struct gj_txn *snapshot = NULL;
    unsigned removed = 0;
    if (gj_txn_begin_read(blob->store, &snapshot) == GJ_OK) {
        (void)gj_blob_sweep(blob, snapshot, SWEPT_PER_UPLOAD, &removed);
        gj_txn_abort(snapshot);
    }
}

static void *run_thread(void *arg)
{
    struct gj_blob *blob = arg;
    pthread_mutex_lock(&blob->lock);
    for (;;) {
        while (blob->first == NULL && !blob->closing) {
            pthread_cond_wait(&blob->wake, &blob->lock);
        }
        struct gj_blob_job *job = blob->first;
        if (job == NULL) {
            break;
        }
        blob->first = job->next;
        if (blob->first == NULL) {
            blob->last = NULL;
        }
        blob->queued--;
        pthread_mutex_unlock(&blob->lock);
        bool begins = job->op == GJ_BLOB_BEGIN;
        complete(blob, job);
        job->on_done(job);
        if (begins) {
            sweep(blob);
        }
        pthread_mutex_lock(&blob->lock);
    }
    pthread_mutex_unlock(&blob->lock);
    return NULL;
}

enum gj_err gj_blob_submit(struct gj_blob *blob, struct gj_blob_job *job)
{
    enum gj_err err = GJ_OK;
    pthread_mutex_lock(&blob->lock);
    if (blob->queued == GJ_BLOB_QUEUE) {
        err = GJ_EBUSY;
    } else {
        job->next = NULL;
        *(blob->last == NULL ? &blob->first : &blob->last->next) = job;
        blob->last = job;
        blob->queued++;
        pthread_cond_signal(&blob->wake);
    }
    pthread_mutex_unlock(&blob->lock);
    return err;
}

enum gj_err gj_blob_run(struct gj_blob *blob, struct gj_blob_job *job)
{
    complete(blob, job);
    return job->err;
}

/* ---- open and close ---- */

/* What a crash left half written; there are at most as many as uploads were open. */
static void clear_tmp(struct gj_blob *blob)
{
    char path[GJ_STORE_PATH_MAX + 300];
    snprintf(path, sizeof path, "%s/blob/tmp", gj_store_dir(blob->store));
    DIR *dir = opendir(path);
    struct dirent *entry;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/blob/tmp/%.200s", gj_store_dir(blob->store), entry->d_name);
            unlink(path);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
}

static enum gj_err make_folders(struct gj_blob *blob)
{
    static const char *const names[] = {"blob", "blob/tmp"};
    char path[GJ_STORE_PATH_MAX + 16];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", gj_store_dir(blob->store), names[i]);
        if (mkdir(path, 0700) != 0 && errno != EEXIST) {
            return gj_err_from_errno(errno);
        }
    }
    snprintf(path, sizeof path, "%s/blob", gj_store_dir(blob->store));
    return gj_env_sync_dir(path);
}

enum gj_err gj_blob_open(struct gj_store *store, struct gj_blob **out, struct gj_fault *fault)
{
    struct gj_blob *blob = gj_fail_point("blob.open") ? NULL : calloc(1, sizeof *blob);
    if (blob == NULL) {
        return gj_fault_set(fault, GJ_ENOMEM, "out of memory");
    }
    blob->store = store;
    blob->reader.fd = -1;
    blob->scratch = malloc(GJ_BLOB_SEALED_CHUNK);
    enum gj_err err = blob->scratch == NULL ? GJ_ENOMEM : make_folders(blob);
    if (err == GJ_OK) {
        clear_tmp(blob);
        pthread_mutex_init(&blob->lock, NULL);
        pthread_cond_init(&blob->wake, NULL);
        if (pthread_create(&blob->thread, NULL, run_thread, blob) != 0) {
            pthread_mutex_destroy(&blob->lock);
            pthread_cond_destroy(&blob->wake);
            err = GJ_ESYS;
        }
    }
    if (err != GJ_OK) {
        free(blob->scratch);
        free(blob);
        return gj_fault_set(fault, err, "the folder of attachments cannot be used: %s", gj_err_text(err));
    }
    *out = blob;
    return GJ_OK;
}

void gj_blob_close(struct gj_blob *blob)
{
    if (blob == NULL) {
        return;
    }
    pthread_mutex_lock(&blob->lock);
    blob->closing = true;
    pthread_cond_signal(&blob->wake);
    pthread_mutex_unlock(&blob->lock);
    pthread_join(blob->thread, NULL);
    gj_blob_drop_uploads(blob);
    gj_blob_reader_end(&blob->reader);
    if (blob->sweep_dir != NULL) {
        closedir(blob->sweep_dir);
    }
    pthread_mutex_destroy(&blob->lock);
    pthread_cond_destroy(&blob->wake);
    sodium_memzero(blob->scratch, GJ_BLOB_SEALED_CHUNK);
    free(blob->scratch);
    free(blob);
}
