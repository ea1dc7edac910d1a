/* The daemon's parts, made once by main and handed to every handler. No globals: tests build as many as they like. */
#ifndef GJ_CORE_CORE_H
#define GJ_CORE_CORE_H

#include <stdatomic.h>
#include <uv.h>
#include "common/clock.h"
#include "common/secret.h"
#include "core/call.h"

struct gj_store;
struct gj_vault;
struct gj_blob;
struct gj_commit;
struct gj_push;
struct gj_router;
struct gj_policies;  /* every activated policy and calendar, for ever in memory: core/policies.h */
struct gj_sessions;  /* core/session.h */
struct gj_passwords; /* the Argon2id queue: core/password.h */
struct gj_due;
struct gj_health;
struct gj_backups;
struct gj_recall;

struct gj_core {
    uv_loop_t *loop; /* NULL where calls are driven directly (tests, loaders) */
    struct gj_store *store;
    struct gj_vault *vault;
    struct gj_blob *blob;
    struct gj_clock *clock;
    struct gj_watch watch;     /* loop thread: whether the clock can be believed */
    uint64_t journal_replayed; /* groups that this start applied again */
    int64_t last_stamp_ms;     /* loop thread: no stamp is earlier */
    struct gj_policies *policies;
    struct gj_commit *commit;
    struct gj_push *push;
    struct gj_router *router;
    struct gj_sessions *sessions;
    struct gj_passwords *passwords;
    struct gj_due *due;
    struct gj_health *health;
    struct gj_backups *backups;               /* core/backups.h */
    struct gj_recall *recall;                 /* loop thread, made and freed with the router: core/recall.h */
    struct gj_people_cache *people;           /* commit thread: who holds which role, core/notify_people.h */
    struct gj_people_cache *people_shown;     /* loop thread: the same; both are freed with the applier */
    const struct gj_service *const *services; /* service/table.c; ends with NULL */
    uint8_t cluster_id[16];
    uint8_t server_key[32];                     /* public; loop thread */
    uint8_t successor_key[32];                  /* public; zeros while none is announced */
    uint8_t invitation_key[GJ_SECRET_KEY_SIZE]; /* seals invitations' secrets (core/invitation.h) and
                                                   what only the daemon reads: upload tokens, owner codes */
    bool demo;                                  /* the store's first entry says so: a scaled clock is allowed */
    const char *backup_dir;                     /* NULL: not configured */
    unsigned backup_keep, backup_vault_keep;    /* of the backups in it, see struct gj_backup_options */
    /* The daemon cannot go on (a commit failed in the disk): main ends the loop. May be NULL. */
    void (*on_fatal)(struct gj_core *core, enum gj_err err);
    void *owner;
};

/* Loop thread: the stamp of what happens now, in ms UTC; never earlier than the one before. */
int64_t gj_core_now(struct gj_core *core);

/* Loop thread: an administrator has looked at the clock: the wall's time is believed from here on, timers run again. */
void gj_core_trust_clock(struct gj_core *core);

/* The row of a call, or NULL. */
const struct gj_call *gj_core_call(const struct gj_core *core, uint16_t number);

#endif
