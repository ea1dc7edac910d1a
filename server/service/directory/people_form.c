#include "service/directory/people_form.h"

#include <string.h>

#include "common/text.h"
#include "core/core.h"
#include "core/subject.h"
#include "service/directory/directory_rules.h"
#include "service/door.h"
#include "service/sealing.h"

Gj__Stored__Certificate **gj_people_form_stored_certificates(
    struct gj_ctx *ctx, Gj__V1__Certificate *const *certificates, size_t count)
{
    Gj__Stored__Certificate **out = GJ_ARENA_ARRAY(ctx->arena, count + 1, Gj__Stored__Certificate *);
    Gj__Stored__Certificate *rows = GJ_ARENA_ARRAY(ctx->arena, count + 1, Gj__Stored__Certificate);
    if (out == NULL || rows == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        gj__stored__certificate__init(&rows[i]);
        rows[i].name = certificates[i]->name;
        rows[i].number = certificates[i]->number;
        rows[i].valid_until = certificates[i]->valid_until;
        rows[i].review_at = certificates[i]->review_at;
        out[i] = &rows[i];
    }
    return out;
}

Gj__V1__Certificate **gj_people_form_wire_certificates(
    struct gj_ctx *ctx, Gj__Stored__Certificate *const *certificates, size_t count)
{
    Gj__V1__Certificate **out = GJ_ARENA_ARRAY(ctx->arena, count + 1, Gj__V1__Certificate *);
    Gj__V1__Certificate *rows = GJ_ARENA_ARRAY(ctx->arena, count + 1, Gj__V1__Certificate);
    if (out == NULL || rows == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        gj__v1__certificate__init(&rows[i]);
        rows[i].name = certificates[i]->name;
        rows[i].number = certificates[i]->number;
        rows[i].valid_until = certificates[i]->valid_until;
        rows[i].review_at = certificates[i]->review_at;
        out[i] = &rows[i];
    }
    return out;
}

const ProtobufCMessage *gj_people_form_staff(struct gj_ctx *ctx, const Gj__V1__Staff *wanted, uint32_t revision)
{
    Gj__Service__StaffPut *body = GJ_ARENA_NEW(ctx->arena, Gj__Service__StaffPut);
    Gj__Stored__Staff *row = GJ_ARENA_NEW(ctx->arena, Gj__Stored__Staff);
    if (body == NULL || row == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return NULL;
    }
    gj__service__staff_put__init(body);
    gj__stored__staff__init(row);
    body->staff = row;
    body->revision = revision;
    row->user = wanted->user;
    row->office = wanted->office;
    row->name = wanted->name;
    row->post = wanted->post;
    row->trades = wanted->trades;
    row->n_trades = wanted->n_trades;
    row->contractor = wanted->contractor;
    row->certificates = gj_people_form_stored_certificates(ctx, wanted->certificates, wanted->n_certificates);
    row->n_certificates = wanted->n_certificates;
    if (row->certificates == NULL) {
        return NULL;
    }
    if (wanted->phone[0] == '\0') {
        return &body->base;
    }
    char number[GJ_TEXT_PHONE_SIZE];
    if (gj_text_phone(wanted->phone, strlen(wanted->phone), number) != GJ_OK) {
        (void)gj_door_invalid(ctx, "field_phone", "phone");
        return NULL;
    }
    struct gj_sealing sealing = {0};
    bool good = gj_sealing_begin_or_new(&sealing, ctx, GJ_SUBJECT_STAFF, wanted->user, wanted->office) &&
                gj_sealing_seal(&sealing, "staff.phone", number, &row->phone);
    body->data_key = good ? gj_sealing_wrapped(&sealing) : body->data_key;
    gj_sealing_end(&sealing);
    return good && gj_txn_error(ctx->txn) == GJ_OK ? &body->base : NULL;
}

Gj__V1__Staff *gj_people_form_wire_staff(struct gj_ctx *ctx, const Gj__Stored__Staff *stored)
{
    Gj__V1__Staff *row = GJ_ARENA_NEW(ctx->arena, Gj__V1__Staff);
    if (row == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return NULL;
    }
    gj__v1__staff__init(row);
    row->user = stored->user;
    row->office = stored->office;
    row->name = stored->name;
    row->post = stored->post;
    row->trades = stored->trades;
    row->n_trades = stored->n_trades;
    row->contractor = stored->contractor;
    row->revision = stored->revision;
    row->certificates = gj_people_form_wire_certificates(ctx, stored->certificates, stored->n_certificates);
    row->n_certificates = stored->n_certificates;
    if (row->certificates == NULL || stored->phone.len == 0) {
        return row->certificates != NULL ? row : NULL;
    }
    struct gj_sealing sealing = {0};
    bool good = gj_sealing_begin(&sealing, ctx, GJ_SUBJECT_STAFF, stored->user) &&
                gj_sealing_open(&sealing, "staff.phone", &stored->phone, &row->phone);
    gj_sealing_end(&sealing);
    return good ? row : NULL;
}

bool gj_people_form_has_trade(const Gj__Stored__Staff *stored, const char *trade)
{
    bool fits = trade[0] == '\0';
    for (size_t i = 0; !fits && i < stored->n_trades; i++) {
        fits = strcmp(stored->trades[i], trade) == 0;
    }
    return fits;
}

static bool caller_token(struct gj_ctx *ctx, uint64_t office, enum gj_blind kind, const char *text, size_t len,
    ProtobufCBinaryData *out, struct gj_vault_token *token)
{
    enum gj_err err = gj_vault_token(ctx->core->vault, kind, (uint32_t)office, text, len, token);
    if (err != GJ_OK) {
        return gj_door_failed(ctx, err);
    }
    uint8_t *copy = gj_arena_dup(ctx->arena, token->bytes, sizeof token->bytes);
    *out = (ProtobufCBinaryData){.data = copy, .len = sizeof token->bytes};
    return copy != NULL || gj_door_failed(ctx, gj_arena_why(ctx->arena));
}

const ProtobufCMessage *gj_people_form_caller(
    struct gj_ctx *ctx, const Gj__V1__CallerPutRequest *request, const char *number, gj_people_form_known_fn *known)
{
    Gj__Service__CallerPut *body = GJ_ARENA_NEW(ctx->arena, Gj__Service__CallerPut);
    Gj__Stored__Caller *row = GJ_ARENA_NEW(ctx->arena, Gj__Stored__Caller);
    ProtobufCBinaryData *tokens = GJ_ARENA_ARRAY(ctx->arena, 2, ProtobufCBinaryData);
    struct gj_vault_token phone, last;
    char digits[5];
    if (body == NULL || row == NULL || tokens == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return NULL;
    }
    gj__service__caller_put__init(body);
    gj__stored__caller__init(row);
    body->caller = row;
    body->tokens = tokens;
    row->office = request->office;
    if (!caller_token(ctx, 0, GJ_BLIND_PHONE, number, strcspn(number, "#"), &tokens[0], &phone)) {
        return NULL;
    }
    body->n_tokens = 1;
    if (gj_directory_rules_last4(number, digits)) {
        if (!caller_token(ctx, request->office, GJ_BLIND_PHONE_LAST, digits, strlen(digits), &tokens[1], &last)) {
            return NULL;
        }
        body->n_tokens = 2;
    }
    if (!known(ctx, request->office, &phone, &row->id)) {
        return NULL;
    }
    struct gj_sealing sealing = {0};
    bool good = (row->id != 0 ? gj_sealing_begin(&sealing, ctx, GJ_SUBJECT_CALLER, row->id)
                              : gj_sealing_new(&sealing, ctx, request->office)) &&
                gj_sealing_seal(&sealing, "caller.name", request->name, &row->name) &&
                gj_sealing_seal(&sealing, "caller.phone", number, &row->phone);
    body->data_key = good ? gj_sealing_wrapped(&sealing) : body->data_key;
    gj_sealing_end(&sealing);
    return good && gj_txn_error(ctx->txn) == GJ_OK ? &body->base : NULL;
}
