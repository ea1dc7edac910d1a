#include "client/lib/user_key.h"

#include "client/lib/path.h"
#include "common/cursor.h"
#include "common/keyfile.h"
#include "common/secret.h"

#include <stdio.h>
#include <string.h>

enum guanjia_err user_key_derive(const char *dir, uint64_t user, const char *purpose, uint8_t key[USER_KEY_SIZE],
    uint64_t *device, struct guanjia_fault *fault)
{
    static const char salt[] = "guanjia user key 1";
    struct guanjia_profile profile;
    struct gj_fault inner = {0};
    uint8_t secret[GJ_KEYFILE_SECRET_SIZE];
    uint8_t info[96];
    char path[1024];
    struct gj_writer writer;
    enum guanjia_err err = guanjia_profile_load(dir, &profile, fault);
    if (err == GUANJIA_OK) {
        err = path_join(dir, "device.key", path, sizeof path);
    }
    if (err != GUANJIA_OK) {
        return err;
    }
    err = (enum guanjia_err)gj_keyfile_read(path, "device", secret, &inner);
    if (err != GUANJIA_OK) {
        if (fault != NULL) {
            fault->err = err;
            snprintf(fault->text, sizeof fault->text, "%s", inner.text);
        }
        return err;
    }
    gj_writer_init_fixed(&writer, info, sizeof info);
    gj_writer_u64(&writer, profile.device);
    gj_writer_u64(&writer, user);
    gj_writer_blob(&writer, purpose, strlen(purpose));
    err = (enum guanjia_err)gj_writer_done(&writer);
    if (err == GUANJIA_OK) {
        gj_secret_hkdf(salt, sizeof salt - 1, secret, sizeof secret, info, writer.len, key, USER_KEY_SIZE);
    }
    gj_secret_wipe(secret, sizeof secret);
    if (device != NULL) {
        *device = profile.device;
    }
    return err;
}
