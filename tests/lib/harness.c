#include "lib/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/envelope.h"
#include "common/noise.h"
#include "proto/session.pb-c.h"

/* A daemon under a sanitizer on a busy machine takes its time. */
#define START_WAIT_MS 30000
#define REPLY_WAIT_MS 20000
#define WORDS_MAX 24

/* ---- the daemon ---- */

static void sleep_ms(long ms)
{
    struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&wait, NULL);
}

static void take_invitation(const char *line, const char *title, struct gj_invite *out)
{
    if (strncmp(line, title, strlen(title)) == 0) {
        assert_int_equal(gj_invite_parse(line + strlen(title), out), GJ_OK);
    }
}

static void init_store(struct harness *harness, bool demo)
{
    char command[1024];
    char line[512];

    snprintf(command, sizeof command, "'%s' init '%s/store' --policy '%s/policy' --calendar '%s/calendars' %s",
        GJ_TESTS_DAEMON, harness->dir, GJ_TESTS_DEPLOY, GJ_TESTS_DEPLOY, demo ? "--demo" : "");
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    while (fgets(line, sizeof line, pipe) != NULL) {
        take_invitation(line, "administrator ", &harness->administrator);
        take_invitation(line, "approver ", &harness->approver);
    }
    assert_int_equal(pclose(pipe), 0);
}

static void read_port(struct harness *harness)
{
    for (int waited = 0; waited < START_WAIT_MS; waited += 10) {
        unsigned port = 0;
        FILE *file = fopen(harness->port_file, "r");

        if (file != NULL && fscanf(file, "%u", &port) == 1 && port != 0) {
            fclose(file);
            harness->port = (uint16_t)port;
            return;
        }
        if (file != NULL) {
            fclose(file);
        }
        if (!harness_alive(harness)) {
            break;
        }
        sleep_ms(10);
    }
    fail_msg("the daemon did not start; see %s", harness->log_file);
}

void harness_start(struct harness *harness, const char *const *words)
{
    char store[80];
    const char *argv[WORDS_MAX] = {
        GJ_TESTS_DAEMON, "run", "-d", store, "--listen", "127.0.0.1:0", "--port-file", harness->port_file};
    size_t count = 8;

    snprintf(store, sizeof store, "%s/store", harness->dir);
    for (; words != NULL && *words != NULL; words++) {
        assert_true(count < WORDS_MAX - 1);
        argv[count++] = *words;
    }
    (void)unlink(harness->port_file);
    harness->pid = fork();
    assert_true(harness->pid >= 0);
    if (harness->pid == 0) {
        int log = open(harness->log_file, O_WRONLY | O_CREAT | O_APPEND, 0600);

        dup2(log, 1);
        dup2(log, 2);
        execv(GJ_TESTS_DAEMON, (char *const *)argv);
        _exit(127);
    }
    read_port(harness);
}

void harness_open(struct harness *harness, int demo, ...)
{
    const char *words[WORDS_MAX] = {NULL};
    size_t count = 0;
    va_list args;

    memset(harness, 0, sizeof *harness);
    assert_int_equal(gj_noise_start(), GJ_OK);
    snprintf(
        harness->dir, sizeof harness->dir, "%s/gj-net-XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(harness->dir));
    snprintf(harness->port_file, sizeof harness->port_file, "%s/port", harness->dir);
    snprintf(harness->log_file, sizeof harness->log_file, "%s/log", harness->dir);
    va_start(args, demo);
    for (const char *word = va_arg(args, const char *); word != NULL && count < WORDS_MAX - 1;
         word = va_arg(args, const char *)) {
        words[count++] = word;
    }
    va_end(args);
    init_store(harness, demo);
    harness_start(harness, words);
}

bool harness_alive(const struct harness *harness)
{
    return waitpid(harness->pid, NULL, WNOHANG) == 0;
}

int harness_stop(struct harness *harness, int number)
{
    int status = 0;

    assert_int_equal(kill(harness->pid, number), 0);
    assert_int_equal(waitpid(harness->pid, &status, 0), harness->pid);
    harness->pid = 0;
    return status;
}

bool harness_logged(const struct harness *harness, const char *text)
{
    char line[2048];
    bool found = false;
    FILE *file = fopen(harness->log_file, "r");

    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        found = strstr(line, text) != NULL;
    }
    if (file != NULL) {
        fclose(file);
    }
    return found;
}

void harness_close(struct harness *harness)
{
    char command[128];

    if (harness->pid != 0) {
        int status = harness_stop(harness, SIGTERM);

        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            fail_msg("the daemon ended with status %x; see %s", (unsigned)status, harness->log_file);
        }
    }
    snprintf(command, sizeof command, "rm -rf '%s'", harness->dir);
    assert_int_equal(system(command), 0);
}

/* ---- sockets ---- */

int harness_connect(const struct harness *harness)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(harness->port)};
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (const struct sockaddr *)&addr, sizeof addr), 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static bool readable(int fd, int wait_ms)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN};

    return poll(&poller, 1, wait_ms) == 1;
}

bool harness_is_cut(int fd, int wait_ms)
{
    uint8_t bytes[4096];

    for (int waited = 0; waited <= wait_ms; waited += 20) {
        if (!readable(fd, 20)) {
            continue;
        }
        ssize_t got = read(fd, bytes, sizeof bytes);
        if (got <= 0) {
            return true;
        }
    }
    return false;
}

/* ---- channels ---- */

static bool flush(struct wire *wire)
{
    while (wire->out.len > 0) {
        ssize_t sent = send(wire->fd, gj_buf_bytes(&wire->out), wire->out.len, MSG_NOSIGNAL);

        if (sent <= 0) {
            return false;
        }
        gj_buf_drop(&wire->out, (size_t)sent);
    }
    return true;
}

static bool fill(struct wire *wire, int wait_ms)
{
    uint8_t bytes[16384];

    if (!readable(wire->fd, wait_ms)) {
        return false;
    }
    ssize_t got = read(wire->fd, bytes, sizeof bytes);
    return got > 0 && gj_buf_append(&wire->in, bytes, (size_t)got) == GJ_OK;
}

static enum gj_err handshake(struct wire *wire)
{
    struct gj_channel_event event;

    for (;;) {
        enum gj_err err = gj_channel_step(&wire->channel, &wire->in, &wire->out, &event);
        if (err == GJ_AGAIN) {
            if (!flush(wire) || !fill(wire, REPLY_WAIT_MS)) {
                return GJ_ECLOSED;
            }
        } else if (err != GJ_OK) {
            return err;
        } else if (event.kind == GJ_CHANNEL_EVENT_READY) {
            return flush(wire) ? GJ_OK : GJ_ECLOSED;
        } else if (event.kind == GJ_CHANNEL_EVENT_CLOSED) {
            wire->closed_with = event.reason;
            return GJ_EDENIED;
        }
    }
}

static enum gj_err open_with(struct wire *wire, const struct harness *harness, const struct gj_channel_client *client)
{
    memset(wire, 0, sizeof *wire);
    gj_buf_init(&wire->in, 1024 * 1024);
    gj_buf_init(&wire->out, 1024 * 1024);
    wire->fd = harness_connect(harness);
    assert_int_equal(gj_channel_init_client(&wire->channel, client, &wire->out), GJ_OK);
    return handshake(wire);
}

enum gj_err wire_open(struct wire *wire, const struct harness *harness, const struct gj_keypair *device)
{
    struct gj_channel_client client = {.pattern = GJ_NOISE_XK, .own = device, .name = "harness"};

    memcpy(client.cluster_id, harness->administrator.cluster_id, sizeof client.cluster_id);
    memcpy(client.server_key, harness->administrator.server_key, sizeof client.server_key);
    return open_with(wire, harness, &client);
}

enum gj_err wire_open_invited(
    struct wire *wire, const struct harness *harness, const struct gj_keypair *device, const struct gj_invite *invite)
{
    struct gj_channel_client client = {.pattern = GJ_NOISE_XKPSK3, .own = device, .name = "harness"};

    memcpy(client.cluster_id, invite->cluster_id, sizeof client.cluster_id);
    memcpy(client.server_key, invite->server_key, sizeof client.server_key);
    memcpy(client.token_id, invite->token_id, sizeof client.token_id);
    memcpy(client.psk, invite->secret, sizeof client.psk);
    return open_with(wire, harness, &client);
}

void wire_close(struct wire *wire)
{
    if (gj_channel_is_open(&wire->channel) && gj_channel_close(&wire->channel, GJ_CLOSE_DONE, &wire->out) == GJ_OK) {
        (void)flush(wire);
    }
    close(wire->fd);
    gj_channel_fini(&wire->channel);
    gj_buf_fini(&wire->in);
    gj_buf_fini(&wire->out);
}

void wire_flush(struct wire *wire)
{
    assert_true(flush(wire));
}

void wire_send(struct wire *wire, const void *body, size_t len)
{
    assert_int_equal(gj_channel_seal(&wire->channel, body, len, &wire->out), GJ_OK);
    (void)flush(wire);
}

Gj__V1__Envelope *wire_receive(struct wire *wire, int wait_ms)
{
    struct gj_channel_event event;

    for (;;) {
        enum gj_err err = gj_channel_step(&wire->channel, &wire->in, &wire->out, &event);

        if (err == GJ_AGAIN && fill(wire, wait_ms)) {
            continue;
        }
        if (err == GJ_OK && event.kind == GJ_CHANNEL_EVENT_BODY) {
            return gj__v1__envelope__unpack(NULL, event.len, event.bytes);
        }
        if (err == GJ_OK && event.kind == GJ_CHANNEL_EVENT_CLOSED) {
            wire->closed_with = event.reason;
        } else if (err == GJ_OK) {
            continue; /* READY, when the first message of the server ended the handshake */
        }
        return NULL;
    }
}

Gj__V1__Reply *wire_call(struct wire *wire, uint32_t call, const uint8_t *key, const ProtobufCMessage *message)
{
    Gj__V1__Request request = GJ__V1__REQUEST__INIT;
    uint8_t *body = malloc(protobuf_c_message_get_packed_size(message) + 1);

    assert_non_null(body);
    request.id = ++wire->next_id;
    request.call = call;
    request.body.data = body;
    request.body.len = protobuf_c_message_pack(message, body);
    if (key != NULL) {
        request.request_key.data = (uint8_t *)key;
        request.request_key.len = 16;
    }
    assert_int_equal(gj_envelope_send_request(&wire->channel, &request, &wire->out), GJ_OK);
    free(body);
    if (!flush(wire)) {
        return NULL;
    }
    for (;;) {
        Gj__V1__Envelope *envelope = wire_receive(wire, REPLY_WAIT_MS);

        if (envelope == NULL) {
            return NULL;
        }
        if (envelope->body_case == GJ__V1__ENVELOPE__BODY_REPLY && envelope->reply->id == request.id) {
            Gj__V1__Reply *reply = envelope->reply;

            envelope->body_case = GJ__V1__ENVELOPE__BODY__NOT_SET;
            gj__v1__envelope__free_unpacked(envelope, NULL);
            return reply;
        }
        gj__v1__envelope__free_unpacked(envelope, NULL);
    }
}

/* ---- a person at a device ---- */

static void expect_ok(Gj__V1__Reply *reply)
{
    assert_non_null(reply);
    assert_int_equal(reply->status, GJ__V1__STATUS__OK);
    gj__v1__reply__free_unpacked(reply, NULL);
}

void harness_join(struct harness *harness, const struct gj_invite *invite, const char *login, struct gj_keypair *device,
    struct wire *wire)
{
    Gj__V1__EnrolRequest enrol = GJ__V1__ENROL_REQUEST__INIT;
    Gj__V1__LoginRequest request = GJ__V1__LOGIN_REQUEST__INIT;

    gj_noise_keypair_new(device);
    assert_int_equal(wire_open_invited(wire, harness, device, invite), GJ_OK);
    enrol.device_name = (char *)"device";
    enrol.user_name = (char *)login;
    enrol.password = (char *)HARNESS_PASSWORD;
    expect_ok(wire_call(wire, GJ__V1__CALL__SESSION_ENROL, NULL, &enrol.base));
    wire_close(wire);

    assert_int_equal(wire_open(wire, harness, device), GJ_OK);
    request.user = (char *)login;
    request.password = (char *)HARNESS_PASSWORD;
    expect_ok(wire_call(wire, GJ__V1__CALL__SESSION_LOGIN, NULL, &request.base));
}
