/* Looking into the file of a household (业户档案) and searching for one: both are recorded before anything is shown. */
#include <string.h>

#include "common/limits.h"
#include "common/pinyin.h"
#include "core/core.h"
#include "core/household.h"
#include "service/directory/directory.h"
#include "service/directory/directory_rules.h"
#include "service/directory/household_form.h"
#include "service/directory/household_mask.h"
#include "service/door.h"
#include "service/page.h"
#include "store/record.h"

/* Households that may carry a token that is searched for; a surname with more in one office is refused: ask for the
 * room. */
#define FIND_MAX 1000

/* ---- the right to look ---- */

/* The work in hand ties the actor to the household, if the record is about it. */
static bool record_view(
    struct gj_ctx *ctx, uint64_t record, uint64_t household, struct gj_view *view, struct gj_tie ties[2])
{
    Gj__Stored__Record *row = NULL;
    struct gj_key key = gj_key_of_u64(record);
    if (!gj_record_load(ctx->txn, GJ_TABLE_RECORD, &key, &gj__stored__record__descriptor, ctx->arena, (void **)&row) ||
        row->household != household) {
        return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "record", NULL);
    }
    ties[0] = (struct gj_tie){.relation = GJ_RELATION_CREATOR, .user = row->created_by};
    ties[1] = (struct gj_tie){.relation = GJ_RELATION_ASSIGNEE, .user = row->assignee};
    view->id = row->id;
    view->ties = ties;
    /* Work that is done is no reason to look any more. */
    view->tie_count = row->open ? 2 : 0;
    return true;
}

struct look {
    struct gj_access_answer right;
    gj_parts parts;
    bool tied_only; /* by the work in hand alone: its number is there to be called */
};

static bool may_look(struct gj_ctx *ctx, uint64_t office, uint64_t household, uint64_t record, struct look *look)
{
    struct gj_tie ties[2];
    struct gj_view view = {.office = office, .region = gj_door_region(ctx, office), .priority = GJ_NO_PRIORITY};
    *look = (struct look){0};
    if (record != 0 && !record_view(ctx, record, household, &view, ties)) {
        return false;
    }
    if (!gj_door_check_view(ctx, GJ_DOOR_HOUSEHOLD, GJ_ACCESS_READ, office, view.region, &view, &look->right)) {
        return false;
    }
    const struct gj_guarded *guarded = gj_policy_subject(ctx->policy, GJ_DOOR_HOUSEHOLD);
    look->parts = gj_access_parts(guarded, look->right.by);
    look->tied_only = true;
    for (unsigned role = 0; role < 64; role++) {
        if ((look->right.by >> role & 1) != 0 && (guarded->rights.letters[role] & GJ_LETTER_READ) != 0) {
            look->tied_only = false;
        }
    }
    return true;
}

/* Searching is for those who may see the whole office; who is tied to a job knows its household. */
static bool may_find(struct gj_ctx *ctx, uint64_t office, enum gj_find_by by, struct gj_access_answer *right)
{
    static const gj_parts needed[] = {[GJ_FIND_PHONE] = GJ_PART_BIT(GJ_PART_PHONE),
        [GJ_FIND_LAST4] = GJ_PART_BIT(GJ_PART_PHONE),
        [GJ_FIND_SURNAME] = GJ_PART_BIT(GJ_PART_NAME),
        [GJ_FIND_INITIALS] = GJ_PART_BIT(GJ_PART_NAME)};
    if (!gj_door_check(ctx, GJ_DOOR_HOUSEHOLD, GJ_ACCESS_LIST, office, right)) {
        return false;
    }
    if (right->own_only) {
        return gj_refuse(ctx, GJ__V1__STATUS__DENIED, "not_related", NULL, NULL);
    }
    /* Who may not see a number must not learn whose it is by asking either. */
    return (needed[by] & ~gj_door_parts(ctx, GJ_DOOR_HOUSEHOLD, right)) == 0 ||
           gj_refuse(ctx, GJ__V1__STATUS__DENIED, "no_right", gj_directory_rules_find_word(by), NULL);
}

static const ProtobufCMessage *read_body(struct gj_ctx *ctx, uint64_t office, uint64_t household, const char *action,
    const char *purpose, uint64_t record, size_t rows)
{
    Gj__Service__HouseholdRead *body = GJ_ARENA_NEW(ctx->arena, Gj__Service__HouseholdRead);
    if (body == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return NULL;
    }
    gj__service__household_read__init(body);
    body->office = office;
    body->household = household;
    body->action = gj_arena_strdup(ctx->arena, action);
    body->purpose = gj_arena_strdup(ctx->arena, purpose);
    body->record = record;
    body->rows = (uint32_t)rows;
    if (body->action == NULL || body->purpose == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return NULL;
    }
    return &body->base;
}

void gj_directory_read_apply(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Service__HouseholdRead *body = (const Gj__Service__HouseholdRead *)message;
    struct look look;
    struct gj_entry reason = {0};
    if (gj_entry_word(&reason.reason, body->purpose) != GJ_OK) {
        (void)gj_door_invalid(ctx, "field_text", "purpose");
        return;
    }
    bool allowed = body->household == 0
                       ? may_find(ctx, body->office, gj_directory_rules_find_by(body->action), &look.right)
                       : may_look(ctx, body->office, body->household, body->record, &look);
    if (!allowed) {
        return;
    }
    struct gj_entry entry = gj_door_entry(
        ctx, GJ_ENTRY_READ, body->action, GJ_SUBJECT_HOUSEHOLD, body->household, body->office, &look.right);
    entry.reason = reason.reason;
    entry.has_reason = body->purpose[0] != '\0';
    entry.value = body->rows;
    entry.has_value = true;
    entry.related = body->record;
    entry.has_related = body->record != 0;
    (void)gj_door_append(ctx, &entry, NULL);
}

/* ---- show ---- */

static bool purpose_ok(struct gj_ctx *ctx, const char *purpose, uint64_t record)
{
    if (gj_directory_rules_purpose(purpose, record)) {
        return true;
    }
    if (purpose[0] == '\0') {
        return gj_refuse(ctx, GJ__V1__STATUS__INVALID, "purpose_missing", "purpose", NULL);
    }
    return gj_door_invalid(ctx, "field_text", "purpose");
}

const ProtobufCMessage *gj_directory_show_prepare(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__HouseholdShowRequest *request = (const Gj__V1__HouseholdShowRequest *)message;
    Gj__Stored__Household *stored = NULL;
    struct look look;
    if (!purpose_ok(ctx, request->purpose, request->record)) {
        return NULL;
    }
    if (!gj_household_load(ctx->txn, request->id, ctx->arena, &stored) || stored->erased) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "id", NULL);
        return NULL;
    }
    if (!may_look(ctx, stored->office, stored->id, request->record, &look)) {
        return NULL;
    }
    if (request->unmask_phone && (look.parts & GJ_PART_BIT(GJ_PART_PHONE)) == 0) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__DENIED, "no_right", "unmask_phone", NULL);
        return NULL;
    }
    return read_body(ctx, stored->office, stored->id, request->unmask_phone ? "unmask" : "show", request->purpose,
        request->record, 1);
}

/* Open records about the household, newest first. */
static bool add_open_records(struct gj_ctx *ctx, Gj__V1__Household *plain)
{
    uint64_t *found = GJ_ARENA_ARRAY(ctx->arena, GJ_PAGE_ROWS, uint64_t);
    struct gj_key prefix;
    struct gj_iter iter;
    if (found == NULL) {
        return gj_door_failed(ctx, gj_arena_why(ctx->arena));
    }
    gj_key_init(&prefix);
    gj_key_u16(&prefix, GJ_SUBJECT_HOUSEHOLD);
    gj_key_u64(&prefix, plain->id);
    plain->open_records = found;
    gj_iter_prefix(&iter, ctx->txn, GJ_TABLE_BY_SUBJECT, &prefix, GJ_BACKWARD);
    for (unsigned looked = 0; looked < GJ_PAGE_ROWS_MAX && gj_iter_next(&iter); looked++) {
        struct gj_key_reader reader = gj_key_read(iter.key.data, iter.key.len);
        (void)gj_key_read_u16(&reader);
        (void)gj_key_read_u64(&reader);
        uint64_t id = gj_key_read_u64(&reader);
        Gj__Stored__Record *row = NULL;
        struct gj_key key = gj_key_of_u64(id);
        if (!reader.bad &&
            gj_record_load(
                ctx->txn, GJ_TABLE_RECORD, &key, &gj__stored__record__descriptor, ctx->arena, (void **)&row) &&
            row->open && plain->n_open_records < GJ_PAGE_ROWS) {
            found[plain->n_open_records++] = id;
        }
    }
    gj_iter_close(&iter);
    return true;
}

void gj_directory_show(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__HouseholdShowRequest *request = (const Gj__V1__HouseholdShowRequest *)message;
    Gj__Stored__Household *stored = NULL;
    Gj__V1__Household *plain = NULL;
    struct gj_sealing sealing = {0};
    struct look look;
    if (!gj_household_load(ctx->txn, request->id, ctx->arena, &stored) || stored->erased) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "id", NULL);
        return;
    }
    bool good = may_look(ctx, stored->office, stored->id, request->record, &look) &&
                gj_sealing_begin(&sealing, ctx, GJ_SUBJECT_HOUSEHOLD, stored->id) &&
                gj_household_form_open(&sealing, stored, &plain) && add_open_records(ctx, plain);
    gj_sealing_end(&sealing);
    /* The technician's own job shows the number to call; everybody else sees it when asking for it. */
    if (!good || (!request->unmask_phone && !look.tied_only && !gj_household_mask_phones(ctx, plain))) {
        return;
    }
    gj_household_keep_parts(plain, look.parts);
    gj_answer_ok(ctx, &plain->base);
}

/* ---- find ---- */

struct found {
    uint64_t ids[FIND_MAX];
    size_t count;
};

static bool find_token(
    struct gj_ctx *ctx, const Gj__V1__HouseholdFindRequest *request, enum gj_find_by by, struct gj_vault_token *token)
{
    static const enum gj_blind kinds[] = {
        0, GJ_BLIND_PHONE, 0, GJ_BLIND_PHONE_LAST, GJ_BLIND_SURNAME, GJ_BLIND_INITIALS};
    char number[GJ_TEXT_PHONE_SIZE], letters[GJ_PINYIN_MAX + 1];
    const char *text = by == GJ_FIND_LAST4 ? request->last4 : request->surname;
    size_t len = strlen(text);
    if (by == GJ_FIND_PHONE) {
        enum gj_err err = gj_text_phone(request->phone, strlen(request->phone), number);
        if (err != GJ_OK) {
            return gj_door_invalid(ctx, "field_phone", "phone");
        }
        text = number;
        len = strcspn(number, "#");
    } else if (by == GJ_FIND_INITIALS) {
        (void)gj_pinyin_typed(request->initials, strlen(request->initials), letters);
        text = letters;
        len = strlen(letters);
    }
    enum gj_err err = gj_vault_token(
        ctx->core->vault, kinds[by], by == GJ_FIND_PHONE ? 0 : (uint32_t)request->office, text, len, token);
    return err == GJ_OK || gj_door_failed(ctx, err);
}

/* Visible households that carry the token, of the office asked for. */
static bool find_by_token(
    struct gj_ctx *ctx, const Gj__V1__HouseholdFindRequest *request, enum gj_find_by by, struct found *found)
{
    struct gj_vault_token token;
    struct gj_subject *subjects = GJ_ARENA_ARRAY(ctx->arena, FIND_MAX, struct gj_subject);
    size_t count = 0;
    bool more = false;
    if (subjects == NULL) {
        return gj_door_failed(ctx, gj_arena_why(ctx->arena));
    }
    if (!find_token(ctx, request, by, &token)) {
        return false;
    }
    enum gj_err err = gj_vault_find(ctx->core->vault, &token, subjects, FIND_MAX, &count, &more);
    if (err != GJ_OK) {
        return gj_door_failed(ctx, err);
    }
    if (more) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "find_too_many", gj_directory_rules_find_word(by), NULL);
    }
    for (size_t i = 0; i < count; i++) {
        if (subjects[i].kind == GJ_SUBJECT_HOUSEHOLD) {
            found->ids[found->count++] = subjects[i].id;
        }
    }
    return true;
}

static bool find(struct gj_ctx *ctx, const Gj__V1__HouseholdFindRequest *request, struct found *found)
{
    struct gj_fault_at fault;
    char room[GJ_ROOM_SIZE];
    found->count = 0;
    enum gj_find_by by = gj_directory_rules_find(request, &fault);
    if (by == GJ_FIND_NONE) {
        return gj_door_invalid(ctx, fault.code, fault.field);
    }
    if (by != GJ_FIND_ROOM) {
        return find_by_token(ctx, request, by, found);
    }
    if (!gj_directory_rules_room(request->room, strlen(request->room), room)) {
        return gj_door_invalid(ctx, "field_text", "room");
    }
    uint64_t id = gj_household_by_room(ctx->txn, request->office, room);
    if (id != 0) {
        found->ids[found->count++] = id;
    }
    return true;
}

static bool name_fits(const char *name, const Gj__V1__HouseholdFindRequest *request, enum gj_find_by by)
{
    char wanted[GJ_PINYIN_MAX + 1], letters[GJ_PINYIN_MAX + 1];
    size_t len = strlen(name);
    if (by == GJ_FIND_SURNAME) {
        size_t surname = gj_directory_rules_surname(name, len);
        return surname > 0 && strlen(request->surname) == surname && memcmp(name, request->surname, surname) == 0;
    }
    (void)gj_pinyin_typed(request->initials, strlen(request->initials), wanted);
    return (gj_pinyin_initials(name, len, false, letters) > 0 && strcmp(letters, wanted) == 0) ||
           (gj_pinyin_initials(name, len, true, letters) > 0 && strcmp(letters, wanted) == 0);
}

static bool phone_fits(const char *phone, const char *wanted, const char *last4, enum gj_find_by by)
{
    char last[5];
    size_t len = strcspn(phone, "#");
    return by == GJ_FIND_PHONE ? strlen(wanted) == len && memcmp(wanted, phone, len) == 0
                               : gj_directory_rules_last4(phone, last) && strcmp(last, last4) == 0;
}

/* Whether what is written in the file is what was asked for: an index may be ahead of an import, or behind. */
static bool really_has(const Gj__V1__Household *plain, const Gj__V1__HouseholdFindRequest *request, enum gj_find_by by)
{
    char wanted[GJ_TEXT_PHONE_SIZE] = "";
    bool by_name = by == GJ_FIND_SURNAME || by == GJ_FIND_INITIALS;
    if (by == GJ_FIND_ROOM || (by_name && name_fits(plain->name, request, by))) {
        return true;
    }
    if (by == GJ_FIND_PHONE && gj_text_phone(request->phone, strlen(request->phone), wanted) != GJ_OK) {
        return false;
    }
    wanted[strcspn(wanted, "#")] = '\0';
    for (size_t i = 0; i < plain->n_persons; i++) {
        const Gj__V1__Person *person = plain->persons[i];
        if (by_name && name_fits(person->name, request, by)) {
            return true;
        }
        for (size_t k = 0; !by_name && k < person->n_phones; k++) {
            if (phone_fits(person->phones[k], wanted, request->last4, by)) {
                return true;
            }
        }
    }
    return false;
}

const ProtobufCMessage *gj_directory_find_prepare(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__HouseholdFindRequest *request = (const Gj__V1__HouseholdFindRequest *)message;
    struct gj_fault_at fault;
    struct gj_access_answer right;
    char action[40] = "find_";
    enum gj_find_by by = gj_directory_rules_find(request, &fault);
    if (by == GJ_FIND_NONE) {
        (void)gj_door_invalid(ctx, fault.code, fault.field);
        return NULL;
    }
    struct found *found = gj_arena_alloc(ctx->arena, sizeof *found);
    if (found == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return NULL;
    }
    if (!purpose_ok(ctx, request->purpose, 0) || !gj_door_office(ctx, request->office, "office") ||
        !may_find(ctx, request->office, by, &right) || !find(ctx, request, found)) {
        return NULL;
    }
    (void)strcat(action, gj_directory_rules_find_word(by));
    return read_body(ctx, request->office, 0, action, request->purpose, 0, found->count);
}

/* One row of the answer: masked, or left out. */
static bool add_row(struct gj_ctx *ctx, const Gj__V1__HouseholdFindRequest *request, enum gj_find_by by, uint64_t id,
    gj_parts parts, Gj__V1__HouseholdList *list)
{
    Gj__Stored__Household *stored = NULL;
    Gj__V1__Household *plain = NULL;
    struct gj_sealing sealing = {0};
    if (!gj_household_load(ctx->txn, id, ctx->arena, &stored) || stored->erased ||
        (request->office != 0 && stored->office != request->office)) {
        return gj_txn_error(ctx->txn) == GJ_OK;
    }
    bool good =
        gj_sealing_begin(&sealing, ctx, GJ_SUBJECT_HOUSEHOLD, id) && gj_household_form_open(&sealing, stored, &plain);
    gj_sealing_end(&sealing);
    if (!good || !really_has(plain, request, by)) {
        return good;
    }
    if (!gj_household_mask_phones(ctx, plain) || !gj_household_mask_names(ctx, plain)) {
        return false;
    }
    gj_household_keep_parts(plain, parts & ~GJ_PART_BIT(GJ_PART_VULNERABLE));
    list->households[list->n_households++] = plain;
    return true;
}

void gj_directory_find(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__HouseholdFindRequest *request = (const Gj__V1__HouseholdFindRequest *)message;
    struct gj_fault_at fault;
    struct gj_access_answer right;
    struct gj_page page;
    uint64_t last = 0;
    struct found *found = gj_arena_alloc(ctx->arena, sizeof *found);
    Gj__V1__HouseholdList *list = GJ_ARENA_NEW(ctx->arena, Gj__V1__HouseholdList);
    if (found == NULL || list == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return;
    }
    gj__v1__household_list__init(list);
    enum gj_find_by by = gj_directory_rules_find(request, &fault);
    if (!gj_page_read(ctx, request->page, &page) || !may_find(ctx, request->office, by, &right) ||
        !find(ctx, request, found)) {
        return;
    }
    gj_parts parts = gj_door_parts(ctx, GJ_DOOR_HOUSEHOLD, &right);
    list->households = GJ_ARENA_ARRAY(ctx->arena, page.rows, Gj__V1__Household *);
    if (list->households == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return;
    }
    for (size_t i = 0; i < found->count; i++) {
        if (found->ids[i] <= page.after) {
            continue;
        }
        if (list->n_households == page.rows) {
            if (!gj_page_cursor(ctx, last, &list->cursor)) {
                return;
            }
            break;
        }
        last = found->ids[i];
        if (!add_row(ctx, request, by, last, parts, list)) {
            return;
        }
    }
    gj_answer_ok(ctx, &list->base);
}
