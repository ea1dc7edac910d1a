#include "service/register/page.h"

#include "common/arena.h"
#include "core/core.h"
#include "service/register/register.h"
#include "store/key.h"
#include "store/store.h"

#define CURSOR_VERSION 1

size_t gj_register_limit(const Gj__V1__Page *page)
{
    if (page == NULL || page->limit == 0) {
        return GJ_REGISTER_PAGE_DEFAULT;
    }
    return page->limit < GJ_REGISTER_PAGE_MAX ? page->limit : GJ_REGISTER_PAGE_MAX;
}

bool gj_register_cursor_read(struct gj_ctx *ctx, const Gj__V1__Page *page, struct gj_register_cursor *out)
{
    *out = (struct gj_register_cursor){0};
    if (page == NULL || page->cursor.len == 0) {
        return true;
    }
    struct gj_key_reader reader = gj_key_read(page->cursor.data, page->cursor.len);
    uint8_t version = gj_key_read_u8(&reader);
    uint32_t epoch = gj_key_read_u32(&reader);
    out->office = gj_key_read_u64(&reader);
    out->kind = gj_key_read_u32(&reader);
    out->value = gj_key_read_i64(&reader);
    out->id = gj_key_read_u64(&reader);
    out->position = gj_key_read_u64(&reader);
    out->started = true;
    if (!gj_key_read_done(&reader) || version != CURSOR_VERSION) {
        return gj_refuse(ctx, GJ__V1__STATUS__INVALID, "cursor", "page", NULL);
    }
    if (epoch != gj_store_epoch(ctx->core->store)) {
        return gj_refuse(ctx, GJ__V1__STATUS__EXPIRED, "cursor", "page", NULL);
    }
    return true;
}

ProtobufCBinaryData gj_register_cursor_write(struct gj_ctx *ctx, const struct gj_register_cursor *cursor)
{
    struct gj_key key;
    gj_key_init(&key);
    gj_key_u8(&key, CURSOR_VERSION);
    gj_key_u32(&key, gj_store_epoch(ctx->core->store));
    gj_key_u64(&key, cursor->office);
    gj_key_u32(&key, cursor->kind);
    gj_key_i64(&key, cursor->value);
    gj_key_u64(&key, cursor->id);
    gj_key_u64(&key, cursor->position);
    uint8_t *bytes = gj_arena_dup(ctx->arena, key.bytes, key.len);
    if (bytes == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return (ProtobufCBinaryData){0};
    }
    return (ProtobufCBinaryData){.data = bytes, .len = key.len};
}
