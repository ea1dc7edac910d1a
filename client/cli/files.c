#include "client/cli/files.h"

#include "common/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int files_read(struct cli *cli, const char *path, size_t max, const uint8_t **bytes, size_t *len)
{
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        return cli_fail(cli, EXIT_LOCAL, "%s: %s", path, strerror(errno));
    }
    /* A pipe has no size: it gets room for all that is allowed. */
    size_t room = S_ISREG(st.st_mode) && (uint64_t)st.st_size <= max ? (size_t)st.st_size : max;
    uint8_t *read_to = gj_arena_alloc(&cli->arena, room + 1);
    size_t have = 0;
    int failed = read_to == NULL ? ENOMEM : 0;
    while (failed == 0 && have <= room) {
        ssize_t got = read(fd, read_to + have, room + 1 - have);
        if (got == 0) {
            break;
        }
        if (got < 0 && errno != EINTR) {
            failed = errno;
        }
        have += got > 0 ? (size_t)got : 0;
    }
    if (!standard) {
        close(fd);
    }
    if (failed != 0) {
        return cli_fail(cli, EXIT_LOCAL, "%s: %s", path, strerror(failed));
    }
    if (have > max || have > room) {
        return cli_fail(cli, EXIT_LOCAL, CLI_TEXT("%s is larger than %zu bytes"), path, max);
    }
    read_to[have] = 0;
    *bytes = read_to;
    *len = have;
    return EXIT_OK;
}

int files_read_csv(struct cli *cli, const char *path, size_t max, const char **text, size_t *len)
{
    const uint8_t *bytes = NULL;
    int code = files_read(cli, path, max, &bytes, len);
    if (code != EXIT_OK) {
        return code;
    }
    *text = (const char *)bytes;
    if (*len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        *text += 3;
        *len -= 3;
    }
    if (!gj_text_valid(*text, *len)) {
        return cli_fail(cli, EXIT_FOUND,
            CLI_TEXT("%s is not in UTF-8: save it from the spreadsheet program as “CSV UTF-8” and try again"), path);
    }
    return EXIT_OK;
}

const char *files_find(struct cli *cli, const char *name)
{
    /* A build folder; an installation that was moved as a whole; the place the build was told. */
    static const char *const below[] = {"", "../share/guanjia/", "../share/"};
    char self[1024];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    if (len > 0) {
        self[len] = '\0';
        *strrchr(self, '/') = '\0';
        for (size_t n = 0; n < sizeof below / sizeof below[0]; n++) {
            const char *found = gj_arena_printf(&cli->arena, "%s/%s%s", self, below[n], name);
            if (found != NULL && access(found, R_OK) == 0) {
                return found;
            }
        }
    }
    const char *installed = gj_arena_printf(&cli->arena, "%s/%s", GJ_DATA_DIR, name);
    return installed != NULL && access(installed, R_OK) == 0 ? installed : NULL;
}
