#include "client/include/guanjia.h"

#include "client/lib/link.h"
#include "client/lib/path.h"
#include "client/lib/session_file.h"
#include "common/arena.h"
#include "common/conf.h"
#include "common/id.h"
#include "common/keyfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* profile.conf: what is not secret. The device's secret is in device.key beside it. */
#define PROFILE_MAX 4096

struct text {
    const char *address;
    const char *cluster;
    const char *server_key;
    const char *successor_key;
    uint64_t device;
    uint64_t office;
    const char *device_class;
    const char *device_name;
};

static const struct gj_conf_option options[] = {
    {"address", GJ_CONF_TEXT, offsetof(struct text, address), NULL, 3, 299, "host:port of the server"},
    {"cluster", GJ_CONF_TEXT, offsetof(struct text, cluster), NULL, 32, 32, "the company's server, hex"},
    {"server_key", GJ_CONF_TEXT, offsetof(struct text, server_key), NULL, 64, 64, "pinned key of the server, hex"},
    {"successor_key", GJ_CONF_TEXT, offsetof(struct text, successor_key), "", 0, 64, "its announced successor, hex"},
    {"device", GJ_CONF_U64, offsetof(struct text, device), NULL, 1, UINT64_MAX, "id of this device"},
    {"office", GJ_CONF_U64, offsetof(struct text, office), "0", 0, UINT64_MAX, "id of its office, 0 = headquarters"},
    {"device_class", GJ_CONF_TEXT, offsetof(struct text, device_class), "", 0, 31,
        "desk, phone, gateway, headquarters"},
    {"device_name", GJ_CONF_TEXT, offsetof(struct text, device_name), "", 0, 64, "as given at enrolment"},
};
static const struct gj_conf_table table = {options, sizeof options / sizeof options[0]};

enum guanjia_err guanjia_profile_dir(const char *name, char *out, size_t cap)
{
    const char *base = getenv("GUANJIA_HOME");
    const char *below = "";
    if (!path_name_ok(name)) {
        return GUANJIA_EINVAL;
    }
    if (base == NULL || *base == '\0') {
        base = getenv("XDG_CONFIG_HOME");
        below = "/guanjia";
    }
    if (base == NULL || *base == '\0') {
        base = getenv("HOME");
        below = "/.config/guanjia";
    }
    if (base == NULL || *base == '\0') {
        return GUANJIA_ENOTFOUND;
    }
    int len = snprintf(out, cap, "%s%s/%s", base, below, name);
    return len > 0 && (size_t)len < cap ? GUANJIA_OK : GUANJIA_EINVAL;
}

static bool unhex(const char *text, void *out, size_t len)
{
    return gj_id_unhex(text, strlen(text), out, len) == GJ_OK;
}

static enum guanjia_err parse(
    const char *path, const char *bytes, size_t len, struct guanjia_profile *out, struct gj_fault *fault)
{
    struct gj_arena arena;
    struct text text;
    char host[256];
    char port[6];
    gj_arena_init(&arena, 64 * 1024);
    enum gj_err err = gj_conf_parse(&table, bytes, len, path, &text, &arena, fault);
    if (err == GJ_OK && (!unhex(text.cluster, out->cluster_id, sizeof out->cluster_id) ||
                            !unhex(text.server_key, out->server_key, sizeof out->server_key) ||
                            (*text.successor_key != '\0' &&
                                !unhex(text.successor_key, out->successor_key, sizeof out->successor_key)))) {
        err = gj_fault_set(fault, GJ_EINVAL, "%s: a key is not %s", path, "hexadecimal");
    }
    if (err == GJ_OK && link_split_address(text.address, host, port) != GUANJIA_OK) {
        err = gj_fault_set(fault, GJ_EINVAL, "%s: address is not host:port", path);
    }
    if (err == GJ_OK) {
        snprintf(out->address, sizeof out->address, "%s", text.address);
        snprintf(out->device_class, sizeof out->device_class, "%s", text.device_class);
        snprintf(out->device_name, sizeof out->device_name, "%s", text.device_name);
        out->device = text.device;
        out->office = text.office;
    }
    gj_arena_fini(&arena);
    return (enum guanjia_err)err;
}

static enum guanjia_err tell(struct guanjia_fault *fault, enum guanjia_err err, const char *what, const char *path)
{
    if (fault != NULL && err != GUANJIA_OK) {
        fault->err = err;
        snprintf(fault->text, sizeof fault->text, "%.160s: %.80s", path, what);
    }
    return err;
}

enum guanjia_err guanjia_profile_load(const char *dir, struct guanjia_profile *out, struct guanjia_fault *fault)
{
    char path[1024];
    uint8_t *bytes = NULL;
    size_t len = 0;
    struct gj_fault inner = {0};
    memset(out, 0, sizeof *out);
    enum guanjia_err err = path_join(dir, "profile.conf", path, sizeof path);
    if (err != GUANJIA_OK || strlen(dir) >= sizeof out->dir) {
        return tell(fault, GUANJIA_EINVAL, "the path is too long", dir);
    }
    err = path_read(path, PROFILE_MAX, &bytes, &len);
    if (err != GUANJIA_OK) {
        return tell(fault, err, gj_err_text((enum gj_err)err), path);
    }
    err = parse(path, (const char *)bytes, len, out, &inner);
    free(bytes);
    if (err != GUANJIA_OK && fault != NULL) {
        fault->err = err;
        snprintf(fault->text, sizeof fault->text, "%s", inner.text);
    }
    snprintf(out->dir, sizeof out->dir, "%s", dir);
    return err;
}

enum guanjia_err guanjia_profile_save(const struct guanjia_profile *profile, struct guanjia_fault *fault)
{
    static const uint8_t none[32];
    char path[1024];
    char text[PROFILE_MAX];
    char cluster[33];
    char server[65];
    char successor[65] = "";
    enum guanjia_err err = path_join(profile->dir, "profile.conf", path, sizeof path);
    if (err != GUANJIA_OK) {
        return err;
    }
    gj_id_hex(profile->cluster_id, sizeof profile->cluster_id, cluster);
    gj_id_hex(profile->server_key, sizeof profile->server_key, server);
    if (memcmp(profile->successor_key, none, sizeof none) != 0) {
        gj_id_hex(profile->successor_key, sizeof profile->successor_key, successor);
    }
    int len = snprintf(text, sizeof text,
        "# This device as guanjia knows it. The secret is in device.key.\n"
        "address = %s\ncluster = %s\nserver_key = %s\n%s%s%sdevice = %llu\noffice = %llu\n"
        "device_class = %s\ndevice_name = %s\n",
        profile->address, cluster, server, *successor != '\0' ? "successor_key = " : "", successor,
        *successor != '\0' ? "\n" : "", (unsigned long long)profile->device, (unsigned long long)profile->office,
        profile->device_class, profile->device_name);
    struct gj_fault inner = {0};
    err = (enum guanjia_err)gj_keyfile_replace(path, text, (size_t)len, &inner);
    return tell(fault, err, inner.text, path);
}

uint64_t guanjia_profile_user(const char *dir, char *name, size_t cap)
{
    struct session_file session;
    bool have = session_file_read(dir, &session) == GUANJIA_OK;
    if (name != NULL && cap > 0) {
        snprintf(name, cap, "%s", have ? session.name : "");
    }
    return have ? session.user : 0;
}
