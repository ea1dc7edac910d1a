#include "common/clock.h"

#include <assert.h>
#include <math.h>
#include <time.h>

static int64_t read_ms(clockid_t id)
{
    struct timespec now;
    int failed = clock_gettime(id, &now);
    assert(failed == 0);
    (void)failed;
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct gj_sample read_machine(void)
{
    return (struct gj_sample){.wall_ms = read_ms(CLOCK_REALTIME), .boot_ms = read_ms(CLOCK_BOOTTIME)};
}

void gj_clock_init_real(struct gj_clock *clock)
{
    *clock = (struct gj_clock){.kind = GJ_CLOCK_REAL};
}

void gj_clock_init_scaled(struct gj_clock *clock, int64_t story_ms, double factor)
{
    assert(factor > 0 && factor <= 100000);
    *clock =
        (struct gj_clock){.kind = GJ_CLOCK_SCALED, .factor = factor, .origin = read_machine(), .story_ms = story_ms};
}

void gj_clock_init_manual(struct gj_clock *clock, int64_t wall_ms, int64_t boot_ms)
{
    *clock = (struct gj_clock){.kind = GJ_CLOCK_MANUAL, .manual = {wall_ms, boot_ms}};
}

struct gj_sample gj_clock_sample(const struct gj_clock *clock)
{
    if (clock->kind == GJ_CLOCK_MANUAL) {
        return clock->manual;
    }
    struct gj_sample machine = read_machine();
    if (clock->kind == GJ_CLOCK_REAL) {
        return machine;
    }
    /* Both clocks of a story follow boot time: setting the machine's wall clock does not disturb a demonstration. */
    double passed = (double)(machine.boot_ms - clock->origin.boot_ms) * clock->factor;
    int64_t passed_ms = (int64_t)llround(passed);
    return (struct gj_sample){clock->story_ms + passed_ms, clock->origin.boot_ms + passed_ms};
}

int64_t gj_clock_now_ms(const struct gj_clock *clock)
{
    return gj_clock_sample(clock).wall_ms;
}

int64_t gj_clock_real_wait_ms(const struct gj_clock *clock, int64_t story_wait_ms)
{
    if (clock->kind != GJ_CLOCK_SCALED || story_wait_ms <= 0) {
        return story_wait_ms;
    }
    return (int64_t)ceil((double)story_wait_ms / clock->factor);
}

void gj_clock_advance(struct gj_clock *clock, int64_t ms)
{
    assert(clock->kind == GJ_CLOCK_MANUAL && ms >= 0);
    clock->manual.wall_ms += ms;
    clock->manual.boot_ms += ms;
}

void gj_clock_jump_wall(struct gj_clock *clock, int64_t ms)
{
    assert(clock->kind == GJ_CLOCK_MANUAL);
    clock->manual.wall_ms += ms;
}

void gj_watch_begin(struct gj_watch *watch, struct gj_sample first, int64_t last_seen_ms)
{
    *watch = (struct gj_watch){.trusted = first, .last_ms = last_seen_ms};
    if (last_seen_ms == 0) {
        return;
    }
    int64_t gap = first.wall_ms - last_seen_ms;
    if (gap < -GJ_CLOCK_DRIFT_MAX_MS) {
        watch->trusted.wall_ms = last_seen_ms;
        watch->held = true;
    } else if (gap > GJ_CLOCK_GAP_MAX_MS) {
        watch->held = true;
    }
}

int64_t gj_watch_drift_ms(const struct gj_watch *watch, struct gj_sample now)
{
    return now.wall_ms - (watch->trusted.wall_ms + (now.boot_ms - watch->trusted.boot_ms));
}

int64_t gj_watch_stamp(struct gj_watch *watch, struct gj_sample now)
{
    int64_t drift = gj_watch_drift_ms(watch, now);
    if (drift > GJ_CLOCK_DRIFT_MAX_MS || drift < -GJ_CLOCK_DRIFT_MAX_MS) {
        watch->held = true;
    }
    int64_t stamp = now.wall_ms;
    if (watch->held) {
        stamp = watch->trusted.wall_ms + (now.boot_ms - watch->trusted.boot_ms);
    } else {
        watch->trusted = now;
    }
    if (stamp < watch->last_ms) {
        stamp = watch->last_ms;
    }
    watch->last_ms = stamp;
    return stamp;
}

void gj_watch_accept(struct gj_watch *watch, struct gj_sample now)
{
    watch->trusted = now;
    watch->held = false;
}
