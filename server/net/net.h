/* The network: one listening socket, its channels, and what each of them may take. All on the loop thread. */
#ifndef GJ_NET_NET_H
#define GJ_NET_NET_H

#include <stdint.h>
#include "common/channel.h"
#include "common/err.h"
#include "core/core.h"

struct gj_net;

/* Half-open handshakes; the next is told BUSY in clear. */
#define GJ_NET_HALF_OPEN_MAX 512
/* From the first byte we wait for to the verdict. Longer is cut: nobody honest needs it, and a slow loris would hold
 * the place. */
#define GJ_NET_HANDSHAKE_MS 5000
/* Channels at once, unless the descriptors of the process or the options are fewer. The next is told BUSY. */
#define GJ_NET_CHANNELS_MAX 16384
/* Descriptors left for the store, blobs, backups and logs. */
#define GJ_NET_DESCRIPTORS_SPARED 64
/* Outgoing bytes of one channel. A reader that lets more gather is cut off. */
#define GJ_NET_OUT_MAX (1024 * 1024)
/* Above it nothing more is read from the channel until the client has read its answers. */
#define GJ_NET_OUT_PAUSE (256 * 1024)
/* Silence after which a heartbeat is sent; when two stay without any byte in answer the channel ends. */
#define GJ_NET_SILENCE_MS 30000
#define GJ_NET_SILENCES_MAX 2
/* After this a channel must be made anew, so that keys do not live for ever. Clients do it by themselves after 20 to 28
 * h. */
#define GJ_NET_AGE_MAX_MS (INT64_C(29) * 3600000)
/* What is still on its way when we have said goodbye gets this long. */
#define GJ_NET_LINGER_MS 2000

struct gj_net_options {
    const char *host;      /* address, not a name */
    uint16_t port;         /* 0: any free one */
    unsigned max_channels; /* 0: GJ_NET_CHANNELS_MAX */
    unsigned max_half_open;
    unsigned handshake_ms;
    const char *const
        *proxies; /* addresses whose connections begin with a PROXY v2 header; ends with NULL; may be NULL */
    const struct gj_channel_server *channel; /* borrowed until the end */
};

/* Listens. GJ_EBUSY: the address is taken; *fault says what failed. */
enum gj_err gj_net_open(
    struct gj_core *core, const struct gj_net_options *options, struct gj_net **out, struct gj_fault *fault);
uint16_t gj_net_port(const struct gj_net *net);
/* Takes no new connections and says goodbye to those there are. */
void gj_net_stop(struct gj_net *net, enum gj_close_reason reason);
/* Connections that are still there. */
unsigned gj_net_open_count(const struct gj_net *net);
/* Closes everything at once; the loop must run until its handles are closed. */
void gj_net_close(struct gj_net *net);

#endif
