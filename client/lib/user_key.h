#ifndef GJ_CLIENT_USER_KEY_H
#define GJ_CLIENT_USER_KEY_H

#include "client/include/guanjia.h"
#include "common/err.h"

/* The key under which a user's own things lie on a device. Derived from the device's secret, the device's and the
 * user's id and a purpose, so that a file copied to another device or renamed to another user does not open. */
#define USER_KEY_SIZE 32

/* dir: the profile's folder. Errors of reading profile and key file; the caller wipes key. device may be NULL. */
enum guanjia_err user_key_derive(const char *dir, uint64_t user, const char *purpose, uint8_t key[USER_KEY_SIZE],
    uint64_t *device, struct guanjia_fault *fault);

#endif
