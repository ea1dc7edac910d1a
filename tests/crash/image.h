/* What a disk holds: files and folders as a power cut may leave them. Built by cut.c, written out for the program that
 * has to live with it. */
#ifndef GJ_TESTS_CRASH_IMAGE_H
#define GJ_TESTS_CRASH_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMAGE_NAME_MAX 255

struct image_name {
    uint32_t folder, node;
    char name[IMAGE_NAME_MAX + 1];
};

struct image_node {
    bool folder;
    uint8_t *bytes;
    uint64_t size;
    uint64_t room;
};

struct image {
    struct image_node *nodes; /* 0: the folder that was recorded */
    uint32_t count;
    struct image_name *names;
    size_t n_names, names_room;
};

void image_init(struct image *image, uint32_t nodes);
void image_fini(struct image *image);
/* New bytes between the old size and a larger one are zeros; what a smaller size cuts off is gone. */
void image_resize(struct image *image, uint32_t node, uint64_t size);
/* Makes the file longer where needed. */
void image_write(struct image *image, uint32_t node, uint64_t at, const uint8_t *bytes, uint64_t len);
/* Takes the place of whatever had the name. */
void image_put_name(struct image *image, uint32_t folder, const char *name, uint32_t node);
void image_remove_name(struct image *image, uint32_t folder, const char *name);
/* Makes the folder anew with everything in it. Pages of zeros become holes. */
bool image_write_out(const struct image *image, const char *path);
/* Whether the folder holds exactly this, but for files named lock and lock.mdb; what differs goes to stderr. */
bool image_equals(const struct image *image, const char *path);

#endif
