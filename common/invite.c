#include "common/invite.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "common/cursor.h"
#include "common/text.h"

#define PREFIX "GJ1-"
#define PREFIX_SIZE 4
#define BODY_SIZE (GJ_CLUSTER_ID_SIZE + GJ_NOISE_KEY_SIZE + GJ_TOKEN_ID_SIZE + GJ_NOISE_KEY_SIZE)
#define CHECK_SIZE 4
#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING

static void check_of(const uint8_t body[BODY_SIZE], uint8_t out[CHECK_SIZE])
{
    uint8_t hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, body, BODY_SIZE);
    memcpy(out, hash, CHECK_SIZE);
}

void gj_invite_format(const struct gj_invite *invite, char out[GJ_INVITE_TEXT_SIZE])
{
    uint8_t bytes[BODY_SIZE + CHECK_SIZE];
    struct gj_writer wr;
    gj_writer_init_fixed(&wr, bytes, sizeof bytes);
    gj_writer_bytes(&wr, invite->cluster_id, sizeof invite->cluster_id);
    gj_writer_bytes(&wr, invite->server_key, sizeof invite->server_key);
    gj_writer_bytes(&wr, invite->token_id, sizeof invite->token_id);
    gj_writer_bytes(&wr, invite->secret, sizeof invite->secret);
    assert(wr.err == GJ_OK && wr.len == BODY_SIZE);
    check_of(bytes, bytes + BODY_SIZE);
    memcpy(out, PREFIX, PREFIX_SIZE);
    sodium_bin2base64(out + PREFIX_SIZE, GJ_INVITE_TEXT_SIZE - PREFIX_SIZE, bytes, sizeof bytes, BASE64);
    sodium_memzero(bytes, sizeof bytes);
}

enum gj_err gj_invite_parse(const char *text, struct gj_invite *out)
{
    uint8_t bytes[BODY_SIZE + CHECK_SIZE];
    uint8_t check[CHECK_SIZE];
    size_t text_len = 0;
    const char *at = gj_text_trim(text, strlen(text), &text_len);
    if (text_len < PREFIX_SIZE || memcmp(at, PREFIX, PREFIX_SIZE) != 0) {
        return GJ_EVERSION;
    }
    enum gj_err err = GJ_OK;
    size_t len = 0;
    const char *end = NULL;
    at += PREFIX_SIZE;
    text_len -= PREFIX_SIZE;
    if (sodium_base642bin(bytes, sizeof bytes, at, text_len, " \t\r\n", &len, &end, BASE64) != 0 ||
        end != at + text_len || len != sizeof bytes) {
        err = GJ_EINVAL;
        goto done;
    }
    check_of(bytes, check);
    if (memcmp(check, bytes + BODY_SIZE, CHECK_SIZE) != 0) {
        err = GJ_EINVAL;
        goto done;
    }
    struct gj_cursor cur;
    gj_cursor_init(&cur, bytes, BODY_SIZE);
    gj_cursor_copy(&cur, out->cluster_id, sizeof out->cluster_id);
    gj_cursor_copy(&cur, out->server_key, sizeof out->server_key);
    gj_cursor_copy(&cur, out->token_id, sizeof out->token_id);
    gj_cursor_copy(&cur, out->secret, sizeof out->secret);
    err = gj_cursor_done(&cur);
done:
    sodium_memzero(bytes, sizeof bytes);
    return err;
}
