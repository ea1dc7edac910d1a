#include "store/backup_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/fail.h"
#include "store/store_meta.h"

#define PIECE (256 * 1024)
#define SPACE_EVERY (16u << 20)
/* Small syncs all along: one big one at the end would hold up the commits of everybody. */
#define SYNC_EVERY (4u << 20)

/* ---- pace ---- */

static int64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void gj_pace_begin(struct gj_pace *pace)
{
    pace->done_bytes = 0;
    pace->started_ms = monotonic_ms();
}

enum gj_err gj_pace_step(struct gj_pace *pace, size_t bytes)
{
    uint64_t before = pace->done_bytes;
    pace->done_bytes += bytes;
    if (pace->cancelled != NULL && atomic_load(pace->cancelled)) {
        return GJ_ECLOSED;
    }
    if (before / SPACE_EVERY != pace->done_bytes / SPACE_EVERY || before == 0) {
        uint64_t free_bytes = 0;
        enum gj_err err = gj_store_disk_free(pace->dir, &free_bytes);
        if (err != GJ_OK || free_bytes < pace->reserve_bytes) {
            return err != GJ_OK ? err : GJ_ENOSPC;
        }
    }
    if (pace->bytes_per_second == 0) {
        return GJ_OK;
    }
    int64_t due_ms = (int64_t)(pace->done_bytes * 1000 / pace->bytes_per_second);
    int64_t ahead_ms = due_ms - (monotonic_ms() - pace->started_ms);
    if (ahead_ms > 0) {
        struct timespec wait = {ahead_ms / 1000, ahead_ms % 1000 * 1000000};
        nanosleep(&wait, NULL);
    }
    return GJ_OK;
}

/* ---- one stream of bytes into a file ---- */

/* Reads in until its end, writes to a new file and hashes. The file is durable when it returns GJ_OK. */
static enum gj_err pump(int in, const char *to, struct gj_pace *pace, uint8_t *sha256, uint64_t *bytes)
{
    crypto_hash_sha256_state hash;
    crypto_hash_sha256_init(&hash);
    *bytes = 0;
    uint8_t *piece = gj_fail_point("backup.alloc") ? NULL : malloc(PIECE);
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    enum gj_err err = piece == NULL ? GJ_ENOMEM : out < 0 ? gj_err_from_errno(errno) : GJ_OK;
    while (err == GJ_OK) {
        ssize_t n = read(in, piece, PIECE);
        if (n == 0) {
            break;
        }
        if (n < 0) {
            err = errno == EINTR ? GJ_OK : gj_err_from_errno(errno);
            continue;
        }
        crypto_hash_sha256_update(&hash, piece, (size_t)n);
        if (gj_fail_point("backup.write") || write(out, piece, (size_t)n) != n) {
            err = GJ_ENOSPC; /* a short write is the end of the space */
            break;
        }
        *bytes += (uint64_t)n;
        err = gj_pace_step(pace, (size_t)n);
        if (err == GJ_OK && *bytes / SYNC_EVERY != (*bytes - (uint64_t)n) / SYNC_EVERY && fdatasync(out) != 0) {
            err = GJ_EIO;
        }
    }
    if (err == GJ_OK && fsync(out) != 0) {
        err = GJ_EIO;
    }
    if (out >= 0) {
        close(out);
    }
    free(piece);
    if (err == GJ_OK && sha256 != NULL) {
        crypto_hash_sha256_final(&hash, sha256);
    }
    return err;
}

enum gj_err gj_copy_file(const char *from, const char *to, struct gj_pace *pace, uint8_t *sha256, uint64_t *bytes)
{
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0) {
        return gj_err_from_errno(errno);
    }
    enum gj_err err = pump(in, to, pace, sha256, bytes);
    close(in);
    return err;
}

/* ---- a snapshot of an environment ---- */

struct source {
    MDB_env *env;
    int fd;
    int rc;
};

/* LMDB writes the copy into a pipe, so that pace, cancelling and hashing are ours. */
static void *write_copy(void *arg)
{
    struct source *source = arg;
    sigset_t pipe_signal;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);
    source->rc = mdb_env_copyfd2(source->env, source->fd, MDB_CP_COMPACT);
    close(source->fd);
    return NULL;
}

enum gj_err gj_copy_env(struct gj_env *env, const char *to, struct gj_pace *pace, uint8_t sha256[32], uint64_t *bytes)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) {
        return gj_err_from_errno(errno);
    }
    struct source source = {.env = env->env, .fd = fds[1]};
    pthread_t thread;
    if (pthread_create(&thread, NULL, write_copy, &source) != 0) {
        close(fds[0]);
        close(fds[1]);
        return GJ_ESYS;
    }
    enum gj_err err = pump(fds[0], to, pace, sha256, bytes);
    close(fds[0]); /* a copy that is not wanted any more ends with EPIPE */
    pthread_join(thread, NULL);
    return err == GJ_OK && source.rc != 0 ? gj_store_err(source.rc) : err;
}

/* ---- attachments ---- */

typedef enum gj_err (*blob_step)(void *ctx, const char *folder, const char *file);

/* Calls step for every file of blob/00 … blob/ff. */
static enum gj_err each_blob(const char *root, blob_step step, void *ctx)
{
    enum gj_err err = GJ_OK;
    for (unsigned i = 0; err == GJ_OK && i < 256; i++) {
        char folder[16], path[GJ_BACKUP_PATH_MAX];
        snprintf(folder, sizeof folder, "blob/%02x", i);
        snprintf(path, sizeof path, "%s/%s", root, folder);
        DIR *dir = opendir(path);
        struct dirent *entry;
        while (dir != NULL && err == GJ_OK && (entry = readdir(dir)) != NULL) {
            if (strlen(entry->d_name) == 64) {
                err = step(ctx, folder, entry->d_name);
            }
        }
        if (dir != NULL) {
            closedir(dir);
        }
    }
    return err;
}

struct copy_blobs {
    const char *from, *to;
    struct gj_pace *pace;
    uint64_t count, bytes;
};

static enum gj_err copy_blob(void *ctx, const char *folder, const char *file)
{
    struct copy_blobs *copy = ctx;
    char from[GJ_BACKUP_PATH_MAX], to[GJ_BACKUP_PATH_MAX];
    snprintf(to, sizeof to, "%s/%s", copy->to, folder);
    if (mkdir(to, 0700) != 0 && errno != EEXIST) {
        return gj_err_from_errno(errno);
    }
    snprintf(from, sizeof from, "%s/%s/%.64s", copy->from, folder, file);
    snprintf(to, sizeof to, "%s/%s/%.64s", copy->to, folder, file);
    struct stat st;
    if (stat(from, &st) != 0) {
        return errno == ENOENT ? GJ_OK : gj_err_from_errno(errno); /* removed meanwhile */
    }
    uint64_t bytes = (uint64_t)st.st_size;
    enum gj_err err = GJ_OK;
    if (link(from, to) != 0) { /* another file system, or one that cannot link */
        err = gj_copy_file(from, to, copy->pace, NULL, &bytes);
    } else {
        err = gj_pace_step(copy->pace, 4096);
    }
    copy->count++;
    copy->bytes += bytes;
    return err;
}

enum gj_err gj_copy_blobs(const char *from, const char *to, struct gj_pace *pace, uint64_t *count, uint64_t *bytes)
{
    struct copy_blobs copy = {.from = from, .to = to, .pace = pace};
    char path[GJ_BACKUP_PATH_MAX];
    snprintf(path, sizeof path, "%s/blob", to);
    if (mkdir(path, 0700) != 0) {
        return gj_err_from_errno(errno);
    }
    enum gj_err err = each_blob(from, copy_blob, &copy);
    *count = copy.count;
    *bytes = copy.bytes;
    /* A name is durable when its folder is. */
    for (unsigned i = 0; err == GJ_OK && i < 256; i++) {
        char folder[GJ_BACKUP_PATH_MAX + 8];
        struct stat st;
        snprintf(folder, sizeof folder, "%s/%02x", path, i);
        err = stat(folder, &st) == 0 ? gj_env_sync_dir(folder) : GJ_OK;
    }
    return err == GJ_OK ? gj_env_sync_dir(path) : err;
}

enum gj_err gj_hash_file(const char *path, uint8_t sha256[32], uint64_t *bytes)
{
    crypto_hash_sha256_state hash;
    crypto_hash_sha256_init(&hash);
    *bytes = 0;
    uint8_t *piece = malloc(PIECE);
    int in = open(path, O_RDONLY | O_CLOEXEC);
    enum gj_err err = piece == NULL ? GJ_ENOMEM : in < 0 ? gj_err_from_errno(errno) : GJ_OK;
    for (ssize_t n = 1; err == GJ_OK && n != 0;) {
        n = read(in, piece, PIECE);
        if (n < 0 && errno != EINTR) {
            err = gj_err_from_errno(errno);
        } else if (n > 0) {
            crypto_hash_sha256_update(&hash, piece, (size_t)n);
            *bytes += (uint64_t)n;
        }
    }
    if (in >= 0) {
        close(in);
    }
    free(piece);
    crypto_hash_sha256_final(&hash, sha256);
    return err;
}

struct check_blobs {
    const char *root;
    uint64_t count, bytes;
};

static enum gj_err check_blob(void *ctx, const char *folder, const char *file)
{
    struct check_blobs *check = ctx;
    char path[GJ_BACKUP_PATH_MAX], hex[65];
    snprintf(path, sizeof path, "%s/%s/%.64s", check->root, folder, file);
    uint8_t hash[32];
    uint64_t bytes = 0;
    enum gj_err err = gj_hash_file(path, hash, &bytes);
    if (err == GJ_OK && strcmp(sodium_bin2hex(hex, sizeof hex, hash, sizeof hash), file) != 0) {
        err = GJ_ECORRUPT;
    }
    check->count++;
    check->bytes += bytes;
    return err;
}

enum gj_err gj_check_blobs(const char *dir, uint64_t *count, uint64_t *bytes)
{
    struct check_blobs check = {.root = dir};
    enum gj_err err = each_blob(dir, check_blob, &check);
    *count = check.count;
    *bytes = check.bytes;
    return err;
}

static enum gj_err remove_blob(void *ctx, const char *folder, const char *file)
{
    char path[GJ_BACKUP_PATH_MAX];
    snprintf(path, sizeof path, "%s/%s/%.64s", (const char *)ctx, folder, file);
    unlink(path);
    return GJ_OK;
}

void gj_remove_backup(const char *dir)
{
    static const char *const files[] = {"manifest", "manifest.tmp", "main.mdb", "vault.mdb"};
    char path[GJ_BACKUP_PATH_MAX];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, files[i]);
        unlink(path);
    }
    each_blob(dir, remove_blob, (void *)(uintptr_t)dir);
    for (unsigned i = 0; i < 256; i++) {
        snprintf(path, sizeof path, "%s/blob/%02x", dir, i);
        rmdir(path);
    }
    snprintf(path, sizeof path, "%s/blob", dir);
    rmdir(path);
    rmdir(dir);
}
