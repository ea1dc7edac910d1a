#include "client/cli/case_row.h"
#include "client/cli/csv.h"
#include "client/cli/files.h"
#include "client/cli/nouns.h"
#include "client/cli/resolve.h"
#include "client/cli/show.h"
#include "client/cli/texts.h"
#include "client/cli/words.h"
#include "common/limits.h"
#include "common/pb.h"
#include "common/text.h"
#include "proto/directory.pb-c.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Open cases of the day an office goes live. The whole file is read and checked by the server before the first case is
 * made; every line with a mistake is told. What an earlier import made is recognised and left alone, so that a file
 * whose import was cut off by a broken line is simply imported again. */

#define FILE_MAX ((size_t)64 * 1024 * 1024)
#define BATCH_MAX 40
/* Cases of one request together, packed: they fit a frame with room for the envelope. */
#define BATCH_BYTES_MAX ((size_t)48 * 1024)
#define ROWS_MAX 100000

struct import {
    struct cli *cli;
    uint64_t office;
    const char *state;
    struct case_columns columns;
    struct case_row *rows;
    size_t count;
    size_t cap;
    struct case_problem *problems;
    size_t problem_count;
    size_t problem_cap;
    size_t fresh, known, imported;
};

static int no_memory(struct cli *cli)
{
    return cli_fail(cli, EXIT_LOCAL, "%s", CLI_TEXT("out of memory"));
}

static bool add_problem(struct import *import, const struct case_problem *problem)
{
    if (import->problem_count == import->problem_cap) {
        size_t cap = import->problem_cap == 0 ? 32 : 2 * import->problem_cap;
        struct case_problem *grown = gj_arena_calloc(&import->cli->arena, cap, sizeof *grown);
        if (grown == NULL) {
            return false;
        }
        if (import->problem_count > 0) {
            memcpy(grown, import->problems, import->problem_count * sizeof *grown);
        }
        import->problems = grown;
        import->problem_cap = cap;
    }
    import->problems[import->problem_count++] = *problem;
    return true;
}

static struct case_row *new_row(struct import *import)
{
    if (import->count == import->cap) {
        size_t cap = import->cap == 0 ? 64 : 2 * import->cap;
        struct case_row *grown = gj_arena_calloc(&import->cli->arena, cap, sizeof *grown);
        if (grown == NULL) {
            return NULL;
        }
        if (import->count > 0) {
            memcpy(grown, import->rows, import->count * sizeof *grown);
        }
        import->rows = grown;
        import->cap = cap;
    }
    return &import->rows[import->count++];
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static int read_header(struct import *import, char *row, size_t len)
{
    struct cli *cli = import->cli;
    const struct case_problem *bad = NULL;
    size_t bad_count = 0;
    if (!case_columns_read(cli, row, len, &import->columns, &bad, &bad_count)) {
        return no_memory(cli);
    }
    for (size_t n = 0; n < bad_count; n++) {
        if (!add_problem(import, &bad[n])) {
            return no_memory(cli);
        }
    }
    return EXIT_OK;
}

static int read_row(struct import *import, char *row, size_t len, uint64_t line)
{
    struct cli *cli = import->cli;
    const struct case_problem *bad = NULL;
    size_t bad_count = 0;
    if (import->count == ROWS_MAX) {
        return cli_fail(cli, EXIT_USAGE, CLI_TEXT("more than %d cases in one file: divide it"), ROWS_MAX);
    }
    struct case_row *made = new_row(import);
    if (made == NULL) {
        return no_memory(cli);
    }
    made->line = line;
    if (!case_row_read(cli, &import->columns, import->office, row, len, made, &bad, &bad_count)) {
        return no_memory(cli);
    }
    for (size_t n = 0; n < bad_count; n++) {
        if (!add_problem(import, &bad[n])) {
            return no_memory(cli);
        }
    }
    return EXIT_OK;
}

static int read_rows(struct import *import, const char *text, size_t len)
{
    struct cli *cli = import->cli;
    uint64_t line = 1;
    int code = EXIT_OK;
    while (len > 0 && code == EXIT_OK) {
        size_t lines = 0;
        size_t row = csv_row(text, len, &lines);
        /* A copy with room for its terminator: the next row begins where this one ends. */
        char *copy = gj_arena_strndup(&cli->arena, text, row);
        if (copy == NULL) {
            return no_memory(cli);
        }
        if (line == 1) {
            code = read_header(import, copy, row);
            if (import->problem_count > 0) {
                return code; /* without columns no line can be judged */
            }
        } else if (strspn(copy, "\r\n, ") != row) {
            code = read_row(import, copy, row, line);
        }
        text += row;
        len -= row;
        line += lines;
    }
    return code;
}

/* ---- the server's check ------------------------------------------------------------------------------------------ */

static void progress(struct import *import, const char *format, size_t done)
{
    struct cli *cli = import->cli;
    if (!cli->quiet && cli->format == FORMAT_TABLE && isatty(STDERR_FILENO)) {
        fputc('\r', cli->err);
        fprintf(cli->err, format, done, import->count);
        fputs(done == import->count ? "\n" : "", cli->err);
        fflush(cli->err);
    }
}

/* The next rows that may go together; *at moves behind them. Only those that can still become something. */
static size_t next_batch(struct import *import, size_t *at, bool only_new, struct case_row *batch[BATCH_MAX])
{
    size_t count = 0;
    size_t bytes = 0;
    for (; *at < import->count && count < BATCH_MAX; (*at)++) {
        struct case_row *row = &import->rows[*at];
        size_t size = protobuf_c_message_get_packed_size(&row->made->base) + 8;
        if (row->bad || (only_new && row->known != 0)) {
            continue;
        }
        if (count > 0 && bytes + size > BATCH_BYTES_MAX) {
            break;
        }
        bytes += size;
        batch[count++] = row;
    }
    return count;
}

static void request_of(struct import *import, struct case_row *const *batch, size_t count,
    Gj__V1__CreateRequest **cases, Gj__V1__ImportCasesRequest *request)
{
    gj__v1__import_cases_request__init(request);
    for (size_t n = 0; n < count; n++) {
        cases[n] = batch[n]->made;
    }
    request->office = import->office;
    request->state = (char *)(uintptr_t)import->state;
    request->cases = cases;
    request->n_cases = count;
}

static int take_checked(struct import *import, struct case_row *row, const Gj__V1__CaseChecked *said)
{
    struct case_problem problem = {.line = row->line};
    if (*said->code == '\0') {
        row->known = said->known;
        row->number = said->number;
        row->key = said->key;
        return EXIT_OK;
    }
    row->bad = true;
    problem.column = case_columns_of_field(&import->columns, said->field);
    problem.name = said->field;
    problem.code = said->code;
    problem.text = case_refusal_text(import->cli, said);
    return problem.text != NULL && add_problem(import, &problem) ? EXIT_OK : no_memory(import->cli);
}

static int check_rows(struct import *import)
{
    struct cli *cli = import->cli;
    struct case_row *batch[BATCH_MAX];
    Gj__V1__CreateRequest *cases[BATCH_MAX];
    Gj__V1__ImportCasesRequest request;
    size_t at = 0;
    size_t count;
    int code = EXIT_OK;
    while (code == EXIT_OK && (count = next_batch(import, &at, false, batch)) > 0) {
        ProtobufCMessage *reply = NULL;
        request_of(import, batch, count, cases, &request);
        code = cli_call(
            cli, GJ__V1__CALL__RECORD_IMPORT_CHECK, &request.base, &gj__v1__import_checked__descriptor, &reply);
        const Gj__V1__ImportChecked *checked = (const Gj__V1__ImportChecked *)reply;
        if (code == EXIT_OK && checked->n_cases != count) {
            code = cli_fail(cli, EXIT_NETWORK, "%s", CLI_TEXT("the server's answer cannot be read"));
        }
        for (size_t n = 0; n < count && code == EXIT_OK; n++) {
            code = take_checked(import, batch[n], checked->cases[n]);
        }
        progress(import, CLI_TEXT("checked %zu of %zu"), at);
    }
    return code;
}

static int by_key(const void *left, const void *right)
{
    const struct case_row *a = *(struct case_row *const *)left;
    const struct case_row *b = *(struct case_row *const *)right;
    int order =
        a->key.len != b->key.len ? (a->key.len < b->key.len ? -1 : 1) : memcmp(a->key.data, b->key.data, a->key.len);
    return order != 0 ? order : (a->line > b->line) - (a->line < b->line);
}

/* The same case on two lines would be made once; which of the two was meant, a person knows. */
static int find_doubles(struct import *import)
{
    struct cli *cli = import->cli;
    struct case_row **sorted = gj_arena_calloc(&cli->arena, import->count + 1, sizeof *sorted);
    size_t count = 0;
    if (sorted == NULL) {
        return no_memory(cli);
    }
    for (size_t n = 0; n < import->count; n++) {
        if (!import->rows[n].bad && import->rows[n].key.len > 0) {
            sorted[count++] = &import->rows[n];
        }
    }
    qsort(sorted, count, sizeof *sorted, by_key);
    for (size_t n = 1; n < count; n++) {
        if (sorted[n]->key.len != sorted[n - 1]->key.len ||
            memcmp(sorted[n]->key.data, sorted[n - 1]->key.data, sorted[n]->key.len) != 0) {
            continue;
        }
        struct case_problem problem = {.line = sorted[n]->line, .code = "case_twice", .name = ""};
        problem.text =
            gj_arena_printf(&cli->arena, CLI_TEXT("the same case stands on line %" PRIu64), sorted[n - 1]->line);
        sorted[n]->bad = true;
        if (problem.text == NULL || !add_problem(import, &problem)) {
            return no_memory(cli);
        }
    }
    return EXIT_OK;
}

/* ---- making and telling ------------------------------------------------------------------------------------------ */

static int make_cases(struct import *import)
{
    struct cli *cli = import->cli;
    struct case_row *batch[BATCH_MAX];
    Gj__V1__CreateRequest *cases[BATCH_MAX];
    Gj__V1__ImportCasesRequest request;
    size_t at = 0;
    size_t count;
    int code = EXIT_OK;
    while (code == EXIT_OK && (count = next_batch(import, &at, true, batch)) > 0) {
        ProtobufCMessage *reply = NULL;
        request_of(import, batch, count, cases, &request);
        code = cli_call(cli, GJ__V1__CALL__RECORD_IMPORT, &request.base, &gj__v1__written__descriptor, &reply);
        import->imported += code == EXIT_OK ? count : 0;
        progress(import, CLI_TEXT("imported %zu of %zu"), at);
    }
    if (code != EXIT_OK && cli->format == FORMAT_TABLE) {
        fprintf(cli->err,
            CLI_TEXT("guanjia: %zu cases are imported, the others are not: import the same file again, "
                     "what is there already is recognised\n"),
            import->imported);
    }
    return code;
}

static int by_line(const void *left, const void *right)
{
    const struct case_problem *a = left;
    const struct case_problem *b = right;
    return a->line != b->line ? (a->line < b->line ? -1 : 1) : (a->column > b->column) - (a->column < b->column);
}

static void print_problems(struct import *import)
{
    FILE *out = import->cli->out;
    for (size_t n = 0; n < import->problem_count; n++) {
        const struct case_problem *problem = &import->problems[n];
        fprintf(out, CLI_TEXT("line %llu"), (unsigned long long)problem->line);
        if (problem->column > 0) {
            fprintf(out, CLI_TEXT(", column %zu (%s)"), problem->column, case_columns_name(&import->columns, problem));
        }
        fprintf(out, ": %s (%s)\n", problem->text, problem->code);
    }
}

static void count_rows(struct import *import)
{
    for (size_t n = 0; n < import->count; n++) {
        import->known += !import->rows[n].bad && import->rows[n].known != 0 ? 1 : 0;
        import->fresh += !import->rows[n].bad && import->rows[n].known == 0 ? 1 : 0;
    }
}

/* What is there already, by the number it has now: the paper lies beside the screen. */
static void print_known(struct import *import)
{
    for (size_t n = 0; n < import->count && !import->cli->quiet; n++) {
        const struct case_row *row = &import->rows[n];
        if (!row->bad && row->known != 0) {
            fprintf(import->cli->out, CLI_TEXT("line %llu: there already as %s\n"), (unsigned long long)row->line,
                row->number);
        }
    }
}

static int print_json(struct import *import)
{
    json_t *problems = json_array();
    for (size_t n = 0; n < import->problem_count; n++) {
        const struct case_problem *problem = &import->problems[n];
        json_array_append_new(problems,
            json_pack("{s:I,s:I,s:s,s:s,s:s}", "line", (json_int_t)problem->line, "column", (json_int_t)problem->column,
                "field", problem->name, "code", problem->code, "text", problem->text));
    }
    return show_json(import->cli,
        json_pack("{s:I,s:I,s:I,s:I,s:I,s:o}", "rows", (json_int_t)import->count, "new", (json_int_t)import->fresh,
            "known", (json_int_t)import->known, "wrong", (json_int_t)(import->count - import->fresh - import->known),
            "imported", (json_int_t)import->imported, "problems", problems));
}

static int tell(struct import *import)
{
    if (import->problem_count > 1) {
        qsort(import->problems, import->problem_count, sizeof *import->problems, by_line);
    }
    if (import->cli->format != FORMAT_TABLE) {
        return print_json(import);
    }
    print_known(import);
    print_problems(import);
    fprintf(import->cli->out, CLI_TEXT("%zu cases: %zu new, %zu there already, %zu wrong\n"), import->count,
        import->fresh, import->known, import->count - import->fresh - import->known);
    return EXIT_OK;
}

static int judge_and_make(struct import *import)
{
    struct cli *cli = import->cli;
    bool preview = cli_arg(cli, "preview") != NULL;
    bool words = cli->format == FORMAT_TABLE;
    int code = import->problem_count > 0 && import->count == 0 ? EXIT_OK : check_rows(import);
    code = code == EXIT_OK ? find_doubles(import) : code;
    if (code != EXIT_OK) {
        return code;
    }
    count_rows(import);
    if (words) {
        code = tell(import);
    }
    if (code == EXIT_OK && import->problem_count == 0 && !preview) {
        code = make_cases(import);
    }
    if (!words) {
        int shown = tell(import);
        code = code == EXIT_OK ? shown : code;
    } else if (code == EXIT_OK && !preview && import->problem_count == 0) {
        fprintf(cli->out, CLI_TEXT("%zu cases imported\n"), import->imported);
    }
    return code == EXIT_OK && import->problem_count > 0
               ? cli_fail(cli, EXIT_FOUND, "%s", CLI_TEXT("nothing was imported: correct the lines and try again"))
               : code;
}

int run_import_cases(struct cli *cli)
{
    struct import import = {.cli = cli};
    const char *text = NULL;
    size_t len = 0;
    const char *office = cli_arg(cli, "office");
    int code = files_read_csv(cli, cli_arg(cli, "FILE"), FILE_MAX, &text, &len);
    code = code == EXIT_OK ? cli_profile(cli) : code;
    code = code == EXIT_OK ? cli_client(cli) : code;
    if (code != EXIT_OK) {
        return code;
    }
    import.office = cli->loaded.office;
    import.state = cli_arg(cli, "in-state") != NULL ? cli_arg(cli, "in-state") : "TRIAGED";
    code = office == NULL ? EXIT_OK : resolve_office(cli, office, &import.office);
    if (code == EXIT_OK && import.office == 0) {
        code = cli_fail(cli, EXIT_USAGE, "%s", CLI_TEXT("which office? --office CODE; see guanjia office list"));
    }
    const char *kind = cli_arg(cli, "kind") != NULL ? cli_arg(cli, "kind") : "repair_ticket";
    import.columns.kind = code == EXIT_OK ? words_kind(cli, kind) : NULL;
    import.columns.kind_code = kind;
    if (code == EXIT_OK && import.columns.kind == NULL) {
        code = cli_fail(cli, EXIT_USAGE, CLI_TEXT("there is no kind %s; see guanjia kind list"), kind);
    }
    code = code == EXIT_OK ? read_rows(&import, text, len) : code;
    if (code == EXIT_OK && import.count == 0 && import.problem_count == 0) {
        code = cli_fail(cli, EXIT_FOUND, "%s", CLI_TEXT("the file has no case below its first line"));
    }
    return code == EXIT_OK ? judge_and_make(&import) : code;
}
