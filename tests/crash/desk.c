#include "desk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/envelope.pb-c.h"
#include "work.h"

/* Long enough for one commit, short enough that a kill leaves unknown outcomes behind. */
#define ANSWER_MS 1500

static void send_write(struct lane *lane);

static void die(const char *what, const char *why)
{
    fprintf(stderr, "crash_load: %s: %s\n", what, why);
    exit(2);
}

static void lane_go_idle(struct lane *lane)
{
    struct desk *desk = lane->desk;
    if (lane->idle)
        return;
    lane->idle = true;
    desk->working--;
    if (desk->working == 0)
        uv_stop(desk->loop);
}

/* Begins the next write of the lane. */
static void lane_next(struct lane *lane)
{
    if (lane->desk->stopping) {
        lane_go_idle(lane);
        return;
    }
    free(lane->body);
    lane->body = work_next(lane, &lane->call, &lane->body_len);
    guanjia_key_make(lane->key);
    lane->answered = false;
    journal_sent(&lane->desk->journal, lane->key, lane->call, lane->channel, lane->number);
    send_write(lane);
}

static bool is_final(const struct guanjia_answer *answer)
{
    if (answer->err != GUANJIA_OK)
        return false;
    /* The daemon has not looked at the write: nothing is known of it yet. */
    return answer->status != GUANJIA_S_BUSY && answer->status != GUANJIA_S_UNAVAILABLE &&
           answer->status != GUANJIA_S_UNAUTHENTICATED;
}

static void take_outcome(struct lane *lane, const struct guanjia_answer *answer)
{
    struct journal *journal = &lane->desk->journal;
    if (answer->status != GUANJIA_S_OK) {
        journal_answer(journal, lane->key, answer->status, 0, 0, 0, answer->code);
        if (!lane->answered)
            work_refused(lane, answer->status);
        return;
    }
    Gj__V1__Written *written = gj__v1__written__unpack(NULL, answer->body_len, answer->body);
    if (written == NULL)
        die("answer", "is not what every write is answered with");
    journal_answer(journal, lane->key, answer->status, written->event, written->id, written->revision, written->state);
    if (!lane->answered)
        work_done(lane, written);
    gj__v1__written__free_unpacked(written, NULL);
}

static void on_answer(void *arg, const struct guanjia_answer *answer)
{
    struct lane *lane = arg;
    switch (answer->err) {
    case GUANJIA_OK:
    case GUANJIA_EIO:
    case GUANJIA_ETIMEDOUT:
        break;
    case GUANJIA_ECLOSED:
        return;
    default:
        die("call", guanjia_err_name(answer->err));
    }
    if (!is_final(answer)) {
        journal_again(&lane->desk->journal, lane->key);
        send_write(lane);
        return;
    }
    take_outcome(lane, answer);
    if (!lane->answered && work_random(lane, 100) < 4) {
        lane->answered = true;
        journal_again(&lane->desk->journal, lane->key);
        send_write(lane);
        return;
    }
    lane_next(lane);
}

static void send_write(struct lane *lane)
{
    struct guanjia_call call = {
        .number = lane->call,
        .body = lane->body,
        .body_len = lane->body_len,
        .request_key = lane->key,
        .timeout_ms = ANSWER_MS,
        .on_answer = on_answer,
        .arg = lane,
    };
    enum guanjia_err err = guanjia_call_start(lane->client, &call, NULL);
    if (err != GUANJIA_OK)
        die("send", guanjia_err_name(err));
}

static guanjia_client *open_channel(struct desk *desk, const char *profile)
{
    struct guanjia_options options = {
        .loop = desk->loop,
        .program = "crash_load",
        .backoff_min_ms = 20,
        .backoff_max_ms = 100,
    };
    struct guanjia_fault fault;
    guanjia_client *client = NULL;
    if (guanjia_client_open(profile, &options, &client, &fault) != GUANJIA_OK)
        die(profile, fault.text);
    enum guanjia_err err = guanjia_client_start(client);
    if (err != GUANJIA_OK)
        die(profile, guanjia_err_name(err));
    return client;
}

void desk_open(struct desk *desk, uv_loop_t *loop, const char *const *profiles, unsigned channels, unsigned lanes,
    uint64_t office, uint64_t seed, const char *journal)
{
    if (channels == 0 || channels > DESK_CHANNELS_MAX || lanes == 0 || lanes > DESK_LANES_MAX)
        die("arguments", "too many channels or lanes, or none");
    memset(desk, 0, sizeof(*desk));
    desk->loop = loop;
    desk->channels = channels;
    desk->lanes_per_channel = lanes;
    desk->office = office;
    journal_open(&desk->journal, journal);
    for (unsigned i = 0; i < channels; i++)
        desk->clients[i] = open_channel(desk, profiles[i]);
    desk->working = channels * lanes;
    for (unsigned i = 0; i < channels * lanes; i++) {
        struct lane *lane = &desk->lanes[i];
        lane->desk = desk;
        lane->channel = i / lanes;
        lane->number = i % lanes;
        lane->client = desk->clients[lane->channel];
        lane->random = seed * UINT64_C(0x9e3779b97f4a7c15) + i + 1;
        lane_next(lane);
    }
}

void desk_stop(struct desk *desk)
{
    desk->stopping = true;
}

void desk_close(struct desk *desk)
{
    for (unsigned i = 0; i < desk->channels; i++)
        guanjia_client_close(desk->clients[i], NULL, NULL);
    uv_run(desk->loop, UV_RUN_DEFAULT);
    for (unsigned i = 0; i < desk->channels * desk->lanes_per_channel; i++)
        free(desk->lanes[i].body);
    printf("sent %" PRIu64 ", sent again %" PRIu64 ", answers %" PRIu64 "\n", desk->journal.sent, desk->journal.again,
        desk->journal.answered);
    journal_close(&desk->journal);
}
