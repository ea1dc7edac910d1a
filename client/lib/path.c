#include "client/lib/path.h"

#include "common/err.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum guanjia_err path_join(const char *dir, const char *name, char *out, size_t cap)
{
    int len = snprintf(out, cap, "%s/%s", dir, name);
    return len > 0 && (size_t)len < cap ? GUANJIA_OK : GUANJIA_EINVAL;
}

enum guanjia_err path_make(const char *dir)
{
    char part[1024];
    size_t len = strlen(dir);
    if (len == 0 || len >= sizeof part) {
        return GUANJIA_EINVAL;
    }
    for (size_t at = 1; at <= len; at++) {
        if (dir[at] != '/' && dir[at] != '\0') {
            continue;
        }
        memcpy(part, dir, at);
        part[at] = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST) {
            return (enum guanjia_err)gj_err_from_errno(errno);
        }
    }
    return GUANJIA_OK;
}

bool path_name_ok(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    size_t len = strlen(name);
    return len >= 1 && len <= 64 && name[0] != '.' && strspn(name, letters) == len;
}

static enum guanjia_err read_all(int fd, size_t max, uint8_t **bytes, size_t *len)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return GUANJIA_EIO;
    }
    if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0) {
        return GUANJIA_EDENIED;
    }
    if (st.st_size < 0 || (uint64_t)st.st_size > max) {
        return GUANJIA_ETOOBIG;
    }
    size_t size = (size_t)st.st_size;
    uint8_t *read_to = malloc(size + 1);
    if (read_to == NULL) {
        return GUANJIA_ENOMEM;
    }
    size_t have = 0;
    while (have < size) {
        ssize_t got = read(fd, read_to + have, size - have);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        have += (size_t)got;
    }
    if (have != size) {
        free(read_to);
        return GUANJIA_EIO;
    }
    read_to[size] = 0;
    *bytes = read_to;
    *len = size;
    return GUANJIA_OK;
}

enum guanjia_err path_read(const char *path, size_t max, uint8_t **bytes, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        return (enum guanjia_err)gj_err_from_errno(errno);
    }
    enum guanjia_err err = read_all(fd, max, bytes, len);
    close(fd);
    return err;
}
