/* The daemon's parts, made once by main and handed to every handler. No globals: tests build as many as they like. */
#ifndef GJ_CORE_CORE_H
#define GJ_CORE_CORE_H

#include "common/clock.h"
#include "core/call.h"

struct gj_store;
struct gj_vault;
struct gj_blob;
struct gj_commit;
struct gj_push;
struct gj_router;
struct gj_policies; /* every activated policy and calendar, for ever in memory: core/policies.h */
struct gj_sessions;
struct gj_passwords; /* the Argon2id queue: core/password.h */

struct gj_core {
    struct gj_store *store;
    struct gj_vault *vault;
    struct gj_blob *blob;
    struct gj_clock *clock;
    struct gj_policies *policies;
    struct gj_commit *commit;
    struct gj_push *push;
    struct gj_router *router;
    struct gj_sessions *sessions;
    struct gj_passwords *passwords;
    const struct gj_service *const *services; /* service/table.c; ends with NULL */
    uint8_t cluster_id[16];
    bool demo; /* the store's first entry says so: a scaled clock is allowed */
};

#endif
