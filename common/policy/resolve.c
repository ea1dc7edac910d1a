/* Which limit holds: company, then city, profile, office, each only where it is tighter or two people approved a looser
 * one; then the weather. */
#include <string.h>

#include "common/policy/deadline.h"

static bool category_fits(const char *prefix, const char *category)
{
    size_t len = strlen(prefix);
    return category != NULL && strncmp(category, prefix, len) == 0 && (category[len] == '\0' || category[len] == '-');
}

/* Not yet classified: nothing is promised but what holds for every priority. */
static bool unranked(const struct gj_kind *kind, const struct gj_view *view)
{
    return kind->has_priority && view->priority >= GJ_PRIORITIES_MAX;
}

/* Kinds without priorities use the first place. */
static uint8_t priority_index(const struct gj_view *view)
{
    return view->priority < GJ_PRIORITIES_MAX ? view->priority : 0;
}

static bool applies(const struct gj_override *item, const struct gj_kind *kind, const struct gj_timer *timer,
    const struct gj_view *view)
{
    bool priority =
        item->priorities == 0 || (!unranked(kind, view) && ((item->priorities >> priority_index(view)) & 1u) != 0);
    bool category = item->category == NULL || category_fits(item->category, view->category);
    return priority && category && strcmp(item->kind, kind->code) == 0 && strcmp(item->timer, timer->name) == 0;
}

/* Limits on different clocks are compared by where they end for this very record. */
static int64_t end_of(const struct gj_deadline_place *place, const struct gj_view *view, struct gj_duration duration)
{
    if (duration.unit == GJ_UNIT_NONE) {
        return INT64_MAX;
    }
    return gj_deadline_after(&place->policy->settings, place->calendar, view->received_at, duration).at_ms;
}

static void consider(const struct gj_deadline_place *place, const struct gj_timer *timer, const struct gj_view *view,
    const struct gj_override_set *set, enum gj_level level, struct gj_deadline_rule *rule)
{
    for (size_t i = 0; set != NULL && i < set->count; i++) {
        const struct gj_override *item = &set->items[i];
        if (!applies(item, place->kind, timer, view)) {
            continue;
        }
        int64_t mine = end_of(place, view, item->limit);
        int64_t held = end_of(place, view, rule->limit.duration);
        if (mine > held && !item->looser_approved) {
            continue;
        }
        if (mine == held && rule->limit.op != GJ_LIMIT_NONE) {
            continue;
        }
        rule->limit.duration = item->limit;
        rule->limit.if_field_at = GJ_NO_INDEX;
        rule->limit.origin = item->origin;
        if (rule->limit.op == GJ_LIMIT_NONE) {
            rule->limit.op = GJ_LIMIT_DURATION;
            rule->limit.field_at = GJ_NO_INDEX;
        }
        rule->level = level;
        rule->file = item->file;
        rule->line = item->line;
    }
}

struct gj_deadline_rule gj_deadline_resolve(
    const struct gj_deadline_place *place, const struct gj_timer *timer, const struct gj_view *view)
{
    const struct gj_policy *policy = place->policy;
    const struct gj_limit *base = unranked(place->kind, view) ? &timer->unranked : &timer->limits[priority_index(view)];
    size_t longest = 0;
    for (size_t i = 0; i < timer->by_category_count; i++) {
        const struct gj_category_limit *special = &timer->by_category[i];
        if (category_fits(special->prefix, view->category) && strlen(special->prefix) > longest) {
            base = &special->limit;
            longest = strlen(special->prefix);
        }
    }
    struct gj_deadline_rule rule = {.limit = *base, .level = GJ_LEVEL_COMPANY, .file = base->file, .line = base->line};
    const struct gj_override_set *city = place->city == NULL ? NULL : gj_policy_city(policy, place->city);
    const struct gj_override_set *profile = place->profile == NULL ? NULL : gj_policy_profile(policy, place->profile);
    consider(place, timer, view, city, GJ_LEVEL_CITY, &rule);
    consider(place, timer, view, profile, GJ_LEVEL_PROFILE, &rule);
    consider(place, timer, view, place->office, GJ_LEVEL_OFFICE, &rule);
    const struct gj_weather *mode = place->weather == NULL ? NULL : gj_policy_weather(policy, place->weather);
    if (timer->weather && mode != NULL && rule.limit.duration.unit != GJ_UNIT_NONE &&
        view->priority < GJ_PRIORITIES_MAX && ((mode->priorities >> view->priority) & 1u) != 0 &&
        mode->factor_permille > 1000) {
        rule.stretched = true;
        rule.level = GJ_LEVEL_WEATHER;
    }
    return rule;
}

uint16_t gj_profile_follow_up(const struct gj_policy *policy, const char *profile)
{
    const struct gj_override_set *set = profile == NULL ? NULL : gj_policy_profile(policy, profile);
    bool given = set != NULL && set->follow_up_permille != UINT16_MAX;
    return given ? set->follow_up_permille : policy->settings.follow_up_permille;
}
