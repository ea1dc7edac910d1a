#include "core/fixture_calls.h"

#include <stdio.h>
#include <string.h>

#include "core/apply.h"
#include "core/body.pb-c.h"
#include "core/fixture.h"
#include "core/password.h"
#include "core/seen.h"

#define NAME_SIZE 64
#define OFFICE 7
/* An entry about something that is no record, so that no record has to be there. */
#define SUBJECT_KIND 0x8001

static const char *name_of(const Gj__V1__Page *page, char out[NAME_SIZE])
{
    size_t len = page->cursor.len < NAME_SIZE - 1 ? page->cursor.len : NAME_SIZE - 1;

    memcpy(out, page->cursor.data, len);
    out[len] = '\0';
    return out;
}

static void put_number(struct gj_ctx *ctx, const char *name, uint64_t number)
{
    struct gj_key key = gj_key_of_name(name);

    gj_txn_put_u64(ctx->txn, GJ_TABLE_SETTING, &key, number);
}

static uint64_t get_number(struct gj_ctx *ctx, const char *name)
{
    struct gj_key key = gj_key_of_name(name);

    return gj_txn_get_u64(ctx->txn, GJ_TABLE_SETTING, &key);
}

static void put_apply(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__Page *page = (const Gj__V1__Page *)message;
    char name[NAME_SIZE];

    name_of(page, name);
    put_number(ctx, name, get_number(ctx, name) + 1);
    if (page->limit != 0) {
        struct gj_entry entry = {.type = GJ_ENTRY_DIRECTORY,
            .office = OFFICE,
            .subject_kind = SUBJECT_KIND,
            .subject = page->limit,
            .revision = 1};

        (void)!gj_entry_word(&entry.action, "put");
        (void)!gj_entry_word(&entry.to, "there");
        gj_apply_entry(ctx, &entry, NULL, 0);
    }
    ctx->apply->written.id = page->limit;
    ctx->apply->written.revision = 1;
    ctx->apply->written.state = (char *)"there";
}

static void refuse_apply(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    char name[NAME_SIZE];

    gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "test.no", "field", name_of((const Gj__V1__Page *)message, name), NULL);
}

static void break_apply(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    put_apply(ctx, message);
    gj_txn_fail(ctx->txn, GJ_ECORRUPT);
}

static void follow_apply(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__Page *page = (const Gj__V1__Page *)message;
    char name[NAME_SIZE];

    put_apply(ctx, message);
    name_of(page, name);
    for (uint32_t i = 0; i < page->limit; i++) {
        Gj__V1__Page inner = GJ__V1__PAGE__INIT;
        char full[NAME_SIZE + 16];

        inner.cursor.len = (size_t)snprintf(full, sizeof full, "%s.%u", name, i);
        inner.cursor.data = (uint8_t *)full;
        inner.limit = 1000 + i;
        gj_apply_follow(ctx, i % 3 == 2 ? CALL_REFUSE : CALL_PUT, &inner.base);
    }
}

static void deep_apply(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    put_apply(ctx, message);
    gj_apply_follow(ctx, CALL_DEEP, message);
}

static void conflict_apply(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    (void)message;
    gj_refuse(ctx, GJ__V1__STATUS__CONFLICT, "record.changed", NULL, NULL);
}

static void conflict_read(struct gj_ctx *ctx, const ProtobufCMessage *request)
{
    ctx->answer.body = request;
}

static void read_number(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    Gj__V1__Page *reply = GJ_ARENA_NEW(ctx->arena, Gj__V1__Page);
    char name[NAME_SIZE];

    gj__v1__page__init(reply);
    reply->limit = (uint32_t)get_number(ctx, name_of((const Gj__V1__Page *)message, name));
    gj_answer_ok(ctx, &reply->base);
}

static const ProtobufCMessage *later_prepare(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    (void)message;
    gj_passwords_hash(ctx, "a password", "password");
    return NULL;
}

static const ProtobufCMessage *later_resume(struct gj_ctx *ctx, const ProtobufCMessage *message, void *result)
{
    const struct gj_password_job *job = result;

    (void)ctx;
    return job->ok ? message : NULL;
}

static void tick_apply(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    struct gj_value key;
    struct gj_value value;

    (void)message;
    put_number(ctx, "tick", get_number(ctx, "tick") + 1);
    if (gj_txn_first(ctx->txn, GJ_TABLE_TIMER, &key, &value)) {
        struct gj_key row = gj_key_of_bytes(key.data, key.len);

        gj_txn_del(ctx->txn, GJ_TABLE_TIMER, &row);
    }
}

#define PAGE &gj__v1__page__descriptor
static const struct gj_call calls[] = {
    {.number = CALL_PUT, .name = "test.put", .request = PAGE, .apply = put_apply},
    {.number = CALL_REFUSE, .name = "test.refuse", .request = PAGE, .apply = refuse_apply},
    {.number = CALL_BREAK, .name = "test.break", .request = PAGE, .apply = break_apply},
    {.number = CALL_FOLLOW, .name = "test.follow", .request = PAGE, .apply = follow_apply},
    {.number = CALL_DEEP, .name = "test.deep", .request = PAGE, .apply = deep_apply},
    {.number = CALL_CONFLICT,
        .name = "test.conflict",
        .request = PAGE,
        .apply = conflict_apply,
        .conflict = conflict_read},
    {.number = CALL_READ, .name = "test.read", .request = PAGE, .read = read_number},
    {.number = CALL_LATER,
        .name = "test.later",
        .request = PAGE,
        .prepare = later_prepare,
        .resume = later_resume,
        .apply = put_apply},
    {.number = CALL_LOGGED, .name = "test.logged", .request = PAGE, .apply = put_apply, .read = read_number},
    {.number = CALL_OPEN, .name = "test.open", .flags = GJ_CALL_NO_SESSION, .request = PAGE, .read = read_number},
    {.number = CALL_SYSTEM, .name = "test.system", .flags = GJ_CALL_SYSTEM, .request = PAGE, .apply = put_apply},
    {.number = CALL_TICK,
        .name = "test.tick",
        .flags = GJ_CALL_SYSTEM,
        .request = &gj__v1__empty__descriptor,
        .apply = tick_apply},
};

const struct gj_service fixture_service = {
    .number = 0x20, .name = "test", .calls = calls, .n_calls = sizeof calls / sizeof calls[0]};

static void sweep_apply(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    (void)message;
    gj_seen_sweep(ctx->txn, ctx->now_ms);
}

/* As the engine of records does: what was fired leaves the index. */
static void timer_apply(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Body__Timer *body = (const Gj__Body__Timer *)message;

    for (size_t i = 0; i < body->n_records; i++) {
        char name[NAME_SIZE];
        struct gj_key key;
        struct gj_value first_key;
        struct gj_value value;

        snprintf(name, sizeof name, "fired.%llu", (unsigned long long)body->records[i]);
        put_number(ctx, name, get_number(ctx, name) + 1);
        if (gj_txn_first(ctx->txn, GJ_TABLE_DUE, &first_key, &value)) {
            key = gj_key_of_bytes(first_key.data, first_key.len);
            gj_txn_del(ctx->txn, GJ_TABLE_DUE, &key);
        }
    }
}

static void clock_apply(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    put_number(ctx, ((const Gj__Body__Clock *)message)->held ? "clock.held" : "clock.trusted", 1);
}

static const struct gj_call system_calls[] = {
    {.number = GJ__V1__CALL__SYSTEM_SWEEP,
        .name = "system.sweep",
        .flags = GJ_CALL_SYSTEM,
        .body = &gj__body__sweep__descriptor,
        .apply = sweep_apply},
    {.number = GJ__V1__CALL__SYSTEM_TIMER,
        .name = "system.timer",
        .flags = GJ_CALL_SYSTEM,
        .body = &gj__body__timer__descriptor,
        .apply = timer_apply},
    {.number = GJ__V1__CALL__SYSTEM_CLOCK_HELD,
        .name = "system.clock",
        .flags = GJ_CALL_SYSTEM,
        .body = &gj__body__clock__descriptor,
        .apply = clock_apply},
};

const struct gj_service fixture_system = {
    .number = 255, .name = "system", .calls = system_calls, .n_calls = sizeof system_calls / sizeof system_calls[0]};
