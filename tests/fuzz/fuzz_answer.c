/* Reaches what a client does with a server's messages: replies to calls it made or did not make, pushes, heartbeats.
 * Input: messages, each behind its length in two bytes. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "client/lib/client_internal.h"
#include "common/envelope.h"

static unsigned answers;
static uint64_t last_event;

static void on_answer(void *arg, const struct guanjia_answer *answer)
{
    (void)arg;
    answers++;
    require(answer->code != NULL && answer->field != NULL && answer->param_count <= 16);
}

static void on_event(void *arg, const struct guanjia_event *event)
{
    (void)arg;
    (void)event;
}

static void on_reached(void *arg, uint64_t event, uint32_t epoch)
{
    (void)arg;
    (void)epoch;
    last_event = event;
}

static void on_ended(void *arg, const char *code)
{
    (void)arg;
    require(code != NULL);
}

static void feed(guanjia_client *client, const uint8_t *bytes, size_t len)
{
    Gj__V1__Envelope *envelope = NULL;
    gj_arena_reset(&client->arena);
    if (gj_envelope_decode(&client->arena, bytes, len, &envelope) != GJ_OK) {
        return;
    }
    if (envelope->body_case == GJ__V1__ENVELOPE__BODY_REPLY) {
        request_on_reply(client, envelope->reply);
    } else if (envelope->body_case == GJ__V1__ENVELOPE__BODY_PUSH) {
        subscription_on_push(client, envelope->push);
    } else if (envelope->body_case == GJ__V1__ENVELOPE__BODY_HEARTBEAT) {
        heartbeat_on(client, envelope->heartbeat);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t calls[] = {GJ__V1__CALL__SESSION_LOGIN, GJ__V1__CALL__RECORD_ACT, GJ__V1__CALL__RECORD_LIST};
    const struct guanjia_profile profile = {.address = "127.0.0.1:1"};
    const uint8_t key[32] = {1};
    const struct guanjia_options options = {.no_session = true};
    const struct guanjia_subscribe what = {.on_event = on_event, .on_reached = on_reached, .on_ended = on_ended};
    guanjia_client *client = NULL;
    guanjia_subscription *sub = NULL;
    require(guanjia_client_open_with(&profile, key, &options, &client, NULL) == GUANJIA_OK);
    require(guanjia_subscribe(client, &what, &sub) == GUANJIA_OK);
    sub->server_id = 1;
    for (size_t n = 0; n < sizeof calls / sizeof calls[0]; n++) {
        const struct guanjia_call call = {.number = calls[n], .on_answer = on_answer};
        require(guanjia_call_start(client, &call, NULL) == GUANJIA_OK);
    }
    for (struct request *request = client->first; request != NULL; request = request->next) {
        request->state = REQUEST_SENT; /* as on an open channel */
    }
    answers = 0;
    while (size >= 2) {
        size_t len = (size_t)data[0] << 8 | data[1];
        data += 2;
        size -= 2;
        len = len < size ? len : size;
        feed(client, data, len);
        data += len;
        size -= len;
    }
    guanjia_unsubscribe(sub);
    guanjia_client_close(client, NULL, NULL);
    require(answers == 3); /* each call ends exactly once */
    return 0;
}
