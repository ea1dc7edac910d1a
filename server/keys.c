#include "keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/id.h"
#include "common/keyfile.h"
#include "common/secret.h"

#define PATH_SIZE 4096
#define SERVER_KEY "server.key"
#define SUCCESSOR_KEY "server.next.key"
#define PREDECESSOR_KEY "server.old.key"
#define MASTER_KEY "master.key"

/* A credential that systemd hands over comes before a file in the folder. */
static enum gj_err path_of(const char *dir, const char *name, char out[PATH_SIZE], struct gj_fault *fault)
{
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");

    if (credentials != NULL && snprintf(out, PATH_SIZE, "%s/%s", credentials, name) < PATH_SIZE &&
        access(out, R_OK) == 0) {
        return GJ_OK;
    }
    if (snprintf(out, PATH_SIZE, "%s/%s", dir, name) >= PATH_SIZE) {
        return gj_fault_set(fault, GJ_ETOOBIG, "the folder's name is too long");
    }
    return GJ_OK;
}

static enum gj_err read_pair(const char *dir, const char *name, struct gj_keypair *out, struct gj_fault *fault)
{
    char path[PATH_SIZE];
    enum gj_err err = path_of(dir, name, path, fault);

    return err == GJ_OK ? gj_keyfile_read_pair(path, "server", out, fault) : err;
}

static enum gj_err write_pair(const char *dir, const char *name, const struct gj_keypair *pair, struct gj_fault *fault)
{
    char path[PATH_SIZE];

    if (snprintf(path, sizeof path, "%s/%s", dir, name) >= PATH_SIZE) {
        return gj_fault_set(fault, GJ_ETOOBIG, "the folder's name is too long");
    }
    return gj_keyfile_write_pair(path, "server", pair, fault);
}

enum gj_err gj_keys_make(const char *dir, struct gj_keys *out, struct gj_fault *fault)
{
    char path[PATH_SIZE];

    memset(out, 0, sizeof *out);
    gj_noise_keypair_new(&out->server[0]);
    out->server_count = 1;
    out->stage = GJ_KEYS_ALONE;
    gj_id_random(out->master, sizeof out->master);
    enum gj_err err = path_of(dir, MASTER_KEY, path, fault);
    /* A master key that is there already as a credential is used, not replaced. */
    if (err == GJ_OK && access(path, F_OK) == 0 && strncmp(path, dir, strlen(dir)) != 0) {
        err = gj_keyfile_read(path, "master", out->master, fault);
    } else if (err == GJ_OK) {
        err = gj_keyfile_write(path, "master", out->master, fault);
    }
    return err == GJ_OK ? write_pair(dir, SERVER_KEY, &out->server[0], fault) : err;
}

/* The second of the two keys. A successor comes first: beside it a predecessor is what a promotion left that was cut
 * off.
 */
static enum gj_err read_second(const char *dir, struct gj_keys *out, struct gj_fault *fault)
{
    enum gj_err err = read_pair(dir, SUCCESSOR_KEY, &out->server[1], fault);

    out->stage = GJ_KEYS_ANNOUNCED;
    if (err == GJ_ENOTFOUND) {
        err = read_pair(dir, PREDECESSOR_KEY, &out->server[1], fault);
        out->stage = GJ_KEYS_GRACE;
    }
    out->server_count = 2;
    if (err == GJ_ENOTFOUND) {
        out->stage = GJ_KEYS_ALONE;
        out->server_count = 1;
        err = GJ_OK;
    }
    return err;
}

enum gj_err gj_keys_read(const char *dir, struct gj_keys *out, struct gj_fault *fault)
{
    char path[PATH_SIZE];

    memset(out, 0, sizeof *out);
    enum gj_err err = read_pair(dir, SERVER_KEY, &out->server[0], fault);
    if (err == GJ_OK) {
        err = read_second(dir, out, fault);
    }
    if (err == GJ_OK) {
        err = path_of(dir, MASTER_KEY, path, fault);
    }
    if (err == GJ_OK) {
        err = gj_keyfile_read(path, "master", out->master, fault);
    }
    return err;
}

enum gj_err gj_keys_copy(const struct gj_keys *keys, const char *dir, struct gj_fault *fault)
{
    char path[PATH_SIZE];
    enum gj_err err = write_pair(dir, SERVER_KEY, &keys->server[0], fault);

    if (err == GJ_OK && keys->stage != GJ_KEYS_ALONE) {
        err = write_pair(
            dir, keys->stage == GJ_KEYS_ANNOUNCED ? SUCCESSOR_KEY : PREDECESSOR_KEY, &keys->server[1], fault);
    }
    if (err == GJ_OK) {
        snprintf(path, sizeof path, "%s/%s", dir, MASTER_KEY);
        err = gj_keyfile_write(path, "master", keys->master, fault);
    }
    return err;
}

void gj_keys_wipe(struct gj_keys *keys)
{
    gj_secret_wipe(keys, sizeof *keys);
}

/* ---- a server key's life ---- */

static enum gj_err sync_dir(const char *dir, struct gj_fault *fault)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0) {
        close(fd);
    }
    return good ? GJ_OK : gj_fault_set(fault, GJ_EIO, "%s cannot be synced: %s", dir, strerror(errno));
}

/* What is there now, without the master key, which a change does not need. */
static enum gj_err read_servers(const char *dir, struct gj_keys *out, struct gj_fault *fault)
{
    memset(out, 0, sizeof *out);
    enum gj_err err = read_pair(dir, SERVER_KEY, &out->server[0], fault);
    return err == GJ_OK ? read_second(dir, out, fault) : err;
}

static enum gj_err expect(const char *dir, enum gj_keys_stage stage, struct gj_keys *keys, struct gj_fault *fault)
{
    static const char *const what[] = {[GJ_KEYS_ALONE] = "there is no second server key: make a successor first",
        [GJ_KEYS_ANNOUNCED] = "a successor has been announced: promote or withdraw it first",
        [GJ_KEYS_GRACE] = "the key before is still accepted: retire it first"};
    enum gj_err err = read_servers(dir, keys, fault);

    return err != GJ_OK || keys->stage == stage ? err : gj_fault_set(fault, GJ_EBUSY, "%s", what[keys->stage]);
}

static enum gj_err remove_key(const char *dir, const char *name, struct gj_fault *fault)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (unlink(path) != 0) {
        return gj_fault_set(fault, gj_err_from_errno(errno), "%s: %s", path, strerror(errno));
    }
    return sync_dir(dir, fault);
}

enum gj_err gj_keys_successor(const char *dir, struct gj_fault *fault)
{
    struct gj_keys keys;
    struct gj_keypair next;
    enum gj_err err = expect(dir, GJ_KEYS_ALONE, &keys, fault);

    if (err == GJ_OK) {
        gj_noise_keypair_new(&next);
        err = write_pair(dir, SUCCESSOR_KEY, &next, fault);
        gj_secret_wipe(&next, sizeof next);
    }
    gj_keys_wipe(&keys);
    return err;
}

/* The old one is kept under its new name before it is replaced: whenever this is cut off, both keys are accepted. */
enum gj_err gj_keys_promote(const char *dir, struct gj_fault *fault)
{
    char from[PATH_SIZE], to[PATH_SIZE];
    struct gj_keys keys;
    struct gj_keypair kept;
    enum gj_err err = expect(dir, GJ_KEYS_ANNOUNCED, &keys, fault);

    snprintf(from, sizeof from, "%s/%s", dir, SUCCESSOR_KEY);
    snprintf(to, sizeof to, "%s/%s", dir, SERVER_KEY);
    if (err == GJ_OK) {
        err = write_pair(dir, PREDECESSOR_KEY, &keys.server[0], fault);
        if (err == GJ_EEXIST && read_pair(dir, PREDECESSOR_KEY, &kept, fault) == GJ_OK &&
            memcmp(kept.public_key, keys.server[0].public_key, sizeof kept.public_key) == 0) {
            err = GJ_OK; /* of a run that was cut off */
        }
        gj_secret_wipe(&kept, sizeof kept);
    }
    if (err == GJ_OK && rename(from, to) != 0) {
        err = gj_fault_set(fault, gj_err_from_errno(errno), "%s: %s", from, strerror(errno));
    }
    gj_keys_wipe(&keys);
    return err == GJ_OK ? sync_dir(dir, fault) : err;
}

enum gj_err gj_keys_retire(const char *dir, int64_t now_s, bool now, struct gj_fault *fault)
{
    char path[PATH_SIZE];
    struct stat info;
    struct gj_keys keys;
    enum gj_err err = expect(dir, GJ_KEYS_GRACE, &keys, fault);

    gj_keys_wipe(&keys);
    if (err != GJ_OK) {
        return err;
    }
    /* The file was written when its successor was promoted. */
    snprintf(path, sizeof path, "%s/%s", dir, PREDECESSOR_KEY);
    if (!now && stat(path, &info) == 0 && now_s - (int64_t)info.st_mtime < GJ_KEYS_GRACE_S) {
        return gj_fault_set(fault, GJ_EBUSY,
            "devices that were not online since the promotion need the old key: %lld days to go, or say --now",
            (long long)((GJ_KEYS_GRACE_S - (now_s - (int64_t)info.st_mtime)) / 86400 + 1));
    }
    return remove_key(dir, PREDECESSOR_KEY, fault);
}

enum gj_err gj_keys_withdraw(const char *dir, struct gj_fault *fault)
{
    struct gj_keys keys;
    enum gj_err err = expect(dir, GJ_KEYS_ANNOUNCED, &keys, fault);

    gj_keys_wipe(&keys);
    return err == GJ_OK ? remove_key(dir, SUCCESSOR_KEY, fault) : err;
}
