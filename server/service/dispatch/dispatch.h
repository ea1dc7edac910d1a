/* Service 4: what repair tickets (报修单) need beyond the calls of every record: intake while the telephone rings, and
 * the dispatcher's board. */
#ifndef GJ_SERVICE_DISPATCH_DISPATCH_H
#define GJ_SERVICE_DISPATCH_DISPATCH_H

#include "core/call.h"

extern const struct gj_service gj_dispatch_service;

/* Rows and technicians of a board. An office with more open work than this pages through RECORD_LIST. */
#define GJ_DISPATCH_BOARD_MAX 300
#define GJ_DISPATCH_TECHNICIANS_MAX 100

/* why.c */
void gj_dispatch_read_why(struct gj_ctx *ctx, const ProtobufCMessage *request);
/* board.c */
void gj_dispatch_read_board(struct gj_ctx *ctx, const ProtobufCMessage *request);

#endif
