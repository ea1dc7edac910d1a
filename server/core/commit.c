#include "core/commit.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "common/log.h"
#include "common/pb.h"
#include "core/core.h"
#include "core/router.h"

struct queue {
    struct gj_request *first;
    struct gj_request **tail;
    unsigned count;
};

/* A batch that was decided, on its way to the loop. */
struct batch {
    struct queue requests;
    enum gj_err err;
    struct batch *next;
};

struct gj_commit {
    struct gj_core *core;
    struct gj_commit_options options;
    struct gj_command_log *log;
    uv_async_t async;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;

    /* under the mutex */
    struct queue waiting;
    struct batch *done;
    struct batch **done_tail;
    bool stop;
    struct gj_commit_figures figures;

    /* loop thread */
    unsigned open; /* added and not yet answered */
    bool draining;
    bool fatal;
    void (*drained)(void *owner);
    void *drained_owner;
};

static void queue_init(struct queue *queue)
{
    queue->first = NULL;
    queue->tail = &queue->first;
    queue->count = 0;
}

static void queue_put(struct queue *queue, struct gj_request *request)
{
    request->next = NULL;
    *queue->tail = request;
    queue->tail = &request->next;
    queue->count++;
}

static struct gj_request *queue_take(struct queue *queue)
{
    struct gj_request *request = queue->first;

    if (request != NULL) {
        queue->first = request->next;
        queue->count--;
        if (queue->first == NULL) {
            queue->tail = &queue->first;
        }
    }
    return request;
}

/* ---- commit thread ---- */

static void on_proposed(void *owner, struct gj_log_group *group, enum gj_err err)
{
    struct batch *batch = owner;

    (void)group;
    batch->err = err;
}

/* Requests nobody waits for any more are not worth a commit. */
static bool is_late(const struct gj_request *request, int64_t now_ms)
{
    return request->give_up_ms != 0 && request->give_up_ms < now_ms;
}

static void decide(struct gj_commit *commit, struct batch *batch)
{
    struct gj_log_group group = {0};
    struct gj_log_item **tail = &group.first;
    int64_t now_ms = (int64_t)(uv_hrtime() / 1000000);

    for (struct gj_request *request = batch->requests.first; request != NULL; request = request->next) {
        if (is_late(request, now_ms)) {
            request->item.err = GJ_ETIMEDOUT;
            continue;
        }
        request->item.next = NULL;
        *tail = &request->item;
        tail = &request->item.next;
        group.count++;
    }
    if (group.count > 0) {
        commit->log->propose(commit->log, &group, on_proposed, batch);
    }
}

static struct batch *gather(struct gj_commit *commit)
{
    struct batch *batch = malloc(sizeof *batch);

    while (batch == NULL) {
        /* Commands are waiting and cannot be thrown away: memory comes back when other requests end. */
        uv_sleep(10);
        batch = malloc(sizeof *batch);
    }
    memset(batch, 0, sizeof *batch);
    queue_init(&batch->requests);
    pthread_mutex_lock(&commit->mutex);
    while (commit->waiting.count == 0 && !commit->stop) {
        pthread_cond_wait(&commit->wake, &commit->mutex);
    }
    while (commit->waiting.count > 0 && batch->requests.count < GJ_COMMIT_BATCH_MAX) {
        queue_put(&batch->requests, queue_take(&commit->waiting));
    }
    pthread_mutex_unlock(&commit->mutex);
    return batch;
}

static void publish(struct gj_commit *commit, struct batch *batch)
{
    pthread_mutex_lock(&commit->mutex);
    commit->figures.batches++;
    commit->figures.commands += batch->requests.count;
    if (batch->requests.count > commit->figures.largest_batch) {
        commit->figures.largest_batch = batch->requests.count;
    }
    *commit->done_tail = batch;
    commit->done_tail = &batch->next;
    pthread_mutex_unlock(&commit->mutex);
    uv_async_send(&commit->async);
}

static void *commit_main(void *arg)
{
    struct gj_commit *commit = arg;

    for (;;) {
        struct batch *batch = gather(commit);

        if (batch->requests.count == 0) {
            free(batch);
            return NULL;
        }
        decide(commit, batch);
        bool fatal = batch->err == GJ_EIO;
        publish(commit, batch);
        if (fatal) {
            return NULL; /* the store is dead; the loop ends the daemon */
        }
    }
}

/* ---- loop thread ---- */

static void answer_batch(struct gj_commit *commit, struct batch *batch)
{
    struct gj_request *request;

    while ((request = queue_take(&batch->requests)) != NULL) {
        enum gj_err err = batch->err != GJ_OK ? batch->err : request->item.err;

        assert(commit->open > 0);
        commit->open--;
        commit->options.on_done(request, err);
    }
    if (batch->err == GJ_OK && commit->options.on_batch != NULL) {
        commit->options.on_batch(commit->core);
    }
}

static void on_async(uv_async_t *handle)
{
    struct gj_commit *commit = handle->data;
    struct batch *batch;

    pthread_mutex_lock(&commit->mutex);
    batch = commit->done;
    commit->done = NULL;
    commit->done_tail = &commit->done;
    pthread_mutex_unlock(&commit->mutex);

    while (batch != NULL) {
        struct batch *next = batch->next;
        enum gj_err err = batch->err;

        answer_batch(commit, batch);
        free(batch);
        batch = next;
        if (err == GJ_EIO && !commit->fatal) {
            commit->fatal = true;
            gj_log(GJ_LOG_ERROR, "commit.disk_failed", GJ_LOG_ERR(err));
            if (commit->core->on_fatal != NULL) {
                commit->core->on_fatal(commit->core, err);
            }
        }
    }
    if (commit->draining && commit->open == 0 && commit->drained != NULL) {
        void (*drained)(void *) = commit->drained;

        commit->drained = NULL;
        drained(commit->drained_owner);
    }
}

static enum gj_err start(struct gj_commit *commit)
{
    if (pthread_mutex_init(&commit->mutex, NULL) != 0) {
        return GJ_ESYS;
    }
    if (pthread_cond_init(&commit->wake, NULL) != 0) {
        pthread_mutex_destroy(&commit->mutex);
        return GJ_ESYS;
    }
    enum gj_err err = gj_command_log_open(commit->core, &commit->log);
    if (err == GJ_OK) {
        if (pthread_create(&commit->thread, NULL, commit_main, commit) == 0) {
            return GJ_OK;
        }
        err = GJ_ESYS;
        commit->log->close(commit->log);
    }
    pthread_cond_destroy(&commit->wake);
    pthread_mutex_destroy(&commit->mutex);
    return err;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

enum gj_err gj_commit_open(struct gj_core *core, const struct gj_commit_options *options, struct gj_commit **out)
{
    struct gj_commit *commit = calloc(1, sizeof *commit);

    if (commit == NULL) {
        return GJ_ENOMEM;
    }
    commit->core = core;
    commit->options = *options;
    queue_init(&commit->waiting);
    commit->done_tail = &commit->done;
    if (uv_async_init(core->loop, &commit->async, on_async) != 0) {
        free(commit);
        return GJ_ESYS;
    }
    commit->async.data = commit;
    enum gj_err err = start(commit);
    if (err != GJ_OK) {
        uv_close((uv_handle_t *)&commit->async, on_closed);
        return err;
    }
    *out = commit;
    return GJ_OK;
}

enum gj_err gj_commit_add(struct gj_commit *commit, struct gj_request *request)
{
    enum gj_err err = GJ_OK;

    if (commit->draining || commit->fatal) {
        return GJ_ECLOSED;
    }
    pthread_mutex_lock(&commit->mutex);
    if (commit->waiting.count >= GJ_COMMIT_QUEUE_MAX) {
        err = GJ_EBUSY;
    } else {
        queue_put(&commit->waiting, request);
        if (commit->waiting.count == 1) {
            pthread_cond_signal(&commit->wake);
        }
    }
    pthread_mutex_unlock(&commit->mutex);
    commit->open += err == GJ_OK;
    return err;
}

enum gj_err gj_commit_system(struct gj_core *core, uint16_t call, const ProtobufCMessage *body,
    void (*on_done)(struct gj_request *request), void *owner)
{
    struct gj_request *request = gj_request_take(gj_router_pool(core->router), core);
    uint8_t *bytes = NULL;

    if (request == NULL) {
        return GJ_ENOMEM;
    }
    struct gj_command *command = &request->item.command;
    enum gj_err err = gj_pb_pack_arena(body, &request->arena, &bytes, &command->body_len);
    if (err == GJ_OK) {
        request->call = gj_core_call(core, call);
        request->phase = GJ_PHASE_COMMIT;
        request->on_done = on_done;
        request->owner = owner;
        command->call = call;
        command->body = bytes;
        command->at_ms = gj_core_now(core);
        randombytes_buf(command->random, sizeof command->random);
        err = gj_commit_add(core->commit, request);
    }
    if (err != GJ_OK) {
        gj_request_give(gj_router_pool(core->router), request);
    }
    return err;
}

void gj_commit_drain(struct gj_commit *commit, void (*drained)(void *owner), void *owner)
{
    commit->draining = true;
    if (commit->open == 0) {
        drained(owner);
        return;
    }
    commit->drained = drained;
    commit->drained_owner = owner;
}

void gj_commit_close(struct gj_commit *commit)
{
    if (commit == NULL) {
        return;
    }
    pthread_mutex_lock(&commit->mutex);
    commit->stop = true;
    pthread_cond_signal(&commit->wake);
    pthread_mutex_unlock(&commit->mutex);
    pthread_join(commit->thread, NULL);
    on_async(&commit->async);
    /* After a failed disk commands may be left that nobody will ever decide. */
    for (struct gj_request *request; (request = queue_take(&commit->waiting)) != NULL;) {
        commit->options.on_done(request, GJ_EIO);
    }
    commit->log->close(commit->log);
    pthread_cond_destroy(&commit->wake);
    pthread_mutex_destroy(&commit->mutex);
    uv_close((uv_handle_t *)&commit->async, on_closed);
}

void gj_commit_figures(struct gj_commit *commit, struct gj_commit_figures *out)
{
    pthread_mutex_lock(&commit->mutex);
    *out = commit->figures;
    out->waiting = commit->waiting.count;
    pthread_mutex_unlock(&commit->mutex);
}
