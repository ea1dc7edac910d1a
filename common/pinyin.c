#include "common/pinyin.h"

#include <string.h>

#include "common/pinyin_table.h"
#include "common/text.h"

#define TYPED_MIN 2

/* Characters that have another first letter when they begin a name. */
static const struct {
    const char *character;
    char letter;
} surnames[] = {{"单", 's'}, {"曾", 'z'}, {"仇", 'q'}, {"解", 'x'}, {"查", 'z'}, {"朴", 'p'}, {"区", 'o'}, {"盖", 'g'},
    {"乐", 'y'}, {"翟", 'z'}, {"覃", 'q'}, {"秘", 'b'}, {"折", 's'}, {"种", 'c'}, {"员", 'y'}, {"繁", 'p'}, {"召", 's'},
    {"洗", 'x'}, {"尉", 'y'}};

static char surname_letter(const char *character, size_t len)
{
    for (size_t i = 0; i < sizeof surnames / sizeof surnames[0]; i++) {
        if (strlen(surnames[i].character) == len && memcmp(surnames[i].character, character, len) == 0) {
            return surnames[i].letter;
        }
    }
    return '\0';
}

static char lower(uint32_t code)
{
    if (code >= 'A' && code <= 'Z') {
        return (char)(code - 'A' + 'a');
    }
    return code >= 'a' && code <= 'z' ? (char)code : '\0';
}

size_t gj_pinyin_initials(const char *name, size_t len, bool as_surname, char out[GJ_PINYIN_MAX + 1])
{
    const char *at = name;
    const char *end = name + len;
    bool in_word = false;
    size_t count = 0;

    while (at < end && count < GJ_PINYIN_MAX) {
        const char *begin = at;
        uint32_t code = gj_text_next(&at, end);
        char letter = lower(code);
        bool latin = letter != '\0';

        if (code >= GJ_PINYIN_FIRST && code < GJ_PINYIN_FIRST + GJ_PINYIN_COUNT) {
            letter = gj_pinyin_letters[code - GJ_PINYIN_FIRST];
            char other = count == 0 && as_surname ? surname_letter(begin, (size_t)(at - begin)) : '\0';
            letter = other != '\0' ? other : letter;
            if (letter == '-') {
                out[0] = '\0';
                return 0;
            }
        }
        if (letter != '\0' && !(latin && in_word)) {
            out[count++] = letter;
        }
        in_word = latin;
    }
    out[count] = '\0';
    return count;
}

bool gj_pinyin_typed(const char *text, size_t len, char out[GJ_PINYIN_MAX + 1])
{
    out[0] = '\0';
    if (len < TYPED_MIN || len > GJ_PINYIN_MAX) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        out[i] = lower((unsigned char)text[i]);
        if (out[i] == '\0') {
            return false;
        }
    }
    out[len] = '\0';
    return true;
}
