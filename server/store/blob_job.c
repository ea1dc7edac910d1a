#include "store/blob_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fail.h"
#include "store/internal.h"
#include "store/store_meta.h"

#define PATH_SIZE (GJ_STORE_PATH_MAX + 96)

static void tmp_path(const struct gj_blob *blob, uint64_t handle, char out[PATH_SIZE])
{
    snprintf(out, PATH_SIZE, "%s/blob/tmp/%016llx", gj_store_dir(blob->store), (unsigned long long)handle);
}

static void final_path(const struct gj_blob *blob, const struct gj_blob_name *name, char out[PATH_SIZE])
{
    char relative[80];
    gj_blob_path(name, relative);
    snprintf(out, PATH_SIZE, "%s/%s", gj_store_dir(blob->store), relative);
}

/* ---- uploads ---- */

static struct gj_blob_upload *find_upload(struct gj_blob *blob, uint64_t handle)
{
    for (unsigned i = 0; handle != 0 && i < GJ_BLOB_UPLOADS; i++) {
        if (blob->uploads[i].handle == handle) {
            return &blob->uploads[i];
        }
    }
    return NULL;
}

static void drop_upload(struct gj_blob *blob, struct gj_blob_upload *upload)
{
    char path[PATH_SIZE];
    tmp_path(blob, upload->handle, path);
    gj_blob_writer_end(&upload->writer);
    unlink(path);
    upload->handle = 0;
}

void gj_blob_drop_uploads(struct gj_blob *blob)
{
    for (unsigned i = 0; i < GJ_BLOB_UPLOADS; i++) {
        if (blob->uploads[i].handle != 0) {
            drop_upload(blob, &blob->uploads[i]);
        }
    }
}

/* A free place; uploads that nobody went on with make room. */
static struct gj_blob_upload *free_upload(struct gj_blob *blob)
{
    int64_t now = gj_blob_monotonic_ms();
    for (unsigned i = 0; i < GJ_BLOB_UPLOADS; i++) {
        struct gj_blob_upload *upload = &blob->uploads[i];
        if (upload->handle != 0 && now - upload->touched_ms > GJ_BLOB_UPLOAD_IDLE_MS) {
            drop_upload(blob, upload);
        }
        if (upload->handle == 0) {
            upload->touched_ms = now;
            return upload;
        }
    }
    return NULL;
}

static enum gj_err begin(struct gj_blob *blob, struct gj_blob_job *job)
{
    if (job->size_bytes == 0) {
        return GJ_EINVAL;
    }
    if (job->size_bytes > GJ_BLOB_MAX_BYTES) {
        return GJ_ETOOBIG;
    }
    enum gj_err err = gj_store_space(blob->store);
    struct gj_blob_upload *upload = err == GJ_OK ? free_upload(blob) : NULL;
    if (upload == NULL) {
        return err != GJ_OK ? err : GJ_EBUSY;
    }
    uint64_t handle = 0;
    while (handle == 0 || find_upload(blob, handle) != NULL) {
        randombytes_buf(&handle, sizeof handle);
    }
    char path[PATH_SIZE];
    tmp_path(blob, handle, path);
    int fd = gj_fail_point("blob.create") ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return gj_err_from_errno(errno);
    }
    upload->handle = handle;
    err = gj_blob_writer_begin(&upload->writer, fd, job->key, job->size_bytes);
    if (err != GJ_OK) {
        drop_upload(blob, upload);
        return err;
    }
    job->upload = handle;
    return GJ_OK;
}

static enum gj_err write_chunk(struct gj_blob *blob, struct gj_blob_job *job)
{
    struct gj_blob_upload *upload = find_upload(blob, job->upload);
    if (upload == NULL) {
        return GJ_ENOTFOUND;
    }
    upload->touched_ms = gj_blob_monotonic_ms();
    enum gj_err err = gj_store_space(blob->store);
    if (err == GJ_OK) {
        err = gj_blob_writer_chunk(&upload->writer, job->offset, job->data, job->len, blob->scratch);
    }
    /* A chunk sent in a wrong order may be sent again; one half written may not. */
    if (err != GJ_OK && err != GJ_EINVAL) {
        drop_upload(blob, upload);
    }
    return err;
}

/* Gives the finished file its name. A file of the same name has the same bytes. */
static enum gj_err publish(struct gj_blob *blob, struct gj_blob_upload *upload, const struct gj_blob_name *name)
{
    char from[PATH_SIZE], to[PATH_SIZE], folder[PATH_SIZE], parent[PATH_SIZE];
    tmp_path(blob, upload->handle, from);
    final_path(blob, name, to);
    snprintf(folder, sizeof folder, "%s", to);
    *strrchr(folder, '/') = 0;
    snprintf(parent, sizeof parent, "%s", folder);
    *strrchr(parent, '/') = 0;
    bool made = mkdir(folder, 0700) == 0;
    if (!made && errno != EEXIST) {
        return gj_err_from_errno(errno);
    }
    if (gj_fail_point("blob.rename") || rename(from, to) != 0) {
        return GJ_EIO;
    }
    enum gj_err err = gj_env_sync_dir(folder);
    return err == GJ_OK && made ? gj_env_sync_dir(parent) : err;
}

static enum gj_err finish(struct gj_blob *blob, struct gj_blob_job *job)
{
    struct gj_blob_upload *upload = find_upload(blob, job->upload);
    if (upload == NULL) {
        return GJ_ENOTFOUND;
    }
    struct gj_blob_name name;
    uint64_t stored_bytes = upload->writer.stored_bytes;
    enum gj_err err = gj_blob_writer_finish(&upload->writer, name.bytes);
    if (err == GJ_EINVAL) {
        return err;
    }
    if (err == GJ_OK) {
        err = publish(blob, upload, &name);
    }
    drop_upload(blob, upload);
    if (err == GJ_OK) {
        job->name = name;
        job->stored_bytes = stored_bytes;
    }
    return err;
}

/* ---- reading ---- */

static void key_hash(const uint8_t key[GJ_VAULT_KEY_SIZE], uint8_t out[16])
{
    crypto_generichash(out, 16, key, GJ_VAULT_KEY_SIZE, NULL, 0);
}

/* Is the open file the one asked for, opened with this key, and not yet past the offset? */
static bool reader_serves(const struct gj_blob *blob, const struct gj_blob_job *job, const uint8_t hash[16])
{
    return blob->reader.fd >= 0 && memcmp(&blob->reader_name, &job->name, sizeof job->name) == 0 &&
           sodium_memcmp(blob->reader_key_hash, hash, 16) == 0 && blob->reader.next <= job->offset;
}

static enum gj_err open_reader(struct gj_blob *blob, struct gj_blob_job *job, const uint8_t hash[16])
{
    gj_blob_reader_end(&blob->reader);
    char path[PATH_SIZE];
    final_path(blob, &job->name, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return gj_err_from_errno(errno);
    }
    enum gj_err err = gj_blob_reader_begin(&blob->reader, fd, job->key);
    if (err == GJ_OK) {
        blob->reader_name = job->name;
        memcpy(blob->reader_key_hash, hash, 16);
    }
    return err;
}

/* Chunks are chained: one in the middle is reached by opening those before it, at some 100 us each. */
static enum gj_err read_chunk(struct gj_blob *blob, struct gj_blob_job *job)
{
    if (job->max < GJ_BLOB_CHUNK || job->offset % GJ_BLOB_CHUNK != 0) {
        return GJ_EINVAL;
    }
    uint8_t hash[16];
    key_hash(job->key, hash);
    enum gj_err err = reader_serves(blob, job, hash) ? GJ_OK : open_reader(blob, job, hash);
    if (err == GJ_OK && job->offset >= blob->reader.size_bytes) {
        err = GJ_EINVAL;
    }
    job->len = 0;
    while (err == GJ_OK && blob->reader.next <= job->offset) {
        err = gj_blob_reader_chunk(&blob->reader, job->data, &job->len, blob->scratch);
    }
    if (err != GJ_OK) {
        sodium_memzero(job->data, GJ_BLOB_CHUNK);
        job->len = 0;
        gj_blob_reader_end(&blob->reader);
        return err;
    }
    job->size_bytes = blob->reader.size_bytes;
    return GJ_OK;
}

static enum gj_err remove_file(struct gj_blob *blob, const struct gj_blob_job *job)
{
    char path[PATH_SIZE];
    final_path(blob, &job->name, path);
    if (blob->reader.fd >= 0 && memcmp(&blob->reader_name, &job->name, sizeof job->name) == 0) {
        gj_blob_reader_end(&blob->reader);
    }
    if (unlink(path) != 0 && errno != ENOENT) {
        return gj_err_from_errno(errno);
    }
    return GJ_OK;
}

enum gj_err gj_blob_execute(struct gj_blob *blob, struct gj_blob_job *job)
{
    switch (job->op) {
    case GJ_BLOB_BEGIN:
        return begin(blob, job);
    case GJ_BLOB_WRITE:
        return write_chunk(blob, job);
    case GJ_BLOB_FINISH:
        return finish(blob, job);
    case GJ_BLOB_ABANDON: {
        struct gj_blob_upload *upload = find_upload(blob, job->upload);
        if (upload == NULL) {
            return GJ_ENOTFOUND;
        }
        drop_upload(blob, upload);
        return GJ_OK;
    }
    case GJ_BLOB_READ:
        return read_chunk(blob, job);
    case GJ_BLOB_REMOVE:
        return remove_file(blob, job);
    }
    return GJ_EINVAL;
}
