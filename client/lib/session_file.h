#ifndef GJ_CLIENT_SESSION_FILE_H
#define GJ_CLIENT_SESSION_FILE_H

#include "client/include/guanjia.h"

/* The session that a profile keeps between two runs of a program: `session` in the profile's folder, 0600. */
#define SESSION_TOKEN_SIZE 32

struct session_file {
    uint64_t user; /* 0: nobody is logged in */
    char name[193];
    int64_t expires_at;
    uint8_t token[SESSION_TOKEN_SIZE];
};

/* ENOTFOUND when nobody is logged in; ECORRUPT, EDENIED. */
enum guanjia_err session_file_read(const char *dir, struct session_file *out);
enum guanjia_err session_file_write(const char *dir, const struct session_file *session);
enum guanjia_err session_file_remove(const char *dir);

#endif
