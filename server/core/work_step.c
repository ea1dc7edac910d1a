/* What a decided step does to a record, and what follows from it. */
#include <string.h>

#include "common/policy/draw.h"
#include "core/assign.h"
#include "core/command.h"
#include "core/core.h"
#include "core/notify.h"
#include "core/policies.h"
#include "core/stand_in.h"
#include "core/subject.h"
#include "core/work.h"
#include "core/work_seal.h"
#include "core/work_code.h"
#include "store/record.h"

static const Gj__V1__Field *value_of(struct gj_ctx *ctx, const struct gj_work *work, const char *key)
{
    const Gj__V1__Field *stored = gj_work_field(work, key);
    if (stored != NULL) {
        return stored;
    }
    const struct gj_field_value *head = gj_value_find(work->view.values, work->view.value_count, key);
    if (head == NULL) {
        return NULL;
    }
    switch (head->shape) {
    case GJ_SHAPE_REF:
        return gj_work_field_ref(ctx->arena, key, (uint64_t)head->number);
    case GJ_SHAPE_TIME:
        return gj_work_field_time(ctx->arena, key, head->number);
    case GJ_SHAPE_TEXT:
        return gj_work_field_text(ctx->arena, key, gj_arena_strndup(ctx->arena, head->text, head->text_len));
    default:
        return NULL;
    }
}

static void copy_field(struct gj_ctx *ctx, struct gj_work *work, const char *to, const char *from)
{
    const Gj__V1__Field *source = value_of(ctx, work, from);
    Gj__V1__Field *copy = GJ_ARENA_NEW(ctx->arena, Gj__V1__Field);
    if (copy == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    if (source == NULL) {
        gj__v1__field__init(copy);
    } else {
        *copy = *source;
    }
    copy->key = (char *)to;
    gj_work_set(ctx, work, copy);
}

/* A time that the step itself may have handed in stays as told. */
static bool handed_in(const struct gj_work_step *step, const char *key)
{
    for (size_t i = 0; i < step->given_count; i++) {
        if (strcmp(step->given[i]->key, key) == 0) {
            return true;
        }
    }
    return false;
}

static void do_set(struct gj_ctx *ctx, struct gj_work *work, const struct gj_work_step *step, const struct gj_set *set)
{
    const char *key = work->kind->fields[set->field_at].key;
    Gj__V1__Field *value = NULL;
    switch (set->op) {
    case GJ_SET_ADD: {
        const Gj__V1__Field *now = gj_work_field(work, key);
        int64_t number = now != NULL && now->value_case == GJ__V1__FIELD__VALUE_NUMBER ? now->number : 0;
        value = gj_work_field_number(ctx->arena, key, number + set->number);
        break;
    }
    case GJ_SET_ACTOR:
        value = gj_work_field_ref(ctx->arena, key, step->actor);
        break;
    case GJ_SET_NOW:
        if (handed_in(step, key)) {
            return;
        }
        value = gj_work_field_time(ctx->arena, key, step->act_at);
        break;
    case GJ_SET_TEXT:
        value = gj_work_field_text(ctx->arena, key, set->text);
        break;
    case GJ_SET_CLEAR:
        value = gj_work_field_text(ctx->arena, key, "");
        break;
    case GJ_SET_COPY:
        copy_field(ctx, work, key, work->kind->fields[set->from_at].key);
        return;
    }
    if (value == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    gj_work_set(ctx, work, value);
}

static void mark(struct gj_ctx *ctx, struct gj_work *work, const struct gj_work_step *step)
{
    for (int relation = 1; relation < 32; relation++) {
        if (step->transition->unmarks >> relation & 1u) {
            gj_work_untie(work, (enum gj_relation)relation);
        }
    }
    for (int relation = 1; relation < 32; relation++) {
        if (step->transition->marks >> relation & 1u) {
            gj_work_tie(ctx, work, (enum gj_relation)relation, step->actor);
        }
    }
}

/* A record that was handed over has the region, limits and weather of its new office from here on. */
static void follow_office(struct gj_ctx *ctx, struct gj_work *work)
{
    if (work->row->office == work->office->id) {
        return;
    }
    struct gj_key key = gj_key_of_u64(work->row->office);
    Gj__Stored__Office *office = NULL;
    if (gj_record_load(
            ctx->txn, GJ_TABLE_OFFICE, &key, &gj__stored__office__descriptor, ctx->arena, (void **)&office)) {
        work->office = office;
        work->row->profile = office->profile;
        work->row->city = office->city;
    }
}

/* What was handed in. A code of the owner has done its work and is not kept. */
static void set_given(struct gj_ctx *ctx, struct gj_work *work, const struct gj_work_step *step)
{
    for (size_t i = 0; i < step->given_count; i++) {
        uint16_t at = gj_kind_field(work->kind, step->given[i]->key);
        if (at == GJ_NO_INDEX || !work->kind->fields[at].one_time) {
            gj_work_set(ctx, work, step->given[i]);
        }
    }
}

void gj_work_take(struct gj_ctx *ctx, struct gj_work *work, const struct gj_work_step *step)
{
    Gj__Stored__Record *row = work->row;
    uint64_t had_it = row->assignee;
    set_given(ctx, work, step);
    for (size_t i = 0; i < step->transition->set_count; i++) {
        do_set(ctx, work, step, &step->transition->sets[i]);
    }
    mark(ctx, work, step);
    work->taken_from = row->assignee != had_it && had_it != step->actor ? had_it : 0;
    gj_assign_note(ctx, work, step->assignment);
    if (step->from != step->to) {
        row->n_asked = 0; /* the step they were asked for is taken */
    }
    const struct gj_state *state = gj_kind_state(work->kind, step->to);
    if (step->from != step->to || work->fresh) {
        row->state = (char *)state->code;
    }
    gj_assign_taken(work);
    row->open = state->class == GJ_STATE_OPEN;
    if (step->closes || (work->fresh && !row->open)) {
        row->closed_at = ctx->now_ms;
    }
    row->stated_count += step->stated ? 1 : 0;
    follow_office(ctx, work);
    gj_work_refresh(ctx, work);
    if (step->from != step->to || work->fresh) {
        gj_code_turn(ctx, work);
    }
    struct gj_deadline_place place = gj_work_place(ctx, work);
    gj_deadline_transition(
        &place, &work->view, step->transition, step->from, step->to, ctx->now_ms, work->timers, &work->timer_count);
    for (size_t i = 0; i < work->timer_count; i++) {
        /* A deadline that depends on what was handed in (an appointment, another priority) is computed anew. */
        struct gj_timer_state *timer = &work->timers[i];
        if (timer->stopped_at == 0) {
            (void)gj_deadline_recompute(&place, &work->view, timer);
        }
        if (step->stated && (timer->stopped_at == ctx->now_ms || timer->started_at == ctx->now_ms)) {
            work->told |= UINT32_C(1) << timer->timer_at;
        }
    }
}

/* --- what follows --- */

static void follow_act(struct gj_ctx *ctx, uint64_t id, const char *act)
{
    Gj__Work__Act *body = GJ_ARENA_NEW(ctx->arena, Gj__Work__Act);
    if (body == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    gj__work__act__init(body);
    body->id = id;
    body->act = (char *)act;
    gj_apply_follow(ctx, GJ__V1__CALL__RECORD_ACT, &body->base);
}

static void add_field(Gj__Work__Create *body, Gj__V1__Field *field)
{
    if (field != NULL) {
        body->fields[body->n_fields++] = field;
    }
}

#define FOLLOW_FIELDS_MAX 10
#define DUTY_LOG "duty_log"

static bool declares(const struct gj_kind *kind, const char *key)
{
    return gj_kind_field(kind, key) != GJ_NO_INDEX;
}

/* The type of link by which the new record points back. */
static const char *link_code(const struct gj_kind *from, const struct gj_kind *to, const char *named)
{
    for (size_t i = 0; named == NULL && i < from->link_count; i++) {
        if (from->links[i].kind != NULL && strcmp(from->links[i].kind, to->code) == 0) {
            return from->links[i].code;
        }
    }
    return named == NULL ? "" : named;
}

static void carry_ref(
    struct gj_ctx *ctx, Gj__Work__Create *body, const struct gj_kind *kind, const char *key, uint64_t id)
{
    if (id != 0 && declares(kind, key)) {
        add_field(body, gj_work_field_ref(ctx->arena, key, id));
    }
}

static void carry_text(
    struct gj_ctx *ctx, Gj__Work__Create *body, const struct gj_kind *kind, const char *key, const char *text)
{
    if (text[0] != '\0' && declares(kind, key)) {
        add_field(body, gj_work_field_text(ctx->arena, key, text));
    }
}

/* What the matter is about: a record that goes on with it says so too, and is sealed with the same key. Texts that are
 * sealed stay where they are. */
static void carry_matter(
    struct gj_ctx *ctx, const Gj__Stored__Record *row, const struct gj_kind *kind, Gj__Work__Create *body)
{
    struct gj_subject subject = gj_seal_subject(row->subject);
    body->subject_kind = subject.kind;
    body->subject = subject.id;
    carry_ref(ctx, body, kind, "parent", row->id);
    carry_ref(ctx, body, kind, "unit", row->unit);
    carry_ref(ctx, body, kind, "asset", row->asset);
    carry_text(ctx, body, kind, "place", row->place);
    carry_text(ctx, body, kind, "category", row->category);
}

/* A record made by a step of another: in the same office, for the same household, linked back. A line of the duty log
 * says nothing but codes: the clock and the rung. */
static void follow_create(
    struct gj_ctx *ctx, const struct gj_work *work, const struct gj_follow *follow, const char *timer, const char *step)
{
    bool log = follow->op == GJ_FOLLOW_LOG;
    const char *kind_code = log ? DUTY_LOG : follow->kind;
    const struct gj_kind *kind = gj_policy_kind(ctx->policy, kind_code);
    Gj__Work__Create *body = GJ_ARENA_NEW(ctx->arena, Gj__Work__Create);
    Gj__V1__Field **fields = GJ_ARENA_ARRAY(ctx->arena, FOLLOW_FIELDS_MAX, Gj__V1__Field *);
    Gj__V1__Link **links = GJ_ARENA_ARRAY(ctx->arena, 1, Gj__V1__Link *);
    Gj__V1__Link *back = GJ_ARENA_NEW(ctx->arena, Gj__V1__Link);
    if (kind == NULL || body == NULL || fields == NULL || links == NULL || back == NULL) {
        gj_txn_fail(ctx->txn, kind == NULL ? GJ_ECORRUPT : gj_arena_why(ctx->arena));
        return;
    }
    const Gj__Stored__Record *row = work->row;
    gj__work__create__init(body);
    body->kind = kind->number;
    body->policy = ctx->policy->version;
    body->office = row->office;
    body->from_record = row->id;
    body->subject_kind = GJ_SUBJECT_OFFICE;
    body->subject = row->office;
    body->fields = fields;
    carry_ref(ctx, body, kind, "household", row->household);
    if (!log) {
        carry_matter(ctx, row, kind, body);
    }
    if (declares(kind, "line_type")) {
        add_field(body, gj_work_field_text(ctx->arena, "line_type", timer != NULL ? "breach" : "system"));
    }
    if (timer != NULL && declares(kind, "timer")) {
        add_field(body, gj_work_field_text(ctx->arena, "timer", timer));
    }
    if (step != NULL && declares(kind, "step")) {
        add_field(body, gj_work_field_text(ctx->arena, "step", step));
    }
    if (declares(kind, "record")) {
        add_field(body, gj_work_field_ref(ctx->arena, "record", row->id));
    }
    gj__v1__link__init(back);
    back->kind = (char *)work->kind->code;
    back->number = row->number;
    back->id = row->id;
    back->link = (char *)link_code(kind, work->kind, follow->link);
    links[0] = back;
    body->links = links;
    body->n_links = 1;
    if (timer != NULL) {
        (void)gj_work_create_now(
            ctx, body); /* one command of timers may have more of them than follow-ons are allowed */
    } else {
        gj_apply_follow(ctx, GJ__V1__CALL__RECORD_CREATE, &body->base);
    }
}

void gj_work_follow(struct gj_ctx *ctx, struct gj_work *work, const struct gj_follow *follow, size_t count,
    const char *timer, const char *step)
{
    for (size_t i = 0; i < count; i++) {
        switch (follow[i].op) {
        case GJ_FOLLOW_CREATE:
            follow_create(ctx, work, &follow[i], timer, step);
            break;
        case GJ_FOLLOW_LOG:
            if (gj_policy_kind(ctx->policy, DUTY_LOG) != NULL) {
                follow_create(ctx, work, &follow[i], timer, step);
            }
            break;
        case GJ_FOLLOW_ACT_PARENT:
            if (work->row->parent != 0) {
                follow_act(ctx, work->row->parent, follow[i].act);
            }
            break;
        case GJ_FOLLOW_ACT_LINKED:
            for (size_t j = 0; j < work->row->n_links; j++) {
                const Gj__V1__Link *link = work->row->links[j];
                if (link->id != 0 && (follow[i].link == NULL || strcmp(link->link, follow[i].link) == 0)) {
                    follow_act(ctx, link->id, follow[i].act);
                }
            }
            break;
        }
    }
}

/* Those that point to a record which has just closed may have waited for it. */
static void wake_pointing(struct gj_ctx *ctx, const struct gj_work *work)
{
    struct gj_key prefix;
    gj_key_init(&prefix);
    gj_key_u16(&prefix, (uint16_t)work->row->kind);
    gj_key_u64(&prefix, work->row->id);
    uint64_t ids[GJ_WORK_WAKE_MAX];
    size_t count = 0;
    struct gj_iter iter;
    gj_iter_prefix(&iter, ctx->txn, GJ_TABLE_BY_SUBJECT, &prefix, GJ_FORWARD);
    while (count < GJ_WORK_WAKE_MAX && gj_iter_next(&iter)) {
        struct gj_key_reader reader = gj_key_read(iter.key.data, iter.key.len);
        (void)gj_key_read_u16(&reader);
        (void)gj_key_read_u64(&reader);
        ids[count++] = gj_key_read_u64(&reader);
    }
    gj_iter_close(&iter);
    for (size_t i = 0; i < count; i++) {
        follow_act(ctx, ids[i], "");
    }
}

/* Whoever loses work through somebody else hears of it, whomever else the step tells. */
static void tell_former(struct gj_ctx *ctx, struct gj_work *work, const struct gj_transition *transition)
{
    if (work->taken_from == 0) {
        return;
    }
    const char *code = gj_arena_printf(ctx->arena, "record.%s", work->kind->acts[transition->act_at].name);
    if (code == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    gj_notify_person(ctx, work, work->taken_from, code);
}

void gj_work_after(struct gj_ctx *ctx, struct gj_work *work, const struct gj_transition *transition)
{
    if (transition != NULL) {
        gj_notify_step(ctx, work, transition);
        tell_former(ctx, work, transition);
        gj_work_follow(ctx, work, transition->follow, transition->follow_count, NULL, NULL);
    }
    gj_stand_in_review(ctx, work);
    if (gj_flow_automatic(work->kind, &work->view) != NULL) {
        follow_act(ctx, work->row->id, "");
    }
    if (transition != NULL) {
        gj_assign_review(ctx, work);
    }
    if (!work->row->open && transition != NULL) {
        wake_pointing(ctx, work);
    }
}

/* --- draws --- */

#define DRAW_PURPOSE "follow_up"

/* The seed of a month is written to the log by the first record of that month, before that record is drawn. */
uint16_t gj_work_draw(struct gj_ctx *ctx, uint64_t id)
{
    struct gj_date date = gj_date_of(gj_cst_day(ctx->now_ms));
    const char *name = gj_arena_printf(ctx->arena, "draw.%04d-%02d", date.year, date.month);
    if (name == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return 0;
    }
    struct gj_key key = gj_key_of_name(name);
    struct gj_value seed;
    uint8_t bytes[GJ_DRAW_SEED_SIZE];
    if (gj_txn_get(ctx->txn, GJ_TABLE_SETTING, &key, &seed) && seed.len == sizeof(bytes)) {
        memcpy(bytes, seed.data, sizeof(bytes));
    } else {
        struct gj_entry entry = {.type = GJ_ENTRY_DRAW,
            .subject_kind = GJ_SUBJECT_DRAW,
            .subject = (uint64_t)(date.year * 100 + date.month),
            .has_object = true};
        memcpy(bytes, ctx->command->random, sizeof(bytes));
        memcpy(entry.object, bytes, sizeof(entry.object));
        (void)gj_entry_word(&entry.action, DRAW_PURPOSE);
        uint64_t before = ctx->apply->written.event;
        (void)gj_apply_entry(ctx, &entry, NULL, 0);
        ctx->apply->written.event = before; /* the answer names the record's own entry */
        gj_txn_put(ctx->txn, GJ_TABLE_SETTING, &key, bytes, sizeof(bytes));
    }
    return gj_draw_one(bytes, DRAW_PURPOSE, id);
}
