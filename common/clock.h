/* The one source of time: wall milliseconds UTC beside the milliseconds since boot, which never jump.
 *
 * Time is sampled at the edge (the loop) and handed to rules as a number; nothing below reads a clock. Three kinds:
 * real (the machine's), scaled (a demonstration's day in minutes) and manual (tests move it).
 * Judging whether a sample can be believed is done by pure functions below, so it is tested without waiting. */
#ifndef GJ_COMMON_CLOCK_H
#define GJ_COMMON_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/limits.h"

/* Wall clock and boot clock of the same moment. boot_ms counts from an arbitrary origin and includes suspend. */
struct gj_sample {
    int64_t wall_ms;
    int64_t boot_ms;
};

enum gj_clock_kind { GJ_CLOCK_REAL, GJ_CLOCK_SCALED, GJ_CLOCK_MANUAL };

/* Not thread-safe: each thread has its own copy (a copy of a real or scaled clock shows the same time). */
struct gj_clock {
    enum gj_clock_kind kind;
    double factor;           /* scaled: seconds of story per real second */
    struct gj_sample origin; /* scaled: the real sample taken at the start */
    int64_t story_ms;        /* scaled: wall time of the story at the start */
    struct gj_sample manual;
};

void gj_clock_init_real(struct gj_clock *clock);
/* factor is above 0 and at most 100,000 (asserted). */
void gj_clock_init_scaled(struct gj_clock *clock, int64_t story_ms, double factor);
void gj_clock_init_manual(struct gj_clock *clock, int64_t wall_ms, int64_t boot_ms);

struct gj_sample gj_clock_sample(const struct gj_clock *clock);
int64_t gj_clock_now_ms(const struct gj_clock *clock);
/* How many real milliseconds to wait for `story_wait_ms` of this clock; at least 1 for a positive wait. */
int64_t gj_clock_real_wait_ms(const struct gj_clock *clock, int64_t story_wait_ms);

/* Manual clocks only (asserted): both move, or the wall alone jumps as when somebody sets it. */
void gj_clock_advance(struct gj_clock *clock, int64_t ms);
void gj_clock_jump_wall(struct gj_clock *clock, int64_t ms);

/* --- Can this time be believed? ------------------------------------------------------------------------------- */

/* Follows the samples of one run. `trusted` is the last pair that agreed; held stays set until a person accepts. */
struct gj_watch {
    struct gj_sample trusted;
    int64_t last_ms; /* the newest stamp given */
    bool held;
};

/* Begins with the first sample of the run. last_seen_ms is the newest stamp in the store (0: a new store). A wall
 * clock behind it by over a minute, or ahead of it by more than GJ_CLOCK_GAP_MAX_MS, starts held. While held for a
 * clock that lies behind, stamps continue from last_seen_ms. */
void gj_watch_begin(struct gj_watch *watch, struct gj_sample first, int64_t last_seen_ms);

/* Takes the next sample and gives the stamp to use: the wall's while it agrees with the boot clock, else the trusted
 * wall time carried on by boot time. Slow drift within the limit is followed. A stamp never runs backwards. */
int64_t gj_watch_stamp(struct gj_watch *watch, struct gj_sample now);

/* How far the wall lies ahead of the trusted pair carried on (negative: behind), in ms. */
int64_t gj_watch_drift_ms(const struct gj_watch *watch, struct gj_sample now);

/* An administrator has looked: the wall time of `now` is believed from here on and timers run. The stamp may jump
 * forwards; where the accepted wall lies behind the last stamp, stamps wait there until it has caught up. */
void gj_watch_accept(struct gj_watch *watch, struct gj_sample now);

#endif
