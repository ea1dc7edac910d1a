#include "client/lib/outbox_internal.h"

#include <string.h>

/* One item at a time, in order: a later act on the same record must not overtake an earlier one. */

static void send_next(struct guanjia_outbox *box);

static void finish(struct guanjia_outbox *box, enum guanjia_err err)
{
    struct guanjia_outbox_run run = box->run;
    size_t sent = box->sent;
    size_t rejected = box->rejected;
    box->running = false;
    box->client = NULL;
    if (run.on_done != NULL) {
        run.on_done(run.arg, err, sent, rejected); /* may close the box */
    }
}

/* Answers that another attempt will not change; everything else keeps the item waiting. */
static bool final_status(int status)
{
    switch (status) {
    case GUANJIA_S_INVALID:
    case GUANJIA_S_DENIED:
    case GUANJIA_S_NOT_FOUND:
    case GUANJIA_S_CONFLICT:
    case GUANJIA_S_REFUSED:
    case GUANJIA_S_TOO_LARGE:
    case GUANJIA_S_UNIMPLEMENTED:
    case GUANJIA_S_EXPIRED:
        return true;
    default:
        return false;
    }
}

static void on_answer(void *arg, const struct guanjia_answer *answer)
{
    struct guanjia_outbox *box = arg;
    enum guanjia_err err = answer->err;
    box->call_id = 0;
    const struct entry *entry = outbox_entry(box, box->sending);
    if (entry == NULL || err != GUANJIA_OK || (answer->status != GUANJIA_S_OK && !final_status(answer->status))) {
        finish(box, err);
        return;
    }
    if (box->run.on_item != NULL) {
        box->run.on_item(box->run.arg, &entry->item, answer);
    }
    if (answer->status == GUANJIA_S_OK) {
        err = outbox_done(box, box->sending);
        box->sent++;
    } else {
        err = outbox_rejected(box, box->sending, answer->status, answer->code, answer->field);
        box->rejected++;
    }
    if (err != GUANJIA_OK) {
        finish(box, err); /* the disk failed: the item will be sent again, with the same key */
        return;
    }
    send_next(box);
}

static bool is_zero(const uint8_t key[GUANJIA_KEY_SIZE])
{
    static const uint8_t none[GUANJIA_KEY_SIZE];
    return memcmp(key, none, sizeof none) == 0;
}

/* The item that must come first has been rejected: this one cannot mean anything any more. */
static bool falls(const struct guanjia_outbox *box, const struct guanjia_item *item)
{
    const struct entry *before = is_zero(item->after) ? NULL : outbox_entry(box, item->after);
    return before != NULL && before->item.state == GUANJIA_ITEM_REJECTED;
}

static const struct guanjia_item *next_item(struct guanjia_outbox *box, enum guanjia_err *err)
{
    *err = GUANJIA_OK;
    for (size_t n = 0; n < box->count && *err == GUANJIA_OK; n++) {
        const struct guanjia_item *item = &box->entries[n]->item;
        if (item->state != GUANJIA_ITEM_WAITING) {
            continue;
        }
        if (!falls(box, item)) {
            return item;
        }
        *err = outbox_rejected(box, item->key, GUANJIA_S_CONFLICT, "outbox.predecessor", "");
        box->rejected++;
    }
    return NULL;
}

static void send_next(struct guanjia_outbox *box)
{
    enum guanjia_err err = GUANJIA_OK;
    const struct guanjia_item *item = next_item(box, &err);
    if (item == NULL || err != GUANJIA_OK) {
        finish(box, err);
        return;
    }
    if (guanjia_client_user(box->client) != 0 && guanjia_client_user(box->client) != box->file.user) {
        finish(box, GUANJIA_EDENIED); /* somebody else has logged in: nothing goes out in a wrong name */
        return;
    }
    memcpy(box->sending, item->key, sizeof box->sending);
    const struct guanjia_call call = {
        .number = item->call,
        .body = item->body,
        .body_len = item->body_len,
        .request_key = box->sending,
        .timeout_ms = box->run.timeout_ms,
        .on_answer = on_answer,
        .arg = box,
    };
    err = guanjia_call_start(box->client, &call, &box->call_id);
    if (err != GUANJIA_OK) {
        finish(box, err);
    }
}

enum guanjia_err guanjia_outbox_send(guanjia_outbox *box, guanjia_client *client, const struct guanjia_outbox_run *run)
{
    if (box->running) {
        return GUANJIA_EBUSY;
    }
    if (guanjia_client_user(client) != 0 && guanjia_client_user(client) != box->file.user) {
        return GUANJIA_EDENIED;
    }
    box->running = true;
    box->run = *run;
    box->client = client;
    box->sent = 0;
    box->rejected = 0;
    send_next(box);
    return GUANJIA_OK;
}

void outbox_send_cancel(struct guanjia_outbox *box)
{
    if (box->running && box->call_id != 0) {
        guanjia_call_cancel(box->client, box->call_id);
    }
    box->running = false;
}
