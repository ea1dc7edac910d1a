/* Pages of lists: an opaque cursor in, an opaque cursor out, and a bound on the rows that are looked at for one page.
 */
#ifndef GJ_SERVICE_PAGE_H
#define GJ_SERVICE_PAGE_H

#include "core/call.h"

/* Rows looked at for one page, when few of them are shown: the loop does only bounded work. The page then ends early
 * with a cursor. */
#define GJ_PAGE_LOOK_MAX 2000

struct gj_page {
    size_t rows;     /* at most so many */
    uint64_t after;  /* go on behind this id; 0: from the beginning */
    uint64_t last;   /* the id looked at last */
    unsigned looked; /* how many */
};

/* page may be NULL. false: refused. */
bool gj_page_read(struct gj_ctx *ctx, const Gj__V1__Page *page, struct gj_page *out);
/* Takes note of a row by its key (one u64) or by the number at its end. */
void gj_page_look(struct gj_page *page, const struct gj_value *key);
/* Whether a row is to be shown, decided in memory that is used again: a page may look at two thousand rows and show
 * ten. */
typedef bool gj_page_shows_fn(struct gj_ctx *ctx, const struct gj_value *row, const void *filter);
struct gj_page_sieve {
    struct gj_arena arena;
    gj_page_shows_fn *shows;
    const void *filter;
};
void gj_page_sieve_init(struct gj_page_sieve *sieve, gj_page_shows_fn *shows, const void *filter);
bool gj_page_sieve_shows(struct gj_page_sieve *sieve, struct gj_ctx *ctx, const struct gj_value *row);
void gj_page_sieve_fini(struct gj_page_sieve *sieve);

/* The cursor that goes on behind id. */
bool gj_page_cursor(struct gj_ctx *ctx, uint64_t id, ProtobufCBinaryData *out);

#endif
