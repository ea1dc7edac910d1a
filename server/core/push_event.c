#include <string.h>

#include "common/pb.h"
#include "core/actor.h"
#include "core/core.h"
#include "core/policies.h"
#include "core/push_impl.h"
#include "core/subject.h"
#include "store/entry.h"
#include "store/record.h"
#include "store/stored.pb-c.h"

/* Field `events` of Push: number 4, length-delimited. */
#define EVENTS_TAG 0x22

/* Which line of the permission table guards events about things that are no records. */
static const struct {
    uint16_t subject_kind;
    const char *code;
} guards[] = {
    {GJ_SUBJECT_OFFICE, "company"},
    {GJ_SUBJECT_REGION, "company"},
    {GJ_SUBJECT_BUILDING, "company"},
    {GJ_SUBJECT_HOUSEHOLD, "household_file"},
    {GJ_SUBJECT_CALLER, "household_file"},
    {GJ_SUBJECT_ASSET, "asset_register"},
    {GJ_SUBJECT_STAFF, "staff_file"},
    {GJ_SUBJECT_CONTRACTOR, "supplier_directory"},
    {GJ_SUBJECT_USER, "users_roles"},
    {GJ_SUBJECT_DEVICE, "users_roles"},
    {GJ_SUBJECT_INVITATION, "users_roles"},
    {GJ_SUBJECT_DELEGATION, "users_roles"},
    {GJ_SUBJECT_ROSTER, "duty_roster"},
    {GJ_SUBJECT_POLICY, "policy_calendar"},
    {GJ_SUBJECT_CALENDAR, "policy_calendar"},
    {GJ_SUBJECT_LIMIT, "policy_calendar"},
    {GJ_SUBJECT_IMPORT, "import"},
    {GJ_SUBJECT_STORE, "daemon"},
};
/* Who read what, and who opened which session, is for those who read the audit log. */
#define GUARD_OF_READS "audit_log"

static const struct gj_rights *rights_of(const struct gj_policy *policy, const char *code)
{
    const struct gj_guarded *guarded = gj_policy_subject(policy, code);

    return guarded != NULL ? &guarded->rights : NULL;
}

static const struct gj_rights *guard_of(const struct gj_policy *policy, const struct gj_entry *entry)
{
    if (entry->type == GJ_ENTRY_READ || entry->type == GJ_ENTRY_EXPORT || entry->subject_kind == GJ_SUBJECT_SESSION) {
        return rights_of(policy, GUARD_OF_READS);
    }
    for (size_t i = 0; i < sizeof guards / sizeof guards[0]; i++) {
        if (guards[i].subject_kind == entry->subject_kind) {
            return rights_of(policy, guards[i].code);
        }
    }
    return rights_of(policy, GUARD_OF_READS);
}

static uint64_t region_of(struct gj_push *push, uint64_t office)
{
    Gj__Stored__Office *row = NULL;
    struct gj_key key = gj_key_of_u64(office);

    if (office == 0 || !gj_record_load(push->txn, GJ_TABLE_OFFICE, &key, &gj__stored__office__descriptor, &push->arena,
                           (void **)&row)) {
        return 0;
    }
    return row->region;
}

/* Roles that may take the next step from this state. */
static gj_roles roles_to_act(const struct gj_kind *kind, uint8_t state)
{
    gj_roles roles = 0;

    for (size_t i = 0; i < kind->transition_count; i++) {
        const struct gj_transition *transition = &kind->transitions[i];

        if ((transition->from >> state & 1) == 0) {
            continue;
        }
        for (size_t k = 0; k < transition->by.count; k++) {
            if (!transition->by.items[k].any_role) {
                roles |= GJ_ROLE_BIT(transition->by.items[k].role);
            }
        }
    }
    return roles & ~GJ_ROLE_BIT(GJ_ROLE_SYSTEM);
}

/* What the rules of access look at: where the record is and who is tied to it. */
static bool fill_view(struct gj_push *push, const Gj__Stored__Record *record, struct gj_push_event *out)
{
    struct gj_tie *ties = GJ_ARENA_ARRAY(&push->arena, record->n_related + record->n_asked + 2, struct gj_tie);
    size_t count = 0;

    if (ties == NULL) {
        return false;
    }
    if (record->created_by != 0) {
        ties[count++] = (struct gj_tie){.relation = GJ_RELATION_CREATOR, .user = record->created_by};
    }
    if (record->assignee != 0) {
        ties[count++] = (struct gj_tie){.relation = GJ_RELATION_ASSIGNEE, .user = record->assignee};
    }
    for (size_t i = 0; i < record->n_related; i++) {
        enum gj_relation relation = gj_relation_by_word(record->related[i]->relation);

        if (relation != GJ_RELATION_NONE) {
            ties[count++] = (struct gj_tie){.relation = relation, .user = record->related[i]->user};
        }
    }
    for (size_t i = 0; i < record->n_asked; i++) {
        ties[count++] = (struct gj_tie){.relation = GJ_RELATION_STAND_IN, .user = record->asked[i]->user};
    }
    out->view.id = record->id;
    out->view.office = out->office;
    out->view.region = out->region;
    out->view.priority = (uint8_t)record->priority;
    out->view.received_at = record->received_at;
    out->view.ties = ties;
    out->view.tie_count = count;
    return true;
}

/* The next promise of the record, as its queue shows it; 0: none. */
static int64_t due_of(const struct gj_kind *kind, const Gj__Stored__Record *record)
{
    int64_t due_at = 0;

    for (size_t i = 0; record->open && i < record->n_timers; i++) {
        const Gj__V1__Timer *timer = record->timers[i];
        uint16_t at = gj_kind_timer(kind, timer->name);
        bool runs = at != GJ_NO_INDEX && kind->timers[at].promise && timer->stopped_at == 0 && timer->due_at != 0;

        if (runs && (due_at == 0 || timer->due_at < due_at)) {
            due_at = timer->due_at;
        }
    }
    return due_at;
}

static bool add_record(
    struct gj_push *push, const struct gj_entry *entry, Gj__V1__Event *event, struct gj_push_event *out)
{
    Gj__Stored__Record *record = NULL;
    struct gj_key key = gj_key_of_u64(entry->subject);
    const struct gj_policy *frozen = push->policy;

    if (!gj_record_load(
            push->txn, GJ_TABLE_RECORD, &key, &gj__stored__record__descriptor, &push->arena, (void **)&record)) {
        return false;
    }
    const struct gj_kind *kind = gj_policy_kind_by_number(push->policy, (uint16_t)record->kind);
    if (record->policy != push->policy->version) {
        frozen = gj_policies_at(push->core->policies, push->txn, record->policy);
    }
    const struct gj_kind *frozen_kind =
        frozen != NULL ? gj_policy_kind_by_number(frozen, (uint16_t)record->kind) : NULL;
    if (kind == NULL || frozen_kind == NULL) {
        return false;
    }
    const struct gj_state *state = gj_kind_state_by_code(frozen_kind, record->state);
    out->kind_of = kind;
    if (out->rights == NULL) {
        out->rights = &kind->rights;
    }
    out->assignee = record->assignee;
    out->roles = state != NULL ? roles_to_act(frozen_kind, state->number) : 0;
    event->kind = record->kind;
    event->assignee = record->assignee;
    event->number = record->number;
    event->priority = record->priority;
    event->due_at = due_of(frozen_kind, record);
    return fill_view(push, record, out);
}

static bool encode(struct gj_push *push, const Gj__V1__Event *event, struct gj_push_event *out)
{
    size_t len = gj__v1__event__get_packed_size(event);
    uint8_t *bytes = gj_arena_alloc(&push->arena, len + 8);
    size_t at = 0;

    if (bytes == NULL) {
        return false;
    }
    bytes[at++] = EVENTS_TAG;
    for (size_t rest = len;; rest >>= 7) {
        bytes[at++] = (uint8_t)((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
        if (rest <= 0x7f) {
            break;
        }
    }
    gj__v1__event__pack(event, bytes + at);
    out->bytes = bytes;
    out->len = at + len;
    return true;
}

bool gj_push_build(struct gj_push *push, uint64_t index, struct gj_push_event *out)
{
    Gj__V1__Event event = GJ__V1__EVENT__INIT;
    struct gj_entry_row *row = GJ_ARENA_NEW(&push->arena, struct gj_entry_row);

    memset(out, 0, sizeof *out);
    if (row == NULL || push->policy == NULL || !gj_entry_read(push->txn, index, row)) {
        return false;
    }
    struct gj_entry *entry = &row->entry;
    out->index = index;
    out->office = entry->office;
    out->region = region_of(push, entry->office);
    out->kind = entry->subject_kind;
    event.event = index;
    event.at = entry->recorded_at;
    event.type = entry->type;
    event.office = entry->office;
    event.id = entry->subject;
    event.revision = entry->revision;
    event.act = entry->action.text;
    event.from_state = entry->from.text;
    event.to_state = entry->to.text;
    event.actor = entry->actor;
    bool about_record = entry->subject_kind != 0 && entry->subject_kind < GJ_SUBJECT_FIRST;
    if (!about_record || entry->type == GJ_ENTRY_READ || entry->type == GJ_ENTRY_EXPORT) {
        out->rights = guard_of(push->policy, entry);
    }
    if (about_record && !add_record(push, entry, &event, out)) {
        return false;
    }
    return encode(push, &event, out);
}

bool gj_push_names_office(const struct gj_subscription *subscription, uint64_t office)
{
    if (subscription->office_count == 0) {
        return true;
    }
    for (size_t i = 0; i < subscription->office_count; i++) {
        if (subscription->offices[i].office == office) {
            return true;
        }
    }
    return false;
}

bool gj_push_fits(const struct gj_subscription *subscription, const struct gj_push_event *event)
{
    if (subscription->assignee != 0 && subscription->assignee != event->assignee) {
        return false;
    }
    if (subscription->role != 0 && (event->roles & GJ_ROLE_BIT(subscription->role)) == 0) {
        return false;
    }
    if (subscription->kind_count == 0) {
        return true;
    }
    for (size_t i = 0; i < subscription->kind_count; i++) {
        if (subscription->kinds[i] == event->kind) {
            return true;
        }
    }
    return false;
}

bool gj_push_allowed(struct gj_push *push, const struct gj_actor *actor, const struct gj_push_event *event)
{
    struct gj_access_request request = {
        .policy = push->policy,
        .rights = event->rights,
        .kind = event->kind_of,
        .actor = actor,
        .action = GJ_ACCESS_READ,
        .view = event->kind_of != NULL ? &event->view : NULL,
        .office = event->office,
        .region = event->region,
    };
    struct gj_access_answer answer;
    struct gj_refusal refusal;

    return event->rights != NULL && gj_access_check(&request, &answer, &refusal);
}

enum gj_err gj_push_actor(struct gj_push *push, struct gj_subscription *subscription, const struct gj_actor **out)
{
    const struct gj_peer *peer = subscription->peer;
    int64_t now_ms = gj_core_now(push->core);

    if (peer->user == 0 || peer->expires_at_ms <= now_ms) {
        return GJ_EDENIED;
    }
    if (push->policy == NULL) {
        return GJ_ENOMEM;
    }
    return gj_actor_cache_get(push->actors, push->txn, push->policy, peer->user, peer->device, now_ms, out);
}
