/* From a request to the body of a command, on the loop: the form is checked while its texts are plain, what it names is
 * looked up, and what is personal is sealed. */
#include "core/work_prepare.h"

#include <string.h>

#include "common/limits.h"
#include "common/policy/form.h"
#include "core/work_seal.h"

/* --- lists of fields --- */

bool gj_prepare_fields(struct gj_ctx *ctx, struct gj_prepare_fields *fields, Gj__V1__Field *const *from, size_t count)
{
    fields->room = count + GJ_PREPARE_HEADS;
    fields->items = GJ_ARENA_ARRAY(ctx->arena, fields->room, Gj__V1__Field *);
    fields->count = 0;
    for (size_t i = 0; fields->items != NULL && i < count; i++) {
        fields->items[fields->count++] = from[i];
    }
    return fields->items != NULL;
}

void gj_prepare_add(struct gj_prepare_fields *fields, Gj__V1__Field *field)
{
    if (field != NULL && fields->count < fields->room) {
        fields->items[fields->count++] = field;
    }
}

/* Head fields may come in the request's own fields; what is empty was not handed in. */
void gj_prepare_add_ref(struct gj_ctx *ctx, struct gj_prepare_fields *fields, const char *key, uint64_t ref)
{
    if (ref != 0) {
        gj_prepare_add(fields, gj_work_field_ref(ctx->arena, key, ref));
    }
}

void gj_prepare_add_text(struct gj_ctx *ctx, struct gj_prepare_fields *fields, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0') {
        gj_prepare_add(fields, gj_work_field_text(ctx->arena, key, text));
    }
}

/* --- checking --- */

bool gj_prepare_plain(struct gj_ctx *ctx, Gj__V1__Field *const *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (items[i]->value_case == GJ__V1__FIELD__VALUE_SEALED ||
            items[i]->value_case == GJ__V1__FIELD__VALUE_MASKED) {
            return gj_refuse(ctx, GJ__V1__STATUS__INVALID, "field_type", items[i]->key, NULL);
        }
    }
    return true;
}

/* Free texts that come beside the fields; the form knows them by their keys. */
static void add_words(struct gj_field_value *given, size_t *count, const char *key, const char *text)
{
    if (key != NULL && text != NULL && text[0] != '\0') {
        given[(*count)++] =
            (struct gj_field_value){.key = key, .shape = GJ_SHAPE_TEXT, .text = text, .text_len = strlen(text)};
    }
}

bool gj_prepare_form(
    struct gj_ctx *ctx, const struct gj_prepare_check *check, Gj__V1__Field *const *items, size_t count)
{
    struct gj_field_value *given = GJ_ARENA_ARRAY(ctx->arena, count + 2, struct gj_field_value);
    size_t n = 0;
    if (given == NULL || !gj_prepare_plain(ctx, items, count)) {
        return false;
    }
    for (; n < count; n++) {
        given[n] = gj_work_value(items[n], ctx->arena);
    }
    add_words(given, &n, check->text_key, check->text);
    add_words(given, &n, GJ_FORM_LATE_REASON, check->late_reason);
    struct gj_form_request request = {.policy = check->policy,
        .kind = check->kind,
        .act = check->act,
        .now_ms = ctx->now_ms,
        .given = given,
        .given_count = n,
        .view = check->view};
    struct gj_refusal refusal = {0};
    return gj_form_check(&request, &refusal) || gj_answer_refusal(ctx, &refusal);
}

bool gj_prepare_values(struct gj_ctx *ctx, const struct gj_policy *policy, const struct gj_kind *kind,
    Gj__V1__Field *const *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint16_t at = gj_kind_field(kind, items[i]->key);
        struct gj_refusal refusal = {0};
        struct gj_field_value value = gj_work_value(items[i], ctx->arena);
        if (at == GJ_NO_INDEX) {
            return gj_refuse(ctx, GJ__V1__STATUS__INVALID, "field_unknown", items[i]->key, NULL);
        }
        if (value.shape != GJ_SHAPE_NONE &&
            !gj_form_check_value(policy, &kind->fields[at], &value, ctx->now_ms, &refusal)) {
            return gj_answer_refusal(ctx, &refusal);
        }
    }
    return gj_prepare_plain(ctx, items, count);
}

bool gj_prepare_text_short(struct gj_ctx *ctx, const char *key, const char *text)
{
    return strlen(text) <= GJ_TEXT_NOTE_MAX || gj_refuse(ctx, GJ__V1__STATUS__INVALID, "field_length", key, NULL);
}

/* --- sealing --- */

Gj__V1__Field **gj_prepare_seal(
    struct gj_ctx *ctx, const struct gj_kind *kind, uint64_t subject, Gj__V1__Field **items, size_t count)
{
    struct gj_seal seal = {0};
    bool have_key = false;
    Gj__V1__Field **out = GJ_ARENA_ARRAY(ctx->arena, count, Gj__V1__Field *);
    for (size_t i = 0; out != NULL && i < count; i++) {
        uint16_t at = gj_kind_field(kind, items[i]->key);
        out[i] = items[i];
        if (at == GJ_NO_INDEX || kind->fields[at].personal == GJ_PERSONAL_NONE ||
            items[i]->value_case == GJ__V1__FIELD__VALUE__NOT_SET ||
            items[i]->value_case == GJ__V1__FIELD__VALUE_SEALED) {
            continue; /* nothing to hide, or hidden already */
        }
        if (!have_key && gj_seal_init(&seal, ctx, subject) != GJ_OK) {
            gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "subject_erased", items[i]->key, NULL);
            return NULL;
        }
        have_key = true;
        out[i] = gj_seal_field(&seal, ctx->arena, items[i]);
        if (out[i] == NULL) {
            out = NULL;
        }
    }
    gj_seal_fini(&seal);
    return out;
}

/* NULL without a refusal: there was nothing to say. *ok is false when it could not be sealed. */
Gj__Work__Text *gj_prepare_words(struct gj_ctx *ctx, uint64_t subject, const Gj__Work__Words *words, bool *ok)
{
    struct gj_seal seal = {0};
    if (words->note[0] == '\0' && words->reason[0] == '\0' && words->late_reason[0] == '\0' && words->n_old == 0) {
        return NULL;
    }
    if (gj_seal_init(&seal, ctx, subject) != GJ_OK) {
        *ok = gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "subject_erased", "note", NULL);
        return NULL;
    }
    Gj__Work__Text *text = gj_seal_words(&seal, ctx->arena, words);
    gj_seal_fini(&seal);
    *ok = text != NULL;
    return text;
}
