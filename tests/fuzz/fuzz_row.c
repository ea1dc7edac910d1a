/* Reaches gj_unpack and gj_entry_row_decode: rows of the store in the lean form. The first byte chooses the row. What
 * is read can be written, and then is read again to the same. */
#include "tests/fuzz/fuzz.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/limits.h"
#include "store/entry.h"
#include "store/entry_parts.h"
#include "store/pack.h"
#include "store/store.h"
#include "store/stored.pb-c.h"
#include "store/words.h"

static char dir[] = "/tmp/fuzz_row.XXXXXX";
static struct gj_txn *txn;

/* One store for the whole run, with some words; nothing is ever committed. */
static void begin(void)
{
    struct gj_store *store = NULL;
    struct gj_fault fault;
    struct gj_store_options options = {.dir = dir, .create = true, .reserve_bytes = 1};
    uint32_t number;
    require(sodium_init() >= 0);
    require(mkdtemp(dir) != NULL);
    require(gj_store_open(&options, &store, &fault) == GJ_OK);
    require(gj_txn_begin_write(store, &txn) == GJ_OK);
    require(gj_words_number(txn, "TRIAGED", 7, true, &number) && gj_words_number(txn, "dispatch", 8, true, &number));
    static const char *const names[] = {"main/data.mdb", "main/lock.mdb", "vault/data.mdb", "vault/lock.mdb", "lock"};
    char path[64];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        (void)unlink(path); /* open files stay usable, and nothing is left behind */
    }
    snprintf(path, sizeof path, "%s/main", dir);
    (void)rmdir(path);
    snprintf(path, sizeof path, "%s/vault", dir);
    (void)rmdir(path);
    (void)rmdir(dir);
}

static void try_entry(const struct gj_value *row)
{
    struct gj_entry entry, again;
    uint8_t bytes[GJ_ENTRY_ROW_MAX];
    size_t size = 0;
    if (gj_entry_row_decode(txn, 1000, row, &entry, &size) != GJ_OK) {
        return;
    }
    require(size <= row->len);
    for (size_t i = 0; i < sizeof entry.action.text && entry.action.text[i] != '\0'; i++) {
        require(i < GJ_ENTRY_WORD_MAX);
    }
    struct gj_value written = {.data = bytes, .len = gj_entry_row_encode(txn, &entry, bytes)};
    require(written.len > 0);
    require(gj_entry_row_decode(txn, 1000, &written, &again, &size) == GJ_OK && size == written.len);
    require(memcmp(&entry, &again, sizeof entry) == 0);
}

static void try_message(const ProtobufCMessageDescriptor *type, const uint8_t *data, size_t size)
{
    struct gj_arena arena;
    struct gj_buf first, second;
    ProtobufCMessage *message = NULL;
    gj_arena_init(&arena, GJ_REQUEST_ARENA_MAX);
    gj_buf_init(&first, GJ_STORE_ROW_MAX);
    gj_buf_init(&second, GJ_STORE_ROW_MAX);
    if (gj_unpack(txn, type, &arena, data, size, &message) == GJ_OK) {
        /* Packing may coin a word that an earlier text of the same message then is, too: only from the second time on
         * the bytes are the same. */
        require(gj_pack(txn, message, &first));
        gj_buf_drop(&first, first.len);
        require(gj_pack(txn, message, &first));
        require(gj_unpack(txn, type, &arena, gj_buf_bytes(&first), first.len, &message) == GJ_OK);
        require(gj_pack(txn, message, &second));
        require(first.len == second.len && memcmp(gj_buf_bytes(&first), gj_buf_bytes(&second), first.len) == 0);
    }
    gj_buf_fini(&first);
    gj_buf_fini(&second);
    gj_arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (txn == NULL) {
        begin();
    }
    if (size == 0 || size > 65536) {
        return 0;
    }
    if (data[0] % 3 == 0) {
        try_entry(&(struct gj_value){.data = data + 1, .len = size - 1});
    } else {
        try_message(
            data[0] % 3 == 1 ? &gj__stored__record__descriptor : &gj__stored__notice__descriptor, data + 1, size - 1);
    }
    return 0;
}
