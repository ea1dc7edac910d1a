/* A shift at the desk, in one process with the store: people take tickets in and work on them, alone and at once, some
 * of it wrong on purpose or sent twice; households with sealed fields, attachments, timers, new versions of the policy,
 * backups, erasures and restarts in between. The seed decides what is done; threads decide a little of the order. */
#ifndef GJ_TESTS_CRASH_SHIFT_H
#define GJ_TESTS_CRASH_SHIFT_H

#include <stdbool.h>
#include <stdint.h>

#include "crash/recording.h"

/* Makes a store with its people, and an empty folder for backups, below the folder. */
void shift_make(const char *folder);
/* Opens that store, works in it and closes it. recording (to be freed by the caller) begins with what the folder holds
 * before. */
void shift_work(const char *folder, int64_t now_ms, uint64_t seed, unsigned rounds, struct recording *recording);

/* Names below the folder. */
#define SHIFT_STORE "store"
#define SHIFT_BACKUPS "backups"

/* What every ticket and household of a shift is about. */
#define SHIFT_CONTACT "王小明"
#define SHIFT_PERSON "赵一"
#define SHIFT_PICTURE_BYTES 3000

/* People by number, as shift_make hires them; each has the device behind headquarters' own. */
enum { SHIFT_AGENTS = 6, SHIFT_QA = 7, SHIFT_QA2 = 8 };
#define SHIFT_OFFICE 1
#define SHIFT_DEVICE(user) ((user) + 1)

#endif
