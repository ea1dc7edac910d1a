#ifndef GJ_CLI_FIELDS_H
#define GJ_CLI_FIELDS_H

#include "client/cli/build.h"
#include "client/cli/kind.h"

/* Values of declared forms as they are typed on a command line:
 *
 *   KEY=TEXT          text or the code of a choice
 *   KEY:n=12          number        KEY:b=yes   yes or no        KEY:m=12.50  money in yuan
 *   KEY:t=2026-02-13T15:00          time or date                 KEY:r=10452  id of something
 *   KEY:x=HEX         address of an attachment (photo, signature)
 *   KEY:l=COLUMN=VALUE,COLUMN:n=1.5,COLUMN:m=3.20,COLUMN:b=yes   one row of a line table; again for the next row
 *
 * Without a letter the value is of the type that `kind` declares for the key, and text where kind is NULL.
 * Adds a Field to the repeated field `place`, or a row to the one that has the key. False: malformed. */
bool fields_add(struct gj_arena *arena, struct build_place place, const Gj__V1__KindInfo *kind, const char *text);

#endif
