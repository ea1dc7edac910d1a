/* Writes what the daemon says after all the kills, for check.py:
 *
 *     crash_export PROFILE < ids-of-records
 *
 *     H <size> <root> <epoch>          head of the audit log
 *     E <index> <entry> <leaf hash>    every entry, in order
 *     K <id> <revision> <state>        each record asked for; revision 0: the daemon knows no such record
 *
 * The user logged in under PROFILE must be allowed to read the audit log and the records. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/include/guanjia.h"
#include "proto/audit.pb-c.h"
#include "proto/envelope.pb-c.h"
#include "proto/register.pb-c.h"

#define PAGE 200

static void die(const char *what, const char *why)
{
    fprintf(stderr, "crash_export: %s: %s\n", what, why);
    exit(2);
}

static const struct guanjia_answer *ask(guanjia_client *client, uint32_t number, const ProtobufCMessage *request)
{
    uint8_t body[1024];
    if (protobuf_c_message_get_packed_size(request) > sizeof(body))
        die("request", "too long");
    struct guanjia_call call = {.number = number, .body = body, .body_len = protobuf_c_message_pack(request, body)};
    const struct guanjia_answer *answer;
    enum guanjia_err err = guanjia_call_wait(client, &call, &answer);
    if (err != GUANJIA_OK)
        die("call", guanjia_err_name(err));
    return answer;
}

static void must_be_ok(const struct guanjia_answer *answer, const char *what)
{
    if (answer->status != GUANJIA_S_OK)
        die(what, guanjia_status_name(answer->status));
}

static void print_hex(ProtobufCBinaryData bytes)
{
    putchar(' ');
    for (size_t i = 0; i < bytes.len; i++)
        printf("%02x", bytes.data[i]);
}

static uint64_t export_head(guanjia_client *client)
{
    Gj__V1__Empty empty = GJ__V1__EMPTY__INIT;
    const struct guanjia_answer *answer = ask(client, GJ__V1__CALL__AUDIT_HEAD, &empty.base);
    must_be_ok(answer, "head");
    Gj__V1__AuditHead *head = gj__v1__audit_head__unpack(NULL, answer->body_len, answer->body);
    if (head == NULL)
        die("head", "malformed");
    uint64_t size = head->size;
    printf("H %" PRIu64, size);
    print_hex(head->root);
    printf(" %" PRIu32 "\n", head->epoch);
    gj__v1__audit_head__free_unpacked(head, NULL);
    return size;
}

/* One page; returns how many entries are known now. */
static uint64_t export_page(guanjia_client *client, uint64_t known, uint64_t size)
{
    Gj__V1__AuditEntriesRequest request = GJ__V1__AUDIT_ENTRIES_REQUEST__INIT;
    request.after = known == 0 ? 0 : known - 1; /* 0 also means from the first entry on */
    request.limit = PAGE;
    const struct guanjia_answer *answer = ask(client, GJ__V1__CALL__AUDIT_ENTRIES, &request.base);
    must_be_ok(answer, "entries");
    Gj__V1__AuditEntries *page = gj__v1__audit_entries__unpack(NULL, answer->body_len, answer->body);
    if (page == NULL)
        die("entries", "malformed");
    if (page->n_entries == 0)
        die("entries", "the log ends before its head says so");
    for (size_t i = 0; i < page->n_entries && known < size; i++) {
        if (page->entries[i]->index < known)
            continue;
        printf("E %" PRIu64, page->entries[i]->index);
        print_hex(page->entries[i]->entry);
        print_hex(page->entries[i]->leaf_hash);
        putchar('\n');
        known = page->entries[i]->index + 1;
    }
    gj__v1__audit_entries__free_unpacked(page, NULL);
    return known;
}

static void export_record(guanjia_client *client, uint64_t id)
{
    Gj__V1__ShowRequest request = GJ__V1__SHOW_REQUEST__INIT;
    request.id = id;
    request.purpose = "audit";
    const struct guanjia_answer *answer = ask(client, GJ__V1__CALL__RECORD_SHOW, &request.base);
    if (answer->status == GUANJIA_S_NOT_FOUND) {
        printf("K %" PRIu64 " 0 -\n", id);
        return;
    }
    must_be_ok(answer, "record");
    Gj__V1__Shown *shown = gj__v1__shown__unpack(NULL, answer->body_len, answer->body);
    if (shown == NULL || shown->record == NULL)
        die("record", "malformed");
    printf("K %" PRIu64 " %" PRIu32 " %s\n", id, shown->record->revision, shown->record->state);
    gj__v1__shown__free_unpacked(shown, NULL);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: crash_export PROFILE < ids\n", stderr);
        return 2;
    }
    struct guanjia_fault fault;
    struct guanjia_options options = {.program = "crash_export"};
    guanjia_client *client = NULL;
    if (guanjia_client_open(argv[1], &options, &client, &fault) != GUANJIA_OK)
        die(argv[1], fault.text);
    uint64_t size = export_head(client);
    for (uint64_t known = 0; known < size;)
        known = export_page(client, known, size);
    uint64_t id;
    while (scanf("%" SCNu64, &id) == 1)
        export_record(client, id);
    guanjia_client_close(client, NULL, NULL);
    return 0;
}
