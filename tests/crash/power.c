/* Power cuts, simulated: a shift at the desk is recorded write by write, the power goes at some moment of it, the disk
 * is built as it may then be found, and the store must live with it. After some cuts the store is opened and worked in
 * with the recorder on, and the power goes again: while it recovers, or in the work after it.
 *
 *     power [--seed N] [--shifts N] [--rounds N] [--cuts N] [--folder DIR] [--result FILE]
 *                                     cuts are those of each shift; the next shift has the next seed
 *           [--ignore-syncs PERCENT]      a control: a disk that lies; succeeds when faults are found
 *           [--keep FILE]                 writes the recording there, as a fault does by itself
 *           [--replay FILE --cut N]       one cut of a kept recording, as the message of a fault names it
 *
 * A seed gives the same shift and the same cuts but for the order in which threads come by. Everything is done in a
 * folder of its own below DIR (memory by default: what is written need not be durable), which is removed in the end. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crash/cut.h"
#include "crash/history.h"
#include "crash/judge.h"
#include "crash/recorder.h"
#include "crash/shift.h"

#define CHILD_SECONDS 120
#define CUT_AGAIN_PERCENT 25
#define LIVES_MAX 3
#define ROUNDS_AGAIN 10
#define SHOWN_FAULTS 10
#define ONE_CUT UINT64_MAX

struct options {
    uint64_t seed, shifts, cuts, cut;
    unsigned rounds, ignored;
    const char *folder, *result, *keep, *replay;
};

struct power {
    struct options options;
    char root[256], image[300], opening[300];
    struct recording recording;
    struct history history;
    /* of all shifts */
    uint64_t cuts, cut_recovering, cut_again, records, syncs, commands, acknowledged, entries, faults;
};

static void die(const char *what)
{
    fprintf(stderr, "power: %s\n", what);
    exit(2);
}

/* ---- children ---- */

struct task {
    void (*run)(const struct power *power, const struct task *task);
    const struct judge *judge;
    uint64_t seed;
    unsigned rounds;
};

/* A process of its own, since a damaged store may bring it down; says whether it went well, and what it said. */
static bool in_child(const struct power *power, const struct task *task, char *said, size_t size)
{
    int ends[2];
    fflush(NULL);
    if (pipe(ends) != 0) {
        die("no pipe");
    }
    pid_t child = fork();
    if (child == 0) {
        (void)alarm(CHILD_SECONDS);
        (void)dup2(ends[1], STDERR_FILENO);
        int nowhere = open("/dev/null", O_WRONLY);
        (void)dup2(nowhere, STDOUT_FILENO);
        (void)close(ends[0]);
        task->run(power, task);
        _exit(0);
    }
    (void)close(ends[1]);
    size_t len = 0;
    char rest[4096];
    for (ssize_t n = 1; n > 0;) {
        bool room = len < size - 1;
        n = read(ends[0], room ? said + len : rest, room ? size - 1 - len : sizeof rest);
        len += n > 0 && room ? (size_t)n : 0;
    }
    said[len] = '\0';
    (void)close(ends[0]);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status) && len < size) {
        (void)snprintf(said + len, size - len, "ended by signal %d\n", WTERMSIG(status));
    }
    return status == 0;
}

static void work_recorded(const struct power *power, const char *path, int64_t now_ms, const struct task *task)
{
    struct recording recording = {0};
    shift_work(path, now_ms, task->seed, task->rounds, &recording);
    if (!recording_save(&recording, power->opening)) {
        die("the recording cannot be written");
    }
}

static void run_shift(const struct power *power, const struct task *task)
{
    char path[300];
    (void)snprintf(path, sizeof path, "%s/shift", power->root);
    if (mkdir(path, 0700) != 0) {
        die("no folder for the shift");
    }
    shift_make(path);
    work_recorded(power, path, GJ_DIRECT_START_MS, task);
}

static void run_judge(const struct power *power, const struct task *task)
{
    (void)power;
    judge_image(task->judge);
}

static void run_again(const struct power *power, const struct task *task)
{
    work_recorded(power, power->image, judge_time(task->judge) + 1, task);
}

/* ---- cutting ---- */

/* Before one of the records from a first to a last one, or after the last of all; not at notes, where nothing happens.
 */
static size_t choose_moment(const struct recording *recording, size_t first, size_t last, struct random *random)
{
    size_t at = first + random_below(random, last - first + 1);
    while (at < last && recording->records[at].what == RECORD_NOTE) {
        at++;
    }
    return at;
}

static bool write_image(struct power *power, const struct recording *recording, struct cut *cut)
{
    struct image image;
    cut_build(recording, cut, &image);
    bool good = image_write_out(&image, power->image);
    image_fini(&image);
    return good;
}

/* What a store went through: one recording for each time it was opened. */
struct life {
    struct recording recording;
    struct history history;
};

/* Opens the image, works in it and cuts the power again; the image is what that leaves, and judge says what it must
 * hold: what the cut before left to it, as long as it had not been opened. False: it did not open or did not work. */
static bool cut_again(
    struct power *power, struct life *life, struct judge *judge, struct random *random, char *said, size_t size)
{
    struct task task = {.run = run_again, .judge = judge, .seed = random_next(random)};
    task.rounds = (unsigned)random_below(random, ROUNDS_AGAIN);
    if (!in_child(power, &task, said, size)) {
        return false;
    }
    if (!recording_load(&life->recording, power->opening)) {
        die("the recording of an opening cannot be read");
    }
    history_read(&life->history, &life->recording);
    const char *bad = history_check(&life->history);
    if (bad != NULL) {
        (void)snprintf(said, size, "%s", bad);
        return false;
    }
    bool recovering = random_percent(random, 50);
    size_t last = recovering ? life->history.rounds[0].ended : life->recording.count;
    struct cut cut = {.at = choose_moment(&life->recording, recording_base(&life->recording), last, random)};
    cut.random.state = random_next(random);
    cut.ignored_percent = power->options.ignored;
    if (!write_image(power, &life->recording, &cut)) {
        die("an image cannot be written");
    }
    if (cut.at > life->history.rounds[0].ended) {
        judge->history = &life->history;
        judge->at = cut.at;
        power->cut_again++;
    } else {
        power->cut_recovering++;
    }
    return true;
}

static void show_fault(struct power *power, uint64_t number, size_t at, const char *said)
{
    power->faults++;
    if (power->options.ignored > 0 || power->faults > SHOWN_FAULTS) {
        return;
    }
    fprintf(stderr, "power: seed %" PRIu64 ", cut %" PRIu64 ", before record %zu of %zu: %s\n", power->options.seed,
        number, at, power->recording.count, said);
}

static void one_cut(struct power *power, uint64_t number)
{
    char said[2048];
    power->cuts++;
    struct random random = {power->options.seed * UINT64_C(0x2545f4914f6cdd1d) + number};
    size_t base = recording_base(&power->recording);
    struct cut cut = {.at = choose_moment(&power->recording, base, power->recording.count, &random)};
    cut.random.state = random_next(&random);
    cut.ignored_percent = power->options.ignored;
    if (!write_image(power, &power->recording, &cut)) {
        die("an image cannot be written");
    }
    struct judge judge = {
        .history = &power->history, .at = cut.at, .folder = power->image, .random = {random_next(&random)}};
    struct life lives[LIVES_MAX] = {0};
    bool good = true;
    for (unsigned i = 0; good && i < LIVES_MAX && random_percent(&random, CUT_AGAIN_PERCENT); i++) {
        good = cut_again(power, &lives[i], &judge, &random, said, sizeof said);
    }
    struct task task = {.run = run_judge, .judge = &judge};
    if (!good || !in_child(power, &task, said, sizeof said)) {
        show_fault(power, number, cut.at, said);
    }
    for (unsigned i = 0; i < LIVES_MAX; i++) {
        history_free(&lives[i].history);
        recording_free(&lives[i].recording);
    }
}

/* ---- before the first cut ---- */

static void record_shift(struct power *power)
{
    char said[2048], path[300];
    struct task task = {.run = run_shift, .seed = power->options.seed, .rounds = power->options.rounds};
    if (!in_child(power, &task, said, sizeof said)) {
        fprintf(stderr, "%s", said);
        die("the shift failed");
    }
    if (!recording_load(&power->recording, power->opening)) {
        die("the recording of the shift cannot be read");
    }
    struct image image;
    struct cut cut = {.at = power->recording.count, .all = true};
    (void)snprintf(path, sizeof path, "%s/shift", power->root);
    cut_build(&power->recording, &cut, &image);
    if (!image_equals(&image, path)) {
        die("the recording does not give the folder that was worked in");
    }
    image_fini(&image);
}

static void read_history(struct power *power)
{
    history_read(&power->history, &power->recording);
    const char *bad = history_check(&power->history);
    if (bad != NULL) {
        die(bad);
    }
    if (power->options.keep != NULL && !recording_save(&power->recording, power->options.keep)) {
        die("the recording cannot be kept");
    }
}

static void make_root(struct power *power)
{
    const char *below = power->options.folder;
    struct stat st;
    if (below == NULL) {
        below = stat("/dev/shm", &st) == 0 && access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    }
    (void)snprintf(power->root, sizeof power->root, "%s/gj-power-XXXXXX", below);
    if (mkdtemp(power->root) == NULL) {
        die("no folder to work in");
    }
    (void)snprintf(power->image, sizeof power->image, "%s/image", power->root);
    (void)snprintf(power->opening, sizeof power->opening, "%s/recording", power->root);
}

/* ---- results ---- */

static void add_up(struct power *power)
{
    for (size_t i = 0; i < power->history.n_commands; i++) {
        power->acknowledged += power->history.commands[i].answer.status == GJ__V1__STATUS__OK;
    }
    for (size_t i = 0; i < power->recording.count; i++) {
        power->syncs += power->recording.records[i].what == RECORD_SYNC;
    }
    power->commands += power->history.n_commands;
    power->entries += power->history.n_entries;
    power->records += power->recording.count;
}

static void print_result(const struct power *power, FILE *file)
{
    const struct options *options = &power->options;
    fprintf(file,
        "{\"seed\": %" PRIu64 ", \"shifts\": %" PRIu64 ", \"cuts\": %" PRIu64 ", \"cut_again_recovering\": %" PRIu64
        ", \"cut_again_working\": %" PRIu64 ", \"records\": %" PRIu64 ", \"syncs\": %" PRIu64 ", \"commands\": %" PRIu64
        ", \"acknowledged\": %" PRIu64 ", \"entries\": %" PRIu64 ", \"ignored_syncs_percent\": %u, \"faults\": %" PRIu64
        "}\n",
        options->seed, options->shifts, power->cuts, power->cut_recovering, power->cut_again, power->records,
        power->syncs, power->commands, power->acknowledged, power->entries, options->ignored, power->faults);
}

static void keep_recording(const struct power *power)
{
    char kept[64];
    (void)snprintf(kept, sizeof kept, "power-%" PRIu64 ".recording", power->options.seed);
    if (recording_save(&power->recording, kept)) {
        fprintf(stderr, "power: repeat with --seed %" PRIu64 " --replay %s --cut N\n", power->options.seed, kept);
    }
}

/* One shift, recorded or kept from another run, and its cuts. */
static void one_shift(struct power *power)
{
    uint64_t faults = power->faults;
    make_root(power);
    if (power->options.replay == NULL) {
        record_shift(power);
    } else if (!recording_load(&power->recording, power->options.replay)) {
        die("that is no recording");
    }
    read_history(power);
    if (power->options.cut != ONE_CUT) {
        one_cut(power, power->options.cut);
    }
    for (uint64_t number = 0; power->options.cut == ONE_CUT && number < power->options.cuts; number++) {
        one_cut(power, number);
    }
    if (power->faults > faults && power->options.ignored == 0 && power->options.replay == NULL) {
        keep_recording(power);
    }
    add_up(power);
    gj_direct_remove(power->root);
    history_free(&power->history);
    recording_free(&power->recording);
}

static int finish(const struct power *power)
{
    print_result(power, stdout);
    FILE *file = power->options.result != NULL ? fopen(power->options.result, "w") : NULL;
    if (file != NULL) {
        print_result(power, file);
        (void)fclose(file);
    }
    return (power->faults > 0) == (power->options.ignored > 0) ? 0 : 1;
}

static uint64_t number_of(const char *text)
{
    char *rest = NULL;
    uint64_t number = strtoull(text, &rest, 10);
    if (rest == text || *rest != '\0') {
        die("a number was expected");
    }
    return number;
}

static void read_options(struct options *options, int argc, char **argv)
{
    static const struct option names[] = {{"seed", 1, NULL, 's'}, {"shifts", 1, NULL, 'm'}, {"rounds", 1, NULL, 'r'},
        {"cuts", 1, NULL, 'n'}, {"folder", 1, NULL, 'f'}, {"result", 1, NULL, 'o'}, {"ignore-syncs", 1, NULL, 'i'},
        {"keep", 1, NULL, 'k'}, {"replay", 1, NULL, 'p'}, {"cut", 1, NULL, 'c'}, {NULL, 0, NULL, 0}};
    *options = (struct options){.seed = 1, .shifts = 1, .cuts = 100, .rounds = 100, .cut = ONE_CUT};
    for (int letter; (letter = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (letter) {
        case 's':
            options->seed = number_of(optarg);
            break;
        case 'm':
            options->shifts = number_of(optarg);
            break;
        case 'r':
            options->rounds = (unsigned)number_of(optarg);
            break;
        case 'n':
            options->cuts = number_of(optarg);
            break;
        case 'f':
            options->folder = optarg;
            break;
        case 'o':
            options->result = optarg;
            break;
        case 'i':
            options->ignored = (unsigned)number_of(optarg);
            break;
        case 'k':
            options->keep = optarg;
            break;
        case 'p':
            options->replay = optarg;
            break;
        case 'c':
            options->cut = number_of(optarg);
            break;
        default:
            die("see the head of power.c for the options");
        }
    }
}

int main(int argc, char **argv)
{
    static struct power power;
    read_options(&power.options, argc, argv);
    uint64_t first = power.options.seed;
    for (uint64_t i = 0; i < power.options.shifts; i++) {
        power.options.seed = first + i;
        one_shift(&power);
    }
    power.options.seed = first;
    return finish(&power);
}
