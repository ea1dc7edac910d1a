/* Every version of policy and calendar that was ever activated, compiled, for ever in memory: records freeze the
 * version they were made under. What is current is said by the store (table SETTING), so that a snapshot and a batch
 * each see their own truth. */
#ifndef GJ_CORE_POLICIES_H
#define GJ_CORE_POLICIES_H

#include "common/calendar.h"
#include "common/policy/policy.h"
#include "store/txn.h"

struct gj_policies;

enum gj_err gj_policies_new(struct gj_policies **out);
void gj_policies_free(struct gj_policies *policies);

/* Compiles every activated version in the store, at start. *fault names the version that does not compile. */
enum gj_err gj_policies_load(struct gj_policies *policies, struct gj_txn *txn, struct gj_fault *fault);

/* A version by its number: from memory, else compiled from the row that txn sees. NULL: no such version, or it does not
 * compile. Any thread. Borrowed for ever. */
const struct gj_policy *gj_policies_at(struct gj_policies *policies, struct gj_txn *txn, uint32_t version);
const struct gj_calendar *gj_policies_calendar_at(struct gj_policies *policies, struct gj_txn *txn, uint32_t version);

/* The version in force as txn sees it. NULL only in a store without one. */
const struct gj_policy *gj_policies_current(struct gj_policies *policies, struct gj_txn *txn);
const struct gj_calendar *gj_policies_calendar(struct gj_policies *policies, struct gj_txn *txn);
uint32_t gj_policies_current_version(struct gj_txn *txn);
uint32_t gj_policies_calendar_version(struct gj_txn *txn);

/* In apply: makes a version current. Its row (table POLICY or CALENDAR, key u64 version, stored.Policy) must be there
 * with activated_at set; a calendar's row has one file, "calendar.tsv". Raises the rights version, since roles may have
 * changed. */
void gj_policies_activate(struct gj_txn *txn, uint32_t version);
void gj_policies_activate_calendar(struct gj_txn *txn, uint32_t version);

#endif
