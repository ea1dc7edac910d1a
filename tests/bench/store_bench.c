/* What the storage layer alone reaches: one action = a record of 700 bytes is changed, one entry appended to the audit
 * log, its row of the open work written, its due time moved, its request key kept. Prints JSON: actions a second and
 * latency at 1, 16, 64 and 256 actions a commit, a hot backup, pages an action with each table's share, the cost of an
 * entry, and reads.
 *
 *     store_bench [--records N] [--open N] [--subjects N] [--seconds S] [--dir DIR] [--keep]
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/audit_tree.h"
#include "store/backup.h"
#include "store/entry.h"
#include "store/pages.h"
#include "store/record.h"
#include "store/store.h"
#include "store/vault.h"

#define OFFICES 200
#define RECORD_BYTES 700
#define WORK_BYTES 96
#define MAX_SAMPLES 200000

struct bench {
    uint64_t records;
    uint64_t open;     /* of them, still in work: the newest */
    uint64_t subjects; /* with a data key and three blind index tokens each */
    double seconds;
    char dir[512];
    struct gj_store *store;
    int64_t now_ms;
    int64_t *due; /* by id: where its row of the due times is */
    uint8_t bytes[1024];
};

static void die(const char *what, enum gj_err err)
{
    fprintf(stderr, "store_bench: %s: %s\n", what, gj_err_name(err));
    exit(1);
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static uint32_t office_of(uint64_t id)
{
    return (uint32_t)(id * 7919 % OFFICES) + 1;
}

static struct gj_key work_key(uint64_t id)
{
    struct gj_key key;
    gj_key_init(&key);
    gj_key_u32(&key, office_of(id));
    gj_key_u16(&key, 1);
    gj_key_u64(&key, id);
    return key;
}

static struct gj_key due_key(int64_t at, uint64_t id)
{
    struct gj_key key;
    gj_key_init(&key);
    gj_key_i64(&key, at);
    gj_key_u64(&key, id);
    return key;
}

/* ---- one action ---- */

static void append_entry(struct bench *b, struct gj_txn *txn, uint64_t id)
{
    struct gj_entry entry = {.type = GJ_ENTRY_ACTION,
        .recorded_at = b->now_ms,
        .office = office_of(id),
        .actor = id % 5000,
        .device = id % 3000,
        .subject_kind = 1,
        .subject = id,
        .revision = 4,
        .call = 0x302,
        .policy = 1,
        .previous = GJ_ENTRY_NONE,
        .has_request_key = true,
        .has_change = true};
    (void)gj_entry_word(&entry.role, "technician");
    (void)gj_entry_word(&entry.action, "accept");
    (void)gj_entry_word(&entry.from, "assigned");
    (void)gj_entry_word(&entry.to, "accepted");
    memcpy(entry.request_key, b->bytes, sizeof entry.request_key);
    gj_entry_append(txn, &entry, NULL, 0);
}

static void put_open_rows(struct bench *b, struct gj_txn *txn, uint64_t id)
{
    struct gj_key work = work_key(id);
    gj_txn_put(txn, GJ_TABLE_WORK, &work, b->bytes, WORK_BYTES);
    b->due[id] = b->now_ms + rand() % (72 * 3600 * 1000);
    struct gj_key due = due_key(b->due[id], id);
    gj_txn_put(txn, GJ_TABLE_DUE, &due, NULL, 0);
}

static void act(struct bench *b, struct gj_txn *txn, uint64_t id)
{
    struct gj_key key = gj_key_of_u64(id);
    struct gj_value row;
    if (!gj_txn_get(txn, GJ_TABLE_RECORD, &key, &row)) {
        die("record", GJ_ENOTFOUND);
    }
    size_t len = row.len;
    uint8_t *at = gj_txn_reserve(txn, GJ_TABLE_RECORD, &key, len);
    if (at != NULL) {
        memset(at, (int)b->now_ms, len);
    }
    struct gj_key due = due_key(b->due[id], id);
    gj_txn_del(txn, GJ_TABLE_DUE, &due);
    put_open_rows(b, txn, id);
    struct gj_key seen;
    gj_key_init(&seen);
    gj_key_u16(&seen, (uint16_t)(b->now_ms >> 32));
    gj_key_u32(&seen, (uint32_t)b->now_ms);
    randombytes_buf(b->bytes, 10);
    gj_key_bytes(&seen, b->bytes, 10);
    gj_key_u64(&seen, id % 3000);
    gj_txn_put(txn, GJ_TABLE_SEEN, &seen, b->bytes, 24);
    append_entry(b, txn, id);
}

/* ---- loading ---- */

static void load(struct bench *b)
{
    for (uint64_t id = 1; id <= b->records;) {
        struct gj_txn *txn = NULL;
        enum gj_err err = gj_txn_begin_write(b->store, &txn);
        if (err != GJ_OK) {
            die("begin", err);
        }
        for (unsigned n = 0; n < 4000 && id <= b->records; n++, id++) {
            struct gj_key key = gj_key_of_u64(id);
            gj_txn_append(txn, GJ_TABLE_RECORD, &key, b->bytes, RECORD_BYTES);
            append_entry(b, txn, id);
            if (id + b->open > b->records) {
                put_open_rows(b, txn, id);
            }
        }
        if ((err = gj_txn_commit(txn)) != GJ_OK) {
            die("load", err);
        }
    }
}

/* ---- measuring ---- */

static int by_value(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

static void print_pages(struct bench *b, double actions)
{
    struct gj_pages pages;
    gj_pages_get(b->store, &pages);
    printf("\"pages_per_action\": %.2f, \"pages\": {", (double)pages.total / actions);
    for (unsigned t = 0; t < GJ_TABLE_COUNT; t++) {
        if (pages.table[t] != 0) {
            printf("\"%s\": %.3f, ", gj_table_name((enum gj_table)t), (double)pages.table[t] / actions);
        }
    }
    printf("\"directory\": %.3f, \"freelist\": %.3f}", (double)pages.directory / actions,
        (double)pages.freelist / actions);
}

/* A hot backup at its usual pace, while batches of 64 go on. */
static void on_backed_up(void *owner)
{
    atomic_store((atomic_bool *)owner, true);
}

static void run_backup(struct bench *b)
{
    char target[600];
    snprintf(target, sizeof target, "%s/backups", b->dir);
    mkdir(target, 0700);
    struct gj_backup_options options = {.target = target, .now_ms = b->now_ms};
    struct gj_backup *backup = NULL;
    struct gj_backup_manifest manifest = {0};
    struct gj_fault fault = {.text = ""};
    atomic_bool done = false;
    char path[700] = "";
    double begun = now_s(), worst = 0;
    uint64_t actions = 0;
    enum gj_err err = gj_backup_start(b->store, &options, on_backed_up, &done, &backup);
    while (err == GJ_OK && !atomic_load(&done)) {
        struct gj_txn *txn = NULL;
        double at = now_s();
        err = gj_txn_begin_write(b->store, &txn);
        for (unsigned i = 0; err == GJ_OK && i < 64; i++, actions++) {
            b->now_ms += 3;
            act(b, txn, b->records - (uint64_t)rand() % b->open);
        }
        err = err == GJ_OK ? gj_txn_commit(txn) : err;
        worst = now_s() - at > worst ? now_s() - at : worst;
    }
    double took = now_s() - begun;
    if (backup == NULL || err != GJ_OK || gj_backup_end(backup, &manifest, path, sizeof path, &fault) != GJ_OK) {
        die(fault.text, err);
    }
    double verify = now_s();
    err = gj_backup_verify(path, true, &manifest, &fault);
    if (err != GJ_OK) {
        die(fault.text, err);
    }
    printf("  \"backup_s\": %.1f, \"backup_bytes\": %" PRIu64 ", \"verify_s\": %.1f, "
           "\"meanwhile\": {\"actions_per_s\": %.0f, \"longest_commit_ms\": %.1f},\n",
        took, manifest.main_bytes + manifest.vault_bytes, now_s() - verify, (double)actions / took, worst * 1000);
    static const char *const names[] = {"main.mdb", "vault.mdb", "manifest", "blob", ""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char file[800];
        snprintf(file, sizeof file, "%s/%s", path, names[i]);
        remove(file);
    }
    remove(target);
}

static void run_batches(struct bench *b, unsigned batch, bool last)
{
    double *samples = malloc(MAX_SAMPLES * sizeof *samples);
    size_t n = 0;
    uint64_t actions = 0;
    gj_pages_clear(b->store);
    double begun = now_s(), at = begun;
    while (at - begun < b->seconds && n < MAX_SAMPLES && samples != NULL) {
        struct gj_txn *txn = NULL;
        enum gj_err err = gj_txn_begin_write(b->store, &txn);
        if (err != GJ_OK) {
            die("begin", err);
        }
        for (unsigned i = 0; i < batch; i++, actions++) {
            b->now_ms += 3;
            act(b, txn, b->records - (uint64_t)rand() % b->open);
        }
        if ((err = gj_txn_commit(txn)) != GJ_OK) {
            die("commit", err);
        }
        double done = now_s();
        samples[n++] = done - at;
        at = done;
    }
    qsort(samples, n, sizeof *samples, by_value);
    printf("    {\"batch\": %u, \"actions_per_s\": %.0f, \"commit_p50_ms\": %.3f, \"commit_p99_ms\": %.3f", batch,
        (double)actions / (at - begun), samples[n / 2] * 1000, samples[n * 99 / 100] * 1000);
    struct gj_pages pages;
    gj_pages_get(b->store, &pages);
    if (pages.txns != 0) {
        printf(", ");
        print_pages(b, (double)actions);
    }
    printf("}%s\n", last ? "" : ",");
    free(samples);
}

/* Entries alone, without a commit: encoding, hashes, row, tree. */
static void run_entries(struct bench *b)
{
    enum { N = 100000 };
    struct gj_txn *txn = NULL;
    if (gj_txn_begin_write(b->store, &txn) != GJ_OK) {
        die("begin", GJ_EIO);
    }
    append_entry(b, txn, 1); /* loads the edge */
    double begun = now_s();
    for (unsigned n = 0; n < N; n++) {
        append_entry(b, txn, n);
    }
    double entry_us = (now_s() - begun) * 1e6 / N;
    gj_txn_abort(txn);
    printf("  \"entry_append_us\": %.2f,\n", entry_us);
}

static void run_reads(struct bench *b)
{
    enum { N = 200000 };
    struct gj_txn *txn = NULL;
    if (gj_txn_begin_read(b->store, &txn) != GJ_OK) {
        die("begin", GJ_EIO);
    }
    uint64_t sum = 0;
    double begun = now_s();
    for (unsigned n = 0; n < N; n++) {
        struct gj_key key = gj_key_of_u64(1 + (uint64_t)rand() % b->records);
        struct gj_value row;
        gj_txn_reset(txn);
        if (gj_txn_renew(txn) == GJ_OK && gj_txn_get(txn, GJ_TABLE_RECORD, &key, &row)) {
            sum += row.data[row.len - 1];
        }
    }
    printf("  \"reads_per_s\": %.0f,\n", N / (now_s() - begun));
    begun = now_s();
    unsigned pages = 0;
    for (; pages < 20000; pages++) {
        struct gj_key prefix;
        gj_key_init(&prefix);
        gj_key_u32(&prefix, 1 + pages % OFFICES);
        struct gj_iter iter;
        gj_iter_prefix(&iter, txn, GJ_TABLE_WORK, &prefix, GJ_BACKWARD);
        for (unsigned n = 0; n < 50 && gj_iter_next(&iter); n++) {
            sum += iter.value.data[0];
        }
        gj_iter_close(&iter);
    }
    printf("  \"queue_pages_per_s\": %.0f,\n", pages / (now_s() - begun));
    gj_txn_abort(txn);
    if (sum == UINT64_MAX) {
        printf("\n");
    }
}

/* ---- vault: households with their keys and blind indexes, and what an erasure costs ---- */

static void put_subject(struct bench *b, struct gj_txn *txn, uint64_t id)
{
    struct gj_vault *vault = gj_store_vault(b->store);
    struct gj_subject subject = {1, id};
    uint32_t office = office_of(id);
    struct gj_vault_wrapped wrapped;
    uint8_t key[GJ_VAULT_KEY_SIZE];
    enum gj_err err = gj_vault_new_key(vault, office, key, &wrapped);
    if (err != GJ_OK) {
        die("new key", err);
    }
    gj_vault_put_key(txn, &subject, office, &wrapped);
    static const enum gj_blind kinds[] = {GJ_BLIND_PHONE, GJ_BLIND_PHONE_LAST, GJ_BLIND_SURNAME};
    const uint64_t texts[] = {id, id % 10000, id % 300};
    for (unsigned i = 0; i < 3; i++) {
        struct gj_vault_token token;
        if (gj_vault_token(vault, kinds[i], office, &texts[i], sizeof texts[i], &token) == GJ_OK) {
            gj_vault_put_token(txn, &subject, &token);
        }
    }
}

static void fill_vault(struct bench *b)
{
    struct gj_txn *txn = NULL;
    enum gj_err err = gj_txn_begin_write(b->store, &txn);
    for (uint32_t office = 1; err == GJ_OK && office <= OFFICES; office++) {
        struct gj_vault_wrapped wrapped;
        err = gj_vault_new_office(gj_store_vault(b->store), office, &wrapped);
        gj_vault_put_office(txn, office, &wrapped);
    }
    err = err == GJ_OK ? gj_txn_commit(txn) : err;
    for (uint64_t id = 1; err == GJ_OK && id <= b->subjects;) {
        err = gj_txn_begin_write(b->store, &txn);
        for (unsigned n = 0; err == GJ_OK && n < 2000 && id <= b->subjects; n++, id++) {
            put_subject(b, txn, id);
        }
        err = err == GJ_OK ? gj_txn_commit(txn) : err;
    }
    if (err != GJ_OK) {
        die("vault", err);
    }
}

static void run_vault(struct bench *b)
{
    enum { N = 20000 };
    double begun = now_s();
    fill_vault(b);
    double fill_s = now_s() - begun;
    begun = now_s();
    for (unsigned n = 0; n < N; n++) {
        struct gj_subject subject = {1, 1 + (uint64_t)rand() % b->subjects};
        uint8_t key[GJ_VAULT_KEY_SIZE];
        enum gj_err err = gj_vault_key(gj_store_vault(b->store), &subject, key, NULL);
        if (err != GJ_OK) {
            die("key", err);
        }
    }
    double key_us = (now_s() - begun) * 1e6 / N;
    begun = now_s();
    enum gj_err err = gj_vault_rewrite(b->store);
    if (err != GJ_OK) {
        die("rewrite", err);
    }
    struct gj_store_info info;
    err = gj_store_info(b->store, &info);
    printf("  \"subjects\": %" PRIu64 ", \"vault_fill_s\": %.1f, \"vault_key_us\": %.1f, \"vault_rewrite_ms\": %.0f, "
           "\"vault_bytes\": %" PRIu64 ",\n",
        b->subjects, fill_s, key_us, (now_s() - begun) * 1000, err == GJ_OK ? info.vault_used_bytes : 0);
}

static void open_store(struct bench *b, bool create, unsigned pages_every)
{
    struct gj_store_options options = {.dir = b->dir, .create = create, .pages_every = pages_every};
    struct gj_fault fault = {.text = ""};
    double begun = now_s();
    enum gj_err err = gj_store_open(&options, &b->store, &fault);
    if (err != GJ_OK) {
        fprintf(stderr, "%s\n", fault.text);
        die("open", err);
    }
    if (!create) {
        printf("  \"open_ms\": %.1f,\n", (now_s() - begun) * 1000);
    }
}

static void remove_store(const char *dir)
{
    static const char *const names[] = {
        "main/data.mdb", "main/lock.mdb", "vault/data.mdb", "vault/lock.mdb", "main", "vault", "lock", ""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[600];
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        remove(path);
    }
}

static void measure(struct bench *b)
{
    static const unsigned batches[] = {1, 16, 64, 256};
    open_store(b, true, 0);
    double begun = now_s();
    load(b);
    printf("{\n  \"records\": %" PRIu64 ", \"open\": %" PRIu64 ", \"load_s\": %.1f,\n", b->records, b->open,
        now_s() - begun);
    gj_store_close(b->store);
    open_store(b, false, 0);
    run_vault(b);
    run_entries(b);
    run_reads(b);
    printf("  \"durable\": [\n");
    for (unsigned i = 0; i < 4; i++) {
        run_batches(b, batches[i], i == 3);
    }
    printf("  ],\n");
    run_backup(b);
    gj_store_close(b->store);
    open_store(b, false, 1); /* counting costs time, so it has runs of its own */
    printf("  \"counted\": [\n");
    for (unsigned i = 0; i < 4; i++) {
        run_batches(b, batches[i], i == 3);
    }
    struct gj_store_info info;
    enum gj_err err = gj_store_info(b->store, &info);
    if (err != GJ_OK) {
        die("info", err);
    }
    printf("  ],\n  \"file_bytes\": %" PRIu64 "\n}\n", info.used_bytes);
    gj_store_close(b->store);
}

int main(int argc, char **argv)
{
    struct bench b = {
        .records = 1000000, .open = 10000, .subjects = 400000, .seconds = 3, .now_ms = 1767574800000, .dir = ""};
    bool keep = false;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--keep") == 0) {
            keep = true;
            continue;
        }
        if (strcmp(argv[i], "--records") == 0) {
            b.records = strtoull(value, NULL, 10);
        } else if (strcmp(argv[i], "--open") == 0) {
            b.open = strtoull(value, NULL, 10);
        } else if (strcmp(argv[i], "--subjects") == 0) {
            b.subjects = strtoull(value, NULL, 10);
        } else if (strcmp(argv[i], "--seconds") == 0) {
            b.seconds = strtod(value, NULL);
        } else if (strcmp(argv[i], "--dir") == 0) {
            snprintf(b.dir, sizeof b.dir, "%s", value);
        } else {
            fprintf(stderr,
                "usage: store_bench [--records N] [--open N] [--subjects N] [--seconds S] [--dir DIR] [--keep]\n");
            return 2;
        }
        i++;
    }
    if (b.records == 0 || b.open == 0 || b.open > b.records || b.subjects == 0 || sodium_init() < 0) {
        fprintf(stderr, "store_bench: open records are some of the records\n");
        return 2;
    }
    if (b.dir[0] == 0) {
        snprintf(b.dir, sizeof b.dir, "./store_bench.XXXXXX");
        if (mkdtemp(b.dir) == NULL) {
            die("mkdtemp", GJ_ESYS);
        }
    }
    b.due = calloc(b.records + 1, sizeof *b.due);
    if (b.due == NULL) {
        die("due", GJ_ENOMEM);
    }
    measure(&b);
    free(b.due);
    if (!keep) {
        remove_store(b.dir);
    }
    return 0;
}
