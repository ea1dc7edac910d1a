/* Deadlines (时限): computed from events, never accumulated.
 *
 * A timer's state holds when it began, how long it was paused and what followed; every due time can be computed anew
 * from that, the frozen declaration and the current calendar. All times are ms UTC; 0 means "not". Pure. */
#ifndef GJ_POLICY_DEADLINE_H
#define GJ_POLICY_DEADLINE_H

#include "common/calendar.h"
#include "common/policy/policy.h"
#include "common/policy/view.h"

/* Where limits come from besides the declaration. Codes may be NULL; unknown ones count as not given. Borrowed. */
struct gj_deadline_place {
    const struct gj_policy *policy;
    const struct gj_kind *kind;
    const struct gj_calendar *calendar;
    const char *city;
    const char *profile;
    const struct gj_override_set *office; /* the office's own limits, or NULL */
    const char *weather;                  /* mode in force now, or NULL; a limit once stretched stays so */
};

/* One clock of a record, as stored. */
struct gj_timer_state {
    uint16_t timer_at; /* index in kind->timers of the frozen version */
    int64_t base_at;   /* what it runs from: received_at or the act */
    int64_t started_at;
    int64_t due_at;  /* 0: no promise */
    int64_t warn_at; /* 0: none */
    int64_t stopped_at;
    int64_t paused_at;  /* 0: not paused now */
    int64_t paused_ms;  /* whole of earlier pauses */
    uint32_t stage;     /* rungs already fired, counted from 0 in order of steps */
    bool provisional;   /* the due time rests on a day that is not official */
    bool breached;      /* a breach rung fired, or it was stopped after due_at */
    int64_t old_due_at; /* the due time before the last recomputation; 0: never recomputed */
    uint8_t level;      /* enum gj_level that gave the limit */
};

/* A resolved limit: which rule won. */
struct gj_deadline_rule {
    struct gj_limit limit;
    enum gj_level level;
    const char *file;
    uint32_t line;
    bool stretched; /* by weather */
};

/* Company, then city, profile and office, each only where tighter (or approved looser); then the weather. The names
 * of the record come from the view (priority, category, fields). */
struct gj_deadline_rule gj_deadline_resolve(
    const struct gj_deadline_place *place, const struct gj_timer *timer, const struct gj_view *view);

/* Starts a timer at `at_ms`. False when there is no promise to keep (limit none): *state is then unset. */
bool gj_deadline_start(const struct gj_deadline_place *place, const struct gj_view *view, uint16_t timer_at,
    int64_t at_ms, struct gj_timer_state *state);

/* Each is a no-op on a stopped timer. Pausing one that may not pause (priority) does nothing; the pause lasts until
 * resume or stop. Resume and stop recompute the due time by the pause's length. Stopping after due marks it breached.
 */
void gj_deadline_stop(
    const struct gj_deadline_place *place, const struct gj_view *view, int64_t at_ms, struct gj_timer_state *state);
void gj_deadline_pause(
    const struct gj_deadline_place *place, const struct gj_view *view, int64_t at_ms, struct gj_timer_state *state);
void gj_deadline_resume(
    const struct gj_deadline_place *place, const struct gj_view *view, int64_t at_ms, struct gj_timer_state *state);

/* Computes due and warning anew after an amendment (priority, category, received_at, appointment) or a change of the
 * calendar. A changed due time is kept in old_due_at; rungs already fired stay fired. Stopped timers are left alone.
 * True when the due time changed. */
bool gj_deadline_recompute(
    const struct gj_deadline_place *place, const struct gj_view *view, struct gj_timer_state *state);

/* Weather mode has been switched on (place->weather says which) or off since the due time was computed. On: a clock
 * that weather stretches and that has not run out gets its longer limit. Off: it goes back to the ordinary one where
 * that still lies ahead of now_ms; what would be late at once because of the switch alone keeps what the storm gave it.
 * The due time before is kept in old_due_at. True when the due time changed. */
bool gj_deadline_weather(
    const struct gj_deadline_place *place, const struct gj_view *view, int64_t now_ms, struct gj_timer_state *state);

/* When this timer next has something to do; INT64_MAX when never (stopped, paused, all rungs fired). */
int64_t gj_deadline_next(
    const struct gj_deadline_place *place, const struct gj_view *view, const struct gj_timer_state *state);
/* The earliest of all of a record's timers; INT64_MAX when none. */
int64_t gj_deadline_next_of(const struct gj_deadline_place *place, const struct gj_view *view,
    const struct gj_timer_state *states, size_t count);

/* Fires the next rung when its time has come: gives it and moves `stage` on; NULL when nothing is due at now_ms.
 * Call until NULL: after a long absence each rung fires once, in order. */
const struct gj_step *gj_deadline_fire(
    const struct gj_deadline_place *place, const struct gj_view *view, int64_t now_ms, struct gj_timer_state *state);

/* Applies a transition's timer changes and the pauses of the state entered to a record's timers. `states` holds
 * *count of at most GJ_TIMERS_MAX and may grow; a timer started again takes its old place. `view` is the record after
 * the transition. from_state/to_state are numbers; entering a closed or final state stops everything except timers
 * started by this very transition. A timer without a promise for this record is kept with due_at 0, so that an
 * amendment (a higher priority) can give it one through gj_deadline_recompute. */
void gj_deadline_transition(const struct gj_deadline_place *place, const struct gj_view *view,
    const struct gj_transition *transition, uint8_t from_state, uint8_t to_state, int64_t at_ms,
    struct gj_timer_state states[GJ_TIMERS_MAX], size_t *count);

/* The end of a duration that begins at base_ms, plainly (no pauses): used for periods of every kind. */
struct gj_due {
    int64_t at_ms;
    bool provisional;
};
struct gj_due gj_deadline_after(const struct gj_policy_settings *settings, const struct gj_calendar *calendar,
    int64_t base_ms, struct gj_duration duration);

/* Follow-up share of a profile in permille, or the company's. */
uint16_t gj_profile_follow_up(const struct gj_policy *policy, const char *profile);

#endif
