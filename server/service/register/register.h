/* Service 5: records of every declared kind through one set of calls. What a record is and how it changes is
 * core/work.h; here are its readers, lists, attachments, imports and draws. */
#ifndef GJ_SERVICE_REGISTER_REGISTER_H
#define GJ_SERVICE_REGISTER_REGISTER_H

#include "core/call.h"
#include "proto/record.pb-c.h"

extern const struct gj_service gj_register_service;

/* Rows of a page. */
#define GJ_REGISTER_PAGE_DEFAULT 50
#define GJ_REGISTER_PAGE_MAX 200
/* Rows of a page whose columns come from whole records. */
#define GJ_REGISTER_PAGE_COLUMNS 50
/* Rows of the queue that one call looks at; what it has not reached is on the next page. Keeps a call under some
 * milliseconds of the loop. */
#define GJ_REGISTER_SCAN_MAX 20000
/* The same where whole records are read: closed work, what concerns a household. */
#define GJ_REGISTER_RECORDS_MAX 400
/* Offices times kinds that a list of closed work goes through at once: each costs a look at its newest. More is
 * limit_reached: name a kind or an office. */
#define GJ_REGISTER_PILES_MAX 4096
/* Cases of one import request: they fit a frame. */
#define GJ_REGISTER_IMPORT_MAX 50
/* Closed records among which one draw chooses. */
#define GJ_REGISTER_DRAW_MAX 20000

/* read.c */
const ProtobufCMessage *gj_register_prepare_show(struct gj_ctx *ctx, const ProtobufCMessage *request);
const ProtobufCMessage *gj_register_prepare_history(struct gj_ctx *ctx, const ProtobufCMessage *request);
void gj_register_apply_look(struct gj_ctx *ctx, const ProtobufCMessage *body);
void gj_register_read_show(struct gj_ctx *ctx, const ProtobufCMessage *request);
void gj_register_read_history(struct gj_ctx *ctx, const ProtobufCMessage *request);
void gj_register_read_actions(struct gj_ctx *ctx, const ProtobufCMessage *request);
/* After a CONFLICT: the record as it is now. One for each request, since the id stands elsewhere in each. */
void gj_register_conflict_act(struct gj_ctx *ctx, const ProtobufCMessage *request);
void gj_register_conflict_amend(struct gj_ctx *ctx, const ProtobufCMessage *request);
void gj_register_conflict_link(struct gj_ctx *ctx, const ProtobufCMessage *request);
void gj_register_conflict_approve(struct gj_ctx *ctx, const ProtobufCMessage *request);

/* kinds.c */
void gj_register_read_kinds(struct gj_ctx *ctx, const ProtobufCMessage *request);

/* list.c */
void gj_register_read_list(struct gj_ctx *ctx, const ProtobufCMessage *request);

/* columns.c: fills Row.columns of a page; a failure is the transaction's. */
void gj_register_add_columns(struct gj_ctx *ctx, Gj__V1__Row **rows, size_t count);

/* attachment.c */
/* After the commit of an attachment: its address. */
void gj_register_read_attached(struct gj_ctx *ctx, const ProtobufCMessage *request);
void gj_register_read_begin(struct gj_ctx *ctx, const ProtobufCMessage *request);
void gj_register_resume_begin(struct gj_ctx *ctx, const ProtobufCMessage *request, void *result);
void gj_register_read_chunk(struct gj_ctx *ctx, const ProtobufCMessage *request);
void gj_register_resume_chunk(struct gj_ctx *ctx, const ProtobufCMessage *request, void *result);
const ProtobufCMessage *gj_register_prepare_commit(struct gj_ctx *ctx, const ProtobufCMessage *request);
const ProtobufCMessage *gj_register_resume_commit(struct gj_ctx *ctx, const ProtobufCMessage *request, void *result);
void gj_register_apply_commit(struct gj_ctx *ctx, const ProtobufCMessage *body);
const ProtobufCMessage *gj_register_prepare_fetch(struct gj_ctx *ctx, const ProtobufCMessage *request);
const ProtobufCMessage *gj_register_resume_fetch(struct gj_ctx *ctx, const ProtobufCMessage *request, void *result);
void gj_register_read_fetch(struct gj_ctx *ctx, const ProtobufCMessage *request);
void gj_register_read_resume_fetch(struct gj_ctx *ctx, const ProtobufCMessage *request, void *result);

/* code.c */
const ProtobufCMessage *gj_register_prepare_code(struct gj_ctx *ctx, const ProtobufCMessage *request);
void gj_register_apply_code(struct gj_ctx *ctx, const ProtobufCMessage *body);
void gj_register_read_code(struct gj_ctx *ctx, const ProtobufCMessage *request);

/* import.c */
const ProtobufCMessage *gj_register_prepare_import(struct gj_ctx *ctx, const ProtobufCMessage *request);
void gj_register_apply_import(struct gj_ctx *ctx, const ProtobufCMessage *body);
void gj_register_read_import_check(struct gj_ctx *ctx, const ProtobufCMessage *request);

/* draw.c */
const ProtobufCMessage *gj_register_prepare_draw(struct gj_ctx *ctx, const ProtobufCMessage *request);
void gj_register_apply_draw(struct gj_ctx *ctx, const ProtobufCMessage *body);
void gj_register_read_draw(struct gj_ctx *ctx, const ProtobufCMessage *request);
void gj_register_read_obligations(struct gj_ctx *ctx, const ProtobufCMessage *request);

#endif
