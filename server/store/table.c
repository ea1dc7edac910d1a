#include "store/table.h"

const char *gj_table_name(enum gj_table table)
{
    static const char *const names[GJ_TABLE_COUNT] = {
#define GJ_TABLE_NAME(constant, name) [GJ_TABLE_##constant] = name,
        GJ_TABLES(GJ_TABLE_NAME)
#undef GJ_TABLE_NAME
    };
    unsigned number = (unsigned)table;
    return number < GJ_TABLE_COUNT ? names[number] : "";
}
