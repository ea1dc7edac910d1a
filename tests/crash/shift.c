#include "crash/shift.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "common/keyfile.h"
#include "common/noise.h"
#include "core/body.pb-c.h"
#include "crash/history.h"
#include "crash/random.h"
#include "crash/recorder.h"
#include "proto/directory.pb-c.h"
#include "proto/dispatch.pb-c.h"
#include "proto/policy.pb-c.h"
#include "proto/register.pb-c.h"
#include "core/household.h"
#include "core/subject.h"
#include "store/backup.h"
#include "store/blob.h"
#include "store/entry.h"
#include "store/record.h"
#include "store/vault.h"

#define COMMANDS_MAX 4096
#define STEPS_MAX 8
#define BACKUP_ROUNDS 4
#define MINUTE INT64_C(60000)

/* A person with a ticket in hand. */
struct line {
    uint64_t user, device;
    uint64_t ticket;
    uint32_t revision;
    unsigned steps;
    uint64_t waiting; /* id of the request under way; 0: none */
    uint64_t command; /* its number */
    bool takes_in;    /* the request is an intake */
};

struct command {
    struct history_request request;
    uint8_t *body;
    size_t len;
    struct history_answer answer;
};

struct shift {
    struct gj_direct *direct;
    struct random random;
    char store[512], backups[512];
    struct line lines[SHIFT_QA2 + 1]; /* by number of the user; 0 is nobody */
    struct command commands[COMMANDS_MAX];
    uint64_t n_commands;
    uint64_t rounds;
    uint64_t again; /* command that is sent a second time; its answer must be the first one */
    bool is_again;
    uint64_t rooms, erasable;
    uint32_t proposed; /* version of the policy that waits for approval */
    struct gj_backup *backup;
    uint64_t backup_until;
};

static void check(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "shift: %s\n", what);
        abort();
    }
}

/* ---- rounds ---- */

static void begin_round(struct shift *shift, uint64_t at_once)
{
    recorder_note(HISTORY_ROUND, shift->rounds, &at_once, sizeof at_once);
}

static void end_round(struct shift *shift)
{
    struct history_state state = {.at_ms = gj_direct_now(shift->direct)};
    state.entries = gj_txn_events(gj_direct_look(shift->direct));
    gj_direct_digest(shift->direct, state.digest);
    recorder_note(HISTORY_STATE, shift->rounds, &state, sizeof state);
    shift->rounds++;
}

/* ---- requests ---- */

static void make_key(struct shift *shift, uint8_t key[16])
{
    uint64_t now = (uint64_t)gj_direct_now(shift->direct);
    memset(key, 0, 16);
    for (unsigned i = 0; i < 6; i++) {
        key[i] = (uint8_t)(now >> (40 - 8 * i));
    }
    memcpy(key + 8, &shift->n_commands, sizeof shift->n_commands);
}

static void on_reply(struct gj_direct *direct, const Gj__V1__Reply *reply);

static void send_command(struct shift *shift, struct line *line, uint64_t number)
{
    struct command *command = &shift->commands[number];
    ProtobufCBinaryData body = {.data = command->body, .len = command->len};
    gj_direct_request_key(shift->direct, command->request.key);
    line->command = number;
    line->waiting = shift->direct->waiting_for + 1;
    shift->direct->on_reply = on_reply; /* some answers come at once */
    shift->direct->owner = shift;
    (void)gj_direct_send_packed(
        shift->direct, line->user, command->request.device, (Gj__V1__Call)command->request.call, body);
}

static void send_new(struct shift *shift, struct line *line, Gj__V1__Call call, const ProtobufCMessage *message)
{
    check(shift->n_commands < COMMANDS_MAX, "too many commands");
    uint64_t number = shift->n_commands++;
    struct command *command = &shift->commands[number];
    command->request = (struct history_request){
        .user = line->user, .device = line->device, .call = (uint32_t)call, .at_ms = gj_direct_now(shift->direct)};
    make_key(shift, command->request.key);
    command->len = protobuf_c_message_get_packed_size(message);
    uint8_t *note = malloc(sizeof command->request + command->len + 1);
    check(note != NULL, "out of memory");
    memcpy(note, &command->request, sizeof command->request);
    command->body = note + sizeof command->request;
    (void)protobuf_c_message_pack(message, command->body);
    recorder_note(HISTORY_SENT, number, note, sizeof command->request + command->len);
    line->takes_in = call == GJ__V1__CALL__DISPATCH_INTAKE;
    send_command(shift, line, number);
}

static void take_answer(struct shift *shift, struct line *line, const struct history_answer *answer)
{
    struct command *command = &shift->commands[line->command];
    line->waiting = 0;
    if (shift->is_again) {
        check(memcmp(answer, &command->answer, sizeof *answer) == 0, "a repeated request was answered in another way");
        return;
    }
    command->answer = *answer;
    recorder_note(HISTORY_ANSWER, line->command, answer, sizeof *answer);
    if (answer->status != GJ__V1__STATUS__OK) {
        if (line->takes_in) {
            fprintf(stderr, "shift: an intake is refused: %u %s\n", answer->status, answer->code);
        }
        check(!line->takes_in, "an intake is refused");
        return;
    }
    if (line->takes_in) {
        line->ticket = answer->id;
        line->steps = 0;
    }
    if (answer->id == line->ticket) {
        line->revision = answer->revision;
    }
}

static void on_reply(struct gj_direct *direct, const Gj__V1__Reply *reply)
{
    struct shift *shift = direct->owner;
    for (unsigned i = 1; i <= SHIFT_QA2; i++) {
        if (shift->lines[i].waiting == reply->id) {
            struct history_answer answer;
            history_answer_of(reply, &answer);
            take_answer(shift, &shift->lines[i], &answer);
        }
    }
}

static void wait_for_all(struct shift *shift)
{
    for (unsigned i = 1; i <= SHIFT_QA2; i++) {
        while (shift->lines[i].waiting != 0) {
            check(shift->direct->fatal == GJ_OK, "the commit thread has given up");
            (void)uv_run(&shift->direct->loop, UV_RUN_ONCE);
        }
    }
    shift->direct->on_reply = NULL;
}

/* ---- work at the desk ---- */

static void send_intake(struct shift *shift, struct line *line)
{
    static const char *const categories[] = {"WAT-03", "WAT-04", "ELE-03", "DOR-01", "LEK-03", "CIV-01"};
    Gj__V1__IntakeRequest request = GJ__V1__INTAKE_REQUEST__INIT;
    char text[400];
    size_t words = random_below(&shift->random, 40);
    text[0] = '\0';
    for (size_t i = 0; i <= words; i++) {
        strcat(text, "漏水");
    }
    request.office = SHIFT_OFFICE;
    request.channel = (char *)"phone";
    request.place = (char *)"3-2-1801";
    request.contact_name = (char *)SHIFT_CONTACT;
    request.contact_phone = (char *)"13812345678";
    request.description = text;
    request.category = (char *)(uintptr_t)categories[random_below(&shift->random, 6)];
    request.area = (char *)"household";
    request.priority = -1;
    request.expected_response_told = true;
    request.read_back = true;
    send_new(shift, line, GJ__V1__CALL__DISPATCH_INTAKE, &request.base);
}

static void send_act(struct shift *shift, struct line *line, const char *act, uint32_t revision)
{
    Gj__V1__ActRequest request = GJ__V1__ACT_REQUEST__INIT;
    Gj__V1__Field reason = GJ__V1__FIELD__INIT;
    Gj__V1__Field *fields[] = {&reason};
    request.id = line->ticket;
    request.revision = revision;
    request.act = (char *)(uintptr_t)act;
    if (strcmp(act, "cancel") == 0) {
        reason.key = (char *)"cancel_reason";
        reason.value_case = GJ__V1__FIELD__VALUE_TEXT;
        reason.text = (char *)"重复报修";
        request.fields = fields;
        request.n_fields = 1;
    } else {
        request.note = (char *)"已联系业主，无人应答";
    }
    send_new(shift, line, GJ__V1__CALL__RECORD_ACT, &request.base);
}

static void send_household(struct shift *shift, struct line *line)
{
    Gj__V1__HouseholdPutRequest request = GJ__V1__HOUSEHOLD_PUT_REQUEST__INIT;
    Gj__V1__Household household = GJ__V1__HOUSEHOLD__INIT;
    Gj__V1__Person person = GJ__V1__PERSON__INIT;
    Gj__V1__Person *persons[] = {&person};
    char room[32], phone[16];
    char *phones[] = {phone};
    (void)snprintf(room, sizeof room, "9-1-%llu", 100 + (unsigned long long)shift->rooms);
    (void)snprintf(phone, sizeof phone, "139%08llu", 10000000 + (unsigned long long)shift->rooms++);
    person.name = (char *)SHIFT_PERSON;
    person.phones = phones;
    person.n_phones = 1;
    person.relation = GJ__V1__PERSON_RELATION__OWNER;
    household.office = SHIFT_OFFICE;
    household.room = room;
    household.occupancy = GJ__V1__OCCUPANCY__OCCUPIED;
    household.persons = persons;
    household.n_persons = 1;
    request.household = &household;
    send_new(shift, line, GJ__V1__CALL__DIR_HOUSEHOLD_CREATE, &request.base);
}

static void send_something(struct shift *shift, struct line *line)
{
    uint64_t dice = random_below(&shift->random, 100);
    line->steps++;
    if (dice < 12) {
        send_household(shift, line);
    } else if (line->ticket == 0 || line->steps > STEPS_MAX) {
        send_intake(shift, line);
    } else if (dice < 24) {
        send_act(shift, line, "no_such_step", line->revision);
    } else if (dice < 34) {
        send_act(shift, line, "note", line->revision + 1);
    } else if (dice < 44) {
        send_act(shift, line, "cancel", line->revision);
    } else {
        send_act(shift, line, "note", line->revision);
    }
}

static void desk_round(struct shift *shift, uint64_t at_once)
{
    begin_round(shift, at_once);
    for (uint64_t i = 1; i <= at_once; i++) {
        send_something(shift, &shift->lines[i]);
    }
    wait_for_all(shift);
    end_round(shift);
}

static void alone(struct shift *shift)
{
    begin_round(shift, 1);
    send_something(shift, &shift->lines[1 + random_below(&shift->random, SHIFT_AGENTS)]);
    wait_for_all(shift);
    end_round(shift);
}

static void together(struct shift *shift)
{
    desk_round(shift, 2 + random_below(&shift->random, SHIFT_AGENTS - 1));
}

static void repeat(struct shift *shift)
{
    if (shift->n_commands == 0) {
        return;
    }
    uint64_t number = random_below(&shift->random, shift->n_commands);
    struct line *line = &shift->lines[shift->commands[number].request.user];
    begin_round(shift, 0);
    shift->is_again = true;
    send_command(shift, line, number);
    wait_for_all(shift);
    shift->is_again = false;
    end_round(shift);
}

/* ---- what is done now and then ---- */

static void attach(struct shift *shift)
{
    struct line *line = &shift->lines[1];
    uint8_t picture[SHIFT_PICTURE_BYTES];
    if (line->ticket == 0) {
        return;
    }
    memset(picture, (int)shift->rounds, sizeof picture);
    Gj__V1__AttachmentBeginRequest begin = GJ__V1__ATTACHMENT_BEGIN_REQUEST__INIT;
    begin.office = SHIFT_OFFICE;
    begin.media_type = (char *)"image/jpeg";
    begin.size = sizeof picture;
    const struct gj_result *result =
        gj_direct_call_from(shift->direct, line->user, line->device, GJ__V1__CALL__ATTACHMENT_BEGIN, &begin);
    check(result->status == GJ__V1__STATUS__OK, "an upload does not begin");
    uint8_t upload[256];
    Gj__V1__AttachmentChunkRequest chunk = GJ__V1__ATTACHMENT_CHUNK_REQUEST__INIT;
    chunk.upload.len = ((const Gj__V1__AttachmentBegun *)result->body)->upload.len;
    check(chunk.upload.len <= sizeof upload, "the token of an upload is too long");
    memcpy(upload, ((const Gj__V1__AttachmentBegun *)result->body)->upload.data, chunk.upload.len);
    chunk.upload.data = upload;
    chunk.data = (ProtobufCBinaryData){.data = picture, .len = sizeof picture};
    result = gj_direct_call_from(shift->direct, line->user, line->device, GJ__V1__CALL__ATTACHMENT_CHUNK, &chunk);
    check(result->status == GJ__V1__STATUS__OK, "a chunk is not taken");
    Gj__V1__AttachmentCommitRequest commit = GJ__V1__ATTACHMENT_COMMIT_REQUEST__INIT;
    commit.upload = chunk.upload;
    commit.record = line->ticket;
    begin_round(shift, 1);
    result = gj_direct_call_from(shift->direct, line->user, line->device, GJ__V1__CALL__ATTACHMENT_COMMIT, &commit);
    check(result->status == GJ__V1__STATUS__OK, "an upload is not committed");
    const ProtobufCBinaryData *address = &((const Gj__V1__AttachmentCommitted *)result->body)->address;
    recorder_note(HISTORY_FILE, line->ticket, address->data, address->len);
    end_round(shift);
    line->ticket = 0; /* its revision has moved on */
}

static void ring(struct shift *shift)
{
    uint64_t records[64];
    Gj__Body__Timer body = GJ__BODY__TIMER__INIT;
    struct gj_iter iter;
    gj_direct_advance(shift->direct, (int64_t)random_below(&shift->random, 30) * MINUTE);
    body.records = records;
    body.upto = gj_direct_now(shift->direct);
    gj_iter_range(&iter, gj_direct_look(shift->direct), GJ_TABLE_DUE, NULL, NULL, GJ_FORWARD);
    while (body.n_records < 64 && gj_iter_next(&iter)) {
        struct gj_key_reader reader = gj_key_read(iter.key.data, iter.key.len);
        if (gj_key_read_i64(&reader) > body.upto) {
            break;
        }
        records[body.n_records++] = gj_key_read_u64(&reader);
    }
    gj_iter_close(&iter);
    if (body.n_records == 0) {
        return;
    }
    begin_round(shift, 1);
    const struct gj_result *result = gj_direct_system(shift->direct, GJ__V1__CALL__SYSTEM_TIMER, &body.base);
    check(result->status == GJ__V1__STATUS__OK, "a timer does not fire");
    end_round(shift);
    for (unsigned i = 1; i <= SHIFT_AGENTS; i++) {
        shift->lines[i].ticket = 0; /* escalations have moved the revisions */
    }
}

/* Keys of the vault that come and go without a command: what an import's steps do. */
static void household_comes(struct shift *shift)
{
    char room[32];
    (void)snprintf(room, sizeof room, "8-1-%llu", 100 + (unsigned long long)shift->rooms++);
    begin_round(shift, 1);
    uint64_t id = gj_direct_household(shift->direct, SHIFT_OFFICE, room);
    end_round(shift);
    shift->erasable = id;
}

static void household_goes(struct shift *shift)
{
    struct gj_store *store = gj_direct_core(shift->direct)->store;
    struct gj_subject subject = {.kind = GJ_SUBJECT_HOUSEHOLD, .id = shift->erasable};
    struct gj_txn *txn = NULL;
    if (shift->erasable == 0 || shift->backup != NULL) {
        return;
    }
    begin_round(shift, 1);
    check(gj_txn_begin_write(store, &txn) == GJ_OK, "no transaction");
    gj_vault_erase(txn, &subject);
    check(gj_txn_commit(txn) == GJ_OK, "an erasure is not committed");
    check(gj_vault_rewrite(store) == GJ_OK, "the vault is not rewritten");
    end_round(shift);
    shift->erasable = 0;
}

static void change_policy(struct shift *shift)
{
    begin_round(shift, 1);
    if (shift->proposed == 0) {
        struct line *line = &shift->lines[SHIFT_QA];
        char text[64];
        Gj__V1__PolicyProposeRequest request = GJ__V1__POLICY_PROPOSE_REQUEST__INIT;
        Gj__V1__PolicyGetRequest get = GJ__V1__POLICY_GET_REQUEST__INIT;
        get.name = (char *)"settings.yaml";
        const struct gj_result *result =
            gj_direct_call_from(shift->direct, line->user, line->device, GJ__V1__CALL__POLICY_GET, &get);
        check(result->status == GJ__V1__STATUS__OK, "the policy cannot be read");
        Gj__V1__PolicyFile *old = ((const Gj__V1__PolicyGetReply *)result->body)->files[0];
        Gj__V1__PolicyFile file = GJ__V1__POLICY_FILE__INIT;
        Gj__V1__PolicyFile *files[] = {&file};
        size_t more = (size_t)snprintf(text, sizeof text, "# %llu\n", (unsigned long long)shift->rounds);
        uint8_t *bytes = malloc(old->content.len + more);
        check(bytes != NULL, "out of memory");
        memcpy(bytes, old->content.data, old->content.len);
        memcpy(bytes + old->content.len, text, more);
        file.name = get.name;
        file.content = (ProtobufCBinaryData){.data = bytes, .len = old->content.len + more};
        request.files = files;
        request.n_files = 1;
        request.reason = (char *)"按公司新规";
        send_new(shift, line, GJ__V1__CALL__POLICY_PROPOSE, &request.base);
        wait_for_all(shift);
        free(bytes);
        /* Refused where one waits for approval since before a power cut. */
        const struct history_answer *answer = &shift->commands[line->command].answer;
        shift->proposed = answer->status == GJ__V1__STATUS__OK ? (uint32_t)answer->id : 0;
    } else {
        struct line *line = &shift->lines[SHIFT_QA2];
        Gj__V1__PolicyApproveRequest request = GJ__V1__POLICY_APPROVE_REQUEST__INIT;
        request.version = shift->proposed;
        request.approve = true;
        request.reason = (char *)"已核对";
        send_new(shift, line, GJ__V1__CALL__POLICY_APPROVE, &request.base);
        wait_for_all(shift);
        check(shift->commands[line->command].answer.status == GJ__V1__STATUS__OK, "a policy is not approved");
        shift->proposed = 0;
    }
    end_round(shift);
}

static void on_backup(void *owner)
{
    (void)owner; /* gj_backup_end waits for the thread */
}

static void finish_backup(struct shift *shift)
{
    struct gj_backup_manifest manifest;
    struct gj_fault fault = {.text = ""};
    if (shift->backup == NULL || shift->rounds < shift->backup_until) {
        return;
    }
    enum gj_err err = gj_backup_end(shift->backup, &manifest, NULL, 0, &fault);
    shift->backup = NULL;
    check(err == GJ_OK, fault.text);
    recorder_note(HISTORY_BACKUP, (uint64_t)manifest.made_at_ms, NULL, 0);
}

static void back_up(struct shift *shift)
{
    if (shift->backup != NULL) {
        return;
    }
    gj_direct_advance(shift->direct, MINUTE); /* names differ */
    struct gj_backup_options options = {.target = shift->backups,
        .now_ms = gj_direct_now(shift->direct),
        .bytes_per_second = UINT64_C(1) << 30,
        .keep = 2};
    check(gj_backup_start(gj_direct_core(shift->direct)->store, &options, on_backup, NULL, &shift->backup) == GJ_OK,
        "a backup does not start");
    shift->backup_until = shift->rounds + BACKUP_ROUNDS;
}

static void restart(struct shift *shift)
{
    if (shift->backup != NULL) {
        return;
    }
    begin_round(shift, 1);
    gj_direct_reopen(shift->direct);
    end_round(shift);
}

/* ---- the shift ---- */

/* How often each is done in a hundred rounds, and the first round in which it is done for certain. */
static const struct {
    void (*act)(struct shift *shift);
    unsigned percent;
    unsigned first;
} rows[] = {
    {alone, 48, 0},
    {together, 22, 0},
    {repeat, 6, 12},
    {attach, 4, 14},
    {ring, 4, 17},
    {household_comes, 4, 20},
    {household_goes, 3, 23},
    {change_policy, 3, 26},
    {back_up, 3, 29},
    {restart, 3, 35},
};

#define ROWS (sizeof rows / sizeof rows[0])

static void work(struct shift *shift, unsigned turn)
{
    uint64_t dice = random_below(&shift->random, 100);
    for (size_t i = 0; i < ROWS; i++) {
        if (turn > 0 && rows[i].first == turn) {
            rows[i].act(shift);
            return;
        }
    }
    for (size_t i = 0; i < ROWS; i++) {
        if (dice < rows[i].percent) {
            rows[i].act(shift);
            return;
        }
        dice -= rows[i].percent;
    }
}

static void hire(struct gj_direct *direct)
{
    uint64_t region = gj_direct_region(direct, "east");
    check(gj_direct_office(direct, region, "0012") == SHIFT_OFFICE, "the office has another number");
    for (unsigned i = 1; i <= SHIFT_QA2; i++) {
        char login[16];
        bool qa = i >= SHIFT_QA;
        uint64_t office = qa ? 0 : SHIFT_OFFICE;
        (void)snprintf(login, sizeof login, "user%u", i);
        check(gj_direct_user(direct, login, qa ? "hq_qa" : "cs_agent", office, 0) == i, "a user has another number");
        check(gj_direct_device(direct, office, "desk") == SHIFT_DEVICE(i), "a device has another number");
    }
}

static void put_keys(const char *store)
{
    char path[600];
    struct gj_keypair pair;
    (void)snprintf(path, sizeof path, "%s/master.key", store);
    check(gj_keyfile_write(path, "master", gj_direct_master_key(), NULL) == GJ_OK, "no master key");
    gj_noise_keypair_new(&pair);
    (void)snprintf(path, sizeof path, "%s/server.key", store);
    check(gj_keyfile_write_pair(path, "server", &pair, NULL) == GJ_OK, "no server key");
}

static void note_log(struct shift *shift)
{
    struct gj_txn *txn = gj_direct_look(shift->direct);
    uint64_t count = gj_txn_events(txn);
    for (uint64_t i = 0; i < count; i++) {
        struct gj_entry_row row;
        check(gj_entry_get(txn, i, &row), "an entry is missing");
        recorder_note(HISTORY_ENTRY, i, row.bytes.data, row.bytes.len);
    }
}

void shift_make(const char *folder)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/" SHIFT_BACKUPS, folder);
    check(mkdir(path, 0700) == 0, "no folder for backups");
    (void)snprintf(path, sizeof path, "%s/" SHIFT_STORE, folder);
    struct gj_direct *direct = gj_direct_make(path);
    hire(direct);
    put_keys(path);
    gj_direct_leave(direct);
}

static void come_to_work(struct shift *shift)
{
    for (unsigned i = 1; i <= SHIFT_QA2; i++) {
        shift->lines[i].user = i;
        shift->lines[i].device = SHIFT_DEVICE(i);
    }
    /* Rooms that nobody had before. */
    shift->rooms = gj_txn_events(gj_direct_look(shift->direct));
}

void shift_work(const char *folder, int64_t now_ms, uint64_t seed, unsigned rounds, struct recording *recording)
{
    struct shift *shift = calloc(1, sizeof *shift);
    check(shift != NULL, "out of memory");
    shift->random.state = seed;
    (void)snprintf(shift->store, sizeof shift->store, "%s/" SHIFT_STORE, folder);
    (void)snprintf(shift->backups, sizeof shift->backups, "%s/" SHIFT_BACKUPS, folder);
    recorder_start(recording, folder);
    shift->direct = gj_direct_take(shift->store, now_ms);
    come_to_work(shift);
    begin_round(shift, 0);
    end_round(shift);
    for (unsigned i = 0; i < rounds; i++) {
        gj_direct_advance(shift->direct, 1 + (int64_t)random_below(&shift->random, 20000));
        work(shift, i);
        finish_backup(shift);
    }
    shift->backup_until = 0;
    finish_backup(shift);
    note_log(shift);
    gj_direct_leave(shift->direct);
    recorder_stop();
    for (uint64_t i = 0; i < shift->n_commands; i++) {
        free(shift->commands[i].body - sizeof shift->commands[i].request);
    }
    free(shift);
}
