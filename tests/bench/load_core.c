#include "bench/load_core.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/household.h"
#include "core/invitation.h"
#include "core/policies.h"
#include "core/subject.h"
#include "keys.h"
#include "service/recover.h"
#include "service/table.h"
#include "store/blob.h"
#include "store/record.h"
#include "store/store.h"
#include "store/stored.pb-c.h"
#include "store/vault.h"

/* Logins made by tests/bench/run, in this order, and what they may do. */
#define DESK_USER 2
#define TECHNICIAN_USER 3

void gj_load_die(const char *what, const char *why)
{
    fprintf(stderr, "bench_load: %s: %s\n", what, why);
    exit(1);
}

void gj_load_must(enum gj_err err, const char *what)
{
    if (err != GJ_OK) {
        gj_load_die(what, gj_err_name(err));
    }
}

void gj_load_core_open(struct gj_load_core *load, const char *store_dir, int64_t now_ms)
{
    struct gj_fault fault = {.text = ""};
    struct gj_keys keys;
    struct gj_store_options options = {.dir = store_dir};
    struct gj_core *core = &load->core;
    if (gj_keys_read(store_dir, &keys, &fault) != GJ_OK) {
        gj_load_die("keys", fault.text);
    }
    memcpy(options.master_key, keys.master, sizeof options.master_key);
    gj_invitation_key(keys.master, load->core.invitation_key);
    if (gj_store_open(&options, &core->store, &fault) != GJ_OK) {
        gj_load_die("store", fault.text);
    }
    struct gj_log_replayed replayed;
    if (gj_service_recover(core->store, &replayed, &fault) != GJ_OK) {
        gj_load_die("journal", fault.text);
    }
    core->vault = gj_store_vault(core->store);
    if (gj_blob_open(core->store, &core->blob, &fault) != GJ_OK) {
        gj_load_die("blob", fault.text);
    }
    memcpy(core->cluster_id, gj_store_cluster_id(core->store), sizeof core->cluster_id);
    gj_clock_init_manual(&load->clock, now_ms, now_ms);
    core->clock = &load->clock;
    core->services = gj_service_table;
    gj_load_must(gj_policies_new(&core->policies), "policies");
    gj_load_must(gj_txn_begin_read(core->store, &load->txn), "snapshot");
    if (gj_policies_load(core->policies, load->txn, &fault) != GJ_OK) {
        gj_load_die("policies", fault.text);
    }
    gj_load_must(gj_command_log_open(core, &load->log), "log");
    gj_load_must(gj_actor_cache_new(&load->actors), "actors");
}

void gj_load_core_close(struct gj_load_core *load)
{
    load->log->close(load->log);
    gj_actor_cache_free(load->actors);
    gj_txn_abort(load->txn);
    gj_blob_close(load->core.blob);
    gj_policies_free(load->core.policies);
    gj_store_close(load->core.store);
}

static struct gj_txn *begin(struct gj_load_core *load)
{
    struct gj_txn *txn = NULL;
    gj_load_must(gj_txn_begin_write(load->core.store, &txn), "transaction");
    return txn;
}

static void grant(struct gj_load_core *load, uint64_t user, const char *const roles[2])
{
    struct gj_txn *txn = begin(load);
    struct gj_key key = gj_key_of_u64(user);
    Gj__Stored__User *row = NULL;
    Gj__Stored__Grant grants[2], *list[2];
    struct gj_arena arena;
    gj_arena_init(&arena, 1u << 20);
    if (!gj_record_load(txn, GJ_TABLE_USER, &key, &gj__stored__user__descriptor, &arena, (void **)&row)) {
        gj_load_die("user", "not there");
    }
    for (size_t i = 0; i < 2 && roles[i] != NULL; i++) {
        gj__stored__grant__init(&grants[i]);
        grants[i].role = (char *)(uintptr_t)roles[i];
        list[i] = &grants[i];
        row->n_grants = i + 1;
    }
    row->grants = list;
    row->must_set_password = false;
    gj_record_save(txn, GJ_TABLE_USER, &key, &row->base);
    gj_actor_rights_changed(txn);
    gj_load_must(gj_txn_commit(txn), "grant");
    gj_arena_fini(&arena);
}

static void add_household(struct gj_load_core *load, struct gj_txn *txn, uint64_t office, uint64_t number)
{
    struct gj_vault_wrapped wrapped;
    uint8_t secret[GJ_VAULT_KEY_SIZE];
    char room[32];
    gj_load_must(gj_vault_new_key(load->core.vault, (uint32_t)office, secret, &wrapped), "data key");
    memset(secret, 0, sizeof secret);
    snprintf(room, sizeof room, "%" PRIu64 "-%" PRIu64 "-%" PRIu64, 1 + number / 60, 1 + number % 3,
        101 + number % 20 * 100);
    Gj__Stored__Household row = GJ__STORED__HOUSEHOLD__INIT;
    row.id = gj_counter_next(txn, GJ_COUNTER_HOUSEHOLD);
    row.office = office;
    row.room = room;
    row.occupancy = 1;
    row.revision = 1;
    struct gj_key key = gj_key_of_u64(row.id);
    struct gj_subject subject = {.kind = GJ_SUBJECT_HOUSEHOLD, .id = row.id};
    gj_record_save(txn, GJ_TABLE_HOUSEHOLD, &key, &row.base);
    gj_vault_put_key(txn, &subject, (uint32_t)office, &wrapped);
}

void gj_load_core_prepare(
    struct gj_load_core *load, const char *profile_dir, uint64_t offices, uint64_t households_per_office)
{
    grant(load, DESK_USER, (const char *const[2]){"cs_agent", "cs_lead"});
    grant(load, TECHNICIAN_USER, (const char *const[2]){"tech", NULL});
    uint8_t address[32];
    memset(address, 0xb5, sizeof address);
    for (uint64_t office = 1; office <= offices; office++) {
        struct gj_txn *txn = begin(load);
        for (uint64_t i = 0; i < households_per_office; i++) {
            add_household(load, txn, office, i);
        }
        if (office == 1) {
            Gj__Stored__Attachment picture = GJ__STORED__ATTACHMENT__INIT;
            struct gj_key key = gj_key_of_bytes(address, sizeof address);
            picture.address = (ProtobufCBinaryData){.data = address, .len = sizeof address};
            picture.media_type = (char *)"image/jpeg";
            gj_record_save(txn, GJ_TABLE_ATTACHMENT, &key, &picture.base);
        }
        gj_load_must(gj_txn_commit(txn), "households");
    }
    char path[4096];
    snprintf(path, sizeof path, "%s/desk", profile_dir);
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        gj_load_die(path, "cannot be written");
    }
    fprintf(file, "%d %d %" PRIu64 " ", DESK_USER, TECHNICIAN_USER, households_per_office);
    for (size_t i = 0; i < sizeof address; i++) {
        fprintf(file, "%02x", address[i]);
    }
    fputc('\n', file);
    fclose(file);
}
