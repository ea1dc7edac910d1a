#ifndef GJ_COMMON_BUF_H
#define GJ_COMMON_BUF_H

#include "common/err.h"

#include <stddef.h>
#include <stdint.h>

/* A growable byte queue with a hard cap: bytes are appended at the end and
 * dropped from the front. An empty buffer that was released owns no memory, so
 * an idle connection pays only for the struct. */
struct gj_buf {
    uint8_t *data; /* the allocation, or NULL */
    size_t off;    /* the first live byte, counted from data */
    size_t len;    /* how many live bytes there are */
    size_t cap;    /* size of the allocation */
    size_t max;    /* live bytes never exceed this: GJ_ETOOBIG */
};

/* max_bytes is at least 1. No memory is taken yet. */
void gj_buf_init(struct gj_buf *buf, size_t max_bytes);

/* Frees the memory without wiping it; the buffer may be used again. */
void gj_buf_fini(struct gj_buf *buf);

/* Overwrites everything that was ever stored with zeros, then frees. For keys
 * and plaintext. Bytes moved by growth are wiped when they move. */
void gj_buf_wipe(struct gj_buf *buf);

/* The first live byte (NULL when the buffer never held anything). Borrowed
 * until the next append, reserve, drop, release or fini. */
static inline uint8_t *gj_buf_bytes(const struct gj_buf *buf)
{
    return buf->data == NULL ? NULL : buf->data + buf->off;
}

/* GJ_ETOOBIG when the cap would be passed, GJ_ENOMEM; then nothing changed. */
enum gj_err gj_buf_append(struct gj_buf *buf, const void *bytes, size_t len);

/* Makes room for len more bytes at the end and gives their address; they become
 * live with gj_buf_commit. Reserving 0 bytes is allowed. */
enum gj_err gj_buf_reserve(struct gj_buf *buf, size_t len, uint8_t **out);

/* Adds the first len bytes of the last reservation to the live ones. */
void gj_buf_commit(struct gj_buf *buf, size_t len);

/* Forgets len bytes at the front; len is at most buf->len. */
void gj_buf_drop(struct gj_buf *buf, size_t len);

/* Forgets bytes at the end so that len live ones remain; for undoing an append. */
void gj_buf_truncate(struct gj_buf *buf, size_t len);

/* Gives the memory back if the buffer is empty; called when a connection falls idle. */
void gj_buf_release(struct gj_buf *buf);

#endif
