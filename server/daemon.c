#include "daemon.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <uv.h>

#include "common/keyfile.h"
#include "common/log.h"
#include "control.h"
#include "core/backups.h"
#include "core/commit.h"
#include "core/core.h"
#include "core/due.h"
#include "core/health.h"
#include "core/invitation.h"
#include "core/log.h"
#include "core/password.h"
#include "core/policies.h"
#include "core/push.h"
#include "core/router.h"
#include "core/session.h"
#include "keys.h"
#include "net/net.h"
#include "service/table.h"
#include "store/blob.h"
#include "store/entry.h"
#include "store/store.h"

#define PROXIES_MAX 8
/* Scale of real time, in thousandths. */
#define REAL_TIME 1000

struct gj_daemon {
    const struct gj_daemon_options *options;
    struct gj_arena arena;
    uv_loop_t loop;
    struct gj_core core;
    struct gj_clock clock;
    struct gj_keys keys;
    struct gj_channel_server channel;
    struct gj_net *net;
    struct gj_control *control;
    const char *proxies[PROXIES_MAX + 1];
    uv_signal_t term, interrupt, hangup;
    uv_timer_t watchdog, drain;
    uint64_t drain_until;
    bool handles;
    bool stopping;
    bool drained;
    struct gj_log_replayed replayed;
    enum gj_err fatal;
};

/* ---- bringing up ---- */

/* What sessions are told: which key to pin, and the one that will follow. */
static void publish_keys(struct gj_daemon *daemon)
{
    struct gj_core *core = &daemon->core;

    memcpy(core->server_key, daemon->keys.server[0].public_key, sizeof core->server_key);
    memset(core->successor_key, 0, sizeof core->successor_key);
    if (daemon->keys.stage == GJ_KEYS_ANNOUNCED) {
        memcpy(core->successor_key, daemon->keys.server[1].public_key, sizeof core->successor_key);
    }
    daemon->channel.keys = daemon->keys.server;
    daemon->channel.key_count = daemon->keys.server_count;
}

/* Handshakes under way have copied what they need. The master key stays the one that the vault was opened with. */
static enum gj_err read_keys_anew(void *owner, struct gj_fault *fault)
{
    struct gj_daemon *daemon = owner;
    struct gj_keys keys;
    enum gj_err err = gj_keys_read(daemon->options->dir, &keys, fault);

    if (err == GJ_OK) {
        memcpy(keys.master, daemon->keys.master, sizeof keys.master);
        daemon->keys = keys;
        publish_keys(daemon);
        gj_log(GJ_LOG_INFO, "keys.read", GJ_LOG_U64("server_keys", keys.server_count));
    } else {
        gj_log_fault("keys.unreadable", fault);
    }
    gj_keys_wipe(&keys);
    return err;
}

static enum gj_err open_store(struct gj_daemon *daemon, struct gj_fault *fault)
{
    struct gj_core *core = &daemon->core;
    struct gj_store_options options = {.dir = daemon->options->dir,
        .map_bytes = daemon->options->map_size,
        .reserve_bytes = daemon->options->disk_reserve,
        .pages_every = (unsigned)daemon->options->count_pages};
    enum gj_err err = gj_keys_read(daemon->options->dir, &daemon->keys, fault);

    if (err != GJ_OK) {
        return err;
    }
    memcpy(options.master_key, daemon->keys.master, sizeof options.master_key);
    err = gj_store_open(&options, &core->store, fault);
    gj_secret_wipe(options.master_key, sizeof options.master_key);
    if (err != GJ_OK) {
        return err;
    }
    core->vault = gj_store_vault(core->store);
    core->demo = gj_store_is_demo(core->store);
    memcpy(core->cluster_id, gj_store_cluster_id(core->store), sizeof core->cluster_id);
    publish_keys(daemon);
    gj_invitation_key(daemon->keys.master, core->invitation_key);
    return gj_blob_open(core->store, &core->blob, fault);
}

/* When the newest entry was recorded; 0: there is none. */
static int64_t last_stamp(struct gj_txn *txn)
{
    struct gj_entry_row row;
    uint64_t events = gj_txn_events(txn);

    if (events == 0 || !gj_entry_read(txn, events - 1, &row)) {
        return 0;
    }
    return row.entry.recorded_at;
}

static enum gj_err start_clock(struct gj_daemon *daemon, struct gj_txn *txn, struct gj_fault *fault)
{
    struct gj_core *core = &daemon->core;
    int64_t last_ms = last_stamp(txn);

    gj_clock_init_real(&daemon->clock);
    if (daemon->options->scale != REAL_TIME && !core->demo) {
        return gj_fault_set(fault, GJ_EINVAL, "only a store made with --demo may be run at another pace");
    }
    if (core->demo) {
        /* A story goes on where it stopped, even when that lies in the future. */
        int64_t now_ms = gj_clock_now_ms(&daemon->clock);
        gj_clock_init_scaled(
            &daemon->clock, last_ms > now_ms ? last_ms : now_ms, (double)daemon->options->scale / REAL_TIME);
    }
    core->clock = &daemon->clock;
    gj_watch_begin(&core->watch, gj_clock_sample(&daemon->clock), last_ms);
    core->last_stamp_ms = last_ms;
    return GJ_OK;
}

static enum gj_err read_store(struct gj_daemon *daemon, struct gj_fault *fault)
{
    struct gj_txn *txn = NULL;
    enum gj_err err = gj_txn_begin_read(daemon->core.store, &txn);

    if (err == GJ_OK) {
        err = start_clock(daemon, txn, fault);
    }
    if (err == GJ_OK) {
        err = gj_policies_load(daemon->core.policies, txn, fault);
    }
    if (err == GJ_OK && gj_policies_current(daemon->core.policies, txn) == NULL) {
        err = gj_fault_set(fault, GJ_ECORRUPT, "the store has no policy in force");
    }
    gj_txn_abort(txn);
    return err;
}

static enum gj_err read_health(struct gj_core *core)
{
    struct gj_txn *txn = NULL;
    enum gj_err err = gj_txn_begin_read(core->store, &txn);

    if (err == GJ_OK) {
        gj_health_load(core->health, txn);
        err = gj_txn_error(txn);
    }
    gj_txn_abort(txn);
    return err;
}

static void on_batch(struct gj_core *core)
{
    gj_push_batch(core->push);
    gj_due_batch(core->due);
}

static enum gj_err open_core(struct gj_daemon *daemon)
{
    struct gj_core *core = &daemon->core;
    struct gj_passwords_options passwords = {.threads = (unsigned)daemon->options->password_threads};
    struct gj_commit_options commit = {.on_done = gj_router_committed, .on_batch = on_batch};
    enum gj_err err = gj_health_new(core, &core->health);

    err = err == GJ_OK ? read_health(core) : err;
    err = err == GJ_OK ? gj_sessions_new(core, &core->sessions) : err;
    err = err == GJ_OK ? gj_router_new(core, &core->router) : err;
    err = err == GJ_OK ? gj_push_new(core, &core->push) : err;
    err = err == GJ_OK ? gj_passwords_open(&passwords, &core->passwords) : err;
    err = err == GJ_OK ? gj_commit_open(core, &commit, &core->commit) : err;
    err = err == GJ_OK ? gj_backups_open(core, &core->backups) : err;
    err = err == GJ_OK ? gj_due_open(core, &core->due) : err;
    return err;
}

static void split_proxies(struct gj_daemon *daemon)
{
    size_t count = 0;
    char *rest = NULL;
    char *text = gj_arena_strdup(&daemon->arena, daemon->options->proxies);

    for (char *word = text == NULL ? NULL : strtok_r(text, " ,", &rest); word != NULL && count < PROXIES_MAX;
         word = strtok_r(NULL, " ,", &rest)) {
        daemon->proxies[count++] = word;
    }
}

static enum gj_err open_net(struct gj_daemon *daemon, struct gj_fault *fault)
{
    struct gj_net_options options = {.max_channels = (unsigned)daemon->options->max_channels,
        .max_half_open = (unsigned)daemon->options->max_half_open,
        .handshake_ms = (unsigned)daemon->options->handshake_ms,
        .proxies = daemon->proxies,
        .channel = &daemon->channel};

    memcpy(daemon->channel.cluster_id, daemon->core.cluster_id, sizeof daemon->channel.cluster_id);
    split_proxies(daemon);
    if (gj_options_address(daemon->options->listen, &daemon->arena, &options.host, &options.port) != GJ_OK) {
        return gj_fault_set(fault, GJ_EINVAL, "%s is not ADDRESS:PORT", daemon->options->listen);
    }
    return gj_net_open(&daemon->core, &options, &daemon->net, fault);
}

/* ---- ending ---- */

static void on_drain_tick(uv_timer_t *timer)
{
    struct gj_daemon *daemon = timer->data;

    if ((daemon->drained && gj_net_open_count(daemon->net) == 0) || uv_now(&daemon->loop) > daemon->drain_until) {
        uv_stop(&daemon->loop);
    }
}

static void on_drained(void *owner)
{
    struct gj_daemon *daemon = owner;

    daemon->drained = true;
    gj_net_stop(daemon->net, GJ_CLOSE_SHUTDOWN);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct gj_daemon *daemon = handle->data;

    if (number == SIGHUP) {
        struct gj_fault fault;
        (void)read_keys_anew(daemon, &fault);
        return;
    }
    if (daemon->stopping) {
        return;
    }
    daemon->stopping = true;
    gj_log(GJ_LOG_INFO, "daemon.stopping", GJ_LOG_U64("signal", number));
    sd_notify(0, "STOPPING=1");
    gj_router_stop(daemon->core.router);
    daemon->drain_until = uv_now(&daemon->loop) + GJ_DAEMON_DRAIN_MS;
    uv_timer_start(&daemon->drain, on_drain_tick, 10, 10);
    gj_commit_drain(daemon->core.commit, on_drained, daemon);
}

static void on_fatal(struct gj_core *core, enum gj_err err)
{
    struct gj_daemon *daemon = core->owner;

    daemon->fatal = err;
    uv_stop(&daemon->loop);
}

static void on_watchdog(uv_timer_t *timer)
{
    (void)timer;
    sd_notify(0, "WATCHDOG=1");
}

static void start_handles(struct gj_daemon *daemon)
{
    uint64_t watchdog_us = 0;

    signal(SIGPIPE, SIG_IGN);
    uv_signal_init(&daemon->loop, &daemon->term);
    uv_signal_init(&daemon->loop, &daemon->interrupt);
    uv_signal_init(&daemon->loop, &daemon->hangup);
    uv_timer_init(&daemon->loop, &daemon->watchdog);
    uv_timer_init(&daemon->loop, &daemon->drain);
    daemon->term.data = daemon->interrupt.data = daemon->hangup.data = daemon->drain.data = daemon;
    daemon->handles = true;
    uv_signal_start(&daemon->term, on_signal, SIGTERM);
    uv_signal_start(&daemon->interrupt, on_signal, SIGINT);
    uv_signal_start(&daemon->hangup, on_signal, SIGHUP);
    if (sd_watchdog_enabled(0, &watchdog_us) > 0) {
        uint64_t every_ms = watchdog_us / 2000;
        uv_timer_start(&daemon->watchdog, on_watchdog, every_ms, every_ms);
    }
}

static void close_handles(struct gj_daemon *daemon)
{
    if (!daemon->handles) {
        return;
    }
    uv_close((uv_handle_t *)&daemon->term, NULL);
    uv_close((uv_handle_t *)&daemon->interrupt, NULL);
    uv_close((uv_handle_t *)&daemon->hangup, NULL);
    uv_close((uv_handle_t *)&daemon->watchdog, NULL);
    uv_close((uv_handle_t *)&daemon->drain, NULL);
}

/* In reverse: first what makes work, then what does it, last what it is done on. */
static void take_down(struct gj_daemon *daemon)
{
    struct gj_core *core = &daemon->core;

    gj_control_close(daemon->control);
    gj_net_close(daemon->net);
    uv_run(&daemon->loop, UV_RUN_NOWAIT);
    uv_run(&daemon->loop, UV_RUN_NOWAIT);
    gj_backups_close(core->backups);
    gj_passwords_close(core->passwords);
    gj_blob_close(core->blob);
    gj_commit_close(core->commit);
    gj_due_close(core->due);
    gj_push_free(core->push);
    core->push = NULL;
    gj_router_free(core->router);
    close_handles(daemon);
    while (uv_run(&daemon->loop, UV_RUN_DEFAULT) != 0) {
    }
    gj_sessions_free(core->sessions);
    gj_health_free(core->health);
    gj_policies_free(core->policies);
    gj_store_close(core->store);
    uv_loop_close(&daemon->loop);
    gj_keys_wipe(&daemon->keys);
    gj_secret_wipe(core->invitation_key, sizeof core->invitation_key);
    gj_arena_fini(&daemon->arena);
}

/* ---- serving ---- */

static enum gj_err announce(struct gj_daemon *daemon, struct gj_fault *fault)
{
    char line[32];
    int len = snprintf(line, sizeof line, "%u\n", gj_net_port(daemon->net));

    if (daemon->options->port_file[0] != '\0') {
        enum gj_err err = gj_keyfile_replace(daemon->options->port_file, line, (size_t)len, fault);
        if (err != GJ_OK) {
            return err;
        }
    }
    printf("listening %s %u\n", daemon->options->listen, gj_net_port(daemon->net));
    fflush(stdout);
    gj_log(GJ_LOG_INFO, "daemon.ready", GJ_LOG_U64("port", gj_net_port(daemon->net)),
        GJ_LOG_U64("demo", daemon->core.demo), GJ_LOG_U64("clock_held", daemon->core.watch.held));
    sd_notify(0, "READY=1");
    return GJ_OK;
}

static enum gj_err bring_up(struct gj_daemon *daemon, struct gj_fault *fault)
{
    struct gj_log_replayed replayed;
    enum gj_err err = open_store(daemon, fault);

    if (err == GJ_OK) {
        err = gj_policies_new(&daemon->core.policies);
    }
    if (err == GJ_OK) {
        err = gj_command_log_replay(&daemon->core, &replayed, fault);
    }
    if (err == GJ_OK) {
        err = read_store(daemon, fault);
    }
    if (err == GJ_OK) {
        err = open_core(daemon);
    }
    if (err == GJ_OK) {
        err = open_net(daemon, fault);
    }
    if (err == GJ_OK) {
        struct gj_fault no_control;
        const struct gj_control_options control = {
            .dir = daemon->options->dir, .on_keys = read_keys_anew, .owner = daemon};

        if (gj_control_open(&daemon->core, &control, &daemon->control, &no_control) != GJ_OK) {
            gj_log_fault("daemon.no_control", &no_control);
        }
        start_handles(daemon);
        err = announce(daemon, fault);
    }
    return err;
}

enum gj_err gj_daemon_run(const struct gj_daemon_options *options, struct gj_fault *fault)
{
    struct gj_daemon *daemon = calloc(1, sizeof *daemon);

    if (daemon == NULL || uv_loop_init(&daemon->loop) != 0) {
        free(daemon);
        return gj_fault_set(fault, GJ_ENOMEM, "out of memory");
    }
    gj_arena_init(&daemon->arena, 65536);
    gj_log_set_level(options->debug ? GJ_LOG_DEBUG : GJ_LOG_INFO);
    daemon->options = options;
    daemon->core.loop = &daemon->loop;
    daemon->core.services = gj_service_table;
    daemon->core.owner = daemon;
    daemon->core.on_fatal = on_fatal;
    daemon->core.backup_dir = options->backup_dir[0] != '\0' ? options->backup_dir : NULL;
    daemon->core.backup_keep = (unsigned)options->backup_keep;
    daemon->core.backup_vault_keep = (unsigned)options->backup_vault_keep;
    gj_fault_set(fault, GJ_OK, "the daemon could not start");
    enum gj_err err = bring_up(daemon, fault);
    if (err == GJ_OK) {
        uv_run(&daemon->loop, UV_RUN_DEFAULT);
        err = daemon->fatal;
        if (err != GJ_OK) {
            gj_fault_set(fault, err, "a commit failed in the disk: restart to reopen what was acknowledged");
        }
    }
    take_down(daemon);
    free(daemon);
    return err;
}
