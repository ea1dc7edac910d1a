/* A household (业户) in its two forms: plain as on the wire, sealed as in the store; and the blind indexes by which it
 * is found. Loop thread. */
#ifndef GJ_SERVICE_DIRECTORY_HOUSEHOLD_FORM_H
#define GJ_SERVICE_DIRECTORY_HOUSEHOLD_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/directory.pb-c.h"
#include "store/stored.pb-c.h"
#include "service/sealing.h"

/* Everything in plain, in the arena. */
bool gj_household_form_open(struct gj_sealing *sealing, const Gj__Stored__Household *stored, Gj__V1__Household **out);
/* Everything sealed anew; phones and room in their normalised form. */
bool gj_household_form_seal(struct gj_sealing *sealing, const Gj__V1__Household *plain, Gj__Stored__Household **out);

/* Blind indexes of one household, sorted and without doubles. */
struct gj_token_set {
    struct gj_vault_token *items;
    size_t count, room;
};
/* full: phones of the whole company; for the office: last four digits, surnames, initials, plates. */
bool gj_household_form_tokens(
    struct gj_ctx *ctx, uint64_t office, const Gj__V1__Household *plain, struct gj_token_set *out);
/* Those of a that are not in b, as fields of a command. */
bool gj_household_form_without(struct gj_ctx *ctx, const struct gj_token_set *a, const struct gj_token_set *b,
    size_t *count, ProtobufCBinaryData **out);

#endif
