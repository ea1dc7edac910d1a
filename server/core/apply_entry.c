#include <assert.h>
#include <string.h>

#include "common/policy/policy.h"
#include "core/apply.h"
#include "core/subject.h"
#include "store/record.h"
#include "store/stored.pb-c.h"

/* Whether the entries of such a subject name each other: what has a row of its own and changes seldom enough for a row
 * of links beside it. Records and households carry the number of their newest entry themselves. */
static bool is_linked(const struct gj_entry *entry)
{
    switch (entry->subject_kind) {
    case GJ_SUBJECT_OFFICE:
    case GJ_SUBJECT_REGION:
    case GJ_SUBJECT_BUILDING:
    case GJ_SUBJECT_ASSET:
    case GJ_SUBJECT_STAFF:
    case GJ_SUBJECT_CONTRACTOR:
    case GJ_SUBJECT_USER:
    case GJ_SUBJECT_DEVICE:
    case GJ_SUBJECT_DELEGATION:
    case GJ_SUBJECT_POLICY:
    case GJ_SUBJECT_CALENDAR:
    case GJ_SUBJECT_LIMIT:
        return entry->subject != 0;
    default:
        return false;
    }
}

/* Names the entry before and leaves the number of this one for the next. Entry 0 is the genesis, so 0 is nobody's. */
static void link_entries(struct gj_ctx *ctx, struct gj_entry *entry)
{
    struct gj_key key;

    gj_key_init(&key);
    gj_key_u16(&key, entry->subject_kind);
    gj_key_u64(&key, entry->subject);
    entry->previous = gj_txn_get_u64(ctx->txn, GJ_TABLE_LAST_ENTRY, &key);
    gj_txn_put_u64(ctx->txn, GJ_TABLE_LAST_ENTRY, &key, gj_txn_events(ctx->txn));
}

uint64_t gj_apply_entry(struct gj_ctx *ctx, struct gj_entry *entry, const uint8_t *text, size_t text_len)
{
    const struct gj_command *command = ctx->command;
    static const uint8_t no_key[GJ_REQUEST_KEY_BYTES];

    entry->recorded_at = ctx->now_ms;
    /* Login and enrolment say themselves who it was: before them the channel has no user. */
    if (command->user != 0) {
        entry->actor = command->user;
    }
    if (command->device != 0) {
        entry->device = command->device;
    }
    entry->call = command->call;
    if (ctx->policy != NULL && entry->policy == 0) {
        entry->policy = ctx->policy->version;
    }
    if (is_linked(entry)) {
        link_entries(ctx, entry);
    }
    if (entry->previous == 0) {
        entry->previous = GJ_ENTRY_NONE;
    }
    if (memcmp(command->request_key, no_key, sizeof no_key) != 0) {
        entry->has_request_key = true;
        memcpy(entry->request_key, command->request_key, sizeof entry->request_key);
    }
    uint64_t event = gj_entry_append(ctx->txn, entry, text, text_len);
    ctx->apply->last_event = event;
    if (ctx->apply->written.event == 0) {
        ctx->apply->written.event = event;
    }
    return event;
}

/* More than this many notices of one command would need a wider id; a duty roster has a dozen people. */
#define NOTICES_MAX 65535

uint64_t gj_apply_notice(struct gj_ctx *ctx, const struct gj_notice *notice)
{
    Gj__Stored__Notice row = GJ__STORED__NOTICE__INIT;
    char *params[4];
    struct gj_key key;

    if (ctx->apply->notices >= NOTICES_MAX) {
        gj_txn_fail(ctx->txn, GJ_ETOOBIG);
        return 0;
    }
    row.event = notice->event != 0 ? notice->event : ctx->apply->last_event;
    assert(row.event != 0 || gj_txn_error(ctx->txn) != GJ_OK);
    row.id = row.event << 16 | ctx->apply->notices++;
    row.user = notice->user;
    row.at = ctx->now_ms;
    row.code = (char *)notice->code;
    for (size_t i = 0; i < 4 && notice->params[i] != NULL; i++) {
        params[row.n_params++] = (char *)notice->params[i];
    }
    row.params = params;
    row.office = notice->office;
    row.kind = notice->kind;
    row.record = notice->record;
    row.number = (char *)(notice->number != NULL ? notice->number : "");
    row.timer = (char *)(notice->timer != NULL ? notice->timer : "");
    row.role = (char *)(notice->role != NULL ? notice->role : "");
    row.stage = notice->stage;
    row.due_at = notice->due_at_ms;
    row.count = 1;

    gj_key_init(&key);
    gj_key_u64(&key, notice->user);
    gj_key_u64(&key, row.id);
    gj_record_save(ctx->txn, GJ_TABLE_INBOX, &key, &row.base);
    return row.id;
}
