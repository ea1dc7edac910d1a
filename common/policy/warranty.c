#include "common/policy/warranty.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define TERM_YEARS_MAX 100
#define TERM_SEASONS_MAX 20

const char *gj_bearer_word(enum gj_bearer bearer)
{
    switch (bearer) {
#define CASE(name, number, word)                                                                                       \
    case GJ_BEARER_##name:                                                                                             \
        return word;
        GJ_BEARER_LIST(CASE)
#undef CASE
    }
    return "unknown";
}

bool gj_term_parse(const char *text, struct gj_term *out)
{
    static const struct {
        const char *word;
        enum gj_term_kind kind;
    } plain[] = {{"none", GJ_TERM_NONE}, {"design_life", GJ_TERM_DESIGN_LIFE}, {"contract", GJ_TERM_CONTRACT}};
    static const struct {
        const char *word;
        enum gj_term_kind kind;
        int32_t factor, max;
    } units[] = {{"month", GJ_TERM_MONTHS, 1, 12 * TERM_YEARS_MAX}, {"year", GJ_TERM_MONTHS, 12, TERM_YEARS_MAX},
        {"season", GJ_TERM_SEASONS, 1, TERM_SEASONS_MAX}};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (strcmp(text, plain[i].word) == 0) {
            *out = (struct gj_term){plain[i].kind, 0};
            return true;
        }
    }
    char *end = NULL;
    long n = text[0] >= '1' && text[0] <= '9' ? strtol(text, &end, 10) : 0;
    if (end == NULL || *end != ' ') {
        return false;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t len = strlen(units[i].word);
        bool plural = n != 1;
        if (strncmp(end + 1, units[i].word, len) == 0 && strcmp(end + 1 + len, plural ? "s" : "") == 0 &&
            n <= units[i].max) {
            *out = (struct gj_term){units[i].kind, (int32_t)n * units[i].factor};
            return true;
        }
    }
    return false;
}

/* ---- ends ---- */

gj_day gj_season_end(const struct gj_season *season, gj_day from, int32_t n)
{
    assert(n > 0 && season->from_month != 0);
    int32_t year = gj_date_of(from).year;
    gj_day first = gj_day_of((struct gj_date){year, season->from_month, season->from_day});
    if (first < from) {
        year++;
    }
    year += n - 1;
    bool over_new_year = season->until_month < season->from_month ||
                         (season->until_month == season->from_month && season->until_day < season->from_day);
    return gj_day_of((struct gj_date){year + (over_new_year ? 1 : 0), season->until_month, season->until_day});
}

struct term_facts {
    const struct gj_warranty_rules *rules;
    const struct gj_warranty_question *question;
    const struct gj_season *season; /* NULL: not known for the city */
};

/* The last day of a term that began on `from`; 0 when it cannot be said, with what is missing. */
static gj_day term_end(
    const struct term_facts *facts, struct gj_term term, gj_day from, enum gj_missing missing_from, uint8_t *missing)
{
    if (term.kind == GJ_TERM_NONE) {
        return 0;
    }
    if (term.kind == GJ_TERM_CONTRACT) {
        *missing |= facts->question->contract_until == 0 ? GJ_MISSING_CONTRACT : 0;
        return facts->question->contract_until;
    }
    if (from == 0) {
        *missing |= (uint8_t)missing_from;
        return 0;
    }
    switch (term.kind) {
    case GJ_TERM_MONTHS:
        return gj_day_add_months(from, term.n);
    case GJ_TERM_DESIGN_LIFE:
        return gj_day_add_months(from, 12 * facts->rules->design_life_years);
    case GJ_TERM_SEASONS:
        if (facts->season == NULL) {
            *missing |= GJ_MISSING_SEASON;
            return 0;
        }
        return gj_season_end(facts->season, from, term.n);
    case GJ_TERM_NONE:
    case GJ_TERM_CONTRACT:
        break;
    }
    return 0;
}

/* ---- rules ---- */

static const struct gj_warranty *find_class(const struct gj_warranty *classes, size_t count, const char *code)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(classes[i].code, code) == 0) {
            return &classes[i];
        }
    }
    return NULL;
}

static const struct gj_warranty_city *find_city(const struct gj_warranty_rules *rules, const char *code)
{
    for (size_t i = 0; code != NULL && i < rules->city_count; i++) {
        if (strcmp(rules->cities[i].code, code) == 0) {
            return &rules->cities[i];
        }
    }
    return NULL;
}

static struct gj_term owner_term(const struct gj_warranty *warranty, const char *part)
{
    for (size_t i = 0; part != NULL && i < warranty->part_count; i++) {
        if (strcmp(warranty->parts[i].code, part) == 0) {
            return warranty->parts[i].owner;
        }
    }
    return warranty->owner;
}

static gj_day later(gj_day a, gj_day b)
{
    return a > b ? a : b;
}

/* Whether an end that nobody knows could still be ahead. */
static bool could_change(const struct gj_warranty_answer *answer)
{
    return answer->missing != 0;
}

static enum gj_bearer bearer_of(const struct gj_warranty_question *question, const struct gj_warranty_answer *answer)
{
    if (answer->contractor_until != 0 && question->reported <= answer->contractor_until) {
        return GJ_BEARER_CONTRACTOR;
    }
    if (answer->owner_until != 0 && question->reported <= answer->owner_until &&
        (answer->missing & GJ_MISSING_COMPLETED) == 0) {
        return GJ_BEARER_DEVELOPER;
    }
    if (could_change(answer)) {
        return GJ_BEARER_UNKNOWN;
    }
    return question->common ? GJ_BEARER_COMMON_FUND : GJ_BEARER_OWNER;
}

bool gj_warranty_ask(
    const struct gj_warranty_rules *rules, const struct gj_warranty_question *question, struct gj_warranty_answer *out)
{
    const struct gj_warranty *general = find_class(rules->classes, rules->class_count, question->warranty);
    const struct gj_warranty_city *city = find_city(rules, question->city);
    const struct gj_warranty *local =
        city == NULL ? NULL : find_class(city->classes, city->class_count, question->warranty);
    const struct gj_season *season = city == NULL ? NULL : question->cooling ? &city->cooling : &city->heating;
    struct term_facts facts = {rules, question, season != NULL && season->from_month != 0 ? season : NULL};

    *out = (struct gj_warranty_answer){.bearer = GJ_BEARER_UNKNOWN};
    if (general == NULL) {
        return false;
    }
    const struct gj_warranty *warranty = local != NULL ? local : general;
    struct gj_term owner = local != NULL ? local->owner : owner_term(general, question->part);
    if (warranty->contractor.kind == GJ_TERM_NONE && owner.kind == GJ_TERM_NONE) {
        out->bearer = question->exclusion == GJ_EXCLUSION_MISUSE || question->exclusion == GJ_EXCLUSION_THIRD_PARTY
                          ? GJ_BEARER_CAUSER
                      : question->common ? GJ_BEARER_PROPERTY
                                         : GJ_BEARER_OWNER;
        return true;
    }
    out->contractor_until =
        term_end(&facts, warranty->contractor, question->completed, GJ_MISSING_COMPLETED, &out->missing);
    out->owner_until = later(
        out->contractor_until, later(term_end(&facts, owner, question->delivered, GJ_MISSING_DELIVERED, &out->missing),
                                   question->contract_until));
    if (question->exclusion == GJ_EXCLUSION_MISUSE || question->exclusion == GJ_EXCLUSION_THIRD_PARTY) {
        out->bearer = GJ_BEARER_CAUSER;
    } else if (question->exclusion == GJ_EXCLUSION_FORCE_MAJEURE) {
        out->bearer = question->common ? GJ_BEARER_COMMON_FUND : GJ_BEARER_OWNER;
    } else {
        out->bearer = bearer_of(question, out);
    }
    return true;
}
