#include "client/cli/csv.h"
#include "client/cli/files.h"
#include "client/cli/nouns.h"
#include "client/cli/resolve.h"
#include "client/cli/show.h"
#include "client/cli/texts.h"
#include "client/cli/value.h"
#include "common/limits.h"
#include "common/pb.h"
#include "proto/directory.pb-c.h"

#include <string.h>

/* Files go up in chunks of whole rows; the server says what is wrong with which line and what would change; only then
 * is it made visible, all or nothing. */

#define IMPORT_FILE_MAX ((size_t)200 * 1024 * 1024)
#define CHUNK_MAX ((size_t)48 * 1024)
/* More than any import has. */
#define HEADER_COLUMNS_MAX 96

struct import {
    struct cli *cli;
    uint64_t id;
    const char *text;
    size_t len;
    uint64_t line; /* of the next row, from 1 */
    uint32_t chunk;
};

/* The server tells a column by its position; people know it by its name. */
static const char *column_name(struct cli *cli, const char *header, const char *position)
{
    uint64_t at = 0;
    char *cells[HEADER_COLUMNS_MAX];
    size_t count = 0;
    char *copy = gj_arena_printf(&cli->arena, "%s\n", header);
    bool found = copy != NULL && value_u64(position, &at) && at > 0 &&
                 csv_split(copy, strlen(copy), cells, HEADER_COLUMNS_MAX, &count) && at <= count;
    return found ? cells[at - 1] : "";
}

static int call_begin(struct import *import, const Gj__V1__ImportBeginRequest *request, ProtobufCMessage **reply)
{
    struct cli *cli = import->cli;
    const struct guanjia_answer *answer = NULL;
    int code = cli_client(cli);
    if (code != EXIT_OK) {
        return code;
    }
    enum guanjia_err err = cli_call_quietly(cli, GJ__V1__CALL__DIR_IMPORT_BEGIN, &request->base, &answer);
    code = cli_answer_exit(cli, err, answer);
    if (code != EXIT_OK && err == GUANJIA_OK && strncmp(answer->code, "column_", 7) == 0 && answer->param_count > 1) {
        const char *name = column_name(cli, request->header, answer->params[1]);
        if (*name != '\0') {
            fprintf(cli->err, CLI_TEXT("guanjia: line 1, column %s: “%s”\n"), answer->params[1], name);
        }
        fprintf(cli->err, CLI_TEXT("guanjia: the columns there are: guanjia %s import --help\n"), cli->command->noun);
    }
    if (code == EXIT_OK &&
        gj_pb_unpack(&gj__v1__written__descriptor, &cli->arena, answer->body, answer->body_len, reply) != GJ_OK) {
        code = cli_fail(cli, EXIT_NETWORK, "%s", CLI_TEXT("the server's answer cannot be read"));
    }
    return code;
}

static int begin(struct import *import, const char *what)
{
    struct cli *cli = import->cli;
    ProtobufCMessage *reply = NULL;
    Gj__V1__ImportBeginRequest request = GJ__V1__IMPORT_BEGIN_REQUEST__INIT;
    size_t lines = 0;
    size_t row = csv_row(import->text, import->len, &lines);
    request.header = gj_arena_strndup(&cli->arena, import->text, strcspn(import->text, "\r\n"));
    request.what = (char *)(uintptr_t)what;
    int code = cli_arg(cli, "office") == NULL ? EXIT_OK : resolve_office(cli, cli_arg(cli, "office"), &request.office);
    if (code == EXIT_OK) {
        code = call_begin(import, &request, &reply);
    }
    if (code == EXIT_OK) {
        import->id = ((const Gj__V1__Written *)reply)->id;
        import->text += row;
        import->len -= row;
        import->line = lines + 1;
    }
    return code;
}

static int send_rows(struct import *import)
{
    struct cli *cli = import->cli;
    int code = EXIT_OK;
    while (import->len > 0 && code == EXIT_OK) {
        ProtobufCMessage *reply = NULL;
        Gj__V1__ImportChunkRequest request = GJ__V1__IMPORT_CHUNK_REQUEST__INIT;
        size_t size = 0;
        uint64_t lines_taken = 0;
        for (size_t rows = 0; size < import->len && rows < GJ_IMPORT_CHUNK_ROWS_MAX; rows++) {
            size_t lines = 0;
            size_t row = csv_row(import->text + size, import->len - size, &lines);
            if (size + row > CHUNK_MAX) {
                break;
            }
            size += row;
            lines_taken += lines;
        }
        if (size == 0) {
            return cli_fail(cli, EXIT_FOUND, CLI_TEXT("line %llu is longer than %zu bytes"),
                (unsigned long long)import->line, CHUNK_MAX);
        }
        request.import = import->id;
        request.chunk = import->chunk++;
        request.first_line = import->line;
        request.lines.data = (uint8_t *)(uintptr_t)import->text;
        request.lines.len = size;
        code = cli_call(cli, GJ__V1__CALL__DIR_IMPORT_CHUNK, &request.base, &gj__v1__written__descriptor, &reply);
        import->text += size;
        import->len -= size;
        import->line += lines_taken;
        if (cli->verbose && import->chunk % 100 == 0) {
            fprintf(cli->err, CLI_TEXT("guanjia: line %llu\n"), (unsigned long long)import->line);
        }
    }
    return code;
}

static void print_problem(struct cli *cli, const Gj__V1__ImportProblem *problem)
{
    char filled[400];
    const char *text = text_of_refusal(problem->code);
    text_fill(text != NULL ? CLI_TEXT(text) : problem->code, show_title(problem->field),
        (const char *const *)problem->params, problem->n_params, filled, sizeof filled);
    fprintf(cli->out, CLI_TEXT("line %llu: %s (%s)\n"), (unsigned long long)problem->line, filled, problem->code);
}

static void print_change(struct cli *cli, const Gj__V1__ImportChange *change)
{
    fprintf(cli->out, CLI_TEXT("line %llu: %s changes:"), (unsigned long long)change->line, change->key);
    for (size_t n = 0; n < change->n_fields; n++) {
        fprintf(cli->out, " %s", change->fields[n]);
    }
    fputc('\n', cli->out);
}

/* Asks until there is nothing after the last line told; prints in words or, once, as JSON of the first report. */
static int report(struct import *import, Gj__V1__ImportReport **first)
{
    struct cli *cli = import->cli;
    Gj__V1__ImportReportRequest request = GJ__V1__IMPORT_REPORT_REQUEST__INIT;
    bool words = cli->format == FORMAT_TABLE;
    bool more = true;
    request.import = import->id;
    *first = NULL;
    while (more) {
        ProtobufCMessage *reply = NULL;
        int code =
            cli_call(cli, GJ__V1__CALL__DIR_IMPORT_REPORT, &request.base, &gj__v1__import_report__descriptor, &reply);
        if (code != EXIT_OK) {
            return code;
        }
        Gj__V1__ImportReport *said = (Gj__V1__ImportReport *)reply;
        uint64_t last = request.after_line;
        for (size_t n = 0; n < said->n_problems; n++) {
            last = said->problems[n]->line > last ? said->problems[n]->line : last;
            if (words) {
                print_problem(cli, said->problems[n]);
            }
        }
        for (size_t n = 0; n < said->n_changes; n++) {
            last = said->changes[n]->line > last ? said->changes[n]->line : last;
            if (words && !cli->quiet) {
                print_change(cli, said->changes[n]);
            }
        }
        more = words && last > request.after_line;
        request.after_line = last;
        *first = *first != NULL ? *first : said;
    }
    return EXIT_OK;
}

static int finish(struct import *import, const Gj__V1__ImportReport *said)
{
    struct cli *cli = import->cli;
    ProtobufCMessage *reply = NULL;
    Gj__V1__ImportCommitRequest request = GJ__V1__IMPORT_COMMIT_REQUEST__INIT;
    bool abandon = said->bad > 0 || cli_arg(cli, "preview") != NULL;
    request.import = import->id;
    if (cli->format == FORMAT_TABLE) {
        fprintf(cli->out, CLI_TEXT("%llu rows: %llu new, %llu changed, %llu unchanged, %llu wrong\n"),
            (unsigned long long)said->rows, (unsigned long long)said->added, (unsigned long long)said->changed,
            (unsigned long long)said->unchanged, (unsigned long long)said->bad);
    } else {
        int shown = show_message(cli, &said->base, NULL);
        if (shown != EXIT_OK) {
            return shown;
        }
    }
    int code = cli_call(cli, abandon ? GJ__V1__CALL__DIR_IMPORT_ABANDON : GJ__V1__CALL__DIR_IMPORT_COMMIT,
        &request.base, &gj__v1__written__descriptor, &reply);
    if (code == EXIT_OK && said->bad > 0) {
        return cli_fail(cli, EXIT_FOUND, "%s", CLI_TEXT("nothing was imported: correct the lines and try again"));
    }
    return code;
}

/* A half import must not stand in the way of the next one. */
static void give_up(struct import *import)
{
    const struct guanjia_answer *answer = NULL;
    Gj__V1__ImportCommitRequest request = GJ__V1__IMPORT_COMMIT_REQUEST__INIT;
    request.import = import->id;
    if (import->id != 0) {
        /* At worst it grows stale on the server. */
        (void)cli_call_quietly(import->cli, GJ__V1__CALL__DIR_IMPORT_ABANDON, &request.base, &answer);
    }
}

static int import_file(struct cli *cli, const char *what)
{
    struct import import = {.cli = cli};
    Gj__V1__ImportReport *said = NULL;
    int code = files_read_csv(cli, cli_arg(cli, "FILE"), IMPORT_FILE_MAX, &import.text, &import.len);
    if (code != EXIT_OK) {
        return code;
    }
    code = begin(&import, what);
    code = code == EXIT_OK ? send_rows(&import) : code;
    code = code == EXIT_OK ? report(&import, &said) : code;
    if (code != EXIT_OK) {
        give_up(&import);
        return code;
    }
    return finish(&import, said);
}

int run_import_households(struct cli *cli)
{
    return import_file(cli, "households");
}

int run_import_staff(struct cli *cli)
{
    return import_file(cli, "staff");
}
