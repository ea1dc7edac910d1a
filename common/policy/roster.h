/* Shifts (排班): who is on duty at a moment, and where a roster leaves nobody (R-GOV-12, R-CMP-03: 24 h duty).
 *
 * A roster is a list of spans: duty (当班), standby (待命: may be called out), and standing in (顶岗) for somebody
 * whose duty it is. Leave (请假) is beside it and wins over all three. Spans are half open, [from, until), ms UTC.
 * Pure. */
#ifndef GJ_POLICY_ROSTER_H
#define GJ_POLICY_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(NAME, number, "word"). Numbers are stored. */
#define GJ_ROSTER_KIND_LIST(X)                                                                                         \
    X(DUTY, 1, "duty")                                                                                                 \
    X(STANDBY, 2, "standby")                                                                                           \
    X(COVER, 3, "cover")

enum gj_roster_kind {
#define GJ_ROSTER_KIND_ENUM(name, number, word) GJ_ROSTER_##name = number,
    GJ_ROSTER_KIND_LIST(GJ_ROSTER_KIND_ENUM)
#undef GJ_ROSTER_KIND_ENUM
};

struct gj_roster_span {
    uint64_t user;
    uint8_t role; /* number: what the person is on duty as */
    enum gj_roster_kind kind;
    uint64_t covers; /* COVER: whose duty it is; that person is off meanwhile */
    int64_t from, until;
};

struct gj_roster_leave {
    uint64_t user;
    int64_t from, until;
};

/* Borrowed; in any order. */
struct gj_roster {
    const struct gj_roster_span *spans;
    size_t span_count;
    const struct gj_roster_leave *leaves;
    size_t leave_count;
};

enum gj_presence { GJ_PRESENCE_OFF, GJ_PRESENCE_STANDBY, GJ_PRESENCE_DUTY, GJ_PRESENCE_LEAVE };

/* What the roster says of a person at a moment, in that role; role 0: in any. */
enum gj_presence gj_roster_presence(const struct gj_roster *roster, uint64_t user, uint8_t role, int64_t at_ms);

/* How many people are on duty in the role at that moment. */
size_t gj_roster_on_duty(const struct gj_roster *roster, uint8_t role, int64_t at_ms);

/* A span in which fewer than `wanted` people are on duty in the role. */
struct gj_roster_gap {
    int64_t from, until;
    uint32_t present; /* the fewest at any moment of it */
};

/* Finds the first gap of a role at or after from_ms and before until_ms; spans with too few people that touch each
 * other are one gap. False: there is none. To find the next one, go on from the gap's end. */
bool gj_roster_gap(const struct gj_roster *roster, uint8_t role, uint32_t wanted, int64_t from_ms, int64_t until_ms,
    struct gj_roster_gap *out);

/* Whether a span may be added to the roster. X(NAME, "word"). */
#define GJ_ROSTER_FAULT_LIST(X)                                                                                        \
    X(NONE, "none")                                                                                                    \
    X(EMPTY, "empty")     /* ends at or before its beginning */                                                        \
    X(LONG, "long")       /* a shift above GJ_ROSTER_HOURS_MAX, or standing in above the company's limit (4 h) */      \
    X(OVERLAP, "overlap") /* the same person is on duty or stands in already */                                        \
    X(LEAVE, "leave")     /* the person is on leave */                                                                 \
    X(SELF, "self")       /* standing in for oneself */                                                                \
    X(NOTHING, "nothing") /* nobody's duty would be covered: the covered person is not on duty in all of the span */

enum gj_roster_fault {
#define GJ_ROSTER_FAULT_ENUM(name, word) GJ_ROSTER_FAULT_##name,
    GJ_ROSTER_FAULT_LIST(GJ_ROSTER_FAULT_ENUM)
#undef GJ_ROSTER_FAULT_ENUM
};

/* A double day shift is no shift any more. */
#define GJ_ROSTER_HOURS_MAX 24

/* cover_max_ms: the longest time one person may stand in for another (settings.cover_max). */
enum gj_roster_fault gj_roster_check(
    const struct gj_roster *roster, const struct gj_roster_span *added, int64_t cover_max_ms);

const char *gj_roster_kind_word(enum gj_roster_kind kind);
const char *gj_roster_fault_word(enum gj_roster_fault fault);

#endif
