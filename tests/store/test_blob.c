#include "tests/store/fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include "common/fail.h"
#include "common/limits.h"
#include "store/blob.h"

static const uint8_t key[32] = {5, 5, 5};
static uint8_t room[GJ_BLOB_CHUNK];

static struct gj_blob *open_blob(struct fixture *f)
{
    struct gj_blob *blob = NULL;
    check_ok(gj_blob_open(f->store, &blob, NULL));
    return blob;
}

static uint8_t byte_at(uint64_t offset)
{
    return (uint8_t)(offset * 31 + offset / 251);
}

static void fill_room(uint64_t offset, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        room[i] = byte_at(offset + i);
    }
}

static struct gj_blob_job job_of(enum gj_blob_op op)
{
    struct gj_blob_job job = {.op = op, .data = room, .max = sizeof room};
    memcpy(job.key, key, sizeof key);
    return job;
}

static uint64_t begin(struct gj_blob *blob, uint64_t size)
{
    struct gj_blob_job job = job_of(GJ_BLOB_BEGIN);
    job.size_bytes = size;
    check_ok(gj_blob_run(blob, &job));
    assert_int_equal(job.key[0], 0); /* wiped */
    return job.upload;
}

static enum gj_err write_at(struct gj_blob *blob, uint64_t upload, uint64_t offset, size_t len)
{
    struct gj_blob_job job = job_of(GJ_BLOB_WRITE);
    fill_room(offset, len);
    job.upload = upload;
    job.offset = offset;
    job.len = len;
    return gj_blob_run(blob, &job);
}

static enum gj_err finish(struct gj_blob *blob, uint64_t upload, struct gj_blob_name *name)
{
    struct gj_blob_job job = job_of(GJ_BLOB_FINISH);
    job.upload = upload;
    enum gj_err err = gj_blob_run(blob, &job);
    *name = job.name;
    return err;
}

static struct gj_blob_name upload(struct gj_blob *blob, uint64_t size)
{
    uint64_t handle = begin(blob, size);
    for (uint64_t offset = 0; offset < size; offset += GJ_BLOB_CHUNK) {
        size_t len = size - offset < GJ_BLOB_CHUNK ? (size_t)(size - offset) : GJ_BLOB_CHUNK;
        check_ok(write_at(blob, handle, offset, len));
    }
    struct gj_blob_name name;
    check_ok(finish(blob, handle, &name));
    return name;
}

static enum gj_err read_at(struct gj_blob *blob, const struct gj_blob_name *name, uint64_t offset, size_t *len)
{
    struct gj_blob_job job = job_of(GJ_BLOB_READ);
    memset(room, 0, sizeof room);
    job.name = *name;
    job.offset = offset;
    enum gj_err err = gj_blob_run(blob, &job);
    *len = job.len;
    return err;
}

static void expect_content(struct gj_blob *blob, const struct gj_blob_name *name, uint64_t size)
{
    for (uint64_t offset = 0; offset < size; offset += GJ_BLOB_CHUNK) {
        size_t len = 0;
        check_ok(read_at(blob, name, offset, &len));
        assert_int_equal(len, size - offset < GJ_BLOB_CHUNK ? size - offset : GJ_BLOB_CHUNK);
        for (size_t i = 0; i < len; i += 97) {
            assert_int_equal(room[i], byte_at(offset + i));
        }
    }
}

static void file_path(struct fixture *f, const struct gj_blob_name *name, char out[256])
{
    char relative[80];
    gj_blob_path(name, relative);
    fixture_path(f, relative, out);
}

static void files_of_every_length_come_back(void **state)
{
    struct fixture *f = *state;
    struct gj_blob *blob = open_blob(f);
    static const uint64_t sizes[] = {
        1, 1000, GJ_BLOB_CHUNK - 1, GJ_BLOB_CHUNK, GJ_BLOB_CHUNK + 1, 5 * GJ_BLOB_CHUNK, 1000000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct gj_blob_name name = upload(blob, sizes[i]);
        expect_content(blob, &name, sizes[i]);
        char path[256];
        file_path(f, &name, path);
        int fd = open(path, O_RDONLY);
        struct stat st;
        assert_int_equal(fstat(fd, &st), 0);
        uint8_t *bytes = malloc((size_t)st.st_size), hash[32];
        assert_int_equal(read(fd, bytes, (size_t)st.st_size), st.st_size);
        close(fd);
        crypto_hash_sha256(hash, bytes, (size_t)st.st_size);
        assert_memory_equal(hash, name.bytes, 32); /* the name is the hash of the ciphertext */
        fill_room(0, 900);
        assert_true(sizes[i] < 900 || memmem(bytes, (size_t)st.st_size, room, 900) == NULL);
        free(bytes);
    }
    gj_blob_close(blob);
}

static void chunks_may_be_read_in_any_order(void **state)
{
    struct fixture *f = *state;
    struct gj_blob *blob = open_blob(f);
    struct gj_blob_name a = upload(blob, 6 * GJ_BLOB_CHUNK - 5), b = upload(blob, 3 * GJ_BLOB_CHUNK);
    srand(4);
    for (unsigned round = 0; round < 100; round++) {
        const struct gj_blob_name *name = rand() % 3 == 0 ? &b : &a;
        uint64_t offset = (uint64_t)(rand() % (name == &b ? 3 : 6)) * GJ_BLOB_CHUNK;
        size_t len = 0;
        check_ok(read_at(blob, name, offset, &len));
        assert_int_equal(room[7], byte_at(offset + 7));
        assert_int_equal(room[len - 1], byte_at(offset + len - 1));
    }
    size_t len = 0;
    assert_int_equal(read_at(blob, &a, 6 * GJ_BLOB_CHUNK, &len), GJ_EINVAL);
    assert_int_equal(read_at(blob, &a, 17, &len), GJ_EINVAL);
    gj_blob_close(blob);
}

static void wrong_chunks_are_refused(void **state)
{
    struct fixture *f = *state;
    struct gj_blob *blob = open_blob(f);
    struct gj_blob_name name;
    struct gj_blob_job job = job_of(GJ_BLOB_BEGIN);
    assert_int_equal(gj_blob_run(blob, &job), GJ_EINVAL); /* nothing to store */
    job.size_bytes = GJ_BLOB_MAX_BYTES + 1;
    assert_int_equal(gj_blob_run(blob, &job), GJ_ETOOBIG);
    uint64_t handle = begin(blob, GJ_BLOB_CHUNK + 10);
    assert_int_equal(write_at(blob, handle, GJ_BLOB_CHUNK, 10), GJ_EINVAL);
    assert_int_equal(write_at(blob, handle, 0, 10), GJ_EINVAL);
    check_ok(write_at(blob, handle, 0, GJ_BLOB_CHUNK));
    assert_int_equal(write_at(blob, handle, 0, GJ_BLOB_CHUNK), GJ_EINVAL);
    assert_int_equal(write_at(blob, handle, GJ_BLOB_CHUNK, 11), GJ_EINVAL);
    assert_int_equal(finish(blob, handle, &name), GJ_EINVAL);
    assert_int_equal(write_at(blob, handle ^ 1, GJ_BLOB_CHUNK, 10), GJ_ENOTFOUND);
    check_ok(write_at(blob, handle, GJ_BLOB_CHUNK, 10));
    check_ok(finish(blob, handle, &name));
    assert_int_equal(finish(blob, handle, &name), GJ_ENOTFOUND);
    gj_blob_close(blob);
}

static void altered_files_and_other_keys_are_told(void **state)
{
    struct fixture *f = *state;
    struct gj_blob *blob = open_blob(f);
    const uint64_t size = 2 * GJ_BLOB_CHUNK + 100;
    struct gj_blob_name name = upload(blob, size), other;
    char path[256];
    file_path(f, &name, path);
    size_t len = 0;
    struct gj_blob_job job = job_of(GJ_BLOB_READ);
    job.name = name;
    job.key[0] ^= 1;
    assert_int_equal(gj_blob_run(blob, &job), GJ_ECRYPTO);
    memset(&other, 1, sizeof other);
    assert_int_equal(read_at(blob, &other, 0, &len), GJ_ENOTFOUND);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    static const off_t places[] = {0, 5, 14, 20, 60, GJ_BLOB_CHUNK + 80};
    for (size_t i = 0; i < 6; i++) {
        uint8_t byte = 0;
        int fd = open(path, O_RDWR);
        assert_int_equal(pread(fd, &byte, 1, places[i]), 1);
        byte ^= 0x10;
        assert_int_equal(pwrite(fd, &byte, 1, places[i]), 1);
        uint64_t offset = places[i] > GJ_BLOB_CHUNK ? GJ_BLOB_CHUNK : 0;
        assert_int_equal(read_at(blob, &name, offset, &len), GJ_ECRYPTO);
        assert_int_equal(len, 0);
        byte ^= 0x10;
        assert_int_equal(pwrite(fd, &byte, 1, places[i]), 1);
        close(fd);
    }
    expect_content(blob, &name, size);
    assert_int_equal(truncate(path, st.st_size - 50), 0);
    assert_int_equal(read_at(blob, &name, 2 * GJ_BLOB_CHUNK, &len), GJ_ECRYPTO);
    gj_blob_close(blob);
}

static unsigned count_tmp(struct fixture *f)
{
    char path[256];
    unsigned count = 0;
    fixture_path(f, "blob/tmp", path);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        count += entry->d_name[0] != '.';
    }
    closedir(dir);
    return count;
}

static void unfinished_uploads_leave_nothing(void **state)
{
    struct fixture *f = *state;
    struct gj_blob *blob = open_blob(f);
    uint64_t handle = begin(blob, 10);
    begin(blob, 10);
    assert_int_equal(count_tmp(f), 2);
    struct gj_blob_job job = job_of(GJ_BLOB_ABANDON);
    job.upload = handle;
    check_ok(gj_blob_run(blob, &job));
    assert_int_equal(gj_blob_run(blob, &job), GJ_ENOTFOUND);
    assert_int_equal(count_tmp(f), 1);
    gj_blob_close(blob);
    assert_int_equal(count_tmp(f), 0);
    char path[256];
    fixture_path(f, "blob/tmp/left-by-a-crash", path);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    blob = open_blob(f);
    assert_int_equal(count_tmp(f), 0);
    gj_blob_close(blob);
}

static void the_number_of_uploads_is_bounded(void **state)
{
    struct fixture *f = *state;
    struct gj_blob *blob = open_blob(f);
    for (unsigned i = 0; i < GJ_BLOB_UPLOADS; i++) {
        begin(blob, 10);
    }
    struct gj_blob_job job = job_of(GJ_BLOB_BEGIN);
    job.size_bytes = 10;
    assert_int_equal(gj_blob_run(blob, &job), GJ_EBUSY);
    gj_blob_close(blob);
}

/* ---- the thread ---- */

static pthread_mutex_t done_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t done_wake = PTHREAD_COND_INITIALIZER;
static unsigned done_count;
static bool gate_open;

static void on_done(struct gj_blob_job *job)
{
    pthread_mutex_lock(&done_lock);
    while (!gate_open) {
        pthread_cond_wait(&done_wake, &done_lock);
    }
    assert_int_equal((uintptr_t)job->owner, done_count); /* in the order given */
    done_count++;
    pthread_cond_broadcast(&done_wake);
    pthread_mutex_unlock(&done_lock);
}

static void set_gate(bool open)
{
    pthread_mutex_lock(&done_lock);
    gate_open = open;
    pthread_cond_broadcast(&done_wake);
    pthread_mutex_unlock(&done_lock);
}

static void jobs_are_done_in_order_and_the_queue_is_bounded(void **state)
{
    struct fixture *f = *state;
    struct gj_blob *blob = open_blob(f);
    enum { MORE = GJ_BLOB_QUEUE + 20 };
    static struct gj_blob_job jobs[MORE];
    done_count = 0;
    set_gate(false);
    unsigned accepted = 0;
    enum gj_err err = GJ_OK;
    while (accepted < MORE) {
        jobs[accepted] = job_of(GJ_BLOB_REMOVE);
        jobs[accepted].owner = (void *)(uintptr_t)accepted;
        jobs[accepted].on_done = on_done;
        if ((err = gj_blob_submit(blob, &jobs[accepted])) != GJ_OK) {
            break;
        }
        accepted++;
    }
    assert_int_equal(err, GJ_EBUSY);
    assert_true(accepted == GJ_BLOB_QUEUE || accepted == GJ_BLOB_QUEUE + 1); /* one is in the thread's hand */
    set_gate(true);
    gj_blob_close(blob); /* finishes what was queued */
    assert_int_equal(done_count, accepted);
    for (unsigned i = 0; i < accepted; i++) {
        check_ok(jobs[i].err);
    }
}

static void an_upload_that_begins_lets_go_of_orphans(void **state)
{
    struct fixture *f = *state;
    struct gj_blob *blob = open_blob(f);
    struct gj_blob_name orphan = upload(blob, 100);
    struct gj_blob_name fresh = upload(blob, 100);
    char path[256];
    file_path(f, &orphan, path);
    struct utimbuf old = {1000, 1000};
    assert_int_equal(utime(path, &old), 0);
    struct gj_blob_job job = job_of(GJ_BLOB_BEGIN);
    job.size_bytes = 100;
    job.owner = 0;
    job.on_done = on_done;
    done_count = 0;
    set_gate(true);
    check_ok(gj_blob_submit(blob, &job));
    gj_blob_close(blob);
    check_ok(job.err);
    assert_int_equal(access(path, F_OK), -1);
    file_path(f, &fresh, path);
    assert_int_equal(access(path, F_OK), 0);
}

static void orphans_are_swept_and_named_files_stay(void **state)
{
    struct fixture *f = *state;
    struct gj_blob *blob = open_blob(f);
    struct gj_blob_name names[20];
    for (unsigned i = 0; i < 20; i++) {
        names[i] = upload(blob, 100);
        char path[256];
        file_path(f, &names[i], path);
        struct utimbuf old = {1000, 1000};
        if (i != 3) { /* one is fresh: its command may be on the way */
            assert_int_equal(utime(path, &old), 0);
        }
    }
    struct gj_txn *txn = fixture_write(f);
    for (unsigned i = 10; i < 20; i++) {
        struct gj_key row = gj_blob_key(&names[i]);
        gj_txn_put(txn, GJ_TABLE_ATTACHMENT, &row, "named", 5);
    }
    fixture_commit(txn);
    txn = fixture_read(f);
    unsigned total = 0;
    for (unsigned round = 0; round < 20; round++) {
        unsigned removed = 0;
        check_ok(gj_blob_sweep(blob, txn, 2, &removed));
        assert_true(removed <= 2);
        total += removed;
    }
    gj_txn_abort(txn);
    assert_int_equal(total, 9);
    for (unsigned i = 0; i < 20; i++) {
        char path[256];
        file_path(f, &names[i], path);
        assert_int_equal(access(path, F_OK) == 0, i == 3 || i >= 10);
    }
    struct gj_blob_job job = job_of(GJ_BLOB_REMOVE);
    job.name = names[12];
    check_ok(gj_blob_run(blob, &job));
    size_t len = 0;
    assert_int_equal(read_at(blob, &names[12], 0, &len), GJ_ENOTFOUND);
    gj_blob_close(blob);
}

static enum gj_err try_upload(struct gj_blob *blob, struct gj_blob_name *name)
{
    struct gj_blob_job job = job_of(GJ_BLOB_BEGIN);
    job.size_bytes = GJ_BLOB_CHUNK + 5;
    enum gj_err err = gj_blob_run(blob, &job);
    if (err == GJ_OK) {
        err = write_at(blob, job.upload, 0, GJ_BLOB_CHUNK);
    }
    if (err == GJ_OK) {
        err = write_at(blob, job.upload, GJ_BLOB_CHUNK, 5);
    }
    return err == GJ_OK ? finish(blob, job.upload, name) : err;
}

static void each_step_fails_once(void **state)
{
    struct fixture *f = *state;
    struct gj_blob *blob = open_blob(f);
    struct gj_blob_name name;
    for (uint64_t nth = 1;; nth++) {
        gj_fail_arm("blob.", nth, false);
        enum gj_err err = try_upload(blob, &name);
        bool fired = gj_fail_disarm();
        assert_int_equal(err != GJ_OK, fired);
        assert_int_equal(count_tmp(f), 0);
        if (!fired) {
            assert_true(nth >= 6);
            break;
        }
    }
    expect_content(blob, &name, GJ_BLOB_CHUNK + 5);
    gj_blob_close(blob);
    gj_fail_arm("blob.open", 1, false);
    assert_int_equal(gj_blob_open(f->store, &blob, NULL), GJ_ENOMEM);
    assert_true(gj_fail_disarm());
}

static void a_low_disk_refuses_uploads(void **state)
{
    struct fixture *f = *state;
    f->options.reserve_bytes = UINT64_MAX;
    fixture_reopen(f);
    struct gj_blob *blob = open_blob(f);
    struct gj_blob_job job = job_of(GJ_BLOB_BEGIN);
    job.size_bytes = 10;
    assert_int_equal(gj_blob_run(blob, &job), GJ_ENOSPC);
    gj_blob_close(blob);
}

int main(void)
{
#define T_ROW(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T_ROW(files_of_every_length_come_back),
        T_ROW(chunks_may_be_read_in_any_order),
        T_ROW(wrong_chunks_are_refused),
        T_ROW(altered_files_and_other_keys_are_told),
        T_ROW(unfinished_uploads_leave_nothing),
        T_ROW(the_number_of_uploads_is_bounded),
        T_ROW(jobs_are_done_in_order_and_the_queue_is_bounded),
        T_ROW(an_upload_that_begins_lets_go_of_orphans),
        T_ROW(orphans_are_swept_and_named_files_stay),
        T_ROW(each_step_fails_once),
        T_ROW(a_low_disk_refuses_uploads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
