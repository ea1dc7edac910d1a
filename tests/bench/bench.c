/* The load generator: N encrypted channels on libguanjia against a running guanjiad; prints one JSON object.
 *
 *     bench PROFILE_DIR act|read|page CLIENTS SECONDS
 *     bench PROFILE_DIR push SUBSCRIBERS ROUNDS
 *     bench PROFILE_DIR idle CHANNELS DAEMON_PID
 *
 * One request of every client is under way at any time. PROFILE_DIR is made by bench_load. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/mode.h"

struct mode {
    const char *name;
    json_t *(*run)(struct gj_pool *pool, struct gj_desk *desk, size_t clients, unsigned long argument);
    bool desk; /* needs the list of open tickets */
};

static const struct mode modes[] = {
    {"act", gj_mode_act, true},
    {"read", gj_mode_read, true},
    {"page", gj_mode_page, true},
    {"push", gj_mode_push, true},
    {"idle", gj_mode_idle, false},
};

int main(int argc, char **argv)
{
    const struct mode *mode = NULL;
    for (size_t i = 0; argc == 5 && i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(argv[2], modes[i].name) == 0) {
            mode = &modes[i];
        }
    }
    size_t clients = argc == 5 ? strtoul(argv[3], NULL, 10) : 0;
    if (mode == NULL || clients == 0) {
        fprintf(stderr, "usage: bench PROFILE_DIR act|read|page CLIENTS SECONDS | push SUBSCRIBERS ROUNDS | idle "
                        "CHANNELS DAEMON_PID\n");
        return 2;
    }
    uv_loop_t loop;
    uv_loop_init(&loop);
    struct gj_pool pool;
    gj_pool_open(&pool, &loop, argv[1]);
    struct gj_desk desk = {0};
    if (mode->desk) {
        gj_desk_list(&desk, &pool);
    }
    json_t *out = mode->run(&pool, &desk, clients, strtoul(argv[4], NULL, 10));
    json_object_set_new(out, "mode", json_string(mode->name));
    json_object_set_new(out, "clients", json_integer((json_int_t)clients));
    json_dumpf(out, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(out);
    gj_desk_free(&desk);
    gj_pool_close(&pool);
    uv_loop_close(&loop);
    return 0;
}
