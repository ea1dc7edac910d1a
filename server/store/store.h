#ifndef GJ_STORE_STORE_H
#define GJ_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "store/table.h"

/* The data directory of one daemon:
 *
 *     lock                 held while a process has the store open
 *     main/data.mdb        all records, indexes and the audit log
 *     journal/             groups of commands that are durable and not yet in a checkpoint of main (store/journal.h)
 *     vault/data.mdb       wrapped data keys and blind indexes (store/vault.h)
 *     blob/                attachments, named by the hash of their ciphertext (store/blob.h)
 *
 * Opened once per process. Transactions: store/txn.h. One thread writes, any thread reads. */
struct gj_store;
struct gj_vault;

#define GJ_STORE_CLUSTER_ID_SIZE 16
#define GJ_STORE_MASTER_KEY_SIZE 32

/* Version of the tables as this program writes them. */
#define GJ_STORE_SCHEMA 3

struct gj_store_options {
    const char *dir;
    /* Makes a new store in an empty or missing directory; fails with GJ_EEXIST where one is. Without it a missing
     * store is GJ_ENOTFOUND. */
    bool create;
    /* Used by create only: the identity clients pin, and whether a scaled clock may ever be used here. */
    uint8_t cluster_id[GJ_STORE_CLUSTER_ID_SIZE];
    bool demo;
    int64_t created_at_ms;
    /* Key that wraps the office keys; copied into locked memory. An opened store whose vault was made with another
     * key is refused with GJ_ECRYPTO. */
    uint8_t master_key[GJ_STORE_MASTER_KEY_SIZE];
    /* Largest sizes the files may reach; address space only, not disk. 0: GJ_STORE_MAP_BYTES / GJ_VAULT_MAP_BYTES. */
    uint64_t map_bytes;
    uint64_t vault_map_bytes;
    /* Writes are refused (GJ_ENOSPC) while the file system has less than this free. 0: GJ_STORE_RESERVE_BYTES. */
    uint64_t reserve_bytes;
    /* Counts the pages every write transaction dirtied, exactly, per table (store/pages.h). Costs reads; 0 in service.
     */
    unsigned pages_every;
    /* Unwrapped data keys kept in locked memory. 0: GJ_VAULT_CACHE_KEYS. */
    unsigned cache_keys;
    /* Size of the journal's files. 0: GJ_JOURNAL_SEGMENT_BYTES. */
    size_t journal_segment_bytes;
    /* Commands after which a checkpoint is begun. 0: GJ_CHECKPOINT_COMMANDS. */
    unsigned checkpoint_commands;
};

/* Opens, checks and where needed upgrades the store and its vault, and finishes what a crash left between the two.
 * Gives *out, to be closed by gj_store_close. On failure *fault says in words what is wrong and what to do.
 * GJ_EBUSY: another process has it open. GJ_EVERSION: written by a newer program. GJ_ECORRUPT: damaged files.
 * The directory must be on a local file system. */
enum gj_err gj_store_open(const struct gj_store_options *options, struct gj_store **out, struct gj_fault *fault);

/* Takes store; all transactions must have ended. NULL is allowed. */
void gj_store_close(struct gj_store *store);

const uint8_t *gj_store_cluster_id(const struct gj_store *store);
bool gj_store_is_demo(const struct gj_store *store);
/* Rises by one with every restore; audit entries and cursors carry it. */
uint32_t gj_store_epoch(const struct gj_store *store);
const char *gj_store_dir(const struct gj_store *store);
struct gj_vault *gj_store_vault(struct gj_store *store);

/* Looks at the disk: GJ_OK, or GJ_ENOSPC when less than the reserve is free (a write transaction then refuses to
 * begin). Asked by gj_txn_begin_write at most once per GJ_STORE_RESERVE_CHECK_MS of the monotonic clock. */
enum gj_err gj_store_check_space(struct gj_store *store);

/* Frees reader slots of threads that died; returns how many. To be called every few minutes. */
unsigned gj_store_check_readers(struct gj_store *store);

/* Reads every page of both files and checks that they hold together: what an administrator asks for, seconds for each
 * GB. Writers wait meanwhile. GJ_ECORRUPT and *fault says which file. */
enum gj_err gj_store_check_files(struct gj_store *store, struct gj_fault *fault);

struct gj_store_info {
    uint64_t map_bytes;
    uint64_t used_bytes; /* highest page ever used: what the file needs */
    uint64_t free_bytes; /* pages in the file that hold nothing now */
    uint64_t disk_free_bytes;
    uint64_t last_txn;
    uint64_t readers;          /* snapshots held at this moment */
    uint64_t oldest_lag;       /* transactions committed since the oldest of them */
    uint64_t journal_bytes;    /* that opening would have to apply again now */
    int64_t checkpoint_age_ms; /* since the oldest change that only the journal has; 0: there is none */
    uint64_t vault_used_bytes;
};

enum gj_err gj_store_info(struct gj_store *store, struct gj_store_info *out);

#endif
