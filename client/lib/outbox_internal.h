#ifndef GJ_CLIENT_OUTBOX_INTERNAL_H
#define GJ_CLIENT_OUTBOX_INTERNAL_H

#include "client/include/guanjia.h"
#include "client/lib/outbox_file.h"

/* An item and the memory its texts point into. */
struct entry {
    struct guanjia_item item;
    char *title;
    char *code;
    char *field;
    uint8_t *body;
};

struct guanjia_outbox {
    struct outbox_file file;
    struct entry **entries;
    size_t count;
    size_t cap;
    uint64_t dead; /* records of the file that a rewrite would leave out */

    /* A run of guanjia_outbox_send; on_done is NULL when none is under way. */
    bool running;
    struct guanjia_outbox_run run;
    guanjia_client *client;
    uint64_t call_id;
    uint8_t sending[GUANJIA_KEY_SIZE];
    size_t sent;
    size_t rejected;
};

struct entry *outbox_entry(const struct guanjia_outbox *box, const uint8_t key[GUANJIA_KEY_SIZE]);

/* Records an answer: durable before the memory changes. */
enum guanjia_err outbox_done(struct guanjia_outbox *box, const uint8_t key[GUANJIA_KEY_SIZE]);
enum guanjia_err outbox_rejected(
    struct guanjia_outbox *box, const uint8_t key[GUANJIA_KEY_SIZE], int status, const char *code, const char *field);

/* Ends a run because the box is closing. */
void outbox_send_cancel(struct guanjia_outbox *box);

#endif
