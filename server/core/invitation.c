#include "core/invitation.h"

#include <sodium.h>

static const char label[] = "guanjia invitation 1";

void gj_invitation_key(const uint8_t master_key[32], uint8_t out[GJ_SECRET_KEY_SIZE])
{
    gj_secret_hkdf(NULL, 0, master_key, 32, label, sizeof label - 1, out, GJ_SECRET_KEY_SIZE);
}

void gj_invitation_seal(const uint8_t key[GJ_SECRET_KEY_SIZE], const uint8_t token[GJ_TOKEN_ID_SIZE],
    const uint8_t secret[GJ_NOISE_KEY_SIZE], uint8_t out[GJ_INVITATION_SEALED_SIZE])
{
    gj_secret_seal(key, token, GJ_TOKEN_ID_SIZE, secret, GJ_NOISE_KEY_SIZE, out);
}

enum gj_err gj_invitation_open(const uint8_t key[GJ_SECRET_KEY_SIZE], const uint8_t token[GJ_TOKEN_ID_SIZE],
    const void *sealed, size_t len, uint8_t secret[GJ_NOISE_KEY_SIZE])
{
    if (len != GJ_INVITATION_SEALED_SIZE) {
        return GJ_EINVAL;
    }
    return gj_secret_open(key, token, GJ_TOKEN_ID_SIZE, sealed, len, secret);
}
