/* Cursors of lists: opaque to clients, good within one epoch of the history. They say where to go on and give no right
 * to anything: every row behind them is checked again. */
#ifndef GJ_SERVICE_REGISTER_PAGE_H
#define GJ_SERVICE_REGISTER_PAGE_H

#include "core/call.h"
#include "proto/envelope.pb-c.h"

struct gj_register_cursor {
    uint64_t office; /* 0: from the beginning */
    uint32_t kind;
    int64_t value; /* what the list is sorted by, or a day */
    uint64_t id;
    uint64_t position;
    bool started; /* a cursor was handed in */
};

size_t gj_register_limit(const Gj__V1__Page *page);
/* False: refused, INVALID cursor. NULL or empty: the beginning. */
bool gj_register_cursor_read(struct gj_ctx *ctx, const Gj__V1__Page *page, struct gj_register_cursor *out);
ProtobufCBinaryData gj_register_cursor_write(struct gj_ctx *ctx, const struct gj_register_cursor *cursor);

#endif
