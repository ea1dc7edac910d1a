#ifndef GJ_COMMON_KEYFILE_H
#define GJ_COMMON_KEYFILE_H

#include "common/err.h"
#include "common/noise.h"

#include <stddef.h>
#include <stdint.h>

/* Files that hold one 32 byte secret each: a static X25519 key of a server or
 * a device, the daemon's master key. Text, so that a person can see what it is:
 *
 *     guanjia-key 1
 *     kind device
 *     secret <64 hex digits>
 *     check <16 hex digits: SHA-256 of the three lines above, first 8 bytes>
 *
 * The file must be a regular file owned by us or root and closed to group and
 * others (GJ_EDENIED otherwise): a key that others could read is not a key. */

#define GJ_KEYFILE_SECRET_SIZE 32

/* kind: 1 to 32 letters of a-z, 0-9 and '-'. Refuses to replace an existing
 * file (GJ_EEXIST): a key overwritten is a door lost. Written to a temporary
 * file, synced, linked into place and the folder synced: whole or absent. */
enum gj_err gj_keyfile_write(
    const char *path, const char *kind, const uint8_t secret[GJ_KEYFILE_SECRET_SIZE], struct gj_fault *fault);

/* GJ_ENOTFOUND, GJ_EDENIED (readable by others), GJ_EVERSION, GJ_ECORRUPT
 * (checksum, form or length), GJ_EINVAL (another kind of key); the fault names the path. */
GJ_CHECKED enum gj_err gj_keyfile_read(
    const char *path, const char *kind, uint8_t secret[GJ_KEYFILE_SECRET_SIZE], struct gj_fault *fault);

/* The parser alone, for bytes from anywhere. */
GJ_CHECKED enum gj_err gj_keyfile_parse(
    const char *text, size_t len, const char *kind, uint8_t secret[GJ_KEYFILE_SECRET_SIZE], struct gj_fault *fault);

/* The same for an X25519 pair; the public half is derived. */
enum gj_err gj_keyfile_write_pair(
    const char *path, const char *kind, const struct gj_keypair *pair, struct gj_fault *fault);
GJ_CHECKED enum gj_err gj_keyfile_read_pair(
    const char *path, const char *kind, struct gj_keypair *pair, struct gj_fault *fault);

/* Replaces or creates any small file atomically with mode 0600: temporary file in
 * the same folder, fsync, rename, fsync of the folder. */
enum gj_err gj_keyfile_replace(const char *path, const void *bytes, size_t len, struct gj_fault *fault);

#endif
