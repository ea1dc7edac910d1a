#include "client/cli/words.h"

#include "client/cli/words_file.h"
#include "common/pb.h"
#include "proto/envelope.pb-c.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Declarations, offices and names of one run. */
#define WORDS_ARENA_MAX ((size_t)64 * 1024 * 1024)
#define KINDS_MAX 128
/* Offices whose staff lists are asked for: a list of the whole company must not ask 200 times. */
#define STAFF_MAX 8

#define ALL_FILE "kinds"
#define OFFICES_FILE "offices"

struct words {
    struct gj_arena arena;
    const Gj__V1__KindList *all;
    const Gj__V1__OfficeList *offices;
    const Gj__V1__KindInfo *kinds[KINDS_MAX];
    size_t kind_count;
    const char *missing[KINDS_MAX]; /* asked for in vain in this run */
    size_t missing_count;
    struct {
        uint64_t office;
        const Gj__V1__StaffList *list; /* NULL: may not be read */
    } staff[STAFF_MAX];
    size_t staff_count;
    bool tried_all, tried_offices, asked_again;
};

static struct words *words_of(struct cli *cli)
{
    if (cli->words == NULL) {
        cli->words = calloc(1, sizeof *cli->words);
        if (cli->words != NULL) {
            gj_arena_init(&cli->words->arena, WORDS_ARENA_MAX);
        }
    }
    return cli->words;
}

void cli_forget_words(struct cli *cli)
{
    if (cli->words != NULL) {
        gj_arena_fini(&cli->words->arena);
        free(cli->words);
        cli->words = NULL;
    }
}

/* Whether the server may be asked: entry for the outbox and completion must not wait for a line that is not there. */
static bool may_ask(struct cli *cli)
{
    return !cli->to_outbox && !cli->unconnected && guanjia_profile_user(cli->dir, NULL, 0) != 0 &&
           cli_client(cli) == EXIT_OK;
}

static ProtobufCMessage *ask(struct cli *cli, uint32_t call, const ProtobufCMessage *request,
    const ProtobufCMessageDescriptor *type, const char *file)
{
    const struct guanjia_answer *answer = NULL;
    ProtobufCMessage *reply = NULL;
    if (!may_ask(cli) || cli_call_quietly(cli, call, request, &answer) != GUANJIA_OK ||
        answer->status != GUANJIA_S_OK ||
        gj_pb_unpack(type, &cli->words->arena, answer->body, answer->body_len, &reply) != GJ_OK) {
        return NULL;
    }
    if (file != NULL) {
        words_file_put(cli->dir, file, answer->body, answer->body_len);
    }
    return reply;
}

static ProtobufCMessage *kept(
    struct cli *cli, const ProtobufCMessageDescriptor *type, const char *file, int64_t max_age_s)
{
    size_t len = 0;
    int64_t age_s = 0;
    ProtobufCMessage *message = NULL;
    if (cli_profile(cli) != EXIT_OK) {
        return NULL;
    }
    const uint8_t *bytes = words_file_get(&cli->words->arena, cli->dir, file, &len, &age_s);
    if (bytes == NULL || age_s < 0 || age_s > max_age_s ||
        gj_pb_unpack(type, &cli->words->arena, bytes, len, &message) != GJ_OK) {
        return NULL;
    }
    return message;
}

/* A fresh copy, else the server's answer, else whatever is there. */
static ProtobufCMessage *find(struct cli *cli, uint32_t call, const ProtobufCMessage *request,
    const ProtobufCMessageDescriptor *type, const char *file)
{
    ProtobufCMessage *found = kept(cli, type, file, WORDS_FRESH_S);
    found = found != NULL ? found : ask(cli, call, request, type, file);
    return found != NULL ? found : kept(cli, type, file, INT64_MAX);
}

/* ---- what is asked for ------------------------------------------------------------------------------------------- */

const Gj__V1__KindList *words_all(struct cli *cli)
{
    struct words *words = words_of(cli);
    Gj__V1__KindListRequest request = GJ__V1__KIND_LIST_REQUEST__INIT;
    if (words != NULL && !words->tried_all) {
        words->tried_all = true;
        words->all = (const Gj__V1__KindList *)find(
            cli, GJ__V1__CALL__KIND_LIST, &request.base, &gj__v1__kind_list__descriptor, ALL_FILE);
    }
    return words == NULL ? NULL : words->all;
}

static const Gj__V1__KindInfo *add_kind(struct words *words, const ProtobufCMessage *message)
{
    const Gj__V1__KindList *list = (const Gj__V1__KindList *)message;
    if (list == NULL || list->n_kinds == 0) {
        return NULL;
    }
    for (size_t n = 0; n < words->kind_count; n++) {
        if (strcmp(words->kinds[n]->code, list->kinds[0]->code) == 0) {
            words->kinds[n] = list->kinds[0];
            return words->kinds[n];
        }
    }
    if (words->kind_count < KINDS_MAX) {
        words->kinds[words->kind_count++] = list->kinds[0];
    }
    return list->kinds[0];
}

static const char *kind_file(struct cli *cli, const char *code)
{
    const char *name = gj_arena_printf(&cli->words->arena, "kind.%s", code);
    return name == NULL ? "" : name;
}

const Gj__V1__KindInfo *words_kind(struct cli *cli, const char *code)
{
    struct words *words = words_of(cli);
    Gj__V1__KindListRequest request = GJ__V1__KIND_LIST_REQUEST__INIT;
    for (size_t n = 0; words != NULL && n < words->kind_count; n++) {
        if (strcmp(words->kinds[n]->code, code) == 0) {
            return words->kinds[n];
        }
    }
    for (size_t n = 0; words != NULL && n < words->missing_count; n++) {
        if (strcmp(words->missing[n], code) == 0) {
            return NULL;
        }
    }
    if (words == NULL || *code == '\0') {
        return NULL;
    }
    request.kind = gj_arena_strdup(&words->arena, code);
    if (request.kind == NULL) {
        return NULL;
    }
    const ProtobufCMessage *found =
        find(cli, GJ__V1__CALL__KIND_LIST, &request.base, &gj__v1__kind_list__descriptor, kind_file(cli, code));
    if (found == NULL && words->missing_count < KINDS_MAX) {
        words->missing[words->missing_count++] = request.kind;
    }
    return add_kind(words, found);
}

const Gj__V1__KindInfo *words_kind_numbered(struct cli *cli, uint32_t number)
{
    const Gj__V1__KindList *all = number == 0 ? NULL : words_all(cli);
    for (size_t n = 0; all != NULL && n < all->n_kinds; n++) {
        if (all->kinds[n]->kind == number) {
            return words_kind(cli, all->kinds[n]->code);
        }
    }
    return NULL;
}

void words_keep(struct cli *cli, const char *code, const void *bytes, size_t len)
{
    struct words *words = words_of(cli);
    ProtobufCMessage *message = NULL;
    if (words == NULL || *cli->dir == '\0') {
        return;
    }
    words_file_put(cli->dir, kind_file(cli, code), bytes, len);
    if (gj_pb_unpack(&gj__v1__kind_list__descriptor, &words->arena, bytes, len, &message) == GJ_OK) {
        (void)add_kind(words, message); /* for the words of this run */
    }
}

const Gj__V1__OfficeList *words_offices(struct cli *cli)
{
    struct words *words = words_of(cli);
    Gj__V1__OfficeListRequest request = GJ__V1__OFFICE_LIST_REQUEST__INIT;
    Gj__V1__Page page = GJ__V1__PAGE__INIT;
    page.limit = 200;
    request.page = &page;
    if (words != NULL && !words->tried_offices) {
        words->tried_offices = true;
        words->offices = (const Gj__V1__OfficeList *)find(
            cli, GJ__V1__CALL__DIR_OFFICE_LIST, &request.base, &gj__v1__office_list__descriptor, OFFICES_FILE);
    }
    return words == NULL ? NULL : words->offices;
}

static const Gj__V1__OfficeList *ask_offices(struct cli *cli)
{
    Gj__V1__OfficeListRequest request = GJ__V1__OFFICE_LIST_REQUEST__INIT;
    Gj__V1__Page page = GJ__V1__PAGE__INIT;
    page.limit = 200;
    request.page = &page;
    return (const Gj__V1__OfficeList *)ask(
        cli, GJ__V1__CALL__DIR_OFFICE_LIST, &request.base, &gj__v1__office_list__descriptor, OFFICES_FILE);
}

void words_refresh(struct cli *cli)
{
    Gj__V1__KindListRequest request = GJ__V1__KIND_LIST_REQUEST__INIT;
    if (words_of(cli) == NULL) {
        return;
    }
    const Gj__V1__KindList *all = (const Gj__V1__KindList *)ask(
        cli, GJ__V1__CALL__KIND_LIST, &request.base, &gj__v1__kind_list__descriptor, ALL_FILE);
    for (size_t n = 0; all != NULL && n < all->n_kinds; n++) {
        request.kind = all->kinds[n]->code;
        (void)ask(cli, GJ__V1__CALL__KIND_LIST, &request.base, &gj__v1__kind_list__descriptor,
            kind_file(cli, request.kind)); /* kept by it; a kind that cannot be had is missing later */
    }
    (void)ask_offices(cli); /* kept by it */
}

static const Gj__V1__StaffList *staff_of(struct cli *cli, uint64_t office)
{
    struct words *words = words_of(cli);
    Gj__V1__StaffListRequest request = GJ__V1__STAFF_LIST_REQUEST__INIT;
    Gj__V1__Page page = GJ__V1__PAGE__INIT;
    for (size_t n = 0; words != NULL && n < words->staff_count; n++) {
        if (words->staff[n].office == office) {
            return words->staff[n].list;
        }
    }
    if (words == NULL || words->staff_count == STAFF_MAX || office == 0) {
        return NULL;
    }
    page.limit = 200;
    request.page = &page;
    request.office = office;
    words->staff[words->staff_count].office = office;
    words->staff[words->staff_count].list = (const Gj__V1__StaffList *)ask(
        cli, GJ__V1__CALL__DIR_STAFF_LIST, &request.base, &gj__v1__staff_list__descriptor, NULL);
    return words->staff[words->staff_count++].list;
}

/* ---- words ------------------------------------------------------------------------------------------------------- */

bool words_english(void)
{
    return strcmp(CLI_TEXT(N_("yes")), "yes") == 0;
}

const char *words_label(Gj__V1__Label *const *labels, size_t count, const char *code)
{
    for (size_t n = 0; n < count; n++) {
        if (strcmp(labels[n]->code, code) == 0) {
            const char *word = words_english() ? labels[n]->en : labels[n]->zh;
            return *word != '\0' ? word : NULL;
        }
    }
    return NULL;
}

static const char *or_code(const char *word, const char *code)
{
    return word != NULL ? word : code;
}

const char *words_state(const Gj__V1__KindInfo *kind, const char *code)
{
    return or_code(kind == NULL ? NULL : words_label(kind->states, kind->n_states, code), code);
}

const char *words_act(const Gj__V1__KindInfo *kind, const char *code)
{
    return or_code(kind == NULL ? NULL : words_label(kind->acts, kind->n_acts, code), code);
}

const char *words_timer(const Gj__V1__KindInfo *kind, const char *code)
{
    return or_code(kind == NULL ? NULL : words_label(kind->timers, kind->n_timers, code), code);
}

const char *words_choice(const Gj__V1__KindInfo *kind, const char *field, const char *code)
{
    for (size_t n = 0; kind != NULL && n < kind->n_fields; n++) {
        if (strcmp(kind->fields[n]->key, field) == 0) {
            return or_code(words_label(kind->fields[n]->choices, kind->fields[n]->n_choices, code), code);
        }
    }
    return code;
}

const char *words_role(struct cli *cli, const char *code)
{
    const Gj__V1__KindList *all = *code == '\0' ? NULL : words_all(cli);
    return or_code(all == NULL ? NULL : words_label(all->roles, all->n_roles, code), code);
}

const char *words_obligation(struct cli *cli, const char *code)
{
    const Gj__V1__KindList *all = *code == '\0' ? NULL : words_all(cli);
    return or_code(all == NULL ? NULL : words_label(all->obligations, all->n_obligations, code), code);
}

const char *words_kind_title(struct cli *cli, const char *code)
{
    const Gj__V1__KindList *all = *code == '\0' ? NULL : words_all(cli);
    for (size_t n = 0; all != NULL && n < all->n_kinds; n++) {
        if (strcmp(all->kinds[n]->code, code) == 0) {
            return words_english() ? all->kinds[n]->title_en : all->kinds[n]->title_zh;
        }
    }
    return code;
}

static bool has_office(const Gj__V1__OfficeList *list, uint64_t office)
{
    for (size_t n = 0; list != NULL && n < list->n_offices; n++) {
        if (list->offices[n]->id == office) {
            return true;
        }
    }
    return false;
}

const char *words_office(struct cli *cli, uint64_t office)
{
    const Gj__V1__OfficeList *list = office == 0 ? NULL : words_offices(cli);
    if (office != 0 && cli->words != NULL && !cli->words->asked_again && !has_office(list, office)) {
        cli->words->asked_again = true; /* it is newer than the copy */
        const Gj__V1__OfficeList *fresh = ask_offices(cli);
        cli->words->offices = fresh != NULL ? fresh : list;
        list = cli->words->offices;
    }
    for (size_t n = 0; list != NULL && n < list->n_offices; n++) {
        if (list->offices[n]->id == office) {
            return gj_arena_printf(&cli->arena, "%s %s", list->offices[n]->code, list->offices[n]->name);
        }
    }
    return office == 0 ? "" : gj_arena_printf(&cli->arena, "%" PRIu64, office);
}

const char *words_priority(struct cli *cli, const Gj__V1__KindInfo *kind, uint32_t number)
{
    char code[16];
    if (number > 4) {
        return "";
    }
    snprintf(code, sizeof code, "P%" PRIu32, number);
    const char *word = words_choice(kind, "priority", code);
    const char *text =
        word == code ? gj_arena_strdup(&cli->arena, code) : gj_arena_printf(&cli->arena, "%s %s", code, word);
    return text == NULL ? "" : text;
}

const char *words_person(struct cli *cli, uint64_t office, uint64_t user)
{
    const Gj__V1__StaffList *list = user == 0 ? NULL : staff_of(cli, office);
    for (size_t n = 0; list != NULL && n < list->n_staff; n++) {
        if (list->staff[n]->user == user && *list->staff[n]->name != '\0') {
            return list->staff[n]->name;
        }
    }
    return NULL;
}
