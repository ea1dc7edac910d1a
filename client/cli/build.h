#ifndef GJ_CLI_BUILD_H
#define GJ_CLI_BUILD_H

#include "common/arena.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Filling protobuf messages by the names of their fields, so that a command is a row of data. Everything is allocated
 * in the arena. A path that does not exist is our bug and asserted (a test walks all rows). */

ProtobufCMessage *build_new(struct gj_arena *arena, const ProtobufCMessageDescriptor *type);

/* "a.b.c": makes the messages on the way; gives the last one and its field. */
struct build_place {
    ProtobufCMessage *message;
    const ProtobufCFieldDescriptor *field;
};
struct build_place build_place(struct gj_arena *arena, ProtobufCMessage *message, const char *path);

/* Puts a value of the field's own type; a repeated field gets one more element. False: out of range, or out of memory.
 */
bool build_number(struct gj_arena *arena, struct build_place place, int64_t value);
bool build_u64(struct gj_arena *arena, struct build_place place, uint64_t value);
bool build_text(struct gj_arena *arena, struct build_place place, const char *value);
bool build_bytes(struct gj_arena *arena, struct build_place place, const void *bytes, size_t len);
/* A message element of a repeated field, or the singular message itself; NULL: out of memory. */
ProtobufCMessage *build_message(struct gj_arena *arena, struct build_place place);

/* Where a field lies in a message. */
void *build_at(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);
/* How many elements a repeated field has. */
size_t build_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

#endif
