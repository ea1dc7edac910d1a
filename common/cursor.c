#include "common/cursor.h"

#include <string.h>

#define VARINT_MAX_BYTES 10

void gj_cursor_init(struct gj_cursor *cur, const void *bytes, size_t len)
{
    static const uint8_t nothing[1];
    cur->at = len == 0 ? nothing : bytes;
    cur->end = cur->at + len;
    cur->failed = false;
}

static uint64_t read_big_endian(struct gj_cursor *cur, size_t size)
{
    const uint8_t *bytes = gj_cursor_bytes(cur, size);
    uint64_t value = 0;
    for (size_t i = 0; bytes != NULL && i < size; i++) {
        value = value << 8 | bytes[i];
    }
    return value;
}

uint16_t gj_cursor_u16(struct gj_cursor *cur)
{
    return (uint16_t)read_big_endian(cur, 2);
}

uint32_t gj_cursor_u32(struct gj_cursor *cur)
{
    return (uint32_t)read_big_endian(cur, 4);
}

uint64_t gj_cursor_u64(struct gj_cursor *cur)
{
    return read_big_endian(cur, 8);
}

int64_t gj_cursor_i64(struct gj_cursor *cur)
{
    uint64_t bits = read_big_endian(cur, 8);
    int64_t value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

uint64_t gj_cursor_long_varint(struct gj_cursor *cur)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < VARINT_MAX_BYTES; i++) {
        uint64_t byte = gj_cursor_u8(cur);
        if (cur->failed) {
            return 0;
        }
        /* The tenth byte holds one bit only. */
        if (i == VARINT_MAX_BYTES - 1 && byte > 1) {
            break;
        }
        value |= (byte & 0x7f) << (7 * i);
        if ((byte & 0x80) == 0) {
            return value;
        }
    }
    gj_cursor_fail(cur);
    return 0;
}

void gj_cursor_copy(struct gj_cursor *cur, void *out, size_t len)
{
    const uint8_t *bytes = gj_cursor_bytes(cur, len);
    if (bytes != NULL) {
        memcpy(out, bytes, len);
    } else if (len > 0) {
        memset(out, 0, len);
    }
}

const uint8_t *gj_cursor_blob(struct gj_cursor *cur, size_t max, size_t *len)
{
    uint64_t size = gj_cursor_varint(cur);
    *len = 0;
    if (cur->failed || size > max) {
        gj_cursor_fail(cur);
        return NULL;
    }
    const uint8_t *bytes = gj_cursor_bytes(cur, (size_t)size);
    if (bytes != NULL) {
        *len = (size_t)size;
    }
    return bytes;
}

const uint8_t *gj_cursor_rest(struct gj_cursor *cur, size_t *len)
{
    *len = gj_cursor_left(cur);
    return gj_cursor_bytes(cur, *len);
}

enum gj_err gj_cursor_ok(const struct gj_cursor *cur)
{
    return cur->failed ? GJ_EINVAL : GJ_OK;
}

enum gj_err gj_cursor_done(const struct gj_cursor *cur)
{
    return cur->failed || cur->at != cur->end ? GJ_EINVAL : GJ_OK;
}

void gj_writer_init(struct gj_writer *wr, struct gj_buf *buf)
{
    *wr = (struct gj_writer){.buf = buf};
}

void gj_writer_init_fixed(struct gj_writer *wr, void *out, size_t cap)
{
    *wr = (struct gj_writer){.fixed = out, .cap = cap};
}

/* Room for len bytes, already counted as written; NULL after a failure. */
static uint8_t *room(struct gj_writer *wr, size_t len)
{
    uint8_t *at = NULL;
    if (wr->err != GJ_OK) {
        return NULL;
    }
    if (wr->buf != NULL) {
        wr->err = gj_buf_reserve(wr->buf, len, &at);
        if (wr->err != GJ_OK) {
            return NULL;
        }
        gj_buf_commit(wr->buf, len);
    } else if (len > wr->cap - wr->len) {
        wr->err = GJ_ETOOBIG;
        return NULL;
    } else {
        at = wr->fixed + wr->len;
    }
    wr->len += len;
    return at;
}

static void write_big_endian(struct gj_writer *wr, uint64_t value, size_t size)
{
    uint8_t *at = room(wr, size);
    for (size_t i = 0; at != NULL && i < size; i++) {
        at[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    }
}

void gj_writer_u8(struct gj_writer *wr, uint8_t value)
{
    write_big_endian(wr, value, 1);
}

void gj_writer_u16(struct gj_writer *wr, uint16_t value)
{
    write_big_endian(wr, value, 2);
}

void gj_writer_u32(struct gj_writer *wr, uint32_t value)
{
    write_big_endian(wr, value, 4);
}

void gj_writer_u64(struct gj_writer *wr, uint64_t value)
{
    write_big_endian(wr, value, 8);
}

void gj_writer_i64(struct gj_writer *wr, int64_t value)
{
    write_big_endian(wr, (uint64_t)value, 8);
}

void gj_writer_varint(struct gj_writer *wr, uint64_t value)
{
    uint8_t bytes[VARINT_MAX_BYTES];
    size_t len = 0;
    do {
        bytes[len] = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        len++;
        value >>= 7;
    } while (value != 0);
    gj_writer_bytes(wr, bytes, len);
}

void gj_writer_bytes(struct gj_writer *wr, const void *bytes, size_t len)
{
    if (len == 0) {
        return;
    }
    uint8_t *at = room(wr, len);
    if (at != NULL) {
        memcpy(at, bytes, len);
    }
}

void gj_writer_zeros(struct gj_writer *wr, size_t len)
{
    if (len == 0) {
        return;
    }
    uint8_t *at = room(wr, len);
    if (at != NULL) {
        memset(at, 0, len);
    }
}

void gj_writer_blob(struct gj_writer *wr, const void *bytes, size_t len)
{
    gj_writer_varint(wr, len);
    gj_writer_bytes(wr, bytes, len);
}

enum gj_err gj_writer_done(const struct gj_writer *wr)
{
    return wr->err;
}
