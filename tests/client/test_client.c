/* client/lib/client.c, request.c, session.c, subscription.c, heartbeat.c against a server in the same loop. */
#include "client/fake_server.h"
#include "proto/session.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define READ_CALL GJ__V1__CALL__RECORD_LIST
#define WRITE_CALL GJ__V1__CALL__RECORD_ACT

struct world {
    uv_loop_t loop;
    struct fake_server server;
    char dir[64];
    struct guanjia_profile profile;
    guanjia_client *client;
    struct guanjia_options options;

    /* script of the server */
    unsigned busy_first; /* so many requests are answered BUSY */
    unsigned swallow;    /* so many are not answered, and the connection is cut */
    bool silent;
    bool session_dead; /* resume is refused */
    bool resume_waits; /* resume is answered by the test itself: */
    struct fake_peer *resuming;
    uint64_t resume_id;
    uint64_t applied; /* writes that took effect */
    uint8_t keys[64][16];
    unsigned key_count;
    uint64_t subscribe_after; /* what the last subscription asked for */
    bool subscribe_from_now;
    unsigned subscribes;
    unsigned resumes;

    /* what the program heard */
    unsigned answers;
    struct guanjia_answer last;
    char code[64];
    enum guanjia_state state;
    enum guanjia_err why;
    unsigned closed;
    uint64_t events[64];
    unsigned event_count;
    unsigned gaps;
    unsigned epochs;
    unsigned ended;
    uint64_t reached;
};

static void send_session(struct fake_peer *peer, uint64_t id)
{
    uint8_t packed[256];
    uint8_t token[32];
    Gj__V1__Session session = GJ__V1__SESSION__INIT;
    memset(token, 9, sizeof token);
    session.token.data = token;
    session.token.len = sizeof token;
    session.user = 77;
    session.name = (char *)(uintptr_t) "王芳";
    session.expires_at = 1;
    fake_reply(peer, id, GUANJIA_S_OK, packed, gj__v1__session__pack(&session, packed));
}

static bool seen_before(struct world *world, const Gj__V1__Request *request)
{
    for (unsigned n = 0; n < world->key_count; n++) {
        if (memcmp(world->keys[n], request->request_key.data, 16) == 0) {
            return true;
        }
    }
    memcpy(world->keys[world->key_count++], request->request_key.data, 16);
    return false;
}

static void on_subscribe(struct world *world, struct fake_peer *peer, const Gj__V1__Request *request)
{
    uint8_t packed[64];
    Gj__V1__Subscription said = GJ__V1__SUBSCRIPTION__INIT;
    Gj__V1__SubscribeRequest *asked = gj__v1__subscribe_request__unpack(NULL, request->body.len, request->body.data);
    world->subscribe_after = asked->after;
    world->subscribe_from_now = asked->from_now;
    gj__v1__subscribe_request__free_unpacked(asked, NULL);
    said.id = 100 + ++world->subscribes;
    said.event = 50;
    said.epoch = 1;
    fake_reply(peer, request->id, GUANJIA_S_OK, packed, gj__v1__subscription__pack(&said, packed));
}

static void on_request(void *arg, struct fake_peer *peer, const Gj__V1__Request *request)
{
    struct world *world = arg;
    if (request->call == GJ__V1__CALL__SESSION_RESUME) {
        world->resumes++;
        if (world->resume_waits) {
            world->resuming = peer;
            world->resume_id = request->id;
        } else if (world->session_dead) {
            fake_refuse(peer, request->id, GUANJIA_S_UNAUTHENTICATED, "session.ended", "", 0);
        } else {
            send_session(peer, request->id);
        }
        return;
    }
    if (request->call == GJ__V1__CALL__SESSION_LOGIN) {
        send_session(peer, request->id);
        return;
    }
    if (request->call == GJ__V1__CALL__SESSION_SUBSCRIBE) {
        on_subscribe(world, peer, request);
        return;
    }
    if (request->call == WRITE_CALL) {
        assert_int_equal(request->request_key.len, 16);
        world->applied += !seen_before(world, request);
    } else {
        assert_int_equal(request->request_key.len, 0);
    }
    if (world->silent) {
        return;
    }
    if (world->busy_first > 0) {
        world->busy_first--;
        fake_refuse(peer, request->id, GUANJIA_S_BUSY, "", "", 20);
        return;
    }
    if (world->swallow > 0) {
        world->swallow--;
        fake_server_cut(&world->server);
        return;
    }
    fake_written(peer, request->id, 1);
}

static void on_state(void *arg, enum guanjia_state state, enum guanjia_err why, uint32_t wait_ms)
{
    struct world *world = arg;
    (void)wait_ms;
    world->state = state;
    world->why = why;
}

static void on_answer(void *arg, const struct guanjia_answer *answer)
{
    struct world *world = arg;
    world->answers++;
    world->last = *answer;
    snprintf(world->code, sizeof world->code, "%s", answer->code);
}

static void on_closed(void *arg)
{
    ((struct world *)arg)->closed++;
}

static void on_tick(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

/* Runs the loop until the condition holds; false after `ms`. */
#define RUN_UNTIL(world, condition, ms)                                                                                \
    ({                                                                                                                 \
        bool late = false;                                                                                             \
        uv_timer_t limit;                                                                                              \
        uv_timer_init(&(world)->loop, &limit);                                                                         \
        limit.data = &late;                                                                                            \
        uv_timer_start(&limit, on_tick, (ms), 0);                                                                      \
        while (!(condition) && !late) {                                                                                \
            uv_run(&(world)->loop, UV_RUN_ONCE);                                                                       \
        }                                                                                                              \
        bool held = (condition);                                                                                       \
        uv_close((uv_handle_t *)&limit, NULL);                                                                         \
        uv_run(&(world)->loop, UV_RUN_NOWAIT);                                                                         \
        held;                                                                                                          \
    })

static int setup(void **state)
{
    static struct world world;
    memset(&world, 0, sizeof world);
    uv_loop_init(&world.loop);
    world.server.on_request = on_request;
    world.server.arg = &world;
    fake_server_start(&world.server, &world.loop);
    fake_profile(&world.server, world.dir, &world.profile);
    world.options = (struct guanjia_options){
        .loop = &world.loop, .on_state = on_state, .arg = &world, .backoff_min_ms = 10, .backoff_max_ms = 50};
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    if (world->client != NULL) {
        guanjia_client_close(world->client, on_closed, world);
        assert_true(RUN_UNTIL(world, world->closed == 1, 2000));
    }
    fake_server_end(&world->server);
    assert_int_equal(uv_loop_close(&world->loop), 0);
    fake_remove(world->dir);
    return 0;
}

static void open_client(struct world *world)
{
    struct guanjia_fault fault;
    assert_int_equal(guanjia_client_open(world->dir, &world->options, &world->client, &fault), GUANJIA_OK);
    assert_int_equal(guanjia_client_start(world->client), GUANJIA_OK);
}

static void call(struct world *world, uint32_t number, uint32_t timeout_ms)
{
    const struct guanjia_call made = {.number = number,
        .body = "\x08\x01",
        .body_len = 2,
        .timeout_ms = timeout_ms,
        .on_answer = on_answer,
        .arg = world};
    assert_int_equal(guanjia_call_start(world->client, &made, NULL), GUANJIA_OK);
}

static void log_in(struct world *world)
{
    uint8_t packed[64];
    Gj__V1__LoginRequest login = GJ__V1__LOGIN_REQUEST__INIT;
    login.user = (char *)(uintptr_t) "wang";
    login.password = (char *)(uintptr_t) "password";
    const struct guanjia_call made = {.number = GJ__V1__CALL__SESSION_LOGIN,
        .body = packed,
        .body_len = gj__v1__login_request__pack(&login, packed),
        .on_answer = on_answer,
        .arg = world};
    assert_int_equal(guanjia_call_start(world->client, &made, NULL), GUANJIA_OK);
    assert_true(RUN_UNTIL(world, world->state == GUANJIA_READY, 2000));
    world->answers = 0;
}

static void test_a_call_waits_for_the_channel(void **state)
{
    struct world *world = *state;
    open_client(world);
    call(world, READ_CALL, 2000);
    assert_int_equal(world->answers, 0);
    assert_true(RUN_UNTIL(world, world->answers == 1, 3000));
    assert_int_equal(world->last.err, GUANJIA_OK);
    assert_int_equal(world->last.status, GUANJIA_S_OK);
    assert_int_equal(world->last.attempts, 1);
    assert_int_equal(world->state, GUANJIA_ONLINE);
}

static void test_a_lost_answer_is_asked_for_with_the_same_key(void **state)
{
    struct world *world = *state;
    open_client(world);
    world->swallow = 3;
    call(world, WRITE_CALL, 5000);
    assert_true(RUN_UNTIL(world, world->answers == 1, 5000));
    assert_int_equal(world->last.status, GUANJIA_S_OK);
    assert_int_equal(world->last.attempts, 4);
    assert_int_equal(world->applied, 1);
    assert_int_equal(world->key_count, 1);
    assert_memory_equal(world->last.request_key, world->keys[0], 16);
    assert_int_equal(world->server.opened, 4);
}

static void test_busy_is_tried_again_later(void **state)
{
    struct world *world = *state;
    open_client(world);
    world->busy_first = 2;
    call(world, WRITE_CALL, 5000);
    assert_true(RUN_UNTIL(world, world->answers == 1, 5000));
    assert_int_equal(world->last.status, GUANJIA_S_OK);
    assert_int_equal(world->last.attempts, 3);
    assert_int_equal(world->applied, 1);
    assert_int_equal(world->server.opened, 1);
}

static void test_busy_beyond_the_time_is_told(void **state)
{
    struct world *world = *state;
    open_client(world);
    call(world, READ_CALL, 2000);
    assert_true(RUN_UNTIL(world, world->answers == 1, 3000));
    world->busy_first = 1000;
    call(world, READ_CALL, 120);
    assert_true(RUN_UNTIL(world, world->answers == 2, 3000));
    assert_int_equal(world->last.err, GUANJIA_OK);
    assert_int_equal(world->last.status, GUANJIA_S_BUSY);
    assert_int_equal(world->last.retry_after_ms, 20);
}

static void test_silence_ends_as_a_timeout(void **state)
{
    struct world *world = *state;
    open_client(world);
    world->silent = true;
    call(world, WRITE_CALL, 150);
    assert_true(RUN_UNTIL(world, world->answers == 1, 3000));
    assert_int_equal(world->last.err, GUANJIA_ETIMEDOUT);
    assert_memory_equal(world->last.request_key, world->keys[0], 16);
}

static void test_it_comes_back_when_the_server_does(void **state)
{
    struct world *world = *state;
    open_client(world);
    assert_true(RUN_UNTIL(world, world->state == GUANJIA_ONLINE, 3000));
    fake_server_stop_listening(&world->server);
    fake_server_cut(&world->server);
    assert_true(RUN_UNTIL(world, world->state == GUANJIA_WAITING, 3000));
    call(world, WRITE_CALL, 5000);
    (void)RUN_UNTIL(world, false, 120);
    assert_int_equal(world->answers, 0);
    fake_server_listen(&world->server);
    assert_true(RUN_UNTIL(world, world->answers == 1, 4000));
    assert_int_equal(world->last.status, GUANJIA_S_OK);
    assert_int_equal(world->applied, 1);
}

static void test_a_shutdown_is_waited_out_and_a_revocation_is_final(void **state)
{
    struct world *world = *state;
    open_client(world);
    assert_true(RUN_UNTIL(world, world->state == GUANJIA_ONLINE, 3000));
    fake_server_close(&world->server, GJ_CLOSE_SHUTDOWN);
    assert_true(RUN_UNTIL(world, world->server.opened == 2 && world->state == GUANJIA_ONLINE, 3000));
    call(world, READ_CALL, 5000);
    world->silent = true;
    assert_true(RUN_UNTIL(world, world->server.requests > 0, 2000));
    fake_server_close(&world->server, GJ_CLOSE_REVOKED);
    assert_true(RUN_UNTIL(world, world->state == GUANJIA_STOPPED, 3000));
    assert_int_equal(world->why, GUANJIA_EREVOKED);
    assert_int_equal(world->answers, 1);
    assert_int_equal(world->last.err, GUANJIA_EREVOKED);
    (void)RUN_UNTIL(world, false, 100);
    assert_int_equal(world->server.accepted, 2);
}

/* A blocking program of a revoked device must come to its end. */
static void test_a_stopped_client_leaves_the_loop(void **state)
{
    struct world *world = *state;
    open_client(world);
    assert_true(RUN_UNTIL(world, world->state == GUANJIA_ONLINE, 3000));
    fake_server_close(&world->server, GJ_CLOSE_REVOKED);
    fake_server_stop_listening(&world->server);
    assert_true(RUN_UNTIL(world, world->state == GUANJIA_STOPPED, 3000));
    assert_true(RUN_UNTIL(world, world->server.peers == NULL, 3000));
    assert_int_equal(uv_run(&world->loop, UV_RUN_NOWAIT), 0);
}

static void test_a_device_that_is_not_enrolled_hears_so(void **state)
{
    struct world *world = *state;
    world->server.refuse = GJ_CLOSE_NOT_ENROLLED;
    open_client(world);
    call(world, READ_CALL, 2000);
    assert_true(RUN_UNTIL(world, world->answers == 1, 3000));
    assert_int_equal(world->last.err, GUANJIA_ENOTENROLLED);
    assert_int_equal(world->state, GUANJIA_STOPPED);
}

static void test_a_server_without_the_pinned_key_gets_nothing(void **state)
{
    struct world *world = *state;
    world->profile.server_key[0] ^= 1;
    assert_int_equal(guanjia_profile_save(&world->profile, NULL), GUANJIA_OK);
    open_client(world);
    call(world, READ_CALL, 300);
    assert_true(RUN_UNTIL(world, world->answers == 1, 3000));
    assert_int_equal(world->last.err, GUANJIA_EIO);
    assert_int_equal(world->last.attempts, 0);
    assert_int_equal(world->server.opened, 0);
    assert_int_equal(world->server.requests, 0);
    assert_true(world->server.accepted > 1);
}

static void test_the_successor_key_is_tried(void **state)
{
    struct world *world = *state;
    memcpy(world->profile.successor_key, world->profile.server_key, 32);
    world->profile.server_key[0] ^= 1;
    assert_int_equal(guanjia_profile_save(&world->profile, NULL), GUANJIA_OK);
    open_client(world);
    call(world, READ_CALL, 3000);
    assert_true(RUN_UNTIL(world, world->answers == 1, 3000));
    assert_int_equal(world->last.status, GUANJIA_S_OK);
}

static void test_another_company_is_refused(void **state)
{
    struct world *world = *state;
    world->profile.cluster_id[0] ^= 1;
    assert_int_equal(guanjia_profile_save(&world->profile, NULL), GUANJIA_OK);
    open_client(world);
    call(world, READ_CALL, 3000);
    assert_true(RUN_UNTIL(world, world->answers == 1, 3000));
    assert_int_equal(world->last.err, GUANJIA_ECLUSTER);
    assert_int_equal(world->state, GUANJIA_STOPPED);
}

static void test_a_session_is_kept_and_resumed(void **state)
{
    struct world *world = *state;
    char name[64];
    open_client(world);
    log_in(world);
    assert_int_equal(guanjia_profile_user(world->dir, name, sizeof name), 77);
    assert_string_equal(name, "王芳");
    fake_server_cut(&world->server);
    assert_true(RUN_UNTIL(world, world->server.opened == 2 && world->state == GUANJIA_READY, 3000));
    assert_int_equal(world->resumes, 1);
    /* A second program of the same profile begins where the first is. */
    guanjia_client_close(world->client, on_closed, world);
    assert_true(RUN_UNTIL(world, world->closed == 1, 2000));
    world->closed = 0;
    open_client(world);
    call(world, READ_CALL, 2000);
    assert_true(RUN_UNTIL(world, world->answers == 1, 3000));
    assert_int_equal(world->resumes, 2);
    assert_int_equal(world->state, GUANJIA_READY);
}

/* Its time to be tried again comes and goes before the session is back: nothing may spin meanwhile. */
static void test_a_busy_write_waits_for_the_session(void **state)
{
    struct world *world = *state;
    open_client(world);
    log_in(world);
    unsigned before = world->answers;
    world->busy_first = 1;
    world->resume_waits = true;
    call(world, WRITE_CALL, 5000);
    assert_true(RUN_UNTIL(world, world->busy_first == 0, 3000));
    (void)RUN_UNTIL(world, false, 10);
    fake_server_cut(&world->server);
    assert_true(RUN_UNTIL(world, world->resuming != NULL, 3000));
    (void)RUN_UNTIL(world, false, 600);
    assert_int_equal(world->answers, before);
    send_session(world->resuming, world->resume_id);
    assert_true(RUN_UNTIL(world, world->answers == before + 1, 3000));
    assert_int_equal(world->last.status, GUANJIA_S_OK);
    assert_int_equal(world->applied, 1);
}

static void test_a_dead_session_means_log_in(void **state)
{
    struct world *world = *state;
    open_client(world);
    log_in(world);
    world->session_dead = true;
    fake_server_cut(&world->server);
    assert_true(RUN_UNTIL(world, world->server.opened == 2 && world->state == GUANJIA_ONLINE, 3000));
    assert_int_equal(guanjia_client_user(world->client), 0);
    assert_int_equal(guanjia_profile_user(world->dir, NULL, 0), 0);
}

static void test_an_unanswered_heartbeat_ends_the_channel(void **state)
{
    struct world *world = *state;
    world->options.heartbeat_ms = 30;
    open_client(world);
    assert_true(RUN_UNTIL(world, world->state == GUANJIA_ONLINE, 3000));
    assert_true(RUN_UNTIL(world, world->server.opened == 2, 3000));
    assert_true(world->server.heartbeats >= 2);
    assert_int_equal(world->server.closes, 1);
}

static void test_a_heartbeat_is_answered(void **state)
{
    struct world *world = *state;
    open_client(world);
    assert_true(RUN_UNTIL(world, world->state == GUANJIA_ONLINE, 3000));
    fake_heartbeat(&world->server, 0);
    assert_true(RUN_UNTIL(world, world->server.heartbeats == 1, 3000));
    assert_int_equal(world->server.opened, 1);
}

static void test_the_handshake_is_renewed_without_a_login(void **state)
{
    struct world *world = *state;
    world->options.renew_min_ms = 100;
    world->options.renew_max_ms = 120;
    open_client(world);
    log_in(world);
    assert_true(RUN_UNTIL(world, world->server.opened == 3, 3000));
    assert_true(world->resumes >= 1);
    call(world, WRITE_CALL, 2000);
    assert_true(RUN_UNTIL(world, world->answers == 1, 3000));
    assert_int_equal(world->last.status, GUANJIA_S_OK);
    assert_int_equal(world->applied, 1);
}

static void test_closing_ends_every_call(void **state)
{
    struct world *world = *state;
    open_client(world);
    world->silent = true;
    call(world, READ_CALL, 5000);
    call(world, WRITE_CALL, 5000);
    assert_true(RUN_UNTIL(world, world->server.requests == 2, 3000));
    guanjia_client_close(world->client, on_closed, world);
    assert_int_equal(world->answers, 2);
    assert_int_equal(world->last.err, GUANJIA_ECLOSED);
    assert_true(RUN_UNTIL(world, world->closed == 1, 2000));
    assert_true(RUN_UNTIL(world, world->server.closes == 1, 2000));
    world->client = NULL;
}

/* ---- subscriptions ----------------------------------------------------------------------------------------------- */

static void on_event(void *arg, const struct guanjia_event *event)
{
    struct world *world = arg;
    world->events[world->event_count++] = event->event;
}

static void on_reached(void *arg, uint64_t event, uint32_t epoch)
{
    (void)epoch;
    ((struct world *)arg)->reached = event;
}

static void on_resync(void *arg, enum guanjia_resync why, uint64_t event, uint32_t epoch)
{
    struct world *world = arg;
    (void)event;
    (void)epoch;
    world->gaps += why == GUANJIA_RESYNC_GAP;
    world->epochs += why == GUANJIA_RESYNC_EPOCH;
}

static void on_ended(void *arg, const char *code)
{
    struct world *world = arg;
    world->ended++;
    snprintf(world->code, sizeof world->code, "%s", code);
}

static guanjia_subscription *subscribe(struct world *world, bool from_now, uint64_t after)
{
    guanjia_subscription *sub = NULL;
    const struct guanjia_subscribe what = {.from_now = from_now,
        .after = after,
        .epoch = 1,
        .on_event = on_event,
        .on_reached = on_reached,
        .on_resync = on_resync,
        .on_ended = on_ended,
        .arg = world};
    assert_int_equal(guanjia_subscribe(world->client, &what, &sub), GUANJIA_OK);
    return sub;
}

static void test_events_come_once_across_a_cut(void **state)
{
    struct world *world = *state;
    open_client(world);
    log_in(world);
    guanjia_subscription *sub = subscribe(world, true, 0);
    assert_true(RUN_UNTIL(world, world->reached == 50, 3000));
    assert_true(world->subscribe_from_now);
    fake_push(&world->server, 101, 50, 53, 1, (const uint64_t[]){51, 53}, 2, "");
    assert_true(RUN_UNTIL(world, world->event_count == 2, 2000));
    fake_server_cut(&world->server);
    assert_true(RUN_UNTIL(world, world->subscribes == 2, 3000));
    assert_int_equal(world->subscribe_after, 53);
    assert_false(world->subscribe_from_now);
    /* The resumed range overlaps: what was given is not given again. */
    fake_push(&world->server, 102, 50, 55, 1, (const uint64_t[]){51, 53, 54}, 3, "");
    assert_true(RUN_UNTIL(world, world->reached == 55, 2000));
    assert_int_equal(world->event_count, 3);
    assert_int_equal(world->events[2], 54);
    assert_int_equal(world->gaps + world->epochs, 0);
    guanjia_unsubscribe(sub);
}

static void test_a_gap_and_another_epoch_ask_for_a_resync(void **state)
{
    struct world *world = *state;
    open_client(world);
    log_in(world);
    guanjia_subscription *sub = subscribe(world, false, 40);
    assert_true(RUN_UNTIL(world, world->subscribes == 1, 3000));
    assert_int_equal(world->subscribe_after, 40);
    fake_push(&world->server, 101, 40, 45, 1, (const uint64_t[]){45}, 1, "");
    fake_push(&world->server, 101, 46, 47, 1, (const uint64_t[]){47}, 1, "");
    assert_true(RUN_UNTIL(world, world->event_count == 2, 2000));
    assert_int_equal(world->gaps, 1);
    fake_push(&world->server, 101, 10, 12, 2, (const uint64_t[]){11}, 1, "");
    assert_true(RUN_UNTIL(world, world->event_count == 3, 2000));
    assert_int_equal(world->epochs, 1);
    assert_int_equal(world->reached, 12);
    guanjia_unsubscribe(sub);
}

static void test_a_heartbeat_moves_the_range(void **state)
{
    struct world *world = *state;
    open_client(world);
    log_in(world);
    guanjia_subscription *sub = subscribe(world, true, 0);
    assert_true(RUN_UNTIL(world, world->reached == 50, 3000));
    fake_heartbeat(&world->server, 60);
    assert_true(RUN_UNTIL(world, world->reached == 60, 2000));
    fake_push(&world->server, 101, 60, 61, 1, (const uint64_t[]){61}, 1, "");
    assert_true(RUN_UNTIL(world, world->event_count == 1, 2000));
    assert_int_equal(world->gaps, 0);
    guanjia_unsubscribe(sub);
}

static void test_a_slow_reader_goes_on_and_a_revoked_one_ends(void **state)
{
    struct world *world = *state;
    open_client(world);
    log_in(world);
    guanjia_subscription *sub = subscribe(world, true, 0);
    assert_true(RUN_UNTIL(world, world->reached == 50, 3000));
    fake_push(&world->server, 101, 50, 52, 1, NULL, 0, "slow");
    assert_true(RUN_UNTIL(world, world->subscribes == 2, 2000));
    assert_int_equal(world->subscribe_after, 52);
    assert_int_equal(world->ended, 0);
    assert_true(RUN_UNTIL(world, world->server.requests >= 3, 500));
    (void)RUN_UNTIL(world, false, 30);
    fake_push(&world->server, 102, 52, 52, 1, NULL, 0, "revoked");
    assert_true(RUN_UNTIL(world, world->ended == 1, 2000));
    assert_string_equal(world->code, "revoked");
    (void)RUN_UNTIL(world, false, 50);
    assert_int_equal(world->subscribes, 2);
    guanjia_unsubscribe(sub);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_call_waits_for_the_channel),
        CASE(test_a_lost_answer_is_asked_for_with_the_same_key),
        CASE(test_busy_is_tried_again_later),
        CASE(test_busy_beyond_the_time_is_told),
        CASE(test_silence_ends_as_a_timeout),
        CASE(test_it_comes_back_when_the_server_does),
        CASE(test_a_shutdown_is_waited_out_and_a_revocation_is_final),
        CASE(test_a_stopped_client_leaves_the_loop),
        CASE(test_a_device_that_is_not_enrolled_hears_so),
        CASE(test_a_server_without_the_pinned_key_gets_nothing),
        CASE(test_the_successor_key_is_tried),
        CASE(test_another_company_is_refused),
        CASE(test_a_session_is_kept_and_resumed),
        CASE(test_a_busy_write_waits_for_the_session),
        CASE(test_a_dead_session_means_log_in),
        CASE(test_an_unanswered_heartbeat_ends_the_channel),
        CASE(test_a_heartbeat_is_answered),
        CASE(test_the_handshake_is_renewed_without_a_login),
        CASE(test_closing_ends_every_call),
        CASE(test_events_come_once_across_a_cut),
        CASE(test_a_gap_and_another_epoch_ask_for_a_resync),
        CASE(test_a_heartbeat_moves_the_range),
        CASE(test_a_slow_reader_goes_on_and_a_revoked_one_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
