/* Blind indexes: tokens are computed with a key that no snapshot of the files gives away. */
#include "store/vault.h"

#include <sodium.h>
#include <string.h>

#include "common/secret.h"
#include "store/vault_internal.h"

static const char *label_of(enum gj_blind kind)
{
    switch (kind) {
    case GJ_BLIND_PHONE:
        return "phone";
    case GJ_BLIND_PHONE_LAST:
        return "phone-last";
    case GJ_BLIND_SURNAME:
        return "surname";
    case GJ_BLIND_INITIALS:
        return "initials";
    case GJ_BLIND_NAME:
        return "name";
    case GJ_BLIND_PLATE:
        return "plate";
    case GJ_BLIND_CASE:
        return "case";
    case GJ_BLIND_ID_NUMBER:
        return "id-number";
    }
    return NULL;
}

/* One salt for the company lets a caller be found wherever he lives; the others are per office, so that how often a
 * surname occurs cannot be compared between offices. */
static uint32_t salt_office(enum gj_blind kind, uint32_t office)
{
    return kind == GJ_BLIND_PHONE ? 0 : office;
}

enum gj_err gj_vault_token(struct gj_vault *vault, enum gj_blind kind, uint32_t office, const void *text, size_t len,
    struct gj_vault_token *out)
{
    const char *label = label_of(kind);
    if (label == NULL) {
        return GJ_EINVAL;
    }
    struct gj_key info = gj_key_of_name("guanjia blind index");
    gj_key_u16(&info, (uint16_t)kind);
    gj_key_u32(&info, salt_office(kind, office));
    uint8_t key[GJ_SECRET_KEY_SIZE];
    gj_secret_hkdf(NULL, 0, vault->index_key, GJ_VAULT_KEY_SIZE, info.bytes, info.len, key, sizeof key);
    gj_secret_blind(key, label, text, len, out->bytes);
    sodium_memzero(key, sizeof key);
    return GJ_OK;
}

static int collect(struct gj_vault *vault, MDB_txn *mdb, const struct gj_vault_token *token, struct gj_subject *out,
    size_t max, size_t *count, bool *more)
{
    MDB_cursor *cursor = NULL;
    int rc = mdb_cursor_open(mdb, vault->dbi[GJ_VAULT_TOKEN], &cursor);
    if (rc != MDB_SUCCESS) {
        return rc;
    }
    MDB_val key = {sizeof token->bytes, (void *)(uintptr_t)token->bytes};
    MDB_val value;
    rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (rc == MDB_SUCCESS && key.mv_size == sizeof token->bytes + 10 &&
           memcmp(key.mv_data, token->bytes, sizeof token->bytes) == 0) {
        if (*count == max) {
            *more = true;
            break;
        }
        struct gj_key_reader reader = gj_key_read(key.mv_data, key.mv_size);
        (void)gj_key_read_bytes(&reader, sizeof token->bytes);
        out[*count].kind = gj_key_read_u16(&reader);
        out[*count].id = gj_key_read_u64(&reader);
        ++*count;
        rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? MDB_SUCCESS : rc;
}

enum gj_err gj_vault_find(struct gj_vault *vault, const struct gj_vault_token *token, struct gj_subject *out,
    size_t max, size_t *count, bool *more)
{
    *count = 0;
    *more = false;
    pthread_rwlock_rdlock(&vault->swap);
    MDB_txn *mdb = NULL;
    int rc = mdb_txn_begin(vault->env.env, NULL, MDB_RDONLY, &mdb);
    if (rc == MDB_SUCCESS) {
        rc = collect(vault, mdb, token, out, max, count, more);
        mdb_txn_abort(mdb);
    }
    pthread_rwlock_unlock(&vault->swap);
    return gj_store_err(rc);
}
