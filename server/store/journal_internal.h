#ifndef GJ_STORE_JOURNAL_INTERNAL_H
#define GJ_STORE_JOURNAL_INTERNAL_H

/* What journal.c (segments, appending) and journal_read.c (opening, reading) share. */

#include <pthread.h>

#include "common/limits.h"
#include "store/internal.h"
#include "store/journal.h"

#define GJ_JOURNAL_PATH_MAX (GJ_STORE_PATH_MAX + 64)

struct gj_segment {
    unsigned number; /* names the file */
    int fd;
    size_t bytes;   /* written in full up to here */
    uint64_t first; /* number of its first record; 0: none that matters, the segment may be used anew */
    uint64_t last;
    size_t start; /* where that record lies: at 0, unless damage was found before it */
    size_t used;  /* where its records end */
};

struct gj_journal {
    char dir[GJ_STORE_PATH_MAX];
    uint8_t key[GJ_JOURNAL_KEY_SIZE];
    size_t segment_bytes;
    pthread_mutex_t lock; /* the segments' first, last and used */
    struct gj_segment segments[GJ_JOURNAL_SEGMENTS_MAX];
    unsigned count;
    struct gj_segment *current; /* NULL: the next record takes another one */
    uint64_t last;              /* newest record */
    struct gj_buf void_record;

    /* Reading, before anything is appended. */
    struct gj_journal_waiting waiting;
    uint64_t end;     /* the last record that is there */
    uint64_t *voided; /* numbers of groups that were undone, ascending */
    size_t n_voided;
    uint64_t at_sequence; /* the next record to be read */
    size_t at;            /* its place in loaded, when it is in the same segment */
    uint8_t *loaded;      /* one whole segment */
    size_t loaded_bytes;
    const struct gj_segment *loaded_from;
};

void gj_journal_path(const struct gj_journal *journal, unsigned number, char out[GJ_JOURNAL_PATH_MAX]);
/* Reads a segment into journal->loaded. */
enum gj_err gj_journal_load(struct gj_journal *journal, const struct gj_segment *segment);

#endif
