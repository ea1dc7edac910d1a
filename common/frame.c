#include "common/frame.h"

#include <assert.h>
#include <string.h>

#include "common/limits.h"

enum gj_err gj_frame_next(const struct gj_buf *in, struct gj_frame *out)
{
    if (in->len < GJ_FRAME_HEADER_SIZE) {
        return GJ_AGAIN;
    }
    uint8_t *bytes = gj_buf_bytes(in);
    size_t len = (size_t)bytes[0] << 8 | bytes[1];
    if (len == 0) {
        return GJ_EINVAL;
    }
    if (in->len - GJ_FRAME_HEADER_SIZE < len) {
        return GJ_AGAIN;
    }
    *out = (struct gj_frame){
        .bytes = bytes + GJ_FRAME_HEADER_SIZE,
        .len = len,
        .size = GJ_FRAME_HEADER_SIZE + len,
    };
    return GJ_OK;
}

enum gj_err gj_frame_reserve(struct gj_buf *out, size_t len, uint8_t **bytes)
{
    if (len == 0) {
        return GJ_EINVAL;
    }
    if (len > GJ_FRAME_MAX) {
        return GJ_ETOOBIG;
    }
    uint8_t *room = NULL;
    enum gj_err err = gj_buf_reserve(out, GJ_FRAME_HEADER_SIZE + len, &room);
    if (err != GJ_OK) {
        return err;
    }
    room[0] = (uint8_t)(len >> 8);
    room[1] = (uint8_t)len;
    *bytes = room + GJ_FRAME_HEADER_SIZE;
    return GJ_OK;
}

void gj_frame_commit(struct gj_buf *out, size_t len)
{
    assert(len > 0 && len <= GJ_FRAME_MAX);
    gj_buf_commit(out, GJ_FRAME_HEADER_SIZE + len);
}

enum gj_err gj_frame_put(struct gj_buf *out, const void *bytes, size_t len)
{
    uint8_t *room = NULL;
    enum gj_err err = gj_frame_reserve(out, len, &room);
    if (err != GJ_OK) {
        return err;
    }
    memcpy(room, bytes, len);
    gj_frame_commit(out, len);
    return GJ_OK;
}
