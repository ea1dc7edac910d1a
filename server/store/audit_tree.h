#ifndef GJ_STORE_AUDIT_TREE_H
#define GJ_STORE_AUDIT_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "store/txn.h"

/* The Merkle tree of the audit log (RFC 6962, SHA-256): leaf = SHA256(0x00 || entry), node = SHA256(0x01 || l || r).
 *
 * Kept in tiles of 256 hashes: tile (level, n) holds nodes n*256 … n*256+255 of tree height 8*level. Tiles of level 0
 * are not kept: their leaves follow from the entries, and a row of 256 hashes would be a tenth of all that the log
 * needs on disk. Higher tiles gain one hash whenever a tile below fills. The right edge (one root per complete subtree)
 * and the size are one row of the hot table, written once per transaction. */

#define GJ_TREE_HASH_SIZE 32
#define GJ_TREE_TILE 256

struct gj_tree_hash {
    uint8_t bytes[GJ_TREE_HASH_SIZE];
};

struct gj_tree_hash gj_tree_leaf(const void *entry, size_t len);
struct gj_tree_hash gj_tree_node(const struct gj_tree_hash *left, const struct gj_tree_hash *right);

/* Number of leaves, as this transaction sees it. */
uint64_t gj_tree_size(struct gj_txn *txn);
/* Root of the tree of that size; of an empty one SHA256(""). GJ_ECORRUPT: the edge is not readable. */
enum gj_err gj_tree_root(struct gj_txn *txn, struct gj_tree_hash *out);

/* Appends a leaf in a write transaction; called by gj_entry_append alone. */
void gj_tree_append(struct gj_txn *txn, const struct gj_tree_hash *leaf);

/* Copies the hashes of a tile; *count is 1 … 256, or 0 when the tree has none of it. A tile of level 0 is made from its
 * entries. What proofs are built from. */
enum gj_err gj_tree_tile(
    struct gj_txn *txn, unsigned level, uint64_t number, struct gj_tree_hash out[GJ_TREE_TILE], unsigned *count);

/* Hash of the complete subtree over leaves [index << height, (index + 1) << height); GJ_ENOTFOUND: it is not complete.
 */
enum gj_err gj_tree_subtree(struct gj_txn *txn, unsigned height, uint64_t index, struct gj_tree_hash *out);

/* Root over the first size leaves, computed from tiles: what the tree was then. GJ_ENOTFOUND: it is smaller. */
enum gj_err gj_tree_root_at(struct gj_txn *txn, uint64_t size, struct gj_tree_hash *out);

/* Computes the whole tree anew from the entries and compares every tile and the edge. Reads everything: 1 M entries
 * take some seconds. GJ_ECORRUPT: *bad is the first entry of the subtree that does not agree, or the size when only the
 * edge does not. */
enum gj_err gj_tree_check(struct gj_txn *txn, uint64_t *bad);

#endif
