#include "client/cli/audit_entry.h"
#include "client/cli/build.h"
#include "client/cli/grid.h"
#include "client/cli/json.h"
#include "client/cli/nouns.h"
#include "client/cli/show.h"
#include "client/cli/value.h"
#include "common/id.h"
#include "proto/audit.pb-c.h"

#include <inttypes.h>
#include <string.h>

/* The audit log in words; each entry's hash is computed here, so that a server which shows one text and hashed another
 * is found out. */

#define COLUMNS 10

struct log {
    struct cli *cli;
    struct grid *grid;
    json_t *array;
    uint64_t last;
    size_t count;
    size_t wrong;
};

static const char *type_name(struct cli *cli, uint16_t type)
{
    const char *name = audit_entry_type(type);
    return name != NULL ? name : gj_arena_printf(&cli->arena, "%u", (unsigned)type);
}

static const char *id_text(struct cli *cli, uint64_t id)
{
    char text[GJ_ID_TEXT_SIZE];
    if (id == 0) {
        return "";
    }
    gj_id_format(id, 0, text);
    return gj_arena_strdup(&cli->arena, text);
}

static bool print_words(struct log *log, const struct audit_entry *entry, bool leaf)
{
    struct cli *cli = log->cli;
    char at[VALUE_TIME_SIZE];
    value_format_local(entry->recorded_at, at);
    const char *index = gj_arena_printf(&cli->arena, "%" PRIu64, entry->index);
    const char *kind = entry->kind == 0 ? "" : gj_arena_printf(&cli->arena, "%u", (unsigned)entry->kind);
    const char *step =
        *entry->to == '\0' ? entry->from : gj_arena_printf(&cli->arena, "%s → %s", entry->from, entry->to);
    const char *cells[COLUMNS] = {index, at, type_name(cli, entry->type), id_text(cli, entry->office),
        id_text(cli, entry->actor), entry->role, entry->action, kind, id_text(cli, entry->subject), step};
    bool ok = true;
    for (size_t n = 0; n < COLUMNS && ok; n++) {
        ok = cells[n] != NULL && grid_cell(log->grid, cells[n]);
    }
    return ok && grid_cell(log->grid, leaf ? "" : CLI_TEXT("HASH DIFFERS"));
}

static json_t *to_json(const Gj__V1__AuditEntry *row, const struct audit_entry *entry, bool leaf)
{
    char at[VALUE_TIME_SIZE];
    const char *type = audit_entry_type(entry->type);
    json_t *object = json_of_message(&row->base);
    value_format_time(entry->recorded_at, at);
    json_t *read = json_pack("{s:o,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:i,s:I,s:s,s:s,s:s,s:s,s:s,s:I,s:b}", "type",
        type != NULL ? json_string(type) : json_integer(entry->type), "recorded_at", at, "epoch",
        (json_int_t)entry->epoch, "office", (json_int_t)entry->office, "actor", (json_int_t)entry->actor, "device",
        (json_int_t)entry->device, "subject", (json_int_t)entry->subject, "revision", (json_int_t)entry->revision,
        "kind", (int)entry->kind, "call", (json_int_t)entry->call, "role", entry->role, "action", entry->action, "from",
        entry->from, "to", entry->to, "reason", entry->reason, "value", (json_int_t)entry->value, "hash_ok", (int)leaf);
    json_object_set_new(object, "read", read);
    return object;
}

static int take(struct log *log, const Gj__V1__AuditEntry *row)
{
    struct audit_entry entry;
    bool leaf = audit_entry_is_leaf(row->entry.data, row->entry.len, row->leaf_hash.data, row->leaf_hash.len) &&
                audit_entry_read(row->entry.data, row->entry.len, &entry) && entry.index == row->index;
    if (!leaf) {
        (void)audit_entry_read(row->entry.data, row->entry.len, &entry); /* shown as far as it can be read */
        log->wrong++;
    }
    log->last = row->index;
    log->count++;
    if (log->cli->format == FORMAT_NDJSON) {
        return show_json(log->cli, to_json(row, &entry, leaf));
    }
    bool ok = log->cli->format == FORMAT_JSON ? json_array_append_new(log->array, to_json(row, &entry, leaf)) == 0
                                              : print_words(log, &entry, leaf);
    return ok ? EXIT_OK : cli_fail(log->cli, EXIT_LOCAL, "%s", CLI_TEXT("out of memory"));
}

static bool begin(struct log *log)
{
    static const char *const titles[COLUMNS] = {
        "event", "at", "status", "office", "actor", "role", "act", "kind", "record", "state"};
    if (log->cli->format != FORMAT_TABLE) {
        log->array = log->cli->format == FORMAT_JSON ? json_array() : NULL;
        return log->cli->format == FORMAT_NDJSON || log->array != NULL;
    }
    log->grid = grid_new(COLUMNS + 1);
    bool ok = log->grid != NULL;
    for (size_t n = 0; n < COLUMNS && ok; n++) {
        ok = grid_cell(log->grid, n == 2 ? CLI_TEXT(N_("type")) : show_title(titles[n]));
    }
    return ok && grid_cell(log->grid, "");
}

static int all_pages(struct log *log, Gj__V1__AuditEntriesRequest *request)
{
    struct cli *cli = log->cli;
    int code = EXIT_OK;
    bool more = true;
    while (more && code == EXIT_OK) {
        ProtobufCMessage *reply = NULL;
        size_t before = log->count;
        struct gj_arena whole = cli->arena;
        gj_arena_init(&cli->arena, (size_t)64 * 1024 * 1024); /* of one page */
        code = cli_call(cli, cli->command->call, &request->base, cli->command->reply, &reply);
        const Gj__V1__AuditEntries *page = (const Gj__V1__AuditEntries *)reply;
        for (size_t n = 0; code == EXIT_OK && n < page->n_entries; n++) {
            code = take(log, page->entries[n]);
        }
        gj_arena_fini(&cli->arena);
        cli->arena = whole;
        more = cli->all && log->count > before;
        /* Entry 0 alone would be asked for again for ever: nothing is after 0 but the whole log. */
        more = more && log->last > request->after;
        request->after = log->last;
    }
    return code;
}

int run_audit_entries(struct cli *cli)
{
    struct log log = {.cli = cli};
    Gj__V1__AuditEntriesRequest *request = (Gj__V1__AuditEntriesRequest *)cli_new(cli, cli->command->request);
    int code = request == NULL || !begin(&log) ? cli_fail(cli, EXIT_LOCAL, "%s", CLI_TEXT("out of memory"))
                                               : cli_fill(cli, &request->base);
    code = code == EXIT_OK ? all_pages(&log, request) : code;
    if (code == EXIT_OK && log.grid != NULL) {
        grid_print(log.grid, cli->out);
    }
    if (code == EXIT_OK && log.array != NULL) {
        code = show_json(cli, json_incref(log.array));
    }
    grid_free(log.grid);
    json_decref(log.array);
    if (code == EXIT_OK && log.wrong > 0) {
        code = cli_fail(cli, EXIT_FOUND, CLI_TEXT("%zu entries do not have the hash that the server gives"), log.wrong);
    }
    return code;
}
