#include "store/blob_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/internal.h"

#define LOOKS_PER_REMOVAL 16
#define AGE_S 3600

/* The command that names a file follows within seconds; older ones that no row names were left by a crash. */
static bool is_orphan(struct gj_txn *snapshot, const char *path, const char *file)
{
    struct gj_blob_name name;
    size_t len = 0;
    if (strlen(file) != 2 * sizeof name.bytes ||
        sodium_hex2bin(name.bytes, sizeof name.bytes, file, strlen(file), NULL, &len, NULL) != 0) {
        return false;
    }
    struct gj_key key = gj_blob_key(&name);
    struct stat st;
    return !gj_txn_exists(snapshot, GJ_TABLE_ATTACHMENT, &key) && gj_txn_error(snapshot) == GJ_OK &&
           stat(path, &st) == 0 && st.st_mtime + AGE_S < time(NULL);
}

/* The next file of the folders 00 … ff; NULL: the round is complete, the next call begins a new one. */
static struct dirent *next_file(struct gj_blob *blob)
{
    while (blob->sweep_at < 256) {
        if (blob->sweep_dir == NULL) {
            char path[GJ_STORE_PATH_MAX + 16];
            snprintf(path, sizeof path, "%s/blob/%02x", gj_store_dir(blob->store), blob->sweep_at);
            blob->sweep_dir = opendir(path);
        }
        struct dirent *entry = blob->sweep_dir == NULL ? NULL : readdir(blob->sweep_dir);
        if (entry != NULL) {
            return entry;
        }
        if (blob->sweep_dir != NULL) {
            closedir(blob->sweep_dir);
            blob->sweep_dir = NULL;
        }
        blob->sweep_at++;
    }
    blob->sweep_at = 0;
    return NULL;
}

enum gj_err gj_blob_sweep(struct gj_blob *blob, struct gj_txn *snapshot, unsigned max, unsigned *removed)
{
    *removed = 0;
    for (unsigned looks = 0; looks < max * LOOKS_PER_REMOVAL && *removed < max; looks++) {
        struct dirent *entry = next_file(blob);
        if (entry == NULL) {
            break;
        }
        char path[GJ_STORE_PATH_MAX + 300];
        snprintf(path, sizeof path, "%s/blob/%02x/%.200s", gj_store_dir(blob->store), blob->sweep_at, entry->d_name);
        if (is_orphan(snapshot, path, entry->d_name) && unlink(path) == 0) {
            ++*removed;
        }
    }
    return gj_txn_error(snapshot);
}
