#include "crash/image.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096

static void *must(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

void image_init(struct image *image, uint32_t nodes)
{
    memset(image, 0, sizeof *image);
    image->count = nodes;
    image->nodes = must(calloc(nodes, sizeof *image->nodes));
}

void image_fini(struct image *image)
{
    for (uint32_t i = 0; i < image->count; i++) {
        free(image->nodes[i].bytes);
    }
    free(image->nodes);
    free(image->names);
    memset(image, 0, sizeof *image);
}

/* ---- files ---- */

void image_resize(struct image *image, uint32_t number, uint64_t size)
{
    struct image_node *node = &image->nodes[number];
    if (size > node->room) {
        node->room = size + size / 2 + PAGE;
        node->bytes = must(realloc(node->bytes, node->room));
    }
    if (size > node->size) {
        memset(node->bytes + node->size, 0, size - node->size);
    }
    node->size = size;
}

void image_write(struct image *image, uint32_t number, uint64_t at, const uint8_t *bytes, uint64_t len)
{
    struct image_node *node = &image->nodes[number];
    if (at + len > node->size) {
        image_resize(image, number, at + len);
    }
    memcpy(node->bytes + at, bytes, len);
}

/* ---- names ---- */

static struct image_name *find_name(const struct image *image, uint32_t folder, const char *name)
{
    for (size_t i = 0; i < image->n_names; i++) {
        if (image->names[i].folder == folder && strcmp(image->names[i].name, name) == 0) {
            return &image->names[i];
        }
    }
    return NULL;
}

void image_put_name(struct image *image, uint32_t folder, const char *name, uint32_t node)
{
    struct image_name *row = find_name(image, folder, name);
    if (row == NULL && image->n_names == image->names_room) {
        image->names_room = image->names_room == 0 ? 64 : image->names_room * 2;
        image->names = must(realloc(image->names, image->names_room * sizeof *image->names));
    }
    row = row != NULL ? row : &image->names[image->n_names++];
    row->folder = folder;
    row->node = node;
    snprintf(row->name, sizeof row->name, "%s", name);
}

void image_remove_name(struct image *image, uint32_t folder, const char *name)
{
    struct image_name *row = find_name(image, folder, name);
    if (row != NULL) {
        *row = image->names[--image->n_names];
    }
}

/* ---- writing out ---- */

static bool remove_tree(const char *path)
{
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return true;
    }
    bool good = true;
    for (struct dirent *item = readdir(dir); item != NULL; item = readdir(dir)) {
        char inner[PATH_MAX];
        struct stat st;
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0) {
            continue;
        }
        (void)snprintf(inner, sizeof inner, "%s/%s", path, item->d_name);
        if (lstat(inner, &st) == 0 && S_ISDIR(st.st_mode)) {
            good = remove_tree(inner) && good;
        } else {
            good = unlink(inner) == 0 && good;
        }
    }
    (void)closedir(dir);
    return rmdir(path) == 0 && good;
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    return len == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0);
}

static bool write_file(const struct image_node *node, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = fd >= 0 && ftruncate(fd, (off_t)node->size) == 0;
    for (uint64_t at = 0; good && at < node->size; at += PAGE) {
        size_t len = node->size - at < PAGE ? (size_t)(node->size - at) : PAGE;
        if (!is_zero(node->bytes + at, len)) {
            good = pwrite(fd, node->bytes + at, len, (off_t)at) == (ssize_t)len;
        }
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return good;
}

/* A node with two names becomes two files: nobody writes to a finished backup or attachment. */
static bool write_folder(const struct image *image, uint32_t folder, const char *path)
{
    bool good = mkdir(path, 0700) == 0;
    for (size_t i = 0; good && i < image->n_names; i++) {
        const struct image_name *row = &image->names[i];
        char inner[PATH_MAX];
        if (row->folder != folder || row->name[0] == '\0') {
            continue;
        }
        (void)snprintf(inner, sizeof inner, "%s/%s", path, row->name);
        const struct image_node *node = &image->nodes[row->node];
        good = node->folder ? write_folder(image, row->node, inner) : write_file(node, inner);
    }
    return good;
}

bool image_write_out(const struct image *image, const char *path)
{
    return remove_tree(path) && write_folder(image, 0, path);
}

/* ---- comparing ---- */

static bool differs(const char *path, const char *how)
{
    fprintf(stderr, "%s %s\n", path, how);
    return false;
}

static bool file_equals(const struct image_node *node, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    uint8_t page[PAGE];
    bool same = fd >= 0 && fstat(fd, &st) == 0 && (uint64_t)st.st_size == node->size;
    for (uint64_t at = 0; same && at < node->size; at += PAGE) {
        size_t len = node->size - at < PAGE ? (size_t)(node->size - at) : PAGE;
        same = pread(fd, page, len, (off_t)at) == (ssize_t)len && memcmp(page, node->bytes + at, len) == 0;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return same || differs(path, "holds something else than was recorded");
}

static bool folder_equals(const struct image *image, uint32_t folder, const char *path)
{
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return differs(path, "is not there");
    }
    size_t found = 0, expected = 0;
    bool same = true;
    for (struct dirent *item = readdir(dir); item != NULL; item = readdir(dir)) {
        char inner[PATH_MAX];
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0 || strcmp(item->d_name, "lock") == 0 ||
            strcmp(item->d_name, "lock.mdb") == 0) {
            continue;
        }
        (void)snprintf(inner, sizeof inner, "%s/%s", path, item->d_name);
        const struct image_name *row = find_name(image, folder, item->d_name);
        if (row == NULL) {
            same = differs(inner, "was not recorded");
            continue;
        }
        found++;
        const struct image_node *node = &image->nodes[row->node];
        same = (node->folder ? folder_equals(image, row->node, inner) : file_equals(node, inner)) && same;
    }
    (void)closedir(dir);
    for (size_t i = 0; i < image->n_names; i++) {
        expected += image->names[i].folder == folder && image->names[i].name[0] != '\0';
    }
    return (found == expected || differs(path, "lacks what was recorded")) && same;
}

bool image_equals(const struct image *image, const char *path)
{
    return folder_equals(image, 0, path);
}
