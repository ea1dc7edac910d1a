/* Service 255: commands of the daemon itself. Never accepted from a channel. */
#ifndef GJ_SERVICE_SYSTEM_SYSTEM_H
#define GJ_SERVICE_SYSTEM_SYSTEM_H

#include "core/call.h"

extern const struct gj_service gj_system_service;

/* system_init.c: gj.body.Init, the first command of every store. */
void gj_system_init_apply(struct gj_ctx *ctx, const ProtobufCMessage *body);

#endif
