#include <string.h>

#include "common/log.h"
#include "core/router.h"
#include "net/internal.h"

/* A handshake that did not succeed costs its address a token; what was appended to the outgoing bytes is still sent. */
static void refuse(struct gj_conn *conn, enum gj_err err)
{
    struct gj_net *net = conn->net;

    gj_admission_failed(&net->admission, &conn->address, uv_now(net->core->loop));
    gj_log(GJ_LOG_INFO, "net.handshake_failed", GJ_LOG_ERR(err));
    gj_conn_close(conn, GJ_CLOSE_PROTOCOL);
}

/* The channel's own refusal, encrypted. */
static void refuse_because(struct gj_conn *conn, enum gj_close_reason reason, enum gj_err err)
{
    if (gj_channel_refuse(&conn->channel, reason, &conn->out) != GJ_OK) {
        gj_conn_abort(conn);
        return;
    }
    refuse(conn, err);
}

static void on_need_psk(struct gj_conn *conn, const struct gj_channel_event *event)
{
    uint8_t psk[GJ_NOISE_KEY_SIZE];

    memcpy(conn->peer.token, event->bytes, sizeof conn->peer.token);
    enum gj_err err = gj_sessions_psk(conn->net->core->sessions, conn->peer.token, psk);
    if (err != GJ_OK) {
        refuse_because(conn, GJ_CLOSE_INVITATION, err);
        return;
    }
    conn->peer.enrolling = true;
    if (gj_channel_psk(&conn->channel, psk, &conn->out) != GJ_OK) {
        gj_conn_abort(conn);
    } else {
        gj_outbox_mark(conn);
    }
    gj_secret_wipe(psk, sizeof psk);
}

static void on_need_verdict(struct gj_conn *conn)
{
    struct gj_net *net = conn->net;
    enum gj_err err = GJ_OK;

    memcpy(conn->peer.public_key, conn->channel.peer_key, sizeof conn->peer.public_key);
    if (!conn->peer.enrolling) {
        err = gj_sessions_admit(net->core->sessions, conn->peer.public_key, &conn->peer);
    }
    if (err != GJ_OK) {
        refuse_because(conn, err == GJ_EDENIED ? GJ_CLOSE_REVOKED : GJ_CLOSE_NOT_ENROLLED, err);
        return;
    }
    if (gj_channel_accept(&conn->channel) != GJ_OK) {
        gj_conn_abort(conn);
        return;
    }
    conn->open = true;
    net->half_open--;
    gj_sessions_add(net->core->sessions, &conn->peer);
}

static void on_body(struct gj_conn *conn, const struct gj_channel_event *event, bool piped)
{
    conn->peer.piped = piped;
    enum gj_err err = gj_router_take(conn->net->core->router, &conn->peer, event->bytes, event->len);

    if (err == GJ_OK) {
        return;
    }
    gj_log(GJ_LOG_WARN, "net.bad_message", GJ_LOG_U64("device", conn->peer.device), GJ_LOG_ERR(err));
    gj_conn_close(conn, err == GJ_ENOMEM ? GJ_CLOSE_INTERNAL : GJ_CLOSE_PROTOCOL);
}

/* Nothing after this is read from a channel that broke its rules. */
static void on_broken(struct gj_conn *conn, enum gj_err err)
{
    if (!conn->open) {
        refuse(conn, err);
        return;
    }
    gj_log(GJ_LOG_WARN, "net.broken_channel", GJ_LOG_U64("device", conn->peer.device), GJ_LOG_ERR(err));
    gj_conn_abort(conn);
}

void gj_conn_step(struct gj_conn *conn)
{
    struct gj_channel_event event;
    unsigned bodies = 0;

    while (conn->goodbye_at == 0 && !conn->peer.closing) {
        if (conn->open && gj_outbox_queued(&conn->peer) > GJ_NET_OUT_PAUSE) {
            uv_read_stop((uv_stream_t *)&conn->tcp);
            conn->paused = true;
            return;
        }
        enum gj_err err = gj_channel_step(&conn->channel, &conn->in, &conn->out, &event);
        if (conn->out.len > 0) {
            gj_outbox_mark(conn);
        }
        if (err == GJ_AGAIN) {
            return;
        }
        if (err != GJ_OK) {
            on_broken(conn, err);
            return;
        }
        switch (event.kind) {
        case GJ_CHANNEL_EVENT_NEED_PSK:
            on_need_psk(conn, &event);
            break;
        case GJ_CHANNEL_EVENT_NEED_VERDICT:
            on_need_verdict(conn);
            break;
        case GJ_CHANNEL_EVENT_BODY:
            on_body(conn, &event, bodies++ > 0);
            break;
        case GJ_CHANNEL_EVENT_CLOSED:
            gj_conn_close(conn, GJ_CLOSE_DONE);
            break;
        case GJ_CHANNEL_EVENT_READY:
            break;
        }
    }
}
