#include "common/policy/duration.h"

#include <stdio.h>
#include <string.h>

struct unit {
    const char *word;
    const char *plural;
    enum gj_run run;
};

static const struct unit units[] = {[GJ_UNIT_NONE] = {"", "", GJ_RUN_ELAPSED},
#define UNIT_ROW(name, word, plural, run, ms) [GJ_UNIT_##name] = {word, plural, run},
    GJ_UNIT_LIST(UNIT_ROW)
#undef UNIT_ROW
};
#define UNIT_COUNT (sizeof units / sizeof units[0])

static bool word_is(const char *text, size_t len, const char *word)
{
    return len == strlen(word) && memcmp(text, word, len) == 0;
}

bool gj_duration_parse(const char *text, size_t len, struct gj_duration *out)
{
    size_t at = 0;
    int32_t n = 0;
    while (at < len && text[at] >= '0' && text[at] <= '9') {
        n = n * 10 + (text[at] - '0');
        if (n > GJ_DURATION_MAX) {
            return false;
        }
        at++;
    }
    if (at == 0) {
        return false;
    }
    while (at < len && text[at] == ' ') {
        at++;
    }
    for (size_t unit = 1; unit < UNIT_COUNT; unit++) {
        if (word_is(text + at, len - at, units[unit].word) || word_is(text + at, len - at, units[unit].plural)) {
            *out = (struct gj_duration){n, (enum gj_unit)unit};
            return true;
        }
    }
    return false;
}

void gj_duration_format(struct gj_duration duration, char out[GJ_DURATION_TEXT_SIZE])
{
    const struct unit *unit = &units[duration.unit];
    switch (duration.unit) {
    case GJ_UNIT_NONE:
        out[0] = '\0';
        return;
    case GJ_UNIT_MINUTE:
    case GJ_UNIT_HOUR:
        (void)snprintf(out, GJ_DURATION_TEXT_SIZE, "%d%s", duration.n, unit->word);
        return;
    case GJ_UNIT_CALENDAR_DAY:
    case GJ_UNIT_WORKING_DAY:
    case GJ_UNIT_MONTH:
        (void)snprintf(out, GJ_DURATION_TEXT_SIZE, "%d %s", duration.n, duration.n == 1 ? unit->word : unit->plural);
        return;
    }
}

enum gj_run gj_duration_run(struct gj_duration duration)
{
    return units[duration.unit].run;
}

const char *gj_run_name(enum gj_run run)
{
    switch (run) {
    case GJ_RUN_ELAPSED:
        return "elapsed";
    case GJ_RUN_CALENDAR_DAY:
        return "calendar_day";
    case GJ_RUN_WORKING_DAY:
        return "working_day";
    case GJ_RUN_CALENDAR_MONTH:
        return "calendar_month";
    }
    return "unknown";
}
