#include "client/lib/link.h"

#include "common/envelope.h"
#include "common/limits.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* What may lie unsent for a server that does not read; beyond it the link is cut. */
#define LINK_OUT_MAX (4u * 1024 * 1024)

struct link {
    uv_tcp_t tcp;
    uv_getaddrinfo_t resolve;
    uv_connect_t connect;
    uv_write_t write;
    uv_loop_t *loop;
    struct link_owner owner;
    struct gj_channel channel;
    struct gj_buf in;
    struct gj_buf out;     /* sealed, not yet given to the socket */
    struct gj_buf writing; /* given to the socket */
    struct addrinfo *found;
    struct addrinfo *trying;
    bool tcp_open;
    bool resolving;
    bool write_busy;
    bool next_address; /* the handle is being closed to dial the next address found */
    bool closing;
    bool ended; /* on_end was called or is not wanted */
    bool opened;
    enum guanjia_err later; /* a failure where on_end may not be called: told when the handle has closed */
    uint8_t chunk[16384];
};

enum guanjia_err link_split_address(const char *address, char host[256], char port[6])
{
    const char *colon = strrchr(address, ':');
    const char *begin = address;
    if (colon == NULL || colon == address) {
        return GUANJIA_EINVAL;
    }
    const char *end = colon;
    if (*begin == '[') {
        if (end[-1] != ']') {
            return GUANJIA_EINVAL;
        }
        begin++;
        end--;
    } else if (memchr(begin, ':', (size_t)(end - begin)) != NULL) {
        return GUANJIA_EINVAL; /* a bare IPv6 address: which colon begins the port is a guess */
    }
    size_t host_len = (size_t)(end - begin);
    size_t port_len = strlen(colon + 1);
    if (host_len == 0 || host_len > 255 || port_len == 0 || port_len > 5 ||
        strspn(colon + 1, "0123456789") != port_len || atoi(colon + 1) > 65535 || atoi(colon + 1) == 0) {
        return GUANJIA_EINVAL;
    }
    memcpy(host, begin, host_len);
    host[host_len] = '\0';
    memcpy(port, colon + 1, port_len + 1);
    return GUANJIA_OK;
}

static void free_link(struct link *link)
{
    struct link_owner owner = link->owner;
    if (!link->ended) {
        owner.on_end(owner.arg, link->later, false, 0, link->opened);
    }
    gj_channel_fini(&link->channel);
    gj_buf_wipe(&link->in);
    gj_buf_fini(&link->out);
    gj_buf_fini(&link->writing);
    if (link->found != NULL) {
        uv_freeaddrinfo(link->found);
    }
    free(link);
    owner.on_gone(owner.arg);
}

static void try_address(struct link *link);

static void on_tcp_closed(uv_handle_t *handle)
{
    struct link *link = handle->data;
    link->tcp_open = false;
    if (link->next_address && !link->closing) {
        link->next_address = false;
        if (uv_tcp_init(link->loop, &link->tcp) == 0) {
            link->tcp_open = true;
            try_address(link);
            return;
        }
        link->later = GUANJIA_ESYS;
    }
    if (!link->resolving) {
        free_link(link);
    }
}

static void close_now(struct link *link)
{
    link->closing = true;
    if (link->resolving) {
        uv_cancel((uv_req_t *)&link->resolve); /* its callback comes either way */
    }
    if (!uv_is_closing((uv_handle_t *)&link->tcp)) {
        uv_close((uv_handle_t *)&link->tcp, on_tcp_closed);
    }
}

static void end(struct link *link, enum guanjia_err err, bool told, uint16_t reason)
{
    if (!link->ended) {
        link->ended = true;
        link->owner.on_end(link->owner.arg, err, told, reason, link->opened);
    }
    close_now(link);
}

static void flush(struct link *link);

static void on_written(uv_write_t *req, int status)
{
    struct link *link = req->data;
    link->write_busy = false;
    gj_buf_drop(&link->writing, link->writing.len);
    gj_buf_release(&link->writing);
    if (uv_is_closing((uv_handle_t *)&link->tcp)) {
        return;
    }
    if (status < 0) {
        end(link, GUANJIA_EIO, false, 0);
        return;
    }
    flush(link);
}

/* What the system takes at once needs no request to wait for. */
static void write_now(struct link *link)
{
    uv_buf_t buf = uv_buf_init((char *)gj_buf_bytes(&link->out), (unsigned)link->out.len);
    int written = uv_try_write((uv_stream_t *)&link->tcp, &buf, 1);
    if (written > 0) {
        gj_buf_drop(&link->out, (size_t)written);
        gj_buf_release(&link->out);
    }
}

/* One write at a time: what gathers meanwhile goes out as the next one. */
static void flush(struct link *link)
{
    if (link->write_busy || uv_is_closing((uv_handle_t *)&link->tcp) || link->out.len == 0) {
        return;
    }
    write_now(link);
    if (link->out.len == 0) {
        return;
    }
    struct gj_buf swap = link->writing;
    link->writing = link->out;
    link->out = swap;
    uv_buf_t buf = uv_buf_init((char *)gj_buf_bytes(&link->writing), (unsigned)link->writing.len);
    link->write.data = link;
    link->write_busy = true;
    if (uv_write(&link->write, (uv_stream_t *)&link->tcp, &buf, 1, on_written) != 0) {
        link->write_busy = false;
        link->later = GUANJIA_EIO;
        close_now(link);
    }
}

static enum guanjia_err refusal_of(enum gj_err err, const struct gj_channel_event *event)
{
    if (err == GJ_EDENIED || event->hello.status == GJ_HELLO_CLUSTER) {
        return GUANJIA_ECLUSTER;
    }
    return (enum guanjia_err)err;
}

/* Takes events out of what has arrived until more is needed. */
static void step(struct link *link)
{
    while (!link->ended && !link->closing) {
        struct gj_channel_event event = {0};
        enum gj_err err = gj_channel_step(&link->channel, &link->in, &link->out, &event);
        if (err == GJ_AGAIN) {
            break;
        }
        if (err != GJ_OK) {
            end(link, refusal_of(err, &event), false, 0);
            return;
        }
        if (event.kind == GJ_CHANNEL_EVENT_READY) {
            link->opened = true;
            link->owner.on_open(link->owner.arg);
        } else if (event.kind == GJ_CHANNEL_EVENT_BODY) {
            link->owner.on_body(link->owner.arg, event.bytes, event.len);
        } else if (event.kind == GJ_CHANNEL_EVENT_CLOSED) {
            end(link, GUANJIA_ECLOSED, true, event.reason);
            return;
        }
    }
    gj_buf_release(&link->in);
    flush(link);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct link *link = handle->data;
    *buf = uv_buf_init((char *)link->chunk, sizeof link->chunk);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    struct link *link = stream->data;
    if (count == 0) {
        return;
    }
    if (count < 0) {
        (void)gj_channel_eof(&link->channel);
        end(link, count == UV_EOF || count == UV_ECONNRESET ? GUANJIA_ECLOSED : GUANJIA_EIO, false, 0);
        return;
    }
    enum gj_err err = gj_buf_append(&link->in, buf->base, (size_t)count);
    if (err != GJ_OK) {
        end(link, (enum guanjia_err)err, false, 0);
        return;
    }
    step(link);
}

static void on_connected(uv_connect_t *req, int status)
{
    struct link *link = req->data;
    if (link->ended || uv_is_closing((uv_handle_t *)&link->tcp)) {
        return;
    }
    if (status < 0 && link->trying != NULL && link->trying->ai_next != NULL) {
        link->trying = link->trying->ai_next;
        link->next_address = true;
        uv_close((uv_handle_t *)&link->tcp, on_tcp_closed);
        return;
    }
    if (status < 0) {
        end(link, GUANJIA_EIO, false, 0);
        return;
    }
    uv_tcp_nodelay(&link->tcp, 1);
    uv_tcp_keepalive(&link->tcp, 1, 60);
    if (uv_read_start((uv_stream_t *)&link->tcp, on_alloc, on_read) != 0) {
        end(link, GUANJIA_ESYS, false, 0);
        return;
    }
    step(link); /* the hello has been waiting in `out` */
}

static void try_address(struct link *link)
{
    link->tcp.data = link;
    link->connect.data = link;
    if (uv_tcp_connect(&link->connect, &link->tcp, link->trying->ai_addr, on_connected) != 0) {
        end(link, GUANJIA_EIO, false, 0);
    }
}

static void on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *found)
{
    struct link *link = req->data;
    link->resolving = false;
    link->found = found;
    if (link->closing || link->ended) {
        if (!link->tcp_open) {
            free_link(link);
        }
        return;
    }
    if (status < 0 || found == NULL) {
        end(link, GUANJIA_EIO, false, 0);
        return;
    }
    link->trying = found;
    try_address(link);
}

static enum guanjia_err begin(struct link *link, const char *host, const char *port)
{
    struct sockaddr_storage numeric;
    int portnum = atoi(port);
    if (uv_ip4_addr(host, portnum, (struct sockaddr_in *)&numeric) == 0 ||
        uv_ip6_addr(host, portnum, (struct sockaddr_in6 *)&numeric) == 0) {
        link->connect.data = link;
        return uv_tcp_connect(&link->connect, &link->tcp, (const struct sockaddr *)&numeric, on_connected) == 0
                   ? GUANJIA_OK
                   : GUANJIA_EIO;
    }
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    link->resolve.data = link;
    if (uv_getaddrinfo(link->loop, &link->resolve, on_resolved, host, port, &hints) != 0) {
        return GUANJIA_ESYS;
    }
    link->resolving = true;
    return GUANJIA_OK;
}

enum guanjia_err link_dial(uv_loop_t *loop, const char *address, const struct gj_channel_client *self,
    const struct link_owner *owner, struct link **out)
{
    char host[256];
    char port[6];
    enum guanjia_err err = link_split_address(address, host, port);
    if (err != GUANJIA_OK) {
        return err;
    }
    struct link *link = calloc(1, sizeof *link);
    if (link == NULL) {
        return GUANJIA_ENOMEM;
    }
    link->owner = *owner;
    link->loop = loop;
    gj_buf_init(&link->in, GJ_CHANNEL_IN_MAX);
    gj_buf_init(&link->out, LINK_OUT_MAX);
    gj_buf_init(&link->writing, LINK_OUT_MAX);
    err = (enum guanjia_err)gj_channel_init_client(&link->channel, self, &link->out);
    if (err == GUANJIA_OK && uv_tcp_init(loop, &link->tcp) != 0) {
        err = GUANJIA_ESYS;
    }
    if (err != GUANJIA_OK) {
        gj_channel_fini(&link->channel);
        gj_buf_fini(&link->out);
        free(link);
        return err;
    }
    link->tcp.data = link;
    link->tcp_open = true;
    *out = link;
    err = begin(link, host, port);
    if (err != GUANJIA_OK) {
        link->later = err;
        close_now(link);
    }
    return GUANJIA_OK;
}

bool link_send(struct link *link, const Gj__V1__Envelope *envelope)
{
    if (link->ended || link->closing) {
        return false;
    }
    enum gj_err err = gj_envelope_send(&link->channel, envelope, &link->out);
    if (err != GJ_OK) {
        link->later = (enum guanjia_err)err;
        close_now(link);
        return false;
    }
    flush(link);
    return true;
}

void link_close(struct link *link, enum gj_close_reason reason)
{
    link->ended = true;
    if (gj_channel_is_open(&link->channel) && gj_channel_close(&link->channel, reason, &link->out) == GJ_OK &&
        !link->write_busy && !uv_is_closing((uv_handle_t *)&link->tcp)) {
        /* Told when the socket takes it at once: closing never waits for a peer that does not read. */
        uv_buf_t buf = uv_buf_init((char *)gj_buf_bytes(&link->out), (unsigned)link->out.len);
        (void)uv_try_write((uv_stream_t *)&link->tcp, &buf, 1);
    }
    close_now(link);
}
