/* Is a data file whole? Shallow at every opening (meta pages, length, root and right edge of every table: what a cut,
 * swapped or overwritten file shows); deep for backups and administrators (every page, no page used twice). */
#include "store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/page_file.h"

#define DEPTH_MAX 32

struct check {
    struct gj_page_file file;
    bool deep;
    uint8_t *used; /* one bit a page; deep only */
    struct gj_page *levels[DEPTH_MAX];
    uint64_t pages;
    uint64_t entries;
};

static struct gj_page *level_page(struct check *check, unsigned depth)
{
    if (check->levels[depth] == NULL) {
        check->levels[depth] = malloc(sizeof *check->levels[depth]);
    }
    return check->levels[depth];
}

static enum gj_err mark(struct check *check, uint64_t first, uint64_t count)
{
    for (uint64_t n = first; check->used != NULL && n < first + count; n++) {
        uint8_t bit = (uint8_t)(1u << (n % 8));
        if ((check->used[n / 8] & bit) != 0) {
            return GJ_ECORRUPT;
        }
        check->used[n / 8] |= bit;
    }
    check->pages += count;
    return GJ_OK;
}

static enum gj_err check_leaf(struct check *check, const struct gj_page *page, bool names)
{
    enum gj_err err = GJ_OK;
    unsigned first = check->deep || names ? 0 : page->count - 1;
    for (unsigned i = first; err == GJ_OK && i < page->count; i++) {
        struct gj_page_node node = gj_page_node(page, i);
        if (node.table != names) {
            err = GJ_ECORRUPT;
        } else if (node.overflow != GJ_PAGE_NONE) {
            err = gj_page_check_overflow(&check->file, node.overflow, node.overflow_pages);
            if (err == GJ_OK) {
                err = mark(check, node.overflow, node.overflow_pages);
            }
        }
    }
    check->entries += page->count;
    return err;
}

/* One page and what is below it; left is its height above the leaves. Depth is bounded by the root's own. */
static enum gj_err check_page(struct check *check, uint64_t number, unsigned depth, unsigned left, bool names)
{
    struct gj_page *page = level_page(check, depth);
    if (page == NULL) {
        return GJ_ENOMEM;
    }
    enum gj_err err = gj_page_file_page(&check->file, number, page);
    if (err == GJ_OK) {
        err = mark(check, number, 1);
    }
    if (err != GJ_OK) {
        return err;
    }
    if (page->kind == GJ_PAGE_LEAF) {
        return left == 0 ? check_leaf(check, page, names) : GJ_ECORRUPT;
    }
    if (left == 0) {
        return GJ_ECORRUPT;
    }
    for (unsigned i = check->deep || names ? 0 : page->count - 1; err == GJ_OK && i < page->count; i++) {
        err = check_page(check, gj_page_node(page, i).child, depth + 1, left - 1, names);
    }
    return err;
}

static enum gj_err walk(struct check *check, const struct gj_page_root *root, bool names)
{
    if (root->root == GJ_PAGE_NONE) {
        return root->entries == 0 ? GJ_OK : GJ_ECORRUPT;
    }
    if (root->depth == 0 || root->depth > DEPTH_MAX / 2) {
        return GJ_ECORRUPT;
    }
    uint64_t pages = check->pages;
    uint64_t entries = check->entries;
    enum gj_err err = check_page(check, root->root, names ? 0 : DEPTH_MAX / 2, root->depth - 1u, names);
    bool counted = !check->deep || (check->pages - pages == root->pages && check->entries - entries == root->entries);
    return err != GJ_OK || counted ? err : GJ_ECORRUPT;
}

/* Every table named in the main tree; its pages are read again here, after the tree itself was found sound. */
static enum gj_err check_tables(struct check *check, uint64_t number, unsigned depth, unsigned left)
{
    struct gj_page *page = level_page(check, depth);
    enum gj_err err = page == NULL ? GJ_ENOMEM : gj_page_file_page(&check->file, number, page);
    for (unsigned i = 0; err == GJ_OK && i < page->count; i++) {
        struct gj_page_node node = gj_page_node(page, i);
        err = left > 0 ? check_tables(check, node.child, depth + 1, left - 1) : walk(check, &node.sub, false);
    }
    return err;
}

static enum gj_err check_all(struct check *check)
{
    const struct gj_page_root *names = &check->file.main_root;
    enum gj_err err = walk(check, &check->file.free_root, false);
    if (err == GJ_OK) {
        err = walk(check, names, true);
    }
    if (err == GJ_OK && names->root != GJ_PAGE_NONE) {
        err = check_tables(check, names->root, 0, names->depth - 1u);
    }
    return err;
}

/* Pages behind the end of the file may be free ones that were never written; then and only then the file is whole. */
static enum gj_err run(struct check *check, bool *cut)
{
    enum gj_err err = GJ_OK;
    *cut = (check->file.last_page + 1) * check->file.page_size > check->file.size_bytes;
    check->deep = check->deep || *cut;
    /* No page behind the end of the file can be read, so none there is marked. */
    if (check->deep && (check->used = calloc(1, check->file.size_bytes / check->file.page_size / 8 + 1)) == NULL) {
        err = GJ_ENOMEM;
    }
    return err == GJ_OK ? check_all(check) : err;
}

enum gj_err gj_check_file(const char *path, const char *what, bool deep, struct gj_fault *fault)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        enum gj_err open_err = gj_err_from_errno(errno);
        return gj_fault_set(fault, open_err, "%s/data.mdb cannot be opened: %s", what, strerror(errno));
    }
    struct check check = {.deep = deep};
    bool cut = false;
    enum gj_err err = gj_page_file_read(&check.file, fd);
    if (err == GJ_OK) {
        err = run(&check, &cut);
    }
    uint64_t need = (check.file.last_page + 1) * check.file.page_size;
    if (err == GJ_OK && cut && truncate(path, (off_t)need) != 0) {
        err = gj_err_from_errno(errno);
    }
    for (unsigned i = 0; i < DEPTH_MAX; i++) {
        free(check.levels[i]);
    }
    free(check.used);
    close(fd);
    if (err == GJ_ECORRUPT && cut) {
        return gj_fault_set(fault, err, "%s/data.mdb is cut short: %llu bytes of %llu; restore the last backup", what,
            (unsigned long long)check.file.size_bytes, (unsigned long long)need);
    }
    if (err == GJ_EVERSION) {
        return gj_fault_set(fault, err, "%s/data.mdb has a format this program does not know", what);
    }
    return err == GJ_OK ? err : gj_fault_set(fault, err, "%s/data.mdb is damaged; restore the last backup", what);
}
