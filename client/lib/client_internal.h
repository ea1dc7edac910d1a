#ifndef GJ_CLIENT_INTERNAL_H
#define GJ_CLIENT_INTERNAL_H

#include "client/include/guanjia.h"
#include "client/lib/link.h"
#include "client/lib/range.h"
#include "client/lib/session_file.h"
#include "common/arena.h"
#include "common/id.h"
#include "common/noise.h"
#include "proto/envelope.pb-c.h"

#include <uv.h>

/* The inside of a client, shared by the files of this folder.
 *
 *   IDLE --start--> CONNECTING --channel open--> ONLINE --resumed or logged in--> READY
 *                    ^   |                          \__________________________/
 *                    |   | cut                              | cut
 *                    |   v                                  v
 *                    +- WAITING <---------------------------+
 *        any of them: --hopeless--> STOPPED --start--> CONNECTING;  any --close--> CLOSING
 */

/* How far a request has come. */
enum request_state {
    REQUEST_HELD,  /* waits for the channel or the session */
    REQUEST_SENT,  /* waits for its reply on this channel */
    REQUEST_PAUSED /* the server asked to come back at retry_at */
};

struct request {
    struct request *next;
    uint64_t id; /* also the id on the wire: never used twice by one client */
    enum request_state state;
    uint32_t call;
    bool write;
    bool before_session; /* goes out as soon as the channel is open */
    unsigned attempts;
    struct gj_request_key key;
    uint64_t deadline_at; /* uv_now milliseconds */
    uint64_t retry_at;
    guanjia_answer_fn *on_answer;
    void *arg;
    size_t body_len;
    uint8_t body[];
};

struct guanjia_client {
    struct guanjia_profile profile;
    struct guanjia_options opt; /* with the defaults filled in */
    char program[129];
    struct gj_keypair key;

    uv_loop_t *loop;
    uv_loop_t own_loop;
    bool owns_loop;
    bool broken; /* guanjia_client_break was called */
    uv_timer_t timer;

    enum guanjia_state state;
    enum guanjia_err why;
    struct link *link;   /* NULL between attempts */
    bool open;           /* the channel takes requests */
    bool resuming;       /* SESSION_RESUME is on its way: other requests wait */
    bool successor;      /* dial with the successor key */
    bool renewing;       /* a new handshake is due as soon as nothing is on its way */
    uint32_t failures;   /* attempts in a row */
    uint64_t dial_at;    /* WAITING */
    uint64_t give_up_at; /* CONNECTING: end of the attempt */
    uint64_t renew_at;
    uint64_t heard_at; /* last byte of the server */
    uint64_t beat_at;
    unsigned beats_unanswered;
    uint64_t beat_nonce;

    bool keeps_session;
    struct session_file session;

    struct request *first;
    struct request **last;
    uint64_t next_id;
    struct guanjia_subscription *subs;
    struct gj_arena arena; /* of the message in hand */

    void (*on_closed)(void *arg);
    void *on_closed_arg;
    unsigned closing; /* handles that still have to close */

    struct guanjia_answer *waited; /* guanjia_call_wait: the kept answer and what it owns */
};

struct guanjia_subscription {
    struct guanjia_subscription *next;
    guanjia_client *client;        /* NULL after the client has gone */
    struct guanjia_subscribe what; /* filters point into memory of our own */
    uint64_t *offices;
    uint32_t *kinds;
    char *role;
    uint64_t request; /* SESSION_SUBSCRIBE on its way, 0 if none */
    uint64_t server_id;
    struct range range;
    bool known; /* range holds the number reached */
    bool ended;
};

/* client.c */
void client_set_state(guanjia_client *client, enum guanjia_state state, enum guanjia_err why, uint32_t wait_ms);
void client_wake(guanjia_client *client);          /* sets the timer to the next thing to do */
void client_session_known(guanjia_client *client); /* resume is over, either way: held requests go out */
void client_hang_up(guanjia_client *client, enum guanjia_err why, bool at_once);

/* request.c */
enum guanjia_err request_add(guanjia_client *client, const struct guanjia_call *call, uint64_t *id);
void request_send_held(guanjia_client *client);
void request_on_cut(guanjia_client *client);
void request_on_reply(guanjia_client *client, const Gj__V1__Reply *reply);
void request_expire(guanjia_client *client, uint64_t now);
void request_end_all(guanjia_client *client, enum guanjia_err err);
bool request_any_sent(const guanjia_client *client);
uint64_t request_next_at(const guanjia_client *client);

/* session.c */
void session_begin(guanjia_client *client);
void session_on_answer(guanjia_client *client, uint32_t call, const struct guanjia_answer *answer);

/* subscription.c */
void subscription_all(guanjia_client *client); /* asks for each that has no place on this channel */
void subscription_on_cut(guanjia_client *client);
void subscription_on_push(guanjia_client *client, const Gj__V1__Push *push);
void subscription_on_reached(guanjia_client *client, uint64_t event);
void subscription_orphan(guanjia_client *client);

/* heartbeat.c */
void heartbeat_start(guanjia_client *client);
bool heartbeat_tick(guanjia_client *client, uint64_t now); /* false: the other end is gone */
void heartbeat_on(guanjia_client *client, const Gj__V1__Heartbeat *beat);

/* Packs and sends one envelope; a failure hangs up later through the link's end. */
bool client_send(guanjia_client *client, const Gj__V1__Envelope *envelope);

#endif
