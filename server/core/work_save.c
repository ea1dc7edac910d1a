/* Saving a record: its row, its line in the queue, its next fire time, its entry. */
#include <assert.h>
#include <string.h>

#include "common/calendar.h"
#include "core/command.h"
#include "core/core.h"
#include "core/subject.h"
#include "core/work.h"
#include "core/work_clock.h"
#include "core/work_view.h"
#include "store/record.h"
#include "store/words.h"

/* Means by which a step of the owner was given; numbers stand in entries: append only. */
static const char *const means_words[] = {
    NULL, "signature", "code", "recorded_call", "signed_paper", "app", "call", "paper", "photo"};

static uint8_t means_number(const char *word)
{
    for (uint8_t i = 1; word != NULL && i < sizeof(means_words) / sizeof(means_words[0]); i++) {
        if (strcmp(means_words[i], word) == 0) {
            return i;
        }
    }
    return word == NULL || word[0] == '\0' ? 0 : UINT8_MAX;
}

static void set_word(struct gj_ctx *ctx, struct gj_entry_word *word, const char *text)
{
    if (text != NULL && text[0] != '\0' && gj_entry_word(word, text) != GJ_OK) {
        gj_txn_fail(ctx->txn, GJ_ETOOBIG); /* a policy whose words do not fit is refused when it is loaded */
    }
}

/* The numbers of a record's entries, as varints of the distance from the one before. */
static void remember_entry(struct gj_ctx *ctx, Gj__Stored__Record *row, uint64_t index)
{
    uint64_t delta = index - row->last_entry;
    uint8_t *bytes = gj_arena_alloc(ctx->arena, row->entries.len + 10);
    if (bytes == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    if (row->entries.len > 0) {
        memcpy(bytes, row->entries.data, row->entries.len);
    }
    size_t len = row->entries.len;
    do {
        uint8_t low = (uint8_t)(delta & 0x7f);
        delta >>= 7;
        bytes[len++] = (uint8_t)(low | (delta != 0 ? 0x80 : 0));
    } while (delta != 0);
    row->entries.data = bytes;
    row->entries.len = len;
    row->entry_count++;
    row->last_entry = index;
}

static void digest_fields(struct gj_ctx *ctx, struct gj_entry *entry, Gj__V1__Field *const *fields, size_t count)
{
    struct gj_entry_change change;
    gj_entry_change_init(&change);
    for (size_t i = 0; i < count; i++) {
        size_t len = gj__v1__field__get_packed_size(fields[i]);
        uint8_t *bytes = gj_arena_alloc(ctx->arena, len);
        if (bytes == NULL) {
            gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
            return;
        }
        gj__v1__field__pack(fields[i], bytes);
        gj_entry_change_add(&change, fields[i]->key, bytes, len);
    }
    gj_entry_change_final(&change, entry);
}

static uint8_t lowest_role(gj_roles roles)
{
    return roles == 0 ? 0 : (uint8_t)__builtin_ctzll(roles);
}

/* Whose change is the newest: a successor in an outbox names it. A step that the daemon takes in the same command is
 * part of the change it follows. */
static void remember_request(struct gj_ctx *ctx, Gj__Stored__Record *row)
{
    const struct gj_command *origin = ctx->apply->origin;
    row->last_request_key = (ProtobufCBinaryData){
        .data = (uint8_t *)origin->request_key, .len = origin->user == 0 ? 0 : GJ_REQUEST_KEY_BYTES};
    row->last_device = origin->device;
}

uint64_t gj_work_entry(struct gj_ctx *ctx, struct gj_work *work, const struct gj_work_note *note)
{
    Gj__Stored__Record *row = work->row;
    row->revision += note->aside ? 0 : 1;
    struct gj_entry entry = {.type = note->type == 0 ? GJ_ENTRY_ACTION : note->type,
        .means = means_number(note->means),
        .office = (uint32_t)(note->office != 0 ? note->office : row->office),
        .subject_kind = (uint16_t)row->kind,
        .subject = row->id,
        .revision = row->revision,
        .policy = row->policy,
        .previous = row->last_entry};
    const struct gj_stood *stood = &note->stood;
    uint8_t role = stood->level != 0 ? stood->role : lowest_role(note->by);
    const struct gj_role *named = role == 0 ? NULL : gj_policy_role_by_number(ctx->policy, role);
    set_word(ctx, &entry.role, named == NULL ? NULL : named->code);
    set_word(ctx, &entry.action, note->action);
    set_word(ctx, &entry.from, note->from != NULL ? note->from : row->state);
    set_word(ctx, &entry.to, row->state);
    set_word(ctx, &entry.reason, note->reason);
    entry.has_reason = entry.reason.text[0] != '\0';
    entry.has_stated_at = note->stated_at != 0;
    entry.stated_at = note->stated_at;
    entry.has_second = note->second != 0;
    entry.second = note->second;
    entry.has_related = note->related != 0;
    entry.related_kind = note->related_kind;
    entry.related = note->related;
    entry.has_value = note->has_value;
    entry.value = note->value;
    if (note->object != NULL) {
        entry.has_object = true;
        memcpy(entry.object, note->object, sizeof(entry.object));
    }
    entry.acting_for = role == 0 ? 0 : gj_actor_acts_for(ctx->actor, role, row->office, work->office->region);
    entry.has_acting_for = entry.acting_for != 0;
    if (stood->level != 0) {
        entry.has_acting_for = true;
        entry.acting_for = stood->user;
        entry.has_value = true;
        entry.value = stood->level;
    }
    if (note->field_count > 0) {
        digest_fields(ctx, &entry, note->fields, note->field_count);
    }
    const Gj__Work__Text *text = note->text;
    if (text != NULL && text->commitment.len == sizeof(entry.text)) {
        entry.has_text = true;
        memcpy(entry.text, text->commitment.data, sizeof(entry.text));
    }
    uint64_t index =
        gj_apply_entry(ctx, &entry, entry.has_text ? text->sealed.data : NULL, entry.has_text ? text->sealed.len : 0);
    remember_entry(ctx, row, index);
    if (!note->aside) {
        remember_request(ctx, row);
    }
    return index;
}

static struct gj_key work_key(uint64_t office, uint32_t kind, uint64_t id)
{
    struct gj_key key;
    gj_key_init(&key);
    gj_key_u32(&key, (uint32_t)office);
    gj_key_u16(&key, (uint16_t)kind);
    gj_key_u64(&key, id);
    return key;
}

static struct gj_key due_key(int64_t at_ms, uint64_t id)
{
    struct gj_key key;
    gj_key_init(&key);
    gj_key_i64(&key, at_ms);
    gj_key_u64(&key, id);
    return key;
}

static struct gj_key date_key(const Gj__Stored__Record *row)
{
    struct gj_key key;
    gj_key_init(&key);
    gj_key_u32(&key, (uint32_t)row->office);
    gj_key_u16(&key, (uint16_t)row->kind);
    gj_key_u32(&key, (uint32_t)gj_cst_day(row->closed_at));
    gj_key_u64(&key, row->id);
    return key;
}

static void save_queue_row(struct gj_ctx *ctx, struct gj_work *work)
{
    const Gj__Stored__Record *row = work->row;
    if (work->was_open && (!row->open || work->was_office != row->office)) {
        struct gj_key old = work_key(work->was_office, row->kind, row->id);
        (void)gj_txn_del(ctx->txn, GJ_TABLE_WORK, &old);
    }
    if (!row->open) {
        return;
    }
    Gj__V1__Row shown;
    Gj__Stored__Work line = GJ__STORED__WORK__INIT;
    gj_work_row(work, &shown);
    line.row = &shown;
    line.household = row->household;
    line.created_by = row->created_by;
    line.awaiting_office = row->awaiting_office;
    struct gj_key key = work_key(row->office, row->kind, row->id);
    gj_record_save(ctx->txn, GJ_TABLE_WORK, &key, &line.base);
}

/* A row that fires too early costs one look at the record later on; moving it costs two pages of this step. So it is
 * moved only when something comes earlier, when it has fired, or when the record closes. */
static void save_due_row(struct gj_ctx *ctx, struct gj_work *work)
{
    Gj__Stored__Record *row = work->row;
    int64_t next = row->open ? gj_work_next_fire(ctx, work) : 0;
    int64_t was = work->was_fire_at;
    bool early_enough = row->open && was != 0 && (next == 0 || was <= next);
    if (next == was || (early_enough && !work->fires)) {
        row->next_fire_at = was;
        return;
    }
    /* What has run out already (a call entered an hour late) fires now: only what the daemon itself missed is late. */
    if (next != 0 && next < ctx->now_ms) {
        next = ctx->now_ms;
    }
    row->next_fire_at = next;
    if (was != 0) {
        struct gj_key old = due_key(was, row->id);
        (void)gj_txn_del(ctx->txn, GJ_TABLE_DUE, &old);
    }
    if (next != 0) {
        struct gj_key key = due_key(next, row->id);
        gj_txn_put(ctx->txn, GJ_TABLE_DUE, &key, "", 0);
    }
}

static void index_subject(struct gj_ctx *ctx, uint16_t kind, uint64_t subject, uint64_t id)
{
    if (subject == 0) {
        return;
    }
    struct gj_key key;
    gj_key_init(&key);
    gj_key_u16(&key, kind);
    gj_key_u64(&key, subject);
    gj_key_u64(&key, id);
    gj_txn_put(ctx->txn, GJ_TABLE_BY_SUBJECT, &key, "", 0);
}

static void save_new(struct gj_ctx *ctx, struct gj_work *work)
{
    const Gj__Stored__Record *row = work->row;
    struct gj_key id = gj_key_of_u64(row->id);
    struct gj_key number = gj_key_of_name(row->number);
    gj_record_append(ctx->txn, GJ_TABLE_RECORD, &id, &row->base);
    gj_txn_put_u64(ctx->txn, GJ_TABLE_NUMBER, &number, row->id);
}

/* Codes of choices come again in every record of the kind. */
static void coin_choices(struct gj_ctx *ctx, const struct gj_work *work)
{
    for (size_t i = 0; i < work->row->n_fields; i++) {
        const Gj__V1__Field *field = work->row->fields[i];
        uint32_t number = 0;
        if (field->value_case != GJ__V1__FIELD__VALUE_TEXT ||
            gj_words_number(ctx->txn, field->text, strlen(field->text), false, &number)) {
            continue;
        }
        uint16_t at = gj_kind_field(work->kind, field->key);
        if (at != GJ_NO_INDEX && work->kind->fields[at].type == GJ_FIELD_CHOICE) {
            (void)gj_words_number(ctx->txn, field->text, strlen(field->text), true, &number);
        }
    }
}

void gj_work_save(struct gj_ctx *ctx, struct gj_work *work)
{
    Gj__Stored__Record *row = work->row;
    assert(row->id != 0 && row->number[0] != '\0');
    gj_work_timers_store(ctx, work);
    coin_choices(ctx, work);
    save_due_row(ctx, work);
    if (work->fresh) {
        save_new(ctx, work);
    } else {
        struct gj_key id = gj_key_of_u64(row->id);
        gj_record_save(ctx->txn, GJ_TABLE_RECORD, &id, &row->base);
    }
    save_queue_row(ctx, work);
    struct gj_key closed = date_key(row);
    if (!row->open && !work->was_closed) {
        gj_txn_put(ctx->txn, GJ_TABLE_BY_DATE, &closed, "", 0);
    } else if (row->open && work->was_closed) {
        (void)gj_txn_del(ctx->txn, GJ_TABLE_BY_DATE, &closed); /* taken up again: closed_at is still the old day */
    }
    /* A record that was entered for another household by mistake is still found there: its history is there too. */
    index_subject(ctx, GJ_SUBJECT_HOUSEHOLD, row->household != work->was_household ? row->household : 0, row->id);
    index_subject(ctx, GJ_SUBJECT_ASSET, row->asset != work->was_asset ? row->asset : 0, row->id);
    index_subject(ctx, GJ_SUBJECT_PARENT, row->parent != work->was_parent ? row->parent : 0, row->id);
    ctx->apply->written.id = row->id;
    ctx->apply->written.revision = row->revision;
    ctx->apply->written.number = row->number;
    ctx->apply->written.state = row->state;
    work->fresh = false;
    work->was_open = row->open;
    work->was_office = row->office;
    work->was_fire_at = row->next_fire_at;
    work->was_closed = !row->open;
    work->was_household = row->household;
    work->was_asset = row->asset;
    work->was_parent = row->parent;
}
