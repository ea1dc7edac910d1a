/* Rows of the log. What is hashed and shown is the canonical entry (entry.c); its row says the same in half the bytes,
 * from which the canonical ones are made again. Numbers are varints, signed ones zigzag:
 *
 *     u8 version 1 · office · parts · [u8 means] · type · recorded at · epoch · actor · device · kind · subject ·
 *     revision · call · policy · [index - previous] · role · action · from · to · optional parts · sealed text
 *
 * The index is the key. parts: bits 0 to 9 as in the entry, bit 10: means, bit 11: previous. A word: 0 none; 1 u8
 * length, letters; else its number (store/words.h) + 2. stated at: distance from recorded at. request key: the
 * distance of the time in its first six bytes from recorded at, then the other ten. */
#include "store/entry.h"

#include <string.h>

#include "common/cursor.h"
#include "store/entry_parts.h"
#include "store/internal.h"

#define ROW_VERSION 1
#define HAS_MEANS (1u << 10)
#define HAS_PREVIOUS (1u << 11)
#define HAS_ROW_ALL ((1u << 12) - 1)
#define KEY_TIME_SIZE 6

static uint64_t zigzag(uint64_t value)
{
    return value << 1 ^ ((value >> 63) != 0 ? UINT64_MAX : 0);
}

static uint64_t zagzig(uint64_t coded)
{
    return coded >> 1 ^ ((coded & 1) != 0 ? UINT64_MAX : 0);
}

/* ---- writing ---- */

static void put_word(struct gj_txn *txn, struct gj_writer *wr, const struct gj_entry_word *word)
{
    size_t len = strnlen(word->text, sizeof word->text);
    uint32_t number = 0;
    if (len == 0) {
        gj_writer_varint(wr, 0);
    } else if (gj_words_number(txn, word->text, len, true, &number)) {
        gj_writer_varint(wr, (uint64_t)number + 2);
    } else {
        gj_writer_varint(wr, 1);
        gj_writer_u8(wr, (uint8_t)len);
        gj_writer_bytes(wr, word->text, len);
    }
}

static uint64_t key_time(const uint8_t *key)
{
    uint64_t time = 0;
    for (unsigned i = 0; i < KEY_TIME_SIZE; i++) {
        time = time << 8 | key[i];
    }
    return time;
}

static void put_optional(struct gj_txn *txn, struct gj_writer *wr, const struct gj_entry *entry)
{
    if (entry->has_stated_at) {
        gj_writer_varint(wr, zigzag((uint64_t)entry->stated_at - (uint64_t)entry->recorded_at));
    }
    if (entry->has_acting_for) {
        gj_writer_varint(wr, entry->acting_for);
    }
    if (entry->has_second) {
        gj_writer_varint(wr, entry->second);
    }
    if (entry->has_request_key) {
        gj_writer_varint(wr, zigzag(key_time(entry->request_key) - (uint64_t)entry->recorded_at));
        gj_writer_bytes(wr, entry->request_key + KEY_TIME_SIZE, sizeof entry->request_key - KEY_TIME_SIZE);
    }
    if (entry->has_text) {
        gj_writer_bytes(wr, entry->text, sizeof entry->text);
    }
    if (entry->has_change) {
        gj_writer_bytes(wr, entry->change, sizeof entry->change);
    }
    if (entry->has_reason) {
        put_word(txn, wr, &entry->reason);
    }
    if (entry->has_related) {
        gj_writer_varint(wr, entry->related_kind);
        gj_writer_varint(wr, entry->related);
    }
    if (entry->has_value) {
        gj_writer_varint(wr, zigzag((uint64_t)entry->value));
    }
    if (entry->has_object) {
        gj_writer_bytes(wr, entry->object, sizeof entry->object);
    }
}

size_t gj_entry_row_encode(struct gj_txn *txn, const struct gj_entry *entry, uint8_t out[GJ_ENTRY_ROW_MAX])
{
    struct gj_writer wr;
    bool linked = entry->previous != GJ_ENTRY_NONE;
    gj_writer_init_fixed(&wr, out, GJ_ENTRY_ROW_MAX);
    gj_writer_u8(&wr, ROW_VERSION);
    gj_writer_varint(&wr, entry->office);
    gj_writer_varint(&wr, gj_entry_parts(entry) | (entry->means != 0 ? HAS_MEANS : 0u) | (linked ? HAS_PREVIOUS : 0u));
    if (entry->means != 0) {
        gj_writer_u8(&wr, entry->means);
    }
    gj_writer_varint(&wr, entry->type);
    gj_writer_varint(&wr, zigzag((uint64_t)entry->recorded_at));
    gj_writer_varint(&wr, entry->epoch);
    gj_writer_varint(&wr, entry->actor);
    gj_writer_varint(&wr, entry->device);
    gj_writer_varint(&wr, entry->subject_kind);
    gj_writer_varint(&wr, entry->subject);
    gj_writer_varint(&wr, entry->revision);
    gj_writer_varint(&wr, entry->call);
    gj_writer_varint(&wr, entry->policy);
    if (linked) {
        gj_writer_varint(&wr, entry->index - entry->previous);
    }
    put_word(txn, &wr, &entry->role);
    put_word(txn, &wr, &entry->action);
    put_word(txn, &wr, &entry->from);
    put_word(txn, &wr, &entry->to);
    put_optional(txn, &wr, entry);
    enum gj_err err = gj_writer_done(&wr);
    if (err != GJ_OK) {
        gj_txn_fail(txn, err);
        return 0;
    }
    return wr.len;
}

/* ---- reading ---- */

static void get_word(const struct gj_txn *txn, struct gj_cursor *cur, struct gj_entry_word *word)
{
    uint64_t number = gj_cursor_varint(cur);
    const void *text = NULL;
    size_t len = 0;
    if (number == 0) {
        return;
    }
    if (number == 1) {
        len = gj_cursor_u8(cur);
        text = gj_cursor_bytes(cur, len);
    } else if (number - 2 < GJ_WORDS_MAX) {
        text = gj_words_text(txn, (uint32_t)(number - 2), &len);
    }
    if (text == NULL || len > GJ_ENTRY_WORD_MAX || memchr(text, 0, len) != NULL) {
        gj_cursor_fail(cur);
        return;
    }
    memcpy(word->text, text, len);
}

static uint64_t get_number(struct gj_cursor *cur, uint64_t max)
{
    uint64_t number = gj_cursor_varint(cur);
    if (number > max) {
        gj_cursor_fail(cur);
    }
    return number;
}

static void get_request_key(struct gj_cursor *cur, struct gj_entry *entry)
{
    uint64_t time = zagzig(gj_cursor_varint(cur)) + (uint64_t)entry->recorded_at;
    for (unsigned i = KEY_TIME_SIZE; i-- > 0; time >>= 8) {
        entry->request_key[i] = (uint8_t)time;
    }
    gj_cursor_copy(cur, entry->request_key + KEY_TIME_SIZE, sizeof entry->request_key - KEY_TIME_SIZE);
}

static void get_optional(const struct gj_txn *txn, struct gj_cursor *cur, struct gj_entry *entry)
{
    if (entry->has_stated_at) {
        entry->stated_at = (int64_t)(zagzig(gj_cursor_varint(cur)) + (uint64_t)entry->recorded_at);
    }
    if (entry->has_acting_for) {
        entry->acting_for = gj_cursor_varint(cur);
    }
    if (entry->has_second) {
        entry->second = gj_cursor_varint(cur);
    }
    if (entry->has_request_key) {
        get_request_key(cur, entry);
    }
    if (entry->has_text) {
        gj_cursor_copy(cur, entry->text, sizeof entry->text);
    }
    if (entry->has_change) {
        gj_cursor_copy(cur, entry->change, sizeof entry->change);
    }
    if (entry->has_reason) {
        get_word(txn, cur, &entry->reason);
    }
    if (entry->has_related) {
        entry->related_kind = (uint16_t)get_number(cur, UINT16_MAX);
        entry->related = gj_cursor_varint(cur);
    }
    if (entry->has_value) {
        entry->value = (int64_t)zagzig(gj_cursor_varint(cur));
    }
    if (entry->has_object) {
        gj_cursor_copy(cur, entry->object, sizeof entry->object);
    }
}

static void get_fixed(const struct gj_txn *txn, struct gj_cursor *cur, uint64_t index, struct gj_entry *entry)
{
    bool sound = gj_cursor_u8(cur) == ROW_VERSION;
    entry->index = index;
    entry->office = (uint32_t)get_number(cur, UINT32_MAX);
    uint32_t parts = (uint32_t)get_number(cur, HAS_ROW_ALL);
    gj_entry_set_parts(entry, parts);
    entry->means = (parts & HAS_MEANS) != 0 ? gj_cursor_u8(cur) : 0;
    entry->type = (uint16_t)get_number(cur, UINT16_MAX);
    entry->recorded_at = (int64_t)zagzig(gj_cursor_varint(cur));
    entry->epoch = (uint32_t)get_number(cur, UINT32_MAX);
    entry->actor = gj_cursor_varint(cur);
    entry->device = gj_cursor_varint(cur);
    entry->subject_kind = (uint16_t)get_number(cur, UINT16_MAX);
    entry->subject = gj_cursor_varint(cur);
    entry->revision = (uint32_t)get_number(cur, UINT32_MAX);
    entry->call = (uint32_t)get_number(cur, UINT32_MAX);
    entry->policy = (uint32_t)get_number(cur, UINT32_MAX);
    entry->previous = GJ_ENTRY_NONE;
    if ((parts & HAS_PREVIOUS) != 0) {
        uint64_t distance = gj_cursor_varint(cur);
        sound = sound && distance > 0 && distance <= index;
        entry->previous = index - distance;
    }
    get_word(txn, cur, &entry->role);
    get_word(txn, cur, &entry->action);
    get_word(txn, cur, &entry->from);
    get_word(txn, cur, &entry->to);
    if (!sound || entry->type == 0 || entry->epoch == 0) {
        gj_cursor_fail(cur);
    }
}

enum gj_err gj_entry_row_decode(
    const struct gj_txn *txn, uint64_t index, const struct gj_value *row, struct gj_entry *out, size_t *size)
{
    struct gj_cursor cur;
    gj_cursor_init(&cur, row->data, row->len);
    memset(out, 0, sizeof *out);
    get_fixed(txn, &cur, index, out);
    get_optional(txn, &cur, out);
    if (gj_cursor_ok(&cur) != GJ_OK) {
        return GJ_ECORRUPT;
    }
    *size = row->len - gj_cursor_left(&cur);
    return GJ_OK;
}

bool gj_entry_office(const struct gj_value *row, uint32_t *office)
{
    struct gj_cursor cur;
    gj_cursor_init(&cur, row->data, row->len);
    uint8_t version = gj_cursor_u8(&cur);
    *office = (uint32_t)gj_cursor_varint(&cur);
    return gj_cursor_ok(&cur) == GJ_OK && version == ROW_VERSION;
}
