#ifndef GJ_TESTS_STORE_FIXTURE_H
#define GJ_TESTS_STORE_FIXTURE_H

/* A store in a folder of its own for every test. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/err.h"
#include "store/entry.h"
#include "store/store.h"
#include "store/txn.h"
#include "store/vault.h"

struct fixture {
    char dir[128];
    struct gj_store_options options;
    struct gj_store *store;
};

/* cmocka setup and teardown: a new small store, open; afterwards closed and removed. */
int fixture_setup(void **state);
int fixture_teardown(void **state);
/* Only the empty folder and the options. */
int fixture_setup_empty(void **state);

/* Opens what is in the folder; fails the test unless it works. */
void fixture_open(struct fixture *f);
void fixture_close(struct fixture *f);
void fixture_reopen(struct fixture *f);
/* An open that must fail so. */
void fixture_open_fails(struct fixture *f, enum gj_err err, const char *words);

void fixture_remove_tree(const char *dir);
void fixture_path(const struct fixture *f, const char *name, char out[256]);
/* Copies a file or a flat folder, as a crash would leave it. */
void fixture_copy_tree(const char *from, const char *to);

struct gj_txn *fixture_read(struct fixture *f);
struct gj_txn *fixture_write(struct fixture *f);
void fixture_commit(struct gj_txn *txn);

/* A digest over every row of every table of main, to show that nothing changed. */
void fixture_digest(struct fixture *f, uint8_t out[32]);

struct gj_entry fixture_entry(uint32_t office);

#define check_ok(call) assert_int_equal((call), GJ_OK)

#endif
