#include "store/vault.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "common/secret.h"
#include "store/vault_internal.h"

#define META_INDEX_KEY "index_key"
#define HEAD_SIZE 16 /* of a wrapped key: key id, office; authenticated with it */

static_assert(GJ_VAULT_WRAPPED_SIZE == HEAD_SIZE + GJ_SECRET_WRAPPED_SIZE, "a wrapped key is its head and its box");
static_assert(GJ_VAULT_KEY_SIZE == GJ_SECRET_KEY_SIZE && GJ_VAULT_TOKEN_SIZE == GJ_SECRET_BLIND_SIZE, "one size");

/* ---- keys of rows ---- */

struct gj_key gj_vault_subject_key(const struct gj_subject *subject)
{
    struct gj_key key;
    gj_key_init(&key);
    gj_key_u16(&key, subject->kind);
    gj_key_u64(&key, subject->id);
    return key;
}

struct gj_key gj_vault_token_key(const struct gj_vault_token *token, const struct gj_subject *subject)
{
    struct gj_key key = gj_key_of_bytes(token->bytes, sizeof token->bytes);
    gj_key_u16(&key, subject->kind);
    gj_key_u64(&key, subject->id);
    return key;
}

struct gj_key gj_vault_by_subject_key(const struct gj_subject *subject, const struct gj_vault_token *token)
{
    struct gj_key key = gj_vault_subject_key(subject);
    gj_key_bytes(&key, token->bytes, sizeof token->bytes);
    return key;
}

MDB_val gj_vault_val(const struct gj_key *key)
{
    return (MDB_val){.mv_size = key->len, .mv_data = (void *)(uintptr_t)key->bytes};
}

static struct gj_key office_key(uint32_t office)
{
    struct gj_key key;
    gj_key_init(&key);
    gj_key_u32(&key, office);
    return key;
}

/* ---- wrapping ---- */

static void wrap(const uint8_t outer[GJ_VAULT_KEY_SIZE], uint64_t key_id, uint32_t office,
    const uint8_t key[GJ_VAULT_KEY_SIZE], struct gj_vault_wrapped *out)
{
    struct gj_key head = gj_key_of_u64(key_id);
    gj_key_u64(&head, office);
    memcpy(out->bytes, head.bytes, HEAD_SIZE);
    gj_secret_wrap(outer, out->bytes, HEAD_SIZE, key, out->bytes + HEAD_SIZE);
}

enum gj_err gj_vault_unwrap(
    const uint8_t outer[GJ_VAULT_KEY_SIZE], const void *wrapped, size_t len, uint8_t key[GJ_VAULT_KEY_SIZE])
{
    if (len != GJ_VAULT_WRAPPED_SIZE) {
        return GJ_ECORRUPT;
    }
    const uint8_t *bytes = wrapped;
    return gj_secret_unwrap(outer, bytes, HEAD_SIZE, bytes + HEAD_SIZE, len - HEAD_SIZE, key);
}

uint64_t gj_vault_key_id(const struct gj_vault_wrapped *wrapped)
{
    struct gj_key_reader reader = gj_key_read(wrapped->bytes, sizeof wrapped->bytes);
    return gj_key_read_u64(&reader);
}

static uint64_t random_id(void)
{
    uint64_t id = 0;
    while (id == 0) {
        randombytes_buf(&id, sizeof id);
    }
    return id;
}

void gj_vault_fingerprint(const uint8_t master_key[GJ_VAULT_KEY_SIZE], uint8_t out[8])
{
    static const char label[] = "guanjia master key fingerprint";
    uint8_t mac[GJ_SECRET_BLIND_SIZE];
    gj_secret_blind(master_key, "fingerprint", label, sizeof label - 1, mac);
    memcpy(out, mac, 8);
}

/* ---- open and close ---- */

static int open_tables(struct gj_vault *vault, MDB_txn *mdb)
{
    static const char *const names[GJ_VAULT_TABLE_COUNT] = {
#define GJ_VAULT_TABLE_NAME(constant, name) [GJ_VAULT_##constant] = name,
        GJ_VAULT_TABLES(GJ_VAULT_TABLE_NAME)
#undef GJ_VAULT_TABLE_NAME
    };
    int rc = MDB_SUCCESS;
    for (unsigned i = 0; rc == MDB_SUCCESS && i < GJ_VAULT_TABLE_COUNT; i++) {
        rc = mdb_dbi_open(mdb, names[i], MDB_CREATE, &vault->dbi[i]);
    }
    return rc;
}

enum gj_err gj_vault_open_tables(struct gj_vault *vault)
{
    MDB_txn *mdb = NULL;
    int rc = mdb_txn_begin(vault->env.env, NULL, 0, &mdb);
    if (rc != MDB_SUCCESS) {
        return gj_store_err(rc);
    }
    rc = open_tables(vault, mdb);
    if (rc != MDB_SUCCESS) {
        mdb_txn_abort(mdb);
        return gj_store_err(rc);
    }
    return gj_store_err(mdb_txn_commit(mdb));
}

/* The index key is made with the vault and wrapped by the master key: opening it proves that the key is the right one,
 * and changing the master key one day leaves the blind indexes as they are. */
static enum gj_err make_index_key(struct gj_vault *vault)
{
    struct gj_vault_wrapped wrapped;
    randombytes_buf(vault->index_key, GJ_VAULT_KEY_SIZE);
    wrap(vault->master, random_id(), 0, vault->index_key, &wrapped);
    MDB_txn *mdb = NULL;
    int rc = mdb_txn_begin(vault->env.env, NULL, 0, &mdb);
    if (rc != MDB_SUCCESS) {
        return gj_store_err(rc);
    }
    MDB_val key = {sizeof META_INDEX_KEY - 1, META_INDEX_KEY};
    MDB_val value = {sizeof wrapped.bytes, wrapped.bytes};
    rc = mdb_put(mdb, vault->dbi[GJ_VAULT_META], &key, &value, MDB_NOOVERWRITE);
    if (rc != MDB_SUCCESS) {
        mdb_txn_abort(mdb);
        return gj_store_err(rc);
    }
    return gj_store_err(mdb_txn_commit(mdb));
}

static enum gj_err load_index_key(struct gj_vault *vault)
{
    MDB_txn *mdb = NULL;
    int rc = mdb_txn_begin(vault->env.env, NULL, MDB_RDONLY, &mdb);
    if (rc != MDB_SUCCESS) {
        return gj_store_err(rc);
    }
    MDB_val key = {sizeof META_INDEX_KEY - 1, META_INDEX_KEY};
    MDB_val value;
    rc = mdb_get(mdb, vault->dbi[GJ_VAULT_META], &key, &value);
    enum gj_err err = rc == MDB_NOTFOUND ? GJ_ECORRUPT : gj_store_err(rc);
    if (err == GJ_OK) {
        err = gj_vault_unwrap(vault->master, value.mv_data, value.mv_size, vault->index_key);
    }
    mdb_txn_abort(mdb);
    return err;
}

static enum gj_err open_parts(struct gj_vault *vault, const struct gj_store_options *options, struct gj_fault *fault)
{
    char dir[GJ_STORE_PATH_MAX + 8];
    snprintf(dir, sizeof dir, "%s/vault", gj_store_dir(vault->store));
    uint64_t map = options->vault_map_bytes != 0 ? options->vault_map_bytes : GJ_VAULT_MAP_BYTES;
    enum gj_err err = gj_env_open(&vault->env, dir, "vault", map, true, options->create, fault);
    if (err != GJ_OK) {
        return err;
    }
    if ((err = gj_vault_open_tables(vault)) != GJ_OK) {
        return gj_fault_set(fault, err, "the vault cannot be read: %s", gj_err_text(err));
    }
    err = options->create ? make_index_key(vault) : load_index_key(vault);
    if (err == GJ_ECRYPTO) {
        return gj_fault_set(fault, err, "the master key is not the one this store was made with");
    }
    return err == GJ_OK ? err : gj_fault_set(fault, err, "the vault's key cannot be read: %s", gj_err_text(err));
}

enum gj_err gj_vault_open(
    struct gj_store *store, const struct gj_store_options *options, struct gj_vault **out, struct gj_fault *fault)
{
    struct gj_vault *vault = gj_fail_point("vault.open") ? NULL : calloc(1, sizeof *vault);
    if (vault == NULL) {
        return gj_fault_set(fault, GJ_ENOMEM, "out of memory");
    }
    vault->store = store;
    pthread_rwlock_init(&vault->swap, NULL);
    pthread_mutex_init(&vault->lock, NULL);
    pthread_mutex_init(&vault->rewriting, NULL);
    vault->cache = gj_vault_cache_new(options->cache_keys != 0 ? options->cache_keys : GJ_VAULT_CACHE_KEYS);
    vault->master = sodium_malloc(GJ_VAULT_KEY_SIZE);
    vault->index_key = sodium_malloc(GJ_VAULT_KEY_SIZE);
    enum gj_err err = GJ_OK;
    if (vault->cache == NULL || vault->master == NULL || vault->index_key == NULL) {
        err = gj_fault_set(fault, GJ_ENOMEM, "out of memory for keys");
    } else {
        memcpy(vault->master, options->master_key, GJ_VAULT_KEY_SIZE);
        err = open_parts(vault, options, fault);
    }
    if (err != GJ_OK) {
        gj_vault_close(vault);
        return err;
    }
    *out = vault;
    return GJ_OK;
}

void gj_vault_close(struct gj_vault *vault)
{
    if (vault == NULL) {
        return;
    }
    gj_env_close(&vault->env);
    gj_vault_cache_free(vault->cache);
    sodium_free(vault->master);
    sodium_free(vault->index_key);
    pthread_mutex_destroy(&vault->lock);
    pthread_mutex_destroy(&vault->rewriting);
    pthread_rwlock_destroy(&vault->swap);
    free(vault);
}

uint64_t gj_vault_used_bytes(struct gj_vault *vault)
{
    MDB_envinfo info;
    MDB_stat stat;
    pthread_rwlock_rdlock(&vault->swap);
    mdb_env_info(vault->env.env, &info);
    mdb_env_stat(vault->env.env, &stat);
    pthread_rwlock_unlock(&vault->swap);
    return (info.me_last_pgno + 1) * (uint64_t)stat.ms_psize;
}

/* ---- reading keys ---- */

/* Copies a row of at most a wrapped key's size out of the vault. */
static enum gj_err read_row(
    struct gj_vault *vault, enum gj_vault_table table, const struct gj_key *key, struct gj_vault_wrapped *out)
{
    pthread_rwlock_rdlock(&vault->swap);
    MDB_txn *mdb = NULL;
    int rc = mdb_txn_begin(vault->env.env, NULL, MDB_RDONLY, &mdb);
    if (rc == MDB_SUCCESS) {
        MDB_val mdb_key = gj_vault_val(key);
        MDB_val value;
        rc = mdb_get(mdb, vault->dbi[table], &mdb_key, &value);
        if (rc == MDB_SUCCESS && value.mv_size != sizeof out->bytes) {
            rc = MDB_CORRUPTED;
        }
        if (rc == MDB_SUCCESS) {
            memcpy(out->bytes, value.mv_data, sizeof out->bytes);
        }
        mdb_txn_abort(mdb);
    }
    pthread_rwlock_unlock(&vault->swap);
    return gj_store_err(rc);
}

/* With vault->lock held. */
static enum gj_err get_office(struct gj_vault *vault, uint32_t office, uint8_t key[GJ_VAULT_KEY_SIZE])
{
    struct gj_subject subject = {GJ_VAULT_CACHE_OFFICE, office};
    uint64_t key_id = 0;
    const uint8_t *cached = gj_vault_cache_get(vault->cache, &subject, &key_id);
    if (cached != NULL) {
        memcpy(key, cached, GJ_VAULT_KEY_SIZE);
        return GJ_OK;
    }
    struct gj_vault_wrapped wrapped;
    struct gj_key row = office_key(office);
    enum gj_err err = read_row(vault, GJ_VAULT_OFFICE, &row, &wrapped);
    if (err == GJ_OK) {
        err = gj_vault_unwrap(vault->master, wrapped.bytes, sizeof wrapped.bytes, key);
    }
    if (err == GJ_OK) {
        gj_vault_cache_put(vault->cache, &subject, gj_vault_key_id(&wrapped), key);
    }
    return err;
}

static enum gj_err unwrap_by_office(
    struct gj_vault *vault, const struct gj_vault_wrapped *wrapped, uint8_t key[GJ_VAULT_KEY_SIZE])
{
    struct gj_key_reader reader = gj_key_read(wrapped->bytes, sizeof wrapped->bytes);
    (void)gj_key_read_u64(&reader);
    uint8_t outer[GJ_VAULT_KEY_SIZE];
    enum gj_err err = get_office(vault, (uint32_t)gj_key_read_u64(&reader), outer);
    if (err == GJ_ENOTFOUND) {
        err = GJ_ECORRUPT; /* a data key without the key that opens it */
    }
    if (err == GJ_OK) {
        err = gj_vault_unwrap(outer, wrapped->bytes, sizeof wrapped->bytes, key);
    }
    sodium_memzero(outer, sizeof outer);
    return err;
}

static enum gj_err get_key(
    struct gj_vault *vault, const struct gj_subject *subject, uint8_t key[GJ_VAULT_KEY_SIZE], uint64_t *key_id)
{
    const uint8_t *cached = gj_vault_cache_get(vault->cache, subject, key_id);
    if (cached != NULL) {
        memcpy(key, cached, GJ_VAULT_KEY_SIZE);
        return GJ_OK;
    }
    struct gj_vault_wrapped wrapped;
    struct gj_key row = gj_vault_subject_key(subject);
    enum gj_err err = read_row(vault, GJ_VAULT_KEY, &row, &wrapped);
    if (err == GJ_OK) {
        err = unwrap_by_office(vault, &wrapped, key);
    }
    if (err == GJ_OK) {
        *key_id = gj_vault_key_id(&wrapped);
        gj_vault_cache_put(vault->cache, subject, *key_id, key);
    }
    return err;
}

enum gj_err gj_vault_key(
    struct gj_vault *vault, const struct gj_subject *subject, uint8_t key[GJ_VAULT_KEY_SIZE], uint64_t *key_id)
{
    uint64_t id = 0;
    pthread_mutex_lock(&vault->lock);
    enum gj_err err = get_key(vault, subject, key, &id);
    pthread_mutex_unlock(&vault->lock);
    if (err == GJ_OK && key_id != NULL) {
        *key_id = id;
    }
    return err;
}

void gj_vault_forget(struct gj_vault *vault, const struct gj_subject *subject)
{
    pthread_mutex_lock(&vault->lock);
    gj_vault_cache_drop(vault->cache, subject);
    pthread_mutex_unlock(&vault->lock);
}

void gj_vault_forget_all(struct gj_vault *vault)
{
    pthread_mutex_lock(&vault->lock);
    gj_vault_cache_clear(vault->cache);
    pthread_mutex_unlock(&vault->lock);
}

/* ---- making keys ---- */

enum gj_err gj_vault_new_office(struct gj_vault *vault, uint32_t office, struct gj_vault_wrapped *out)
{
    uint8_t key[GJ_VAULT_KEY_SIZE];
    gj_secret_key_new(key);
    wrap(vault->master, random_id(), office, key, out);
    sodium_memzero(key, sizeof key);
    return GJ_OK;
}

static enum gj_err wrap_by_office(struct gj_vault *vault, uint32_t office, uint64_t key_id,
    const uint8_t key[GJ_VAULT_KEY_SIZE], struct gj_vault_wrapped *out)
{
    uint8_t outer[GJ_VAULT_KEY_SIZE];
    pthread_mutex_lock(&vault->lock);
    enum gj_err err = get_office(vault, office, outer);
    pthread_mutex_unlock(&vault->lock);
    if (err == GJ_OK) {
        wrap(outer, key_id, office, key, out);
    }
    sodium_memzero(outer, sizeof outer);
    return err;
}

enum gj_err gj_vault_new_key(
    struct gj_vault *vault, uint32_t office, uint8_t key[GJ_VAULT_KEY_SIZE], struct gj_vault_wrapped *out)
{
    gj_secret_key_new(key);
    enum gj_err err = wrap_by_office(vault, office, random_id(), key, out);
    if (err != GJ_OK) {
        sodium_memzero(key, GJ_VAULT_KEY_SIZE);
    }
    return err;
}

enum gj_err gj_vault_wrap_for(
    struct gj_vault *vault, const struct gj_subject *subject, uint32_t office, struct gj_vault_wrapped *out)
{
    uint8_t key[GJ_VAULT_KEY_SIZE];
    uint64_t key_id = 0;
    enum gj_err err = gj_vault_key(vault, subject, key, &key_id);
    if (err == GJ_OK) {
        err = wrap_by_office(vault, office, key_id, key, out);
    }
    sodium_memzero(key, sizeof key);
    return err;
}

enum gj_err gj_vault_new_first_key(struct gj_vault *vault, uint32_t office, const struct gj_vault_wrapped *office_key,
    uint8_t key[GJ_VAULT_KEY_SIZE], struct gj_vault_wrapped *out)
{
    uint8_t outer[GJ_VAULT_KEY_SIZE];
    enum gj_err err = gj_vault_unwrap(vault->master, office_key->bytes, sizeof office_key->bytes, outer);
    if (err == GJ_OK) {
        gj_secret_key_new(key);
        wrap(outer, random_id(), office, key, out);
    }
    sodium_memzero(outer, sizeof outer);
    return err;
}
