/* What several applies ask before they write anything. Each refuses the call and returns false when the answer is no.
 */
#ifndef GJ_CORE_WORK_DECIDE_H
#define GJ_CORE_WORK_DECIDE_H

#include "core/work.h"

/* Stated times this near the server's are as good as now: clocks differ. */
#define GJ_WORK_CLOCK_SLACK_MS 60000

/* Loads the record or refuses with NOT_FOUND. */
bool gj_work_must_load(struct gj_ctx *ctx, uint64_t id, struct gj_work *work);

/* Compare and set: the revision seen, or the request key of the own change it follows, and the state seen. A caller who
 * is late gets CONFLICT. The system is never late. */
bool gj_work_in_step(struct gj_ctx *ctx, const struct gj_work *work, uint32_t revision,
    const ProtobufCBinaryData *after, const char *state);

/* A time told: not in the future, and with a reason when it lies further back than the kind allows. *out_ms is the time
 * to use, *stated whether it was told at all. */
bool gj_work_told(struct gj_ctx *ctx, const struct gj_kind *kind, const struct gj_policy *policy, const char *field,
    int64_t told_ms, bool has_reason, int64_t *out_ms, bool *stated);

/* The same for times handed in as fields that say when something happened (arrived_at, done_at …). The first that was
 * told goes to *at_ms, unless a time of the step itself was told. */
bool gj_work_told_fields(struct gj_ctx *ctx, const struct gj_kind *kind, const struct gj_policy *policy,
    Gj__V1__Field *const *fields, size_t count, bool has_reason, int64_t *at_ms, bool *stated);

/* Times handed in, and those the step (NULL: none) itself writes, against what the form says of them. act_ms as in
 * gj_form_check_moment; received_ms 0 for a record not made yet. */
bool gj_work_moments(struct gj_ctx *ctx, const struct gj_kind *kind, const struct gj_transition *step,
    Gj__V1__Field *const *fields, size_t count, int64_t act_ms, int64_t received_ms);

/* Attachments that were committed before, not too many. */
bool gj_work_attachments(struct gj_ctx *ctx, const struct gj_work *work, const ProtobufCBinaryData *list, size_t count);
/* Adds them to the row. */
void gj_work_attach(struct gj_ctx *ctx, struct gj_work *work, const ProtobufCBinaryData *list, size_t count);

/* Fields as the rules see them, with the texts of a command by their presence (reason, note, late reason). */
struct gj_field_value *gj_work_given(
    struct gj_ctx *ctx, Gj__V1__Field *const *fields, size_t n_fields, const char *text_key, size_t *count);

/* The roles by which the actor acts here, for the entry. */
gj_roles gj_work_roles(const struct gj_ctx *ctx, const struct gj_work *work, const struct gj_who_list *by);

#endif
