/* Reaches gj_conf_parse: every error names the file, every accepted value is within its range. */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <string.h>

#include "common/conf.h"

struct target {
    const char *text;
    uint64_t number;
    uint64_t bytes;
    uint64_t ms;
    bool flag;
};

static const struct gj_conf_option options[] = {
    {"text", GJ_CONF_TEXT, offsetof(struct target, text), "initial", 2, 10, "a text"},
    {"number", GJ_CONF_U64, offsetof(struct target, number), "5", 3, 1000, "a number"},
    {"bytes", GJ_CONF_BYTES, offsetof(struct target, bytes), "1 KiB", 10, 1 << 30, "a size"},
    {"ms", GJ_CONF_MS, offsetof(struct target, ms), "1 s", 0, 100000, "a duration"},
    {"flag", GJ_CONF_BOOL, offsetof(struct target, flag), "no", 0, 0, "a switch"},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct gj_conf_table table = {options, sizeof options / sizeof options[0]};
    struct gj_arena arena;
    struct gj_fault fault = {0};
    struct target got = {0};
    gj_arena_init(&arena, 1 << 20);
    enum gj_err err = gj_conf_parse(&table, (const char *)data, size, "seed.conf", &got, &arena, &fault);
    if (err == GJ_OK) {
        size_t len = strlen(got.text);
        require(len >= 2 && len <= 10);
        require(got.number >= 3 && got.number <= 1000);
        require(got.bytes >= 10 && got.bytes <= 1 << 30);
        require(got.ms <= 100000);
    } else {
        require(err == GJ_EINVAL && strncmp(fault.text, "seed.conf", 9) == 0);
    }
    gj_arena_fini(&arena);
    return 0;
}
