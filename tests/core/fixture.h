/* The pipeline without a network: a real store in a temporary folder, the real router, commit thread, pushes and due
 * times on a loop of its own, a few calls made for tests, and channels whose envelopes end in a buffer. */
#ifndef GJ_TESTS_CORE_FIXTURE_H
#define GJ_TESTS_CORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/buf.h"
#include "core/core.h"
#include "core/log.h"
#include "core/session.h"
#include "proto/envelope.pb-c.h"

/* Calls of the fixture's own service, number 0x20. Their request and body is gj.v1.Page: cursor is a name, limit a
 * number. */
enum {
    CALL_PUT =
        0x2001, /* writes limit under the name; one entry about record limit in office 7 (or none when limit is 0) */
    CALL_REFUSE = 0x2002,   /* refuses REFUSED "test.no" with the name as its parameter */
    CALL_BREAK = 0x2003,    /* writes, then fails the transaction as a damaged row would */
    CALL_FOLLOW = 0x2004,   /* emits limit follow-ons of CALL_PUT under name.0, name.1 … */
    CALL_DEEP = 0x2005,     /* emits itself for ever */
    CALL_CONFLICT = 0x2006, /* answers CONFLICT; the conflict reader gives the name back */
    CALL_READ = 0x2007,     /* reads the number under the name */
    CALL_LATER = 0x2008,    /* a write whose prepare defers to the password threads */
    CALL_LOGGED = 0x2009,   /* a logged read: counts under the name, then reads */
    CALL_OPEN = 0x200A,     /* a read before login */
    CALL_SYSTEM = 0x200B,   /* never from a channel */
    CALL_TICK = 0x200C,     /* fired by the table TIMER: counts under "tick", removes its row */
};

struct fake_peer {
    struct gj_peer peer; /* first */
    struct gj_buf out;   /* u32 length, envelope, … */
    size_t queued;       /* what the channel says is unread */
    uint8_t *room;
    enum gj_close_reason closed_with;
};

struct fixture {
    char dir[64];
    uv_loop_t loop;
    struct gj_clock clock;
    struct gj_core core;
    bool fatal;
    struct gj_log_replayed replayed; /* at the last start */
};

/* A new store with the product's policy, nobody in it, at 2026-01-05 09:00 in +08:00 on a manual clock. */
void fixture_open(struct fixture *fixture);
void fixture_close(struct fixture *fixture);
/* As fixture_open and fixture_close, for cmocka. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Takes everything down and opens the same store again: what a restart keeps. */
/* How its store is opened. */
struct gj_store_options fixture_options(const struct fixture *fixture, bool create);
/* Stops and starts on the same store; restart does both. */
void fixture_stop(struct fixture *fixture);
void fixture_start(struct fixture *fixture);
void fixture_restart(struct fixture *fixture);

/* Rows written straight into the store. role NULL: none; office 0: everywhere. */
uint64_t fixture_user(struct fixture *fixture, const char *login, const char *role, uint64_t office);
uint64_t fixture_device(struct fixture *fixture, uint64_t office);
uint64_t fixture_office(struct fixture *fixture, uint64_t region);
/* Writes inside one transaction. */
void fixture_write(struct fixture *fixture, void (*fn)(struct gj_txn *txn, void *owner), void *owner);
uint64_t fixture_number(struct fixture *fixture, const char *name);
uint64_t fixture_events(struct fixture *fixture);

/* An open channel of a device; user 0: nobody is logged in. */
struct fake_peer *fixture_peer(struct fixture *fixture, uint64_t user, uint64_t device);
void fixture_peer_gone(struct fixture *fixture, struct fake_peer *peer);

/* Sends a request. key NULL: none. */
void fixture_send(struct fixture *fixture, struct fake_peer *peer, uint64_t id, uint32_t call, const uint8_t *key,
    const char *name, uint32_t number);
void fixture_send_message(struct fixture *fixture, struct fake_peer *peer, uint64_t id, uint32_t call,
    const uint8_t *key, const ProtobufCMessage *message);
/* As fixture_send; tells what the router said: GJ_ENOMEM when there was no room for the envelope itself (the network
 * then says goodbye). */
enum gj_err fixture_try(struct fixture *fixture, struct fake_peer *peer, uint64_t id, uint32_t call, const uint8_t *key,
    const char *name, uint32_t number);
/* A request key of the fixture's time; n makes it another. */
void fixture_key(const struct fixture *fixture, uint32_t n, uint8_t out[16]);
/* Runs the loop until the channel has an envelope (2 s at most) and gives it; NULL: none came. Freed by the caller with
 * gj__v1__envelope__free_unpacked. */
Gj__V1__Envelope *fixture_receive(struct fixture *fixture, struct fake_peer *peer);
/* The same, and it must be the reply to id. */
Gj__V1__Reply *fixture_reply(struct fixture *fixture, struct fake_peer *peer, uint64_t id);
void fixture_free_reply(Gj__V1__Reply *reply);
/* Runs the loop for some real milliseconds. */
void fixture_run(struct fixture *fixture, int64_t ms);

#endif
