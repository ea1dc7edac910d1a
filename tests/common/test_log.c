#include "tests/common/check.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/limits.h"
#include "common/log.h"

static void check_line(const struct gj_log_field *fields, uint64_t suppressed, const char *wanted)
{
    char line[GJ_LOG_LINE_MAX];
    size_t len = gj_log_build(line, sizeof line, GJ_LOG_WARN, "area.what", fields, suppressed);
    assert_int_equal(len, strlen(line));
    assert_string_equal(line, wanted);
}

#define FIELDS(...) ((const struct gj_log_field[]){__VA_ARGS__, {.key = NULL}})

static void values_are_typed(void **state)
{
    (void)state;
    check_line(FIELDS(GJ_LOG_U64("n", UINT64_MAX)), 0, "<4>area.what n=18446744073709551615\n");
    check_line(FIELDS(GJ_LOG_I64("n", -5), GJ_LOG_ERR(GJ_EIO)), 0, "<4>area.what n=-5 err=GJ_EIO\n");
    check_line(FIELDS(GJ_LOG_HEX("key", "\x01\xff", 2)), 0, "<4>area.what key=01ff\n");
    check_line(FIELDS(GJ_LOG_CODE("state", "open")), 7, "<4>area.what suppressed=7 state=open\n");
    check_line(FIELDS(GJ_LOG_CODE("path", "/a b"), GJ_LOG_CODE("e", ""), GJ_LOG_CODE("n", NULL)), 0,
        "<4>area.what path=\"/a b\" e=\"\" n=\"\"\n");
}

static void a_value_cannot_forge_a_line(void **state)
{
    (void)state;
    check_line(FIELDS(GJ_LOG_CODE("a", "x\n<0>forged y=1")), 0, "<4>area.what a=\"x\\x0a<0>forged y=1\"\n");
    check_line(FIELDS(GJ_LOG_CODE("a", "q\" b=\"\\")), 0, "<4>area.what a=\"q\\x22 b=\\x22\\x5c\"\n");
    check_line(FIELDS(GJ_LOG_CODE("a", "管")), 0, "<4>area.what a=\\xe7\\xae\\xa1\n");
}

static void a_long_line_is_cut_at_a_field(void **state)
{
    (void)state;
    char word[129];
    char line[64];
    memset(word, 'w', 128);
    word[128] = '\0';
    const struct gj_log_field fields[] = {GJ_LOG_U64("n", 1), GJ_LOG_CODE("long", word), {.key = NULL}};
    size_t len = gj_log_build(line, sizeof line, GJ_LOG_INFO, "a.b", fields, 0);
    assert_string_equal(line, "<6>a.b n=1 cut=1\n");
    assert_int_equal(len, strlen(line));
    char full[GJ_LOG_LINE_MAX];
    struct gj_log_field many[40];
    for (size_t i = 0; i < 39; i++) {
        many[i] = GJ_LOG_CODE("long", word);
    }
    many[39].key = NULL;
    len = gj_log_build(full, sizeof full, GJ_LOG_INFO, "a.b", many, 0);
    assert_true(len < sizeof full && strcmp(full + len - 7, " cut=1\n") == 0);
}

/* Reads what was logged while `fds` was the output. */
static size_t drain(const int fds[2], char *out, size_t cap)
{
    size_t len = 0;
    ssize_t got;
    while (len < cap - 1 && (got = read(fds[0], out + len, cap - 1 - len)) > 0) {
        len += (size_t)got;
    }
    out[len] = '\0';
    return len;
}

static unsigned count_lines(const char *text, const char *event)
{
    unsigned count = 0;
    for (const char *at = strstr(text, event); at != NULL; at = strstr(at + 1, event)) {
        count++;
    }
    return count;
}

static void levels_faults_and_floods(void **state)
{
    (void)state;
    static char text[65536];
    int fds[2];
    struct gj_fault fault;
    assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
    gj_log_set_fd(fds[1]);
    gj_log(GJ_LOG_DEBUG, "test.hidden");
    gj_log(GJ_LOG_INFO, "test.seen", GJ_LOG_U64("n", 1));
    gj_log_set_level(GJ_LOG_DEBUG);
    gj_log(GJ_LOG_DEBUG, "test.debug");
    gj_log_set_level(GJ_LOG_INFO);
    gj_fault_set(&fault, GJ_EINVAL, "a.conf:3: listen: wrong\nsecond");
    gj_log_fault("start.failed", &fault);
    drain(fds, text, sizeof text);
    assert_string_equal(
        text, "<6>test.seen n=1\n<7>test.debug\n<3>start.failed err=GJ_EINVAL: a.conf:3: listen: wrong second\n");

    for (unsigned i = 0; i < 1000; i++) {
        gj_log(GJ_LOG_WARN, "test.flood", GJ_LOG_U64("n", i));
    }
    gj_log(GJ_LOG_WARN, "test.other");
    drain(fds, text, sizeof text);
    unsigned lines = count_lines(text, "test.flood");
    assert_true(lines >= GJ_LOG_RATE_PER_S && lines <= 2 * GJ_LOG_RATE_PER_S); /* a second may turn meanwhile */
    assert_int_equal(count_lines(text, "test.other"), 1);
    usleep(1100 * 1000);
    gj_log(GJ_LOG_WARN, "test.flood");
    drain(fds, text, sizeof text);
    char wanted[64];
    if (strstr(text, "suppressed=") != NULL) {
        snprintf(wanted, sizeof wanted, "<4>test.flood suppressed=%u\n", 1000 - lines);
        /* Where the second turned in the flood, part of the count was printed then. */
        assert_true(lines > GJ_LOG_RATE_PER_S || strcmp(text, wanted) == 0);
    } else {
        fail_msg("the suppressed lines were not counted: %s", text);
    }
    gj_log_set_fd(-1);
    gj_log(GJ_LOG_ERROR, "test.silent");
    assert_int_equal(drain(fds, text, sizeof text), 0);
    close(fds[0]);
    close(fds[1]);
}

static void *log_many(void *arg)
{
    static const char *const events[] = {"thread.a", "thread.b", "thread.c", "thread.d"};
    const size_t *number = arg;
    for (unsigned i = 0; i < GJ_LOG_RATE_PER_S; i++) {
        gj_log(GJ_LOG_INFO, events[*number], GJ_LOG_U64("n", i), GJ_LOG_CODE("word", "wwwwwwwwwwwwwwwwwwwwwwwwwwww"));
    }
    return NULL;
}

static void lines_of_many_threads_stay_whole(void **state)
{
    (void)state;
    static char text[65536];
    pthread_t threads[4];
    size_t numbers[4] = {0, 1, 2, 3};
    int fds[2];
    assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
    gj_log_set_fd(fds[1]);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, log_many, &numbers[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    drain(fds, text, sizeof text);
    unsigned lines = 0;
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        char letter = 0;
        unsigned n = 0;
        int used = 0;
        sscanf(line, "<6>thread.%c n=%u word=wwwwwwwwwwwwwwwwwwwwwwwwwwww%n", &letter, &n, &used);
        assert_int_equal(used, (int)strlen(line));
        lines++;
    }
    assert_int_equal(lines, 4 * GJ_LOG_RATE_PER_S);
    gj_log_set_fd(-1);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_typed),
        cmocka_unit_test(a_value_cannot_forge_a_line),
        cmocka_unit_test(a_long_line_is_cut_at_a_field),
        cmocka_unit_test(levels_faults_and_floods),
        cmocka_unit_test(lines_of_many_threads_stay_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
