/* Reaches gj_entry_decode: what it accepts is canonical, and what is encoded is accepted. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "store/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gj_entry entry, again;
    size_t used = 0, used_again = 0;
    if (gj_entry_decode(data, size, &entry, &used) != GJ_OK) {
        return 0;
    }
    uint8_t bytes[GJ_ENTRY_MAX];
    require(used <= size && used <= GJ_ENTRY_MAX);
    require(gj_entry_encode(&entry, bytes) == used);
    require(memcmp(bytes, data, used) == 0);
    require(gj_entry_decode(bytes, used, &again, &used_again) == GJ_OK && used_again == used);
    for (size_t cut = 0; cut < used; cut++) {
        require(gj_entry_decode(bytes, cut, &again, &used_again) == GJ_EINVAL);
    }
    return 0;
}
