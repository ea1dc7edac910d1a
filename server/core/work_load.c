/* A record out of the store, with everything its rules look at. */
#include <string.h>

#include "core/core.h"
#include "core/policies.h"
#include "core/work.h"
#include "core/work_clock.h"
#include "store/record.h"

static bool load_office(struct gj_ctx *ctx, uint64_t id, Gj__Stored__Office **out)
{
    struct gj_key key = gj_key_of_u64(id);
    return gj_record_load(ctx->txn, GJ_TABLE_OFFICE, &key, &gj__stored__office__descriptor, ctx->arena, (void **)out);
}

static void view_ties(struct gj_ctx *ctx, struct gj_work *work)
{
    const Gj__Stored__Record *row = work->row;
    struct gj_tie *ties = GJ_ARENA_ARRAY(ctx->arena, row->n_related + row->n_asked, struct gj_tie);
    if (ties == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    for (size_t i = 0; i < row->n_related; i++) {
        ties[i] =
            (struct gj_tie){.relation = gj_relation_by_word(row->related[i]->relation), .user = row->related[i]->user};
    }
    for (size_t i = 0; i < row->n_asked; i++) {
        ties[row->n_related + i] = (struct gj_tie){.relation = GJ_RELATION_STAND_IN, .user = row->asked[i]->user};
    }
    work->view.ties = ties;
    work->view.tie_count = row->n_related + row->n_asked;
}

static void add_ref(struct gj_field_value *values, size_t *count, const char *key, uint64_t ref)
{
    if (ref != 0) {
        values[(*count)++] = (struct gj_field_value){.key = key, .shape = GJ_SHAPE_REF, .number = (int64_t)ref};
    }
}

static void add_text(struct gj_field_value *values, size_t *count, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0') {
        values[(*count)++] =
            (struct gj_field_value){.key = key, .shape = GJ_SHAPE_TEXT, .text = text, .text_len = strlen(text)};
    }
}

#define HEAD_FIELDS 12

static void view_values(struct gj_ctx *ctx, struct gj_work *work)
{
    const Gj__Stored__Record *row = work->row;
    struct gj_field_value *values = GJ_ARENA_ARRAY(ctx->arena, row->n_fields + HEAD_FIELDS, struct gj_field_value);
    if (values == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    size_t count = 0;
    for (; count < row->n_fields; count++) {
        values[count] = gj_work_value(row->fields[count], ctx->arena);
    }
    add_text(values, &count, "category", row->category);
    if (row->priority < work->policy->priority_count) {
        add_text(values, &count, "priority", work->policy->priorities[row->priority].code);
    }
    add_ref(values, &count, "assignee", row->assignee);
    add_ref(values, &count, "office", row->office);
    add_ref(values, &count, "household", row->household);
    add_ref(values, &count, "unit", row->unit);
    add_ref(values, &count, "asset", row->asset);
    add_ref(values, &count, "caller", row->caller);
    add_text(values, &count, "place", row->place);
    add_ref(values, &count, "parent", row->parent);
    values[count++] = (struct gj_field_value){.key = "received_at", .shape = GJ_SHAPE_TIME, .number = row->received_at};
    work->view.values = values;
    work->view.value_count = count;
}

/* Only conditions look at linked records, and few records have any. */
static void view_links(struct gj_ctx *ctx, struct gj_work *work)
{
    const Gj__Stored__Record *row = work->row;
    work->view.link_count = 0;
    if (row->n_links == 0) {
        return;
    }
    size_t max = row->n_links < GJ_WORK_LINKS_SEEN ? row->n_links : GJ_WORK_LINKS_SEEN;
    struct gj_link_view *links = GJ_ARENA_ARRAY(ctx->arena, max, struct gj_link_view);
    size_t count = 0;
    for (size_t i = 0; links != NULL && i < row->n_links && count < max; i++) {
        Gj__Stored__Record *other = NULL;
        struct gj_key key = gj_key_of_u64(row->links[i]->id);
        if (row->links[i]->id != 0 && gj_record_load(ctx->txn, GJ_TABLE_RECORD, &key, &gj__stored__record__descriptor,
                                          ctx->arena, (void **)&other)) {
            links[count++] = (struct gj_link_view){.link = row->links[i]->link,
                .kind = row->links[i]->kind,
                .state = other->state,
                .closed = !other->open};
        }
    }
    work->view.links = links;
    work->view.link_count = count;
}

void gj_work_refresh(struct gj_ctx *ctx, struct gj_work *work)
{
    const Gj__Stored__Record *row = work->row;
    struct gj_view *view = &work->view;
    const struct gj_state *state = gj_kind_state_by_code(work->kind, row->state);
    view->id = row->id;
    view->office = row->office;
    view->region = work->office->region;
    view->state = state == NULL ? GJ_STATE_NONE : state->number;
    view->priority = (uint8_t)row->priority;
    view->category = row->category[0] == '\0' ? NULL : row->category;
    view->received_at = row->received_at;
    view->closed_at = row->closed_at;
    view->draw = (uint16_t)row->draw;
    view->follow_up_permille = gj_profile_follow_up(work->policy, row->profile);
    view->pending = (struct gj_consent){0};
    if (row->pending_act[0] != '\0') {
        view->pending = (struct gj_consent){.act = row->pending_act,
            .requested_by = row->pending_by,
            .requested_at = row->pending_at,
            .approver_office = row->awaiting_office != 0 ? row->awaiting_office : row->office};
    }
    view_values(ctx, work);
    view_ties(ctx, work);
    view_links(ctx, work);
}

bool gj_work_from_row(struct gj_ctx *ctx, Gj__Stored__Record *row, struct gj_work *work)
{
    memset(work, 0, sizeof(*work));
    work->row = row;
    work->policy = gj_policies_at(ctx->core->policies, ctx->txn, row->policy);
    work->kind = work->policy == NULL ? NULL : gj_policy_kind_by_number(work->policy, (uint16_t)row->kind);
    if (work->kind == NULL || !load_office(ctx, row->office, &work->office)) {
        gj_txn_fail(ctx->txn, GJ_ECORRUPT); /* a record always has its office and the version it was made under */
        return false;
    }
    work->was_open = row->open;
    work->was_fire_at = row->next_fire_at;
    work->was_office = row->office;
    work->was_closed = !row->open;
    work->was_household = row->household;
    work->was_asset = row->asset;
    work->was_parent = row->parent;
    gj_work_timers_load(work);
    gj_work_refresh(ctx, work);
    return gj_txn_error(ctx->txn) == GJ_OK;
}

bool gj_work_load(struct gj_ctx *ctx, uint64_t id, struct gj_work *work)
{
    Gj__Stored__Record *row = NULL;
    struct gj_key key = gj_key_of_u64(id);
    if (id == 0 ||
        !gj_record_load(ctx->txn, GJ_TABLE_RECORD, &key, &gj__stored__record__descriptor, ctx->arena, (void **)&row)) {
        return false;
    }
    return gj_work_from_row(ctx, row, work);
}

bool gj_work_new(struct gj_ctx *ctx, const struct gj_policy *policy, const struct gj_kind *kind, uint64_t office,
    struct gj_work *work)
{
    memset(work, 0, sizeof(*work));
    work->row = GJ_ARENA_NEW(ctx->arena, Gj__Stored__Record);
    if (work->row == NULL) {
        gj_txn_fail(ctx->txn, GJ_ENOMEM); /* or the office would be called unknown, for ever under this request key */
        return false;
    }
    if (!load_office(ctx, office, &work->office)) {
        return false;
    }
    gj__stored__record__init(work->row);
    work->row->kind = kind->number;
    work->row->office = office;
    work->row->priority = GJ_NO_PRIORITY;
    work->row->policy = policy->version;
    work->row->profile = work->office->profile;
    work->row->city = work->office->city;
    work->policy = policy;
    work->kind = kind;
    work->fresh = true;
    work->was_office = office;
    gj_work_refresh(ctx, work);
    return true;
}

bool gj_work_enough(const struct gj_ctx *ctx)
{
    return ctx->arena->used > ctx->arena->max / 2;
}

uint64_t gj_work_by_number(struct gj_txn *txn, const char *number)
{
    size_t len = strlen(number);
    if (len == 0 || len > 64) {
        return 0;
    }
    struct gj_key key = gj_key_of_name(number);
    return gj_txn_get_u64(txn, GJ_TABLE_NUMBER, &key);
}

/* No human number begins with a zero byte. */
static struct gj_key import_key(uint64_t office, const ProtobufCBinaryData *bytes)
{
    struct gj_key key;
    gj_key_init(&key);
    gj_key_u8(&key, 0);
    gj_key_u32(&key, (uint32_t)office);
    gj_key_bytes(&key, bytes->data, bytes->len);
    return key;
}

uint64_t gj_work_by_import_key(struct gj_txn *txn, uint64_t office, const ProtobufCBinaryData *key)
{
    struct gj_key whole = import_key(office, key);
    return key->len == 0 ? 0 : gj_txn_get_u64(txn, GJ_TABLE_NUMBER, &whole);
}

void gj_work_keep_import_key(struct gj_txn *txn, uint64_t office, const ProtobufCBinaryData *key, uint64_t id)
{
    struct gj_key whole = import_key(office, key);
    if (key->len > 0) {
        gj_txn_put_u64(txn, GJ_TABLE_NUMBER, &whole, id);
    }
}

/* --- ties --- */

void gj_work_tie(struct gj_ctx *ctx, struct gj_work *work, enum gj_relation relation, uint64_t user)
{
    Gj__Stored__Record *row = work->row;
    const char *word = gj_relation_word(relation);
    if (user == 0 || relation == GJ_RELATION_ASSIGNEE) {
        if (relation == GJ_RELATION_ASSIGNEE) {
            row->assignee = user;
        }
        return;
    }
    for (size_t i = 0; i < row->n_related; i++) {
        if (row->related[i]->user == user && strcmp(row->related[i]->relation, word) == 0) {
            return;
        }
    }
    /* The oldest tie makes room: the entries still know it. */
    size_t drop = row->n_related >= GJ_WORK_TIES_MAX ? 1 : 0;
    Gj__V1__Related **related = GJ_ARENA_ARRAY(ctx->arena, row->n_related + 1, Gj__V1__Related *);
    Gj__V1__Related *tie = GJ_ARENA_NEW(ctx->arena, Gj__V1__Related);
    if (related == NULL || tie == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    gj__v1__related__init(tie);
    tie->relation = (char *)word;
    tie->user = user;
    for (size_t i = drop; i < row->n_related; i++) {
        related[i - drop] = row->related[i];
    }
    related[row->n_related - drop] = tie;
    row->related = related;
    row->n_related += 1 - drop;
}

void gj_work_untie(struct gj_work *work, enum gj_relation relation)
{
    Gj__Stored__Record *row = work->row;
    if (relation == GJ_RELATION_ASSIGNEE) {
        row->assignee = 0;
        return;
    }
    const char *word = gj_relation_word(relation);
    size_t kept = 0;
    for (size_t i = 0; i < row->n_related; i++) {
        if (strcmp(row->related[i]->relation, word) != 0) {
            row->related[kept++] = row->related[i];
        }
    }
    row->n_related = kept;
}
