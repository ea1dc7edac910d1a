/* What a client is told when its attachment has been named: the address, which only the daemon can compute, because it
 * is the hash of the ciphertext. It stands in the command, so it is the same however often it is asked for. */
#include "common/pb.h"
#include "core/command.h"
#include "core/work.pb-c.h"
#include "proto/register.pb-c.h"
#include "service/register/register.h"

void gj_register_read_attached(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    (void)message;
    ProtobufCMessage *body = NULL;
    Gj__V1__AttachmentCommitted *reply = GJ_ARENA_NEW(ctx->arena, Gj__V1__AttachmentCommitted);
    enum gj_err err =
        gj_pb_unpack_own(&gj__work__attach__descriptor, ctx->arena, ctx->command->body, ctx->command->body_len, &body);
    if (err != GJ_OK || reply == NULL) {
        gj_txn_fail(ctx->txn, err != GJ_OK ? err : gj_arena_why(ctx->arena));
        return;
    }
    gj__v1__attachment_committed__init(reply);
    reply->address = ((const Gj__Work__Attach *)body)->address;
    gj_answer_ok(ctx, &reply->base);
}
