#ifndef GJ_STORE_VAULT_H
#define GJ_STORE_VAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "store/txn.h"

/* The vault: data keys of subjects (a household 业户, a caller, a staff member …) and blind indexes, in an LMDB
 * environment of their own, so that erasing a subject means destroying a few small rows and rewriting a small file.
 *
 *     master key (credential of the daemon)  wraps  office keys  wrap  data keys  seal fields
 *
 * Whoever changes the vault does so inside a write transaction of the main store. gj_txn_commit makes new rows durable
 * in the vault first and then commits main; removals happen after main's tombstone is durable, and the file is then
 * rewritten. What a crash leaves between the steps is undone or finished when the store is opened.
 *
 * Keys are made on the request side: random bytes never come into being inside a transaction. */
struct gj_vault;

#define GJ_VAULT_KEY_SIZE 32
#define GJ_VAULT_WRAPPED_SIZE 81
#define GJ_VAULT_TOKEN_SIZE 16

/* Headquarters' own key has office 0. */
struct gj_subject {
    uint16_t kind;
    uint64_t id;
};

/* A wrapped key: u64 key id, u64 office, gj_secret_wrap of the key. Safe to be carried in a command and kept. */
struct gj_vault_wrapped {
    uint8_t bytes[GJ_VAULT_WRAPPED_SIZE];
};
uint64_t gj_vault_key_id(const struct gj_vault_wrapped *wrapped);

/* ---- request side: any thread ---- */

/* A new random office key (wrapped by the master key), to be put by gj_vault_put_office. */
enum gj_err gj_vault_new_office(struct gj_vault *vault, uint32_t office, struct gj_vault_wrapped *out);

/* A new random data key under the office's key: the key itself for sealing (caller wipes it) and its wrapped form.
 * GJ_ENOTFOUND: the office has no key. */
enum gj_err gj_vault_new_key(
    struct gj_vault *vault, uint32_t office, uint8_t key[GJ_VAULT_KEY_SIZE], struct gj_vault_wrapped *out);

/* The same under an office key that was made by gj_vault_new_office and travels in the same command: an office's own
 * data key comes into being with the office. */
enum gj_err gj_vault_new_first_key(struct gj_vault *vault, uint32_t office, const struct gj_vault_wrapped *office_key,
    uint8_t key[GJ_VAULT_KEY_SIZE], struct gj_vault_wrapped *out);

/* The data key of a subject as last committed; caller wipes it. GJ_ENOTFOUND: none, or erased. key_id may be NULL. */
enum gj_err gj_vault_key(
    struct gj_vault *vault, const struct gj_subject *subject, uint8_t key[GJ_VAULT_KEY_SIZE], uint64_t *key_id);

/* What a blind index is over. Numbers are part of the derivation: append only. */
enum gj_blind {
    GJ_BLIND_PHONE = 1,      /* full normalised number; one salt for the company (office ignored) */
    GJ_BLIND_PHONE_LAST = 2, /* last four digits; salted per office, as all below */
    GJ_BLIND_SURNAME = 3,
    GJ_BLIND_INITIALS = 4,
    GJ_BLIND_NAME = 5,
    GJ_BLIND_PLATE = 6,
    GJ_BLIND_ID_NUMBER = 7,
    GJ_BLIND_CASE = 8, /* an imported case: it holds names and phones */
};

struct gj_vault_token {
    uint8_t bytes[GJ_VAULT_TOKEN_SIZE];
};

/* The token of a text: the same text gives the same token, and nobody without the master key can try texts. */
enum gj_err gj_vault_token(struct gj_vault *vault, enum gj_blind kind, uint32_t office, const void *text, size_t len,
    struct gj_vault_token *out);

/* Subjects that carry the token, as last committed, in order of kind and id; at most max. *count: how many were
 * written; *more: there are others. */
enum gj_err gj_vault_find(struct gj_vault *vault, const struct gj_vault_token *token, struct gj_subject *out,
    size_t max, size_t *count, bool *more);

/* ---- inside a write transaction: errors stay in txn ---- */

void gj_vault_put_office(struct gj_txn *txn, uint32_t office, const struct gj_vault_wrapped *wrapped);
/* Also writes the subject's row in main. A subject that has a key, or had one, is GJ_EEXIST. */
void gj_vault_put_key(
    struct gj_txn *txn, const struct gj_subject *subject, uint32_t office, const struct gj_vault_wrapped *wrapped);
/* Replaces the wrapping when a subject moves to another office: the key itself must be the same. */
void gj_vault_rewrap(
    struct gj_txn *txn, const struct gj_subject *subject, uint32_t office, const struct gj_vault_wrapped *wrapped);
void gj_vault_put_token(struct gj_txn *txn, const struct gj_subject *subject, const struct gj_vault_token *token);
/* The token goes from the index; a token that is not there is no error. */
void gj_vault_del_token(struct gj_txn *txn, const struct gj_subject *subject, const struct gj_vault_token *token);
/* Writes the tombstone; after the commit key and tokens are destroyed and the vault file is rewritten. */
void gj_vault_erase(struct gj_txn *txn, const struct gj_subject *subject);
/* True once gj_vault_erase was committed (or is under way in txn). */
bool gj_vault_is_erased(struct gj_txn *txn, const struct gj_subject *subject);
/* True when the subject has a living key, as txn sees it. */
bool gj_vault_has_key(struct gj_txn *txn, const struct gj_subject *subject);
/* The same key wrapped for another office, for gj_vault_rewrap. Request side. */
enum gj_err gj_vault_wrap_for(
    struct gj_vault *vault, const struct gj_subject *subject, uint32_t office, struct gj_vault_wrapped *out);

/* ---- upkeep ---- */

/* What a comparison of both environments found and did. */
struct gj_vault_report {
    uint64_t keys;     /* living keys in the vault */
    uint64_t orphans;  /* keys without a subject in main: removed */
    uint64_t finished; /* keys of erased subjects: removed */
    uint64_t missing;  /* subjects in main that should have a key and have none: their fields cannot be read */
};

/* Compares every row of both sides: after a restore, and when an administrator asks. Reads everything, so it takes
 * seconds; no write transaction may be open. Rewrites the file when something was removed. */
enum gj_err gj_vault_reconcile(struct gj_store *store, struct gj_vault_report *out);

/* Finishes erasures, writes the vault anew row by row, puts the copy in its place and removes the old file, so that no
 * destroyed key is left in it. Any thread without an open write transaction. Commands go on meanwhile unless they
 * change the vault; readers of the vault wait for the exchange alone. GJ_EBUSY: a backup is copying the vault, try
 * later. */
enum gj_err gj_vault_rewrite(struct gj_store *store);

/* Fingerprint of the master key the vault belongs to (8 bytes), for messages. */
void gj_vault_fingerprint(const uint8_t master_key[GJ_VAULT_KEY_SIZE], uint8_t out[8]);

#endif
