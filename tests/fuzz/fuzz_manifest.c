/* Reaches the parser of a backup's manifest: only what it would write itself is accepted. */
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/backup_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char dir[] = "/tmp/gj_fuzz_manifest_XXXXXX";
    if (dir[sizeof dir - 2] == 'X') {
        require(mkdtemp(dir) != NULL);
    }
    char path[128];
    snprintf(path, sizeof path, "%s/manifest", dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    close(fd);
    struct gj_backup_manifest manifest;
    struct gj_fault fault = {.text = ""};
    enum gj_err err = gj_backup_verify(dir, false, &manifest, &fault);
    require(err != GJ_OK && fault.text[0] != 0); /* there is nothing but a manifest */
    unlink(path);
    rmdir(dir);
    memset(dir + sizeof dir - 7, 'X', 6);
    return 0;
}
