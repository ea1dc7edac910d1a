/* Reaches gj_buf and gj_frame: the input is a stream, its first byte the size of the pieces it comes in.
 * Whatever the pieces, the same frames come out, and together they are the stream. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "common/frame.h"
#include "common/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    size_t piece = (size_t)data[0] + 1;
    const uint8_t *stream = data + 1;
    size_t left = size - 1;
    size_t taken = 0;
    struct gj_buf in;
    gj_buf_init(&in, GJ_CHANNEL_IN_MAX);
    enum gj_err err = GJ_AGAIN;
    for (size_t fed = 0; fed < left && err == GJ_AGAIN;) {
        size_t amount = left - fed < piece ? left - fed : piece;
        require(gj_buf_append(&in, stream + fed, amount) == GJ_OK);
        fed += amount;
        struct gj_frame frame;
        while ((err = gj_frame_next(&in, &frame)) == GJ_OK) {
            require(frame.len >= 1 && frame.len <= GJ_FRAME_MAX && frame.size == frame.len + GJ_FRAME_HEADER_SIZE);
            require(memcmp(frame.bytes, stream + taken + GJ_FRAME_HEADER_SIZE, frame.len) == 0);
            taken += frame.size;
            gj_buf_drop(&in, frame.size);
        }
        require(err == GJ_AGAIN || err == GJ_EINVAL);
        require(in.len == fed - taken);
    }
    gj_buf_fini(&in);
    return 0;
}
