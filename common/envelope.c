#include "common/envelope.h"

#include <string.h>

#include "common/id.h"
#include "common/pb.h"
#include "common/pb_out.h"
#include "common/secret.h"

enum gj_err gj_envelope_decode(struct gj_arena *arena, const uint8_t *bytes, size_t len, Gj__V1__Envelope **out)
{
    ProtobufCMessage *msg = NULL;
    enum gj_err err = gj_pb_unpack(&gj__v1__envelope__descriptor, arena, bytes, len, &msg);
    if (err != GJ_OK) {
        return err;
    }
    Gj__V1__Envelope *envelope = (Gj__V1__Envelope *)msg;
    if (envelope->body_case == GJ__V1__ENVELOPE__BODY__NOT_SET) {
        return GJ_EINVAL;
    }
    if (envelope->body_case == GJ__V1__ENVELOPE__BODY_REQUEST) {
        size_t key_len = envelope->request->request_key.len;
        if (key_len != 0 && key_len != GJ_REQUEST_KEY_SIZE) {
            return GJ_EINVAL;
        }
    }
    *out = envelope;
    return GJ_OK;
}

/* Most requests fit here, and are then encoded without having been measured. */
#define SMALL_BYTES 1024

enum gj_err gj_envelope_send(struct gj_channel *ch, const Gj__V1__Envelope *envelope, struct gj_buf *out)
{
    uint8_t small[SMALL_BYTES];
    uint8_t *body = NULL;
    struct gj_pb_out packed;
    gj_pb_out_init(&packed, small, sizeof small);
    gj_pb_out_message(&packed, &envelope->base);
    size_t len = packed.full ? gj__v1__envelope__get_packed_size(envelope) : gj_pb_out_len(&packed);
    enum gj_err err = gj_channel_seal_begin(ch, len, out, &body);
    if (err == GJ_OK && packed.full) {
        gj__v1__envelope__pack(envelope, body);
    } else if (err == GJ_OK) {
        memcpy(body, packed.at, len);
    }
    /* Passwords and names pass through here. */
    gj_secret_wipe(packed.full ? small : packed.at, packed.full ? sizeof small : len);
    return err == GJ_OK ? gj_channel_seal_end(ch, len, out) : err;
}

#define SEND(name, type, which)                                                                                        \
    enum gj_err gj_envelope_send_##name(struct gj_channel *ch, Gj__V1__##type *msg, struct gj_buf *out)                \
    {                                                                                                                  \
        Gj__V1__Envelope envelope = GJ__V1__ENVELOPE__INIT;                                                            \
        envelope.body_case = GJ__V1__ENVELOPE__BODY_##which;                                                           \
        envelope.name = msg;                                                                                           \
        return gj_envelope_send(ch, &envelope, out);                                                                   \
    }

SEND(request, Request, REQUEST)
SEND(reply, Reply, REPLY)
SEND(push, Push, PUSH)
SEND(heartbeat, Heartbeat, HEARTBEAT)
