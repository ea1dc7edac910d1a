/* LD_PRELOAD: a disk without room. While the file named by GJ_DISK_FULL exists, writes of a store's data pages and of
 * its journal fail with ENOSPC. The first two data pages and the checkpoints are left alone: they were written long
 * ago, so no full disk can refuse them. */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define HEAD_BYTES (2 * 4096)

static int is_old(int file, off_t offset)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t n = readlink(link, path, sizeof path - 1);
    path[n > 0 ? n : 0] = '\0';
    return strstr(path, "/journal/") != NULL ? strstr(path, "/journal/checkpoint") != NULL : offset < HEAD_BYTES;
}

static int is_full(int file, off_t offset)
{
    const char *path = getenv("GJ_DISK_FULL");
    return path != NULL && access(path, F_OK) == 0 && !is_old(file, offset);
}

#define REFUSE_WHEN_FULL(offset)                                                                                       \
    if (is_full(file, offset)) {                                                                                       \
        errno = ENOSPC;                                                                                                \
        return -1;                                                                                                     \
    }

ssize_t pwrite64(int file, const void *bytes, size_t size, off_t offset)
{
    static ssize_t (*real)(int, const void *, size_t, off_t);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "pwrite64");
    REFUSE_WHEN_FULL(offset)
    return real(file, bytes, size, offset);
}

ssize_t pwrite(int file, const void *bytes, size_t size, off_t offset)
{
    return pwrite64(file, bytes, size, offset);
}

ssize_t pwritev64(int file, const struct iovec *parts, int count, off_t offset)
{
    static ssize_t (*real)(int, const struct iovec *, int, off_t);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "pwritev64");
    REFUSE_WHEN_FULL(offset)
    return real(file, parts, count, offset);
}

ssize_t pwritev(int file, const struct iovec *parts, int count, off_t offset)
{
    return pwritev64(file, parts, count, offset);
}
