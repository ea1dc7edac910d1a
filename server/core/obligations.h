/* Recurring obligations (周期性工作) in the store: opened when their period opens, counted when it is over.
 *
 * Table OBLIGATION, key (office u32, number of the obligation u16, period u32, subject u64). Subject 0 is the task
 * itself with how much is owed and done; a row with a subject says that this one was done, so that nobody is counted
 * twice. */
#ifndef GJ_CORE_OBLIGATIONS_H
#define GJ_CORE_OBLIGATIONS_H

#include "common/policy/obligation.h"
#include "core/work.h"

/* Offices looked at by one command; more go on in the next. */
#define GJ_OBLIGATION_OFFICES_MAX 32

struct gj_key gj_obligations_key(uint64_t office, uint16_t number, uint32_t period, uint64_t subject);

/* How many there are to be done of in a period: by the office's households, or by its vacant ones. Records are counted
 * as they come. */
uint64_t gj_obligations_subjects(const struct gj_obligation *obligation, const Gj__Stored__Office *office);

/* A record came into being (act NULL) or was acted on: counts what it discharges. After the record's entry. */
void gj_obligations_note(struct gj_ctx *ctx, const struct gj_work *work, const char *act);

/* SYSTEM_OBLIGATION (gj.work.Owed): opens, reminds, counts what was missed. Idempotent. */
void gj_obligations_apply(struct gj_ctx *ctx, const ProtobufCMessage *body);

/* Makes the first row of table TIMER when a store has none, so that the daily round begins. In any apply. */
void gj_obligations_begin(struct gj_ctx *ctx);

#endif
