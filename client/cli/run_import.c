#include "client/cli/build.h"
#include "client/cli/csv.h"
#include "client/cli/fields.h"
#include "client/cli/files.h"
#include "client/cli/nouns.h"
#include "client/cli/resolve.h"
#include "client/cli/show.h"
#include "client/cli/texts.h"
#include "client/cli/value.h"
#include "common/limits.h"
#include "proto/directory.pb-c.h"
#include "proto/register.pb-c.h"

#include <string.h>

/* Files go up in chunks of whole rows; the server says what is wrong with which line and what would change; only then
 * is it made visible, all or nothing. */

#define IMPORT_FILE_MAX ((size_t)200 * 1024 * 1024)
#define CHUNK_MAX ((size_t)48 * 1024)
#define BATCH_MAX 40
#define COLUMNS_MAX 64

struct import {
    struct cli *cli;
    uint64_t id;
    const char *text;
    size_t len;
    uint64_t line; /* of the next row, from 1 */
    uint32_t chunk;
};

static int begin(struct import *import, const char *what)
{
    struct cli *cli = import->cli;
    ProtobufCMessage *reply = NULL;
    Gj__V1__ImportBeginRequest request = GJ__V1__IMPORT_BEGIN_REQUEST__INIT;
    size_t lines = 0;
    /* A byte order mark, as spreadsheets write it, is not part of the first column's name. */
    if (import->len >= 3 && memcmp(import->text, "\xef\xbb\xbf", 3) == 0) {
        import->text += 3;
        import->len -= 3;
    }
    size_t row = csv_row(import->text, import->len, &lines);
    request.header = gj_arena_strndup(&cli->arena, import->text, strcspn(import->text, "\r\n"));
    request.what = (char *)(uintptr_t)what;
    int code = cli_arg(cli, "office") == NULL ? EXIT_OK : resolve_office(cli, cli_arg(cli, "office"), &request.office);
    if (code == EXIT_OK) {
        code = cli_call(cli, GJ__V1__CALL__DIR_IMPORT_BEGIN, &request.base, &gj__v1__written__descriptor, &reply);
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
    text_fill(text != NULL ? CLI_TEXT(text) : problem->code, problem->field, (const char *const *)problem->params,
        problem->n_params, filled, sizeof filled);
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
    const uint8_t *bytes = NULL;
    Gj__V1__ImportReport *said = NULL;
    int code = files_read(cli, cli_arg(cli, "FILE"), IMPORT_FILE_MAX, &bytes, &import.len);
    if (code != EXIT_OK) {
        return code;
    }
    import.text = (const char *)bytes;
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

/* ---- open cases -------------------------------------------------------------------------------------------------- */

static bool put_cell(struct cli *cli, Gj__V1__CreateRequest *made, const char *column, const char *value)
{
    int64_t number = 0;
    bool mistyped = false;
    if (*value == '\0') {
        return true;
    }
    if (strcmp(column, "priority") == 0) {
        bool ok = value_priority(value, &number);
        made->priority = (int32_t)number;
        return ok;
    }
    if (strcmp(column, "received_at") == 0) {
        return value_time(value, &made->received_at);
    }
    if (strcmp(column, "household") == 0) {
        return value_id(value, &made->household, &mistyped);
    }
    if (strcmp(column, "kind") == 0 || strcmp(column, "category") == 0 || strcmp(column, "place") == 0 ||
        strcmp(column, "late_reason") == 0) {
        return build_text(&cli->arena, build_place(&cli->arena, &made->base, column), value);
    }
    const char *field = gj_arena_printf(&cli->arena, "%s=%s", column, value);
    return field != NULL && fields_add(&cli->arena, build_place(&cli->arena, &made->base, "fields"), cli->kind, field);
}

static int send_cases(struct cli *cli, Gj__V1__ImportCasesRequest *batch, uint64_t *done)
{
    ProtobufCMessage *reply = NULL;
    if (batch->n_cases == 0) {
        return EXIT_OK;
    }
    int code = cli_call(cli, GJ__V1__CALL__RECORD_IMPORT, &batch->base, &gj__v1__written__descriptor, &reply);
    *done += code == EXIT_OK ? batch->n_cases : 0;
    batch->n_cases = 0;
    return code;
}

struct cases {
    char *columns[COLUMNS_MAX];
    size_t column_count;
    Gj__V1__ImportCasesRequest batch;
    uint64_t done;
};

static int take_row(struct cli *cli, struct cases *cases, char *row, size_t len, uint64_t line)
{
    char *cells[COLUMNS_MAX];
    size_t count = 0;
    if (!csv_split(row, len, cells, COLUMNS_MAX, &count) || count != cases->column_count) {
        return cli_fail(cli, EXIT_FOUND, CLI_TEXT("line %llu: %zu columns, the first line has %zu"),
            (unsigned long long)line, count, cases->column_count);
    }
    Gj__V1__CreateRequest *made =
        (Gj__V1__CreateRequest *)build_message(&cli->arena, build_place(&cli->arena, &cases->batch.base, "cases"));
    if (made == NULL) {
        return cli_fail(cli, EXIT_LOCAL, "%s", CLI_TEXT("out of memory"));
    }
    made->kind = (char *)(uintptr_t) "repair_ticket";
    made->office = cases->batch.office;
    made->priority = -1;
    for (size_t n = 0; n < count; n++) {
        if (!put_cell(cli, made, cases->columns[n], cells[n])) {
            return cli_fail(cli, EXIT_FOUND, CLI_TEXT("line %llu: %s cannot be %s"), (unsigned long long)line,
                cases->columns[n], cells[n]);
        }
    }
    return EXIT_OK;
}

static int take_rows(struct cli *cli, struct cases *cases, char *text, size_t len)
{
    uint64_t line = 1;
    int code = EXIT_OK;
    while (len > 0 && code == EXIT_OK) {
        size_t lines = 0;
        size_t row = csv_row(text, len, &lines);
        /* A copy with room for its terminator: the next row begins where this one ends. */
        char *copy = gj_arena_strndup(&cli->arena, text, row);
        if (copy == NULL) {
            return cli_fail(cli, EXIT_LOCAL, "%s", CLI_TEXT("out of memory"));
        }
        if (line == 1) {
            code = csv_split(copy, row, cases->columns, COLUMNS_MAX, &cases->column_count)
                       ? EXIT_OK
                       : cli_fail(cli, EXIT_FOUND, "%s", CLI_TEXT("the first line does not name the columns"));
        } else if (strspn(copy, "\r\n") != row) {
            code = take_row(cli, cases, copy, row, line);
        }
        if (code == EXIT_OK && cases->batch.n_cases == BATCH_MAX) {
            code = send_cases(cli, &cases->batch, &cases->done);
        }
        text += row;
        len -= row;
        line += lines;
    }
    return code == EXIT_OK ? send_cases(cli, &cases->batch, &cases->done) : code;
}

int run_import_cases(struct cli *cli)
{
    struct cases cases = {.batch = GJ__V1__IMPORT_CASES_REQUEST__INIT};
    const uint8_t *bytes = NULL;
    size_t len = 0;
    const char *office = cli_arg(cli, "office");
    int code = files_read(cli, cli_arg(cli, "FILE"), IMPORT_FILE_MAX, &bytes, &len);
    code = code == EXIT_OK ? cli_profile(cli) : code;
    if (code != EXIT_OK) {
        return code;
    }
    cases.batch.office = cli->loaded.office;
    cases.batch.state = (char *)(uintptr_t)(cli_arg(cli, "in-state") != NULL ? cli_arg(cli, "in-state") : "TRIAGED");
    code = office == NULL ? EXIT_OK : resolve_office(cli, office, &cases.batch.office);
    if (code == EXIT_OK) {
        size_t mark = len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
        code = take_rows(cli, &cases, (char *)(uintptr_t)bytes + mark, len - mark);
    }
    if (cli->format != FORMAT_TABLE) {
        int shown = show_json(cli, json_pack("{s:I}", "imported", (json_int_t)cases.done));
        return code == EXIT_OK ? shown : code;
    }
    fprintf(cli->out, CLI_TEXT("%llu cases imported\n"), (unsigned long long)cases.done);
    return code;
}
