#include "service/page.h"

#include "common/limits.h"
#include "service/door.h"
#include "store/key.h"

bool gj_page_read(struct gj_ctx *ctx, const Gj__V1__Page *page, struct gj_page *out)
{
    *out = (struct gj_page){.rows = GJ_PAGE_ROWS};
    if (page == NULL) {
        return true;
    }
    if (page->limit != 0) {
        out->rows = page->limit < GJ_PAGE_ROWS_MAX ? page->limit : GJ_PAGE_ROWS_MAX;
    }
    if (page->cursor.len == 0) {
        return true;
    }
    if (page->cursor.len != 8) {
        return gj_door_invalid(ctx, "cursor", "page");
    }
    struct gj_key_reader reader = gj_key_read(page->cursor.data, page->cursor.len);
    out->after = gj_key_read_u64(&reader);
    out->last = out->after;
    return out->after < UINT64_MAX || gj_door_invalid(ctx, "cursor", "page");
}

void gj_page_look(struct gj_page *page, const struct gj_value *key)
{
    if (key->len >= 8) {
        struct gj_key_reader reader = gj_key_read(key->data + key->len - 8, 8);
        page->last = gj_key_read_u64(&reader);
    }
    page->looked++;
}

/* One row and the offices that its rights are asked for. */
#define SIEVE_ARENA_MAX (256 * 1024)

void gj_page_sieve_init(struct gj_page_sieve *sieve, gj_page_shows_fn *shows, const void *filter)
{
    gj_arena_init(&sieve->arena, SIEVE_ARENA_MAX);
    sieve->shows = shows;
    sieve->filter = filter;
}

bool gj_page_sieve_shows(struct gj_page_sieve *sieve, struct gj_ctx *ctx, const struct gj_value *row)
{
    struct gj_arena *kept = ctx->arena;
    ctx->arena = &sieve->arena;
    bool shows = sieve->shows(ctx, row, sieve->filter);
    ctx->arena = kept;
    gj_arena_reset(&sieve->arena);
    return shows;
}

void gj_page_sieve_fini(struct gj_page_sieve *sieve)
{
    gj_arena_fini(&sieve->arena);
}

bool gj_page_cursor(struct gj_ctx *ctx, uint64_t id, ProtobufCBinaryData *out)
{
    struct gj_key key = gj_key_of_u64(id);
    uint8_t *bytes = gj_arena_dup(ctx->arena, key.bytes, key.len);
    if (bytes == NULL) {
        return gj_door_failed(ctx, gj_arena_why(ctx->arena));
    }
    *out = (ProtobufCBinaryData){.data = bytes, .len = key.len};
    return true;
}
