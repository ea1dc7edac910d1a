#include "common/fail.h"

#ifdef GJ_FAULTS

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/* Asked on every allocation of every thread, so the common case is one load. */
static atomic_bool armed;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    const char *prefix;
    uint64_t nth;
    uint64_t count;
    bool persistent;
    bool fired;
} plan;

bool gj_fail_point(const char *name)
{
    if (!atomic_load_explicit(&armed, memory_order_acquire)) {
        return false;
    }
    bool fails = false;
    pthread_mutex_lock(&lock);
    if (plan.prefix == NULL || strncmp(name, plan.prefix, strlen(plan.prefix)) == 0) {
        plan.count++;
        fails = plan.count == plan.nth || (plan.persistent && plan.count > plan.nth);
        plan.fired = plan.fired || fails;
    }
    pthread_mutex_unlock(&lock);
    return fails;
}

void gj_fail_arm(const char *prefix, uint64_t nth, bool persistent)
{
    pthread_mutex_lock(&lock);
    plan.prefix = prefix;
    plan.nth = nth;
    plan.count = 0;
    plan.persistent = persistent;
    plan.fired = false;
    pthread_mutex_unlock(&lock);
    atomic_store_explicit(&armed, true, memory_order_release);
}

bool gj_fail_disarm(void)
{
    atomic_store_explicit(&armed, false, memory_order_release);
    pthread_mutex_lock(&lock);
    bool fired = plan.fired;
    plan.prefix = NULL;
    pthread_mutex_unlock(&lock);
    return fired;
}

uint64_t gj_fail_count(void)
{
    pthread_mutex_lock(&lock);
    uint64_t count = plan.count;
    pthread_mutex_unlock(&lock);
    return count;
}

#else

/* ISO C wants something in every file. */
typedef int gj_fail_is_compiled_out;

#endif
