/* What a process did to the files below one folder, in order, with the bytes: enough to say what a disk may hold after
 * a power cut at any moment. Made by recorder.c, read by cut.c; notes of the one who records lie between the writes.
 *
 * Files and folders are nodes, numbered from 0 (the folder itself) in the order in which they were met, so that a
 * renamed file is still the same one. The recording begins with what was there, up to RECORD_BASE: all of that is
 * durable. */
#ifndef GJ_TESTS_CRASH_RECORDING_H
#define GJ_TESTS_CRASH_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum record_what {
    RECORD_MAKE_FILE,   /* node, folder, name */
    RECORD_MAKE_FOLDER, /* node, folder, name */
    RECORD_LINK,        /* node, folder, name: a second name */
    RECORD_RENAME,      /* node, from, name, folder, new name (bytes: name, 0, new name, 0) */
    RECORD_REMOVE,      /* folder, name */
    RECORD_WRITE,       /* node, at, bytes */
    RECORD_THROUGH,     /* the same by a descriptor with O_DSYNC: durable when it returns */
    RECORD_SIZE,        /* node, at: the new size */
    RECORD_SYNC,        /* node: a file's bytes and size, a folder's names */
    RECORD_BASE,        /* all before it is durable */
    RECORD_NOTE,        /* node: what the note is about; at: its number; bytes */
};

struct record {
    uint32_t what; /* enum record_what */
    uint32_t node;
    uint32_t folder;
    uint32_t from;
    uint64_t at;
    uint64_t len;
    uint8_t *bytes; /* len of them; names end with 0 */
};

struct recording {
    struct record *records;
    size_t count;
    size_t room;
    uint32_t nodes;
};

/* Appends a copy; exits when there is no memory, since a recording with holes proves nothing. */
void recording_add(struct recording *recording, const struct record *record);
/* Index behind RECORD_BASE. */
size_t recording_base(const struct recording *recording);
/* To a file and back, for one run of a program after another on one machine; false: cannot be written or read. */
bool recording_save(const struct recording *recording, const char *path);
bool recording_load(struct recording *recording, const char *path);
void recording_free(struct recording *recording);

#endif
