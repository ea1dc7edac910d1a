/* Opening the journal and reading what waits in it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fail.h"
#include "store/journal_internal.h"

/* ---- segments as they lie there ---- */

/* Files of four digits are segments. */
static unsigned number_of(const char *name)
{
    unsigned number = 0;
    char again[16];
    if (sscanf(name, "%4u", &number) != 1) {
        return 0;
    }
    snprintf(again, sizeof again, "%04u", number);
    return strcmp(again, name) == 0 ? number : 0;
}

static enum gj_err open_segment(struct gj_journal *journal, unsigned number)
{
    char path[GJ_JOURNAL_PATH_MAX];
    struct stat st;
    if (journal->count == GJ_JOURNAL_SEGMENTS_MAX) {
        return GJ_ETOOBIG;
    }
    gj_journal_path(journal, number, path);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        enum gj_err err = gj_err_from_errno(errno);
        if (fd >= 0) {
            close(fd);
        }
        return err;
    }
    /* A file that was being made when the power went is as good as none: it is filled again when it is needed. */
    size_t bytes = (size_t)st.st_size / GJ_JOURNAL_BLOCK * GJ_JOURNAL_BLOCK;
    journal->segments[journal->count++] = (struct gj_segment){.number = number, .fd = fd, .bytes = bytes};
    return GJ_OK;
}

static enum gj_err open_segments(struct gj_journal *journal)
{
    DIR *dir = opendir(journal->dir);
    struct dirent *entry;
    enum gj_err err = dir == NULL ? gj_err_from_errno(errno) : GJ_OK;
    while (err == GJ_OK && (entry = readdir(dir)) != NULL) {
        unsigned number = number_of(entry->d_name);
        if (number != 0) {
            err = open_segment(journal, number);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return err;
}

enum gj_err gj_journal_load(struct gj_journal *journal, const struct gj_segment *segment)
{
    if (journal->loaded_from == segment) {
        return GJ_OK;
    }
    journal->loaded_from = NULL;
    if (journal->loaded_bytes < segment->bytes) {
        uint8_t *grown = gj_fail_point("journal.alloc") ? NULL : realloc(journal->loaded, segment->bytes);
        if (grown == NULL) {
            return GJ_ENOMEM;
        }
        journal->loaded = grown;
        journal->loaded_bytes = segment->bytes;
    }
    for (size_t at = 0; at < segment->bytes;) {
        ssize_t n = pread(segment->fd, journal->loaded + at, segment->bytes - at, (off_t)at);
        if (n <= 0) {
            return n < 0 ? gj_err_from_errno(errno) : GJ_EIO;
        }
        at += (size_t)n;
    }
    journal->loaded_from = segment;
    return GJ_OK;
}

/* The record at a place of the loaded segment, whatever its number. */
static bool record_at(const struct gj_journal *journal, size_t at, struct gj_journal_record *out, size_t *size)
{
    return gj_journal_parse(journal->key, journal->loaded + at, journal->loaded_from->bytes - at, out, size) == GJ_OK;
}

/* The first record that can be read of the loaded segment, with a number above `after`. */
static bool look_for(const struct gj_journal *journal, uint64_t after, struct gj_journal_record *out, size_t *at)
{
    size_t size = 0;
    for (; *at < journal->loaded_from->bytes; *at += GJ_JOURNAL_BLOCK) {
        if (record_at(journal, *at, out, &size) && out->sequence > after) {
            return true;
        }
    }
    return false;
}

/* The number of a segment's first record. An unused segment keeps 0. Where the beginning is damaged, what waits may
 * still be whole behind it. */
static enum gj_err read_first(struct gj_journal *journal, struct gj_segment *segment, uint64_t after)
{
    struct gj_journal_record record;
    size_t at = 0;
    size_t size = 0;
    enum gj_err err = gj_journal_load(journal, segment);
    if (err != GJ_OK || segment->bytes == 0) {
        return err;
    }
    if (record_at(journal, 0, &record, &size) || look_for(journal, after, &record, &at)) {
        segment->first = record.sequence;
        segment->start = at;
        segment->used = at;
    }
    return err;
}

/* Finds how far the numbers of a segment go; what an earlier use left behind has lower ones. */
static enum gj_err measure(struct gj_journal *journal, struct gj_segment *segment)
{
    struct gj_journal_record record;
    size_t size = 0;
    enum gj_err err = gj_journal_load(journal, segment);
    for (uint64_t next = segment->first; err == GJ_OK && segment->used < segment->bytes; next++) {
        if (!record_at(journal, segment->used, &record, &size) || record.sequence != next) {
            break;
        }
        segment->last = next;
        segment->used += size;
    }
    return err;
}

/* Numbers go on from segment to segment: what lies before the one that holds `after` is superfluous. */
static enum gj_err measure_all(struct gj_journal *journal, uint64_t after)
{
    enum gj_err err = GJ_OK;
    uint64_t from = 0;
    for (unsigned i = 0; err == GJ_OK && i < journal->count; i++) {
        struct gj_segment *segment = &journal->segments[i];
        err = read_first(journal, segment, after);
        from = segment->first <= after + 1 && segment->first > from ? segment->first : from;
    }
    for (unsigned i = 0; err == GJ_OK && i < journal->count; i++) {
        struct gj_segment *segment = &journal->segments[i];
        if (segment->first < from) {
            segment->first = 0;
            segment->used = 0;
        } else if (segment->first != 0) {
            err = measure(journal, segment);
        }
    }
    return err;
}

/* The place of a record: its segment, loaded, and journal->at. NULL: it is not there. */
static const struct gj_segment *find(struct gj_journal *journal, uint64_t sequence, enum gj_err *err)
{
    const struct gj_segment *segment = NULL;
    for (unsigned i = 0; i < journal->count && segment == NULL; i++) {
        const struct gj_segment *other = &journal->segments[i];
        segment = other->first != 0 && other->first <= sequence && sequence <= other->last ? other : NULL;
    }
    if (segment == NULL || segment == journal->loaded_from) {
        return segment; /* one after the other: at is where the last one ended */
    }
    if ((*err = gj_journal_load(journal, segment)) != GJ_OK) {
        return NULL;
    }
    journal->at = segment->start;
    for (uint64_t number = segment->first; number < sequence; number++) {
        struct gj_journal_record record;
        size_t size = 0;
        if (!record_at(journal, journal->at, &record, &size)) {
            *err = GJ_EIO;
            return NULL;
        }
        journal->at += size;
    }
    return segment;
}

/* The next record of either type. */
static bool read_next(struct gj_journal *journal, struct gj_journal_record *out, enum gj_err *err)
{
    size_t size = 0;
    *err = GJ_OK;
    if (find(journal, journal->at_sequence, err) == NULL) {
        return false;
    }
    if (!record_at(journal, journal->at, out, &size) || out->sequence != journal->at_sequence) {
        *err = GJ_EIO; /* it was there a moment ago */
        return false;
    }
    journal->at += size;
    journal->at_sequence++;
    return true;
}

static void rewind_to(struct gj_journal *journal, uint64_t sequence)
{
    journal->loaded_from = NULL;
    journal->at_sequence = sequence;
}

static enum gj_err note_void(struct gj_journal *journal, uint64_t sequence)
{
    uint64_t *grown = realloc(journal->voided, (journal->n_voided + 1) * sizeof *grown);
    if (grown == NULL) {
        return GJ_ENOMEM;
    }
    journal->voided = grown;
    journal->voided[journal->n_voided++] = sequence;
    return GJ_OK;
}

static bool is_void(const struct gj_journal *journal, uint64_t sequence)
{
    for (size_t i = 0; i < journal->n_voided; i++) {
        if (journal->voided[i] == sequence) {
            return true;
        }
    }
    return false;
}

/* Counts what waits, and learns which groups were undone. */
static enum gj_err count_waiting(struct gj_journal *journal, uint64_t after)
{
    struct gj_journal_record record;
    enum gj_err err = GJ_OK;
    uint32_t commands = 0;
    rewind_to(journal, after + 1);
    while (err == GJ_OK && read_next(journal, &record, &err)) {
        if (record.type == GJ_JOURNAL_VOID) {
            err = note_void(journal, record.sequence - 1);
            journal->waiting.groups -= journal->waiting.groups > 0 ? 1 : 0;
            journal->waiting.commands -= commands;
            commands = 0;
            continue;
        }
        commands = record.commands;
        journal->waiting.groups++;
        journal->waiting.commands += commands;
        journal->waiting.bytes += record.len;
    }
    journal->end = journal->at_sequence - 1;
    rewind_to(journal, after + 1);
    return err;
}

/* A whole record with a higher number than the last one that can be reached: something between is gone. A group is
 * written only when the one before is durable, so no power cut leaves that. */
static bool goes_on_behind(struct gj_journal *journal, uint64_t *sequence)
{
    for (unsigned i = 0; i < journal->count; i++) {
        const struct gj_segment *segment = &journal->segments[i];
        if (segment->first > journal->end) {
            *sequence = segment->first;
            return true;
        }
        bool last = segment->first != 0 && segment->last == journal->end;
        if (!last || gj_journal_load(journal, segment) != GJ_OK) {
            continue;
        }
        struct gj_journal_record record;
        size_t at = segment->used;
        if (look_for(journal, journal->end, &record, &at)) {
            *sequence = record.sequence;
            return true;
        }
    }
    return false;
}

static enum gj_err read_all(struct gj_journal *journal, uint64_t after, struct gj_fault *fault)
{
    uint64_t behind = 0;
    enum gj_err err = open_segments(journal);
    if (err == GJ_OK) {
        err = measure_all(journal, after);
    }
    if (err == GJ_OK) {
        err = count_waiting(journal, after);
    }
    if (err != GJ_OK) {
        return gj_fault_set(fault, err, "the journal cannot be read: %s", gj_err_text(err));
    }
    if (journal->count == 0 && after > 0) { /* they are filled anew, never removed */
        return gj_fault_set(
            fault, GJ_ECORRUPT, "the journal's segments are missing; put them back or restore the last backup");
    }
    if (goes_on_behind(journal, &behind)) {
        return gj_fault_set(fault, GJ_ECORRUPT,
            "the journal is damaged: group %llu cannot be read, group %llu is there; restore the last backup",
            (unsigned long long)journal->end + 1, (unsigned long long)behind);
    }
    rewind_to(journal, after + 1);
    gj_journal_recycle(journal, after);
    return GJ_OK;
}

enum gj_err gj_journal_open(const char *dir, const uint8_t key[GJ_JOURNAL_KEY_SIZE], uint64_t after,
    size_t segment_bytes, struct gj_journal **out, struct gj_fault *fault)
{
    struct gj_journal *journal = gj_fail_point("journal.open") ? NULL : calloc(1, sizeof *journal);
    if (journal == NULL) {
        return gj_fault_set(fault, GJ_ENOMEM, "out of memory");
    }
    pthread_mutex_init(&journal->lock, NULL);
    gj_buf_init(&journal->void_record, GJ_JOURNAL_BLOCK);
    snprintf(journal->dir, sizeof journal->dir, "%s", dir);
    memcpy(journal->key, key, sizeof journal->key);
    journal->segment_bytes = segment_bytes != 0 ? segment_bytes : GJ_JOURNAL_SEGMENT_BYTES;
    enum gj_err err = read_all(journal, after, fault);
    if (err != GJ_OK) {
        gj_journal_close(journal);
        return err;
    }
    journal->last = journal->end;
    *out = journal;
    return GJ_OK;
}

bool gj_journal_next(struct gj_journal *journal, struct gj_journal_record *out, enum gj_err *err)
{
    while (read_next(journal, out, err)) {
        if (out->type == GJ_JOURNAL_GROUP && !is_void(journal, out->sequence)) {
            return true;
        }
    }
    if (journal->at_sequence > journal->end) { /* done: the memory is not needed again */
        free(journal->loaded);
        journal->loaded = NULL;
        journal->loaded_bytes = 0;
        journal->loaded_from = NULL;
    }
    return false;
}
