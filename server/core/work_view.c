#include "core/work_view.h"

#include <string.h>

#include "common/pb.h"
#include "common/policy/form.h"
#include "core/core.h"
#include "core/stand_in.h"
#include "core/subject.h"
#include "core/work.pb-c.h"
#include "core/work_clock.h"
#include "core/work_seal.h"

struct viewing {
    struct gj_ctx *ctx;
    const struct gj_work *work;
    const struct gj_access_answer *access;
    bool open;
    struct gj_seal seal;
    bool have_key, no_key;
};

/* Keys are looked up only when something sealed is to be shown. */
static bool have_key(struct viewing *viewing)
{
    if (!viewing->have_key && !viewing->no_key) {
        viewing->have_key = gj_seal_init(&viewing->seal, viewing->ctx, viewing->work->row->subject) == GJ_OK;
        viewing->no_key = !viewing->have_key;
    }
    return viewing->have_key;
}

static bool may_open(const struct viewing *viewing, uint16_t at)
{
    const struct gj_field *field = &viewing->work->kind->fields[at];
    return viewing->open && gj_who_matches(&field->open_to, &viewing->work->view, viewing->ctx->actor);
}

static Gj__V1__Field *masked(struct viewing *viewing, const struct gj_field *declared, const Gj__V1__Field *plain)
{
    Gj__V1__Field *field = gj_work_field_text(viewing->ctx->arena, declared->key, "");
    char text[96] = "***";
    if (field == NULL) {
        return NULL;
    }
    if (plain != NULL && plain->value_case == GJ__V1__FIELD__VALUE_TEXT) {
        gj_form_mask(declared->mask, plain->text, strlen(plain->text), text, sizeof(text));
    }
    field->value_case = GJ__V1__FIELD__VALUE_MASKED;
    field->masked = gj_arena_strdup(viewing->ctx->arena, text);
    return field->masked == NULL ? NULL : field;
}

/* One field for this reader; NULL: not shown. */
static Gj__V1__Field *show_field(struct viewing *viewing, Gj__V1__Field *stored)
{
    struct gj_ctx *ctx = viewing->ctx;
    uint16_t at = gj_kind_field(viewing->work->kind, stored->key);
    if (at == GJ_NO_INDEX) {
        return NULL; /* no declaration says who may see it */
    }
    const struct gj_field *declared = &viewing->work->kind->fields[at];
    bool opened = may_open(viewing, at);
    if (gj_field_set_has(&viewing->access->hidden, at) && !opened) {
        return NULL;
    }
    bool mask = gj_field_set_has(&viewing->access->masked, at) && !opened;
    Gj__V1__Field *plain = stored;
    if (stored->value_case == GJ__V1__FIELD__VALUE_SEALED) {
        plain = NULL;
        if (have_key(viewing) && gj_seal_open_field(&viewing->seal, ctx->arena, stored, &plain) != GJ_OK) {
            plain = NULL;
        }
    }
    if (mask || plain == NULL) {
        return masked(viewing, declared, plain);
    }
    return plain;
}

static void head(const struct gj_work *work, Gj__V1__Record *record)
{
    const Gj__Stored__Record *row = work->row;
    record->id = row->id;
    record->kind = row->kind;
    record->kind_code = (char *)work->kind->code;
    record->number = row->number;
    record->office = row->office;
    record->state = row->state;
    record->revision = row->revision;
    record->priority = row->priority;
    record->category = row->category;
    record->assignee = row->assignee;
    record->household = row->household;
    record->unit = row->unit;
    record->asset = row->asset;
    record->place = row->place;
    record->received_at = row->received_at;
    record->recorded_at = row->recorded_at;
    record->created_by = row->created_by;
    record->policy = row->policy;
    record->timers = row->timers;
    record->n_timers = row->n_timers;
    record->links = row->links;
    record->n_links = row->n_links;
    record->related = row->related;
    record->n_related = row->n_related;
    record->events = row->entry_count;
    record->due_at = gj_work_due_at(work);
    record->parent = row->parent;
    record->awaiting_office = row->awaiting_office;
    record->pending_act = row->pending_act;
    record->pending_by = row->pending_by;
    record->asked = row->asked;
    record->n_asked = row->n_asked;
}

static Gj__V1__Field **show_fields(
    struct viewing *viewing, Gj__V1__Field *const *stored, size_t n_stored, size_t *count)
{
    Gj__V1__Field **fields = GJ_ARENA_ARRAY(viewing->ctx->arena, n_stored, Gj__V1__Field *);
    for (size_t i = 0; fields != NULL && i < n_stored; i++) {
        Gj__V1__Field *field = show_field(viewing, stored[i]);
        if (field != NULL) {
            fields[(*count)++] = field;
        }
    }
    return fields;
}

/* What the second person is asked to consent to. */
static bool show_pending(struct viewing *viewing, Gj__V1__Record *record)
{
    const Gj__Stored__Record *row = viewing->work->row;
    Gj__Work__Act *asked = NULL;
    if (row->pending_act[0] == '\0') {
        return true;
    }
    enum gj_err err = gj_pb_unpack_own(&gj__work__act__descriptor, viewing->ctx->arena, row->pending_body.data,
        row->pending_body.len, (ProtobufCMessage **)&asked);
    if (err != GJ_OK) {
        gj_txn_fail(viewing->ctx->txn, err);
        return false;
    }
    record->pending = show_fields(viewing, asked->fields, asked->n_fields, &record->n_pending);
    return record->pending != NULL;
}

Gj__V1__Record *gj_work_wire(
    struct gj_ctx *ctx, const struct gj_work *work, const struct gj_access_answer *access, bool open)
{
    struct viewing viewing = {.ctx = ctx, .work = work, .access = access, .open = open};
    Gj__V1__Record *record = GJ_ARENA_NEW(ctx->arena, Gj__V1__Record);
    if (record == NULL) {
        return NULL;
    }
    gj__v1__record__init(record);
    head(work, record);
    record->demo = ctx->core->demo;
    record->fields = show_fields(&viewing, work->row->fields, work->row->n_fields, &record->n_fields);
    bool shown = record->fields != NULL && show_pending(&viewing, record);
    gj_seal_fini(&viewing.seal);
    return shown ? record : NULL;
}

void gj_work_row(const struct gj_work *work, Gj__V1__Row *out)
{
    const Gj__Stored__Record *record = work->row;
    gj__v1__row__init(out);
    out->id = record->id;
    out->kind = record->kind;
    out->office = record->office;
    out->number = record->number;
    out->state = record->state;
    out->revision = record->revision;
    out->priority = record->priority;
    out->category = record->category;
    out->assignee = record->assignee;
    out->place = record->place;
    out->received_at = record->received_at;
    out->due_at = gj_work_due_at(work);
    out->breached = gj_work_breached(work);
}

Gj__V1__Row *gj_work_row_of_record(struct gj_arena *arena, const struct gj_work *work)
{
    Gj__V1__Row *row = GJ_ARENA_NEW(arena, Gj__V1__Row);
    if (row != NULL) {
        gj_work_row(work, row);
    }
    return row;
}

static char **keys_of(struct gj_arena *arena, const struct gj_kind *kind, const struct gj_field_set *set, size_t *count)
{
    char **keys = GJ_ARENA_ARRAY(arena, kind->field_count, char *);
    *count = 0;
    for (size_t i = 0; keys != NULL && i < kind->field_count; i++) {
        if (gj_field_set_has(set, i)) {
            keys[(*count)++] = (char *)kind->fields[i].key;
        }
    }
    return keys;
}

static Gj__V1__Action *action_of(struct gj_arena *arena, const struct gj_work *work, const struct gj_flow_offer *offer)
{
    Gj__V1__Action *action = GJ_ARENA_NEW(arena, Gj__V1__Action);
    if (action == NULL) {
        return NULL;
    }
    gj__v1__action__init(action);
    action->act = (char *)offer->act;
    const struct gj_state *to = offer->to == 0 ? NULL : gj_kind_state(work->kind, offer->to);
    action->to = to == NULL ? action->to : (char *)to->code;
    action->need = keys_of(arena, work->kind, &offer->need, &action->n_need);
    action->optional = keys_of(arena, work->kind, &offer->optional, &action->n_optional);
    action->on_behalf = offer->transition != NULL && offer->transition->means_field_at != GJ_NO_INDEX;
    if (offer->asks_consent && offer->transition != NULL && offer->transition->approve.count > 0) {
        const struct gj_who *who = &offer->transition->approve.items[0];
        const struct gj_role *role = gj_policy_role_by_number(work->policy, who->role);
        action->approve = role == NULL ? action->approve : (char *)role->code;
    }
    return action;
}

Gj__V1__ActionList *gj_work_actions(struct gj_ctx *ctx, const struct gj_work *work)
{
    struct gj_flow_offer *offers = GJ_ARENA_ARRAY(ctx->arena, GJ_FLOW_OFFERS_MAX, struct gj_flow_offer);
    Gj__V1__ActionList *list = GJ_ARENA_NEW(ctx->arena, Gj__V1__ActionList);
    if (offers == NULL || list == NULL) {
        return NULL;
    }
    struct gj_work here = *work;
    (void)gj_stand_in_arm(ctx, &here);
    size_t count = gj_flow_offers(here.kind, &here.view, ctx->actor, ctx->now_ms, offers);
    gj__v1__action_list__init(list);
    list->revision = work->row->revision;
    list->kind = (char *)work->kind->code;
    list->actions = GJ_ARENA_ARRAY(ctx->arena, count, Gj__V1__Action *);
    for (size_t i = 0; list->actions != NULL && i < count; i++) {
        Gj__V1__Action *action = action_of(ctx->arena, work, &offers[i]);
        if (action == NULL) {
            return NULL;
        }
        list->actions[list->n_actions++] = action;
    }
    return list->actions == NULL ? NULL : list;
}

void gj_work_conflict(struct gj_ctx *ctx, uint64_t id)
{
    struct gj_work work;
    struct gj_access_answer access;
    struct gj_refusal refusal = {0};
    if (gj_work_load(ctx, id, &work) && gj_work_may(ctx, &work, GJ_ACCESS_READ, &access, &refusal)) {
        Gj__V1__Record *record = gj_work_wire(ctx, &work, &access, false);
        ctx->answer.body = record == NULL ? NULL : &record->base;
    }
}
