/* Sealing and opening the fields of one subject (a household 业户, a caller, a member of staff, an office) with its
 * data key, on the loop: in prepare and in reads, never in apply.
 *
 *     struct gj_sealing sealing;
 *     if (!gj_sealing_begin(&sealing, ctx, GJ_SUBJECT_HOUSEHOLD, id)) { return NULL; }
 *     …
 *     gj_sealing_end(&sealing);
 */
#ifndef GJ_SERVICE_SEALING_H
#define GJ_SERVICE_SEALING_H

#include <stdbool.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "core/call.h"
#include "service/body.pb-c.h"
#include "store/vault.h"

struct gj_sealing {
    struct gj_ctx *ctx;
    uint8_t key[GJ_VAULT_KEY_SIZE];
    struct gj_vault_wrapped wrapped; /* of a key made here: goes into the command */
    bool made;
};

/* Takes the subject's key. false: the machinery failed, or the key is destroyed (refused with NOT_FOUND). */
bool gj_sealing_begin(struct gj_sealing *sealing, struct gj_ctx *ctx, uint16_t kind, uint64_t id);
/* Makes a key for a subject that does not exist yet. */
bool gj_sealing_new(struct gj_sealing *sealing, struct gj_ctx *ctx, uint64_t office);
/* Takes the subject's key, or makes its first one. */
bool gj_sealing_begin_or_new(
    struct gj_sealing *sealing, struct gj_ctx *ctx, uint16_t kind, uint64_t id, uint64_t office);
/* Wipes the key; allowed twice and after a failure. */
void gj_sealing_end(struct gj_sealing *sealing);

/* Empty text gives an empty field. place says what the field is ("person.phone"), so that one cannot be put for the
 * other. */
bool gj_sealing_seal(struct gj_sealing *sealing, const char *place, const char *text, ProtobufCBinaryData *out);
/* The text in the arena; "" for an empty field. */
bool gj_sealing_open(struct gj_sealing *sealing, const char *place, const ProtobufCBinaryData *sealed, char **out);
/* The wrapped key as a field; empty unless made here. */
ProtobufCBinaryData gj_sealing_wrapped(struct gj_sealing *sealing);

/* A free text (reason, note) for an audit entry: sealed with a fresh salt under the key of the office, and its
 * commitment. *out is NULL for an empty text. false: refused (too long) or failed. */
bool gj_sealing_text(struct gj_ctx *ctx, uint64_t office, const char *text, const char *field, Gj__Service__Text **out);

#endif
