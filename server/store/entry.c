#include "store/entry.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "common/cursor.h"
#include "store/entry_parts.h"
#include "store/internal.h"

/* Bits of the presence field; the parts follow in this order. */
enum {
    HAS_STATED_AT = 1u << 0,
    HAS_ACTING_FOR = 1u << 1,
    HAS_SECOND = 1u << 2,
    HAS_REQUEST_KEY = 1u << 3,
    HAS_TEXT = 1u << 4,
    HAS_CHANGE = 1u << 5,
    HAS_REASON = 1u << 6,
    HAS_RELATED = 1u << 7,
    HAS_VALUE = 1u << 8,
    HAS_OBJECT = 1u << 9,
};

static bool word_letter(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == ':' || c == '+' || c == '-';
}

static bool word_valid(const char *text, size_t len)
{
    if (len > GJ_ENTRY_WORD_MAX) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (!word_letter((unsigned char)text[i])) {
            return false;
        }
    }
    return true;
}

enum gj_err gj_entry_word(struct gj_entry_word *word, const char *text)
{
    size_t len = strlen(text);
    if (!word_valid(text, len)) {
        return GJ_EINVAL;
    }
    memset(word, 0, sizeof *word);
    memcpy(word->text, text, len);
    return GJ_OK;
}

uint32_t gj_entry_parts(const struct gj_entry *entry)
{
    return (entry->has_stated_at ? HAS_STATED_AT : 0u) | (entry->has_acting_for ? HAS_ACTING_FOR : 0u) |
           (entry->has_second ? HAS_SECOND : 0u) | (entry->has_request_key ? HAS_REQUEST_KEY : 0u) |
           (entry->has_text ? HAS_TEXT : 0u) | (entry->has_change ? HAS_CHANGE : 0u) |
           (entry->has_reason ? HAS_REASON : 0u) | (entry->has_related ? HAS_RELATED : 0u) |
           (entry->has_value ? HAS_VALUE : 0u) | (entry->has_object ? HAS_OBJECT : 0u);
}

void gj_entry_set_parts(struct gj_entry *entry, uint32_t parts)
{
    entry->has_stated_at = (parts & HAS_STATED_AT) != 0;
    entry->has_acting_for = (parts & HAS_ACTING_FOR) != 0;
    entry->has_second = (parts & HAS_SECOND) != 0;
    entry->has_request_key = (parts & HAS_REQUEST_KEY) != 0;
    entry->has_text = (parts & HAS_TEXT) != 0;
    entry->has_change = (parts & HAS_CHANGE) != 0;
    entry->has_reason = (parts & HAS_REASON) != 0;
    entry->has_related = (parts & HAS_RELATED) != 0;
    entry->has_value = (parts & HAS_VALUE) != 0;
    entry->has_object = (parts & HAS_OBJECT) != 0;
}

/* ---- encoding ---- */

static void put_word(struct gj_writer *wr, const struct gj_entry_word *word)
{
    size_t len = strnlen(word->text, sizeof word->text);
    gj_writer_u8(wr, (uint8_t)len);
    gj_writer_bytes(wr, word->text, len);
}

static void put_optional(struct gj_writer *wr, const struct gj_entry *entry)
{
    if (entry->has_stated_at) {
        gj_writer_i64(wr, entry->stated_at);
    }
    if (entry->has_acting_for) {
        gj_writer_u64(wr, entry->acting_for);
    }
    if (entry->has_second) {
        gj_writer_u64(wr, entry->second);
    }
    if (entry->has_request_key) {
        gj_writer_bytes(wr, entry->request_key, sizeof entry->request_key);
    }
    if (entry->has_text) {
        gj_writer_bytes(wr, entry->text, sizeof entry->text);
    }
    if (entry->has_change) {
        gj_writer_bytes(wr, entry->change, sizeof entry->change);
    }
    if (entry->has_reason) {
        put_word(wr, &entry->reason);
    }
    if (entry->has_related) {
        gj_writer_u16(wr, entry->related_kind);
        gj_writer_u64(wr, entry->related);
    }
    if (entry->has_value) {
        gj_writer_i64(wr, entry->value);
    }
    if (entry->has_object) {
        gj_writer_bytes(wr, entry->object, sizeof entry->object);
    }
}

size_t gj_entry_encode(const struct gj_entry *entry, uint8_t out[GJ_ENTRY_MAX])
{
    struct gj_writer wr;
    gj_writer_init_fixed(&wr, out, GJ_ENTRY_MAX);
    gj_writer_u8(&wr, GJ_ENTRY_VERSION);
    gj_writer_u8(&wr, entry->means);
    gj_writer_u16(&wr, entry->type);
    gj_writer_u32(&wr, gj_entry_parts(entry));
    gj_writer_u64(&wr, entry->index);
    gj_writer_i64(&wr, entry->recorded_at);
    gj_writer_u32(&wr, entry->epoch);
    gj_writer_u32(&wr, entry->office);
    gj_writer_u64(&wr, entry->actor);
    gj_writer_u64(&wr, entry->device);
    gj_writer_u64(&wr, entry->subject);
    gj_writer_u32(&wr, entry->revision);
    gj_writer_u32(&wr, entry->call);
    gj_writer_u32(&wr, entry->policy);
    gj_writer_u16(&wr, entry->subject_kind);
    gj_writer_u64(&wr, entry->previous);
    put_word(&wr, &entry->role);
    put_word(&wr, &entry->action);
    put_word(&wr, &entry->from);
    put_word(&wr, &entry->to);
    put_optional(&wr, entry);
    enum gj_err err = gj_writer_done(&wr);
    assert(err == GJ_OK);
    return err == GJ_OK ? wr.len : 0;
}

/* ---- decoding ---- */

static void get_word(struct gj_cursor *cur, struct gj_entry_word *word)
{
    size_t len = gj_cursor_u8(cur);
    const uint8_t *bytes = len <= GJ_ENTRY_WORD_MAX ? gj_cursor_bytes(cur, len) : NULL;
    if (bytes == NULL || !word_valid((const char *)bytes, len)) {
        gj_cursor_fail(cur);
        return;
    }
    memcpy(word->text, bytes, len);
}

static void get_optional(struct gj_cursor *cur, struct gj_entry *out)
{
    if (out->has_stated_at) {
        out->stated_at = gj_cursor_i64(cur);
    }
    if (out->has_acting_for) {
        out->acting_for = gj_cursor_u64(cur);
    }
    if (out->has_second) {
        out->second = gj_cursor_u64(cur);
    }
    if (out->has_request_key) {
        gj_cursor_copy(cur, out->request_key, sizeof out->request_key);
    }
    if (out->has_text) {
        gj_cursor_copy(cur, out->text, sizeof out->text);
    }
    if (out->has_change) {
        gj_cursor_copy(cur, out->change, sizeof out->change);
    }
    if (out->has_reason) {
        get_word(cur, &out->reason);
    }
    if (out->has_related) {
        out->related_kind = gj_cursor_u16(cur);
        out->related = gj_cursor_u64(cur);
    }
    if (out->has_value) {
        out->value = gj_cursor_i64(cur);
    }
    if (out->has_object) {
        gj_cursor_copy(cur, out->object, sizeof out->object);
    }
}

enum gj_err gj_entry_decode(const uint8_t *bytes, size_t len, struct gj_entry *out, size_t *size)
{
    struct gj_cursor cur;
    gj_cursor_init(&cur, bytes, len);
    struct gj_entry entry;
    memset(&entry, 0, sizeof entry);
    uint8_t version = gj_cursor_u8(&cur);
    entry.means = gj_cursor_u8(&cur);
    entry.type = gj_cursor_u16(&cur);
    uint32_t has = gj_cursor_u32(&cur);
    entry.index = gj_cursor_u64(&cur);
    entry.recorded_at = gj_cursor_i64(&cur);
    entry.epoch = gj_cursor_u32(&cur);
    entry.office = gj_cursor_u32(&cur);
    entry.actor = gj_cursor_u64(&cur);
    entry.device = gj_cursor_u64(&cur);
    entry.subject = gj_cursor_u64(&cur);
    entry.revision = gj_cursor_u32(&cur);
    entry.call = gj_cursor_u32(&cur);
    entry.policy = gj_cursor_u32(&cur);
    entry.subject_kind = gj_cursor_u16(&cur);
    entry.previous = gj_cursor_u64(&cur);
    get_word(&cur, &entry.role);
    get_word(&cur, &entry.action);
    get_word(&cur, &entry.from);
    get_word(&cur, &entry.to);
    gj_entry_set_parts(&entry, has);
    get_optional(&cur, &entry);
    bool sound = gj_cursor_ok(&cur) == GJ_OK && version == GJ_ENTRY_VERSION && (has & ~GJ_ENTRY_PARTS_ALL) == 0 &&
                 entry.type != 0 && entry.epoch != 0 &&
                 (entry.previous == GJ_ENTRY_NONE || entry.previous < entry.index);
    if (!sound) {
        return GJ_EINVAL;
    }
    *out = entry;
    *size = len - gj_cursor_left(&cur);
    return GJ_OK;
}

/* ---- digest of what changed ---- */

static_assert(sizeof(crypto_hash_sha256_state) <= sizeof(((struct gj_entry_change *)NULL)->state), "state must fit");

static crypto_hash_sha256_state *change_state(struct gj_entry_change *change)
{
    return (crypto_hash_sha256_state *)(void *)change->state;
}

void gj_entry_change_init(struct gj_entry_change *change)
{
    crypto_hash_sha256_init(change_state(change));
    change->any = false;
}

void gj_entry_change_add(struct gj_entry_change *change, const char *key, const void *value, size_t len)
{
    size_t key_len = strlen(key);
    uint8_t sizes[6];
    struct gj_writer wr;
    gj_writer_init_fixed(&wr, sizes, sizeof sizes);
    gj_writer_u16(&wr, (uint16_t)key_len);
    gj_writer_u32(&wr, (uint32_t)len);
    crypto_hash_sha256_state *state = change_state(change);
    crypto_hash_sha256_update(state, sizes, 2);
    crypto_hash_sha256_update(state, (const uint8_t *)key, key_len);
    crypto_hash_sha256_update(state, sizes + 2, 4);
    if (len > 0) {
        crypto_hash_sha256_update(state, value, len);
    }
    change->any = true;
}

void gj_entry_change_final(struct gj_entry_change *change, struct gj_entry *entry)
{
    if (change->any) {
        crypto_hash_sha256_final(change_state(change), entry->change);
        entry->has_change = true;
    }
}

/* ---- the log ---- */

static bool words_valid(const struct gj_entry *entry)
{
    const struct gj_entry_word *words[] = {
        &entry->role, &entry->action, &entry->from, &entry->to, entry->has_reason ? &entry->reason : &entry->role};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (!word_valid(words[i]->text, strnlen(words[i]->text, sizeof words[i]->text))) {
            return false;
        }
    }
    return true;
}

uint64_t gj_entry_append(struct gj_txn *txn, struct gj_entry *entry, const void *sealed_text, size_t len)
{
    if (!gj_log_load(txn)) {
        return 0;
    }
    entry->index = txn->log->size;
    entry->epoch = txn->store->epoch;
    bool linked = entry->previous == GJ_ENTRY_NONE || entry->previous < entry->index;
    if (entry->type == 0 || !linked || !words_valid(entry)) {
        gj_txn_fail(txn, GJ_EINVAL);
        return 0;
    }
    uint8_t packed[GJ_ENTRY_ROW_MAX];
    size_t size = gj_entry_row_encode(txn, entry, packed);
    struct gj_key key = gj_key_of_u64(entry->index);
    uint8_t *row = size == 0 ? NULL : gj_txn_reserve_append(txn, GJ_TABLE_ENTRY, &key, size + len);
    if (row == NULL) {
        return 0;
    }
    memcpy(row, packed, size);
    if (len > 0) {
        memcpy(row + size, sealed_text, len);
    }
    uint8_t bytes[GJ_ENTRY_MAX];
    size = gj_entry_encode(entry, bytes);
    struct gj_tree_hash leaf = gj_tree_leaf(bytes, size);
    gj_log_append(txn, &leaf, entry->office);
    return entry->index;
}

/* Row and entry in one: what lies behind the entry's end is the text. */
static bool split(struct gj_txn *txn, uint64_t index, const struct gj_value *row, struct gj_entry_row *out)
{
    size_t size = 0;
    enum gj_err err = gj_entry_row_decode(txn, index, row, &out->entry, &size);
    if (err != GJ_OK) {
        gj_txn_fail(txn, err);
        return false;
    }
    out->index = index;
    out->bytes = (struct gj_value){0};
    out->text = (struct gj_value){row->data + size, row->len - size};
    return true;
}

static void make_canonical(struct gj_entry_row *row)
{
    row->bytes = (struct gj_value){row->canonical, gj_entry_encode(&row->entry, row->canonical)};
}

bool gj_entry_read(struct gj_txn *txn, uint64_t index, struct gj_entry_row *out)
{
    struct gj_key key = gj_key_of_u64(index);
    struct gj_value row;
    return gj_txn_get(txn, GJ_TABLE_ENTRY, &key, &row) && split(txn, index, &row, out);
}

bool gj_entry_get(struct gj_txn *txn, uint64_t index, struct gj_entry_row *out)
{
    if (!gj_entry_read(txn, index, out)) {
        return false;
    }
    make_canonical(out);
    return true;
}

bool gj_entry_split(struct gj_txn *txn, uint64_t index, const struct gj_value *row, struct gj_entry_row *out)
{
    if (!split(txn, index, row, out)) {
        return false;
    }
    make_canonical(out);
    return true;
}
