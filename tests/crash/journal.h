/* What the desk did and what it was told, one line each, so that another program can compare it with the daemon's audit
 * log after any number of kills:
 *
 *     S <request key> <call> <channel> <lane>          about to be sent for the first time
 *     R <request key>                                   sent again, the outcome being unknown
 *     A <request key> <status> <event> <id> <revision> <state or refusal code>
 *
 * The writer is never killed, so lines need no fsync of their own. */
#ifndef GJ_TESTS_CRASH_JOURNAL_H
#define GJ_TESTS_CRASH_JOURNAL_H

#include <stdint.h>
#include <stdio.h>

struct journal {
    FILE *file;
    uint64_t sent, again, answered;
};

/* Exits with a message when the file cannot be made: a test without its journal proves nothing. */
void journal_open(struct journal *journal, const char *path);
void journal_sent(struct journal *journal, const uint8_t key[16], uint32_t call, unsigned channel, unsigned lane);
void journal_again(struct journal *journal, const uint8_t key[16]);
void journal_answer(struct journal *journal, const uint8_t key[16], int status, uint64_t event, uint64_t id,
    uint32_t revision, const char *word);
void journal_close(struct journal *journal);

#endif
