/* The daemon's secrets: server.key, which clients pin, and master.key, which opens the vault. Files of mode 0600 in the
 * store's folder, or credentials of systemd with the same names.
 *
 * A server key's life: while server.next.key is there, the daemon accepts both and tells every client of the successor;
 * promoted, it becomes server.key, and the one before stays as server.old.key, accepted for those who have not been
 * online meanwhile; retired, that one is gone.
 *
 *     ALONE --successor--> ANNOUNCED --promote--> GRACE --retire--> ALONE
 *       ^------withdraw--------'                                             */
#ifndef GJ_SERVER_KEYS_H
#define GJ_SERVER_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/err.h"
#include "common/noise.h"

enum gj_keys_stage {
    GJ_KEYS_ALONE = 1,
    GJ_KEYS_ANNOUNCED, /* server[1] is the successor */
    GJ_KEYS_GRACE      /* server[1] is the predecessor */
};

struct gj_keys {
    struct gj_keypair server[2]; /* the current one first */
    size_t server_count;         /* 1 or 2 */
    enum gj_keys_stage stage;
    uint8_t master[32];
};

/* How long a promoted key's predecessor is accepted at least: who is away for longer needs a new invitation. */
#define GJ_KEYS_GRACE_S (INT64_C(30) * 86400)

/* Makes both in dir; GJ_EEXIST when one is there. */
enum gj_err gj_keys_make(const char *dir, struct gj_keys *out, struct gj_fault *fault);
enum gj_err gj_keys_read(const char *dir, struct gj_keys *out, struct gj_fault *fault);
/* Writes all of them into another folder; GJ_EEXIST when one is there. */
enum gj_err gj_keys_copy(const struct gj_keys *keys, const char *dir, struct gj_fault *fault);
void gj_keys_wipe(struct gj_keys *keys);

/* The steps of the diagram, each durable when it returns GJ_OK and repeatable when it was cut off. GJ_EBUSY: not in
 * this stage, and *fault says what comes first. A running daemon learns of it by SIGHUP. */
enum gj_err gj_keys_successor(const char *dir, struct gj_fault *fault);
enum gj_err gj_keys_promote(const char *dir, struct gj_fault *fault);
/* GJ_EBUSY also while the grace period lasts at now_s (seconds since 1970), unless `now` says not to wait. */
enum gj_err gj_keys_retire(const char *dir, int64_t now_s, bool now, struct gj_fault *fault);
enum gj_err gj_keys_withdraw(const char *dir, struct gj_fault *fault);

#endif
