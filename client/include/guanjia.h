/* libguanjia: a program's way to a guanjiad.
 *
 * Two ways of use. A program with an event loop opens a client on its own libuv loop and gets callbacks; a script-like
 * program lets the library run a loop of its own inside guanjia_call_wait. Either way the library connects, keeps the
 * session, reconnects with growing pauses, renews the channel within 28 hours, repeats unanswered calls (writes with
 * the same request key, so that nothing happens twice) and watches that no event is missed.
 *
 * Bodies are the protobuf messages of proto/ in encoded form; the library does not look into them, except into those of
 * the session calls, whose outcome it keeps in the profile.
 *
 * A client and everything belonging to it is used from one thread. Pointers given to callbacks are borrowed for
 * the callback. Times are ms UTC, durations ms. Nothing here prints or exits. */
#ifndef GUANJIA_H
#define GUANJIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct uv_loop_s;

/* ---- results --------------------------------------------------------------------------------------------------- */

/* What kept a call from being answered, or a local operation from being done. The numbers are stable. */
enum guanjia_err {
    GUANJIA_OK = 0,
    GUANJIA_ENOMEM = 3,
    GUANJIA_EINVAL = 4,    /* a malformed argument, file or message */
    GUANJIA_ETOOBIG = 5,   /* longer than a message may be */
    GUANJIA_ENOTFOUND = 6, /* no such profile, draft or item */
    GUANJIA_EEXIST = 7,    /* the profile is enrolled already */
    GUANJIA_EIO = 8,       /* the network or the disk failed; of a call: it was never sent */
    GUANJIA_ENOSPC = 9,
    GUANJIA_ECORRUPT = 11,  /* a local file is damaged */
    GUANJIA_ECRYPTO = 12,   /* the other end does not have the pinned key, or bytes were changed on the way */
    GUANJIA_ECLOSED = 13,   /* the client was closed before the answer came */
    GUANJIA_ETIMEDOUT = 14, /* no answer in time; a write may have happened: repeat it with the same request key */
    GUANJIA_EVERSION = 15,  /* no version in common */
    GUANJIA_EBUSY = 16,     /* the profile's outbox is in use by another process */
    GUANJIA_EDENIED = 17,   /* file rights, or a private file that others could read */
    GUANJIA_ESYS = 18,
    GUANJIA_ENOTENROLLED = 100, /* the server does not know this device's key */
    GUANJIA_EREVOKED = 101,     /* the device was revoked */
    GUANJIA_EINVITATION = 102,  /* the invitation is unknown, used or expired */
    GUANJIA_ECLUSTER = 103      /* the address belongs to another company's server */
};

const char *guanjia_err_name(enum guanjia_err err); /* "ETIMEDOUT" */

/* The server's answer, as numbered on the wire. Anything but OK comes with a refusal code where there is one. */
enum guanjia_status {
    GUANJIA_S_OK = 0,
    GUANJIA_S_INVALID = 1,
    GUANJIA_S_UNAUTHENTICATED = 2,
    GUANJIA_S_DENIED = 3,
    GUANJIA_S_NOT_FOUND = 4,
    GUANJIA_S_CONFLICT = 5,
    GUANJIA_S_REFUSED = 6,
    GUANJIA_S_BUSY = 7,
    GUANJIA_S_TOO_LARGE = 8,
    GUANJIA_S_UNAVAILABLE = 9,
    GUANJIA_S_UNIMPLEMENTED = 10,
    GUANJIA_S_EXPIRED = 11,
    GUANJIA_S_INTERNAL = 12
};
#define GUANJIA_STATUS_COUNT 13

const char *guanjia_status_name(int status); /* "CONFLICT"; "UNKNOWN" for a number of a newer server */

#define GUANJIA_KEY_SIZE 16 /* a request key */

/* How a call ended. err first: only with GUANJIA_OK did an answer come, and the rest has a meaning. */
struct guanjia_answer {
    enum guanjia_err err;
    int status;          /* enum guanjia_status, or a number of a newer server */
    const uint8_t *body; /* encoded reply message; with CONFLICT the current Record */
    size_t body_len;
    const char *code;  /* refusal code, "" if none */
    const char *field; /* "" if none */
    const char *const *params;
    size_t param_count;
    uint32_t retry_after_ms;
    uint8_t request_key[GUANJIA_KEY_SIZE]; /* of a write; zeros of a read */
    unsigned attempts;                     /* how often it was sent */
};

/* A failure in words for a person, English; never personal data. */
struct guanjia_fault {
    enum guanjia_err err;
    char text[256];
};

/* ---- profiles -------------------------------------------------------------------------------------------------- */

/* A profile is a folder (0700) that makes this device: profile.conf (address, pinned server key and its successor,
 * cluster, device and office), device.key, session, outboxes and drafts per user. */
struct guanjia_profile {
    char dir[512];
    char address[300]; /* host:port, [v6]:port */
    uint8_t cluster_id[16];
    uint8_t server_key[32];
    uint8_t successor_key[32]; /* zeros if none was announced */
    uint64_t device;
    uint64_t office;
    char device_class[32];
    char device_name[65];
};

/* $GUANJIA_HOME/NAME, else $XDG_CONFIG_HOME/guanjia/NAME, else ~/.config/guanjia/NAME. ENOTFOUND without any of them,
 * EINVAL for a name that is not 1 to 64 of letters, digits, '-', '_', '.'. */
enum guanjia_err guanjia_profile_dir(const char *name, char *out, size_t cap);

/* Reads profile.conf. ENOTFOUND: not enrolled yet. */
enum guanjia_err guanjia_profile_load(const char *dir, struct guanjia_profile *out, struct guanjia_fault *fault);
/* Writes it whole or not at all: to change the address, or to pin an announced successor key. */
enum guanjia_err guanjia_profile_save(const struct guanjia_profile *profile, struct guanjia_fault *fault);

/* The user whose session the profile keeps; 0 when nobody is logged in. name may be NULL. */
uint64_t guanjia_profile_user(const char *dir, char *name, size_t cap);

/* Enrols this device once with an invitation, blocking. The device key is on disk before the first byte is sent, so a
 * lost reply is repaired by calling again with the same invitation. user_name and password are given by the first
 * administrator only, else NULL. EEXIST when the profile is enrolled. */
struct guanjia_enrolment {
    const char *invitation;
    const char *address;
    const char *device_name;
    const char *user_name;
    const char *password;
    uint32_t timeout_ms; /* 0 = 30 s */
};
enum guanjia_err guanjia_enrol(const char *dir, const struct guanjia_enrolment *enrolment, struct guanjia_profile *out,
    struct guanjia_answer *answer, struct guanjia_fault *fault);

/* ---- the client ------------------------------------------------------------------------------------------------ */

typedef struct guanjia_client guanjia_client;

enum guanjia_state {
    GUANJIA_IDLE,       /* not started */
    GUANJIA_CONNECTING, /* dialling, shaking hands, resuming the session */
    GUANJIA_ONLINE,     /* the channel is open, nobody is logged in */
    GUANJIA_READY,      /* the channel is open and the session lives */
    GUANJIA_WAITING,    /* cut; another attempt follows by itself */
    GUANJIA_STOPPED,    /* no attempt will follow: why is given; guanjia_client_start tries again */
    GUANJIA_CLOSING
};
const char *guanjia_state_name(enum guanjia_state state);

typedef void guanjia_state_fn(void *arg, enum guanjia_state state, enum guanjia_err why, uint32_t wait_ms);

/* Zeros are the defaults. */
struct guanjia_options {
    struct uv_loop_s *loop;     /* NULL: a loop of its own, run by the blocking calls */
    guanjia_state_fn *on_state; /* may be NULL */
    void *arg;
    const char *program;     /* name and version told to the server; at most 128 bytes of ASCII */
    uint32_t connect_ms;     /* how long one attempt may take: 10 s */
    uint32_t heartbeat_ms;   /* silence before a heartbeat: 30 s; two unanswered end the channel */
    uint32_t backoff_min_ms; /* first pause: 500 ms, doubled with jitter up to … */
    uint32_t backoff_max_ms; /* … 60 s */
    uint32_t renew_min_ms;   /* a new handshake after this …: 20 h */
    uint32_t renew_max_ms;   /* … and before this: 28 h */
    bool no_session;         /* leave the profile's session alone: a login lives as long as the client */
    bool once;               /* the first cut is final (STOPPED): for tests of servers */
};

/* Reads the profile and the device key; nothing is dialled yet. */
enum guanjia_err guanjia_client_open(
    const char *dir, const struct guanjia_options *options, guanjia_client **out, struct guanjia_fault *fault);

/* The same from memory, without a folder: key is the device's 32 byte secret. No session is kept. */
enum guanjia_err guanjia_client_open_with(const struct guanjia_profile *profile, const uint8_t key[32],
    const struct guanjia_options *options, guanjia_client **out, struct guanjia_fault *fault);

/* Begins to connect; a no-op when it has begun. Calls may be made before and wait for the channel. */
enum guanjia_err guanjia_client_start(guanjia_client *client);

/* Ends everything: open calls end with ECLOSED, the server is told, then on_closed (may be NULL) and the client is
 * gone. With a loop of its own it blocks until then. Allowed inside every callback on a caller's loop. */
void guanjia_client_close(guanjia_client *client, void (*on_closed)(void *arg), void *arg);

enum guanjia_state guanjia_client_state(const guanjia_client *client);
const struct guanjia_profile *guanjia_client_profile(const guanjia_client *client);
uint64_t guanjia_client_user(const guanjia_client *client); /* 0 = nobody is logged in */

/* ---- calls ----------------------------------------------------------------------------------------------------- */

typedef void guanjia_answer_fn(void *arg, const struct guanjia_answer *answer);

struct guanjia_call {
    uint32_t number;  /* enum Call of envelope.proto */
    const void *body; /* copied */
    size_t body_len;
    const uint8_t *request_key; /* 16 bytes, to repeat an earlier write; NULL: a write gets a new one */
    uint32_t timeout_ms;        /* for all attempts together; 0 = 30 s */
    guanjia_answer_fn *on_answer;
    void *arg;
};

/* Whether a call of this number carries a request key. */
bool guanjia_call_is_write(uint32_t number);

/* Makes a new request key, for a write that is noted down before it is sent. */
void guanjia_key_make(uint8_t out[GUANJIA_KEY_SIZE]);

/* Sends a call, or holds it until the channel is open. It is repeated after a cut and, when the server says BUSY or
 * UNAVAILABLE, after the pause that it asked for, until timeout_ms is over; a write always with the same request key.
 * on_answer comes exactly once, never before this returns. *id (may be NULL) can be cancelled.
 * Session calls: the answers of SESSION_LOGIN and SESSION_LOGOUT change the profile's session. */
enum guanjia_err guanjia_call_start(guanjia_client *client, const struct guanjia_call *call, uint64_t *id);

/* The answer will not come any more; a write that was sent may still happen. */
void guanjia_call_cancel(guanjia_client *client, uint64_t id);

/* Blocking, only with a loop of the client's own: starts the client when needed and runs until the answer. *answer
 * lives until the next guanjia_call_wait or guanjia_client_close. Returns answer->err. */
enum guanjia_err guanjia_call_wait(
    guanjia_client *client, const struct guanjia_call *call, const struct guanjia_answer **answer);

/* Blocking: runs the own loop until guanjia_client_break or, if not 0, for at most run_ms. */
void guanjia_client_run(guanjia_client *client, uint32_t run_ms);
void guanjia_client_break(guanjia_client *client);

/* ---- events ---------------------------------------------------------------------------------------------------- */

struct guanjia_event {
    uint64_t event; /* number; comparable within one epoch */
    int64_t at;
    uint32_t type;
    uint64_t office;
    uint32_t kind;
    uint64_t id;
    uint32_t revision;
    const char *act;
    const char *from_state;
    const char *to_state;
    uint64_t actor;
    uint64_t assignee;
    const char *number;
    uint32_t priority;
    int64_t due_at;
};

enum guanjia_resync {
    GUANJIA_RESYNC_GAP,  /* ranges did not join: what lies between is unknown */
    GUANJIA_RESYNC_EPOCH /* the server's history was restored from a backup: numbers start anew */
};

/* All filters that are set must match. After a cut the subscription is renewed after the last number seen: every event
 * comes once, in order. on_resync says that something cannot be known from events: read the lists again. */
struct guanjia_subscribe {
    const uint64_t *offices;
    size_t office_count;
    const uint32_t *kinds;
    size_t kind_count;
    uint64_t assignee;
    const char *role;
    uint64_t after; /* with from_now false: everything after this number of `epoch` */
    uint32_t epoch;
    bool from_now;
    void (*on_event)(void *arg, const struct guanjia_event *event);
    /* Everything up to `event` has been given: what to store for the next start. May be NULL. */
    void (*on_reached)(void *arg, uint64_t event, uint32_t epoch);
    void (*on_resync)(void *arg, enum guanjia_resync why, uint64_t event, uint32_t epoch); /* may be NULL */
    /* The server ended it for good ("revoked", "denied") or refused it; no callback follows. */
    void (*on_ended)(void *arg, const char *code);
    void *arg;
};

typedef struct guanjia_subscription guanjia_subscription;

enum guanjia_err guanjia_subscribe(
    guanjia_client *client, const struct guanjia_subscribe *subscribe, guanjia_subscription **out);
/* Ends and frees it; also required after on_ended. Allowed inside its callbacks. */
void guanjia_unsubscribe(guanjia_subscription *subscription);

/* ---- outbox and drafts ----------------------------------------------------------------------------------------- */

/* Writes made without a connection (待发箱). One append-only encrypted file per user and device; an item is on disk
 * before guanjia_outbox_add returns. Items go out in order; one that follows another (`after`) waits for it and falls
 * with it. What the server rejects stays until a person has seen it. */
typedef struct guanjia_outbox guanjia_outbox;

enum guanjia_item_state {
    GUANJIA_ITEM_WAITING,
    GUANJIA_ITEM_REJECTED /* an answer that repeating will not change: status, code, field */
};

struct guanjia_item {
    uint8_t key[GUANJIA_KEY_SIZE];
    uint8_t after[GUANJIA_KEY_SIZE]; /* zeros if it follows no other */
    uint32_t call;
    int64_t made_at;
    enum guanjia_item_state state;
    bool shown;
    int status;
    const char *code; /* "outbox.predecessor" when the item it follows was rejected */
    const char *field;
    const char *title; /* as given; for the list of the person who wrote it */
    const uint8_t *body;
    size_t body_len;
};

/* Opens or creates the user's outbox of this profile and locks it: EBUSY when another process has it. A torn end, left
 * by a crash, is cut off; damage before the end is ECORRUPT, and the file is left as it is. */
enum guanjia_err guanjia_outbox_open(const char *dir, uint64_t user, guanjia_outbox **out, struct guanjia_fault *fault);
void guanjia_outbox_close(guanjia_outbox *box);

enum guanjia_err guanjia_outbox_add(guanjia_outbox *box, uint32_t call, const void *body, size_t body_len,
    const uint8_t *after, const char *title, uint8_t key[GUANJIA_KEY_SIZE]);

size_t guanjia_outbox_count(const guanjia_outbox *box);
/* In the order made; borrowed until the next change of the box. */
const struct guanjia_item *guanjia_outbox_at(const guanjia_outbox *box, size_t index);
const struct guanjia_item *guanjia_outbox_find(const guanjia_outbox *box, const uint8_t key[GUANJIA_KEY_SIZE]);

/* Notes that a person has seen a rejected item; only then may it be dropped (EINVAL otherwise). */
enum guanjia_err guanjia_outbox_shown(guanjia_outbox *box, const uint8_t key[GUANJIA_KEY_SIZE]);
enum guanjia_err guanjia_outbox_drop(guanjia_outbox *box, const uint8_t key[GUANJIA_KEY_SIZE]);
/* Sends a rejected item again, with the same key. */
enum guanjia_err guanjia_outbox_retry(guanjia_outbox *box, const uint8_t key[GUANJIA_KEY_SIZE]);

/* Sends what waits, one after the other, until the box is empty, a call ends without an answer, or the client's user is
 * not the box's. on_item (may be NULL) after each answer; on_done once. One run at a time (EBUSY). */
struct guanjia_outbox_run {
    void (*on_item)(void *arg, const struct guanjia_item *item, const struct guanjia_answer *answer);
    void (*on_done)(void *arg, enum guanjia_err err, size_t sent, size_t rejected);
    void *arg;
    uint32_t timeout_ms; /* of one item; 0 = 30 s */
};
enum guanjia_err guanjia_outbox_send(guanjia_outbox *box, guanjia_client *client, const struct guanjia_outbox_run *run);

/* Unfinished texts of a user at this device, encrypted like the outbox: a colleague who logs in at the same PC neither
 * sees nor overwrites them. name: as for profiles. Reading gives a copy to be freed with guanjia_free. */
enum guanjia_err guanjia_draft_put(
    const char *dir, uint64_t user, const char *name, const void *bytes, size_t len, struct guanjia_fault *fault);
enum guanjia_err guanjia_draft_get(
    const char *dir, uint64_t user, const char *name, uint8_t **bytes, size_t *len, struct guanjia_fault *fault);
enum guanjia_err guanjia_draft_drop(const char *dir, uint64_t user, const char *name);
void guanjia_free(void *bytes);

#ifdef __cplusplus
}
#endif
#endif
