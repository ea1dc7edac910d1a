#ifndef GJ_COMMON_CHANNEL_IMPL_H
#define GJ_COMMON_CHANNEL_IMPL_H

#include "common/channel.h"

/* Shared by channel.c (life, transport) and channel_handshake.c; nobody else includes this. */

#define GJ_CHANNEL_NAME_MAX 128

/* What only the handshake needs; freed when the channel opens or dies. */
struct gj_channel_handshake {
    struct gj_noise noise;
    struct gj_channel_client client; /* name points at the copy below */
    struct gj_keypair own;
    char name[GJ_CHANNEL_NAME_MAX + 1];
    uint8_t prologue[GJ_HELLO_SIZE + GJ_HELLO_ANSWER_SIZE];
    uint8_t payload[GJ_HANDSHAKE_PAYLOAD_MAX]; /* of the message just read */
};

/* The one place where the state changes; asserts that the move is legal. */
void gj_channel_move(struct gj_channel *ch, enum gj_channel_state next);

/* One step of a channel that is not open yet; errors are made final by the caller. */
enum gj_err gj_channel_handshake_step(
    struct gj_channel *ch, struct gj_buf *in, struct gj_buf *out, struct gj_channel_event *event);

/* Wipes and frees the handshake's state. */
void gj_channel_handshake_free(struct gj_channel *ch);

/* Makes the channel dead, keys wiped; returns err. */
enum gj_err gj_channel_die(struct gj_channel *ch, enum gj_err err);

#endif
