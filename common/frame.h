#ifndef GJ_COMMON_FRAME_H
#define GJ_COMMON_FRAME_H

#include "common/buf.h"
#include "common/err.h"

/* Frames: u16 big-endian length, then that many bytes (1 to 65,535). */
struct gj_frame {
    uint8_t *bytes; /* borrowed from the buffer; the owner may decrypt in place */
    size_t len;
    size_t size; /* header and bytes: what to gj_buf_drop when done */
};

/* Finds the first frame in `in` without consuming it; GJ_AGAIN means wait for
 * more, GJ_EINVAL a length of zero, which no valid message has.
 * out->bytes borrows from in until its next append or drop. */
GJ_CHECKED enum gj_err gj_frame_next(const struct gj_buf *in, struct gj_frame *out);

/* Appends one frame; GJ_EINVAL for len 0, GJ_ETOOBIG beyond GJ_FRAME_MAX or the
 * buffer's cap, GJ_ENOMEM. On failure out is unchanged. */
GJ_CHECKED enum gj_err gj_frame_put(struct gj_buf *out, const void *bytes, size_t len);

/* Reserves a frame of len bytes in out and writes its length; the caller fills
 * *bytes and then makes it live with gj_frame_commit(out, len). */
GJ_CHECKED enum gj_err gj_frame_reserve(struct gj_buf *out, size_t len, uint8_t **bytes);
void gj_frame_commit(struct gj_buf *out, size_t len);

#endif
