#include "crash/recorder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define NODES_MAX 4096
#define NOT_OURS UINT32_MAX

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct recording *volatile target; /* NULL: not recording */

static struct {
    dev_t dev;
    ino_t ino;
    bool known; /* false: its file is gone, the number belongs to another one now */
} nodes[NODES_MAX];
static uint32_t n_nodes;

static void give_up(const char *why)
{
    fprintf(stderr, "recorder: %s\n", why);
    abort();
}

/* ---- nodes ---- */

static uint32_t node_of(const struct stat *st)
{
    for (uint32_t i = n_nodes; i > 0; i--) {
        if (nodes[i - 1].known && nodes[i - 1].ino == st->st_ino && nodes[i - 1].dev == st->st_dev) {
            return i - 1;
        }
    }
    return NOT_OURS;
}

static uint32_t node_of_fd(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 ? node_of(&st) : NOT_OURS;
}

static uint32_t node_of_path(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 ? node_of(&st) : NOT_OURS;
}

static uint32_t new_node(const struct stat *st)
{
    uint32_t old = node_of(st);
    if (old != NOT_OURS) {
        nodes[old].known = false;
    }
    if (n_nodes == NODES_MAX) {
        give_up("too many files");
    }
    nodes[n_nodes].dev = st->st_dev;
    nodes[n_nodes].ino = st->st_ino;
    nodes[n_nodes].known = true;
    return n_nodes++;
}

static bool is_left_out(const char *name)
{
    return strcmp(name, "lock") == 0 || strcmp(name, "lock.mdb") == 0;
}

/* The node of the folder a path lies in, and the last part of the path. */
static uint32_t folder_of(const char *path, char name[NAME_MAX + 1])
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path);
    if (len >= sizeof folder || strlen(slash == NULL ? path : slash + 1) > NAME_MAX) {
        return NOT_OURS;
    }
    snprintf(folder, sizeof folder, "%.*s", (int)len, path);
    snprintf(name, NAME_MAX + 1, "%s", slash == NULL ? path : slash + 1);
    struct stat st;
    if (is_left_out(name) || stat(slash == NULL ? "." : len == 0 ? "/" : folder, &st) != 0) {
        return NOT_OURS;
    }
    return node_of(&st);
}

/* ---- records ---- */

static void add(struct record record, const void *bytes, size_t len)
{
    record.bytes = (uint8_t *)(uintptr_t)bytes;
    record.len = len;
    recording_add(target, &record);
}

static void add_name(uint32_t what, uint32_t node, uint32_t folder, const char *name)
{
    add((struct record){.what = what, .node = node, .folder = folder}, name, strlen(name) + 1);
}

static void add_write(int fd, uint32_t node, const void *bytes, size_t len, uint64_t at)
{
    bool through = (fcntl(fd, F_GETFL) & O_DSYNC) != 0;
    add((struct record){.what = through ? RECORD_THROUGH : RECORD_WRITE, .node = node, .at = at}, bytes, len);
}

static void add_size(uint32_t node, uint64_t size)
{
    add((struct record){.what = RECORD_SIZE, .node = node, .at = size}, NULL, 0);
}

static void add_content(uint32_t node, const char *path)
{
    uint8_t piece[65536];
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) {
        give_up("a file cannot be read");
    }
    uint64_t at = 0;
    for (ssize_t n = read(fd, piece, sizeof piece); n > 0; n = read(fd, piece, sizeof piece)) {
        add((struct record){.what = RECORD_WRITE, .node = node, .at = at}, piece, (size_t)n);
        at += (uint64_t)n;
    }
    (void)close(fd);
}

static void add_tree(const char *path, uint32_t folder)
{
    DIR *dir = opendir(path);
    if (dir == NULL) {
        give_up("a folder cannot be read");
    }
    for (struct dirent *item = readdir(dir); item != NULL; item = readdir(dir)) {
        char inner[PATH_MAX];
        struct stat st;
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0 || is_left_out(item->d_name)) {
            continue;
        }
        if (snprintf(inner, sizeof inner, "%s/%s", path, item->d_name) >= (int)sizeof inner || lstat(inner, &st) != 0) {
            give_up("a path is too long");
        }
        uint32_t node = node_of(&st);
        if (S_ISDIR(st.st_mode)) {
            node = new_node(&st);
            add_name(RECORD_MAKE_FOLDER, node, folder, item->d_name);
            add_tree(inner, node);
        } else if (node != NOT_OURS) {
            add_name(RECORD_LINK, node, folder, item->d_name);
        } else if (S_ISREG(st.st_mode)) {
            node = new_node(&st);
            add_name(RECORD_MAKE_FILE, node, folder, item->d_name);
            add_content(node, inner);
        }
    }
    (void)closedir(dir);
}

void recorder_start(struct recording *recording, const char *folder)
{
    struct stat st;
    pthread_mutex_lock(&lock);
    n_nodes = 0;
    if (stat(folder, &st) != 0) {
        give_up("there is no such folder");
    }
    target = recording;
    add_name(RECORD_MAKE_FOLDER, new_node(&st), 0, "");
    add_tree(folder, 0);
    add((struct record){.what = RECORD_BASE}, NULL, 0);
    pthread_mutex_unlock(&lock);
}

void recorder_note(uint32_t about, uint64_t number, const void *bytes, size_t len)
{
    pthread_mutex_lock(&lock);
    if (target != NULL) {
        add((struct record){.what = RECORD_NOTE, .node = about, .at = number}, bytes, len);
    }
    pthread_mutex_unlock(&lock);
}

void recorder_stop(void)
{
    pthread_mutex_lock(&lock);
    target = NULL;
    pthread_mutex_unlock(&lock);
}

/* Whether a call has to be looked at; if so the lock is held. */
static bool begin(void)
{
    if (target == NULL) {
        return false;
    }
    pthread_mutex_lock(&lock);
    if (target == NULL) {
        pthread_mutex_unlock(&lock);
        return false;
    }
    return true;
}

static long end(long result)
{
    int kept = errno;
    pthread_mutex_unlock(&lock);
    errno = kept;
    return result;
}

/* ---- opening ---- */

static int open_file(const char *path, int flags, mode_t mode)
{
    char name[NAME_MAX + 1];
    struct stat st;
    if (!begin()) {
        return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    }
    uint32_t folder = (flags & (O_CREAT | O_TRUNC)) != 0 ? folder_of(path, name) : NOT_OURS;
    bool there = folder != NOT_OURS && lstat(path, &st) == 0;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (fd >= 0 && folder != NOT_OURS && !there && fstat(fd, &st) == 0) {
        add_name(RECORD_MAKE_FILE, new_node(&st), folder, name);
    } else if (fd >= 0 && folder != NOT_OURS && (flags & O_TRUNC) != 0) {
        add_size(node_of_fd(fd), 0);
    }
    return (int)end(fd);
}

static mode_t mode_of(int flags, va_list args)
{
    return (flags & O_CREAT) != 0 ? (mode_t)va_arg(args, int) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    return open_file(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    return open_file(path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    if (folder == AT_FDCWD || path[0] == '/') {
        return open_file(path, flags, mode);
    }
    if (target != NULL && (flags & (O_CREAT | O_TRUNC)) != 0) {
        give_up("a file is made relative to an open folder");
    }
    return (int)syscall(SYS_openat, folder, path, flags, mode);
}

/* ---- writing ---- */

/* A write to something else may wait for another thread of ours (a pipe), and must not keep the lock meanwhile. */
static uint32_t begin_fd(int fd)
{
    if (!begin()) {
        return NOT_OURS;
    }
    uint32_t node = node_of_fd(fd);
    if (node == NOT_OURS) {
        (void)end(0);
    }
    return node;
}

static ssize_t write_parts(int fd, const struct iovec *parts, int count, off_t at, bool moves)
{
    uint32_t node = begin_fd(fd);
    if (node != NOT_OURS && moves) {
        at = (fcntl(fd, F_GETFL) & O_APPEND) != 0 ? lseek(fd, 0, SEEK_END) : lseek(fd, 0, SEEK_CUR);
    }
    ssize_t done = moves ? syscall(SYS_writev, fd, parts, count) : syscall(SYS_pwritev, fd, parts, count, at, 0);
    if (node == NOT_OURS) {
        return done;
    }
    size_t left = done > 0 ? (size_t)done : 0;
    uint64_t offset = (uint64_t)at;
    for (int i = 0; i < count && left > 0; i++) {
        size_t len = parts[i].iov_len < left ? parts[i].iov_len : left;
        add_write(fd, node, parts[i].iov_base, len, offset);
        offset += len;
        left -= len;
    }
    return end(done);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    if (target == NULL) {
        return syscall(SYS_write, fd, bytes, len);
    }
    return write_parts(fd, &(struct iovec){(void *)(uintptr_t)bytes, len}, 1, 0, true);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return write_parts(fd, parts, count, 0, true);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    return write_parts(fd, &(struct iovec){(void *)(uintptr_t)bytes, len}, 1, at, false);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
    return write_parts(fd, &(struct iovec){(void *)(uintptr_t)bytes, len}, 1, at, false);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
    return write_parts(fd, parts, count, at, false);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at)
{
    return write_parts(fd, parts, count, at, false);
}

/* Calls that move bytes without our seeing them. */
static void refuse_unseen(int fd)
{
    if (begin()) {
        if (node_of_fd(fd) != NOT_OURS) {
            give_up("bytes are copied inside the kernel");
        }
        end(0);
    }
}

ssize_t copy_file_range(int in, off64_t *in_at, int out, off64_t *out_at, size_t len, unsigned flags)
{
    refuse_unseen(out);
    return syscall(SYS_copy_file_range, in, in_at, out, out_at, len, flags);
}

/* ---- sizes ---- */

int ftruncate(int fd, off_t size)
{
    if (!begin()) {
        return (int)syscall(SYS_ftruncate, fd, size);
    }
    uint32_t node = node_of_fd(fd);
    int rc = (int)syscall(SYS_ftruncate, fd, size);
    if (rc == 0 && node != NOT_OURS) {
        add_size(node, (uint64_t)size);
    }
    return (int)end(rc);
}

int ftruncate64(int fd, off64_t size)
{
    return ftruncate(fd, size);
}

int truncate(const char *path, off_t size)
{
    if (!begin()) {
        return (int)syscall(SYS_truncate, path, size);
    }
    uint32_t node = node_of_path(path);
    int rc = (int)syscall(SYS_truncate, path, size);
    if (rc == 0 && node != NOT_OURS) {
        add_size(node, (uint64_t)size);
    }
    return (int)end(rc);
}

int truncate64(const char *path, off64_t size)
{
    return truncate(path, size);
}

int fallocate(int fd, int mode, off_t at, off_t len)
{
    struct stat st;
    if (!begin()) {
        return (int)syscall(SYS_fallocate, fd, mode, at, len);
    }
    uint32_t node = node_of_fd(fd);
    if (node != NOT_OURS && mode != 0) {
        give_up("space is given back");
    }
    int rc = (int)syscall(SYS_fallocate, fd, mode, at, len);
    if (rc == 0 && node != NOT_OURS && fstat(fd, &st) == 0) {
        add_size(node, (uint64_t)st.st_size);
    }
    return (int)end(rc);
}

int fallocate64(int fd, int mode, off64_t at, off64_t len)
{
    return fallocate(fd, mode, at, len);
}

int posix_fallocate(int fd, off_t at, off_t len)
{
    return fallocate(fd, 0, at, len) == 0 ? 0 : errno;
}

int posix_fallocate64(int fd, off64_t at, off64_t len)
{
    return posix_fallocate(fd, at, len);
}

/* ---- syncs ---- */

static int sync_file(int fd, long number)
{
    if (!begin()) {
        return (int)syscall(number, fd);
    }
    uint32_t node = node_of_fd(fd);
    int rc = (int)syscall(number, fd);
    if (rc == 0 && node != NOT_OURS) {
        add((struct record){.what = RECORD_SYNC, .node = node}, NULL, 0);
    }
    return (int)end(rc);
}

int fsync(int fd)
{
    return sync_file(fd, SYS_fsync);
}

int fdatasync(int fd)
{
    return sync_file(fd, SYS_fdatasync);
}

/* ---- names ---- */

int mkdir(const char *path, mode_t mode)
{
    char name[NAME_MAX + 1];
    struct stat st;
    if (!begin()) {
        return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    }
    uint32_t folder = folder_of(path, name);
    int rc = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    if (rc == 0 && folder != NOT_OURS && lstat(path, &st) == 0) {
        add_name(RECORD_MAKE_FOLDER, new_node(&st), folder, name);
    }
    return (int)end(rc);
}

static int remove_name(const char *path, int flags)
{
    char name[NAME_MAX + 1];
    if (!begin()) {
        return (int)syscall(SYS_unlinkat, AT_FDCWD, path, flags);
    }
    uint32_t folder = folder_of(path, name);
    int rc = (int)syscall(SYS_unlinkat, AT_FDCWD, path, flags);
    if (rc == 0 && folder != NOT_OURS) {
        add_name(RECORD_REMOVE, 0, folder, name);
    }
    return (int)end(rc);
}

int unlink(const char *path)
{
    return remove_name(path, 0);
}

int rmdir(const char *path)
{
    return remove_name(path, AT_REMOVEDIR);
}

int link(const char *from, const char *to)
{
    char name[NAME_MAX + 1];
    if (!begin()) {
        return (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
    }
    uint32_t folder = folder_of(to, name);
    uint32_t node = node_of_path(from);
    if ((folder == NOT_OURS) != (node == NOT_OURS)) {
        give_up("a file is linked across the edge of the folder");
    }
    int rc = (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (rc == 0 && folder != NOT_OURS) {
        add_name(RECORD_LINK, node, folder, name);
    }
    return (int)end(rc);
}

int rename(const char *from, const char *to)
{
    char names[2 * (NAME_MAX + 1)], old[NAME_MAX + 1], new[NAME_MAX + 1];
    if (!begin()) {
        return (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
    }
    struct record record = {.what = RECORD_RENAME, .node = node_of_path(from), .from = folder_of(from, old)};
    record.folder = folder_of(to, new);
    if ((record.folder == NOT_OURS) != (record.node == NOT_OURS)) {
        give_up("a file is renamed across the edge of the folder");
    }
    int rc = (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
    if (rc == 0 && record.folder != NOT_OURS) {
        size_t len = strlen(old) + 1;
        memcpy(names, old, len);
        memcpy(names + len, new, strlen(new) + 1);
        add(record, names, len + strlen(new) + 1);
    }
    return (int)end(rc);
}
