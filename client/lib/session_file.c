#include "client/lib/session_file.h"

#include "client/lib/path.h"
#include "common/arena.h"
#include "common/conf.h"
#include "common/id.h"
#include "common/keyfile.h"
#include "common/secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SESSION_FILE_MAX 1024

struct text {
    uint64_t user;
    const char *name;
    uint64_t expires_at;
    const char *token;
};

static const struct gj_conf_option options[] = {
    {"user", GJ_CONF_U64, offsetof(struct text, user), NULL, 1, UINT64_MAX, "id of the user"},
    {"name", GJ_CONF_TEXT, offsetof(struct text, name), "", 0, 192, "as colleagues know the person"},
    {"expires_at", GJ_CONF_U64, offsetof(struct text, expires_at), NULL, 0, INT64_MAX, "ms UTC"},
    {"token", GJ_CONF_TEXT, offsetof(struct text, token), NULL, 64, 64, "hex"},
};
static const struct gj_conf_table table = {options, sizeof options / sizeof options[0]};

static enum guanjia_err parse(const char *bytes, size_t len, struct session_file *out)
{
    struct gj_arena arena;
    struct text text;
    gj_arena_init(&arena, 16384);
    enum guanjia_err err = GUANJIA_ECORRUPT;
    if (gj_conf_parse(&table, bytes, len, "session", &text, &arena, NULL) == GJ_OK &&
        gj_id_unhex(text.token, strlen(text.token), out->token, sizeof out->token) == GJ_OK) {
        out->user = text.user;
        out->expires_at = (int64_t)text.expires_at;
        snprintf(out->name, sizeof out->name, "%s", text.name);
        err = GUANJIA_OK;
    }
    gj_arena_fini(&arena);
    return err;
}

enum guanjia_err session_file_read(const char *dir, struct session_file *out)
{
    char path[1024];
    uint8_t *bytes = NULL;
    size_t len = 0;
    memset(out, 0, sizeof *out);
    enum guanjia_err err = path_join(dir, "session", path, sizeof path);
    if (err == GUANJIA_OK) {
        err = path_read(path, SESSION_FILE_MAX, &bytes, &len);
    }
    if (err == GUANJIA_OK) {
        err = parse((const char *)bytes, len, out);
        gj_secret_wipe(bytes, len);
    }
    free(bytes);
    return err;
}

enum guanjia_err session_file_write(const char *dir, const struct session_file *session)
{
    char path[1024];
    char hex[2 * SESSION_TOKEN_SIZE + 1];
    char name[sizeof session->name];
    char text[SESSION_FILE_MAX];
    enum guanjia_err err = path_join(dir, "session", path, sizeof path);
    if (err != GUANJIA_OK) {
        return err;
    }
    /* A name with a line break must not become a second option. */
    snprintf(name, sizeof name, "%s", session->name);
    for (char *at = name; *at != '\0'; at++) {
        *at = *at == '\n' || *at == '\r' ? ' ' : *at;
    }
    gj_id_hex(session->token, sizeof session->token, hex);
    int len = snprintf(text, sizeof text, "user = %llu\nname = %s\nexpires_at = %lld\ntoken = %s\n",
        (unsigned long long)session->user, name, (long long)session->expires_at, hex);
    err = (enum guanjia_err)gj_keyfile_replace(path, text, (size_t)len, NULL);
    gj_secret_wipe(text, sizeof text);
    gj_secret_wipe(hex, sizeof hex);
    return err;
}

enum guanjia_err session_file_remove(const char *dir)
{
    char path[1024];
    enum guanjia_err err = path_join(dir, "session", path, sizeof path);
    if (err == GUANJIA_OK && unlink(path) != 0 && errno != ENOENT) {
        err = (enum guanjia_err)gj_err_from_errno(errno);
    }
    return err;
}
