/* Passwords: Argon2id (3 passes, 64 MiB) in a bounded queue with threads of its own, so that a login storm delays no
 * commit and takes no more memory than its threads. And the slowing down of guesses, per account and per device. */
#ifndef GJ_CORE_PASSWORD_H
#define GJ_CORE_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sodium.h>
#include "common/err.h"
#include "common/limits.h"
#include "core/call.h"

struct gj_passwords;

/* Jobs waiting; the next is told BUSY. At some 120 ms each this is eight seconds of one thread. */
#define GJ_PASSWORD_QUEUE_MAX 64
#define GJ_PASSWORD_THREADS_MAX 4
#define GJ_PASSWORD_MIN 8
#define GJ_PASSWORD_HASH_SIZE crypto_pwhash_STRBYTES

/* Allocated in the request's arena by the caller; the password is wiped when the job is done. */
struct gj_password_job {
    char password[GJ_PASSWORD_MAX];
    size_t len;
    bool verify;                      /* against `hash`; else makes `hash` */
    char hash[GJ_PASSWORD_HASH_SIZE]; /* verify: as stored, or empty for an unknown user: costs the same and fails */
    bool ok;                          /* result */
    struct gj_request *request;       /* goes on with gj_call_resume, result = this job */
    struct gj_password_job *next;
};

/* memory_kib and passes 0: the figures above; tests use less. */
struct gj_passwords_options {
    unsigned threads;
    size_t memory_bytes;
    unsigned long long passes;
};
enum gj_err gj_passwords_open(const struct gj_passwords_options *options, struct gj_passwords **out);
/* Ends the threads; jobs still waiting are dropped. */
void gj_passwords_close(struct gj_passwords *passwords);

/* Loop thread, from prepare: defers the call and queues the job. False: refused with INVALID (length) or BUSY (queue
 * full). The call goes on in `resume` with the job as its result. */
bool gj_passwords_hash(struct gj_ctx *ctx, const char *password, const char *field);
bool gj_passwords_verify(struct gj_ctx *ctx, const char *password, const void *hash, size_t hash_len);
/* The same on the calling thread, for tools that have no loop. */
enum gj_err gj_passwords_hash_now(const char *password, char hash[GJ_PASSWORD_HASH_SIZE]);
unsigned gj_passwords_waiting(struct gj_passwords *passwords);

/* ---- guesses ---- */

/* After this many failures in a row the next try has to wait 1 s, then 2, 4 … up to a minute. */
#define GJ_GUESS_FREE 5
#define GJ_GUESS_WAIT_MAX_MS 60000
/* Accounts and devices remembered; the one untouched longest gives way. */
#define GJ_GUESS_SLOTS 4096

/* How long the account (hash of its login name) or device has to wait now; 0: not at all. boot_ms never jumps. */
uint32_t gj_passwords_wait_ms(struct gj_passwords *passwords, const char *login, uint64_t device, int64_t boot_ms);
void gj_passwords_tried(struct gj_passwords *passwords, const char *login, uint64_t device, bool ok, int64_t boot_ms);

#endif
