#include "core/work_code.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/policy/evidence.h"
#include "common/secret.h"
#include "core/command.h"
#include "core/core.h"

#define NONCE_SIZE 16
/* Longest text that is hashed: what the form allows is shorter. */
#define PLACE_MAX 128

_Static_assert(GJ_OWNER_CODE_DIGITS == 6, "the number below has so many digits");
#define CODES 1000000u

/* A keyed hash of something about one record: hashes of different things or records never meet. */
static void hash_of(const struct gj_ctx *ctx, const char *label, uint64_t record, const void *bytes, size_t len,
    uint8_t out[GJ_SECRET_BLIND_SIZE])
{
    uint8_t place[8 + PLACE_MAX];
    size_t used = len < PLACE_MAX ? len : PLACE_MAX;
    for (int i = 0; i < 8; i++) {
        place[i] = (uint8_t)(record >> (56 - 8 * i));
    }
    memcpy(place + 8, bytes, used);
    gj_secret_blind(ctx->core->invitation_key, label, place, 8 + used, out);
    gj_secret_wipe(place, sizeof(place));
}

static void proof_of(
    const struct gj_ctx *ctx, uint64_t record, const char *digits, size_t len, uint8_t out[GJ_SECRET_BLIND_SIZE])
{
    hash_of(ctx, "owner code: proof", record, digits, len, out);
}

static void digits_of(
    const struct gj_ctx *ctx, uint64_t record, const ProtobufCBinaryData *nonce, char out[GJ_OWNER_CODE_DIGITS + 1])
{
    uint8_t hash[GJ_SECRET_BLIND_SIZE];
    uint64_t number = 0;
    hash_of(ctx, "owner code: digits", record, nonce->data, nonce->len, hash);
    memcpy(&number, hash, sizeof(number));
    (void)snprintf(out, GJ_OWNER_CODE_DIGITS + 1, "%0*u", GJ_OWNER_CODE_DIGITS, (unsigned)(number % CODES));
    gj_secret_wipe(hash, sizeof(hash));
}

Gj__V1__Field *gj_code_proof(struct gj_ctx *ctx, uint64_t record, const Gj__V1__Field *digits)
{
    Gj__V1__Field *field = GJ_ARENA_NEW(ctx->arena, Gj__V1__Field);
    uint8_t *hash = gj_arena_alloc(ctx->arena, GJ_SECRET_BLIND_SIZE);
    if (field == NULL || hash == NULL) {
        return NULL;
    }
    proof_of(ctx, record, digits->text, strlen(digits->text), hash);
    gj__v1__field__init(field);
    field->key = digits->key;
    field->value_case = GJ__V1__FIELD__VALUE_SEALED;
    field->sealed = (ProtobufCBinaryData){.data = hash, .len = GJ_SECRET_BLIND_SIZE};
    return field;
}

/* --- issuing --- */

void gj_code_issue(struct gj_ctx *ctx, struct gj_work *work)
{
    Gj__Stored__OwnerCode *code = GJ_ARENA_NEW(ctx->arena, Gj__Stored__OwnerCode);
    uint8_t *nonce = gj_arena_alloc(ctx->arena, NONCE_SIZE);
    uint8_t *proof = gj_arena_alloc(ctx->arena, GJ_SECRET_BLIND_SIZE);
    char digits[GJ_OWNER_CODE_DIGITS + 1];
    if (code == NULL || nonce == NULL || proof == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    const uint8_t *random = ctx->command->random;
    uint64_t record = work->row->id;
    crypto_generichash(
        nonce, NONCE_SIZE, random, sizeof(ctx->command->random), (const uint8_t *)&record, sizeof(record));
    gj__stored__owner_code__init(code);
    code->nonce = (ProtobufCBinaryData){.data = nonce, .len = NONCE_SIZE};
    digits_of(ctx, record, &code->nonce, digits);
    proof_of(ctx, record, digits, GJ_OWNER_CODE_DIGITS, proof);
    gj_secret_wipe(digits, sizeof(digits));
    code->proof = (ProtobufCBinaryData){.data = proof, .len = GJ_SECRET_BLIND_SIZE};
    code->until = ctx->now_ms + GJ_OWNER_CODE_VALID_MS;
    work->row->owner_code = code;
}

void gj_code_turn(struct gj_ctx *ctx, struct gj_work *work)
{
    work->row->owner_code = NULL;
    if (gj_evidence_code(work->kind, &work->view) != NULL) {
        gj_code_issue(ctx, work);
    }
}

bool gj_code_valid(const struct gj_ctx *ctx, const struct gj_work *work)
{
    const Gj__Stored__OwnerCode *code = work->row->owner_code;
    return code != NULL && ctx->now_ms < code->until && code->misses < GJ_OWNER_CODE_TRIES;
}

void gj_code_digits(const struct gj_ctx *ctx, const struct gj_work *work, char out[GJ_OWNER_CODE_DIGITS + 1])
{
    assert(work->row->owner_code != NULL);
    digits_of(ctx, work->row->id, &work->row->owner_code->nonce, out);
}

/* --- handing in --- */

static bool miss(struct gj_ctx *ctx, const struct gj_work *work, const char *field)
{
    Gj__Work__CodeMissed missed = GJ__WORK__CODE_MISSED__INIT;
    missed.id = work->row->id;
    missed.user = ctx->actor->user;
    gj_apply_regret(ctx, GJ__V1__CALL__SYSTEM_CODE_MISSED, &missed.base);
    const char *left = gj_arena_printf(ctx->arena, "%u", GJ_OWNER_CODE_TRIES - 1 - work->row->owner_code->misses);
    return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "code_wrong", field, left == NULL ? "" : left, NULL);
}

bool gj_code_fits(struct gj_ctx *ctx, const struct gj_work *work, const struct gj_transition *transition,
    const char *means, const Gj__Work__Act *body)
{
    const struct gj_field *field = gj_evidence_field(work->kind, transition, means);
    const Gj__Stored__OwnerCode *code = work->row->owner_code;
    const Gj__V1__Field *given = NULL;
    if (field == NULL || !field->one_time) {
        return true;
    }
    if (code == NULL) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "code_not_issued", field->key, NULL);
    }
    if (code->misses >= GJ_OWNER_CODE_TRIES) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "code_used_up", field->key, NULL);
    }
    if (ctx->now_ms >= code->until) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "code_expired", field->key, NULL);
    }
    for (size_t i = 0; i < body->n_fields; i++) {
        given = strcmp(body->fields[i]->key, field->key) == 0 ? body->fields[i] : given;
    }
    bool right = given != NULL && given->value_case == GJ__V1__FIELD__VALUE_SEALED &&
                 given->sealed.len == GJ_SECRET_BLIND_SIZE && code->proof.len == GJ_SECRET_BLIND_SIZE &&
                 sodium_memcmp(given->sealed.data, code->proof.data, GJ_SECRET_BLIND_SIZE) == 0;
    return right || miss(ctx, work, field->key);
}

/* The refused command has written nothing; this one says that it was tried, and by whom. */
void gj_code_apply_missed(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Work__CodeMissed *body = (const Gj__Work__CodeMissed *)message;
    struct gj_work work;
    if (!gj_work_load(ctx, body->id, &work) || work.row->owner_code == NULL) {
        return;
    }
    work.row->owner_code->misses++;
    struct gj_work_note note = {.aside = true,
        .action = "code_wrong",
        .second = body->user,
        .has_value = true,
        .value = work.row->owner_code->misses};
    (void)gj_work_entry(ctx, &work, &note);
    gj_work_save(ctx, &work);
}
