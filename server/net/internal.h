/* Shared by the files of this folder. */
#ifndef GJ_NET_INTERNAL_H
#define GJ_NET_INTERNAL_H

#include <stdbool.h>
#include <sys/socket.h>
#include <uv.h>

#include "common/buf.h"
#include "core/session.h"
#include "net/net.h"

/* ---- admission.c: connections of addresses whose handshakes failed too often are not taken ---- */

/* Failed handshakes an address may have at once, and how fast they are forgiven. Successes cost nothing: an office is
 * one address. */
#define GJ_ADMISSION_BURST 20
#define GJ_ADMISSION_REFILL_MS 3000
#define GJ_ADMISSION_SLOTS 4096

struct gj_address {
    uint8_t bytes[16]; /* IPv6, or IPv4 mapped into it */
};

struct gj_admission_slot {
    struct gj_address address;
    uint32_t failures;
    uint64_t at_ms; /* of the last change; 0: free */
};

struct gj_admission {
    struct gj_admission_slot slots[GJ_ADMISSION_SLOTS];
};

struct gj_address gj_address_of(const struct sockaddr *addr);
bool gj_address_equal(const struct gj_address *a, const struct gj_address *b);
bool gj_admission_allows(struct gj_admission *admission, const struct gj_address *address, uint64_t now_ms);
void gj_admission_failed(struct gj_admission *admission, const struct gj_address *address, uint64_t now_ms);

/* ---- proxy.c ---- */

#define GJ_PROXY_HEADER_MAX 536
/* A PROXY v2 header at the front of in: GJ_OK and *size bytes to drop, *address set when it names one; GJ_AGAIN: wait;
 * GJ_EINVAL: no such header. */
enum gj_err gj_proxy_parse(const uint8_t *bytes, size_t len, size_t *size, struct gj_address *address);

/* ---- the connection ---- */

struct gj_conn {
    struct gj_peer peer; /* first: ops get the peer and cast back */
    struct gj_net *net;
    struct gj_channel channel;
    struct gj_buf in;
    struct gj_buf out;
    size_t writing;    /* bytes handed to libuv and not yet taken by the system */
    uint64_t begun_at; /* uv_now */
    uint64_t heard_at;
    uint64_t goodbye_at; /* 0: not yet */
    struct gj_address address;
    uint8_t silences;
    bool proxied; /* a PROXY header is still to come */
    bool open;    /* handshake and verdict are over: registered as a peer */
    bool paused;  /* not reading until the client reads */
    bool dirty;   /* in the list of those with something to write */
    bool shut;    /* our side of the stream has ended */
    struct gj_conn *next, **link;
    struct gj_conn *next_dirty;
    uv_tcp_t tcp;
};

struct gj_net {
    struct gj_core *core;
    struct gj_net_options options;
    uv_tcp_t listen;
    uv_timer_t tick;
    uv_prepare_t prepare;
    uv_check_t check;
    unsigned handles; /* of the four above, not yet closed */
    bool stopping;
    bool closing;
    uint16_t port;
    unsigned count;
    unsigned half_open;
    struct gj_conn *conns;
    struct gj_conn *dirty;
    struct gj_address proxies[8];
    unsigned proxy_count;
    struct gj_admission admission;
    char read_buffer[65536]; /* of whoever is being read: an idle channel holds none */
};

/* listener.c: frees net when its last handle and connection are closed. */
void gj_net_release(struct gj_net *net);

/* conn.c */
void gj_conn_accept(struct gj_net *net);
/* Says goodbye (when the channel is open) and closes when it has been written. */
void gj_conn_close(struct gj_conn *conn, enum gj_close_reason reason);
/* Closes at once. */
void gj_conn_abort(struct gj_conn *conn);
/* One look at a connection's clocks. */
void gj_conn_tick(struct gj_conn *conn, uint64_t now_ms);
void gj_conn_read(struct gj_conn *conn);
extern const struct gj_peer_ops gj_conn_ops;

/* conn_channel.c: takes what is in conn->in. */
void gj_conn_step(struct gj_conn *conn);

/* outbox.c */
enum gj_err gj_outbox_begin(struct gj_peer *peer, size_t len, uint8_t **out);
void gj_outbox_end(struct gj_peer *peer, size_t len);
size_t gj_outbox_queued(const struct gj_peer *peer);
/* Marks a connection that has bytes to write; they are written when the loop has done its turn. */
void gj_outbox_mark(struct gj_conn *conn);
void gj_outbox_unmark(struct gj_conn *conn);
void gj_outbox_flush(struct gj_conn *conn);
void gj_outbox_flush_all(struct gj_net *net);

#endif
