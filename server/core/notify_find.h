/* Whom a list of roles and relations means for a record at this moment, and who comes next when it means nobody: the
 * duty roster of the office, the region's, headquarters'. Used for telling (core/notify.h) and for the right to stand
 * in (core/stand_in.h), so that both always mean the same people. */
#ifndef GJ_CORE_NOTIFY_FIND_H
#define GJ_CORE_NOTIFY_FIND_H

#include "core/notify.h"

struct gj_find {
    struct gj_ctx *ctx;
    const struct gj_view *view; /* NULL: about no record */
    const struct gj_kind *kind; /* NULL: about no record */
    uint64_t office, region;
    gj_relations forbid; /* whoever is one of these to the record is left out */
    uint64_t except;     /* and so is this user; 0: nobody */
    struct gj_people *out;
    int64_t change_ms; /* INT64_MAX at first: when the duty roster looked at next says something else */
};

/* For a record; out is emptied. */
struct gj_find gj_find_for(
    struct gj_ctx *ctx, const struct gj_work *work, gj_relations forbid, uint64_t except, struct gj_people *out);

/* Holders of a role who are there, and who bear the relation as well (GJ_RELATION_NONE: whoever they are). */
void gj_find_role(struct gj_find *find, uint8_t role, enum gj_relation relation);
/* All that a list means. True: at least one of them is there. */
bool gj_find_listed(struct gj_find *find, const struct gj_who_list *who);
/* The same question without looking further than the first. */
bool gj_find_any(struct gj_find *find, const struct gj_who_list *who);
/* The next above; out->level says how far it went, and that nobody was found even at the top by count 0. */
void gj_find_climb(struct gj_find *find);

/* Somebody bears the relation, be he there or not: before a ticket is given to anyone, its worker cannot be missed. */
bool gj_find_borne(const struct gj_view *view, enum gj_relation relation);

/* "role", "office", "region", "group". */
const char *gj_find_level(enum gj_reach_level level);

#endif
