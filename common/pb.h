#ifndef GJ_COMMON_PB_H
#define GJ_COMMON_PB_H

#include "common/arena.h"
#include "common/buf.h"
#include "common/err.h"

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

/* Guards around protobuf-c, which has no limit on depth, count or text: every
 * untrusted message is scanned before it is unpacked. */

struct gj_pb_limits {
    uint32_t depth;   /* submessages within submessages */
    uint32_t fields;  /* tags of the whole tree */
    uint32_t packed;  /* numbers in packed arrays, whole tree */
    uint32_t unknown; /* fields without a name in the descriptor, whole tree */
};

/* The limits of limits.h. */
extern const struct gj_pb_limits gj_pb_default_limits;

/* One pass over the encoded bytes, without allocating. Checks that tags and
 * lengths are well formed, wire types fit the descriptor, packed arrays are
 * whole, strings are valid UTF-8 without NUL, and the limits hold. Groups are
 * refused. Recurses only into fields the descriptor calls messages.
 * GJ_EINVAL malformed, GJ_ETOOBIG a limit. limits may be NULL for the defaults. */
GJ_CHECKED enum gj_err gj_pb_scan(
    const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t len, const struct gj_pb_limits *limits);

/* Scans, then unpacks into the arena; *out lives as long as the arena and is
 * never freed by itself. GJ_EINVAL, GJ_ETOOBIG, GJ_ENOMEM. */
GJ_CHECKED enum gj_err gj_pb_unpack(const ProtobufCMessageDescriptor *type, struct gj_arena *arena,
    const uint8_t *bytes, size_t len, ProtobufCMessage **out);

/* The same for bytes we wrote ourselves and that come authenticated from the
 * store: no scan, but damaged bytes still give GJ_ECORRUPT rather than harm. */
GJ_CHECKED enum gj_err gj_pb_unpack_own(const ProtobufCMessageDescriptor *type, struct gj_arena *arena,
    const uint8_t *bytes, size_t len, ProtobufCMessage **out);

/* Appends the encoded message to out. GJ_ETOOBIG, GJ_ENOMEM; then out is unchanged. */
GJ_CHECKED enum gj_err gj_pb_pack(const ProtobufCMessage *msg, struct gj_buf *out);

/* Encodes into the arena. */
GJ_CHECKED enum gj_err gj_pb_pack_arena(
    const ProtobufCMessage *msg, struct gj_arena *arena, uint8_t **bytes, size_t *len);

#endif
