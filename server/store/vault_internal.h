#ifndef GJ_STORE_VAULT_INTERNAL_H
#define GJ_STORE_VAULT_INTERNAL_H

/* What store.c, backup.c and the vault's own files share. */

#include "store/internal.h"

/* Tables of the vault's environment. */
#define GJ_VAULT_TABLES(X)                                                                                             \
    X(META, "meta")             /* name -> sequence number, wrapped index key */                                       \
    X(OFFICE, "office")         /* office -> wrapped office key */                                                     \
    X(KEY, "key")               /* kind, id -> wrapped data key */                                                     \
    X(TOKEN, "token")           /* token, kind, id -> nothing */                                                       \
    X(BY_SUBJECT, "by_subject") /* kind, id, token -> nothing */                                                       \
    X(PENDING, "pending")       /* number -> how to undo a step of the last sequence number */

enum gj_vault_table {
#define GJ_VAULT_TABLE_CONSTANT(constant, name) GJ_VAULT_##constant,
    GJ_VAULT_TABLES(GJ_VAULT_TABLE_CONSTANT)
#undef GJ_VAULT_TABLE_CONSTANT
        GJ_VAULT_TABLE_COUNT
};

struct gj_vault_cache;

struct gj_vault {
    struct gj_store *store;
    struct gj_env env;
    MDB_dbi dbi[GJ_VAULT_TABLE_COUNT];
    pthread_rwlock_t swap; /* read: the environment is in use; write: it is being replaced */
    pthread_mutex_t lock;  /* the cache */
    pthread_mutex_t rewriting;
    struct gj_vault_cache *cache;
    uint8_t *master; /* locked memory: master key, then index key */
    uint8_t *index_key;
};

/* ---- vault.c ---- */

enum gj_err gj_vault_open(
    struct gj_store *store, const struct gj_store_options *options, struct gj_vault **out, struct gj_fault *fault);
void gj_vault_close(struct gj_vault *vault);
uint64_t gj_vault_used_bytes(struct gj_vault *vault);
enum gj_err gj_vault_open_tables(struct gj_vault *vault);
/* Opens a wrapped key; outer is the master key or an office key. */
enum gj_err gj_vault_unwrap(
    const uint8_t outer[GJ_VAULT_KEY_SIZE], const void *wrapped, size_t len, uint8_t key[GJ_VAULT_KEY_SIZE]);
/* Drops a key, or every key, from the cache; after the commit that destroyed it and outside of transactions. */
void gj_vault_forget(struct gj_vault *vault, const struct gj_subject *subject);
void gj_vault_forget_all(struct gj_vault *vault);

struct gj_key gj_vault_subject_key(const struct gj_subject *subject);
struct gj_key gj_vault_token_key(const struct gj_vault_token *token, const struct gj_subject *subject);
struct gj_key gj_vault_by_subject_key(const struct gj_subject *subject, const struct gj_vault_token *token);

MDB_val gj_vault_val(const struct gj_key *key);

/* ---- vault_recover.c ---- */

/* At opening: undoes what main never committed, finishes erasures. */
enum gj_err gj_vault_recover(struct gj_store *store, struct gj_fault *fault);
/* Takes back the last sequence number of the vault. mdb is a write transaction of the vault. */
int gj_vault_undo(struct gj_vault *vault, MDB_txn *mdb);
/* Removes a subject's key and tokens. */
int gj_vault_destroy(struct gj_vault *vault, MDB_txn *mdb, const struct gj_subject *subject);
int gj_vault_get_sequence(struct gj_vault *vault, MDB_txn *mdb, uint64_t *sequence);
int gj_vault_put_sequence(struct gj_vault *vault, MDB_txn *mdb, uint64_t sequence);
/* The number main has committed. */
uint64_t gj_vault_main_sequence(struct gj_txn *txn);
void gj_vault_put_main_sequence(struct gj_txn *txn, uint64_t sequence);

/* State of a subject's row in main. */
enum gj_subject_state { GJ_SUBJECT_NONE = 0, GJ_SUBJECT_LIVING = 1, GJ_SUBJECT_ERASED = 2 };
enum gj_subject_state gj_vault_subject_state(struct gj_txn *txn, const struct gj_subject *subject, uint32_t *office);

/* ---- vault_cache.c: unwrapped keys, the longest unused one makes room; guarded by vault->lock ---- */

struct gj_vault_cache *gj_vault_cache_new(unsigned keys);
void gj_vault_cache_free(struct gj_vault_cache *cache);
/* Kind of office keys in the cache; no subject has it. */
#define GJ_VAULT_CACHE_OFFICE UINT16_MAX
const uint8_t *gj_vault_cache_get(struct gj_vault_cache *cache, const struct gj_subject *subject, uint64_t *key_id);
void gj_vault_cache_put(struct gj_vault_cache *cache, const struct gj_subject *subject, uint64_t key_id,
    const uint8_t key[GJ_VAULT_KEY_SIZE]);
void gj_vault_cache_drop(struct gj_vault_cache *cache, const struct gj_subject *subject);
void gj_vault_cache_clear(struct gj_vault_cache *cache);

#endif
