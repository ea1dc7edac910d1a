#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "common/log.h"
#include "net/internal.h"

/* Connections the system holds for us while the loop is busy. */
#define BACKLOG 512
/* Half-open connections and silences are looked at this often. */
#define TICK_MS 500

static void on_connection(uv_stream_t *stream, int status)
{
    struct gj_net *net = stream->data;

    if (status == 0 && !net->stopping) {
        gj_conn_accept(net);
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct gj_net *net = timer->data;
    uint64_t now_ms = uv_now(net->core->loop);

    for (struct gj_conn *conn = net->conns, *next; conn != NULL; conn = next) {
        next = conn->next;
        gj_conn_tick(conn, now_ms);
    }
}

/* Answers and pushes of one turn of the loop leave each channel in one write. */
static void on_prepare(uv_prepare_t *handle)
{
    gj_outbox_flush_all(handle->data);
}

static void on_check(uv_check_t *handle)
{
    gj_outbox_flush_all(handle->data);
}

/* As many channels as the process has descriptors for. */
static unsigned channels_possible(unsigned wanted)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return wanted;
    }
    if (limit.rlim_cur < limit.rlim_max && limit.rlim_cur < (rlim_t)wanted + GJ_NET_DESCRIPTORS_SPARED) {
        limit.rlim_cur = limit.rlim_max;
        (void)!setrlimit(RLIMIT_NOFILE, &limit);
        (void)!getrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= (rlim_t)wanted + GJ_NET_DESCRIPTORS_SPARED) {
        return wanted;
    }
    return limit.rlim_cur > 2 * GJ_NET_DESCRIPTORS_SPARED ? (unsigned)limit.rlim_cur - GJ_NET_DESCRIPTORS_SPARED
                                                          : GJ_NET_DESCRIPTORS_SPARED;
}

static enum gj_err address_of(const char *host, uint16_t port, struct sockaddr_storage *out)
{
    if (uv_ip4_addr(host, port, (struct sockaddr_in *)(void *)out) == 0 ||
        uv_ip6_addr(host, port, (struct sockaddr_in6 *)(void *)out) == 0) {
        return GJ_OK;
    }
    return GJ_EINVAL;
}

static enum gj_err read_proxies(struct gj_net *net, struct gj_fault *fault)
{
    struct sockaddr_storage addr;

    for (size_t i = 0; net->options.proxies != NULL && net->options.proxies[i] != NULL; i++) {
        if (net->proxy_count == sizeof net->proxies / sizeof net->proxies[0]) {
            return gj_fault_set(fault, GJ_ETOOBIG, "more than %u proxies", net->proxy_count);
        }
        if (address_of(net->options.proxies[i], 0, &addr) != GJ_OK) {
            return gj_fault_set(fault, GJ_EINVAL, "%s is not an IP address", net->options.proxies[i]);
        }
        net->proxies[net->proxy_count++] = gj_address_of((const struct sockaddr *)&addr);
    }
    return GJ_OK;
}

static enum gj_err bind_and_listen(struct gj_net *net, struct gj_fault *fault)
{
    struct sockaddr_storage addr;
    int len = sizeof addr;

    if (address_of(net->options.host, net->options.port, &addr) != GJ_OK) {
        return gj_fault_set(fault, GJ_EINVAL, "%s is not an IP address", net->options.host);
    }
    int status = uv_tcp_bind(&net->listen, (const struct sockaddr *)&addr, 0);
    if (status == 0) {
        status = uv_listen((uv_stream_t *)&net->listen, BACKLOG, on_connection);
    }
    if (status == 0) {
        status = uv_tcp_getsockname(&net->listen, (struct sockaddr *)&addr, &len);
    }
    if (status != 0) {
        return gj_fault_set(fault, status == UV_EADDRINUSE ? GJ_EBUSY : GJ_ESYS, "cannot listen on %s port %u: %s",
            net->options.host, net->options.port, uv_strerror(status));
    }
    /* The port stands at the same place for both families. */
    net->port = ntohs(((const struct sockaddr_in *)(const void *)&addr)->sin_port);
    return GJ_OK;
}

void gj_net_release(struct gj_net *net)
{
    if (net->closing && net->handles == 0 && net->count == 0) {
        free(net);
    }
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct gj_net *net = handle->data;

    net->handles--;
    gj_net_release(net);
}

static void init_handles(struct gj_net *net)
{
    uv_loop_t *loop = net->core->loop;

    uv_tcp_init(loop, &net->listen);
    uv_timer_init(loop, &net->tick);
    uv_prepare_init(loop, &net->prepare);
    uv_check_init(loop, &net->check);
    net->listen.data = net->tick.data = net->prepare.data = net->check.data = net;
    net->handles = 4;
}

enum gj_err gj_net_open(
    struct gj_core *core, const struct gj_net_options *options, struct gj_net **out, struct gj_fault *fault)
{
    struct gj_net *net = calloc(1, sizeof *net);

    if (net == NULL) {
        return gj_fault_set(fault, GJ_ENOMEM, "out of memory");
    }
    net->core = core;
    net->options = *options;
    net->options.max_channels =
        channels_possible(options->max_channels != 0 ? options->max_channels : GJ_NET_CHANNELS_MAX);
    if (net->options.max_half_open == 0) {
        net->options.max_half_open = GJ_NET_HALF_OPEN_MAX;
    }
    if (net->options.handshake_ms == 0) {
        net->options.handshake_ms = GJ_NET_HANDSHAKE_MS;
    }
    init_handles(net);
    enum gj_err err = read_proxies(net, fault);
    if (err == GJ_OK) {
        err = bind_and_listen(net, fault);
    }
    if (err != GJ_OK) {
        gj_net_close(net);
        return err;
    }
    uv_timer_start(&net->tick, on_tick, TICK_MS, TICK_MS);
    uv_prepare_start(&net->prepare, on_prepare);
    uv_check_start(&net->check, on_check);
    *out = net;
    return GJ_OK;
}

uint16_t gj_net_port(const struct gj_net *net)
{
    return net->port;
}

void gj_net_stop(struct gj_net *net, enum gj_close_reason reason)
{
    net->stopping = true;
    for (struct gj_conn *conn = net->conns, *next; conn != NULL; conn = next) {
        next = conn->next;
        gj_conn_close(conn, reason);
    }
}

unsigned gj_net_open_count(const struct gj_net *net)
{
    return net->count;
}

void gj_net_close(struct gj_net *net)
{
    if (net == NULL) {
        return;
    }
    net->stopping = true;
    net->closing = true;
    for (struct gj_conn *conn = net->conns, *next; conn != NULL; conn = next) {
        next = conn->next;
        gj_conn_abort(conn);
    }
    uv_close((uv_handle_t *)&net->tick, on_handle_closed);
    uv_close((uv_handle_t *)&net->prepare, on_handle_closed);
    uv_close((uv_handle_t *)&net->check, on_handle_closed);
    uv_close((uv_handle_t *)&net->listen, on_handle_closed);
}
