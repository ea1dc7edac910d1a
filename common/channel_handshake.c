#include "common/channel_impl.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "common/cursor.h"
#include "common/frame.h"

#define MAGIC "GJ01"
#define MAGIC_SIZE 4

static enum gj_err put_answer(
    struct gj_buf *out, enum gj_hello_status status, uint16_t version, uint8_t copy[GJ_HELLO_ANSWER_SIZE])
{
    struct gj_writer wr;
    gj_writer_init_fixed(&wr, copy, GJ_HELLO_ANSWER_SIZE);
    gj_writer_bytes(&wr, MAGIC, MAGIC_SIZE);
    gj_writer_u8(&wr, (uint8_t)status);
    gj_writer_u8(&wr, 0);
    gj_writer_u16(&wr, version);
    gj_writer_u16(&wr, GJ_CHANNEL_VERSION);
    gj_writer_u16(&wr, GJ_CHANNEL_VERSION);
    assert(wr.err == GJ_OK && wr.len == GJ_HELLO_ANSWER_SIZE);
    return gj_buf_append(out, copy, GJ_HELLO_ANSWER_SIZE);
}

enum gj_err gj_channel_put_busy(struct gj_buf *out)
{
    uint8_t copy[GJ_HELLO_ANSWER_SIZE];
    return put_answer(out, GJ_HELLO_BUSY, 0, copy);
}

/* A prefix that cannot become a hello is refused without waiting for the rest, so a stray
 * HTTP or TLS client is gone after four bytes. */
static bool magic_fits(const struct gj_buf *in)
{
    size_t len = in->len < MAGIC_SIZE ? in->len : MAGIC_SIZE;
    return len == 0 || memcmp(gj_buf_bytes(in), MAGIC, len) == 0;
}

/* ---- server ---------------------------------------------------------------- */

static enum gj_err server_hello(struct gj_channel *ch, struct gj_buf *in, struct gj_buf *out)
{
    struct gj_channel_handshake *hs = ch->handshake;
    if (!magic_fits(in)) {
        return GJ_EINVAL;
    }
    if (in->len < GJ_HELLO_SIZE) {
        return GJ_AGAIN;
    }
    memcpy(hs->prologue, gj_buf_bytes(in), GJ_HELLO_SIZE);
    gj_buf_drop(in, GJ_HELLO_SIZE);

    struct gj_cursor cur;
    gj_cursor_init(&cur, hs->prologue + MAGIC_SIZE, GJ_HELLO_SIZE - MAGIC_SIZE);
    uint16_t version = gj_cursor_u16(&cur);
    uint8_t pattern = gj_cursor_u8(&cur);
    gj_cursor_u8(&cur); /* reserved: ignored, but authenticated as part of the prologue */
    const uint8_t *cluster_id = gj_cursor_bytes(&cur, GJ_CLUSTER_ID_SIZE);

    enum gj_hello_status status = GJ_HELLO_OK;
    enum gj_err verdict = GJ_OK;
    if (version != GJ_CHANNEL_VERSION) {
        status = GJ_HELLO_VERSION;
        verdict = GJ_EVERSION;
    } else if (pattern != GJ_NOISE_XK && pattern != GJ_NOISE_XKPSK3) {
        status = GJ_HELLO_PATTERN;
        verdict = GJ_EVERSION;
    } else if (memcmp(cluster_id, ch->server->cluster_id, GJ_CLUSTER_ID_SIZE) != 0) {
        status = GJ_HELLO_CLUSTER;
        verdict = GJ_EDENIED;
    }
    uint16_t spoken = status == GJ_HELLO_OK ? GJ_CHANNEL_VERSION : 0;
    enum gj_err err = put_answer(out, status, spoken, hs->prologue + GJ_HELLO_SIZE);
    if (err != GJ_OK || verdict != GJ_OK) {
        return err != GJ_OK ? err : verdict;
    }
    ch->pattern = pattern;
    gj_channel_move(ch, GJ_CHANNEL_MSG1);
    return GJ_OK;
}

/* Writes message 2 without a refusal. */
static enum gj_err put_message2(struct gj_channel *ch, struct gj_buf *out)
{
    uint8_t *msg = NULL;
    size_t len = 0;
    enum gj_err err = gj_frame_reserve(out, GJ_NOISE_MSG2_SIZE, &msg);
    if (err == GJ_OK) {
        err = gj_noise_write(&ch->handshake->noise, NULL, 0, msg, GJ_NOISE_MSG2_SIZE, &len);
    }
    if (err == GJ_OK) {
        gj_frame_commit(out, len);
        gj_channel_move(ch, GJ_CHANNEL_MSG3);
    }
    return err;
}

/* The client may have pinned the current key or the one announced before it. */
static enum gj_err read_message1(struct gj_channel *ch, const struct gj_frame *frame, size_t *payload_len)
{
    struct gj_channel_handshake *hs = ch->handshake;
    enum gj_err err = GJ_ECRYPTO;
    for (size_t i = 0; i < ch->server->key_count && err == GJ_ECRYPTO; i++) {
        gj_noise_init(&hs->noise, ch->pattern, false, hs->prologue, sizeof hs->prologue, &ch->server->keys[i], NULL);
        err = gj_noise_read(&hs->noise, frame->bytes, frame->len, hs->payload, sizeof hs->payload, payload_len);
    }
    return err;
}

static enum gj_err server_message1(
    struct gj_channel *ch, struct gj_buf *in, struct gj_buf *out, struct gj_channel_event *event)
{
    struct gj_frame frame;
    size_t payload_len = 0;
    enum gj_err err = gj_frame_next(in, &frame);
    if (err != GJ_OK) {
        return err;
    }
    err = read_message1(ch, &frame, &payload_len);
    if (err != GJ_OK) {
        return err;
    }
    gj_buf_drop(in, frame.size);
    if (ch->pattern == GJ_NOISE_XK) {
        return put_message2(ch, out);
    }
    if (payload_len != GJ_TOKEN_ID_SIZE) {
        return GJ_EINVAL;
    }
    *event = (struct gj_channel_event){
        .kind = GJ_CHANNEL_EVENT_NEED_PSK,
        .bytes = ch->handshake->payload,
        .len = payload_len,
    };
    gj_channel_move(ch, GJ_CHANNEL_WAIT_PSK);
    return GJ_OK;
}

enum gj_err gj_channel_psk(struct gj_channel *ch, const uint8_t psk[GJ_NOISE_KEY_SIZE], struct gj_buf *out)
{
    if (ch->state != GJ_CHANNEL_WAIT_PSK) {
        return GJ_ECLOSED;
    }
    gj_noise_set_psk(&ch->handshake->noise, psk);
    enum gj_err err = put_message2(ch, out);
    return err == GJ_OK ? GJ_OK : gj_channel_die(ch, err);
}

static enum gj_err server_message3(struct gj_channel *ch, struct gj_buf *in, struct gj_channel_event *event)
{
    struct gj_channel_handshake *hs = ch->handshake;
    struct gj_frame frame;
    size_t payload_len = 0;
    enum gj_err err = gj_frame_next(in, &frame);
    if (err != GJ_OK) {
        return err;
    }
    err = gj_noise_read(&hs->noise, frame.bytes, frame.len, hs->payload, sizeof hs->payload, &payload_len);
    if (err == GJ_OK) {
        err = gj_noise_split(&hs->noise, &ch->send, &ch->receive, ch->hash);
    }
    if (err != GJ_OK) {
        return err;
    }
    gj_buf_drop(in, frame.size);
    memcpy(ch->peer_key, hs->noise.rs, sizeof ch->peer_key);
    *event = (struct gj_channel_event){
        .kind = GJ_CHANNEL_EVENT_NEED_VERDICT,
        .bytes = hs->payload,
        .len = payload_len,
    };
    gj_channel_move(ch, GJ_CHANNEL_WAIT_VERDICT);
    return GJ_OK;
}

/* ---- client ---------------------------------------------------------------- */

static enum gj_err put_message1(struct gj_channel *ch, struct gj_buf *out)
{
    struct gj_channel_handshake *hs = ch->handshake;
    bool enrolling = ch->pattern == GJ_NOISE_XKPSK3;
    gj_noise_init(&hs->noise, ch->pattern, true, hs->prologue, sizeof hs->prologue, &hs->own, hs->client.server_key);
    if (enrolling) {
        gj_noise_set_psk(&hs->noise, hs->client.psk);
    }
    size_t payload_len = enrolling ? GJ_TOKEN_ID_SIZE : 0;
    uint8_t *msg = NULL;
    size_t len = 0;
    enum gj_err err = gj_frame_reserve(out, GJ_NOISE_MSG1_SIZE + payload_len, &msg);
    if (err == GJ_OK) {
        err = gj_noise_write(&hs->noise, hs->client.token_id, payload_len, msg, GJ_NOISE_MSG1_SIZE + payload_len, &len);
    }
    if (err == GJ_OK) {
        gj_frame_commit(out, len);
        gj_channel_move(ch, GJ_CHANNEL_MSG2);
    }
    return err;
}

static enum gj_err client_hello(
    struct gj_channel *ch, struct gj_buf *in, struct gj_buf *out, struct gj_channel_event *event)
{
    struct gj_channel_handshake *hs = ch->handshake;
    if (!magic_fits(in)) {
        return GJ_EINVAL;
    }
    if (in->len < GJ_HELLO_ANSWER_SIZE) {
        return GJ_AGAIN;
    }
    memcpy(hs->prologue + GJ_HELLO_SIZE, gj_buf_bytes(in), GJ_HELLO_ANSWER_SIZE);
    gj_buf_drop(in, GJ_HELLO_ANSWER_SIZE);

    struct gj_cursor cur;
    gj_cursor_init(&cur, hs->prologue + GJ_HELLO_SIZE + MAGIC_SIZE, GJ_HELLO_ANSWER_SIZE - MAGIC_SIZE);
    event->hello.status = (enum gj_hello_status)gj_cursor_u8(&cur);
    gj_cursor_u8(&cur);
    uint16_t version = gj_cursor_u16(&cur);
    event->hello.lowest = gj_cursor_u16(&cur);
    event->hello.highest = gj_cursor_u16(&cur);
    switch (event->hello.status) {
    case GJ_HELLO_OK:
        return version == GJ_CHANNEL_VERSION ? put_message1(ch, out) : GJ_EVERSION;
    case GJ_HELLO_VERSION:
    case GJ_HELLO_PATTERN:
        return GJ_EVERSION;
    case GJ_HELLO_CLUSTER:
        return GJ_EDENIED;
    case GJ_HELLO_BUSY:
        return GJ_EBUSY;
    }
    return GJ_EINVAL;
}

static enum gj_err put_message3(struct gj_channel *ch, struct gj_buf *out)
{
    struct gj_channel_handshake *hs = ch->handshake;
    size_t name_len = strlen(hs->name);
    uint8_t *msg = NULL;
    size_t len = 0;
    enum gj_err err = gj_frame_reserve(out, GJ_NOISE_MSG3_SIZE + name_len, &msg);
    if (err == GJ_OK) {
        err = gj_noise_write(&hs->noise, hs->name, name_len, msg, GJ_NOISE_MSG3_SIZE + name_len, &len);
    }
    if (err == GJ_OK) {
        err = gj_noise_split(&hs->noise, &ch->send, &ch->receive, ch->hash);
    }
    if (err == GJ_OK) {
        gj_frame_commit(out, len);
    }
    return err;
}

static enum gj_err client_message2(
    struct gj_channel *ch, struct gj_buf *in, struct gj_buf *out, struct gj_channel_event *event)
{
    struct gj_channel_handshake *hs = ch->handshake;
    struct gj_frame frame;
    size_t payload_len = 0;
    enum gj_err err = gj_frame_next(in, &frame);
    if (err != GJ_OK) {
        return err;
    }
    err = gj_noise_read(&hs->noise, frame.bytes, frame.len, hs->payload, sizeof hs->payload, &payload_len);
    if (err != GJ_OK) {
        return err;
    }
    gj_buf_drop(in, frame.size);
    if (payload_len == 2) {
        *event = (struct gj_channel_event){
            .kind = GJ_CHANNEL_EVENT_CLOSED,
            .reason = (uint16_t)(hs->payload[0] << 8 | hs->payload[1]),
        };
        gj_channel_handshake_free(ch);
        gj_channel_move(ch, GJ_CHANNEL_CLOSED);
        return GJ_OK;
    }
    if (payload_len != 0) {
        return GJ_EINVAL;
    }
    err = put_message3(ch, out);
    if (err != GJ_OK) {
        return err;
    }
    gj_channel_handshake_free(ch);
    gj_channel_move(ch, GJ_CHANNEL_OPEN);
    event->kind = GJ_CHANNEL_EVENT_READY;
    return GJ_OK;
}

enum gj_err gj_channel_handshake_step(
    struct gj_channel *ch, struct gj_buf *in, struct gj_buf *out, struct gj_channel_event *event)
{
    switch (ch->state) {
    case GJ_CHANNEL_HELLO:
        return ch->initiator ? client_hello(ch, in, out, event) : server_hello(ch, in, out);
    case GJ_CHANNEL_MSG1:
        return server_message1(ch, in, out, event);
    case GJ_CHANNEL_MSG2:
        return client_message2(ch, in, out, event);
    case GJ_CHANNEL_MSG3:
        return server_message3(ch, in, event);
    default:
        assert(false && "not a handshake state");
        return GJ_EINVAL;
    }
}
