#include "core/answer.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include "common/policy/refusal.h"
#include "core/apply.h"
#include "core/call.h"

void gj_answer_ok(struct gj_ctx *ctx, const ProtobufCMessage *body)
{
    if (ctx->answer.decided) {
        return;
    }
    ctx->answer.status = GJ__V1__STATUS__OK;
    ctx->answer.body = body;
    ctx->answer.decided = true;
}

/* The first refusal stays: later ones follow from it. */
static bool begin_refusal(struct gj_ctx *ctx, Gj__V1__Status status, const char *code, const char *field)
{
    assert(status != GJ__V1__STATUS__OK && code != NULL);
    /* A command decides before it writes: a refusal after a write would leave half of it in the batch. */
    assert(
        ctx->apply == NULL || gj_txn_writes(ctx->txn) == ctx->apply->writes_before || gj_txn_error(ctx->txn) != GJ_OK);
    if (ctx->answer.decided && ctx->answer.status != GJ__V1__STATUS__OK) {
        return false;
    }
    memset(&ctx->answer, 0, sizeof ctx->answer);
    ctx->answer.status = status;
    ctx->answer.code = code;
    ctx->answer.field = field;
    ctx->answer.decided = true;
    return true;
}

static void add_param(struct gj_ctx *ctx, const char *text)
{
    struct gj_answer *answer = &ctx->answer;

    if (answer->n_params == GJ_ANSWER_PARAMS_MAX) {
        return;
    }
    const char *copy = gj_arena_strdup(ctx->arena, text);
    /* A parameter lost to a full arena leaves the code, which says enough. */
    answer->params[answer->n_params++] = copy != NULL ? copy : "";
}

bool gj_refuse(struct gj_ctx *ctx, Gj__V1__Status status, const char *code, const char *field, ...)
{
    if (begin_refusal(ctx, status, code, field)) {
        va_list args;

        va_start(args, field);
        for (const char *param = va_arg(args, const char *); param != NULL; param = va_arg(args, const char *)) {
            add_param(ctx, param);
        }
        va_end(args);
    }
    return false;
}

static Gj__V1__Status status_of(enum gj_refusal_code code)
{
    switch (code) {
    case GJ_REFUSAL_FIELD_UNKNOWN:
    case GJ_REFUSAL_FIELD_MISSING:
    case GJ_REFUSAL_FIELD_TYPE:
    case GJ_REFUSAL_FIELD_RANGE:
    case GJ_REFUSAL_FIELD_LENGTH:
    case GJ_REFUSAL_FIELD_CHOICE:
    case GJ_REFUSAL_FIELD_TEXT:
    case GJ_REFUSAL_FIELD_TWICE:
    case GJ_REFUSAL_FIELD_READ_ONLY:
    case GJ_REFUSAL_FIELD_NOT_HERE:
    case GJ_REFUSAL_TOO_MANY_LINES:
    case GJ_REFUSAL_TIME_IN_FUTURE:
    case GJ_REFUSAL_LATE_WITHOUT_REASON:
    case GJ_REFUSAL_TIME_IN_PAST:
    case GJ_REFUSAL_TIME_BEFORE_RECEIPT:
    case GJ_REFUSAL_ACT_UNKNOWN:
        return GJ__V1__STATUS__INVALID;
    case GJ_REFUSAL_NO_RIGHT:
    case GJ_REFUSAL_OTHER_OFFICE:
    case GJ_REFUSAL_NOT_RELATED:
    case GJ_REFUSAL_PURPOSE_MISSING:
    case GJ_REFUSAL_ACT_NOT_YOURS:
        return GJ__V1__STATUS__DENIED;
    case GJ_REFUSAL_REFERENCE_UNKNOWN:
        return GJ__V1__STATUS__NOT_FOUND;
    default:
        return GJ__V1__STATUS__REFUSED;
    }
}

bool gj_answer_refusal(struct gj_ctx *ctx, const struct gj_refusal *refusal)
{
    const char *field = NULL;

    if (refusal->field[0] != '\0') {
        field = gj_arena_strdup(ctx->arena, refusal->field);
    }
    if (begin_refusal(ctx, status_of(refusal->code), gj_refusal_name(refusal->code), field)) {
        for (uint32_t i = 0; i < refusal->param_count; i++) {
            add_param(ctx, refusal->params[i].value);
        }
    }
    return false;
}

bool gj_answer_busy(struct gj_ctx *ctx, const char *code, uint32_t retry_after_ms)
{
    if (begin_refusal(ctx, GJ__V1__STATUS__BUSY, code, NULL)) {
        ctx->answer.retry_after_ms = retry_after_ms;
    }
    return false;
}
