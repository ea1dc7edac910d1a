/* guanjiad key: the server's key replaced without anybody being enrolled anew. */
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/id.h"
#include "control.h"
#include "keys.h"
#include "tool.h"

static enum gj_err retire(const char *dir, bool now, struct gj_fault *fault)
{
    struct gj_clock clock;

    gj_clock_init_real(&clock);
    return gj_keys_retire(dir, gj_clock_now_ms(&clock) / 1000, now, fault);
}

static void print_key(const char *title, const struct gj_keypair *pair)
{
    char hex[2 * GJ_NOISE_KEY_SIZE + 1];

    gj_id_hex(pair->public_key, sizeof pair->public_key, hex);
    printf("%s %s\n", title, hex);
}

static enum gj_err show(const char *dir, struct gj_fault *fault)
{
    struct gj_keys keys;
    enum gj_err err = gj_keys_read(dir, &keys, fault);

    if (err == GJ_OK) {
        print_key("server", &keys.server[0]);
    }
    if (err == GJ_OK && keys.stage != GJ_KEYS_ALONE) {
        print_key(keys.stage == GJ_KEYS_ANNOUNCED ? "successor" : "predecessor", &keys.server[1]);
    }
    gj_keys_wipe(&keys);
    return err;
}

/* A daemon that does not run reads the files when it starts. */
static enum gj_err tell_daemon(const char *dir, struct gj_fault *fault)
{
    char answer[GJ_CONTROL_LINE_MAX + GJ_FAULT_TEXT_MAX];
    enum gj_err err = gj_control_ask(dir, GJ_CONTROL_KEYS, answer, sizeof answer, fault);

    if (err == GJ_ENOTFOUND) {
        return GJ_OK;
    }
    if (err == GJ_OK && strncmp(answer, "ok", 2) != 0) {
        err = gj_fault_set(fault, GJ_EIO, "the files are changed, but the daemon says: %.200s", answer);
    }
    return err;
}

enum gj_err gj_tool_key(const char *step, const char *dir, bool now, struct gj_fault *fault)
{
    enum gj_err err = GJ_OK;

    if (strcmp(step, "successor") == 0) {
        err = gj_keys_successor(dir, fault);
    } else if (strcmp(step, "promote") == 0) {
        err = gj_keys_promote(dir, fault);
    } else if (strcmp(step, "retire") == 0) {
        err = retire(dir, now, fault);
    } else if (strcmp(step, "withdraw") == 0) {
        err = gj_keys_withdraw(dir, fault);
    } else if (strcmp(step, "show") != 0) {
        return gj_fault_set(fault, GJ_EINVAL, "key show, successor, promote, retire or withdraw; not %s", step);
    }
    if (err == GJ_OK && strcmp(step, "show") != 0) {
        err = tell_daemon(dir, fault);
    }
    return err == GJ_OK ? show(dir, fault) : err;
}
