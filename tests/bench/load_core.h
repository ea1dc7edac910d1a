/* What the loader needs of the daemon: the store, the policies, the services and a log, without sockets or threads. */
#ifndef GJ_TESTS_BENCH_LOAD_CORE_H
#define GJ_TESTS_BENCH_LOAD_CORE_H

#include "core/core.h"
#include "core/log.h"

struct gj_load_core {
    struct gj_core core;
    struct gj_clock clock;
    struct gj_command_log *log;
    struct gj_actor_cache *actors;
    struct gj_txn *txn; /* a snapshot, to be renewed */
};

/* Exits with a message on failure, as a loader may. */
void gj_load_core_open(struct gj_load_core *load, const char *store_dir, int64_t now_ms);
void gj_load_core_close(struct gj_load_core *load);

/* Rows that the loader writes itself: the two users may work in every office, every office has households (with keys of
 * their own, as they would have), and there is one picture. Writes profile_dir/desk. */
void gj_load_core_prepare(
    struct gj_load_core *load, const char *profile_dir, uint64_t offices, uint64_t households_per_office);

_Noreturn void gj_load_die(const char *what, const char *why);
void gj_load_must(enum gj_err err, const char *what);

#endif
