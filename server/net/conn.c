#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "core/push.h"
#include "core/router.h"
#include "net/internal.h"

/*   accepted --hello, handshake, verdict--> open --goodbye--> closing --> closed
 *       |                                    |                   ^
 *       '--- 5 s, garbage, refusal ----------+------ cut --------'            */

static void close_conn(struct gj_peer *peer, enum gj_close_reason reason)
{
    gj_conn_close((struct gj_conn *)peer, reason);
}

const struct gj_peer_ops gj_conn_ops = {
    .begin = gj_outbox_begin,
    .end = gj_outbox_end,
    .queued = gj_outbox_queued,
    .close = close_conn,
};

static void on_closed(uv_handle_t *handle)
{
    struct gj_conn *conn = handle->data;
    struct gj_net *net = conn->net;

    if (conn->open) {
        gj_sessions_remove(net->core->sessions, &conn->peer);
    } else {
        net->half_open--;
    }
    gj_outbox_unmark(conn);
    *conn->link = conn->next;
    if (conn->next != NULL) {
        conn->next->link = conn->link;
    }
    net->count--;
    gj_channel_fini(&conn->channel);
    gj_buf_fini(&conn->in);
    gj_buf_fini(&conn->out);
    free(conn);
    gj_net_release(net);
}

void gj_conn_abort(struct gj_conn *conn)
{
    conn->peer.closing = true;
    if (!uv_is_closing((uv_handle_t *)&conn->tcp)) {
        uv_close((uv_handle_t *)&conn->tcp, on_closed);
    }
}

void gj_conn_close(struct gj_conn *conn, enum gj_close_reason reason)
{
    if (conn->goodbye_at != 0 || uv_is_closing((uv_handle_t *)&conn->tcp)) {
        return;
    }
    conn->goodbye_at = uv_now(conn->net->core->loop);
    conn->peer.closing = true;
    if (gj_channel_is_open(&conn->channel) && gj_channel_close(&conn->channel, reason, &conn->out) != GJ_OK) {
        gj_conn_abort(conn);
        return;
    }
    gj_outbox_mark(conn);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct gj_conn *conn = handle->data;

    (void)suggested;
    *buf = uv_buf_init(conn->net->read_buffer, sizeof conn->net->read_buffer);
}

/* The end of the stream: an orderly one only after a goodbye inside the channel. */
static void on_end(struct gj_conn *conn)
{
    if (conn->open && conn->goodbye_at == 0 && gj_channel_eof(&conn->channel) == GJ_ECLOSED) {
        gj_log(GJ_LOG_DEBUG, "net.cut", GJ_LOG_U64("device", conn->peer.device));
    }
    gj_conn_abort(conn);
}

/* Bytes of a proxy's header come before the channel's. False: wait, or closed. */
static bool pass_proxy(struct gj_conn *conn)
{
    size_t size = 0;

    if (!conn->proxied) {
        return true;
    }
    enum gj_err err = gj_proxy_parse(gj_buf_bytes(&conn->in), conn->in.len, &size, &conn->address);
    if (err == GJ_AGAIN) {
        return false;
    }
    uint64_t now_ms = uv_now(conn->net->core->loop);
    if (err != GJ_OK || !gj_admission_allows(&conn->net->admission, &conn->address, now_ms)) {
        gj_conn_abort(conn);
        return false;
    }
    gj_buf_drop(&conn->in, size);
    conn->proxied = false;
    return conn->in.len > 0;
}

static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
    struct gj_conn *conn = stream->data;

    if (nread < 0) {
        on_end(conn);
        return;
    }
    if (nread == 0 || conn->goodbye_at != 0) {
        return; /* after a goodbye nothing is listened to any more */
    }
    conn->heard_at = uv_now(conn->net->core->loop);
    conn->silences = 0;
    if (gj_buf_append(&conn->in, buf->base, (size_t)nread) != GJ_OK) {
        gj_conn_abort(conn);
        return;
    }
    if (pass_proxy(conn)) {
        gj_conn_step(conn);
    }
    gj_buf_release(&conn->in);
}

void gj_conn_read(struct gj_conn *conn)
{
    conn->paused = false;
    if (uv_read_start((uv_stream_t *)&conn->tcp, on_alloc, on_read) != 0) {
        gj_conn_abort(conn);
    }
}

static bool is_proxy(const struct gj_net *net, const struct gj_address *address)
{
    for (unsigned i = 0; i < net->proxy_count; i++) {
        if (gj_address_equal(&net->proxies[i], address)) {
            return true;
        }
    }
    return false;
}

/* Why a connection that has just been accepted is not taken; NULL: it is. */
static const char *why_not(struct gj_conn *conn)
{
    struct gj_net *net = conn->net;

    if (net->count > net->options.max_channels) {
        return "channels";
    }
    if (net->half_open > net->options.max_half_open) {
        return "half_open";
    }
    if (!conn->proxied && !gj_admission_allows(&net->admission, &conn->address, uv_now(net->core->loop))) {
        return "address";
    }
    return NULL;
}

static struct gj_conn *make_conn(struct gj_net *net)
{
    struct gj_conn *conn = calloc(1, sizeof *conn);

    if (conn == NULL) {
        return NULL;
    }
    if (gj_channel_init_server(&conn->channel, net->options.channel) != GJ_OK ||
        uv_tcp_init(net->core->loop, &conn->tcp) != 0) {
        gj_channel_fini(&conn->channel);
        free(conn);
        return NULL;
    }
    conn->net = net;
    conn->peer.ops = &gj_conn_ops;
    conn->tcp.data = conn;
    conn->begun_at = conn->heard_at = uv_now(net->core->loop);
    gj_buf_init(&conn->in, GJ_CHANNEL_IN_MAX);
    gj_buf_init(&conn->out, GJ_NET_OUT_MAX + 2 * GJ_FRAME_MAX);
    conn->next = net->conns;
    conn->link = &net->conns;
    if (conn->next != NULL) {
        conn->next->link = &conn->next;
    }
    net->conns = conn;
    net->count++;
    net->half_open++;
    return conn;
}

void gj_conn_accept(struct gj_net *net)
{
    struct sockaddr_storage addr;
    int addr_len = sizeof addr;
    struct gj_conn *conn = make_conn(net);

    if (conn == NULL) {
        return;
    }
    if (uv_accept((uv_stream_t *)&net->listen, (uv_stream_t *)&conn->tcp) != 0 ||
        uv_tcp_getpeername(&conn->tcp, (struct sockaddr *)&addr, &addr_len) != 0) {
        gj_conn_abort(conn);
        return;
    }
    conn->address = gj_address_of((const struct sockaddr *)&addr);
    conn->proxied = is_proxy(net, &conn->address);
    const char *reason = why_not(conn);
    if (reason != NULL) {
        gj_log(GJ_LOG_WARN, "net.not_taken", GJ_LOG_CODE("limit", reason));
        if (gj_channel_put_busy(&conn->out) != GJ_OK) {
            gj_conn_abort(conn);
            return;
        }
        gj_conn_close(conn, GJ_CLOSE_TOO_MANY);
    }
    uv_tcp_nodelay(&conn->tcp, 1);
    uv_tcp_keepalive(&conn->tcp, 1, 60);
    gj_conn_read(conn);
}

static void send_heartbeat(struct gj_conn *conn)
{
    Gj__V1__Envelope envelope = GJ__V1__ENVELOPE__INIT;
    Gj__V1__Heartbeat heartbeat = GJ__V1__HEARTBEAT__INIT;
    struct gj_core *core = conn->net->core;

    heartbeat.nonce = conn->silences;
    heartbeat.event = core->push != NULL ? gj_push_reached(core->push, &conn->peer) : 0;
    heartbeat.server_time = gj_core_now(core);
    envelope.body_case = GJ__V1__ENVELOPE__BODY_HEARTBEAT;
    envelope.heartbeat = &heartbeat;
    (void)!gj_router_send(&conn->peer, &envelope);
}

void gj_conn_tick(struct gj_conn *conn, uint64_t now_ms)
{
    if (conn->goodbye_at != 0) {
        if (now_ms - conn->goodbye_at > GJ_NET_LINGER_MS) {
            gj_conn_abort(conn);
        }
    } else if (!conn->open) {
        if (now_ms - conn->begun_at > conn->net->options.handshake_ms) {
            gj_admission_failed(&conn->net->admission, &conn->address, now_ms);
            gj_conn_abort(conn);
        }
    } else if (now_ms - conn->begun_at > GJ_NET_AGE_MAX_MS) {
        gj_conn_close(conn, GJ_CLOSE_AGE);
    } else if (now_ms - conn->heard_at > GJ_NET_SILENCE_MS) {
        conn->heard_at = now_ms;
        if (++conn->silences > GJ_NET_SILENCES_MAX) {
            gj_conn_close(conn, GJ_CLOSE_IDLE);
        } else {
            send_heartbeat(conn);
        }
    }
}
