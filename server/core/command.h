/* A command: the only way to change anything. Made on the loop thread, applied on the commit thread, the same bytes
 * give the same result in every replica: whatever apply needs from outside (time, random bytes, sealed fields) is
 * inside. */
#ifndef GJ_CORE_COMMAND_H
#define GJ_CORE_COMMAND_H

#include <stddef.h>
#include <stdint.h>
#include "common/buf.h"
#include "common/err.h"

#define GJ_REQUEST_KEY_BYTES 16
#define GJ_COMMAND_RANDOM_BYTES 32

struct gj_command {
    uint16_t call;                             /* Gj__V1__Call */
    uint64_t user;                             /* 0 = the system */
    uint64_t device;                           /* 0 = the daemon itself */
    uint64_t session;                          /* 0 for system commands and enrolment */
    int64_t at_ms;                             /* server time, UTC; never earlier than the command before */
    uint8_t request_key[GJ_REQUEST_KEY_BYTES]; /* all zero: none (system commands) */
    uint8_t random[GJ_COMMAND_RANDOM_BYTES];   /* the only randomness apply may use */
    const uint8_t *body;                       /* packed body message of the call, borrowed */
    size_t body_len;
};

/* Canonical bytes of a command: what a log stores and a replica replays. */
enum gj_err gj_command_encode(const struct gj_command *cmd, struct gj_buf *out);
/* *out borrows from bytes. GJ_EINVAL if they are not exactly one command. */
enum gj_err gj_command_decode(const uint8_t *bytes, size_t len, struct gj_command *out);

#endif
