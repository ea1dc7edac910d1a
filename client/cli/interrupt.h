#ifndef GJ_CLI_INTERRUPT_H
#define GJ_CLI_INTERRUPT_H

/* Ctrl-C and its kin (SIGINT, SIGTERM, SIGHUP) while something runs that has to end in order: the server is told that
 * the channel closes, the terminal gets its echo back. */

/* From now on they are only noted. Calls that wait are interrupted. */
void interrupt_catch(void);
/* As before; what was noted is forgotten. */
void interrupt_release(void);
/* The first one that came since, 0: none. The exit code is 128 and it. */
int interrupt_signal(void);

#endif
