/* Reaches the channel on both sides. The first byte says where the input enters:
 *   0  a server from its first byte on          1  a client waiting for the hello's answer
 *   2  a server that waits for message 1        3  a client that waits for message 2
 *   4  a server that waits for message 3        5  an open server, raw frames
 *   6  an open server, as authentic plaintexts: what an enrolled but hostile device can send
 * Randomness is a counter, so that every run of an input is the same. */
#include "tests/fuzz/fuzz.h"

#include <sodium.h>
#include <string.h>

#include "common/channel.h"
#include "common/envelope.h"
#include "common/frame.h"

static uint8_t counter;

static const char *random_name(void)
{
    return "counter";
}

static uint32_t random_u32(void)
{
    return counter++;
}

static void random_bytes(void *out, size_t len)
{
    uint8_t *at = out;
    for (size_t i = 0; i < len; i++) {
        at[i] = counter++;
    }
}

static randombytes_implementation random_counter = {
    .implementation_name = random_name, .random = random_u32, .buf = random_bytes};

struct talk {
    struct gj_keypair client_key;
    struct gj_keypair server_key;
    struct gj_channel_server conf;
    struct gj_channel_client dial;
    struct gj_channel client;
    struct gj_channel server;
    struct gj_buf to_server;
    struct gj_buf to_client;
};

/* What any owner may rely on, whatever comes in. */
static void check_event(const struct gj_channel *ch, const struct gj_channel_event *event)
{
    switch (event->kind) {
    case GJ_CHANNEL_EVENT_NEED_PSK:
        require(!ch->initiator && event->len == GJ_TOKEN_ID_SIZE && ch->state == GJ_CHANNEL_WAIT_PSK);
        break;
    case GJ_CHANNEL_EVENT_NEED_VERDICT:
        require(!ch->initiator && event->len <= GJ_HANDSHAKE_PAYLOAD_MAX && ch->state == GJ_CHANNEL_WAIT_VERDICT);
        break;
    case GJ_CHANNEL_EVENT_READY:
        require(ch->initiator && gj_channel_is_open(ch));
        break;
    case GJ_CHANNEL_EVENT_BODY:
        require(event->len <= GJ_BODY_MAX && gj_channel_is_open(ch));
        break;
    case GJ_CHANNEL_EVENT_CLOSED:
        require(ch->state == GJ_CHANNEL_CLOSED);
        break;
    default:
        require(false);
    }
}

static void decode_body(const struct gj_channel_event *event)
{
    struct gj_arena arena;
    Gj__V1__Envelope *envelope = NULL;
    gj_arena_init(&arena, GJ_REQUEST_ARENA_MAX);
    enum gj_err err = gj_envelope_decode(&arena, event->bytes, event->len, &envelope);
    require(err == GJ_OK || err == GJ_EINVAL || err == GJ_ETOOBIG);
    gj_arena_fini(&arena);
}

/* Steps until nothing more happens; gives the last result. */
static enum gj_err run(struct talk *talk, struct gj_channel *ch, struct gj_buf *in, struct gj_buf *out)
{
    struct gj_channel_event event;
    enum gj_err err;
    while ((err = gj_channel_step(ch, in, out, &event)) == GJ_OK) {
        check_event(ch, &event);
        if (event.kind == GJ_CHANNEL_EVENT_NEED_PSK) {
            err = gj_channel_psk(ch, talk->dial.psk, out);
        } else if (event.kind == GJ_CHANNEL_EVENT_NEED_VERDICT) {
            err = gj_channel_accept(ch);
        } else if (event.kind == GJ_CHANNEL_EVENT_BODY) {
            decode_body(&event);
        }
        require(err == GJ_OK);
    }
    if (err != GJ_AGAIN) {
        require(gj_channel_step(ch, in, out, &event) == GJ_ECLOSED);
    }
    return err;
}

static void start(struct talk *talk, enum gj_noise_pattern pattern)
{
    memset(talk, 0, sizeof *talk);
    gj_noise_keypair_new(&talk->client_key);
    gj_noise_keypair_new(&talk->server_key);
    talk->conf.keys = &talk->server_key;
    talk->conf.key_count = 1;
    talk->dial = (struct gj_channel_client){.pattern = pattern, .own = &talk->client_key, .name = "fuzz"};
    memcpy(talk->dial.server_key, talk->server_key.public_key, GJ_NOISE_KEY_SIZE);
    gj_buf_init(&talk->to_server, 1 << 21);
    gj_buf_init(&talk->to_client, 1 << 21);
    require(gj_channel_init_server(&talk->server, &talk->conf) == GJ_OK);
    require(gj_channel_init_client(&talk->client, &talk->dial, &talk->to_server) == GJ_OK);
}

/* Lets the honest handshake go on for that many turns, then forgets what is on the way. */
static void advance(struct talk *talk, unsigned turns)
{
    for (unsigned turn = 0; turn < turns; turn++) {
        if (turn % 2 == 0) {
            require(run(talk, &talk->server, &talk->to_server, &talk->to_client) == GJ_AGAIN);
        } else {
            require(run(talk, &talk->client, &talk->to_client, &talk->to_server) == GJ_AGAIN);
        }
    }
    gj_buf_drop(&talk->to_server, talk->to_server.len);
    gj_buf_drop(&talk->to_client, talk->to_client.len);
}

/* Each plaintext is led by its length in two bytes. */
static void seal_plaintexts(struct talk *talk, const uint8_t *data, size_t size)
{
    while (size >= 2) {
        size_t len = (size_t)data[0] << 8 | data[1];
        data += 2;
        size -= 2;
        len = len < size ? len : size;
        len = len < GJ_PLAINTEXT_MAX ? len : GJ_PLAINTEXT_MAX;
        uint8_t *frame = NULL;
        if (gj_frame_reserve(&talk->to_server, len + GJ_NOISE_TAG_SIZE, &frame) != GJ_OK) {
            return;
        }
        require(gj_noise_cipher_seal(&talk->client.send, NULL, 0, data, len, frame) == GJ_OK);
        gj_frame_commit(&talk->to_server, len + GJ_NOISE_TAG_SIZE);
        data += len;
        size -= len;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned turns[] = {0, 0, 1, 2, 3, 5, 5};
    static bool started;
    struct talk talk;
    if (size < 1) {
        return 0;
    }
    if (!started) {
        randombytes_set_implementation(&random_counter);
        require(gj_noise_start() == GJ_OK);
        started = true;
    }
    counter = 1;
    unsigned entry = (data[0] & 0x7f) % 7;
    enum gj_noise_pattern pattern = (data[0] & 0x80) != 0 ? GJ_NOISE_XKPSK3 : GJ_NOISE_XK;
    start(&talk, pattern);
    advance(&talk, turns[entry]);
    bool to_client = entry == 1 || entry == 3;
    struct gj_buf *in = to_client ? &talk.to_client : &talk.to_server;
    if (entry == 6) {
        seal_plaintexts(&talk, data + 1, size - 1);
    } else {
        require(gj_buf_append(in, data + 1, size - 1) == GJ_OK || size > 1 << 20);
    }
    if (to_client) {
        run(&talk, &talk.client, in, &talk.to_server);
    } else {
        run(&talk, &talk.server, in, &talk.to_client);
    }
    gj_channel_fini(&talk.client);
    gj_channel_fini(&talk.server);
    gj_buf_fini(&talk.to_server);
    gj_buf_fini(&talk.to_client);
    return 0;
}
