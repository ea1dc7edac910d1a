/* Reaches gj_pb_scan, gj_pb_unpack and protobuf-c behind them. The first byte chooses the message type.
 * What the scan accepts unpacks, packs again, and is accepted again. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "common/envelope.h"
#include "common/limits.h"
#include "common/pb.h"
#include "proto/dispatch.pb-c.h"
#include "proto/inbox.pb-c.h"
#include "proto/record.pb-c.h"
#include "proto/register.pb-c.h"
#include "proto/session.pb-c.h"

static const ProtobufCMessageDescriptor *const types[] = {
    &gj__v1__envelope__descriptor,
    &gj__v1__request__descriptor,
    &gj__v1__reply__descriptor,
    &gj__v1__push__descriptor,
    &gj__v1__record__descriptor,
    &gj__v1__field__descriptor,
    &gj__v1__login_request__descriptor,
    &gj__v1__enrol_request__descriptor,
    &gj__v1__intake_request__descriptor,
    &gj__v1__act_request__descriptor,
    &gj__v1__inbox_ack_request__descriptor,
    &gj__v1__subscribe_request__descriptor,
};

/* The limits as a rule on the result: depth, text and count of what was unpacked. */
static void repack(const ProtobufCMessage *msg)
{
    struct gj_buf buf;
    gj_buf_init(&buf, 16 << 20);
    enum gj_err err = gj_pb_pack(msg, &buf);
    require(err == GJ_OK);
    enum gj_err again = gj_pb_scan(msg->descriptor, gj_buf_bytes(&buf), buf.len, NULL);
    require(again == GJ_OK || again == GJ_ETOOBIG);
    gj_buf_fini(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > GJ_BODY_MAX) {
        return 0;
    }
    const ProtobufCMessageDescriptor *type = types[data[0] % (sizeof types / sizeof types[0])];
    struct gj_arena arena;
    ProtobufCMessage *msg = NULL;
    gj_arena_init(&arena, GJ_REQUEST_ARENA_MAX);
    enum gj_err scanned = gj_pb_scan(type, data + 1, size - 1, NULL);
    enum gj_err err = gj_pb_unpack(type, &arena, data + 1, size - 1, &msg);
    require(scanned == GJ_OK ? err == GJ_OK || err == GJ_ETOOBIG : err == scanned);
    if (err == GJ_OK) {
        require(msg->descriptor == type);
        repack(msg);
    }
    if (type == &gj__v1__envelope__descriptor) {
        Gj__V1__Envelope *envelope = NULL;
        gj_arena_reset(&arena);
        err = gj_envelope_decode(&arena, data + 1, size - 1, &envelope);
        require(err != GJ_OK || envelope->body_case != GJ__V1__ENVELOPE__BODY__NOT_SET);
    }
    gj_arena_fini(&arena);
    return 0;
}
