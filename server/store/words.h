#ifndef GJ_STORE_WORDS_H
#define GJ_STORE_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/limits.h"
#include "store/txn.h"

/* Words that come again in thousands of rows - states, acts, roles, keys of fields, codes of a choice - are written
 * once, in the table WORD, and stand in rows as numbers. A word is coined by the first row that uses it, in the same
 * transaction; it is never changed or removed. All of them are in memory, so a number costs no read. What is longer
 * than GJ_WORD_MAX, or comes when there are GJ_WORDS_MAX, stands in its row as text.
 *
 * Only vocabulary of the policy and of the program may be coined: never a name, a number, or what somebody wrote. */

struct gj_store;
struct gj_words;

enum gj_err gj_words_open(struct gj_store *store);
void gj_words_close(struct gj_store *store);

/* The number of a word; false: it has none and, unless coin, gets none. Only the writer may ask, or
 * whoever has the store alone. */
bool gj_words_number(struct gj_txn *txn, const char *text, size_t len, bool coin, uint32_t *number);

/* The word of a number, with its end mark; it lives as long as the store. NULL: there is no such number. */
const char *gj_words_text(const struct gj_txn *txn, uint32_t number, size_t *len);

/* The end of a write transaction. Before its commit its words are shown to readers, who may see its rows the moment it
 * is durable; after it they are kept. Whatever ends without having been kept was never coined. */
void gj_words_show(struct gj_store *store);
void gj_words_keep(struct gj_store *store);
void gj_words_drop(struct gj_store *store);

#endif
