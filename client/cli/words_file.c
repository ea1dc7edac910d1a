#include "client/cli/words_file.h"

#include "common/limits.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATH_SIZE 700
/* What one answer of the server may hold, and the offices of the largest company several times over. */
#define WORDS_FILE_MAX ((size_t)1024 * 1024)

static bool good_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    size_t len = strlen(name);
    return len > 0 && len <= GJ_TEXT_CODE_MAX && name[0] != '.' && strspn(name, allowed) == len;
}

static bool path_of(char out[PATH_SIZE], const char *dir, const char *name, const char *ending)
{
    int len = snprintf(out, PATH_SIZE, "%s/words/%s%s", dir, name, ending);
    return good_name(name) && len > 0 && len < PATH_SIZE;
}

void words_file_put(const char *dir, const char *name, const void *bytes, size_t len)
{
    char folder[PATH_SIZE];
    char path[PATH_SIZE];
    char fresh[PATH_SIZE];
    char ending[32];
    int made = snprintf(folder, sizeof folder, "%s/words", dir);
    snprintf(ending, sizeof ending, ".%ld", (long)getpid()); /* two programs may keep the same words at once */
    if (made < 0 || made >= PATH_SIZE || !path_of(path, dir, name, "") || !path_of(fresh, dir, name, ending)) {
        return;
    }
    (void)mkdir(folder, 0700); /* there already, or the open fails */
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return;
    }
    bool whole = write(fd, bytes, len) == (ssize_t)len;
    whole = close(fd) == 0 && whole;
    if (!whole || rename(fresh, path) != 0) {
        (void)unlink(fresh);
    }
}

const uint8_t *words_file_get(struct gj_arena *arena, const char *dir, const char *name, size_t *len, int64_t *age_s)
{
    char path[PATH_SIZE];
    struct stat st;
    int fd = path_of(path, dir, name, "") ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) {
        return NULL;
    }
    uint8_t *bytes = NULL;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= 0 && (size_t)st.st_size <= WORDS_FILE_MAX) {
        bytes = gj_arena_alloc(arena, (size_t)st.st_size + 1);
        if (bytes != NULL && read(fd, bytes, (size_t)st.st_size) != (ssize_t)st.st_size) {
            bytes = NULL;
        }
        *len = (size_t)st.st_size;
        *age_s = (int64_t)(time(NULL) - st.st_mtime);
    }
    close(fd);
    return bytes;
}
