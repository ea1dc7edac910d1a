/* Writing one household: the decision and the rows, shared by the calls and by the import. Commit thread. */
#ifndef GJ_SERVICE_DIRECTORY_HOUSEHOLD_H
#define GJ_SERVICE_DIRECTORY_HOUSEHOLD_H

#include "core/call.h"
#include "service/body.pb-c.h"
#include "store/stored.pb-c.h"
#include "store/vault.h"

/* Puts the data key and the room of a new household, its ids and tokens; household->id is set. Nothing may be refused
 * any more. */
void gj_household_insert(struct gj_ctx *ctx, const Gj__Service__HouseholdPut *put);
/* Ids for those persons and vehicles that have none. */
void gj_household_number_people(struct gj_ctx *ctx, Gj__Stored__Household *household);
/* Tokens come and go. */
void gj_household_put_tokens(struct gj_ctx *ctx, uint64_t household, size_t count, const ProtobufCBinaryData *tokens);
void gj_household_drop_tokens(struct gj_ctx *ctx, uint64_t household, size_t count, const ProtobufCBinaryData *tokens);
void gj_household_save(struct gj_ctx *ctx, const Gj__Stored__Household *household);
/* Whether the tokens and the key of a body have their sizes: a command may have been made by an older program. */
bool gj_household_body_ok(struct gj_ctx *ctx, const Gj__Service__HouseholdPut *put);

#endif
