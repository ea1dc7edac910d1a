/* Reaches gj_keyfile_parse: a secret is given only for the very bytes that gj_keyfile_write makes. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "common/keyfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t secret[GJ_KEYFILE_SECRET_SIZE];
    struct gj_fault fault = {0};
    memset(secret, 0xEE, sizeof secret);
    enum gj_err err = gj_keyfile_parse((const char *)data, size, "device", secret, &fault);
    if (err == GJ_OK) {
        require(size == 14 + 12 + 72 + 23);
        require(memcmp(data, "guanjia-key 1\nkind device\nsecret ", 33) == 0);
    } else {
        require(err == fault.err && fault.text[0] != '\0');
        for (size_t i = 0; i < sizeof secret; i++) {
            require(secret[i] == 0xEE);
        }
    }
    return 0;
}
