#include "service/door.h"

#include <assert.h>
#include <string.h>

#include "store/stored.pb-c.h"
#include "store/record.h"

uint64_t gj_door_region(struct gj_ctx *ctx, uint64_t office)
{
    Gj__Stored__Office *row = NULL;
    struct gj_key key = gj_key_of_u64(office);
    if (office == 0 ||
        !gj_record_load(ctx->txn, GJ_TABLE_OFFICE, &key, &gj__stored__office__descriptor, ctx->arena, (void **)&row)) {
        return 0;
    }
    return row->region;
}

bool gj_door_office(struct gj_ctx *ctx, uint64_t office, const char *field)
{
    struct gj_key key = gj_key_of_u64(office);
    if (office == 0 || gj_txn_exists(ctx->txn, GJ_TABLE_OFFICE, &key)) {
        return true;
    }
    return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", field, NULL);
}

static bool ask(struct gj_ctx *ctx, const char *subject, enum gj_access_action action, uint64_t office, uint64_t region,
    const struct gj_view *view, struct gj_access_answer *answer, struct gj_refusal *refusal)
{
    const struct gj_guarded *row = gj_policy_subject(ctx->policy, subject);
    if (row == NULL) {
        (void)gj_refusal_set(refusal, GJ_REFUSAL_NO_RIGHT, NULL);
        return false;
    }
    struct gj_access_request request = {
        .policy = ctx->policy,
        .rights = &row->rights,
        .actor = ctx->actor,
        .action = action,
        .view = view,
        .office = office,
        .region = region,
        .field_at = GJ_NO_INDEX,
    };
    return gj_access_check(&request, answer, refusal);
}

bool gj_door_check_view(struct gj_ctx *ctx, const char *subject, enum gj_access_action action, uint64_t office,
    uint64_t region, const struct gj_view *view, struct gj_access_answer *answer)
{
    struct gj_access_answer own;
    struct gj_refusal refusal;
    if (ask(ctx, subject, action, office, region, view, answer != NULL ? answer : &own, &refusal)) {
        return true;
    }
    return gj_answer_refusal(ctx, &refusal);
}

bool gj_door_check(struct gj_ctx *ctx, const char *subject, enum gj_access_action action, uint64_t office,
    struct gj_access_answer *answer)
{
    return gj_door_check_view(ctx, subject, action, office, gj_door_region(ctx, office), NULL, answer);
}

bool gj_door_check_anywhere(
    struct gj_ctx *ctx, const char *subject, enum gj_access_action action, struct gj_access_answer *answer)
{
    struct gj_access_answer own;
    struct gj_refusal refusal;
    (void)gj_refusal_set(&refusal, GJ_REFUSAL_NO_RIGHT, NULL);
    for (size_t i = 0; i < ctx->actor->grant_count; i++) {
        const struct gj_grant *grant = &ctx->actor->grants[i];
        uint64_t region = grant->office != 0 ? gj_door_region(ctx, grant->office) : grant->region;
        if (ask(ctx, subject, action, grant->office, region, NULL, answer != NULL ? answer : &own, &refusal)) {
            return true;
        }
    }
    return gj_answer_refusal(ctx, &refusal);
}

bool gj_door_may(struct gj_ctx *ctx, const char *subject, enum gj_access_action action, uint64_t office)
{
    struct gj_access_answer answer;
    struct gj_refusal refusal;
    return ask(ctx, subject, action, office, gj_door_region(ctx, office), NULL, &answer, &refusal);
}

bool gj_door_may_all(struct gj_ctx *ctx, const char *subject, enum gj_access_action action, uint64_t office)
{
    struct gj_access_answer answer;
    struct gj_refusal refusal;
    return ask(ctx, subject, action, office, gj_door_region(ctx, office), NULL, &answer, &refusal) && !answer.own_only;
}

gj_parts gj_door_parts(struct gj_ctx *ctx, const char *subject, const struct gj_access_answer *answer)
{
    const struct gj_guarded *guarded = gj_policy_subject(ctx->policy, subject);
    return guarded == NULL ? 0 : gj_access_parts(guarded, answer->by);
}

struct gj_entry gj_door_entry(struct gj_ctx *ctx, enum gj_entry_type type, const char *action, uint16_t subject_kind,
    uint64_t subject, uint64_t office, const struct gj_access_answer *by)
{
    struct gj_entry entry = {
        .type = (uint16_t)type,
        .subject_kind = subject_kind,
        .subject = subject,
        .office = (uint32_t)office,
    };
    enum gj_err err = gj_entry_word(&entry.action, action);
    assert(err == GJ_OK); /* action is one of our own words */
    if (by != NULL && by->by != 0) {
        uint8_t number = (uint8_t)__builtin_ctzll(by->by);
        const struct gj_role *role = gj_policy_role_by_number(ctx->policy, number);
        err = gj_entry_word(&entry.role, role != NULL ? role->code : "system");
        assert(err == GJ_OK); /* the policy allows nothing else for a role's code */
        entry.acting_for = gj_actor_acts_for(ctx->actor, number, office, gj_door_region(ctx, office));
        entry.has_acting_for = entry.acting_for != 0;
    }
    (void)err;
    return entry;
}

uint64_t gj_door_append(struct gj_ctx *ctx, struct gj_entry *entry, const Gj__Service__Text *text)
{
    const uint8_t *sealed = NULL;
    size_t sealed_len = 0;
    if (text != NULL && text->commitment.len == GJ_ENTRY_HASH_SIZE) {
        entry->has_text = true;
        memcpy(entry->text, text->commitment.data, GJ_ENTRY_HASH_SIZE);
        sealed = text->sealed.data;
        sealed_len = text->sealed.len;
    }
    Gj__V1__Written *written = &ctx->apply->written;
    written->id = entry->subject;
    written->revision = entry->revision;
    return gj_apply_entry(ctx, entry, sealed, sealed_len);
}

bool gj_door_invalid(struct gj_ctx *ctx, const char *code, const char *field)
{
    return gj_refuse(ctx, GJ__V1__STATUS__INVALID, code, field, NULL);
}

bool gj_door_failed(struct gj_ctx *ctx, enum gj_err err)
{
    gj_txn_fail(ctx->txn, err);
    return false;
}
