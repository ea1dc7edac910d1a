#ifndef GJ_STORE_BACKUP_INTERNAL_H
#define GJ_STORE_BACKUP_INTERNAL_H

/* What backup.c (the thread), backup_file.c (manifest, verification), backup_copy.c and restore share. */

#include <stdatomic.h>

#include "store/backup.h"
#include "store/internal.h"

#define GJ_BACKUP_PATH_MAX (GJ_STORE_PATH_MAX + 160)
#define GJ_BACKUP_NAME "guanjia-" /* then the time in ms */

/* How fast, and when to stop. */
struct gj_pace {
    uint64_t bytes_per_second;
    uint64_t done_bytes;
    int64_t started_ms;
    const atomic_bool *cancelled; /* NULL: never */
    const char *dir;              /* whose disk is watched */
    uint64_t reserve_bytes;
};

void gj_pace_begin(struct gj_pace *pace);
/* Waits as the pace demands. GJ_ECLOSED: cancelled; GJ_ENOSPC: the reserve is reached. */
enum gj_err gj_pace_step(struct gj_pace *pace, size_t bytes);

/* Copies a file; the hash of its bytes goes to sha256 unless NULL. The copy is durable. */
enum gj_err gj_copy_file(const char *from, const char *to, struct gj_pace *pace, uint8_t *sha256, uint64_t *bytes);
/* Copies a snapshot of an environment into a new file. */
enum gj_err gj_copy_env(struct gj_env *env, const char *to, struct gj_pace *pace, uint8_t sha256[32], uint64_t *bytes);
/* Links or copies every attachment below from/blob to to/blob. */
enum gj_err gj_copy_blobs(const char *from, const char *to, struct gj_pace *pace, uint64_t *count, uint64_t *bytes);
/* Reads every attachment and compares it with its name. GJ_ECORRUPT. */
enum gj_err gj_check_blobs(const char *dir, uint64_t *count, uint64_t *bytes);
enum gj_err gj_hash_file(const char *path, uint8_t sha256[32], uint64_t *bytes);
/* Removes a backup or a half made one: its files, the blob folder's, and itself. */
void gj_remove_backup(const char *dir);

/* Reads identity, size and root of the log out of a copy of main. */
enum gj_err gj_backup_read_main(const char *path, struct gj_backup_manifest *out, struct gj_fault *fault);
enum gj_err gj_backup_write_manifest(const char *dir, const struct gj_backup_manifest *manifest);

#endif
