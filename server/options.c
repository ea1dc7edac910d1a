#include "options.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/password.h"
#include "net/net.h"

#define OPTION(field) offsetof(struct gj_daemon_options, field)

static const struct gj_conf_option rows[] = {
    {"dir", GJ_CONF_TEXT, OPTION(dir), "/var/lib/guanjia", 1, 4000, "folder of the store and its keys"},
    {"listen", GJ_CONF_TEXT, OPTION(listen), "127.0.0.1:7421", 3, 128, "address and port; port 0 takes a free one"},
    {"port_file", GJ_CONF_TEXT, OPTION(port_file), "", 0, 4000, "file that gets the port once the daemon listens"},
    {"backup_dir", GJ_CONF_TEXT, OPTION(backup_dir), "", 0, 4000, "folder of backups asked for over a channel"},
    {"backup_keep", GJ_CONF_U64, OPTION(backup_keep), "48", 0, 1000, "backups kept in backup_dir; 0 keeps all"},
    {"backup_vault_keep", GJ_CONF_U64, OPTION(backup_vault_keep), "6", 0, 1000,
        "of these, how many newest keep the vault, and so keys that were erased since; 0 for all"},
    {"proxies", GJ_CONF_TEXT, OPTION(proxies), "", 0, 1000,
        "addresses of gateways, whose connections begin with a PROXY v2 header"},
    {"max_channels", GJ_CONF_U64, OPTION(max_channels), "16384", 1, 1000000, "channels at once"},
    {"max_half_open", GJ_CONF_U64, OPTION(max_half_open), "512", 1, 100000, "handshakes under way at once"},
    {"handshake_time", GJ_CONF_MS, OPTION(handshake_ms), "5s", 100, 60000, "time for a handshake"},
    {"password_threads", GJ_CONF_U64, OPTION(password_threads), "1", 1, GJ_PASSWORD_THREADS_MAX,
        "threads that check passwords, 64 MiB each"},
    {"map_size", GJ_CONF_BYTES, OPTION(map_size), "0", 0, UINT64_C(1) << 46,
        "largest size of the store; 0 for the program's own"},
    {"disk_reserve", GJ_CONF_BYTES, OPTION(disk_reserve), "0", 0, UINT64_C(1) << 46,
        "free bytes below which writes are refused; 0 for the program's own"},
    {"scale", GJ_CONF_U64, OPTION(scale), "1000", 1, 100000000,
        "pace of the clock in thousandths; other than 1000 in a demo's store only"},
    {"count_pages", GJ_CONF_U64, OPTION(count_pages), "0", 0, 1000000,
        "count the pages of every n-th commit; for benchmarks"},
    {"debug", GJ_CONF_BOOL, OPTION(debug), "no", 0, 0, "more log lines"},
};

const struct gj_conf_table gj_options_table = {.options = rows, .count = sizeof rows / sizeof rows[0]};

/* Words that stand for a key of the file. */
static const struct {
    const char *word;
    const char *key;
} words[] = {
    {"-d", "dir"},
    {"--dir", "dir"},
    {"--listen", "listen"},
    {"--port-file", "port_file"},
    {"--backup-dir", "backup_dir"},
    {"--max-channels", "max_channels"},
    {"--count-pages", "count_pages"},
};

static const char *key_of(const char *word)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i].word, word) == 0) {
            return words[i].key;
        }
    }
    return NULL;
}

/* "--scale 480" or "0.5": a story's seconds per real second. */
static const char *scale_text(struct gj_arena *arena, const char *word)
{
    char *end = NULL;
    double factor = strtod(word, &end);

    if (end == word || *end != '\0' || !(factor >= 0.001 && factor <= 100000)) {
        return NULL;
    }
    return gj_arena_printf(arena, "scale=%.0f", factor * 1000);
}

#define EXTRAS_MAX 32

enum gj_err gj_options_run(
    int argc, char **argv, struct gj_arena *arena, struct gj_daemon_options *out, struct gj_fault *fault)
{
    const char *extras[EXTRAS_MAX];
    const char *file = NULL;
    size_t count = 0;

    for (int i = 0; i < argc; i += 2) {
        const char *key = key_of(argv[i]);

        if (i + 1 >= argc) {
            return gj_fault_set(fault, GJ_EINVAL, "%s needs a value; see guanjiad help", argv[i]);
        }
        if (count == EXTRAS_MAX) {
            return gj_fault_set(fault, GJ_ETOOBIG, "too many options");
        }
        if (strcmp(argv[i], "-c") == 0 || strcmp(argv[i], "--config") == 0) {
            file = argv[i + 1];
        } else if (strcmp(argv[i], "--scale") == 0) {
            extras[count] = scale_text(arena, argv[i + 1]);
            if (extras[count++] == NULL) {
                return gj_fault_set(fault, GJ_EINVAL, "--scale takes a number from 0.001 to 100000");
            }
        } else if (strcmp(argv[i], "--set") == 0) {
            extras[count++] = argv[i + 1];
        } else if (key != NULL) {
            extras[count++] = gj_arena_printf(arena, "%s=%s", key, argv[i + 1]);
        } else {
            return gj_fault_set(fault, GJ_EINVAL, "%s is not an option; see guanjiad help", argv[i]);
        }
    }
    return gj_conf_load(&gj_options_table, file, extras, count, out, arena, fault);
}

enum gj_err gj_options_address(const char *text, struct gj_arena *arena, const char **host, uint16_t *port)
{
    const char *colon = strrchr(text, ':');
    char *end = NULL;

    if (colon == NULL || colon[1] == '\0') {
        return GJ_EINVAL;
    }
    unsigned long number = strtoul(colon + 1, &end, 10);
    if (*end != '\0' || number > UINT16_MAX) {
        return GJ_EINVAL;
    }
    size_t len = (size_t)(colon - text);
    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    *host = gj_arena_strndup(arena, text, len);
    *port = (uint16_t)number;
    return *host != NULL ? GJ_OK : GJ_ENOMEM;
}

void gj_options_usage(FILE *out)
{
    fputs("guanjiad " GJ_VERSION ", the service desk's daemon\n"
          "\n"
          "  guanjiad init DIR [--demo] [--policy DIR] [--calendar FILE]   make a store and the first invitations\n"
          "  guanjiad run [-c FILE] [-d DIR] [--listen ADDRESS:PORT]       serve it\n"
          "               [--port-file FILE] [--scale N] [--set KEY=VALUE]\n"
          "  guanjiad backup DIR TARGET                                    copy it, running or not\n"
          "  guanjiad prune FOLDER [--keep N] [--vault-keep N]             let go of old backups\n"
          "  guanjiad restore BACKUP DIR --keys DIR                        make a store from a backup\n"
          "               --operator LOGIN --second LOGIN --reason WORD\n"
          "  guanjiad key show|successor|promote|retire|withdraw DIR       replace the server's key\n"
          "  guanjiad password DIR LOGIN --reason WORD                     a new password, from standard input\n"
          "  guanjiad check DIR                                            read all of it\n"
          "  guanjiad config                                               print a sample file\n",
        out);
}
