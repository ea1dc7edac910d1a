#include "service/sealing.h"

#include <string.h>

#include <sodium.h>

#include "common/limits.h"
#include "common/secret.h"
#include "core/core.h"
#include "core/subject.h"
#include "service/door.h"

bool gj_sealing_begin(struct gj_sealing *sealing, struct gj_ctx *ctx, uint16_t kind, uint64_t id)
{
    struct gj_subject subject = {.kind = kind, .id = id};
    memset(sealing, 0, sizeof *sealing);
    sealing->ctx = ctx;
    enum gj_err err = gj_vault_key(ctx->core->vault, &subject, sealing->key, NULL);
    if (err == GJ_ENOTFOUND && kind != GJ_SUBJECT_OFFICE) {
        return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", NULL, NULL);
    }
    return err == GJ_OK || gj_door_failed(ctx, err);
}

bool gj_sealing_new(struct gj_sealing *sealing, struct gj_ctx *ctx, uint64_t office)
{
    memset(sealing, 0, sizeof *sealing);
    sealing->ctx = ctx;
    sealing->made = true;
    enum gj_err err = gj_vault_new_key(ctx->core->vault, (uint32_t)office, sealing->key, &sealing->wrapped);
    return err == GJ_OK || gj_door_failed(ctx, err);
}

bool gj_sealing_begin_or_new(
    struct gj_sealing *sealing, struct gj_ctx *ctx, uint16_t kind, uint64_t id, uint64_t office)
{
    struct gj_subject subject = {.kind = kind, .id = id};
    return gj_vault_has_key(ctx->txn, &subject) ? gj_sealing_begin(sealing, ctx, kind, id)
                                                : gj_sealing_new(sealing, ctx, office);
}

void gj_sealing_end(struct gj_sealing *sealing)
{
    sodium_memzero(sealing->key, sizeof sealing->key);
}

static bool seal(struct gj_sealing *sealing, const char *place, const void *plain, size_t len, ProtobufCBinaryData *out)
{
    uint8_t *sealed = gj_arena_alloc(sealing->ctx->arena, len + GJ_SECRET_OVERHEAD);
    if (sealed == NULL) {
        return gj_door_failed(sealing->ctx, gj_arena_why(sealing->ctx->arena));
    }
    gj_secret_seal(sealing->key, place, strlen(place), plain, len, sealed);
    *out = (ProtobufCBinaryData){.data = sealed, .len = len + GJ_SECRET_OVERHEAD};
    return true;
}

bool gj_sealing_seal(struct gj_sealing *sealing, const char *place, const char *text, ProtobufCBinaryData *out)
{
    *out = (ProtobufCBinaryData){0};
    return text[0] == '\0' || seal(sealing, place, text, strlen(text), out);
}

bool gj_sealing_open(struct gj_sealing *sealing, const char *place, const ProtobufCBinaryData *sealed, char **out)
{
    if (sealed->len == 0) {
        *out = gj_arena_strdup(sealing->ctx->arena, "");
        return *out != NULL || gj_door_failed(sealing->ctx, gj_arena_why(sealing->ctx->arena));
    }
    if (sealed->len < GJ_SECRET_OVERHEAD) {
        return gj_door_failed(sealing->ctx, GJ_ECORRUPT);
    }
    size_t len = sealed->len - GJ_SECRET_OVERHEAD;
    char *text = gj_arena_alloc(sealing->ctx->arena, len + 1);
    if (text == NULL) {
        return gj_door_failed(sealing->ctx, gj_arena_why(sealing->ctx->arena));
    }
    enum gj_err err = gj_secret_open(sealing->key, place, strlen(place), sealed->data, sealed->len, (uint8_t *)text);
    if (err != GJ_OK) {
        return gj_door_failed(sealing->ctx, err);
    }
    text[len] = '\0';
    *out = text;
    return true;
}

ProtobufCBinaryData gj_sealing_wrapped(struct gj_sealing *sealing)
{
    if (!sealing->made) {
        return (ProtobufCBinaryData){0};
    }
    uint8_t *copy = gj_arena_dup(sealing->ctx->arena, sealing->wrapped.bytes, GJ_VAULT_WRAPPED_SIZE);
    if (copy == NULL) {
        (void)gj_door_failed(sealing->ctx, gj_arena_why(sealing->ctx->arena));
        return (ProtobufCBinaryData){0};
    }
    return (ProtobufCBinaryData){.data = copy, .len = GJ_VAULT_WRAPPED_SIZE};
}

bool gj_sealing_text(struct gj_ctx *ctx, uint64_t office, const char *text, const char *field, Gj__Service__Text **out)
{
    *out = NULL;
    size_t len = strlen(text);
    if (len == 0) {
        return true;
    }
    if (len > GJ_TEXT_LINE_MAX) {
        return gj_door_invalid(ctx, "field_length", field);
    }
    Gj__Service__Text *made = GJ_ARENA_NEW(ctx->arena, Gj__Service__Text);
    uint8_t *commitment = gj_arena_alloc(ctx->arena, GJ_SECRET_COMMIT_SIZE);
    uint8_t *salted = gj_arena_alloc(ctx->arena, GJ_SECRET_SALT_SIZE + len);
    if (made == NULL || commitment == NULL || salted == NULL) {
        return gj_door_failed(ctx, gj_arena_why(ctx->arena));
    }
    struct gj_sealing sealing;
    gj__service__text__init(made);
    randombytes_buf(salted, GJ_SECRET_SALT_SIZE);
    memcpy(salted + GJ_SECRET_SALT_SIZE, text, len);
    gj_secret_commit(salted, text, len, commitment);
    made->commitment = (ProtobufCBinaryData){.data = commitment, .len = GJ_SECRET_COMMIT_SIZE};
    bool done = gj_sealing_begin(&sealing, ctx, GJ_SUBJECT_OFFICE, office) &&
                seal(&sealing, "entry.text", salted, GJ_SECRET_SALT_SIZE + len, &made->sealed);
    gj_sealing_end(&sealing);
    if (done) {
        *out = made;
    }
    return done;
}
