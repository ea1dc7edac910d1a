/* Commands that end by themselves: backup, restore, check. They print what they found on stdout. */
#ifndef GJ_SERVER_TOOL_H
#define GJ_SERVER_TOOL_H

#include "common/err.h"

/* Asks the running daemon, or opens the store when none is running. */
enum gj_err gj_tool_backup(const char *dir, const char *target, struct gj_fault *fault);
/* keys: folder with server.key and master.key, which are copied into dir. */
enum gj_err gj_tool_restore(const char *backup, const char *dir, const char *keys, struct gj_fault *fault);
/* Reads every entry, computes the tree anew, compares vault and main. The daemon must not be running. */
enum gj_err gj_tool_check(const char *dir, struct gj_fault *fault);

#endif
