#include "client/lib/outbox_internal.h"

#include "client/lib/path.h"
#include "client/lib/user_key.h"
#include "common/cursor.h"
#include "common/limits.h"
#include "common/secret.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Rewriting starts when the file holds this many records of items that are over, and they are the larger part. */
#define DEAD_MAX 512
#define TITLE_MAX GJ_TEXT_LINE_MAX
#define CODE_MAX 128

/* What a record of the file says. Numbers are written to disk. */
enum note { NOTE_ADD = 1, NOTE_DONE = 2, NOTE_REJECTED = 3, NOTE_SHOWN = 4, NOTE_DROPPED = 5, NOTE_RETRY = 6 };

struct entry *outbox_entry(const struct guanjia_outbox *box, const uint8_t key[GUANJIA_KEY_SIZE])
{
    for (size_t n = 0; n < box->count; n++) {
        if (memcmp(box->entries[n]->item.key, key, GUANJIA_KEY_SIZE) == 0) {
            return box->entries[n];
        }
    }
    return NULL;
}

static void free_entry(struct entry *entry)
{
    if (entry == NULL) {
        return;
    }
    if (entry->body != NULL) {
        gj_secret_wipe(entry->body, entry->item.body_len);
    }
    free(entry->body);
    free(entry->title);
    free(entry->code);
    free(entry->field);
    free(entry);
}

static bool set_refusal(
    struct entry *entry, int status, const char *code, size_t code_len, const char *field, size_t field_len)
{
    char *new_code = strndup(code, code_len);
    char *new_field = strndup(field, field_len);
    if (new_code == NULL || new_field == NULL) {
        free(new_code);
        free(new_field);
        return false;
    }
    free(entry->code);
    free(entry->field);
    entry->code = new_code;
    entry->field = new_field;
    entry->item.code = new_code;
    entry->item.field = new_field;
    entry->item.status = status;
    entry->item.state = code_len > 0 || status != 0 ? GUANJIA_ITEM_REJECTED : GUANJIA_ITEM_WAITING;
    entry->item.shown = false;
    return true;
}

static struct entry *make_entry(const struct guanjia_item *from, size_t title_len)
{
    struct entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL) {
        return NULL;
    }
    entry->item = *from;
    entry->title = strndup(from->title, title_len);
    entry->body = malloc(from->body_len + 1);
    if (entry->title == NULL || entry->body == NULL || !set_refusal(entry, 0, "", 0, "", 0)) {
        free_entry(entry);
        return NULL;
    }
    if (from->body_len > 0) {
        memcpy(entry->body, from->body, from->body_len);
    }
    entry->item.title = entry->title;
    entry->item.body = entry->body;
    return entry;
}

static bool reserve(struct guanjia_outbox *box)
{
    if (box->count < box->cap) {
        return true;
    }
    size_t cap = box->cap == 0 ? 16 : 2 * box->cap;
    struct entry **entries = realloc(box->entries, cap * sizeof(struct entry *));
    if (entries == NULL) {
        return false;
    }
    box->entries = entries;
    box->cap = cap;
    return true;
}

static void remove_entry(struct guanjia_outbox *box, struct entry *gone)
{
    size_t at = 0;
    while (box->entries[at] != gone) {
        at++;
    }
    memmove(box->entries + at, box->entries + at + 1, (box->count - at - 1) * sizeof(struct entry *));
    box->count--;
    free_entry(gone);
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

static void write_add(struct gj_writer *writer, const struct guanjia_item *item)
{
    gj_writer_u8(writer, NOTE_ADD);
    gj_writer_bytes(writer, item->key, sizeof item->key);
    gj_writer_bytes(writer, item->after, sizeof item->after);
    gj_writer_u32(writer, item->call);
    gj_writer_i64(writer, item->made_at);
    gj_writer_blob(writer, item->title, strlen(item->title));
    gj_writer_blob(writer, item->body, item->body_len);
}

static void write_note(struct gj_writer *writer, enum note note, const uint8_t key[GUANJIA_KEY_SIZE])
{
    gj_writer_u8(writer, (uint8_t)note);
    gj_writer_bytes(writer, key, GUANJIA_KEY_SIZE);
}

static void write_rejected(
    struct gj_writer *writer, const uint8_t key[GUANJIA_KEY_SIZE], int status, const char *code, const char *field)
{
    write_note(writer, NOTE_REJECTED, key);
    gj_writer_u32(writer, (uint32_t)status);
    gj_writer_blob(writer, code, strnlen(code, CODE_MAX));
    gj_writer_blob(writer, field, strnlen(field, CODE_MAX));
}

static enum guanjia_err append(struct outbox_file *file, struct gj_writer *writer)
{
    enum guanjia_err err = (enum guanjia_err)gj_writer_done(writer);
    return err == GUANJIA_OK ? outbox_file_append(file, writer->fixed, writer->len) : err;
}

static enum guanjia_err append_note(struct guanjia_outbox *box, enum note note, const uint8_t key[GUANJIA_KEY_SIZE])
{
    uint8_t bytes[1 + GUANJIA_KEY_SIZE];
    struct gj_writer writer;
    gj_writer_init_fixed(&writer, bytes, sizeof bytes);
    write_note(&writer, note, key);
    return append(&box->file, &writer);
}

static enum guanjia_err replay_add(struct guanjia_outbox *box, struct gj_cursor *cursor)
{
    struct guanjia_item item = {0};
    size_t title_len = 0;
    gj_cursor_copy(cursor, item.key, sizeof item.key);
    gj_cursor_copy(cursor, item.after, sizeof item.after);
    item.call = gj_cursor_u32(cursor);
    item.made_at = gj_cursor_i64(cursor);
    item.title = (const char *)gj_cursor_blob(cursor, TITLE_MAX, &title_len);
    item.body = gj_cursor_blob(cursor, GJ_BODY_MAX, &item.body_len);
    if (gj_cursor_done(cursor) != GJ_OK) {
        return GUANJIA_ECORRUPT;
    }
    struct entry *entry = reserve(box) ? make_entry(&item, title_len) : NULL;
    if (entry == NULL) {
        return GUANJIA_ENOMEM;
    }
    box->entries[box->count++] = entry;
    return GUANJIA_OK;
}

static enum guanjia_err replay_rejected(struct entry *entry, struct gj_cursor *cursor)
{
    size_t code_len = 0;
    size_t field_len = 0;
    int status = (int)gj_cursor_u32(cursor);
    const char *code = (const char *)gj_cursor_blob(cursor, CODE_MAX, &code_len);
    const char *field = (const char *)gj_cursor_blob(cursor, CODE_MAX, &field_len);
    if (gj_cursor_done(cursor) != GJ_OK) {
        return GUANJIA_ECORRUPT;
    }
    if (!set_refusal(entry, status, code, code_len, field, field_len)) {
        return GUANJIA_ENOMEM;
    }
    entry->item.state = GUANJIA_ITEM_REJECTED;
    return GUANJIA_OK;
}

static enum guanjia_err on_record(void *arg, const uint8_t *bytes, size_t len)
{
    struct guanjia_outbox *box = arg;
    struct gj_cursor cursor;
    uint8_t key[GUANJIA_KEY_SIZE];
    gj_cursor_init(&cursor, bytes, len);
    uint8_t note = gj_cursor_u8(&cursor);
    if (note == NOTE_ADD) {
        return replay_add(box, &cursor);
    }
    gj_cursor_copy(&cursor, key, sizeof key);
    struct entry *entry = outbox_entry(box, key);
    if (entry == NULL) {
        return GUANJIA_ECORRUPT;
    }
    box->dead++;
    switch (note) {
    case NOTE_DONE:
    case NOTE_DROPPED:
        box->dead++;
        remove_entry(box, entry);
        return GUANJIA_OK;
    case NOTE_REJECTED:
        return replay_rejected(entry, &cursor);
    case NOTE_SHOWN:
        entry->item.shown = true;
        return GUANJIA_OK;
    case NOTE_RETRY:
        return set_refusal(entry, 0, "", 0, "", 0) ? GUANJIA_OK : GUANJIA_ENOMEM;
    default:
        return GUANJIA_ECORRUPT;
    }
}

/* ---- rewriting --------------------------------------------------------------------------------------------------- */

static enum guanjia_err copy_entry(struct outbox_file *fresh, const struct guanjia_item *item)
{
    uint8_t *bytes = malloc(OUTBOX_RECORD_MAX);
    struct gj_writer writer;
    if (bytes == NULL) {
        return GUANJIA_ENOMEM;
    }
    gj_writer_init_fixed(&writer, bytes, OUTBOX_RECORD_MAX);
    write_add(&writer, item);
    enum guanjia_err err = append(fresh, &writer);
    if (err == GUANJIA_OK && item->state == GUANJIA_ITEM_REJECTED) {
        gj_writer_init_fixed(&writer, bytes, OUTBOX_RECORD_MAX);
        write_rejected(&writer, item->key, item->status, item->code, item->field);
        err = append(fresh, &writer);
    }
    if (err == GUANJIA_OK && item->shown) {
        gj_writer_init_fixed(&writer, bytes, OUTBOX_RECORD_MAX);
        write_note(&writer, NOTE_SHOWN, item->key);
        err = append(fresh, &writer);
    }
    free(bytes);
    return err;
}

/* Failing costs nothing but disk space: the old file stays in use. */
static void rewrite(struct guanjia_outbox *box)
{
    struct outbox_file fresh;
    if (box->dead < DEAD_MAX || box->dead < 2 * box->count ||
        outbox_file_rewrite_begin(&box->file, &fresh) != GUANJIA_OK) {
        return;
    }
    enum guanjia_err err = GUANJIA_OK;
    for (size_t n = 0; n < box->count && err == GUANJIA_OK; n++) {
        err = copy_entry(&fresh, &box->entries[n]->item);
    }
    if (err != GUANJIA_OK) {
        outbox_file_rewrite_abandon(&fresh);
    } else if (outbox_file_rewrite_finish(&box->file, &fresh) == GUANJIA_OK) {
        box->dead = 0;
    }
}

/* ---- life -------------------------------------------------------------------------------------------------------- */

static enum guanjia_err open_file(
    struct guanjia_outbox *box, const char *dir, uint64_t user, struct guanjia_fault *fault)
{
    char path[1024];
    char folder[900];
    uint8_t key[USER_KEY_SIZE];
    uint64_t device = 0;
    enum guanjia_err err = user_key_derive(dir, user, "outbox", key, &device, fault);
    if (err == GUANJIA_OK) {
        err = path_join(dir, "outbox", folder, sizeof folder);
    }
    if (err == GUANJIA_OK) {
        err = path_make(folder);
    }
    if (err == GUANJIA_OK) {
        snprintf(path, sizeof path, "%s/%llu", folder, (unsigned long long)user);
        err = outbox_file_open(&box->file, path, key, user, device, on_record, box);
    }
    gj_secret_wipe(key, sizeof key);
    if (err != GUANJIA_OK && fault != NULL) {
        fault->err = err;
        snprintf(fault->text, sizeof fault->text, "%s/outbox/%llu: %s", dir, (unsigned long long)user,
            gj_err_text((enum gj_err)err));
    }
    return err;
}

enum guanjia_err guanjia_outbox_open(const char *dir, uint64_t user, guanjia_outbox **out, struct guanjia_fault *fault)
{
    guanjia_outbox *box = calloc(1, sizeof *box);
    if (box == NULL) {
        return GUANJIA_ENOMEM;
    }
    box->file.fd = -1;
    enum guanjia_err err = open_file(box, dir, user, fault);
    if (err != GUANJIA_OK) {
        guanjia_outbox_close(box);
        return err;
    }
    rewrite(box);
    *out = box;
    return GUANJIA_OK;
}

void guanjia_outbox_close(guanjia_outbox *box)
{
    if (box == NULL) {
        return;
    }
    outbox_send_cancel(box);
    outbox_file_close(&box->file);
    for (size_t n = 0; n < box->count; n++) {
        free_entry(box->entries[n]);
    }
    free(box->entries);
    free(box);
}

static int64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum guanjia_err guanjia_outbox_add(guanjia_outbox *box, uint32_t call, const void *body, size_t body_len,
    const uint8_t *after, const char *title, uint8_t key[GUANJIA_KEY_SIZE])
{
    struct guanjia_item item = {.call = call, .made_at = wall_ms(), .title = title, .body = body, .body_len = body_len};
    if (!guanjia_call_is_write(call) || strlen(title) > TITLE_MAX) {
        return GUANJIA_EINVAL;
    }
    if (body_len > GJ_BODY_MAX - 64) {
        return GUANJIA_ETOOBIG;
    }
    guanjia_key_make(item.key);
    if (after != NULL) {
        memcpy(item.after, after, sizeof item.after);
    }
    struct entry *entry = reserve(box) ? make_entry(&item, strlen(title)) : NULL;
    uint8_t *bytes = malloc(OUTBOX_RECORD_MAX);
    enum guanjia_err err = GUANJIA_ENOMEM;
    if (entry != NULL && bytes != NULL) {
        struct gj_writer writer;
        gj_writer_init_fixed(&writer, bytes, OUTBOX_RECORD_MAX);
        write_add(&writer, &entry->item);
        err = append(&box->file, &writer);
    }
    free(bytes);
    if (err != GUANJIA_OK) {
        free_entry(entry);
        return err;
    }
    assert(box->count < box->cap); /* reserved above */
    box->entries[box->count++] = entry;
    memcpy(key, entry->item.key, GUANJIA_KEY_SIZE);
    return GUANJIA_OK;
}

size_t guanjia_outbox_count(const guanjia_outbox *box)
{
    return box->count;
}

const struct guanjia_item *guanjia_outbox_at(const guanjia_outbox *box, size_t index)
{
    return index < box->count ? &box->entries[index]->item : NULL;
}

const struct guanjia_item *guanjia_outbox_find(const guanjia_outbox *box, const uint8_t key[GUANJIA_KEY_SIZE])
{
    const struct entry *entry = outbox_entry(box, key);
    return entry == NULL ? NULL : &entry->item;
}

enum guanjia_err outbox_done(struct guanjia_outbox *box, const uint8_t key[GUANJIA_KEY_SIZE])
{
    struct entry *entry = outbox_entry(box, key);
    enum guanjia_err err = entry == NULL ? GUANJIA_ENOTFOUND : append_note(box, NOTE_DONE, key);
    if (err == GUANJIA_OK) {
        remove_entry(box, entry);
        box->dead += 2;
    }
    return err;
}

enum guanjia_err outbox_rejected(
    struct guanjia_outbox *box, const uint8_t key[GUANJIA_KEY_SIZE], int status, const char *code, const char *field)
{
    uint8_t bytes[64 + 2 * CODE_MAX];
    struct gj_writer writer;
    struct entry *entry = outbox_entry(box, key);
    if (entry == NULL) {
        return GUANJIA_ENOTFOUND;
    }
    gj_writer_init_fixed(&writer, bytes, sizeof bytes);
    write_rejected(&writer, key, status, code, field);
    enum guanjia_err err = append(&box->file, &writer);
    if (err == GUANJIA_OK) {
        bool set = set_refusal(entry, status, code, strnlen(code, CODE_MAX), field, strnlen(field, CODE_MAX));
        entry->item.state = GUANJIA_ITEM_REJECTED;
        err = set ? GUANJIA_OK : GUANJIA_ENOMEM;
        box->dead++;
    }
    return err;
}

enum guanjia_err guanjia_outbox_shown(guanjia_outbox *box, const uint8_t key[GUANJIA_KEY_SIZE])
{
    struct entry *entry = outbox_entry(box, key);
    if (entry == NULL) {
        return GUANJIA_ENOTFOUND;
    }
    if (entry->item.state != GUANJIA_ITEM_REJECTED) {
        return GUANJIA_EINVAL;
    }
    enum guanjia_err err = entry->item.shown ? GUANJIA_OK : append_note(box, NOTE_SHOWN, key);
    if (err == GUANJIA_OK) {
        entry->item.shown = true;
        box->dead++;
    }
    return err;
}

enum guanjia_err guanjia_outbox_drop(guanjia_outbox *box, const uint8_t key[GUANJIA_KEY_SIZE])
{
    struct entry *entry = outbox_entry(box, key);
    if (entry == NULL) {
        return GUANJIA_ENOTFOUND;
    }
    if (entry->item.state != GUANJIA_ITEM_REJECTED || !entry->item.shown) {
        return GUANJIA_EINVAL;
    }
    enum guanjia_err err = append_note(box, NOTE_DROPPED, key);
    if (err == GUANJIA_OK) {
        remove_entry(box, entry);
        box->dead += 2;
    }
    return err;
}

enum guanjia_err guanjia_outbox_retry(guanjia_outbox *box, const uint8_t key[GUANJIA_KEY_SIZE])
{
    struct entry *entry = outbox_entry(box, key);
    if (entry == NULL) {
        return GUANJIA_ENOTFOUND;
    }
    if (entry->item.state != GUANJIA_ITEM_REJECTED) {
        return GUANJIA_EINVAL;
    }
    enum guanjia_err err = append_note(box, NOTE_RETRY, key);
    if (err == GUANJIA_OK && !set_refusal(entry, 0, "", 0, "", 0)) {
        err = GUANJIA_ENOMEM;
    }
    return err;
}
