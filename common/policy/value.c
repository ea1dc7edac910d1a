#include "common/policy/value.h"

#include <string.h>

const struct gj_field_value *gj_value_find(const struct gj_field_value *values, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++) {
        /* The first letter tells most keys apart, and this is asked for every field of every form. */
        if (values[i].key[0] == key[0] && values[i].shape != GJ_SHAPE_NONE && strcmp(values[i].key, key) == 0) {
            return &values[i];
        }
    }
    return NULL;
}

bool gj_value_is(const struct gj_field_value *value, const char *text)
{
    size_t len = strlen(text);
    return value->shape == GJ_SHAPE_TEXT && value->text_len == len && (len == 0 || memcmp(value->text, text, len) == 0);
}
