#include "tests/store/fixture.h"

#include <fcntl.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void fixture_remove_tree(const char *dir)
{
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int fixture_setup_empty(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    assert_true(sodium_init() >= 0);
    const char *base = getenv("TMPDIR");
    snprintf(f->dir, sizeof f->dir, "%.90s/gj_store_XXXXXX", base != NULL ? base : "/tmp");
    assert_non_null(mkdtemp(f->dir));
    f->options = (struct gj_store_options){
        .dir = f->dir,
        .created_at_ms = 1767574800000,
        .map_bytes = 256u << 20,
        .vault_map_bytes = 64u << 20,
        .reserve_bytes = 1u << 20,
        .journal_segment_bytes = 64u << 10,
    };
    memset(f->options.master_key, 7, sizeof f->options.master_key);
    memset(f->options.cluster_id, 9, sizeof f->options.cluster_id);
    *state = f;
    return 0;
}

int fixture_setup(void **state)
{
    fixture_setup_empty(state);
    struct fixture *f = *state;
    f->options.create = true;
    fixture_open(f);
    f->options.create = false;
    return 0;
}

int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    gj_store_close(f->store);
    fixture_remove_tree(f->dir);
    free(f);
    return 0;
}

void fixture_open(struct fixture *f)
{
    struct gj_fault fault = {.text = ""};
    enum gj_err err = gj_store_open(&f->options, &f->store, &fault);
    if (err != GJ_OK) {
        fail_msg("the store does not open: %s: %s", gj_err_name(err), fault.text);
    }
}

void fixture_close(struct fixture *f)
{
    gj_store_close(f->store);
    f->store = NULL;
}

void fixture_reopen(struct fixture *f)
{
    fixture_close(f);
    fixture_open(f);
}

void fixture_open_fails(struct fixture *f, enum gj_err err, const char *words)
{
    struct gj_fault fault = {.text = ""};
    struct gj_store *store = NULL;
    enum gj_err got = gj_store_open(&f->options, &store, &fault);
    if (got != err || strstr(fault.text, words) == NULL) {
        gj_store_close(store);
        fail_msg("opening gave %s: %s", gj_err_name(got), fault.text);
    }
    assert_null(store);
}

void fixture_path(const struct fixture *f, const char *name, char out[256])
{
    snprintf(out, 256, "%s/%s", f->dir, name);
}

static char copy_from[256], copy_to[256];

static int copy_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)ftw;
    char to[768];
    snprintf(to, sizeof to, "%s%s", copy_to, path + strlen(copy_from));
    if (type == FTW_D) {
        mkdir(to, 0700);
        return 0;
    }
    uint8_t *bytes = malloc((size_t)st->st_size + 1);
    int in = open(path, O_RDONLY);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_non_null(bytes);
    assert_int_equal(read(in, bytes, (size_t)st->st_size), st->st_size);
    assert_int_equal(write(out, bytes, (size_t)st->st_size), st->st_size);
    close(in);
    close(out);
    free(bytes);
    return 0;
}

void fixture_copy_tree(const char *from, const char *to)
{
    snprintf(copy_from, sizeof copy_from, "%s", from);
    snprintf(copy_to, sizeof copy_to, "%s", to);
    assert_int_equal(nftw(from, copy_one, 16, FTW_PHYS), 0);
}

struct gj_txn *fixture_read(struct fixture *f)
{
    struct gj_txn *txn = NULL;
    check_ok(gj_txn_begin_read(f->store, &txn));
    return txn;
}

struct gj_txn *fixture_write(struct fixture *f)
{
    struct gj_txn *txn = NULL;
    check_ok(gj_txn_begin_write(f->store, &txn));
    return txn;
}

void fixture_commit(struct gj_txn *txn)
{
    check_ok(gj_txn_commit(txn));
}

void fixture_digest(struct fixture *f, uint8_t out[32])
{
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    struct gj_txn *txn = fixture_read(f);
    for (unsigned t = 0; t < GJ_TABLE_COUNT; t++) {
        struct gj_iter iter;
        gj_iter_range(&iter, txn, (enum gj_table)t, NULL, NULL, GJ_FORWARD);
        while (gj_iter_next(&iter)) {
            uint64_t sizes[3] = {t, iter.key.len, iter.value.len};
            crypto_hash_sha256_update(&state, (const uint8_t *)sizes, sizeof sizes);
            crypto_hash_sha256_update(&state, iter.key.data, iter.key.len);
            if (iter.value.len > 0) {
                crypto_hash_sha256_update(&state, iter.value.data, iter.value.len);
            }
        }
    }
    check_ok(gj_txn_error(txn));
    gj_txn_abort(txn);
    crypto_hash_sha256_final(&state, out);
}

struct gj_entry fixture_entry(uint32_t office)
{
    struct gj_entry entry = {
        .type = GJ_ENTRY_ACTION,
        .recorded_at = 1767574800123,
        .office = office,
        .actor = 5,
        .device = 6,
        .subject_kind = 1,
        .subject = 77,
        .revision = 3,
        .call = 0x301,
        .policy = 1,
        .previous = GJ_ENTRY_NONE,
    };
    check_ok(gj_entry_word(&entry.role, "technician"));
    check_ok(gj_entry_word(&entry.action, "accept"));
    check_ok(gj_entry_word(&entry.from, "assigned"));
    check_ok(gj_entry_word(&entry.to, "accepted"));
    return entry;
}
