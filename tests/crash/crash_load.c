/* Keeps a daemon under load while somebody kills it:
 *
 *     crash_load JOURNAL SEED OFFICE LANES PROFILE…
 *
 * Each PROFILE is a folder in which a user is logged in already. Works until SIGTERM, then finishes what is open,
 * for at most a minute, and exits 0 when the outcome of every write is known. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "desk.h"

#define FINISH_MS 60000

static struct desk desk;

static void on_overtime(uv_timer_t *timer)
{
    (void)timer;
    fprintf(stderr, "crash_load: %u lanes never learnt the outcome of a write\n", desk.working);
    exit(3);
}

static void on_term(uv_signal_t *signal, int number)
{
    (void)number;
    uv_signal_stop(signal);
    desk_stop(&desk);
    uv_timer_start(signal->data, on_overtime, FINISH_MS, 0);
}

int main(int argc, char **argv)
{
    if (argc < 6) {
        fputs("usage: crash_load JOURNAL SEED OFFICE LANES PROFILE...\n", stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN); /* the other end is killed on purpose */
    uv_loop_t *loop = uv_default_loop();
    uv_signal_t term;
    uv_timer_t overtime;
    uv_timer_init(loop, &overtime);
    uv_signal_init(loop, &term);
    term.data = &overtime;
    uv_signal_start(&term, on_term, SIGTERM);

    desk_open(&desk, loop, (const char *const *)&argv[5], (unsigned)(argc - 5), (unsigned)strtoul(argv[4], NULL, 10),
        strtoull(argv[3], NULL, 10), strtoull(argv[2], NULL, 10), argv[1]);
    uv_run(loop, UV_RUN_DEFAULT);

    uv_close((uv_handle_t *)&term, NULL);
    uv_close((uv_handle_t *)&overtime, NULL);
    desk_close(&desk);
    return 0;
}
