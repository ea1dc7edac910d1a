#include "client/lib/client_internal.h"

#include "client/lib/backoff.h"

#include <stdlib.h>
#include <string.h>
#include <sodium.h>
#include <time.h>

#define CALL_TIMEOUT_MS 30000u
#define RETRY_MIN_MS 50u
#define PARAMS_MAX 16
/* What the envelope adds around a body: id, call, key, deadline and lengths take at most 64 bytes. */
#define BODY_MAX (GJ_BODY_MAX - 64)

static void unlink_request(guanjia_client *client, struct request *gone)
{
    struct request **at = &client->first;
    while (*at != gone) {
        at = &(*at)->next;
    }
    *at = gone->next;
    if (client->last == &gone->next) {
        client->last = at;
    }
}

/* Bodies hold passwords and personal data: nothing of them stays in freed memory. */
static void free_request(struct request *request)
{
    sodium_memzero(request->body, request->body_len);
    free(request);
}

static int64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void guanjia_key_make(uint8_t out[GUANJIA_KEY_SIZE])
{
    struct gj_request_key key;
    gj_id_request_key(&key, wall_ms());
    memcpy(out, key.bytes, sizeof key.bytes);
}

static bool goes_before_session(uint32_t call)
{
    return call == GJ__V1__CALL__SESSION_LOGIN || call == GJ__V1__CALL__SESSION_RESUME ||
           call == GJ__V1__CALL__SESSION_ENROL;
}

enum guanjia_err request_add(guanjia_client *client, const struct guanjia_call *call, uint64_t *id)
{
    if (client->state == GUANJIA_CLOSING) {
        return GUANJIA_ECLOSED;
    }
    if (call->body_len > BODY_MAX) {
        return GUANJIA_ETOOBIG;
    }
    struct request *request = calloc(1, sizeof *request + call->body_len);
    if (request == NULL) {
        return GUANJIA_ENOMEM;
    }
    request->id = ++client->next_id;
    request->call = call->number;
    request->write = call->request_key != NULL || guanjia_call_is_write(call->number);
    request->before_session = goes_before_session(call->number);
    if (call->request_key != NULL) {
        memcpy(request->key.bytes, call->request_key, sizeof request->key.bytes);
    } else if (request->write) {
        gj_id_request_key(&request->key, wall_ms());
    }
    request->deadline_at = uv_now(client->loop) + (call->timeout_ms != 0 ? call->timeout_ms : CALL_TIMEOUT_MS);
    request->on_answer = call->on_answer;
    request->arg = call->arg;
    request->body_len = call->body_len;
    if (call->body_len > 0) {
        memcpy(request->body, call->body, call->body_len);
    }
    *client->last = request;
    client->last = &request->next;
    if (id != NULL) {
        *id = request->id;
    }
    return GUANJIA_OK;
}

/* Takes the request out and tells its owner; the request is gone when the owner hears of it. */
static void answer(guanjia_client *client, struct request *request, struct guanjia_answer *said)
{
    unlink_request(client, request);
    if (request->write) {
        memcpy(said->request_key, request->key.bytes, sizeof said->request_key);
    }
    said->attempts = request->attempts;
    session_on_answer(client, request->call, said);
    if (request->on_answer != NULL) {
        request->on_answer(request->arg, said);
    }
    free_request(request);
}

static void fail(guanjia_client *client, struct request *request, enum guanjia_err err)
{
    struct guanjia_answer said = {.err = err, .code = "", .field = ""};
    answer(client, request, &said);
}

/* A link that cannot take it is given up, and the request waits for the next one. */
static void send_one(guanjia_client *client, struct request *request)
{
    uint64_t now = uv_now(client->loop);
    uint64_t left = request->deadline_at > now ? request->deadline_at - now : 1;
    Gj__V1__Request wire = GJ__V1__REQUEST__INIT;
    Gj__V1__Envelope envelope = GJ__V1__ENVELOPE__INIT;
    wire.id = request->id;
    wire.call = request->call;
    wire.deadline_ms = left > UINT32_MAX ? UINT32_MAX : (uint32_t)left;
    wire.body.data = request->body;
    wire.body.len = request->body_len;
    if (request->write) {
        wire.request_key.data = request->key.bytes;
        wire.request_key.len = sizeof request->key.bytes;
    }
    envelope.body_case = GJ__V1__ENVELOPE__BODY_REQUEST;
    envelope.request = &wire;
    request->state = client_send(client, &envelope) ? REQUEST_SENT : REQUEST_HELD;
    request->attempts++;
}

/* Whether only time can hold it back. A link that is being resumed or given up sends what waits when that is done; a
 * timer for it would fire at once, again and again. */
static bool is_open_for(const guanjia_client *client, const struct request *request)
{
    return client->open && !client->renewing && (!client->resuming || request->before_session);
}

static bool may_go(const guanjia_client *client, const struct request *request)
{
    if (!is_open_for(client, request) || request->state == REQUEST_SENT) {
        return false;
    }
    return request->state == REQUEST_HELD || request->retry_at <= uv_now(client->loop);
}

void request_send_held(guanjia_client *client)
{
    for (struct request *request = client->first; request != NULL && client->open; request = request->next) {
        if (may_go(client, request)) {
            send_one(client, request);
        }
    }
}

void request_on_cut(guanjia_client *client)
{
    for (struct request *request = client->first; request != NULL; request = request->next) {
        if (request->state == REQUEST_SENT) {
            request->state = REQUEST_HELD;
        }
    }
}

static struct request *find(guanjia_client *client, uint64_t id)
{
    struct request *request = client->first;
    while (request != NULL && request->id != id) {
        request = request->next;
    }
    return request;
}

/* The server is busy: the request stays, unless its time would be over before the next attempt. */
static bool pause_request(guanjia_client *client, struct request *request, const Gj__V1__Reply *reply)
{
    if (reply->status != GJ__V1__STATUS__BUSY && reply->status != GJ__V1__STATUS__UNAVAILABLE) {
        return false;
    }
    uint32_t asked = reply->retry_after_ms > RETRY_MIN_MS ? reply->retry_after_ms : RETRY_MIN_MS;
    uint32_t most = asked > UINT32_MAX / 2 ? UINT32_MAX : asked + asked / 4;
    uint64_t at = uv_now(client->loop) + backoff_between(asked, most, backoff_random());
    if (at >= request->deadline_at) {
        return false;
    }
    request->state = REQUEST_PAUSED;
    request->retry_at = at;
    client_wake(client);
    return true;
}

void request_on_reply(guanjia_client *client, const Gj__V1__Reply *reply)
{
    struct request *request = find(client, reply->id);
    if (request == NULL || request->state != REQUEST_SENT) {
        return; /* cancelled, or out of time, before this came */
    }
    if (pause_request(client, request, reply)) {
        return;
    }
    const char *params[PARAMS_MAX];
    struct guanjia_answer said = {.status = (int)reply->status,
        .body = reply->body.data,
        .body_len = reply->body.len,
        .code = "",
        .field = "",
        .params = params,
        .retry_after_ms = reply->retry_after_ms};
    if (reply->refusal != NULL) {
        said.code = reply->refusal->code;
        said.field = reply->refusal->field;
        for (size_t n = 0; n < reply->refusal->n_params && n < PARAMS_MAX; n++) {
            params[said.param_count++] = reply->refusal->params[n];
        }
    }
    answer(client, request, &said);
}

void request_expire(guanjia_client *client, uint64_t now)
{
    struct request *request = client->first;
    while (request != NULL) {
        if (request->deadline_at <= now) {
            /* What never went out cannot have happened, and is worth another word. */
            fail(client, request, request->attempts == 0 && !client->open ? GUANJIA_EIO : GUANJIA_ETIMEDOUT);
            request = client->first;
        } else {
            request = request->next;
        }
    }
}

void request_end_all(guanjia_client *client, enum guanjia_err err)
{
    /* An owner may make a new call when it hears of the end: only those that were there are ended. */
    uint64_t newest = client->next_id;
    struct request *request = client->first;
    while (request != NULL) {
        if (request->id <= newest) {
            fail(client, request, err);
            request = client->first;
        } else {
            request = request->next;
        }
    }
}

bool request_any_sent(const guanjia_client *client)
{
    for (const struct request *request = client->first; request != NULL; request = request->next) {
        if (request->state == REQUEST_SENT) {
            return true;
        }
    }
    return false;
}

uint64_t request_next_at(const guanjia_client *client)
{
    uint64_t next = UINT64_MAX;
    for (const struct request *request = client->first; request != NULL; request = request->next) {
        if (request->deadline_at < next) {
            next = request->deadline_at;
        }
        if (request->state == REQUEST_PAUSED && is_open_for(client, request) && request->retry_at < next) {
            next = request->retry_at;
        }
    }
    return next;
}

enum guanjia_err guanjia_call_start(guanjia_client *client, const struct guanjia_call *call, uint64_t *id)
{
    uv_update_time(client->loop);
    enum guanjia_err err = request_add(client, call, id);
    if (err != GUANJIA_OK) {
        return err;
    }
    struct request *request = find(client, client->next_id);
    if (may_go(client, request)) {
        send_one(client, request);
    }
    client_wake(client);
    return GUANJIA_OK;
}

void guanjia_call_cancel(guanjia_client *client, uint64_t id)
{
    struct request *request = find(client, id);
    if (request != NULL) {
        unlink_request(client, request);
        free_request(request);
    }
}
