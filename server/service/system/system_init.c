#include <string.h>

#include "core/apply.h"
#include "core/body.pb-c.h"
#include "core/invitation.h"
#include "core/obligations.h"
#include "core/policies.h"
#include "core/subject.h"
#include "service/system/system.h"
#include "store/record.h"
#include "store/stored.pb-c.h"
#include "store/vault.h"

#define FIRST_VERSION 1
/* Devices of headquarters have office 0. */
#define FIRST_DEVICE_CLASS "headquarters"

static void put_wrapped(struct gj_ctx *ctx, const ProtobufCBinaryData *bytes, bool office)
{
    struct gj_vault_wrapped wrapped;
    struct gj_subject subject = {.kind = GJ_SUBJECT_OFFICE, .id = 0};

    if (bytes->len != sizeof wrapped.bytes) {
        gj_txn_fail(ctx->txn, GJ_EINVAL);
        return;
    }
    memcpy(wrapped.bytes, bytes->data, sizeof wrapped.bytes);
    if (office) {
        gj_vault_put_office(ctx->txn, 0, &wrapped);
    } else {
        gj_vault_put_key(ctx->txn, &subject, 0, &wrapped);
    }
}

static void put_policy(struct gj_ctx *ctx, const Gj__Body__Init *body)
{
    Gj__Stored__Policy row = GJ__STORED__POLICY__INIT;
    struct gj_key key = gj_key_of_u64(FIRST_VERSION);

    row.version = (uint32_t)gj_counter_next(ctx->txn, GJ_COUNTER_POLICY);
    row.n_files = body->n_policy;
    row.files = GJ_ARENA_ARRAY(ctx->arena, body->n_policy + 1, Gj__Stored__PolicyFile *);
    for (size_t i = 0; row.files != NULL && i < body->n_policy; i++) {
        row.files[i] = GJ_ARENA_NEW(ctx->arena, Gj__Stored__PolicyFile);
        if (row.files[i] == NULL) {
            gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
            return;
        }
        gj__stored__policy_file__init(row.files[i]);
        row.files[i]->name = body->policy[i]->name;
        row.files[i]->content = body->policy[i]->content;
    }
    row.sha256 = body->policy_sha256;
    row.proposed_at = ctx->now_ms;
    row.activated_at = ctx->now_ms;
    row.state = (char *)"active";
    gj_record_save(ctx->txn, GJ_TABLE_POLICY, &key, &row.base);
    gj_policies_activate(ctx->txn, FIRST_VERSION);
}

static void put_calendar(struct gj_ctx *ctx, const Gj__Body__Init *body)
{
    Gj__Stored__Policy row = GJ__STORED__POLICY__INIT;
    Gj__Stored__PolicyFile file = GJ__STORED__POLICY_FILE__INIT;
    Gj__Stored__PolicyFile *files[] = {&file};
    struct gj_key key = gj_key_of_u64(FIRST_VERSION);

    row.version = (uint32_t)gj_counter_next(ctx->txn, GJ_COUNTER_CALENDAR);
    file.name = (char *)"calendar.tsv";
    file.content = body->calendar;
    row.files = files;
    row.n_files = 1;
    row.proposed_at = ctx->now_ms;
    row.activated_at = ctx->now_ms;
    row.state = (char *)"active";
    row.calendar = true;
    gj_record_save(ctx->txn, GJ_TABLE_CALENDAR, &key, &row.base);
    gj_policies_activate_calendar(ctx->txn, FIRST_VERSION);
}

static void put_invitation(struct gj_ctx *ctx, const Gj__Body__Invitation *invitation)
{
    Gj__Stored__Invitation row = GJ__STORED__INVITATION__INIT;
    struct gj_key key = gj_key_of_bytes(invitation->token.data, invitation->token.len);

    row.token = invitation->token;
    row.secret = invitation->secret;
    row.device_class = (char *)FIRST_DEVICE_CLASS;
    row.expires_at = ctx->now_ms + GJ_INVITATION_LIFE_MS;
    row.first_admin = true;
    row.role = invitation->role;
    gj_record_save(ctx->txn, GJ_TABLE_INVITATION, &key, &row.base);
}

static void append_genesis(struct gj_ctx *ctx, const Gj__Body__Init *body)
{
    struct gj_entry entry = {.type = GJ_ENTRY_GENESIS, .subject_kind = GJ_SUBJECT_STORE, .has_object = true};

    (void)!gj_entry_word(&entry.action, body->demo ? "demo" : "live");
    memcpy(entry.object, body->cluster_id.data, 16);
    memcpy(entry.object + 16, body->cluster_id.data, 16);
    gj_apply_entry(ctx, &entry, NULL, 0);
}

void gj_system_init_apply(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Body__Init *body = (const Gj__Body__Init *)message;

    if (gj_txn_events(ctx->txn) != 0 || body->cluster_id.len != 16 || body->n_policy == 0 || body->calendar.len == 0) {
        gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "store.begun", NULL, NULL);
        return;
    }
    append_genesis(ctx, body);
    put_wrapped(ctx, &body->office_key, true);
    put_wrapped(ctx, &body->data_key, false);
    put_policy(ctx, body);
    put_calendar(ctx, body);
    for (size_t i = 0; i < body->n_invitations; i++) {
        put_invitation(ctx, body->invitations[i]);
    }

    struct gj_entry entry = {.type = GJ_ENTRY_POLICY, .subject_kind = GJ_SUBJECT_POLICY, .subject = FIRST_VERSION};
    (void)!gj_entry_word(&entry.action, "activate");
    entry.revision = 1;
    if (body->policy_sha256.len == sizeof entry.object) {
        entry.has_object = true;
        memcpy(entry.object, body->policy_sha256.data, sizeof entry.object);
    }
    gj_apply_entry(ctx, &entry, NULL, 0);
    gj_obligations_begin(ctx);
}
