/* The declared kinds as clients need them: which fields a record has, of which type, and what every code is called.
 * Clients keep the answer, so that entry without a connection knows the types and lists show words. */
#include <string.h>

#include "common/policy/obligation.h"
#include "common/policy/policy.h"
#include "core/core.h"
#include "proto/register.pb-c.h"
#include "service/register/register.h"

/* Labels gathered one by one; the arena's failure is seen in `items`. */
struct labels {
    struct gj_arena *arena;
    Gj__V1__Label **items;
    size_t count;
};

static struct labels labels_for(struct gj_arena *arena, size_t room)
{
    return (struct labels){.arena = arena, .items = GJ_ARENA_ARRAY(arena, room + 1, Gj__V1__Label *)};
}

static void add_label(struct labels *labels, const char *code, const struct gj_label *label)
{
    Gj__V1__Label *made = labels->items == NULL ? NULL : GJ_ARENA_NEW(labels->arena, Gj__V1__Label);
    if (made == NULL) {
        labels->items = NULL;
        return;
    }
    gj__v1__label__init(made);
    made->code = (char *)code;
    made->zh = (char *)label->zh;
    made->en = (char *)label->en;
    labels->items[labels->count++] = made;
}

static bool take_labels(const struct labels *labels, Gj__V1__Label ***items, size_t *count)
{
    *items = labels->items;
    *count = labels->items == NULL ? 0 : labels->count;
    return labels->items != NULL;
}

static const struct gj_options *options_of(const struct gj_policy *policy, const char *source)
{
    return strcmp(source, "channels") == 0     ? &policy->channels
           : strcmp(source, "areas") == 0      ? &policy->areas
           : strcmp(source, "warranties") == 0 ? &policy->warranties
                                               : NULL;
}

/* What stands in a table of the policy and not with the field itself. */
static void add_source(struct labels *labels, const struct gj_policy *policy, const char *source)
{
    const struct gj_options *options = options_of(policy, source);
    for (size_t i = 0; options != NULL && i < options->count; i++) {
        add_label(labels, options->items[i].code, &options->items[i].label);
    }
    for (size_t i = 0; strcmp(source, "priorities") == 0 && i < policy->priority_count; i++) {
        add_label(labels, policy->priorities[i].code, &policy->priorities[i].label);
    }
    for (size_t i = 0; strcmp(source, "categories") == 0 && i < policy->category_count; i++) {
        add_label(labels, policy->categories[i].code, &policy->categories[i].label);
    }
    for (size_t i = 0; strcmp(source, "trades") == 0 && i < policy->trade_count; i++) {
        add_label(labels, policy->trades[i].code, &policy->trades[i].label);
    }
}

static size_t source_room(const struct gj_policy *policy, const char *source)
{
    const struct gj_options *options = options_of(policy, source);
    return options != NULL ? options->count : policy->priority_count + policy->category_count + policy->trade_count;
}

static bool add_choices(struct gj_ctx *ctx, const struct gj_field *declared, Gj__V1__KindField *field)
{
    const char *source = declared->choices_from;
    struct labels labels =
        labels_for(ctx->arena, declared->choice_count + (source == NULL ? 0 : source_room(ctx->policy, source)));
    for (size_t i = 0; i < declared->choice_count; i++) {
        add_label(&labels, declared->choices[i].code, &declared->choices[i].label);
    }
    if (source != NULL) {
        add_source(&labels, ctx->policy, source);
    }
    return take_labels(&labels, &field->choices, &field->n_choices);
}

static Gj__V1__KindField **fields_of(struct gj_ctx *ctx, const struct gj_field *declared, size_t count);

static Gj__V1__KindField *field_of(struct gj_ctx *ctx, const struct gj_field *declared)
{
    Gj__V1__KindField *field = GJ_ARENA_NEW(ctx->arena, Gj__V1__KindField);
    if (field == NULL) {
        return NULL;
    }
    gj__v1__kind_field__init(field);
    field->key = (char *)declared->key;
    field->type = (char *)gj_field_type_word(declared->type);
    field->title_zh = (char *)declared->label.zh;
    field->title_en = (char *)declared->label.en;
    field->decimals = declared->decimals;
    field->columns = fields_of(ctx, declared->columns, declared->column_count);
    field->n_columns = declared->column_count;
    return field->columns != NULL && add_choices(ctx, declared, field) ? field : NULL;
}

static Gj__V1__KindField **fields_of(struct gj_ctx *ctx, const struct gj_field *declared, size_t count)
{
    Gj__V1__KindField **fields = GJ_ARENA_ARRAY(ctx->arena, count + 1, Gj__V1__KindField *);
    for (size_t i = 0; fields != NULL && i < count; i++) {
        fields[i] = field_of(ctx, &declared[i]);
        if (fields[i] == NULL) {
            return NULL;
        }
    }
    return fields;
}

static bool add_words(struct gj_arena *arena, const struct gj_kind *kind, Gj__V1__KindInfo *info)
{
    struct labels states = labels_for(arena, kind->state_count);
    struct labels acts = labels_for(arena, kind->act_count);
    struct labels timers = labels_for(arena, kind->timer_count);
    for (size_t i = 0; i < kind->state_count; i++) {
        add_label(&states, kind->states[i].code, &kind->states[i].label);
    }
    for (size_t i = 0; i < kind->act_count; i++) {
        add_label(&acts, kind->acts[i].name, &kind->acts[i].label);
    }
    info->from_received = GJ_ARENA_ARRAY(arena, kind->timer_count + 1, char *);
    for (size_t i = 0; info->from_received != NULL && i < kind->timer_count; i++) {
        add_label(&timers, kind->timers[i].name, &kind->timers[i].label);
        if (kind->timers[i].from_received) {
            info->from_received[info->n_from_received++] = (char *)kind->timers[i].name;
        }
    }
    return info->from_received != NULL && take_labels(&states, &info->states, &info->n_states) &&
           take_labels(&acts, &info->acts, &info->n_acts) && take_labels(&timers, &info->timers, &info->n_timers);
}

static Gj__V1__KindInfo *info_of(struct gj_ctx *ctx, const struct gj_kind *kind, bool whole)
{
    Gj__V1__KindInfo *info = GJ_ARENA_NEW(ctx->arena, Gj__V1__KindInfo);
    if (info == NULL) {
        return NULL;
    }
    gj__v1__kind_info__init(info);
    info->code = (char *)kind->code;
    info->kind = kind->number;
    info->title_zh = (char *)kind->label.zh;
    info->title_en = (char *)kind->label.en;
    info->columns = GJ_ARENA_ARRAY(ctx->arena, kind->list_count + 1, char *);
    for (size_t i = 0; info->columns != NULL && i < kind->list_count; i++) {
        info->columns[info->n_columns++] = (char *)kind->fields[kind->list[i]].key;
    }
    bool made = info->columns != NULL;
    if (made && whole) {
        info->fields = fields_of(ctx, kind->fields, kind->field_count);
        info->n_fields = info->fields == NULL ? 0 : kind->field_count;
        made = info->fields != NULL && add_words(ctx->arena, kind, info);
    }
    return made ? info : NULL;
}

static bool add_common_words(struct gj_ctx *ctx, Gj__V1__KindList *list)
{
    const struct gj_policy *policy = ctx->policy;
    struct labels roles = labels_for(ctx->arena, policy->role_count);
    struct labels obligations = labels_for(ctx->arena, policy->obligation_count);
    for (size_t i = 0; i < policy->role_count; i++) {
        add_label(&roles, policy->roles[i].code, &policy->roles[i].label);
    }
    for (size_t i = 0; i < policy->obligation_count; i++) {
        add_label(&obligations, policy->obligations[i].code, &policy->obligations[i].label);
    }
    return take_labels(&roles, &list->roles, &list->n_roles) &&
           take_labels(&obligations, &list->obligations, &list->n_obligations);
}

static bool add_kinds(struct gj_ctx *ctx, const char *only, Gj__V1__KindList *list)
{
    list->kinds = GJ_ARENA_ARRAY(ctx->arena, ctx->policy->kind_count + 1, Gj__V1__KindInfo *);
    for (size_t i = 0; list->kinds != NULL && i < ctx->policy->kind_count; i++) {
        const struct gj_kind *kind = ctx->policy->kinds[i];
        if (only[0] != '\0' && strcmp(only, kind->code) != 0) {
            continue;
        }
        list->kinds[list->n_kinds] = info_of(ctx, kind, only[0] != '\0');
        if (list->kinds[list->n_kinds++] == NULL) {
            return false;
        }
    }
    return list->kinds != NULL;
}

void gj_register_read_kinds(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const char *only = ((const Gj__V1__KindListRequest *)message)->kind;
    Gj__V1__KindList *list = GJ_ARENA_NEW(ctx->arena, Gj__V1__KindList);
    if (list != NULL) {
        gj__v1__kind_list__init(list);
        list->policy = ctx->policy->version;
    }
    if (list == NULL || !add_kinds(ctx, only, list) || (only[0] == '\0' && !add_common_words(ctx, list))) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    if (list->n_kinds == 0) {
        gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "kind", NULL);
        return;
    }
    gj_answer_ok(ctx, &list->base);
}
