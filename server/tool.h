/* Commands that end by themselves: backup, prune, restore, key, check. They print what they found on stdout. */
#ifndef GJ_SERVER_TOOL_H
#define GJ_SERVER_TOOL_H

#include <stdbool.h>

#include "common/err.h"

/* Asks the running daemon, or opens the store when none is running. */
enum gj_err gj_tool_backup(const char *dir, const char *target, struct gj_fault *fault);

/* Lets go of old backups in a folder of copies: of all but the newest keep, and of the vault's file in all but the
 * newest vault_keep. 0: all are kept. No store and no keys are needed. */
enum gj_err gj_tool_prune(const char *folder, unsigned keep, unsigned vault_keep, struct gj_fault *fault);

struct gj_tool_restore {
    const char *backup;
    const char *dir;          /* empty or missing */
    const char *keys;         /* folder with server.key and master.key, which are copied into dir */
    const char *operators[2]; /* login names of the two people who decided it */
    const char *reason;       /* a word of an audit entry: 1 to 32 letters of A-Z a-z 0-9 . _ : + - */
};

/* The first entry of the new epoch names both people and the reason. GJ_EINVAL: the same person twice, or no such word.
 * GJ_ENOTFOUND: somebody has no account in the backup; nothing is made then. */
enum gj_err gj_tool_restore(const struct gj_tool_restore *restore, struct gj_fault *fault);

struct gj_tool_password {
    const char *dir;
    const char *login;
    const char *reason; /* a word of an audit entry, as above */
};

/* Gives a user a password, read as a line from standard input, when nobody is left who could do it over a channel: ends
 * all sessions of that user, asks for another password at the next login, and leaves the entry password_recover with
 * the reason and no actor. The daemon must not be running. GJ_ENOTFOUND: no such user, or disabled. */
enum gj_err gj_tool_password(const struct gj_tool_password *how, struct gj_fault *fault);

/* The store of a folder with its keys; for tools. */
struct gj_store;
enum gj_err gj_tool_open(const char *dir, struct gj_store **out, struct gj_fault *fault);

/* What a server key's life is at (show) and its steps: successor, promote, retire, withdraw (keys.h). A running daemon
 * is told at once. now: retire without waiting for the end of the grace period. */
enum gj_err gj_tool_key(const char *step, const char *dir, bool now, struct gj_fault *fault);

/* Reads every entry, computes the tree anew, compares vault and main. The daemon must not be running. */
enum gj_err gj_tool_check(const char *dir, struct gj_fault *fault);

#endif
