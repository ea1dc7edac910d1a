/* libguanjia for programs that are not written in C: one profile, spoken to in lines.
 *
 *     bridge enrol DIR INVITATION ADDRESS DEVICE-NAME [USER PASSWORD]
 *     bridge run DIR [once]
 *
 * Lines in:                                          lines out:
 *     C tag call key|- timeout_ms body|-                 A tag err status key code|- field|- repeats body|-
 *     S tag after epoch from_now assignee role|- offices|- kinds|-
 *                                                        E tag event at type office kind id revision act from to actor
 *                                                          assignee number priority due
 *                                                        R tag event epoch          everything up to event was given
 *                                                        Y tag why event epoch      read the lists again
 *                                                        X tag code                 the subscription has ended
 *     U tag                                              (unsubscribes)
 *                                                        T state why                the channel's state
 * Bytes are in hex, "-" is nothing, lists are separated by commas. The end of the input closes the client. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "client/include/guanjia.h"

#define LINE_MAX_BYTES (300 * 1024)
#define LIST_MAX 200

static guanjia_client *client;
static char *line_in;
static size_t line_len;

struct tagged {
    char tag[32];
    guanjia_subscription *subscription;
    struct tagged *next;
};
static struct tagged *subscriptions;

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bridge: %s: %s\n", what, why);
    exit(2);
}

static void print_hex(const uint8_t *bytes, size_t len)
{
    putchar(' ');
    if (len == 0)
        putchar('-');
    for (size_t i = 0; i < len; i++)
        printf("%02x", bytes[i]);
}

/* Gives the bytes in place of the text; the text must be hex. */
static size_t from_hex(char *text)
{
    size_t len = strlen(text) / 2;
    if (strcmp(text, "-") == 0)
        return 0;
    for (size_t i = 0; i < len; i++) {
        unsigned byte;
        if (sscanf(text + 2 * i, "%2x", &byte) != 1)
            die("line", "not hex");
        ((uint8_t *)text)[i] = (uint8_t)byte;
    }
    return len;
}

static const char *word_or_dash(const char *text)
{
    return text == NULL || text[0] == '\0' ? "-" : text;
}

static void on_answer(void *arg, const struct guanjia_answer *answer)
{
    struct tagged *call = arg;
    printf("A %s %d %d", call->tag, (int)answer->err, answer->status);
    print_hex(answer->request_key, GUANJIA_KEY_SIZE);
    printf(" %s %s %u", word_or_dash(answer->code), word_or_dash(answer->field), answer->attempts);
    print_hex(answer->body, answer->err == GUANJIA_OK ? answer->body_len : 0);
    putchar('\n');
    fflush(stdout);
    free(call);
}

static void on_event(void *arg, const struct guanjia_event *event)
{
    const struct tagged *subscription = arg;
    printf("E %s %" PRIu64 " %" PRIi64 " %" PRIu32 " %" PRIu64 " %" PRIu32 " %" PRIu64 " %" PRIu32 " %s %s %s %" PRIu64
           " %" PRIu64 " %s %" PRIu32 " %" PRIi64 "\n",
        subscription->tag, event->event, event->at, event->type, event->office, event->kind, event->id, event->revision,
        word_or_dash(event->act), word_or_dash(event->from_state), word_or_dash(event->to_state), event->actor,
        event->assignee, word_or_dash(event->number), event->priority, event->due_at);
    fflush(stdout);
}

static void on_reached(void *arg, uint64_t event, uint32_t epoch)
{
    const struct tagged *subscription = arg;
    printf("R %s %" PRIu64 " %" PRIu32 "\n", subscription->tag, event, epoch);
    fflush(stdout);
}

static void on_resync(void *arg, enum guanjia_resync why, uint64_t event, uint32_t epoch)
{
    const struct tagged *subscription = arg;
    printf("Y %s %s %" PRIu64 " %" PRIu32 "\n", subscription->tag, why == GUANJIA_RESYNC_GAP ? "gap" : "epoch", event,
        epoch);
    fflush(stdout);
}

static void on_ended(void *arg, const char *code)
{
    const struct tagged *subscription = arg;
    printf("X %s %s\n", subscription->tag, word_or_dash(code));
    fflush(stdout);
}

static void on_state(void *arg, enum guanjia_state state, enum guanjia_err why, uint32_t wait_ms)
{
    (void)arg;
    (void)wait_ms;
    printf("T %s %s\n", guanjia_state_name(state), guanjia_err_name(why));
    fflush(stdout);
}

static struct tagged *tagged_new(const char *tag)
{
    struct tagged *tagged = calloc(1, sizeof(*tagged));
    if (tagged == NULL)
        abort();
    snprintf(tagged->tag, sizeof(tagged->tag), "%s", tag);
    return tagged;
}

static char *next_word(char **rest)
{
    char *word = strsep(rest, " ");
    if (word == NULL)
        die("line", "too few words");
    return word;
}

static void take_call(char *rest)
{
    struct tagged *tagged = tagged_new(next_word(&rest));
    struct guanjia_call call = {.number = (uint32_t)strtoul(next_word(&rest), NULL, 0), .on_answer = on_answer};
    char *key = next_word(&rest);
    call.timeout_ms = (uint32_t)strtoul(next_word(&rest), NULL, 10);
    char *body = next_word(&rest);
    if (from_hex(key) == GUANJIA_KEY_SIZE)
        call.request_key = (const uint8_t *)key;
    call.body_len = from_hex(body);
    call.body = body;
    call.arg = tagged;
    enum guanjia_err err = guanjia_call_start(client, &call, NULL);
    if (err != GUANJIA_OK) {
        struct guanjia_answer answer = {.err = err};
        on_answer(tagged, &answer);
    }
}

static size_t numbers_of(char *text, uint64_t *out)
{
    size_t count = 0;
    for (char *word; strcmp(text, "-") != 0 && count < LIST_MAX;) {
        word = strsep(&text, ",");
        out[count++] = strtoull(word, NULL, 10);
        if (text == NULL)
            break;
    }
    return count;
}

static void take_subscribe(char *rest)
{
    uint64_t offices[LIST_MAX], kinds_wide[LIST_MAX];
    uint32_t kinds[LIST_MAX];
    struct tagged *tagged = tagged_new(next_word(&rest));
    struct guanjia_subscribe wish = {.on_event = on_event, .on_reached = on_reached, .on_resync = on_resync};
    wish.on_ended = on_ended;
    wish.arg = tagged;
    wish.after = strtoull(next_word(&rest), NULL, 10);
    wish.epoch = (uint32_t)strtoul(next_word(&rest), NULL, 10);
    wish.from_now = strcmp(next_word(&rest), "1") == 0;
    wish.assignee = strtoull(next_word(&rest), NULL, 10);
    char *role = next_word(&rest);
    wish.role = strcmp(role, "-") == 0 ? NULL : role;
    wish.offices = offices;
    wish.office_count = numbers_of(next_word(&rest), offices);
    wish.kind_count = numbers_of(next_word(&rest), kinds_wide);
    for (size_t i = 0; i < wish.kind_count; i++)
        kinds[i] = (uint32_t)kinds_wide[i];
    wish.kinds = kinds;
    enum guanjia_err err = guanjia_subscribe(client, &wish, &tagged->subscription);
    if (err != GUANJIA_OK)
        die("subscribe", guanjia_err_name(err));
    tagged->next = subscriptions;
    subscriptions = tagged;
}

static void take_unsubscribe(const char *tag)
{
    for (struct tagged **at = &subscriptions; *at != NULL; at = &(*at)->next) {
        struct tagged *found = *at;
        if (strcmp(found->tag, tag) != 0)
            continue;
        *at = found->next;
        guanjia_unsubscribe(found->subscription);
        free(found);
        return;
    }
}

static void take_line(char *line)
{
    char *rest = line;
    const char *what = next_word(&rest);
    if (strcmp(what, "C") == 0)
        take_call(rest);
    else if (strcmp(what, "S") == 0)
        take_subscribe(rest);
    else if (strcmp(what, "U") == 0)
        take_unsubscribe(next_word(&rest));
    else
        die("line", "begins with an unknown letter");
}

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *out)
{
    (void)handle;
    (void)wanted;
    *out = uv_buf_init(line_in + line_len, (unsigned)(LINE_MAX_BYTES - line_len));
}

static void on_closed(void *arg)
{
    uv_stop(arg);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
    (void)buf;
    if (size < 0) {
        uv_read_stop(stream);
        while (subscriptions != NULL)
            take_unsubscribe(subscriptions->tag);
        guanjia_client_close(client, on_closed, stream->loop);
        return;
    }
    line_len += (size_t)size;
    char *start = line_in;
    for (char *end; (end = memchr(start, '\n', (size_t)(line_in + line_len - start))) != NULL; start = end + 1) {
        *end = '\0';
        take_line(start);
    }
    line_len = (size_t)(line_in + line_len - start);
    if (line_len == LINE_MAX_BYTES)
        die("line", "too long");
    memmove(line_in, start, line_len);
}

static int enrol(int argc, char **argv)
{
    struct guanjia_profile profile;
    struct guanjia_answer answer = {.err = GUANJIA_OK};
    struct guanjia_fault fault = {.text = ""};
    struct guanjia_enrolment enrolment = {
        .invitation = argv[3],
        .address = argv[4],
        .device_name = argv[5],
        .user_name = argc > 7 ? argv[6] : NULL,
        .password = argc > 7 ? argv[7] : NULL,
    };
    enum guanjia_err err = guanjia_enrol(argv[2], &enrolment, &profile, &answer, &fault);
    printf("%s %s %s\n", guanjia_err_name(err), guanjia_status_name(answer.status), word_or_dash(answer.code));
    if (err == GUANJIA_OK && answer.status == GUANJIA_S_OK)
        printf("%" PRIu64 " %" PRIu64 "\n", profile.device, profile.office);
    else
        fprintf(stderr, "%s\n", fault.text);
    return err == GUANJIA_OK && answer.status == GUANJIA_S_OK ? 0 : 1;
}

static int run(const char *dir, bool once)
{
    uv_loop_t *loop = uv_default_loop();
    struct guanjia_options options = {.loop = loop, .on_state = on_state, .program = "bridge", .once = once};
    options.backoff_min_ms = 20;
    options.backoff_max_ms = 200;
    struct guanjia_fault fault;
    if (guanjia_client_open(dir, &options, &client, &fault) != GUANJIA_OK)
        die(dir, fault.text);
    if ((line_in = malloc(LINE_MAX_BYTES)) == NULL)
        abort();
    uv_pipe_t input;
    uv_pipe_init(loop, &input, 0);
    uv_pipe_open(&input, 0);
    uv_read_start((uv_stream_t *)&input, on_alloc, on_read);
    guanjia_client_start(client);
    uv_run(loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&input, NULL);
    uv_run(loop, UV_RUN_DEFAULT);
    free(line_in);
    return 0;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc >= 6 && strcmp(argv[1], "enrol") == 0)
        return enrol(argc, argv);
    if (argc >= 3 && strcmp(argv[1], "run") == 0)
        return run(argv[2], argc > 3);
    fputs("usage: bridge enrol DIR INVITATION ADDRESS NAME [USER PASSWORD] | bridge run DIR [once]\n", stderr);
    return 2;
}
