/* Every service there is; ends with NULL. One row per folder. */
#ifndef GJ_SERVICE_TABLE_H
#define GJ_SERVICE_TABLE_H

#include "core/call.h"

extern const struct gj_service *const gj_service_table[];

#endif
