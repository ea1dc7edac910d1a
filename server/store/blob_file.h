#ifndef GJ_STORE_BLOB_FILE_H
#define GJ_STORE_BLOB_FILE_H

/* One encrypted attachment as a file, written once from beginning to end:
 *
 *     "GJB1"  u32 chunk size  u64 plaintext size  header of the secretstream (24)
 *     chunk by chunk: ciphertext, 17 bytes longer than its plaintext; the last one is marked as such
 *
 * The first 16 bytes are authenticated with the first chunk. Its name is the SHA-256 of all bytes of the file. */

#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/limits.h"
#include "store/vault.h"

#define GJ_BLOB_HEAD_SIZE 40
#define GJ_BLOB_SEALED_CHUNK (GJ_BLOB_CHUNK + crypto_secretstream_xchacha20poly1305_ABYTES)

/* A file being written. */
struct gj_blob_writer {
    int fd;
    uint64_t size_bytes; /* plaintext announced */
    uint64_t done_bytes;
    uint64_t stored_bytes;
    crypto_secretstream_xchacha20poly1305_state stream;
    crypto_hash_sha256_state hash;
};

/* Takes fd, an empty file. */
enum gj_err gj_blob_writer_begin(
    struct gj_blob_writer *writer, int fd, const uint8_t key[GJ_VAULT_KEY_SIZE], uint64_t size_bytes);
/* Whole chunks in order; only the last one may be shorter. scratch: GJ_BLOB_SEALED_CHUNK bytes. */
enum gj_err gj_blob_writer_chunk(
    struct gj_blob_writer *writer, uint64_t offset, const uint8_t *data, size_t len, uint8_t *scratch);
/* Makes the file durable and gives its name. GJ_EINVAL: chunks are missing. The file stays open. */
enum gj_err gj_blob_writer_finish(struct gj_blob_writer *writer, uint8_t name[32]);
/* Closes the file and wipes the stream. */
void gj_blob_writer_end(struct gj_blob_writer *writer);

/* A file being read; kept open between chunks that are read in order. */
struct gj_blob_reader {
    int fd;
    uint64_t size_bytes;
    uint64_t next; /* offset of the chunk that comes next */
    uint8_t head[GJ_BLOB_HEAD_SIZE];
    crypto_secretstream_xchacha20poly1305_state stream;
};

/* Takes fd. */
enum gj_err gj_blob_reader_begin(struct gj_blob_reader *reader, int fd, const uint8_t key[GJ_VAULT_KEY_SIZE]);
/* The chunk at reader->next into out (GJ_BLOB_CHUNK bytes of room). At the end *len is 0. */
enum gj_err gj_blob_reader_chunk(struct gj_blob_reader *reader, uint8_t *out, size_t *len, uint8_t *scratch);
void gj_blob_reader_end(struct gj_blob_reader *reader);

#endif
