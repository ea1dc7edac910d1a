/* Staff of an office, for services other than the directory. */
#ifndef GJ_SERVICE_STAFF_INDEX_H
#define GJ_SERVICE_STAFF_INDEX_H

#include <stdint.h>

#include "store/key.h"

/* Prefix of their rows in table DIRECTORY; the value of each is the user, u64. */
struct gj_key gj_staff_index_office(uint64_t office);

#endif
