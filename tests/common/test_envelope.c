#include "tests/common/check.h"

#include <string.h>

#include "common/envelope.h"
#include "common/limits.h"
#include "tests/common/wire.h"

static void every_member_travels(void **state)
{
    (void)state;
    struct wire wire;
    struct gj_arena arena;
    struct gj_channel_event event;
    Gj__V1__Envelope *got = NULL;
    Gj__V1__Request request = GJ__V1__REQUEST__INIT;
    Gj__V1__Reply reply = GJ__V1__REPLY__INIT;
    Gj__V1__Push push = GJ__V1__PUSH__INIT;
    Gj__V1__Heartbeat heartbeat = GJ__V1__HEARTBEAT__INIT;
    uint8_t key[16] = {1};
    request.id = 7;
    request.call = GJ__V1__CALL__RECORD_ACT;
    request.request_key = (ProtobufCBinaryData){sizeof key, key};
    reply.id = 8;
    push.to = 9;
    heartbeat.nonce = 10;
    wire_init(&wire, GJ_NOISE_XK);
    wire_open(&wire);
    gj_arena_init(&arena, GJ_REQUEST_ARENA_MAX);
    check_ok(gj_envelope_send_request(&wire.client, &request, &wire.to_server));
    check_ok(gj_envelope_send_reply(&wire.client, &reply, &wire.to_server));
    check_ok(gj_envelope_send_push(&wire.client, &push, &wire.to_server));
    check_ok(gj_envelope_send_heartbeat(&wire.client, &heartbeat, &wire.to_server));

    check_ok(wire_server(&wire, &event));
    check_ok(gj_envelope_decode(&arena, event.bytes, event.len, &got));
    assert_int_equal(got->body_case, GJ__V1__ENVELOPE__BODY_REQUEST);
    assert_int_equal(got->request->id, 7);
    assert_memory_equal(got->request->request_key.data, key, 16);
    check_ok(wire_server(&wire, &event));
    check_ok(gj_envelope_decode(&arena, event.bytes, event.len, &got));
    assert_int_equal(got->reply->id, 8);
    check_ok(wire_server(&wire, &event));
    check_ok(gj_envelope_decode(&arena, event.bytes, event.len, &got));
    assert_int_equal(got->push->to, 9);
    check_ok(wire_server(&wire, &event));
    check_ok(gj_envelope_decode(&arena, event.bytes, event.len, &got));
    assert_int_equal(got->heartbeat->nonce, 10);
    gj_arena_fini(&arena);
    wire_fini(&wire);
}

static void too_large_an_answer_leaves_the_channel_alive(void **state)
{
    (void)state;
    static uint8_t bytes[GJ_BODY_MAX];
    struct wire wire;
    struct gj_channel_event event;
    Gj__V1__Reply reply = GJ__V1__REPLY__INIT;
    wire_init(&wire, GJ_NOISE_XK);
    wire_open(&wire);
    reply.body = (ProtobufCBinaryData){sizeof bytes, bytes};
    check_err(gj_envelope_send_reply(&wire.server, &reply, &wire.to_client), GJ_ETOOBIG);
    assert_int_equal(wire.to_client.len, 0);
    reply.body.len = 1000;
    check_ok(gj_envelope_send_reply(&wire.server, &reply, &wire.to_client));
    check_ok(wire_client(&wire, &event));
    assert_int_equal(event.kind, GJ_CHANNEL_EVENT_BODY);
    check_ok(gj_channel_close(&wire.server, GJ_CLOSE_DONE, &wire.to_client));
    check_err(gj_envelope_send_reply(&wire.server, &reply, &wire.to_client), GJ_ECLOSED);
    wire_fini(&wire);
}

static enum gj_err decode(const char *bytes, size_t len)
{
    struct gj_arena arena;
    Gj__V1__Envelope *got = NULL;
    gj_arena_init(&arena, GJ_REQUEST_ARENA_MAX);
    enum gj_err err = gj_envelope_decode(&arena, (const uint8_t *)bytes, len, &got);
    gj_arena_fini(&arena);
    return err;
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    check_err(decode("", 0), GJ_EINVAL);
    check_err(decode("\xfa\x3f\x01x", 4), GJ_EINVAL);      /* only what a newer version knows */
    check_err(decode("\x0a\x04\x1a\x02ke", 6), GJ_EINVAL); /* a request key of two bytes */
    check_ok(decode("\x0a\x02\x08\x01", 4));               /* no key: a read */
    check_ok(decode("\x0a\x05\x08\x01\xf8\x3f\x01", 7));   /* an unknown field beside it */
    check_err(decode("\x0a\x02\x08", 3), GJ_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_travels),
        cmocka_unit_test(too_large_an_answer_leaves_the_channel_alive),
        cmocka_unit_test(nonsense_is_refused),
    };
    check_ok(gj_noise_start());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
