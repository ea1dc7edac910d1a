#include "common/policy/refusal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Copies as much as fits, never ending inside a character. */
static void copy_text(char *out, size_t size, const char *text)
{
    size_t len = strlen(text);
    if (len >= size) {
        len = size - 1;
        while (len > 0 && ((unsigned char)text[len] & 0xC0u) == 0x80u) {
            len--;
        }
    }
    memcpy(out, text, len);
    out[len] = '\0';
}

bool gj_refusal_set(struct gj_refusal *refusal, enum gj_refusal_code code, const char *field)
{
    *refusal = (struct gj_refusal){.code = code};
    copy_text(refusal->field, sizeof refusal->field, field == NULL ? "" : field);
    return false;
}

void gj_refusal_param(struct gj_refusal *refusal, const char *key, const char *value)
{
    if (refusal->param_count == GJ_REFUSAL_PARAM_SLOTS) {
        return;
    }
    struct gj_refusal_param *param = &refusal->params[refusal->param_count++];
    copy_text(param->key, sizeof param->key, key);
    copy_text(param->value, sizeof param->value, value);
}

void gj_refusal_param_int(struct gj_refusal *refusal, const char *key, int64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRId64, value);
    gj_refusal_param(refusal, key, text);
}

const char *gj_refusal_name(enum gj_refusal_code code)
{
    switch (code) {
#define REFUSAL_CASE(name, number, wire)                                                                               \
    case GJ_REFUSAL_##name:                                                                                            \
        return wire;
        GJ_REFUSAL_LIST(REFUSAL_CASE)
#undef REFUSAL_CASE
    }
    return "unknown";
}
