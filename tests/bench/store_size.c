/* Where the bytes of a loaded store are: each table's pages and how full they are, and the mean parts of a closed
 * record and of an entry. The daemon must not run. Prints one JSON object.
 *
 *     store_size STORE_DIR TICKETS
 */
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load_core.h"
#include "store/entry.h"
#include "store/pack.h"
#include "store/record.h"
#include "store/store.h"
#include "store/stored.pb-c.h"
#include "store/table_size.h"

#define ARENA_BYTES (1u << 20)
/* Rows whose parts are weighed; enough for a mean. */
#define SAMPLE 20000

static json_t *weigh_table(struct gj_txn *txn, enum gj_table table, uint64_t tickets)
{
    struct gj_table_size size;
    gj_table_measure(txn, table, &size);
    gj_load_must(gj_txn_error(txn), gj_table_name(table));
    uint64_t pages = size.leaf_pages + size.branch_pages + size.overflow_pages;
    if (size.rows == 0) {
        return NULL;
    }
    uint64_t leaf_bytes = (size.leaf_pages + size.overflow_pages) * size.page_bytes;
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:f}", "table", gj_table_name(table), "rows",
        (json_int_t)size.rows, "leaf_pages", (json_int_t)size.leaf_pages, "branch_pages", (json_int_t)size.branch_pages,
        "overflow_pages", (json_int_t)size.overflow_pages, "key_bytes", (double)size.key_bytes / (double)size.rows,
        "value_bytes", (double)size.value_bytes / (double)size.rows, "fill",
        (double)(size.key_bytes + size.value_bytes) / (double)leaf_bytes, "bytes_per_ticket",
        (double)(pages * size.page_bytes) / (double)tickets);
}

static void add(json_t *parts, const char *name, double bytes)
{
    json_object_set_new(parts, name, json_real(json_real_value(json_object_get(parts, name)) + bytes));
}

static void divide(json_t *parts, uint64_t by)
{
    const char *name;
    json_t *value;
    json_object_foreach(parts, name, value)
    {
        json_real_set(value, by == 0 ? 0 : json_real_value(value) / (double)by);
    }
}

static size_t packed(struct gj_txn *txn, const Gj__Stored__Record *row)
{
    struct gj_buf buf;
    gj_buf_init(&buf, GJ_STORE_ROW_MAX);
    if (!gj_pack(txn, &row->base, &buf)) {
        gj_load_die("row", "cannot be packed");
    }
    size_t len = buf.len;
    gj_buf_fini(&buf);
    return len;
}

/* What leaving a part out of the row would save. */
static void weigh_record(json_t *parts, struct gj_txn *txn, const Gj__Stored__Record *row)
{
    Gj__Stored__Record without = *row;
    size_t whole = packed(txn, row), sealed_bytes = 0, sealed = 0;
    add(parts, "whole", (double)whole);
    without.n_fields = 0;
    add(parts, "fields", (double)(whole - packed(txn, &without)));
    without = *row;
    without.n_timers = 0;
    add(parts, "timers", (double)(whole - packed(txn, &without)));
    without = *row;
    without.n_related = 0;
    add(parts, "related", (double)(whole - packed(txn, &without)));
    without = *row;
    without.entries.len = 0;
    add(parts, "entries", (double)(whole - packed(txn, &without)));
    for (size_t i = 0; i < row->n_fields; i++) {
        if (row->fields[i]->value_case == GJ__V1__FIELD__VALUE_SEALED) {
            sealed_bytes += row->fields[i]->sealed.len;
            sealed++;
        }
    }
    add(parts, "sealed_bytes_in_fields", (double)sealed_bytes);
    add(parts, "sealed_fields", (double)sealed);
}

static json_t *weigh_records(struct gj_txn *txn, struct gj_arena *arena)
{
    json_t *parts = json_object();
    struct gj_iter iter;
    uint64_t count = 0;
    gj_iter_range(&iter, txn, GJ_TABLE_RECORD, NULL, NULL, GJ_FORWARD);
    while (count < SAMPLE && gj_iter_next(&iter)) {
        Gj__Stored__Record *row = NULL;
        gj_arena_reset(arena);
        if (!gj_record_unpack(txn, &iter.value, &gj__stored__record__descriptor, arena, (void **)&row)) {
            gj_load_die("record", "cannot be read");
        }
        if (!row->open) {
            weigh_record(parts, txn, row);
            count++;
        }
    }
    gj_iter_close(&iter);
    divide(parts, count);
    return parts;
}

static json_t *weigh_entries(struct gj_txn *txn)
{
    json_t *parts = json_object();
    struct gj_iter iter;
    struct gj_entry_row row;
    uint64_t count = 0;
    gj_iter_range(&iter, txn, GJ_TABLE_ENTRY, NULL, NULL, GJ_FORWARD);
    for (; count < SAMPLE && gj_iter_next(&iter); count++) {
        if (!gj_entry_get(txn, count, &row)) {
            gj_load_die("entry", "cannot be read");
        }
        add(parts, "row", (double)iter.value.len);
        add(parts, "canonical", (double)row.bytes.len);
        add(parts, "sealed_text", (double)row.text.len);
        add(parts, "commitments_and_digests",
            32.0 * (row.entry.has_text + row.entry.has_change + row.entry.has_object));
        add(parts, "request_key", row.entry.has_request_key ? (double)sizeof row.entry.request_key : 0);
    }
    gj_iter_close(&iter);
    divide(parts, count);
    return parts;
}

int main(int argc, char **argv)
{
    static struct gj_load_core load;
    struct gj_arena arena;
    if (argc != 3 || strtoull(argv[2], NULL, 10) == 0) {
        fprintf(stderr, "usage: store_size STORE_DIR TICKETS\n");
        return 2;
    }
    uint64_t tickets = strtoull(argv[2], NULL, 10);
    if (sodium_init() < 0) {
        gj_load_die("libsodium", "does not start");
    }
    gj_load_core_open(&load, argv[1], 0);
    gj_arena_init(&arena, ARENA_BYTES);
    json_t *tables = json_array();
    for (unsigned i = 0; i < GJ_TABLE_COUNT; i++) {
        json_t *table = weigh_table(load.txn, (enum gj_table)i, tickets);
        if (table != NULL) {
            json_array_append_new(tables, table);
        }
    }
    json_t *out =
        json_pack("{s:s, s:s, s:I, s:o, s:o, s:o}", "peer", "guanjiad", "mode", "sizes", "tickets", (json_int_t)tickets,
            "tables", tables, "closed_record", weigh_records(load.txn, &arena), "entry", weigh_entries(load.txn));
    json_dumpf(out, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(out);
    gj_arena_fini(&arena);
    gj_load_core_close(&load);
    return 0;
}
