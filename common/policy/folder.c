/* A policy as a folder of files: policy.yaml and what it names. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "common/policy/bundle.h"
#include "common/policy/manifest.h"

struct folder {
    char names[GJ_BUNDLE_PARTS_MAX][GJ_BUNDLE_NAME_MAX + 1];
    uint8_t *bytes[GJ_BUNDLE_PARTS_MAX];
    struct gj_policy_part parts[GJ_BUNDLE_PARTS_MAX];
    size_t count;
};

static void folder_free(struct folder *folder)
{
    for (size_t i = 0; i < folder->count; i++) {
        free(folder->bytes[i]);
    }
    free(folder);
}

static enum gj_err read_all(FILE *file, uint8_t **out, size_t *out_len)
{
    size_t capacity = GJ_YAML_BYTES_MAX + 1;
    uint8_t *bytes = gj_fail_point("folder.read") ? NULL : malloc(capacity);
    if (bytes == NULL) {
        return GJ_ENOMEM;
    }
    size_t len = fread(bytes, 1, capacity, file);
    if (ferror(file) || len == capacity) {
        free(bytes);
        return len == capacity ? GJ_ETOOBIG : GJ_EIO;
    }
    *out = bytes;
    *out_len = len;
    return GJ_OK;
}

static enum gj_err read_part(struct folder *folder, const char *path, const char *name, struct gj_problems *problems)
{
    char full[4096];
    if (folder->count == GJ_BUNDLE_PARTS_MAX) {
        gj_problem_add(problems, name, 0, 0, "a policy has at most %d files", GJ_BUNDLE_PARTS_MAX);
        return GJ_ETOOBIG;
    }
    if ((size_t)snprintf(full, sizeof full, "%s/%s", path, name) >= sizeof full) {
        gj_problem_add(problems, name, 0, 0, "the path of the folder is too long");
        return GJ_ETOOBIG;
    }
    FILE *file = fopen(full, "rbe");
    if (file == NULL) {
        enum gj_err missing = errno == ENOENT || errno == ENOTDIR ? GJ_ENOTFOUND : GJ_EIO;
        gj_problem_add(problems, name, 0, 0, "the file cannot be opened: %s", strerror(errno));
        return missing;
    }
    size_t len = 0;
    uint8_t *bytes = NULL;
    enum gj_err err = read_all(file, &bytes, &len);
    (void)fclose(file);
    if (err != GJ_OK) {
        gj_problem_add(problems, name, 0, 0, "the file cannot be read: %s", gj_err_text(err));
        return err;
    }
    size_t at = folder->count++;
    (void)snprintf(folder->names[at], sizeof folder->names[at], "%s", name);
    folder->bytes[at] = bytes;
    folder->parts[at] = (struct gj_policy_part){folder->names[at], bytes, len};
    return GJ_OK;
}

static enum gj_err read_folder(const char *path, struct folder **out, struct gj_problems *problems)
{
    struct folder *folder = gj_fail_point("folder.alloc") ? NULL : calloc(1, sizeof *folder);
    struct gj_manifest *manifest = gj_fail_point("folder.manifest") ? NULL : calloc(1, sizeof *manifest);
    enum gj_err err = folder == NULL || manifest == NULL ? GJ_ENOMEM : GJ_OK;
    if (err == GJ_OK) {
        err = read_part(folder, path, GJ_MANIFEST_NAME, problems);
    }
    if (err == GJ_OK) {
        err = gj_manifest_read(&folder->parts[0], manifest, problems);
    }
    /* Every missing file is named, not only the first. */
    for (size_t i = 0; i < GJ_BUNDLE_PARTS_MAX && (err == GJ_OK || err == GJ_ENOTFOUND); i++) {
        if (i < manifest->count) {
            enum gj_err this_err = read_part(folder, path, manifest->parts[i].file, problems);
            err = this_err == GJ_OK ? err : this_err;
        }
    }
    free(manifest);
    if (err != GJ_OK) {
        if (folder != NULL) {
            folder_free(folder);
        }
        return err;
    }
    *out = folder;
    return GJ_OK;
}

enum gj_err gj_policy_load_folder(
    const char *path, uint32_t version, struct gj_policy **out, struct gj_problems *problems)
{
    *out = NULL;
    struct folder *folder;
    enum gj_err err = read_folder(path, &folder, problems);
    if (err != GJ_OK) {
        return err;
    }
    err = gj_policy_compile(folder->parts, folder->count, version, out, problems);
    folder_free(folder);
    return err;
}

enum gj_err gj_policy_bundle_folder(const char *path, uint8_t **out, size_t *out_len, struct gj_problems *problems)
{
    struct folder *folder;
    enum gj_err err = read_folder(path, &folder, problems);
    if (err != GJ_OK) {
        return err;
    }
    err = gj_policy_bundle_pack(folder->parts, folder->count, out, out_len);
    folder_free(folder);
    return err;
}
