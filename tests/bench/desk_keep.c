/* What is read must be the same amount on both sides of a comparison: tickets of so many events, queues of so many
 * rows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/desk.h"
#include "bench/pool.h"

struct look {
    size_t events;
    bool answered;
};

static void on_shown(void *arg, const struct guanjia_answer *answer)
{
    struct look *look = arg;
    if (answer->err != GUANJIA_OK || answer->status != GUANJIA_S_OK) {
        fprintf(stderr, "bench: show: %s %s\n", guanjia_status_name(answer->status), answer->code);
        exit(1);
    }
    Gj__V1__Shown *shown = gj__v1__shown__unpack(NULL, answer->body_len, answer->body);
    if (shown == NULL) {
        exit(1);
    }
    look->events = shown->n_history;
    look->answered = true;
    gj__v1__shown__free_unpacked(shown, NULL);
}

static size_t events_of(struct gj_pool *pool, uint64_t id)
{
    struct look look = {0};
    Gj__V1__ShowRequest show = GJ__V1__SHOW_REQUEST__INIT;
    show.id = id;
    show.history = true;
    gj_pool_call(pool, 0, GJ__V1__CALL__RECORD_SHOW, &show, on_shown, &look);
    while (!look.answered) {
        uv_run(pool->loop, UV_RUN_ONCE);
    }
    return look.events;
}

void gj_desk_keep_events(struct gj_desk *desk, struct gj_pool *pool, size_t events)
{
    size_t kept = 0;
    for (size_t i = 0; i < desk->count; i++) {
        /* Most steps raise the revision by one: only near ones are asked for. */
        if (desk->tickets[i].revision == events && events_of(pool, desk->tickets[i].id) == events) {
            desk->tickets[kept++] = desk->tickets[i];
        }
    }
    if (kept == 0) {
        fprintf(stderr, "bench: no open ticket has %zu events\n", events);
        exit(1);
    }
    desk->count = kept;
}

/* The list comes office by office, so that a queue is a run of it. */
size_t gj_desk_keep_queues(struct gj_desk *desk, size_t rows)
{
    size_t longest = 0, kept = 0, run = 0;
    for (size_t i = 0; i < desk->count; i++) {
        run = i > 0 && desk->tickets[i].office == desk->tickets[i - 1].office ? run + 1 : 1;
        longest = run > longest ? run : longest;
    }
    rows = rows < longest ? rows : longest;
    for (size_t i = 0, next; i < desk->count; i = next) {
        for (next = i + 1; next < desk->count && desk->tickets[next].office == desk->tickets[i].office;) {
            next++;
        }
        if (next - i >= rows) {
            desk->tickets[kept++] = desk->tickets[i]; /* one stands for its office */
        }
    }
    desk->count = kept;
    return rows;
}
