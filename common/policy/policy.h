/* The policy (规则): everything a company may decide about its service desk, read from YAML, checked as a whole and
 * compiled into immutable tables.
 *
 * A policy comes as parts: name and bytes. On disk it is a folder with policy.yaml naming the others; in the store it
 * is one bundle of bytes. Both give the same digest. A compiled policy may be read from any thread and stays valid
 * until freed; records freeze the version they were made under, so the daemon keeps every activated one. */
#ifndef GJ_POLICY_POLICY_H
#define GJ_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/policy/kind.h"
#include "common/policy/problem.h"

/* --- Tables of the company ------------------------------------------------------------------------------------ */

enum gj_reach { GJ_REACH_OWN_RECORDS, GJ_REACH_OFFICE, GJ_REACH_REGION, GJ_REACH_GROUP };

struct gj_role {
    const char *code;
    struct gj_label label;
    uint8_t number; /* stable, 1..63 */
    enum gj_reach reach;
    bool staff;          /* belongs to an office or headquarters; false: outside parties */
    bool logged_outside; /* every read outside the own region is recorded */
    bool logged_always;  /* every read is recorded */
    bool delegable;      /* may be handed to a named colleague for a period */
    gj_roles grants;     /* which roles its holder may grant within the own office */
};

struct gj_priority {
    const char *code; /* P0 … */
    struct gj_label label;
    uint8_t number; /* 0 is the most urgent */
    gj_roles call_out;
    const char *origin;
};

struct gj_trade {
    const char *code;
    struct gj_label label;
    const char *certificate; /* what a worker must hold, unexpired; NULL none */
    bool external;
};

enum gj_area { GJ_AREA_HOUSEHOLD = 1, GJ_AREA_COMMON = 2, GJ_AREA_BOTH = 3 };

struct gj_category {
    const char *code; /* WAT-01 */
    struct gj_label label;
    const char *group; /* WAT */
    enum gj_area area;
    uint8_t priority; /* number */
    const char *trade;
    const char *warranty;
};

struct gj_category_group {
    const char *code;
    struct gj_label label;
};

/* Words in a caller's sentence that suggest a category or a raised priority; a person confirms. */
struct gj_keyword {
    const char *word;
    const char *category; /* NULL when it only raises */
    uint8_t raise_to;     /* priority number, or 0xff */
    uint8_t raise_by;     /* steps up: an old person living alone, the only toilet */
};

/* A city's table (城市), a service profile (等级服务标准) or an office's own figures: tighter or, with two people's
 * approval noted in the file, looser limits for named timers. */
struct gj_override {
    const char *kind;
    const char *timer;
    uint32_t priorities;  /* bit n; 0 means all */
    const char *category; /* prefix, NULL any */
    struct gj_duration limit;
    bool looser_approved; /* two names and a reason are given */
    const char *origin;
    const char *file;
    uint32_t line;
};
/* Makes one from words, as an office's own limits are stored: priority empty or NULL means all. False with a refusal
 * (REFERENCE_UNKNOWN, FIELD_TEXT) when a word is not known to the policy. kind and timer point into the policy. */
struct gj_policy;
struct gj_refusal;
bool gj_override_parse(const struct gj_policy *policy, const char *kind, const char *timer, const char *priority,
    const char *limit, bool looser_approved, struct gj_override *out, struct gj_refusal *refusal);

struct gj_override_set {
    const char *code;
    struct gj_label label;
    const struct gj_override *items;
    size_t count;
    uint16_t follow_up_permille; /* profile: share of repairs called back; 0xffff: not given */
};

struct gj_weather {
    const char *code;
    struct gj_label label;
    uint32_t priorities;      /* which are stretched */
    uint32_t factor_permille; /* 1500 = half as long again */
    gj_roles starts;
};

struct gj_option {
    const char *code;
    struct gj_label label;
};
struct gj_options {
    const struct gj_option *items;
    size_t count;
};

/* Parts of a file (业户档案) that a role may see one by one. X(NAME, "word") */
#define GJ_PARTS(X)                                                                                                    \
    X(NAME, "name")             /* of the file and of its persons */                                                   \
    X(PHONE, "phone")           /* masked until it is asked for */                                                     \
    X(CONTACT, "contact")       /* how and when a person wants to be reached */                                        \
    X(PERSONS, "persons")       /* who they are to the household, since when */                                        \
    X(VULNERABLE, "vulnerable") /* what help somebody needs */                                                         \
    X(VEHICLES, "vehicles")                                                                                            \
    X(BILLING, "billing") /* area, occupancy, dates of completion and delivery */                                      \
    X(RECORDS, "records") /* open work about it */

enum gj_part {
#define GJ_PART_ENUM(name, word) GJ_PART_##name,
    GJ_PARTS(GJ_PART_ENUM)
#undef GJ_PART_ENUM
        GJ_PART_COUNT
};

/* A set of them. */
typedef uint32_t gj_parts;
#define GJ_PART_BIT(part) ((gj_parts)1 << (part))
#define GJ_PARTS_ALL (GJ_PART_BIT(GJ_PART_COUNT) - 1)

/* A thing that is not a record kind but is guarded by rights: household_file, audit_log … */
struct gj_guarded {
    const char *code;
    struct gj_label label;
    struct gj_rights rights;
    gj_parts hides[64]; /* by role number: what its holders do not see of it */
};

struct gj_obligation;
struct gj_warranty_rules;
struct gj_dispatch_rules;

/* So many people of a role are on duty at every hour. */
struct gj_duty_need {
    uint8_t role;
    uint32_t wanted;
};

struct gj_policy_settings {
    struct gj_duration receipt_late;  /* an entry recorded later than this needs a reason: 15 min */
    int32_t office_closing_minute;    /* day limits end then; 1440 = at 24:00 */
    int32_t working_day_opens_minute; /* hour at which day-long reminders are shown */
    uint16_t follow_up_permille;      /* where the profile says nothing */
    struct gj_duration cover_max;     /* stand-in (顶岗) */
    struct gj_duration delegation_max;
    uint32_t logged_in_export_rows; /* an export above this many rows needs a second person */
    int32_t duty_days_ahead;        /* gaps of the duty roster are looked for so many days ahead; 0: not at all */
    const struct gj_duty_need *duty_needs;
    size_t duty_need_count;
};

struct gj_policy {
    uint32_t version; /* given by who activates it; 0 from a folder */
    uint8_t digest[32];
    const char *title;
    const struct gj_role *roles;
    size_t role_count;
    uint8_t role_at[64]; /* by number: index + 1 */
    const struct gj_priority *priorities;
    size_t priority_count; /* numbers are 0..count-1 in order */
    const struct gj_trade *trades;
    size_t trade_count;
    const struct gj_category_group *groups;
    size_t group_count;
    const struct gj_category *categories; /* sorted by code */
    size_t category_count;
    const struct gj_keyword *keywords;
    size_t keyword_count;
    struct gj_options channels, areas, warranties;
    struct gj_options vulnerable; /* 需特别照顾: what may be kept of a person, with consent */
    const struct gj_override_set *cities, *profiles, *offices;
    size_t city_count, profile_count, office_count;
    const struct gj_warranty_rules *warranty; /* warranty.h; NULL: the policy has none */
    const struct gj_dispatch_rules *dispatch; /* dispatch_mode.h; NULL: people choose everywhere */
    const struct gj_weather *weather;
    size_t weather_count;
    const struct gj_guarded *subjects;
    size_t subject_count;
    const struct gj_kind *const *kinds;
    size_t kind_count;
    const struct gj_obligation *obligations;
    size_t obligation_count;
    struct gj_policy_settings settings;
    void *memory; /* owns all of the above */
};

/* --- Loading -------------------------------------------------------------------------------------------------- */

/* One file of a policy. Both are borrowed during the call. */
struct gj_policy_part {
    const char *name; /* "forms/repair.yaml": relative, no "..", ASCII */
    const uint8_t *bytes;
    size_t len;
};

/* Compiles the parts; one of them is policy.yaml, which must name all the others. Gives *out (gj_policy_free).
 * GJ_EINVAL: problems says what and where. GJ_ETOOBIG, GJ_ENOMEM. *out is NULL on every failure. */
enum gj_err gj_policy_compile(const struct gj_policy_part *parts, size_t count, uint32_t version,
    struct gj_policy **out, struct gj_problems *problems);

/* Reads policy.yaml in the folder and what it names, then compiles. GJ_ENOTFOUND, GJ_EIO: a problem names the file. */
enum gj_err gj_policy_load_folder(
    const char *folder, uint32_t version, struct gj_policy **out, struct gj_problems *problems);

/* The bundle: what the store keeps. Pack gives malloc'd bytes that the caller frees; the order of parts does not
 * matter (they are sorted by name). Read compiles; GJ_ECORRUPT when the bytes are no bundle. */
enum gj_err gj_policy_bundle_pack(const struct gj_policy_part *parts, size_t count, uint8_t **out, size_t *out_len);
enum gj_err gj_policy_bundle_folder(const char *folder, uint8_t **out, size_t *out_len, struct gj_problems *problems);
enum gj_err gj_policy_bundle_compile(
    const uint8_t *bytes, size_t len, uint32_t version, struct gj_policy **out, struct gj_problems *problems);
/* Gives the parts of a bundle one by one; the first failure of `take` ends it and is returned. */
enum gj_err gj_policy_bundle_each(
    const uint8_t *bytes, size_t len, enum gj_err (*take)(void *owner, const struct gj_policy_part *part), void *owner);

/* Whether `next` may follow `old` in a store: numbers of kinds, states, acts, roles, timers and priorities must keep
 * their meaning; a state in which records may be may not vanish. Problems are added; false when there are any. */
bool gj_policy_may_follow(const struct gj_policy *old, const struct gj_policy *next, struct gj_problems *problems);

void gj_policy_free(struct gj_policy *policy);

/* --- Looking up: NULL when there is none ---------------------------------------------------------------------- */

const struct gj_kind *gj_policy_kind(const struct gj_policy *policy, const char *code);
const struct gj_kind *gj_policy_kind_by_number(const struct gj_policy *policy, uint16_t number);
const struct gj_role *gj_policy_role(const struct gj_policy *policy, const char *code);
const struct gj_role *gj_policy_role_by_number(const struct gj_policy *policy, uint8_t number);
const struct gj_priority *gj_policy_priority(const struct gj_policy *policy, const char *code);
const struct gj_category *gj_policy_category(const struct gj_policy *policy, const char *code);
const struct gj_trade *gj_policy_trade(const struct gj_policy *policy, const char *code);
const struct gj_guarded *gj_policy_subject(const struct gj_policy *policy, const char *code);
const struct gj_override_set *gj_policy_city(const struct gj_policy *policy, const char *code);
const struct gj_override_set *gj_policy_profile(const struct gj_policy *policy, const char *code);
const struct gj_override_set *gj_policy_office(const struct gj_policy *policy, const char *code);
const struct gj_weather *gj_policy_weather(const struct gj_policy *policy, const char *code);

/* What the caller's words suggest: the category of the longest matching word and the most urgent priority; NULL and
 * 0xff when nothing matches. A suggestion only: a person confirms. */
struct gj_suggestion {
    const struct gj_category *category;
    uint8_t raise_to;
    uint8_t raise_by; /* steps up from the category's priority; 0 or 1 */
};
struct gj_suggestion gj_policy_suggest(const struct gj_policy *policy, const char *text, size_t len);

#endif
