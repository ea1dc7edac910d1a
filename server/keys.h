/* The daemon's two secrets: server.key, which clients pin, and master.key, which opens the vault. Files of mode 0600 in
 * the store's folder, or credentials of systemd with the same names. */
#ifndef GJ_SERVER_KEYS_H
#define GJ_SERVER_KEYS_H

#include <stdint.h>
#include "common/err.h"
#include "common/noise.h"

struct gj_keys {
    struct gj_keypair server;
    uint8_t master[32];
};

/* Makes both in dir; GJ_EEXIST when one is there. */
enum gj_err gj_keys_make(const char *dir, struct gj_keys *out, struct gj_fault *fault);
enum gj_err gj_keys_read(const char *dir, struct gj_keys *out, struct gj_fault *fault);
void gj_keys_wipe(struct gj_keys *keys);

#endif
