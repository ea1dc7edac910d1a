/* What of a household's file (业户档案) a reader does not get to see: parts that the policy keeps from the role, and
 * masks over what is there but has not been asked for. */
#ifndef GJ_SERVICE_DIRECTORY_HOUSEHOLD_MASK_H
#define GJ_SERVICE_DIRECTORY_HOUSEHOLD_MASK_H

#include <stdbool.h>

#include "common/policy/policy.h"
#include "core/call.h"
#include "proto/directory.pb-c.h"

/* Empties every part that is not in the set. Room, office, building, id and revision are no parts: they name the file.
 */
void gj_household_keep_parts(Gj__V1__Household *plain, gj_parts parts);

/* "138****5678"; names, and plates with them. False: the caller has been told that memory ran out. */
bool gj_household_mask_phones(struct gj_ctx *ctx, Gj__V1__Household *plain);
bool gj_household_mask_names(struct gj_ctx *ctx, Gj__V1__Household *plain);

#endif
