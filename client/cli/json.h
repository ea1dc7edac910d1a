#ifndef GJ_CLI_JSON_H
#define GJ_CLI_JSON_H

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

/* Messages as JSON: field names as in proto/, ids and amounts as numbers, times as RFC 3339 with +08:00 (null for
 * "not"), bytes as hexadecimal, enums by name; a member of a oneof only when it is set. A Field becomes {key, value}
 * with a value of its own type. The caller owns the result; NULL is out of memory. */
json_t *json_of_message(const ProtobufCMessage *message);

/* Whether an int64 field is a moment: its name says so. */
bool json_is_time(const ProtobufCFieldDescriptor *field);
/* Whether an integer field is an id of something. */
bool json_is_id(const ProtobufCFieldDescriptor *field);

#endif
