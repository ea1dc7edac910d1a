#ifndef GJ_COMMON_FAIL_H
#define GJ_COMMON_FAIL_H

#include <stdbool.h>
#include <stdint.h>

/* Fault injection for tests. A place that can fail asks gj_fail_point first:
 *
 *     if (gj_fail_point("buf.grow")) { return GJ_ENOMEM; }
 *
 * Without GJ_FAULTS (every release build) the question is the constant false
 * and the compiler removes it. With it, a test arms "the nth question fails"
 * and runs the same step for n = 1, 2, 3 … until nothing fires any more:
 *
 *     for (uint64_t nth = 1;; nth++) {
 *         gj_fail_arm(NULL, nth, false);
 *         run the step, check that nothing leaked and nothing half changed
 *         if (!gj_fail_disarm()) { break; }    // the step needs fewer than n
 *     }
 *
 * Names are "file.step". Questions of all threads are counted together. */

#ifdef GJ_FAULTS

bool gj_fail_point(const char *name);

/* The nth question (from 1) fails; with persistent, all later ones too. Only
 * questions whose name equals prefix or begins with it are counted; NULL counts all. The
 * prefix is borrowed until gj_fail_disarm. */
void gj_fail_arm(const char *prefix, uint64_t nth, bool persistent);

/* Ends the injection; true when a question was failed since gj_fail_arm. */
bool gj_fail_disarm(void);

/* How many questions were counted since gj_fail_arm. */
uint64_t gj_fail_count(void);

#else

static inline bool gj_fail_point(const char *name)
{
    (void)name;
    return false;
}

#endif
#endif
