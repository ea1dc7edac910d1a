#ifndef GJ_TEST_FAKE_SERVER_H
#define GJ_TEST_FAKE_SERVER_H

#include "client/include/guanjia.h"
#include "common/channel.h"
#include "proto/envelope.pb-c.h"

#include <uv.h>

/* A server in the same process and loop as the client under test: the real channel, and answers as a script says.
 * It keeps what a real one keeps about a write: the same request key gets the same answer. */

struct fake_server;
struct fake_peer; /* one connection */

/* What to do with a request; returns without answering to stay silent. */
typedef void fake_request_fn(void *arg, struct fake_peer *peer, const Gj__V1__Request *request);

struct fake_server {
    uv_loop_t *loop;
    uv_tcp_t listener;
    struct gj_keypair key;
    struct gj_channel_server side;
    int port;
    struct fake_peer *peers;
    fake_request_fn *on_request;
    void (*on_push_wanted)(void *arg, struct fake_peer *peer, uint64_t subscription);
    void *arg;

    /* What happened, for assertions. */
    unsigned accepted; /* TCP connections */
    unsigned opened;   /* finished handshakes */
    unsigned requests;
    unsigned closes; /* explicit close messages received */
    unsigned heartbeats;
    uint16_t refuse; /* not 0: refuse every device with this reason (enum gj_close_reason) */
    uint8_t psk[32]; /* for enrolment */
    uint8_t enrolled_key[32];
};

void fake_server_start(struct fake_server *server, uv_loop_t *loop);
/* Accepts again on the same port after fake_server_stop_listening. */
void fake_server_listen(struct fake_server *server);
void fake_server_stop_listening(struct fake_server *server);
/* Cuts every connection without a word. */
void fake_server_cut(struct fake_server *server);
/* Ends every connection with a close message. */
void fake_server_close(struct fake_server *server, enum gj_close_reason reason);
/* Cuts, stops listening and runs the loop until everything is closed. */
void fake_server_end(struct fake_server *server);

void fake_reply(struct fake_peer *peer, uint64_t id, int status, const void *body, size_t len);
void fake_refuse(
    struct fake_peer *peer, uint64_t id, int status, const char *code, const char *field, uint32_t retry_ms);
void fake_written(struct fake_peer *peer, uint64_t id, uint64_t event);
void fake_push(struct fake_server *server, uint64_t subscription, uint64_t from, uint64_t to, uint32_t epoch,
    const uint64_t *events, size_t count, const char *ended);
void fake_heartbeat(struct fake_server *server, uint64_t event);

/* A profile for this server in a new folder below /tmp; dir has at least 64 bytes. */
void fake_profile(const struct fake_server *server, char *dir, struct guanjia_profile *profile);
void fake_remove(const char *dir);

#endif
