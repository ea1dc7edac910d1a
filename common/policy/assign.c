#include "common/policy/assign.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- words ---- */

const char *gj_assign_mode_word(enum gj_assign_mode mode)
{
    switch (mode) {
#define CASE(name, number, word)                                                                                       \
    case GJ_ASSIGN_##name:                                                                                             \
        return word;
        GJ_ASSIGN_MODE_LIST(CASE)
#undef CASE
    }
    return "unknown";
}

bool gj_assign_mode_parse(const char *word, size_t len, enum gj_assign_mode *out)
{
    static const enum gj_assign_mode modes[] = {
#define ITEM(name, number, word) GJ_ASSIGN_##name,
        GJ_ASSIGN_MODE_LIST(ITEM)
#undef ITEM
    };
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        const char *known = gj_assign_mode_word(modes[i]);
        if (strlen(known) == len && memcmp(known, word, len) == 0) {
            *out = modes[i];
            return true;
        }
    }
    return false;
}

const char *gj_assign_bar_word(enum gj_assign_bar bar)
{
    switch (bar) {
#define CASE(name, number, word)                                                                                       \
    case GJ_ASSIGN_BAR_##name:                                                                                         \
        return word;
        GJ_ASSIGN_BAR_LIST(CASE)
#undef CASE
    }
    return "unknown";
}

const char *gj_assign_rule_word(enum gj_assign_rule rule)
{
    switch (rule) {
#define CASE(name, number, word)                                                                                       \
    case GJ_ASSIGN_RULE_##name:                                                                                        \
        return word;
        GJ_ASSIGN_RULE_LIST(CASE)
#undef CASE
    }
    return "unknown";
}

/* ---- who could ---- */

bool gj_assign_certified(const char *wanted, const struct gj_certificate_view *held, size_t count, int64_t at_ms)
{
    if (wanted == NULL) {
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        bool runs = held[i].valid_until == 0 || at_ms < held[i].valid_until;
        bool reviewed = held[i].review_at == 0 || at_ms < held[i].review_at;
        if (runs && reviewed && strcmp(held[i].name, wanted) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_urgent(const struct gj_assign_job *job)
{
    return job->priority <= 1;
}

static bool names(const uint64_t *users, size_t count, uint64_t user)
{
    for (size_t i = 0; i < count; i++) {
        if (users[i] == user) {
            return true;
        }
    }
    return false;
}

static enum gj_assign_bar bar_of(const struct gj_assign_job *job, const struct gj_candidate *person)
{
    uint64_t trade = UINT64_C(1) << job->trade;

    if (person->office != job->office) {
        return GJ_ASSIGN_BAR_OFFICE;
    }
    if (job->mode == GJ_ASSIGN_CONTRACTOR && !person->contractor) {
        return GJ_ASSIGN_BAR_SIDE;
    }
    if ((person->trades & trade) == 0) {
        return GJ_ASSIGN_BAR_TRADE;
    }
    if ((person->certified & trade) == 0) {
        return GJ_ASSIGN_BAR_CERTIFICATE;
    }
    if (names(job->excluded, job->excluded_count, person->user)) {
        return GJ_ASSIGN_BAR_EXCLUDED;
    }
    if (names(job->declined, job->declined_count, person->user)) {
        return GJ_ASSIGN_BAR_DECLINED;
    }
    if (person->on_leave) {
        return GJ_ASSIGN_BAR_LEAVE;
    }
    if (!person->on_duty && !(person->on_call && is_urgent(job))) {
        return GJ_ASSIGN_BAR_SHIFT;
    }
    if (!is_urgent(job) && job->load_max != 0 && person->open >= job->load_max) {
        return GJ_ASSIGN_BAR_LOAD;
    }
    return GJ_ASSIGN_BAR_NONE;
}

/* ---- who first ---- */

/* Minutes count in an emergency: whoever is near and free. Otherwise work is spread. */
static const enum gj_assign_rule urgent_order[GJ_ASSIGN_RULES] = {GJ_ASSIGN_RULE_DUTY, GJ_ASSIGN_RULE_URGENT,
    GJ_ASSIGN_RULE_DISTANCE, GJ_ASSIGN_RULE_SKILL, GJ_ASSIGN_RULE_LOAD, GJ_ASSIGN_RULE_RESTED, GJ_ASSIGN_RULE_NUMBER};
static const enum gj_assign_rule usual_order[GJ_ASSIGN_RULES] = {GJ_ASSIGN_RULE_DUTY, GJ_ASSIGN_RULE_URGENT,
    GJ_ASSIGN_RULE_LOAD, GJ_ASSIGN_RULE_DISTANCE, GJ_ASSIGN_RULE_SKILL, GJ_ASSIGN_RULE_RESTED, GJ_ASSIGN_RULE_NUMBER};
static const enum gj_assign_rule turn_order[GJ_ASSIGN_RULES] = {GJ_ASSIGN_RULE_DUTY, GJ_ASSIGN_RULE_RESTED,
    GJ_ASSIGN_RULE_URGENT, GJ_ASSIGN_RULE_LOAD, GJ_ASSIGN_RULE_DISTANCE, GJ_ASSIGN_RULE_SKILL, GJ_ASSIGN_RULE_NUMBER};

const enum gj_assign_rule *gj_assign_order(const struct gj_assign_job *job)
{
    if (is_urgent(job)) {
        return urgent_order;
    }
    return job->mode == GJ_ASSIGN_ROUND_ROBIN ? turn_order : usual_order;
}

/* How far a level lies from what is wanted: 0 suffices exactly, a higher one is spent on a small job, a lower one is
 * worse than any that suffices. */
static unsigned skill_distance(uint8_t wanted, uint8_t level)
{
    if (wanted == 0) {
        return 0;
    }
    return level >= wanted ? (unsigned)(level - wanted) : 100U + (unsigned)(wanted - level);
}

static bool is_near(const struct gj_assign_job *job, const struct gj_candidate *person)
{
    return job->building != 0 && person->building == job->building;
}

static int smaller_first(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* Below 0: a before b by this rule alone. */
static int compare_by(enum gj_assign_rule rule, const struct gj_assign_job *job, const struct gj_candidate *a,
    const struct gj_candidate *b)
{
    switch (rule) {
    case GJ_ASSIGN_RULE_DUTY:
        return (int)b->on_duty - (int)a->on_duty;
    case GJ_ASSIGN_RULE_DISTANCE:
        return (int)is_near(job, b) - (int)is_near(job, a);
    case GJ_ASSIGN_RULE_URGENT:
        return smaller_first(a->urgent, b->urgent);
    case GJ_ASSIGN_RULE_LOAD:
        return smaller_first(a->open, b->open);
    case GJ_ASSIGN_RULE_SKILL:
        return smaller_first(skill_distance(job->skill, a->skill), skill_distance(job->skill, b->skill));
    case GJ_ASSIGN_RULE_RESTED:
        return (a->last_given_at > b->last_given_at) - (a->last_given_at < b->last_given_at);
    case GJ_ASSIGN_RULE_NUMBER:
        return smaller_first(a->user, b->user);
    case GJ_ASSIGN_RULE_ONLY:
        break;
    }
    return 0;
}

/* The comparison of two who could, and the rule that decided it. */
static int compare(const struct gj_assign_job *job, const struct gj_candidate *a, const struct gj_candidate *b,
    enum gj_assign_rule *decisive)
{
    const enum gj_assign_rule *order = gj_assign_order(job);

    for (size_t i = 0; i < GJ_ASSIGN_RULES; i++) {
        int difference = compare_by(order[i], job, a, b);
        *decisive = order[i];
        if (difference != 0) {
            return difference;
        }
    }
    return 0;
}

struct question {
    const struct gj_assign_job *job;
    const struct gj_candidate *candidates;
};

static int verdict_order(const void *left, const void *right, void *arg)
{
    const struct question *question = arg;
    const struct gj_verdict *a = left;
    const struct gj_verdict *b = right;
    enum gj_assign_rule decisive;

    if ((a->bar == GJ_ASSIGN_BAR_NONE) != (b->bar == GJ_ASSIGN_BAR_NONE)) {
        return a->bar == GJ_ASSIGN_BAR_NONE ? -1 : 1;
    }
    if (a->bar != GJ_ASSIGN_BAR_NONE) {
        return smaller_first(question->candidates[a->at].user, question->candidates[b->at].user);
    }
    return compare(question->job, &question->candidates[a->at], &question->candidates[b->at], &decisive);
}

static void explain_order(const struct question *question, struct gj_verdict *verdicts, uint32_t able)
{
    for (uint32_t i = 0; i + 1 < able; i++) {
        (void)compare(question->job, &question->candidates[verdicts[i].at], &question->candidates[verdicts[i + 1].at],
            &verdicts[i].rule);
    }
    if (able > 0) {
        verdicts[able - 1].rule = able == 1 ? GJ_ASSIGN_RULE_ONLY : GJ_ASSIGN_RULE_NUMBER;
    }
}

static uint32_t chosen_of(const struct gj_assign_job *job, uint32_t able)
{
    switch (job->mode) {
    case GJ_ASSIGN_MANUAL:
        return 0;
    case GJ_ASSIGN_OFFER:
        return job->offer_max != 0 && able > job->offer_max ? job->offer_max : able;
    case GJ_ASSIGN_AUTOMATIC:
    case GJ_ASSIGN_ROUND_ROBIN:
    case GJ_ASSIGN_CONTRACTOR:
        break;
    }
    return able > 0 ? 1 : 0;
}

struct gj_assignment gj_assign(
    const struct gj_assign_job *job, const struct gj_candidate *candidates, size_t count, struct gj_verdict *verdicts)
{
    struct question question = {job, candidates};
    struct gj_assignment answer = {.nearest = GJ_ASSIGN_BAR_NONE};
    enum gj_assign_bar furthest = GJ_ASSIGN_BAR_NONE;

    assert(job->trade < GJ_ASSIGN_TRADES_MAX && count < GJ_ASSIGN_NOBODY);
    for (uint32_t i = 0; i < count; i++) {
        verdicts[i] = (struct gj_verdict){.at = i, .bar = bar_of(job, &candidates[i])};
        if (verdicts[i].bar == GJ_ASSIGN_BAR_NONE) {
            answer.able++;
        } else if (verdicts[i].bar > furthest) {
            furthest = verdicts[i].bar;
        }
    }
    if (count > 1) {
        qsort_r(verdicts, count, sizeof verdicts[0], verdict_order, &question);
    }
    explain_order(&question, verdicts, answer.able);
    answer.chosen = chosen_of(job, answer.able);
    if (answer.able == 0) {
        answer.nearest = furthest;
    }
    return answer;
}

/* ---- plans ---- */

static int job_order(const void *left, const void *right, void *arg)
{
    const struct gj_assign_job *jobs = arg;
    const struct gj_assign_job *a = &jobs[*(const uint32_t *)left];
    const struct gj_assign_job *b = &jobs[*(const uint32_t *)right];

    if (a->priority != b->priority) {
        return a->priority < b->priority ? -1 : 1;
    }
    if (a->due_at != b->due_at) {
        /* No due time is the least pressing one. */
        return (uint64_t)a->due_at - 1 < (uint64_t)b->due_at - 1 ? -1 : 1;
    }
    return smaller_first(a->id, b->id);
}

/* The best of the candidates without putting all of them in order. */
static uint32_t best_of(const struct gj_assign_job *job, const struct gj_candidate *candidates, size_t count)
{
    uint32_t best = GJ_ASSIGN_NOBODY;
    enum gj_assign_rule decisive;

    for (uint32_t i = 0; i < count; i++) {
        if (bar_of(job, &candidates[i]) == GJ_ASSIGN_BAR_NONE &&
            (best == GJ_ASSIGN_NOBODY || compare(job, &candidates[i], &candidates[best], &decisive) < 0)) {
            best = i;
        }
    }
    return best;
}

void gj_assign_plan(const struct gj_assign_job *jobs, size_t job_count, struct gj_candidate *candidates, size_t count,
    int64_t now_ms, uint32_t *order, uint32_t *chosen)
{
    assert(job_count < GJ_ASSIGN_NOBODY && count < GJ_ASSIGN_NOBODY);
    for (uint32_t i = 0; i < job_count; i++) {
        order[i] = i;
    }
    if (job_count > 1) {
        qsort_r(order, job_count, sizeof order[0], job_order, (void *)(uintptr_t)jobs);
    }
    for (size_t i = 0; i < job_count; i++) {
        const struct gj_assign_job *job = &jobs[order[i]];
        uint32_t best = best_of(job, candidates, count);

        chosen[i] = best;
        if (best != GJ_ASSIGN_NOBODY) {
            struct gj_candidate *person = &candidates[best];
            person->open++;
            person->urgent += is_urgent(job);
            person->last_given_at = now_ms;
            person->building = job->building != 0 ? job->building : person->building;
        }
    }
}
