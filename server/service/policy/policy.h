/* Service 7: versions of policy and calendar, each put in force by two people; an office's own limits; weather mode. */
#ifndef GJ_SERVICE_POLICY_POLICY_H
#define GJ_SERVICE_POLICY_POLICY_H

#include "core/call.h"
#include "proto/policy.pb-c.h"
#include "store/stored.pb-c.h"

extern const struct gj_service gj_policy_service;

/* version.c: a row with its files; NULL: none. */
Gj__Stored__Policy *gj_policy_service_row(struct gj_ctx *ctx, bool calendar, uint32_t version);

/* propose.c: a path one may write: letters, digits, ._-/ and no way up. */
bool gj_policy_file_name_ok(const char *name);

/* stage.c: what the user has handed in so far, *out NULL for nothing; false: the transaction has failed. The digest is
 * of the row as it lies there; false: there is none. */
bool gj_policy_stage_load(struct gj_ctx *ctx, uint64_t user, Gj__Stored__PolicyStage **out);
bool gj_policy_stage_digest(struct gj_ctx *ctx, uint64_t user, uint8_t digest[32]);
void gj_policy_stage_drop(struct gj_ctx *ctx, uint64_t user);
gj_prepare_fn gj_policy_stage_prepare;
gj_apply_fn gj_policy_stage;

/* propose.c */
gj_prepare_fn gj_policy_propose_prepare, gj_calendar_propose_prepare;
gj_apply_fn gj_policy_propose, gj_calendar_propose;

/* version.c */
gj_prepare_fn gj_policy_approve_prepare, gj_calendar_approve_prepare;
gj_apply_fn gj_policy_approve, gj_calendar_approve;
gj_read_fn gj_policy_list, gj_policy_get;

/* limit.c */
gj_prepare_fn gj_limit_prepare, gj_weather_prepare;
gj_apply_fn gj_limit_propose, gj_limit_approve, gj_weather_set;

#endif
