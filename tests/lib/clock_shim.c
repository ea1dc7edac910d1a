/* LD_PRELOAD: the wall clock of one process goes wrong while the boot clock stays right, as when somebody sets the
 * time of the machine. The offset in milliseconds is read from the file named by GJ_CLOCK_OFFSET, so that a test can
 * change it while the process runs. Only clock_gettime(CLOCK_REALTIME), gettimeofday and time are shifted. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long long offset_ms(void)
{
    char text[32];
    const char *path = getenv("GJ_CLOCK_OFFSET");
    int file = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return 0;
    ssize_t size = read(file, text, sizeof(text) - 1);
    close(file);
    if (size <= 0)
        return 0;
    text[size] = '\0';
    return strtoll(text, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    static int (*real)(clockid_t, struct timespec *);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, out);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        long long ms = offset_ms();
        long long ns = out->tv_nsec + ms % 1000 * 1000000;
        out->tv_sec += (time_t)(ms / 1000);
        if (ns < 0) {
            ns += 1000000000;
            out->tv_sec--;
        } else if (ns >= 1000000000) {
            ns -= 1000000000;
            out->tv_sec++;
        }
        out->tv_nsec = (long)ns;
    }
    return result;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    (void)zone;
    struct timespec now;
    int result = clock_gettime(CLOCK_REALTIME, &now);
    out->tv_sec = now.tv_sec;
    out->tv_usec = now.tv_nsec / 1000;
    return result;
}

time_t time(time_t *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}
