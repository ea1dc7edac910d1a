/* How a service offers its calls: one table row each. A call is one of
 *
 *   read         read                       loop thread, from a snapshot
 *   write        prepare, apply             prepared on the loop thread, applied on the commit thread, answered with
 * Written logged read  prepare, apply, read       apply only records who reads what and why; after its commit the loop
 * reads and answers
 *
 * prepare and read see a read transaction, apply sees the batch's write transaction. */
#ifndef GJ_CORE_CALL_H
#define GJ_CORE_CALL_H

#include <stdbool.h>
#include <stdint.h>
#include "common/arena.h"
#include "core/actor.h"
#include "core/answer.h"
#include "core/command.h"
#include "store/entry.h"
#include "store/txn.h"

struct gj_core;     /* core/core.h */
struct gj_policy;   /* common/policy/policy.h */
struct gj_calendar; /* common/calendar.h */
struct gj_peer;     /* core/session.h */
struct gj_request;  /* core/request.h */
struct gj_apply;    /* core/apply.h */

/* Everything a handler may touch. Lives as long as one call on one thread. */
struct gj_ctx {
    struct gj_core *core;
    const struct gj_call *call;
    const struct gj_actor *actor; /* who acts, with the roles held at now_ms; system actor for timers */
    struct gj_arena *arena;       /* freed when the answer has been sent */
    struct gj_txn *txn;
    const struct gj_policy *policy;     /* current version; records name their own frozen one: core/policies.h */
    const struct gj_calendar *calendar; /* current version */
    int64_t now_ms;                     /* time of the command, or of the snapshot */
    const struct gj_command *command;   /* apply, after and read of a logged read; NULL otherwise */
    struct gj_answer answer;
    struct gj_apply *apply;     /* apply only: see core/apply.h */
    struct gj_request *pending; /* loop only: handle for gj_call_defer */
    struct gj_peer *peer;       /* loop only: the channel; NULL when the caller has gone or there is none */
    void *carry; /* loop only: what prepare keeps for resume, after and read of the same call, in the arena. Never in
                    the command: e.g. the session token that only its hash goes into the store of */
};

enum gj_call_flag {
    GJ_CALL_NO_SESSION = 1, /* allowed on an enrolled channel before login */
    GJ_CALL_ENROL = 2,      /* allowed on an XKpsk3 channel only */
    GJ_CALL_SYSTEM = 4,     /* never accepted from a channel */
    GJ_CALL_NO_KEY =
        8, /* a write without a request key is accepted: doing it twice does no harm. Logged reads never need one */
};

/* Reads and answers with gj_answer_ok or gj_refuse; or defers and answers in read_resume. */
typedef void gj_read_fn(struct gj_ctx *ctx, const ProtobufCMessage *request);
typedef void gj_read_resume_fn(struct gj_ctx *ctx, const ProtobufCMessage *request, void *result);

/* Checks what can be checked now, seals what is personal, and gives the command's body (in the arena), or refuses and
 * returns NULL. It may call gj_call_defer and return NULL: the call goes on in `resume` when the other thread has done
 * its work. */
typedef const ProtobufCMessage *gj_prepare_fn(struct gj_ctx *ctx, const ProtobufCMessage *request);
typedef const ProtobufCMessage *gj_resume_fn(struct gj_ctx *ctx, const ProtobufCMessage *request, void *result);

/* Decides first (gj_refuse), then writes; after its first write it cannot refuse. Deterministic: no clock, no
 * randomness but command->random, no I/O but the transaction. Machinery errors stick in the transaction. Fills
 * ctx->apply->written. */
typedef void gj_apply_fn(struct gj_ctx *ctx, const ProtobufCMessage *body);

/* On the loop after the commit of a success: effects outside the store, e.g. closing the channels of a revoked device.
 */
typedef void gj_after_fn(struct gj_ctx *ctx, const ProtobufCMessage *body);

struct gj_call {
    uint16_t number; /* Gj__V1__Call */
    unsigned flags;  /* enum gj_call_flag */
    const char *name;
    const ProtobufCMessageDescriptor *request; /* from the wire; NULL for system calls */
    const ProtobufCMessageDescriptor *body;    /* of the command; NULL = same as request */
    gj_read_fn *read;
    gj_prepare_fn *prepare; /* NULL with apply: the request is the body */
    gj_resume_fn *resume;   /* only where prepare defers */
    gj_apply_fn *apply;
    gj_after_fn *after;   /* optional */
    gj_read_fn *conflict; /* optional: on the loop after a CONFLICT: sets ctx->answer.body to the current record as the
                             actor may see it */
    gj_read_resume_fn *read_resume; /* only where read defers */
};

struct gj_service {
    uint8_t number; /* call >> 8 */
    const char *name;
    const struct gj_call *calls;
    size_t n_calls;
};

/* Keeps the call alive while another thread works for it. Loop thread, from prepare, resume or read. */
struct gj_request *gj_call_defer(struct gj_ctx *ctx);
/* Loop thread: goes on with call->resume (or read_resume) on a fresh snapshot. A caller who has gone meanwhile is not
 * an error. Other threads come to the loop with gj_call_resume_later. */
void gj_call_resume(struct gj_request *pending, void *result);
/* Any thread: the same, run on the loop soon. */
void gj_call_resume_later(struct gj_request *pending, void *result);

#endif
