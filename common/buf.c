#include "common/buf.h"

#include <assert.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"

/* Small enough for the usual request, large enough that growth is rare. */
#define FIRST_CAPACITY 256

void gj_buf_init(struct gj_buf *buf, size_t max_bytes)
{
    assert(max_bytes > 0);
    *buf = (struct gj_buf){.max = max_bytes};
}

void gj_buf_fini(struct gj_buf *buf)
{
    free(buf->data);
    gj_buf_init(buf, buf->max);
}

void gj_buf_wipe(struct gj_buf *buf)
{
    if (buf->data != NULL) {
        sodium_memzero(buf->data, buf->cap);
    }
    gj_buf_fini(buf);
}

static enum gj_err grow(struct gj_buf *buf, size_t need)
{
    size_t cap = buf->cap < FIRST_CAPACITY ? FIRST_CAPACITY : buf->cap;
    while (cap < need) {
        cap = cap > buf->max / 2 ? buf->max : cap * 2;
    }
    if (cap > buf->max) {
        cap = buf->max;
    }
    uint8_t *data = gj_fail_point("buf.grow") ? NULL : malloc(cap);
    if (data == NULL) {
        return GJ_ENOMEM;
    }
    if (buf->data != NULL) {
        memcpy(data, gj_buf_bytes(buf), buf->len);
        sodium_memzero(buf->data, buf->cap);
        free(buf->data);
    }
    buf->data = data;
    buf->off = 0;
    buf->cap = cap;
    return GJ_OK;
}

enum gj_err gj_buf_reserve(struct gj_buf *buf, size_t len, uint8_t **out)
{
    if (len > buf->max - buf->len) {
        return GJ_ETOOBIG;
    }
    size_t need = buf->len + len;
    if (buf->data == NULL || buf->cap - buf->off < need) {
        /* Moving to the front is cheap when more was dropped than is left; otherwise growing
         * keeps the cost per byte constant, as long as there is anything to grow into. */
        bool fits = buf->data != NULL && need <= buf->cap;
        if (fits && (buf->off >= buf->len || buf->cap == buf->max)) {
            memmove(buf->data, gj_buf_bytes(buf), buf->len);
            buf->off = 0;
        } else {
            enum gj_err err = grow(buf, fits ? buf->cap + 1 : need);
            if (err != GJ_OK) {
                return err;
            }
        }
    }
    *out = gj_buf_bytes(buf) + buf->len;
    return GJ_OK;
}

void gj_buf_commit(struct gj_buf *buf, size_t len)
{
    assert(buf->data != NULL && len <= buf->cap - buf->off - buf->len);
    buf->len += len;
}

enum gj_err gj_buf_append(struct gj_buf *buf, const void *bytes, size_t len)
{
    if (len == 0) {
        return GJ_OK;
    }
    uint8_t *room = NULL;
    enum gj_err err = gj_buf_reserve(buf, len, &room);
    if (err != GJ_OK) {
        return err;
    }
    memcpy(room, bytes, len);
    gj_buf_commit(buf, len);
    return GJ_OK;
}

void gj_buf_drop(struct gj_buf *buf, size_t len)
{
    assert(len <= buf->len);
    buf->len -= len;
    buf->off = buf->len == 0 ? 0 : buf->off + len;
}

void gj_buf_truncate(struct gj_buf *buf, size_t len)
{
    assert(len <= buf->len);
    buf->len = len;
    if (len == 0) {
        buf->off = 0;
    }
}

void gj_buf_release(struct gj_buf *buf)
{
    if (buf->len == 0) {
        gj_buf_fini(buf);
    }
}
