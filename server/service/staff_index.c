#include "service/staff_index.h"

#include "service/directory/directory.h"

struct gj_key gj_staff_index_office(uint64_t office)
{
    return gj_directory_index_key(GJ_INDEX_STAFF_OFFICE, office, "");
}
