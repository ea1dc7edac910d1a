#include "common/policy/roster.h"

#include <assert.h>

#define HOUR_MS INT64_C(3600000)

const char *gj_roster_kind_word(enum gj_roster_kind kind)
{
    switch (kind) {
#define CASE(name, number, word)                                                                                       \
    case GJ_ROSTER_##name:                                                                                             \
        return word;
        GJ_ROSTER_KIND_LIST(CASE)
#undef CASE
    }
    return "unknown";
}

const char *gj_roster_fault_word(enum gj_roster_fault fault)
{
    switch (fault) {
#define CASE(name, word)                                                                                               \
    case GJ_ROSTER_FAULT_##name:                                                                                       \
        return word;
        GJ_ROSTER_FAULT_LIST(CASE)
#undef CASE
    }
    return "unknown";
}

/* ---- a moment ---- */

static bool holds(int64_t from, int64_t until, int64_t at_ms)
{
    return from <= at_ms && at_ms < until;
}

static bool overlaps(int64_t from, int64_t until, int64_t other_from, int64_t other_until)
{
    return from < other_until && other_from < until;
}

static bool on_leave(const struct gj_roster *roster, uint64_t user, int64_t at_ms)
{
    for (size_t i = 0; i < roster->leave_count; i++) {
        if (roster->leaves[i].user == user && holds(roster->leaves[i].from, roster->leaves[i].until, at_ms)) {
            return true;
        }
    }
    return false;
}

/* Somebody present stands in for the user. */
static bool is_covered(const struct gj_roster *roster, uint64_t user, uint8_t role, int64_t at_ms)
{
    for (size_t i = 0; i < roster->span_count; i++) {
        const struct gj_roster_span *span = &roster->spans[i];
        if (span->kind == GJ_ROSTER_COVER && span->covers == user && (role == 0 || span->role == role) &&
            holds(span->from, span->until, at_ms) && !on_leave(roster, span->user, at_ms)) {
            return true;
        }
    }
    return false;
}

enum gj_presence gj_roster_presence(const struct gj_roster *roster, uint64_t user, uint8_t role, int64_t at_ms)
{
    enum gj_presence presence = GJ_PRESENCE_OFF;

    if (on_leave(roster, user, at_ms)) {
        return GJ_PRESENCE_LEAVE;
    }
    for (size_t i = 0; i < roster->span_count; i++) {
        const struct gj_roster_span *span = &roster->spans[i];
        if (span->user != user || (role != 0 && span->role != role) || !holds(span->from, span->until, at_ms)) {
            continue;
        }
        if (span->kind == GJ_ROSTER_COVER ||
            (span->kind == GJ_ROSTER_DUTY && !is_covered(roster, user, span->role, at_ms))) {
            return GJ_PRESENCE_DUTY;
        }
        if (span->kind == GJ_ROSTER_STANDBY) {
            presence = GJ_PRESENCE_STANDBY;
        }
    }
    return presence;
}

/* One person on two spans of the same moment counts once: by the first of them. */
static bool counted_before(const struct gj_roster *roster, size_t at, int64_t at_ms)
{
    for (size_t i = 0; i < at; i++) {
        const struct gj_roster_span *span = &roster->spans[i];
        if (span->user == roster->spans[at].user && span->role == roster->spans[at].role &&
            span->kind != GJ_ROSTER_STANDBY && holds(span->from, span->until, at_ms)) {
            return true;
        }
    }
    return false;
}

size_t gj_roster_on_duty(const struct gj_roster *roster, uint8_t role, int64_t at_ms)
{
    size_t present = 0;

    for (size_t i = 0; i < roster->span_count; i++) {
        const struct gj_roster_span *span = &roster->spans[i];
        if (span->role == role && span->kind != GJ_ROSTER_STANDBY && holds(span->from, span->until, at_ms) &&
            !counted_before(roster, i, at_ms) &&
            gj_roster_presence(roster, span->user, role, at_ms) == GJ_PRESENCE_DUTY) {
            present++;
        }
    }
    return present;
}

/* ---- gaps ---- */

static void earlier(int64_t at_ms, int64_t after_ms, int64_t *next)
{
    if (at_ms > after_ms && at_ms < *next) {
        *next = at_ms;
    }
}

/* The next moment after after_ms at which the number of people can change; limit_ms when there is none before it. */
static int64_t next_change(const struct gj_roster *roster, int64_t after_ms, int64_t limit_ms)
{
    int64_t next = limit_ms;

    for (size_t i = 0; i < roster->span_count; i++) {
        earlier(roster->spans[i].from, after_ms, &next);
        earlier(roster->spans[i].until, after_ms, &next);
    }
    for (size_t i = 0; i < roster->leave_count; i++) {
        earlier(roster->leaves[i].from, after_ms, &next);
        earlier(roster->leaves[i].until, after_ms, &next);
    }
    return next;
}

bool gj_roster_gap(const struct gj_roster *roster, uint8_t role, uint32_t wanted, int64_t from_ms, int64_t until_ms,
    struct gj_roster_gap *out)
{
    bool found = false;

    for (int64_t at = from_ms; at < until_ms; at = next_change(roster, at, until_ms)) {
        size_t present = gj_roster_on_duty(roster, role, at);
        if (present >= wanted) {
            if (found) {
                out->until = at;
                return true;
            }
            continue;
        }
        if (!found) {
            *out = (struct gj_roster_gap){.from = at, .present = UINT32_MAX};
            found = true;
        }
        out->until = until_ms;
        out->present = present < out->present ? (uint32_t)present : out->present;
    }
    return found;
}

/* ---- adding ---- */

/* The covered person's duty runs without a hole through all of the span. */
static bool has_duty_throughout(
    const struct gj_roster *roster, uint64_t user, uint8_t role, int64_t from, int64_t until)
{
    int64_t reached = from;

    for (bool moved = true; moved && reached < until;) {
        moved = false;
        for (size_t i = 0; i < roster->span_count; i++) {
            const struct gj_roster_span *span = &roster->spans[i];
            if (span->user == user && span->role == role && span->kind == GJ_ROSTER_DUTY &&
                holds(span->from, span->until, reached)) {
                reached = span->until;
                moved = true;
            }
        }
    }
    return reached >= until;
}

static bool is_busy(const struct gj_roster *roster, const struct gj_roster_span *added)
{
    for (size_t i = 0; i < roster->span_count; i++) {
        const struct gj_roster_span *span = &roster->spans[i];
        bool exclusive = span->kind != GJ_ROSTER_STANDBY && added->kind != GJ_ROSTER_STANDBY;
        bool twice = span->kind == GJ_ROSTER_STANDBY && added->kind == GJ_ROSTER_STANDBY && span->role == added->role;
        if (span->user == added->user && (exclusive || twice) &&
            overlaps(span->from, span->until, added->from, added->until)) {
            return true;
        }
    }
    return false;
}

static bool is_away(const struct gj_roster *roster, const struct gj_roster_span *added)
{
    for (size_t i = 0; i < roster->leave_count; i++) {
        if (roster->leaves[i].user == added->user &&
            overlaps(roster->leaves[i].from, roster->leaves[i].until, added->from, added->until)) {
            return true;
        }
    }
    return false;
}

enum gj_roster_fault gj_roster_check(
    const struct gj_roster *roster, const struct gj_roster_span *added, int64_t cover_max_ms)
{
    int64_t longest = added->kind == GJ_ROSTER_COVER ? cover_max_ms : GJ_ROSTER_HOURS_MAX * HOUR_MS;

    if (added->until <= added->from) {
        return GJ_ROSTER_FAULT_EMPTY;
    }
    if (added->until - added->from > longest) {
        return GJ_ROSTER_FAULT_LONG;
    }
    if (added->kind == GJ_ROSTER_COVER && added->covers == added->user) {
        return GJ_ROSTER_FAULT_SELF;
    }
    if (added->kind == GJ_ROSTER_COVER &&
        !has_duty_throughout(roster, added->covers, added->role, added->from, added->until)) {
        return GJ_ROSTER_FAULT_NOTHING;
    }
    if (is_busy(roster, added)) {
        return GJ_ROSTER_FAULT_OVERLAP;
    }
    return is_away(roster, added) ? GJ_ROSTER_FAULT_LEAVE : GJ_ROSTER_FAULT_NONE;
}
