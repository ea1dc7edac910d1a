#include "bench/pool.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/envelope.pb-c.h"
#include "proto/session.pb-c.h"

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench: %s: %s\n", what, why);
    exit(1);
}

int64_t gj_pool_now_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t gj_pool_wall_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static guanjia_client *new_client(struct gj_pool *pool, guanjia_state_fn *on_state)
{
    struct guanjia_fault fault;
    guanjia_client *client = NULL;
    struct guanjia_options options = {
        .loop = pool->loop, .on_state = on_state, .arg = pool, .program = "bench", .no_session = true};
    if (guanjia_client_open(pool->dir, &options, &client, &fault) != GUANJIA_OK) {
        die("client", fault.text);
    }
    guanjia_client_start(client);
    return client;
}

struct login {
    bool answered;
    uint8_t *token;
};

static void on_login(void *arg, const struct guanjia_answer *answer)
{
    struct login *login = arg;
    if (answer->err != GUANJIA_OK || answer->status != GUANJIA_S_OK) {
        die("login", answer->err != GUANJIA_OK ? guanjia_err_name(answer->err) : answer->code);
    }
    Gj__V1__Session *session = gj__v1__session__unpack(NULL, answer->body_len, answer->body);
    if (session == NULL || session->token.len != 32) {
        die("login", "no token");
    }
    memcpy(login->token, session->token.data, 32);
    gj__v1__session__free_unpacked(session, NULL);
    login->answered = true;
}

/* One channel per user to log in; the others resume, which costs no password hash. */
static void log_in(struct gj_pool *pool, size_t user, char *name, char *password)
{
    struct login login = {.token = pool->token[user]};
    guanjia_client *client = new_client(pool, NULL);
    Gj__V1__LoginRequest request = GJ__V1__LOGIN_REQUEST__INIT;
    request.user = name;
    request.password = password;
    uint8_t body[512];
    struct guanjia_call call = {.number = GJ__V1__CALL__SESSION_LOGIN,
        .body = body,
        .body_len = gj__v1__login_request__pack(&request, body),
        .on_answer = on_login,
        .arg = &login};
    guanjia_call_start(client, &call, NULL);
    while (!login.answered) {
        uv_run(pool->loop, UV_RUN_ONCE);
    }
    pool->clients[user] = client; /* it has a session and becomes the user's first channel */
}

void gj_pool_open(struct gj_pool *pool, uv_loop_t *loop, const char *dir)
{
    memset(pool, 0, sizeof *pool);
    pool->loop = loop;
    pool->dir = dir;
    pool->clients = calloc(GJ_POOL_USERS, sizeof *pool->clients);
    if (pool->clients == NULL) {
        die("clients", "no memory");
    }
    char path[600];
    snprintf(path, sizeof path, "%s/users", dir);
    FILE *file = fopen(path, "r");
    char name[65], password[257];
    for (size_t user = 0; user < GJ_POOL_USERS; user++) {
        if (file == NULL || fscanf(file, "%64s %256s", name, password) != 2) {
            die(path, "needs two lines of login and password");
        }
        log_in(pool, user, name, password);
    }
    fclose(file);
    pool->count = pool->dialled = pool->ready = GJ_POOL_USERS;
}

static void on_resumed(void *arg, const struct guanjia_answer *answer)
{
    struct gj_pool *pool = arg;
    if (answer->err != GUANJIA_OK || answer->status != GUANJIA_S_OK) {
        fprintf(stderr, "bench: resume: %s %s\n", guanjia_err_name(answer->err),
            answer->err == GUANJIA_OK ? answer->code : "");
        pool->failed++;
    } else {
        pool->ready++;
    }
}

static void dial(struct gj_pool *pool)
{
    size_t channel = pool->dialled++;
    pool->clients[channel] = new_client(pool, NULL);
    Gj__V1__ResumeRequest request = GJ__V1__RESUME_REQUEST__INIT;
    request.token.data = pool->token[channel % GJ_POOL_USERS];
    request.token.len = 32;
    uint8_t body[64];
    struct guanjia_call call = {.number = GJ__V1__CALL__SESSION_RESUME,
        .body = body,
        .body_len = gj__v1__resume_request__pack(&request, body),
        .timeout_ms = 60000,
        .on_answer = on_resumed,
        .arg = pool};
    guanjia_call_start(pool->clients[channel], &call, NULL);
}

void gj_pool_grow(struct gj_pool *pool, size_t count)
{
    if (count <= pool->count) {
        return;
    }
    guanjia_client **grown = realloc(pool->clients, count * sizeof *grown);
    if (grown == NULL) {
        die("clients", "no memory");
    }
    pool->clients = grown;
    int64_t begun = gj_pool_now_us();
    while (pool->ready + pool->failed < count) {
        while (pool->dialled < count && pool->dialled - pool->ready - pool->failed < GJ_POOL_OPENING) {
            dial(pool);
        }
        uv_run(pool->loop, UV_RUN_ONCE);
    }
    if (pool->failed > 0) {
        die("channels", "some could not be opened");
    }
    pool->count = count;
    pool->connect_seconds = (double)(gj_pool_now_us() - begun) / 1e6;
}

void gj_pool_close(struct gj_pool *pool)
{
    for (size_t i = 0; i < pool->count; i++) {
        guanjia_client_close(pool->clients[i], NULL, NULL);
    }
    uv_run(pool->loop, UV_RUN_DEFAULT);
    free(pool->clients);
    pool->clients = NULL;
}

void gj_pool_call(
    struct gj_pool *pool, size_t channel, uint32_t number, const void *message, guanjia_answer_fn *on_answer, void *arg)
{
    uint8_t body[4096];
    if (protobuf_c_message_get_packed_size(message) > sizeof body) {
        die("call", "message too long");
    }
    struct guanjia_call call = {.number = number,
        .body = body,
        .body_len = protobuf_c_message_pack(message, body),
        .on_answer = on_answer,
        .arg = arg};
    enum guanjia_err err = guanjia_call_start(pool->clients[channel], &call, NULL);
    if (err != GUANJIA_OK) {
        die("call", guanjia_err_name(err));
    }
}
