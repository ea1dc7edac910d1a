/* One list while it is being made: what list.c and its parts share. */
#ifndef GJ_SERVICE_REGISTER_LISTING_H
#define GJ_SERVICE_REGISTER_LISTING_H

#include "core/work.h"
#include "proto/register.pb-c.h"
#include "service/register/page.h"
#include "service/register/register.h"

enum sort { SORT_ID, SORT_DUE, SORT_PRIORITY };

struct listing {
    struct gj_ctx *ctx;
    const Gj__V1__ListRequest *request;
    struct gj_register_cursor from;
    enum sort sort;
    size_t limit;
    size_t budget; /* rows that may still be looked at */
    bool own_only;
    Gj__V1__Row **rows;
    struct gj_register_cursor *picks; /* of a sorted list, in its order; their rows are read at the end */
    size_t count;
    struct gj_register_cursor next;
    struct gj_arena scratch; /* one row at a time */
    bool more;
};

/* Prefix of the keys of one kind in one office, in the queue and among closed work. */
struct gj_key gj_listing_queue_key(uint64_t office, uint32_t kind);
bool gj_listing_may_list(
    struct gj_ctx *ctx, const struct gj_kind *kind, uint64_t office, uint64_t region, bool *own_only);
bool gj_listing_kind_wanted(const struct listing *listing, const struct gj_kind *kind);
/* A record that an index names, when the actor may see it and it fits. False: the page is full or the budget spent. */
bool gj_listing_take_record(struct listing *listing, uint64_t id, int64_t value);

/* closed.c: closed work by its day, newest first. */
void gj_listing_closed(struct listing *listing);

#endif
