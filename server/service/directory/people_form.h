/* Staff, callers and contractors in their two forms: plain as on the wire, sealed as in the store. */
#ifndef GJ_SERVICE_DIRECTORY_PEOPLE_FORM_H
#define GJ_SERVICE_DIRECTORY_PEOPLE_FORM_H

#include "core/call.h"
#include "proto/directory.pb-c.h"
#include "service/body.pb-c.h"
#include "store/stored.pb-c.h"
#include "store/vault.h"

/* Arrays of certificates in the arena; NULL when that is full (the machinery has failed then). */
Gj__Stored__Certificate **gj_people_form_stored_certificates(
    struct gj_ctx *ctx, Gj__V1__Certificate *const *certificates, size_t count);
Gj__V1__Certificate **gj_people_form_wire_certificates(
    struct gj_ctx *ctx, Gj__Stored__Certificate *const *certificates, size_t count);

/* The command of a put: the phone sealed under the person's key, which is made with the first row. */
const ProtobufCMessage *gj_people_form_staff(struct gj_ctx *ctx, const Gj__V1__Staff *wanted, uint32_t revision);
/* As its colleagues see the person. NULL: failed. */
Gj__V1__Staff *gj_people_form_wire_staff(struct gj_ctx *ctx, const Gj__Stored__Staff *stored);
/* "" fits everybody. */
bool gj_people_form_has_trade(const Gj__Stored__Staff *stored, const char *trade);

/* The command of a caller; known looks for one with the same number. */
typedef bool gj_people_form_known_fn(
    struct gj_ctx *ctx, uint64_t office, const struct gj_vault_token *token, uint64_t *id);
const ProtobufCMessage *gj_people_form_caller(
    struct gj_ctx *ctx, const Gj__V1__CallerPutRequest *request, const char *number, gj_people_form_known_fn *known);

#endif
