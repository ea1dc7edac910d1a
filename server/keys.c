#include "keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/id.h"
#include "common/keyfile.h"
#include "common/secret.h"

#define PATH_SIZE 4096
#define SERVER_KEY "server.key"
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

enum gj_err gj_keys_make(const char *dir, struct gj_keys *out, struct gj_fault *fault)
{
    char path[PATH_SIZE];

    gj_noise_keypair_new(&out->server);
    gj_id_random(out->master, sizeof out->master);
    enum gj_err err = path_of(dir, MASTER_KEY, path, fault);
    /* A master key that is there already as a credential is used, not replaced. */
    if (err == GJ_OK && access(path, F_OK) == 0 && strncmp(path, dir, strlen(dir)) != 0) {
        err = gj_keyfile_read(path, "master", out->master, fault);
    } else if (err == GJ_OK) {
        err = gj_keyfile_write(path, "master", out->master, fault);
    }
    if (err == GJ_OK) {
        snprintf(path, sizeof path, "%s/%s", dir, SERVER_KEY);
        err = gj_keyfile_write_pair(path, "server", &out->server, fault);
    }
    return err;
}

enum gj_err gj_keys_read(const char *dir, struct gj_keys *out, struct gj_fault *fault)
{
    char path[PATH_SIZE];
    enum gj_err err = path_of(dir, SERVER_KEY, path, fault);

    if (err == GJ_OK) {
        err = gj_keyfile_read_pair(path, "server", &out->server, fault);
    }
    if (err == GJ_OK) {
        err = path_of(dir, MASTER_KEY, path, fault);
    }
    if (err == GJ_OK) {
        err = gj_keyfile_read(path, "master", out->master, fault);
    }
    return err;
}

void gj_keys_wipe(struct gj_keys *keys)
{
    gj_secret_wipe(keys, sizeof *keys);
}
