/* A real daemon on a temporary folder, and a raw client of it made of blocking sockets and common/channel.h alone: for
 * tests that must be able to misbehave. Everything fails the running cmocka test when the machinery fails. */
#ifndef GJ_TESTS_HARNESS_H
#define GJ_TESTS_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/channel.h"
#include "common/invite.h"
#include "proto/envelope.pb-c.h"

#define HARNESS_PASSWORD "correct horse"

struct harness {
    char dir[64];
    char port_file[80];
    char log_file[80];
    pid_t pid;
    uint16_t port;
    struct gj_invite administrator; /* its user becomes sysadmin */
    struct gj_invite approver;      /* its user becomes hq_qa */
};

/* Makes a store (a demo's when demo is set) and starts the daemon with further words of its command line, ended by
 * NULL. */
void harness_open(struct harness *harness, int demo, ...) __attribute__((sentinel));
/* SIGTERM, waits, checks the exit code, removes the folder. */
void harness_close(struct harness *harness);
void harness_start(struct harness *harness, const char *const *words);
/* Ends the process with a signal and gives waitpid's status. */
int harness_stop(struct harness *harness, int signal);
bool harness_alive(const struct harness *harness);
/* Whether the daemon has written this into its log. */
bool harness_logged(const struct harness *harness, const char *text);

struct wire {
    int fd;
    struct gj_channel channel;
    struct gj_buf in, out;
    uint64_t next_id;
    uint16_t closed_with; /* reason of the goodbye that came */
};

/* A TCP connection without a word said. */
int harness_connect(const struct harness *harness);
/* Waits until the other side has ended the stream; false after wait_ms. Bytes that come meanwhile are thrown away. */
bool harness_is_cut(int fd, int wait_ms);

/* Opens a channel with the device's key; GJ_OK, or what the handshake ended with. */
enum gj_err wire_open(struct wire *wire, const struct harness *harness, const struct gj_keypair *device);
enum gj_err wire_open_invited(
    struct wire *wire, const struct harness *harness, const struct gj_keypair *device, const struct gj_invite *invite);
void wire_close(struct wire *wire);

/* Sends a request and waits for its reply; pushes that come first are dropped. Freed with gj__v1__reply__free_unpacked.
 * NULL: the channel ended. */
Gj__V1__Reply *wire_call(struct wire *wire, uint32_t call, const uint8_t *key, const ProtobufCMessage *request);
/* Sends what was sealed into out. */
void wire_flush(struct wire *wire);
void wire_send(struct wire *wire, const void *body, size_t len);
/* The next envelope, or NULL when none came in wait_ms or the channel ended. */
Gj__V1__Envelope *wire_receive(struct wire *wire, int wait_ms);

/* Enrols a device with the invitation as its user, then opens an ordinary channel and logs in. */
void harness_join(struct harness *harness, const struct gj_invite *invite, const char *login, struct gj_keypair *device,
    struct wire *wire);

#endif
