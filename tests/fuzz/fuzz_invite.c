/* Reaches gj_invite_parse: what is accepted prints to the same characters, white space apart. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "common/invite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[512];
    char bare[512];
    char again[GJ_INVITE_TEXT_SIZE];
    struct gj_invite invite;
    size_t len = size < sizeof text - 1 ? size : sizeof text - 1;
    memcpy(text, data, len);
    text[len] = '\0';
    if (gj_invite_parse(text, &invite) == GJ_OK) {
        size_t kept = 0;
        for (const char *at = text; *at != '\0'; at++) {
            if ((unsigned char)*at > ' ' && (unsigned char)*at < 0x80) {
                bare[kept++] = *at;
            }
        }
        bare[kept] = '\0';
        gj_invite_format(&invite, again);
        require(strcmp(again, bare) == 0);
    }
    return 0;
}
