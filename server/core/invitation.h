/* Invitations as stored: table INVITATION, key the 16-byte token, value stored.Invitation. The secret is sealed with a
 * key that follows from the daemon's master key, so neither the store nor a backup of it opens a door. */
#ifndef GJ_CORE_INVITATION_H
#define GJ_CORE_INVITATION_H

#include <stdint.h>
#include "common/channel.h"
#include "common/secret.h"

#define GJ_INVITATION_LIFE_MS INT64_C(86400000)
#define GJ_INVITATION_SEALED_SIZE (GJ_NOISE_KEY_SIZE + GJ_SECRET_OVERHEAD)

/* The key for struct gj_core.invitation_key. */
void gj_invitation_key(const uint8_t master_key[32], uint8_t out[GJ_SECRET_KEY_SIZE]);

/* Loop thread (a random nonce is drawn): in prepare. */
void gj_invitation_seal(const uint8_t key[GJ_SECRET_KEY_SIZE], const uint8_t token[GJ_TOKEN_ID_SIZE],
    const uint8_t secret[GJ_NOISE_KEY_SIZE], uint8_t out[GJ_INVITATION_SEALED_SIZE]);
/* GJ_ECRYPTO: another key, another token or damaged. */
GJ_CHECKED enum gj_err gj_invitation_open(const uint8_t key[GJ_SECRET_KEY_SIZE], const uint8_t token[GJ_TOKEN_ID_SIZE],
    const void *sealed, size_t len, uint8_t secret[GJ_NOISE_KEY_SIZE]);

#endif
