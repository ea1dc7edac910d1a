#ifndef GJ_CLIENT_OUTBOX_FILE_H
#define GJ_CLIENT_OUTBOX_FILE_H

#include "client/include/guanjia.h"
#include "client/lib/user_key.h"

/* An append-only file of sealed records, safe against a crash at any moment.
 *
 *   header    "GJOUTBX1", salt 16, user u64, device u64, then HMAC of these under the key (32)      72 bytes
 *   record    length u32 of what follows, then nonce, ciphertext and tag (common/secret.h); the associated data are the
 * salt and the record's number in the file, so a record can be neither moved nor left out
 *
 * Only the last record can be torn, because each one is synced before the next is written: a bad end after which
 * nothing valid follows is cut off, anything else is ECORRUPT. */
struct outbox_file {
    int fd;
    char path[1024];
    uint8_t key[USER_KEY_SIZE];
    uint8_t salt[16];
    uint64_t user;
    uint64_t device;
    uint64_t records; /* number of the next one */
    uint64_t size;    /* bytes that are known to be good */
    bool broken;      /* a failed write could not be undone: EIO until it is opened again */
};

/* One record's plaintext is at most a message and its title. */
#define OUTBOX_RECORD_MAX (80u * 1024)

typedef enum guanjia_err outbox_record_fn(void *arg, const uint8_t *bytes, size_t len);

/* Opens or creates, locks (EBUSY), and gives every record in order; a failure of on_record ends it. */
enum guanjia_err outbox_file_open(struct outbox_file *file, const char *path, const uint8_t key[USER_KEY_SIZE],
    uint64_t user, uint64_t device, outbox_record_fn *on_record, void *arg);
void outbox_file_close(struct outbox_file *file);

/* Durable when it returns OK; after any failure the file is as it was. */
enum guanjia_err outbox_file_append(struct outbox_file *file, const uint8_t *bytes, size_t len);

/* Writes a fresh file beside this one: begin, append to it, then finish puts it in place of the old (which stays whole
 * when anything fails before) and *file is the new one. */
enum guanjia_err outbox_file_rewrite_begin(const struct outbox_file *file, struct outbox_file *fresh);
enum guanjia_err outbox_file_rewrite_finish(struct outbox_file *file, struct outbox_file *fresh);
void outbox_file_rewrite_abandon(struct outbox_file *fresh);

#endif
