#include "crash/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/entry.h"

static void *must(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static void take(struct history *history, size_t at)
{
    const struct record *note = &history->recording->records[at];
    struct history_command *command = &history->commands[note->at];
    struct history_round *round = &history->rounds[note->at];
    switch (note->node) {
    case HISTORY_SENT:
        memcpy(&command->request, note->bytes, sizeof command->request);
        command->body = note->bytes + sizeof command->request;
        command->body_len = note->len - sizeof command->request;
        command->sent = at;
        command->answered = HISTORY_NEVER;
        history->n_commands = note->at + 1;
        break;
    case HISTORY_ANSWER:
        memcpy(&command->answer, note->bytes, sizeof command->answer);
        command->answered = at;
        break;
    case HISTORY_ROUND:
        memcpy(&round->at_once, note->bytes, sizeof round->at_once);
        round->began = at;
        round->ended = HISTORY_NEVER;
        history->n_rounds = note->at + 1;
        break;
    case HISTORY_STATE:
        memcpy(&round->state, note->bytes, sizeof round->state);
        round->ended = at;
        break;
    case HISTORY_ENTRY:
        history->entries[note->at] = at;
        history->n_entries = note->at + 1;
        break;
    default:
        break;
    }
}

void history_read(struct history *history, const struct recording *recording)
{
    memset(history, 0, sizeof *history);
    history->recording = recording;
    history->commands = must(calloc(recording->count, sizeof *history->commands));
    history->rounds = must(calloc(recording->count, sizeof *history->rounds));
    history->entries = must(calloc(recording->count, sizeof *history->entries));
    for (size_t i = 0; i < recording->count; i++) {
        if (recording->records[i].what == RECORD_NOTE && recording->records[i].at < recording->count) {
            take(history, i);
        }
        /* Numbers of attachments and backups are times, and index nothing. */
    }
}

void history_free(struct history *history)
{
    free(history->commands);
    free(history->rounds);
    free(history->entries);
    memset(history, 0, sizeof *history);
}

static unsigned count_key(const struct history *history, const uint8_t key[16], uint64_t event, bool *at_event)
{
    unsigned runs = 0;
    bool before = false;
    for (size_t i = 0; i < history->n_entries; i++) {
        const struct record *note = &history->recording->records[history->entries[i]];
        struct gj_entry entry;
        size_t size = 0;
        bool own = gj_entry_decode(note->bytes, note->len, &entry, &size) == GJ_OK && entry.has_request_key &&
                   memcmp(entry.request_key, key, 16) == 0;
        runs += own && !before;
        *at_event = *at_event || (own && i == event);
        before = own;
    }
    return runs;
}

const char *history_check(const struct history *history)
{
    for (size_t i = 0; i < history->n_commands; i++) {
        const struct history_command *command = &history->commands[i];
        bool at_event = false;
        unsigned runs = count_key(history, command->request.key, command->answer.event, &at_event);
        bool good = command->answer.status == GJ__V1__STATUS__OK;
        if (command->answered == HISTORY_NEVER) {
            return "a command was never answered";
        }
        if (good && (runs != 1 || !at_event)) {
            return "an acknowledged command is not in the log once, where its answer says";
        }
        if (!good && runs != 0) {
            return "a refused command is in the log";
        }
    }
    return NULL;
}

void history_answer_of(const Gj__V1__Reply *reply, struct history_answer *out)
{
    memset(out, 0, sizeof *out);
    out->status = (uint32_t)reply->status;
    if (reply->refusal != NULL) {
        (void)snprintf(out->code, sizeof out->code, "%s", reply->refusal->code);
    }
    Gj__V1__Written *written =
        reply->status != GJ__V1__STATUS__OK ? NULL : gj__v1__written__unpack(NULL, reply->body.len, reply->body.data);
    if (written != NULL) {
        out->event = written->event;
        out->id = written->id;
        out->revision = written->revision;
        (void)snprintf(out->state, sizeof out->state, "%s", written->state);
        (void)snprintf(out->number, sizeof out->number, "%s", written->number);
        gj__v1__written__free_unpacked(written, NULL);
    }
}
