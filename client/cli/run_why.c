#include "client/cli/grid.h"
#include "client/cli/nouns.h"
#include "client/cli/show.h"
#include "client/cli/value.h"
#include "client/cli/words.h"
#include "proto/dispatch.pb-c.h"

#include <inttypes.h>
#include <string.h>

/* Why somebody has a ticket (派单说明): what the system chose and compared, and how it would be now. */

static const struct {
    const char *code, *text;
} words[] = {
    /* modes */
    {"manual", N_("people choose")},
    {"automatic", N_("assigned by the system")},
    {"offer", N_("offered to those who can")},
    {"round_robin", N_("in turn")},
    {"contractor", N_("outside firms only")},
    /* what keeps somebody from it */
    {"office", N_("works for another office")},
    {"side", N_("not of an outside firm")},
    {"trade", N_("another trade")},
    {"certificate", N_("without the certificate, or it has lapsed")},
    {"excluded", N_("has part in the matter")},
    {"declined", N_("has declined it, or let it pass")},
    {"leave", N_("on leave")},
    {"shift", N_("not on duty")},
    /* what put the next one behind */
    {"only", N_("the only one")},
    {"duty", N_("on duty, the next one would be called out")},
    {"distance", N_("works in the same building")},
    {"urgent", N_("has no other emergency in hand")},
    {"load", N_("has less in hand than the next one")},
    {"skill", N_("fits the grade better than the next one")},
    {"rested", N_("has waited longer than the next one")},
    {"number", N_("as good as the next one")},
};

static const char *word(const char *code)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i].code, code) == 0) {
            return CLI_TEXT(words[i].text);
        }
    }
    return code;
}

/* Of those who could do it, why before the next one; of the others, what keeps them from it. A load at its limit reads
 * otherwise than a load that decides. */
static const char *reason(const Gj__V1__Candidate *candidate)
{
    if (strcmp(candidate->bar, "none") == 0) {
        return word(candidate->rule);
    }
    return strcmp(candidate->bar, "load") == 0 ? CLI_TEXT(N_("has as much as one may have")) : word(candidate->bar);
}

static bool put(struct cli *cli, struct grid *grid, const Gj__V1__Candidate *candidate, bool now)
{
    const char *open = now ? gj_arena_printf(&cli->arena, "%" PRIu32, candidate->open) : "";
    bool able = strcmp(candidate->bar, "none") == 0;
    return open != NULL && grid_cell(grid, candidate->chosen ? "*" : "") && grid_cell(grid, candidate->name) &&
           grid_cell(grid, able ? CLI_TEXT(N_("could")) : CLI_TEXT(N_("could not"))) &&
           grid_cell(grid, reason(candidate)) && grid_cell(grid, open);
}

static bool print_one(struct cli *cli, const Gj__V1__Assignment *assignment)
{
    char at[VALUE_TIME_SIZE];
    bool now = assignment->at == 0;
    value_format_local(assignment->at, at);
    fprintf(cli->out, "%s: %s%s%s\n", now ? CLI_TEXT(N_("now")) : at, word(assignment->mode),
        assignment->taken ? CLI_TEXT(N_(", accepted")) : "",
        now && assignment->trade[0] == '\0' ? CLI_TEXT(N_("; the ticket names no trade yet")) : "");
    if (assignment->n_candidates == 0) {
        fprintf(cli->out, "  %s\n", CLI_TEXT(N_("the office has no technician")));
        return true;
    }
    struct grid *grid = grid_new(5);
    bool ok = grid != NULL && grid_cell(grid, "") && grid_cell(grid, show_title("name")) && grid_cell(grid, "") &&
              grid_cell(grid, show_title("reason")) && grid_cell(grid, now ? show_title("open") : "");
    for (size_t i = 0; ok && i < assignment->n_candidates; i++) {
        ok = put(cli, grid, assignment->candidates[i], now);
    }
    if (ok) {
        grid_right(grid, 4);
        grid_print(grid, cli->out);
    }
    grid_free(grid);
    return ok;
}

int run_why(struct cli *cli)
{
    ProtobufCMessage *reply = NULL;
    Gj__V1__WhyRequest *request = (Gj__V1__WhyRequest *)cli_new(cli, cli->command->request);
    int code = request == NULL ? EXIT_LOCAL : cli_fill(cli, &request->base);
    code = code == EXIT_OK ? cli_call(cli, cli->command->call, &request->base, cli->command->reply, &reply) : code;
    if (code != EXIT_OK || cli->format != FORMAT_TABLE) {
        return code == EXIT_OK ? show_message(cli, reply, NULL) : code;
    }
    const Gj__V1__Why *why = (const Gj__V1__Why *)reply;
    bool ok = true;
    for (size_t i = 0; ok && i < why->n_past; i++) {
        ok = print_one(cli, why->past[i]) && fputc('\n', cli->out) != EOF;
    }
    ok = ok && print_one(cli, why->now);
    return ok ? EXIT_OK : cli_fail(cli, EXIT_LOCAL, "%s", CLI_TEXT("out of memory"));
}
