/* Lists. Open work comes from the covering rows of the queue in one scan; closed work by its day, newest first; what
 * concerns a household by its index. */
#include <string.h>

#include "common/cursor.h"
#include "common/limits.h"
#include "common/pb_out.h"
#include "core/core.h"
#include "core/household.h"
#include "core/subject.h"
#include "core/work.h"
#include "core/work_clock.h"
#include "core/work_view.h"
#include "proto/register.pb-c.h"
#include "service/register/listing.h"
#include "service/register/register.h"
#include "store/record.h"

/* Where a line of the queue begins: its field 1, a message (store/stored.proto). */
#define WORK_ROW_TAG (1 << 3 | 2)

static int64_t sort_value(enum sort sort, const Gj__V1__Row *row)
{
    if (sort == SORT_DUE) {
        return row->due_at == 0 ? INT64_MAX : row->due_at;
    }
    return sort == SORT_PRIORITY ? gj_priority_rank(row->priority) : 0;
}

static bool state_wanted(const Gj__V1__ListRequest *request, const char *state)
{
    for (size_t i = 0; i < request->n_states; i++) {
        if (strcmp(request->states[i], state) == 0) {
            return true;
        }
    }
    return request->n_states == 0;
}

static bool wanted(const struct listing *listing, const Gj__Stored__Work *line)
{
    const Gj__V1__ListRequest *request = listing->request;
    const Gj__V1__Row *row = line->row;
    uint64_t me = listing->ctx->actor->user;
    return state_wanted(request, row->state) && (request->assignee == 0 || row->assignee == request->assignee) &&
           (request->household == 0 || line->household == request->household) &&
           (request->category[0] == '\0' ||
               strncmp(row->category, request->category, strlen(request->category)) == 0) &&
           (!request->breached || row->breached) && (!request->mine || row->assignee == me) &&
           (!listing->own_only || row->assignee == me || line->created_by == me);
}

/* Whether every line of the queue is taken as it comes, so that none need be looked at. */
static bool takes_all(const struct listing *listing)
{
    const Gj__V1__ListRequest *request = listing->request;
    return listing->sort == SORT_ID && !listing->own_only && request->n_states == 0 && request->assignee == 0 &&
           request->household == 0 && request->category[0] == '\0' && !request->breached && !request->mine &&
           !request->columns;
}

/* Where the page goes on: behind (office, kind, id), or behind (value, id) of a sorted list. */
static bool behind_cursor(const struct listing *listing, int64_t value, uint64_t id)
{
    if (listing->sort == SORT_ID || !listing->from.started) {
        return true;
    }
    return value != listing->from.value ? value > listing->from.value : id > listing->from.id;
}

static bool before(const struct gj_register_cursor *a, const struct gj_register_cursor *b)
{
    return a->value != b->value ? a->value < b->value : a->id < b->id;
}

/* Keeps the smallest `limit` in order: one page of a sorted list is one scan. */
static void pick(struct listing *listing, const struct gj_register_cursor *candidate)
{
    size_t at = listing->count;
    while (at > 0 && before(candidate, &listing->picks[at - 1])) {
        at--;
    }
    if (listing->count == listing->limit) {
        listing->more = true;
        listing->count--;
    }
    if (at > listing->count) {
        listing->count++;
        return;
    }
    memmove(&listing->picks[at + 1], &listing->picks[at], (listing->count - at) * sizeof(listing->picks[0]));
    listing->picks[at] = *candidate;
    listing->count++;
}

static bool add_row(struct listing *listing, Gj__V1__Row *row)
{
    if (row == NULL) {
        gj_txn_fail(listing->ctx->txn, gj_arena_why(listing->ctx->arena));
        return false;
    }
    listing->rows[listing->count++] = row;
    return true;
}

/* The row as the index holds it: the answer is encoded while the snapshot stands. */
static bool add_row_as_stored(struct listing *listing, const struct gj_value *bytes)
{
    struct gj_pb_ready *ready = GJ_ARENA_NEW(listing->ctx->arena, struct gj_pb_ready);
    struct gj_cursor cursor;
    gj_cursor_init(&cursor, bytes->data, bytes->len);
    bool found = gj_cursor_u8(&cursor) == WORK_ROW_TAG;
    size_t len = gj_cursor_varint(&cursor);
    const uint8_t *at = gj_cursor_bytes(&cursor, len);
    if (!found || at == NULL) {
        gj_txn_fail(listing->ctx->txn, GJ_ECORRUPT);
        return false;
    }
    if (ready != NULL) {
        *ready = (struct gj_pb_ready){.base.descriptor = &gj_pb_ready_descriptor, .bytes = at, .len = len};
    }
    return add_row(listing, (Gj__V1__Row *)(void *)ready);
}

/* A row that outlives the scratch memory. */
static Gj__V1__Row *copy_row(struct gj_arena *arena, const Gj__V1__Row *from)
{
    Gj__V1__Row *row = gj_arena_dup(arena, from, sizeof(*from));
    if (row == NULL) {
        return NULL;
    }
    row->number = gj_arena_strdup(arena, from->number);
    row->state = gj_arena_strdup(arena, from->state);
    row->category = gj_arena_strdup(arena, from->category);
    row->place = gj_arena_strdup(arena, from->place);
    return row->number == NULL || row->state == NULL || row->category == NULL || row->place == NULL ? NULL : row;
}

static bool read_line(struct gj_txn *txn, const struct gj_value *bytes, struct gj_arena *arena, Gj__Stored__Work **line)
{
    if (!gj_record_unpack(txn, bytes, &gj__stored__work__descriptor, arena, (void **)line)) {
        return false;
    }
    if ((*line)->row == NULL) {
        gj_txn_fail(txn, GJ_ECORRUPT);
        return false;
    }
    return true;
}

/* False: the page is full or the budget spent. */
static bool take_line(struct listing *listing, const struct gj_register_cursor *at, const struct gj_value *bytes)
{
    struct gj_ctx *ctx = listing->ctx;
    Gj__Stored__Work *line = NULL;
    bool by_id = listing->sort == SORT_ID;
    if ((by_id && listing->count == listing->limit) || listing->budget == 0) {
        listing->more = true;
        return false;
    }
    listing->budget--;
    if (takes_all(listing)) {
        listing->next = *at;
        return add_row_as_stored(listing, bytes);
    }
    gj_arena_reset(&listing->scratch);
    if (!read_line(ctx->txn, bytes, &listing->scratch, &line)) {
        return false;
    }
    listing->next = *at;
    struct gj_register_cursor candidate = *at;
    candidate.value = sort_value(listing->sort, line->row);
    if (!wanted(listing, line) || !behind_cursor(listing, candidate.value, at->id)) {
        return true;
    }
    if (!by_id) {
        pick(listing, &candidate);
        return true;
    }
    return add_row(listing, copy_row(ctx->arena, line->row));
}

struct gj_key gj_listing_queue_key(uint64_t office, uint32_t kind)
{
    struct gj_key key;
    gj_key_init(&key);
    gj_key_u32(&key, (uint32_t)office);
    gj_key_u16(&key, (uint16_t)kind);
    return key;
}

static bool scan_queue(struct listing *listing, uint64_t office, const struct gj_kind *kind)
{
    struct gj_key low = gj_listing_queue_key(office, kind->number);
    struct gj_key high = low;
    const struct gj_register_cursor *from = &listing->from;
    if (listing->sort == SORT_ID && from->started && from->office == office && from->kind == kind->number) {
        gj_key_u64(&low, from->id);
        gj_key_after(&low);
    }
    (void)gj_key_after_prefix(&high);
    struct gj_iter iter;
    bool go_on = true;
    gj_iter_range(&iter, listing->ctx->txn, GJ_TABLE_WORK, &low, &high, GJ_FORWARD);
    while (go_on && gj_iter_next(&iter)) {
        struct gj_key_reader reader = gj_key_read(iter.key.data, iter.key.len);
        (void)gj_key_read_u32(&reader);
        (void)gj_key_read_u16(&reader);
        struct gj_register_cursor at = {.office = office, .kind = kind->number, .id = gj_key_read_u64(&reader)};
        go_on = take_line(listing, &at, &iter.value);
    }
    gj_iter_close(&iter);
    return go_on;
}

static struct gj_key line_key(const struct gj_register_cursor *at)
{
    struct gj_key key = gj_listing_queue_key(at->office, at->kind);
    gj_key_u64(&key, at->id);
    return key;
}

/* Rows of a sorted list, now that it is known which belong to the page. */
static void read_picks(struct listing *listing)
{
    for (size_t i = 0; i < listing->count; i++) {
        struct gj_key key = line_key(&listing->picks[i]);
        Gj__Stored__Work *line = NULL;
        struct gj_value bytes;
        if (!gj_txn_get(listing->ctx->txn, GJ_TABLE_WORK, &key, &bytes) ||
            !read_line(listing->ctx->txn, &bytes, listing->ctx->arena, &line)) {
            gj_txn_fail(listing->ctx->txn, GJ_ECORRUPT); /* the same snapshot has just shown it */
            return;
        }
        listing->rows[i] = line->row;
    }
    if (listing->more && listing->count > 0) {
        listing->next = listing->picks[listing->count - 1];
    }
}

bool gj_listing_may_list(
    struct gj_ctx *ctx, const struct gj_kind *kind, uint64_t office, uint64_t region, bool *own_only)
{
    struct gj_access_request request = {.policy = ctx->policy,
        .rights = &kind->rights,
        .kind = kind,
        .actor = ctx->actor,
        .action = GJ_ACCESS_LIST,
        .office = office,
        .region = region,
        .field_at = GJ_NO_INDEX};
    struct gj_access_answer answer = {0};
    struct gj_refusal refusal = {0};
    bool allowed = gj_access_check(&request, &answer, &refusal);
    *own_only = answer.own_only;
    return allowed;
}

bool gj_listing_kind_wanted(const struct listing *listing, const struct gj_kind *kind)
{
    return listing->request->kind[0] == '\0' || strcmp(listing->request->kind, kind->code) == 0;
}

/* All kinds asked for in one office, in the order of the queue's keys. */
static bool scan_office(struct listing *listing, const Gj__Stored__Office *office, size_t *allowed)
{
    const struct gj_policy *policy = listing->ctx->policy;
    const struct gj_register_cursor *from = &listing->from;
    uint32_t done = 0;
    for (;;) {
        const struct gj_kind *next = NULL;
        for (size_t i = 0; i < policy->kind_count; i++) {
            const struct gj_kind *kind = policy->kinds[i];
            if (kind->number > done && (next == NULL || kind->number < next->number)) {
                next = kind;
            }
        }
        if (next == NULL) {
            return true;
        }
        done = next->number;
        bool behind =
            listing->sort != SORT_ID || !from->started || from->office != office->id || next->number >= from->kind;
        if (!gj_listing_kind_wanted(listing, next) ||
            !gj_listing_may_list(listing->ctx, next, office->id, office->region, &listing->own_only)) {
            continue;
        }
        (*allowed)++;
        if (behind && !scan_queue(listing, office->id, next)) {
            return false;
        }
    }
}

static void list_open(struct listing *listing)
{
    struct gj_ctx *ctx = listing->ctx;
    uint64_t first = listing->request->office;
    size_t allowed = 0;
    bool go_on = true;
    bool sorted_start = listing->sort == SORT_ID && listing->from.started;
    if (first == 0 && sorted_start) {
        first = listing->from.office;
    }
    struct gj_key low = gj_key_of_u64(first);
    struct gj_iter iter;
    gj_iter_range(&iter, ctx->txn, GJ_TABLE_OFFICE, &low, NULL, GJ_FORWARD);
    while (go_on && gj_iter_next(&iter)) {
        Gj__Stored__Office *office = NULL;
        if (!gj_record_unpack(ctx->txn, &iter.value, &gj__stored__office__descriptor, ctx->arena, (void **)&office) ||
            (listing->request->office != 0 && office->id != listing->request->office)) {
            break;
        }
        go_on = scan_office(listing, office, &allowed);
    }
    gj_iter_close(&iter);
    if (allowed == 0 && listing->request->office != 0) {
        gj_refuse(ctx, GJ__V1__STATUS__DENIED, "no_right", "office", NULL);
        return;
    }
    if (listing->sort != SORT_ID) {
        read_picks(listing);
    }
}

/* --- closed work and what concerns a household: by their indexes --- */

/* False: the page is full or the budget spent. Rows the actor may not see are left out one by one. */
bool gj_listing_take_record(struct listing *listing, uint64_t id, int64_t value)
{
    struct gj_ctx *ctx = listing->ctx;
    struct gj_work work;
    struct gj_access_answer access;
    struct gj_refusal refusal = {0};
    if (listing->count == listing->limit || listing->budget == 0) {
        listing->more = true;
        return false;
    }
    listing->budget--;
    listing->next = (struct gj_register_cursor){.value = value, .id = id};
    if (!gj_work_load(ctx, id, &work) || !gj_work_may(ctx, &work, GJ_ACCESS_READ, &access, &refusal)) {
        return gj_txn_error(ctx->txn) == GJ_OK;
    }
    Gj__V1__Row *row = gj_work_row_of_record(ctx->arena, &work);
    if (row == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return false;
    }
    Gj__Stored__Work line = {.row = row, .household = work.row->household, .created_by = work.row->created_by};
    if (gj_listing_kind_wanted(listing, work.kind) && wanted(listing, &line)) {
        listing->rows[listing->count++] = row;
    }
    return true;
}

static void list_household(struct listing *listing)
{
    struct gj_ctx *ctx = listing->ctx;
    struct gj_key low;
    gj_key_init(&low);
    gj_key_u16(&low, GJ_SUBJECT_HOUSEHOLD);
    gj_key_u64(&low, listing->request->household);
    struct gj_key high = low;
    if (listing->from.started) {
        gj_key_u64(&high, listing->from.id);
    } else {
        (void)gj_key_after_prefix(&high);
    }
    struct gj_iter iter;
    bool go_on = true;
    gj_iter_range(&iter, ctx->txn, GJ_TABLE_BY_SUBJECT, &low, &high, GJ_BACKWARD);
    while (go_on && gj_iter_next(&iter)) {
        struct gj_key_reader reader = gj_key_read(iter.key.data, iter.key.len);
        (void)gj_key_read_u16(&reader);
        (void)gj_key_read_u64(&reader);
        go_on = gj_listing_take_record(listing, gj_key_read_u64(&reader), 0);
    }
    gj_iter_close(&iter);
}

/* --- the call --- */

static bool begin(struct listing *listing)
{
    struct gj_ctx *ctx = listing->ctx;
    const char *sort = listing->request->sort;
    listing->limit = gj_register_limit(listing->request->page);
    if (listing->request->columns && listing->limit > GJ_REGISTER_PAGE_COLUMNS) {
        listing->limit = GJ_REGISTER_PAGE_COLUMNS;
    }
    bool whole = listing->request->closed || listing->request->household != 0;
    listing->budget = whole ? GJ_REGISTER_RECORDS_MAX : GJ_REGISTER_SCAN_MAX;
    listing->sort = strcmp(sort, "due") == 0 ? SORT_DUE : strcmp(sort, "priority") == 0 ? SORT_PRIORITY : SORT_ID;
    if (listing->sort == SORT_ID && sort[0] != '\0' && strcmp(sort, "id") != 0) {
        return gj_refuse(ctx, GJ__V1__STATUS__INVALID, "field_choice", "sort", NULL);
    }
    if (listing->request->kind[0] != '\0' && gj_policy_kind(ctx->policy, listing->request->kind) == NULL) {
        return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "kind", NULL);
    }
    listing->rows = GJ_ARENA_ARRAY(ctx->arena, listing->limit + 1, Gj__V1__Row *);
    listing->picks = GJ_ARENA_ARRAY(ctx->arena, listing->limit + 1, struct gj_register_cursor);
    if (listing->rows == NULL || listing->picks == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return false;
    }
    return gj_register_cursor_read(ctx, listing->request->page, &listing->from);
}

static void finish(struct listing *listing)
{
    struct gj_ctx *ctx = listing->ctx;
    Gj__V1__RowList *list = GJ_ARENA_NEW(ctx->arena, Gj__V1__RowList);
    if (ctx->answer.decided) {
        return;
    }
    if (listing->request->columns) {
        gj_register_add_columns(ctx, listing->rows, listing->count);
    }
    if (list == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    gj__v1__row_list__init(list);
    list->rows = listing->rows;
    list->n_rows = listing->count;
    list->event = gj_txn_events(ctx->txn);
    list->event -= list->event == 0 ? 0 : 1;
    if (listing->more) {
        list->cursor = gj_register_cursor_write(ctx, &listing->next);
    }
    gj_answer_ok(ctx, &list->base);
}

void gj_register_read_list(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    struct listing listing = {.ctx = ctx, .request = (const Gj__V1__ListRequest *)message};
    gj_arena_init(&listing.scratch, GJ_REQUEST_ARENA_MAX);
    if (!begin(&listing)) {
        return;
    }
    if (listing.request->household != 0) {
        list_household(&listing);
    } else if (listing.request->closed) {
        gj_listing_closed(&listing);
    } else {
        list_open(&listing);
    }
    finish(&listing);
    gj_arena_fini(&listing.scratch);
}
