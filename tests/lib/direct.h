/* Calls without a network: a real store, vault and policy in a temporary folder, the real table of services, router and
 * commit thread; the envelope's bytes go in and come out where the network would have them. What is left out is the
 * channel, and the timers of core/due.h: clocks fire when a test says so with gj_direct_system.
 *
 * Everything here fails the running cmocka test when the machinery fails; a refusal is a result to look at. One thread.
 */
#ifndef GJ_TESTS_DIRECT_H
#define GJ_TESTS_DIRECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/call.h"
#include "core/core.h"
#include "proto/envelope.pb-c.h"

struct gj_direct;

/* Monday, 5 January 2026, 09:00 in +08:00: a working day. */
#define GJ_DIRECT_START_MS INT64_C(1767574800000)

/* A new store with the policy and calendar of deploy/, a clock that stands at GJ_DIRECT_START_MS, office key 0 and
 * nobody in it. */
struct gj_direct *gj_direct_open(void);
/* Ends it and removes the folder. */
void gj_direct_close(struct gj_direct *direct);
/* The same in a folder that is given and stays: a new store, one that is there (at a given time; it fails the test when
 * it does not open), and its end. Files and checkpoints of its journal follow each other quickly. */
struct gj_direct *gj_direct_make(const char *dir);
struct gj_direct *gj_direct_take(const char *dir, int64_t now_ms);
void gj_direct_leave(struct gj_direct *direct);
const uint8_t *gj_direct_master_key(void);
/* Closes the store and opens it again: what a restart keeps. */
void gj_direct_reopen(struct gj_direct *direct);

struct gj_core *gj_direct_core(struct gj_direct *direct);
int64_t gj_direct_now(const struct gj_direct *direct);
void gj_direct_advance(struct gj_direct *direct, int64_t ms);

/* Rows written straight into the store, with office key and indexes as the services write them; they append no audit
 * entry. */
uint64_t gj_direct_region(struct gj_direct *direct, const char *code);
uint64_t gj_direct_office(struct gj_direct *direct, uint64_t region, const char *code);
/* A user with one role in an office, in a region (office 0) or everywhere (both 0); role NULL: none. */
uint64_t gj_direct_user(
    struct gj_direct *direct, const char *login, const char *role, uint64_t office, uint64_t region);
void gj_direct_grant(struct gj_direct *direct, uint64_t user, const char *role, uint64_t office, uint64_t region);
uint64_t gj_direct_household(struct gj_direct *direct, uint64_t office, const char *room);
uint64_t gj_direct_device(struct gj_direct *direct, uint64_t office, const char *device_class);

/* Any row under a number; raises the rights version. */
void gj_direct_put(struct gj_direct *direct, enum gj_table table, uint64_t id, const void *message);

/* What a call answered. Valid until the next call on the same gj_direct. */
struct gj_result {
    Gj__V1__Status status;
    const char *code;  /* "" with OK */
    const char *field; /* "" for none */
    const char *params[GJ_ANSWER_PARAMS_MAX];
    unsigned n_params;
    Gj__V1__Written written;      /* of a write that was OK */
    const ProtobufCMessage *body; /* of a read, or the record of a CONFLICT; NULL for none */
    uint64_t entries;             /* audit entries the call appended */
};

/* Packs the request into an envelope and runs it for the user (0: nobody is logged in) on a desk of headquarters.
 * Writes get a request key made of the clock and a count. */
const struct gj_result *gj_direct_call(struct gj_direct *direct, uint64_t user, Gj__V1__Call call, const void *request);
/* The same from a given device. */
const struct gj_result *gj_direct_call_from(
    struct gj_direct *direct, uint64_t user, uint64_t device, Gj__V1__Call call, const void *request);
/* Whether the daemon has closed the device's channel. */
bool gj_direct_cut_off(struct gj_direct *direct, uint64_t device);
/* A command of the daemon itself. */
const struct gj_result *gj_direct_system(struct gj_direct *direct, Gj__V1__Call call, const void *body);
/* Request key of the next write instead of a counted one; used once. */
void gj_direct_request_key(struct gj_direct *direct, const uint8_t key[16]);
/* The key of the write before, for sending it again. */
void gj_direct_same_key(struct gj_direct *direct);
/* The next write fails in the machinery: result.status is INTERNAL or UNAVAILABLE and nothing may have changed. For
 * fail-every-step loops: nth counts the steps named prefix (common/fail.h); gj_direct_failed tells whether it fired
 * (never in a build without GJ_FAULTS). */
void gj_direct_fail(struct gj_direct *direct, const char *prefix, uint64_t nth);
bool gj_direct_failed(struct gj_direct *direct);
/* SHA-256 over every row of every table: equal when nothing changed. */
void gj_direct_digest(struct gj_direct *direct, uint8_t out[32]);

/* A snapshot for looking into the store; ends with the next call. */
struct gj_txn *gj_direct_look(struct gj_direct *direct);
struct gj_arena *gj_direct_arena(struct gj_direct *direct);

/* assert_* helpers that print code and field when they fail. field NULL: any. */
void gj_direct_ok(const struct gj_result *result, const char *file, int line);
void gj_direct_refused(const struct gj_result *result, Gj__V1__Status status, const char *code, const char *field,
    const char *file, int line);
#define assert_ok(result) gj_direct_ok((result), __FILE__, __LINE__)
#define assert_refused(result, status, code, field)                                                                    \
    gj_direct_refused((result), (status), (code), (field), __FILE__, __LINE__)

#endif
