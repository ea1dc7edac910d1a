#ifndef GJ_COMMON_LOG_H
#define GJ_COMMON_LOG_H

#include "common/err.h"

#include <stddef.h>
#include <stdint.h>

/* Structured log lines on stderr, one event per line, for journald and for grep:
 *
 *     <4>net.refused conn=12 err=GJ_ECRYPTO
 *
 * Call as
 *
 *     gj_log(GJ_LOG_WARN, "net.refused", GJ_LOG_U64("conn", id), GJ_LOG_ERR(err));
 *
 * An event name is a string literal "area.what". Values are numbers, codes and
 * errors: personal data (names, phones, rooms of people, free text, keys) is
 * never logged, and there is no way to log a sentence from outside. Lines of one name are rate limited.
 * Safe from any thread; a line is written with one write(2). */

enum gj_log_level {
    GJ_LOG_ERROR = 3, /* syslog numbers: somebody must act */
    GJ_LOG_WARN = 4,
    GJ_LOG_INFO = 6,
    GJ_LOG_DEBUG = 7
};

enum gj_log_type { GJ_LOG_T_U64 = 1, GJ_LOG_T_I64, GJ_LOG_T_CODE, GJ_LOG_T_ERR, GJ_LOG_T_HEX };

struct gj_log_field {
    const char *key;
    enum gj_log_type type;
    union {
        uint64_t u64;
        int64_t i64;
        const char *code;
        enum gj_err err;
        struct {
            const void *bytes;
            size_t len;
        } hex;
    } value;
};

#define GJ_LOG_U64(name, number)                                                                                       \
    ((struct gj_log_field){.key = (name), .type = GJ_LOG_T_U64, .value.u64 = (uint64_t)(number)})
#define GJ_LOG_I64(name, number)                                                                                       \
    ((struct gj_log_field){.key = (name), .type = GJ_LOG_T_I64, .value.i64 = (int64_t)(number)})
/* A word of ours: a state, a table's name, a path from the configuration. Bytes
 * outside printable ASCII are escaped, anything over 128 bytes is cut. */
#define GJ_LOG_CODE(name, word) ((struct gj_log_field){.key = (name), .type = GJ_LOG_T_CODE, .value.code = (word)})
#define GJ_LOG_ERR(error) ((struct gj_log_field){.key = "err", .type = GJ_LOG_T_ERR, .value.err = (error)})
/* Public bytes such as a key's fingerprint; at most 32 are printed. */
#define GJ_LOG_HEX(name, data, size)                                                                                   \
    ((struct gj_log_field){.key = (name), .type = GJ_LOG_T_HEX, .value.hex = {(data), (size)}})

#define gj_log(level, event, ...)                                                                                      \
    gj_log_fields((level), (event), (const struct gj_log_field[]){__VA_ARGS__ __VA_OPT__(, ){.key = NULL}})

/* fields ends with a NULL key. */
void gj_log_fields(enum gj_log_level level, const char *event, const struct gj_log_field *fields);

/* A start-up failure for the operator: text is from us and the configuration. */
void gj_log_fault(const char *event, const struct gj_fault *fault);

/* Lines above this level are dropped; GJ_LOG_INFO at first. */
void gj_log_set_level(enum gj_log_level level);

/* Where lines go; 2 (stderr) at first. Tests give a pipe; -1 is silence. */
void gj_log_set_fd(int fd);

/* Builds one line without writing it; returns its length, newline included. */
size_t gj_log_build(char *out, size_t cap, enum gj_log_level level, const char *event,
    const struct gj_log_field *fields, uint64_t suppressed);

#endif
