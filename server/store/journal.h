#ifndef GJ_STORE_JOURNAL_H
#define GJ_STORE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "store/audit_tree.h"

/* The journal: groups of commands, one record each, durable before main shows what they did.
 *
 *     journal/checkpoint       where main is whole (store/checkpoint_file.h)
 *     journal/0001 …           segments: files of one size, written full of zeros when they are made
 *
 * A record begins on a block and no byte of a durable record is written again until a checkpoint has made it
 * superfluous. Records carry a number that rises by one and a checksum keyed with the store's own random key, so that
 * what an earlier use of the segment left behind is never taken for a record. Writing over blocks that were written
 * before costs one small flush; a growing file would cost the file system's own journal too. */
struct gj_journal;

#define GJ_JOURNAL_BLOCK 4096
#define GJ_JOURNAL_HEAD 84
#define GJ_JOURNAL_KEY_SIZE 32

enum gj_journal_type {
    GJ_JOURNAL_GROUP = 1,
    GJ_JOURNAL_VOID = 2, /* the record before was answered as undone: main had no room for it */
};

struct gj_journal_record {
    enum gj_journal_type type;
    uint64_t sequence;
    uint32_t commands;
    /* What the audit log was when they had been applied: applying them again must lead there. */
    uint64_t entries;
    struct gj_tree_hash root;
    const uint8_t *payload; /* borrowed */
    size_t len;
};

/* ---- bytes ---- */

/* Takes the record at the beginning of bytes apart. GJ_EINVAL: none that belongs to key. *size: blocks it occupies, in
 * bytes. */
enum gj_err gj_journal_parse(const uint8_t key[GJ_JOURNAL_KEY_SIZE], const uint8_t *bytes, size_t len,
    struct gj_journal_record *out, size_t *size);
/* Room for the head, before the payload is appended. */
enum gj_err gj_journal_begin(struct gj_buf *record);
/* Fills the head and pads to whole blocks: what gj_journal_append writes. */
enum gj_err gj_journal_seal(
    const uint8_t key[GJ_JOURNAL_KEY_SIZE], const struct gj_journal_record *head, struct gj_buf *record);

/* ---- files ---- */

/* Reads the segments in dir and finds the records above `after`. GJ_ECORRUPT: one is damaged or missing although later
 * ones are there. segment_bytes 0: GJ_JOURNAL_SEGMENT_BYTES. */
enum gj_err gj_journal_open(const char *dir, const uint8_t key[GJ_JOURNAL_KEY_SIZE], uint64_t after,
    size_t segment_bytes, struct gj_journal **out, struct gj_fault *fault);
void gj_journal_close(struct gj_journal *journal);

/* Number of the newest record. */
uint64_t gj_journal_last(const struct gj_journal *journal);

struct gj_journal_waiting {
    uint64_t groups, commands, bytes;
};
/* What opening found above `after`, void groups not counted. */
void gj_journal_waiting(const struct gj_journal *journal, struct gj_journal_waiting *out);

/* The waiting groups in order; false after the last, or when *err is set. Before anything is appended. */
bool gj_journal_next(struct gj_journal *journal, struct gj_journal_record *out, enum gj_err *err);

/* Makes a record durable; sequence is set here. One thread. GJ_EBUSY: every segment is in use, a checkpoint must free
 * some. GJ_ENOSPC and others: nothing was kept. GJ_EIO: unknown what a power cut would leave. */
enum gj_err gj_journal_append(struct gj_journal *journal, struct gj_journal_record *head, struct gj_buf *record);
/* The last record is undone. As gj_journal_append. */
enum gj_err gj_journal_void(struct gj_journal *journal);

/* Records up to sequence are superfluous. Any thread. */
void gj_journal_recycle(struct gj_journal *journal, uint64_t sequence);

/* Bytes of records above sequence. Any thread. */
uint64_t gj_journal_bytes_above(struct gj_journal *journal, uint64_t sequence);

#endif
