#include "core/work_seal.h"

#include <string.h>

#include "common/pb.h"
#include "common/secret.h"
#include "core/core.h"

#define SUBJECT_ID_BITS 48

uint64_t gj_seal_pack(uint16_t kind, uint64_t id)
{
    return (uint64_t)kind << SUBJECT_ID_BITS | (id & ((UINT64_C(1) << SUBJECT_ID_BITS) - 1));
}

struct gj_subject gj_seal_subject(uint64_t packed)
{
    return (struct gj_subject){
        .kind = (uint16_t)(packed >> SUBJECT_ID_BITS), .id = packed & ((UINT64_C(1) << SUBJECT_ID_BITS) - 1)};
}

enum gj_err gj_seal_init(struct gj_seal *seal, struct gj_ctx *ctx, uint64_t subject)
{
    struct gj_subject who = gj_seal_subject(subject);
    seal->subject = subject;
    return gj_vault_key(ctx->core->vault, &who, seal->key, NULL);
}

void gj_seal_fini(struct gj_seal *seal)
{
    gj_secret_wipe(seal->key, sizeof(seal->key));
}

/* Binds sealed bytes to their subject and field: they cannot be read as another one's.
 * "record/", the subject in sixteen hexadecimal digits, "/", the field. */
static char *place_of(const struct gj_seal *seal, struct gj_arena *arena, const char *what, size_t *len)
{
    static const char digits[] = "0123456789abcdef";
    static const char head[] = "record/";
    size_t what_len = strlen(what);
    *len = sizeof(head) - 1 + 16 + 1 + what_len;
    char *place = gj_arena_alloc(arena, *len);
    if (place == NULL) {
        return NULL;
    }
    char *at = memcpy(place, head, sizeof(head) - 1);
    at += sizeof(head) - 1;
    for (int shift = 60; shift >= 0; shift -= 4) {
        *at++ = digits[seal->subject >> shift & 15];
    }
    *at++ = '/';
    memcpy(at, what, what_len);
    return place;
}

/* The key is in the place and need not be sealed. */
Gj__V1__Field *gj_seal_field(const struct gj_seal *seal, struct gj_arena *arena, const Gj__V1__Field *plain)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    size_t place_len = 0;
    const char *place = place_of(seal, arena, plain->key, &place_len);
    Gj__V1__Field *field = GJ_ARENA_NEW(arena, Gj__V1__Field);
    Gj__V1__Field value = *plain;
    value.key = (char *)protobuf_c_empty_string;
    if (place == NULL || field == NULL || gj_pb_pack_arena(&value.base, arena, &bytes, &len) != GJ_OK) {
        return NULL;
    }
    uint8_t *sealed = gj_arena_alloc(arena, len + GJ_SECRET_OVERHEAD);
    if (sealed == NULL) {
        return NULL;
    }
    gj_secret_seal(seal->key, place, place_len, bytes, len, sealed);
    gj_secret_wipe(bytes, len);
    gj__v1__field__init(field);
    field->key = plain->key;
    field->value_case = GJ__V1__FIELD__VALUE_SEALED;
    field->sealed.data = sealed;
    field->sealed.len = len + GJ_SECRET_OVERHEAD;
    return field;
}

enum gj_err gj_seal_open_field(
    const struct gj_seal *seal, struct gj_arena *arena, const Gj__V1__Field *sealed, Gj__V1__Field **out)
{
    size_t place_len = 0;
    const char *place = place_of(seal, arena, sealed->key, &place_len);
    if (sealed->sealed.len < GJ_SECRET_OVERHEAD) {
        return GJ_ECORRUPT;
    }
    size_t len = sealed->sealed.len - GJ_SECRET_OVERHEAD;
    uint8_t *bytes = gj_arena_alloc(arena, len);
    if (place == NULL || bytes == NULL) {
        return gj_arena_why(arena);
    }
    enum gj_err err = gj_secret_open(seal->key, place, place_len, sealed->sealed.data, sealed->sealed.len, bytes);
    if (err == GJ_OK) {
        err = gj_pb_unpack_own(&gj__v1__field__descriptor, arena, bytes, len, (ProtobufCMessage **)out);
    }
    if (err == GJ_OK) {
        (*out)->key = sealed->key;
    }
    return err;
}

Gj__Work__Text *gj_seal_words(const struct gj_seal *seal, struct gj_arena *arena, const Gj__Work__Words *words)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    size_t place_len = 0;
    const char *place = place_of(seal, arena, "words", &place_len);
    Gj__Work__Text *text = GJ_ARENA_NEW(arena, Gj__Work__Text);
    if (place == NULL || text == NULL || gj_pb_pack_arena(&words->base, arena, &bytes, &len) != GJ_OK) {
        return NULL;
    }
    uint8_t *sealed = gj_arena_alloc(arena, len + GJ_SECRET_TEXT_OVERHEAD);
    uint8_t *commitment = gj_arena_alloc(arena, GJ_SECRET_COMMIT_SIZE);
    if (sealed == NULL || commitment == NULL) {
        return NULL;
    }
    gj_secret_seal_text(seal->key, place, place_len, bytes, len, commitment, sealed);
    gj_secret_wipe(bytes, len);
    gj__work__text__init(text);
    text->sealed = (ProtobufCBinaryData){.data = sealed, .len = len + GJ_SECRET_TEXT_OVERHEAD};
    text->commitment = (ProtobufCBinaryData){.data = commitment, .len = GJ_SECRET_COMMIT_SIZE};
    return text;
}

enum gj_err gj_seal_open_words(const struct gj_seal *seal, struct gj_arena *arena, const uint8_t *sealed, size_t len,
    const uint8_t commitment[32], bool found, Gj__Work__Words **out)
{
    size_t place_len = 0;
    const char *place = place_of(seal, arena, "words", &place_len);
    if (len < GJ_SECRET_TEXT_OVERHEAD) {
        return GJ_ECORRUPT;
    }
    uint8_t *plain = gj_arena_alloc(arena, len);
    if (place == NULL || plain == NULL) {
        return gj_arena_why(arena);
    }
    enum gj_err err = gj_secret_open_text(seal->key, place, place_len, sealed, len, commitment, !found, plain);
    if (err != GJ_OK) {
        return err;
    }
    return gj_pb_unpack_own(&gj__work__words__descriptor, arena, plain + GJ_SECRET_SALT_SIZE,
        len - GJ_SECRET_TEXT_OVERHEAD, (ProtobufCMessage **)out);
}
