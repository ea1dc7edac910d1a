/* Bytes that no honest client sends: each has an answer or an end, and the daemon serves on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/envelope.h"
#include "common/frame.h"
#include "common/id.h"
#include "lib/harness.h"
#include "proto/session.pb-c.h"

static struct harness harness;
static struct gj_keypair device;
static struct wire admin;

static int open_all(void **state)
{
    (void)state;
    harness_open(&harness, false, "--set", "handshake_time=700ms", NULL);
    harness_join(&harness, &harness.administrator, "admin", &device, &admin);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    wire_close(&admin);
    harness_close(&harness);
    return 0;
}

/* Somebody who was there before is still served. */
static void expect_service(void)
{
    Gj__V1__Empty empty = GJ__V1__EMPTY__INIT;
    Gj__V1__Reply *reply = wire_call(&admin, GJ__V1__CALL__SESSION_WHOAMI, NULL, &empty.base);

    assert_non_null(reply);
    assert_int_equal(reply->status, GJ__V1__STATUS__OK);
    gj__v1__reply__free_unpacked(reply, NULL);
    assert_true(harness_alive(&harness));
}

static void send_raw(int fd, const void *bytes, size_t len)
{
    /* The daemon may have had enough before all is sent. */
    (void)!send(fd, bytes, len, MSG_NOSIGNAL);
}

static void test_garbage(void **state)
{
    uint8_t bytes[4096];

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        int fd = harness_connect(&harness);

        gj_id_random(bytes, sizeof bytes);
        send_raw(fd, bytes, sizeof bytes >> i);
        assert_true(harness_is_cut(fd, 5000));
        close(fd);
    }
    expect_service();
}

static void test_other_protocols(void **state)
{
    static const char *const greetings[] = {
        "GET / HTTP/1.1\r\nHost: guanjia\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "SSH-2.0-x\r\n"};

    (void)state;
    for (size_t i = 0; i < sizeof greetings / sizeof greetings[0]; i++) {
        int fd = harness_connect(&harness);

        send_raw(fd, greetings[i], strlen(greetings[i]));
        assert_true(harness_is_cut(fd, 5000));
        close(fd);
    }
    expect_service();
}

static void hello_of(struct gj_buf *out, const uint8_t *cluster_id)
{
    struct gj_channel channel;
    struct gj_channel_client client = {.pattern = GJ_NOISE_XK, .own = &device, .name = "x"};

    memcpy(client.cluster_id, cluster_id, sizeof client.cluster_id);
    memcpy(client.server_key, harness.administrator.server_key, sizeof client.server_key);
    gj_buf_init(out, 4096);
    assert_int_equal(gj_channel_init_client(&channel, &client, out), GJ_OK);
    gj_channel_fini(&channel);
}

/* A changed byte of the hello is answered in clear, or the connection ends: never silence for ever. */
static void test_every_byte_of_the_hello(void **state)
{
    (void)state;
    for (size_t at = 0; at < GJ_HELLO_SIZE; at++) {
        struct gj_buf hello;
        int fd = harness_connect(&harness);

        hello_of(&hello, harness.administrator.cluster_id);
        gj_buf_bytes(&hello)[at] ^= 0x40;
        send_raw(fd, gj_buf_bytes(&hello), hello.len);
        assert_true(harness_is_cut(fd, 5000));
        close(fd);
        gj_buf_fini(&hello);
    }
    expect_service();
}

static void test_another_company(void **state)
{
    struct harness other = harness;
    struct wire wire;

    (void)state;
    other.administrator.cluster_id[3] ^= 1;
    assert_int_equal(wire_open(&wire, &other, &device), GJ_EDENIED);
    wire_close(&wire);
    expect_service();
}

static void test_a_slow_loris(void **state)
{
    struct gj_buf hello;
    int silent = harness_connect(&harness);
    int dribbling = harness_connect(&harness);

    (void)state;
    hello_of(&hello, harness.administrator.cluster_id);
    for (size_t i = 0; i < 10; i++) {
        send_raw(dribbling, gj_buf_bytes(&hello) + i, 1);
        usleep(50000);
    }
    assert_true(harness_is_cut(silent, 5000));
    assert_true(harness_is_cut(dribbling, 5000));
    close(silent);
    close(dribbling);
    gj_buf_fini(&hello);
    expect_service();
}

static void reopen(struct wire *wire)
{
    Gj__V1__LoginRequest request = GJ__V1__LOGIN_REQUEST__INIT;

    assert_int_equal(wire_open(wire, &harness, &device), GJ_OK);
    request.user = (char *)"admin";
    request.password = (char *)HARNESS_PASSWORD;
    Gj__V1__Reply *reply = wire_call(wire, GJ__V1__CALL__SESSION_LOGIN, NULL, &request.base);
    assert_non_null(reply);
    assert_int_equal(reply->status, GJ__V1__STATUS__OK);
    gj__v1__reply__free_unpacked(reply, NULL);
}

static void seal_whoami(struct wire *wire)
{
    Gj__V1__Request request = GJ__V1__REQUEST__INIT;

    request.id = ++wire->next_id;
    request.call = GJ__V1__CALL__SESSION_WHOAMI;
    assert_int_equal(gj_envelope_send_request(&wire->channel, &request, &wire->out), GJ_OK);
}

static void test_replayed_frame(void **state)
{
    struct wire wire;

    (void)state;
    reopen(&wire);
    seal_whoami(&wire);
    send_raw(wire.fd, gj_buf_bytes(&wire.out), wire.out.len);
    send_raw(wire.fd, gj_buf_bytes(&wire.out), wire.out.len);
    gj_buf_drop(&wire.out, wire.out.len);
    assert_true(harness_is_cut(wire.fd, 5000));
    wire_close(&wire);
    expect_service();
}

static void test_changed_frame(void **state)
{
    (void)state;
    for (size_t at = 0; at < 40; at += 13) {
        struct wire wire;

        reopen(&wire);
        seal_whoami(&wire);
        gj_buf_bytes(&wire.out)[2 + at] ^= 1;
        send_raw(wire.fd, gj_buf_bytes(&wire.out), wire.out.len);
        gj_buf_drop(&wire.out, wire.out.len);
        assert_true(harness_is_cut(wire.fd, 5000));
        wire_close(&wire);
    }
    expect_service();
}

static void test_truncated_and_empty_frames(void **state)
{
    static const uint8_t empty[] = {0, 0};
    static const uint8_t longest[] = {0xff, 0xff, 1, 2, 3};
    struct wire wire;

    (void)state;
    reopen(&wire);
    send_raw(wire.fd, longest, sizeof longest);
    shutdown(wire.fd, SHUT_WR);
    assert_true(harness_is_cut(wire.fd, 5000));
    wire_close(&wire);
    reopen(&wire);
    send_raw(wire.fd, empty, sizeof empty);
    assert_true(harness_is_cut(wire.fd, 5000));
    wire_close(&wire);
    expect_service();
}

/* Well sealed, but no envelope: a goodbye says so. */
static void test_no_envelope(void **state)
{
    static const uint8_t bodies[][6] = {
        {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, /* no tag */
        {0x0a, 0x7f, 0x08, 0x01, 0x10, 0x01}, /* longer than it is */
        {0x12, 0x02, 0x08, 0x01, 0x12, 0x00}, /* a reply from a client */
    };

    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct wire wire;

        reopen(&wire);
        wire_send(&wire, bodies[i], sizeof bodies[i]);
        assert_null(wire_receive(&wire, 5000));
        assert_int_equal(wire.closed_with, GJ_CLOSE_PROTOCOL);
        wire_close(&wire);
    }
    expect_service();
}

static void expect_refusal(Gj__V1__Envelope *envelope, Gj__V1__Status status, const char *code)
{
    assert_non_null(envelope);
    assert_int_equal(envelope->body_case, GJ__V1__ENVELOPE__BODY_REPLY);
    assert_int_equal(envelope->reply->status, status);
    assert_string_equal(envelope->reply->refusal->code, code);
    gj__v1__envelope__free_unpacked(envelope, NULL);
}

static void send_body(uint32_t call, const uint8_t *body, size_t len)
{
    Gj__V1__Envelope envelope = GJ__V1__ENVELOPE__INIT;
    Gj__V1__Request request = GJ__V1__REQUEST__INIT;
    uint8_t *bytes = malloc(len + 256);

    assert_non_null(bytes);
    request.id = ++admin.next_id;
    request.call = call;
    request.body.data = (uint8_t *)body;
    request.body.len = len;
    envelope.body_case = GJ__V1__ENVELOPE__BODY_REQUEST;
    envelope.request = &request;
    wire_send(&admin, bytes, gj__v1__envelope__pack(&envelope, bytes));
    free(bytes);
}

static void test_unknown_calls_and_bad_bodies(void **state)
{
    static const uint8_t not_utf8[] = {0x0a, 0x02, 0xc3, 0x28, 0x12, 0x01, 'x'};
    static const uint8_t with_zero[] = {0x0a, 0x03, 'a', 0x00, 'b'};
    static const uint8_t wrong_type[] = {0x08, 0x01};
    uint8_t fields[60000];

    (void)state;
    for (size_t i = 0; i < sizeof fields; i += 2) {
        fields[i] = 0x10; /* kinds = 1, again and again */
        fields[i + 1] = 1;
    }
    send_body(0xFF01, NULL, 0); /* a timer from a channel */
    expect_refusal(wire_receive(&admin, 5000), GJ__V1__STATUS__UNIMPLEMENTED, "call.unknown");
    send_body(0x7FFF, NULL, 0);
    expect_refusal(wire_receive(&admin, 5000), GJ__V1__STATUS__UNIMPLEMENTED, "call.unknown");
    send_body(0xFFFFFFFF, NULL, 0);
    expect_refusal(wire_receive(&admin, 5000), GJ__V1__STATUS__UNIMPLEMENTED, "call.unknown");
    send_body(GJ__V1__CALL__SESSION_LOGIN, not_utf8, sizeof not_utf8);
    expect_refusal(wire_receive(&admin, 5000), GJ__V1__STATUS__INVALID, "request.malformed");
    send_body(GJ__V1__CALL__SESSION_LOGIN, with_zero, sizeof with_zero);
    expect_refusal(wire_receive(&admin, 5000), GJ__V1__STATUS__INVALID, "request.malformed");
    send_body(GJ__V1__CALL__SESSION_LOGIN, wrong_type, sizeof wrong_type);
    expect_refusal(wire_receive(&admin, 5000), GJ__V1__STATUS__INVALID, "request.malformed");
    send_body(GJ__V1__CALL__SESSION_SUBSCRIBE, fields, sizeof fields);
    expect_refusal(wire_receive(&admin, 5000), GJ__V1__STATUS__TOO_LARGE, "request.too_large");
    expect_service();
}

/* 10,000 messages within messages, as a RecordCreate's field of lines of … would be: counted before anything recurses.
 */
static void test_deep_nesting(void **state)
{
    size_t depth = 12000;
    uint8_t *bytes = malloc(depth * 4 + 8);
    size_t len = 0;

    (void)state;
    assert_non_null(bytes);
    for (size_t i = 0; i < depth; i++) {
        size_t rest = (depth - i - 1) * 4;
        bytes[len++] = 0x5a; /* field 11, a message */
        bytes[len++] = (uint8_t)(0x80 | (rest & 0x7f));
        bytes[len++] = (uint8_t)(0x80 | (rest >> 7 & 0x7f));
        bytes[len++] = (uint8_t)(rest >> 14 & 0x7f);
    }
    send_body(GJ__V1__CALL__RECORD_CREATE, bytes, len);
    Gj__V1__Envelope *envelope = wire_receive(&admin, 5000);
    assert_non_null(envelope);
    assert_int_not_equal(envelope->reply->status, GJ__V1__STATUS__OK);
    gj__v1__envelope__free_unpacked(envelope, NULL);
    free(bytes);
    expect_service();
}

/* A newer client's fields are passed over, in the envelope and in the body. */
static void test_unknown_fields(void **state)
{
    static const uint8_t envelope[] = {
        0x0a, 0x0a, 0x08, 0x63, 0x10, 0x84, 0x02, 0x2a, 0x00, 0xf8, 0x3f, 0x05, 0xf8, 0x3f, 0x07};

    (void)state;
    wire_send(&admin, envelope, sizeof envelope);
    Gj__V1__Envelope *answer = wire_receive(&admin, 5000);
    assert_non_null(answer);
    assert_int_equal(answer->reply->id, 0x63);
    assert_int_equal(answer->reply->status, GJ__V1__STATUS__OK);
    gj__v1__envelope__free_unpacked(answer, NULL);
    expect_service();
}

static void test_a_request_key_of_the_wrong_size(void **state)
{
    static const uint8_t key[15] = {1};
    Gj__V1__Envelope envelope = GJ__V1__ENVELOPE__INIT;
    Gj__V1__Request request = GJ__V1__REQUEST__INIT;
    struct wire wire;
    uint8_t bytes[128];

    (void)state;
    reopen(&wire);
    request.id = 1;
    request.call = GJ__V1__CALL__SESSION_LOGOUT;
    request.request_key.data = (uint8_t *)key;
    request.request_key.len = sizeof key;
    envelope.body_case = GJ__V1__ENVELOPE__BODY_REQUEST;
    envelope.request = &request;
    wire_send(&wire, bytes, gj__v1__envelope__pack(&envelope, bytes));
    assert_null(wire_receive(&wire, 5000));
    assert_int_equal(wire.closed_with, GJ_CLOSE_PROTOCOL);
    wire_close(&wire);
    expect_service();
}

static void test_heartbeat_is_answered(void **state)
{
    Gj__V1__Envelope envelope = GJ__V1__ENVELOPE__INIT;
    Gj__V1__Heartbeat heartbeat = GJ__V1__HEARTBEAT__INIT;
    uint8_t bytes[64];

    (void)state;
    heartbeat.nonce = 4711;
    envelope.body_case = GJ__V1__ENVELOPE__BODY_HEARTBEAT;
    envelope.heartbeat = &heartbeat;
    wire_send(&admin, bytes, gj__v1__envelope__pack(&envelope, bytes));
    Gj__V1__Envelope *answer = wire_receive(&admin, 5000);
    assert_non_null(answer);
    assert_int_equal(answer->body_case, GJ__V1__ENVELOPE__BODY_HEARTBEAT);
    assert_true(answer->heartbeat->answer);
    assert_int_equal(answer->heartbeat->nonce, 4711);
    assert_true(answer->heartbeat->event > 0 && answer->heartbeat->server_time > 0);
    gj__v1__envelope__free_unpacked(answer, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replayed_frame),
        cmocka_unit_test(test_changed_frame),
        cmocka_unit_test(test_truncated_and_empty_frames),
        cmocka_unit_test(test_no_envelope),
        cmocka_unit_test(test_unknown_calls_and_bad_bodies),
        cmocka_unit_test(test_deep_nesting),
        cmocka_unit_test(test_unknown_fields),
        cmocka_unit_test(test_a_request_key_of_the_wrong_size),
        cmocka_unit_test(test_heartbeat_is_answered),
        cmocka_unit_test(test_another_company),
        cmocka_unit_test(test_a_slow_loris),
        cmocka_unit_test(test_other_protocols),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_every_byte_of_the_hello),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
