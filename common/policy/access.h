/* The one door (权限): may this person do this with records of this kind, and what of them may be seen.
 *
 * Deny by default. Role x relation x office x action, from the permission table of the policy now in force (never the
 * frozen one). Every byte that leaves the daemon has passed here. Pure. */
#ifndef GJ_POLICY_ACCESS_H
#define GJ_POLICY_ACCESS_H

#include "common/policy/policy.h"
#include "common/policy/refusal.h"
#include "common/policy/view.h"

/* X(NAME, "word", letters that allow it) */
#define GJ_ACCESS_LIST(X)                                                                                              \
    X(READ, "read", GJ_LETTER_READ | GJ_LETTER_READ_OWN)                                                               \
    X(LIST, "list", GJ_LETTER_READ | GJ_LETTER_READ_OWN)                                                               \
    X(CREATE, "create", GJ_LETTER_CREATE)                                                                              \
    X(ACT, "act", GJ_LETTER_CREATE | GJ_LETTER_READ | GJ_LETTER_READ_OWN)                                              \
    X(UPDATE, "update", GJ_LETTER_UPDATE)                                                                              \
    X(APPROVE, "approve", GJ_LETTER_APPROVE)                                                                           \
    X(REASSIGN, "reassign", GJ_LETTER_REASSIGN)                                                                        \
    X(CLOSE, "close", GJ_LETTER_CLOSE)                                                                                 \
    X(EXPORT, "export", GJ_LETTER_EXPORT)                                                                              \
    X(OPEN, "open", GJ_LETTER_READ | GJ_LETTER_READ_OWN) /* open one masked or logged field */

enum gj_access_action {
#define GJ_ACCESS_ENUM(name, word, letters) GJ_ACCESS_##name,
    GJ_ACCESS_LIST(GJ_ACCESS_ENUM)
#undef GJ_ACCESS_ENUM
};

struct gj_access_request {
    const struct gj_policy *policy; /* in force now */
    const struct gj_rights *rights; /* of the kind or subject */
    const struct gj_kind *kind;     /* NULL for a subject; its fields decide about masks */
    const struct gj_actor *actor;
    enum gj_access_action action;
    const struct gj_view *view; /* the record; NULL for create, list and subjects without one */
    uint64_t office, region;    /* whose data it is (for create: where it will be; for list: what is asked for) */
    uint16_t field_at;          /* OPEN: which field */
};

struct gj_access_answer {
    bool delegated;             /* the right is held for somebody else alone */
    bool own_only;              /* LIST: show only records tied to the actor */
    bool logged;                /* reading must itself be recorded, with its purpose */
    struct gj_field_set masked; /* show through the mask */
    struct gj_field_set hidden; /* not at all (class logged) */
    gj_roles by;                /* the roles that gave the right: for the audit entry */
};

/* True: allowed, *answer filled. False: *refusal (NO_RIGHT, OTHER_OFFICE, NOT_RELATED); *answer is all hidden. */
bool gj_access_check(
    const struct gj_access_request *request, struct gj_access_answer *answer, struct gj_refusal *refusal);

/* Which parts of a guarded thing may be seen by these roles together, once gj_access_check has allowed it by them. Who
 * was asked to stand in, and is allowed by no role, sees what a job needs: name, phone, contact. */
gj_parts gj_access_parts(const struct gj_guarded *guarded, gj_roles by);

/* "RXAZ" to letters; false when a letter is unknown or stands twice. */
bool gj_access_letters_parse(const char *text, size_t len, uint16_t *out);

#endif
