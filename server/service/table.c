#include "service/table.h"

/* One row per folder: add the declaration and the row of a new service here. */
const struct gj_service *const gj_service_table[] = {
    NULL,
};
