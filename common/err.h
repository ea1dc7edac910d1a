#ifndef GJ_COMMON_ERR_H
#define GJ_COMMON_ERR_H

/* Machinery failures: the one family of errors shared by every layer.
 *
 * A refusal by the rules is an answer and lives elsewhere; our own bug is an
 * assert. A function returning enum gj_err leaves its outputs untouched unless
 * it returns GJ_OK, except where its header says otherwise. */

/* name, value, English text for logs and start-up messages. Values are stable:
 * they are written into log lines that operators search for. */
#define GJ_ERR_TABLE(X)                                                                                                \
    X(GJ_OK, 0, "no error")                                                                                            \
    X(GJ_AGAIN, 1, "more input or more time is needed")                                                                \
    X(GJ_EOF, 2, "orderly end")                                                                                        \
    X(GJ_ENOMEM, 3, "out of memory")                                                                                   \
    X(GJ_EINVAL, 4, "malformed input")                                                                                 \
    X(GJ_ETOOBIG, 5, "a limit of size or count was passed")                                                            \
    X(GJ_ENOTFOUND, 6, "not found")                                                                                    \
    X(GJ_EEXIST, 7, "exists already")                                                                                  \
    X(GJ_EIO, 8, "input or output failed")                                                                             \
    X(GJ_ENOSPC, 9, "no space left on the disk")                                                                       \
    X(GJ_EFULL, 10, "the store's map is full")                                                                         \
    X(GJ_ECORRUPT, 11, "stored bytes are damaged")                                                                     \
    X(GJ_ECRYPTO, 12, "bytes could not be authenticated")                                                              \
    X(GJ_ECLOSED, 13, "closed or cut")                                                                                 \
    X(GJ_ETIMEDOUT, 14, "timed out")                                                                                   \
    X(GJ_EVERSION, 15, "the version is not supported")                                                                 \
    X(GJ_EBUSY, 16, "busy")                                                                                            \
    X(GJ_EDENIED, 17, "access was denied")                                                                             \
    X(GJ_ESYS, 18, "the operating system refused")

enum gj_err {
#define GJ_ERR_ENUM(name, value, text) name = (value),
    GJ_ERR_TABLE(GJ_ERR_ENUM)
#undef GJ_ERR_ENUM
};

/* On functions whose result nobody may ignore. */
#define GJ_CHECKED __attribute__((warn_unused_result))
#define GJ_PRINTF(fmt_index, args_index) __attribute__((format(printf, fmt_index, args_index)))

/* "GJ_EINVAL"; "GJ_UNKNOWN" for a value outside the table. Static strings. */
const char *gj_err_name(enum gj_err err);

/* "malformed input"; static strings. */
const char *gj_err_text(enum gj_err err);

/* The family member for an errno value: ENOENT becomes GJ_ENOTFOUND, ENOSPC and
 * EDQUOT GJ_ENOSPC, EIO GJ_EIO, ENOMEM GJ_ENOMEM, EACCES and EPERM GJ_EDENIED,
 * EEXIST GJ_EEXIST, anything else GJ_ESYS. */
enum gj_err gj_err_from_errno(int errnum);

/* A failure that a person reads: start-up, configuration, command line. Never
 * sent to a client and never holding personal data. */
#define GJ_FAULT_TEXT_MAX 256
struct gj_fault {
    enum gj_err err;
    char text[GJ_FAULT_TEXT_MAX]; /* always terminated, cut at a character when too long */
};

/* Fills *fault (which may be NULL) and returns err, so that a caller can write
 * `return gj_fault_set(fault, GJ_EINVAL, "%s:%d: …", file, line);`. */
enum gj_err gj_fault_set(struct gj_fault *fault, enum gj_err err, const char *fmt, ...) GJ_PRINTF(3, 4);

#endif
