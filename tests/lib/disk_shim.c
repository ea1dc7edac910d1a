/* LD_PRELOAD: a disk without room. While the file named by GJ_DISK_FULL exists, writes of a store's data pages fail
 * with ENOSPC. Its first two pages are left alone: they were written long ago, so no full disk can refuse them. */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define HEAD_BYTES (2 * 4096)

static int is_full(off_t offset)
{
    const char *path = getenv("GJ_DISK_FULL");
    return offset >= HEAD_BYTES && path != NULL && access(path, F_OK) == 0;
}

#define REFUSE_WHEN_FULL(offset)                                                                                       \
    if (is_full(offset)) {                                                                                             \
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
