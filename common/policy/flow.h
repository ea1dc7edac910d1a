/* The one flow engine (流程): may this person do this act to this record now, and what follows.
 *
 * Pure: the same arguments give the same answer, nothing is read or written. The caller checks access first
 * (access.h), validates the form (form.h) before sealing, asks here inside the commit, and then saves what the result
 * says. Consent (审批): when a transition needs an approver and the actor is not one, the result is `pending`: the
 * record keeps its state and remembers the request; another person's approve or reject settles it. Other acts go on
 * meanwhile; one that changes the state makes the request void (`settled`). */
#ifndef GJ_POLICY_FLOW_H
#define GJ_POLICY_FLOW_H

#include "common/policy/refusal.h"
#include "common/policy/view.h"
#include "common/limits.h"

/* Acts that every kind has without declaring them; their numbers lie above all declared ones. X(NAME, number, "verb")
 */
#define GJ_FLOW_ACT_LIST(X)                                                                                            \
    X(APPROVE, 60001, "approve")                                                                                       \
    X(REJECT, 60002, "reject")                                                                                         \
    X(WITHDRAW, 60003, "withdraw")                                                                                     \
    X(AMEND, 60004, "amend")                                                                                           \
    X(ADDENDUM, 60005, "addendum")                                                                                     \
    X(NOTE, 60006, "note")                                                                                             \
    X(LINK, 60007, "link")
enum gj_flow_act {
#define GJ_FLOW_ACT_ENUM(name, number, verb) GJ_FLOW_##name = number,
    GJ_FLOW_ACT_LIST(GJ_FLOW_ACT_ENUM)
#undef GJ_FLOW_ACT_ENUM
};

/* Stable number of a verb in a kind: declared or built in; 0 when there is none. And back; NULL when there is none. */
uint16_t gj_flow_act_number(const struct gj_kind *kind, const char *verb);
const char *gj_flow_act_verb(const struct gj_kind *kind, uint16_t number);

struct gj_flow_request {
    const char *act;
    const struct gj_actor *actor;
    int64_t now_ms;
    const struct gj_field_value *given; /* handed in with the act; sealed ones by presence */
    size_t given_count;
};

struct gj_flow_result {
    const struct gj_transition *transition; /* NULL for built-in acts that move nothing */
    uint8_t from, to;                       /* state numbers; equal when it stays */
    bool pending; /* nothing changes but the request for consent: remember act, actor, time and the given fields */
    bool settled; /* a pending request ends with this (approved, rejected or withdrawn): forget it */
    bool closes;  /* from open to closed or final: every running timer stops */
    bool reopens;
};

/* Decides an act. True: *result says what to do. False: *refusal says why not; result is untouched.
 * For `approve` the transition is that of the pending act, judged again as of now with the fields kept from the
 * request handed in as `given` by the caller and the requester's relations; `transition->sets` with ACTOR then mean
 * the requester (view->pending.requested_by). */
bool gj_flow_decide(const struct gj_kind *kind, const struct gj_view *view, const struct gj_flow_request *request,
    struct gj_flow_result *result, struct gj_refusal *refusal);

/* After a decided act has been applied to the view: the next automatic transition, if one is due; NULL when none.
 * At most GJ_FLOW_AUTO_MAX in a row: a policy that could take more is refused when loaded. */
const struct gj_transition *gj_flow_automatic(const struct gj_kind *kind, const struct gj_view *view);

/* Whether a transition can be taken now by anybody at all: its state, priority, time and conditions fit, whatever it
 * still needs. Who may take it is another question. */
bool gj_flow_open(
    const struct gj_kind *kind, const struct gj_view *view, const struct gj_transition *transition, int64_t now_ms);

/* Amending (更正) an open record: `given` are the new values. Needs a reason (the field amend_reason, which every kind
 * has without declaring it), no computed or fixed field, and for a less urgent priority one of kind->lower_priority. */
bool gj_flow_may_amend(const struct gj_kind *kind, const struct gj_view *view, const struct gj_flow_request *request,
    struct gj_refusal *refusal);

/* What this actor could do now, for a client's buttons: declared acts whose state, person, relation, priority, time
 * and conditions fit, whatever fields they still need; then the built-in ones. Conditions that look at a field that
 * the act itself hands in count as fitting. */
struct gj_flow_offer {
    const char *act;
    struct gj_label label;
    uint8_t to;               /* state number afterwards; 0 for built-in acts */
    bool asks_consent;        /* would become a request */
    struct gj_field_set need; /* still missing */
    struct gj_field_set optional;
    const struct gj_transition *transition; /* NULL for built-in acts */
};
size_t gj_flow_offers(const struct gj_kind *kind, const struct gj_view *view, const struct gj_actor *actor,
    int64_t now_ms, struct gj_flow_offer offers[GJ_FLOW_OFFERS_MAX]);

#endif
