/* What the operator may say, on the command line and in a file. */
#ifndef GJ_SERVER_OPTIONS_H
#define GJ_SERVER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "common/arena.h"
#include "common/conf.h"
#include "common/err.h"

/* Options of `guanjiad run`; strings live in the arena. */
struct gj_daemon_options {
    const char *dir;
    const char *listen;    /* address:port, port 0 for any free one */
    const char *port_file; /* gets the port as a line when the daemon listens; empty: none */
    const char *backup_dir;
    uint64_t backup_keep;       /* in backup_dir; 0: all */
    uint64_t backup_vault_keep; /* of these, with their vault; 0: all */
    const char *proxies;        /* addresses separated by blanks */
    uint64_t max_channels;
    uint64_t max_half_open;
    uint64_t handshake_ms;
    uint64_t password_threads;
    uint64_t map_size;
    uint64_t disk_reserve;
    uint64_t scale; /* thousandths; 1000 is real time. Only where the store is a demo's */
    uint64_t count_pages;
    bool debug;
};

extern const struct gj_conf_table gj_options_table;

/* Reads `run`'s words (without the program and the command). *fault says what is wrong. */
enum gj_err gj_options_run(
    int argc, char **argv, struct gj_arena *arena, struct gj_daemon_options *out, struct gj_fault *fault);

/* "127.0.0.1:7421" or "[::1]:7421" into host (in the arena) and port. */
enum gj_err gj_options_address(const char *text, struct gj_arena *arena, const char **host, uint16_t *port);

void gj_options_usage(FILE *out);

#endif
