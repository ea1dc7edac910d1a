#include "store/blob_file.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/cursor.h"
#include "common/fail.h"

#define MAGIC 0x474a4231u /* GJB1 */
#define PUBLIC_HEAD 16

static_assert(GJ_BLOB_HEAD_SIZE == PUBLIC_HEAD + crypto_secretstream_xchacha20poly1305_HEADERBYTES, "head of a blob");

/* ---- writing ---- */

static enum gj_err write_all(struct gj_blob_writer *writer, const uint8_t *bytes, size_t len)
{
    if (gj_fail_point("blob.write")) {
        return GJ_ENOSPC;
    }
    crypto_hash_sha256_update(&writer->hash, bytes, len);
    for (size_t done = 0; done < len;) {
        ssize_t n = write(writer->fd, bytes + done, len - done);
        if (n < 0 && errno != EINTR) {
            return errno == EFBIG ? GJ_ENOSPC : gj_err_from_errno(errno);
        }
        done += n > 0 ? (size_t)n : 0;
    }
    writer->stored_bytes += len;
    return GJ_OK;
}

enum gj_err gj_blob_writer_begin(
    struct gj_blob_writer *writer, int fd, const uint8_t key[GJ_VAULT_KEY_SIZE], uint64_t size_bytes)
{
    memset(writer, 0, sizeof *writer);
    writer->fd = fd;
    writer->size_bytes = size_bytes;
    crypto_hash_sha256_init(&writer->hash);
    uint8_t head[GJ_BLOB_HEAD_SIZE];
    struct gj_writer wr;
    gj_writer_init_fixed(&wr, head, sizeof head);
    gj_writer_u32(&wr, MAGIC);
    gj_writer_u32(&wr, GJ_BLOB_CHUNK);
    gj_writer_u64(&wr, size_bytes);
    crypto_secretstream_xchacha20poly1305_init_push(&writer->stream, head + PUBLIC_HEAD, key);
    return write_all(writer, head, sizeof head);
}

/* What the chunk at offset is authenticated with: the head for the first one, nothing for the others. */
static void chunk_context(uint64_t size_bytes, uint64_t offset, uint8_t out[PUBLIC_HEAD], size_t *len)
{
    struct gj_writer wr;
    gj_writer_init_fixed(&wr, out, PUBLIC_HEAD);
    gj_writer_u32(&wr, MAGIC);
    gj_writer_u32(&wr, GJ_BLOB_CHUNK);
    gj_writer_u64(&wr, size_bytes);
    *len = offset == 0 ? PUBLIC_HEAD : 0;
}

enum gj_err gj_blob_writer_chunk(
    struct gj_blob_writer *writer, uint64_t offset, const uint8_t *data, size_t len, uint8_t *scratch)
{
    uint64_t left = writer->size_bytes - writer->done_bytes;
    if (offset != writer->done_bytes || len == 0 || len != (left < GJ_BLOB_CHUNK ? left : GJ_BLOB_CHUNK)) {
        return GJ_EINVAL;
    }
    bool last = len == left;
    uint8_t context[PUBLIC_HEAD];
    size_t context_len = 0;
    chunk_context(writer->size_bytes, offset, context, &context_len);
    unsigned long long sealed = 0;
    crypto_secretstream_xchacha20poly1305_push(&writer->stream, scratch, &sealed, data, len, context, context_len,
        last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0);
    enum gj_err err = write_all(writer, scratch, (size_t)sealed);
    if (err == GJ_OK) {
        writer->done_bytes += len;
    }
    return err;
}

enum gj_err gj_blob_writer_finish(struct gj_blob_writer *writer, uint8_t name[32])
{
    if (writer->done_bytes != writer->size_bytes) {
        return GJ_EINVAL;
    }
    if (gj_fail_point("blob.sync") || fsync(writer->fd) != 0) {
        return GJ_EIO;
    }
    crypto_hash_sha256_final(&writer->hash, name);
    return GJ_OK;
}

void gj_blob_writer_end(struct gj_blob_writer *writer)
{
    if (writer->fd >= 0) {
        close(writer->fd);
    }
    sodium_memzero(writer, sizeof *writer);
    writer->fd = -1;
}

/* ---- reading ---- */

/* GJ_ECRYPTO: the file is shorter than it must be, so somebody cut it. */
static enum gj_err read_all(int fd, uint8_t *out, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = read(fd, out + done, len - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n == 0 ? GJ_ECRYPTO : gj_err_from_errno(errno);
        }
        done += (size_t)n;
    }
    return GJ_OK;
}

enum gj_err gj_blob_reader_begin(struct gj_blob_reader *reader, int fd, const uint8_t key[GJ_VAULT_KEY_SIZE])
{
    memset(reader, 0, sizeof *reader);
    reader->fd = fd;
    enum gj_err err = read_all(fd, reader->head, sizeof reader->head);
    if (err != GJ_OK) {
        return err;
    }
    struct gj_cursor cur;
    gj_cursor_init(&cur, reader->head, sizeof reader->head);
    uint32_t magic = gj_cursor_u32(&cur);
    uint32_t chunk = gj_cursor_u32(&cur);
    reader->size_bytes = gj_cursor_u64(&cur);
    if (magic != MAGIC || chunk != GJ_BLOB_CHUNK || reader->size_bytes > GJ_BLOB_MAX_BYTES) {
        return GJ_ECRYPTO;
    }
    int rc = crypto_secretstream_xchacha20poly1305_init_pull(&reader->stream, reader->head + PUBLIC_HEAD, key);
    return rc == 0 ? GJ_OK : GJ_ECRYPTO;
}

enum gj_err gj_blob_reader_chunk(struct gj_blob_reader *reader, uint8_t *out, size_t *len, uint8_t *scratch)
{
    uint64_t left = reader->size_bytes - reader->next;
    *len = 0;
    if (left == 0) {
        return GJ_OK;
    }
    size_t plain = left < GJ_BLOB_CHUNK ? (size_t)left : GJ_BLOB_CHUNK;
    size_t sealed = plain + crypto_secretstream_xchacha20poly1305_ABYTES;
    enum gj_err err = read_all(reader->fd, scratch, sealed);
    if (err != GJ_OK) {
        return err;
    }
    unsigned char tag = 0;
    unsigned long long opened = 0;
    int rc = crypto_secretstream_xchacha20poly1305_pull(
        &reader->stream, out, &opened, &tag, scratch, sealed, reader->head, reader->next == 0 ? PUBLIC_HEAD : 0);
    bool last = plain == left;
    if (rc != 0 || opened != plain || (tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL) != last) {
        return GJ_ECRYPTO;
    }
    reader->next += plain;
    *len = plain;
    return GJ_OK;
}

void gj_blob_reader_end(struct gj_blob_reader *reader)
{
    if (reader->fd >= 0) {
        close(reader->fd);
    }
    sodium_memzero(reader, sizeof *reader);
    reader->fd = -1;
}
