#ifndef GJ_COMMON_ARENA_H
#define GJ_COMMON_ARENA_H

#include "common/err.h"

#include <protobuf-c/protobuf-c.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* A bump allocator with a hard cap: everything a request or a command needs,
 * freed in one step. Allocations are aligned for any type and live until reset
 * or fini. An arena belongs to one thread at a time; handing it to another
 * thread needs the hand-over's own ordering, nothing more. */
struct gj_arena_block;
struct gj_arena {
    uint8_t *at;                  /* next free byte of the current block */
    uint8_t *end;                 /* its end */
    struct gj_arena_block *block; /* heap blocks, newest first */
    struct gj_arena_block *spare; /* kept by reset for the next request */
    uint8_t *first;               /* the caller's block, or NULL */
    size_t first_size;
    size_t used;     /* bytes handed out since the last reset, rounding included */
    enum gj_err why; /* the last refusal: GJ_ETOOBIG by the cap, GJ_ENOMEM by the heap */
    size_t max;      /* GJ_ENOMEM (NULL) beyond this: a capped message is not an assert */
};

/* No memory is taken before the first allocation. */
void gj_arena_init(struct gj_arena *arena, size_t max_bytes);

/* The same with a first block supplied by the caller (a stack array or a member
 * of a struct), so that a small request never touches the heap. The block must
 * outlive the arena and be aligned for max_align_t; its size counts in max. */
void gj_arena_init_with(struct gj_arena *arena, size_t max_bytes, void *first, size_t first_size);

/* Frees every block; the arena may be used again. */
void gj_arena_fini(struct gj_arena *arena);

/* Makes everything allocated so far invalid. One heap block is kept for reuse,
 * larger ones are freed, so that one big request does not stay in memory. */
void gj_arena_reset(struct gj_arena *arena);

/* Moves the blocks of from into to (which must be empty and without a first block of its own);
 * from must not have a caller's first block. For handing a command to another thread. */
void gj_arena_move(struct gj_arena *to, struct gj_arena *from);

/* All of these give NULL when the cap or the heap refuses. Zero bytes give a
 * valid pointer. */
void *gj_arena_alloc(struct gj_arena *arena, size_t size);
void *gj_arena_calloc(struct gj_arena *arena, size_t count, size_t size);
void *gj_arena_dup(struct gj_arena *arena, const void *bytes, size_t len);
char *gj_arena_strdup(struct gj_arena *arena, const char *text);
/* len bytes and a terminator behind them. */
char *gj_arena_strndup(struct gj_arena *arena, const char *text, size_t len);
char *gj_arena_printf(struct gj_arena *arena, const char *fmt, ...) GJ_PRINTF(2, 3);
char *gj_arena_vprintf(struct gj_arena *arena, const char *fmt, va_list args);

#define GJ_ARENA_NEW(arena, type) ((type *)gj_arena_calloc((arena), 1, sizeof(type)))
#define GJ_ARENA_ARRAY(arena, count, type) ((type *)gj_arena_calloc((arena), (count), sizeof(type)))

/* What the last NULL meant: GJ_ETOOBIG (the cap) or GJ_ENOMEM (the heap); GJ_OK when
 * nothing was refused since the last reset. */
enum gj_err gj_arena_why(const struct gj_arena *arena);

/* An allocator for protobuf-c that borrows arena; its free does nothing. */
ProtobufCAllocator gj_arena_pb(struct gj_arena *arena);

#endif
