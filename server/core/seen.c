#include "core/seen.h"

#include <string.h>

#include "common/arena.h"
#include "common/cursor.h"
#include "common/id.h"
#include "core/subject.h"
#include "store/entry.h"
#include "store/record.h"
#include "store/stored.pb-c.h"

/* Row, version 1: u8 version, u8 status, then
 *   OK:      u64 event, u8 what Written differs in from its entry (flags below), what differs
 *   refusal: code, field, u8 count, parameters, each with its varint length */
#define ROW_VERSION 1
#define ROW_MAX 700
#define HAS_HEAD 1   /* varint id, varint revision, state */
#define HAS_NUMBER 2 /* number: it cannot be found through a record */

#define CODE_MAX 96

enum gj_seen_age gj_seen_age(const uint8_t key[GJ_REQUEST_KEY_BYTES], int64_t now_ms)
{
    struct gj_request_key copy;

    memcpy(copy.bytes, key, sizeof copy.bytes);
    int64_t at_ms = gj_id_request_key_ms(&copy);
    if (at_ms > now_ms + GJ_SEEN_FUTURE_MS) {
        return GJ_SEEN_FUTURE;
    }
    return at_ms < now_ms - GJ_SEEN_WINDOW_MS ? GJ_SEEN_EXPIRED : GJ_SEEN_FRESH;
}

static struct gj_key seen_key(const uint8_t key[GJ_REQUEST_KEY_BYTES], uint64_t device)
{
    struct gj_key row;

    gj_key_init(&row);
    gj_key_bytes(&row, key, GJ_REQUEST_KEY_BYTES);
    gj_key_u64(&row, device);
    return row;
}

static const char *read_text(struct gj_cursor *cur, struct gj_arena *arena)
{
    size_t len = 0;
    const uint8_t *bytes = gj_cursor_blob(cur, CODE_MAX, &len);
    const char *text = bytes == NULL ? NULL : gj_arena_strndup(arena, (const char *)bytes, len);

    return text != NULL ? text : "";
}

/* The human number of a record never changes, so it is looked up and not kept. */
static const char *number_of(struct gj_txn *txn, const struct gj_entry *entry, struct gj_arena *arena)
{
    Gj__Stored__Record *record = NULL;
    struct gj_key key = gj_key_of_u64(entry->subject);

    if (entry->subject_kind == 0 || entry->subject_kind >= GJ_SUBJECT_FIRST) {
        return "";
    }
    if (!gj_record_load(txn, GJ_TABLE_RECORD, &key, &gj__stored__record__descriptor, arena, (void **)&record)) {
        return "";
    }
    return record->number;
}

static bool read_written(struct gj_txn *txn, struct gj_cursor *cur, struct gj_arena *arena, Gj__V1__Written *written)
{
    struct gj_entry_row row;
    const struct gj_entry *entry = &row.entry;

    gj__v1__written__init(written);
    written->event = gj_cursor_u64(cur);
    uint8_t flags = gj_cursor_u8(cur);
    if (!gj_entry_read(txn, written->event, &row)) {
        return false;
    }
    written->epoch = entry->epoch;
    if (flags & HAS_HEAD) {
        written->id = gj_cursor_varint(cur);
        written->revision = (uint32_t)gj_cursor_varint(cur);
        written->state = (char *)read_text(cur, arena);
    } else {
        written->id = entry->subject;
        written->revision = entry->revision;
        written->state = gj_arena_strdup(arena, entry->to.text);
    }
    written->number = (char *)((flags & HAS_NUMBER) ? read_text(cur, arena) : number_of(txn, entry, arena));
    written->repeated = true;
    return written->state != NULL;
}

bool gj_seen_find(struct gj_txn *txn, const uint8_t key[GJ_REQUEST_KEY_BYTES], uint64_t device, struct gj_arena *arena,
    struct gj_answer *answer, Gj__V1__Written *written)
{
    struct gj_key row_key = seen_key(key, device);
    struct gj_value row;
    uint8_t copy[ROW_MAX];

    if (!gj_txn_get(txn, GJ_TABLE_SEEN, &row_key, &row)) {
        return false;
    }
    if (row.len > sizeof copy) {
        gj_txn_fail(txn, GJ_ECORRUPT);
        return false;
    }
    memcpy(copy, row.data, row.len);

    struct gj_cursor cur;
    gj_cursor_init(&cur, copy, row.len);
    uint8_t version = gj_cursor_u8(&cur);
    memset(answer, 0, sizeof *answer);
    answer->decided = true;
    answer->status = (Gj__V1__Status)gj_cursor_u8(&cur);
    bool whole = version == ROW_VERSION;
    if (answer->status == GJ__V1__STATUS__OK) {
        whole = whole && read_written(txn, &cur, arena, written);
    } else {
        answer->code = read_text(&cur, arena);
        answer->field = read_text(&cur, arena);
        unsigned count = gj_cursor_u8(&cur);
        whole = whole && count <= GJ_ANSWER_PARAMS_MAX;
        for (unsigned i = 0; whole && i < count; i++) {
            answer->params[answer->n_params++] = read_text(&cur, arena);
        }
    }
    if (!whole || gj_cursor_done(&cur) != GJ_OK) {
        gj_txn_fail(txn, GJ_ECORRUPT);
        return false;
    }
    return true;
}

static void write_text(struct gj_writer *wr, const char *text)
{
    size_t len = text == NULL ? 0 : strlen(text);

    gj_writer_blob(wr, text, len < CODE_MAX ? len : CODE_MAX);
}

/* What read_written will find in the entry, so that only what differs is kept. */
static uint8_t differs(struct gj_txn *txn, const Gj__V1__Written *written)
{
    struct gj_entry_row row;
    const struct gj_entry *entry = &row.entry;
    uint8_t flags = 0;

    if (!gj_entry_read(txn, written->event, &row)) {
        return HAS_HEAD | HAS_NUMBER;
    }
    if (written->id != entry->subject || written->revision != entry->revision ||
        strcmp(written->state, entry->to.text) != 0) {
        flags |= HAS_HEAD;
    }
    bool record = entry->subject_kind != 0 && entry->subject_kind < GJ_SUBJECT_FIRST && written->id == entry->subject;
    if (written->number[0] != '\0' && !record) {
        flags |= HAS_NUMBER;
    }
    return flags;
}

static bool is_kept(Gj__V1__Status status)
{
    switch (status) {
    case GJ__V1__STATUS__OK:
    case GJ__V1__STATUS__INVALID:
    case GJ__V1__STATUS__DENIED:
    case GJ__V1__STATUS__NOT_FOUND:
    case GJ__V1__STATUS__CONFLICT:
    case GJ__V1__STATUS__REFUSED:
        return true;
    default:
        return false;
    }
}

void gj_seen_put(struct gj_txn *txn, const uint8_t key[GJ_REQUEST_KEY_BYTES], uint64_t device,
    const struct gj_answer *answer, const Gj__V1__Written *written)
{
    struct gj_writer wr;
    uint8_t row[ROW_MAX];

    if (!is_kept(answer->status)) {
        return;
    }
    if (answer->status == GJ__V1__STATUS__OK && (written->state == NULL || written->number == NULL)) {
        gj_txn_fail(txn, GJ_ENOMEM); /* a copy of a word did not fit into the arena */
        return;
    }
    gj_writer_init_fixed(&wr, row, sizeof row);
    gj_writer_u8(&wr, ROW_VERSION);
    gj_writer_u8(&wr, (uint8_t)answer->status);
    if (answer->status == GJ__V1__STATUS__OK) {
        uint8_t flags = differs(txn, written);

        gj_writer_u64(&wr, written->event);
        gj_writer_u8(&wr, flags);
        if (flags & HAS_HEAD) {
            gj_writer_varint(&wr, written->id);
            gj_writer_varint(&wr, written->revision);
            write_text(&wr, written->state);
        }
        if (flags & HAS_NUMBER) {
            write_text(&wr, written->number);
        }
    } else {
        write_text(&wr, answer->code);
        write_text(&wr, answer->field);
        gj_writer_u8(&wr, (uint8_t)answer->n_params);
        for (unsigned i = 0; i < answer->n_params; i++) {
            write_text(&wr, answer->params[i]);
        }
    }
    struct gj_key row_key = seen_key(key, device);
    if (gj_writer_done(&wr) != GJ_OK) {
        gj_txn_fail(txn, GJ_ETOOBIG);
        return;
    }
    gj_txn_put(txn, GJ_TABLE_SEEN, &row_key, row, wr.len);
}

unsigned gj_seen_sweep(struct gj_txn *txn, int64_t now_ms)
{
    struct gj_iter iter;
    unsigned removed = 0;

    gj_iter_range(&iter, txn, GJ_TABLE_SEEN, NULL, NULL, GJ_FORWARD);
    while (removed < GJ_SEEN_SWEEP_MAX && gj_iter_next(&iter)) {
        struct gj_key key = gj_key_of_bytes(iter.key.data, iter.key.len);

        /* Keys of one time sort together, oldest first: the first fresh one ends the sweep. */
        if (iter.key.len < GJ_REQUEST_KEY_BYTES || gj_seen_age(iter.key.data, now_ms) != GJ_SEEN_EXPIRED) {
            break;
        }
        gj_txn_del(txn, GJ_TABLE_SEEN, &key);
        removed++;
    }
    gj_iter_close(&iter);
    return removed;
}
