#include "common/policy/policy.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"

void gj_policy_free(struct gj_policy *policy)
{
    if (policy == NULL) {
        return;
    }
    struct gj_arena *arena = policy->memory;
    gj_arena_fini(arena); /* holds the policy itself */
    free(arena);
}

const struct gj_kind *gj_policy_kind(const struct gj_policy *policy, const char *code)
{
    for (size_t i = 0; i < policy->kind_count; i++) {
        if (strcmp(policy->kinds[i]->code, code) == 0) {
            return policy->kinds[i];
        }
    }
    return NULL;
}

const struct gj_kind *gj_policy_kind_by_number(const struct gj_policy *policy, uint16_t number)
{
    for (size_t i = 0; i < policy->kind_count; i++) {
        if (policy->kinds[i]->number == number) {
            return policy->kinds[i];
        }
    }
    return NULL;
}

/* The tables are arrays of different structs whose first member is their code. */
#define FIND_BY_CODE(items, count, code)                                                                               \
    for (size_t i = 0; i < (count); i++) {                                                                             \
        if (strcmp((items)[i].code, (code)) == 0) {                                                                    \
            return &(items)[i];                                                                                        \
        }                                                                                                              \
    }                                                                                                                  \
    return NULL

const struct gj_role *gj_policy_role(const struct gj_policy *policy, const char *code)
{
    FIND_BY_CODE(policy->roles, policy->role_count, code);
}

const struct gj_role *gj_policy_role_by_number(const struct gj_policy *policy, uint8_t number)
{
    if (number >= 64 || policy->role_at[number] == 0) {
        return NULL;
    }
    return &policy->roles[policy->role_at[number] - 1];
}

const struct gj_priority *gj_policy_priority(const struct gj_policy *policy, const char *code)
{
    FIND_BY_CODE(policy->priorities, policy->priority_count, code);
}

const struct gj_trade *gj_policy_trade(const struct gj_policy *policy, const char *code)
{
    FIND_BY_CODE(policy->trades, policy->trade_count, code);
}

const struct gj_guarded *gj_policy_subject(const struct gj_policy *policy, const char *code)
{
    FIND_BY_CODE(policy->subjects, policy->subject_count, code);
}

const struct gj_override_set *gj_policy_city(const struct gj_policy *policy, const char *code)
{
    FIND_BY_CODE(policy->cities, policy->city_count, code);
}

const struct gj_override_set *gj_policy_profile(const struct gj_policy *policy, const char *code)
{
    FIND_BY_CODE(policy->profiles, policy->profile_count, code);
}

const struct gj_override_set *gj_policy_office(const struct gj_policy *policy, const char *code)
{
    FIND_BY_CODE(policy->offices, policy->office_count, code);
}

const struct gj_weather *gj_policy_weather(const struct gj_policy *policy, const char *code)
{
    FIND_BY_CODE(policy->weather, policy->weather_count, code);
}

static int compare_code(const void *code, const void *category)
{
    return strcmp(code, ((const struct gj_category *)category)->code);
}

const struct gj_category *gj_policy_category(const struct gj_policy *policy, const char *code)
{
    if (policy->category_count == 0) {
        return NULL;
    }
    return bsearch(code, policy->categories, policy->category_count, sizeof *policy->categories, compare_code);
}

struct gj_suggestion gj_policy_suggest(const struct gj_policy *policy, const char *text, size_t len)
{
    struct gj_suggestion suggestion = {NULL, 0xff, 0};
    size_t longest = 0;
    for (size_t i = 0; i < policy->keyword_count && len > 0; i++) {
        const struct gj_keyword *keyword = &policy->keywords[i];
        size_t word_len = strlen(keyword->word);
        if (memmem(text, len, keyword->word, word_len) == NULL) {
            continue;
        }
        if (keyword->category != NULL && word_len > longest) {
            suggestion.category = gj_policy_category(policy, keyword->category);
            longest = word_len;
        }
        if (keyword->raise_by > suggestion.raise_by) {
            suggestion.raise_by = keyword->raise_by;
        }
        if (keyword->raise_to < suggestion.raise_to) {
            suggestion.raise_to = keyword->raise_to;
        }
    }
    return suggestion;
}
