#ifndef GJ_CLIENT_LINK_H
#define GJ_CLIENT_LINK_H

#include "client/include/guanjia.h"
#include "common/channel.h"
#include "proto/envelope.pb-c.h"

#include <uv.h>

/* One connection: name look-up, TCP, the encrypted channel. Lives from link_dial to on_gone; it never reconnects.
 *
 *   RESOLVE -> CONNECT -> HANDSHAKE -> OPEN -> CLOSING
 * any failure goes to CLOSING, where on_end is called once (unless link_close was) and then on_gone. No callback comes
 * from inside link_dial. */
struct link;

struct link_owner {
    void (*on_open)(void *arg);
    void (*on_body)(void *arg, const uint8_t *body, size_t len);
    /* The link is over and frees itself; forget it. opened: the handshake had succeeded. reason is the other end's
     * (enum gj_close_reason) when err is GUANJIA_ECLOSED and told is true. */
    void (*on_end)(void *arg, enum guanjia_err err, bool told, uint16_t reason, bool opened);
    /* The memory of the link has been given back; arg is used no more. */
    void (*on_gone)(void *arg);
    void *arg;
};

/* address is host:port; everything is copied. ENOMEM, EINVAL (address), ESYS: then no callback follows. */
enum guanjia_err link_dial(uv_loop_t *loop, const char *address, const struct gj_channel_client *self,
    const struct link_owner *owner, struct link **out);

/* Packs, seals and sends. False: the link is over, which on_end tells later, never from inside. */
bool link_send(struct link *link, const Gj__V1__Envelope *envelope);

/* Tells the other end, then closes. on_end is not called, on_gone is. */
void link_close(struct link *link, enum gj_close_reason reason);

/* Splits "host:port" or "[v6]:port". EINVAL. host has at least 256 bytes, port 6. Pure. */
enum guanjia_err link_split_address(const char *address, char host[256], char port[6]);

#endif
