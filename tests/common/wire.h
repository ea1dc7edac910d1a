#ifndef GJ_TESTS_COMMON_WIRE_H
#define GJ_TESTS_COMMON_WIRE_H

/* Two channels and the bytes between them, for every test that needs a conversation. */

#include "tests/common/check.h"

#include <string.h>

#include "common/channel.h"

struct wire {
    struct gj_keypair client_key;
    struct gj_keypair server_keys[2];
    struct gj_channel_server conf;
    struct gj_channel_client dial;
    struct gj_channel client;
    struct gj_channel server;
    struct gj_buf to_server;
    struct gj_buf to_client;
};

#define WIRE_CAP (8 * 1024 * 1024)

/* Ready to start; a test may change dial or conf before wire_start. */
static inline void wire_init(struct wire *wire, enum gj_noise_pattern pattern)
{
    memset(wire, 0, sizeof *wire);
    gj_noise_keypair_new(&wire->client_key);
    gj_noise_keypair_new(&wire->server_keys[0]);
    gj_noise_keypair_new(&wire->server_keys[1]);
    memset(wire->conf.cluster_id, 0xC1, sizeof wire->conf.cluster_id);
    wire->conf.keys = wire->server_keys;
    wire->conf.key_count = 1;
    wire->dial = (struct gj_channel_client){.pattern = pattern, .own = &wire->client_key, .name = "test 1.0"};
    memcpy(wire->dial.cluster_id, wire->conf.cluster_id, sizeof wire->dial.cluster_id);
    memcpy(wire->dial.server_key, wire->server_keys[0].public_key, sizeof wire->dial.server_key);
    memset(wire->dial.token_id, 0x70, sizeof wire->dial.token_id);
    memset(wire->dial.psk, 0x5E, sizeof wire->dial.psk);
    gj_buf_init(&wire->to_server, WIRE_CAP);
    gj_buf_init(&wire->to_client, WIRE_CAP);
}

static inline void wire_start(struct wire *wire)
{
    check_ok(gj_channel_init_server(&wire->server, &wire->conf));
    check_ok(gj_channel_init_client(&wire->client, &wire->dial, &wire->to_server));
}

static inline enum gj_err wire_server(struct wire *wire, struct gj_channel_event *event)
{
    return gj_channel_step(&wire->server, &wire->to_server, &wire->to_client, event);
}

static inline enum gj_err wire_client(struct wire *wire, struct gj_channel_event *event)
{
    return gj_channel_step(&wire->client, &wire->to_client, &wire->to_server, event);
}

/* The whole handshake, accepted. */
static inline void wire_open(struct wire *wire)
{
    struct gj_channel_event event;
    wire_start(wire);
    check_err(wire_server(wire, &event), GJ_AGAIN);
    check_err(wire_client(wire, &event), GJ_AGAIN);
    if (wire->dial.pattern == GJ_NOISE_XKPSK3) {
        check_ok(wire_server(wire, &event));
        assert_int_equal(event.kind, GJ_CHANNEL_EVENT_NEED_PSK);
        check_ok(gj_channel_psk(&wire->server, wire->dial.psk, &wire->to_client));
    }
    check_err(wire_server(wire, &event), GJ_AGAIN);
    check_ok(wire_client(wire, &event));
    assert_int_equal(event.kind, GJ_CHANNEL_EVENT_READY);
    check_ok(wire_server(wire, &event));
    assert_int_equal(event.kind, GJ_CHANNEL_EVENT_NEED_VERDICT);
    check_ok(gj_channel_accept(&wire->server));
    assert_true(gj_channel_is_open(&wire->client) && gj_channel_is_open(&wire->server));
}

static inline void wire_fini(struct wire *wire)
{
    gj_channel_fini(&wire->client);
    gj_channel_fini(&wire->server);
    gj_buf_fini(&wire->to_server);
    gj_buf_fini(&wire->to_client);
}

#endif
