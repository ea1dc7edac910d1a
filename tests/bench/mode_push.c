/* push: one step on one ticket, every subscriber sees it. idle: what open channels cost the daemon. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/histogram.h"
#include "bench/mode.h"

struct push {
    struct gj_desk_ticket *ticket;
    size_t waiting;  /* subscribers that have not seen this round's event */
    uint64_t wanted; /* id of the ticket of this round */
    int64_t sent_us;
    bool written;
    struct gj_histogram delivery;
};

static void on_event(void *arg, const struct guanjia_event *event)
{
    struct push *push = arg;
    if (event->id == push->wanted && push->waiting > 0) {
        push->waiting--;
        gj_histogram_add(&push->delivery, (uint64_t)(gj_pool_now_us() - push->sent_us));
    }
}

static void on_ended(void *arg, const char *code)
{
    (void)arg;
    fprintf(stderr, "bench: a subscription ended: %s\n", code);
    exit(1);
}

static void on_written(void *arg, const struct guanjia_answer *answer)
{
    struct push *push = arg;
    if (answer->err != GUANJIA_OK || answer->status != GUANJIA_S_OK) {
        fprintf(stderr, "bench: push: %s %s\n", guanjia_status_name(answer->status), answer->code);
        exit(1);
    }
    Gj__V1__Written *written = gj__v1__written__unpack(NULL, answer->body_len, answer->body);
    if (written != NULL) {
        gj_desk_moved(push->ticket, written);
        gj__v1__written__free_unpacked(written, NULL);
    }
    push->written = true;
}

/* Runs the loop for a while, so that every subscription is in place before the first event. */
static void settle(uv_loop_t *loop, int64_t us)
{
    for (int64_t end = gj_pool_now_us() + us; gj_pool_now_us() < end;) {
        uv_run(loop, UV_RUN_NOWAIT);
    }
}

json_t *gj_mode_push(struct gj_pool *pool, struct gj_desk *desk, size_t subscribers, unsigned long rounds)
{
    gj_pool_grow(pool, subscribers + GJ_POOL_USERS);
    struct push *push = calloc(1, sizeof *push);
    guanjia_subscription **subscriptions = calloc(subscribers, sizeof *subscriptions);
    if (push == NULL || subscriptions == NULL) {
        exit(1);
    }
    struct guanjia_subscribe subscribe = {.from_now = true, .on_event = on_event, .on_ended = on_ended, .arg = push};
    for (size_t i = 0; i < subscribers; i++) {
        if (guanjia_subscribe(pool->clients[GJ_POOL_USERS + i], &subscribe, &subscriptions[i]) != GUANJIA_OK) {
            exit(1);
        }
    }
    settle(pool->loop, 3000000);
    double last_sum = 0, last_max = 0;
    for (unsigned long round = 0; round < rounds; round++) {
        struct gj_desk_ticket *ticket = gj_desk_unfinished(desk, round);
        struct gj_desk_act act;
        gj_desk_act(&act, desk, ticket, gj_pool_wall_ms());
        push->waiting = subscribers;
        push->ticket = ticket;
        push->wanted = ticket->id;
        push->written = false;
        push->sent_us = gj_pool_now_us();
        gj_pool_call(pool, gj_desk_user_of(ticket->step), GJ__V1__CALL__RECORD_ACT, &act.request, on_written, push);
        while (push->waiting > 0 || !push->written) {
            uv_run(pool->loop, UV_RUN_ONCE);
        }
        double last = (double)(gj_pool_now_us() - push->sent_us) / 1000.0;
        last_sum += last;
        last_max = last > last_max ? last : last_max;
        settle(pool->loop, 200000);
    }
    for (size_t i = 0; i < subscribers; i++) {
        guanjia_unsubscribe(subscriptions[i]);
    }
    json_t *out = json_pack("{s:s, s:f, s:f, s:f, s:f}", "peer", "guanjiad", "last_delivery_mean_ms",
        last_sum / (double)rounds, "last_delivery_max_ms", last_max, "delivery_p50_ms",
        gj_histogram_ms(&push->delivery, 0.5), "delivery_p99_ms", gj_histogram_ms(&push->delivery, 0.99));
    free(subscriptions);
    free(push);
    return out;
}

/* Resident anonymous memory of a process in bytes; page cache of the mapped store does not count. */
static double anonymous_bytes(unsigned long pid)
{
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%lu/status", pid);
    FILE *file = fopen(path, "r");
    double kib = -1;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "RssAnon: %lf kB", &kib) == 1) {
            break;
        }
    }
    if (file == NULL || kib < 0) {
        fprintf(stderr, "bench: cannot read %s\n", path);
        exit(1);
    }
    fclose(file);
    return kib * 1024.0;
}

json_t *gj_mode_idle(struct gj_pool *pool, struct gj_desk *desk, size_t channels, unsigned long daemon_pid)
{
    (void)desk;
    gj_pool_grow(pool, 256); /* the allocator's first steps are not the channels' cost */
    settle(pool->loop, 1000000);
    double before = anonymous_bytes(daemon_pid);
    size_t counted = pool->count;
    gj_pool_grow(pool, channels);
    settle(pool->loop, 2000000);
    double after = anonymous_bytes(daemon_pid);
    return json_pack("{s:s, s:f, s:f}", "peer", "guanjiad", "bytes_per_channel",
        (after - before) / (double)(channels - counted), "connect_seconds", pool->connect_seconds);
}
