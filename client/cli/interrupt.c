#include "client/cli/interrupt.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
#define SIGNAL_COUNT (sizeof signals / sizeof signals[0])

static struct sigaction before[SIGNAL_COUNT];
static volatile sig_atomic_t noted;

static void on_signal(int number)
{
    noted = noted != 0 ? noted : number;
}

void interrupt_catch(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal; /* no SA_RESTART: reading a password must come back */
    sigemptyset(&action.sa_mask);
    noted = 0;
    for (size_t n = 0; n < SIGNAL_COUNT; n++) {
        sigaction(signals[n], &action, &before[n]);
    }
}

void interrupt_release(void)
{
    for (size_t n = 0; n < SIGNAL_COUNT; n++) {
        sigaction(signals[n], &before[n], NULL);
    }
    noted = 0;
}

int interrupt_signal(void)
{
    return noted;
}
