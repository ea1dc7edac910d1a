#include "store/audit_tree.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "store/internal.h"

struct gj_tree_hash gj_tree_leaf(const void *entry, size_t len)
{
    static const uint8_t prefix = 0;
    struct gj_tree_hash hash;
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, &prefix, 1);
    if (len > 0) {
        crypto_hash_sha256_update(&state, entry, len);
    }
    crypto_hash_sha256_final(&state, hash.bytes);
    return hash;
}

struct gj_tree_hash gj_tree_node(const struct gj_tree_hash *left, const struct gj_tree_hash *right)
{
    uint8_t bytes[1 + 2 * GJ_TREE_HASH_SIZE];
    bytes[0] = 1;
    memcpy(bytes + 1, left->bytes, GJ_TREE_HASH_SIZE);
    memcpy(bytes + 1 + GJ_TREE_HASH_SIZE, right->bytes, GJ_TREE_HASH_SIZE);
    struct gj_tree_hash hash;
    crypto_hash_sha256(hash.bytes, bytes, sizeof bytes);
    return hash;
}

static struct gj_key tile_key(unsigned level, uint64_t number)
{
    struct gj_key key;
    gj_key_init(&key);
    gj_key_u8(&key, (uint8_t)level);
    gj_key_u64(&key, number);
    return key;
}

/* Root over the peaks, right to left; n_peaks is not 0. */
static struct gj_tree_hash fold(const struct gj_tree_hash *peaks, unsigned n_peaks)
{
    struct gj_tree_hash root = peaks[n_peaks - 1];
    for (unsigned i = n_peaks - 1; i-- > 0;) {
        root = gj_tree_node(&peaks[i], &root);
    }
    return root;
}

/* ---- appending ---- */

/* A tile of level - 1 has become full: its root is the next hash of this level. */
static void extend_tile(struct gj_txn *txn, unsigned level, uint64_t index, const struct gj_tree_hash *hash)
{
    unsigned slot = (unsigned)(index % GJ_TREE_TILE);
    struct gj_tree_hash tile[GJ_TREE_TILE];
    struct gj_key key = tile_key(level, index / GJ_TREE_TILE);
    if (slot > 0) {
        struct gj_value row;
        bool found = gj_txn_get(txn, GJ_TABLE_TILE, &key, &row);
        if (!found || row.len != slot * sizeof tile[0]) {
            gj_txn_fail(txn, GJ_ECORRUPT);
            return;
        }
        memcpy(tile, row.data, row.len);
    }
    tile[slot] = *hash;
    gj_txn_put(txn, GJ_TABLE_TILE, &key, tile, (slot + 1) * sizeof tile[0]);
}

void gj_tree_append(struct gj_txn *txn, const struct gj_tree_hash *leaf)
{
    struct gj_log_state *log = txn->log;
    assert(txn->log_loaded);
    log->leaves[log->size % GJ_TREE_TILE] = *leaf;
    uint64_t size = log->size + 1;
    struct gj_tree_hash carry = *leaf;
    unsigned height = 0;
    for (uint64_t s = log->size; (s & 1) != 0; s >>= 1) {
        carry = gj_tree_node(&log->peaks[--log->n_peaks], &carry);
        height++;
        if (height % 8 == 0) {
            extend_tile(txn, height / 8, (size >> height) - 1, &carry);
        }
    }
    log->peaks[log->n_peaks++] = carry;
    log->size = size;
}

/* ---- reading ---- */

uint64_t gj_tree_size(struct gj_txn *txn)
{
    return gj_txn_events(txn);
}

enum gj_err gj_tree_root(struct gj_txn *txn, struct gj_tree_hash *out)
{
    struct gj_log_state edge;
    const struct gj_log_state *log = txn->log;
    if (!txn->log_loaded) {
        if (!gj_log_read_edge(txn, &edge)) {
            return txn->err;
        }
        log = &edge;
    }
    if (log->size == 0) {
        crypto_hash_sha256(out->bytes, NULL, 0);
    } else {
        *out = fold(log->peaks, log->n_peaks);
    }
    return GJ_OK;
}

/* Leaves have no rows: they follow from the entries. */
static enum gj_err leaves(struct gj_txn *txn, uint64_t number, unsigned count, struct gj_tree_hash out[GJ_TREE_TILE])
{
    for (unsigned i = 0; i < count; i++) {
        struct gj_entry_row row;
        if (!gj_entry_get(txn, number * GJ_TREE_TILE + i, &row)) {
            return txn->err != GJ_OK ? txn->err : GJ_ECORRUPT;
        }
        out[i] = gj_tree_leaf(row.bytes.data, row.bytes.len);
    }
    return GJ_OK;
}

enum gj_err gj_tree_tile(
    struct gj_txn *txn, unsigned level, uint64_t number, struct gj_tree_hash out[GJ_TREE_TILE], unsigned *count)
{
    *count = 0;
    uint64_t hashes = level * 8 < 64 ? gj_tree_size(txn) >> (level * 8) : 0;
    if (txn->err != GJ_OK) {
        return txn->err;
    }
    if (number >= (hashes + GJ_TREE_TILE - 1) / GJ_TREE_TILE) {
        return GJ_OK;
    }
    uint64_t left = hashes - number * GJ_TREE_TILE;
    unsigned have = left < GJ_TREE_TILE ? (unsigned)left : GJ_TREE_TILE;
    enum gj_err err = GJ_OK;
    if (level == 0) {
        err = leaves(txn, number, have, out);
    } else {
        struct gj_key key = tile_key(level, number);
        struct gj_value row;
        if (!gj_txn_get(txn, GJ_TABLE_TILE, &key, &row) || row.len != have * sizeof out[0]) {
            gj_txn_fail(txn, GJ_ECORRUPT);
            return txn->err;
        }
        memcpy(out, row.data, row.len);
    }
    *count = err == GJ_OK ? have : 0;
    return err;
}

enum gj_err gj_tree_subtree(struct gj_txn *txn, unsigned height, uint64_t index, struct gj_tree_hash *out)
{
    uint64_t size = gj_tree_size(txn);
    if (height >= 64 || index >= size >> height) {
        return txn->err != GJ_OK ? txn->err : GJ_ENOTFOUND;
    }
    unsigned fold_by = height % 8;
    uint64_t first = index << fold_by;
    struct gj_tree_hash nodes[GJ_TREE_TILE];
    unsigned count = 0;
    enum gj_err err = gj_tree_tile(txn, height / 8, first / GJ_TREE_TILE, nodes, &count);
    if (err != GJ_OK) {
        return err;
    }
    struct gj_tree_hash *part = nodes + first % GJ_TREE_TILE;
    assert(first % GJ_TREE_TILE + (1u << fold_by) <= count);
    for (unsigned n = 1u << fold_by; n > 1; n /= 2) {
        for (unsigned i = 0; i < n / 2; i++) {
            part[i] = gj_tree_node(&part[2 * i], &part[2 * i + 1]);
        }
    }
    *out = part[0];
    return GJ_OK;
}

enum gj_err gj_tree_root_at(struct gj_txn *txn, uint64_t size, struct gj_tree_hash *out)
{
    if (size > gj_tree_size(txn)) {
        return txn->err != GJ_OK ? txn->err : GJ_ENOTFOUND;
    }
    if (size == 0) {
        crypto_hash_sha256(out->bytes, NULL, 0);
        return GJ_OK;
    }
    struct gj_tree_hash peaks[64];
    unsigned n_peaks = 0;
    uint64_t done = 0;
    for (unsigned height = 64; height-- > 0;) {
        if ((size >> height & 1) == 0) {
            continue;
        }
        enum gj_err err = gj_tree_subtree(txn, height, done >> height, &peaks[n_peaks++]);
        if (err != GJ_OK) {
            return err;
        }
        done += UINT64_C(1) << height;
    }
    *out = fold(peaks, n_peaks);
    return GJ_OK;
}
