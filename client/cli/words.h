#ifndef GJ_CLI_WORDS_H
#define GJ_CLI_WORDS_H

#include "client/cli/cli.h"
#include "proto/directory.pb-c.h"
#include "proto/register.pb-c.h"

/* The server's words: what its kinds, fields, states, acts and choices are called and of which type a field is. They
 * come from the policy, so no catalogue has them. What was asked for is kept in the profile, so that entry without a
 * connection knows the types and a table needs no question per word. Nothing here says anything on the screen: who
 * asks falls back to the code. What is returned lives as long as the run. */

/* How long a kept copy is believed while there is a connection. */
#define WORDS_FRESH_S 600

/* The whole declaration; NULL: not known. Without a connection (outbox, completion) only kept copies are looked at. */
const Gj__V1__KindInfo *words_kind(struct cli *cli, const char *code);
const Gj__V1__KindInfo *words_kind_numbered(struct cli *cli, uint32_t number);
/* Every kind by name, the roles, the obligations; NULL: not known. */
const Gj__V1__KindList *words_all(struct cli *cli);
const Gj__V1__OfficeList *words_offices(struct cli *cli);
/* Keeps a declaration that was just asked for (an answer of KIND_LIST about this code). */
void words_keep(struct cli *cli, const char *code, const void *bytes, size_t len);
/* Asks for everything anew, for the time without a connection. */
void words_refresh(struct cli *cli);

/* The language of the messages: English, else Chinese. */
bool words_english(void);
/* The word for a code in a list of labels; NULL: the code is not in it. */
const char *words_label(Gj__V1__Label *const *labels, size_t count, const char *code);

/* Each gives the code itself where there is no word. kind may be NULL. */
const char *words_state(const Gj__V1__KindInfo *kind, const char *code);
const char *words_act(const Gj__V1__KindInfo *kind, const char *code);
const char *words_timer(const Gj__V1__KindInfo *kind, const char *code);
const char *words_choice(const Gj__V1__KindInfo *kind, const char *field, const char *code);
const char *words_role(struct cli *cli, const char *code);
const char *words_obligation(struct cli *cli, const char *code);
/* A kind's title by its code, an office's name by its id; "" for no office. */
const char *words_kind_title(struct cli *cli, const char *code);
const char *words_office(struct cli *cli, uint64_t office);
/* "P1 急修"; "" for none. */
const char *words_priority(struct cli *cli, const Gj__V1__KindInfo *kind, uint32_t number);
/* The name of a colleague whose office's staff list may be read; NULL otherwise. */
const char *words_person(struct cli *cli, uint64_t office, uint64_t user);

#endif
