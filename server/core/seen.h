/* Exactly once over bad links: what was decided about each request key, kept for 45 days, so that a repeated request
 * gets its first answer.
 *
 * Row: {entry number, status} and for refusals code, field and parameters; Written is rebuilt from the audit entry and
 * its record. */
#ifndef GJ_CORE_SEEN_H
#define GJ_CORE_SEEN_H

#include "core/answer.h"
#include "core/command.h"
#include "store/txn.h"

struct gj_arena;

/* A key older than this is EXPIRED: its reply may be gone and a person decides. */
#define GJ_SEEN_WINDOW_MS (INT64_C(45) * 86400000)
/* A client's clock may be ahead by this much; beyond it the key is INVALID, since it would outlive the window. */
#define GJ_SEEN_FUTURE_MS INT64_C(86400000)
/* Rows removed by one sweep command; the rest waits for the next. */
#define GJ_SEEN_SWEEP_MAX 2000

enum gj_seen_age { GJ_SEEN_FRESH, GJ_SEEN_EXPIRED, GJ_SEEN_FUTURE };
/* Pure: where the key's time lies at now_ms. */
enum gj_seen_age gj_seen_age(const uint8_t key[GJ_REQUEST_KEY_BYTES], int64_t now_ms);

/* True: this key of this device was decided before; *answer and *written are filled from the row (strings in the
 * arena). */
bool gj_seen_find(struct gj_txn *txn, const uint8_t key[GJ_REQUEST_KEY_BYTES], uint64_t device, struct gj_arena *arena,
    struct gj_answer *answer, Gj__V1__Written *written);

/* Keeps a decision. Only statuses that another try would not change: OK, INVALID, DENIED, NOT_FOUND, CONFLICT, REFUSED.
 */
void gj_seen_put(struct gj_txn *txn, const uint8_t key[GJ_REQUEST_KEY_BYTES], uint64_t device,
    const struct gj_answer *answer, const Gj__V1__Written *written);

/* Removes at most GJ_SEEN_SWEEP_MAX rows that the window has left behind; returns how many. */
unsigned gj_seen_sweep(struct gj_txn *txn, int64_t now_ms);

#endif
