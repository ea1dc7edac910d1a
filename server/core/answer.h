/* What a call says to its caller. Machinery failures never come here: they are gj_err and end as INTERNAL or UNAVAILABLE. */
#ifndef GJ_CORE_ANSWER_H
#define GJ_CORE_ANSWER_H

#include <stdint.h>
#include <protobuf-c/protobuf-c.h>
#include "proto/envelope.pb-c.h"

#define GJ_REFUSAL_PARAMS_MAX 6

/* Strings borrow from static text or the call's arena. */
struct gj_answer {
    Gj__V1__Status status;
    const char *code;  /* stable refusal code, NULL with OK */
    const char *field; /* field concerned or NULL */
    const char *params[GJ_REFUSAL_PARAMS_MAX];
    unsigned n_params;
    uint32_t retry_after_ms;
    const ProtobufCMessage *body; /* reply message, borrowed from the arena; NULL = none */
    bool decided;                 /* an answer was given; set by the functions below */
};

struct gj_ctx;

/* The read succeeded; body is the call's reply message, in the ctx's arena. */
void gj_answer_ok(struct gj_ctx *ctx, const ProtobufCMessage *body);

/* The rules say no. In apply this must come before the first write (asserted). params end with NULL. Always returns false, so that a
 * check can be written `return gj_refuse(ctx, …)`. */
bool gj_refuse(struct gj_ctx *ctx, Gj__V1__Status status, const char *code, const char *field, ...)
    __attribute__((sentinel));

#endif
