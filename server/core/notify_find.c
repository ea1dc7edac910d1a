#include "core/notify_find.h"

#include <string.h>

#include "core/core.h"
#include "core/duty.h"
#include "core/notify_people.h"

/* What a roster of one moment takes; the search is made for many steps of one command. */
#define ROSTER_BYTES_MAX (256u * 1024)

struct gj_find gj_find_for(
    struct gj_ctx *ctx, const struct gj_work *work, gj_relations forbid, uint64_t except, struct gj_people *out)
{
    out->count = 0;
    out->level = GJ_REACH_ROLE;
    return (struct gj_find){.ctx = ctx,
        .view = &work->view,
        .kind = work->kind,
        .office = work->row->office,
        .region = work->office->region,
        .forbid = forbid,
        .except = except,
        .out = out,
        .change_ms = INT64_MAX};
}

const char *gj_find_level(enum gj_reach_level level)
{
    static const char *const words[] = {"role", "office", "region", "group"};
    return words[level];
}

bool gj_find_borne(const struct gj_view *view, enum gj_relation relation)
{
    bool has = relation == GJ_RELATION_ASSIGNEE && gj_value_find(view->values, view->value_count, "assignee") != NULL;
    for (size_t i = 0; !has && i < view->tie_count; i++) {
        has = view->ties[i].relation == relation;
    }
    return has;
}

static void found(struct gj_find *find, uint64_t user, uint8_t role, uint64_t lent_by)
{
    struct gj_people *out = find->out;
    if (user == 0 || user == find->except || out->count == GJ_NOTIFY_PEOPLE_MAX) {
        return;
    }
    for (size_t i = 0; i < out->count; i++) {
        if (out->items[i].user == user) {
            return;
        }
    }
    if (find->view != NULL && (gj_view_relations(find->view, user) & find->forbid) != 0) {
        return;
    }
    if (!gj_people_present(find->ctx, user)) {
        return;
    }
    out->items[out->count++] = (struct gj_person){.user = user, .role = role, .stands_in = lent_by};
}

static void find_holders(struct gj_find *find, uint8_t role, enum gj_relation relation, uint64_t office)
{
    size_t count = 0;
    const struct gj_holder *holders = gj_people_of(find->ctx, role, office, &count);
    for (size_t i = 0; i < count; i++) {
        const struct gj_holder *holder = &holders[i];
        bool covers = holder->office != 0 || holder->region == 0 || holder->region == find->region;
        bool now = holder->from_ms <= find->ctx->now_ms && find->ctx->now_ms < holder->until_ms;
        if (covers && now &&
            (relation == GJ_RELATION_NONE || (find->view != NULL && gj_view_is(find->view, relation, holder->user)))) {
            found(find, holder->user, role, holder->lent_by);
        }
    }
}

void gj_find_role(struct gj_find *find, uint8_t role, enum gj_relation relation)
{
    if (find->office != 0) {
        find_holders(find, role, relation, find->office);
    }
    find_holders(find, role, relation, 0);
}

static void find_related(struct gj_find *find, enum gj_relation relation)
{
    for (size_t i = 0; find->view != NULL && i < find->view->tie_count; i++) {
        if (find->view->ties[i].relation == relation) {
            found(find, find->view->ties[i].user, 0, 0);
        }
    }
    const struct gj_field_value *assignee =
        find->view == NULL ? NULL : gj_value_find(find->view->values, find->view->value_count, "assignee");
    if (relation == GJ_RELATION_ASSIGNEE && assignee != NULL) {
        found(find, (uint64_t)assignee->number, 0, 0);
    }
}

static bool find_list(struct gj_find *find, const struct gj_who_list *who, bool first)
{
    for (size_t i = 0; i < who->count && !(first && find->out->count > 0); i++) {
        const struct gj_who *one = &who->items[i];
        if (one->any_role) {
            find_related(find, one->relation);
        } else if (one->role != GJ_ROLE_SYSTEM) {
            gj_find_role(find, one->role, one->relation);
        }
    }
    return find->out->count > 0;
}

bool gj_find_listed(struct gj_find *find, const struct gj_who_list *who)
{
    return find_list(find, who, false);
}

bool gj_find_any(struct gj_find *find, const struct gj_who_list *who)
{
    return find_list(find, who, true);
}

/* Those who bear this presence on the roster now, each as what. */
static bool find_present(struct gj_find *find, const struct gj_roster *roster, enum gj_presence wanted)
{
    size_t before = find->out->count;
    for (size_t i = 0; i < roster->span_count; i++) {
        const struct gj_roster_span *span = &roster->spans[i];
        if (gj_roster_presence(roster, span->user, span->role, find->ctx->now_ms) == wanted) {
            found(find, span->user, span->role, 0);
        }
    }
    return find->out->count > before;
}

/* Whoever is on duty, stand-ins among them; when that is nobody, whoever may be called out. */
static bool find_on_roster(struct gj_find *find, uint64_t office, uint64_t region)
{
    uint8_t block[4096];
    struct gj_arena arena;
    struct gj_duty duty;
    int64_t now_ms = find->ctx->now_ms;
    const struct gj_duty_ask ask = {.office = office, .region = region, .from_ms = now_ms, .until_ms = now_ms + 1};

    gj_arena_init_with(&arena, ROSTER_BYTES_MAX, block, sizeof block);
    bool any = gj_duty_load(find->ctx, &ask, &arena, &duty);
    if (any) {
        find->change_ms = duty.next_ms < find->change_ms ? duty.next_ms : find->change_ms;
        any =
            find_present(find, &duty.roster, GJ_PRESENCE_DUTY) || find_present(find, &duty.roster, GJ_PRESENCE_STANDBY);
    }
    gj_arena_fini(&arena);
    return any;
}

/* Who watches over a region or the group in this matter: whoever may read such records there, or draw up rosters.
 * Auditors look at everything and are asked for nothing. */
static bool watches(const struct gj_find *find, const struct gj_role *role)
{
    if (role == NULL || !role->staff || role->reach < GJ_REACH_REGION || role->logged_always) {
        return false;
    }
    if (find->kind != NULL) {
        return (find->kind->rights.letters[role->number] & GJ_LETTER_READ) != 0;
    }
    const struct gj_guarded *roster = gj_policy_subject(find->ctx->policy, "duty_roster");
    return roster != NULL && (roster->rights.letters[role->number] & GJ_LETTER_UPDATE) != 0;
}

/* Where no roster is kept, those who watch a whole region or the group. */
static bool find_above(struct gj_find *find, enum gj_reach reach)
{
    size_t before = find->out->count;
    for (uint8_t number = 1; number < 64; number++) {
        const struct gj_role *role = gj_policy_role_by_number(find->ctx->policy, number);
        if (!watches(find, role)) {
            continue;
        }
        size_t count = 0;
        const struct gj_holder *holders = gj_people_of(find->ctx, number, 0, &count);
        for (size_t i = 0; i < count; i++) {
            bool regional = holders[i].region != 0 && holders[i].region == find->region;
            if (reach == GJ_REACH_REGION ? regional : holders[i].region == 0) {
                found(find, holders[i].user, number, 0);
            }
        }
    }
    return find->out->count > before;
}

void gj_find_climb(struct gj_find *find)
{
    struct gj_people *out = find->out;
    out->level = GJ_REACH_ROSTER_OFFICE;
    if (find->office != 0 && find_on_roster(find, find->office, 0)) {
        return;
    }
    out->level = GJ_REACH_ROSTER_REGION;
    if (find->region != 0 && (find_on_roster(find, 0, find->region) || find_above(find, GJ_REACH_REGION))) {
        return;
    }
    out->level = GJ_REACH_ROSTER_GROUP;
    (void)(find_on_roster(find, 0, 0) || find_above(find, GJ_REACH_GROUP));
}
