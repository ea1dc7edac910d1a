/* What may be corrected in an open record, and by whom: no step of the flow, so it asks for no state. */
#include "common/policy/flow.h"
#include "common/policy/form.h"
#include "common/policy/policy.h"

bool gj_flow_may_amend(const struct gj_kind *kind, const struct gj_view *view, const struct gj_flow_request *request,
    struct gj_refusal *refusal)
{
    if (((kind->open_states >> view->state) & 1u) == 0) {
        return gj_refusal_set(refusal, GJ_REFUSAL_RECORD_CLOSED, NULL);
    }
    if (gj_value_find(request->given, request->given_count, GJ_FORM_AMEND_REASON) == NULL) {
        return gj_refusal_set(refusal, GJ_REFUSAL_FIELD_MISSING, GJ_FORM_AMEND_REASON);
    }
    for (size_t i = 0; i < request->given_count; i++) {
        uint16_t at = gj_kind_field(kind, request->given[i].key);
        if (at != GJ_NO_INDEX && (kind->fields[at].computed || kind->fields[at].fixed)) {
            return gj_refusal_set(refusal, GJ_REFUSAL_FIELD_READ_ONLY, kind->fields[at].key);
        }
    }
    const struct gj_field_value *priority = gj_value_find(request->given, request->given_count, "priority");
    bool lowered = false;
    for (size_t i = 0; priority != NULL && i < kind->priority_count; i++) {
        lowered = lowered || (gj_value_is(priority, kind->priorities[i].code) && i > view->priority);
    }
    gj_roles roles = gj_actor_roles(request->actor, view->office, view->region);
    if (lowered && (roles & kind->lower_priority) == 0) {
        return gj_refusal_set(refusal, GJ_REFUSAL_PRIORITY_LOWERED, "priority");
    }
    return true;
}
