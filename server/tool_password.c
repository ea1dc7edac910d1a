/* The way back in when nobody is left who could reset a password: by the host's administrator, with the daemon stopped,
 * and on record. */
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/limits.h"
#include "common/secret.h"
#include "core/actor.h"
#include "core/password.h"
#include "core/subject.h"
#include "keys.h"
#include "store/entry.h"
#include "store/record.h"
#include "store/store.h"
#include "store/stored.pb-c.h"
#include "store/txn.h"
#include "tool.h"

#define ROW_ARENA_MAX ((size_t)256 * 1024)

/* One line from standard input. */
static enum gj_err read_password(char *out, size_t size, struct gj_fault *fault)
{
    bool got = fgets(out, (int)size, stdin) != NULL;
    size_t len = got ? strcspn(out, "\r\n") : 0;

    if (got && out[len] == '\0' && len + 1 == size) {
        return gj_fault_set(fault, GJ_EINVAL, "the password is too long");
    }
    if (len < GJ_PASSWORD_MIN) {
        return gj_fault_set(
            fault, GJ_EINVAL, "give the new password as a line of standard input, at least %d bytes", GJ_PASSWORD_MIN);
    }
    out[len] = '\0';
    return GJ_OK;
}

static enum gj_err put_entry(struct gj_txn *txn, const Gj__Stored__User *user, const char *reason, int64_t now_ms)
{
    struct gj_entry entry = {.type = GJ_ENTRY_ACCESS,
        .recorded_at = now_ms,
        .office = (uint32_t)user->office,
        .subject_kind = GJ_SUBJECT_USER,
        .subject = user->id,
        .revision = user->revision,
        .previous = GJ_ENTRY_NONE,
        .has_reason = true};

    if (gj_entry_word(&entry.action, "password_recover") != GJ_OK || gj_entry_word(&entry.reason, reason) != GJ_OK) {
        return GJ_EINVAL;
    }
    (void)gj_entry_append(txn, &entry, NULL, 0);
    return gj_txn_error(txn);
}

/* Sets the hash, ends every session of the user and asks for a password of his own at the next login. */
static enum gj_err set_password(struct gj_txn *txn, struct gj_arena *arena, const struct gj_tool_password *how,
    const char *hash, struct gj_fault *fault)
{
    Gj__Stored__User *user = NULL;
    struct gj_clock clock;
    struct gj_key name = gj_key_of_name(how->login);
    struct gj_key key = gj_key_of_u64(gj_txn_get_u64(txn, GJ_TABLE_USER_NAME, &name));

    if (!gj_record_load(txn, GJ_TABLE_USER, &key, &gj__stored__user__descriptor, arena, (void **)&user) ||
        user->disabled) {
        return gj_fault_set(fault, GJ_ENOTFOUND, "no such user, or disabled: %s", how->login);
    }
    gj_clock_init_real(&clock);
    user->password.data = (uint8_t *)(uintptr_t)hash;
    user->password.len = strlen(hash);
    user->must_set_password = true;
    user->session_epoch++;
    user->revision++;
    gj_record_save(txn, GJ_TABLE_USER, &key, &user->base);
    gj_actor_rights_changed(txn);
    enum gj_err err = put_entry(txn, user, how->reason, gj_clock_now_ms(&clock));
    return err == GJ_EINVAL ? gj_fault_set(fault, err, "the reason is a word: 1 to 32 letters of A-Z a-z 0-9 . _ : + -")
                            : err;
}

enum gj_err gj_tool_password(const struct gj_tool_password *how, struct gj_fault *fault)
{
    struct gj_arena arena;
    struct gj_store *store = NULL;
    struct gj_txn *txn = NULL;
    char password[GJ_PASSWORD_MAX + 3];
    char hash[GJ_PASSWORD_HASH_SIZE];

    gj_arena_init(&arena, ROW_ARENA_MAX);
    enum gj_err err = read_password(password, sizeof password, fault);
    if (err == GJ_OK) {
        err = gj_passwords_hash_now(password, hash);
    }
    gj_secret_wipe(password, sizeof password);
    if (err == GJ_OK) {
        err = gj_tool_open(how->dir, &store, fault);
    }
    if (err == GJ_OK) {
        err = gj_txn_begin_write(store, &txn);
    }
    if (err == GJ_OK) {
        err = set_password(txn, &arena, how, hash, fault);
        if (err == GJ_OK) {
            err = gj_txn_commit(txn);
        } else {
            gj_txn_abort(txn);
        }
    }
    if (err == GJ_OK) {
        printf("%s logs in with the given password and then sets another one\n", how->login);
    }
    gj_store_close(store);
    gj_arena_fini(&arena);
    return err;
}
