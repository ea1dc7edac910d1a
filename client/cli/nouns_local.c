#include "client/cli/nouns.h"

/* What lies on this device: the outbox, drafts; and the shell's completion. */

#define END                                                                                                            \
    {                                                                                                                  \
        NULL, NULL, OPTION_TEXT, 0, NULL                                                                               \
    }

static const struct option_row key[] = {
    {"KEY", NULL, OPTION_HEX, OPT_ARG | OPT_REQUIRED | OPT_MANY | OPT_LOCAL, N_("key of the item; see outbox list")},
    END,
};
static const struct option_row draft_name[] = {
    {"NAME", NULL, OPTION_TEXT, OPT_ARG | OPT_REQUIRED | OPT_LOCAL, N_("letters, digits, '-', '_', '.'")},
    END,
};
static const struct option_row draft_put[] = {
    {"NAME", NULL, OPTION_TEXT, OPT_ARG | OPT_REQUIRED | OPT_LOCAL, N_("letters, digits, '-', '_', '.'")},
    {"FILE", NULL, OPTION_FILE, OPT_ARG | OPT_REQUIRED | OPT_LOCAL, N_("the text, - for standard input")},
    END,
};
static const struct option_row completion[] = {
    {"SHELL", NULL, OPTION_TEXT, OPT_ARG | OPT_REQUIRED | OPT_LOCAL, N_("bash")},
    END,
};

static const struct option_row complete[] = {
    {"WHAT", NULL, OPTION_TEXT, OPT_ARG | OPT_REQUIRED | OPT_LOCAL,
        N_("offices, kinds, roles, states, acts, fields or a choice field of the repair ticket")},
    END,
};

static const struct command rows[] = {
    {"outbox", "list", N_("what waits to be sent, and what was rejected"), 0, NULL, NULL, NULL, NULL, NULL,
        run_outbox_list, COMMAND_OFFLINE, NULL},
    {"outbox", "send", N_("send what waits"), 0, NULL, NULL, NULL, NULL, NULL, run_outbox_send, 0, NULL},
    {"outbox", "retry", N_("send a rejected item again, as it is"), 0, NULL, NULL, key, NULL, NULL, run_outbox_retry,
        COMMAND_OFFLINE, NULL},
    {"outbox", "drop-shown", N_("forget rejected items that have been shown"), 0, NULL, NULL, NULL, NULL, NULL,
        run_outbox_drop, COMMAND_OFFLINE, NULL},
    {"draft", "put", N_("keep an unfinished text for yourself at this device"), 0, NULL, NULL, draft_put, NULL, NULL,
        run_draft_put, COMMAND_OFFLINE, NULL},
    {"draft", "get", N_("print a draft"), 0, NULL, NULL, draft_name, NULL, NULL, run_draft_get, COMMAND_OFFLINE, NULL},
    {"draft", "drop", N_("forget a draft"), 0, NULL, NULL, draft_name, NULL, NULL, run_draft_drop, COMMAND_OFFLINE,
        NULL},
    {"completion", "", N_("print a completion script for a shell"), 0, NULL, NULL, completion, NULL, NULL,
        run_completion, COMMAND_OFFLINE, NULL},
    {"complete", "", N_("words for the completion script"), 0, NULL, NULL, complete, NULL, NULL, run_complete,
        COMMAND_OFFLINE | COMMAND_HIDDEN, NULL},
};
COMMAND_TABLE(commands_local, rows);
