/* Callers without a household, staff with trades and certificates (工种、证书), contractors (供应商). */
#include <string.h>

#include "common/limits.h"
#include "core/core.h"
#include "service/directory/directory.h"
#include "service/directory/directory_rules.h"
#include "service/directory/people_form.h"
#include "service/door.h"
#include "service/keep.h"
#include "service/page.h"
#include "service/sealing.h"
#include "store/record.h"

static struct gj_subject subject_of(uint16_t kind, uint64_t id)
{
    return (struct gj_subject){.kind = kind, .id = id};
}

/* ---- callers ---- */

/* The caller of this office who has the number already, 0 for none. */
static bool known_caller(struct gj_ctx *ctx, uint64_t office, const struct gj_vault_token *token, uint64_t *id)
{
    struct gj_subject subjects[64];
    size_t count = 0;
    bool more = false;
    *id = 0;
    enum gj_err err =
        gj_vault_find(ctx->core->vault, token, subjects, sizeof subjects / sizeof subjects[0], &count, &more);
    for (size_t i = 0; err == GJ_OK && i < count && *id == 0; i++) {
        Gj__Stored__Caller *row = NULL;
        struct gj_key key = gj_key_of_u64(subjects[i].id);
        if (subjects[i].kind == GJ_SUBJECT_CALLER &&
            gj_record_load(
                ctx->txn, GJ_TABLE_CALLER, &key, &gj__stored__caller__descriptor, ctx->arena, (void **)&row) &&
            row->office == office) {
            *id = row->id;
        }
    }
    return err == GJ_OK || gj_door_failed(ctx, err);
}

const ProtobufCMessage *gj_directory_caller_prepare(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__CallerPutRequest *request = (const Gj__V1__CallerPutRequest *)message;
    char number[GJ_TEXT_PHONE_SIZE];
    if (request->office == 0 || request->name[0] == '\0' || request->phone[0] == '\0') {
        const char *field = request->office == 0 ? "office" : request->name[0] == '\0' ? "name" : "phone";
        (void)gj_door_invalid(ctx, "field_missing", field);
        return NULL;
    }
    if (!gj_directory_rules_text(request->name, 1, GJ_TEXT_NAME_MAX)) {
        (void)gj_door_invalid(ctx, "field_length", "name");
        return NULL;
    }
    if (gj_text_phone(request->phone, strlen(request->phone), number) != GJ_OK) {
        (void)gj_door_invalid(ctx, "field_phone", "phone");
        return NULL;
    }
    if (!gj_door_office(ctx, request->office, "office") ||
        !gj_door_check(ctx, GJ_DOOR_CALLERS, GJ_ACCESS_CREATE, request->office, NULL)) {
        return NULL;
    }
    return gj_people_form_caller(ctx, request, number, known_caller);
}

void gj_directory_caller_apply(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Service__CallerPut *body = (const Gj__Service__CallerPut *)message;
    Gj__Stored__Caller *caller = body->caller;
    struct gj_access_answer right;
    bool fresh = caller != NULL && caller->id == 0;
    if (caller == NULL || (fresh && body->data_key.len != GJ_VAULT_WRAPPED_SIZE)) {
        (void)gj_door_invalid(ctx, "command_malformed", NULL);
        return;
    }
    if (!gj_door_check(ctx, GJ_DOOR_CALLERS, GJ_ACCESS_CREATE, caller->office, &right)) {
        return;
    }
    struct gj_key key = gj_key_of_u64(caller->id);
    if (!fresh && !gj_txn_exists(ctx->txn, GJ_TABLE_CALLER, &key)) {
        (void)gj_answer_busy(ctx, "try_again", 100);
        return;
    }
    if (fresh) {
        caller->id = gj_counter_next(ctx->txn, GJ_COUNTER_CALLER);
        key = gj_key_of_u64(caller->id);
        struct gj_subject subject = subject_of(GJ_SUBJECT_CALLER, caller->id);
        struct gj_vault_wrapped wrapped;
        memcpy(wrapped.bytes, body->data_key.data, sizeof wrapped.bytes);
        gj_vault_put_key(ctx->txn, &subject, (uint32_t)caller->office, &wrapped);
        for (size_t i = 0; i < body->n_tokens; i++) {
            struct gj_vault_token token;
            memcpy(token.bytes, body->tokens[i].data, sizeof token.bytes);
            gj_vault_put_token(ctx->txn, &subject, &token);
        }
    }
    gj_record_save(ctx->txn, GJ_TABLE_CALLER, &key, &caller->base);
    struct gj_entry entry = gj_door_entry(ctx, GJ_ENTRY_DIRECTORY, fresh ? "caller_create" : "caller_change",
        GJ_SUBJECT_CALLER, caller->id, caller->office, &right);
    (void)gj_door_append(ctx, &entry, NULL);
}

/* ---- staff ---- */

static bool staff_row(struct gj_ctx *ctx, uint64_t user, Gj__Stored__Staff **out)
{
    struct gj_key key = gj_key_of_u64(user);
    *out = NULL;
    return gj_record_load(ctx->txn, GJ_TABLE_STAFF, &key, &gj__stored__staff__descriptor, ctx->arena, (void **)out);
}

static bool contractor_known(struct gj_ctx *ctx, uint64_t contractor)
{
    struct gj_key key = gj_key_of_u64(contractor);
    return contractor == 0 || gj_txn_exists(ctx->txn, GJ_TABLE_CONTRACTOR, &key) ||
           gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "contractor", NULL);
}

/* Rights are asked for the office the person is of now, and for the one he goes to. */
static bool staff_decide(struct gj_ctx *ctx, uint64_t user, uint64_t office, uint64_t contractor, uint32_t revision,
    Gj__Stored__Staff **old, struct gj_access_answer *right)
{
    struct gj_key key = gj_key_of_u64(user);
    (void)staff_row(ctx, user, old);
    enum gj_access_action action = *old == NULL ? GJ_ACCESS_CREATE : GJ_ACCESS_UPDATE;
    if (!gj_door_office(ctx, office, "office") || !gj_door_check(ctx, GJ_DOOR_STAFF, action, office, right) ||
        (*old != NULL && !gj_door_check(ctx, GJ_DOOR_STAFF, action, (*old)->office, right)) ||
        !contractor_known(ctx, contractor)) {
        return false;
    }
    if (!gj_txn_exists(ctx->txn, GJ_TABLE_USER, &key)) {
        return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "user", NULL);
    }
    if (*old != NULL && (*old)->revision != revision) {
        return gj_refuse(ctx, GJ__V1__STATUS__CONFLICT, "conflict", "revision", NULL);
    }
    return true;
}

static bool trades_known(struct gj_ctx *ctx, char *const *trades, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (gj_policy_trade(ctx->policy, trades[i]) == NULL) {
            return gj_refuse(ctx, GJ__V1__STATUS__INVALID, "field_choice", "trades", trades[i], NULL);
        }
    }
    return true;
}

/* What the request does not say stays. The phone is opened only to be sealed again. */
static bool staff_keep(struct gj_ctx *ctx, const Gj__V1__StaffPutRequest *request)
{
    Gj__Stored__Staff *old = NULL;
    struct gj_access_answer right;
    const Gj__V1__Staff *wanted = request->staff;
    if (wanted->user == 0 || !staff_row(ctx, wanted->user, &old)) {
        return gj_txn_error(ctx->txn) == GJ_OK &&
               gj_keep_absent(ctx, &request->staff->base, NULL, request->clear, request->n_clear);
    }
    uint64_t office = wanted->office != 0 ? wanted->office : old->office;
    if (!staff_decide(ctx, wanted->user, office, 0, request->revision, &old, &right)) {
        return false;
    }
    const Gj__V1__Staff *before = gj_people_form_wire_staff(ctx, old);
    return before != NULL &&
           gj_keep_absent(ctx, &request->staff->base, &before->base, request->clear, request->n_clear);
}

const ProtobufCMessage *gj_directory_staff_prepare(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__StaffPutRequest *request = (const Gj__V1__StaffPutRequest *)message;
    const Gj__V1__Staff *wanted = request->staff;
    Gj__Stored__Staff *old = NULL;
    struct gj_access_answer right;
    if (wanted == NULL) {
        (void)gj_door_invalid(ctx, "field_missing", "staff");
        return NULL;
    }
    if (!staff_keep(ctx, request)) {
        return NULL;
    }
    struct gj_fault_at fault = gj_directory_rules_staff(wanted);
    if (fault.code != NULL) {
        (void)gj_door_invalid(ctx, fault.code, fault.field);
        return NULL;
    }
    if (!trades_known(ctx, wanted->trades, wanted->n_trades) ||
        !staff_decide(ctx, wanted->user, wanted->office, wanted->contractor, request->revision, &old, &right)) {
        return NULL;
    }
    return gj_people_form_staff(ctx, wanted, request->revision);
}

uint32_t gj_directory_staff_save(struct gj_ctx *ctx, const Gj__Stored__Staff *staff, const ProtobufCBinaryData *wrapped)
{
    Gj__Stored__Staff row = *staff;
    Gj__Stored__Staff *old = NULL;
    (void)staff_row(ctx, staff->user, &old);
    struct gj_subject subject = subject_of(GJ_SUBJECT_STAFF, row.user);
    if (wrapped->len == GJ_VAULT_WRAPPED_SIZE && !gj_vault_has_key(ctx->txn, &subject)) {
        struct gj_vault_wrapped copy;
        memcpy(copy.bytes, wrapped->data, sizeof copy.bytes);
        gj_vault_put_key(ctx->txn, &subject, (uint32_t)row.office, &copy);
    }
    row.revision = old != NULL ? old->revision + 1 : 1;
    if (old != NULL && old->office != row.office) {
        struct gj_key before = gj_directory_staff_key(old->office, row.user);
        (void)gj_txn_del(ctx->txn, GJ_TABLE_DIRECTORY, &before);
    }
    struct gj_key index = gj_directory_staff_key(row.office, row.user);
    gj_txn_put_u64(ctx->txn, GJ_TABLE_DIRECTORY, &index, row.user);
    struct gj_key key = gj_key_of_u64(row.user);
    gj_record_save(ctx->txn, GJ_TABLE_STAFF, &key, &row.base);
    return row.revision;
}

void gj_directory_staff_apply(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Service__StaffPut *body = (const Gj__Service__StaffPut *)message;
    const Gj__Stored__Staff *staff = body->staff;
    Gj__Stored__Staff *old = NULL;
    struct gj_access_answer right;
    if (staff == NULL) {
        (void)gj_door_invalid(ctx, "command_malformed", NULL);
        return;
    }
    if (!staff_decide(ctx, staff->user, staff->office, staff->contractor, body->revision, &old, &right)) {
        return;
    }
    struct gj_subject subject = subject_of(GJ_SUBJECT_STAFF, staff->user);
    if (body->data_key.len != 0 && gj_vault_has_key(ctx->txn, &subject)) {
        /* A colleague made the key in the same moment: this phone is sealed with one that nobody will have. */
        (void)gj_answer_busy(ctx, "try_again", 100);
        return;
    }
    uint32_t revision = gj_directory_staff_save(ctx, staff, &body->data_key);
    struct gj_entry entry = gj_door_entry(ctx, GJ_ENTRY_DIRECTORY, old == NULL ? "staff_create" : "staff_change",
        GJ_SUBJECT_STAFF, staff->user, staff->office, &right);
    entry.revision = revision;
    (void)gj_door_append(ctx, &entry, NULL);
}

void gj_directory_staff_list(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__StaffListRequest *request = (const Gj__V1__StaffListRequest *)message;
    Gj__V1__StaffList *list = GJ_ARENA_NEW(ctx->arena, Gj__V1__StaffList);
    struct gj_access_answer right;
    struct gj_page page;
    if (!gj_page_read(ctx, request->page, &page) || !gj_door_office(ctx, request->office, "office") ||
        !gj_door_check(ctx, GJ_DOOR_STAFF, GJ_ACCESS_LIST, request->office, &right)) {
        return;
    }
    Gj__V1__Staff **staff = GJ_ARENA_ARRAY(ctx->arena, page.rows, Gj__V1__Staff *);
    if (list == NULL || staff == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return;
    }
    gj__v1__staff_list__init(list);
    list->staff = staff;
    struct gj_key low = gj_directory_staff_key(request->office, page.after + 1);
    struct gj_key high = gj_directory_staff_key(request->office + 1, 0);
    struct gj_iter iter;
    gj_iter_range(&iter, ctx->txn, GJ_TABLE_DIRECTORY, &low, &high, GJ_FORWARD);
    while (gj_iter_next(&iter)) {
        struct gj_key_reader reader = gj_key_read(iter.value.data, iter.value.len);
        Gj__Stored__Staff *stored = NULL;
        if (!staff_row(ctx, gj_key_read_u64(&reader), &stored)) {
            break;
        }
        if (!gj_people_form_has_trade(stored, request->trade) || (right.own_only && stored->user != ctx->actor->user)) {
            continue;
        }
        if (list->n_staff == page.rows) {
            (void)gj_page_cursor(ctx, staff[page.rows - 1]->user, &list->cursor);
            break;
        }
        staff[list->n_staff] = gj_people_form_wire_staff(ctx, stored);
        if (staff[list->n_staff] == NULL) {
            break;
        }
        if (right.logged) {
            /* A list is not a logged read: who must be recorded sees no numbers here. */
            staff[list->n_staff]->phone = (char *)(uintptr_t)protobuf_c_empty_string;
        }
        list->n_staff++;
    }
    gj_iter_close(&iter);
    gj_answer_ok(ctx, &list->base);
}
