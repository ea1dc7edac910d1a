#include "client/lib/client_internal.h"

#include "client/lib/backoff.h"
#include "client/lib/path.h"
#include "common/envelope.h"
#include "common/keyfile.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sodium.h>

#define NEVER UINT64_MAX

/* One message unpacked: a frame's worth of bytes blown up into small objects. */
#define MESSAGE_ARENA_MAX GJ_REQUEST_ARENA_MAX

static void dial(guanjia_client *client);

void client_set_state(guanjia_client *client, enum guanjia_state state, enum guanjia_err why, uint32_t wait_ms)
{
    client->why = why;
    if (client->state == state) {
        return;
    }
    assert(client->state != GUANJIA_CLOSING); /* closing is the last state there is */
    client->state = state;
    if (client->opt.on_state != NULL) {
        client->opt.on_state(client->opt.arg, state, why, wait_ms);
    }
}

bool client_send(guanjia_client *client, const Gj__V1__Envelope *envelope)
{
    client->beat_at = uv_now(client->loop) + client->opt.heartbeat_ms;
    return client->link != NULL && link_send(client->link, envelope);
}

/* ---- after a cut ------------------------------------------------------------------------------------------------ */

/* Nothing of the lost channel holds any more; what was sent on it waits for the next. */
static void forget_link(guanjia_client *client)
{
    client->link = NULL;
    client->open = false;
    client->resuming = false;
    client->renewing = false;
    request_on_cut(client);
    subscription_on_cut(client);
}

static void stop(guanjia_client *client, enum guanjia_err why)
{
    client_set_state(client, GUANJIA_STOPPED, why, 0);
    if (client->state == GUANJIA_STOPPED) {
        request_end_all(client, why);
        client_wake(client); /* nothing is left to do: a loop with nothing else on it ends */
    }
}

static void wait_and_dial(guanjia_client *client, enum guanjia_err why, bool at_once)
{
    uint32_t pause = 0;
    if (!at_once) {
        client->failures++;
        pause = backoff_ms(client->failures, client->opt.backoff_min_ms, client->opt.backoff_max_ms, backoff_random());
    }
    client->dial_at = uv_now(client->loop) + pause;
    client_set_state(client, GUANJIA_WAITING, why, pause);
    client_wake(client);
}

void client_hang_up(guanjia_client *client, enum guanjia_err why, bool at_once)
{
    if (client->link != NULL) {
        link_close(client->link, GJ_CLOSE_DONE);
    }
    forget_link(client);
    wait_and_dial(client, why, at_once);
}

static enum guanjia_err why_of(enum guanjia_err err, bool told, uint16_t reason)
{
    if (!told) {
        return err;
    }
    switch (reason) {
    case GJ_CLOSE_NOT_ENROLLED:
        return GUANJIA_ENOTENROLLED;
    case GJ_CLOSE_REVOKED:
        return GUANJIA_EREVOKED;
    case GJ_CLOSE_INVITATION:
        return GUANJIA_EINVITATION;
    default:
        return err;
    }
}

/* Failures that another attempt would only repeat. */
static bool hopeless(enum guanjia_err why)
{
    return why == GUANJIA_ENOTENROLLED || why == GUANJIA_EREVOKED || why == GUANJIA_EINVITATION ||
           why == GUANJIA_ECLUSTER || why == GUANJIA_EVERSION;
}

static void on_end(void *arg, enum guanjia_err err, bool told, uint16_t reason, bool opened)
{
    guanjia_client *client = arg;
    enum guanjia_err why = why_of(err, told, reason);
    forget_link(client);
    if (client->state == GUANJIA_CLOSING) {
        return;
    }
    if (!opened) {
        /* The handshake failed: perhaps the server has changed to the key it announced. */
        static const uint8_t none[GJ_NOISE_KEY_SIZE];
        client->successor = !client->successor && memcmp(client->profile.successor_key, none, sizeof none) != 0;
    }
    if (hopeless(why) || client->opt.once) {
        stop(client, why);
    } else {
        wait_and_dial(client, why, told && reason == GJ_CLOSE_AGE);
    }
}

/* ---- an open channel -------------------------------------------------------------------------------------------- */

void client_session_known(guanjia_client *client)
{
    client->resuming = false;
    client_set_state(client, client->session.user != 0 ? GUANJIA_READY : GUANJIA_ONLINE, GUANJIA_OK, 0);
    request_send_held(client);
    if (client->open && client->session.user != 0) {
        subscription_all(client);
    }
    client_wake(client);
}

static void on_open(void *arg)
{
    guanjia_client *client = arg;
    uint64_t now = uv_now(client->loop);
    client->open = true;
    client->failures = 0;
    client->renew_at = now + backoff_between(client->opt.renew_min_ms, client->opt.renew_max_ms, backoff_random());
    heartbeat_start(client);
    session_begin(client);
}

static void on_gone(void *arg);

static void on_body(void *arg, const uint8_t *body, size_t len)
{
    guanjia_client *client = arg;
    Gj__V1__Envelope *envelope = NULL;
    client->heard_at = uv_now(client->loop);
    gj_arena_reset(&client->arena);
    if (gj_envelope_decode(&client->arena, body, len, &envelope) != GJ_OK) {
        return; /* a kind of message that this version does not know */
    }
    switch (envelope->body_case) {
    case GJ__V1__ENVELOPE__BODY_REPLY:
        request_on_reply(client, envelope->reply);
        break;
    case GJ__V1__ENVELOPE__BODY_PUSH:
        subscription_on_push(client, envelope->push);
        break;
    case GJ__V1__ENVELOPE__BODY_HEARTBEAT:
        heartbeat_on(client, envelope->heartbeat);
        break;
    default:
        break;
    }
}

static void dial(guanjia_client *client)
{
    const struct link_owner owner = {on_open, on_body, on_end, on_gone, client};
    struct gj_channel_client self = {.pattern = GJ_NOISE_XK, .own = &client->key, .name = client->program};
    memcpy(self.cluster_id, client->profile.cluster_id, sizeof self.cluster_id);
    memcpy(self.server_key, client->successor ? client->profile.successor_key : client->profile.server_key,
        sizeof self.server_key);
    client_set_state(client, GUANJIA_CONNECTING, GUANJIA_OK, 0);
    if (client->state != GUANJIA_CONNECTING) {
        return; /* closed by the program when it heard of it */
    }
    client->give_up_at = uv_now(client->loop) + client->opt.connect_ms;
    enum guanjia_err err = link_dial(client->loop, client->profile.address, &self, &owner, &client->link);
    if (err == GUANJIA_OK) {
        client->closing++;
        client_wake(client);
    } else if (err == GUANJIA_EINVAL || client->opt.once) {
        stop(client, err);
    } else {
        wait_and_dial(client, err, false);
    }
}

/* ---- the timer -------------------------------------------------------------------------------------------------- */

static void on_timer(uv_timer_t *timer)
{
    guanjia_client *client = timer->data;
    uint64_t now = uv_now(client->loop);
    request_expire(client, now);
    if (client->state == GUANJIA_WAITING && client->dial_at <= now) {
        dial(client);
    } else if (client->state == GUANJIA_CONNECTING && !client->open && client->give_up_at <= now) {
        client_hang_up(client, GUANJIA_ETIMEDOUT, false);
    } else if (client->open && !heartbeat_tick(client, now)) {
        client_hang_up(client, GUANJIA_ETIMEDOUT, false);
    } else if (client->open && client->renew_at <= now) {
        client->renewing = true;
    }
    if (client->renewing && !request_any_sent(client)) {
        client_hang_up(client, GUANJIA_OK, true);
    }
    request_send_held(client);
    client_wake(client);
}

static uint64_t earliest(const guanjia_client *client)
{
    uint64_t next = request_next_at(client);
    uint64_t own = NEVER;
    if (client->state == GUANJIA_WAITING) {
        own = client->dial_at;
    } else if (client->open) {
        own = client->beat_at < client->renew_at || client->renewing ? client->beat_at : client->renew_at;
    } else if (client->state == GUANJIA_CONNECTING) {
        own = client->give_up_at;
    }
    return own < next ? own : next;
}

void client_wake(guanjia_client *client)
{
    if (client->state == GUANJIA_CLOSING) {
        return;
    }
    uint64_t now = uv_now(client->loop);
    uint64_t at = earliest(client);
    if (at == NEVER) {
        uv_timer_stop(&client->timer);
    } else {
        uv_timer_start(&client->timer, on_timer, at > now ? at - now : 0, 0);
    }
}

/* ---- life ------------------------------------------------------------------------------------------------------- */

static void defaults(struct guanjia_options *opt)
{
    static const struct {
        size_t at;
        uint32_t initial;
    } table[] = {
        {offsetof(struct guanjia_options, connect_ms), 10000},
        {offsetof(struct guanjia_options, heartbeat_ms), 30000},
        {offsetof(struct guanjia_options, backoff_min_ms), 500},
        {offsetof(struct guanjia_options, backoff_max_ms), 60000},
        {offsetof(struct guanjia_options, renew_min_ms), 20u * 3600 * 1000},
        {offsetof(struct guanjia_options, renew_max_ms), 28u * 3600 * 1000},
    };
    for (size_t n = 0; n < sizeof table / sizeof table[0]; n++) {
        uint32_t *value = (uint32_t *)(void *)((char *)opt + table[n].at);
        *value = *value != 0 ? *value : table[n].initial;
    }
}

enum guanjia_err guanjia_client_open_with(const struct guanjia_profile *profile, const uint8_t key[32],
    const struct guanjia_options *options, guanjia_client **out, struct guanjia_fault *fault)
{
    guanjia_client *client = calloc(1, sizeof *client);
    (void)fault;
    if (client == NULL || gj_noise_start() != GJ_OK) {
        free(client);
        return GUANJIA_ENOMEM;
    }
    client->profile = *profile;
    if (options != NULL) {
        client->opt = *options;
    }
    defaults(&client->opt);
    snprintf(client->program, sizeof client->program, "%s",
        client->opt.program != NULL ? client->opt.program : "libguanjia " GJ_VERSION);
    memcpy(client->key.secret, key, sizeof client->key.secret);
    gj_noise_keypair_derive(&client->key);
    client->last = &client->first;
    gj_arena_init(&client->arena, MESSAGE_ARENA_MAX);
    client->owns_loop = client->opt.loop == NULL;
    client->loop = client->owns_loop ? &client->own_loop : client->opt.loop;
    if (client->owns_loop && uv_loop_init(&client->own_loop) != 0) {
        sodium_memzero(client, sizeof *client);
        free(client);
        return GUANJIA_ESYS;
    }
    uv_timer_init(client->loop, &client->timer);
    client->timer.data = client;
    *out = client;
    return GUANJIA_OK;
}

enum guanjia_err guanjia_client_open(
    const char *dir, const struct guanjia_options *options, guanjia_client **out, struct guanjia_fault *fault)
{
    struct guanjia_profile profile;
    struct gj_keypair key;
    struct gj_fault inner = {0};
    char path[1024];
    enum guanjia_err err = guanjia_profile_load(dir, &profile, fault);
    if (err == GUANJIA_OK) {
        err = path_join(dir, "device.key", path, sizeof path);
    }
    if (err != GUANJIA_OK) {
        return err;
    }
    err = (enum guanjia_err)gj_keyfile_read_pair(path, "device", &key, &inner);
    if (err != GUANJIA_OK) {
        if (fault != NULL) {
            fault->err = err;
            snprintf(fault->text, sizeof fault->text, "%s", inner.text);
        }
        return err;
    }
    err = guanjia_client_open_with(&profile, key.secret, options, out, fault);
    sodium_memzero(&key, sizeof key);
    if (err == GUANJIA_OK && !(options != NULL && options->no_session)) {
        (*out)->keeps_session = true;
        (void)session_file_read(dir, &(*out)->session); /* a missing or damaged session means: log in */
    }
    return err;
}

enum guanjia_err guanjia_client_start(guanjia_client *client)
{
    if (client->state == GUANJIA_CLOSING) {
        return GUANJIA_ECLOSED;
    }
    if (client->state == GUANJIA_IDLE || client->state == GUANJIA_STOPPED) {
        client->failures = 0;
        client->dial_at = 0;
        uv_update_time(client->loop);
        client_set_state(client, GUANJIA_WAITING, GUANJIA_OK, 0);
        client_wake(client);
    }
    return GUANJIA_OK;
}

static void free_client(guanjia_client *client)
{
    void (*on_closed)(void *) = client->on_closed;
    void *arg = client->on_closed_arg;
    gj_arena_fini(&client->arena);
    free(client->waited);
    sodium_memzero(client, sizeof *client);
    free(client);
    if (on_closed != NULL) {
        on_closed(arg);
    }
}

/* A handle of ours has closed: the timer, or a link with all it had open. */
static void on_gone(void *arg)
{
    guanjia_client *client = arg;
    assert(client->closing > 0); /* each handle is counted once */
    client->closing--;
    if (client->state == GUANJIA_CLOSING && client->closing == 0 && !client->owns_loop) {
        free_client(client);
    }
}

static void on_timer_closed(uv_handle_t *handle)
{
    on_gone(handle->data);
}

void guanjia_client_close(guanjia_client *client, void (*on_closed)(void *arg), void *arg)
{
    if (client == NULL || client->state == GUANJIA_CLOSING) {
        return;
    }
    client->on_closed = on_closed;
    client->on_closed_arg = arg;
    client_set_state(client, GUANJIA_CLOSING, GUANJIA_OK, 0);
    if (client->link != NULL) {
        link_close(client->link, GJ_CLOSE_DONE);
    }
    forget_link(client);
    subscription_orphan(client);
    request_end_all(client, GUANJIA_ECLOSED);
    client->closing++;
    uv_close((uv_handle_t *)&client->timer, on_timer_closed);
    if (client->owns_loop) {
        uv_run(&client->own_loop, UV_RUN_DEFAULT);
        uv_loop_close(&client->own_loop);
        free_client(client);
    }
}

enum guanjia_state guanjia_client_state(const guanjia_client *client)
{
    return client->state;
}

const struct guanjia_profile *guanjia_client_profile(const guanjia_client *client)
{
    return &client->profile;
}

uint64_t guanjia_client_user(const guanjia_client *client)
{
    return client->session.user;
}
