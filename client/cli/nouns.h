#ifndef GJ_CLI_NOUNS_H
#define GJ_CLI_NOUNS_H

#include "client/cli/cli.h"

/* The tables of commands, one per file nouns_*.c, and the functions of commands that are more than a row. */
extern const struct command_table commands_session;
extern const struct command_table commands_record;
extern const struct command_table commands_directory;
extern const struct command_table commands_people;
extern const struct command_table commands_policy;
extern const struct command_table commands_desk;
extern const struct command_table commands_local;

/* run_session.c */
command_fn run_enroll, run_login, run_logout, run_password, run_profile_list, run_profile_address;
/* run_record.c */
command_fn run_actions, run_act, run_show, run_approve, run_record_list;
/* run_why.c */
command_fn run_why;
/* run_board.c */
command_fn run_board;
/* run_words.c */
command_fn run_kind_show, run_role_list, run_complete;
/* run_watch.c */
command_fn run_watch;
/* run_attach.c */
command_fn run_attach, run_fetch;
/* run_import.c */
command_fn run_import_households, run_import_staff;
/* run_import_cases.c */
command_fn run_import_cases;
/* run_invite.c */
command_fn run_invite;
/* run_policy.c */
command_fn run_policy_check, run_policy_explain, run_policy_workday;
/* run_propose.c */
command_fn run_policy_propose, run_policy_get, run_calendar_propose;
/* run_outbox.c */
command_fn run_outbox_list, run_outbox_send, run_outbox_retry, run_outbox_drop;
/* run_draft.c */
command_fn run_draft_put, run_draft_get, run_draft_drop;
/* run_inbox.c */
command_fn run_inbox_list;
/* run_audit.c */
command_fn run_audit_entries;
/* run_roster.c */
command_fn run_roster_set, run_roster_list;
/* completion.c */
command_fn run_completion;

#endif
