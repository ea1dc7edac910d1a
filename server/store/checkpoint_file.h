#ifndef GJ_STORE_CHECKPOINT_FILE_H
#define GJ_STORE_CHECKPOINT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/* The file `journal/checkpoint`: which state of main/data.mdb is whole on the disk, and what leads back to it.
 *
 * LMDB never changes a page in place but its two meta pages, which say where the trees begin. So once everything that a
 * transaction wrote is on the disk, its two meta pages are all that is needed to find it again, as long as no page it
 * reaches is used anew. A mark keeps them. Marks are written in turn into two slots; the older one is struck out as
 * soon as the newer one is durable, so that one which has rotted can never lead to pages that were used anew. */

#define GJ_CHECKPOINT_KEY_SIZE 32

struct gj_checkpoint_mark {
    uint64_t number;                     /* rises by one with every mark */
    uint64_t sequence;                   /* newest record of the journal whose effect the marked state has */
    uint64_t txn;                        /* LMDB's number of the marked transaction */
    uint32_t page_size;                  /* of LMDB, in bytes */
    uint8_t key[GJ_CHECKPOINT_KEY_SIZE]; /* of this store's journal records; no secret */
    const uint8_t *metas;                /* both meta pages, 2 * page_size bytes; borrowed */
};

/* A file read in, or about to be written. */
struct gj_checkpoint_file {
    int fd;
    unsigned slot; /* the one to be written next */
    struct gj_checkpoint_mark mark;
    uint8_t *bytes; /* room for one slot; mark.metas points into it after opening */
};

/* Makes dir/checkpoint with its first mark: all of it or, after a power cut, nothing. Opens it. */
enum gj_err gj_checkpoint_file_make(
    struct gj_checkpoint_file *file, const char *dir, const struct gj_checkpoint_mark *mark, struct gj_fault *fault);

/* Opens dir/checkpoint and reads the newest mark. GJ_ENOTFOUND: there is none (*fault says nothing then); GJ_ECORRUPT:
 * neither slot is whole; GJ_EVERSION: written by a newer program. */
enum gj_err gj_checkpoint_file_open(struct gj_checkpoint_file *file, const char *dir, struct gj_fault *fault);
void gj_checkpoint_file_close(struct gj_checkpoint_file *file);

/* Writes a further mark (its number is set here) and makes it durable. GJ_EIO whatever failed: the mark may be there or
 * not. */
enum gj_err gj_checkpoint_file_write(struct gj_checkpoint_file *file, const struct gj_checkpoint_mark *mark);
/* Strikes out the mark before the last one; nobody waits for that to be durable. GJ_EIO. */
enum gj_err gj_checkpoint_file_strike(struct gj_checkpoint_file *file);

/* Puts the marked meta pages back into a data file unless they are there; durable when it returns. GJ_ECORRUPT: the
 * file is older than the mark. *changed tells whether anything was written. */
enum gj_err gj_checkpoint_file_restore(
    const struct gj_checkpoint_mark *mark, const char *data_path, bool *changed, struct gj_fault *fault);

/* Takes a slot's bytes apart; out->metas points into them. GJ_EINVAL: not a whole mark. */
enum gj_err gj_checkpoint_file_parse(const uint8_t *bytes, size_t len, struct gj_checkpoint_mark *out);

#endif
