/* The running daemon: its parts brought up in order, served by one loop, and taken down in reverse. */
#ifndef GJ_SERVER_DAEMON_H
#define GJ_SERVER_DAEMON_H

#include "common/err.h"
#include "options.h"

/* After this an orderly end does not wait for channels any more. */
#define GJ_DAEMON_DRAIN_MS 5000

/* Serves until SIGTERM or SIGINT. GJ_OK: an orderly end. GJ_EIO: the disk failed in a commit; a restart reopens what
 * was acknowledged. */
enum gj_err gj_daemon_run(const struct gj_daemon_options *options, struct gj_fault *fault);

#endif
