#ifndef GJ_STORE_BLOB_H
#define GJ_STORE_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "store/store.h"
#include "store/vault.h"

/* Attachments: files named by the SHA-256 of their ciphertext, encrypted in chunks with the subject's data key
 * (XChaCha20-Poly1305 secretstream), in blob/<two hex digits>/<hash>. The directory knows no name, type or owner.
 *
 *     staged upload in blob/tmp -> fsync file -> rename to its hash -> fsync directory -> the command that names it
 *
 * Work is done by one thread, job by job in the order given; completion is called on that thread and wakes its loop.
 * Plaintext passes through one chunk of memory, which is wiped. */
struct gj_blob;

#define GJ_BLOB_NAME_SIZE 32

struct gj_blob_name {
    uint8_t bytes[GJ_BLOB_NAME_SIZE];
};

/* Starts the thread and removes what a crash left in blob/tmp. Gives *out. */
enum gj_err gj_blob_open(struct gj_store *store, struct gj_blob **out, struct gj_fault *fault);
/* Takes blob: finishes queued jobs, then ends the thread. NULL is allowed. */
void gj_blob_close(struct gj_blob *blob);

/* One step of an upload, a download or upkeep. The caller owns the job and its memory until on_done. */
enum gj_blob_op {
    GJ_BLOB_BEGIN,   /* in: key, size_bytes; out: upload */
    GJ_BLOB_WRITE,   /* in: upload, offset, data, len */
    GJ_BLOB_FINISH,  /* in: upload; out: name, stored_bytes. The file is durable under its name. */
    GJ_BLOB_ABANDON, /* in: upload */
    GJ_BLOB_READ,    /* in: name, key, offset; out: data, len filled with at most max bytes, size_bytes */
    GJ_BLOB_REMOVE,  /* in: name; a file that is not there is no error */
};

struct gj_blob_job {
    enum gj_blob_op op;
    uint8_t key[GJ_VAULT_KEY_SIZE]; /* wiped when the job is done */
    uint64_t upload;                /* handle of an upload; random, so that one client cannot guess another's */
    uint64_t size_bytes;            /* plaintext of the whole file */
    uint64_t offset;                /* plaintext; for WRITE and READ a multiple of GJ_BLOB_CHUNK */
    uint8_t *data;
    size_t len; /* WRITE: GJ_BLOB_CHUNK, or less in the last chunk only */
    size_t max; /* READ: room at data, at least GJ_BLOB_CHUNK */
    struct gj_blob_name name;
    uint64_t stored_bytes;
    /* GJ_ENOSPC: the disk reserve would be touched. GJ_ENOTFOUND: no such upload or file. GJ_EINVAL: chunk out of
     * order, or other sizes than announced. GJ_ECRYPTO: altered file or other key. GJ_ETOOBIG. GJ_EBUSY: too many
     * uploads. */
    enum gj_err err;
    void (*on_done)(struct gj_blob_job *job); /* on the blob thread */
    void *owner;
    struct gj_blob_job *next; /* belongs to blob.c */
};

/* Queues a job. GJ_EBUSY: the queue is full (GJ_BLOB_QUEUE); the job stays the caller's and on_done is not called. */
enum gj_err gj_blob_submit(struct gj_blob *blob, struct gj_blob_job *job);

/* Runs a job at once on the calling thread, for tools and tests; nothing else may use blob meanwhile. */
enum gj_err gj_blob_run(struct gj_blob *blob, struct gj_blob_job *job);

/* Removes files that no row of the attachment table names and that are older than an hour, at most max of them, looking
 * at no more than max * 16 files per call and going on where the last call ended. Runs on the calling thread; the
 * blob's own does it after each GJ_BLOB_BEGIN, so a tool calls it only while nothing is submitted. */
enum gj_err gj_blob_sweep(struct gj_blob *blob, struct gj_txn *snapshot, unsigned max, unsigned *removed);

/* The row that makes a file belong to something; called in apply by the command that names it, key of
 * GJ_TABLE_ATTACHMENT. */
struct gj_key gj_blob_key(const struct gj_blob_name *name);
/* Path of a file below the data directory, for backups: "blob/ab/abcd…". */
void gj_blob_path(const struct gj_blob_name *name, char out[80]);

#endif
