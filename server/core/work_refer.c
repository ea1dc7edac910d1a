#include "core/work_refer.h"

#include <string.h>

#include "core/actor.h"
#include "core/household.h"
#include "store/blob.h"
#include "store/record.h"

static bool unknown(struct gj_ctx *ctx, const char *key)
{
    return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", key, NULL);
}

static bool row_exists(struct gj_ctx *ctx, enum gj_table table, uint64_t id)
{
    struct gj_key key = gj_key_of_u64(id);
    return gj_txn_exists(ctx->txn, table, &key);
}

static bool household_here(struct gj_ctx *ctx, const struct gj_work_refer *refer, const Gj__V1__Field *field)
{
    Gj__Stored__Household *household = NULL;
    if (!gj_household_load(ctx->txn, field->ref, ctx->arena, &household) || household->office != refer->office) {
        return unknown(ctx, field->key);
    }
    return !household->erased || gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "subject_erased", field->key, NULL);
}

static bool caller_here(struct gj_ctx *ctx, const struct gj_work_refer *refer, const Gj__V1__Field *field)
{
    Gj__Stored__Caller *caller = NULL;
    struct gj_key key = gj_key_of_u64(field->ref);
    if (!gj_record_load(
            ctx->txn, GJ_TABLE_CALLER, &key, &gj__stored__caller__descriptor, ctx->arena, (void **)&caller)) {
        return unknown(ctx, field->key);
    }
    return caller->office == refer->office || unknown(ctx, field->key);
}

static bool asset_here(struct gj_ctx *ctx, const struct gj_work_refer *refer, const Gj__V1__Field *field)
{
    Gj__Stored__Asset *asset = NULL;
    struct gj_key key = gj_key_of_u64(field->ref);
    if (!gj_record_load(ctx->txn, GJ_TABLE_ASSET, &key, &gj__stored__asset__descriptor, ctx->arena, (void **)&asset)) {
        return unknown(ctx, field->key);
    }
    return asset->office == refer->office || unknown(ctx, field->key);
}

static bool record_there(struct gj_ctx *ctx, const struct gj_work_refer *refer, const Gj__V1__Field *field)
{
    if (field->ref == refer->record || !row_exists(ctx, GJ_TABLE_RECORD, field->ref)) {
        return unknown(ctx, field->key);
    }
    return true;
}

/* The certificate that the category's trade asks for must not have run out. Whether somebody without any is sent is the
 * dispatcher's decision; sending somebody whose certificate is known to have lapsed is nobody's. */
static bool certified(struct gj_ctx *ctx, const struct gj_work_refer *refer, const Gj__V1__Field *field)
{
    const struct gj_category *category =
        refer->category == NULL ? NULL : gj_policy_category(refer->policy, refer->category);
    const struct gj_trade *trade = category == NULL ? NULL : gj_policy_trade(refer->policy, category->trade);
    Gj__Stored__Staff *staff = NULL;
    struct gj_key key = gj_key_of_u64(field->ref);
    if (trade == NULL || trade->certificate == NULL ||
        !gj_record_load(ctx->txn, GJ_TABLE_STAFF, &key, &gj__stored__staff__descriptor, ctx->arena, (void **)&staff)) {
        return true;
    }
    for (size_t i = 0; i < staff->n_certificates; i++) {
        const Gj__Stored__Certificate *certificate = staff->certificates[i];
        if (strcmp(certificate->name, trade->certificate) == 0 && certificate->valid_until != 0 &&
            certificate->valid_until < ctx->now_ms) {
            return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "certificate", field->key, trade->code, NULL);
        }
    }
    return true;
}

/* Somebody who is given work must be there and hold a role of the office that may read such records at all. */
static bool user_here(struct gj_ctx *ctx, const struct gj_work_refer *refer, const Gj__V1__Field *field)
{
    const struct gj_actor *person = NULL;
    Gj__Stored__Office *office = NULL;
    struct gj_key key = gj_key_of_u64(refer->office);
    enum gj_err err = gj_actor_load(ctx->txn, ctx->policy, field->ref, 0, ctx->now_ms, ctx->arena, &person, NULL);
    if (err == GJ_ENOTFOUND) {
        return unknown(ctx, field->key);
    }
    if (err != GJ_OK) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "reference_inactive", field->key, NULL);
    }
    if (strcmp(field->key, "assignee") != 0 || !gj_record_load(ctx->txn, GJ_TABLE_OFFICE, &key,
                                                   &gj__stored__office__descriptor, ctx->arena, (void **)&office)) {
        return true;
    }
    const struct gj_kind *current = gj_policy_kind_by_number(ctx->policy, refer->kind->number);
    gj_roles roles = gj_actor_roles(person, refer->office, office->region);
    uint16_t letters = 0;
    for (uint8_t role = 1; current != NULL && role < 64; role++) {
        letters |= (roles & GJ_ROLE_BIT(role)) != 0 ? current->rights.letters[role] : 0;
    }
    if ((letters & (GJ_LETTER_READ | GJ_LETTER_READ_OWN)) == 0) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "assignee_without_role", field->key, NULL);
    }
    return certified(ctx, refer, field);
}

static bool blob_here(struct gj_ctx *ctx, const char *key_name, const ProtobufCBinaryData *address)
{
    struct gj_key key = gj_key_of_bytes(address->data, address->len);
    if (address->len != GJ_BLOB_NAME_SIZE || !gj_txn_exists(ctx->txn, GJ_TABLE_ATTACHMENT, &key)) {
        return unknown(ctx, key_name);
    }
    return true;
}

static bool blobs_here(struct gj_ctx *ctx, const Gj__V1__Field *field)
{
    if (field->value_case == GJ__V1__FIELD__VALUE_BLOB && !blob_here(ctx, field->key, &field->blob)) {
        return false;
    }
    for (size_t i = 0; i < field->n_blobs; i++) {
        if (!blob_here(ctx, field->key, &field->blobs[i])) {
            return false;
        }
    }
    return true;
}

static bool refer_one(
    struct gj_ctx *ctx, const struct gj_work_refer *refer, const struct gj_field *declared, const Gj__V1__Field *field)
{
    if (field->value_case != GJ__V1__FIELD__VALUE_REF || field->ref == 0) {
        return blobs_here(ctx, field);
    }
    switch (declared->type) {
    case GJ_FIELD_USER:
        return user_here(ctx, refer, field);
    case GJ_FIELD_HOUSEHOLD:
    case GJ_FIELD_UNIT:
        return household_here(ctx, refer, field);
    case GJ_FIELD_PERSON:
        return declared->head == GJ_HEAD_CALLER ? caller_here(ctx, refer, field) : true;
    case GJ_FIELD_OFFICE:
        return row_exists(ctx, GJ_TABLE_OFFICE, field->ref) || unknown(ctx, field->key);
    case GJ_FIELD_ASSET:
        return asset_here(ctx, refer, field);
    case GJ_FIELD_CONTRACTOR:
        return row_exists(ctx, GJ_TABLE_CONTRACTOR, field->ref) || unknown(ctx, field->key);
    case GJ_FIELD_RECORD:
        return record_there(ctx, refer, field);
    default:
        return true;
    }
}

bool gj_work_refer_fields(
    struct gj_ctx *ctx, const struct gj_work_refer *refer, Gj__V1__Field *const *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint16_t at = gj_kind_field(refer->kind, fields[i]->key);
        if (at != GJ_NO_INDEX && !refer_one(ctx, refer, &refer->kind->fields[at], fields[i])) {
            return false;
        }
    }
    return true;
}

/* --- links --- */

/* A type that names no kind belongs to a register that has not been declared yet: its code is the register's name. */
static bool type_fits(const struct gj_link_type *type, const Gj__V1__Link *link)
{
    if (link->link[0] != '\0') {
        return strcmp(type->code, link->link) == 0 && (type->kind == NULL || strcmp(type->kind, link->kind) == 0);
    }
    return strcmp(type->kind == NULL ? type->code : type->kind, link->kind) == 0;
}

static const struct gj_link_type *type_for(const struct gj_kind *kind, const Gj__V1__Link *link)
{
    for (size_t i = 0; i < kind->link_count; i++) {
        if (type_fits(&kind->links[i], link)) {
            return &kind->links[i];
        }
    }
    return NULL;
}

static bool refer_link(struct gj_ctx *ctx, const struct gj_work_refer *refer, Gj__V1__Link *link)
{
    const struct gj_link_type *type = type_for(refer->kind, link);
    if (type == NULL) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "link_not_allowed", "link", NULL);
    }
    link->link = (char *)type->code;
    if (link->id == 0 && link->number[0] != '\0') {
        link->id = gj_work_by_number(ctx->txn, link->number);
    }
    if (link->id == 0) {
        bool declared = gj_policy_kind(ctx->policy, link->kind) != NULL;
        if (declared || !type->paper || link->number[0] == '\0') {
            return unknown(ctx, "link");
        }
        return true;
    }
    Gj__Stored__Record *other = NULL;
    struct gj_key key = gj_key_of_u64(link->id);
    const struct gj_kind *kind = gj_policy_kind(ctx->policy, link->kind);
    if (link->id == refer->record || kind == NULL ||
        !gj_record_load(
            ctx->txn, GJ_TABLE_RECORD, &key, &gj__stored__record__descriptor, ctx->arena, (void **)&other) ||
        other->kind != kind->number) {
        return unknown(ctx, "link");
    }
    link->number = other->number;
    return true;
}

bool gj_work_refer_links(
    struct gj_ctx *ctx, const struct gj_work_refer *refer, Gj__V1__Link *const *links, size_t count)
{
    if (count > GJ_WORK_LINKS_MAX) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "limit_reached", "links", NULL);
    }
    for (size_t i = 0; i < count; i++) {
        if (!refer_link(ctx, refer, links[i])) {
            return false;
        }
    }
    return true;
}
