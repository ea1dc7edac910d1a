#include "common/arena.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"

#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif
#ifdef HAS_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

#define ALIGNMENT _Alignof(max_align_t)

/* Blocks double from the first to the last size; what is larger gets a block of its own. */
#define FIRST_BLOCK 2048
#define LAST_BLOCK 65536

struct gj_arena_block {
    struct gj_arena_block *next;
    size_t size; /* of the bytes behind this header */
    _Alignas(max_align_t) uint8_t bytes[];
};

void gj_arena_init(struct gj_arena *arena, size_t max_bytes)
{
    gj_arena_init_with(arena, max_bytes, NULL, 0);
}

void gj_arena_init_with(struct gj_arena *arena, size_t max_bytes, void *first, size_t first_size)
{
    assert((uintptr_t)first % ALIGNMENT == 0);
    *arena = (struct gj_arena){.max = max_bytes, .first = first, .first_size = first_size};
    arena->at = arena->first;
    arena->end = first == NULL ? NULL : arena->first + first_size;
}

static void free_list(struct gj_arena_block *block)
{
    while (block != NULL) {
        struct gj_arena_block *next = block->next;
        free(block);
        block = next;
    }
}

void gj_arena_fini(struct gj_arena *arena)
{
    free_list(arena->block);
    free_list(arena->spare);
    gj_arena_init_with(arena, arena->max, arena->first, arena->first_size);
}

void gj_arena_reset(struct gj_arena *arena)
{
    struct gj_arena_block *kept = arena->spare;
    while (arena->block != NULL) {
        struct gj_arena_block *block = arena->block;
        arena->block = block->next;
        /* The newest ordinary block is the largest one worth keeping. */
        if (kept == NULL && block->size <= LAST_BLOCK) {
            block->next = NULL;
            kept = block;
        } else {
            free(block);
        }
    }
    gj_arena_init_with(arena, arena->max, arena->first, arena->first_size);
    arena->spare = kept;
}

void gj_arena_move(struct gj_arena *to, struct gj_arena *from)
{
    assert(from->first == NULL && to->first == NULL);
    assert(to->block == NULL && to->spare == NULL);
    *to = *from;
    gj_arena_init(from, from->max);
}

/* Takes a block with room for size bytes as the current one. */
static bool add_block(struct gj_arena *arena, size_t size)
{
    struct gj_arena_block *block = arena->spare;
    if (block != NULL && block->size >= size) {
        arena->spare = NULL;
    } else {
        size_t room = arena->block == NULL ? FIRST_BLOCK : arena->block->size * 2;
        room = room > LAST_BLOCK ? LAST_BLOCK : room;
        room = room < size ? size : room;
        block = malloc(sizeof *block + room);
        if (block == NULL) {
            return false;
        }
        block->size = room;
    }
    block->next = arena->block;
    arena->block = block;
    arena->at = block->bytes;
    arena->end = block->bytes + block->size;
    ASAN_POISON_MEMORY_REGION(block->bytes, block->size);
    return true;
}

void *gj_arena_alloc(struct gj_arena *arena, size_t size)
{
    /* A byte at least, so that every pointer is different. */
    size_t rounded = size == 0 ? ALIGNMENT : (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (rounded < size || rounded > arena->max - arena->used) {
        arena->why = GJ_ETOOBIG;
        return NULL;
    }
    if (gj_fail_point("arena.alloc") || (rounded > (size_t)(arena->end - arena->at) && !add_block(arena, rounded))) {
        arena->why = GJ_ENOMEM;
        return NULL;
    }
    void *out = arena->at;
    arena->at += rounded;
    arena->used += rounded;
    ASAN_UNPOISON_MEMORY_REGION(out, size);
    return out;
}

void *gj_arena_calloc(struct gj_arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        arena->why = GJ_ETOOBIG;
        return NULL;
    }
    void *out = gj_arena_alloc(arena, bytes);
    return out == NULL ? NULL : memset(out, 0, bytes);
}

void *gj_arena_dup(struct gj_arena *arena, const void *bytes, size_t len)
{
    void *out = gj_arena_alloc(arena, len);
    return out == NULL || len == 0 ? out : memcpy(out, bytes, len);
}

char *gj_arena_strndup(struct gj_arena *arena, const char *text, size_t len)
{
    char *out = len == SIZE_MAX ? NULL : gj_arena_alloc(arena, len + 1);
    if (out == NULL) {
        return NULL;
    }
    if (len > 0) {
        memcpy(out, text, len);
    }
    out[len] = '\0';
    return out;
}

char *gj_arena_strdup(struct gj_arena *arena, const char *text)
{
    return gj_arena_strndup(arena, text, strlen(text));
}

char *gj_arena_vprintf(struct gj_arena *arena, const char *fmt, va_list args)
{
    char small[256];
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(small, sizeof small, fmt, args);
    char *out = NULL;
    if (len >= 0 && (size_t)len < sizeof small) {
        out = gj_arena_strndup(arena, small, (size_t)len);
    } else if (len >= 0) {
        out = gj_arena_alloc(arena, (size_t)len + 1);
        if (out != NULL) {
            vsnprintf(out, (size_t)len + 1, fmt, again);
        }
    } else {
        arena->why = GJ_ENOMEM;
    }
    va_end(again);
    return out;
}

char *gj_arena_printf(struct gj_arena *arena, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *out = gj_arena_vprintf(arena, fmt, args);
    va_end(args);
    return out;
}

enum gj_err gj_arena_why(const struct gj_arena *arena)
{
    return arena->why;
}

static void *pb_alloc(void *data, size_t size)
{
    return gj_arena_alloc(data, size);
}

static void pb_free(void *data, void *pointer)
{
    /* The arena frees everything at once. */
    (void)data;
    (void)pointer;
}

ProtobufCAllocator gj_arena_pb(struct gj_arena *arena)
{
    return (ProtobufCAllocator){.alloc = pb_alloc, .free = pb_free, .allocator_data = arena};
}
