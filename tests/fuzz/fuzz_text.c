/* Reaches the UTF-8 and phone number routines: a cut text stays valid, widths add up, a phone number is a fixed point.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "common/text.h"

static void check_phone(const char *text, size_t size)
{
    char phone[GJ_TEXT_PHONE_SIZE];
    char again[GJ_TEXT_PHONE_SIZE];
    if (gj_text_phone(text, size, phone) == GJ_OK) {
        size_t len = strlen(phone);
        require(len >= 3 && len < sizeof phone);
        require(strspn(phone, "+#0123456789") == len);
        require(gj_text_phone(phone, len, again) == GJ_OK && strcmp(phone, again) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    if (size < 1) {
        return 0;
    }
    size_t limit = data[0];
    text++;
    size--;
    size_t trimmed_len = 0;
    const char *trimmed = gj_text_trim(text, size, &trimmed_len);
    require(trimmed >= text && trimmed + trimmed_len <= text + size);
    check_phone(text, size);
    size_t cut = gj_text_cut(text, size, limit);
    require(cut <= limit && cut <= size);
    size_t used = 0;
    size_t fit = gj_text_fit(text, size, limit, &used);
    require(used <= limit && fit <= size);
    if (gj_text_valid(text, size)) {
        require(gj_text_valid(text, cut) && gj_text_valid(text, fit));
        require(gj_text_width(text, fit) == used);
        require(gj_text_width(text, fit) + gj_text_width(text + fit, size - fit) == gj_text_width(text, size));
        require(gj_text_chars(text, size) <= size);
        require(gj_text_valid(trimmed, trimmed_len));
    }
    return 0;
}
