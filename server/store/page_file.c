#include "store/page_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define META_MAGIC 0xBEEFC0DEu
#define META_VERSION 1u
#define PAGE_HEAD 16u
#define NODE_HEAD 8u
#define ROOT_SIZE 48u

enum { FLAG_BRANCH = 1, FLAG_LEAF = 2, FLAG_OVERFLOW = 4, FLAG_META = 8 };
enum { NODE_BIG = 1, NODE_TABLE = 2, NODE_DUP = 4 };

static uint16_t le16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t le32(const uint8_t *at)
{
    return (uint32_t)le16(at) | (uint32_t)le16(at + 2) << 16;
}

static uint64_t le64(const uint8_t *at)
{
    return (uint64_t)le32(at) | (uint64_t)le32(at + 4) << 32;
}

static struct gj_page_root parse_root(const uint8_t *at)
{
    return (struct gj_page_root){
        .root = le64(at + 40),
        .depth = le16(at + 6),
        .pages = le64(at + 8) + le64(at + 16) + le64(at + 24),
        .entries = le64(at + 32),
    };
}

static enum gj_err read_at(int fd, uint64_t offset, void *out, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = pread(fd, (uint8_t *)out + done, len - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n == 0 ? GJ_ECORRUPT : gj_err_from_errno(errno);
        }
        done += (size_t)n;
    }
    return GJ_OK;
}

/* A meta page: head, magic, version, two words, two roots, last page, transaction. */
static enum gj_err parse_meta(struct gj_page_file *file, const uint8_t *bytes)
{
    const uint8_t *meta = bytes + PAGE_HEAD;
    if ((le16(bytes + 10) & FLAG_META) == 0 || le32(meta) != META_MAGIC) {
        return GJ_ECORRUPT;
    }
    if (le32(meta + 4) != META_VERSION) {
        return GJ_EVERSION;
    }
    uint64_t txn = le64(meta + 24 + 2 * ROOT_SIZE + 8);
    uint32_t page_size = le32(meta + 24);
    if (page_size < 512 || page_size > GJ_PAGE_SIZE_MAX || (page_size & (page_size - 1)) != 0) {
        return GJ_ECORRUPT;
    }
    if (file->page_size != 0 && txn <= file->txn) {
        return GJ_OK;
    }
    uint64_t last_page = le64(meta + 24 + 2 * ROOT_SIZE);
    if (last_page >= le64(meta + 16) / page_size) {
        return GJ_ECORRUPT; /* beyond the map it was written with */
    }
    file->page_size = page_size;
    file->txn = txn;
    file->last_page = last_page;
    file->free_root = parse_root(meta + 24);
    file->main_root = parse_root(meta + 24 + ROOT_SIZE);
    return GJ_OK;
}

enum gj_err gj_page_file_read(struct gj_page_file *file, int fd)
{
    memset(file, 0, sizeof *file);
    file->fd = fd;
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return gj_err_from_errno(errno);
    }
    file->size_bytes = (uint64_t)st.st_size;
    uint8_t bytes[PAGE_HEAD + 24 + 2 * ROOT_SIZE + 16];
    enum gj_err err = read_at(fd, 0, bytes, sizeof bytes);
    if (err == GJ_OK) {
        err = parse_meta(file, bytes);
    }
    if (err == GJ_OK) {
        err = read_at(fd, file->page_size, bytes, sizeof bytes);
    }
    return err == GJ_OK ? parse_meta(file, bytes) : err;
}

/* Offset of node i, PAGE_HEAD or more when it lies inside the page. */
static unsigned node_at(const struct gj_page *page, unsigned i)
{
    return le16(page->bytes + PAGE_HEAD + 2 * i);
}

static bool node_fits(const struct gj_page *page, unsigned i)
{
    unsigned at = node_at(page, i);
    if (at < PAGE_HEAD + 2 * page->count || at + NODE_HEAD > page->size) {
        return false;
    }
    const uint8_t *node = page->bytes + at;
    uint64_t need = (uint64_t)NODE_HEAD + le16(node + 6);
    if (page->kind == GJ_PAGE_LEAF) {
        unsigned flags = le16(node + 4);
        if ((flags & ~(unsigned)(NODE_BIG | NODE_TABLE)) != 0) {
            return false; /* duplicates are never used */
        }
        need += (flags & NODE_BIG) != 0 ? 8 : le32(node);
        if ((flags & NODE_TABLE) != 0 && le32(node) != ROOT_SIZE) {
            return false;
        }
    }
    return at + need <= page->size;
}

enum gj_err gj_page_file_page(const struct gj_page_file *file, uint64_t number, struct gj_page *out)
{
    if (number < 2 || number > file->last_page || (number + 1) * file->page_size > file->size_bytes) {
        return GJ_ECORRUPT;
    }
    enum gj_err err = read_at(file->fd, number * file->page_size, out->bytes, file->page_size);
    if (err != GJ_OK) {
        return err;
    }
    unsigned flags = le16(out->bytes + 10);
    unsigned lower = le16(out->bytes + 12);
    unsigned upper = le16(out->bytes + 14);
    out->number = number;
    out->size = file->page_size;
    bool sound = le64(out->bytes) == number && (flags == FLAG_BRANCH || flags == FLAG_LEAF) && lower >= PAGE_HEAD &&
                 lower <= upper && upper <= file->page_size && (lower & 1) == 0;
    if (!sound) {
        return GJ_ECORRUPT;
    }
    out->kind = flags == FLAG_BRANCH ? GJ_PAGE_BRANCH : GJ_PAGE_LEAF;
    out->count = (lower - PAGE_HEAD) / 2;
    for (unsigned i = 0; i < out->count; i++) {
        if (!node_fits(out, i)) {
            return GJ_ECORRUPT;
        }
    }
    return out->count > 0 ? GJ_OK : GJ_ECORRUPT;
}

struct gj_page_node gj_page_node(const struct gj_page *page, unsigned i)
{
    const uint8_t *at = page->bytes + node_at(page, i);
    struct gj_page_node node = {.child = GJ_PAGE_NONE, .overflow = GJ_PAGE_NONE};
    node.key_len = le16(at + 6);
    node.key = at + NODE_HEAD;
    unsigned flags = le16(at + 4);
    if (page->kind == GJ_PAGE_BRANCH) {
        node.child = (uint64_t)le32(at) | (uint64_t)flags << 32;
        return node;
    }
    const uint8_t *data = node.key + node.key_len;
    if ((flags & NODE_BIG) != 0) {
        node.overflow = le64(data);
        node.overflow_pages = (PAGE_HEAD - 1 + (uint64_t)le32(at)) / page->size + 1;
    } else if ((flags & NODE_TABLE) != 0) {
        node.table = true;
        node.sub = parse_root(data);
    }
    return node;
}

enum gj_err gj_page_check_overflow(const struct gj_page_file *file, uint64_t first, uint64_t pages)
{
    if (first < 2 || pages == 0 || first > file->last_page || pages > file->last_page + 1 - first ||
        (first + pages) * file->page_size > file->size_bytes) {
        return GJ_ECORRUPT;
    }
    uint8_t head[PAGE_HEAD];
    enum gj_err err = read_at(file->fd, first * file->page_size, head, sizeof head);
    if (err != GJ_OK) {
        return err;
    }
    bool sound = le64(head) == first && (le16(head + 10) & FLAG_OVERFLOW) != 0 && le32(head + 12) == pages;
    return sound ? GJ_OK : GJ_ECORRUPT;
}
