#include "tests/common/check.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/channel.h"
#include "common/fail.h"
#include "common/frame.h"
#include "tests/common/wire.h"

static void expect_body(struct wire *wire, const void *body, size_t len)
{
    struct gj_channel_event event;
    check_ok(wire_server(wire, &event));
    assert_int_equal(event.kind, GJ_CHANNEL_EVENT_BODY);
    assert_int_equal(event.len, len);
    assert_memory_equal(event.bytes, body, len);
}

static void both_patterns_open_and_carry_bodies_both_ways(void **state)
{
    (void)state;
    for (int pattern = GJ_NOISE_XK; pattern <= GJ_NOISE_XKPSK3; pattern++) {
        struct wire wire;
        struct gj_channel_event event;
        wire_init(&wire, (enum gj_noise_pattern)pattern);
        wire_open(&wire);
        assert_memory_equal(wire.server.peer_key, wire.client_key.public_key, GJ_NOISE_KEY_SIZE);
        assert_memory_equal(wire.client.peer_key, wire.server_keys[0].public_key, GJ_NOISE_KEY_SIZE);
        assert_memory_equal(wire.client.hash, wire.server.hash, GJ_NOISE_HASH_SIZE);
        check_ok(gj_channel_seal(&wire.client, "question", 8, &wire.to_server));
        check_ok(gj_channel_seal(&wire.client, "", 0, &wire.to_server));
        expect_body(&wire, "question", 8);
        expect_body(&wire, "", 0);
        check_err(wire_server(&wire, &event), GJ_AGAIN);
        check_ok(gj_channel_seal(&wire.server, "answer", 6, &wire.to_client));
        check_ok(wire_client(&wire, &event));
        assert_memory_equal(event.bytes, "answer", 6);
        check_err(wire_client(&wire, &event), GJ_AGAIN);
        assert_int_equal(wire.to_client.len, 0);
        wire_fini(&wire);
    }
}

static void the_owner_sees_token_and_name(void **state)
{
    (void)state;
    struct wire wire;
    struct gj_channel_event event;
    wire_init(&wire, GJ_NOISE_XKPSK3);
    wire_start(&wire);
    check_err(wire_server(&wire, &event), GJ_AGAIN);
    check_err(wire_client(&wire, &event), GJ_AGAIN);
    check_ok(wire_server(&wire, &event));
    assert_int_equal(event.len, GJ_TOKEN_ID_SIZE);
    assert_memory_equal(event.bytes, wire.dial.token_id, GJ_TOKEN_ID_SIZE);
    check_err(wire_server(&wire, &event), GJ_AGAIN); /* paused */
    check_ok(gj_channel_psk(&wire.server, wire.dial.psk, &wire.to_client));
    check_ok(wire_client(&wire, &event));
    check_ok(wire_server(&wire, &event));
    assert_int_equal(event.kind, GJ_CHANNEL_EVENT_NEED_VERDICT);
    assert_int_equal(event.len, 8);
    assert_memory_equal(event.bytes, "test 1.0", 8);
    uint8_t *body = NULL;
    check_err(gj_channel_seal_begin(&wire.server, 1, &wire.to_client, &body), GJ_ECLOSED); /* before the verdict */
    check_ok(gj_channel_accept(&wire.server));
    check_err(gj_channel_accept(&wire.server), GJ_ECLOSED);
    wire_fini(&wire);
}

static void bytes_may_come_one_by_one(void **state)
{
    (void)state;
    struct wire wire;
    struct gj_channel_event event;
    struct gj_buf slow;
    wire_init(&wire, GJ_NOISE_XK);
    wire_start(&wire);
    gj_buf_init(&slow, WIRE_CAP);
    unsigned verdicts = 0;
    unsigned bodies = 0;
    bool sent = false;
    for (unsigned turn = 0; turn < 10; turn++) {
        while (wire.to_server.len > 0) {
            check_ok(gj_buf_append(&slow, gj_buf_bytes(&wire.to_server), 1));
            gj_buf_drop(&wire.to_server, 1);
            enum gj_err err = gj_channel_step(&wire.server, &slow, &wire.to_client, &event);
            assert_true(err == GJ_OK || err == GJ_AGAIN);
            if (err == GJ_OK && event.kind == GJ_CHANNEL_EVENT_NEED_VERDICT) {
                verdicts++;
                check_ok(gj_channel_accept(&wire.server));
            } else if (err == GJ_OK) {
                assert_int_equal(event.kind, GJ_CHANNEL_EVENT_BODY);
                bodies++;
            }
        }
        enum gj_err err = wire_client(&wire, &event);
        assert_true(err == GJ_OK || err == GJ_AGAIN);
        if (gj_channel_is_open(&wire.client) && !sent) {
            check_ok(gj_channel_seal(&wire.client, "hello", 5, &wire.to_server));
            sent = true;
        }
    }
    assert_int_equal(verdicts, 1);
    assert_int_equal(bodies, 1);
    gj_buf_fini(&slow);
    wire_fini(&wire);
}

static void lengths_are_padded_to_buckets(void **state)
{
    (void)state;
    assert_int_equal(gj_channel_padded(0), 64);
    assert_int_equal(gj_channel_padded(59), 64);
    assert_int_equal(gj_channel_padded(60), 128);
    assert_int_equal(gj_channel_padded(123), 128);
    assert_int_equal(gj_channel_padded(32763), 32768);
    assert_int_equal(gj_channel_padded(32764), GJ_PLAINTEXT_MAX);
    assert_int_equal(gj_channel_padded(GJ_BODY_MAX), GJ_PLAINTEXT_MAX);

    struct wire wire;
    struct gj_channel_event event;
    uint8_t *body = calloc(1, GJ_BODY_MAX + 1);
    assert_non_null(body);
    wire_init(&wire, GJ_NOISE_XK);
    wire_open(&wire);
    for (size_t len = 0; len <= GJ_BODY_MAX; len = len * 3 / 2 + 1) {
        memset(body, (int)len | 1, len);
        check_ok(gj_channel_seal(&wire.client, body, len, &wire.to_server));
        assert_int_equal(wire.to_server.len, 2 + gj_channel_padded(len) + 16);
        expect_body(&wire, body, len);
        check_err(wire_server(&wire, &event), GJ_AGAIN);
    }
    check_ok(gj_channel_seal(&wire.client, body, GJ_BODY_MAX, &wire.to_server));
    assert_int_equal(wire.to_server.len, 2 + GJ_FRAME_MAX);
    expect_body(&wire, body, GJ_BODY_MAX);
    check_err(wire_server(&wire, &event), GJ_AGAIN);
    /* One byte more is refused, and the channel goes on. */
    check_err(gj_channel_seal(&wire.client, body, GJ_BODY_MAX + 1, &wire.to_server), GJ_ETOOBIG);
    assert_int_equal(wire.to_server.len, 0);
    check_ok(gj_channel_seal(&wire.client, body, 10, &wire.to_server));
    expect_body(&wire, body, 10);
    wire_fini(&wire);
    free(body);
}

static void keys_change_after_65536_messages(void **state)
{
    (void)state;
    struct wire wire;
    struct gj_channel_event event;
    wire_init(&wire, GJ_NOISE_XK);
    wire_open(&wire);
    uint8_t first[32];
    memcpy(first, wire.client.send.key, 32);
    for (uint32_t i = 0; i < GJ_REKEY_MESSAGES + 10; i++) {
        assert_int_equal(memcmp(first, wire.client.send.key, 32) == 0, i < GJ_REKEY_MESSAGES);
        check_ok(gj_channel_seal(&wire.client, &i, sizeof i, &wire.to_server));
        check_ok(wire_server(&wire, &event));
        assert_memory_equal(event.bytes, &i, sizeof i);
    }
    assert_memory_equal(wire.client.send.key, wire.server.receive.key, 32);
    assert_memory_equal(wire.client.receive.key, wire.server.send.key, 32); /* the other direction counts for itself */
    assert_int_equal(wire.client.send.nonce, GJ_REKEY_MESSAGES + 10);
    wire_fini(&wire);
}

static void a_close_is_told_from_a_cut(void **state)
{
    (void)state;
    struct wire wire;
    struct gj_channel_event event;
    wire_init(&wire, GJ_NOISE_XK);
    wire_open(&wire);
    check_ok(gj_channel_seal(&wire.client, "last", 4, &wire.to_server));
    check_ok(gj_channel_close(&wire.client, GJ_CLOSE_DONE, &wire.to_server));
    check_err(gj_channel_seal(&wire.client, "x", 1, &wire.to_server), GJ_ECLOSED);
    check_err(gj_channel_close(&wire.client, GJ_CLOSE_DONE, &wire.to_server), GJ_ECLOSED);
    expect_body(&wire, "last", 4);
    check_ok(wire_server(&wire, &event));
    assert_int_equal(event.kind, GJ_CHANNEL_EVENT_CLOSED);
    assert_int_equal(event.reason, GJ_CLOSE_DONE);
    check_err(wire_server(&wire, &event), GJ_ECLOSED);
    check_err(gj_channel_eof(&wire.server), GJ_EOF);
    check_err(gj_channel_eof(&wire.client), GJ_EOF);
    wire_fini(&wire);

    wire_init(&wire, GJ_NOISE_XK);
    wire_open(&wire);
    check_err(gj_channel_eof(&wire.server), GJ_ECLOSED);
    check_err(gj_channel_seal(&wire.server, "x", 1, &wire.to_client), GJ_ECLOSED);
    check_err(wire_server(&wire, &event), GJ_ECLOSED);
    wire_fini(&wire);
}

static void who_has_closed_hears_no_more_bodies(void **state)
{
    (void)state;
    struct wire wire;
    struct gj_channel_event event;
    wire_init(&wire, GJ_NOISE_XK);
    wire_open(&wire);
    check_ok(gj_channel_close(&wire.server, GJ_CLOSE_REVOKED, &wire.to_client));
    check_ok(gj_channel_seal(&wire.client, "order", 5, &wire.to_server));
    check_err(wire_server(&wire, &event), GJ_AGAIN);
    assert_int_equal(wire.to_server.len, 0);
    check_ok(wire_client(&wire, &event));
    assert_int_equal(event.reason, GJ_CLOSE_REVOKED);
    assert_string_equal(gj_channel_close_name(event.reason), "revoked");
    assert_string_equal(gj_channel_close_name(999), "unknown");
    wire_fini(&wire);
}

static void refusals_reach_the_client(void **state)
{
    (void)state;
    struct wire wire;
    struct gj_channel_event event;
    wire_init(&wire, GJ_NOISE_XKPSK3);
    wire_start(&wire);
    check_err(wire_server(&wire, &event), GJ_AGAIN);
    check_err(wire_client(&wire, &event), GJ_AGAIN);
    check_ok(wire_server(&wire, &event));
    check_ok(gj_channel_refuse(&wire.server, GJ_CLOSE_INVITATION, &wire.to_client));
    check_err(wire_server(&wire, &event), GJ_ECLOSED);
    check_ok(wire_client(&wire, &event));
    assert_int_equal(event.kind, GJ_CHANNEL_EVENT_CLOSED);
    assert_int_equal(event.reason, GJ_CLOSE_INVITATION);
    check_err(gj_channel_eof(&wire.client), GJ_EOF);
    wire_fini(&wire);

    wire_init(&wire, GJ_NOISE_XK);
    wire_start(&wire);
    check_err(wire_server(&wire, &event), GJ_AGAIN);
    check_err(wire_client(&wire, &event), GJ_AGAIN);
    check_err(wire_server(&wire, &event), GJ_AGAIN);
    check_ok(wire_client(&wire, &event));
    check_ok(gj_channel_seal(&wire.client, "early", 5, &wire.to_server));
    check_ok(wire_server(&wire, &event));
    check_ok(gj_channel_refuse(&wire.server, GJ_CLOSE_NOT_ENROLLED, &wire.to_client));
    check_err(wire_server(&wire, &event), GJ_ECLOSED); /* the early body is never seen */
    check_ok(wire_client(&wire, &event));
    assert_int_equal(event.kind, GJ_CHANNEL_EVENT_CLOSED);
    assert_int_equal(event.reason, GJ_CLOSE_NOT_ENROLLED);
    check_err(gj_channel_refuse(&wire.server, GJ_CLOSE_DONE, &wire.to_client), GJ_ECLOSED);
    wire_fini(&wire);
}

static void a_wrong_invitation_secret_is_seen_at_message_3(void **state)
{
    (void)state;
    struct wire wire;
    struct gj_channel_event event;
    uint8_t other[GJ_NOISE_KEY_SIZE] = {0x11};
    wire_init(&wire, GJ_NOISE_XKPSK3);
    wire_start(&wire);
    check_err(wire_server(&wire, &event), GJ_AGAIN);
    check_err(wire_client(&wire, &event), GJ_AGAIN);
    check_ok(wire_server(&wire, &event));
    check_ok(gj_channel_psk(&wire.server, other, &wire.to_client));
    check_ok(wire_client(&wire, &event));
    check_err(wire_server(&wire, &event), GJ_ECRYPTO);
    check_err(gj_channel_eof(&wire.client), GJ_ECLOSED);
    wire_fini(&wire);
}

static void either_of_two_server_keys_is_accepted(void **state)
{
    (void)state;
    for (unsigned pinned = 0; pinned < 2; pinned++) {
        struct wire wire;
        wire_init(&wire, GJ_NOISE_XK);
        wire.conf.key_count = 2;
        memcpy(wire.dial.server_key, wire.server_keys[pinned].public_key, GJ_NOISE_KEY_SIZE);
        wire_open(&wire);
        wire_fini(&wire);
    }
    struct wire wire;
    struct gj_channel_event event;
    wire_init(&wire, GJ_NOISE_XK);
    memcpy(wire.dial.server_key, wire.server_keys[1].public_key, GJ_NOISE_KEY_SIZE);
    wire_start(&wire);
    check_err(wire_server(&wire, &event), GJ_AGAIN);
    check_err(wire_client(&wire, &event), GJ_AGAIN);
    check_err(wire_server(&wire, &event), GJ_ECRYPTO);
    wire_fini(&wire);
}

struct hello_case {
    size_t at; /* which byte of the hello is replaced */
    uint8_t value;
    enum gj_err server;
    enum gj_err client;
    enum gj_hello_status status;
};

static void a_hello_that_does_not_fit_is_answered_in_clear(void **state)
{
    (void)state;
    static const struct hello_case cases[] = {
        {5, 2, GJ_EVERSION, GJ_EVERSION, GJ_HELLO_VERSION},
        {4, 1, GJ_EVERSION, GJ_EVERSION, GJ_HELLO_VERSION},
        {6, 3, GJ_EVERSION, GJ_EVERSION, GJ_HELLO_PATTERN},
        {6, 0, GJ_EVERSION, GJ_EVERSION, GJ_HELLO_PATTERN},
        {8, 0, GJ_EDENIED, GJ_EDENIED, GJ_HELLO_CLUSTER},
        {23, 0, GJ_EDENIED, GJ_EDENIED, GJ_HELLO_CLUSTER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wire wire;
        struct gj_channel_event event;
        wire_init(&wire, GJ_NOISE_XK);
        wire_start(&wire);
        gj_buf_bytes(&wire.to_server)[cases[i].at] = cases[i].value;
        check_err(wire_server(&wire, &event), cases[i].server);
        assert_int_equal(wire.to_client.len, GJ_HELLO_ANSWER_SIZE);
        check_err(wire_client(&wire, &event), cases[i].client);
        assert_int_equal(event.hello.status, cases[i].status);
        assert_int_equal(event.hello.lowest, GJ_CHANNEL_VERSION);
        assert_int_equal(event.hello.highest, GJ_CHANNEL_VERSION);
        check_err(wire_client(&wire, &event), GJ_ECLOSED);
        wire_fini(&wire);
    }
}

static void a_changed_hello_or_answer_breaks_the_handshake(void **state)
{
    (void)state;
    struct wire wire;
    struct gj_channel_event event;
    wire_init(&wire, GJ_NOISE_XK);
    wire_start(&wire);
    gj_buf_bytes(&wire.to_server)[7] ^= 1; /* reserved byte: ignored, but part of the prologue */
    check_err(wire_server(&wire, &event), GJ_AGAIN);
    check_err(wire_client(&wire, &event), GJ_AGAIN);
    check_err(wire_server(&wire, &event), GJ_ECRYPTO);
    wire_fini(&wire);

    wire_init(&wire, GJ_NOISE_XK);
    wire_start(&wire);
    check_err(wire_server(&wire, &event), GJ_AGAIN);
    gj_buf_bytes(&wire.to_client)[11] ^= 1; /* highest version: a downgrade attempt */
    check_err(wire_client(&wire, &event), GJ_AGAIN);
    check_err(wire_server(&wire, &event), GJ_ECRYPTO);
    wire_fini(&wire);
}

static void strangers_are_gone_after_a_byte(void **state)
{
    (void)state;
    struct wire wire;
    struct gj_channel_event event;
    wire_init(&wire, GJ_NOISE_XK);
    check_ok(gj_channel_init_server(&wire.server, &wire.conf));
    check_ok(gj_buf_append(&wire.to_server, "GET / HTTP/1.1\r\n", 2));
    check_err(wire_server(&wire, &event), GJ_EINVAL);
    assert_int_equal(wire.to_client.len, 0);
    wire_fini(&wire);

    wire_init(&wire, GJ_NOISE_XK);
    wire_start(&wire);
    check_ok(gj_channel_put_busy(&wire.to_client));
    check_err(wire_client(&wire, &event), GJ_EBUSY);
    assert_int_equal(event.hello.status, GJ_HELLO_BUSY);
    wire_fini(&wire);
}

static void damaged_replayed_and_reordered_frames_are_fatal(void **state)
{
    (void)state;
    struct wire wire;
    struct gj_channel_event event;
    for (size_t at = 2; at < 2 + 64 + 16; at++) {
        wire_init(&wire, GJ_NOISE_XK);
        wire_open(&wire);
        check_ok(gj_channel_seal(&wire.client, "body", 4, &wire.to_server));
        gj_buf_bytes(&wire.to_server)[at] ^= 0x80;
        check_err(wire_server(&wire, &event), GJ_ECRYPTO);
        check_err(wire_server(&wire, &event), GJ_ECLOSED);
        check_err(gj_channel_seal(&wire.server, "x", 1, &wire.to_client), GJ_ECLOSED);
        wire_fini(&wire);
    }
    wire_init(&wire, GJ_NOISE_XK);
    wire_open(&wire);
    check_ok(gj_channel_seal(&wire.client, "body", 4, &wire.to_server));
    uint8_t copy[82];
    assert_int_equal(wire.to_server.len, sizeof copy);
    memcpy(copy, gj_buf_bytes(&wire.to_server), sizeof copy);
    check_ok(gj_buf_append(&wire.to_server, copy, sizeof copy));
    expect_body(&wire, "body", 4);
    check_err(wire_server(&wire, &event), GJ_ECRYPTO);
    wire_fini(&wire);

    wire_init(&wire, GJ_NOISE_XK);
    wire_open(&wire);
    check_ok(gj_channel_seal(&wire.client, "one", 3, &wire.to_server));
    check_ok(gj_channel_seal(&wire.client, "two", 3, &wire.to_server));
    gj_buf_drop(&wire.to_server, sizeof copy);
    check_err(wire_server(&wire, &event), GJ_ECRYPTO); /* the first was lost */
    wire_fini(&wire);
}

/* An authenticated peer may still send nonsense: plaintext is sealed by hand. */
static enum gj_err server_takes_plaintext(const uint8_t *plain, size_t len)
{
    struct wire wire;
    struct gj_channel_event event;
    uint8_t *frame = NULL;
    wire_init(&wire, GJ_NOISE_XK);
    wire_open(&wire);
    check_ok(gj_frame_reserve(&wire.to_server, len + GJ_NOISE_TAG_SIZE, &frame));
    check_ok(gj_noise_cipher_seal(&wire.client.send, NULL, 0, plain, len, frame));
    gj_frame_commit(&wire.to_server, len + GJ_NOISE_TAG_SIZE);
    enum gj_err err = wire_server(&wire, &event);
    wire_fini(&wire);
    return err;
}

static void malformed_plaintexts_are_refused(void **state)
{
    (void)state;
    uint8_t plain[256] = {0, 0, 0, 3, 0, 'a', 'b', 'c'};
    check_ok(server_takes_plaintext(plain, 64));
    check_err(server_takes_plaintext(plain, 63), GJ_EINVAL);
    check_err(server_takes_plaintext(plain, 128), GJ_EINVAL); /* not the bucket of this body */
    check_err(server_takes_plaintext(plain, 0), GJ_EINVAL);
    check_err(server_takes_plaintext(plain, 4), GJ_EINVAL);
    plain[63] = 1; /* padding is zeros */
    check_err(server_takes_plaintext(plain, 64), GJ_EINVAL);
    plain[63] = 0;
    plain[4] = 2; /* a kind nobody knows */
    check_err(server_takes_plaintext(plain, 64), GJ_EINVAL);
    plain[4] = 1; /* a close message is two bytes long */
    check_err(server_takes_plaintext(plain, 64), GJ_EINVAL);
    plain[4] = 0;
    plain[3] = 60; /* more than there is */
    check_err(server_takes_plaintext(plain, 64), GJ_EINVAL);
    memset(plain, 0xff, 4);
    check_err(server_takes_plaintext(plain, 64), GJ_EINVAL);
}

static void a_full_out_buffer_refuses_one_message_only(void **state)
{
    (void)state;
    struct wire wire;
    struct gj_buf small;
    wire_init(&wire, GJ_NOISE_XK);
    wire_open(&wire);
    gj_buf_init(&small, 100);
    check_ok(gj_channel_seal(&wire.client, "a", 1, &small));
    check_err(gj_channel_seal(&wire.client, "b", 1, &small), GJ_ETOOBIG);
    assert_int_equal(wire.client.send.nonce, 1);
    check_ok(gj_buf_append(&wire.to_server, gj_buf_bytes(&small), small.len));
    gj_buf_drop(&small, small.len);
    check_ok(gj_channel_seal(&wire.client, "c", 1, &small));
    check_ok(gj_buf_append(&wire.to_server, gj_buf_bytes(&small), small.len));
    expect_body(&wire, "a", 1);
    expect_body(&wire, "c", 1);
    uint8_t *body = NULL;
    check_ok(gj_channel_seal_begin(&wire.client, 10, &wire.to_server, &body));
    gj_channel_seal_abandon(&wire.client);
    assert_int_equal(wire.client.send.nonce, 2);
    gj_buf_fini(&small);
    wire_fini(&wire);
}

static void a_name_that_is_too_long_is_refused_before_dialling(void **state)
{
    (void)state;
    struct wire wire;
    char name[200];
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    wire_init(&wire, GJ_NOISE_XK);
    wire.dial.name = name;
    check_ok(gj_channel_init_server(&wire.server, &wire.conf));
    check_err(gj_channel_init_client(&wire.client, &wire.dial, &wire.to_server), GJ_EINVAL);
    assert_int_equal(wire.to_server.len, 0);
    wire_fini(&wire);
}

static void an_idle_channel_is_small_and_alone(void **state)
{
    (void)state;
    struct wire wire;
    wire_init(&wire, GJ_NOISE_XK);
    wire_open(&wire);
    assert_true(sizeof(struct gj_channel) < 400);
    assert_null(wire.client.handshake);
    assert_null(wire.server.handshake);
    gj_buf_release(&wire.to_server);
    gj_buf_release(&wire.to_client);
    assert_null(wire.to_server.data);
    assert_null(wire.to_client.data);
    wire_fini(&wire);
}

static void what_was_read_is_wiped(void **state)
{
    (void)state;
    struct wire wire;
    struct gj_channel_event event;
    wire_init(&wire, GJ_NOISE_XK);
    wire_open(&wire);
    check_ok(gj_channel_seal(&wire.client, "password", 8, &wire.to_server));
    check_ok(wire_server(&wire, &event));
    const uint8_t *body = event.bytes;
    assert_memory_equal(body, "password", 8);
    check_err(wire_server(&wire, &event), GJ_AGAIN);
    assert_memory_equal(body, "\0\0\0\0\0\0\0\0", 8); /* the buffer still owns this memory */
    wire_fini(&wire);
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
#ifdef GJ_FAULTS
    for (uint64_t nth = 1;; nth++) {
        struct wire wire;
        struct gj_channel_event event;
        wire_init(&wire, GJ_NOISE_XKPSK3);
        gj_fail_arm(NULL, nth, false);
        enum gj_err err = gj_channel_init_server(&wire.server, &wire.conf);
        if (err == GJ_OK) {
            err = gj_channel_init_client(&wire.client, &wire.dial, &wire.to_server);
        }
        for (unsigned turn = 0; turn < 4 && (err == GJ_OK || err == GJ_AGAIN); turn++) {
            err = wire_server(&wire, &event);
            if (err == GJ_OK && event.kind == GJ_CHANNEL_EVENT_NEED_PSK) {
                err = gj_channel_psk(&wire.server, wire.dial.psk, &wire.to_client);
            } else if (err == GJ_OK && event.kind == GJ_CHANNEL_EVENT_NEED_VERDICT) {
                err = gj_channel_accept(&wire.server);
            }
            if (err == GJ_OK || err == GJ_AGAIN) {
                err = wire_client(&wire, &event);
            }
        }
        bool fired = gj_fail_disarm();
        if (fired) {
            check_err(err, GJ_ENOMEM);
        } else {
            assert_true(gj_channel_is_open(&wire.client) && gj_channel_is_open(&wire.server));
        }
        wire_fini(&wire);
        if (!fired) {
            assert_true(nth > 3);
            break;
        }
    }
#else
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_patterns_open_and_carry_bodies_both_ways),
        cmocka_unit_test(the_owner_sees_token_and_name),
        cmocka_unit_test(bytes_may_come_one_by_one),
        cmocka_unit_test(lengths_are_padded_to_buckets),
        cmocka_unit_test(keys_change_after_65536_messages),
        cmocka_unit_test(a_close_is_told_from_a_cut),
        cmocka_unit_test(who_has_closed_hears_no_more_bodies),
        cmocka_unit_test(refusals_reach_the_client),
        cmocka_unit_test(a_wrong_invitation_secret_is_seen_at_message_3),
        cmocka_unit_test(either_of_two_server_keys_is_accepted),
        cmocka_unit_test(a_hello_that_does_not_fit_is_answered_in_clear),
        cmocka_unit_test(a_changed_hello_or_answer_breaks_the_handshake),
        cmocka_unit_test(strangers_are_gone_after_a_byte),
        cmocka_unit_test(damaged_replayed_and_reordered_frames_are_fatal),
        cmocka_unit_test(malformed_plaintexts_are_refused),
        cmocka_unit_test(a_full_out_buffer_refuses_one_message_only),
        cmocka_unit_test(a_name_that_is_too_long_is_refused_before_dialling),
        cmocka_unit_test(an_idle_channel_is_small_and_alone),
        cmocka_unit_test(what_was_read_is_wiped),
        cmocka_unit_test(every_allocation_fails_once),
    };
    check_ok(gj_noise_start());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
