#include "service/dispatch/dispatch_rules.h"

#include <string.h>

#include "common/policy/view.h"

static const char *area_of(const struct gj_category *category, const struct gj_dispatch_facts *facts)
{
    if (facts->area[0] != '\0') {
        return facts->area;
    }
    if (category == NULL) {
        return "";
    }
    switch (category->area) {
    case GJ_AREA_HOUSEHOLD:
        return "household";
    case GJ_AREA_COMMON:
        return "common";
    case GJ_AREA_BOTH:
        break;
    }
    return facts->household ? "household" : "";
}

struct gj_dispatch_proposal gj_dispatch_propose(const struct gj_policy *policy, const struct gj_dispatch_facts *facts)
{
    struct gj_suggestion words = gj_policy_suggest(policy, facts->description, strlen(facts->description));
    const struct gj_category *category =
        facts->category[0] != '\0' ? gj_policy_category(policy, facts->category) : words.category;
    struct gj_dispatch_proposal proposal = {.category = category == NULL ? facts->category : category->code,
        .area = area_of(category, facts),
        .priority = GJ_NO_PRIORITY};
    if (facts->priority >= 0) {
        proposal.priority = (uint8_t)facts->priority;
        return proposal;
    }
    if (category != NULL) {
        proposal.priority = category->priority;
    }
    if (words.raise_to < proposal.priority) {
        proposal.priority = words.raise_to;
        proposal.raised = true;
    }
    if ((facts->vulnerable || words.raise_by > 0) && proposal.priority != GJ_NO_PRIORITY && proposal.priority > 0) {
        proposal.priority--;
        proposal.raised = true;
    }
    return proposal;
}
