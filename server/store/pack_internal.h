#ifndef GJ_STORE_PACK_INTERNAL_H
#define GJ_STORE_PACK_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

/* What both directions of the lean form share. */

#define GJ_PACK_VERSION 1
/* Messages inside messages; stored.proto has four. */
#define GJ_PACK_DEPTH_MAX 8

/* The two lowest bits of a signed value. */
enum { GJ_PACK_NUMBER = 0, GJ_PACK_TIME = 1, GJ_PACK_RAW = 2 };

/* Milliseconds of the years 1972 to 2527: what is coded as a distance from the last one. */
#define GJ_PACK_TIME_MIN (INT64_C(1) << 36)
#define GJ_PACK_TIME_MAX (INT64_C(1) << 44)

/* Bytes that one value takes in the struct; 0: a type that no lean row has. */
static inline size_t gj_pack_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_ENUM:
        return sizeof(uint32_t);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_INT64:
        return sizeof(uint64_t);
    case PROTOBUF_C_TYPE_STRING:
        return sizeof(char *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(ProtobufCMessage *);
    default:
        return 0;
    }
}

#endif
