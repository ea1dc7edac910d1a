#ifndef GJ_STORE_INTERNAL_H
#define GJ_STORE_INTERNAL_H

/* What the files of this folder share. Not for anybody else: it includes lmdb.h. */

#include <pthread.h>
#include <stdatomic.h>
#include <limits.h>
#include <lmdb.h>

#include "common/buf.h"
#include "common/limits.h"
#include "store/audit_tree.h"
#include "store/entry.h"
#include "store/pages.h"
#include "store/store.h"
#include "store/txn.h"
#include "store/vault.h"
#include "store/words.h"

#define GJ_STORE_PATH_MAX 1024
/* Snapshots held by checkpoints: the marked one and one on its way. */
#define GJ_STORE_HELD 2

/* ---- errors ---------------------------------------------------------------------------------------- */

/* The family member for what LMDB returned (its own numbers and errno). */
enum gj_err gj_store_err(int rc);
/* The same where the environment was being opened: *fault tells what to do. what: "main" or "vault". */
enum gj_err gj_store_open_fault(int rc, const char *what, struct gj_fault *fault);

/* ---- one LMDB environment in a folder ----------------------------------------------------------------- */

struct gj_env {
    MDB_env *env;
    char dir[GJ_STORE_PATH_MAX];
    uint64_t map_bytes;
    const char *what; /* "main" or "vault", for messages */
};

/* Opens <dir>/data.mdb; sync: every commit is durable by itself, else only checkpoints are. create makes the folder and
 * refuses an existing file, else a missing one is GJ_ENOTFOUND. Checks magic, size and the roots of all tables, so that
 * a cut or overwritten file is told now. */
enum gj_err gj_env_open(struct gj_env *env, const char *dir, const char *what, uint64_t map_bytes, bool sync,
    bool create, struct gj_fault *fault);
/* Opens one file read-only without locks: a finished backup. */
enum gj_err gj_env_open_file(struct gj_env *env, const char *path, const char *what, struct gj_fault *fault);
void gj_env_close(struct gj_env *env);
/* True when a commit that failed with err certainly changed nothing: no error of the disk, and LMDB would begin
 * another. After a meta page was half written it would not; what the file holds then shows only when it is opened
 * again. */
bool gj_env_undone(struct gj_env *env, enum gj_err err);
/* Makes the names of a directory durable. */
enum gj_err gj_env_sync_dir(const char *dir);

/* ---- the state of the audit log while a transaction writes it ------------------------------------------ */

struct gj_log_state {
    uint64_t size;
    unsigned n_peaks;
    struct gj_tree_hash peaks[64];            /* roots of the complete subtrees, largest first */
    struct gj_tree_hash leaves[GJ_TREE_TILE]; /* of the open tile */
    unsigned n_offices;
    uint32_t offices[GJ_TREE_TILE]; /* of the open block, ascending */
};

/* ---- store and transaction ------------------------------------------------------------------------------ */

struct gj_store {
    char dir[GJ_STORE_PATH_MAX];
    int lock_fd;
    struct gj_env main;
    MDB_dbi dbi[GJ_TABLE_COUNT];
    struct gj_vault *vault;
    struct gj_checkpointer *checkpointer;
    struct gj_journal *journal;
    unsigned checkpoint_commands;
    bool whole;     /* opening has ended well */
    bool behind;    /* the journal holds groups that main does not show yet: nobody may look at it */
    bool replaying; /* but the one who applies them */
    uint8_t cluster_id[GJ_STORE_CLUSTER_ID_SIZE];
    bool demo;
    uint32_t epoch;
    uint64_t reserve_bytes;
    atomic_bool dead;              /* a commit failed in a way that only reopening mends */
    atomic_llong space_checked_ms; /* monotonic; 0: never */
    atomic_bool space_short;
    /* Held by the thread whose write transaction is open; guards the rest. */
    pthread_mutex_t write_lock;
    struct gj_txn *writer;
    struct gj_log_state log;     /* as committed */
    struct gj_log_state working; /* as the open write transaction has it */
    bool log_loaded;
    struct gj_words *words; /* words.h */
    struct gj_buf packed;   /* a row under way, of the write transaction */
    uint64_t applied;       /* newest record of the journal whose effect main has */
    /* Pages. */
    unsigned pages_every;
    uint64_t pages_skipped;
    pthread_mutex_t pages_lock;
    struct gj_pages pages;
};

struct gj_txn {
    struct gj_store *store;
    MDB_txn *mdb;
    enum gj_err err;
    bool write;
    bool live; /* holds a snapshot, or the writer lock */
    uint64_t writes;
    /* Write transactions only. */
    struct gj_log_state *log; /* the store's working state */
    bool log_loaded;
    bool log_changed;
    struct gj_vault_txn *vault; /* begun with the first change of the vault */
    struct gj_pages_roots *before;
};

/* txn.c */
void gj_txn_check(struct gj_txn *txn, int rc);
/* gj_txn_commit of groups that the journal has already, up to sequence: a checkpoint makes it durable. */
enum gj_err gj_txn_commit_replayed(struct gj_txn *txn, uint64_t sequence);

/* log_state.c: brings txn->log up to date before the first append; writes it before the commit; keeps or forgets it. */
bool gj_log_load(struct gj_txn *txn);
void gj_log_append(struct gj_txn *txn, const struct gj_tree_hash *leaf, uint32_t office);
void gj_log_flush(struct gj_txn *txn);
/* Reads the edge row of any transaction; false: failed, or not readable (sticky). An empty log has size 0. */
bool gj_log_read_edge(struct gj_txn *txn, struct gj_log_state *out);

/* entry.c: a row of the log into entry and sealed text; false: not such a row (sticky GJ_ECORRUPT). */
bool gj_entry_split(struct gj_txn *txn, uint64_t index, const struct gj_value *row, struct gj_entry_row *out);

/* entry_row.c: the office of a row without taking the rest apart. */
bool gj_entry_office(const struct gj_value *row, uint32_t *office);

/* vault_txn.c: the vault's part of a write transaction. */
struct gj_vault_txn;
enum gj_err gj_vault_txn_commit_puts(struct gj_txn *txn); /* before main's commit */
enum gj_err gj_vault_txn_undo(struct gj_txn *txn);        /* main's commit failed after it */
enum gj_err gj_vault_txn_finish(struct gj_txn *txn);      /* after main's commit: erasures */
void gj_vault_txn_free(struct gj_txn *txn);               /* aborts what is open */

/* pages.c */
struct gj_pages_roots *gj_pages_begin(struct gj_store *store);
void gj_pages_end(struct gj_store *store, struct gj_pages_roots *before);
void gj_pages_drop(struct gj_pages_roots *before);

/* check.c: walks pages with pread, so that no damage can crash it. deep: every page; else roots only. */
enum gj_err gj_check_file(const char *path, const char *what, bool deep, struct gj_fault *fault);

#endif
