#include "common/keyfile.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fail.h"
#include "common/id.h"
#include "common/limits.h"
#include "common/secret.h"

#define VERSION_LINE "guanjia-key 1\n"
#define MAGIC "guanjia-key "
#define CHECK_SIZE 8
#define KIND_MAX 32
#define PATH_SIZE 4096

static enum gj_err errno_fault(struct gj_fault *fault, const char *path, const char *what)
{
    int errnum = errno;
    return gj_fault_set(fault, gj_err_from_errno(errnum), "%s: %s: %s", path, what, strerror(errnum));
}

static bool kind_is_valid(const char *kind)
{
    size_t len = strlen(kind);
    return len >= 1 && len <= KIND_MAX && strspn(kind, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static void check_of(const char *text, size_t len, char out[2 * CHECK_SIZE + 1])
{
    uint8_t hash[GJ_SECRET_SHA256_SIZE];
    gj_secret_sha256(text, len, hash);
    gj_id_hex(hash, CHECK_SIZE, out);
}

/* ---- reading --------------------------------------------------------------- */

/* Takes "name value\n" off the front of *at; NULL when the line is another. */
static const char *take_line(const char **at, const char *end, const char *name, size_t *value_len)
{
    size_t name_len = strlen(name);
    const char *newline = memchr(*at, '\n', (size_t)(end - *at));
    if (newline == NULL || (size_t)(newline - *at) < name_len + 1 || memcmp(*at, name, name_len) != 0 ||
        (*at)[name_len] != ' ') {
        return NULL;
    }
    const char *value = *at + name_len + 1;
    *value_len = (size_t)(newline - value);
    *at = newline + 1;
    return value;
}

enum gj_err gj_keyfile_parse(
    const char *text, size_t len, const char *kind, uint8_t secret[GJ_KEYFILE_SECRET_SIZE], struct gj_fault *fault)
{
    const char *at = text;
    const char *end = text + len;
    size_t magic_len = strlen(MAGIC);
    if (len < magic_len || memcmp(text, MAGIC, magic_len) != 0) {
        return gj_fault_set(fault, GJ_ECORRUPT, "this is not a key file of Guanjia");
    }
    size_t version_len = strlen(VERSION_LINE);
    if (len < version_len || memcmp(text, VERSION_LINE, version_len) != 0) {
        return gj_fault_set(fault, GJ_EVERSION, "the key file's version is not 1");
    }
    at += version_len;

    size_t kind_len = 0;
    size_t secret_len = 0;
    size_t check_len = 0;
    char check[2 * CHECK_SIZE + 1];
    uint8_t bytes[GJ_KEYFILE_SECRET_SIZE];
    const char *found_kind = take_line(&at, end, "kind", &kind_len);
    const char *found_secret = found_kind == NULL ? NULL : take_line(&at, end, "secret", &secret_len);
    check_of(text, (size_t)(at - text), check);
    const char *found_check = found_secret == NULL ? NULL : take_line(&at, end, "check", &check_len);
    if (found_check == NULL || at != end || check_len != 2 * CHECK_SIZE || memcmp(found_check, check, check_len) != 0 ||
        gj_id_unhex(found_secret, secret_len, bytes, sizeof bytes) != GJ_OK) {
        return gj_fault_set(fault, GJ_ECORRUPT, "the key file is damaged");
    }
    enum gj_err err = GJ_OK;
    if (kind_len != strlen(kind) || memcmp(found_kind, kind, kind_len) != 0) {
        err = gj_fault_set(fault, GJ_EINVAL, "a key of kind '%s' is wanted here, not '%.*s'", kind,
            kind_len > KIND_MAX ? KIND_MAX : (int)kind_len, found_kind);
    } else {
        memcpy(secret, bytes, GJ_KEYFILE_SECRET_SIZE);
    }
    sodium_memzero(bytes, sizeof bytes);
    return err;
}

/* systemd guards its folder of credentials itself, with modes that look open to a group. */
static bool is_credential(const char *path)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    size_t len = folder == NULL ? 0 : strlen(folder);
    return len > 0 && strncmp(path, folder, len) == 0 && path[len] == '/' && strstr(path + len, "/../") == NULL;
}

static enum gj_err check_owner(int fd, const char *path, struct gj_fault *fault)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return errno_fault(fault, path, "stat");
    }
    if (!S_ISREG(st.st_mode)) {
        return gj_fault_set(fault, GJ_EDENIED, "%s: a key must be a regular file", path);
    }
    if (is_credential(path)) {
        return GJ_OK;
    }
    if (st.st_uid != geteuid() && st.st_uid != 0) {
        return gj_fault_set(fault, GJ_EDENIED, "%s: the key file belongs to another user", path);
    }
    if ((st.st_mode & 077) != 0) {
        return gj_fault_set(fault, GJ_EDENIED, "%s: the key file is open to others; close it with chmod 600", path);
    }
    return GJ_OK;
}

enum gj_err gj_keyfile_read(
    const char *path, const char *kind, uint8_t secret[GJ_KEYFILE_SECRET_SIZE], struct gj_fault *fault)
{
    /* A byte more than allowed, so that a file that is too long is seen. */
    char text[GJ_KEYFILE_MAX + 1];
    struct gj_fault inner = {0};
    size_t len = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return errno_fault(fault, path, "open");
    }
    enum gj_err err = check_owner(fd, path, fault);
    if (err != GJ_OK) {
        goto done;
    }
    ssize_t got = 1;
    while (got > 0 && len < sizeof text) {
        got = read(fd, text + len, sizeof text - len);
        if (got < 0 && errno == EINTR) {
            got = 1;
            continue;
        }
        len += got > 0 ? (size_t)got : 0;
    }
    if (got < 0) {
        err = errno_fault(fault, path, "read");
    } else if (len > GJ_KEYFILE_MAX) {
        err = gj_fault_set(fault, GJ_ECORRUPT, "%s: the file is too long for a key file", path);
    } else {
        err = gj_keyfile_parse(text, len, kind, secret, &inner);
        if (err != GJ_OK) {
            gj_fault_set(fault, err, "%s: %s", path, inner.text);
        }
    }
done:
    close(fd);
    sodium_memzero(text, sizeof text);
    return err;
}

/* ---- writing --------------------------------------------------------------- */

static enum gj_err sync_folder(const char *path, struct gj_fault *fault)
{
    char folder[PATH_SIZE];
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 1 : slash == path ? 1 : (size_t)(slash - path);
    memcpy(folder, slash == NULL ? "." : path, len);
    folder[len] = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return errno_fault(fault, folder, "open");
    }
    enum gj_err err = GJ_OK;
    if (gj_fail_point("keyfile.sync_folder") ? (errno = EIO, true) : fsync(fd) != 0) {
        err = errno_fault(fault, folder, "fsync");
    }
    close(fd);
    return err;
}

static enum gj_err write_all(int fd, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        ssize_t put = gj_fail_point("keyfile.write") ? (errno = ENOSPC, -1) : write(fd, bytes, len);
        if (put < 0 && errno != EINTR) {
            return GJ_ESYS;
        }
        bytes += put > 0 ? put : 0;
        len -= put > 0 ? (size_t)put : 0;
    }
    if (gj_fail_point("keyfile.fsync")) {
        errno = EIO;
        return GJ_ESYS;
    }
    return fsync(fd) == 0 ? GJ_OK : GJ_ESYS;
}

/* Whole and durable under path, or path as it was. */
static enum gj_err put_file(const char *path, const void *bytes, size_t len, bool may_replace, struct gj_fault *fault)
{
    char temporary[PATH_SIZE];
    int size = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    if (size < 0 || (size_t)size >= sizeof temporary) {
        return gj_fault_set(fault, GJ_EINVAL, "a path is too long");
    }
    int fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
    if (fd < 0) {
        return errno_fault(fault, path, "create");
    }
    enum gj_err err = GJ_OK;
    if (write_all(fd, bytes, len) != GJ_OK) {
        err = errno_fault(fault, path, "write");
    }
    close(fd);
    if (err == GJ_OK) {
        int failed = may_replace ? rename(temporary, path) : link(temporary, path);
        if (failed != 0) {
            err = errno_fault(fault, path, may_replace ? "rename" : "link");
        }
    }
    if (err != GJ_OK || !may_replace) {
        unlink(temporary);
    }
    return err == GJ_OK ? sync_folder(path, fault) : err;
}

enum gj_err gj_keyfile_replace(const char *path, const void *bytes, size_t len, struct gj_fault *fault)
{
    return put_file(path, bytes, len, true, fault);
}

enum gj_err gj_keyfile_write(
    const char *path, const char *kind, const uint8_t secret[GJ_KEYFILE_SECRET_SIZE], struct gj_fault *fault)
{
    assert(kind_is_valid(kind));
    char text[GJ_KEYFILE_MAX];
    char hex[2 * GJ_KEYFILE_SECRET_SIZE + 1];
    char check[2 * CHECK_SIZE + 1];
    gj_id_hex(secret, GJ_KEYFILE_SECRET_SIZE, hex);
    int len = snprintf(text, sizeof text, VERSION_LINE "kind %s\nsecret %s\n", kind, hex);
    check_of(text, (size_t)len, check);
    len += snprintf(text + len, sizeof text - (size_t)len, "check %s\n", check);
    enum gj_err err = put_file(path, text, (size_t)len, false, fault);
    sodium_memzero(text, sizeof text);
    sodium_memzero(hex, sizeof hex);
    return err;
}

enum gj_err gj_keyfile_write_pair(
    const char *path, const char *kind, const struct gj_keypair *pair, struct gj_fault *fault)
{
    return gj_keyfile_write(path, kind, pair->secret, fault);
}

enum gj_err gj_keyfile_read_pair(const char *path, const char *kind, struct gj_keypair *pair, struct gj_fault *fault)
{
    struct gj_keypair found;
    enum gj_err err = gj_keyfile_read(path, kind, found.secret, fault);
    if (err == GJ_OK) {
        gj_noise_keypair_derive(&found);
        *pair = found;
    }
    sodium_memzero(&found, sizeof found);
    return err;
}
