/* A working-day table that is missing (日历缺失) is told to those who can bring one: a notice to everybody of the group
 * who may change policy and calendar, once and again after a month, and gone when the table is there. SYSTEM_CALENDAR.
 */
#ifndef GJ_CORE_CALENDAR_ALARM_H
#define GJ_CORE_CALENDAR_ALARM_H

#include "core/call.h"

/* Told again after this. */
#define GJ_CALENDAR_ALARM_AGAIN_MS (INT64_C(30) * 86400000)

/* Loop thread: whether something is to be told or taken back now. */
bool gj_calendar_alarm_due(struct gj_txn *txn, const struct gj_calendar *calendar, int64_t now_ms);
/* gj.v1.Empty; idempotent. */
void gj_calendar_alarm_apply(struct gj_ctx *ctx, const ProtobufCMessage *body);

#endif
