#include "client/cli/interrupt.h"
#include "client/cli/nouns.h"
#include "client/cli/resolve.h"
#include "client/cli/show.h"
#include "client/cli/texts.h"
#include "client/cli/value.h"
#include "client/cli/words.h"
#include "common/id.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Pushes printed as they come, one line each: JSON lines with -o json or ndjson, else words. The library reconnects and
 * goes on after the last event; -v shows it. */

#define OFFICES_MAX 200
#define KINDS_MAX 64
#define KNOWN_MAX 128
/* What one printed line needs. */
#define SLICE_MS 200u
#define LINE_ARENA_MAX ((size_t)64 * 1024)

struct watch {
    struct cli *cli;
    uint64_t offices[OFFICES_MAX];
    uint32_t kinds[KINDS_MAX];
    struct guanjia_subscribe what;
    guanjia_subscription *subscription;
    uint64_t left; /* events still to print; 0 = no end */
    const Gj__V1__KindInfo *known[KNOWN_MAX];
    size_t known_count;
    bool over;
    int signal; /* that ended it, 0: none */
    int code;
};

/* The words were asked for before the first event: inside a callback nothing can be waited for. */
static const Gj__V1__KindInfo *kind_of(const struct watch *watch, uint32_t number)
{
    for (size_t n = 0; n < watch->known_count; n++) {
        if (watch->known[n]->kind == number) {
            return watch->known[n];
        }
    }
    return NULL;
}

static void learn_words(struct watch *watch)
{
    const Gj__V1__KindList *all = watch->cli->format == FORMAT_TABLE ? words_all(watch->cli) : NULL;
    for (size_t n = 0; all != NULL && n < all->n_kinds && watch->known_count < KNOWN_MAX; n++) {
        const Gj__V1__KindInfo *kind = words_kind(watch->cli, all->kinds[n]->code);
        if (kind != NULL) {
            watch->known[watch->known_count++] = kind;
        }
    }
}

static void print_words(struct watch *watch, const struct guanjia_event *event)
{
    struct cli *cli = watch->cli;
    char at[VALUE_TIME_SIZE];
    char due[VALUE_TIME_SIZE] = "";
    char id[GJ_ID_TEXT_SIZE];
    struct gj_arena whole = cli->arena; /* a watch may last for weeks: a line leaves nothing behind */
    gj_arena_init(&cli->arena, LINE_ARENA_MAX);
    const Gj__V1__KindInfo *kind = kind_of(watch, event->kind);
    const char *act = words_act(kind, event->act);
    value_format_local(event->at, at);
    gj_id_format(event->id, 0, id);
    fprintf(cli->out, "%s  #%" PRIu64 "  %s  %s  %s%s%s", at, event->event, *event->number != '\0' ? event->number : id,
        *act == '\0'        ? "-"
        : act == event->act ? text_of_word(act)
                            : act,
        words_state(kind, event->from_state), *event->from_state != '\0' || *event->to_state != '\0' ? " → " : "",
        words_state(kind, event->to_state));
    if (event->priority <= 4 && event->kind != 0) {
        fprintf(cli->out, "  %s", words_priority(cli, kind, event->priority));
    }
    if (event->due_at > 0) {
        value_format_local(event->due_at, due);
        fprintf(cli->out, CLI_TEXT("  due %s"), due);
    }
    fputc('\n', cli->out);
    gj_arena_fini(&cli->arena);
    cli->arena = whole;
}

static void print_json(struct watch *watch, const struct guanjia_event *event)
{
    char at[VALUE_TIME_SIZE];
    char due[VALUE_TIME_SIZE] = "";
    value_format_time(event->at, at);
    if (event->due_at > 0) {
        value_format_time(event->due_at, due);
    }
    json_t *line = json_pack("{s:I,s:s,s:i,s:I,s:i,s:I,s:i,s:s,s:s,s:s,s:I,s:I,s:s,s:i,s:o}", "event",
        (json_int_t)event->event, "at", at, "type", (int)event->type, "office", (json_int_t)event->office, "kind",
        (int)event->kind, "id", (json_int_t)event->id, "revision", (int)event->revision, "act", event->act,
        "from_state", event->from_state, "to_state", event->to_state, "actor", (json_int_t)event->actor, "assignee",
        (json_int_t)event->assignee, "number", event->number, "priority", (int)event->priority, "due_at",
        *due != '\0' ? json_string(due) : json_null());
    json_dumpf(line, watch->cli->out, JSON_COMPACT);
    json_decref(line);
    fputc('\n', watch->cli->out);
}

/* No more events are wanted. */
static void end_watch(struct watch *watch)
{
    watch->over = true;
    guanjia_client_break(watch->cli->client);
}

static void on_event(void *arg, const struct guanjia_event *event)
{
    struct watch *watch = arg;
    if (watch->cli->format == FORMAT_TABLE) {
        print_words(watch, event);
    } else {
        print_json(watch, event);
    }
    if (fflush(watch->cli->out) != 0) {
        end_watch(watch); /* whoever read it has gone */
    }
    if (watch->left > 0 && --watch->left == 0) {
        end_watch(watch);
    }
}

static void on_resync(void *arg, enum guanjia_resync why, uint64_t event, uint32_t epoch)
{
    struct watch *watch = arg;
    if (why == GUANJIA_RESYNC_EPOCH) {
        fprintf(watch->cli->err,
            CLI_TEXT("guanjia: the server's history was restored (epoch %u): what came before may be missing\n"),
            epoch);
    } else {
        fprintf(watch->cli->err,
            CLI_TEXT("guanjia: events before number %llu were not seen: look at the lists again\n"),
            (unsigned long long)event);
    }
}

static void on_ended(void *arg, const char *code)
{
    struct watch *watch = arg;
    watch->code = cli_fail(watch->cli, EXIT_STATUS + GUANJIA_S_DENIED, CLI_TEXT("the server ended it: %s"), code);
    end_watch(watch);
}

static int take_filter(struct watch *watch, const struct arg *arg)
{
    struct guanjia_subscribe *what = &watch->what;
    uint64_t number = 0;
    int code = EXIT_OK;
    switch (arg->row->type) {
    case OPTION_OFFICE:
        if (what->office_count == OFFICES_MAX) {
            return cli_fail(watch->cli, EXIT_USAGE, CLI_TEXT("more than %d offices"), OFFICES_MAX);
        }
        code = resolve_office(watch->cli, arg->value, &watch->offices[what->office_count++]);
        break;
    case OPTION_USER:
        code = resolve_user(watch->cli, arg->value, &what->assignee);
        break;
    case OPTION_NUMBER:
        if (!value_u64(arg->value, &number)) {
            return cli_fail(watch->cli, EXIT_USAGE, CLI_TEXT("%s is not a number"), arg->value);
        }
        if (strcmp(arg->row->name, "since") == 0) {
            what->after = number;
            what->from_now = false;
        } else if (strcmp(arg->row->name, "epoch") == 0) {
            what->epoch = (uint32_t)number;
        } else if (strcmp(arg->row->name, "count") == 0) {
            watch->left = number;
        } else if (strcmp(arg->row->name, "kind-number") == 0 && what->kind_count < KINDS_MAX) {
            watch->kinds[what->kind_count++] = (uint32_t)number;
        }
        break;
    default:
        what->role = arg->value;
        break;
    }
    return code;
}

/* In slices: a signal is noted by its handler, and the loop is asked to end by nobody else. */
static void run_until_told(struct watch *watch, uint64_t limit_ms)
{
    guanjia_client *client = watch->cli->client;
    interrupt_catch();
    for (uint64_t run_ms = 0; !watch->over && (limit_ms == 0 || run_ms < limit_ms) && interrupt_signal() == 0;
         run_ms += SLICE_MS) {
        uint64_t left = limit_ms == 0 ? SLICE_MS : limit_ms - run_ms;
        guanjia_client_run(client, (uint32_t)(left < SLICE_MS ? left : SLICE_MS));
        watch->over = watch->over || guanjia_client_state(client) == GUANJIA_STOPPED;
    }
    watch->signal = interrupt_signal();
    interrupt_release();
    if (watch->signal == SIGINT && isatty(STDERR_FILENO)) {
        fputc('\n', watch->cli->err); /* behind the terminal's ^C */
    }
}

int run_watch(struct cli *cli)
{
    struct watch watch = {.cli = cli};
    uint64_t seconds = 0;
    watch.what = (struct guanjia_subscribe){.offices = watch.offices,
        .kinds = watch.kinds,
        .from_now = true,
        .on_event = on_event,
        .on_resync = on_resync,
        .on_ended = on_ended,
        .arg = &watch};
    int code = cli_client(cli);
    if (code == EXIT_OK && guanjia_client_user(cli->client) == 0) {
        code = cli_fail(
            cli, EXIT_STATUS + GUANJIA_S_UNAUTHENTICATED, "%s", CLI_TEXT("nobody is logged in: guanjia login"));
    }
    for (size_t n = 0; n < cli->arg_count && code == EXIT_OK; n++) {
        code = take_filter(&watch, &cli->args[n]);
    }
    if (code == EXIT_OK && cli_arg(cli, "for") != NULL &&
        (!value_u64(cli_arg(cli, "for"), &seconds) || seconds > 4000000)) {
        code = cli_fail(cli, EXIT_USAGE, CLI_TEXT("%s is not a number"), cli_arg(cli, "for"));
    }
    if (code != EXIT_OK) {
        return code;
    }
    learn_words(&watch);
    guanjia_client_start(cli->client);
    if (guanjia_subscribe(cli->client, &watch.what, &watch.subscription) != GUANJIA_OK) {
        return cli_fail(cli, EXIT_LOCAL, "%s", CLI_TEXT("out of memory"));
    }
    run_until_told(&watch, seconds * 1000);
    guanjia_unsubscribe(watch.subscription);
    if (watch.signal != 0) {
        watch.code = 128 + watch.signal; /* main closes the channel, and so tells the server */
    }
    if (watch.code == EXIT_OK && guanjia_client_state(cli->client) == GUANJIA_STOPPED) {
        watch.code = cli_fail(cli, EXIT_ENROL, "%s", CLI_TEXT("this device was revoked"));
    }
    return watch.code;
}
