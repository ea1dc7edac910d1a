/* Warranty (保修): until when whom a defect can be put to, and who is proposed to bear it (R-WAR-01..05, requirements
 * chapter 7).
 *
 * Two clocks run: the contractor's towards the developer from the acceptance of completion (竣工验收合格), and the
 * developer's towards the owner from handover (交付), which never ends before the other. The answer is a proposal with
 * its reasons; a person confirms it, and a date that nobody knows never turns a household away. Pure. */
#ifndef GJ_POLICY_WARRANTY_H
#define GJ_POLICY_WARRANTY_H

#include "common/calendar.h"
#include "common/policy/policy.h"

/* How long a warranty lasts. MONTHS and SEASONS have n. */
enum gj_term_kind { GJ_TERM_NONE, GJ_TERM_MONTHS, GJ_TERM_SEASONS, GJ_TERM_DESIGN_LIFE, GJ_TERM_CONTRACT };
struct gj_term {
    enum gj_term_kind kind;
    int32_t n;
};

/* A place within a class for which the owner's term differs: the roof within waterproofing. */
struct gj_warranty_part {
    const char *code;
    struct gj_label label;
    struct gj_term owner;
};

struct gj_warranty {
    const char *code; /* one of the policy's warranty classes */
    struct gj_term contractor, owner;
    const struct gj_warranty_part *parts;
    size_t part_count;
    const char *origin;
};

/* A heating or cooling season: days of the year, both belonging to it; until before from: over new year. */
struct gj_season {
    uint8_t from_month, from_day, until_month, until_day; /* from_month 0: the city has none */
};

struct gj_warranty_city {
    const char *code; /* one of the policy's cities */
    struct gj_season heating, cooling;
    const struct gj_warranty *classes; /* what local rules give instead; parts belong to the class they replace */
    size_t class_count;
};

struct gj_warranty_rules {
    const struct gj_warranty *classes;
    size_t class_count;
    const struct gj_warranty_city *cities;
    size_t city_count;
    int32_t design_life_years; /* where the papers of the house say nothing */
};

enum gj_exclusion { GJ_EXCLUSION_NONE, GJ_EXCLUSION_MISUSE, GJ_EXCLUSION_THIRD_PARTY, GJ_EXCLUSION_FORCE_MAJEURE };

/* What is known of the defect and the house. A day of 0 is not known. */
struct gj_warranty_question {
    const char *warranty;        /* class */
    const char *part;            /* NULL: no particular one */
    const char *city;            /* NULL: none */
    bool cooling;                /* SEASONS: cooling seasons count, else heating ones */
    bool common;                 /* a common part: when all is over the maintenance fund pays, else the owner */
    gj_day completed;            /* 竣工验收合格 */
    gj_day delivered;            /* 交付 */
    gj_day contract_until;       /* what the sales contract or its warranty certificate promises the owner */
    gj_day reported;             /* day of the report: what counts */
    enum gj_exclusion exclusion; /* found with evidence */
};

/* Who is proposed to bear it. X(NAME, number, "word"). Numbers are stored. */
#define GJ_BEARER_LIST(X)                                                                                              \
    X(UNKNOWN, 0, "unknown")         /* a date is missing: `missing` says which */                                     \
    X(CONTRACTOR, 1, "contractor")   /* 施工单位, in the contractor's term */                                      \
    X(DEVELOPER, 2, "developer")     /* 建设单位, in the owner's term alone */                                     \
    X(OWNER, 3, "owner")             /* 业主: over, private part */                                                  \
    X(COMMON_FUND, 4, "common_fund") /* 专项维修资金: over, common part */                                       \
    X(CAUSER, 5, "causer")           /* whoever misused or damaged it */                                               \
    X(PROPERTY, 6, "property")       /* everyday care of common facilities: the property company's duty */

enum gj_bearer {
#define GJ_BEARER_ENUM(name, number, word) GJ_BEARER_##name = number,
    GJ_BEARER_LIST(GJ_BEARER_ENUM)
#undef GJ_BEARER_ENUM
};

enum gj_missing { GJ_MISSING_COMPLETED = 1, GJ_MISSING_DELIVERED = 2, GJ_MISSING_CONTRACT = 4, GJ_MISSING_SEASON = 8 };

struct gj_warranty_answer {
    enum gj_bearer bearer;
    gj_day contractor_until; /* last day; 0: not known or none */
    gj_day owner_until;
    uint8_t missing; /* GJ_MISSING_ bits: what would make the answer surer */
};

/* False: the class is not among the rules; the answer is then UNKNOWN. */
bool gj_warranty_ask(
    const struct gj_warranty_rules *rules, const struct gj_warranty_question *question, struct gj_warranty_answer *out);

/* The last day of the nth season that lies wholly after `from`: its first day is `from` or later. n is above 0. */
gj_day gj_season_end(const struct gj_season *season, gj_day from, int32_t n);

/* Reads "24 months", "1 year", "5 years", "2 seasons", "design_life", "contract", "none". */
bool gj_term_parse(const char *text, struct gj_term *out);
const char *gj_bearer_word(enum gj_bearer bearer);

#endif
