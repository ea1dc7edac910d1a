/* Shared by direct.c (calls), direct_rows.c (rows written straight into the store) and direct_replies.c. */
#ifndef GJ_TESTS_DIRECT_IMPL_H
#define GJ_TESTS_DIRECT_IMPL_H

#include <uv.h>

#include "common/limits.h"
#include "core/log.h"
#include "core/session.h"
#include "lib/direct.h"

#define GJ_DIRECT_PEERS_MAX 64

struct gj_direct_peer {
    struct gj_peer peer; /* first: the ops get this address */
    struct gj_direct *direct;
};

struct gj_direct {
    char dir[512];
    uv_loop_t loop;
    struct gj_core core;
    struct gj_clock clock;
    struct gj_arena arena, result_arena;
    struct gj_txn *look;
    struct gj_direct_peer *peers[GJ_DIRECT_PEERS_MAX];
    unsigned n_peers;
    uint64_t device; /* of gj_direct_call */
    uint64_t waiting_for;
    Gj__V1__Envelope *reply;
    struct gj_result result;
    bool system_done;
    enum gj_err fatal;
    bool small_journal;              /* segments and checkpoints follow each other quickly */
    struct gj_log_replayed replayed; /* at the last start */
    uint64_t key_count;
    uint8_t next_key[16], last_key[16];
    bool has_next_key;
    const char *fail_prefix;
    uint64_t fail_nth;
    bool failed;
    /* For loads: takes every reply instead of the call that waits. */
    void (*on_reply)(struct gj_direct *direct, const Gj__V1__Reply *reply);
    void *owner;
    uint8_t room[GJ_BODY_MAX];
};

/* Sends a request without waiting for its reply; gives its id. */
uint64_t gj_direct_send(
    struct gj_direct *direct, uint64_t user, uint64_t device, Gj__V1__Call call, const void *request);

/* The same for a request that is packed already. */
uint64_t gj_direct_send_packed(
    struct gj_direct *direct, uint64_t user, uint64_t device, Gj__V1__Call call, ProtobufCBinaryData request);

/* The genesis, as `guanjiad init` makes it, from deploy/policy and deploy/calendars. */
void gj_direct_genesis(struct gj_direct *direct);
/* What a call answers with that status; NULL: nothing. */
const ProtobufCMessageDescriptor *gj_direct_reply_type(uint16_t call, Gj__V1__Status status);
/* Removes a folder with everything in it. */
void gj_direct_remove(const char *dir);

#endif
