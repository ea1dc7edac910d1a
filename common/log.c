#include "common/log.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/limits.h"

#define CODE_MAX 128
#define HEX_MAX 32

/* Event names that may be counted at once; two that share a slot share its second. */
#define RATE_SLOTS 128

struct rate {
    uint64_t second;
    uint32_t lines;
    uint64_t suppressed;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct rate rates[RATE_SLOTS];
static atomic_int threshold = GJ_LOG_INFO;
static atomic_int output = STDERR_FILENO;

void gj_log_set_level(enum gj_log_level level)
{
    atomic_store(&threshold, (int)level);
}

void gj_log_set_fd(int fd)
{
    atomic_store(&output, fd);
}

/* ---- building -------------------------------------------------------------- */

struct line {
    char *out;
    size_t cap; /* the tail that " cut=1\n" needs is kept free */
    size_t len;
};

static bool put(struct line *line, const char *fmt, ...) GJ_PRINTF(2, 3);

/* All or nothing, so that a value never ends in the middle. */
static bool put(struct line *line, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(line->out + line->len, line->cap - line->len, fmt, args);
    va_end(args);
    if (len < 0 || (size_t)len >= line->cap - line->len) {
        return false;
    }
    line->len += (size_t)len;
    return true;
}

static bool put_hex(struct line *line, const char *key, const uint8_t *bytes, size_t len)
{
    char text[2 * HEX_MAX + 1] = "";
    for (size_t i = 0; i < len && i < HEX_MAX; i++) {
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    }
    return put(line, " %s=%s", key, text);
}

/* Words without blanks stand bare, others in quotes; what could forge a line is escaped. */
static bool put_code(struct line *line, const char *key, const char *word)
{
    char text[4 * CODE_MAX + 3];
    size_t len = 0;
    bool bare = word != NULL && word[0] != '\0';
    for (size_t i = 0; word != NULL && word[i] != '\0' && i < CODE_MAX; i++) {
        unsigned char c = (unsigned char)word[i];
        bare = bare && c != ' ' && c != '=';
        if (c < 0x20 || c > 0x7e || c == '"' || c == '\\') {
            len += (size_t)snprintf(text + len, 5, "\\x%02x", c);
        } else {
            text[len++] = (char)c;
        }
    }
    text[len] = '\0';
    return put(line, bare ? " %s=%s" : " %s=\"%s\"", key, text);
}

static bool put_field(struct line *line, const struct gj_log_field *field)
{
    switch (field->type) {
    case GJ_LOG_T_U64:
        return put(line, " %s=%" PRIu64, field->key, field->value.u64);
    case GJ_LOG_T_I64:
        return put(line, " %s=%" PRId64, field->key, field->value.i64);
    case GJ_LOG_T_CODE:
        return put_code(line, field->key, field->value.code);
    case GJ_LOG_T_ERR:
        return put(line, " %s=%s", field->key, gj_err_name(field->value.err));
    case GJ_LOG_T_HEX:
        return put_hex(line, field->key, field->value.hex.bytes, field->value.hex.len);
    }
    return false;
}

size_t gj_log_build(char *out, size_t cap, enum gj_log_level level, const char *event,
    const struct gj_log_field *fields, uint64_t suppressed)
{
    static const char tail[] = " cut=1\n";
    if (cap < sizeof tail + 8) {
        return 0;
    }
    struct line line = {.out = out, .cap = cap - sizeof tail};
    bool whole = put(&line, "<%d>%s", (int)level, event);
    if (whole && suppressed > 0) {
        whole = put(&line, " suppressed=%" PRIu64, suppressed);
    }
    for (const struct gj_log_field *field = fields; whole && field->key != NULL; field++) {
        whole = put_field(&line, field);
    }
    const char *end = whole ? "\n" : tail;
    memcpy(out + line.len, end, strlen(end) + 1);
    return line.len + strlen(end);
}

/* ---- writing --------------------------------------------------------------- */

/* Whether this line may be written, and how many of its name were not. */
static bool admit(const char *event, uint64_t *suppressed)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    uint32_t hash = 2166136261u;
    for (const char *at = event; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * 16777619u;
    }
    struct rate *rate = &rates[hash % RATE_SLOTS];
    bool admitted = true;
    *suppressed = 0;
    pthread_mutex_lock(&lock);
    if (rate->second != (uint64_t)now.tv_sec) {
        rate->second = (uint64_t)now.tv_sec;
        rate->lines = 0;
    }
    if (rate->lines < GJ_LOG_RATE_PER_S) {
        rate->lines++;
        *suppressed = rate->suppressed;
        rate->suppressed = 0;
    } else {
        rate->suppressed++;
        admitted = false;
    }
    pthread_mutex_unlock(&lock);
    return admitted;
}

static void write_line(const char *text, size_t len)
{
    int fd = atomic_load(&output);
    int saved = errno;
    /* A log that cannot be written has nobody to complain to. */
    if (fd >= 0) {
        ssize_t put_bytes = write(fd, text, len);
        (void)put_bytes;
    }
    errno = saved;
}

void gj_log_fields(enum gj_log_level level, const char *event, const struct gj_log_field *fields)
{
    char text[GJ_LOG_LINE_MAX];
    uint64_t suppressed = 0;
    if ((int)level > atomic_load(&threshold) || !admit(event, &suppressed)) {
        return;
    }
    write_line(text, gj_log_build(text, sizeof text, level, event, fields, suppressed));
}

void gj_log_fault(const char *event, const struct gj_fault *fault)
{
    char text[GJ_LOG_LINE_MAX];
    size_t len = 0;
    /* The operator reads this one: the sentence stands as it is, line breaks apart. */
    int size = snprintf(
        text, sizeof text, "<%d>%s err=%s: %s", (int)GJ_LOG_ERROR, event, gj_err_name(fault->err), fault->text);
    len = size < 0 ? 0 : (size_t)size >= sizeof text - 1 ? sizeof text - 2 : (size_t)size;
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            text[i] = ' ';
        }
    }
    text[len++] = '\n';
    write_line(text, len);
}
