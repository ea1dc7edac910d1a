#ifndef GJ_STORE_PAGE_FILE_H
#define GJ_STORE_PAGE_FILE_H

/* Reading an LMDB 0.9 data file page by page with pread: for counting and for checking. Nothing is believed: a page
 * that does not hold together is GJ_ECORRUPT, never a wild pointer. The format is that of 64-bit little-endian
 * machines, which is checked by the magic number. */

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

#define GJ_PAGE_NONE UINT64_MAX

/* A table's root, as LMDB keeps it in 48 bytes. */
struct gj_page_root {
    uint64_t root; /* GJ_PAGE_NONE: empty */
    unsigned depth;
    uint64_t pages; /* branch, leaf and overflow pages it says it has */
    uint64_t entries;
};

struct gj_page_file {
    int fd;
    uint32_t page_size;
    uint64_t size_bytes;
    uint64_t txn;
    uint64_t last_page;            /* highest one in use; those behind the end of the file must be free */
    struct gj_page_root free_root; /* LMDB's list of free pages */
    struct gj_page_root main_root; /* names of tables */
};

/* Reads both meta pages of fd (borrowed) and takes the newer. GJ_ECORRUPT, GJ_EVERSION. */
enum gj_err gj_page_file_read(struct gj_page_file *file, int fd);

enum gj_page_kind { GJ_PAGE_BRANCH, GJ_PAGE_LEAF };

#define GJ_PAGE_SIZE_MAX 65536

struct gj_page {
    uint64_t number;
    enum gj_page_kind kind;
    unsigned count;
    uint32_t size;
    uint8_t bytes[GJ_PAGE_SIZE_MAX];
};

/* One node of a page. */
struct gj_page_node {
    uint64_t child; /* branch: the page below */
    const uint8_t *key;
    unsigned key_len;
    bool table;              /* leaf: data is the root of a table */
    struct gj_page_root sub; /* then */
    uint64_t overflow;       /* leaf: first of the pages that hold the data; GJ_PAGE_NONE: it is in the leaf */
    uint64_t overflow_pages; /* their number, as the length of the data needs it */
};

/* A branch or leaf page, all its nodes checked to lie inside it. */
enum gj_err gj_page_file_page(const struct gj_page_file *file, uint64_t number, struct gj_page *out);
struct gj_page_node gj_page_node(const struct gj_page *page, unsigned i);
/* Checks the head of an overflow run. */
enum gj_err gj_page_check_overflow(const struct gj_page_file *file, uint64_t first, uint64_t pages);

#endif
