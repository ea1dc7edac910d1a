/* The form (表单): do the values handed in with an act fit the declaration? Runs before anything is sealed, so it
 * sees plain texts; it keeps none. Pure. */
#ifndef GJ_POLICY_FORM_H
#define GJ_POLICY_FORM_H

#include "common/policy/policy.h"
#include "common/policy/refusal.h"
#include "common/policy/view.h"

/* The field every kind has for `amend`, and the one for late entries; sealed texts of at most 500 characters. */
#define GJ_FORM_AMEND_REASON "amend_reason"
#define GJ_FORM_LATE_REASON "late_reason"
/* Free text of note, addendum, reject and withdraw. */
#define GJ_FORM_NOTE "note"

struct gj_form_request {
    const struct gj_policy *policy;
    const struct gj_kind *kind;
    const char *act; /* declared or built in; "create" when view is NULL or has no state */
    int64_t now_ms;
    const struct gj_field_value *given;
    size_t given_count;
    const struct gj_view *view; /* the record as it is, to see what is there already; NULL for a new one */
};

/* Checks each value: known, once, writable by this act, of its declared shape, in range and length, one of the
 * choices, lines and their cells likewise, texts valid UTF-8 without control characters, times not in the future where
 * they report something done (received_at, arrived_at, done_at and what the declaration limits by max); then that all
 * the act needs is there. The first failure in declaration order is reported. */
bool gj_form_check(const struct gj_form_request *request, struct gj_refusal *refusal);

/* Checks one value by itself against a field or column, without regard to an act. */
bool gj_form_check_value(const struct gj_policy *policy, const struct gj_field *field,
    const struct gj_field_value *value, int64_t now_ms, struct gj_refusal *refusal);

/* Whether a time fits what lies around it. act_ms: when the act is done or said to have been done, 0 for a correction,
 * which may set right what has passed; received_ms: when the record was received, 0 while there is none. A device's
 * clock may lag a little behind receipt. */
bool gj_form_check_moment(
    const struct gj_field *field, int64_t value_ms, int64_t act_ms, int64_t received_ms, struct gj_refusal *refusal);

/* The field's value as lists show it: masked by its mask. out is cut at a UTF-8 boundary, always NUL-terminated. */
void gj_form_mask(enum gj_mask mask, const char *text, size_t len, char *out, size_t size);

#endif
