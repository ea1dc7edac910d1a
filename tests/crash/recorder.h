/* Stands between a program and the kernel: linked into it, it takes the place of the C library's calls that change
 * files (for liblmdb as well), lets them through and records those below one folder. The order recorded is the order
 * done: one call at a time. Files named "lock" and "lock.mdb" are left out, since what is in them means nothing after a
 * start.
 *
 * A call of which it does not know the effect ends the program. That nothing is missed shows in the end: the whole
 * recording must give the folder as it is (image_equals). */
#ifndef GJ_TESTS_CRASH_RECORDER_H
#define GJ_TESTS_CRASH_RECORDER_H

#include "crash/recording.h"

/* Starts with what is below the folder now; nothing else may be at work there. recording is borrowed until the stop. */
void recorder_start(struct recording *recording, const char *folder);
/* Any thread; kept only while recording. */
void recorder_note(uint32_t about, uint64_t number, const void *bytes, size_t len);
void recorder_stop(void);

#endif
