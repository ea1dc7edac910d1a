/* Service 1: who is at the other end. Logging in and out, resuming, subscriptions, and the first contact of a device.
 */
#ifndef GJ_SERVICE_SESSION_SESSION_H
#define GJ_SERVICE_SESSION_SESSION_H

#include "core/call.h"
#include "core/core.h"
#include "store/stored.pb-c.h"

extern const struct gj_service gj_session_service;

/* A token is the session's id (8 bytes) and a secret, of which the store has the SHA-256 alone. */
#define GJ_SESSION_SECRET_SIZE 24
#define GJ_SESSION_TOKEN_SIZE (8 + GJ_SESSION_SECRET_SIZE)

/* session_login.c */
const ProtobufCMessage *gj_session_login_prepare(struct gj_ctx *ctx, const ProtobufCMessage *request);
const ProtobufCMessage *gj_session_login_resume(struct gj_ctx *ctx, const ProtobufCMessage *request, void *result);
void gj_session_login_apply(struct gj_ctx *ctx, const ProtobufCMessage *body);
void gj_session_login_after(struct gj_ctx *ctx, const ProtobufCMessage *body);
void gj_session_login_read(struct gj_ctx *ctx, const ProtobufCMessage *request);
void gj_session_resume_read(struct gj_ctx *ctx, const ProtobufCMessage *request);
void gj_session_whoami_read(struct gj_ctx *ctx, const ProtobufCMessage *request);
void gj_session_logout_apply(struct gj_ctx *ctx, const ProtobufCMessage *body);
void gj_session_logout_after(struct gj_ctx *ctx, const ProtobufCMessage *body);

/* session_password.c */
const ProtobufCMessage *gj_session_password_prepare(struct gj_ctx *ctx, const ProtobufCMessage *request);
const ProtobufCMessage *gj_session_password_resume(struct gj_ctx *ctx, const ProtobufCMessage *request, void *result);
void gj_session_password_apply(struct gj_ctx *ctx, const ProtobufCMessage *body);
void gj_session_password_after(struct gj_ctx *ctx, const ProtobufCMessage *body);

/* session_enrol.c */
const ProtobufCMessage *gj_session_enrol_prepare(struct gj_ctx *ctx, const ProtobufCMessage *request);
const ProtobufCMessage *gj_session_enrol_resume(struct gj_ctx *ctx, const ProtobufCMessage *request, void *result);
void gj_session_enrol_apply(struct gj_ctx *ctx, const ProtobufCMessage *body);
void gj_session_enrol_read(struct gj_ctx *ctx, const ProtobufCMessage *request);

/* session.c: rows; NULL when there is none or the transaction has failed. */
Gj__Stored__User *gj_session_user(struct gj_ctx *ctx, uint64_t user);
uint64_t gj_session_user_by_login(struct gj_ctx *ctx, const char *login);
/* [a-z0-9._-]{2,64} */
bool gj_session_login_valid(const char *login);
/* An entry of type ACCESS with its action and subject. */
struct gj_entry gj_session_entry(const char *action, uint16_t subject_kind, uint64_t subject, uint32_t revision);

/* Whether the user may log in on a device of this office (0: of headquarters): holds a role there, own or delegated, or
 * one for a region or everywhere, or is on duty for it. */
bool gj_session_place(struct gj_ctx *ctx, uint64_t user, uint64_t office);
/* The same on the loop: refuses (login.elsewhere) and counts. */
bool gj_session_place_checked(struct gj_ctx *ctx, uint64_t user, uint64_t office);

#endif
