#ifndef GJ_STORE_KEY_H
#define GJ_STORE_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Keys of tables: parts laid one after the other so that memcmp of two keys orders them part by part.
 * Unsigned numbers are big-endian; i64 has its sign bit turned over; a text ends with a zero byte.
 *
 * A key that does not fit, or a text with a zero byte, marks the key as bad; every call of store/txn.h then fails
 * with GJ_EINVAL, so that the parts need no check one by one. */

/* Longest key; LMDB's own limit is 511. What is longer is refused by the call that builds it. */
#define GJ_KEY_MAX 192

struct gj_key {
    uint16_t len;
    bool bad;
    uint8_t bytes[GJ_KEY_MAX];
};

/* An empty key; as a prefix it means the whole table. */
void gj_key_init(struct gj_key *key);
void gj_key_u8(struct gj_key *key, uint8_t value);
void gj_key_u16(struct gj_key *key, uint16_t value);
void gj_key_u32(struct gj_key *key, uint32_t value);
void gj_key_u64(struct gj_key *key, uint64_t value);
void gj_key_i64(struct gj_key *key, int64_t value);
/* Raw bytes without a length: for parts whose size is always the same, or for the last part. */
void gj_key_bytes(struct gj_key *key, const void *bytes, size_t len);
/* UTF-8 text with its end mark; orders by code point, a shorter text before its extensions. */
void gj_key_text(struct gj_key *key, const char *text, size_t len);
/* The same without the end mark: for a prefix search on the beginning of a text. */
void gj_key_text_begin(struct gj_key *key, const char *text, size_t len);

/* Turns key into the smallest key above it: a page after this one starts there. */
void gj_key_after(struct gj_key *key);
/* Turns key into the smallest key above all that begin with it. false: there is none (empty or all 0xff). */
bool gj_key_after_prefix(struct gj_key *key);

/* The commonest keys in one step. */
struct gj_key gj_key_of_u64(uint64_t id);
struct gj_key gj_key_of_name(const char *name);
struct gj_key gj_key_of_bytes(const void *bytes, size_t len);

/* Takes a key of a row apart, in the order it was built; the first failure sticks and yields zeros after it. */
struct gj_key_reader {
    const uint8_t *at;
    size_t left;
    bool bad;
};

struct gj_key_reader gj_key_read(const void *bytes, size_t len);
uint8_t gj_key_read_u8(struct gj_key_reader *reader);
uint16_t gj_key_read_u16(struct gj_key_reader *reader);
uint32_t gj_key_read_u32(struct gj_key_reader *reader);
uint64_t gj_key_read_u64(struct gj_key_reader *reader);
int64_t gj_key_read_i64(struct gj_key_reader *reader);
/* Borrows len bytes from the row; NULL when there are fewer. */
const uint8_t *gj_key_read_bytes(struct gj_key_reader *reader, size_t len);
/* Borrows a text and its length; it is followed by its zero byte, so it is a C string too. NULL when broken. */
const char *gj_key_read_text(struct gj_key_reader *reader, size_t *len);
/* True when every part was there and nothing is left. */
bool gj_key_read_done(const struct gj_key_reader *reader);

#endif
