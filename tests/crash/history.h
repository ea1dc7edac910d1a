/* What was asked and what was answered, as notes in a recording: what must still be true after a power cut.
 *
 * The work is done in rounds: some requests at once, and the next round when all are answered. After each round the
 * state of all tables is noted, so that a store found between two rounds can be compared row by row. */
#ifndef GJ_TESTS_CRASH_HISTORY_H
#define GJ_TESTS_CRASH_HISTORY_H

#include "crash/recording.h"
#include "lib/direct_impl.h"

enum history_about {
    HISTORY_SENT,   /* number of the command; struct history_request, body */
    HISTORY_ANSWER, /* number of the command; struct history_answer */
    HISTORY_ROUND,  /* number of the round; u64: how many things are done at once */
    HISTORY_STATE,  /* number of the round that ended; struct history_state */
    HISTORY_ENTRY,  /* index of the entry; its bytes: the whole log, noted at the end */
    HISTORY_FILE,   /* an attachment that a command named: its address */
    HISTORY_BACKUP, /* a backup was finished: its time is the number */
};

struct history_request {
    uint64_t user, device;
    uint32_t call;
    int64_t at_ms; /* of the clock */
    uint8_t key[16];
};

struct history_answer {
    uint32_t status;
    uint32_t revision;
    uint64_t event, id;
    char code[64], state[40], number[40];
};

struct history_state {
    uint64_t entries;
    int64_t at_ms;
    uint8_t digest[32];
};

#define HISTORY_NEVER SIZE_MAX

struct history_command {
    struct history_request request;
    const uint8_t *body; /* borrowed from the recording */
    size_t body_len;
    struct history_answer answer;
    size_t sent, answered; /* records; HISTORY_NEVER */
};

struct history_round {
    size_t began, ended; /* records; HISTORY_NEVER */
    uint64_t at_once;
    struct history_state state;
};

struct history {
    const struct recording *recording;
    struct history_command *commands;
    size_t n_commands;
    struct history_round *rounds;
    size_t n_rounds;
    size_t *entries; /* their records */
    size_t n_entries;
};

/* Borrows recording. Round 0 is the state at the beginning. */
void history_read(struct history *history, const struct recording *recording);
void history_free(struct history *history);
/* What is wrong with the uncut log itself: an acknowledged command is there exactly once, a refused one never. NULL:
 * nothing. */
const char *history_check(const struct history *history);
/* Takes what a reply says about a write. */
void history_answer_of(const Gj__V1__Reply *reply, struct history_answer *out);

#endif
