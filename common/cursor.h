#ifndef GJ_COMMON_CURSOR_H
#define GJ_COMMON_CURSOR_H

#include "common/buf.h"
#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reading untrusted bytes: the first failure sticks, every later read gives 0
 * or NULL, and the caller checks once at the end with gj_cursor_done. Fixed
 * integers are big-endian; a varint is the protobuf one (7 bits a byte, least
 * significant group first, at most 10 bytes, refused when it passes 64 bits). */
struct gj_cursor {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
};

/* Borrows bytes for the cursor's life; bytes may be NULL when len is 0. */
void gj_cursor_init(struct gj_cursor *cur, const void *bytes, size_t len);

static inline uint8_t gj_cursor_u8(struct gj_cursor *cur);
uint16_t gj_cursor_u16(struct gj_cursor *cur);
uint32_t gj_cursor_u32(struct gj_cursor *cur);
uint64_t gj_cursor_u64(struct gj_cursor *cur);
int64_t gj_cursor_i64(struct gj_cursor *cur); /* two's complement, 8 bytes */
static inline uint64_t gj_cursor_varint(struct gj_cursor *cur);

/* len bytes, borrowed from the input; NULL on failure. */
static inline const uint8_t *gj_cursor_bytes(struct gj_cursor *cur, size_t len);

/* Copies exactly len bytes into out; on failure out is filled with zeros. */
void gj_cursor_copy(struct gj_cursor *cur, void *out, size_t len);

/* A varint length, then that many bytes; refused when longer than max. */
const uint8_t *gj_cursor_blob(struct gj_cursor *cur, size_t max, size_t *len);

/* Everything that is left (may be 0 bytes long); NULL on failure. */
const uint8_t *gj_cursor_rest(struct gj_cursor *cur, size_t *len);

static inline size_t gj_cursor_left(const struct gj_cursor *cur);

/* For the caller's own checks: makes the cursor fail. */
static inline void gj_cursor_fail(struct gj_cursor *cur);

/* GJ_OK when nothing failed and nothing is left, otherwise GJ_EINVAL. */
GJ_CHECKED enum gj_err gj_cursor_done(const struct gj_cursor *cur);

/* GJ_OK when nothing failed; bytes may be left (a newer version's fields). */
GJ_CHECKED enum gj_err gj_cursor_ok(const struct gj_cursor *cur);

/* Writing the same forms, either onto the end of a gj_buf or into a fixed array.
 * The first failure sticks: GJ_ETOOBIG when the array or the cap is full,
 * GJ_ENOMEM. What was written before the failure stays where it is. */
struct gj_writer {
    struct gj_buf *buf; /* NULL when writing into fixed */
    uint8_t *fixed;
    size_t cap;
    size_t len; /* bytes written so far by this writer */
    enum gj_err err;
};

void gj_writer_init(struct gj_writer *wr, struct gj_buf *buf);
void gj_writer_init_fixed(struct gj_writer *wr, void *out, size_t cap);

void gj_writer_u8(struct gj_writer *wr, uint8_t value);
void gj_writer_u16(struct gj_writer *wr, uint16_t value);
void gj_writer_u32(struct gj_writer *wr, uint32_t value);
void gj_writer_u64(struct gj_writer *wr, uint64_t value);
void gj_writer_i64(struct gj_writer *wr, int64_t value);
void gj_writer_varint(struct gj_writer *wr, uint64_t value);
void gj_writer_bytes(struct gj_writer *wr, const void *bytes, size_t len);
void gj_writer_zeros(struct gj_writer *wr, size_t len);

/* A varint length, then the bytes. */
void gj_writer_blob(struct gj_writer *wr, const void *bytes, size_t len);

/* The first failure, or GJ_OK. */
GJ_CHECKED enum gj_err gj_writer_done(const struct gj_writer *wr);

/* ---- the steps that every row and message takes for each of its bytes, without a call ---- */

static inline void gj_cursor_fail(struct gj_cursor *cur)
{
    cur->failed = true;
    cur->at = cur->end;
}

static inline size_t gj_cursor_left(const struct gj_cursor *cur)
{
    return (size_t)(cur->end - cur->at);
}

static inline const uint8_t *gj_cursor_bytes(struct gj_cursor *cur, size_t len)
{
    if (cur->failed || len > gj_cursor_left(cur)) {
        gj_cursor_fail(cur);
        return NULL;
    }
    const uint8_t *bytes = cur->at;
    cur->at += len;
    return bytes;
}

static inline uint8_t gj_cursor_u8(struct gj_cursor *cur)
{
    if (cur->at == cur->end) {
        cur->failed = true; /* a cursor that failed stands at its end */
        return 0;
    }
    return *cur->at++;
}

/* Of more than one byte. */
uint64_t gj_cursor_long_varint(struct gj_cursor *cur);

static inline uint64_t gj_cursor_varint(struct gj_cursor *cur)
{
    if (cur->at != cur->end && *cur->at < 0x80) {
        return *cur->at++;
    }
    return gj_cursor_long_varint(cur);
}

#endif
