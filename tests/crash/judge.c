#include "crash/judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/limits.h"
#include "crash/shift.h"
#include "proto/directory.pb-c.h"
#include "proto/dispatch.pb-c.h"
#include "proto/register.pb-c.h"
#include "store/backup.h"
#include "store/entry.h"
#include "store/vault.h"
#include "tool.h"

#define ASK_AGAIN 24
#define LOOK_AT 3
#define BACKUPS_MAX 16

struct bench {
    const struct judge *judge;
    struct gj_direct *direct;
    char store[512];
    uint64_t entries; /* found at opening */
    struct random random;
    uint64_t waiting;
    struct history_answer answer;
};

static void wrong(const char *what, uint64_t number)
{
    fprintf(stderr, "%s (%" PRIu64 ")\n", what, number);
    _Exit(1);
}

static void must(bool good, const char *what, uint64_t number)
{
    if (!good) {
        wrong(what, number);
    }
}

static const struct history *history_of(const struct bench *bench)
{
    return bench->judge->history;
}

static bool was_sent(const struct bench *bench, const struct history_command *command)
{
    return command->sent < bench->judge->at;
}

static bool was_answered(const struct bench *bench, const struct history_command *command)
{
    return command->answered != HISTORY_NEVER && command->answered < bench->judge->at;
}

static bool was_ok(const struct history_command *command)
{
    return command->answer.status == GJ__V1__STATUS__OK;
}

/* ---- opening ---- */

int64_t judge_time(const struct judge *judge)
{
    int64_t now_ms = GJ_DIRECT_START_MS;
    for (size_t i = 0; i < judge->history->n_rounds; i++) {
        const struct history_round *round = &judge->history->rounds[i];
        if (round->ended < judge->at && round->state.at_ms > now_ms) {
            now_ms = round->state.at_ms;
        }
    }
    return now_ms;
}

static void open_bench(struct bench *bench, const struct judge *judge)
{
    memset(bench, 0, sizeof *bench);
    bench->judge = judge;
    bench->random = judge->random;
    (void)snprintf(bench->store, sizeof bench->store, "%s/" SHIFT_STORE, judge->folder);
    bench->direct = gj_direct_take(bench->store, judge_time(judge));
    bench->entries = gj_txn_events(gj_direct_look(bench->direct));
}

/* ---- the log ---- */

static bool same_entry(struct bench *bench, struct gj_txn *txn, uint64_t index)
{
    const struct record *note = &history_of(bench)->recording->records[history_of(bench)->entries[index]];
    struct gj_entry_row row;
    return gj_entry_get(txn, index, &row) && row.bytes.len == note->len &&
           memcmp(row.bytes.data, note->bytes, note->len) == 0;
}

/* It is the beginning of the log that was written, as far at least as was acknowledged, and nobody's half. */
static void check_log(struct bench *bench)
{
    const struct history *history = history_of(bench);
    struct gj_txn *txn = gj_direct_look(bench->direct);
    must(bench->entries <= history->n_entries, "the log is longer than it ever was", bench->entries);
    for (uint64_t i = 0; i < bench->entries; i++) {
        must(same_entry(bench, txn, i), "an entry is not the one that was written", i);
    }
    for (size_t i = 0; i < history->n_commands; i++) {
        const struct history_command *command = &history->commands[i];
        if (was_answered(bench, command) && was_ok(command)) {
            must(command->answer.event < bench->entries, "an acknowledged command is lost", i);
        } else if (!was_sent(bench, command) && was_ok(command)) {
            must(command->answer.event >= bench->entries, "a command is there that was never sent", i);
        }
    }
}

static bool has_key(struct gj_txn *txn, uint64_t index, const uint8_t key[16])
{
    struct gj_entry_row row;
    struct gj_entry entry;
    size_t size = 0;
    return gj_entry_get(txn, index, &row) && gj_entry_decode(row.bytes.data, row.bytes.len, &entry, &size) == GJ_OK &&
           entry.has_request_key && memcmp(entry.request_key, key, 16) == 0;
}

static unsigned runs_of(struct bench *bench, const struct history_command *command, uint64_t upto)
{
    struct gj_txn *txn = gj_direct_look(bench->direct);
    unsigned runs = 0;
    for (uint64_t i = 0; i < upto; i++) {
        runs += has_key(txn, i, command->request.key) && (i == 0 || !has_key(txn, i - 1, command->request.key));
    }
    return runs;
}

static unsigned entries_of(const struct history *history, const struct history_command *command, uint64_t upto)
{
    unsigned count = 0;
    for (uint64_t i = 0; i < upto; i++) {
        const struct record *note = &history->recording->records[history->entries[i]];
        struct gj_entry entry;
        size_t size = 0;
        count += gj_entry_decode(note->bytes, note->len, &entry, &size) == GJ_OK && entry.has_request_key &&
                 memcmp(entry.request_key, command->request.key, 16) == 0;
    }
    return count;
}

/* ---- the tables ---- */

static bool is_state(struct bench *bench, const struct history_round *round, const uint8_t digest[32])
{
    return round->state.entries == bench->entries && memcmp(round->state.digest, digest, 32) == 0;
}

/* Between two rounds nothing is under way: the tables are those noted. In a round of one thing they are those before it
 * or those after it. */
static void check_tables(struct bench *bench)
{
    const struct history *history = history_of(bench);
    uint8_t digest[32];
    size_t last = 0;
    while (last + 1 < history->n_rounds && history->rounds[last + 1].began < bench->judge->at) {
        last++;
    }
    const struct history_round *round = &history->rounds[last];
    gj_direct_digest(bench->direct, digest);
    if (round->ended < bench->judge->at) {
        must(is_state(bench, round, digest), "the tables are not those after the round", last);
    } else if (round->at_once <= 1 && last > 0) {
        must(is_state(bench, round, digest) || is_state(bench, &history->rounds[last - 1], digest),
            "the tables are neither those before nor those after the round", last);
    }
}

static void check_vault(struct bench *bench)
{
    struct gj_vault_report report;
    enum gj_err err = gj_vault_reconcile(gj_direct_core(bench->direct)->store, &report);
    must(err == GJ_OK, gj_err_name(err), 0);
    must(report.missing == 0, "subjects have lost their keys", report.missing);
    must(report.orphans == 0, "keys are left without a subject", report.orphans);
    must(report.finished == 0, "keys of the erased are left", report.finished);
}

/* ---- asking again ---- */

static void on_reply(struct gj_direct *direct, const Gj__V1__Reply *reply)
{
    struct bench *bench = direct->owner;
    if (reply->id == bench->waiting) {
        history_answer_of(reply, &bench->answer);
        bench->waiting = 0;
    }
}

static const struct history_answer *ask_again(struct bench *bench, const struct history_command *command)
{
    struct gj_direct *direct = bench->direct;
    ProtobufCBinaryData body = {.data = (uint8_t *)(uintptr_t)command->body, .len = command->body_len};
    direct->on_reply = on_reply;
    direct->owner = bench;
    bench->waiting = direct->waiting_for + 1;
    gj_direct_request_key(direct, command->request.key);
    (void)gj_direct_send_packed(
        direct, command->request.user, command->request.device, (Gj__V1__Call)command->request.call, body);
    while (bench->waiting != 0) {
        must(direct->fatal == GJ_OK, "the commit thread has given up", 0);
        (void)uv_run(&direct->loop, UV_RUN_ONCE);
    }
    direct->on_reply = NULL;
    return &bench->answer;
}

static void ask_for_first_answer(struct bench *bench, size_t number)
{
    const struct history_command *command = &history_of(bench)->commands[number];
    const struct history_answer *answer = ask_again(bench, command);
    must(memcmp(answer, &command->answer, sizeof *answer) == 0, "a command sent again is answered in another way",
        number);
}

/* The newest ones, and some of the others. */
static void check_answered(struct bench *bench)
{
    const struct history *history = history_of(bench);
    unsigned newest = 0;
    for (size_t i = history->n_commands; i > 0; i--) {
        if (was_answered(bench, &history->commands[i - 1])) {
            unsigned percent = newest++ < ASK_AGAIN / 2 ? 100 : (unsigned)(100 * (ASK_AGAIN / 2) / history->n_commands);
            if (random_percent(&bench->random, percent)) {
                ask_for_first_answer(bench, i - 1);
            }
        }
    }
    must(gj_txn_events(gj_direct_look(bench->direct)) == bench->entries, "a command sent again was done again", 0);
}

static void check_under_way(struct bench *bench)
{
    const struct history *history = history_of(bench);
    for (size_t i = 0; i < history->n_commands; i++) {
        const struct history_command *command = &history->commands[i];
        if (!was_sent(bench, command) || was_answered(bench, command)) {
            continue;
        }
        unsigned all = entries_of(history, command, history->n_entries);
        unsigned found = entries_of(history, command, bench->entries);
        must(found == 0 || found == all, "a command is there by half", i);
        if (found > 0) {
            ask_for_first_answer(bench, i);
        } else {
            const struct history_answer *answer = ask_again(bench, command);
            must(answer->status != GJ__V1__STATUS__INTERNAL && answer->status != GJ__V1__STATUS__UNAVAILABLE &&
                     answer->status != GJ__V1__STATUS__BUSY,
                "a command that was lost is not taken when it is sent again", i);
        }
    }
    uint64_t entries = gj_txn_events(gj_direct_look(bench->direct));
    for (size_t i = 0; i < history->n_commands; i++) {
        if (was_sent(bench, &history->commands[i]) && !was_answered(bench, &history->commands[i])) {
            must(runs_of(bench, &history->commands[i], entries) <= 1, "a command was done twice", i);
        }
    }
}

/* ---- what is sealed ---- */

static const struct gj_result *call(struct bench *bench, Gj__V1__Call number, const void *request)
{
    return gj_direct_call_from(bench->direct, 1, SHIFT_DEVICE(1), number, request);
}

static void read_household(struct bench *bench, uint64_t id)
{
    Gj__V1__HouseholdShowRequest request = GJ__V1__HOUSEHOLD_SHOW_REQUEST__INIT;
    request.id = id;
    request.purpose = (char *)"call";
    const struct gj_result *result = call(bench, GJ__V1__CALL__DIR_HOUSEHOLD_SHOW, &request);
    must(result->status == GJ__V1__STATUS__OK, "a household cannot be read", id);
    const Gj__V1__Household *household = (const Gj__V1__Household *)result->body;
    must(household->n_persons == 1 && strcmp(household->persons[0]->name, SHIFT_PERSON) == 0,
        "a person of a household cannot be read", id);
}

static void read_ticket(struct bench *bench, uint64_t id)
{
    Gj__V1__ShowRequest request = GJ__V1__SHOW_REQUEST__INIT;
    request.id = id;
    request.purpose = (char *)"ticket";
    const struct gj_result *result = call(bench, GJ__V1__CALL__RECORD_SHOW, &request);
    must(result->status == GJ__V1__STATUS__OK, "a ticket cannot be read", id);
    size_t len = protobuf_c_message_get_packed_size(result->body);
    uint8_t *bytes = malloc(len + 1);
    must(bytes != NULL, "out of memory", len);
    (void)protobuf_c_message_pack(result->body, bytes);
    must(memmem(bytes, len, SHIFT_CONTACT, strlen(SHIFT_CONTACT)) != NULL, "what a ticket seals cannot be read", id);
    free(bytes);
}

static void read_attachment(struct bench *bench, const struct record *note)
{
    Gj__V1__AttachmentReadRequest request = GJ__V1__ATTACHMENT_READ_REQUEST__INIT;
    request.address = (ProtobufCBinaryData){.data = note->bytes, .len = note->len};
    request.record = note->at;
    const struct gj_result *result = call(bench, GJ__V1__CALL__ATTACHMENT_READ, &request);
    must(result->status == GJ__V1__STATUS__OK, "an attachment cannot be read", note->at);
    const Gj__V1__AttachmentData *data = (const Gj__V1__AttachmentData *)result->body;
    must(data->data.len == SHIFT_PICTURE_BYTES, "an attachment is too short", data->data.len);
    must(memcmp(data->data.data, data->data.data + 1, data->data.len - 1) == 0, "an attachment has changed", note->at);
}

static void check_sealed(struct bench *bench)
{
    const struct history *history = history_of(bench);
    unsigned households = 0, tickets = 0;
    for (size_t i = history->n_commands; i > 0; i--) {
        const struct history_command *command = &history->commands[i - 1];
        if (!was_answered(bench, command) || !was_ok(command)) {
            continue;
        }
        if (command->request.call == GJ__V1__CALL__DIR_HOUSEHOLD_CREATE && households++ < LOOK_AT) {
            read_household(bench, command->answer.id);
        } else if (command->request.call == GJ__V1__CALL__DISPATCH_INTAKE && tickets++ < LOOK_AT) {
            read_ticket(bench, command->answer.id);
        }
    }
    for (size_t i = 0; i < bench->judge->at; i++) {
        const struct record *record = &history->recording->records[i];
        if (record->what == RECORD_NOTE && record->node == HISTORY_FILE) {
            read_attachment(bench, record);
        }
    }
}

/* ---- backups ---- */

static void check_backups(const struct judge *judge)
{
    char target[512], path[600];
    int64_t times[BACKUPS_MAX];
    uint64_t newest = 0;
    bool found = false;
    struct gj_backup_manifest manifest;
    struct gj_fault fault = {.text = ""};
    (void)snprintf(target, sizeof target, "%s/" SHIFT_BACKUPS, judge->folder);
    for (size_t i = 0; i < judge->at; i++) {
        const struct record *record = &judge->history->recording->records[i];
        if (record->what == RECORD_NOTE && record->node == HISTORY_BACKUP) {
            newest = record->at;
        }
    }
    size_t count = gj_backup_list(target, times, BACKUPS_MAX);
    for (size_t i = 0; i < count && i < BACKUPS_MAX; i++) {
        (void)snprintf(path, sizeof path, "%s/guanjia-%" PRId64, target, times[i]);
        must(gj_backup_verify(path, true, &manifest, &fault) == GJ_OK, fault.text, (uint64_t)times[i]);
        found = found || (uint64_t)times[i] == newest;
    }
    must(newest == 0 || found, "a finished backup is lost", newest);
}

/* ---- going on ---- */

static void work_on(struct bench *bench)
{
    Gj__V1__IntakeRequest request = GJ__V1__INTAKE_REQUEST__INIT;
    request.office = SHIFT_OFFICE;
    request.channel = (char *)"phone";
    request.place = (char *)"3-2-1801";
    request.contact_name = (char *)SHIFT_CONTACT;
    request.contact_phone = (char *)"13812345678";
    request.description = (char *)"停电以后";
    request.category = (char *)"WAT-03";
    request.area = (char *)"household";
    request.priority = -1;
    request.expected_response_told = true;
    request.read_back = true;
    const struct gj_result *result = call(bench, GJ__V1__CALL__DISPATCH_INTAKE, &request);
    must(result->status == GJ__V1__STATUS__OK, "no new ticket is taken", result->status);
    uint64_t id = result->written.id;
    read_ticket(bench, id);
    gj_direct_reopen(bench->direct);
    read_ticket(bench, id);
}

void judge_image(const struct judge *judge)
{
    struct bench bench;
    struct gj_fault fault = {.text = ""};
    open_bench(&bench, judge);
    check_log(&bench);
    check_tables(&bench);
    check_vault(&bench);
    check_answered(&bench);
    check_under_way(&bench);
    check_sealed(&bench);
    work_on(&bench);
    gj_direct_leave(bench.direct);
    must(gj_tool_check(bench.store, &fault) == GJ_OK, fault.text, 0);
    check_backups(judge);
}
