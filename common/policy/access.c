#include "common/policy/access.h"

#include <string.h>

static const struct {
    char letter;
    uint16_t bit;
} letters[] = {{'C', GJ_LETTER_CREATE}, {'R', GJ_LETTER_READ}, {'r', GJ_LETTER_READ_OWN}, {'U', GJ_LETTER_UPDATE},
    {'A', GJ_LETTER_APPROVE}, {'X', GJ_LETTER_REASSIGN}, {'Z', GJ_LETTER_CLOSE}, {'E', GJ_LETTER_EXPORT},
    {'L', GJ_LETTER_LOGGED}};

bool gj_access_letters_parse(const char *text, size_t len, uint16_t *out)
{
    unsigned found = 0;
    if (len == 1 && text[0] == '-') {
        *out = 0;
        return true;
    }
    for (size_t i = 0; i < len; i++) {
        unsigned bit = 0;
        for (size_t j = 0; j < sizeof letters / sizeof letters[0]; j++) {
            bit = letters[j].letter == text[i] ? letters[j].bit : bit;
        }
        if (bit == 0 || (found & bit) != 0) {
            return false;
        }
        found |= bit;
    }
    *out = (uint16_t)found;
    return len > 0;
}

static unsigned letters_for(enum gj_access_action action)
{
    switch (action) {
#define LETTERS_CASE(name, word, allowed)                                                                              \
    case GJ_ACCESS_##name:                                                                                             \
        return allowed;
        GJ_ACCESS_LIST(LETTERS_CASE)
#undef LETTERS_CASE
    }
    return 0;
}

static bool is_reading(enum gj_access_action action)
{
    return action == GJ_ACCESS_READ || action == GJ_ACCESS_LIST || action == GJ_ACCESS_OPEN ||
           action == GJ_ACCESS_EXPORT;
}

static bool covers(const struct gj_grant *grant, const struct gj_access_request *request)
{
    if (grant->office != 0) {
        return grant->office == request->office;
    }
    return grant->region == 0 || grant->region == request->region;
}

/* What one grant gives. Lower ranks are better: seeing all unlogged beats seeing all logged beats seeing one's own. */
struct given {
    bool allowed;
    bool own_only;
    bool logged;
    enum gj_refusal_code refusal;
};

static struct given judge_grant(const struct gj_access_request *request, const struct gj_grant *grant)
{
    struct given given = {.refusal = GJ_REFUSAL_NO_RIGHT};
    const struct gj_role *role = gj_policy_role_by_number(request->policy, grant->role);
    uint16_t held = grant->role < 64 ? request->rights->letters[grant->role] : 0;
    if (role == NULL || (held & letters_for(request->action)) == 0) {
        return given;
    }
    bool inside = covers(grant, request);
    bool reading = is_reading(request->action);
    if (!inside && !(role->reach == GJ_REACH_GROUP && reading)) {
        given.refusal = GJ_REFUSAL_OTHER_OFFICE;
        return given;
    }
    /* Reading, acting and changing need the record itself in reach: the whole office with R, one's own with r. */
    bool whole = (held & GJ_LETTER_READ) != 0 && role->reach != GJ_REACH_OWN_RECORDS;
    bool needs_reach = request->action != GJ_ACCESS_CREATE;
    given.own_only = needs_reach && !whole;
    if (given.own_only && request->view != NULL && gj_view_relations(request->view, request->actor->user) == 0) {
        given.refusal = GJ_REFUSAL_NOT_RELATED;
        return given;
    }
    given.allowed = true;
    given.logged =
        reading && ((held & GJ_LETTER_LOGGED) != 0 || role->logged_always || (!inside && role->logged_outside));
    return given;
}

/* Asked to take a step because the office has nobody left: sees the record and acts on it, wherever the own office is.
 */
static bool stands_in(const struct gj_access_request *request)
{
    return request->view != NULL &&
           (request->action == GJ_ACCESS_READ || request->action == GJ_ACCESS_ACT ||
               request->action == GJ_ACCESS_OPEN) &&
           gj_view_is(request->view, GJ_RELATION_STAND_IN, request->actor->user);
}

static int rank(const struct given *given)
{
    return given->own_only * 2 + given->logged;
}

/* Which fields may not be seen plainly. */
static void cover_fields(const struct gj_access_request *request, struct gj_access_answer *answer)
{
    const struct gj_kind *kind = request->kind;
    bool list = request->action == GJ_ACCESS_LIST;
    for (size_t i = 0; kind != NULL && i < kind->field_count; i++) {
        bool opened = request->action == GJ_ACCESS_OPEN && i == request->field_at;
        switch (kind->fields[i].personal) {
        case GJ_PERSONAL_NONE:
            break;
        case GJ_PERSONAL_MASKED:
            if (!opened) {
                gj_field_set_add(&answer->masked, i);
            }
            break;
        case GJ_PERSONAL_SEALED:
            if (list) {
                gj_field_set_add(&answer->hidden, i);
            }
            break;
        case GJ_PERSONAL_LOGGED:
            if (!opened) {
                gj_field_set_add(&answer->hidden, i);
            }
            break;
        }
    }
}

static bool refuse(const struct gj_access_request *request, enum gj_refusal_code code, struct gj_access_answer *answer,
    struct gj_refusal *refusal)
{
    static const char *const words[] = {
#define WORD(name, word, allowed) word,
        GJ_ACCESS_LIST(WORD)
#undef WORD
    };
    *answer = (struct gj_access_answer){0};
    memset(&answer->hidden, 0xff, sizeof answer->hidden);
    (void)gj_refusal_set(refusal, code, NULL);
    gj_refusal_param(refusal, "action", words[request->action]);
    return false;
}

/* A masked or logged field is opened for those whom its declaration names, and that is always recorded. */
static bool may_open(const struct gj_access_request *request)
{
    if (request->kind == NULL || request->field_at >= request->kind->field_count || request->view == NULL) {
        return false;
    }
    const struct gj_field *field = &request->kind->fields[request->field_at];
    return (field->personal == GJ_PERSONAL_MASKED || field->personal == GJ_PERSONAL_LOGGED) &&
           gj_who_matches(&field->open_to, request->view, request->actor);
}

bool gj_access_check(
    const struct gj_access_request *request, struct gj_access_answer *answer, struct gj_refusal *refusal)
{
    struct gj_access_answer made = {0};
    if (request->actor->user == 0) {
        made.by = GJ_ROLE_BIT(GJ_ROLE_SYSTEM);
        *answer = made;
        return true;
    }
    struct given best = {.refusal = GJ_REFUSAL_NO_RIGHT};
    made.delegated = true;
    for (size_t i = 0; i < request->actor->grant_count; i++) {
        const struct gj_grant *grant = &request->actor->grants[i];
        struct given given = judge_grant(request, grant);
        if (given.allowed) {
            made.by |= GJ_ROLE_BIT(grant->role);
            made.delegated = made.delegated && grant->delegated_by != 0;
            if (!best.allowed || rank(&given) < rank(&best)) {
                best = given;
            }
        } else if (!best.allowed && given.refusal > best.refusal) {
            best = given; /* later codes tell more: no right, other office, not related */
        }
    }
    if (!best.allowed && stands_in(request)) {
        best = (struct given){.allowed = true, .own_only = true, .logged = is_reading(request->action)};
        made.delegated = false;
    }
    if (!best.allowed) {
        return refuse(request, best.refusal, answer, refusal);
    }
    if (request->action == GJ_ACCESS_OPEN && !may_open(request)) {
        return refuse(request, GJ_REFUSAL_NO_RIGHT, answer, refusal);
    }
    made.own_only = best.own_only;
    made.logged = best.logged || request->action == GJ_ACCESS_OPEN;
    cover_fields(request, &made);
    *answer = made;
    return true;
}

gj_parts gj_access_parts(const struct gj_guarded *guarded, gj_roles by)
{
    gj_parts parts = 0;
    if (by == 0) {
        return GJ_PART_BIT(GJ_PART_NAME) | GJ_PART_BIT(GJ_PART_PHONE) | GJ_PART_BIT(GJ_PART_CONTACT);
    }
    for (unsigned role = 0; role < 64; role++) {
        if ((by & GJ_ROLE_BIT(role)) != 0) {
            parts |= GJ_PARTS_ALL & ~guarded->hides[role];
        }
    }
    return parts;
}
