/* Our end of a conversation with another implementation of the channel.
 *
 *   noise_peer serve PATTERN SERVER_SECRET CLIENT_PUBLIC PSK
 *       prints its port, takes one connection, answers every body with the body
 *       whose bytes are inverted, and ends well when the peer closes with "done"
 *   noise_peer dial PATTERN PORT SERVER_PUBLIC CLIENT_SECRET PSK COUNT
 *       sends bodies of telling sizes and COUNT small ones, checks every answer, closes
 *
 * PATTERN is 1 (XK) or 2 (XKpsk3); keys are hex. Cluster and token ids are constants. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/channel.h"
#include "common/id.h"

#define WINDOW 64 /* bodies on the way at once */

static const size_t telling_sizes[] = {0, 1, 59, 60, 1000, 32763, 32764, GJ_BODY_MAX};
#define TELLING (sizeof telling_sizes / sizeof telling_sizes[0])

struct talk {
    int fd;
    struct gj_channel ch;
    struct gj_buf in;
    struct gj_buf out;
    uint8_t psk[GJ_NOISE_KEY_SIZE];
    uint8_t client_key[GJ_NOISE_KEY_SIZE];
};

static void give_up(const char *why, enum gj_err err)
{
    fprintf(stderr, "noise_peer: %s: %s\n", why, gj_err_name(err));
    exit(1);
}

static void must(enum gj_err err, const char *what)
{
    if (err != GJ_OK) {
        give_up(what, err);
    }
}

static void key_of(const char *hex, uint8_t out[GJ_NOISE_KEY_SIZE])
{
    must(gj_id_unhex(hex, strlen(hex), out, GJ_NOISE_KEY_SIZE), "key");
}

static void flush_out(struct talk *talk)
{
    while (talk->out.len > 0) {
        ssize_t put = write(talk->fd, gj_buf_bytes(&talk->out), talk->out.len);
        if (put <= 0) {
            give_up("write", GJ_EIO);
        }
        gj_buf_drop(&talk->out, (size_t)put);
    }
    gj_buf_release(&talk->out);
}

/* Waits for the next event, deciding on the peer's key by the way. */
static struct gj_channel_event next_event(struct talk *talk)
{
    struct gj_channel_event event;
    for (;;) {
        enum gj_err err = gj_channel_step(&talk->ch, &talk->in, &talk->out, &event);
        flush_out(talk);
        if (err == GJ_OK && event.kind == GJ_CHANNEL_EVENT_NEED_PSK) {
            must(gj_channel_psk(&talk->ch, talk->psk, &talk->out), "psk");
        } else if (err == GJ_OK && event.kind == GJ_CHANNEL_EVENT_NEED_VERDICT) {
            if (memcmp(talk->ch.peer_key, talk->client_key, GJ_NOISE_KEY_SIZE) != 0) {
                give_up("another client's key", GJ_EDENIED);
            }
            must(gj_channel_accept(&talk->ch), "accept");
        } else if (err == GJ_OK) {
            return event;
        } else if (err != GJ_AGAIN) {
            give_up("step", err);
        } else {
            uint8_t bytes[16384];
            flush_out(talk);
            ssize_t got = read(talk->fd, bytes, sizeof bytes);
            if (got <= 0) {
                give_up("end of the stream", gj_channel_eof(&talk->ch));
            }
            must(gj_buf_append(&talk->in, bytes, (size_t)got), "in");
        }
    }
}

static void serve(struct talk *talk, struct gj_channel_server *conf)
{
    must(gj_channel_init_server(&talk->ch, conf), "init");
    for (;;) {
        struct gj_channel_event event = next_event(talk);
        if (event.kind == GJ_CHANNEL_EVENT_CLOSED) {
            if (event.reason != GJ_CLOSE_DONE) {
                give_up("closed for another reason", GJ_EINVAL);
            }
            return;
        }
        uint8_t *answer = NULL;
        must(gj_channel_seal_begin(&talk->ch, event.len, &talk->out, &answer), "seal");
        for (size_t i = 0; i < event.len; i++) {
            answer[i] = event.bytes[i] ^ 0xFF;
        }
        must(gj_channel_seal_end(&talk->ch, event.len, &talk->out), "seal");
    }
}

static size_t size_of(size_t number)
{
    return number < TELLING ? telling_sizes[number] : 5;
}

static uint8_t byte_of(size_t number, size_t at)
{
    return (uint8_t)(number * 31 + at * 7);
}

static void dial(struct talk *talk, const struct gj_channel_client *conf, size_t count)
{
    static uint8_t body[GJ_BODY_MAX];
    size_t total = TELLING + count;
    must(gj_channel_init_client(&talk->ch, conf, &talk->out), "init");
    if (next_event(talk).kind != GJ_CHANNEL_EVENT_READY) {
        give_up("not ready", GJ_EINVAL);
    }
    for (size_t sent = 0, answered = 0; answered < total;) {
        for (; sent < total && sent < answered + WINDOW; sent++) {
            for (size_t at = 0; at < size_of(sent); at++) {
                body[at] = byte_of(sent, at);
            }
            must(gj_channel_seal(&talk->ch, body, size_of(sent), &talk->out), "seal");
        }
        for (; answered < sent; answered++) {
            struct gj_channel_event event = next_event(talk);
            bool same = event.kind == GJ_CHANNEL_EVENT_BODY && event.len == size_of(answered);
            for (size_t at = 0; same && at < event.len; at++) {
                same = event.bytes[at] + byte_of(answered, at) == 0xFF;
            }
            if (!same) {
                give_up("a wrong answer", GJ_EINVAL);
            }
        }
    }
    must(gj_channel_close(&talk->ch, GJ_CLOSE_DONE, &talk->out), "close");
    flush_out(talk);
}

static int open_socket(bool server, uint16_t port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(port)};
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (!server) {
        return connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0 ? fd : -1;
    }
    socklen_t len = sizeof addr;
    if (bind(fd, (struct sockaddr *)&addr, len) != 0 || listen(fd, 1) != 0 ||
        getsockname(fd, (struct sockaddr *)&addr, &len) != 0) {
        return -1;
    }
    printf("%u\n", ntohs(addr.sin_port));
    fflush(stdout);
    int peer = accept(fd, NULL, NULL);
    close(fd);
    return peer;
}

int main(int argc, char **argv)
{
    bool server = argc == 6 && strcmp(argv[1], "serve") == 0;
    if (!server && !(argc == 8 && strcmp(argv[1], "dial") == 0)) {
        fprintf(stderr, "usage: see the head of noise_peer.c\n");
        return 2;
    }
    must(gj_noise_start(), "sodium");
    struct talk talk = {0};
    struct gj_keypair own;
    uint8_t cluster_id[GJ_CLUSTER_ID_SIZE];
    memset(cluster_id, 0xC1, sizeof cluster_id);
    gj_buf_init(&talk.in, 4 * GJ_CHANNEL_IN_MAX);
    gj_buf_init(&talk.out, 64 * GJ_CHANNEL_IN_MAX);
    talk.fd = open_socket(server, server ? 0 : (uint16_t)atoi(argv[3]));
    if (talk.fd < 0) {
        give_up("socket", GJ_ESYS);
    }
    int one = 1;
    setsockopt(talk.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (server) {
        struct gj_channel_server conf = {.keys = &own, .key_count = 1};
        memcpy(conf.cluster_id, cluster_id, sizeof cluster_id);
        key_of(argv[3], own.secret);
        key_of(argv[4], talk.client_key);
        key_of(argv[5], talk.psk);
        gj_noise_keypair_derive(&own);
        serve(&talk, &conf);
    } else {
        struct gj_channel_client conf = {
            .pattern = (enum gj_noise_pattern)atoi(argv[2]), .own = &own, .name = "noise_peer"};
        memcpy(conf.cluster_id, cluster_id, sizeof cluster_id);
        memset(conf.token_id, 0x70, sizeof conf.token_id);
        key_of(argv[4], conf.server_key);
        key_of(argv[5], own.secret);
        key_of(argv[6], conf.psk);
        gj_noise_keypair_derive(&own);
        dial(&talk, &conf, (size_t)atoi(argv[7]));
    }
    gj_channel_fini(&talk.ch);
    gj_buf_fini(&talk.in);
    gj_buf_fini(&talk.out);
    close(talk.fd);
    return 0;
}
