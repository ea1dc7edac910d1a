/* The door of things that are no records (households, people, devices, policy …): may this actor do this there, and how
 * the audit entry of it begins. All answers come from the one gj_access_check with the subjects of the policy's
 * permission table. */
#ifndef GJ_SERVICE_DOOR_H
#define GJ_SERVICE_DOOR_H

#include <stdbool.h>
#include <stdint.h>

#include "common/policy/access.h"
#include "core/apply.h"
#include "core/call.h"
#include "core/subject.h"
#include "service/body.pb-c.h"

/* Codes of subjects in the policy that services ask about. */
#define GJ_DOOR_COMPANY "company"                /* regions, offices (管理处), buildings */
#define GJ_DOOR_HOUSEHOLD "household_file"       /* 业户档案 */
#define GJ_DOOR_CALLERS "caller_file"            /* who calls and belongs to no household */
#define GJ_DOOR_ASSETS "asset_register"          /* common areas and equipment */
#define GJ_DOOR_STAFF "staff_file"               /* trades and certificates */
#define GJ_DOOR_CONTRACTORS "supplier_directory" /* 供应商 */
#define GJ_DOOR_USERS "users_roles"              /* users of the whole company, grants by two people */
#define GJ_DOOR_OWN_PEOPLE "own_people"          /* staff and devices of the own office */
#define GJ_DOOR_ROSTER "duty_roster"             /* 值班表 */
#define GJ_DOOR_DAEMON "daemon"                  /* health, backup, clock */
#define GJ_DOOR_POLICY "policy_calendar"         /* policy, calendar, limits */
#define GJ_DOOR_WEATHER "weather_mode"
#define GJ_DOOR_AUDIT "audit_log"
#define GJ_DOOR_IMPORT "import"

/* Region of an office; 0 for headquarters and for an office that does not exist. */
uint64_t gj_door_region(struct gj_ctx *ctx, uint64_t office);
/* True if there is such an office, headquarters (0) included; otherwise refuses with NOT_FOUND. */
bool gj_door_office(struct gj_ctx *ctx, uint64_t office, const char *field);

/* True: allowed, *answer (may be NULL) filled. False: refused with DENIED. A subject that the policy does not name is
 * nobody's. */
bool gj_door_check(struct gj_ctx *ctx, const char *subject, enum gj_access_action action, uint64_t office,
    struct gj_access_answer *answer);
/* The same for a thing of a region (office 0) and for one that is tied to the actor by a record. */
bool gj_door_check_view(struct gj_ctx *ctx, const char *subject, enum gj_access_action action, uint64_t office,
    uint64_t region, const struct gj_view *view, struct gj_access_answer *answer);
/* True when one of the actor's grants allows it where it holds: for lists whose rows are checked one by one, and for
 * what belongs to the whole company. */
bool gj_door_check_anywhere(
    struct gj_ctx *ctx, const char *subject, enum gj_access_action action, struct gj_access_answer *answer);
/* Asks without refusing. */
bool gj_door_may(struct gj_ctx *ctx, const char *subject, enum gj_access_action action, uint64_t office);
/* The same, and not only for what is the actor's own. */
bool gj_door_may_all(struct gj_ctx *ctx, const char *subject, enum gj_access_action action, uint64_t office);

/* What of the subject the roles that gave the right may see. */
gj_parts gj_door_parts(struct gj_ctx *ctx, const char *subject, const struct gj_access_answer *answer);

/* Begins an entry: type, action, subject, office, the role that gave the right and on whose behalf. */
struct gj_entry gj_door_entry(struct gj_ctx *ctx, enum gj_entry_type type, const char *action, uint16_t subject_kind,
    uint64_t subject, uint64_t office, const struct gj_access_answer *by);
/* Appends it with its text (NULL: none) and fills ctx->apply->written with subject and revision. */
uint64_t gj_door_append(struct gj_ctx *ctx, struct gj_entry *entry, const Gj__Service__Text *text);

/* INVALID with code and field. Always false. */
bool gj_door_invalid(struct gj_ctx *ctx, const char *code, const char *field);
/* The machinery failed in prepare or read: the caller is told INTERNAL. Always false. */
bool gj_door_failed(struct gj_ctx *ctx, enum gj_err err);

#endif
