/* Reaches the check of LMDB data files (page_file.c, check.c) and the manifest of a backup: bytes on a disk that
 * somebody else has had in hand. Whatever they are, the answer is an error, not a crash. */
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "store/internal.h"
#include "store/page_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("datafile", 0);
    require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct gj_fault fault = {.text = ""};
    enum gj_err err = gj_check_file(path, "main", true, &fault);
    require(err == GJ_OK || fault.text[0] != 0);
    struct gj_page_file file;
    static struct gj_page page;
    if (gj_page_file_read(&file, fd) == GJ_OK) {
        for (uint64_t n = 0; n * file.page_size < size && n < 64; n++) {
            if (gj_page_file_page(&file, n, &page) != GJ_OK) {
                continue;
            }
            for (unsigned i = 0; i < page.count; i++) {
                struct gj_page_node node = gj_page_node(&page, i);
                require(node.key >= page.bytes && node.key + node.key_len <= page.bytes + page.size);
            }
        }
    }
    close(fd);
    return 0;
}
