/* Shared by password.c (the queue) and password_guess.c (slowing down). */
#ifndef GJ_CORE_PASSWORD_IMPL_H
#define GJ_CORE_PASSWORD_IMPL_H

#include <pthread.h>

#include "core/password.h"

/* Failures in a row of one account or device. */
struct gj_guess {
    uint64_t what; /* hash of a login name, or a device; 0: free */
    uint32_t failures;
    int64_t free_at_ms;
    int64_t touched_ms;
};

/* A slot is looked for in as many neighbours. */
#define GJ_GUESS_WAYS 8

struct gj_passwords {
    struct gj_passwords_options options;
    char dummy[GJ_PASSWORD_HASH_SIZE];
    pthread_t threads[GJ_PASSWORD_THREADS_MAX];
    unsigned started;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct gj_password_job *first;
    struct gj_password_job **tail;
    unsigned waiting;
    bool stop;
    struct gj_guess guesses[GJ_GUESS_SLOTS]; /* loop thread */
};

#endif
