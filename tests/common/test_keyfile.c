#include "tests/common/check.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fail.h"
#include "common/keyfile.h"
#include "common/limits.h"

static char folder[64];
static char path[96];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/gj_keyfile.XXXXXX");
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/key", folder);
    return 0;
}

/* How many files are in the folder; removes them when asked. */
static unsigned files(bool clear)
{
    unsigned count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (entry->d_name[0] != '.') {
            char name[400];
            snprintf(name, sizeof name, "%s/%s", folder, entry->d_name);
            count++;
            if (clear) {
                unlink(name);
            }
        }
    }
    closedir(dir);
    return count;
}

static int remove_folder(void **state)
{
    (void)state;
    files(true);
    return rmdir(folder);
}

static void put_text(const char *text, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), (ssize_t)len);
    close(fd);
}

static size_t get_text(char *out, size_t cap)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t len = fread(out, 1, cap, file);
    fclose(file);
    return len;
}

static void a_key_is_written_once_and_read(void **state)
{
    (void)state;
    struct gj_keypair pair;
    struct gj_keypair got;
    struct gj_fault fault;
    struct stat st;
    gj_noise_keypair_new(&pair);
    check_ok(gj_keyfile_write_pair(path, "device", &pair, &fault));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(files(false), 1);
    check_ok(gj_keyfile_read_pair(path, "device", &got, &fault));
    assert_memory_equal(&got, &pair, sizeof pair);
    check_err(gj_keyfile_write_pair(path, "device", &pair, &fault), GJ_EEXIST);
    assert_non_null(strstr(fault.text, path));
    assert_int_equal(files(false), 1); /* no temporary file is left */
    check_err(gj_keyfile_read_pair(path, "server", &got, &fault), GJ_EINVAL);
    assert_non_null(strstr(fault.text, "server"));
}

static void a_key_that_others_may_read_is_refused(void **state)
{
    (void)state;
    uint8_t secret[GJ_KEYFILE_SECRET_SIZE] = {1};
    struct gj_fault fault;
    check_ok(gj_keyfile_write(path, "master", secret, &fault));
    for (unsigned bit = 0; bit < 6; bit++) {
        assert_int_equal(chmod(path, 0600 | 1u << bit), 0);
        check_err(gj_keyfile_read(path, "master", secret, &fault), GJ_EDENIED);
    }
    assert_non_null(strstr(fault.text, "chmod 600"));
    /* Except in the folder that systemd guards for us. */
    setenv("CREDENTIALS_DIRECTORY", folder, 1);
    check_ok(gj_keyfile_read(path, "master", secret, &fault));
    setenv("CREDENTIALS_DIRECTORY", "/tmp/gj_key", 1); /* a prefix is not the folder */
    check_err(gj_keyfile_read(path, "master", secret, &fault), GJ_EDENIED);
    unsetenv("CREDENTIALS_DIRECTORY");
    check_err(gj_keyfile_read(folder, "master", secret, &fault), GJ_EDENIED);
}

static void a_missing_path_is_named(void **state)
{
    (void)state;
    uint8_t secret[GJ_KEYFILE_SECRET_SIZE];
    struct gj_fault fault;
    check_err(gj_keyfile_read("/nonexistent/key", "master", secret, &fault), GJ_ENOTFOUND);
    assert_non_null(strstr(fault.text, "/nonexistent/key"));
    check_err(gj_keyfile_write("/nonexistent/key", "master", secret, &fault), GJ_ENOTFOUND);
}

static void every_changed_byte_is_found(void **state)
{
    (void)state;
    uint8_t secret[GJ_KEYFILE_SECRET_SIZE] = {1, 2, 3};
    uint8_t got[GJ_KEYFILE_SECRET_SIZE];
    char text[GJ_KEYFILE_MAX];
    check_ok(gj_keyfile_write(path, "master", secret, NULL));
    size_t len = get_text(text, sizeof text);
    check_ok(gj_keyfile_parse(text, len, "master", got, NULL));
    for (size_t at = 0; at < len; at++) {
        text[at] ^= 1;
        memset(got, 0xEE, sizeof got);
        enum gj_err err = gj_keyfile_parse(text, len, "master", got, NULL);
        assert_true(err == GJ_ECORRUPT || err == GJ_EVERSION);
        assert_int_equal(got[0], 0xEE);
        text[at] ^= 1;
        check_err(gj_keyfile_parse(text, at, "master", got, NULL), at < 14 && at >= 12 ? GJ_EVERSION : GJ_ECORRUPT);
    }
    char more[GJ_KEYFILE_MAX + 10];
    memset(more, 'x', sizeof more);
    memcpy(more, text, len);
    check_err(gj_keyfile_parse(more, len + 1, "master", got, NULL), GJ_ECORRUPT);
    put_text(more, sizeof more);
    check_err(gj_keyfile_read(path, "master", got, NULL), GJ_ECORRUPT);
    put_text("guanjia-key 2\nkind master\n", 26);
    check_err(gj_keyfile_read(path, "master", got, NULL), GJ_EVERSION);
}

static void replacing_is_whole_or_not_at_all(void **state)
{
    (void)state;
    char text[100];
    check_ok(gj_keyfile_replace(path, "old", 3, NULL));
    check_ok(gj_keyfile_replace(path, "newer", 5, NULL));
    assert_int_equal(get_text(text, sizeof text), 5);
    assert_memory_equal(text, "newer", 5);
    assert_int_equal(files(false), 1);
#ifdef GJ_FAULTS
    const enum gj_err expected[] = {GJ_ENOSPC, GJ_EIO, GJ_EIO};
    for (uint64_t nth = 1;; nth++) {
        struct gj_fault fault = {0};
        gj_fail_arm("keyfile.", nth, false);
        enum gj_err err = gj_keyfile_replace(path, "newest", 6, &fault);
        if (!gj_fail_disarm()) {
            check_ok(err);
            assert_int_equal(nth, 4);
            break;
        }
        assert_true(nth <= 3);
        check_err(err, expected[nth - 1]);
        size_t len = get_text(text, sizeof text);
        /* Only the folder's sync comes after the rename. */
        assert_int_equal(len, nth == 3 ? 6 : 5);
        assert_int_equal(files(false), 1);
    }
#endif
}

int main(void)
{
#define ON_DISK(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        ON_DISK(a_key_is_written_once_and_read),
        ON_DISK(a_key_that_others_may_read_is_refused),
        cmocka_unit_test(a_missing_path_is_named),
        ON_DISK(every_changed_byte_is_found),
        ON_DISK(replacing_is_whole_or_not_at_all),
    };
    check_ok(gj_noise_start());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
