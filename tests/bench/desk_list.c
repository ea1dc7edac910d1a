/* The open tickets as the daemon lists them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/desk.h"
#include "bench/pool.h"

struct listing {
    struct gj_desk *desk;
    struct gj_pool *pool;
    Gj__V1__Page page;
    uint8_t cursor[256];
    bool done;
};

static void ask(struct listing *listing);

static void on_rows(void *arg, const struct guanjia_answer *answer)
{
    struct listing *listing = arg;
    if (answer->err != GUANJIA_OK || answer->status != GUANJIA_S_OK) {
        fprintf(stderr, "bench: list: %s %s\n", guanjia_status_name(answer->status), answer->code);
        exit(1);
    }
    Gj__V1__RowList *list = gj__v1__row_list__unpack(NULL, answer->body_len, answer->body);
    if (list == NULL || list->cursor.len > sizeof listing->cursor) {
        exit(1);
    }
    for (size_t i = 0; i < list->n_rows; i++) {
        const Gj__V1__Row *row = list->rows[i];
        gj_desk_add(listing->desk, &(struct gj_desk_ticket){.id = row->id,
                                       .office = row->office,
                                       .revision = row->revision,
                                       .step = gj_desk_step(row->state, row->revision)});
    }
    listing->page.cursor.len = list->cursor.len;
    if (list->cursor.len > 0) {
        memcpy(listing->cursor, list->cursor.data, list->cursor.len);
        ask(listing);
    } else {
        listing->done = true;
    }
    gj__v1__row_list__free_unpacked(list, NULL);
}

static void ask(struct listing *listing)
{
    Gj__V1__ListRequest request = GJ__V1__LIST_REQUEST__INIT;
    request.kind = (char *)"repair_ticket";
    request.page = &listing->page;
    gj_pool_call(listing->pool, 0, GJ__V1__CALL__RECORD_LIST, &request, on_rows, listing);
}

void gj_desk_list(struct gj_desk *desk, struct gj_pool *pool)
{
    gj_desk_read(desk, pool->dir);
    struct listing listing = {.desk = desk, .pool = pool};
    gj__v1__page__init(&listing.page);
    listing.page.limit = 200;
    listing.page.cursor.data = listing.cursor;
    ask(&listing);
    while (!listing.done) {
        uv_run(pool->loop, UV_RUN_ONCE);
    }
}
