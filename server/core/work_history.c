/* The history of a record: its audit entries with the texts beside them. */
#include <string.h>

#include "common/cursor.h"
#include "core/core.h"
#include "core/notify_find.h"
#include "core/recall.h"
#include "core/work_seal.h"
#include "core/work_view.h"

struct telling {
    struct gj_ctx *ctx;
    const struct gj_work *work;
    struct gj_access_answer access;
    struct gj_seal seal;
    bool have_key, no_key;
    bool with_entries;
};

static void event_of(struct gj_ctx *ctx, const struct gj_entry *entry, const struct gj_work *work, Gj__V1__Event *out)
{
    gj__v1__event__init(out);
    out->event = entry->index;
    out->at = entry->recorded_at;
    out->type = entry->type;
    out->office = entry->office;
    out->kind = entry->subject_kind;
    out->id = entry->subject;
    out->revision = entry->revision;
    out->act = gj_arena_strdup(ctx->arena, entry->action.text);
    out->from_state = gj_arena_strdup(ctx->arena, entry->from.text);
    out->to_state = gj_arena_strdup(ctx->arena, entry->to.text);
    out->actor = entry->actor;
    out->number = work->row->number;
    if (out->act == NULL || out->from_state == NULL || out->to_state == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        gj__v1__event__init(out);
    }
}

/* Old values of masked or logged fields are not told with the history: they are opened like the fields themselves. */
static void tell_old(struct telling *telling, const Gj__Work__Words *words, Gj__V1__HistoryLine *line)
{
    line->old = GJ_ARENA_ARRAY(telling->ctx->arena, words->n_old, Gj__V1__Field *);
    for (size_t i = 0; line->old != NULL && i < words->n_old; i++) {
        uint16_t at = gj_kind_field(telling->work->kind, words->old[i]->key);
        if (at != GJ_NO_INDEX && !gj_field_set_has(&telling->access.masked, at) &&
            !gj_field_set_has(&telling->access.hidden, at)) {
            line->old[line->n_old++] = words->old[i];
        }
    }
}

static void tell_words(
    struct telling *telling, const struct gj_entry *entry, const struct gj_entry_row *row, Gj__V1__HistoryLine *line)
{
    struct gj_ctx *ctx = telling->ctx;
    struct gj_recall *recall = ctx->core->recall;
    Gj__Work__Words *words = NULL;
    if (!entry->has_text || row->text.len < GJ_SECRET_TEXT_OVERHEAD) {
        return;
    }
    if (!telling->have_key && !telling->no_key) {
        telling->have_key = gj_seal_init(&telling->seal, ctx, telling->work->row->subject) == GJ_OK;
        telling->no_key = !telling->have_key;
    }
    bool found = gj_recall_text(recall, row->index, row->text.data, row->text.len);
    if (!telling->have_key || gj_seal_open_words(&telling->seal, ctx->arena, row->text.data, row->text.len, entry->text,
                                  found, &words) != GJ_OK) {
        return; /* erased, or sealed for somebody else: the entry still stands */
    }
    if (!found) {
        gj_recall_text_found(recall, row->index, row->text.data, row->text.len);
    }
    line->note = words->note;
    line->reason = words->reason;
    line->late_reason = words->late_reason;
    tell_old(telling, words, line);
}

static Gj__V1__HistoryLine *line_of(struct telling *telling, uint64_t index)
{
    struct gj_ctx *ctx = telling->ctx;
    struct gj_entry_row row;
    const struct gj_entry *entry = &row.entry;
    Gj__V1__HistoryLine *line = GJ_ARENA_NEW(ctx->arena, Gj__V1__HistoryLine);
    Gj__V1__Event *event = GJ_ARENA_NEW(ctx->arena, Gj__V1__Event);
    if (line == NULL || event == NULL ||
        !(telling->with_entries ? gj_entry_get : gj_entry_read)(ctx->txn, index, &row)) {
        return NULL;
    }
    gj__v1__history_line__init(line);
    event_of(ctx, entry, telling->work, event);
    line->event = event;
    line->actor_name = (char *)gj_recall_name(ctx->core->recall, ctx->txn, entry->actor, ctx->arena);
    line->stated_at = entry->has_stated_at ? entry->stated_at : 0;
    if (telling->with_entries) {
        uint8_t *bytes = gj_arena_dup(ctx->arena, row.bytes.data, row.bytes.len);
        if (bytes == NULL) {
            return NULL;
        }
        line->entry = (ProtobufCBinaryData){.data = bytes, .len = row.bytes.len};
    }
    if (entry->has_acting_for) {
        bool stood_in = entry->has_value && entry->value > GJ_REACH_ROLE && entry->value <= GJ_REACH_ROSTER_GROUP;
        line->acting_for = gj_arena_strdup(ctx->arena, entry->role.text);
        line->level = stood_in ? (char *)gj_find_level((enum gj_reach_level)entry->value) : line->level;
    }
    tell_words(telling, entry, &row, line);
    return line->actor_name == NULL || line->acting_for == NULL ? NULL : line;
}

bool gj_work_history(struct gj_ctx *ctx, const struct gj_work *work, size_t from, size_t max, bool with_entries,
    struct gj_work_lines *out)
{
    struct telling telling = {.ctx = ctx, .work = work, .with_entries = with_entries};
    struct gj_refusal refusal = {0};
    struct gj_cursor cursor;
    uint64_t index = 0;
    memset(out, 0, sizeof(*out));
    out->items = GJ_ARENA_ARRAY(ctx->arena, max, Gj__V1__HistoryLine *);
    if (out->items == NULL || !gj_work_may(ctx, work, GJ_ACCESS_READ, &telling.access, &refusal)) {
        return false;
    }
    gj_cursor_init(&cursor, work->row->entries.data, work->row->entries.len);
    for (size_t i = 0; i < work->row->entry_count; i++) {
        index += gj_cursor_varint(&cursor);
        if (i < from) {
            continue;
        }
        if (out->count == max) {
            out->more = true;
            break;
        }
        Gj__V1__HistoryLine *line = line_of(&telling, index);
        if (line == NULL) {
            break;
        }
        out->items[out->count++] = line;
    }
    gj_seal_fini(&telling.seal);
    return gj_txn_error(ctx->txn) == GJ_OK;
}
