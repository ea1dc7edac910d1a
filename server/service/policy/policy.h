/* Service 7: versions of policy and calendar, each put in force by two people; an office's own limits; weather mode. */
#ifndef GJ_SERVICE_POLICY_POLICY_H
#define GJ_SERVICE_POLICY_POLICY_H

#include "core/call.h"
#include "proto/policy.pb-c.h"
#include "store/stored.pb-c.h"

extern const struct gj_service gj_policy_service;

/* version.c: a row with its files; NULL: none. */
Gj__Stored__Policy *gj_policy_service_row(struct gj_ctx *ctx, bool calendar, uint32_t version);

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
