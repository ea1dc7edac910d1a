/* A slot: magic, version, page size, number, sequence, transaction, key, checksum over all but itself; the rest of its
 * first block is zero; then both meta pages. Big-endian. */
#include "store/checkpoint_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cursor.h"
#include "common/fail.h"
#include "store/internal.h"
#include "store/page_file.h"

#define NAME "checkpoint"
#define MAGIC UINT64_C(0x474a434845434b50) /* "GJCHECKP" */
#define VERSION 1
#define HEAD 4096
#define CHECKSUM_AT 72
#define CHECKSUM_SIZE 32
#define SLOTS 2
#define SLOT_BYTES (HEAD + 2 * GJ_PAGE_SIZE_MAX)
#define PATH_SIZE (GJ_STORE_PATH_MAX + 64)

static void checksum(const uint8_t *bytes, size_t len, uint8_t out[CHECKSUM_SIZE])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, CHECKSUM_SIZE);
    crypto_generichash_update(&state, bytes, CHECKSUM_AT);
    crypto_generichash_update(&state, bytes + HEAD, len - HEAD);
    crypto_generichash_final(&state, out, CHECKSUM_SIZE);
}

/* Returns the length of what is to be written. */
static size_t build(const struct gj_checkpoint_mark *mark, uint8_t *out)
{
    size_t metas = 2 * (size_t)mark->page_size;
    struct gj_writer wr;
    memset(out, 0, HEAD);
    gj_writer_init_fixed(&wr, out, HEAD);
    gj_writer_u64(&wr, MAGIC);
    gj_writer_u32(&wr, VERSION);
    gj_writer_u32(&wr, mark->page_size);
    gj_writer_u64(&wr, mark->number);
    gj_writer_u64(&wr, mark->sequence);
    gj_writer_u64(&wr, mark->txn);
    gj_writer_bytes(&wr, mark->key, sizeof mark->key);
    memmove(out + HEAD, mark->metas, metas);
    checksum(out, HEAD + metas, out + CHECKSUM_AT);
    return HEAD + metas;
}

enum gj_err gj_checkpoint_file_parse(const uint8_t *bytes, size_t len, struct gj_checkpoint_mark *out)
{
    struct gj_cursor cur;
    uint8_t expected[CHECKSUM_SIZE];
    memset(out, 0, sizeof *out);
    gj_cursor_init(&cur, bytes, len);
    if (gj_cursor_u64(&cur) != MAGIC) {
        return GJ_EINVAL;
    }
    uint32_t version = gj_cursor_u32(&cur);
    out->page_size = gj_cursor_u32(&cur);
    out->number = gj_cursor_u64(&cur);
    out->sequence = gj_cursor_u64(&cur);
    out->txn = gj_cursor_u64(&cur);
    gj_cursor_copy(&cur, out->key, sizeof out->key);
    bool sized = out->page_size >= 512 && out->page_size <= GJ_PAGE_SIZE_MAX && len >= HEAD + 2 * out->page_size;
    if (gj_cursor_ok(&cur) != GJ_OK || !sized) {
        return GJ_EINVAL;
    }
    checksum(bytes, HEAD + 2 * (size_t)out->page_size, expected);
    if (sodium_memcmp(expected, bytes + CHECKSUM_AT, sizeof expected) != 0) {
        return GJ_EINVAL;
    }
    out->metas = bytes + HEAD;
    return version == VERSION ? GJ_OK : GJ_EVERSION;
}

static enum gj_err write_slot(int fd, unsigned slot, const uint8_t *bytes, size_t len)
{
    return pwrite(fd, bytes, len, (off_t)slot * SLOT_BYTES) == (ssize_t)len ? GJ_OK : GJ_EIO;
}

/* Both slots get their blocks now, so that a mark never needs space. */
static enum gj_err fill(struct gj_checkpoint_file *file, const char *path)
{
    file->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file->fd < 0) {
        return gj_err_from_errno(errno);
    }
    memset(file->bytes, 0, SLOT_BYTES);
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        ssize_t n =
            gj_fail_point("checkpoint.make") ? 0 : pwrite(file->fd, file->bytes, SLOT_BYTES, (off_t)slot * SLOT_BYTES);
        if (n != SLOT_BYTES) {
            return n < 0 ? gj_err_from_errno(errno) : GJ_ENOSPC;
        }
    }
    enum gj_err err = write_slot(file->fd, 0, file->bytes, build(&file->mark, file->bytes));
    return err == GJ_OK && fdatasync(file->fd) != 0 ? GJ_EIO : err;
}

enum gj_err gj_checkpoint_file_make(
    struct gj_checkpoint_file *file, const char *dir, const struct gj_checkpoint_mark *mark, struct gj_fault *fault)
{
    char path[PATH_SIZE], made[PATH_SIZE];
    snprintf(path, sizeof path, "%s/" NAME, dir);
    snprintf(made, sizeof made, "%s/" NAME ".new", dir);
    *file = (struct gj_checkpoint_file){.fd = -1, .slot = 1, .mark = *mark, .bytes = malloc(SLOT_BYTES)};
    enum gj_err err = file->bytes == NULL ? GJ_ENOMEM : fill(file, made);
    if (err == GJ_OK && rename(made, path) != 0) {
        err = gj_err_from_errno(errno);
    }
    if (err == GJ_OK) {
        err = gj_env_sync_dir(dir);
    }
    if (err != GJ_OK) {
        gj_checkpoint_file_close(file);
        return gj_fault_set(fault, err, "%s cannot be made: %s", path, gj_err_text(err));
    }
    file->mark.metas = file->bytes + HEAD;
    return GJ_OK;
}

/* Reads a slot; short ones have zeros behind. */
static enum gj_err read_slot(int fd, unsigned slot, uint8_t *bytes)
{
    memset(bytes, 0, SLOT_BYTES);
    ssize_t n = pread(fd, bytes, SLOT_BYTES, (off_t)slot * SLOT_BYTES);
    return n < 0 ? gj_err_from_errno(errno) : GJ_OK;
}

static enum gj_err read_newest(struct gj_checkpoint_file *file)
{
    struct gj_checkpoint_mark marks[SLOTS];
    enum gj_err found[SLOTS];
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        enum gj_err err = read_slot(file->fd, slot, file->bytes);
        if (err != GJ_OK) {
            return err;
        }
        found[slot] = gj_checkpoint_file_parse(file->bytes, SLOT_BYTES, &marks[slot]);
        if (found[slot] == GJ_EVERSION) {
            return GJ_EVERSION;
        }
    }
    if (found[0] != GJ_OK && found[1] != GJ_OK) {
        return GJ_ECORRUPT;
    }
    unsigned newest = found[0] != GJ_OK || (found[1] == GJ_OK && marks[1].number > marks[0].number) ? 1 : 0;
    file->slot = 1 - newest;
    enum gj_err err = read_slot(file->fd, newest, file->bytes);
    return err == GJ_OK ? gj_checkpoint_file_parse(file->bytes, SLOT_BYTES, &file->mark) : err;
}

enum gj_err gj_checkpoint_file_open(struct gj_checkpoint_file *file, const char *dir, struct gj_fault *fault)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/" NAME, dir);
    *file = (struct gj_checkpoint_file){.fd = open(path, O_RDWR | O_CLOEXEC)};
    if (file->fd < 0) {
        enum gj_err err = gj_err_from_errno(errno);
        return err == GJ_ENOTFOUND ? err : gj_fault_set(fault, err, "%s cannot be opened: %s", path, strerror(errno));
    }
    file->bytes = malloc(SLOT_BYTES);
    enum gj_err err = file->bytes == NULL ? GJ_ENOMEM : read_newest(file);
    if (err == GJ_OK) {
        return GJ_OK;
    }
    gj_checkpoint_file_close(file);
    if (err == GJ_EVERSION) {
        return gj_fault_set(fault, err, "the journal was written by a newer program: use that one");
    }
    if (err == GJ_ECORRUPT) {
        return gj_fault_set(fault, err, "journal/" NAME " is damaged; restore the last backup");
    }
    return gj_fault_set(fault, err, "%s cannot be read: %s", path, gj_err_text(err));
}

void gj_checkpoint_file_close(struct gj_checkpoint_file *file)
{
    if (file->fd >= 0) {
        close(file->fd);
    }
    free(file->bytes);
    *file = (struct gj_checkpoint_file){.fd = -1};
}

enum gj_err gj_checkpoint_file_write(struct gj_checkpoint_file *file, const struct gj_checkpoint_mark *mark)
{
    struct gj_checkpoint_mark next = *mark;
    next.number = file->mark.number + 1;
    size_t len = build(&next, file->bytes);
    if (gj_fail_point("checkpoint.write") || write_slot(file->fd, file->slot, file->bytes, len) != GJ_OK ||
        gj_fail_point("checkpoint.mark_sync") || fdatasync(file->fd) != 0) {
        return GJ_EIO;
    }
    file->mark = next;
    file->mark.metas = file->bytes + HEAD;
    file->slot = 1 - file->slot;
    return GJ_OK;
}

enum gj_err gj_checkpoint_file_strike(struct gj_checkpoint_file *file)
{
    static const uint8_t nothing[HEAD];
    return gj_fail_point("checkpoint.strike") ? GJ_EIO : write_slot(file->fd, file->slot, nothing, sizeof nothing);
}

/* Pages 0 and 1 of the file as they are. GJ_EOF: it is too short to have them. */
static enum gj_err read_metas(int fd, size_t len, uint8_t *out)
{
    ssize_t n = pread(fd, out, len, 0);
    return n < 0 ? gj_err_from_errno(errno) : (size_t)n == len ? GJ_OK : GJ_EOF;
}

static enum gj_err put_back(const struct gj_checkpoint_mark *mark, int fd, bool *changed, struct gj_fault *fault)
{
    size_t len = 2 * (size_t)mark->page_size;
    struct gj_page_file there;
    uint8_t *now = malloc(len);
    enum gj_err err = now == NULL ? GJ_ENOMEM : read_metas(fd, len, now);
    if (err == GJ_OK && memcmp(now, mark->metas, len) != 0) {
        /* Meta pages that cannot be read are mended; an older file cannot be. */
        if (gj_page_file_read(&there, fd) == GJ_OK && there.txn < mark->txn) {
            err = GJ_ECORRUPT;
        } else if (gj_fail_point("checkpoint.restore") || pwrite(fd, mark->metas, len, 0) != (ssize_t)len ||
                   fdatasync(fd) != 0) {
            err = GJ_EIO;
        } else {
            *changed = true;
        }
    }
    free(now);
    if (err == GJ_EOF) {
        return GJ_OK; /* cut to nothing: whoever opens it says so */
    }
    if (err == GJ_ECORRUPT) {
        return gj_fault_set(fault, err, "main/data.mdb is older than its journal; restore the last backup");
    }
    return err == GJ_OK ? err : gj_fault_set(fault, err, "main/data.mdb cannot be put back: %s", gj_err_text(err));
}

enum gj_err gj_checkpoint_file_restore(
    const struct gj_checkpoint_mark *mark, const char *data_path, bool *changed, struct gj_fault *fault)
{
    *changed = false;
    int fd = open(data_path, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return GJ_OK; /* whoever opens it says what is wrong */
    }
    enum gj_err err = put_back(mark, fd, changed, fault);
    close(fd);
    return err;
}
