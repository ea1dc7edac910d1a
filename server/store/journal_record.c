/* The form of a record: magic, version, type, two zeros, sequence, length of the payload, commands, entries, root,
 * checksum over everything else; big-endian. */
#include "store/journal.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "common/cursor.h"

#define MAGIC UINT32_C(0x474a524e) /* "GJRN" */
#define VERSION 1
#define CHECKSUM_AT 64
#define CHECKSUM_SIZE 20
#define PAYLOAD_MAX (UINT32_MAX / 2)

static_assert(CHECKSUM_AT + CHECKSUM_SIZE == GJ_JOURNAL_HEAD, "the checksum ends the head");

static void checksum(
    const uint8_t key[GJ_JOURNAL_KEY_SIZE], const uint8_t *bytes, size_t len, uint8_t out[CHECKSUM_SIZE])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, key, GJ_JOURNAL_KEY_SIZE, CHECKSUM_SIZE);
    crypto_generichash_update(&state, bytes, CHECKSUM_AT);
    crypto_generichash_update(&state, bytes + GJ_JOURNAL_HEAD, len - GJ_JOURNAL_HEAD);
    crypto_generichash_final(&state, out, CHECKSUM_SIZE);
}

static size_t in_blocks(size_t len)
{
    return (len + GJ_JOURNAL_BLOCK - 1) / GJ_JOURNAL_BLOCK * GJ_JOURNAL_BLOCK;
}

enum gj_err gj_journal_parse(const uint8_t key[GJ_JOURNAL_KEY_SIZE], const uint8_t *bytes, size_t len,
    struct gj_journal_record *out, size_t *size)
{
    struct gj_cursor cur;
    uint8_t expected[CHECKSUM_SIZE];
    memset(out, 0, sizeof *out);
    gj_cursor_init(&cur, bytes, len);
    bool ours = gj_cursor_u32(&cur) == MAGIC && gj_cursor_u8(&cur) == VERSION;
    uint8_t type = gj_cursor_u8(&cur);
    ours = gj_cursor_u16(&cur) == 0 && ours && (type == GJ_JOURNAL_GROUP || type == GJ_JOURNAL_VOID);
    out->sequence = gj_cursor_u64(&cur);
    out->len = gj_cursor_u32(&cur);
    out->commands = gj_cursor_u32(&cur);
    out->entries = gj_cursor_u64(&cur);
    gj_cursor_copy(&cur, out->root.bytes, sizeof out->root.bytes);
    if (gj_cursor_ok(&cur) != GJ_OK || !ours || len < GJ_JOURNAL_HEAD || out->len > len - GJ_JOURNAL_HEAD) {
        return GJ_EINVAL;
    }
    checksum(key, bytes, GJ_JOURNAL_HEAD + out->len, expected);
    if (sodium_memcmp(expected, bytes + CHECKSUM_AT, sizeof expected) != 0) {
        return GJ_EINVAL;
    }
    out->type = (enum gj_journal_type)type;
    out->payload = bytes + GJ_JOURNAL_HEAD;
    *size = in_blocks(GJ_JOURNAL_HEAD + out->len);
    return GJ_OK;
}

enum gj_err gj_journal_begin(struct gj_buf *record)
{
    uint8_t *head = NULL;
    gj_buf_truncate(record, 0);
    enum gj_err err = gj_buf_reserve(record, GJ_JOURNAL_HEAD, &head);
    if (err == GJ_OK) {
        memset(head, 0, GJ_JOURNAL_HEAD);
        gj_buf_commit(record, GJ_JOURNAL_HEAD);
    }
    return err;
}

enum gj_err gj_journal_seal(
    const uint8_t key[GJ_JOURNAL_KEY_SIZE], const struct gj_journal_record *head, struct gj_buf *record)
{
    struct gj_writer wr;
    size_t len = record->len;
    size_t padding = in_blocks(len) - len;
    uint8_t *end = NULL;
    assert(len >= GJ_JOURNAL_HEAD);
    if (len - GJ_JOURNAL_HEAD > PAYLOAD_MAX) {
        return GJ_ETOOBIG;
    }
    enum gj_err err = gj_buf_reserve(record, padding, &end);
    if (err != GJ_OK) {
        return err;
    }
    if (padding > 0) {
        memset(end, 0, padding);
        gj_buf_commit(record, padding);
    }
    uint8_t *bytes = gj_buf_bytes(record);
    gj_writer_init_fixed(&wr, bytes, CHECKSUM_AT);
    gj_writer_u32(&wr, MAGIC);
    gj_writer_u8(&wr, VERSION);
    gj_writer_u8(&wr, (uint8_t)head->type);
    gj_writer_u16(&wr, 0);
    gj_writer_u64(&wr, head->sequence);
    gj_writer_u32(&wr, (uint32_t)(len - GJ_JOURNAL_HEAD));
    gj_writer_u32(&wr, head->commands);
    gj_writer_u64(&wr, head->entries);
    gj_writer_bytes(&wr, head->root.bytes, sizeof head->root.bytes);
    assert(gj_writer_done(&wr) == GJ_OK && wr.len == CHECKSUM_AT);
    checksum(key, bytes, len, bytes + CHECKSUM_AT);
    return GJ_OK;
}
