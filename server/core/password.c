#include "core/password.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "core/core.h"
#include "core/password_impl.h"
#include "core/request.h"

#define PASSES 3
#define MEMORY_BYTES ((size_t)64 * 1024 * 1024)

/* What a password is compared with when the user is unknown: the same work, never the same answer. */
static const char dummy_password[] = "no password has this value";

static void work(struct gj_passwords *passwords, struct gj_password_job *job)
{
    if (!job->verify) {
        job->ok = crypto_pwhash_str_alg(job->hash, job->password, job->len, passwords->options.passes,
                      passwords->options.memory_bytes, crypto_pwhash_ALG_ARGON2ID13) == 0;
    } else if (job->hash[0] == '\0') {
        (void)!crypto_pwhash_str_verify(passwords->dummy, job->password, job->len);
        job->ok = false;
    } else {
        job->ok = crypto_pwhash_str_verify(job->hash, job->password, job->len) == 0;
    }
    sodium_memzero(job->password, sizeof job->password);
}

static void *password_main(void *arg)
{
    struct gj_passwords *passwords = arg;

    for (;;) {
        pthread_mutex_lock(&passwords->mutex);
        while (passwords->first == NULL && !passwords->stop) {
            pthread_cond_wait(&passwords->wake, &passwords->mutex);
        }
        if (passwords->stop) {
            pthread_mutex_unlock(&passwords->mutex);
            return NULL;
        }
        struct gj_password_job *job = passwords->first;
        passwords->first = job->next;
        if (passwords->first == NULL) {
            passwords->tail = &passwords->first;
        }
        passwords->waiting--;
        pthread_mutex_unlock(&passwords->mutex);

        work(passwords, job);
        gj_call_resume_later(job->request, job);
    }
}

enum gj_err gj_passwords_open(const struct gj_passwords_options *options, struct gj_passwords **out)
{
    struct gj_passwords *passwords = calloc(1, sizeof *passwords);

    if (passwords == NULL) {
        return GJ_ENOMEM;
    }
    passwords->options = *options;
    if (passwords->options.passes == 0) {
        passwords->options.passes = PASSES;
    }
    if (passwords->options.memory_bytes == 0) {
        passwords->options.memory_bytes = MEMORY_BYTES;
    }
    if (passwords->options.threads == 0 || passwords->options.threads > GJ_PASSWORD_THREADS_MAX) {
        passwords->options.threads = 1;
    }
    passwords->tail = &passwords->first;
    if (crypto_pwhash_str_alg(passwords->dummy, dummy_password, sizeof dummy_password - 1, passwords->options.passes,
            passwords->options.memory_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0) {
        free(passwords);
        return GJ_ENOMEM;
    }
    pthread_mutex_init(&passwords->mutex, NULL);
    pthread_cond_init(&passwords->wake, NULL);
    while (passwords->started < passwords->options.threads) {
        if (pthread_create(&passwords->threads[passwords->started], NULL, password_main, passwords) != 0) {
            gj_passwords_close(passwords);
            return GJ_ESYS;
        }
        passwords->started++;
    }
    *out = passwords;
    return GJ_OK;
}

void gj_passwords_close(struct gj_passwords *passwords)
{
    if (passwords == NULL) {
        return;
    }
    pthread_mutex_lock(&passwords->mutex);
    passwords->stop = true;
    pthread_cond_broadcast(&passwords->wake);
    pthread_mutex_unlock(&passwords->mutex);
    for (unsigned i = 0; i < passwords->started; i++) {
        pthread_join(passwords->threads[i], NULL);
    }
    for (struct gj_password_job *job = passwords->first, *next; job != NULL; job = next) {
        struct gj_request *request = job->request;

        next = job->next;
        sodium_memzero(job->password, sizeof job->password);
        gj_call_resume_later(request, job); /* freed with the router's list */
    }
    pthread_cond_destroy(&passwords->wake);
    pthread_mutex_destroy(&passwords->mutex);
    free(passwords);
}

/* Takes the job into the queue; false: it is full. */
static bool submit(struct gj_passwords *passwords, struct gj_password_job *job)
{
    pthread_mutex_lock(&passwords->mutex);
    bool room = passwords->waiting < GJ_PASSWORD_QUEUE_MAX;
    if (room) {
        job->next = NULL;
        *passwords->tail = job;
        passwords->tail = &job->next;
        passwords->waiting++;
        pthread_cond_signal(&passwords->wake);
    }
    pthread_mutex_unlock(&passwords->mutex);
    return room;
}

static struct gj_password_job *new_job(struct gj_ctx *ctx, const char *password, const char *field)
{
    size_t len = strlen(password);

    if (len < GJ_PASSWORD_MIN || len > GJ_PASSWORD_MAX) {
        gj_refuse(ctx, GJ__V1__STATUS__INVALID, "password.length", field, NULL);
        return NULL;
    }
    struct gj_password_job *job = GJ_ARENA_NEW(ctx->arena, struct gj_password_job);
    if (job == NULL) {
        gj_refuse(ctx, GJ__V1__STATUS__UNAVAILABLE, "memory", NULL, NULL);
        return NULL;
    }
    memcpy(job->password, password, len);
    job->len = len;
    job->request = ctx->pending;
    return job;
}

static bool queue(struct gj_ctx *ctx, struct gj_password_job *job)
{
    if (!submit(ctx->core->passwords, job)) {
        sodium_memzero(job->password, sizeof job->password);
        return gj_answer_busy(ctx, "password.queue_full", 2000);
    }
    /* The job comes back through the loop, so deferring after it was queued is in time. */
    (void)gj_call_defer(ctx);
    return true;
}

bool gj_passwords_hash(struct gj_ctx *ctx, const char *password, const char *field)
{
    struct gj_password_job *job = new_job(ctx, password, field);

    return job != NULL && queue(ctx, job);
}

bool gj_passwords_verify(struct gj_ctx *ctx, const char *password, const void *hash, size_t hash_len)
{
    struct gj_password_job *job = new_job(ctx, password, "password");

    if (job == NULL) {
        return false;
    }
    job->verify = true;
    if (hash_len > 0 && hash_len < sizeof job->hash) {
        memcpy(job->hash, hash, hash_len);
    }
    return queue(ctx, job);
}

enum gj_err gj_passwords_hash_now(const char *password, char hash[GJ_PASSWORD_HASH_SIZE])
{
    return crypto_pwhash_str_alg(
               hash, password, strlen(password), PASSES, MEMORY_BYTES, crypto_pwhash_ALG_ARGON2ID13) == 0
               ? GJ_OK
               : GJ_ENOMEM;
}

unsigned gj_passwords_waiting(struct gj_passwords *passwords)
{
    pthread_mutex_lock(&passwords->mutex);
    unsigned waiting = passwords->waiting;
    pthread_mutex_unlock(&passwords->mutex);
    return waiting;
}
