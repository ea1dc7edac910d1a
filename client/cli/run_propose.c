#include "client/cli/build.h"
#include "client/cli/files.h"
#include "client/cli/nouns.h"
#include "client/cli/show.h"
#include "client/cli/value.h"
#include "proto/envelope.pb-c.h"
#include "proto/policy.pb-c.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Policy versions on the server. */

#define POLICY_FILE_MAX ((size_t)512 * 1024)
#define POLICY_FILES_MAX 200
/* Changed files up to this size go in one message, what is more in pieces of their own. */
#define PROPOSE_WHOLE_MAX ((size_t)60 * 1024)
#define PIECE_BYTES ((size_t)48 * 1024)
#define FILE_OVERHEAD 16
/* A table up to this size goes as it is. */
#define CALENDAR_WHOLE_MAX ((size_t)60 * 1024)

static bool is_yaml(const char *name)
{
    size_t len = strlen(name);
    return len > 5 && name[0] != '.' && strcmp(name + len - 5, ".yaml") == 0;
}

static int add_file(struct cli *cli, Gj__V1__PolicyProposeRequest *request, const char *path, const char *name)
{
    const uint8_t *bytes = NULL;
    size_t len = 0;
    int code = files_read(cli, path, POLICY_FILE_MAX, &bytes, &len);
    if (code != EXIT_OK) {
        return code;
    }
    Gj__V1__PolicyFile *file =
        (Gj__V1__PolicyFile *)build_message(&cli->arena, build_place(&cli->arena, &request->base, "files"));
    if (file == NULL || request->n_files > POLICY_FILES_MAX) {
        return cli_fail(cli, EXIT_LOCAL, CLI_TEXT("more than %d files"), POLICY_FILES_MAX);
    }
    file->name = gj_arena_strdup(&cli->arena, name);
    file->content.data = (uint8_t *)(uintptr_t)bytes;
    file->content.len = len;
    return EXIT_OK;
}

/* The folder itself and one level below it, e.g. forms/. */
static int add_folder(struct cli *cli, Gj__V1__PolicyProposeRequest *request, const char *folder, const char *prefix)
{
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        return cli_fail(cli, EXIT_LOCAL, "%s: %s", folder, strerror(errno));
    }
    int code = EXIT_OK;
    for (const struct dirent *entry = readdir(dir); entry != NULL && code == EXIT_OK; entry = readdir(dir)) {
        struct stat st;
        const char *path = gj_arena_printf(&cli->arena, "%s/%s", folder, entry->d_name);
        const char *name = gj_arena_printf(&cli->arena, "%s%s", prefix, entry->d_name);
        if (path == NULL || name == NULL || entry->d_name[0] == '.' || stat(path, &st) != 0) {
            continue;
        }
        if (S_ISREG(st.st_mode) && is_yaml(entry->d_name)) {
            code = add_file(cli, request, path, name);
        } else if (S_ISDIR(st.st_mode) && *prefix == '\0') {
            code = add_folder(cli, request, path, gj_arena_printf(&cli->arena, "%s/", entry->d_name));
        }
    }
    closedir(dir);
    return code;
}

/* ---- what the server has ----------------------------------------------------------------------------------------- */

static int current_version(struct cli *cli, bool calendar, uint32_t *version)
{
    ProtobufCMessage *reply = NULL;
    Gj__V1__Empty request = GJ__V1__EMPTY__INIT;
    int code = cli_call(cli, GJ__V1__CALL__POLICY_LIST, &request.base, &gj__v1__policy_list__descriptor, &reply);
    if (code == EXIT_OK) {
        const Gj__V1__PolicyList *list = (const Gj__V1__PolicyList *)reply;
        *version = calendar ? list->current_calendar : list->current;
    }
    return code;
}

/* Without a name: the files' names; with one: that file from an offset on. A whole policy is larger than a message. */
static int get_piece(struct cli *cli, uint32_t version, bool calendar, const char *name, uint32_t offset,
    const Gj__V1__PolicyGetReply **out)
{
    ProtobufCMessage *reply = NULL;
    Gj__V1__PolicyGetRequest request = GJ__V1__POLICY_GET_REQUEST__INIT;
    request.version = version;
    request.calendar = calendar;
    request.offset = offset;
    request.name = name != NULL ? (char *)(uintptr_t)name : request.name;
    int code = cli_call(cli, GJ__V1__CALL__POLICY_GET, &request.base, &gj__v1__policy_get_reply__descriptor, &reply);
    *out = (const Gj__V1__PolicyGetReply *)reply;
    return code;
}

static int get_files(struct cli *cli, uint32_t version, bool calendar, const Gj__V1__PolicyGetReply **out)
{
    return get_piece(cli, version, calendar, NULL, 0, out);
}

/* All pieces of one file put together. */
static int get_file(struct cli *cli, uint32_t version, bool calendar, const char *name, const Gj__V1__PolicyFile **out)
{
    Gj__V1__PolicyFile *whole = NULL;
    size_t have = 0;
    size_t size = 0;
    do {
        const Gj__V1__PolicyGetReply *got = NULL;
        int code = get_piece(cli, version, calendar, name, (uint32_t)have, &got);
        if (code == EXIT_OK && got->n_files != 1) {
            code = cli_fail(cli, EXIT_FOUND, CLI_TEXT("version %u has no file %s"), version, name);
        }
        if (code != EXIT_OK) {
            return code;
        }
        const ProtobufCBinaryData *piece = &got->files[0]->content;
        if (whole == NULL) {
            size = got->size > piece->len ? got->size : piece->len;
            whole = got->files[0];
            uint8_t *bytes = size <= POLICY_FILE_MAX ? gj_arena_alloc(&cli->arena, size + 1) : NULL;
            if (bytes == NULL) {
                return cli_fail(cli, EXIT_LOCAL, "%s", CLI_TEXT("out of memory"));
            }
            memcpy(bytes, piece->data, piece->len);
            have = piece->len;
            whole->content = (ProtobufCBinaryData){.data = bytes, .len = size};
        } else if (piece->len == 0 || piece->len > size - have) {
            return cli_fail(cli, EXIT_NETWORK, CLI_TEXT("version %u has no file %s"), version, name);
        } else {
            memcpy(whole->content.data + have, piece->data, piece->len);
            have += piece->len;
        }
    } while (have < size);
    *out = whole;
    return EXIT_OK;
}

/* ---- propose ----------------------------------------------------------------------------------------------------- */

static Gj__V1__PolicyFile *find_file(const Gj__V1__PolicyProposeRequest *request, const char *name)
{
    for (size_t n = 0; n < request->n_files; n++) {
        if (strcmp(request->files[n]->name, name) == 0) {
            return request->files[n];
        }
    }
    return NULL;
}

static void drop_file(Gj__V1__PolicyProposeRequest *request, const Gj__V1__PolicyFile *file)
{
    size_t at = 0;
    while (request->files[at] != file) {
        at++;
    }
    request->files[at] = request->files[--request->n_files];
}

/* Only what differs from the version in force travels; a file that the folder does not have goes as an empty one, which
 * takes it away. */
static int leave_out_unchanged(struct cli *cli, Gj__V1__PolicyProposeRequest *request)
{
    uint32_t version = 0;
    const Gj__V1__PolicyGetReply *names = NULL;
    int code = current_version(cli, false, &version);
    code = code == EXIT_OK ? get_files(cli, version, false, &names) : code;
    for (size_t n = 0; code == EXIT_OK && n < names->n_files; n++) {
        const char *name = names->files[n]->name;
        const Gj__V1__PolicyFile *theirs = NULL;
        Gj__V1__PolicyFile *ours = find_file(request, name);
        if (ours == NULL) {
            ours = (Gj__V1__PolicyFile *)build_message(&cli->arena, build_place(&cli->arena, &request->base, "files"));
            code = ours == NULL ? EXIT_LOCAL : EXIT_OK;
            if (ours != NULL) {
                ours->name = gj_arena_strdup(&cli->arena, name);
            }
            continue;
        }
        code = get_file(cli, version, false, name, &theirs);
        if (code == EXIT_OK && theirs->content.len == ours->content.len &&
            (ours->content.len == 0 || memcmp(theirs->content.data, ours->content.data, ours->content.len) == 0)) {
            drop_file(request, ours);
        }
    }
    return code;
}

static int stage_file(struct cli *cli, const Gj__V1__PolicyFile *file, bool *anew)
{
    int code = EXIT_OK;
    for (size_t at = 0; code == EXIT_OK && at < file->content.len; at += PIECE_BYTES) {
        ProtobufCMessage *reply = NULL;
        Gj__V1__PolicyStageRequest request = GJ__V1__POLICY_STAGE_REQUEST__INIT;
        size_t left = file->content.len - at;
        request.name = file->name;
        request.offset = (uint32_t)at;
        request.content.data = file->content.data + at;
        request.content.len = left < PIECE_BYTES ? left : PIECE_BYTES;
        request.anew = *anew;
        *anew = false;
        code = cli_call(cli, GJ__V1__CALL__POLICY_STAGE, &request.base, &gj__v1__written__descriptor, &reply);
    }
    return code;
}

/* What does not fit into one message goes ahead in pieces; what is to be taken away stays in the request. */
static int stage_large(struct cli *cli, Gj__V1__PolicyProposeRequest *request)
{
    size_t bytes = 0;
    bool anew = true;
    int code = EXIT_OK;
    for (size_t n = 0; n < request->n_files; n++) {
        bytes += request->files[n]->content.len + strlen(request->files[n]->name) + FILE_OVERHEAD;
    }
    if (bytes <= PROPOSE_WHOLE_MAX) {
        return EXIT_OK;
    }
    for (size_t n = 0; code == EXIT_OK && n < request->n_files;) {
        Gj__V1__PolicyFile *file = request->files[n];
        if (file->content.len == 0) {
            n++;
            continue;
        }
        code = stage_file(cli, file, &anew);
        drop_file(request, file);
    }
    request->staged = true;
    return code;
}

int run_policy_propose(struct cli *cli)
{
    ProtobufCMessage *reply = NULL;
    Gj__V1__PolicyProposeRequest request = GJ__V1__POLICY_PROPOSE_REQUEST__INIT;
    request.reason = (char *)(uintptr_t)cli_arg(cli, "reason");
    int code = add_folder(cli, &request, cli_arg(cli, "FOLDER"), "");
    if (code == EXIT_OK && request.n_files == 0) {
        code = cli_fail(cli, EXIT_LOCAL, CLI_TEXT("%s holds no .yaml file"), cli_arg(cli, "FOLDER"));
    }
    code = code == EXIT_OK ? leave_out_unchanged(cli, &request) : code;
    if (code == EXIT_OK && request.n_files == 0) {
        code = cli_fail(cli, EXIT_FOUND, CLI_TEXT("%s is the version in force"), cli_arg(cli, "FOLDER"));
    }
    code = code == EXIT_OK ? stage_large(cli, &request) : code;
    if (code == EXIT_OK) {
        code = cli_call(cli, GJ__V1__CALL__POLICY_PROPOSE, &request.base, &gj__v1__written__descriptor, &reply);
    }
    return code == EXIT_OK ? show_message(cli, reply, NULL) : code;
}

/* What a due date needs of a table; names and sources of the days are for people who read the file. */
static bool needed_column(const char *name, size_t len)
{
    static const char *const names[] = {"date", "is_workday", "day_type", "status"};
    for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
        if (strlen(names[n]) == len && memcmp(names[n], name, len) == 0) {
            return true;
        }
    }
    return false;
}

/* One line's needed cells to the end of out; which ones they are was found in the first line. */
static size_t slim_line(const char *line, size_t len, uint64_t *columns, bool first, char *out)
{
    size_t put = 0;
    size_t at = 0;
    for (unsigned column = 0; at <= len && column < 64; column++) {
        const char *tab = memchr(line + at, '\t', len - at);
        size_t end = tab == NULL ? len : (size_t)(tab - line);
        if (first && needed_column(line + at, end - at)) {
            *columns |= UINT64_C(1) << column;
        }
        if ((*columns >> column & 1) != 0) {
            if (put > 0) {
                out[put++] = '\t';
            }
            memcpy(out + put, line + at, end - at);
            put += end - at;
        }
        at = end + 1;
    }
    out[put++] = '\n';
    return put;
}

/* A table of several years with everything in it is longer than a message; without the remarks four years fit. */
static void slim(struct cli *cli, Gj__V1__CalendarProposeRequest *request)
{
    const char *text = (const char *)request->tsv.data;
    char *out = gj_arena_alloc(&cli->arena, request->tsv.len + 2);
    uint64_t columns = 0;
    size_t put = 0;
    for (size_t at = 0; out != NULL && at < request->tsv.len;) {
        const char *newline = memchr(text + at, '\n', request->tsv.len - at);
        size_t end = newline == NULL ? request->tsv.len : (size_t)(newline - text);
        size_t len = end > at && text[end - 1] == '\r' ? end - 1 - at : end - at;
        put += slim_line(text + at, len, &columns, at == 0, out + put);
        at = end + 1;
    }
    if (out != NULL) {
        request->tsv.data = (uint8_t *)out;
        request->tsv.len = put;
    }
}

int run_calendar_propose(struct cli *cli)
{
    const uint8_t *bytes = NULL;
    ProtobufCMessage *reply = NULL;
    Gj__V1__CalendarProposeRequest request = GJ__V1__CALENDAR_PROPOSE_REQUEST__INIT;
    request.notice = (char *)(uintptr_t)cli_arg(cli, "notice");
    int code = files_read(cli, cli_arg(cli, "FILE"), POLICY_FILE_MAX, &bytes, &request.tsv.len);
    if (code != EXIT_OK) {
        return code;
    }
    request.tsv.data = (uint8_t *)(uintptr_t)bytes;
    if (request.tsv.len > CALENDAR_WHOLE_MAX) {
        slim(cli, &request);
    }
    code = cli_call(cli, GJ__V1__CALL__CALENDAR_PROPOSE, &request.base, &gj__v1__written__descriptor, &reply);
    return code == EXIT_OK ? show_message(cli, reply, NULL) : code;
}

/* A name from the server becomes a path: nothing but plain names one level deep. */
static bool safe_name(const char *name)
{
    return *name != '\0' && *name != '/' && *name != '.' && strstr(name, "..") == NULL && strstr(name, "/.") == NULL;
}

static int write_file(struct cli *cli, const char *folder, const Gj__V1__PolicyFile *file)
{
    if (!safe_name(file->name)) {
        return cli_fail(
            cli, EXIT_NETWORK, CLI_TEXT("the server names a file that is not safe to write: %s"), file->name);
    }
    char *path = gj_arena_printf(&cli->arena, "%s/%s", folder, file->name);
    char *slash = path == NULL ? NULL : strrchr(path, '/');
    if (path == NULL) {
        return cli_fail(cli, EXIT_LOCAL, "%s", CLI_TEXT("out of memory"));
    }
    *slash = '\0';
    if (mkdir(folder, 0755) != 0 && errno != EEXIST) {
        return cli_fail(cli, EXIT_LOCAL, "%s: %s", folder, strerror(errno));
    }
    if (mkdir(path, 0755) != 0 && errno != EEXIST) {
        return cli_fail(cli, EXIT_LOCAL, "%s: %s", path, strerror(errno));
    }
    *slash = '/';
    FILE *out = fopen(path, "wex");
    bool ok = out != NULL &&
              (file->content.len == 0 || fwrite(file->content.data, 1, file->content.len, out) == file->content.len);
    ok = out != NULL && fclose(out) == 0 && ok;
    return ok ? EXIT_OK : cli_fail(cli, EXIT_LOCAL, "%s: %s", path, strerror(errno));
}

static int write_all(struct cli *cli, uint32_t version, bool calendar, const char *to)
{
    const Gj__V1__PolicyGetReply *names = NULL;
    int code = get_files(cli, version, calendar, &names);
    for (size_t n = 0; code == EXIT_OK && n < names->n_files; n++) {
        const Gj__V1__PolicyFile *file = NULL;
        code = get_file(cli, version, calendar, names->files[n]->name, &file);
        if (code == EXIT_OK) {
            code = write_file(cli, to, file);
        }
    }
    return code;
}

static int print_one(struct cli *cli, uint32_t version, bool calendar, const char *name)
{
    const Gj__V1__PolicyFile *file = NULL;
    int code = get_file(cli, version, calendar, name, &file);
    if (code == EXIT_OK && file->content.len > 0) {
        fwrite(file->content.data, 1, file->content.len, cli->out);
    }
    return code;
}

static int print_names(struct cli *cli, uint32_t version, bool calendar)
{
    const Gj__V1__PolicyGetReply *names = NULL;
    int code = get_files(cli, version, calendar, &names);
    for (size_t n = 0; code == EXIT_OK && n < names->n_files; n++) {
        fprintf(cli->out, "%s\n", names->files[n]->name);
    }
    return code;
}

int run_policy_get(struct cli *cli)
{
    int64_t given_version = 0;
    uint32_t version = 0;
    const char *given = cli_arg(cli, "VERSION");
    const char *name = cli_arg(cli, "name");
    const char *to = cli_arg(cli, "to");
    bool calendar = cli_arg(cli, "calendar") != NULL;
    int code = EXIT_OK;
    if (given == NULL) {
        code = current_version(cli, calendar, &version);
    } else if (!value_number(given, &given_version) || given_version < 1 || given_version > UINT32_MAX) {
        return cli_fail(cli, EXIT_USAGE, CLI_TEXT("%s is not a number"), given);
    } else {
        version = (uint32_t)given_version;
    }
    if (code != EXIT_OK) {
        return code;
    }
    if (name != NULL) {
        return print_one(cli, version, calendar, name);
    }
    return to != NULL ? write_all(cli, version, calendar, to) : print_names(cli, version, calendar);
}
