#ifndef GJ_COMMON_ENVELOPE_H
#define GJ_COMMON_ENVELOPE_H

#include "common/arena.h"
#include "common/channel.h"
#include "common/err.h"

#include "proto/envelope.pb-c.h"

/* One Envelope is the body of one channel message. */

/* Scans and unpacks into the arena. GJ_EINVAL malformed, empty (no member of the
 * oneof: a message of a newer version, which the caller may ignore), or a request
 * whose key is neither absent nor 16 bytes; GJ_ETOOBIG; GJ_ENOMEM. */
GJ_CHECKED enum gj_err gj_envelope_decode(
    struct gj_arena *arena, const uint8_t *bytes, size_t len, Gj__V1__Envelope **out);

/* Packs straight into a frame of the channel, without a copy. Errors as gj_channel_seal;
 * GJ_ETOOBIG and GJ_ENOMEM leave the channel alive and out unchanged. */
GJ_CHECKED enum gj_err gj_envelope_send(struct gj_channel *ch, const Gj__V1__Envelope *envelope, struct gj_buf *out);

/* The same for the members that are sent often. msg is borrowed for the call. */
GJ_CHECKED enum gj_err gj_envelope_send_request(struct gj_channel *ch, Gj__V1__Request *msg, struct gj_buf *out);
GJ_CHECKED enum gj_err gj_envelope_send_reply(struct gj_channel *ch, Gj__V1__Reply *msg, struct gj_buf *out);
GJ_CHECKED enum gj_err gj_envelope_send_push(struct gj_channel *ch, Gj__V1__Push *msg, struct gj_buf *out);
GJ_CHECKED enum gj_err gj_envelope_send_heartbeat(struct gj_channel *ch, Gj__V1__Heartbeat *msg, struct gj_buf *out);

#endif
