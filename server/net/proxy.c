#include <string.h>

#include "common/cursor.h"
#include "net/internal.h"

/* PROXY protocol, version 2: twelve fixed bytes, version and command, family, length, addresses. Only what a gateway
 * sends is looked at; the rest of the header is passed over. */
static const uint8_t signature[12] = {0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A};

#define FIXED_SIZE 16
#define VERSION_LOCAL 0x20 /* the proxy's own health check: no address */
#define VERSION_PROXY 0x21
#define FAMILY_TCP4 0x11
#define FAMILY_TCP6 0x21

enum gj_err gj_proxy_parse(const uint8_t *bytes, size_t len, size_t *size, struct gj_address *address)
{
    struct gj_cursor cur;
    size_t known = len < sizeof signature ? len : sizeof signature;

    if (memcmp(bytes, signature, known) != 0) {
        return GJ_EINVAL;
    }
    if (len < FIXED_SIZE) {
        return GJ_AGAIN;
    }
    gj_cursor_init(&cur, bytes + sizeof signature, len - sizeof signature);
    uint8_t version = gj_cursor_u8(&cur);
    uint8_t family = gj_cursor_u8(&cur);
    size_t rest = gj_cursor_u16(&cur);
    if ((version != VERSION_LOCAL && version != VERSION_PROXY) || FIXED_SIZE + rest > GJ_PROXY_HEADER_MAX) {
        return GJ_EINVAL;
    }
    if (len < FIXED_SIZE + rest) {
        return GJ_AGAIN;
    }
    if (version == VERSION_PROXY && family == FAMILY_TCP4 && rest >= 12) {
        memset(address, 0, sizeof *address);
        address->bytes[10] = address->bytes[11] = 0xff;
        gj_cursor_copy(&cur, address->bytes + 12, 4);
    } else if (version == VERSION_PROXY && family == FAMILY_TCP6 && rest >= 36) {
        gj_cursor_copy(&cur, address->bytes, sizeof address->bytes);
    }
    *size = FIXED_SIZE + rest;
    return GJ_OK;
}
