#include "tests/common/check.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/limits.h"

struct target {
    const char *listen;
    const char *name;
    uint64_t workers;
    uint64_t map_size;
    uint64_t timeout_ms;
    bool demo;
};

static const struct gj_conf_option options[] = {
    {"listen", GJ_CONF_TEXT, offsetof(struct target, listen), NULL, 1, 64, "address and port"},
    {"name", GJ_CONF_TEXT, offsetof(struct target, name), "office", 0, 64, "shown name"},
    {"workers", GJ_CONF_U64, offsetof(struct target, workers), "2", 1, 16, "threads"},
    {"map_size", GJ_CONF_BYTES, offsetof(struct target, map_size), "64 MiB", 1 << 20, UINT64_MAX, "size of the map"},
    {"timeout", GJ_CONF_MS, offsetof(struct target, timeout_ms), "30 s", 0, 3600 * 1000, "how long to wait"},
    {"demo", GJ_CONF_BOOL, offsetof(struct target, demo), "no", 0, 0, "a store for showing"},
};
static const struct gj_conf_table table = {options, sizeof options / sizeof options[0]};

static enum gj_err parse(const char *text, struct target *target, struct gj_arena *arena, struct gj_fault *fault)
{
    memset(target, 0, sizeof *target);
    return gj_conf_parse(&table, text, strlen(text), "a.conf", target, arena, fault);
}

static void values_and_defaults(void **state)
{
    (void)state;
    struct gj_arena arena;
    struct target got;
    struct gj_fault fault;
    gj_arena_init(&arena, 1 << 20);
    check_ok(parse("listen = 127.0.0.1:7890\n", &got, &arena, &fault));
    assert_string_equal(got.listen, "127.0.0.1:7890");
    assert_string_equal(got.name, "office");
    assert_int_equal(got.workers, 2);
    assert_int_equal(got.map_size, 64 << 20);
    assert_int_equal(got.timeout_ms, 30000);
    assert_false(got.demo);
    check_ok(
        parse("# all of them\r\n\r\n  listen=x = y # not a comment\r\nname = 阳光花园\nworkers = 16\nmap_size=2GiB\n"
              "timeout = 1 h\ndemo = yes",
            &got, &arena, &fault));
    assert_string_equal(got.listen, "x = y # not a comment");
    assert_string_equal(got.name, "阳光花园");
    assert_int_equal(got.workers, 16);
    assert_true(got.map_size == UINT64_C(2) << 30);
    assert_int_equal(got.timeout_ms, 3600 * 1000);
    assert_true(got.demo);
    check_ok(parse("listen=x\nname=\ntimeout=0", &got, &arena, &fault));
    assert_string_equal(got.name, "");
    assert_int_equal(got.timeout_ms, 0);
    gj_arena_fini(&arena);
}

struct wrong {
    const char *text;
    const char *fault;
};

static void errors_name_file_line_and_option(void **state)
{
    (void)state;
    static const struct wrong wrongs[] = {
        {"", "a.conf: listen must be given"},
        {"listen", "a.conf:1: syntax: a line is 'key = value'"},
        {"\nlisten=x\nlisten=y", "a.conf:3: listen: given twice"},
        {"listen=x\ncolour=red", "a.conf:2: colour: no such option"},
        {"=x", "a.conf:1: : no such option"},
        {"workers=zwei", "a.conf:1: workers: a whole number is wanted"},
        {"workers=-1", "a.conf:1: workers: a whole number is wanted"},
        {"workers=2 s", "a.conf:1: workers: a whole number is wanted"},
        {"workers=0", "a.conf:1: workers: out of range: 1 to 16"},
        {"workers=17", "a.conf:1: workers: out of range: 1 to 16"},
        {"workers=99999999999999999999", "a.conf:1: workers: a whole number is wanted"},
        {"map_size=64 MB", "a.conf:1: map_size: a size is wanted, such as 64 MiB"},
        {"map_size=99999999999 TiB", "a.conf:1: map_size: a size is wanted, such as 64 MiB"},
        {"timeout=30", "a.conf:1: timeout: a duration is wanted, such as 30 s"},
        {"timeout=61 min", "a.conf:1: timeout: out of range: 0 to 3600000 ms"},
        {"demo=maybe", "a.conf:1: demo: yes or no is wanted"},
        {"listen=\xff", "a.conf:1: listen: the text is not valid UTF-8"},
        {"listen=", "a.conf:1: listen: the text's length must be 1 to 64 bytes"},
    };
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        struct gj_arena arena;
        struct target got;
        struct gj_fault fault = {0};
        gj_arena_init(&arena, 1 << 20);
        check_err(parse(wrongs[i].text, &got, &arena, &fault), GJ_EINVAL);
        assert_string_equal(fault.text, wrongs[i].fault);
        gj_arena_fini(&arena);
    }
}

static void a_line_without_end_is_refused(void **state)
{
    (void)state;
    static char text[GJ_CONF_LINE_MAX + 100];
    struct gj_arena arena;
    struct target got;
    struct gj_fault fault;
    memset(text, 'x', sizeof text - 1);
    gj_arena_init(&arena, 1 << 20);
    check_err(parse(text, &got, &arena, &fault), GJ_EINVAL);
    assert_string_equal(fault.text, "a.conf:1: syntax: the line is too long");
    gj_arena_fini(&arena);
}

static void the_command_line_comes_last(void **state)
{
    (void)state;
    char path[] = "/tmp/gj_conf.XXXXXX";
    struct gj_arena arena;
    struct target got;
    struct gj_fault fault;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "workers = 3\nname = file\n", 24), 24);
    const char *extra[] = {"listen=a", "workers = 5", "workers=6"};
    gj_arena_init(&arena, 1 << 20);
    check_ok(gj_conf_load(&table, path, extra, 3, &got, &arena, &fault));
    assert_int_equal(got.workers, 6);
    assert_string_equal(got.name, "file");
    check_err(gj_conf_load(&table, path, NULL, 0, &got, &arena, &fault), GJ_EINVAL);
    assert_non_null(strstr(fault.text, path));
    extra[1] = "workers=none";
    check_err(gj_conf_load(&table, path, extra, 3, &got, &arena, &fault), GJ_EINVAL);
    assert_string_equal(fault.text, "command line: workers: a whole number is wanted");
    extra[1] = "workers=1";
    check_ok(gj_conf_load(&table, NULL, extra, 2, &got, &arena, &fault));
    assert_string_equal(got.name, "office");
    check_err(gj_conf_load(&table, "/nonexistent.conf", extra, 2, &got, &arena, &fault), GJ_ENOTFOUND);
    assert_non_null(strstr(fault.text, "/nonexistent.conf"));
    static char huge[GJ_CONF_FILE_MAX + 1];
    memset(huge, '\n', sizeof huge);
    assert_int_equal(write(fd, huge, sizeof huge), (ssize_t)sizeof huge);
    check_err(gj_conf_load(&table, path, extra, 2, &got, &arena, &fault), GJ_ETOOBIG);
    close(fd);
    unlink(path);
    gj_arena_fini(&arena);
}

static void the_sample_file_is_valid_and_complete(void **state)
{
    (void)state;
    char *text = NULL;
    size_t len = 0;
    struct gj_arena arena;
    struct target got;
    struct gj_fault fault;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    gj_conf_print(&table, out);
    fputs("\nlisten = here\n", out);
    fclose(out);
    for (size_t i = 0; i < table.count; i++) {
        assert_non_null(strstr(text, options[i].name));
        assert_non_null(strstr(text, options[i].help));
    }
    gj_arena_init(&arena, 1 << 20);
    check_ok(parse(text, &got, &arena, &fault));
    gj_arena_fini(&arena);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_and_defaults),
        cmocka_unit_test(errors_name_file_line_and_option),
        cmocka_unit_test(a_line_without_end_is_refused),
        cmocka_unit_test(the_command_line_comes_last),
        cmocka_unit_test(the_sample_file_is_valid_and_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
