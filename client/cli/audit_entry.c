#include "client/cli/audit_entry.h"

#include "common/cursor.h"

#include <sodium.h>
#include <string.h>

#define VERSION 1
#define PARTS_KNOWN 0x3ffu

enum part {
    PART_STATED_AT,
    PART_ACTING_FOR,
    PART_SECOND,
    PART_REQUEST_KEY,
    PART_TEXT,
    PART_CHANGE,
    PART_REASON,
    PART_RELATED,
    PART_VALUE,
    PART_OBJECT
};

static void read_word(struct gj_cursor *cursor, char out[AUDIT_WORD_SIZE])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:+-";
    size_t len = gj_cursor_u8(cursor);
    if (len >= AUDIT_WORD_SIZE) {
        gj_cursor_fail(cursor);
        len = 0;
    }
    gj_cursor_copy(cursor, out, len);
    out[len] = '\0';
    if (strspn(out, letters) != len) {
        gj_cursor_fail(cursor);
    }
}

static bool has(const struct audit_entry *entry, enum part part)
{
    return (entry->parts & 1u << part) != 0;
}

static void read_parts(struct gj_cursor *cursor, struct audit_entry *entry)
{
    entry->stated_at = has(entry, PART_STATED_AT) ? gj_cursor_i64(cursor) : 0;
    entry->acting_for = has(entry, PART_ACTING_FOR) ? gj_cursor_u64(cursor) : 0;
    entry->second = has(entry, PART_SECOND) ? gj_cursor_u64(cursor) : 0;
    (void)gj_cursor_bytes(cursor, has(entry, PART_REQUEST_KEY) ? 16 : 0);
    (void)gj_cursor_bytes(cursor, has(entry, PART_TEXT) ? 32 : 0);
    (void)gj_cursor_bytes(cursor, has(entry, PART_CHANGE) ? 32 : 0);
    if (has(entry, PART_REASON)) {
        read_word(cursor, entry->reason);
    }
    if (has(entry, PART_RELATED)) {
        entry->related_kind = gj_cursor_u16(cursor);
        entry->related = gj_cursor_u64(cursor);
    }
    entry->value = has(entry, PART_VALUE) ? gj_cursor_i64(cursor) : 0;
    (void)gj_cursor_bytes(cursor, has(entry, PART_OBJECT) ? 32 : 0);
}

bool audit_entry_read(const uint8_t *bytes, size_t len, struct audit_entry *out)
{
    struct gj_cursor cursor;
    memset(out, 0, sizeof *out);
    gj_cursor_init(&cursor, bytes, len);
    if (gj_cursor_u8(&cursor) != VERSION) {
        return false;
    }
    out->means = gj_cursor_u8(&cursor);
    out->type = gj_cursor_u16(&cursor);
    out->parts = gj_cursor_u32(&cursor);
    out->index = gj_cursor_u64(&cursor);
    out->recorded_at = gj_cursor_i64(&cursor);
    out->epoch = gj_cursor_u32(&cursor);
    out->office = gj_cursor_u32(&cursor);
    out->actor = gj_cursor_u64(&cursor);
    out->device = gj_cursor_u64(&cursor);
    out->subject = gj_cursor_u64(&cursor);
    out->revision = gj_cursor_u32(&cursor);
    out->call = gj_cursor_u32(&cursor);
    out->policy = gj_cursor_u32(&cursor);
    out->kind = gj_cursor_u16(&cursor);
    out->previous = gj_cursor_u64(&cursor);
    read_word(&cursor, out->role);
    read_word(&cursor, out->action);
    read_word(&cursor, out->from);
    read_word(&cursor, out->to);
    read_parts(&cursor, out);
    bool sound = out->type != 0 && (out->parts & ~PARTS_KNOWN) == 0 &&
                 (out->previous == AUDIT_NO_PREVIOUS || out->previous < out->index);
    return sound && gj_cursor_done(&cursor) == GJ_OK;
}

const char *audit_entry_type(uint16_t type)
{
    static const char *const names[] = {NULL, "genesis", "action", "timer", "read", "directory", "access", "policy",
        "import", "draw", "restore", "erasure", "complaint", "checkpoint", "alarm", "correction", "export"};
    return type < sizeof names / sizeof names[0] ? names[type] : NULL;
}

bool audit_entry_is_leaf(const uint8_t *bytes, size_t len, const uint8_t *leaf, size_t leaf_len)
{
    static const uint8_t prefix = 0;
    crypto_hash_sha256_state state;
    uint8_t hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, &prefix, 1);
    crypto_hash_sha256_update(&state, bytes, len);
    crypto_hash_sha256_final(&state, hash);
    return leaf_len == sizeof hash && memcmp(hash, leaf, sizeof hash) == 0;
}
