/* What a call says to its caller. Machinery failures never come here: they are gj_err and end as INTERNAL or
 * UNAVAILABLE. */
#ifndef GJ_CORE_ANSWER_H
#define GJ_CORE_ANSWER_H

#include <stdbool.h>
#include <stdint.h>
#include <protobuf-c/protobuf-c.h>
#include "proto/envelope.pb-c.h"

#define GJ_ANSWER_PARAMS_MAX 6

/* Strings borrow from static text or the call's arena. */
struct gj_answer {
    Gj__V1__Status status;
    const char *code;  /* stable refusal code, NULL with OK */
    const char *field; /* field concerned or NULL */
    const char *params[GJ_ANSWER_PARAMS_MAX];
    unsigned n_params;
    uint32_t retry_after_ms;
    const ProtobufCMessage *body; /* reply message, borrowed from the arena; NULL = none */
    bool decided;                 /* an answer was given; set by the functions below */
};

struct gj_ctx;
struct gj_refusal; /* common/policy/refusal.h */

/* The read succeeded; body is the call's reply message, in the ctx's arena. */
void gj_answer_ok(struct gj_ctx *ctx, const ProtobufCMessage *body);

/* The rules say no. In apply this must come before the first write (asserted). code and field are static text or in the
 * arena; params are copied and end with NULL. The first refusal of a call stays. Always returns false, so that a check
 * can be written `return gj_refuse(ctx, …)`. */
bool gj_refuse(struct gj_ctx *ctx, Gj__V1__Status status, const char *code, const char *field, ...)
    __attribute__((sentinel));

/* The same for a refusal that a pure rule of common/policy gave: form codes become INVALID, access NO_RIGHT etc.
 * DENIED, an unknown reference NOT_FOUND, everything else REFUSED. The wire code is gj_refusal_name(); the parameters
 * are the values. */
bool gj_answer_refusal(struct gj_ctx *ctx, const struct gj_refusal *refusal);

/* BUSY with a time to wait. */
bool gj_answer_busy(struct gj_ctx *ctx, const char *code, uint32_t retry_after_ms);

#endif
