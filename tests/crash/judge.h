/* Opens what a power cut left, as the daemon would, and says what is wrong with it. */
#ifndef GJ_TESTS_CRASH_JUDGE_H
#define GJ_TESTS_CRASH_JUDGE_H

#include <stdbool.h>

#include "crash/history.h"
#include "crash/random.h"

struct judge {
    const struct history *history;
    size_t at; /* the record at which the power went */
    const char *folder;
    struct random random; /* which of the many are looked at */
};

/* The store opens; every acknowledged command is there with its first answer and what it sealed can be read; what was
 * refused is not there, what was under way is there wholly or not at all; the log is the one that was, and ends between
 * two commands; the tables are those of the moment; vault and records agree; finished backups are whole; it takes new
 * work, and is sound when it is opened once more. Ends the process with a sentence on stderr where it is not so. */
void judge_image(const struct judge *judge);
/* What the clock said when the power went, in ms UTC. */
int64_t judge_time(const struct judge *judge);

#endif
