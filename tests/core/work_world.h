/* A small company for the tests of records: two offices of one region, the people of the first, a household, and short
 * ways to do what the desk does all day. Everything runs through the real calls (tests/lib/direct.h). */
#ifndef GJ_TESTS_WORK_WORLD_H
#define GJ_TESTS_WORK_WORLD_H

#include "lib/direct.h"
#include "core/work.h"
#include "proto/dispatch.pb-c.h"
#include "proto/inbox.pb-c.h"
#include "proto/record.pb-c.h"
#include "proto/register.pb-c.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

struct world {
    struct gj_direct *direct;
    uint64_t region, office, other;
    uint64_t household; /* the office says it has a hundred of them */
    uint64_t agent, agent2, lead, duty, eng, tech, tech2, director, guard, qa, auditor, other_lead;
};

struct world *world_open(void);
void world_close(struct world *world);

/* Fields of a request, on the heap of the test's arena; the list ends with NULL. */
Gj__V1__Field *text(struct world *world, const char *key, const char *value);
Gj__V1__Field *number(struct world *world, const char *key, int64_t value);
Gj__V1__Field *at(struct world *world, const char *key, int64_t ms);
Gj__V1__Field *ref(struct world *world, const char *key, uint64_t id);
/* Names an attachment made for this record just now. */
Gj__V1__Field *blob(struct world *world, uint64_t record, const char *key);

/* A complete intake: the ticket is TRIAGED. category and priority as given; area household. */
uint64_t world_ticket(struct world *world, const char *category, int32_t priority);
/* One step with the revision the record has now. The fields end with NULL. */
const struct gj_result *world_act(struct world *world, uint64_t user, uint64_t id, const char *act, ...)
    __attribute__((sentinel));
/* The same for a request that is filled already but for id, revision and act. */
const struct gj_result *world_do(
    struct world *world, uint64_t user, uint64_t id, const char *act, Gj__V1__ActRequest *request);
/* Brings a ticket on its ordinary way to a state: DISPATCHED, ACCEPTED, APPOINTED, ARRIVED, WORKING, DONE,
 * OWNER_ACCEPTED (whatever follows by itself follows). */
void world_bring(struct world *world, uint64_t id, const char *state);

/* The row as stored. */
const Gj__Stored__Record *world_row(struct world *world, uint64_t id);
void world_expect_state(struct world *world, uint64_t id, const char *state);
const Gj__V1__Timer *world_timer(struct world *world, uint64_t id, const char *name);
const Gj__V1__Field *world_field(struct world *world, uint64_t id, const char *key);
/* A committed attachment; its address is in the test's arena. */
ProtobufCBinaryData world_attachment(struct world *world, uint64_t record);
/* The same of another media type. */
ProtobufCBinaryData world_file(struct world *world, uint64_t record, const char *media_type);
/* Fires everything that is due now, as core/due.c does, until nothing is left. Returns the number of commands. */
unsigned world_fire(struct world *world);
/* Notices of a user with this code; NULL: all. */
unsigned world_notices(struct world *world, uint64_t user, const char *code);
/* Rows of a table that begin with the office (u32). */
unsigned world_count(struct world *world, enum gj_table table);
/* Compares what the indexes say with the records, one by one: work, due, by_date. */
void world_check_indexes(struct world *world);

#endif
