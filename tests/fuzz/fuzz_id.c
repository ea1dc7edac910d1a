/* Reaches gj_id_parse: what is accepted prints to something that is accepted as the same id. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "common/id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[256];
    char again[GJ_ID_TEXT_SIZE];
    uint64_t id = 0;
    uint64_t same = 0;
    size_t len = size < sizeof text - 1 ? size : sizeof text - 1;
    memcpy(text, data, len);
    text[len] = '\0';
    enum gj_err err = gj_id_parse(text, 'T', &id);
    require(err == GJ_OK || err == GJ_EINVAL || err == GJ_ECORRUPT);
    if (err == GJ_OK) {
        require(id != 0);
        gj_id_format(id, 'T', again);
        require(gj_id_parse(again, 'T', &same) == GJ_OK && same == id);
    }
    uint8_t bytes[16];
    if (gj_id_unhex(text, strlen(text), bytes, sizeof bytes) == GJ_OK) {
        char hex[33];
        gj_id_hex(bytes, sizeof bytes, hex);
        require(strcasecmp(hex, text) == 0);
    }
    return 0;
}
