#ifndef GJ_STORE_BLOB_INTERNAL_H
#define GJ_STORE_BLOB_INTERNAL_H

/* What blob.c (thread and queue), blob_job.c (what a job does) and blob_sweep.c share. */

#include <dirent.h>
#include <pthread.h>
#include <stdbool.h>

#include "store/blob.h"
#include "store/blob_file.h"

struct gj_blob_upload {
    uint64_t handle; /* 0: free */
    int64_t touched_ms;
    struct gj_blob_writer writer;
};

struct gj_blob {
    struct gj_store *store;
    pthread_t thread;
    pthread_mutex_t lock; /* the queue */
    pthread_cond_t wake;
    struct gj_blob_job *first, *last;
    unsigned queued;
    bool closing;
    /* Belongs to the thread. */
    uint8_t *scratch; /* one sealed chunk */
    struct gj_blob_upload uploads[GJ_BLOB_UPLOADS];
    struct gj_blob_reader reader; /* of the file read last, for the chunk that follows */
    struct gj_blob_name reader_name;
    uint8_t reader_key_hash[16];
    /* Belongs to the thread that sweeps. */
    DIR *sweep_dir;
    unsigned sweep_at; /* 0 … 255: which folder */
};

enum gj_err gj_blob_execute(struct gj_blob *blob, struct gj_blob_job *job);
void gj_blob_drop_uploads(struct gj_blob *blob);
int64_t gj_blob_monotonic_ms(void);

#endif
