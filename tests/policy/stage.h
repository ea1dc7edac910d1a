/* What the tests of the rules share: the product's own policy and calendar, and a record small enough to be written
 * down in a line. */
#ifndef GJ_TESTS_POLICY_STAGE_H
#define GJ_TESTS_POLICY_STAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/calendar.h"
#include "common/policy/flow.h"
#include "common/policy/policy.h"

/* Loaded once per program by stage_load (a cmocka group setup). */
extern struct gj_policy *stage_policy;
extern struct gj_calendar *stage_calendar;
extern struct gj_problems stage_problems;

int stage_load(void **state);
int stage_unload(void **state);

/* Prints the problems and fails the test when there are any. */
void stage_no_problems(const struct gj_problems *problems);

int64_t stage_at(const char *rfc3339);
void stage_time_is(int64_t at_ms, const char *rfc3339);

/* Values; keys and texts are borrowed. */
struct gj_field_value stage_text(const char *key, const char *text);
struct gj_field_value stage_int(const char *key, int64_t number);
struct gj_field_value stage_time(const char *key, int64_t at_ms);
struct gj_field_value stage_ref(const char *key, uint64_t id);
/* A value of the declared type that is sure to be acceptable. */
struct gj_field_value stage_any(const struct gj_field *field);

#define STAGE_VALUES_MAX 140

/* A record that can be moved by hand. */
struct record {
    const struct gj_kind *kind;
    struct gj_view view;
    struct gj_field_value values[STAGE_VALUES_MAX];
    struct gj_tie ties[16];
    struct gj_link_view links[4];
};
void record_init(struct record *record, const char *kind, const char *state);
void record_set(struct record *record, struct gj_field_value value);
void record_unset(struct record *record, const char *key);
void record_tie(struct record *record, enum gj_relation relation, uint64_t user);
void record_state(struct record *record, const char *state);

#define STAGE_OFFICE 10
#define STAGE_REGION 3

/* Somebody of the record's own office with one role; the user number is 100 + the role's. */
struct person {
    struct gj_actor actor;
    struct gj_grant grant;
};
void person_init(struct person *person, const char *role);
uint64_t person_id(const char *role);

/* Applies an act as the daemon would: decides, then moves the state, writes the sets and ties. Refusals come back as
 * their code, NONE when it was done; pending requests are kept in the view. */
enum gj_refusal_code record_act(
    struct record *record, const char *role, const char *act, const struct gj_field_value *given, size_t count);
enum gj_refusal_code record_act_as(struct record *record, const struct gj_actor *actor, const char *act,
    const struct gj_field_value *given, size_t count, int64_t now_ms);
/* The refusal of the last act. */
extern struct gj_refusal stage_refusal;

#define ACT(record, role, act, ...)                                                                                    \
    record_act(record, role, act, (const struct gj_field_value[]){__VA_ARGS__},                                        \
        sizeof((const struct gj_field_value[]){__VA_ARGS__}) / sizeof(struct gj_field_value))

#endif
