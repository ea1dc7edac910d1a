/* Corrections (更正): any field of an open record, with a reason; additions to a closed one; links. */
#include <string.h>

#include "common/policy/form.h"
#include "core/core.h"
#include "core/notify.h"
#include "core/work.h"
#include "core/work_decide.h"

static bool decide_amend(struct gj_ctx *ctx, const Gj__Work__Amend *body, struct gj_work *work)
{
    struct gj_access_answer access;
    if (!gj_work_must_load(ctx, body->id, work) || !gj_work_access(ctx, work, GJ_ACCESS_UPDATE, &access) ||
        !gj_work_in_step(ctx, work, body->revision, &(const ProtobufCBinaryData){0}, "")) {
        return false;
    }
    size_t count = 0;
    struct gj_field_value *given =
        gj_work_given(ctx, body->fields, body->n_fields, body->text == NULL ? NULL : GJ_FORM_AMEND_REASON, &count);
    struct gj_flow_request request = {
        .act = "amend", .actor = ctx->actor, .now_ms = ctx->now_ms, .given = given, .given_count = count};
    struct gj_refusal refusal = {0};
    if (given == NULL || !gj_flow_may_amend(work->kind, &work->view, &request, &refusal)) {
        return gj_answer_refusal(ctx, &refusal);
    }
    int64_t received_ms = work->row->received_at;
    for (size_t i = 0; i < body->n_fields; i++) {
        const Gj__V1__Field *field = body->fields[i];
        if (strcmp(field->key, "received_at") != 0) {
            continue;
        }
        received_ms = field->time;
        if (field->time > ctx->now_ms) {
            return gj_refuse(ctx, GJ__V1__STATUS__INVALID, "time_in_future", "received_at", NULL);
        }
    }
    return gj_work_moments(ctx, work->kind, NULL, body->fields, body->n_fields, 0, received_ms);
}

/* Every clock is computed again from what it rests on; what it was due before stays visible beside it. */
static void recompute(struct gj_ctx *ctx, struct gj_work *work)
{
    struct gj_deadline_place place = gj_work_place(ctx, work);
    for (size_t i = 0; i < work->timer_count; i++) {
        struct gj_timer_state *timer = &work->timers[i];
        if (work->kind->timers[timer->timer_at].from_received) {
            timer->base_at = work->row->received_at;
        }
        (void)gj_deadline_recompute(&place, &work->view, timer);
    }
}

void gj_work_apply_amend(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Work__Amend *body = (const Gj__Work__Amend *)message;
    struct gj_work work;
    if (!decide_amend(ctx, body, &work)) {
        return;
    }
    uint64_t old_assignee = work.row->assignee;
    int64_t old_received = work.row->received_at;
    for (size_t i = 0; i < body->n_fields; i++) {
        gj_work_set(ctx, &work, body->fields[i]);
    }
    work.row->stated_count += work.row->received_at != old_received ? 1 : 0;
    gj_work_refresh(ctx, &work);
    recompute(ctx, &work);
    struct gj_work_note note = {.action = "amend",
        .text = body->text,
        .by = gj_work_roles(ctx, &work, NULL),
        .fields = body->fields,
        .field_count = body->n_fields};
    (void)gj_work_entry(ctx, &work, &note);
    gj_work_save(ctx, &work);
    if (work.row->assignee != old_assignee) {
        gj_notify_person(ctx, &work, work.row->assignee, "record.assigned");
    }
    gj_work_after(ctx, &work, NULL);
}

/* --- addendum --- */

void gj_work_apply_addendum(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Work__Addendum *body = (const Gj__Work__Addendum *)message;
    struct gj_work work;
    struct gj_access_answer access;
    if (!gj_work_must_load(ctx, body->id, &work) || !gj_work_access(ctx, &work, GJ_ACCESS_ACT, &access) ||
        !gj_work_attachments(ctx, &work, body->attachments, body->n_attachments)) {
        return;
    }
    struct gj_field_value given = {.key = GJ_FORM_NOTE, .shape = GJ_SHAPE_SEALED};
    struct gj_flow_request request = {.act = "addendum",
        .actor = ctx->actor,
        .now_ms = ctx->now_ms,
        .given = &given,
        .given_count = body->text == NULL ? 0 : 1};
    struct gj_flow_result flow = {0};
    struct gj_refusal refusal = {0};
    if (!gj_flow_decide(work.kind, &work.view, &request, &flow, &refusal)) {
        gj_answer_refusal(ctx, &refusal);
        return;
    }
    gj_work_attach(ctx, &work, body->attachments, body->n_attachments);
    struct gj_work_note note = {
        .type = GJ_ENTRY_CORRECTION, .action = "addendum", .text = body->text, .by = gj_work_roles(ctx, &work, NULL)};
    (void)gj_work_entry(ctx, &work, &note);
    gj_work_save(ctx, &work);
}

/* --- links --- */

static bool same_link(const Gj__V1__Link *a, const Gj__V1__Link *b)
{
    return a->id == b->id && strcmp(a->kind, b->kind) == 0 && strcmp(a->number, b->number) == 0;
}

static size_t find_link(const Gj__Stored__Record *row, const Gj__V1__Link *link)
{
    for (size_t i = 0; i < row->n_links; i++) {
        if (same_link(row->links[i], link)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static bool decide_link(struct gj_ctx *ctx, const Gj__Work__Link *body, struct gj_work *work, size_t *at)
{
    struct gj_access_answer access;
    if (!gj_work_must_load(ctx, body->id, work) || !gj_work_access(ctx, work, GJ_ACCESS_UPDATE, &access) ||
        !gj_work_in_step(ctx, work, body->revision, &(const ProtobufCBinaryData){0}, "")) {
        return false;
    }
    *at = find_link(work->row, body->link);
    if (body->remove && *at == SIZE_MAX) {
        return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "link", NULL);
    }
    if (!body->remove && *at != SIZE_MAX) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "already_exists", "link", NULL);
    }
    if (!body->remove && work->row->n_links >= GJ_WORK_LINKS_MAX) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "limit_reached", "link", NULL);
    }
    return true;
}

static struct gj_key pointing_key(const Gj__V1__Link *link, uint16_t kind, uint64_t id)
{
    struct gj_key key;
    gj_key_init(&key);
    gj_key_u16(&key, kind);
    gj_key_u64(&key, link->id);
    gj_key_u64(&key, id);
    return key;
}

static void change_links(struct gj_ctx *ctx, Gj__Stored__Record *row, const Gj__Work__Link *body, size_t at)
{
    if (body->remove) {
        row->n_links--;
        memmove(&row->links[at], &row->links[at + 1], (row->n_links - at) * sizeof(row->links[0]));
        return;
    }
    Gj__V1__Link **links = GJ_ARENA_ARRAY(ctx->arena, row->n_links + 1, Gj__V1__Link *);
    if (links == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    if (row->n_links > 0) {
        memcpy(links, row->links, row->n_links * sizeof(links[0]));
    }
    links[row->n_links++] = body->link;
    row->links = links;
}

void gj_work_apply_link(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Work__Link *body = (const Gj__Work__Link *)message;
    struct gj_work work;
    size_t at = SIZE_MAX;
    if (!decide_link(ctx, body, &work, &at)) {
        return;
    }
    const struct gj_kind *kind = gj_policy_kind(ctx->policy, body->link->kind);
    change_links(ctx, work.row, body, at);
    gj_work_refresh(ctx, &work);
    struct gj_work_note note = {.action = body->remove ? "unlink" : "link",
        .by = gj_work_roles(ctx, &work, NULL),
        .related = body->link->id,
        .related_kind = kind == NULL ? 0 : kind->number};
    (void)gj_work_entry(ctx, &work, &note);
    gj_work_save(ctx, &work);
    if (body->link->id != 0 && kind != NULL) {
        struct gj_key key = pointing_key(body->link, kind->number, work.row->id);
        if (body->remove) {
            (void)gj_txn_del(ctx->txn, GJ_TABLE_BY_SUBJECT, &key);
        } else {
            gj_txn_put(ctx->txn, GJ_TABLE_BY_SUBJECT, &key, "", 0);
        }
    }
    gj_work_after(ctx, &work, NULL);
}
