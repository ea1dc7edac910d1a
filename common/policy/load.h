/* Compiling the parts of a policy into its tables; one file per part. Internal to common/policy.
 *
 * Every function reads from load->reader and reports mistakes as problems; what it could not read stays zero, so that
 * reading can go on. Callers look at reader.err (memory) and the count of problems at the end. */
#ifndef GJ_POLICY_LOAD_H
#define GJ_POLICY_LOAD_H

#include "common/policy/obligation.h"
#include "common/policy/policy.h"
#include "common/policy/yaml.h"
#include "common/limits.h"

struct gj_load {
    struct gj_reader reader;
    struct gj_policy *policy;
    struct gj_kind *kind; /* the one being read, or NULL */
};

/* load_company.c: roles and guarded things. */
void gj_load_company(struct gj_load *load, gj_node root);
/* load_priorities.c, load_taxonomy.c, load_settings.c, load_override.c */
void gj_load_priorities(struct gj_load *load, gj_node root);
void gj_load_taxonomy(struct gj_load *load, gj_node root);
void gj_load_settings(struct gj_load *load, gj_node root);
void gj_load_weather(struct gj_load *load, gj_node root);
/* Reads `word` (cities, profiles, offices) of the root; kinds must be there already. */
void gj_load_overrides(
    struct gj_load *load, gj_node root, const char *word, const struct gj_override_set **out, size_t *count);
/* load_warranty.c; taxonomy and cities must be there already. */
void gj_load_warranty(struct gj_load *load, gj_node root);
/* load_dispatch_mode.c; priorities and taxonomy must be there already. */
void gj_load_dispatch(struct gj_load *load, gj_node root);
void gj_load_obligations(struct gj_load *load, gj_node root);

/* load_kind.c: a whole form; the rest are its parts. */
void gj_load_kind(struct gj_load *load, gj_node root, struct gj_kind *kind);
void gj_load_fields(struct gj_load *load, gj_node node);
void gj_load_states(struct gj_load *load, gj_node node);
void gj_load_acts(struct gj_load *load, gj_node node);
void gj_load_transitions(struct gj_load *load, gj_node node);
void gj_load_timers(struct gj_load *load, gj_node node);

/* load_words.c: what recurs. */
void gj_load_who(struct gj_load *load, gj_node node, struct gj_who_list *out);
gj_roles gj_load_roles(struct gj_load *load, gj_node node);
uint32_t gj_load_priority_set(struct gj_load *load, gj_node node);
gj_relations gj_load_relations(struct gj_load *load, gj_node node);
void gj_load_rights(struct gj_load *load, gj_node node, struct gj_rights *out);
/* Index of a field of the kind, GJ_NO_INDEX with a problem when there is none. */
uint16_t gj_load_field(struct gj_load *load, gj_node node);
void gj_load_field_set(struct gj_load *load, gj_node node, struct gj_field_set *out);
gj_states gj_load_state_set(struct gj_load *load, gj_node node); /* codes, or open, closed, any */
const char *gj_load_category_prefix(struct gj_load *load, gj_node node);
void gj_load_follow(struct gj_load *load, gj_node node, const struct gj_follow **out, size_t *count);
/* One of the kind's timers by name; GJ_NO_INDEX with a problem. */
uint16_t gj_load_timer_name(struct gj_load *load, const struct gj_kind *kind, gj_node node);

/* load_condition.c */
void gj_load_conditions(struct gj_load *load, gj_node node, struct gj_condition_list *out);

/* Whether a list's length is in bounds; a problem otherwise. */
bool gj_load_count_ok(struct gj_load *load, gj_node node, size_t count, size_t max);

/* check.c: what only shows when everything is there (ways out, rights of those who act …). */
void gj_check_policy(const struct gj_policy *policy, struct gj_problems *problems);

#endif
