#include "client/lib/client_internal.h"

#include "common/pb.h"
#include "proto/session.pb-c.h"

#include <stdlib.h>
#include <string.h>

/* A subscription outlives channels: on each new one it is asked for again after the last number given to the program.
 */

#define SUBSCRIBE_TIMEOUT_MS 30000u

static void on_subscribed(void *arg, const struct guanjia_answer *answer);

static void end(guanjia_subscription *sub, const char *code)
{
    sub->ended = true;
    sub->server_id = 0;
    if (sub->what.on_ended != NULL) {
        sub->what.on_ended(sub->what.arg, code); /* may free sub */
    }
}

static void ask(guanjia_subscription *sub)
{
    Gj__V1__SubscribeRequest request = GJ__V1__SUBSCRIBE_REQUEST__INIT;
    guanjia_client *client = sub->client;
    if (sub->request != 0 || sub->server_id != 0 || sub->ended || !client->open || client->session.user == 0) {
        return;
    }
    request.offices = sub->offices;
    request.n_offices = sub->what.office_count;
    request.kinds = sub->kinds;
    request.n_kinds = sub->what.kind_count;
    request.assignee = sub->what.assignee;
    request.role = sub->role;
    request.from_now = !sub->known;
    request.after = sub->known ? sub->range.reached : 0;
    request.epoch = sub->known ? sub->range.epoch : 0;
    size_t len = gj__v1__subscribe_request__get_packed_size(&request);
    uint8_t *packed = malloc(len);
    if (packed == NULL) {
        end(sub, "memory");
        return;
    }
    gj__v1__subscribe_request__pack(&request, packed);
    const struct guanjia_call call = {
        .number = GJ__V1__CALL__SESSION_SUBSCRIBE,
        .body = packed,
        .body_len = len,
        .timeout_ms = SUBSCRIBE_TIMEOUT_MS,
        .on_answer = on_subscribed,
        .arg = sub,
    };
    if (guanjia_call_start(client, &call, &sub->request) != GUANJIA_OK) {
        sub->request = 0;
    }
    free(packed);
}

static void reached(guanjia_subscription *sub)
{
    if (sub->what.on_reached != NULL) {
        sub->what.on_reached(sub->what.arg, sub->range.reached, sub->range.epoch);
    }
}

static void on_subscribed(void *arg, const struct guanjia_answer *answer)
{
    guanjia_subscription *sub = arg;
    struct gj_arena arena;
    ProtobufCMessage *message = NULL;
    sub->request = 0;
    if (answer->err != GUANJIA_OK || answer->status == GUANJIA_S_UNAUTHENTICATED) {
        return; /* out of time or logged out: asked again on the next channel or session */
    }
    if (answer->status != GUANJIA_S_OK) {
        end(sub, *answer->code != '\0' ? answer->code : guanjia_status_name(answer->status));
        return;
    }
    gj_arena_init(&arena, 4096);
    if (gj_pb_unpack(&gj__v1__subscription__descriptor, &arena, answer->body, answer->body_len, &message) == GJ_OK) {
        const Gj__V1__Subscription *said = (const Gj__V1__Subscription *)message;
        sub->server_id = said->id;
        if (sub->known && sub->range.epoch == 0) {
            sub->range.epoch = said->epoch; /* the program asked for all there is, of whatever history */
        }
        if (!sub->known) {
            sub->known = true;
            sub->range.epoch = said->epoch;
            sub->range.reached = said->event;
            gj_arena_fini(&arena);
            reached(sub);
            return;
        }
    }
    gj_arena_fini(&arena);
}

void subscription_all(guanjia_client *client)
{
    for (guanjia_subscription *sub = client->subs; sub != NULL; sub = sub->next) {
        ask(sub);
    }
}

void subscription_on_cut(guanjia_client *client)
{
    for (guanjia_subscription *sub = client->subs; sub != NULL; sub = sub->next) {
        sub->server_id = 0;
        if (sub->request != 0) {
            /* Its numbers may be behind by the time it would be repeated. */
            guanjia_call_cancel(client, sub->request);
            sub->request = 0;
        }
    }
}

/* Whether sub is still one of the client's: a callback may have ended it. */
static bool lives(const guanjia_client *client, const guanjia_subscription *sub)
{
    const guanjia_subscription *at = client->subs;
    while (at != NULL && at != sub) {
        at = at->next;
    }
    return at != NULL;
}

static void tell_event(guanjia_subscription *sub, const Gj__V1__Event *wire)
{
    const struct guanjia_event event = {
        .event = wire->event,
        .at = wire->at,
        .type = wire->type,
        .office = wire->office,
        .kind = wire->kind,
        .id = wire->id,
        .revision = wire->revision,
        .act = wire->act,
        .from_state = wire->from_state,
        .to_state = wire->to_state,
        .actor = wire->actor,
        .assignee = wire->assignee,
        .number = wire->number,
        .priority = wire->priority,
        .due_at = wire->due_at,
    };
    sub->what.on_event(sub->what.arg, &event);
}

/* False when a callback has ended the subscription. */
static bool take_range(guanjia_client *client, guanjia_subscription *sub, const Gj__V1__Push *push)
{
    uint64_t skip_to = 0;
    enum range_verdict verdict = range_take(&sub->range, push->epoch, push->from, push->to, &skip_to);
    if (verdict == RANGE_BAD || verdict == RANGE_OLD) {
        return true;
    }
    if (verdict != RANGE_JOINS && sub->what.on_resync != NULL) {
        enum guanjia_resync why = verdict == RANGE_GAP ? GUANJIA_RESYNC_GAP : GUANJIA_RESYNC_EPOCH;
        sub->what.on_resync(sub->what.arg, why, push->from, push->epoch);
        if (!lives(client, sub)) {
            return false;
        }
    }
    for (size_t n = 0; n < push->n_events; n++) {
        if (push->events[n]->event > skip_to) {
            tell_event(sub, push->events[n]);
            if (!lives(client, sub)) {
                return false;
            }
        }
    }
    reached(sub);
    return lives(client, sub);
}

static void on_ended_by_server(guanjia_subscription *sub, const char *code)
{
    sub->server_id = 0;
    if (strcmp(code, "slow") == 0 || strcmp(code, "gap") == 0) {
        ask(sub); /* nothing is lost: it goes on after the last number */
    } else {
        end(sub, code);
    }
}

void subscription_on_push(guanjia_client *client, const Gj__V1__Push *push)
{
    guanjia_subscription *sub = client->subs;
    while (sub != NULL && (sub->server_id != push->subscription || sub->server_id == 0)) {
        sub = sub->next;
    }
    if (sub == NULL) {
        return; /* ended by us while this was on its way */
    }
    if (!take_range(client, sub, push)) {
        return;
    }
    if (*push->ended != '\0') {
        if (strcmp(push->ended, "gap") == 0 && sub->range.epoch == push->epoch && sub->range.reached > push->to) {
            /* The history is shorter than what we have seen. */
            sub->range.reached = push->to;
        }
        on_ended_by_server(sub, push->ended);
    }
}

void subscription_on_reached(guanjia_client *client, uint64_t event)
{
    guanjia_subscription *sub = client->subs;
    while (sub != NULL) {
        guanjia_subscription *next = sub->next;
        if (sub->server_id != 0 && sub->known && event > sub->range.reached) {
            range_reach(&sub->range, event);
            reached(sub);
            if (next != NULL && !lives(client, next)) {
                return;
            }
        }
        sub = next;
    }
}

void subscription_orphan(guanjia_client *client)
{
    for (guanjia_subscription *sub = client->subs; sub != NULL; sub = sub->next) {
        sub->client = NULL;
    }
    client->subs = NULL;
}

static void free_subscription(guanjia_subscription *sub)
{
    free(sub->offices);
    free(sub->kinds);
    free(sub->role);
    free(sub);
}

static bool copy_filters(guanjia_subscription *sub, const struct guanjia_subscribe *what)
{
    sub->offices = calloc(what->office_count + 1, sizeof *sub->offices);
    sub->kinds = calloc(what->kind_count + 1, sizeof *sub->kinds);
    sub->role = strdup(what->role != NULL ? what->role : "");
    if (sub->offices == NULL || sub->kinds == NULL || sub->role == NULL) {
        return false;
    }
    for (size_t n = 0; n < what->office_count; n++) {
        sub->offices[n] = what->offices[n];
    }
    for (size_t n = 0; n < what->kind_count; n++) {
        sub->kinds[n] = what->kinds[n];
    }
    return true;
}

enum guanjia_err guanjia_subscribe(
    guanjia_client *client, const struct guanjia_subscribe *subscribe, guanjia_subscription **out)
{
    if (client->state == GUANJIA_CLOSING) {
        return GUANJIA_ECLOSED;
    }
    if (subscribe->on_event == NULL) {
        return GUANJIA_EINVAL;
    }
    guanjia_subscription *sub = calloc(1, sizeof *sub);
    if (sub == NULL || !copy_filters(sub, subscribe)) {
        if (sub != NULL) {
            free_subscription(sub);
        }
        return GUANJIA_ENOMEM;
    }
    sub->client = client;
    sub->what = *subscribe;
    sub->known = !subscribe->from_now;
    sub->range.reached = subscribe->after;
    sub->range.epoch = subscribe->epoch;
    sub->next = client->subs;
    client->subs = sub;
    *out = sub;
    if (!client->resuming) {
        ask(sub);
    }
    return GUANJIA_OK;
}

void guanjia_unsubscribe(guanjia_subscription *sub)
{
    uint8_t packed[16];
    Gj__V1__UnsubscribeRequest request = GJ__V1__UNSUBSCRIBE_REQUEST__INIT;
    guanjia_client *client = sub->client;
    if (client != NULL) {
        guanjia_subscription **at = &client->subs;
        while (*at != sub) {
            at = &(*at)->next;
        }
        *at = sub->next;
        if (sub->request != 0) {
            guanjia_call_cancel(client, sub->request);
        }
        if (sub->server_id != 0 && client->open) {
            request.id = sub->server_id;
            const struct guanjia_call call = {
                .number = GJ__V1__CALL__SESSION_UNSUBSCRIBE,
                .body = packed,
                .body_len = gj__v1__unsubscribe_request__pack(&request, packed),
                .timeout_ms = SUBSCRIBE_TIMEOUT_MS,
            };
            (void)guanjia_call_start(client, &call, NULL); /* at worst the server goes on pushing to nobody */
        }
    }
    free_subscription(sub);
}
