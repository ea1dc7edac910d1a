#include "client/fake_server.h"

#include "common/envelope.h"
#include "common/id.h"
#include "common/keyfile.h"

#include <assert.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fake_peer {
    struct fake_peer *next;
    struct fake_server *server;
    uv_tcp_t tcp;
    struct gj_channel channel;
    struct gj_buf in;
    struct gj_buf out;
    struct gj_arena arena;
    char chunk[16384];
    bool closing;
};

static void on_closed(uv_handle_t *handle)
{
    struct fake_peer *peer = handle->data;
    struct fake_peer **at = &peer->server->peers;
    while (*at != peer) {
        at = &(*at)->next;
    }
    *at = peer->next;
    gj_channel_fini(&peer->channel);
    gj_buf_fini(&peer->in);
    gj_buf_fini(&peer->out);
    gj_arena_fini(&peer->arena);
    free(peer);
}

static void drop(struct fake_peer *peer)
{
    if (!peer->closing) {
        peer->closing = true;
        uv_close((uv_handle_t *)&peer->tcp, on_closed);
    }
}

static void on_written(uv_write_t *req, int status)
{
    (void)status;
    free(req->data);
    free(req);
}

static void flush(struct fake_peer *peer)
{
    if (peer->out.len == 0 || peer->closing) {
        return;
    }
    uv_write_t *req = malloc(sizeof *req);
    char *copy = malloc(peer->out.len);
    memcpy(copy, gj_buf_bytes(&peer->out), peer->out.len);
    uv_buf_t buf = uv_buf_init(copy, (unsigned)peer->out.len);
    gj_buf_drop(&peer->out, peer->out.len);
    req->data = copy;
    if (uv_write(req, (uv_stream_t *)&peer->tcp, &buf, 1, on_written) != 0) {
        free(copy);
        free(req);
    }
}

static void send_envelope(struct fake_peer *peer, const Gj__V1__Envelope *envelope)
{
    if (peer->closing || !gj_channel_is_open(&peer->channel)) {
        return;
    }
    enum gj_err err = gj_envelope_send(&peer->channel, envelope, &peer->out);
    assert(err == GJ_OK);
    (void)err;
    flush(peer);
}

static void on_body(struct fake_peer *peer, const uint8_t *bytes, size_t len)
{
    Gj__V1__Envelope *envelope = NULL;
    gj_arena_reset(&peer->arena);
    enum gj_err err = gj_envelope_decode(&peer->arena, bytes, len, &envelope);
    assert(err == GJ_OK);
    (void)err;
    if (envelope->body_case == GJ__V1__ENVELOPE__BODY_REQUEST) {
        peer->server->requests++;
        peer->server->on_request(peer->server->arg, peer, envelope->request);
    } else if (envelope->body_case == GJ__V1__ENVELOPE__BODY_HEARTBEAT) {
        peer->server->heartbeats++;
    }
}

static void step(struct fake_peer *peer)
{
    struct fake_server *server = peer->server;
    while (!peer->closing) {
        struct gj_channel_event event = {0};
        enum gj_err err = gj_channel_step(&peer->channel, &peer->in, &peer->out, &event);
        if (err == GJ_AGAIN) {
            break;
        }
        if (err != GJ_OK) {
            flush(peer);
            drop(peer);
            return;
        }
        switch (event.kind) {
        case GJ_CHANNEL_EVENT_NEED_PSK:
            err = gj_channel_psk(&peer->channel, server->psk, &peer->out);
            break;
        case GJ_CHANNEL_EVENT_NEED_VERDICT:
            memcpy(server->enrolled_key, peer->channel.peer_key, 32);
            err = server->refuse != 0
                      ? gj_channel_refuse(&peer->channel, (enum gj_close_reason)server->refuse, &peer->out)
                      : gj_channel_accept(&peer->channel);
            server->opened += server->refuse == 0;
            break;
        case GJ_CHANNEL_EVENT_BODY:
            on_body(peer, event.bytes, event.len);
            break;
        case GJ_CHANNEL_EVENT_CLOSED:
            server->closes++;
            drop(peer);
            return;
        default:
            break;
        }
        assert(err == GJ_OK);
    }
    flush(peer);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct fake_peer *peer = handle->data;
    *buf = uv_buf_init(peer->chunk, sizeof peer->chunk);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    struct fake_peer *peer = stream->data;
    if (count < 0) {
        drop(peer);
    } else if (count > 0) {
        enum gj_err err = gj_buf_append(&peer->in, buf->base, (size_t)count);
        assert(err == GJ_OK);
        (void)err;
        step(peer);
    }
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct fake_server *server = listener->data;
    struct fake_peer *peer = calloc(1, sizeof *peer);
    (void)status;
    peer->server = server;
    peer->next = server->peers;
    server->peers = peer;
    server->accepted++;
    gj_buf_init(&peer->in, GJ_CHANNEL_IN_MAX);
    gj_buf_init(&peer->out, 1 << 22);
    gj_arena_init(&peer->arena, 1 << 22);
    gj_channel_init_server(&peer->channel, &server->side);
    uv_tcp_init(server->loop, &peer->tcp);
    peer->tcp.data = peer;
    uv_accept(listener, (uv_stream_t *)&peer->tcp);
    uv_read_start((uv_stream_t *)&peer->tcp, on_alloc, on_read);
}

void fake_server_listen(struct fake_server *server)
{
    struct sockaddr_in address;
    uv_ip4_addr("127.0.0.1", server->port, &address);
    uv_tcp_init(server->loop, &server->listener);
    server->listener.data = server;
    int err = uv_tcp_bind(&server->listener, (const struct sockaddr *)&address, 0);
    err = err != 0 ? err : uv_listen((uv_stream_t *)&server->listener, 16, on_connection);
    assert(err == 0);
    (void)err;
    int len = sizeof address;
    uv_tcp_getsockname(&server->listener, (struct sockaddr *)&address, &len);
    server->port = ntohs(address.sin_port);
}

void fake_server_start(struct fake_server *server, uv_loop_t *loop)
{
    enum gj_err err = gj_noise_start();
    assert(err == GJ_OK);
    (void)err;
    server->loop = loop;
    gj_noise_keypair_new(&server->key);
    server->side.keys = &server->key;
    server->side.key_count = 1;
    gj_id_random(server->side.cluster_id, sizeof server->side.cluster_id);
    fake_server_listen(server);
}

static void nothing(uv_handle_t *handle)
{
    (void)handle;
}

void fake_server_stop_listening(struct fake_server *server)
{
    if (!uv_is_closing((uv_handle_t *)&server->listener)) {
        uv_close((uv_handle_t *)&server->listener, nothing);
    }
}

void fake_server_cut(struct fake_server *server)
{
    for (struct fake_peer *peer = server->peers; peer != NULL; peer = peer->next) {
        drop(peer);
    }
}

void fake_server_close(struct fake_server *server, enum gj_close_reason reason)
{
    for (struct fake_peer *peer = server->peers; peer != NULL; peer = peer->next) {
        if (!peer->closing && gj_channel_close(&peer->channel, reason, &peer->out) == GJ_OK) {
            flush(peer);
        }
    }
}

void fake_server_end(struct fake_server *server)
{
    fake_server_cut(server);
    fake_server_stop_listening(server);
    uv_run(server->loop, UV_RUN_DEFAULT);
}

static void reply(struct fake_peer *peer, Gj__V1__Reply *made)
{
    Gj__V1__Envelope envelope = GJ__V1__ENVELOPE__INIT;
    envelope.body_case = GJ__V1__ENVELOPE__BODY_REPLY;
    envelope.reply = made;
    send_envelope(peer, &envelope);
}

void fake_reply(struct fake_peer *peer, uint64_t id, int status, const void *body, size_t len)
{
    Gj__V1__Reply made = GJ__V1__REPLY__INIT;
    made.id = id;
    made.status = (Gj__V1__Status)status;
    made.body.data = (uint8_t *)(uintptr_t)body;
    made.body.len = len;
    reply(peer, &made);
}

void fake_refuse(
    struct fake_peer *peer, uint64_t id, int status, const char *code, const char *field, uint32_t retry_ms)
{
    Gj__V1__Reply made = GJ__V1__REPLY__INIT;
    Gj__V1__Refusal refusal = GJ__V1__REFUSAL__INIT;
    refusal.code = (char *)(uintptr_t)code;
    refusal.field = (char *)(uintptr_t)field;
    made.id = id;
    made.status = (Gj__V1__Status)status;
    made.refusal = &refusal;
    made.retry_after_ms = retry_ms;
    reply(peer, &made);
}

void fake_written(struct fake_peer *peer, uint64_t id, uint64_t event)
{
    uint8_t packed[64];
    Gj__V1__Written written = GJ__V1__WRITTEN__INIT;
    written.event = event;
    written.id = event;
    fake_reply(peer, id, GUANJIA_S_OK, packed, gj__v1__written__pack(&written, packed));
}

void fake_push(struct fake_server *server, uint64_t subscription, uint64_t from, uint64_t to, uint32_t epoch,
    const uint64_t *events, size_t count, const char *ended)
{
    Gj__V1__Event made[16];
    Gj__V1__Event *list[16];
    Gj__V1__Push push = GJ__V1__PUSH__INIT;
    Gj__V1__Envelope envelope = GJ__V1__ENVELOPE__INIT;
    assert(count <= 16);
    for (size_t n = 0; n < count; n++) {
        gj__v1__event__init(&made[n]);
        made[n].event = events[n];
        list[n] = &made[n];
    }
    push.subscription = subscription;
    push.from = from;
    push.to = to;
    push.epoch = epoch;
    push.events = list;
    push.n_events = count;
    push.ended = (char *)(uintptr_t)ended;
    envelope.body_case = GJ__V1__ENVELOPE__BODY_PUSH;
    envelope.push = &push;
    for (struct fake_peer *peer = server->peers; peer != NULL; peer = peer->next) {
        send_envelope(peer, &envelope);
    }
}

void fake_heartbeat(struct fake_server *server, uint64_t event)
{
    Gj__V1__Heartbeat beat = GJ__V1__HEARTBEAT__INIT;
    Gj__V1__Envelope envelope = GJ__V1__ENVELOPE__INIT;
    beat.nonce = 7;
    beat.event = event;
    envelope.body_case = GJ__V1__ENVELOPE__BODY_HEARTBEAT;
    envelope.heartbeat = &beat;
    for (struct fake_peer *peer = server->peers; peer != NULL; peer = peer->next) {
        send_envelope(peer, &envelope);
    }
}

void fake_profile(const struct fake_server *server, char *dir, struct guanjia_profile *profile)
{
    char path[128];
    struct gj_keypair key;
    struct guanjia_fault fault;
    struct gj_fault inner;
    strcpy(dir, "/tmp/gj_client_XXXXXX");
    char *made = mkdtemp(dir);
    assert(made != NULL);
    (void)made;
    memset(profile, 0, sizeof *profile);
    snprintf(profile->dir, sizeof profile->dir, "%s", dir);
    snprintf(profile->address, sizeof profile->address, "127.0.0.1:%d", server->port != 0 ? server->port : 1);
    memcpy(profile->cluster_id, server->side.cluster_id, sizeof profile->cluster_id);
    memcpy(profile->server_key, server->key.public_key, sizeof profile->server_key);
    profile->device = 5;
    profile->office = 3;
    gj_noise_keypair_new(&key);
    snprintf(path, sizeof path, "%s/device.key", dir);
    enum gj_err err = gj_keyfile_write_pair(path, "device", &key, &inner);
    assert(err == GJ_OK);
    (void)err;
    enum guanjia_err saved = guanjia_profile_save(profile, &fault);
    assert(saved == GUANJIA_OK);
    (void)saved;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void fake_remove(const char *dir)
{
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
