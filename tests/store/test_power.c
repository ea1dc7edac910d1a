/* Power cuts, simulated. This program stands between LMDB and the kernel: every write and every sync of both data files
 * is recorded, with the moments at which a commit was acknowledged. Then images of the disk are built as they might be
 * found after a cut at any moment: what was synced is there, what was not is there, missing, or torn at 512 bytes. Each
 * image must open, hold every acknowledged change, and be consistent. A control, in which some syncs are ignored, must
 * fail, or the test would prove nothing. */
#include "tests/store/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/audit_tree.h"
#include "store/group.h"

#define KIND 0x8001
#define SECTOR 512
#define FILES 12
#define NAME_MAX_SIZE 64
#define MAX_EVENTS 200000

/* Files of the store, as they are met: relative names. Those that come into being while recording are named by the
 * folder's sync, which precedes every acknowledgement that needs them. */
static char file_names[FILES][NAME_MAX_SIZE];
static unsigned n_files;
static char store_dir[256];

enum what { WRITE, WRITE_THROUGH, SYNC, ACK };

struct event {
    enum what what;
    unsigned file;
    off_t at;
    size_t len;
    uint8_t *bytes;
    uint64_t acknowledged; /* ACK: commits so far */
};

static struct event *events;
static size_t n_events;
static bool recording;

/* ---- between LMDB and the kernel ---- */

/* The thread that finishes checkpoints writes too. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct event *add_event(enum what what, unsigned file)
{
    pthread_mutex_lock(&lock);
    assert_true(n_events < MAX_EVENTS);
    struct event *event = &events[n_events++];
    *event = (struct event){.what = what, .file = file};
    pthread_mutex_unlock(&lock);
    return event;
}

static unsigned file_named(const char *name)
{
    pthread_mutex_lock(&lock);
    unsigned at = n_files;
    for (unsigned i = 0; i < n_files; i++) {
        if (strcmp(file_names[i], name) == 0) {
            at = i;
        }
    }
    assert_true(at < FILES && strlen(name) < NAME_MAX_SIZE);
    if (at == n_files) {
        snprintf(file_names[n_files++], NAME_MAX_SIZE, "%s", name);
    }
    pthread_mutex_unlock(&lock);
    return at;
}

/* -1: none of the store's data. LMDB's table of readers means nothing after a cut. */
static int file_of(int fd)
{
    char link[64], path[512];
    size_t dir_len = strlen(store_dir);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = recording ? readlink(link, path, sizeof path - 1) : -1;
    if (n < 0) {
        return -1;
    }
    path[n] = 0;
    if (strncmp(path, store_dir, dir_len) != 0 || strstr(path, "lock") != NULL) {
        return -1;
    }
    return (int)file_named(path + dir_len + 1);
}

static void record_write(int fd, const void *bytes, size_t len, off_t at)
{
    int file = file_of(fd);
    if (file >= 0) {
        int flags = fcntl(fd, F_GETFL);
        struct event *event = add_event((flags & O_DSYNC) != 0 ? WRITE_THROUGH : WRITE, (unsigned)file);
        event->at = at;
        event->len = len;
        event->bytes = malloc(len);
        memcpy(event->bytes, bytes, len);
    }
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at);
ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    record_write(fd, bytes, len, at);
    return syscall(SYS_pwrite64, fd, bytes, len, at);
}

/* LMDB moves the file's offset first. */
ssize_t writev(int fd, const struct iovec *parts, int count);
ssize_t writev(int fd, const struct iovec *parts, int count)
{
    off_t at = lseek(fd, 0, SEEK_CUR);
    for (int i = 0; i < count; i++) {
        record_write(fd, parts[i].iov_base, parts[i].iov_len, at);
        at += (off_t)parts[i].iov_len;
    }
    return syscall(SYS_writev, fd, parts, count);
}

/* Recorded when it begins: what is written while it runs may or may not be covered. */
static void record_sync(int fd)
{
    struct stat st;
    int file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? file_of(fd) : -1;
    if (file >= 0) {
        add_event(SYNC, (unsigned)file);
    }
}

int fdatasync(int fd);
int fdatasync(int fd)
{
    record_sync(fd);
    return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd);
int fsync(int fd)
{
    record_sync(fd);
    return (int)syscall(SYS_fsync, fd);
}

/* ---- the work ---- */

/* A commit as a command: all that is random in it. */
struct command {
    uint64_t number;
    struct gj_vault_wrapped wrapped;
    struct gj_vault_token token;
    uint8_t bytes[32];
};

static struct command make_command(struct fixture *f, uint64_t number)
{
    struct gj_vault *vault = gj_store_vault(f->store);
    struct command command;
    memset(&command, 0, sizeof command);
    command.number = number;
    check_ok(gj_vault_new_key(vault, 1, command.bytes, &command.wrapped));
    check_ok(gj_vault_token(vault, GJ_BLIND_PHONE, 1, &number, sizeof number, &command.token));
    return command;
}

static void apply_command(struct gj_txn *txn, const struct command *command)
{
    uint64_t number = command->number;
    struct gj_subject who = {KIND, number};
    struct gj_key row = gj_key_of_u64(number);
    memset(gj_txn_reserve(txn, GJ_TABLE_RECORD, &row, 100 + number % 3000), 1, 100 + number % 3000);
    struct gj_key old = gj_key_of_u64(number / 2);
    gj_txn_put(txn, GJ_TABLE_RECORD, &old, command->bytes, sizeof command->bytes);
    for (unsigned n = 0; n < 5; n++) {
        struct gj_entry entry = fixture_entry(1);
        entry.subject = number;
        gj_entry_append(txn, &entry, NULL, 0);
    }
    if (number % 3 == 0) {
        gj_vault_put_key(txn, &who, 1, &command->wrapped);
        gj_vault_put_token(txn, &who, &command->token);
    }
}

/* Most go through the journal; some are changes that are no commands. */
static void one_commit(struct fixture *f, uint64_t number)
{
    struct command command = make_command(f, number);
    struct gj_txn *txn = fixture_write(f);
    apply_command(txn, &command);
    if (number % 10 == 0) {
        fixture_commit(txn);
        return;
    }
    struct gj_buf record;
    gj_buf_init(&record, 1 << 20);
    check_ok(gj_group_begin(&record));
    check_ok(gj_buf_append(&record, &command, sizeof command));
    check_ok(gj_txn_commit_group(txn, &record, 1));
    gj_buf_fini(&record);
}

/* What the daemon does after opening. */
static enum gj_err apply_journal(struct gj_store *store)
{
    struct gj_group group;
    enum gj_err err = GJ_OK;
    while (err == GJ_OK && gj_group_waiting(store) && gj_group_next(store, &group, &err)) {
        struct gj_txn *txn = NULL;
        struct command command;
        if (group.len != sizeof command) {
            return GJ_ECORRUPT;
        }
        memcpy(&command, group.bytes, sizeof command);
        err = gj_txn_begin_write(store, &txn);
        if (err == GJ_OK) {
            apply_command(txn, &command);
            err = gj_group_check(txn, &group);
            enum gj_err committed = gj_group_commit(txn, group.sequence);
            err = err != GJ_OK ? err : committed;
        }
    }
    return err == GJ_OK ? gj_group_end(store) : err;
}

static void record_work(struct fixture *f, uint64_t commits)
{
    snprintf(store_dir, sizeof store_dir, "%s", f->dir);
    recording = true;
    for (uint64_t number = 1; number <= commits; number++) {
        one_commit(f, number);
        add_event(ACK, 0)->acknowledged = number;
    }
    recording = false;
}

/* ---- images ---- */

struct image {
    uint8_t *bytes[FILES];
    size_t size[FILES];
};

static void apply(struct image *image, const struct event *event, size_t from, size_t to)
{
    size_t end = (size_t)event->at + to;
    if (end > image->size[event->file]) {
        image->bytes[event->file] = realloc(image->bytes[event->file], end);
        memset(image->bytes[event->file] + image->size[event->file], 0, end - image->size[event->file]);
        image->size[event->file] = end;
    }
    memcpy(image->bytes[event->file] + (size_t)event->at + from, event->bytes + from, to - from);
}

/* A write that no sync covers: all of it, nothing, or sectors up to or from some place. */
static void apply_perhaps(struct image *image, const struct event *event)
{
    size_t cut = (size_t)rand() % (event->len / SECTOR + 1) * SECTOR;
    switch (rand() % 4) {
    case 0:
        break;
    case 1:
        apply(image, event, 0, event->len);
        break;
    case 2:
        apply(image, event, 0, cut);
        break;
    default:
        apply(image, event, cut < event->len ? cut : 0, event->len);
        break;
    }
}

/* The disk after a cut right before event number cut; its own write may be on the way. Returns the acknowledged
 * commits. ignored: percentage of syncs that the disk only pretended to do. */
static uint64_t build(struct image *image, const struct image *base, size_t cut, unsigned ignored)
{
    size_t synced[FILES] = {0};
    uint64_t acknowledged = 0;
    for (size_t i = 0; i < cut; i++) {
        if (events[i].what == SYNC && (unsigned)(rand() % 100) >= ignored) {
            synced[events[i].file] = i;
        } else if (events[i].what == ACK) {
            acknowledged = events[i].acknowledged;
        }
    }
    for (unsigned file = 0; file < FILES; file++) {
        image->size[file] = base->size[file];
        image->bytes[file] = malloc(base->size[file] + 1);
        if (base->size[file] > 0) {
            memcpy(image->bytes[file], base->bytes[file], base->size[file]);
        }
    }
    for (size_t i = 0; i <= cut && i < n_events; i++) {
        const struct event *event = &events[i];
        if (event->what != WRITE && event->what != WRITE_THROUGH) {
            continue;
        }
        bool done = i < cut && (event->what == WRITE_THROUGH || i < synced[event->file]);
        if (done) {
            apply(image, event, 0, event->len);
        } else {
            apply_perhaps(image, event);
        }
    }
    return acknowledged;
}

static void read_files(struct fixture *f, struct image *out)
{
    memset(out, 0, sizeof *out);
    file_named("main/data.mdb");
    file_named("vault/data.mdb");
    file_named("journal/checkpoint");
    for (unsigned i = 0; i < n_files; i++) {
        char path[256];
        struct stat st;
        fixture_path(f, file_names[i], path);
        int fd = open(path, O_RDONLY);
        assert_int_equal(fstat(fd, &st), 0);
        out->size[i] = (size_t)st.st_size;
        out->bytes[i] = malloc(out->size[i]);
        assert_int_equal(read(fd, out->bytes[i], out->size[i]), st.st_size);
        close(fd);
    }
}

static void write_files(struct fixture *f, const struct image *image)
{
    for (unsigned i = 0; i < FILES; i++) {
        char path[256];
        fixture_path(f, file_names[i], path);
        if (image->size[i] == 0) {
            (void)unlink(path); /* it had not come into being */
            continue;
        }
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        assert_int_equal(write(fd, image->bytes[i], image->size[i]), image->size[i]);
        close(fd);
    }
}

static void free_image(struct image *image)
{
    for (unsigned i = 0; i < FILES; i++) {
        free(image->bytes[i]);
        image->bytes[i] = NULL;
    }
}

/* ---- what must hold ---- */

static bool keys_agree(struct gj_store *store, struct gj_txn *txn, uint64_t commits)
{
    for (uint64_t number = 3; number <= commits + 3; number += 3) {
        struct gj_subject who = {KIND, number};
        uint8_t key[32];
        enum gj_err err = gj_vault_key(gj_store_vault(store), &who, key, NULL);
        if (err != (number <= commits ? GJ_OK : GJ_ENOTFOUND) || gj_vault_has_key(txn, &who) != (err == GJ_OK)) {
            return false;
        }
    }
    return true;
}

/* NULL: in order. */
static const char *judge(const struct gj_store_options *options, uint64_t acknowledged)
{
    struct gj_store *store = NULL;
    struct gj_txn *txn = NULL;
    static struct gj_fault fault;
    if (gj_store_open(options, &store, &fault) != GJ_OK) {
        return fault.text;
    }
    const char *wrong = NULL;
    uint64_t bad = 0;
    if (apply_journal(store) != GJ_OK) {
        gj_store_close(store);
        return "the journal does not lead to what was acknowledged";
    }
    if (gj_store_check_files(store, &fault) != GJ_OK) {
        wrong = "pages are damaged";
    } else if (gj_txn_begin_read(store, &txn) != GJ_OK) {
        wrong = "cannot be read";
    } else {
        uint64_t entries = gj_txn_events(txn);
        uint64_t commits = entries / 5;
        struct gj_key row = gj_key_of_u64(commits);
        if (commits < acknowledged) {
            wrong = "an acknowledged commit is lost";
        } else if (entries % 5 != 0 || commits > acknowledged + 1) {
            wrong = "half a commit is there";
        } else if (gj_tree_check(txn, &bad) != GJ_OK) {
            wrong = "the tree does not follow from the entries";
        } else if (commits > 0 && !gj_txn_exists(txn, GJ_TABLE_RECORD, &row)) {
            wrong = "a record is missing";
        } else if (!keys_agree(store, txn, commits)) {
            wrong = "vault and main do not agree";
        }
    }
    gj_txn_abort(txn);
    gj_store_close(store);
    return wrong;
}

/* In a child: what the control leaves behind may make LMDB crash. */
static bool fails_in_child(const struct gj_store_options *options, uint64_t acknowledged)
{
    pid_t child = fork();
    if (child == 0) {
        close(STDERR_FILENO);
        _exit(judge(options, acknowledged) == NULL ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status != 0;
}

static void cuts_lose_nothing_acknowledged(void **state)
{
    struct fixture *f = *state;
    struct gj_vault_wrapped office;
    struct image base, image;
    events = calloc(MAX_EVENTS, sizeof *events);
    assert_non_null(events);
    check_ok(gj_vault_new_office(gj_store_vault(f->store), 1, &office));
    struct gj_txn *txn = fixture_write(f);
    gj_vault_put_office(txn, 1, &office);
    fixture_commit(txn);
    f->options.checkpoint_commands = 7;
    fixture_reopen(f);
    check_ok(gj_group_start(f->store));
    read_files(f, &base);
    record_work(f, 160);
    gj_group_stop(f->store);
    fixture_close(f);
    size_t syncs = 0, through = 0;
    for (size_t i = 0; i < n_events; i++) {
        syncs += events[i].what == SYNC;
        through += events[i].what == WRITE_THROUGH;
    }
    assert_true(syncs >= 160 && through >= 50); /* LMDB's calls do come by here, and ours */
    assert_true(n_files >= 5);                  /* more than one segment of the journal */

    srand(20260105);
    for (unsigned round = 0; round < 500; round++) {
        size_t cut = (size_t)rand() % (n_events + 1);
        uint64_t acknowledged = build(&image, &base, cut, 0);
        write_files(f, &image);
        free_image(&image);
        const char *wrong = judge(&f->options, acknowledged);
        if (wrong != NULL) {
            fail_msg("cut before event %zu of %zu: %s", cut, n_events, wrong);
        }
    }
    unsigned caught = 0;
    for (unsigned round = 0; round < 60; round++) {
        uint64_t acknowledged = build(&image, &base, n_events, 30);
        write_files(f, &image);
        free_image(&image);
        caught += fails_in_child(&f->options, acknowledged);
    }
    assert_true(caught >= 5); /* a disk that pretends is found out */
    for (size_t i = 0; i < n_events; i++) {
        free(events[i].bytes);
    }
    free(events);
    free_image(&base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(cuts_lose_nothing_acknowledged, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
