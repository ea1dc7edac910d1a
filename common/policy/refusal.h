/* A refusal by the rules (拒绝): an answer, not an error. A stable code, the field it is about, and parameters; the
 * sentence is made by the client in the user's language. Values are short codes and numbers, never personal data. */
#ifndef GJ_POLICY_REFUSAL_H
#define GJ_POLICY_REFUSAL_H

#include <stdbool.h>
#include <stdint.h>

/* Codes are for ever: append at the end, never renumber. X(NAME, number, "wire name"). */
#define GJ_REFUSAL_LIST(X)                                                                                             \
    X(NONE, 0, "none")                                                                                                 \
    /* form: what was handed in */                                                                                     \
    X(FIELD_UNKNOWN, 1, "field_unknown")                                                                               \
    X(FIELD_MISSING, 2, "field_missing")                                                                               \
    X(FIELD_TYPE, 3, "field_type")                                                                                     \
    X(FIELD_RANGE, 4, "field_range")                                                                                   \
    X(FIELD_LENGTH, 5, "field_length")                                                                                 \
    X(FIELD_CHOICE, 6, "field_choice")                                                                                 \
    X(FIELD_TEXT, 7, "field_text")                                                                                     \
    X(FIELD_TWICE, 8, "field_twice")                                                                                   \
    X(FIELD_READ_ONLY, 9, "field_read_only")                                                                           \
    X(FIELD_NOT_HERE, 10, "field_not_here")                                                                            \
    X(TOO_MANY_LINES, 11, "too_many_lines")                                                                            \
    X(TIME_IN_FUTURE, 12, "time_in_future")                                                                            \
    X(LATE_WITHOUT_REASON, 13, "late_without_reason")                                                                  \
    X(TIME_IN_PAST, 14, "time_in_past")                                                                                \
    X(TIME_BEFORE_RECEIPT, 15, "time_before_receipt")                                                                  \
    /* flow: what may be done now */                                                                                   \
    X(ACT_UNKNOWN, 20, "act_unknown")                                                                                  \
    X(ACT_NOT_NOW, 21, "act_not_now")                                                                                  \
    X(ACT_NOT_YOURS, 22, "act_not_yours")                                                                              \
    X(ACT_FORBIDDEN_RELATION, 23, "act_forbidden_relation")                                                            \
    X(ACT_FORBIDDEN_PRIORITY, 24, "act_forbidden_priority")                                                            \
    X(ACT_CONDITION, 25, "act_condition")                                                                              \
    X(ACT_TOO_LATE, 26, "act_too_late")                                                                                \
    X(MEANS_NOT_ALLOWED, 27, "means_not_allowed")                                                                      \
    X(EVIDENCE_MISSING, 28, "evidence_missing")                                                                        \
    X(APPROVAL_PENDING, 29, "approval_pending")                                                                        \
    X(NO_APPROVAL_PENDING, 30, "no_approval_pending")                                                                  \
    X(APPROVER_IS_REQUESTER, 31, "approver_is_requester")                                                              \
    X(PRIORITY_LOWERED, 32, "priority_lowered")                                                                        \
    X(RECORD_CLOSED, 33, "record_closed")                                                                              \
    X(RECORD_OPEN, 34, "record_open")                                                                                  \
    X(LINK_NOT_ALLOWED, 35, "link_not_allowed")                                                                        \
    X(CERTIFICATE, 36, "certificate")                                                                                  \
    /* access */                                                                                                       \
    X(NO_RIGHT, 50, "no_right")                                                                                        \
    X(OTHER_OFFICE, 51, "other_office")                                                                                \
    X(NOT_RELATED, 52, "not_related")                                                                                  \
    X(PURPOSE_MISSING, 53, "purpose_missing")                                                                          \
    X(SECOND_PERSON, 54, "second_person")                                                                              \
    /* things named that are not there or not usable; for services */                                                  \
    X(REFERENCE_UNKNOWN, 70, "reference_unknown")                                                                      \
    X(REFERENCE_INACTIVE, 71, "reference_inactive")                                                                    \
    X(ALREADY_EXISTS, 72, "already_exists")                                                                            \
    X(LIMIT_REACHED, 73, "limit_reached")                                                                              \
    X(HELD_CLOCK, 74, "held_clock")                                                                                    \
    X(POLICY_INVALID, 75, "policy_invalid")

enum gj_refusal_code {
#define GJ_REFUSAL_ENUM(name, number, wire) GJ_REFUSAL_##name = number,
    GJ_REFUSAL_LIST(GJ_REFUSAL_ENUM)
#undef GJ_REFUSAL_ENUM
};

#define GJ_REFUSAL_FIELD_SIZE 48
#define GJ_REFUSAL_PARAM_SLOTS 4

struct gj_refusal_param {
    char key[16];
    char value[48];
};

/* Everything inline: copied by assignment, freed by nobody. */
struct gj_refusal {
    enum gj_refusal_code code;
    char field[GJ_REFUSAL_FIELD_SIZE]; /* empty when it is about the whole */
    uint32_t param_count;
    struct gj_refusal_param params[GJ_REFUSAL_PARAM_SLOTS];
};

/* Fills the refusal; field may be NULL. Returns false, so that a rule can say `return gj_refusal_set(…)`. */
bool gj_refusal_set(struct gj_refusal *refusal, enum gj_refusal_code code, const char *field);
/* Adds a parameter; a fifth one or an over-long value is cut short at a UTF-8 boundary. */
void gj_refusal_param(struct gj_refusal *refusal, const char *key, const char *value);
void gj_refusal_param_int(struct gj_refusal *refusal, const char *key, int64_t value);

/* The wire name; "unknown" for a number not in the list. */
const char *gj_refusal_name(enum gj_refusal_code code);

#endif
