/* Writes the audit log of a store as text, for tests/interop/check_audit.py; and makes a store with one to be written.
 *
 *     export_audit make DIR COUNT SEED    a new store in DIR with COUNT entries of all types and choices of parts
 *     export_audit DIR > FILE             the format of PROTOCOL.md, "Audit tree"
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/audit_tree.h"
#include "store/entry.h"
#include "store/store.h"

static int complain(const char *what, enum gj_err err, const struct gj_fault *fault)
{
    fprintf(stderr, "export_audit: %s: %s %s\n", what, gj_err_name(err), fault != NULL ? fault->text : "");
    return 1;
}

static void print_hex(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        printf("%02x", bytes[i]);
    }
    putchar('\n');
}

static enum gj_err export_log(struct gj_txn *txn)
{
    struct gj_tree_hash root;
    enum gj_err err = gj_tree_root(txn, &root);
    if (err != GJ_OK) {
        return err;
    }
    printf("size %" PRIu64 " root ", gj_tree_size(txn));
    print_hex(root.bytes, sizeof root.bytes);
    struct gj_entry_walk walk;
    uint64_t budget = UINT64_MAX;
    gj_entry_walk_open(&walk, txn, GJ_ENTRY_EVERY_OFFICE, true, 0, UINT64_MAX);
    while (gj_entry_walk_next(&walk, &budget)) {
        printf("%" PRIu64 " ", walk.row.index);
        print_hex(walk.row.bytes.data, walk.row.bytes.len);
    }
    gj_entry_walk_close(&walk);
    return gj_txn_error(txn);
}

static struct gj_entry some_entry(uint64_t index)
{
    struct gj_entry entry = {
        .type = (uint16_t)(index == 0 ? 1 : 2 + rand() % 15),
        .means = (uint8_t)(rand() % 5),
        .recorded_at = 1767574800000 + (int64_t)index * 1000,
        .office = (uint32_t)(rand() % 20),
        .actor = (uint64_t)rand(),
        .device = (uint64_t)rand(),
        .subject_kind = (uint16_t)(1 + rand() % 9),
        .subject = (uint64_t)rand(),
        .revision = (uint32_t)rand(),
        .call = (uint32_t)(rand() % 0xfff),
        .policy = 1,
        .previous = index == 0 || rand() % 3 == 0 ? GJ_ENTRY_NONE : (uint64_t)rand() % index,
        .stated_at = -(int64_t)rand(),
        .acting_for = (uint64_t)rand(),
        .second = (uint64_t)rand(),
        .related_kind = 3,
        .related = (uint64_t)rand(),
        .value = (int64_t)rand() - RAND_MAX / 2,
    };
    unsigned parts = (unsigned)rand();
    bool *const flags[] = {&entry.has_stated_at, &entry.has_acting_for, &entry.has_second, &entry.has_request_key,
        &entry.has_text, &entry.has_change, &entry.has_reason, &entry.has_related, &entry.has_value, &entry.has_object};
    for (unsigned i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        *flags[i] = (parts >> i & 1) != 0;
    }
    static const char *const words[] = {"", "accept", "WAT-01", "a.b_c:d+e-f", "12345678901234567890123456789012"};
    struct gj_entry_word *const all[] = {&entry.role, &entry.action, &entry.from, &entry.to, &entry.reason};
    for (unsigned i = 0; i < 5; i++) {
        (void)gj_entry_word(all[i], words[rand() % 5]);
    }
    memset(entry.text, (int)index, sizeof entry.text);
    memset(entry.object, (int)index + 1, sizeof entry.object);
    return entry;
}

static enum gj_err fill(struct gj_store *store, uint64_t count)
{
    enum gj_err err = GJ_OK;
    for (uint64_t index = 0; err == GJ_OK && index < count;) {
        struct gj_txn *txn = NULL;
        err = gj_txn_begin_write(store, &txn);
        for (unsigned n = 0; err == GJ_OK && n < 100 && index < count; n++, index++) {
            struct gj_entry entry = some_entry(index);
            gj_entry_append(txn, &entry, "sealed", index % 7);
        }
        err = err == GJ_OK ? gj_txn_commit(txn) : err;
    }
    return err;
}

int main(int argc, char **argv)
{
    bool make = argc == 5 && strcmp(argv[1], "make") == 0;
    if (!make && argc != 2) {
        fprintf(stderr, "usage: export_audit DIR | export_audit make DIR COUNT SEED\n");
        return 2;
    }
    if (sodium_init() < 0) {
        return 1;
    }
    struct gj_store_options options = {
        .dir = argv[make ? 2 : 1], .create = make, .map_bytes = UINT64_C(1) << 30, .reserve_bytes = 1};
    struct gj_fault fault = {.text = ""};
    struct gj_store *store = NULL;
    enum gj_err err = gj_store_open(&options, &store, &fault);
    if (err != GJ_OK) {
        return complain("open", err, &fault);
    }
    if (make) {
        srand((unsigned)strtoul(argv[4], NULL, 10));
        err = fill(store, strtoull(argv[3], NULL, 10));
    } else {
        struct gj_txn *txn = NULL;
        err = gj_txn_begin_read(store, &txn);
        if (err == GJ_OK) {
            err = export_log(txn);
            gj_txn_abort(txn);
        }
    }
    gj_store_close(store);
    return err == GJ_OK ? 0 : complain(make ? "fill" : "export", err, NULL);
}
