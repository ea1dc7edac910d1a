#include "client/lib/client_internal.h"

#include <stdlib.h>
#include <string.h>

/* The blocking form of a call: a copy of the answer in one block, kept until the next one. */

struct wait {
    guanjia_client *client;
    bool over;
    enum guanjia_err err;
};

static size_t text_size(const char *text)
{
    return strlen(text) + 1;
}

static char *put_text(char **at, const char *text)
{
    char *copy = *at;
    size_t size = text_size(text);
    memcpy(copy, text, size);
    *at += size;
    return copy;
}

static struct guanjia_answer *copy_answer(const struct guanjia_answer *from)
{
    size_t size = sizeof *from + from->param_count * sizeof(char *) + from->body_len + text_size(from->code) +
                  text_size(from->field);
    for (size_t n = 0; n < from->param_count; n++) {
        size += text_size(from->params[n]);
    }
    struct guanjia_answer *copy = malloc(size);
    if (copy == NULL) {
        return NULL;
    }
    *copy = *from;
    const char **params = (const char **)(void *)(copy + 1);
    char *at = (char *)(params + from->param_count);
    for (size_t n = 0; n < from->param_count; n++) {
        params[n] = put_text(&at, from->params[n]);
    }
    copy->params = params;
    copy->code = put_text(&at, from->code);
    copy->field = put_text(&at, from->field);
    if (from->body_len > 0) {
        memcpy(at, from->body, from->body_len);
    }
    copy->body = (const uint8_t *)at;
    return copy;
}

static void on_answer(void *arg, const struct guanjia_answer *answer)
{
    struct wait *wait = arg;
    wait->client->waited = copy_answer(answer);
    wait->err = wait->client->waited == NULL ? GUANJIA_ENOMEM : answer->err;
    wait->over = true;
    uv_stop(wait->client->loop);
}

enum guanjia_err guanjia_call_wait(
    guanjia_client *client, const struct guanjia_call *call, const struct guanjia_answer **answer)
{
    if (!client->owns_loop) {
        return GUANJIA_EINVAL;
    }
    struct wait wait = {.client = client};
    struct guanjia_call inner = *call;
    inner.on_answer = on_answer;
    inner.arg = &wait;
    free(client->waited);
    client->waited = NULL;
    enum guanjia_err err = guanjia_client_start(client);
    if (err == GUANJIA_OK) {
        err = guanjia_call_start(client, &inner, NULL);
    }
    if (err != GUANJIA_OK) {
        return err;
    }
    while (!wait.over) {
        uv_run(client->loop, UV_RUN_DEFAULT);
    }
    if (answer != NULL) {
        *answer = client->waited;
    }
    return wait.err;
}

static void on_run_over(uv_timer_t *timer)
{
    guanjia_client_break(timer->data);
}

static void on_run_closed(uv_handle_t *handle)
{
    *(bool *)handle->data = true;
}

void guanjia_client_run(guanjia_client *client, uint32_t run_ms)
{
    uv_timer_t limit;
    bool closed = false;
    if (!client->owns_loop) {
        return;
    }
    client->broken = false;
    if (run_ms != 0) {
        uv_timer_init(client->loop, &limit);
        limit.data = client;
        uv_timer_start(&limit, on_run_over, run_ms, 0);
    }
    while (!client->broken && uv_run(client->loop, UV_RUN_DEFAULT) != 0) {
        /* uv_stop by an inner call's end is no reason to leave */
    }
    if (run_ms != 0) {
        limit.data = &closed;
        uv_close((uv_handle_t *)&limit, on_run_closed);
        while (!closed) {
            uv_run(client->loop, UV_RUN_ONCE);
        }
    }
}

void guanjia_client_break(guanjia_client *client)
{
    client->broken = true;
    uv_stop(client->loop);
}
