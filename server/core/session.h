/* Channels and sessions as the core sees them. A channel (peer) belongs to a device; a session is a stored record that
 * binds a user to that device, opened by password, resumed by its token on the same device. */
#ifndef GJ_CORE_SESSION_H
#define GJ_CORE_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include "common/channel.h"
#include "core/call.h"
#include "core/rate.h"

struct gj_sessions;
struct gj_peer;
struct gj_subscription;

/* How long a session lasts after login, whatever happens: a working day with its handover. */
#define GJ_SESSION_MS (INT64_C(12) * 3600000)
/* Requests of one channel that may be open at once; the next is answered BUSY. */
#define GJ_PEER_REQUESTS_MAX 256

/* What the network offers: room in the channel's outgoing bytes for exactly len bytes of an envelope. */
struct gj_peer_ops {
    /* GJ_ETOOBIG: longer than a message may be, or the reader is too slow (it is then cut off). GJ_ECLOSED. */
    enum gj_err (*begin)(struct gj_peer *peer, size_t len, uint8_t **out);
    void (*end)(struct gj_peer *peer, size_t len);
    /* Bytes waiting to be read by the other side. */
    size_t (*queued)(const struct gj_peer *peer);
    /* Says goodbye and closes soon; the peer is removed by the network afterwards. */
    void (*close)(struct gj_peer *peer, enum gj_close_reason reason);
};

/* Embedded in the network's connection; about 150 bytes. */
struct gj_peer {
    const struct gj_peer_ops *ops;
    uint64_t number;  /* never used again while the daemon runs */
    uint64_t device;  /* 0 on an enrolment channel */
    uint64_t office;  /* of the device */
    uint64_t user;    /* 0 before login */
    uint64_t session; /* 0 before login */
    int64_t expires_at_ms;
    bool enrolling;
    bool must_set_password; /* nothing but the session's own calls until a password was chosen */
    bool closing;
    bool piped; /* the message taken now came together with one before it: nobody waited for an answer in between */
    uint16_t open_requests;
    struct gj_rate rate;
    uint32_t subscription_count;
    struct gj_subscription *subscriptions;
    uint8_t token[GJ_TOKEN_ID_SIZE];       /* enrolment: of the invitation */
    uint8_t public_key[GJ_NOISE_KEY_SIZE]; /* of the device */
    struct gj_peer *next, *prev;           /* of the registry's list */
    struct gj_peer *next_in_bucket;
};

enum gj_err gj_sessions_new(struct gj_core *core, struct gj_sessions **out);
void gj_sessions_free(struct gj_sessions *sessions);

/* ---- for the network ---- */

/* Handshake: the secret of an invitation that may still be used. GJ_ENOTFOUND: unknown, used by another device or
 * expired. */
enum gj_err gj_sessions_psk(
    struct gj_sessions *sessions, const uint8_t token[GJ_TOKEN_ID_SIZE], uint8_t psk[GJ_NOISE_KEY_SIZE]);
/* Handshake: fills device and office for an enrolled key. GJ_ENOTFOUND: not enrolled. GJ_EDENIED: revoked. */
enum gj_err gj_sessions_admit(struct gj_sessions *sessions, const uint8_t key[GJ_NOISE_KEY_SIZE], struct gj_peer *peer);

/* Registers an open channel (gives it its number), and forgets one with its subscriptions. */
void gj_sessions_add(struct gj_sessions *sessions, struct gj_peer *peer);
void gj_sessions_remove(struct gj_sessions *sessions, struct gj_peer *peer);

/* ---- for services ---- */

/* NULL: the channel has gone. */
struct gj_peer *gj_sessions_peer(struct gj_sessions *sessions, uint64_t number);
/* Binds a session to the channel; the one before is replaced and its subscriptions end. */
void gj_sessions_bind(
    struct gj_sessions *sessions, struct gj_peer *peer, uint64_t session, uint64_t user, int64_t expires_at_ms);
void gj_sessions_unbind(struct gj_sessions *sessions, struct gj_peer *peer);
/* From `after` hooks: ends the live channels of a revoked device; ends the sessions of a disabled user (the channel
 * stays, UNAUTHENTICATED from now on). */
void gj_sessions_close_device(struct gj_sessions *sessions, uint64_t device);
void gj_sessions_end_user(struct gj_sessions *sessions, uint64_t user);
/* The same for all but one channel: the user has set a new password there. */
void gj_sessions_end_user_but(struct gj_sessions *sessions, uint64_t user, const struct gj_peer *kept);
bool gj_sessions_device_online(const struct gj_sessions *sessions, uint64_t device);

struct gj_sessions_figures {
    uint64_t channels, sessions;
};
void gj_sessions_figures(const struct gj_sessions *sessions, struct gj_sessions_figures *out);

#endif
