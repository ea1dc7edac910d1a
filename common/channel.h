#ifndef GJ_COMMON_CHANNEL_H
#define GJ_COMMON_CHANNEL_H

#include "common/buf.h"
#include "common/err.h"
#include "common/limits.h"
#include "common/noise.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The encrypted channel of PROTOCOL.md, both sides, without sockets or clocks:
 * bytes from the peer come in a gj_buf, bytes for the peer are appended to
 * another, and what happened is told as events.
 *
 *   client                                         server
 *   HELLO  -- hello (24 bytes, clear) ----------->  HELLO
 *          <- answer (12 bytes, clear) -----------
 *   MSG2   -- frame: message 1 (token id) ------->  MSG1 -> NEED_PSK? (XKpsk3)
 *          <- frame: message 2 (refusal or empty) -
 *   OPEN   -- frame: message 3 (client name) ---->  MSG3 -> NEED_VERDICT
 *          <===== frames: padded messages ======>   OPEN
 *
 * The caller's loop: append what the socket gave to `in`, then call
 * gj_channel_step until it returns GJ_AGAIN, handling each event. After any other error
 * the channel is dead: close the socket. A half-open channel's age and number are the
 * caller's to limit. */

#define GJ_CHANNEL_VERSION 1
#define GJ_CLUSTER_ID_SIZE 16
#define GJ_TOKEN_ID_SIZE 16
#define GJ_HELLO_SIZE 24
#define GJ_HELLO_ANSWER_SIZE 12

/* The server's clear answer to a hello. Stable numbers. */
enum gj_hello_status {
    GJ_HELLO_OK = 0,
    GJ_HELLO_VERSION = 1, /* see lowest and highest */
    GJ_HELLO_PATTERN = 2, /* a pattern this server does not speak */
    GJ_HELLO_CLUSTER = 3, /* another company's server */
    GJ_HELLO_BUSY = 4     /* too many half-open connections: come back */
};

/* Why a channel was closed, in the close message and in message 2's refusal.
 * Stable numbers; an unknown one is shown by number. */
#define GJ_CLOSE_TABLE(X)                                                                                              \
    X(GJ_CLOSE_DONE, 0, "done")                                                                                        \
    X(GJ_CLOSE_SHUTDOWN, 1, "shutdown")                                                                                \
    X(GJ_CLOSE_NOT_ENROLLED, 2, "not-enrolled")                                                                        \
    X(GJ_CLOSE_INVITATION, 3, "invitation") /* unknown, used or expired */                                             \
    X(GJ_CLOSE_REVOKED, 4, "revoked")                                                                                  \
    X(GJ_CLOSE_IDLE, 5, "idle")                                                                                        \
    X(GJ_CLOSE_SLOW, 6, "slow-reader")                                                                                 \
    X(GJ_CLOSE_PROTOCOL, 7, "protocol-error")                                                                          \
    X(GJ_CLOSE_TOO_MANY, 8, "too-many-connections")                                                                    \
    X(GJ_CLOSE_AGE, 9, "new-handshake-due")                                                                            \
    X(GJ_CLOSE_INTERNAL, 10, "internal-error")

enum gj_close_reason {
#define GJ_CLOSE_ENUM(name, value, text) name = (value),
    GJ_CLOSE_TABLE(GJ_CLOSE_ENUM)
#undef GJ_CLOSE_ENUM
};

/* "not-enrolled"; "unknown" for a number outside the table. */
const char *gj_channel_close_name(uint16_t reason);

/* One per daemon, borrowed by all its channels. During a change of the server's
 * key both pairs are listed and message 1 is tried with each. */
struct gj_channel_server {
    uint8_t cluster_id[GJ_CLUSTER_ID_SIZE];
    const struct gj_keypair *keys; /* borrowed; the current one first */
    size_t key_count;              /* 1 or 2 */
};

/* What a client knows before it dials; copied as far as it is needed. */
struct gj_channel_client {
    enum gj_noise_pattern pattern;
    uint8_t cluster_id[GJ_CLUSTER_ID_SIZE];
    uint8_t server_key[GJ_NOISE_KEY_SIZE]; /* pinned */
    const struct gj_keypair *own;
    uint8_t token_id[GJ_TOKEN_ID_SIZE]; /* XKpsk3 only */
    uint8_t psk[GJ_NOISE_KEY_SIZE];     /* XKpsk3 only */
    const char *name;                   /* program and version, at most 128 bytes of ASCII */
};

enum gj_channel_state {
    GJ_CHANNEL_HELLO = 1, /* waiting for the peer's clear hello or answer */
    GJ_CHANNEL_MSG1,
    GJ_CHANNEL_WAIT_PSK, /* paused: the server's owner looks up the invitation */
    GJ_CHANNEL_MSG2,
    GJ_CHANNEL_MSG3,
    GJ_CHANNEL_WAIT_VERDICT, /* paused: the server's owner looks up the device */
    GJ_CHANNEL_OPEN,
    GJ_CHANNEL_CLOSING, /* we sent a close message; bodies that still arrive are dropped */
    GJ_CHANNEL_CLOSED,  /* the peer sent a close message, or we refused it */
    GJ_CHANNEL_DEAD     /* an error; nothing more may be sent or read */
};

/* Under 400 bytes; the handshake's own state is on the heap until it is over. */
struct gj_channel_handshake;
struct gj_channel {
    uint8_t state; /* enum gj_channel_state */
    uint8_t pattern;
    bool initiator;
    bool sealing;                           /* between gj_channel_seal_begin and _end */
    uint32_t drop;                          /* bytes at the front of `in` that the last event borrowed */
    const struct gj_channel_server *server; /* NULL on a client */
    struct gj_channel_handshake *handshake;
    struct gj_noise_cipher send;
    struct gj_noise_cipher receive;
    uint8_t peer_key[GJ_NOISE_KEY_SIZE];
    uint8_t hash[GJ_NOISE_HASH_SIZE]; /* handshake hash: channel binding */
};

enum gj_channel_event_kind {
    GJ_CHANNEL_EVENT_NEED_PSK = 1, /* server: answer with gj_channel_psk or _refuse */
    GJ_CHANNEL_EVENT_NEED_VERDICT, /* server: answer with gj_channel_accept or _refuse */
    GJ_CHANNEL_EVENT_READY,        /* open: on a client after message 3 was written */
    GJ_CHANNEL_EVENT_BODY,         /* one message body */
    GJ_CHANNEL_EVENT_CLOSED        /* the peer closed: reason */
};

struct gj_channel_event {
    enum gj_channel_event_kind kind;
    /* BODY: the body. NEED_PSK: the token id (16 bytes). NEED_VERDICT: the client's
     * name (untrusted bytes); its key is channel.peer_key. Borrowed until the next call on the channel
     * or change of `in`. */
    const uint8_t *bytes;
    size_t len;
    uint16_t reason; /* CLOSED */
    /* GJ_EVERSION, GJ_EDENIED, GJ_EBUSY and GJ_EINVAL of a client in HELLO: what the server answered. */
    struct {
        enum gj_hello_status status;
        uint16_t lowest;
        uint16_t highest;
    } hello;
};

/* server is borrowed until fini. */
enum gj_err gj_channel_init_server(struct gj_channel *ch, const struct gj_channel_server *server);

/* Appends the hello to out. GJ_EINVAL for a name that is too long. */
enum gj_err gj_channel_init_client(struct gj_channel *ch, const struct gj_channel_client *client, struct gj_buf *out);

/* Wipes keys, frees the handshake; twice is harmless. */
void gj_channel_fini(struct gj_channel *ch);

/* Takes the next step with the bytes in `in`, appending answers to `out`.
 *   GJ_OK       *event says what happened; call again
 *   GJ_AGAIN    more bytes are needed, or the channel is paused for its owner
 *   GJ_EINVAL   malformed; GJ_ECRYPTO not authentic; GJ_ETOOBIG; GJ_ENOMEM
 *   GJ_EVERSION, GJ_EDENIED (another cluster), GJ_EBUSY: client, refused in clear;
 *               server: the answer saying so has been appended to out, send it and close
 *   GJ_ECLOSED  the channel was dead, or closed by the peer, before this call
 * Every result but the first two is final. */
GJ_CHECKED enum gj_err gj_channel_step(
    struct gj_channel *ch, struct gj_buf *in, struct gj_buf *out, struct gj_channel_event *event);

/* After NEED_PSK: the invitation's secret. Appends message 2 to out. */
GJ_CHECKED enum gj_err gj_channel_psk(struct gj_channel *ch, const uint8_t psk[GJ_NOISE_KEY_SIZE], struct gj_buf *out);

/* After NEED_VERDICT: the client's key is known and may speak. A READY event is
 * not sent for it. */
GJ_CHECKED enum gj_err gj_channel_accept(struct gj_channel *ch);

/* After NEED_PSK or NEED_VERDICT: tells the client why, encrypted; the channel is closed. */
GJ_CHECKED enum gj_err gj_channel_refuse(struct gj_channel *ch, enum gj_close_reason reason, struct gj_buf *out);

/* Appends one frame holding the body, padded. GJ_ETOOBIG beyond GJ_BODY_MAX or
 * out's cap and GJ_ENOMEM leave channel and buffer as they were: the message was not
 * sent and the channel lives. GJ_ECLOSED unless open. */
GJ_CHECKED enum gj_err gj_channel_seal(struct gj_channel *ch, const void *body, size_t len, struct gj_buf *out);

/* The same without a copy: reserves the frame and gives the place for exactly
 * len bytes of body; _end encrypts it in place. Nothing else may use out or the channel
 * between the two; abandoning after _begin means not calling _end but _abandon. */
GJ_CHECKED enum gj_err gj_channel_seal_begin(struct gj_channel *ch, size_t len, struct gj_buf *out, uint8_t **body);
GJ_CHECKED enum gj_err gj_channel_seal_end(struct gj_channel *ch, size_t len, struct gj_buf *out);
void gj_channel_seal_abandon(struct gj_channel *ch);

/* Appends the close message; nothing may be sealed afterwards, and bodies that still
 * arrive are decrypted and dropped: a revoked device is not heard any more. */
GJ_CHECKED enum gj_err gj_channel_close(struct gj_channel *ch, enum gj_close_reason reason, struct gj_buf *out);

/* What the end of the byte stream means now: GJ_EOF after a close message of
 * either side, GJ_ECLOSED for a cut. The channel is dead afterwards unless it was closed. */
enum gj_err gj_channel_eof(struct gj_channel *ch);

/* Whether handshake and verdict are over and bodies may be sent. */
bool gj_channel_is_open(const struct gj_channel *ch);

/* Appends the clear answer BUSY: for a server that takes no more half-open
 * connections and has not read anything. */
enum gj_err gj_channel_put_busy(struct gj_buf *out);

/* The padded plaintext length for a body of len bytes, header included. */
size_t gj_channel_padded(size_t len);

#endif
