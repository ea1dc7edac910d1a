/* guanjiad: the command line. Each command is a row; what it does stands in a file of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/log.h"
#include "common/noise.h"
#include "daemon.h"
#include "init.h"
#include "options.h"
#include "tool.h"

#define OPTIONS_ARENA_MAX ((size_t)1024 * 1024)

typedef enum gj_err command_fn(int argc, char **argv, struct gj_fault *fault);

static enum gj_err run(int argc, char **argv, struct gj_fault *fault)
{
    struct gj_daemon_options options;
    struct gj_arena arena;

    gj_arena_init(&arena, OPTIONS_ARENA_MAX);
    enum gj_err err = gj_options_run(argc, argv, &arena, &options, fault);
    if (err == GJ_OK) {
        err = gj_daemon_run(&options, fault);
    }
    gj_arena_fini(&arena);
    return err;
}

static enum gj_err init(int argc, char **argv, struct gj_fault *fault)
{
    struct gj_init_options options = {
        .policy = "/usr/share/guanjia/policy", .calendar = "/usr/share/guanjia/calendars"};

    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--demo") == 0) {
            options.demo = true;
        } else if (strcmp(argv[i], "--policy") == 0 && i + 1 < argc) {
            options.policy = argv[++i];
        } else if (strcmp(argv[i], "--calendar") == 0 && i + 1 < argc) {
            options.calendar = argv[++i];
        } else if (argv[i][0] != '-' && options.dir == NULL) {
            options.dir = argv[i];
        } else {
            return gj_fault_set(fault, GJ_EINVAL, "%s is not understood; see guanjiad help", argv[i]);
        }
    }
    if (options.dir == NULL) {
        return gj_fault_set(fault, GJ_EINVAL, "which folder? see guanjiad help");
    }
    return gj_init_store(&options, fault);
}

static enum gj_err backup(int argc, char **argv, struct gj_fault *fault)
{
    if (argc != 2) {
        return gj_fault_set(fault, GJ_EINVAL, "guanjiad backup DIR TARGET");
    }
    return gj_tool_backup(argv[0], argv[1], fault);
}

/* "--NAME VALUE" behind the first words; false: something else stands there. */
static bool take_options(int argc, char **argv, const char *const *names, const char **values, size_t count)
{
    for (int i = 0; i < argc; i += 2) {
        size_t at = 0;

        while (at < count && strcmp(argv[i], names[at]) != 0) {
            at++;
        }
        if (at == count || i + 1 >= argc || values[at] != NULL) {
            return false;
        }
        values[at] = argv[i + 1];
    }
    return true;
}

static enum gj_err restore(int argc, char **argv, struct gj_fault *fault)
{
    static const char *const names[] = {"--keys", "--operator", "--second", "--reason"};
    const char *values[4] = {NULL};

    if (argc < 2 || !take_options(argc - 2, argv + 2, names, values, 4) || values[0] == NULL || values[1] == NULL ||
        values[2] == NULL || values[3] == NULL) {
        return gj_fault_set(
            fault, GJ_EINVAL, "guanjiad restore BACKUP DIR --keys DIR --operator LOGIN --second LOGIN --reason WORD");
    }
    const struct gj_tool_restore how = {
        .backup = argv[0], .dir = argv[1], .keys = values[0], .operators = {values[1], values[2]}, .reason = values[3]};
    return gj_tool_restore(&how, fault);
}

static bool small_number(const char *text, unsigned *out)
{
    char *end = NULL;
    unsigned long number = text == NULL ? 0 : strtoul(text, &end, 10);

    *out = (unsigned)number;
    return text == NULL || (*text >= '0' && *text <= '9' && *end == '\0' && number <= 100000);
}

static enum gj_err prune(int argc, char **argv, struct gj_fault *fault)
{
    static const char *const names[] = {"--keep", "--vault-keep"};
    const char *values[2] = {NULL};
    unsigned keep = 0;
    unsigned vault_keep = 0;

    if (argc < 1 || !take_options(argc - 1, argv + 1, names, values, 2) || !small_number(values[0], &keep) ||
        !small_number(values[1], &vault_keep)) {
        return gj_fault_set(fault, GJ_EINVAL, "guanjiad prune FOLDER [--keep N] [--vault-keep N]");
    }
    return gj_tool_prune(argv[0], keep, vault_keep, fault);
}

static enum gj_err key(int argc, char **argv, struct gj_fault *fault)
{
    bool now = argc == 3 && strcmp(argv[2], "--now") == 0;

    if (argc != 2 && !now) {
        return gj_fault_set(fault, GJ_EINVAL, "guanjiad key show|successor|promote|retire|withdraw DIR [--now]");
    }
    return gj_tool_key(argv[0], argv[1], now, fault);
}

static enum gj_err password(int argc, char **argv, struct gj_fault *fault)
{
    static const char *const names[] = {"--reason"};
    const char *values[1] = {NULL};

    if (argc < 2 || !take_options(argc - 2, argv + 2, names, values, 1) || values[0] == NULL) {
        return gj_fault_set(fault, GJ_EINVAL, "guanjiad password DIR LOGIN --reason WORD <FILE-WITH-THE-PASSWORD");
    }
    const struct gj_tool_password how = {.dir = argv[0], .login = argv[1], .reason = values[0]};
    return gj_tool_password(&how, fault);
}

static enum gj_err check(int argc, char **argv, struct gj_fault *fault)
{
    if (argc != 1) {
        return gj_fault_set(fault, GJ_EINVAL, "guanjiad check DIR");
    }
    return gj_tool_check(argv[0], fault);
}

static enum gj_err config(int argc, char **argv, struct gj_fault *fault)
{
    (void)argc;
    (void)argv;
    (void)fault;
    gj_conf_print(&gj_options_table, stdout);
    return GJ_OK;
}

static enum gj_err help(int argc, char **argv, struct gj_fault *fault)
{
    (void)argc;
    (void)argv;
    (void)fault;
    gj_options_usage(stdout);
    return GJ_OK;
}

static const struct {
    const char *name;
    command_fn *fn;
} commands[] = {
    {"run", run},
    {"init", init},
    {"backup", backup},
    {"prune", prune},
    {"restore", restore},
    {"key", key},
    {"password", password},
    {"check", check},
    {"config", config},
    {"help", help},
    {"--help", help},
};

/* What systemd and scripts see: a disk that failed is worth a restart, a wrong command line is not. */
static int exit_code(enum gj_err err)
{
    switch (err) {
    case GJ_OK:
        return EXIT_SUCCESS;
    case GJ_EINVAL:
        return EX_USAGE;
    case GJ_EIO:
        return EX_IOERR;
    case GJ_EBUSY:
        return EX_TEMPFAIL;
    case GJ_ECORRUPT:
    case GJ_ECRYPTO:
    case GJ_EVERSION:
        return EX_DATAERR;
    default:
        return EX_UNAVAILABLE;
    }
}

int main(int argc, char **argv)
{
    struct gj_fault fault = {.err = GJ_OK, .text = ""};

    if (argc < 2) {
        gj_options_usage(stderr);
        return EX_USAGE;
    }
    if (gj_noise_start() != GJ_OK) {
        fputs("guanjiad: libsodium does not start\n", stderr);
        return EX_UNAVAILABLE;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, argv[1]) == 0) {
            enum gj_err err = commands[i].fn(argc - 2, argv + 2, &fault);

            if (err != GJ_OK) {
                fprintf(stderr, "guanjiad %s: %s (%s)\n", argv[1],
                    fault.text[0] != '\0' ? fault.text : gj_err_text(err), gj_err_name(err));
            }
            return exit_code(err);
        }
    }
    fprintf(stderr, "guanjiad: there is no command %s\n", argv[1]);
    return EX_USAGE;
}
