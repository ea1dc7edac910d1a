/* A socket in the store's folder for whoever may open it: `guanjiad backup` and `guanjiad key` ask the running
 * daemon through it, since only one process may hold the store. One line in, one line out. */
#ifndef GJ_SERVER_CONTROL_H
#define GJ_SERVER_CONTROL_H

#include "common/err.h"
#include "core/core.h"

/* A request is one line of at most this many bytes, from one caller at a time per connection. */
#define GJ_CONTROL_LINE_MAX 4096

/* Besides "backup TARGET": reads the server's keys anew. */
#define GJ_CONTROL_KEYS "keys"

struct gj_control;

/* Reads the server's keys anew; called on the loop. */
typedef enum gj_err gj_control_keys_fn(void *owner, struct gj_fault *fault);

struct gj_control_options {
    const char *dir;
    gj_control_keys_fn *on_keys;
    void *owner;
};

enum gj_err gj_control_open(
    struct gj_core *core, const struct gj_control_options *options, struct gj_control **out, struct gj_fault *fault);
/* The loop must run until its handles are closed. */
void gj_control_close(struct gj_control *control);

/* From another process: sends a line, waits for the answer. GJ_ENOTFOUND: no daemon is running there. */
enum gj_err gj_control_ask(const char *dir, const char *line, char *answer, size_t size, struct gj_fault *fault);

#endif
