#include "core/work_decide.h"

#include <string.h>

#include "common/calendar.h"
#include "common/policy/form.h"
#include "core/command.h"
#include "store/blob.h"

bool gj_work_must_load(struct gj_ctx *ctx, uint64_t id, struct gj_work *work)
{
    if (gj_work_load(ctx, id, work)) {
        return true;
    }
    return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "id", NULL);
}

static bool conflict(struct gj_ctx *ctx, const struct gj_work *work)
{
    const char *revision = gj_arena_printf(ctx->arena, "%u", work->row->revision);
    return gj_refuse(ctx, GJ__V1__STATUS__CONFLICT, "conflict", "revision", work->row->state,
        revision == NULL ? "" : revision, NULL);
}

bool gj_work_in_step(struct gj_ctx *ctx, const struct gj_work *work, uint32_t revision,
    const ProtobufCBinaryData *after, const char *state)
{
    if (ctx->actor->user == 0) {
        return true;
    }
    if (state[0] != '\0' && strcmp(state, work->row->state) != 0) {
        return conflict(ctx, work);
    }
    if (after->len > 0) {
        const Gj__Stored__Record *row = work->row;
        bool mine = row->last_device == ctx->command->device && row->last_request_key.len == after->len &&
                    memcmp(row->last_request_key.data, after->data, after->len) == 0;
        return mine || conflict(ctx, work);
    }
    if (revision == 0) {
        return gj_refuse(ctx, GJ__V1__STATUS__INVALID, "field_missing", "revision", NULL);
    }
    return revision == work->row->revision || conflict(ctx, work);
}

bool gj_work_told(struct gj_ctx *ctx, const struct gj_kind *kind, const struct gj_policy *policy, const char *field,
    int64_t told_ms, bool has_reason, int64_t *out_ms, bool *stated)
{
    *out_ms = ctx->now_ms;
    *stated = false;
    if (told_ms == 0) {
        return true;
    }
    if (told_ms > ctx->now_ms + GJ_WORK_CLOCK_SLACK_MS) {
        return gj_refuse(ctx, GJ__V1__STATUS__INVALID, "time_in_future", field, NULL);
    }
    if (told_ms >= ctx->now_ms) {
        return true;
    }
    if (ctx->now_ms - told_ms <= GJ_WORK_CLOCK_SLACK_MS) {
        *out_ms = told_ms;
        return true;
    }
    struct gj_duration late = kind->late_entry.unit != GJ_UNIT_NONE ? kind->late_entry : policy->settings.receipt_late;
    if (late.unit != GJ_UNIT_NONE && ctx->actor->user != 0) {
        struct gj_due limit = gj_deadline_after(&policy->settings, ctx->calendar, told_ms, late);
        if (ctx->now_ms > limit.at_ms && !has_reason) {
            return gj_refuse(ctx, GJ__V1__STATUS__INVALID, "late_without_reason", "late_reason", NULL);
        }
    }
    *out_ms = told_ms;
    *stated = true;
    return true;
}

bool gj_work_told_fields(struct gj_ctx *ctx, const struct gj_kind *kind, const struct gj_policy *policy,
    Gj__V1__Field *const *fields, size_t count, bool has_reason, int64_t *at_ms, bool *stated)
{
    for (size_t i = 0; i < count; i++) {
        uint16_t at = gj_kind_field(kind, fields[i]->key);
        bool told = false;
        int64_t used = 0;
        if (at == GJ_NO_INDEX || !kind->fields[at].happened || fields[i]->value_case != GJ__V1__FIELD__VALUE_TIME) {
            continue;
        }
        if (!gj_work_told(ctx, kind, policy, fields[i]->key, fields[i]->time, has_reason, &used, &told)) {
            return false;
        }
        if (told && !*stated) {
            *at_ms = used;
            *stated = true;
        }
    }
    return true;
}

static bool fits_moment(
    struct gj_ctx *ctx, const struct gj_field *field, int64_t value_ms, int64_t act_ms, int64_t received_ms)
{
    struct gj_refusal refusal = {0};
    return gj_form_check_moment(field, value_ms, act_ms, received_ms, &refusal) || gj_answer_refusal(ctx, &refusal);
}

bool gj_work_moments(struct gj_ctx *ctx, const struct gj_kind *kind, const struct gj_transition *step,
    Gj__V1__Field *const *fields, size_t count, int64_t act_ms, int64_t received_ms)
{
    struct gj_field_set told = {0};
    for (size_t i = 0; i < count; i++) {
        uint16_t at = gj_kind_field(kind, fields[i]->key);
        if (at == GJ_NO_INDEX || fields[i]->value_case != GJ__V1__FIELD__VALUE_TIME) {
            continue;
        }
        gj_field_set_add(&told, at);
        if (!fits_moment(ctx, &kind->fields[at], fields[i]->time, act_ms, received_ms)) {
            return false;
        }
    }
    for (size_t i = 0; step != NULL && i < step->set_count; i++) {
        const struct gj_set *set = &step->sets[i];
        const struct gj_field *field = &kind->fields[set->field_at];
        if (set->op == GJ_SET_NOW && field->happened && !gj_field_set_has(&told, set->field_at) &&
            !fits_moment(ctx, field, act_ms, act_ms, received_ms)) {
            return false;
        }
    }
    return true;
}

static bool known(const Gj__Stored__Record *row, const ProtobufCBinaryData *address)
{
    for (size_t i = 0; i < row->n_attachments; i++) {
        if (row->attachments[i].len == address->len &&
            memcmp(row->attachments[i].data, address->data, address->len) == 0) {
            return true;
        }
    }
    return false;
}

bool gj_work_attachments(struct gj_ctx *ctx, const struct gj_work *work, const ProtobufCBinaryData *list, size_t count)
{
    if (work->row->n_attachments + count > GJ_WORK_ATTACHMENTS_MAX) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "limit_reached", "attachments", NULL);
    }
    for (size_t i = 0; i < count; i++) {
        struct gj_key key = gj_key_of_bytes(list[i].data, list[i].len);
        if (list[i].len != GJ_BLOB_NAME_SIZE || !gj_txn_exists(ctx->txn, GJ_TABLE_ATTACHMENT, &key)) {
            return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "attachments", NULL);
        }
    }
    return true;
}

void gj_work_attach(struct gj_ctx *ctx, struct gj_work *work, const ProtobufCBinaryData *list, size_t count)
{
    Gj__Stored__Record *row = work->row;
    if (count == 0) {
        return;
    }
    ProtobufCBinaryData *all = GJ_ARENA_ARRAY(ctx->arena, row->n_attachments + count, ProtobufCBinaryData);
    if (all == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    size_t n = row->n_attachments;
    if (n > 0) {
        memcpy(all, row->attachments, n * sizeof(all[0]));
    }
    for (size_t i = 0; i < count; i++) {
        if (!known(row, &list[i])) {
            all[n++] = list[i];
        }
    }
    row->attachments = all;
    row->n_attachments = n;
}

struct gj_field_value *gj_work_given(
    struct gj_ctx *ctx, Gj__V1__Field *const *fields, size_t n_fields, const char *text_key, size_t *count)
{
    struct gj_field_value *values = GJ_ARENA_ARRAY(ctx->arena, n_fields + 1, struct gj_field_value);
    *count = 0;
    if (values == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return NULL;
    }
    for (size_t i = 0; i < n_fields; i++) {
        values[(*count)++] = gj_work_value(fields[i], ctx->arena);
    }
    if (text_key != NULL) {
        values[(*count)++] = (struct gj_field_value){.key = text_key, .shape = GJ_SHAPE_SEALED};
    }
    return values;
}

gj_roles gj_work_roles(const struct gj_ctx *ctx, const struct gj_work *work, const struct gj_who_list *by)
{
    gj_roles held = gj_actor_roles(ctx->actor, work->row->office, work->office->region);
    gj_roles used = 0;
    for (size_t i = 0; by != NULL && i < by->count; i++) {
        used |= by->items[i].any_role ? 0 : held & GJ_ROLE_BIT(by->items[i].role);
    }
    return used != 0 ? used : held;
}
