#include "common/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

const char *gj_err_name(enum gj_err err)
{
    switch (err) {
#define CASE(name, value, text)                                                                                        \
    case name:                                                                                                         \
        return #name;
        GJ_ERR_TABLE(CASE)
#undef CASE
    }
    return "GJ_UNKNOWN";
}

const char *gj_err_text(enum gj_err err)
{
    switch (err) {
#define CASE(name, value, text)                                                                                        \
    case name:                                                                                                         \
        return text;
        GJ_ERR_TABLE(CASE)
#undef CASE
    }
    return "unknown error";
}

enum gj_err gj_err_from_errno(int errnum)
{
    switch (errnum) {
    case 0:
        return GJ_OK;
    case ENOENT:
    case ENOTDIR:
        return GJ_ENOTFOUND;
    case ENOSPC:
    case EDQUOT:
        return GJ_ENOSPC;
    case EIO:
        return GJ_EIO;
    case ENOMEM:
        return GJ_ENOMEM;
    case EACCES:
    case EPERM:
    case EROFS:
        return GJ_EDENIED;
    case EEXIST:
        return GJ_EEXIST;
    default:
        return GJ_ESYS;
    }
}

enum gj_err gj_fault_set(struct gj_fault *fault, enum gj_err err, const char *fmt, ...)
{
    if (fault == NULL) {
        return err;
    }
    fault->err = err;
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(fault->text, sizeof fault->text, fmt, args);
    va_end(args);
    if (len < 0) {
        snprintf(fault->text, sizeof fault->text, "%s", gj_err_text(err));
    } else if ((size_t)len >= sizeof fault->text) {
        /* A path may hold Chinese characters: never end in the middle of one. */
        fault->text[gj_text_cut(fault->text, strlen(fault->text), strlen(fault->text))] = '\0';
    }
    return err;
}
