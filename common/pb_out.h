#ifndef GJ_COMMON_PB_OUT_H
#define GJ_COMMON_PB_OUT_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Encodes protobuf messages from the last byte to the first: when a length is written, what it counts stands behind it
 * already. So a tree is walked once, where measuring first walks it again at every level. The bytes are those that
 * protobuf_c_message_pack gives. */

struct gj_pb_out {
    uint8_t *begin; /* of the room, borrowed */
    uint8_t *at;    /* what is written lies from here to end */
    uint8_t *end;
    bool full; /* it did not fit: what is written means nothing */
};

void gj_pb_out_init(struct gj_pb_out *out, uint8_t *room, size_t size);

/* What is written comes before everything written so far. */
void gj_pb_out_message(struct gj_pb_out *out, const ProtobufCMessage *msg);
void gj_pb_out_number(struct gj_pb_out *out, uint32_t field, uint64_t value); /* nothing for 0 */
void gj_pb_out_text(struct gj_pb_out *out, uint32_t field, const char *text); /* nothing for "" */
void gj_pb_out_bytes(struct gj_pb_out *out, uint32_t field, const void *bytes, size_t len);
/* Makes what was written since the mark the content of a field. */
void gj_pb_out_wrap(struct gj_pb_out *out, uint32_t field, const uint8_t *mark);

/* A message whose encoding is at hand; it stands in a tree wherever a message of its real type would, and only an
 * encoder of this file may be shown that tree. */
struct gj_pb_ready {
    ProtobufCMessage base; /* base.descriptor is gj_pb_ready_descriptor */
    const uint8_t *bytes;  /* borrowed */
    size_t len;
};
extern const ProtobufCMessageDescriptor gj_pb_ready_descriptor;

static inline size_t gj_pb_out_len(const struct gj_pb_out *out)
{
    return (size_t)(out->end - out->at);
}

#endif
