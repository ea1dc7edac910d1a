/* act, read, page: one request of every client under way until the time is over. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/histogram.h"
#include "bench/mode.h"

#define READ_EVENTS 5
#define PAGE_ROWS 50

struct client;

struct load {
    struct gj_pool *pool;
    struct gj_desk *desk;
    struct gj_histogram latency;
    uint64_t refused, failed, body_bytes;
    int64_t stop_us;
    size_t under_way;
    void (*send)(struct load *load, struct client *client);
};

struct client {
    struct load *load;
    size_t index;
    size_t first, count; /* own part of the desk's tickets */
    size_t at;           /* the ticket in hand */
    int64_t sent_us;
    uint64_t random;
};

static uint64_t next_random(struct client *c)
{
    c->random ^= c->random << 13;
    c->random ^= c->random >> 7;
    c->random ^= c->random << 17;
    return c->random;
}

static struct gj_desk_ticket *pick(struct client *c)
{
    c->at = c->first + next_random(c) % c->count;
    return &c->load->desk->tickets[c->at];
}

/* A channel of the right user, near the client's own. */
static size_t channel_of(const struct client *c, size_t user)
{
    return (c->index & ~(size_t)1) + user;
}

/* A channel of the desk's that no other client uses: every second one is hers. */
static size_t own_channel(const struct client *c)
{
    return c->index * GJ_POOL_USERS;
}

static bool answered(struct client *c, const struct guanjia_answer *answer)
{
    struct load *load = c->load;
    load->under_way--;
    if (answer->err != GUANJIA_OK) {
        load->failed++;
        return false;
    }
    gj_histogram_add(&load->latency, (uint64_t)(gj_pool_now_us() - c->sent_us));
    if (answer->status != GUANJIA_S_OK) {
        if (load->refused++ == 0) {
            fprintf(stderr, "bench: first refusal: %s %s %s\n", guanjia_status_name(answer->status), answer->code,
                answer->field);
        }
        return false;
    }
    return true;
}

static void go_on(struct client *c)
{
    if (gj_pool_now_us() < c->load->stop_us) {
        c->sent_us = gj_pool_now_us();
        c->load->under_way++;
        c->load->send(c->load, c);
    }
}

static void on_written(void *arg, const struct guanjia_answer *answer)
{
    struct client *c = arg;
    struct gj_desk_ticket *ticket = &c->load->desk->tickets[c->at];
    if (answered(c, answer)) {
        Gj__V1__Written *written = gj__v1__written__unpack(NULL, answer->body_len, answer->body);
        if (written != NULL) {
            gj_desk_moved(ticket, written);
            gj__v1__written__free_unpacked(written, NULL);
        }
    }
    go_on(c);
}

static void on_code(void *arg, const struct guanjia_answer *answer)
{
    struct client *c = arg;
    struct gj_desk_ticket *ticket = &c->load->desk->tickets[c->at];
    if (answered(c, answer)) {
        Gj__V1__OwnerCode *code = gj__v1__owner_code__unpack(NULL, answer->body_len, answer->body);
        if (code != NULL) {
            snprintf(ticket->code, sizeof ticket->code, "%s", code->code);
            gj__v1__owner_code__free_unpacked(code, NULL);
        }
    }
    go_on(c);
}

static void on_read(void *arg, const struct guanjia_answer *answer)
{
    struct client *c = arg;
    if (answered(c, answer)) {
        c->load->body_bytes += answer->body_len;
    }
    go_on(c);
}

static void send_act(struct load *load, struct client *c)
{
    struct gj_desk_ticket *ticket = pick(c);
    if (ticket->step >= gj_desk_steps) {
        Gj__V1__IntakeRequest intake;
        gj_desk_intake(&intake, load->desk, ticket, next_random(c));
        gj_pool_call(load->pool, channel_of(c, 0), GJ__V1__CALL__DISPATCH_INTAKE, &intake, on_written, c);
        return;
    }
    if (gj_desk_needs_code(ticket)) { /* an action of the desk: it is on record before the code is read */
        Gj__V1__OwnerCodeRequest code = GJ__V1__OWNER_CODE_REQUEST__INIT;
        code.id = ticket->id;
        gj_pool_call(load->pool, channel_of(c, 0), GJ__V1__CALL__OWNER_CODE, &code, on_code, c);
        return;
    }
    struct gj_desk_act act;
    gj_desk_act(&act, load->desk, ticket, gj_pool_wall_ms());
    gj_pool_call(load->pool, channel_of(c, gj_desk_user_of(ticket->step)), GJ__V1__CALL__RECORD_ACT, &act.request,
        on_written, c);
}

static void send_read(struct load *load, struct client *c)
{
    Gj__V1__ShowRequest show = GJ__V1__SHOW_REQUEST__INIT;
    show.id = pick(c)->id;
    show.history = true;
    gj_pool_call(load->pool, own_channel(c), GJ__V1__CALL__RECORD_SHOW, &show, on_read, c);
}

static void send_page(struct load *load, struct client *c)
{
    Gj__V1__ListRequest list = GJ__V1__LIST_REQUEST__INIT;
    Gj__V1__Page page = GJ__V1__PAGE__INIT;
    page.limit = PAGE_ROWS;
    list.kind = (char *)"repair_ticket";
    list.office = pick(c)->office;
    list.page = &page;
    gj_pool_call(load->pool, own_channel(c), GJ__V1__CALL__RECORD_LIST, &list, on_read, c);
}

/* Who acts has tickets of its own, so that nobody comes second; who reads chooses among all. */
static json_t *run(struct gj_pool *pool, struct gj_desk *desk, size_t n, unsigned long seconds,
    void (*send)(struct load *, struct client *))
{
    size_t share = send == send_act ? desk->count / n : desk->count;
    gj_pool_grow(pool, send == send_act ? (n + 1) & ~(size_t)1 : n * GJ_POOL_USERS);
    struct load *load = calloc(1, sizeof *load);
    struct client *clients = calloc(n, sizeof *clients);
    if (load == NULL || clients == NULL || share == 0) {
        fprintf(stderr, "bench: needs memory and an open ticket for each client\n");
        exit(1);
    }
    load->pool = pool;
    load->desk = desk;
    load->send = send;
    int64_t begun = gj_pool_now_us();
    load->stop_us = begun + (int64_t)seconds * 1000000;
    for (size_t i = 0; i < n; i++) {
        clients[i] = (struct client){.load = load,
            .index = i,
            .count = share,
            .first = send == send_act ? i * share : 0,
            .random = 0x9e3779b97f4a7c15u * (i + 1)};
        go_on(&clients[i]);
    }
    while (load->under_way > 0) {
        uv_run(pool->loop, UV_RUN_ONCE);
    }
    double elapsed = (double)(gj_pool_now_us() - begun) / 1e6;
    uint64_t answers = gj_histogram_count(&load->latency);
    json_t *out = json_pack("{s:s, s:f, s:I, s:I, s:f, s:f, s:f, s:f}", "peer", "guanjiad", "per_second",
        (double)answers / elapsed, "refused", (json_int_t)load->refused, "failed", (json_int_t)load->failed, "p50_ms",
        gj_histogram_ms(&load->latency, 0.5), "p95_ms", gj_histogram_ms(&load->latency, 0.95), "p99_ms",
        gj_histogram_ms(&load->latency, 0.99), "max_ms", gj_histogram_ms(&load->latency, 1.0));
    if (send != send_act && answers > 0) {
        json_object_set_new(out, "tickets", json_integer((json_int_t)desk->count));
        json_object_set_new(out, "reply_bytes", json_integer((json_int_t)(load->body_bytes / answers)));
    }
    free(clients);
    free(load);
    return out;
}

json_t *gj_mode_act(struct gj_pool *pool, struct gj_desk *desk, size_t clients, unsigned long seconds)
{
    return run(pool, desk, clients, seconds, send_act);
}

json_t *gj_mode_read(struct gj_pool *pool, struct gj_desk *desk, size_t clients, unsigned long seconds)
{
    gj_desk_keep_events(desk, pool, READ_EVENTS);
    return run(pool, desk, clients, seconds, send_read);
}

json_t *gj_mode_page(struct gj_pool *pool, struct gj_desk *desk, size_t clients, unsigned long seconds)
{
    size_t rows = gj_desk_keep_queues(desk, PAGE_ROWS);
    json_t *out = run(pool, desk, clients, seconds, send_page);
    json_object_set_new(out, "rows", json_integer((json_int_t)rows));
    return out;
}
