/* Do the things a request names exist, and may they be named here? On the loop: nothing that is named is ever removed,
 * so the answer still holds when the command is applied. */
#ifndef GJ_CORE_WORK_REFER_H
#define GJ_CORE_WORK_REFER_H

#include "core/work.h"

struct gj_work_refer {
    const struct gj_policy *policy;
    const struct gj_kind *kind;
    uint64_t office;
    uint64_t record;      /* 0: not made yet */
    const char *category; /* for certificates; NULL: not known */
};

/* Both refuse and return false: NOT_FOUND reference_unknown, REFUSED reference_inactive, certificate or
 * link_not_allowed, each naming the field. */
bool gj_work_refer_fields(
    struct gj_ctx *ctx, const struct gj_work_refer *refer, Gj__V1__Field *const *fields, size_t count);
/* Fills in what the client left out: the id that belongs to a number, the number that belongs to an id, the type. */
bool gj_work_refer_links(
    struct gj_ctx *ctx, const struct gj_work_refer *refer, Gj__V1__Link *const *links, size_t count);

#endif
