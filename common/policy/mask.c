/* Masks (脱敏): how a personal value looks to those who may not open it. */
#include <string.h>

#include "common/policy/form.h"
#include "common/text.h"

struct masked {
    char *out;
    size_t size;
    size_t used;
};

static void put(struct masked *masked, const char *bytes, size_t len)
{
    if (masked->used + len < masked->size) {
        memcpy(masked->out + masked->used, bytes, len);
        masked->used += len;
        masked->out[masked->used] = '\0';
    }
}

/* Shows `head` and `tail` characters and a star for each one between; everything is hidden when too little would be. */
static void keep_ends(struct masked *masked, const char *text, size_t len, size_t head, size_t tail)
{
    size_t chars = gj_text_chars(text, len);
    bool hide_all = chars < head + tail + 2;
    const char *at = text;
    const char *end = text + len;
    for (size_t i = 0; i < chars; i++) {
        const char *begin = at;
        (void)gj_text_next(&at, end);
        bool shown = !hide_all && (i < head || i + tail >= chars);
        if (shown) {
            put(masked, begin, (size_t)(at - begin));
        } else {
            put(masked, "*", 1);
        }
    }
}

void gj_form_mask(enum gj_mask mask, const char *text, size_t len, char *out, size_t size)
{
    struct masked masked = {.out = out, .size = size};
    if (size == 0) {
        return;
    }
    out[0] = '\0';
    switch (mask) {
    case GJ_MASK_ALL:
        put(&masked, "***", 3);
        return;
    case GJ_MASK_PHONE:
        keep_ends(&masked, text, len, 3, 4);
        return;
    case GJ_MASK_NAME: {
        /* The family name's first character, and two stars whatever the length. */
        const char *at = text;
        (void)gj_text_next(&at, text + len);
        put(&masked, text, (size_t)(at - text));
        put(&masked, "**", 2);
        return;
    }
    case GJ_MASK_ID_NUMBER:
        keep_ends(&masked, text, len, 3, 2);
        return;
    case GJ_MASK_PLATE:
        keep_ends(&masked, text, len, 2, 1);
        return;
    }
}
