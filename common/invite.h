#ifndef GJ_COMMON_INVITE_H
#define GJ_COMMON_INVITE_H

#include "common/channel.h"
#include "common/err.h"

/* An invitation (邀请码): all that a new device needs to enrol once, as one line
 * of text for a QR code or a command line:
 *
 *     GJ1-<base64url without padding of: cluster id 16, server key 32, token id 16,
 *          secret 32, SHA-256 of these 96 bytes cut to 4>
 *
 * Whoever holds it may enrol, so it is shown once and never logged. */
struct gj_invite {
    uint8_t cluster_id[GJ_CLUSTER_ID_SIZE];
    uint8_t server_key[GJ_NOISE_KEY_SIZE];
    uint8_t token_id[GJ_TOKEN_ID_SIZE];
    uint8_t secret[GJ_NOISE_KEY_SIZE];
};

/* "GJ1-" and 134 characters, and the terminator. */
#define GJ_INVITE_TEXT_SIZE 139

void gj_invite_format(const struct gj_invite *invite, char out[GJ_INVITE_TEXT_SIZE]);

/* Ignores white space around and inside (a line broken by a mail program).
 * GJ_EVERSION for another prefix, GJ_EINVAL when damaged or incomplete. */
GJ_CHECKED enum gj_err gj_invite_parse(const char *text, struct gj_invite *out);

#endif
