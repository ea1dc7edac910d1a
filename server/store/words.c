#include "store/words.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "store/internal.h"

/* Twice as many places as words, so that a search ends soon. */
#define SLOTS (2 * GJ_WORDS_MAX)

struct word {
    uint8_t len;
    char text[GJ_WORD_MAX + 1];
};

/* Readers look at words below `shown` alone; the rest belongs to the one writer. */
struct gj_words {
    struct word list[GJ_WORDS_MAX];
    atomic_uint shown;
    uint32_t kept;        /* committed */
    uint32_t count;       /* with those the open transaction has coined */
    uint16_t slot[SLOTS]; /* number + 1, by hash; 0: free */
};

static uint32_t hash_of(const char *text, size_t len)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ (uint8_t)text[i]) * 16777619u;
    }
    return hash;
}

/* Where the word is, or where it would be put. */
static uint16_t *slot_of(struct gj_words *words, const char *text, size_t len)
{
    uint32_t at = hash_of(text, len) % SLOTS;
    while (words->slot[at] != 0) {
        const struct word *word = &words->list[words->slot[at] - 1];
        if (word->len == len && memcmp(word->text, text, len) == 0) {
            break;
        }
        at = (at + 1) % SLOTS;
    }
    return &words->slot[at];
}

static void find_again(struct gj_words *words, uint32_t number)
{
    const struct word *word = &words->list[number];
    *slot_of(words, word->text, word->len) = (uint16_t)(number + 1);
}

static void add(struct gj_words *words, const char *text, size_t len)
{
    struct word *word = &words->list[words->count];
    memcpy(word->text, text, len);
    word->text[len] = '\0';
    word->len = (uint8_t)len;
    find_again(words, words->count++);
}

static enum gj_err load(struct gj_words *words, struct gj_txn *txn)
{
    struct gj_iter iter;
    bool sound = true;
    gj_iter_range(&iter, txn, GJ_TABLE_WORD, NULL, NULL, GJ_FORWARD);
    while (sound && gj_iter_next(&iter)) {
        struct gj_key_reader reader = gj_key_read(iter.key.data, iter.key.len);
        uint32_t number = gj_key_read_u32(&reader);
        sound = gj_key_read_done(&reader) && number == words->count && number < GJ_WORDS_MAX && iter.value.len > 0 &&
                iter.value.len <= GJ_WORD_MAX;
        if (sound) {
            add(words, (const char *)iter.value.data, iter.value.len);
        }
    }
    gj_iter_close(&iter);
    words->kept = words->count;
    atomic_store_explicit(&words->shown, words->count, memory_order_release);
    return sound ? gj_txn_error(txn) : GJ_ECORRUPT;
}

enum gj_err gj_words_open(struct gj_store *store)
{
    struct gj_txn *txn = NULL;
    store->words = gj_fail_point("words.open") ? NULL : calloc(1, sizeof *store->words);
    if (store->words == NULL) {
        return GJ_ENOMEM;
    }
    enum gj_err err = gj_txn_begin_read(store, &txn);
    if (err == GJ_OK) {
        err = load(store->words, txn);
        gj_txn_abort(txn);
    }
    return err;
}

void gj_words_close(struct gj_store *store)
{
    free(store->words);
    store->words = NULL;
}

bool gj_words_number(struct gj_txn *txn, const char *text, size_t len, bool coin, uint32_t *number)
{
    struct gj_words *words = txn->store->words;
    if (len == 0 || len > GJ_WORD_MAX) {
        return false;
    }
    uint16_t slot = *slot_of(words, text, len);
    if (slot != 0) {
        *number = slot - 1u;
        return true;
    }
    if (!coin || !txn->write || words->count == GJ_WORDS_MAX || memchr(text, '\0', len) != NULL) {
        return false;
    }
    struct gj_key key;
    gj_key_init(&key);
    gj_key_u32(&key, words->count);
    gj_txn_append(txn, GJ_TABLE_WORD, &key, text, len);
    if (txn->err != GJ_OK) {
        return false;
    }
    *number = words->count;
    add(words, text, len);
    return true;
}

const char *gj_words_text(const struct gj_txn *txn, uint32_t number, size_t *len)
{
    const struct gj_words *words = txn->store->words;
    uint32_t count = txn->write ? words->count : atomic_load_explicit(&words->shown, memory_order_acquire);
    if (number >= count) {
        return NULL;
    }
    *len = words->list[number].len;
    return words->list[number].text;
}

void gj_words_show(struct gj_store *store)
{
    atomic_store_explicit(&store->words->shown, store->words->count, memory_order_release);
}

void gj_words_keep(struct gj_store *store)
{
    store->words->kept = store->words->count;
}

void gj_words_drop(struct gj_store *store)
{
    struct gj_words *words = store->words;
    if (words == NULL || words->count == words->kept) {
        return;
    }
    /* A transaction that coined words and failed is rare: the places are found anew. */
    memset(words->slot, 0, sizeof words->slot);
    words->count = words->kept;
    gj_words_show(store);
    for (uint32_t i = 0; i < words->count; i++) {
        find_again(words, i);
    }
}
