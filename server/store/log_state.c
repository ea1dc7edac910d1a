/* The part of the audit log that a write transaction keeps in memory: the right edge of the tree, the leaves of the
 * open tile and the offices of the open block. Only the edge has a row, written once per commit; the rest follows from
 * the last entries (255 at most) when the store is opened. */
#include "store/internal.h"

#include <string.h>

#include "common/cursor.h"

#define EDGE_KEY "tree"
#define EDGE_MAX (8 + 64 * GJ_TREE_HASH_SIZE)

bool gj_log_read_edge(struct gj_txn *txn, struct gj_log_state *out)
{
    out->size = 0;
    out->n_peaks = 0;
    struct gj_key key = gj_key_of_name(EDGE_KEY);
    struct gj_value row;
    if (!gj_txn_get(txn, GJ_TABLE_HOT, &key, &row)) {
        return txn->err == GJ_OK;
    }
    struct gj_cursor cur;
    gj_cursor_init(&cur, row.data, row.len);
    out->size = gj_cursor_u64(&cur);
    out->n_peaks = (unsigned)__builtin_popcountll(out->size);
    for (unsigned i = 0; i < out->n_peaks; i++) {
        gj_cursor_copy(&cur, out->peaks[i].bytes, GJ_TREE_HASH_SIZE);
    }
    if (gj_cursor_done(&cur) != GJ_OK) {
        gj_txn_fail(txn, GJ_ECORRUPT);
        return false;
    }
    return true;
}

static void add_office(struct gj_log_state *log, uint32_t office)
{
    unsigned at = 0;
    while (at < log->n_offices && log->offices[at] < office) {
        at++;
    }
    if (at < log->n_offices && log->offices[at] == office) {
        return;
    }
    memmove(&log->offices[at + 1], &log->offices[at], (log->n_offices - at) * sizeof log->offices[0]);
    log->offices[at] = office;
    log->n_offices++;
}

/* The edge says what the open tile's leaves must give: entries changed behind our back are found here. */
static bool tile_agrees(const struct gj_log_state *log)
{
    unsigned open = (unsigned)(log->size % GJ_TREE_TILE);
    unsigned peak = log->n_peaks - (unsigned)__builtin_popcount(open);
    unsigned done = 0;
    for (unsigned height = 8; height-- > 0;) {
        if ((open >> height & 1) == 0) {
            continue;
        }
        struct gj_tree_hash nodes[GJ_TREE_TILE];
        unsigned count = 1u << height;
        memcpy(nodes, log->leaves + done, count * sizeof nodes[0]);
        for (; count > 1; count /= 2) {
            for (unsigned i = 0; i < count / 2; i++) {
                nodes[i] = gj_tree_node(&nodes[2 * i], &nodes[2 * i + 1]);
            }
        }
        if (memcmp(&nodes[0], &log->peaks[peak++], sizeof nodes[0]) != 0) {
            return false;
        }
        done += 1u << height;
    }
    return true;
}

/* Reads the entries behind the last full tile. */
static bool load_open(struct gj_txn *txn, struct gj_log_state *log)
{
    log->n_offices = 0;
    uint64_t first = log->size - log->size % GJ_TREE_TILE;
    for (uint64_t index = first; index < log->size; index++) {
        struct gj_entry_row row;
        if (!gj_entry_get(txn, index, &row)) {
            gj_txn_fail(txn, GJ_ECORRUPT);
            return false;
        }
        log->leaves[index % GJ_TREE_TILE] = gj_tree_leaf(row.bytes.data, row.bytes.len);
        add_office(log, row.entry.office);
    }
    if (!tile_agrees(log)) {
        gj_txn_fail(txn, GJ_ECORRUPT);
        return false;
    }
    return true;
}

bool gj_log_load(struct gj_txn *txn)
{
    if (txn->err != GJ_OK) {
        return false;
    }
    if (txn->log_loaded) {
        return true;
    }
    if (txn->store->log_loaded) {
        *txn->log = txn->store->log;
    } else if (!gj_log_read_edge(txn, txn->log) || !load_open(txn, txn->log)) {
        return false;
    }
    txn->log_loaded = true;
    return true;
}

static void write_block(struct gj_txn *txn, struct gj_log_state *log)
{
    struct gj_key key = gj_key_of_u64(log->size / GJ_TREE_TILE - 1);
    uint8_t *row = gj_txn_reserve_append(txn, GJ_TABLE_ENTRY_BLOCK, &key, log->n_offices * sizeof log->offices[0]);
    if (row != NULL) {
        struct gj_writer wr;
        gj_writer_init_fixed(&wr, row, log->n_offices * sizeof log->offices[0]);
        for (unsigned i = 0; i < log->n_offices; i++) {
            gj_writer_u32(&wr, log->offices[i]);
        }
    }
    log->n_offices = 0;
}

void gj_log_append(struct gj_txn *txn, const struct gj_tree_hash *leaf, uint32_t office)
{
    struct gj_log_state *log = txn->log;
    txn->log_changed = true;
    add_office(log, office);
    gj_tree_append(txn, leaf);
    if (log->size % GJ_TREE_TILE == 0) {
        write_block(txn, log);
    }
}

void gj_log_flush(struct gj_txn *txn)
{
    if (!txn->log_changed || txn->err != GJ_OK) {
        return;
    }
    const struct gj_log_state *log = txn->log;
    uint8_t row[EDGE_MAX];
    struct gj_writer wr;
    gj_writer_init_fixed(&wr, row, sizeof row);
    gj_writer_u64(&wr, log->size);
    gj_writer_bytes(&wr, log->peaks, log->n_peaks * sizeof log->peaks[0]);
    struct gj_key key = gj_key_of_name(EDGE_KEY);
    gj_txn_put(txn, GJ_TABLE_HOT, &key, row, wr.len);
}

uint64_t gj_txn_events(struct gj_txn *txn)
{
    if (txn->log_loaded) {
        return txn->log->size;
    }
    struct gj_key key = gj_key_of_name(EDGE_KEY);
    struct gj_value row;
    if (!gj_txn_get(txn, GJ_TABLE_HOT, &key, &row)) {
        return 0;
    }
    struct gj_key_reader reader = gj_key_read(row.data, row.len);
    return gj_key_read_u64(&reader);
}
