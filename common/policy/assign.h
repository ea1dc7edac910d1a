/* Assignment (派单): who should get a ticket, and why (R-DSP-01..04, requirements chapter 7).
 *
 * The caller gathers facts: what is to be done, and everybody who might do it. The answer names one person, or all who
 * are offered the job (抢单), or nobody, and gives a verdict about each candidate: the first rule that kept the person
 * out, or the place among those who could. People are compared rule by rule, in an order anybody can read aloud, never
 * by a weighed sum: so the answer to "why not me?" is one fact.
 *
 * Pure: the same facts give the same answer, whatever the order they are handed over in. */
#ifndef GJ_POLICY_ASSIGN_H
#define GJ_POLICY_ASSIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a ticket finds its worker. X(NAME, number, "word"). Numbers are kept in records. */
#define GJ_ASSIGN_MODE_LIST(X)                                                                                         \
    X(MANUAL, 1, "manual")           /* a person chooses; the order is a suggestion */                                 \
    X(AUTOMATIC, 2, "automatic")     /* the best one gets it */                                                        \
    X(OFFER, 3, "offer")             /* 抢单: all who can are asked, the first to accept has it */                   \
    X(ROUND_ROBIN, 4, "round_robin") /* 轮派: who has waited longest */                                              \
    X(CONTRACTOR, 5, "contractor")   /* outside firms only */

enum gj_assign_mode {
#define GJ_ASSIGN_MODE_ENUM(name, number, word) GJ_ASSIGN_##name = number,
    GJ_ASSIGN_MODE_LIST(GJ_ASSIGN_MODE_ENUM)
#undef GJ_ASSIGN_MODE_ENUM
};

/* Why somebody cannot get it, in the order in which it is looked at. X(NAME, number, "word"). */
#define GJ_ASSIGN_BAR_LIST(X)                                                                                          \
    X(NONE, 0, "none")               /* could do it */                                                                 \
    X(OFFICE, 1, "office")           /* serves other offices */                                                        \
    X(SIDE, 2, "side")               /* own staff where a firm is wanted, or the other way round */                    \
    X(TRADE, 3, "trade")             /* another trade */                                                               \
    X(CERTIFICATE, 4, "certificate") /* lacks the required certificate, or it has lapsed or is overdue for review */   \
    X(EXCLUDED, 5, "excluded")       /* has no part in this ticket: its owner, the person complained of, … */        \
    X(DECLINED, 6, "declined")       /* has declined it or let it lapse */                                             \
    X(LEAVE, 7, "leave")             /* on leave */                                                                    \
    X(SHIFT, 8, "shift")             /* not on duty, and not to be called out for this */                              \
    X(LOAD, 9, "load")               /* has as much as one person may have; never a bar to P0 and P1 */

enum gj_assign_bar {
#define GJ_ASSIGN_BAR_ENUM(name, number, word) GJ_ASSIGN_BAR_##name = number,
    GJ_ASSIGN_BAR_LIST(GJ_ASSIGN_BAR_ENUM)
#undef GJ_ASSIGN_BAR_ENUM
};

/* What two candidates are compared by. Which comes first depends on urgency and mode, see gj_assign_order. */
#define GJ_ASSIGN_RULE_LIST(X)                                                                                         \
    X(ONLY, 0, "only")         /* nobody to compare with */                                                            \
    X(DUTY, 1, "duty")         /* on duty before called out */                                                         \
    X(DISTANCE, 2, "distance") /* works in the same building before elsewhere */                                       \
    X(URGENT, 3, "urgent")     /* not at another emergency before in the middle of one */                              \
    X(LOAD, 4, "load")         /* fewer open tickets */                                                                \
    X(SKILL, 5, "skill")       /* nearest level that suffices; below it, the higher one */                             \
    X(RESTED, 6, "rested")     /* longest since the last assignment */                                                 \
    X(NUMBER, 7, "number")     /* lower number: so that there is always one order */

enum gj_assign_rule {
#define GJ_ASSIGN_RULE_ENUM(name, number, word) GJ_ASSIGN_RULE_##name = number,
    GJ_ASSIGN_RULE_LIST(GJ_ASSIGN_RULE_ENUM)
#undef GJ_ASSIGN_RULE_ENUM
};
#define GJ_ASSIGN_RULES 7

/* Trades are bits, in the order of the policy's table. */
#define GJ_ASSIGN_TRADES_MAX 64

/* Somebody who might do it. Facts hold for the moment of the question. */
struct gj_candidate {
    uint64_t user;
    uint64_t office;    /* where the person works; a firm's people: the office they serve now */
    bool contractor;    /* of an outside firm (外单位) */
    uint64_t trades;    /* bits */
    uint64_t certified; /* bits of trades for which every required certificate is valid, see gj_assign_certified */
    bool on_duty;       /* a shift, or standing in, runs now */
    bool on_call;       /* off duty, but on the call-out list */
    bool on_leave;
    uint8_t skill;         /* 1..5 in the wanted trade; 0: not graded */
    uint32_t open;         /* tickets in hand, up to done */
    uint32_t urgent;       /* P0 and P1 among them */
    uint64_t building;     /* of the job in hand or next; 0: none */
    int64_t last_given_at; /* 0: never */
};

/* What is to be done. Pointers are borrowed. */
struct gj_assign_job {
    uint64_t id;
    uint64_t office;
    uint64_t building; /* 0: not known */
    uint8_t trade;     /* bit number */
    uint8_t priority;  /* number; GJ_NO_PRIORITY counts as the least urgent */
    uint8_t skill;     /* wanted; 0: any */
    enum gj_assign_mode mode;
    int64_t due_at;           /* for plans: the earlier first; 0: none */
    uint32_t load_max;        /* open tickets one person may have; 0: no limit */
    uint32_t offer_max;       /* how many are asked at once in OFFER; 0: everybody who can */
    const uint64_t *declined; /* users */
    size_t declined_count;
    const uint64_t *excluded;
    size_t excluded_count;
};

struct gj_verdict {
    uint32_t at; /* index among the candidates */
    enum gj_assign_bar bar;
    enum gj_assign_rule rule; /* of those who could: what put the next one in the order behind this one; for the last
                                 one NUMBER, or ONLY when there was no other */
};

struct gj_assignment {
    uint32_t able;              /* verdicts[0..able) could do it, best first; behind them the others by number */
    uint32_t chosen;            /* how many of them get it: 0 nobody (or MANUAL), 1, or those offered */
    enum gj_assign_bar nearest; /* able is 0: the bar of those who came furthest; NONE when there was no candidate */
};

/* Judges the candidates of one job. verdicts has room for count. No allocation; count * log(count) steps. */
struct gj_assignment gj_assign(
    const struct gj_assign_job *job, const struct gj_candidate *candidates, size_t count, struct gj_verdict *verdicts);

/* The rules in the order in which they are asked for a job of this priority and mode: GJ_ASSIGN_RULES of them. */
const enum gj_assign_rule *gj_assign_order(const struct gj_assign_job *job);

/* Plans the open jobs of one office anew: the most urgent first, among them the one due first, each counted as load
 * of whoever gets it. Changes the candidates' open, urgent, building and last_given_at accordingly, as if all had been
 * given at now_ms. order[i] is the index of the i-th job looked at, chosen[i] the candidate for that job or
 * GJ_ASSIGN_NOBODY; both have room for job_count. Jobs whose mode leaves the choice to people (MANUAL, OFFER) are
 * planned like AUTOMATIC ones: a plan shows what would be sensible. */
#define GJ_ASSIGN_NOBODY UINT32_MAX
void gj_assign_plan(const struct gj_assign_job *jobs, size_t job_count, struct gj_candidate *candidates, size_t count,
    int64_t now_ms, uint32_t *order, uint32_t *chosen);

/* A certificate as the file of a person has it (上岗证书). Times ms; 0: no date. */
struct gj_certificate_view {
    const char *name;
    int64_t valid_until;
    int64_t review_at; /* the next review is due: past it the certificate does not count */
};
/* Whether a certificate of this name is held and counts at this moment. wanted NULL: none is required. */
bool gj_assign_certified(const char *wanted, const struct gj_certificate_view *held, size_t count, int64_t at_ms);

const char *gj_assign_mode_word(enum gj_assign_mode mode);
bool gj_assign_mode_parse(const char *word, size_t len, enum gj_assign_mode *out);
const char *gj_assign_bar_word(enum gj_assign_bar bar);
const char *gj_assign_rule_word(enum gj_assign_rule rule);

#endif
