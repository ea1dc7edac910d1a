#include "client/include/guanjia.h"

#include "client/lib/path.h"
#include "client/lib/user_key.h"
#include "common/keyfile.h"
#include "common/secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* drafts/<user>/<name> in the profile's folder, each sealed under the user's key and bound to its name. */

#define DRAFT_MAX (256u * 1024)

static enum guanjia_err draft_path(const char *dir, uint64_t user, const char *name, bool make, char out[1024])
{
    char folder[900];
    int len = snprintf(folder, sizeof folder, "%s/drafts/%llu", dir, (unsigned long long)user);
    if (!path_name_ok(name) || len <= 0 || (size_t)len >= sizeof folder) {
        return GUANJIA_EINVAL;
    }
    enum guanjia_err err = make ? path_make(folder) : GUANJIA_OK;
    return err != GUANJIA_OK ? err : path_join(folder, name, out, 1024);
}

enum guanjia_err guanjia_draft_put(
    const char *dir, uint64_t user, const char *name, const void *bytes, size_t len, struct guanjia_fault *fault)
{
    char path[1024];
    uint8_t key[USER_KEY_SIZE];
    if (len > DRAFT_MAX) {
        return GUANJIA_ETOOBIG;
    }
    enum guanjia_err err = draft_path(dir, user, name, true, path);
    if (err == GUANJIA_OK) {
        err = user_key_derive(dir, user, "draft", key, NULL, fault);
    }
    if (err != GUANJIA_OK) {
        return err;
    }
    uint8_t *sealed = malloc(len + GJ_SECRET_OVERHEAD);
    if (sealed == NULL) {
        err = GUANJIA_ENOMEM;
        goto done;
    }
    gj_secret_seal(key, name, strlen(name), bytes, len, sealed);
    err = (enum guanjia_err)gj_keyfile_replace(path, sealed, len + GJ_SECRET_OVERHEAD, NULL);
done:
    free(sealed);
    gj_secret_wipe(key, sizeof key);
    return err;
}

enum guanjia_err guanjia_draft_get(
    const char *dir, uint64_t user, const char *name, uint8_t **bytes, size_t *len, struct guanjia_fault *fault)
{
    char path[1024];
    uint8_t key[USER_KEY_SIZE];
    uint8_t *sealed = NULL;
    uint8_t *plain = NULL;
    size_t sealed_len = 0;
    enum guanjia_err err = draft_path(dir, user, name, false, path);
    if (err == GUANJIA_OK) {
        err = path_read(path, DRAFT_MAX + GJ_SECRET_OVERHEAD, &sealed, &sealed_len);
    }
    if (err != GUANJIA_OK) {
        return err;
    }
    err = sealed_len < GJ_SECRET_OVERHEAD ? GUANJIA_ECORRUPT : user_key_derive(dir, user, "draft", key, NULL, fault);
    if (err != GUANJIA_OK) {
        goto done;
    }
    plain = calloc(1, sealed_len - GJ_SECRET_OVERHEAD + 1);
    if (plain == NULL) {
        err = GUANJIA_ENOMEM;
    } else if (gj_secret_open(key, name, strlen(name), sealed, sealed_len, plain) != GJ_OK) {
        err = GUANJIA_ECORRUPT;
    } else {
        *bytes = plain;
        *len = sealed_len - GJ_SECRET_OVERHEAD;
        plain = NULL;
    }
done:
    free(plain);
    free(sealed);
    gj_secret_wipe(key, sizeof key);
    return err;
}

enum guanjia_err guanjia_draft_drop(const char *dir, uint64_t user, const char *name)
{
    char path[1024];
    enum guanjia_err err = draft_path(dir, user, name, false, path);
    if (err == GUANJIA_OK && unlink(path) != 0) {
        err = errno == ENOENT ? GUANJIA_ENOTFOUND : GUANJIA_EIO;
    }
    return err;
}
