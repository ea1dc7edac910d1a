#include "client/lib/outbox_file.h"

#include "common/cursor.h"
#include "common/fail.h"
#include "common/id.h"
#include "common/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define HEADER_SIZE 72
#define MAGIC "GJOUTBX1"
#define LENGTH_SIZE 4
/* A week without a connection at 1,800 items a day of some hundred bytes is 5 MB; a larger file is not ours. */
#define FILE_MAX (256u * 1024 * 1024)

static enum guanjia_err from_errno(void)
{
    return (enum guanjia_err)gj_err_from_errno(errno);
}

static void make_header(const struct outbox_file *file, uint8_t header[HEADER_SIZE])
{
    struct gj_writer writer;
    uint8_t mac[GJ_SECRET_SHA256_SIZE];
    gj_writer_init_fixed(&writer, header, HEADER_SIZE);
    gj_writer_bytes(&writer, MAGIC, 8);
    gj_writer_bytes(&writer, file->salt, sizeof file->salt);
    gj_writer_u64(&writer, file->user);
    gj_writer_u64(&writer, file->device);
    gj_secret_hkdf(header, writer.len, file->key, sizeof file->key, "outbox header", 13, mac, sizeof mac);
    gj_writer_bytes(&writer, mac, sizeof mac);
}

static void make_ad(const struct outbox_file *file, uint64_t number, uint8_t ad[24])
{
    struct gj_writer writer;
    gj_writer_init_fixed(&writer, ad, 24);
    gj_writer_bytes(&writer, file->salt, sizeof file->salt);
    gj_writer_u64(&writer, number);
}

static bool write_all(int fd, const uint8_t *bytes, size_t len, off_t at)
{
    if (gj_fail_point("outbox.write")) {
        errno = ENOSPC;
        return false;
    }
    while (len > 0) {
        ssize_t put = pwrite(fd, bytes, len, at);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return false;
        }
        bytes += put;
        at += put;
        len -= (size_t)put;
    }
    return true;
}

static bool sync_fd(int fd)
{
    if (gj_fail_point("outbox.sync")) {
        errno = EIO;
        return false;
    }
    return fdatasync(fd) == 0;
}

static enum guanjia_err sync_folder(const char *path)
{
    char folder[1024];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash == NULL || slash == folder) {
        return GUANJIA_EINVAL;
    }
    *slash = '\0';
    int fd = gj_fail_point("outbox.folder") ? -1 : open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return GUANJIA_EIO;
    }
    enum guanjia_err err = fsync(fd) == 0 ? GUANJIA_OK : GUANJIA_EIO;
    close(fd);
    return err;
}

/* Tries the bytes at `at` as record `number`; gives the plaintext in plain (OUTBOX_RECORD_MAX) and the record's size.
 */
static bool open_record(const struct outbox_file *file, const uint8_t *at, size_t left, uint64_t number, uint8_t *plain,
    size_t *plain_len, size_t *size)
{
    uint8_t ad[24];
    if (left < LENGTH_SIZE) {
        return false;
    }
    size_t len = (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
    if (len < GJ_SECRET_OVERHEAD || len > OUTBOX_RECORD_MAX + GJ_SECRET_OVERHEAD || len > left - LENGTH_SIZE) {
        return false;
    }
    make_ad(file, number, ad);
    if (gj_secret_open(file->key, ad, sizeof ad, at + LENGTH_SIZE, len, plain) != GJ_OK) {
        return false;
    }
    *plain_len = len - GJ_SECRET_OVERHEAD;
    *size = LENGTH_SIZE + len;
    return true;
}

/* A torn append leaves less than one record behind, and nothing valid in it. */
static bool torn(const struct outbox_file *file, const uint8_t *at, size_t left, uint8_t *plain)
{
    size_t plain_len;
    size_t size;
    if (left > LENGTH_SIZE + OUTBOX_RECORD_MAX + GJ_SECRET_OVERHEAD) {
        return false;
    }
    for (size_t skip = 1; skip < left; skip++) {
        if (open_record(file, at + skip, left - skip, file->records + 1, plain, &plain_len, &size)) {
            return false;
        }
    }
    return true;
}

static enum guanjia_err replay(
    struct outbox_file *file, const uint8_t *bytes, size_t len, outbox_record_fn *on_record, void *arg)
{
    enum guanjia_err err = GUANJIA_OK;
    uint8_t *plain = malloc(OUTBOX_RECORD_MAX);
    if (plain == NULL) {
        return GUANJIA_ENOMEM;
    }
    size_t at = HEADER_SIZE;
    while (err == GUANJIA_OK && at < len) {
        size_t plain_len;
        size_t size;
        if (open_record(file, bytes + at, len - at, file->records, plain, &plain_len, &size)) {
            err = on_record(arg, plain, plain_len);
            file->records++;
            at += size;
        } else if (torn(file, bytes + at, len - at, plain)) {
            err = ftruncate(file->fd, (off_t)at) == 0 && sync_fd(file->fd) ? GUANJIA_OK : GUANJIA_EIO;
            break;
        } else {
            err = GUANJIA_ECORRUPT;
        }
    }
    file->size = at;
    gj_secret_wipe(plain, OUTBOX_RECORD_MAX);
    free(plain);
    return err;
}

static enum guanjia_err create(struct outbox_file *file)
{
    uint8_t header[HEADER_SIZE];
    gj_id_random(file->salt, sizeof file->salt);
    make_header(file, header);
    if (ftruncate(file->fd, 0) != 0 || !write_all(file->fd, header, sizeof header, 0) || !sync_fd(file->fd)) {
        return GUANJIA_EIO;
    }
    file->size = HEADER_SIZE;
    file->records = 0;
    return sync_folder(file->path);
}

static enum guanjia_err load(struct outbox_file *file, size_t len, outbox_record_fn *on_record, void *arg)
{
    uint8_t header[HEADER_SIZE];
    uint8_t *bytes = malloc(len);
    enum guanjia_err err = GUANJIA_OK;
    size_t have = 0;
    if (bytes == NULL) {
        return GUANJIA_ENOMEM;
    }
    while (have < len) {
        ssize_t got = pread(file->fd, bytes + have, len - have, (off_t)have);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            err = GUANJIA_EIO;
            goto done;
        }
        have += (size_t)got;
    }
    memcpy(file->salt, bytes + 8, sizeof file->salt);
    make_header(file, header);
    err = memcmp(header, bytes, sizeof header) == 0 ? replay(file, bytes, len, on_record, arg) : GUANJIA_ECORRUPT;
done:
    free(bytes);
    return err;
}

enum guanjia_err outbox_file_open(struct outbox_file *file, const char *path, const uint8_t key[USER_KEY_SIZE],
    uint64_t user, uint64_t device, outbox_record_fn *on_record, void *arg)
{
    struct stat st;
    memset(file, 0, sizeof *file);
    snprintf(file->path, sizeof file->path, "%s", path);
    memcpy(file->key, key, sizeof file->key);
    file->user = user;
    file->device = device;
    file->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file->fd < 0) {
        return from_errno();
    }
    enum guanjia_err err = GUANJIA_OK;
    if (flock(file->fd, LOCK_EX | LOCK_NB) != 0) {
        err = GUANJIA_EBUSY;
    } else if (fstat(file->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        err = GUANJIA_EIO;
    } else if ((st.st_mode & 077) != 0) {
        err = GUANJIA_EDENIED;
    } else if (st.st_size > (off_t)FILE_MAX) {
        err = GUANJIA_ETOOBIG;
    } else if (st.st_size < HEADER_SIZE) {
        err = create(file); /* new, or it was cut off while it was being made: nothing was acknowledged yet */
    } else {
        err = load(file, (size_t)st.st_size, on_record, arg);
    }
    if (err != GUANJIA_OK) {
        outbox_file_close(file);
    }
    return err;
}

void outbox_file_close(struct outbox_file *file)
{
    if (file->fd >= 0) {
        close(file->fd);
    }
    gj_secret_wipe(file->key, sizeof file->key);
    file->fd = -1;
}

enum guanjia_err outbox_file_append(struct outbox_file *file, const uint8_t *bytes, size_t len)
{
    uint8_t ad[24];
    if (file->broken) {
        return GUANJIA_EIO;
    }
    if (len > OUTBOX_RECORD_MAX) {
        return GUANJIA_ETOOBIG;
    }
    size_t sealed_len = len + GJ_SECRET_OVERHEAD;
    size_t size = LENGTH_SIZE + sealed_len;
    uint8_t *record = malloc(size);
    if (record == NULL) {
        return GUANJIA_ENOMEM;
    }
    record[0] = (uint8_t)(sealed_len >> 24);
    record[1] = (uint8_t)(sealed_len >> 16);
    record[2] = (uint8_t)(sealed_len >> 8);
    record[3] = (uint8_t)sealed_len;
    make_ad(file, file->records, ad);
    gj_secret_seal(file->key, ad, sizeof ad, bytes, len, record + LENGTH_SIZE);
    enum guanjia_err err = GUANJIA_OK;
    if (!write_all(file->fd, record, size, (off_t)file->size) || !sync_fd(file->fd)) {
        err = errno == ENOSPC ? GUANJIA_ENOSPC : GUANJIA_EIO;
        /* What was refused must not come back after a restart. */
        if (ftruncate(file->fd, (off_t)file->size) != 0 || gj_fail_point("outbox.undo")) {
            file->broken = true;
        }
    } else {
        file->size += size;
        file->records++;
    }
    free(record);
    return err;
}

enum guanjia_err outbox_file_rewrite_begin(const struct outbox_file *file, struct outbox_file *fresh)
{
    memset(fresh, 0, sizeof *fresh);
    fresh->fd = -1;
    int len = snprintf(fresh->path, sizeof fresh->path, "%s.new", file->path);
    if (len <= 0 || (size_t)len >= sizeof fresh->path) {
        return GUANJIA_EINVAL;
    }
    memcpy(fresh->key, file->key, sizeof fresh->key);
    fresh->user = file->user;
    fresh->device = file->device;
    fresh->fd = open(fresh->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fresh->fd < 0 || flock(fresh->fd, LOCK_EX | LOCK_NB) != 0) {
        outbox_file_close(fresh);
        return GUANJIA_EIO;
    }
    enum guanjia_err err = create(fresh);
    if (err != GUANJIA_OK) {
        outbox_file_rewrite_abandon(fresh);
    }
    return err;
}

void outbox_file_rewrite_abandon(struct outbox_file *fresh)
{
    unlink(fresh->path);
    outbox_file_close(fresh);
}

enum guanjia_err outbox_file_rewrite_finish(struct outbox_file *file, struct outbox_file *fresh)
{
    if (gj_fail_point("outbox.rename") || rename(fresh->path, file->path) != 0) {
        outbox_file_rewrite_abandon(fresh);
        return GUANJIA_EIO;
    }
    memcpy(fresh->path, file->path, sizeof fresh->path);
    close(file->fd);
    *file = *fresh;
    fresh->fd = -1;
    /* Should the rename itself be lost in a power cut, the old file returns: finished items would go out once more,
     * with their keys, and be answered as repeated. */
    (void)sync_folder(file->path);
    return GUANJIA_OK;
}
