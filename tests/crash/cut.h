/* Cuts the power: from a recording and a moment to one of the disks that may be found afterwards.
 *
 * Sure are the bytes and sizes that a sync of their file covered, names that a sync of their folder covered, and writes
 * through descriptors with O_DSYNC. Of everything else chance decides, sector by sector (512 bytes) in some cuts, page
 * by page, write by write or not at all in others:
 *
 *     bytes      a sector holds any of what was written to it since the last sync, or what it held then; zeros where
 * the file had no such place sizes      any of those the file had since names      each making, linking and removing is
 * there or not, in order where they concern one name; a rename is there or not, never half, except that an old name may
 * come back when only the new folder was synced
 *
 * The step at which the power goes is under way: it may be there in part. */
#ifndef GJ_TESTS_CRASH_CUT_H
#define GJ_TESTS_CRASH_CUT_H

#include "crash/image.h"
#include "crash/random.h"
#include "crash/recording.h"

struct cut {
    size_t at; /* record that is under way; the count of records: everything happened, nothing more was synced */
    struct random random;
    unsigned ignored_percent; /* syncs the disk only pretended to do: a control */
    bool all;                 /* nothing is lost: the folder as its program saw it */
};

/* Gives *out, freed by image_fini. */
void cut_build(const struct recording *recording, struct cut *cut, struct image *out);

#endif
