/* `guanjiad init`: a new store with its keys, its first policy and calendar, and the invitations of the first two
 * users. */
#ifndef GJ_SERVER_INIT_H
#define GJ_SERVER_INIT_H

#include <stdbool.h>
#include "common/err.h"

struct gj_init_options {
    const char *dir;
    const char *policy;   /* folder */
    const char *calendar; /* table, or a folder in which cn.tsv is */
    bool demo;
};

/* Prints the invitations on stdout: `administrator GJ1-…` and `approver GJ1-…`. They are shown this once. */
enum gj_err gj_init_store(const struct gj_init_options *options, struct gj_fault *fault);

#endif
