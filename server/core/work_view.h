/* A record as somebody may see it: masks and hidden fields from the one door, texts opened only for those who may read
 * them. Loop thread. Results are in the call's arena; NULL when that is full. */
#ifndef GJ_CORE_WORK_VIEW_H
#define GJ_CORE_WORK_VIEW_H

#include "core/work.h"
#include "proto/register.pb-c.h"

/* The whole record. open: masked and logged fields too, where the actor is among those who may open them (the read has
 * been logged); without it only what every reader sees. */
Gj__V1__Record *gj_work_wire(
    struct gj_ctx *ctx, const struct gj_work *work, const struct gj_access_answer *access, bool open);

/* The record as a line of a queue; its texts are borrowed. Any thread. */
void gj_work_row(const struct gj_work *work, Gj__V1__Row *out);
Gj__V1__Row *gj_work_row_of_record(struct gj_arena *arena, const struct gj_work *work);

/* Entries of a record, oldest first, from the one with this position on; at most max. *more: there are others.
 * with_entries: with the canonical bytes of each, which borrow from the snapshot. */
struct gj_work_lines {
    Gj__V1__HistoryLine **items;
    size_t count;
    bool more;
};
bool gj_work_history(struct gj_ctx *ctx, const struct gj_work *work, size_t from, size_t max, bool with_entries,
    struct gj_work_lines *out);

/* What the actor could do now. */
Gj__V1__ActionList *gj_work_actions(struct gj_ctx *ctx, const struct gj_work *work);

/* The record as the actor may see it now, for an answer of CONFLICT; NULL when there is nothing to show. */
void gj_work_conflict(struct gj_ctx *ctx, uint64_t id);

#endif
