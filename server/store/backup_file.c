/* The manifest of a backup, and whether the rest agrees with it. */
#include "store/backup_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MANIFEST_MAX 2048

/* ---- manifest: one "name value" a line, the last line the SHA-256 of those before ---- */

enum kind { NUMBER, NUMBER32, TIME, HEX };

struct line {
    const char *name;
    enum kind kind;
    size_t offset;
    size_t size;
};

#define LINE(name, kind, member)                                                                                       \
    {                                                                                                                  \
        name, kind, offsetof(struct gj_backup_manifest, member), sizeof(((struct gj_backup_manifest *)0)->member)      \
    }

static const struct line lines[] = {
    LINE("made_at_ms", TIME, made_at_ms),
    LINE("cluster", HEX, cluster_id),
    LINE("schema", NUMBER32, schema),
    LINE("epoch", NUMBER32, epoch),
    LINE("entries", NUMBER, entries),
    LINE("root", HEX, root),
    LINE("main_bytes", NUMBER, main_bytes),
    LINE("main_sha256", HEX, main_sha256),
    LINE("vault_bytes", NUMBER, vault_bytes),
    LINE("vault_sha256", HEX, vault_sha256),
    LINE("blobs", NUMBER, blobs),
    LINE("blob_bytes", NUMBER, blob_bytes),
};

#define N_LINES (sizeof lines / sizeof lines[0])
#define TITLE "guanjia backup 1\n"

static void format_value(const struct line *line, const struct gj_backup_manifest *manifest, char out[80])
{
    const char *at = (const char *)manifest + line->offset;
    uint64_t number = 0;
    uint32_t number32 = 0;
    switch (line->kind) {
    case NUMBER32:
        memcpy(&number32, at, sizeof number32);
        snprintf(out, 80, "%" PRIu32, number32);
        break;
    case NUMBER:
    case TIME:
        memcpy(&number, at, sizeof number);
        snprintf(out, 80, "%" PRIu64, number);
        break;
    case HEX:
        sodium_bin2hex(out, 80, (const uint8_t *)at, line->size);
        break;
    }
}

static size_t format(const struct gj_backup_manifest *manifest, char out[MANIFEST_MAX])
{
    size_t len = (size_t)snprintf(out, MANIFEST_MAX, TITLE);
    for (size_t i = 0; i < N_LINES; i++) {
        char value[80] = "";
        format_value(&lines[i], manifest, value);
        len += (size_t)snprintf(out + len, MANIFEST_MAX - len, "%s %s\n", lines[i].name, value);
    }
    uint8_t hash[32];
    char hex[65];
    crypto_hash_sha256(hash, (const uint8_t *)out, len);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    return len + (size_t)snprintf(out + len, MANIFEST_MAX - len, "sha256 %s\n", hex);
}

static bool parse_value(const struct line *line, const char *value, struct gj_backup_manifest *out)
{
    char *at = (char *)out + line->offset;
    uint64_t number = 0;
    char end = 0;
    size_t len = 0;
    if (line->kind == HEX) {
        return sodium_hex2bin((uint8_t *)at, line->size, value, strlen(value), NULL, &len, NULL) == 0 &&
               len == line->size;
    }
    if (value[0] < '0' || value[0] > '9' || sscanf(value, "%" SCNu64 "%c", &number, &end) != 1) {
        return false;
    }
    if (line->kind == NUMBER32) {
        uint32_t number32 = (uint32_t)number;
        memcpy(at, &number32, sizeof number32);
        return number <= UINT32_MAX;
    }
    memcpy(at, &number, sizeof number);
    return line->kind == NUMBER || number <= INT64_MAX;
}

/* Parses and formats again: only what comes out the same is a manifest. */
static bool parse(const char *text, struct gj_backup_manifest *out)
{
    memset(out, 0, sizeof *out);
    if (strncmp(text, TITLE, strlen(TITLE)) != 0) {
        return false;
    }
    const char *at = text + strlen(TITLE);
    for (size_t i = 0; i < N_LINES; i++) {
        char name[32], value[80];
        int used = 0;
        if (sscanf(at, "%31[a-z0-9_] %79[0-9a-f]%n", name, value, &used) != 2 || at[used] != '\n' ||
            strcmp(name, lines[i].name) != 0 || !parse_value(&lines[i], value, out)) {
            return false;
        }
        at += used + 1;
    }
    char again[MANIFEST_MAX];
    format(out, again);
    return strcmp(again, text) == 0;
}

enum gj_err gj_backup_write_manifest(const char *dir, const struct gj_backup_manifest *manifest)
{
    char text[MANIFEST_MAX], tmp[GJ_BACKUP_PATH_MAX], path[GJ_BACKUP_PATH_MAX];
    size_t len = format(manifest, text);
    snprintf(tmp, sizeof tmp, "%s/manifest.tmp", dir);
    snprintf(path, sizeof path, "%s/manifest", dir);
    int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return gj_err_from_errno(errno);
    }
    bool good = write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
    close(fd);
    if (!good || rename(tmp, path) != 0) {
        return GJ_ENOSPC;
    }
    return gj_env_sync_dir(dir);
}

static enum gj_err read_manifest(const char *dir, struct gj_backup_manifest *out, struct gj_fault *fault)
{
    char path[GJ_BACKUP_PATH_MAX], text[MANIFEST_MAX + 1];
    snprintf(path, sizeof path, "%s/manifest", dir);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return gj_fault_set(fault, gj_err_from_errno(errno), "no backup: manifest: %s", strerror(errno));
    }
    ssize_t len = read(fd, text, MANIFEST_MAX);
    close(fd);
    if (len < 0) {
        return gj_fault_set(fault, gj_err_from_errno(errno), "the manifest cannot be read: %s", strerror(errno));
    }
    text[len] = 0;
    if (strlen(text) != (size_t)len || !parse(text, out)) {
        return gj_fault_set(fault, GJ_ECORRUPT, "the manifest is damaged");
    }
    return GJ_OK;
}

/* ---- the copy of main ---- */

static enum gj_err open_tables(struct gj_store *store)
{
    static const enum gj_table needed[] = {GJ_TABLE_META, GJ_TABLE_HOT, GJ_TABLE_ENTRY, GJ_TABLE_TILE};
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(store->main.env, NULL, MDB_RDONLY, &txn);
    for (size_t i = 0; rc == MDB_SUCCESS && i < sizeof needed / sizeof needed[0]; i++) {
        rc = mdb_dbi_open(txn, gj_table_name(needed[i]), 0, &store->dbi[needed[i]]);
    }
    if (rc == MDB_SUCCESS) {
        rc = mdb_txn_commit(txn);
    } else if (txn != NULL) {
        mdb_txn_abort(txn);
    }
    return gj_store_err(rc);
}

static enum gj_err read_rows(struct gj_store *store, struct gj_backup_manifest *out)
{
    struct gj_txn *txn = NULL;
    enum gj_err err = gj_txn_begin_read(store, &txn);
    if (err != GJ_OK) {
        return err;
    }
    struct gj_key schema = gj_key_of_name("schema"), epoch = gj_key_of_name("epoch");
    struct gj_key cluster = gj_key_of_name("cluster");
    struct gj_value id;
    out->schema = (uint32_t)gj_txn_get_u64(txn, GJ_TABLE_META, &schema);
    out->epoch = (uint32_t)gj_txn_get_u64(txn, GJ_TABLE_META, &epoch);
    if (gj_txn_get(txn, GJ_TABLE_META, &cluster, &id) && id.len == sizeof out->cluster_id) {
        memcpy(out->cluster_id, id.data, id.len);
    } else {
        gj_txn_fail(txn, GJ_ECORRUPT);
    }
    out->entries = gj_tree_size(txn);
    if (gj_txn_error(txn) == GJ_OK) {
        (void)gj_tree_root(txn, &out->root);
    }
    return gj_txn_commit(txn);
}

enum gj_err gj_backup_read_main(const char *path, struct gj_backup_manifest *out, struct gj_fault *fault)
{
    struct gj_store store;
    memset(&store, 0, sizeof store);
    enum gj_err err = gj_env_open_file(&store.main, path, "main", fault);
    if (err != GJ_OK) {
        return err;
    }
    err = open_tables(&store);
    if (err == GJ_OK) {
        err = read_rows(&store, out);
    }
    gj_env_close(&store.main);
    return err == GJ_OK ? err : gj_fault_set(fault, err, "main.mdb cannot be read: %s", gj_err_text(err));
}

/* ---- verification ---- */

static enum gj_err verify_file(
    const char *dir, const char *name, uint64_t bytes, const uint8_t sha256[32], bool whole, struct gj_fault *fault)
{
    char path[GJ_BACKUP_PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    struct stat st;
    if (stat(path, &st) != 0) {
        return gj_fault_set(fault, gj_err_from_errno(errno), "%s: %s", name, strerror(errno));
    }
    if ((uint64_t)st.st_size != bytes) {
        return gj_fault_set(fault, GJ_ECORRUPT, "%s has another length than the manifest says", name);
    }
    if (!whole) {
        return GJ_OK;
    }
    uint8_t hash[32];
    enum gj_err err = gj_hash_file(path, hash, &bytes);
    if (err == GJ_OK && memcmp(hash, sha256, sizeof hash) != 0) {
        return gj_fault_set(fault, GJ_ECORRUPT, "%s has another SHA-256 than the manifest says", name);
    }
    if (err == GJ_OK) {
        err = gj_check_file(path, name, true, NULL);
    }
    return err == GJ_OK ? err : gj_fault_set(fault, err, "%s is not whole: %s", name, gj_err_text(err));
}

static enum gj_err verify_main(const char *dir, const struct gj_backup_manifest *manifest, struct gj_fault *fault)
{
    char path[GJ_BACKUP_PATH_MAX];
    snprintf(path, sizeof path, "%s/main.mdb", dir);
    struct gj_backup_manifest found;
    enum gj_err err = gj_backup_read_main(path, &found, fault);
    if (err != GJ_OK) {
        return err;
    }
    bool agrees = found.entries == manifest->entries && found.epoch == manifest->epoch &&
                  found.schema == manifest->schema &&
                  memcmp(found.cluster_id, manifest->cluster_id, sizeof found.cluster_id) == 0 &&
                  memcmp(&found.root, &manifest->root, sizeof found.root) == 0;
    return agrees ? GJ_OK : gj_fault_set(fault, GJ_ECORRUPT, "main.mdb does not hold the log the manifest speaks of");
}

static enum gj_err verify_blobs(const char *dir, const struct gj_backup_manifest *manifest, struct gj_fault *fault)
{
    uint64_t count = 0, bytes = 0;
    enum gj_err err = gj_check_blobs(dir, &count, &bytes);
    if (err == GJ_OK && (count != manifest->blobs || bytes != manifest->blob_bytes)) {
        err = GJ_ECORRUPT;
    }
    return err == GJ_OK ? err : gj_fault_set(fault, err, "the attachments are not those the manifest speaks of");
}

enum gj_err gj_backup_verify(const char *path, bool whole, struct gj_backup_manifest *out, struct gj_fault *fault)
{
    struct gj_backup_manifest manifest;
    enum gj_err err = read_manifest(path, &manifest, fault);
    if (err == GJ_OK) {
        err = verify_file(path, "main.mdb", manifest.main_bytes, manifest.main_sha256, whole, fault);
    }
    if (err == GJ_OK) {
        err = verify_main(path, &manifest, fault);
    }
    if (err == GJ_OK) {
        err = verify_file(path, "vault.mdb", manifest.vault_bytes, manifest.vault_sha256, whole, fault);
        err = err == GJ_ENOTFOUND ? GJ_OK : err; /* its retention is shorter */
    }
    if (err == GJ_OK && whole) {
        err = verify_blobs(path, &manifest, fault);
    }
    if (err == GJ_OK) {
        *out = manifest;
    }
    return err;
}
