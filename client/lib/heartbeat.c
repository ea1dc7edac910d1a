#include "client/lib/client_internal.h"

/* Either side sends a heartbeat after a silence; two of ours that stay unanswered mean that the other end is gone,
 * however alive the socket looks. */

#define UNANSWERED_MAX 2

void heartbeat_start(guanjia_client *client)
{
    uint64_t now = uv_now(client->loop);
    client->heard_at = now;
    client->beat_at = now + client->opt.heartbeat_ms;
    client->beats_unanswered = 0;
}

static bool say(guanjia_client *client, uint64_t nonce, bool answer)
{
    Gj__V1__Heartbeat beat = GJ__V1__HEARTBEAT__INIT;
    Gj__V1__Envelope envelope = GJ__V1__ENVELOPE__INIT;
    beat.nonce = nonce;
    beat.answer = answer;
    envelope.body_case = GJ__V1__ENVELOPE__BODY_HEARTBEAT;
    envelope.heartbeat = &beat;
    return client_send(client, &envelope);
}

bool heartbeat_tick(guanjia_client *client, uint64_t now)
{
    if (now < client->beat_at) {
        return true;
    }
    if (now - client->heard_at < client->opt.heartbeat_ms) {
        /* The server spoke meanwhile: that proves as much as an answer would. */
        client->beats_unanswered = 0;
        client->beat_at = client->heard_at + client->opt.heartbeat_ms;
        return true;
    }
    if (client->beats_unanswered >= UNANSWERED_MAX) {
        return false;
    }
    client->beats_unanswered++;
    (void)say(client, ++client->beat_nonce, false); /* a failing link ends by itself */
    client->beat_at = now + client->opt.heartbeat_ms;
    return true;
}

void heartbeat_on(guanjia_client *client, const Gj__V1__Heartbeat *beat)
{
    client->beats_unanswered = 0;
    if (!beat->answer) {
        (void)say(client, beat->nonce, true);
    }
    if (beat->event != 0) {
        subscription_on_reached(client, beat->event);
    }
}
