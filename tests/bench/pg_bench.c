/* The PostgreSQL side of the benchmark: the same records and actions as bench.c drives through guanjiad, one durable
 * transaction per action over a Unix socket, one thread per client. Prints one JSON object.
 *
 *     pg_bench DSN MODE CLIENTS SECONDS TICKETS OPEN      MODE: act | read | page
 */
#include <inttypes.h>
#include <jansson.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/histogram.h"

#define NOTE_BYTES 112
#define ENTRY_BYTES 200
#define TIMERS_BYTES 96
#define KEY_BYTES 16

struct client {
    PGconn *conn;
    struct gj_histogram latency;
    uint64_t random;
    uint64_t first, count; /* open tickets this client acts on */
    int *revisions;
    uint64_t refused;
};

static const char *mode;
static uint64_t n_tickets, n_open;
static atomic_bool stop;

static uint64_t next_random(struct client *c)
{
    c->random ^= c->random << 13;
    c->random ^= c->random >> 7;
    c->random ^= c->random << 17;
    return c->random;
}

static int64_t now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void must(PGconn *conn, PGresult *res, ExecStatusType want, const char *what)
{
    if (PQresultStatus(res) != want) {
        fprintf(stderr, "pg_bench: %s: %s", what, PQerrorMessage(conn));
        exit(1);
    }
}

static void prepare(struct client *c)
{
    static const char *const statements[][2] = {
        {"act", "SELECT act($1::bytea, $2::bigint, $3::int, $4, $5, $6::boolean, $7::bigint, $8::bigint, $9::bigint, "
                "$10::bytea, $11::bytea, "
                "$12::bytea)"},
        {"ticket", "SELECT * FROM ticket WHERE id = $1::bigint"},
        {"events", "SELECT * FROM event WHERE ticket = $1::bigint ORDER BY seq"},
        {"page", "SELECT id, number, state, priority, category, assignee, place, received_at, due_at FROM ticket WHERE "
                 "open AND office = "
                 "$1::int ORDER BY id LIMIT 50"},
    };
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        PGresult *res = PQprepare(c->conn, statements[i][0], statements[i][1], 0, NULL);
        must(c->conn, res, PGRES_COMMAND_OK, statements[i][0]);
        PQclear(res);
    }
}

/* One step back and forth between two working states of an own ticket, as in bench.c. */
static void run_act(struct client *c)
{
    uint64_t slot = next_random(c) % c->count;
    char id[24], revision[16], assignee[24], due[24];
    unsigned char key[KEY_BYTES], note[NOTE_BYTES], entry[ENTRY_BYTES], timers[TIMERS_BYTES];
    uint64_t words[2] = {(uint64_t)time(NULL), next_random(c)};
    memcpy(key, words, sizeof words);
    memset(note, (int)(words[1] & 0xff), sizeof note);
    memset(entry, (int)(words[1] >> 8 & 0xff), sizeof entry);
    memset(timers, (int)(words[1] >> 16 & 0xff), sizeof timers);
    snprintf(id, sizeof id, "%" PRIu64, c->first + slot);
    snprintf(revision, sizeof revision, "%d", c->revisions[slot]);
    snprintf(assignee, sizeof assignee, "%" PRIu64, 1 + next_random(c) % 1800);
    snprintf(due, sizeof due, "%" PRIu64, UINT64_C(1767086400000) + next_random(c) % 86400000);
    const char *values[12] = {(const char *)key, id, revision, c->revisions[slot] % 2 != 0 ? "arrive" : "appoint",
        c->revisions[slot] % 2 != 0 ? "ARRIVED" : "APPOINTED", "true", assignee, "7", due, (const char *)timers,
        (const char *)note, (const char *)entry};
    const int lengths[12] = {sizeof key, 0, 0, 0, 0, 0, 0, 0, 0, sizeof timers, sizeof note, sizeof entry};
    const int formats[12] = {1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1};
    PGresult *res = PQexecPrepared(c->conn, "act", 12, values, lengths, formats, 0);
    must(c->conn, res, PGRES_TUPLES_OK, "act");
    int got = atoi(PQgetvalue(res, 0, 0));
    if (got == c->revisions[slot] + 1) {
        c->revisions[slot] = got;
    } else {
        c->refused++;
    }
    PQclear(res);
}

static void run_read(struct client *c)
{
    char id[24];
    snprintf(id, sizeof id, "%" PRIu64, n_tickets - next_random(c) % n_open);
    const char *values[1] = {id};
    static const char *const both[2] = {"ticket", "events"};
    for (int i = 0; i < 2; i++) {
        PGresult *res = PQexecPrepared(c->conn, both[i], 1, values, NULL, NULL, 1);
        must(c->conn, res, PGRES_TUPLES_OK, both[i]);
        PQclear(res);
    }
}

static void run_page(struct client *c)
{
    char office[16];
    snprintf(office, sizeof office, "%" PRIu64, 1 + next_random(c) % 200);
    const char *values[1] = {office};
    PGresult *res = PQexecPrepared(c->conn, "page", 1, values, NULL, NULL, 1);
    must(c->conn, res, PGRES_TUPLES_OK, "page");
    PQclear(res);
}

static void *run(void *arg)
{
    struct client *c = arg;
    void (*step)(struct client *) = strcmp(mode, "act") == 0    ? run_act
                                    : strcmp(mode, "read") == 0 ? run_read
                                                                : run_page;
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        int64_t begun = now_ns();
        step(c);
        gj_histogram_add(&c->latency, (uint64_t)(now_ns() - begun) / 1000);
    }
    return NULL;
}

/* The revision a ticket has now: the benchmark may run several times on one set. */
static void read_revisions(struct client *c)
{
    char low[24], high[24];
    snprintf(low, sizeof low, "%" PRIu64, c->first);
    snprintf(high, sizeof high, "%" PRIu64, c->first + c->count - 1);
    const char *values[2] = {low, high};
    PGresult *res = PQexecParams(c->conn, "SELECT id, revision FROM ticket WHERE id BETWEEN $1::bigint AND $2::bigint",
        2, NULL, values, NULL, NULL, 0);
    must(c->conn, res, PGRES_TUPLES_OK, "revisions");
    for (int i = 0; i < PQntuples(res); i++) {
        c->revisions[strtoull(PQgetvalue(res, i, 0), NULL, 10) - c->first] = atoi(PQgetvalue(res, i, 1));
    }
    PQclear(res);
}

int main(int argc, char **argv)
{
    if (argc != 7) {
        fprintf(stderr, "usage: pg_bench DSN act|read|page CLIENTS SECONDS TICKETS OPEN\n");
        return 2;
    }
    mode = argv[2];
    size_t n_clients = strtoul(argv[3], NULL, 10);
    unsigned seconds = (unsigned)strtoul(argv[4], NULL, 10);
    n_tickets = strtoull(argv[5], NULL, 10);
    n_open = strtoull(argv[6], NULL, 10);
    struct client *clients = calloc(n_clients, sizeof *clients);
    pthread_t *threads = calloc(n_clients, sizeof *threads);
    if (clients == NULL || threads == NULL || n_clients == 0 || n_open / n_clients == 0) {
        fprintf(stderr, "pg_bench: needs memory, a client and an open ticket for each\n");
        return 2;
    }
    for (size_t i = 0; i < n_clients; i++) {
        struct client *c = &clients[i];
        c->conn = PQconnectdb(argv[1]);
        if (PQstatus(c->conn) != CONNECTION_OK) {
            fprintf(stderr, "pg_bench: %s", PQerrorMessage(c->conn));
            return 1;
        }
        c->random = 0x9e3779b97f4a7c15u * (i + 1);
        c->count = n_open / n_clients;
        c->first = n_tickets - n_open + 1 + i * c->count;
        c->revisions = calloc(c->count, sizeof *c->revisions);
        if (c->revisions == NULL) {
            return 1;
        }
        prepare(c);
        read_revisions(c);
    }
    int64_t begun = now_ns();
    for (size_t i = 0; i < n_clients; i++) {
        pthread_create(&threads[i], NULL, run, &clients[i]);
    }
    nanosleep(&(struct timespec){.tv_sec = (time_t)seconds}, NULL);
    atomic_store(&stop, true);
    struct gj_histogram all = {0};
    uint64_t refused = 0;
    for (size_t i = 0; i < n_clients; i++) {
        pthread_join(threads[i], NULL);
        gj_histogram_merge(&all, &clients[i].latency);
        refused += clients[i].refused;
        PQfinish(clients[i].conn);
        free(clients[i].revisions);
    }
    double elapsed = (double)(now_ns() - begun) / 1e9;
    json_t *out = json_pack("{s:s, s:s, s:I, s:f, s:I, s:f, s:f, s:f, s:f}", "peer", "postgresql", "mode", mode,
        "clients", (json_int_t)n_clients, "per_second", (double)gj_histogram_count(&all) / elapsed, "refused",
        (json_int_t)refused, "p50_ms", gj_histogram_ms(&all, 0.5), "p95_ms", gj_histogram_ms(&all, 0.95), "p99_ms",
        gj_histogram_ms(&all, 0.99), "max_ms", gj_histogram_ms(&all, 1.0));
    json_dumpf(out, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(out);
    free(clients);
    free(threads);
    return 0;
}
