#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "core/push.h"
#include "net/internal.h"

/* Bytes that the system did not take at once. */
struct writing {
    uv_write_t request;
    struct gj_conn *conn;
    size_t len;
    uint8_t bytes[];
};

size_t gj_outbox_queued(const struct gj_peer *peer)
{
    const struct gj_conn *conn = (const struct gj_conn *)peer;

    return conn->out.len + conn->writing;
}

enum gj_err gj_outbox_begin(struct gj_peer *peer, size_t len, uint8_t **out)
{
    struct gj_conn *conn = (struct gj_conn *)peer;

    if (peer->closing || !conn->open) {
        return GJ_ECLOSED;
    }
    if (len > GJ_BODY_MAX) {
        return GJ_ETOOBIG;
    }
    if (gj_outbox_queued(peer) + gj_channel_padded(len) > GJ_NET_OUT_MAX) {
        /* It has not read for a megabyte: a goodbye would only wait behind it. */
        gj_log(GJ_LOG_WARN, "net.slow_reader", GJ_LOG_U64("device", peer->device));
        gj_conn_abort(conn);
        return GJ_ECLOSED;
    }
    return gj_channel_seal_begin(&conn->channel, len, &conn->out, out);
}

void gj_outbox_end(struct gj_peer *peer, size_t len)
{
    struct gj_conn *conn = (struct gj_conn *)peer;

    if (gj_channel_seal_end(&conn->channel, len, &conn->out) != GJ_OK) {
        gj_conn_abort(conn);
        return;
    }
    gj_outbox_mark(conn);
}

void gj_outbox_mark(struct gj_conn *conn)
{
    if (!conn->dirty) {
        conn->dirty = true;
        conn->next_dirty = conn->net->dirty;
        conn->net->dirty = conn;
    }
}

void gj_outbox_unmark(struct gj_conn *conn)
{
    if (!conn->dirty) {
        return;
    }
    for (struct gj_conn **at = &conn->net->dirty; *at != NULL; at = &(*at)->next_dirty) {
        if (*at == conn) {
            *at = conn->next_dirty;
            break;
        }
    }
    conn->dirty = false;
}

static void on_written(uv_write_t *request, int status)
{
    struct writing *writing = request->data;
    struct gj_conn *conn = writing->conn;

    conn->writing -= writing->len;
    free(writing);
    if (status != 0) {
        gj_conn_abort(conn);
        return;
    }
    gj_outbox_flush(conn);
}

/* Hands what is left to libuv, in a copy that lives as long as the write. */
static void write_rest(struct gj_conn *conn)
{
    struct writing *writing = malloc(sizeof *writing + conn->out.len);

    if (writing == NULL) {
        gj_conn_abort(conn);
        return;
    }
    writing->conn = conn;
    writing->len = conn->out.len;
    memcpy(writing->bytes, gj_buf_bytes(&conn->out), writing->len);
    writing->request.data = writing;
    uv_buf_t buf = uv_buf_init((char *)writing->bytes, (unsigned)writing->len);
    if (uv_write(&writing->request, (uv_stream_t *)&conn->tcp, &buf, 1, on_written) != 0) {
        free(writing);
        gj_conn_abort(conn);
        return;
    }
    conn->writing += writing->len;
    gj_buf_drop(&conn->out, conn->out.len);
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    (void)status;
    free(request); /* the tick closes when the other side has ended too, or does not */
}

/* Everything is out after a goodbye: our side of the stream ends, so that no reset destroys what was written. */
static void shut(struct gj_conn *conn)
{
    uv_shutdown_t *request = malloc(sizeof *request);

    conn->shut = true;
    if (request == NULL || uv_shutdown(request, (uv_stream_t *)&conn->tcp, on_shutdown) != 0) {
        free(request);
        gj_conn_abort(conn);
    }
}

void gj_outbox_flush(struct gj_conn *conn)
{
    if (uv_is_closing((uv_handle_t *)&conn->tcp)) {
        return;
    }
    if (conn->writing == 0 && conn->out.len > 0) {
        uv_buf_t buf = uv_buf_init((char *)gj_buf_bytes(&conn->out), (unsigned)conn->out.len);
        int written = uv_try_write((uv_stream_t *)&conn->tcp, &buf, 1);

        if (written < 0 && written != UV_EAGAIN) {
            gj_conn_abort(conn);
            return;
        }
        gj_buf_drop(&conn->out, written > 0 ? (size_t)written : 0);
        if (conn->out.len > 0) {
            write_rest(conn);
        }
    }
    gj_buf_release(&conn->out);
    if (uv_is_closing((uv_handle_t *)&conn->tcp) || conn->writing > 0) {
        return;
    }
    if (conn->goodbye_at != 0 && !conn->shut) {
        shut(conn);
    } else if (conn->open) {
        if (conn->paused) {
            gj_conn_read(conn);
            gj_conn_step(conn);
        }
        if (conn->peer.subscription_count > 0 && conn->net->core->push != NULL) {
            gj_push_drained(conn->net->core->push, &conn->peer);
        }
    }
}

void gj_outbox_flush_all(struct gj_net *net)
{
    while (net->dirty != NULL) {
        struct gj_conn *conn = net->dirty;

        net->dirty = conn->next_dirty;
        conn->dirty = false;
        gj_outbox_flush(conn);
    }
}
