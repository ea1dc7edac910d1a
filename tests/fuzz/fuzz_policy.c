/* Reaches gj_policy_bundle_compile (bytes that begin like a bundle) and gj_policy_compile with a strange form among
 * sound parts: refused with a problem or compiled into tables on which the engines run. */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <string.h>

#include "common/policy/deadline.h"
#include "common/policy/explain.h"
#include "common/policy/flow.h"

static const struct {
    const char *name;
    const char *text;
} sound[] = {
    {"policy.yaml", "format: 1\ntitle: t\nparts: {company: c.yaml, priorities: p.yaml, taxonomy: t.yaml, "
                    "settings: s.yaml, forms: form.yaml}\n"},
    {"c.yaml", "roles:\n"
               "  director: {number: 1, zh: a, en: a, reach: office}\n"
               "  cs_lead: {number: 2, zh: a, en: a, reach: office}\n"
               "  cs_agent: {number: 3, zh: a, en: a, reach: office}\n"
               "  tech: {number: 6, zh: a, en: a, reach: office}\n"
               "  hq_qa: {number: 13, zh: a, en: a, reach: group}\n"
               "  auditor: {number: 18, zh: a, en: a, reach: group}\n"
               "subjects: {}\n"},
    {"p.yaml", "priorities:\n  P0: {number: 0, zh: a, en: a, origin: o}\n  P1: {number: 1, zh: a, en: a, origin: o}\n"},
    {"t.yaml", "channels: {phone: {zh: a, en: a}}\nareas: {common: {zh: a, en: a}}\nwarranties: {W: {zh: a, en: a}}\n"
               "trades: {plumber: {zh: a, en: a}}\n"
               "groups: {WAT: {zh: a, en: a, items: {WAT-01: {zh: a, en: a, area: both, priority: P1, trade: plumber, "
               "warranty: W}}}}\n"},
    {"s.yaml", "receipt_late: 15min\nday_limits_end: \"24:00\"\noffice_opens: \"08:30\"\nfollow_up_repairs: 30 %\n"
               "cover_max: 4h\ndelegation_max: 1 month\nexport_rows_alone: 100\n"},
};
#define SOUND (sizeof sound / sizeof sound[0])

static struct gj_problems problems;
static struct gj_calendar *calendar;

/* The engines must cope with whatever compiled. */
static void run_kind(const struct gj_policy *policy, const struct gj_kind *kind)
{
    struct gj_grant grants[64];
    size_t grant_count = 0;
    for (size_t i = 0; i < policy->role_count && grant_count < 64; i++) {
        grants[grant_count++] = (struct gj_grant){.role = policy->roles[i].number, .office = 1};
    }
    struct gj_actor actor = {.user = 5, .grants = grants, .grant_count = grant_count};
    struct gj_deadline_place place = {.policy = policy, .kind = kind, .calendar = calendar};
    for (uint8_t state = 0; state < 64; state++) {
        struct gj_flow_offer offers[GJ_FLOW_OFFERS_MAX];
        struct gj_view view = {.office = 1, .state = state, .priority = 1, .category = "WAT-01", .received_at = 1};
        size_t count = gj_flow_offers(kind, &view, &actor, 1, offers);
        require(count <= GJ_FLOW_OFFERS_MAX);
        (void)gj_flow_automatic(kind, &view);
        struct gj_timer_state timers[GJ_TIMERS_MAX];
        size_t timer_count = 0;
        for (size_t i = 0; i < count && state == GJ_STATE_NONE; i++) {
            require(offers[i].transition != NULL);
            gj_deadline_transition(&place, &view, offers[i].transition, state, offers[i].to, 1, timers, &timer_count);
            (void)gj_deadline_next_of(&place, &view, timers, timer_count);
        }
        require(timer_count <= GJ_TIMERS_MAX);
    }
    struct gj_explain_row rows[GJ_TIMERS_MAX];
    size_t count;
    struct gj_refusal refusal;
    struct gj_explain_request request = {.kind = kind->code, .category = "WAT-01", .at_ms = 1};
    (void)gj_explain(policy, calendar, &request, rows, &count, &refusal);
}

static void run(const struct gj_policy *policy)
{
    for (size_t i = 0; i < policy->kind_count; i++) {
        run_kind(policy, policy->kinds[i]);
    }
    gj_problems_init(&problems);
    require(gj_policy_may_follow(policy, policy, &problems));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gj_policy *policy = NULL;
    enum gj_err err;
    if (calendar == NULL) {
        require(gj_calendar_empty(&calendar) == GJ_OK);
    }
    gj_problems_init(&problems);
    if (size >= 4 && memcmp(data, "GJPB", 4) == 0) {
        err = gj_policy_bundle_compile(data, size, 1, &policy, &problems);
    } else {
        struct gj_policy_part parts[SOUND + 1];
        for (size_t i = 0; i < SOUND; i++) {
            parts[i] = (struct gj_policy_part){sound[i].name, (const uint8_t *)sound[i].text, strlen(sound[i].text)};
        }
        parts[SOUND] = (struct gj_policy_part){"form.yaml", data, size};
        err = gj_policy_compile(parts, SOUND + 1, 1, &policy, &problems);
        require(err == GJ_OK || problems.total > 0 || err == GJ_ETOOBIG);
    }
    if (err == GJ_OK) {
        require(problems.total == 0);
        run(policy);
        gj_policy_free(policy);
    } else {
        require(policy == NULL);
    }
    return 0;
}
