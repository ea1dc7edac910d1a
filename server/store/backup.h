#ifndef GJ_STORE_BACKUP_H
#define GJ_STORE_BACKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "store/audit_tree.h"
#include "store/store.h"

/* Hot backups: the store goes on reading and writing while one snapshot is copied into a new directory
 *
 *     <target>/guanjia-<time ms>/  main.mdb  vault.mdb  blob/…  manifest
 *
 * made under a temporary name and renamed when the manifest is durable: a directory with that name is whole. Blobs are
 * linked where the target is on the same file system, else copied. */

struct gj_backup_manifest {
    int64_t made_at_ms;
    uint8_t cluster_id[GJ_STORE_CLUSTER_ID_SIZE];
    uint32_t schema;
    uint32_t epoch;
    uint64_t entries;         /* size of the audit log */
    struct gj_tree_hash root; /* its root */
    uint64_t main_bytes;
    uint8_t main_sha256[32];
    uint64_t vault_bytes;
    uint8_t vault_sha256[32];
    uint64_t blobs;
    uint64_t blob_bytes;
};

struct gj_backup_options {
    const char *target;        /* existing directory */
    int64_t now_ms;            /* names the backup */
    uint64_t bytes_per_second; /* pace of reading and writing; 0: GJ_BACKUP_BYTES_PER_SECOND */
    unsigned keep;             /* older ones beyond this count are removed after success; 0: keep all */
    /* Older ones beyond this count lose their vault file, so that an erased household does not live on in them; they
     * are restored with the vault of a newer one. 0: as keep. */
    unsigned vault_keep;
};

struct gj_backup;

/* Starts a thread. Gives *out. on_done is called on that thread, once; the result is read by gj_backup_end. */
enum gj_err gj_backup_start(struct gj_store *store, const struct gj_backup_options *options,
    void (*on_done)(void *owner), void *owner, struct gj_backup **out);
/* Asks it to stop at the next piece; it then removes what it wrote. */
void gj_backup_cancel(struct gj_backup *backup);
/* Takes backup; waits for the thread. GJ_ENOSPC: cancelled at the disk reserve; GJ_ECLOSED: cancelled. path (may be
 * NULL) gets the finished directory. */
enum gj_err gj_backup_end(
    struct gj_backup *backup, struct gj_backup_manifest *manifest, char *path, size_t size, struct gj_fault *fault);

/* Reads the manifest, and when whole is set every byte it speaks of, opens both files and compares entry number and
 * tree root. GJ_ECORRUPT and *fault says what differs. */
enum gj_err gj_backup_verify(const char *path, bool whole, struct gj_backup_manifest *out, struct gj_fault *fault);

/* Lets go of old backups in target, newest kept: beyond keep all of it, beyond vault_keep the vault's file; 0 as in
 * gj_backup_options. Half made ones are not touched. GJ_ENOTFOUND: no such folder. removed (may be NULL): how many
 * went. */
enum gj_err gj_backup_prune(const char *target, unsigned keep, unsigned vault_keep, size_t *removed);

/* Names of finished backups in target, oldest first; at most max. Returns how many there are. */
size_t gj_backup_list(const char *target, int64_t *made_at_ms, size_t max);

/* Prepares an empty or missing directory from a verified backup, beside it first and then renamed: copies, opens with
 * the master key, compares vault and main in full and starts epoch manifest.epoch + 1 or above_epoch + 1, whichever is
 * higher. above_epoch: the highest epoch that was ever seen in service, 0 if not known. */
struct gj_restore_result {
    struct gj_backup_manifest manifest;
    uint32_t epoch;
    uint64_t keys, orphans, finished, missing; /* of the comparison, see struct gj_vault_report */
};

struct gj_restore_options {
    uint32_t above_epoch;
    /* Appends the entry that declares the restore, in the new epoch and before the store gets its name: one that could
     * not be declared does not come to be. May be NULL. */
    enum gj_err (*declare)(
        void *owner, struct gj_store *store, const struct gj_restore_result *result, struct gj_fault *fault);
    void *owner;
};

/* options may be NULL. */
enum gj_err gj_backup_restore(const char *path, const struct gj_store_options *into,
    const struct gj_restore_options *options, struct gj_restore_result *out, struct gj_fault *fault);

#endif
