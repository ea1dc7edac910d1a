/* What proves a step of the owner (业主确认凭证): a one-time code (一次性验收码) that the system issues, or an
 * attachment made for this very step. Which, and what kind of file, the declaration says. Pure. */
#ifndef GJ_POLICY_EVIDENCE_H
#define GJ_POLICY_EVIDENCE_H

#include "common/policy/access.h"
#include "common/policy/kind.h"
#include "common/policy/view.h"

/* The one-time code field by which a step out of the present state may be proved, its conditions holding as the record
 * stands; NULL: the owner is not asked for anything now, or not by code. */
const struct gj_field *gj_evidence_code(const struct gj_kind *kind, const struct gj_view *view);

/* Whether this person may read the code out to the owner: named by open_to, and nobody who works on the matter. */
bool gj_evidence_reader(const struct gj_field *code, const struct gj_view *view, const struct gj_actor *actor);

/* The field that holds the evidence of a means of this transition, or NULL. */
const struct gj_field *gj_evidence_field(
    const struct gj_kind *kind, const struct gj_transition *transition, const char *means);

/* Whether some step of the owner in this kind is proved by the field. */
bool gj_evidence_is(const struct gj_kind *kind, uint16_t field_at);

/* Whether a file of this media type ("image/jpeg") can be what the field asks for. */
bool gj_evidence_media(const struct gj_field *field, const char *media_type);

#endif
