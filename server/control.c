#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/backups.h"

#define SOCKET_NAME "control"
#define BACKUP_WORD "backup "

struct caller {
    uv_pipe_t pipe;
    struct gj_control *control;
    char line[GJ_CONTROL_LINE_MAX];
    size_t len;
    bool asked; /* a backup is under way for it */
    struct caller *next, **link;
};

struct gj_control {
    struct gj_core *core;
    gj_control_keys_fn *on_keys;
    void *owner;
    uv_pipe_t listen;
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
    struct caller *callers;
    bool closing;
};

static bool path_of(const char *dir, char *out, size_t size)
{
    return snprintf(out, size, "%s/%s", dir, SOCKET_NAME) < (int)size;
}

/* ---- the daemon's side ---- */

static void on_caller_closed(uv_handle_t *handle)
{
    struct caller *caller = handle->data;

    *caller->link = caller->next;
    if (caller->next != NULL) {
        caller->next->link = caller->link;
    }
    free(caller);
}

static void drop(struct caller *caller)
{
    if (!uv_is_closing((uv_handle_t *)&caller->pipe)) {
        uv_close((uv_handle_t *)&caller->pipe, on_caller_closed);
    }
}

static void answer(struct caller *caller, const char *text)
{
    uv_buf_t buf = uv_buf_init((char *)text, (unsigned)strlen(text));

    /* A line fits every socket's buffer; a caller that has gone does not matter. */
    (void)uv_try_write((uv_stream_t *)&caller->pipe, &buf, 1);
    drop(caller);
}

static void on_backup(void *owner, const struct gj_backups_result *result)
{
    struct gj_control *control = owner;
    char line[GJ_CONTROL_LINE_MAX + GJ_FAULT_TEXT_MAX];

    if (result->err == GJ_OK) {
        snprintf(line, sizeof line, "ok %s\n", result->path);
    } else {
        snprintf(line, sizeof line, "failed %s: %s\n", gj_err_name(result->err), result->fault.text);
    }
    for (struct caller *caller = control->callers; caller != NULL; caller = caller->next) {
        if (caller->asked) {
            answer(caller, line);
        }
    }
}

static void read_keys(struct caller *caller)
{
    struct gj_control *control = caller->control;
    struct gj_fault fault = {.text = ""};
    char line[32 + GJ_FAULT_TEXT_MAX];
    enum gj_err err = control->on_keys(control->owner, &fault);

    snprintf(line, sizeof line, err == GJ_OK ? "ok\n" : "failed %s: %s\n", gj_err_name(err), fault.text);
    answer(caller, line);
}

static void take_line(struct caller *caller)
{
    struct gj_control *control = caller->control;

    if (strcmp(caller->line, GJ_CONTROL_KEYS) == 0) {
        read_keys(caller);
        return;
    }
    if (strncmp(caller->line, BACKUP_WORD, strlen(BACKUP_WORD)) != 0) {
        answer(caller, "failed GJ_EINVAL: unknown request\n");
        return;
    }
    enum gj_err err = gj_backups_start(control->core->backups, caller->line + strlen(BACKUP_WORD), on_backup, control);
    if (err == GJ_EBUSY) {
        answer(caller, "failed GJ_EBUSY: a backup is under way\n");
    } else if (err != GJ_OK) {
        answer(caller, "failed GJ_EIO: the backup could not be started\n");
    } else {
        caller->asked = true;
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct caller *caller = handle->data;

    (void)suggested;
    *buf = uv_buf_init(caller->line + caller->len, (unsigned)(sizeof caller->line - 1 - caller->len));
}

static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
    struct caller *caller = stream->data;

    (void)buf;
    if (nread < 0) {
        drop(caller);
        return;
    }
    caller->len += (size_t)nread;
    caller->line[caller->len] = '\0';
    char *end = strchr(caller->line, '\n');
    if (end != NULL && !caller->asked) {
        *end = '\0';
        uv_read_stop(stream);
        take_line(caller);
    } else if (caller->len == sizeof caller->line - 1) {
        drop(caller);
    }
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct gj_control *control = stream->data;
    struct caller *caller = status == 0 ? calloc(1, sizeof *caller) : NULL;

    if (caller == NULL) {
        return;
    }
    caller->control = control;
    uv_pipe_init(control->core->loop, &caller->pipe, 0);
    caller->pipe.data = caller;
    caller->next = control->callers;
    caller->link = &control->callers;
    if (caller->next != NULL) {
        caller->next->link = &caller->next;
    }
    control->callers = caller;
    if (uv_accept(stream, (uv_stream_t *)&caller->pipe) != 0 ||
        uv_read_start((uv_stream_t *)&caller->pipe, on_alloc, on_read) != 0) {
        drop(caller);
    }
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

enum gj_err gj_control_open(
    struct gj_core *core, const struct gj_control_options *options, struct gj_control **out, struct gj_fault *fault)
{
    const char *dir = options->dir;
    struct gj_control *control = calloc(1, sizeof *control);

    if (control == NULL) {
        return gj_fault_set(fault, GJ_ENOMEM, "out of memory");
    }
    control->core = core;
    control->on_keys = options->on_keys;
    control->owner = options->owner;
    uv_pipe_init(core->loop, &control->listen, 0);
    control->listen.data = control;
    int status = UV_ENAMETOOLONG;
    if (path_of(dir, control->path, sizeof control->path)) {
        (void)unlink(control->path); /* left by a daemon that was killed: the store's lock says that none is running */
        mode_t mask = umask(0177);
        status = uv_pipe_bind(&control->listen, control->path);
        umask(mask);
    }
    if (status == 0) {
        status = uv_listen((uv_stream_t *)&control->listen, 8, on_connection);
    }
    if (status != 0) {
        /* Without it the daemon serves all the same; backups are then asked for over a channel. */
        enum gj_err err = gj_fault_set(fault, GJ_ESYS, "no control socket in %s: %s", dir, uv_strerror(status));
        uv_close((uv_handle_t *)&control->listen, on_closed);
        return err;
    }
    *out = control;
    return GJ_OK;
}

void gj_control_close(struct gj_control *control)
{
    if (control == NULL) {
        return;
    }
    for (struct caller *caller = control->callers; caller != NULL; caller = caller->next) {
        drop(caller);
    }
    (void)unlink(control->path);
    /* Callers' handles close before or after: their callbacks look at their own memory alone. */
    uv_close((uv_handle_t *)&control->listen, on_closed);
}

/* ---- the other side ---- */

enum gj_err gj_control_ask(const char *dir, const char *line, char *reply, size_t size, struct gj_fault *fault)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    size_t len = 0;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || !path_of(dir, addr.sun_path, sizeof addr.sun_path)) {
        close(fd);
        return gj_fault_set(fault, GJ_ESYS, "no socket for %s", dir);
    }
    if (connect(fd, (const struct sockaddr *)&addr, sizeof addr) != 0) {
        close(fd);
        return gj_fault_set(fault, GJ_ENOTFOUND, "no daemon is running on %s", dir);
    }
    if (dprintf(fd, "%s\n", line) < 0) {
        close(fd);
        return gj_fault_set(fault, GJ_EIO, "the daemon does not listen");
    }
    for (ssize_t got = 1; got > 0 && len + 1 < size; len += got > 0 ? (size_t)got : 0) {
        got = read(fd, reply + len, size - 1 - len);
    }
    close(fd);
    reply[len] = '\0';
    return len > 0 ? GJ_OK : gj_fault_set(fault, GJ_ECLOSED, "the daemon ended before it answered");
}
