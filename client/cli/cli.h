#ifndef GJ_CLI_CLI_H
#define GJ_CLI_CLI_H

#include "client/cli/command.h"
#include "client/include/guanjia.h"
#include "common/arena.h"

#include "proto/register.pb-c.h"

#include <libintl.h>
#include <stdbool.h>
#include <stdio.h>

/* What every command works with: the parsed line, the profile, one client, where output goes. */

#define CLI_TEXT(text) gettext(text)

/* Exit codes; a refusal's is 10 + its status number. The man page has the table. */
enum cli_exit {
    EXIT_OK = 0,
    EXIT_FOUND = 1, /* the check found something wrong */
    EXIT_USAGE = 2,
    EXIT_LOCAL = 3,   /* a local file or the profile */
    EXIT_NETWORK = 4, /* no connection, or no answer in time */
    EXIT_ENROL = 5,   /* not enrolled, or revoked */
    EXIT_STATUS = 10
};

enum cli_format { FORMAT_TABLE, FORMAT_JSON, FORMAT_NDJSON };

#define ARGS_MAX 512

/* One option of the line with its value; row is of the command's table. */
struct arg {
    const struct option_row *row;
    const char *value; /* "" for a flag */
};

struct cli {
    const struct command *command;
    struct arg args[ARGS_MAX];
    size_t arg_count;

    enum cli_format format;
    bool verbose;
    bool quiet;        /* no hints on stderr */
    bool all;          /* follow the cursor to the end */
    bool to_outbox;    /* note the write instead of sending it */
    bool unconnected;  /* only what is kept at this device is looked at (completion) */
    const char *after; /* with to_outbox: key of the item it follows, hex */
    uint32_t limit;
    const char *cursor;
    uint32_t timeout_ms;
    const char *profile;
    char dir[512];

    struct gj_arena arena; /* everything of this run */
    guanjia_client *client;
    const Gj__V1__KindInfo *kind;  /* declaration of what the command is about, NULL until asked for (kind.h) */
    uint64_t office;               /* whose staff the people in what is shown most likely are; 0 = not known */
    struct words *words;           /* the server's words (words.h); NULL until asked for */
    struct guanjia_profile loaded; /* dir is "" until cli_profile */
    FILE *out;
    FILE *err;
};

/* Reads the profile once; says what is wrong and gives an exit code otherwise. */
int cli_profile(struct cli *cli);
/* Opens the client once. */
int cli_client(struct cli *cli);

/* Makes one call and waits. EXIT_OK: *reply is the unpacked answer (in the arena). Otherwise what went wrong has been
 * said. */
int cli_call(struct cli *cli, uint32_t call, const ProtobufCMessage *request,
    const ProtobufCMessageDescriptor *reply_type, ProtobufCMessage **reply);

/* The same without saying anything; *answer lives until the next call. */
enum guanjia_err cli_call_quietly(
    struct cli *cli, uint32_t call, const ProtobufCMessage *request, const struct guanjia_answer **answer);

/* Says why an answer is not OK and gives the exit code; EXIT_OK for one that is. */
int cli_answer_exit(struct cli *cli, enum guanjia_err err, const struct guanjia_answer *answer);

/* A message for a person on stderr, "guanjia: …". Returns code. */
int cli_fail(struct cli *cli, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Frees cli->words; at the end of a run. */
void cli_forget_words(struct cli *cli);

/* The value of an option of the line; NULL when it was not given. */
const char *cli_arg(const struct cli *cli, const char *name);
/* An empty request of this type. */
ProtobufCMessage *cli_new(struct cli *cli, const ProtobufCMessageDescriptor *type);

/* The generic way: fills the request from the line, calls, prints. Also for functions that only prepare something. */
int cli_run_generic(struct cli *cli);
/* Fills a request from the line's options that have a path. */
int cli_fill(struct cli *cli, ProtobufCMessage *request);
/* Calls with a filled request and prints. */
int cli_send(struct cli *cli, ProtobufCMessage *request);
/* The same for a list, with other columns than the command's (NULL: those). */
int cli_send_list(struct cli *cli, ProtobufCMessage *request, const char *columns);

#endif
