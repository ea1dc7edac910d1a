/* Too many of anything: connections, half-open handshakes, failures of an address, answers nobody reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/envelope.h"
#include "lib/harness.h"
#include "proto/admin.pb-c.h"
#include "proto/session.pb-c.h"

static void expect_service(struct wire *wire)
{
    Gj__V1__Empty empty = GJ__V1__EMPTY__INIT;
    Gj__V1__Reply *reply = wire_call(wire, GJ__V1__CALL__SESSION_WHOAMI, NULL, &empty.base);

    assert_non_null(reply);
    assert_int_equal(reply->status, GJ__V1__STATUS__OK);
    gj__v1__reply__free_unpacked(reply, NULL);
}

static void test_too_many_connections(void **state)
{
    struct harness harness;
    struct gj_keypair device;
    struct wire admin;
    struct wire others[3];
    struct wire refused;

    (void)state;
    harness_open(&harness, false, "--max-channels", "4", NULL);
    harness_join(&harness, &harness.administrator, "admin", &device, &admin);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(wire_open(&others[i], &harness, &device), GJ_OK);
        assert_null(wire_receive(&others[i], 100)); /* the verdict is through */
    }
    assert_int_equal(wire_open(&refused, &harness, &device), GJ_EBUSY);
    wire_close(&refused);
    expect_service(&admin);
    wire_close(&others[0]);
    assert_true(harness_logged(&harness, "net.not_taken"));
    /* The place is free again. */
    enum gj_err err = GJ_EBUSY;
    for (unsigned i = 0; i < 50 && err != GJ_OK; i++) {
        usleep(50000);
        err = wire_open(&refused, &harness, &device);
        if (err != GJ_OK) {
            wire_close(&refused);
        }
    }
    assert_int_equal(err, GJ_OK);
    wire_close(&refused);
    wire_close(&others[1]);
    wire_close(&others[2]);
    wire_close(&admin);
    harness_close(&harness);
}

static void test_half_open_connections(void **state)
{
    struct harness harness;
    struct gj_keypair device;
    struct wire admin;
    struct wire wire;
    int half_open[8];

    (void)state;
    harness_open(&harness, false, "--set", "max_half_open=8", "--set", "handshake_time=1500ms", NULL);
    harness_join(&harness, &harness.administrator, "admin", &device, &admin);
    for (size_t i = 0; i < 8; i++) {
        half_open[i] = harness_connect(&harness);
    }
    usleep(200000);
    assert_int_equal(wire_open(&wire, &harness, &device), GJ_EBUSY);
    wire_close(&wire);
    expect_service(&admin);
    for (size_t i = 0; i < 8; i++) {
        assert_true(harness_is_cut(half_open[i], 5000));
        close(half_open[i]);
    }
    assert_int_equal(wire_open(&wire, &harness, &device), GJ_OK);
    wire_close(&wire);
    wire_close(&admin);
    harness_close(&harness);
}

/* An address whose handshakes fail again and again waits; who is in stays in. */
static void test_failures_of_an_address(void **state)
{
    struct harness harness;
    struct gj_keypair device;
    struct gj_keypair stranger;
    struct wire admin;
    struct wire wire;
    enum gj_err err = GJ_OK;
    unsigned tries = 0;

    (void)state;
    harness_open(&harness, false, NULL);
    harness_join(&harness, &harness.administrator, "admin", &device, &admin);
    gj_noise_keypair_new(&stranger);
    while (err != GJ_EBUSY && tries < 60) {
        err = wire_open(&wire, &harness, &stranger);
        if (err == GJ_OK) {
            assert_null(wire_receive(&wire, 5000));
        }
        wire_close(&wire);
        tries++;
    }
    assert_int_equal(err, GJ_EBUSY);
    assert_true(tries > 15);
    expect_service(&admin);
    wire_close(&admin);
    harness_close(&harness);
}

static void seal_whoami(struct wire *wire)
{
    Gj__V1__Request request = GJ__V1__REQUEST__INIT;

    request.id = ++wire->next_id;
    request.call = GJ__V1__CALL__SESSION_WHOAMI;
    assert_int_equal(gj_envelope_send_request(&wire->channel, &request, &wire->out), GJ_OK);
}

static uint64_t slowed(struct wire *wire)
{
    Gj__V1__Empty empty = GJ__V1__EMPTY__INIT;
    Gj__V1__Reply *reply = wire_call(wire, GJ__V1__CALL__ADMIN_STATUS, NULL, &empty.base);

    assert_non_null(reply);
    assert_int_equal(reply->status, GJ__V1__STATUS__OK);
    Gj__V1__Health *health = gj__v1__health__unpack(NULL, reply->body.len, reply->body.data);
    assert_non_null(health);
    uint64_t count = health->requests_slowed;
    gj__v1__health__free_unpacked(health, NULL);
    gj__v1__reply__free_unpacked(reply, NULL);
    return count;
}

/* A channel that waits for each answer is never slowed; one that pours requests out is told how long to wait. */
static void test_requests_too_fast(void **state)
{
    enum { FLOOD = 1500, WAITED = 700 };
    struct harness harness;
    struct gj_keypair device;
    struct wire admin;
    unsigned good = 0;
    unsigned busy = 0;

    (void)state;
    harness_open(&harness, false, NULL);
    harness_join(&harness, &harness.administrator, "admin", &device, &admin);
    for (unsigned i = 0; i < WAITED; i++) {
        expect_service(&admin);
    }
    assert_int_equal(slowed(&admin), 0);
    for (unsigned i = 0; i < FLOOD; i++) {
        seal_whoami(&admin);
    }
    wire_flush(&admin);
    for (unsigned i = 0; i < FLOOD; i++) {
        Gj__V1__Envelope *envelope = wire_receive(&admin, 10000);

        assert_non_null(envelope);
        if (envelope->reply->status == GJ__V1__STATUS__OK) {
            good++;
        } else {
            assert_int_equal(envelope->reply->status, GJ__V1__STATUS__BUSY);
            assert_string_equal(envelope->reply->refusal->code, "channel.too_fast");
            assert_in_range(envelope->reply->retry_after_ms, 1, 1000);
            busy++;
        }
        gj__v1__envelope__free_unpacked(envelope, NULL);
    }
    assert_true(good >= GJ_PEER_RATE_BURST);
    assert_true(busy > 0);
    assert_int_equal(slowed(&admin), busy);
    expect_service(&admin);
    wire_close(&admin);
    harness_close(&harness);
}

/* Requests are sent without reading an answer: the daemon stops taking them, and gives every answer once it is read. */
static void test_answers_nobody_reads(void **state)
{
    struct harness harness;
    struct gj_keypair device;
    struct wire admin;
    unsigned sent = 0;
    unsigned answered = 0;

    (void)state;
    harness_open(&harness, false, NULL);
    harness_join(&harness, &harness.administrator, "admin", &device, &admin);
    while (sent < 400000) {
        Gj__V1__Request request = GJ__V1__REQUEST__INIT;

        request.id = ++admin.next_id;
        request.call = GJ__V1__CALL__SESSION_WHOAMI;
        if (gj_envelope_send_request(&admin.channel, &request, &admin.out) != GJ_OK) {
            break;
        }
        sent++;
        ssize_t went = send(admin.fd, gj_buf_bytes(&admin.out), admin.out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        gj_buf_drop(&admin.out, went > 0 ? (size_t)went : 0);
        if (admin.out.len > 512 * 1024) {
            break; /* the daemon takes no more */
        }
    }
    assert_true(sent < 400000);
    while (answered < sent) {
        if (admin.out.len > 0) {
            ssize_t went = send(admin.fd, gj_buf_bytes(&admin.out), admin.out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
            gj_buf_drop(&admin.out, went > 0 ? (size_t)went : 0);
        }
        Gj__V1__Envelope *envelope = wire_receive(&admin, 10000);
        assert_non_null(envelope);
        assert_true(envelope->reply->status == GJ__V1__STATUS__OK || envelope->reply->status == GJ__V1__STATUS__BUSY);
        gj__v1__envelope__free_unpacked(envelope, NULL);
        answered++;
    }
    wire_close(&admin);
    harness_close(&harness);
}

static void test_proxy_header(void **state)
{
    static const uint8_t header[] = {0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A, 0x21, 0x11,
        0, 12, 10, 0, 0, 9, 10, 0, 0, 1, 0x30, 0x39, 0x1c, 0xfd};
    struct harness harness;
    struct gj_keypair device;

    (void)state;
    gj_noise_start();
    gj_noise_keypair_new(&device);
    harness_open(&harness, false, "--set", "proxies=127.0.0.1", NULL);
    /* Without a header a gateway's connection is none. */
    struct wire wire;
    assert_int_not_equal(wire_open(&wire, &harness, &device), GJ_OK);
    wire_close(&wire);
    /* With one, in two pieces, the hello behind it is answered. */
    struct gj_buf hello;
    struct gj_channel channel;
    struct gj_channel_client client = {.pattern = GJ_NOISE_XK, .own = &device, .name = "x"};
    uint8_t answer[GJ_HELLO_ANSWER_SIZE];
    memcpy(client.cluster_id, harness.administrator.cluster_id, sizeof client.cluster_id);
    memcpy(client.server_key, harness.administrator.server_key, sizeof client.server_key);
    gj_buf_init(&hello, 4096);
    assert_int_equal(gj_channel_init_client(&channel, &client, &hello), GJ_OK);
    int fd = harness_connect(&harness);
    assert_int_equal(send(fd, header, 7, MSG_NOSIGNAL), 7);
    usleep(50000);
    assert_int_equal(send(fd, header + 7, sizeof header - 7, MSG_NOSIGNAL), sizeof header - 7);
    assert_int_equal(send(fd, gj_buf_bytes(&hello), hello.len, MSG_NOSIGNAL), (ssize_t)hello.len);
    assert_int_equal(recv(fd, answer, sizeof answer, MSG_WAITALL), sizeof answer);
    close(fd);
    gj_channel_fini(&channel);
    gj_buf_fini(&hello);
    harness_close(&harness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_too_many_connections),
        cmocka_unit_test(test_half_open_connections),
        cmocka_unit_test(test_failures_of_an_address),
        cmocka_unit_test(test_requests_too_fast),
        cmocka_unit_test(test_answers_nobody_reads),
        cmocka_unit_test(test_proxy_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
