#include "store/journal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fail.h"
#include "store/journal_internal.h"

#define ZEROS (64 * 1024)

void gj_journal_path(const struct gj_journal *journal, unsigned number, char out[GJ_JOURNAL_PATH_MAX])
{
    snprintf(out, GJ_JOURNAL_PATH_MAX, "%s/%04u", journal->dir, number);
}

/* ---- segments ---- */

/* Writes zeros up to bytes, so that no record ever needs space or changes what the file system keeps of the file. */
static enum gj_err fill(struct gj_segment *segment, size_t bytes)
{
    static const uint8_t zeros[ZEROS];
    for (size_t at = 0; at < bytes; at += ZEROS) {
        size_t len = bytes - at < ZEROS ? bytes - at : ZEROS;
        ssize_t n = gj_fail_point("journal.fill") ? 0 : pwrite(segment->fd, zeros, len, (off_t)at);
        if (n != (ssize_t)len) {
            return n < 0 ? gj_store_err(errno) : GJ_ENOSPC;
        }
    }
    if (fsync(segment->fd) != 0) {
        return errno == ENOSPC ? GJ_ENOSPC : GJ_EIO;
    }
    segment->bytes = bytes;
    return GJ_OK;
}

static unsigned free_number(const struct gj_journal *journal)
{
    unsigned number = 1;
    for (unsigned i = 0; i < journal->count; i++) {
        if (journal->segments[i].number >= number) {
            number = journal->segments[i].number + 1;
        }
    }
    return number;
}

static enum gj_err make_segment(struct gj_journal *journal, size_t bytes, struct gj_segment **out)
{
    char path[GJ_JOURNAL_PATH_MAX];
    struct gj_segment made = {.number = free_number(journal)};
    gj_journal_path(journal, made.number, path);
    if (gj_fail_point("journal.make")) {
        return GJ_ENOSPC;
    }
    made.fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (made.fd < 0) {
        return errno == EMFILE || errno == ENFILE ? GJ_ESYS : gj_err_from_errno(errno);
    }
    enum gj_err err = fill(&made, bytes);
    if (err == GJ_OK) {
        err = gj_env_sync_dir(journal->dir);
    }
    if (err != GJ_OK) {
        close(made.fd);
        unlink(path);
        return err;
    }
    pthread_mutex_lock(&journal->lock);
    *out = &journal->segments[journal->count];
    **out = made;
    journal->count++;
    pthread_mutex_unlock(&journal->lock);
    return GJ_OK;
}

/* A segment whose records are superfluous, the largest first: oversized ones exist because a record was. */
static struct gj_segment *find_free(struct gj_journal *journal)
{
    struct gj_segment *best = NULL;
    pthread_mutex_lock(&journal->lock);
    for (unsigned i = 0; i < journal->count; i++) {
        struct gj_segment *segment = &journal->segments[i];
        if (segment->first == 0 && (best == NULL || segment->bytes > best->bytes)) {
            best = segment;
        }
    }
    pthread_mutex_unlock(&journal->lock);
    return best;
}

/* The segment for a record of so many bytes. */
static enum gj_err take_segment(struct gj_journal *journal, size_t need, struct gj_segment **out)
{
    size_t bytes = need > journal->segment_bytes ? need : journal->segment_bytes;
    *out = find_free(journal);
    if (*out != NULL) {
        return (*out)->bytes >= need ? GJ_OK : fill(*out, bytes);
    }
    return journal->count < GJ_JOURNAL_SEGMENTS_MAX ? make_segment(journal, bytes, out) : GJ_EBUSY;
}

/* ---- appending ---- */

static enum gj_err write_record(struct gj_segment *segment, size_t at, const struct gj_buf *record)
{
    if (gj_fail_point("journal.write")) {
        return GJ_ENOSPC;
    }
    ssize_t n = pwrite(segment->fd, gj_buf_bytes(record), record->len, (off_t)at);
    if (n != (ssize_t)record->len) {
        return n < 0 ? gj_store_err(errno) : GJ_ENOSPC;
    }
    /* After a failed sync the kernel may call the lost pages clean: it is never tried again. */
    return gj_fail_point("journal.sync") || fdatasync(segment->fd) != 0 ? GJ_EIO : GJ_OK;
}

enum gj_err gj_journal_append(struct gj_journal *journal, struct gj_journal_record *head, struct gj_buf *record)
{
    struct gj_segment *segment = journal->current;
    size_t need = (record->len + GJ_JOURNAL_BLOCK - 1) / GJ_JOURNAL_BLOCK * GJ_JOURNAL_BLOCK;
    enum gj_err err = GJ_OK;
    assert(journal->at_sequence > journal->end); /* what waits was read first */
    if (segment == NULL || segment->bytes - segment->used < need) {
        err = take_segment(journal, need, &segment);
    }
    head->sequence = journal->last + 1;
    if (err == GJ_OK) {
        err = gj_journal_seal(journal->key, head, record);
    }
    if (err == GJ_OK) {
        err = write_record(segment, segment == journal->current ? segment->used : 0, record);
    }
    if (err != GJ_OK) {
        return err;
    }
    pthread_mutex_lock(&journal->lock);
    if (segment != journal->current) {
        segment->first = head->sequence;
        segment->start = 0;
        segment->used = 0;
        journal->current = segment;
    }
    segment->last = head->sequence;
    segment->used += record->len;
    journal->last = head->sequence;
    pthread_mutex_unlock(&journal->lock);
    return GJ_OK;
}

enum gj_err gj_journal_void(struct gj_journal *journal)
{
    struct gj_journal_record head = {.type = GJ_JOURNAL_VOID};
    enum gj_err err = gj_fail_point("journal.void") ? GJ_ENOMEM : gj_journal_begin(&journal->void_record);
    return err == GJ_OK ? gj_journal_append(journal, &head, &journal->void_record) : err;
}

void gj_journal_recycle(struct gj_journal *journal, uint64_t sequence)
{
    pthread_mutex_lock(&journal->lock);
    for (unsigned i = 0; i < journal->count; i++) {
        struct gj_segment *segment = &journal->segments[i];
        if (segment != journal->current && segment->last <= sequence) {
            segment->first = 0;
            segment->start = 0;
            segment->used = 0;
        }
    }
    pthread_mutex_unlock(&journal->lock);
}

uint64_t gj_journal_bytes_above(struct gj_journal *journal, uint64_t sequence)
{
    uint64_t bytes = 0;
    pthread_mutex_lock(&journal->lock);
    for (unsigned i = 0; i < journal->count; i++) {
        const struct gj_segment *segment = &journal->segments[i];
        bytes += segment->first != 0 && segment->last > sequence ? segment->used : 0;
    }
    pthread_mutex_unlock(&journal->lock);
    return bytes;
}

uint64_t gj_journal_last(const struct gj_journal *journal)
{
    return journal->last;
}

void gj_journal_waiting(const struct gj_journal *journal, struct gj_journal_waiting *out)
{
    *out = journal->waiting;
}

void gj_journal_close(struct gj_journal *journal)
{
    if (journal == NULL) {
        return;
    }
    for (unsigned i = 0; i < journal->count; i++) {
        close(journal->segments[i].fd);
    }
    pthread_mutex_destroy(&journal->lock);
    gj_buf_fini(&journal->void_record);
    free(journal->loaded);
    free(journal->voided);
    free(journal);
}
