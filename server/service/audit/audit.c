#include "service/audit/audit.h"

#include <string.h>

#include "common/id.h"
#include "core/core.h"
#include "proto/audit.pb-c.h"
#include "service/door.h"
#include "store/audit_tree.h"
#include "store/entry.h"
#include "store/store.h"

/* Entries of one answer, the default, and rows looked at for one: a reply is one message, and the loop does only
 * bounded work. */
#define ENTRIES_MAX 160
#define ENTRIES 100
#define LOOK_MAX 20000

/* Texts stay where they are: an entry has their commitments alone. */
static bool add_entry(struct gj_ctx *ctx, const struct gj_entry_row *row, Gj__V1__AuditEntries *reply)
{
    Gj__V1__AuditEntry *entry = GJ_ARENA_NEW(ctx->arena, Gj__V1__AuditEntry);
    uint8_t *bytes = gj_arena_dup(ctx->arena, row->bytes.data, row->bytes.len);
    struct gj_tree_hash leaf = gj_tree_leaf(row->bytes.data, row->bytes.len);
    uint8_t *hash = gj_arena_dup(ctx->arena, leaf.bytes, sizeof leaf.bytes);
    if (entry == NULL || bytes == NULL || hash == NULL) {
        return gj_door_failed(ctx, gj_arena_why(ctx->arena));
    }
    gj__v1__audit_entry__init(entry);
    entry->index = row->index;
    entry->entry = (ProtobufCBinaryData){.data = bytes, .len = row->bytes.len};
    entry->leaf_hash = (ProtobufCBinaryData){.data = hash, .len = sizeof leaf.bytes};
    reply->entries[reply->n_entries++] = entry;
    return true;
}

static bool is_about(const struct gj_entry_row *row, uint64_t record)
{
    return record == 0 || (row->entry.subject == record && row->entry.subject_kind < GJ_SUBJECT_FIRST);
}

/* after 0: from the first entry on, which has the number 0. */
static void read_entries(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__AuditEntriesRequest *request = (const Gj__V1__AuditEntriesRequest *)message;
    Gj__V1__AuditEntries *reply = GJ_ARENA_NEW(ctx->arena, Gj__V1__AuditEntries);
    Gj__V1__AuditEntry **entries = GJ_ARENA_ARRAY(ctx->arena, ENTRIES_MAX, Gj__V1__AuditEntry *);
    if (reply == NULL || entries == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return;
    }
    if (!gj_door_office(ctx, request->office, "office") ||
        !gj_door_check(ctx, GJ_DOOR_AUDIT, GJ_ACCESS_READ, request->office, NULL)) {
        return;
    }
    gj__v1__audit_entries__init(reply);
    reply->entries = entries;
    reply->size = gj_txn_events(ctx->txn);
    size_t limit = request->limit == 0 ? ENTRIES : request->limit < ENTRIES_MAX ? request->limit : ENTRIES_MAX;
    uint32_t office = request->office == 0 ? GJ_ENTRY_EVERY_OFFICE : (uint32_t)request->office;
    uint64_t budget = LOOK_MAX;
    struct gj_entry_walk walk;
    if (reply->size > 0) {
        gj_entry_walk_open(&walk, ctx->txn, office, request->after == 0, request->after, reply->size - 1);
        /* The number of the first entry is 0, which says "from the beginning": an answer always goes past it. */
        while ((reply->n_entries < limit || walk.next < 2) && gj_entry_walk_next(&walk, &budget)) {
            if (is_about(&walk.row, request->record) && !add_entry(ctx, &walk.row, reply)) {
                break;
            }
        }
        bool ended = reply->n_entries < limit && budget > 0;
        reply->next = ended || walk.next == 0 || walk.next >= reply->size ? 0 : walk.next - 1;
        gj_entry_walk_close(&walk);
    }
    gj_answer_ok(ctx, &reply->base);
}

/* Every member of staff may keep the head: whoever kept one can tell whether a later history extends it. */
static void read_head(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    (void)message;
    Gj__V1__AuditHead *head = GJ_ARENA_NEW(ctx->arena, Gj__V1__AuditHead);
    struct gj_tree_hash root;
    char cluster[2 * sizeof ctx->core->cluster_id + 1];
    if (!gj_door_check_anywhere(ctx, GJ_DOOR_COMPANY, GJ_ACCESS_READ, NULL)) {
        return;
    }
    enum gj_err err = gj_tree_root(ctx->txn, &root);
    gj_id_hex(ctx->core->cluster_id, sizeof ctx->core->cluster_id, cluster);
    char *origin = gj_arena_printf(ctx->arena, "guanjia/%s", cluster);
    uint8_t *bytes = gj_arena_dup(ctx->arena, root.bytes, sizeof root.bytes);
    if (err != GJ_OK || head == NULL || origin == NULL || bytes == NULL) {
        (void)gj_door_failed(ctx, err != GJ_OK ? err : gj_arena_why(ctx->arena));
        return;
    }
    gj__v1__audit_head__init(head);
    head->size = gj_tree_size(ctx->txn);
    head->root = (ProtobufCBinaryData){.data = bytes, .len = sizeof root.bytes};
    head->epoch = gj_store_epoch(ctx->core->store);
    head->origin = origin;
    gj_answer_ok(ctx, &head->base);
}

static const struct gj_call calls[] = {
    {GJ__V1__CALL__AUDIT_ENTRIES, 0, "entries", .request = &gj__v1__audit_entries_request__descriptor,
        .read = read_entries},
    {GJ__V1__CALL__AUDIT_HEAD, 0, "head", .request = &gj__v1__empty__descriptor, .read = read_head},
};

const struct gj_service gj_audit_service = {
    .number = GJ__V1__CALL__AUDIT_ENTRIES >> 8,
    .name = "audit",
    .calls = calls,
    .n_calls = sizeof calls / sizeof calls[0],
};
