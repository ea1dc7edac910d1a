#include "common/policy/dispatch_mode.h"

#include <string.h>

static bool names_office(const struct gj_dispatch_rule *rule, const char *office)
{
    for (size_t i = 0; i < rule->office_count; i++) {
        if (strcmp(rule->offices[i], office) == 0) {
            return true;
        }
    }
    return rule->office_count == 0;
}

static bool fits(const struct gj_dispatch_rule *rule, const char *office, uint8_t priority, const char *category)
{
    bool priority_fits = rule->priorities == 0 || (priority < 32 && (rule->priorities >> priority & 1U) != 0);
    bool category_fits =
        rule->category == NULL || (category != NULL && strncmp(category, rule->category, strlen(rule->category)) == 0);
    return priority_fits && category_fits && names_office(rule, office);
}

struct gj_dispatch_rule gj_dispatch_mode_for(
    const struct gj_dispatch_rules *rules, const char *office, uint8_t priority, const char *category)
{
    for (size_t i = 0; rules != NULL && i < rules->count; i++) {
        if (fits(&rules->items[i], office, priority, category)) {
            return rules->items[i];
        }
    }
    return (struct gj_dispatch_rule){.mode = GJ_ASSIGN_MANUAL};
}
