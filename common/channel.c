#include "common/channel.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/channel_impl.h"
#include "common/cursor.h"
#include "common/fail.h"
#include "common/frame.h"

/* Kinds of plaintext. */
enum { KIND_BODY = 0, KIND_CLOSE = 1 };

#define CLOSE_SIZE 2

const char *gj_channel_close_name(uint16_t reason)
{
    switch (reason) {
#define CASE(name, value, text)                                                                                        \
    case value:                                                                                                        \
        return text;
        GJ_CLOSE_TABLE(CASE)
#undef CASE
    default:
        return "unknown";
    }
}

/* ---- life ------------------------------------------------------------------ */

#define BIT(state) (1u << (state))

/*   server:  HELLO -> MSG1 -+-------------> MSG3 -> WAIT_VERDICT -> OPEN
 *                           +-> WAIT_PSK ---^
 *   client:  HELLO -> MSG2 -> OPEN
 *   both:    OPEN -> CLOSING -> CLOSED;  OPEN -> CLOSED;  any -> DEAD
 *   refused: WAIT_PSK, WAIT_VERDICT (server), MSG2 (client) -> CLOSED
 *
 * Each row names the states from which one may come. */
static const uint16_t legal_from[] = {
    [GJ_CHANNEL_HELLO] = 0,
    [GJ_CHANNEL_MSG1] = BIT(GJ_CHANNEL_HELLO),
    [GJ_CHANNEL_WAIT_PSK] = BIT(GJ_CHANNEL_MSG1),
    [GJ_CHANNEL_MSG2] = BIT(GJ_CHANNEL_HELLO),
    [GJ_CHANNEL_MSG3] = BIT(GJ_CHANNEL_MSG1) | BIT(GJ_CHANNEL_WAIT_PSK),
    [GJ_CHANNEL_WAIT_VERDICT] = BIT(GJ_CHANNEL_MSG3),
    [GJ_CHANNEL_OPEN] = BIT(GJ_CHANNEL_MSG2) | BIT(GJ_CHANNEL_WAIT_VERDICT),
    [GJ_CHANNEL_CLOSING] = BIT(GJ_CHANNEL_OPEN),
    [GJ_CHANNEL_CLOSED] = BIT(GJ_CHANNEL_OPEN) | BIT(GJ_CHANNEL_CLOSING) | BIT(GJ_CHANNEL_MSG2) |
                          BIT(GJ_CHANNEL_WAIT_PSK) | BIT(GJ_CHANNEL_WAIT_VERDICT),
    [GJ_CHANNEL_DEAD] = UINT16_MAX,
};

void gj_channel_move(struct gj_channel *ch, enum gj_channel_state next)
{
    assert((legal_from[next] & BIT(ch->state)) != 0);
    ch->state = (uint8_t)next;
}

static enum gj_err init(struct gj_channel *ch, bool initiator)
{
    *ch = (struct gj_channel){.state = GJ_CHANNEL_HELLO, .initiator = initiator};
    ch->handshake = gj_fail_point("channel.handshake") ? NULL : calloc(1, sizeof *ch->handshake);
    if (ch->handshake == NULL) {
        ch->state = GJ_CHANNEL_DEAD;
        return GJ_ENOMEM;
    }
    return GJ_OK;
}

enum gj_err gj_channel_init_server(struct gj_channel *ch, const struct gj_channel_server *server)
{
    assert(server->key_count >= 1 && server->key_count <= 2);
    enum gj_err err = init(ch, false);
    ch->server = server;
    return err;
}

enum gj_err gj_channel_init_client(struct gj_channel *ch, const struct gj_channel_client *client, struct gj_buf *out)
{
    assert(client->pattern == GJ_NOISE_XK || client->pattern == GJ_NOISE_XKPSK3);
    enum gj_err err = init(ch, true);
    if (err != GJ_OK) {
        return err;
    }
    struct gj_channel_handshake *hs = ch->handshake;
    if (strlen(client->name) > GJ_CHANNEL_NAME_MAX) {
        return gj_channel_die(ch, GJ_EINVAL);
    }
    ch->pattern = (uint8_t)client->pattern;
    memcpy(ch->peer_key, client->server_key, sizeof ch->peer_key);
    hs->client = *client;
    hs->own = *client->own;
    strcpy(hs->name, client->name);
    hs->client.own = &hs->own;
    hs->client.name = hs->name;

    struct gj_writer wr;
    gj_writer_init_fixed(&wr, hs->prologue, GJ_HELLO_SIZE);
    gj_writer_bytes(&wr, "GJ01", 4);
    gj_writer_u16(&wr, GJ_CHANNEL_VERSION);
    gj_writer_u8(&wr, ch->pattern);
    gj_writer_u8(&wr, 0);
    gj_writer_bytes(&wr, client->cluster_id, GJ_CLUSTER_ID_SIZE);
    assert(wr.err == GJ_OK && wr.len == GJ_HELLO_SIZE);
    err = gj_buf_append(out, hs->prologue, GJ_HELLO_SIZE);
    return err == GJ_OK ? GJ_OK : gj_channel_die(ch, err);
}

void gj_channel_handshake_free(struct gj_channel *ch)
{
    if (ch->handshake != NULL) {
        sodium_memzero(ch->handshake, sizeof *ch->handshake);
        free(ch->handshake);
        ch->handshake = NULL;
    }
}

enum gj_err gj_channel_die(struct gj_channel *ch, enum gj_err err)
{
    assert(err != GJ_OK && err != GJ_AGAIN);
    gj_channel_handshake_free(ch);
    sodium_memzero(&ch->send, sizeof ch->send);
    sodium_memzero(&ch->receive, sizeof ch->receive);
    ch->drop = 0;
    gj_channel_move(ch, GJ_CHANNEL_DEAD);
    return err;
}

void gj_channel_fini(struct gj_channel *ch)
{
    gj_channel_handshake_free(ch);
    sodium_memzero(ch, sizeof *ch);
    ch->state = GJ_CHANNEL_DEAD;
}

bool gj_channel_is_open(const struct gj_channel *ch)
{
    return ch->state == GJ_CHANNEL_OPEN;
}

enum gj_err gj_channel_eof(struct gj_channel *ch)
{
    if (ch->state == GJ_CHANNEL_CLOSED || ch->state == GJ_CHANNEL_CLOSING) {
        return GJ_EOF;
    }
    return gj_channel_die(ch, GJ_ECLOSED);
}

/* ---- sealing --------------------------------------------------------------- */

size_t gj_channel_padded(size_t len)
{
    size_t size = len + GJ_CHANNEL_HEADER_SIZE;
    size_t bucket = GJ_PADDING_BUCKET_MIN;
    while (bucket < size && bucket < GJ_PADDING_BUCKET_MAX) {
        bucket *= 2;
    }
    return bucket < size ? GJ_PLAINTEXT_MAX : bucket;
}

/* A direction's key is replaced after every GJ_REKEY_MESSAGES messages, on both sides alike. */
static void rekey_when_due(struct gj_noise_cipher *cipher)
{
    if (cipher->nonce % GJ_REKEY_MESSAGES == 0) {
        gj_noise_cipher_rekey(cipher);
    }
}

static enum gj_err reserve(size_t len, struct gj_buf *out, uint8_t **plain)
{
    if (len > GJ_BODY_MAX) {
        return GJ_ETOOBIG;
    }
    return gj_frame_reserve(out, gj_channel_padded(len) + GJ_NOISE_TAG_SIZE, plain);
}

/* Encrypts the reserved plaintext, whose body is in its place already. */
static enum gj_err finish(struct gj_channel *ch, uint8_t kind, size_t len, struct gj_buf *out)
{
    size_t padded = gj_channel_padded(len);
    uint8_t *plain = gj_buf_bytes(out) + out->len + GJ_FRAME_HEADER_SIZE;
    plain[0] = (uint8_t)(len >> 24);
    plain[1] = (uint8_t)(len >> 16);
    plain[2] = (uint8_t)(len >> 8);
    plain[3] = (uint8_t)len;
    plain[4] = kind;
    size_t used = GJ_CHANNEL_HEADER_SIZE + len;
    memset(plain + used, 0, padded - used);
    enum gj_err err = gj_noise_cipher_seal(&ch->send, NULL, 0, plain, padded, plain);
    if (err != GJ_OK) {
        return gj_channel_die(ch, err);
    }
    gj_frame_commit(out, padded + GJ_NOISE_TAG_SIZE);
    rekey_when_due(&ch->send);
    return GJ_OK;
}

enum gj_err gj_channel_seal_begin(struct gj_channel *ch, size_t len, struct gj_buf *out, uint8_t **body)
{
    assert(!ch->sealing);
    if (ch->state != GJ_CHANNEL_OPEN) {
        return GJ_ECLOSED;
    }
    uint8_t *plain = NULL;
    enum gj_err err = reserve(len, out, &plain);
    if (err != GJ_OK) {
        return err;
    }
    ch->sealing = true;
    *body = plain + GJ_CHANNEL_HEADER_SIZE;
    return GJ_OK;
}

enum gj_err gj_channel_seal_end(struct gj_channel *ch, size_t len, struct gj_buf *out)
{
    assert(ch->sealing);
    ch->sealing = false;
    return finish(ch, KIND_BODY, len, out);
}

void gj_channel_seal_abandon(struct gj_channel *ch)
{
    assert(ch->sealing);
    ch->sealing = false;
}

enum gj_err gj_channel_seal(struct gj_channel *ch, const void *body, size_t len, struct gj_buf *out)
{
    uint8_t *at = NULL;
    enum gj_err err = gj_channel_seal_begin(ch, len, out, &at);
    if (err != GJ_OK) {
        return err;
    }
    if (len > 0) {
        memcpy(at, body, len);
    }
    return gj_channel_seal_end(ch, len, out);
}

static enum gj_err put_close(struct gj_channel *ch, enum gj_close_reason reason, struct gj_buf *out)
{
    uint8_t *plain = NULL;
    enum gj_err err = reserve(CLOSE_SIZE, out, &plain);
    if (err != GJ_OK) {
        return err;
    }
    plain[GJ_CHANNEL_HEADER_SIZE] = (uint8_t)(reason >> 8);
    plain[GJ_CHANNEL_HEADER_SIZE + 1] = (uint8_t)reason;
    return finish(ch, KIND_CLOSE, CLOSE_SIZE, out);
}

enum gj_err gj_channel_close(struct gj_channel *ch, enum gj_close_reason reason, struct gj_buf *out)
{
    assert(!ch->sealing);
    if (ch->state != GJ_CHANNEL_OPEN) {
        return GJ_ECLOSED;
    }
    enum gj_err err = put_close(ch, reason, out);
    if (err == GJ_OK) {
        gj_channel_move(ch, GJ_CHANNEL_CLOSING);
    }
    return err;
}

enum gj_err gj_channel_accept(struct gj_channel *ch)
{
    if (ch->state != GJ_CHANNEL_WAIT_VERDICT) {
        return GJ_ECLOSED;
    }
    gj_channel_handshake_free(ch);
    gj_channel_move(ch, GJ_CHANNEL_OPEN);
    return GJ_OK;
}

/* Before message 2 the refusal is its payload; after message 3 it is a close message. */
enum gj_err gj_channel_refuse(struct gj_channel *ch, enum gj_close_reason reason, struct gj_buf *out)
{
    enum gj_err err;
    if (ch->state == GJ_CHANNEL_WAIT_PSK) {
        uint8_t payload[CLOSE_SIZE] = {(uint8_t)(reason >> 8), (uint8_t)reason};
        uint8_t *msg = NULL;
        size_t len = 0;
        err = gj_frame_reserve(out, GJ_NOISE_MSG2_SIZE + sizeof payload, &msg);
        if (err == GJ_OK) {
            err = gj_noise_write(
                &ch->handshake->noise, payload, sizeof payload, msg, GJ_NOISE_MSG2_SIZE + sizeof payload, &len);
        }
        if (err == GJ_OK) {
            gj_frame_commit(out, len);
        }
    } else if (ch->state == GJ_CHANNEL_WAIT_VERDICT) {
        err = put_close(ch, reason, out);
    } else {
        return GJ_ECLOSED;
    }
    if (err != GJ_OK) {
        return ch->state == GJ_CHANNEL_DEAD ? err : gj_channel_die(ch, err);
    }
    gj_channel_handshake_free(ch);
    gj_channel_move(ch, GJ_CHANNEL_CLOSED);
    return GJ_OK;
}

/* ---- opening --------------------------------------------------------------- */

static bool all_zero(const uint8_t *bytes, size_t len)
{
    return len == 0 || sodium_is_zero(bytes, len) == 1;
}

/* The authenticated plaintext still comes from a peer: its form is checked. */
static enum gj_err parse_plain(struct gj_channel *ch, uint8_t *plain, size_t size, struct gj_channel_event *event)
{
    struct gj_cursor cur;
    gj_cursor_init(&cur, plain, size);
    uint32_t len = gj_cursor_u32(&cur);
    uint8_t kind = gj_cursor_u8(&cur);
    const uint8_t *body = len <= GJ_BODY_MAX ? gj_cursor_bytes(&cur, len) : NULL;
    size_t padding_len = 0;
    const uint8_t *padding = gj_cursor_rest(&cur, &padding_len);
    if (body == NULL || gj_cursor_ok(&cur) != GJ_OK || size != gj_channel_padded(len) ||
        !all_zero(padding, padding_len)) {
        return GJ_EINVAL;
    }
    if (kind == KIND_CLOSE && len == CLOSE_SIZE) {
        *event = (struct gj_channel_event){
            .kind = GJ_CHANNEL_EVENT_CLOSED,
            .reason = (uint16_t)(body[0] << 8 | body[1]),
        };
        gj_channel_move(ch, GJ_CHANNEL_CLOSED);
        return GJ_OK;
    }
    if (kind != KIND_BODY) {
        return GJ_EINVAL;
    }
    *event = (struct gj_channel_event){.kind = GJ_CHANNEL_EVENT_BODY, .bytes = body, .len = len};
    return GJ_OK;
}

/* Decrypts the next frame in place; the event borrows from in. */
static enum gj_err open_next(struct gj_channel *ch, struct gj_buf *in, struct gj_channel_event *event)
{
    struct gj_frame frame;
    enum gj_err err = gj_frame_next(in, &frame);
    if (err != GJ_OK) {
        return err;
    }
    err = gj_noise_cipher_open(&ch->receive, NULL, 0, frame.bytes, frame.len, frame.bytes);
    if (err != GJ_OK) {
        return err;
    }
    rekey_when_due(&ch->receive);
    ch->drop = (uint32_t)frame.size;
    return parse_plain(ch, frame.bytes, frame.len - GJ_NOISE_TAG_SIZE, event);
}

/* Passwords and names pass through here: what was read is not left in memory. */
static void drop_last(struct gj_channel *ch, struct gj_buf *in)
{
    if (ch->drop > 0) {
        assert(ch->drop <= in->len);
        explicit_bzero(gj_buf_bytes(in), ch->drop);
        gj_buf_drop(in, ch->drop);
        ch->drop = 0;
    }
}

enum gj_err gj_channel_step(
    struct gj_channel *ch, struct gj_buf *in, struct gj_buf *out, struct gj_channel_event *event)
{
    assert(!ch->sealing);
    *event = (struct gj_channel_event){0};
    drop_last(ch, in);
    enum gj_err err;
    for (;;) {
        switch (ch->state) {
        case GJ_CHANNEL_DEAD:
        case GJ_CHANNEL_CLOSED:
            return GJ_ECLOSED;
        case GJ_CHANNEL_WAIT_PSK:
        case GJ_CHANNEL_WAIT_VERDICT:
            return GJ_AGAIN;
        case GJ_CHANNEL_OPEN:
            err = open_next(ch, in, event);
            break;
        case GJ_CHANNEL_CLOSING:
            err = open_next(ch, in, event);
            if (err == GJ_OK && event->kind == GJ_CHANNEL_EVENT_BODY) {
                drop_last(ch, in);
                continue;
            }
            break;
        default:
            err = gj_channel_handshake_step(ch, in, out, event);
            /* A step without an event goes straight on. */
            if (err == GJ_OK && event->kind == 0) {
                continue;
            }
            break;
        }
        return err == GJ_OK || err == GJ_AGAIN ? err : gj_channel_die(ch, err);
    }
}
