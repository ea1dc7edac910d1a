#include "store/pages.h"

#include <stdlib.h>
#include <string.h>

#include "store/internal.h"
#include "store/page_file.h"

/* What the trees were before the transaction. Their pages stay as they are until the next one: LMDB reuses the pages
 * that a transaction frees only in later transactions. */
struct gj_pages_roots {
    struct gj_page_file file;
    struct gj_page_root table[GJ_TABLE_COUNT];
};

/* A set of page numbers of one level of a tree. */
struct level {
    uint64_t *pages;
    size_t count;
    size_t room;
};

static bool level_add(struct level *level, uint64_t page)
{
    if (level->count == level->room) {
        size_t room = level->room == 0 ? 64 : level->room * 2;
        uint64_t *grown = realloc(level->pages, room * sizeof *grown);
        if (grown == NULL) {
            return false;
        }
        level->pages = grown;
        level->room = room;
    }
    level->pages[level->count++] = page;
    return true;
}

static int by_number(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static bool level_has(const struct level *level, uint64_t page)
{
    return level->count > 0 && bsearch(&page, level->pages, level->count, sizeof page, by_number) != NULL;
}

static void level_sort(struct level *level)
{
    if (level->count > 1) {
        qsort(level->pages, level->count, sizeof *level->pages, by_number);
    }
}

/* The next lower level: children of the pages of from that are not in other. Overflow runs of leaves go to big, their
 * pages counted in *run when given. */
static bool descend(const struct gj_page_file *file, const struct level *from, const struct level *other,
    struct level *to, struct level *big, struct gj_page *page)
{
    for (size_t i = 0; i < from->count; i++) {
        if (level_has(other, from->pages[i])) {
            continue;
        }
        if (gj_page_file_page(file, from->pages[i], page) != GJ_OK) {
            return false;
        }
        for (unsigned n = 0; n < page->count; n++) {
            struct gj_page_node node = gj_page_node(page, n);
            bool kept = true;
            if (node.child != GJ_PAGE_NONE) {
                kept = level_add(to, node.child);
            } else if (node.overflow != GJ_PAGE_NONE) {
                for (uint64_t k = 0; kept && k < node.overflow_pages; k++) {
                    kept = level_add(big, node.overflow + k);
                }
            }
            if (!kept) {
                return false;
            }
        }
    }
    level_sort(to);
    return true;
}

static uint64_t only_in(const struct level *level, const struct level *other)
{
    uint64_t count = 0;
    for (size_t i = 0; i < level->count; i++) {
        count += level_has(other, level->pages[i]) ? 0 : 1;
    }
    return count;
}

struct side {
    struct level at, below, big;
    unsigned depth;
};

static bool step(struct side *side, const struct gj_page_file *file, const struct side *other, bool equal_depth,
    struct gj_page *page)
{
    static const struct level none;
    side->below.count = 0;
    return descend(file, &side->at, equal_depth ? &other->at : &none, &side->below, &side->big, page);
}

static void swap_levels(struct side *side)
{
    struct level at = side->at;
    side->at = side->below;
    side->below = at;
    side->depth--;
}

/* Pages of the new tree that the old one does not have. Both are brought to the same height, then go down together. */
static uint64_t dirtied(const struct gj_page_file *old_file, const struct gj_page_root *old_root,
    const struct gj_page_file *new_file, const struct gj_page_root *new_root, struct gj_page *page)
{
    if (new_root->root == GJ_PAGE_NONE || old_root->root == new_root->root) {
        return 0;
    }
    struct side old = {.depth = old_root->root == GJ_PAGE_NONE ? 0 : old_root->depth};
    struct side new = {.depth = new_root->depth};
    bool good = level_add(&new.at, new_root->root);
    if (old.depth > 0) {
        good = good && level_add(&old.at, old_root->root);
    }
    uint64_t count = 0;
    while (good && new.depth > 0) {
        bool old_steps = old.depth >= new.depth;
        bool new_steps = new.depth >= old.depth;
        bool equal = old_steps && new_steps;
        if (new_steps) {
            count += only_in(&new.at, &old.at);
            good = step(&new, new_file, &old, equal, page);
        }
        if (good && old_steps) {
            good = step(&old, old_file, &new, equal, page);
            swap_levels(&old);
        }
        if (new_steps) {
            swap_levels(&new);
        }
    }
    level_sort(&old.big);
    count += only_in(&new.big, &old.big);
    struct level *all[] = {&old.at, &old.below, &old.big, &new.at, &new.below, &new.big};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        free(all[i]->pages);
    }
    return count;
}

/* ---- the store's side ---- */

static void find_table(struct gj_pages_roots *roots, const struct gj_page_node *node)
{
    for (unsigned t = 0; t < GJ_TABLE_COUNT; t++) {
        const char *name = gj_table_name((enum gj_table)t);
        if (strlen(name) == node->key_len && memcmp(name, node->key, node->key_len) == 0) {
            roots->table[t] = node->sub;
        }
    }
}

/* The main tree is one leaf, or one branch over leaves. */
static bool read_names(struct gj_pages_roots *roots, uint64_t number, unsigned left)
{
    struct gj_page *page = malloc(sizeof *page);
    bool good = page != NULL && gj_page_file_page(&roots->file, number, page) == GJ_OK;
    for (unsigned i = 0; good && i < page->count; i++) {
        struct gj_page_node node = gj_page_node(page, i);
        if (left > 0) {
            good = node.child != GJ_PAGE_NONE && read_names(roots, node.child, left - 1);
        } else if (node.table) {
            find_table(roots, &node);
        }
    }
    free(page);
    return good;
}

struct gj_pages_roots *gj_pages_begin(struct gj_store *store)
{
    int fd = -1;
    struct gj_pages_roots *roots = calloc(1, sizeof *roots);
    bool good = roots != NULL && mdb_env_get_fd(store->main.env, &fd) == MDB_SUCCESS &&
                gj_page_file_read(&roots->file, fd) == GJ_OK;
    for (unsigned t = 0; good && t < GJ_TABLE_COUNT; t++) {
        roots->table[t].root = GJ_PAGE_NONE;
    }
    const struct gj_page_root *names = good ? &roots->file.main_root : NULL;
    if (good && names->root != GJ_PAGE_NONE) {
        good = names->depth > 0 && names->depth < 8 && read_names(roots, names->root, names->depth - 1);
    }
    if (!good) {
        free(roots);
        return NULL;
    }
    return roots;
}

void gj_pages_end(struct gj_store *store, struct gj_pages_roots *before)
{
    struct gj_pages_roots *after = before == NULL ? NULL : gj_pages_begin(store);
    struct gj_page *page = after == NULL ? NULL : malloc(sizeof *page);
    if (page != NULL && after->file.txn > before->file.txn) {
        const struct gj_page_file *was = &before->file, *is = &after->file;
        struct gj_pages sum = {.txns = 1};
        sum.freelist = dirtied(was, &was->free_root, is, &is->free_root, page);
        sum.directory = dirtied(was, &was->main_root, is, &is->main_root, page) + 1; /* and the meta page */
        sum.total = sum.freelist + sum.directory;
        for (unsigned t = 0; t < GJ_TABLE_COUNT; t++) {
            sum.table[t] = dirtied(was, &before->table[t], is, &after->table[t], page);
            sum.total += sum.table[t];
        }
        uint64_t had = before->table[GJ_TABLE_SEEN].root == GJ_PAGE_NONE ? 0 : before->table[GJ_TABLE_SEEN].entries;
        uint64_t has = after->table[GJ_TABLE_SEEN].root == GJ_PAGE_NONE ? 0 : after->table[GJ_TABLE_SEEN].entries;
        sum.keys = has > had ? has - had : 0;
        pthread_mutex_lock(&store->pages_lock);
        store->pages.txns += sum.txns;
        store->pages.keys += sum.keys;
        store->pages.total += sum.total;
        store->pages.directory += sum.directory;
        store->pages.freelist += sum.freelist;
        for (unsigned t = 0; t < GJ_TABLE_COUNT; t++) {
            store->pages.table[t] += sum.table[t];
        }
        pthread_mutex_unlock(&store->pages_lock);
    }
    free(page);
    free(after);
    free(before);
}

void gj_pages_drop(struct gj_pages_roots *before)
{
    free(before);
}

void gj_pages_get(struct gj_store *store, struct gj_pages *out)
{
    pthread_mutex_lock(&store->pages_lock);
    *out = store->pages;
    pthread_mutex_unlock(&store->pages_lock);
}

void gj_pages_clear(struct gj_store *store)
{
    pthread_mutex_lock(&store->pages_lock);
    memset(&store->pages, 0, sizeof store->pages);
    pthread_mutex_unlock(&store->pages_lock);
}
