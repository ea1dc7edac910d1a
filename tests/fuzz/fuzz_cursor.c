/* Reaches gj_cursor and gj_writer: the input is read by a program that is the input itself;
 * what was read is written again and must be the same bytes. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "common/cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gj_cursor cur;
    struct gj_writer wr;
    struct gj_buf buf;
    gj_cursor_init(&cur, data, size);
    gj_buf_init(&buf, 2 * size + 16);
    gj_writer_init(&wr, &buf);
    bool canonical = true;
    while (gj_cursor_left(&cur) > 0) {
        uint8_t op = gj_cursor_u8(&cur);
        size_t len = 0;
        const uint8_t *before = cur.at;
        uint64_t number = 0;
        const uint8_t *blob = NULL;
        gj_writer_u8(&wr, op);
        switch (op % 8) {
        case 0:
            gj_writer_u16(&wr, gj_cursor_u16(&cur));
            break;
        case 1:
            gj_writer_u32(&wr, gj_cursor_u32(&cur));
            break;
        case 2:
            gj_writer_u64(&wr, gj_cursor_u64(&cur));
            break;
        case 3:
            gj_writer_i64(&wr, gj_cursor_i64(&cur));
            break;
        case 4:
            number = gj_cursor_varint(&cur);
            len = wr.len;
            gj_writer_varint(&wr, number);
            canonical = canonical && wr.len - len == (size_t)(cur.at - before);
            break;
        case 5:
            before = cur.at;
            blob = gj_cursor_blob(&cur, 64, &len);
            number = wr.len;
            gj_writer_blob(&wr, blob, len);
            canonical = canonical && wr.len - number == (size_t)(cur.at - before);
            break;
        case 6:
            blob = gj_cursor_bytes(&cur, op >> 3);
            gj_writer_bytes(&wr, blob, blob == NULL ? 0 : op >> 3);
            break;
        default:
            gj_writer_u8(&wr, gj_cursor_u8(&cur));
        }
    }
    require(gj_writer_done(&wr) == GJ_OK);
    if (gj_cursor_done(&cur) == GJ_OK && canonical) {
        require(buf.len == size && (size == 0 || memcmp(gj_buf_bytes(&buf), data, size) == 0));
    }
    gj_buf_fini(&buf);
    return 0;
}
