/* How long an import of households takes and what everybody else notices of it: chunks go through the real router and
 * commit thread one after the other, while another channel writes one small action at a time, as a desk does.
 *
 *     import_bench [households] [rows per chunk]        prints JSON; with few households it is run as a test
 *
 * The commit of the import, and the steps that put its rows in order, are measured with the same actions beside them.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/limits.h"
#include "lib/direct_impl.h"
#include "proto/directory.pb-c.h"
#include "service/body.pb-c.h"
#include "store/txn.h"

#define OFFICES 12
#define SAMPLES_MAX 4000000
#define LINE_MAX_BYTES 256

struct bench {
    struct gj_direct *direct;
    uint64_t offices[OFFICES];
    uint64_t qa, lead, desk, other;
    uint64_t chunk_id, action_id; /* under way, 0: none */
    uint64_t action_began;
    Gj__V1__Status chunk_status;
    uint64_t written_id;
    double *samples; /* ms */
    size_t count;
    uint64_t actions;
};

static double ms_since(uint64_t began)
{
    return (double)(uv_hrtime() - began) / 1e6;
}

static void on_reply(struct gj_direct *direct, const Gj__V1__Reply *reply)
{
    struct bench *bench = direct->owner;
    if (reply->id == bench->action_id) {
        if (reply->status != GJ__V1__STATUS__OK) {
            fail_msg("action: status %d %s", (int)reply->status, reply->refusal->code);
        }
        if (bench->count < SAMPLES_MAX) {
            bench->samples[bench->count++] = ms_since(bench->action_began);
        }
        bench->action_id = 0;
        return;
    }
    if (reply->status != GJ__V1__STATUS__OK) {
        fail_msg("import: status %d %s", (int)reply->status, reply->refusal->code);
    }
    Gj__V1__Written *written = gj__v1__written__unpack(NULL, reply->body.len, reply->body.data);
    bench->written_id = written != NULL ? written->id : 0;
    gj__v1__written__free_unpacked(written, NULL);
    bench->chunk_id = 0;
}

/* One small durable write of another channel. */
static void send_action(struct bench *bench)
{
    Gj__V1__AssetPutRequest put = GJ__V1__ASSET_PUT_REQUEST__INIT;
    Gj__V1__Asset asset = GJ__V1__ASSET__INIT;
    char code[24];
    (void)snprintf(code, sizeof code, "A-%" PRIu64, ++bench->actions);
    put.asset = &asset;
    asset.office = bench->offices[0];
    asset.code = code;
    asset.name = "水泵";
    bench->action_began = uv_hrtime();
    bench->action_id = gj_direct_send(bench->direct, bench->lead, bench->desk, GJ__V1__CALL__DIR_ASSET_PUT, &put);
}

static void turn(struct bench *bench)
{
    if (bench->action_id == 0) {
        send_action(bench);
    }
    (void)uv_run(&bench->direct->loop, UV_RUN_ONCE);
}

static void run_import_call(struct bench *bench, Gj__V1__Call call, const void *request)
{
    bench->chunk_id = gj_direct_send(bench->direct, bench->qa, bench->other, call, request);
    while (bench->chunk_id != 0) {
        turn(bench);
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void print_latency(struct bench *bench, const char *name)
{
    qsort(bench->samples, bench->count, sizeof bench->samples[0], compare);
    size_t count = bench->count;
    assert_true(count > 0);
    printf("  \"%s\": {\"actions\": %zu, \"p50_ms\": %.2f, \"p99_ms\": %.2f, \"max_ms\": %.2f},\n", name, count,
        bench->samples[count / 2], bench->samples[count * 99 / 100], bench->samples[count - 1]);
    bench->count = 0;
}

static void idle_actions(struct bench *bench, unsigned count)
{
    size_t until = bench->count + count;
    while (bench->count < until) {
        turn(bench);
    }
    print_latency(bench, "without_import");
}

static size_t make_chunk(char *out, uint64_t first, unsigned rows)
{
    size_t len = 0;
    for (uint64_t i = first; i < first + rows; i++) {
        unsigned office = (unsigned)(i % OFFICES) + 1;
        uint64_t at = i / OFFICES;
        len += (size_t)sprintf(out + len,
            "%04u,%" PRIu64 "-%" PRIu64 "-%" PRIu64 ",业主%" PRIu64 ",139%08" PRIu64 ";0755-%08" PRIu64
            ",89.37,2021-06-30,自住,粤B%05" PRIu64 "\n",
            office, at / 400 + 1, at / 40 % 10 + 1, at % 40 + 101, i, i % 100000000, i * 7 % 100000000, i % 100000);
    }
    return len;
}

/* Chunks of new households one after the other; every round asks what a chunk costs. */
static uint64_t stage(struct bench *bench, uint64_t households, unsigned rows, double *seconds)
{
    Gj__V1__ImportBeginRequest begin = GJ__V1__IMPORT_BEGIN_REQUEST__INIT;
    Gj__V1__ImportChunkRequest chunk = GJ__V1__IMPORT_CHUNK_REQUEST__INIT;
    char *lines = malloc((size_t)rows * LINE_MAX_BYTES);
    assert_non_null(lines);
    begin.what = "households";
    begin.header = "管理处,房号,业主,业主电话,建筑面积,交付日期,入住状态,车牌";
    run_import_call(bench, GJ__V1__CALL__DIR_IMPORT_BEGIN, &begin);
    chunk.import = bench->written_id;
    uint64_t began = uv_hrtime();
    for (uint64_t done = 0; done < households; chunk.chunk++) {
        unsigned count = households - done < rows ? (unsigned)(households - done) : rows;
        chunk.first_line = done + 2;
        chunk.lines.data = (uint8_t *)lines;
        chunk.lines.len = make_chunk(lines, done, count);
        run_import_call(bench, GJ__V1__CALL__DIR_IMPORT_CHUNK, &chunk);
        done += count;
    }
    *seconds = ms_since(began) / 1e3;
    free(lines);
    return chunk.import;
}

static void open_bench(struct bench *bench)
{
    bench->direct = gj_direct_open();
    uint64_t region = gj_direct_region(bench->direct, "SOUTH");
    for (unsigned i = 0; i < OFFICES; i++) {
        char code[8];
        (void)snprintf(code, sizeof code, "%04u", i + 1);
        bench->offices[i] = gj_direct_office(bench->direct, region, code);
    }
    bench->qa = gj_direct_user(bench->direct, "qa", "hq_qa", 0, 0);
    bench->lead = gj_direct_user(bench->direct, "lead", "cs_lead", bench->offices[0], 0);
    bench->desk = gj_direct_device(bench->direct, bench->offices[0], "desk");
    bench->other = gj_direct_device(bench->direct, 0, "headquarters");
    bench->samples = malloc(SAMPLES_MAX * sizeof bench->samples[0]);
    assert_non_null(bench->samples);
    bench->direct->owner = bench;
    bench->direct->on_reply = on_reply;
}

static uint64_t households = 2000;
static unsigned rows = GJ_IMPORT_CHUNK_ROWS_MAX;

static void run(void **state)
{
    struct bench bench = {0};
    double seconds = 0, again = 0;
    (void)state;
    open_bench(&bench);
    printf("{\n  \"households\": %" PRIu64 ", \"rows_per_chunk\": %u,\n", households, rows);
    idle_actions(&bench, 500);
    Gj__V1__ImportCommitRequest commit = GJ__V1__IMPORT_COMMIT_REQUEST__INIT;
    commit.import = stage(&bench, households, rows, &seconds);
    print_latency(&bench, "while_staging");
    uint64_t began = uv_hrtime();
    run_import_call(&bench, GJ__V1__CALL__DIR_IMPORT_COMMIT, &commit);
    double commit_ms = ms_since(began);
    /* The same file once more: every row is looked up, opened and found unchanged. */
    bench.count = 0;
    commit.import = stage(&bench, households, rows, &again);
    print_latency(&bench, "while_repeating");
    printf("  \"staging_s\": %.1f, \"rows_per_s\": %.0f, \"commit_ms\": %.2f, \"repeating_s\": %.1f\n}\n", seconds,
        (double)households / seconds, commit_ms, again);
    while (bench.action_id != 0) {
        (void)uv_run(&bench.direct->loop, UV_RUN_ONCE);
    }
    assert_int_equal(gj_txn_count(gj_direct_look(bench.direct), GJ_TABLE_HOUSEHOLD), households);
    free(bench.samples);
    gj_direct_close(bench.direct);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(run)};
    households = argc > 1 ? strtoull(argv[1], NULL, 10) : households;
    rows = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : rows;
    if (households == 0 || rows == 0 || rows > GJ_IMPORT_CHUNK_ROWS_MAX) {
        (void)fprintf(stderr, "import_bench [households] [rows per chunk, at most %d]\n", GJ_IMPORT_CHUNK_ROWS_MAX);
        return 2;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
