#include "core/command.h"

#include <string.h>

#include "common/cursor.h"

/* Layout, version 1: u8 version, u16 call, u64 user, u64 device, u64 session, i64 at_ms, 16 bytes request key, 32
 * random bytes, u32 length of the body, body. Everything big-endian and always present, so one command has one
 * encoding. */
#define COMMAND_VERSION 1

enum gj_err gj_command_encode(const struct gj_command *cmd, struct gj_buf *out)
{
    size_t before = out->len;
    struct gj_writer wr;

    gj_writer_init(&wr, out);
    gj_writer_u8(&wr, COMMAND_VERSION);
    gj_writer_u16(&wr, cmd->call);
    gj_writer_u64(&wr, cmd->user);
    gj_writer_u64(&wr, cmd->device);
    gj_writer_u64(&wr, cmd->session);
    gj_writer_i64(&wr, cmd->at_ms);
    gj_writer_bytes(&wr, cmd->request_key, sizeof cmd->request_key);
    gj_writer_bytes(&wr, cmd->random, sizeof cmd->random);
    if (cmd->body_len > UINT32_MAX) {
        gj_buf_truncate(out, before);
        return GJ_ETOOBIG;
    }
    gj_writer_u32(&wr, (uint32_t)cmd->body_len);
    gj_writer_bytes(&wr, cmd->body, cmd->body_len);

    enum gj_err err = gj_writer_done(&wr);
    if (err != GJ_OK) {
        gj_buf_truncate(out, before);
    }
    return err;
}

enum gj_err gj_command_decode(const uint8_t *bytes, size_t len, struct gj_command *out)
{
    struct gj_cursor cur;
    struct gj_command cmd;

    memset(&cmd, 0, sizeof cmd);
    gj_cursor_init(&cur, bytes, len);
    if (gj_cursor_u8(&cur) != COMMAND_VERSION) {
        return GJ_EINVAL;
    }
    cmd.call = gj_cursor_u16(&cur);
    cmd.user = gj_cursor_u64(&cur);
    cmd.device = gj_cursor_u64(&cur);
    cmd.session = gj_cursor_u64(&cur);
    cmd.at_ms = gj_cursor_i64(&cur);
    gj_cursor_copy(&cur, cmd.request_key, sizeof cmd.request_key);
    gj_cursor_copy(&cur, cmd.random, sizeof cmd.random);
    cmd.body_len = gj_cursor_u32(&cur);
    cmd.body = gj_cursor_bytes(&cur, cmd.body_len);
    if (gj_cursor_done(&cur) != GJ_OK) {
        return GJ_EINVAL;
    }
    *out = cmd;
    return GJ_OK;
}
