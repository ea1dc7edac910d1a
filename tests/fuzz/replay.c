/* Runs a fuzz target on every file of the folders given: the seeds, and what once crashed. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <string.h>

#define INPUT_MAX (1 << 20)

static void run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    /* Exactly as large as the input, so that a sanitizer sees a read beyond it. */
    uint8_t *bytes = malloc(INPUT_MAX);
    require(file != NULL && bytes != NULL);
    size_t len = fread(bytes, 1, INPUT_MAX, file);
    uint8_t *exact = malloc(len == 0 ? 1 : len);
    require(exact != NULL);
    memcpy(exact, bytes, len);
    free(bytes);
    fclose(file);
    fprintf(stderr, "%s\n", path);
    LLVMFuzzerTestOneInput(exact, len);
    free(exact);
}

int main(int argc, char **argv)
{
    unsigned count = 0;
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        if (folder == NULL) {
            fprintf(stderr, "%s is not a folder of seeds\n", argv[i]);
            return 1;
        }
        for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
            char path[4096];
            if (entry->d_name[0] != '.') {
                snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
                run_file(path);
                count++;
            }
        }
        closedir(folder);
    }
    fprintf(stderr, "%u inputs\n", count);
    return count == 0;
}
