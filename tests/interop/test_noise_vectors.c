/* Every published vector of our two protocols, both sides, handshake and transport. */
#include "tests/common/check.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/id.h"
#include "common/noise.h"

#define BYTES_MAX 256
#define MESSAGES_MAX 10

/* flynn/noise publishes each protocol with and without prologue, with and without payloads. */
#define VARIANTS 4

static const char *path;

struct bytes {
    uint8_t at[BYTES_MAX];
    size_t len;
};

struct vector {
    bool ours;
    enum gj_noise_pattern pattern;
    struct bytes init_static, resp_static, init_ephemeral, resp_ephemeral, prologue, psk;
    struct bytes payload[MESSAGES_MAX];
    struct bytes ciphertext[MESSAGES_MAX];
    size_t messages;
};

static void read_hex(const char *text, struct bytes *out)
{
    size_t len = strlen(text);
    assert_true(len % 2 == 0 && len / 2 <= BYTES_MAX);
    out->len = len / 2;
    check_ok(gj_id_unhex(text, len, out->at, out->len));
}

static void read_line(struct vector *vector, const char *key, const char *value)
{
    const struct {
        const char *key;
        struct bytes *to;
    } names[] = {
        {"init_static", &vector->init_static},
        {"resp_static", &vector->resp_static},
        {"gen_init_ephemeral", &vector->init_ephemeral},
        {"gen_resp_ephemeral", &vector->resp_ephemeral},
        {"prologue", &vector->prologue},
        {"preshared_key", &vector->psk},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(key, names[i].key) == 0) {
            read_hex(value, names[i].to);
            return;
        }
    }
    unsigned number = 0;
    char what[16] = "";
    assert_int_equal(sscanf(key, "msg_%u_%15s", &number, what), 2); /* an unknown key is not skipped */
    assert_true(number < MESSAGES_MAX);
    read_hex(value, strcmp(what, "payload") == 0 ? &vector->payload[number] : &vector->ciphertext[number]);
    vector->messages = number + 1;
}

static void set_key(struct gj_keypair *pair, const struct bytes *secret)
{
    assert_int_equal(secret->len, GJ_NOISE_KEY_SIZE);
    memcpy(pair->secret, secret->at, sizeof pair->secret);
    gj_noise_keypair_derive(pair);
}

static void check_transport(const struct vector *vector, const struct gj_noise *client, const struct gj_noise *server)
{
    struct gj_noise_cipher send[2];
    struct gj_noise_cipher receive[2];
    uint8_t hashes[2][GJ_NOISE_HASH_SIZE];
    check_ok(gj_noise_split(client, &send[0], &receive[0], hashes[0]));
    check_ok(gj_noise_split(server, &send[1], &receive[1], hashes[1]));
    assert_memory_equal(hashes[0], hashes[1], GJ_NOISE_HASH_SIZE);
    for (size_t i = 3; i < vector->messages; i++) {
        const struct bytes *payload = &vector->payload[i];
        const struct bytes *expected = &vector->ciphertext[i];
        uint8_t sealed[BYTES_MAX];
        uint8_t plain[BYTES_MAX];
        size_t from = (i - 3) % 2; /* the file counts on: the first transport message is the client's */
        assert_true(payload->len + 16 <= sizeof sealed);
        check_ok(gj_noise_cipher_seal(&send[from], NULL, 0, payload->at, payload->len, sealed));
        assert_int_equal(payload->len + 16, expected->len);
        assert_memory_equal(sealed, expected->at, expected->len);
        check_ok(gj_noise_cipher_open(&receive[1 - from], NULL, 0, sealed, expected->len, plain));
        assert_memory_equal(plain, payload->at, payload->len);
    }
}

static void check_vector(const struct vector *vector)
{
    struct gj_keypair client_key;
    struct gj_keypair server_key;
    struct gj_noise client;
    struct gj_noise server;
    set_key(&client_key, &vector->init_static);
    set_key(&server_key, &vector->resp_static);
    gj_noise_init(
        &client, vector->pattern, true, vector->prologue.at, vector->prologue.len, &client_key, server_key.public_key);
    gj_noise_init(&server, vector->pattern, false, vector->prologue.at, vector->prologue.len, &server_key, NULL);
    gj_noise_set_ephemeral_for_test(&client, vector->init_ephemeral.at);
    gj_noise_set_ephemeral_for_test(&server, vector->resp_ephemeral.at);
    if (vector->pattern == GJ_NOISE_XKPSK3) {
        assert_int_equal(vector->psk.len, GJ_NOISE_KEY_SIZE);
        gj_noise_set_psk(&client, vector->psk.at);
        gj_noise_set_psk(&server, vector->psk.at);
    }
    assert_true(vector->messages > 4);
    for (size_t i = 0; i < 3; i++) {
        struct gj_noise *from = i % 2 == 0 ? &client : &server;
        struct gj_noise *to = i % 2 == 0 ? &server : &client;
        uint8_t msg[BYTES_MAX];
        uint8_t payload[BYTES_MAX];
        size_t len = 0;
        size_t payload_len = 0;
        check_ok(gj_noise_write(from, vector->payload[i].at, vector->payload[i].len, msg, sizeof msg, &len));
        assert_int_equal(len, vector->ciphertext[i].len);
        assert_memory_equal(msg, vector->ciphertext[i].at, len);
        check_ok(gj_noise_read(to, msg, len, payload, sizeof payload, &payload_len));
        assert_int_equal(payload_len, vector->payload[i].len);
        assert_memory_equal(payload, vector->payload[i].at, payload_len);
    }
    check_transport(vector, &client, &server);
    gj_noise_fini(&client);
    gj_noise_fini(&server);
}

static void every_published_vector_matches(void **state)
{
    (void)state;
    static struct vector vector;
    unsigned found[3] = {0};
    char line[2 * BYTES_MAX + 64];
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fail_msg("%s is missing: install golang-github-flynn-noise-dev", path);
    }
    for (bool more = true; more;) {
        more = fgets(line, sizeof line, file) != NULL;
        char *equals = more ? strchr(line, '=') : NULL;
        if (equals != NULL) {
            line[strcspn(line, "\r\n")] = '\0';
            *equals = '\0';
        }
        bool next = equals != NULL && strcmp(line, "handshake") == 0;
        if (vector.ours && (!more || next)) {
            check_vector(&vector);
            found[vector.pattern]++;
        }
        if (next) {
            memset(&vector, 0, sizeof vector);
            bool xk = strcmp(equals + 1, "Noise_XK_25519_ChaChaPoly_SHA256") == 0;
            bool psk = strcmp(equals + 1, "Noise_XKpsk3_25519_ChaChaPoly_SHA256") == 0;
            vector.ours = xk || psk;
            vector.pattern = psk ? GJ_NOISE_XKPSK3 : GJ_NOISE_XK;
        } else if (equals != NULL && vector.ours) {
            read_line(&vector, line, equals + 1);
        }
    }
    fclose(file);
    assert_int_equal(found[GJ_NOISE_XK], VARIANTS);
    assert_int_equal(found[GJ_NOISE_XKPSK3], VARIANTS);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_published_vector_matches)};
    path = argc > 1 ? argv[1] : "vectors.txt";
    check_ok(gj_noise_start());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
