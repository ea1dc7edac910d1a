#include "service/policy/policy.h"

#include "service/body.pb-c.h"

#define REQUEST(name) .request = &gj__v1__##name##__descriptor
#define BODY(name) .body = &gj__service__##name##__descriptor

static const struct gj_call calls[] = {
    {GJ__V1__CALL__POLICY_PROPOSE, 0, "propose", REQUEST(policy_propose_request), BODY(propose),
        .prepare = gj_policy_propose_prepare, .apply = gj_policy_propose},
    {GJ__V1__CALL__POLICY_STAGE, 0, "stage", REQUEST(policy_stage_request), .prepare = gj_policy_stage_prepare,
        .apply = gj_policy_stage},
    {GJ__V1__CALL__POLICY_APPROVE, 0, "approve", REQUEST(policy_approve_request), BODY(approve),
        .prepare = gj_policy_approve_prepare, .apply = gj_policy_approve},
    {GJ__V1__CALL__POLICY_LIST, 0, "list", REQUEST(empty), .read = gj_policy_list},
    {GJ__V1__CALL__POLICY_GET, 0, "get", REQUEST(policy_get_request), .read = gj_policy_get},
    {GJ__V1__CALL__CALENDAR_PROPOSE, 0, "calendar_propose", REQUEST(calendar_propose_request), BODY(propose),
        .prepare = gj_calendar_propose_prepare, .apply = gj_calendar_propose},
    {GJ__V1__CALL__CALENDAR_APPROVE, 0, "calendar_approve", REQUEST(policy_approve_request), BODY(approve),
        .prepare = gj_calendar_approve_prepare, .apply = gj_calendar_approve},
    {GJ__V1__CALL__LIMIT_PROPOSE, 0, "limit_propose", REQUEST(limit_request), BODY(limit_set),
        .prepare = gj_limit_prepare, .apply = gj_limit_propose},
    {GJ__V1__CALL__LIMIT_APPROVE, 0, "limit_approve", REQUEST(limit_approve_request), .apply = gj_limit_approve},
    {GJ__V1__CALL__WEATHER_MODE, 0, "weather", REQUEST(weather_request), BODY(weather), .prepare = gj_weather_prepare,
        .apply = gj_weather_set},
};

const struct gj_service gj_policy_service = {
    .number = GJ__V1__CALL__POLICY_PROPOSE >> 8,
    .name = "policy",
    .calls = calls,
    .n_calls = sizeof calls / sizeof calls[0],
};
