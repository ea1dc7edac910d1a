/* What a request that changes something does not say stays as it is (缺省不变). */
#ifndef GJ_SERVICE_KEEP_H
#define GJ_SERVICE_KEEP_H

#include "core/call.h"

/* Fills every field of wanted that was not handed in (0, empty, false) from old, a message of the same type (NULL: a
 * new thing, nothing is filled in). Fields named in clear stay empty. Borrows from old. Refuses and returns false when
 * clear names no field of the message. */
bool gj_keep_absent(
    struct gj_ctx *ctx, ProtobufCMessage *wanted, const ProtobufCMessage *old, char *const *clear, size_t clear_count);

#endif
