/* Mistakes in a policy: each is named with its file and line and, where there is one, the nearest right word. Every
 * case changes one spot of the product's own policy. */
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/policy/bundle.h"

struct files {
    struct gj_policy_part parts[32];
    char names[32][64];
    size_t count;
};

static const char *const names[] = {"policy.yaml", "company.yaml", "priorities.yaml", "taxonomy.yaml", "settings.yaml",
    "weather.yaml", "cities.yaml", "profiles.yaml", "offices.yaml", "obligations.yaml", "forms/repair.yaml",
    "forms/visit.yaml", "forms/duty_log.yaml", "forms/rework.yaml", "forms/convenience.yaml", "forms/enquiry.yaml",
    "warranty.yaml", "dispatch.yaml"};

static struct files original;

static int read_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[512];
        (void)snprintf(path, sizeof path, GJ_SOURCE_DIR "/deploy/policy/%s", names[i]);
        FILE *file = fopen(path, "rbe");
        if (file == NULL) {
            return -1;
        }
        uint8_t *bytes = malloc(300000);
        size_t len = fread(bytes, 1, 300000, file);
        (void)fclose(file);
        original.parts[original.count++] = (struct gj_policy_part){names[i], bytes, len};
    }
    return 0;
}

static int free_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < original.count; i++) {
        free((void *)original.parts[i].bytes);
    }
    return 0;
}

static struct gj_problems problems;

static enum gj_err compile(const struct files *files)
{
    struct gj_policy *policy;
    gj_problems_init(&problems);
    enum gj_err err = gj_policy_compile(files->parts, files->count, 1, &policy, &problems);
    if (err == GJ_OK) {
        gj_policy_free(policy);
    } else {
        assert_null(policy);
    }
    return err;
}

static uint32_t line_of(const uint8_t *bytes, size_t offset)
{
    uint32_t line = 1;
    for (size_t i = 0; i < offset; i++) {
        line += bytes[i] == '\n';
    }
    return line;
}

/* Replaces the first occurrence and gives the file's new bytes, to be freed. */
static uint8_t *replace(
    const struct gj_policy_part *part, const char *find, const char *with, size_t *len, uint32_t *line)
{
    const uint8_t *at = memmem(part->bytes, part->len, find, strlen(find));
    if (at == NULL) {
        print_error("\"%s\" is not in %s\n", find, part->name);
    }
    assert_non_null(at);
    size_t before = (size_t)(at - part->bytes);
    size_t after = part->len - before - strlen(find);
    uint8_t *bytes = malloc(part->len + strlen(with) + 1);
    memcpy(bytes, part->bytes, before);
    memcpy(bytes + before, with, strlen(with));
    memcpy(bytes + before + strlen(with), at + strlen(find), after);
    *len = before + strlen(with) + after;
    *line = line_of(part->bytes, before);
    return bytes;
}

/* file, what stands there, what is written instead, what the problem must say; line: where, relative to the change;
 * -1: the problem is about the file as a whole. */
static const struct {
    const char *file;
    const char *find;
    const char *with;
    const char *says;
    int line;
} cases[] = {
    /* words that are nearly right */
    {"forms/repair.yaml", "by: [tech as assignee, contractor as assignee, eng_lead]\n", "by: [tehc as assignee]\n",
        "did you mean \"tech\"", 0},
    {"forms/repair.yaml", "by: [tech as assignee, contractor as assignee, eng_lead]\n", "by: [tech as asignee]\n",
        "did you mean \"assignee\"", 0},
    {"forms/repair.yaml", "    from: DISPATCHED\n", "    from: DISPATCHD\n", "did you mean \"DISPATCHED\"", 0},
    {"forms/repair.yaml", "need_now: [decline_reason]", "need_now: [decline_reson]", "did you mean \"decline_reason\"",
        0},
    {"forms/repair.yaml", "  - act: decline\n", "  - act: declin\n", "did you mean \"decline\"", 0},
    {"forms/repair.yaml", "stop: [accept, decline, reassign", "stop: [acept, decline, reassign",
        "did you mean \"accept\"", 0},
    {"forms/repair.yaml", "ladder: work\n", "ladder: wrok\n", "did you mean \"work\"", 0},
    {"forms/repair.yaml", "forbid_for: [P0, P1]", "forbid_for: [P0, P7]", "the priority \"P7\" is not known", 0},
    {"forms/repair.yaml", "when: [{priority_in: [P4]}]", "when: [{priorty_in: [P4]}]", "did you mean \"priority_in\"",
        0},
    {"forms/repair.yaml", "type: household}", "type: houshold}", "did you mean \"household\"", 0},
    {"forms/repair.yaml", "mask: phone", "mask: fone", "did you mean \"phone\"", 0},
    {"forms/repair.yaml", "personal: masked", "personal: maskd", "did you mean \"masked\"", 0},
    {"forms/repair.yaml", "class: closed", "class: close", "did you mean \"closed\"", 0},
    {"forms/repair.yaml", "need_now: [parent]", "need_now: [parent]\n    nede: [x]", "did you mean \"need\"", 1},
    {"forms/repair.yaml", "formula: share_redone", "formula: share_undone", "did you mean \"share_redone\"", 0},
    {"forms/repair.yaml", "from: categories", "from: catgories", "did you mean \"categories\"", 0},
    {"profiles.yaml", "timer: contact, priorities: [P2, P3], limit: 1h", "timer: contat, priorities: [P2], limit: 1h",
        "did you mean \"contact\"", 0},
    {"obligations.yaml", "every: month", "every: mnth", "did you mean \"month\"", 0},
    {"obligations.yaml", "responsible: [cs_lead]", "responsible: [cs_leed]", "did you mean \"cs_lead\"", 0},
    {"company.yaml", "reach: group", "reach: grup", "did you mean \"group\"", 0},
    {"policy.yaml", "  weather: weather.yaml", "  wether: weather.yaml", "did you mean \"weather\"", 0},
    /* shapes and ranges */
    {"forms/repair.yaml", "{limit: 3min, origin", "{limit: 3 minutos, origin", "is not a length of time", 0},
    {"forms/repair.yaml", "- {at: 75 %, name", "- {at: 75, name", "a share such as", 0},
    {"forms/repair.yaml", "NEW: {number: 1,", "NEW: {number: 64,", "a whole number from 1 to 63", 0},
    {"forms/repair.yaml", "TRIAGED: {number: 2,", "TRIAGED: {number: 1,", "belongs to another state already", 0},
    {"forms/repair.yaml", "triage: {number: 2,", "triage: {number: 1,", "belongs to \"create\" already", 0},
    {"forms/repair.yaml", "series: \"WX{office}{yyyy}{seq:6}\"", "series: \"wx{office}{seq:6}\"",
        "a series is 1 to 4 capital letters", 0},
    {"forms/repair.yaml", "    number: 2\n    zh: 接单时限", "    number: 1\n    zh: 接单时限",
        "belongs to \"dispatch\" already", -2},
    {"forms/repair.yaml", "rights: {director: RXAZ", "rights: {director: RXQZ", "is not a set of rights", 0},
    {"forms/repair.yaml", "rights: {director: RXAZ", "rights: {director: RRX", "is not a set of rights", 0},
    {"forms/repair.yaml", "priorities: yes", "priorities: perhaps", "yes or no is expected", 0},
    {"settings.yaml", "day_limits_end: \"24:00\"", "day_limits_end: \"25:00\"", "a time of day", 0},
    {"settings.yaml", "receipt_late: 15min", "receipt_late: 1 working_day", "minutes or hours are expected", 0},
    {"settings.yaml", "present: {cs_agent: 1}", "present: {cs_agnt: 1}", "did you mean \"cs_agent\"", 0},
    {"settings.yaml", "present: {cs_agent: 1}", "present: {cs_agent: 0}", "a whole number from 1 to 100", 0},
    {"settings.yaml", "days_ahead: 3", "days_ahead: 32", "a whole number from 1 to 31", 0},
    {"weather.yaml", "stretch: 150 %", "stretch: 50 %", "weather only lengthens", 0},
    {"priorities.yaml", "number: 1\n", "number: 3\n", "from 0, the most urgent", -2},
    {"taxonomy.yaml", "trade: plumber, warranty: W_MEP", "trade: plumer, warranty: W_MEP", "not in the list of trades",
        0},
    {"taxonomy.yaml", "warranty: W_MEP", "warranty: W_MEPP", "not in the list", 0},
    {"taxonomy.yaml", "{word: 困人, raise_to: P0}", "{word: 困人}", "category, raise_to or raise_by is expected", 0},
    {"company.yaml", "cs_agent: {number: 3,", "cs_agent: {number: 1,", "belongs to another role already", 0},
    {"company.yaml", "  tech: {number: 6", "  assignee: {number: 6", "name of a relation", -2},
    {"policy.yaml", "format: 1", "format: 2", "a whole number from 1 to 1", 0},
    {"policy.yaml", "forms/visit.yaml", "../visit.yaml", "is not the name of a part", 0},
    {"policy.yaml", "forms/visit.yaml", "forms/repair.yaml", "is named twice", 0},
    /* what is missing */
    {"forms/repair.yaml", "  NEW: {number: 1, zh: 已受理, en: Received,", "  NEW: {number: 1, zh: 已受理,",
        "\"en\" is missing", 0},
    {"forms/repair.yaml", "{limit: 3min, origin: practice}", "{limit: 3min}", "\"origin\" is missing", 0},
    {"forms/repair.yaml", "    by: [cs_agent, cs_lead]\n    need_now: [parent]", "    need_now: [parent]",
        "\"by\" is missing", -2},
    {"cities.yaml", "origin: practice (Shanghai", "orign: practice (Shanghai", "did you mean \"origin\"", 0},
    /* YAML itself */
    {"forms/visit.yaml", "transitions:\n", "transitions: &anchor\n", "anchors", -2},
    {"forms/visit.yaml", "kind:\n", "kind: *alias\n", "aliases", 0},
    {"forms/visit.yaml", "kind:\n", "kind: [\n", "not readable as YAML", -2},
    {"forms/visit.yaml", "  code: visit\n", "  code: visit\n  code: visit\n", "stands twice", 1},
    {"forms/visit.yaml", "  code: visit\n", "\tcode: visit\n", "not readable as YAML", -2},
    {"forms/visit.yaml", "zh: 业户访问记录\n", "zh: \xff\xfe\n", "not readable as YAML", -2},
    {"forms/visit.yaml", "kind:\n", "---\nkind:\n", NULL, 0},
    {"forms/visit.yaml", "rights: {", "--- {}\nrights: {", "a second document", 0},
    /* what only shows in the whole */
    {"forms/visit.yaml", "  - act: close\n    from: VISITED", "  - act: close\n    from: PLANNED",
        "the open state VISITED has no way out", -1},
    {"forms/visit.yaml", "CANCELLED: {number: 6, zh: 已取消, en: Cancelled, class: final",
        "CANCELLED: {number: 6, zh: 已取消, en: Cancelled, class: open", "no way out", -1},
    {"forms/visit.yaml", "CLOSED: {number: 4, zh: 已归档, en: Filed, class: closed, phase: done}\n",
        "CLOSED: {number: 4, zh: 已归档, en: Filed, class: closed, phase: done}\n  LOST: {number: 9, zh: 失联, en: "
        "Lost, class: closed, phase: done}\n",
        "LOST can never be reached", -1},
    {"forms/visit.yaml", "NOTE_LEFT: {number: 5, zh: 已留言, en: Note left, class: closed",
        "NOTE_LEFT: {number: 5, zh: 已留言, en: Note left, class: final", "has a way out; it is closed, not final", -1},
    {"forms/visit.yaml", "rights: {director: CR, cs_lead: CRUA, ", "rights: {director: CR, ",
        "cs_lead may act here but has no right", -2},
    {"forms/visit.yaml", "cancel: {number: 7, zh: 取消, en: Cancel}\n",
        "cancel: {number: 7, zh: 取消, en: Cancel}\n  fly: {number: 70, zh: 飞, en: Fly}\n",
        "no transition uses the act \"fly\"", -1},
    {"forms/visit.yaml", "within: 3 months", "within: 3 working_days", "not working days", -2},
    {"forms/visit.yaml", "need_now: [phoned]", "need_now: [absent]", "is computed: nobody can hand it in", -2},
    {"forms/visit.yaml", "number: 2\n  zh: 业户访问记录", "number: 1\n  zh: 业户访问记录",
        "belongs to forms/repair.yaml already", -2},
    {"forms/visit.yaml", "series: \"ZF", "series: \"WX", "belong to forms/repair.yaml already", -2},
    {"forms/repair.yaml", "category_in: [LEK]", "category_in: [LEG]", "neither a category nor a group", 0},
    {"forms/repair.yaml", "{field_is: {field: area, value: household}}", "{field_is: {field: area, values: household}}",
        "\"value\" is missing", 0},
    {"forms/repair.yaml", "{field_is: {field: liability, value: owner_paid}}",
        "{field_is: {field: liability, value: owner_payed}}", "did you mean \"owner_paid\"", 0},
    {"forms/repair.yaml", "{field_is: {field: liability, value: owner_paid}}",
        "{field_is: {field: contact_phone, value: x}}", "is personal: rules can only see", 0},
    {"forms/repair.yaml", "{at_least: {field: owner_calls, value: 2}}", "{at_least: {field: area, value: 2}}",
        "a number or money is expected", 0},
    {"forms/repair.yaml", "set: {owner_calls: +1}", "set: {call_result: no_answer}", "only computed fields", 0},
    {"forms/repair.yaml", "set: {owner_calls: +1}", "set: {owner_calls: now}", "cannot be set on a number field", 0},
    {"forms/repair.yaml", "approve_at: office", "approve_at: unit", "approve_at names an office field", 0},
    {"forms/repair.yaml", "{priority_in: [P4]}", "{linked: {link: rewrk, state: CLOSED}}",
        "is not declared under links", 0},
    {"forms/repair.yaml", "act: resume}", "act: resum}", "is not one of the form's", -2},
    {"forms/repair.yaml", "    paused_in: [ON_HOLD, TO_REWORK]\n", "", "paused_in names no state", -2},
    {"warranty.yaml", "W_DECOR:", "W_DEKOR:", "is not in the list", 0},
    {"warranty.yaml", "contractor: 5 years\n", "contractor: 5 year\n", "a term such as", 0},
    {"warranty.yaml", "from: \"11-15\"", "from: \"02-30\"", "a day such as", 0},
    {"warranty.yaml", "  beijing:\n", "  peking:\n", "is not in the list of cities", 1},
    {"dispatch.yaml", "rules: []", "rules: [{mode: ofer}]", "did you mean \"offer\"", 0},
    {"dispatch.yaml", "rules: []", "rules: [{mode: manual, offer_to: 3}]", "belongs to the mode offer", 0},
    {"profiles.yaml", "priorities: [P2], limit: 15min", "priorities: [P2], limit: 45min",
        "looser than the company's (30min)", 0},
    {"obligations.yaml", "act: sign\n", "act: sing\n", "is not one of the kind's", 0},
    {"obligations.yaml", "kind: visit\n", "kind: visits\n", "is not declared", 0},
    {"forms/repair.yaml", "contact_name: {zh: 联系人,", "note: {zh: 联系人,", "a form cannot declare it again", 0},
    {"forms/repair.yaml", "place: {zh: 房号或位置, en: Room or location, type: text,",
        "place: {zh: 房号或位置, en: Room or location, type: number,", "belongs to the head of every record", 0},
    {"forms/repair.yaml",
        ", open_to: [cs_agent, cs_lead, duty_director, eng_lead, director, tech as assignee, tech as worker",
        ", x: [cs_agent", "open_to is missing", 0},
};

static bool said(const char *file, const char *text, uint32_t line, int relative)
{
    for (size_t i = 0; i < problems.count; i++) {
        const struct gj_problem *problem = &problems.items[i];
        bool place = relative == -2 || (relative == -1 && problem->line == 0) ||
                     (relative >= 0 && problem->line == line + (uint32_t)relative && problem->column > 0);
        if (strcmp(problem->file, file) == 0 && strstr(problem->text, text) != NULL && place) {
            return true;
        }
    }
    return false;
}

static void every_mistake_is_named(void **state)
{
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        struct files files = original;
        uint8_t *bytes = NULL;
        uint32_t line = 0;
        for (size_t i = 0; i < files.count; i++) {
            if (strcmp(files.parts[i].name, cases[c].file) == 0) {
                bytes = replace(&original.parts[i], cases[c].find, cases[c].with, &files.parts[i].len, &line);
                files.parts[i].bytes = bytes;
            }
        }
        enum gj_err err = compile(&files);
        free(bytes);
        if (cases[c].says == NULL) {
            assert_int_equal(err, GJ_OK);
            continue;
        }
        assert_int_equal(err, GJ_EINVAL);
        if (!said(cases[c].file, cases[c].says, line, cases[c].line)) {
            print_error("case %zu: \"%s\" (%s:%u) is not said, but:\n", c, cases[c].says, cases[c].file, line);
            for (size_t i = 0; i < problems.count && i < 5; i++) {
                char text[400];
                gj_problem_format(&problems.items[i], text, sizeof text);
                print_error("  %s\n", text);
            }
            fail();
        }
    }
}

static void many_mistakes_are_collected(void **state)
{
    (void)state;
    /* Every origin lost at once. */
    struct files files = original;
    uint8_t *bytes = NULL;
    for (size_t i = 0; i < files.count; i++) {
        if (strcmp(files.parts[i].name, "forms/repair.yaml") == 0) {
            bytes = malloc(files.parts[i].len);
            memcpy(bytes, files.parts[i].bytes, files.parts[i].len);
            for (uint8_t *at = bytes;
                 (at = memmem(at, files.parts[i].len - (size_t)(at - bytes), "origin", 6)) != NULL;) {
                memcpy(at, "orisin", 6);
            }
            files.parts[i].bytes = bytes;
        }
    }
    assert_int_equal(compile(&files), GJ_EINVAL);
    assert_int_equal(problems.count, GJ_PROBLEMS_MAX);
    assert_true(problems.total > GJ_PROBLEMS_MAX);
    free(bytes);
}

static void parts_must_fit_the_manifest(void **state)
{
    (void)state;
    for (size_t gone = 0; gone < original.count; gone++) {
        struct files files = original;
        files.parts[gone] = files.parts[--files.count];
        assert_int_equal(compile(&files), GJ_EINVAL);
        assert_string_equal(problems.items[0].file, "policy.yaml");
    }
    struct files files = original;
    files.parts[files.count++] = (struct gj_policy_part){"forms/stray.yaml", (const uint8_t *)"a: b\n", 5};
    assert_int_equal(compile(&files), GJ_EINVAL);
    assert_true(said("forms/stray.yaml", "is not named", 0, -1));
    files.parts[files.count - 1].name = "forms/visit.yaml";
    assert_int_equal(compile(&files), GJ_EINVAL);
    files.parts[files.count - 1].name = "../etc/passwd";
    assert_int_equal(compile(&files), GJ_EINVAL);
}

static void hostile_files_end_soon(void **state)
{
    (void)state;
    static char deep[20001];
    static char wide[700001];
    memset(deep, '[', 20000);
    memset(wide, 'a', 700000);
    const struct {
        const char *bytes;
        size_t len;
        enum gj_err err;
    } files[] = {{deep, 20000, GJ_EINVAL}, {wide, 700000, GJ_EINVAL}, {"", 0, GJ_EINVAL}, {"\0\0", 2, GJ_EINVAL},
        {"%YAML 9.9\n", 10, GJ_EINVAL}, {"- a\n", 4, GJ_EINVAL}, {"a\n", 2, GJ_EINVAL}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        for (size_t at = 0; at < original.count; at++) {
            struct files changed = original;
            changed.parts[at].bytes = (const uint8_t *)files[i].bytes;
            changed.parts[at].len = files[i].len;
            enum gj_err err = compile(&changed);
            assert_true(err == files[i].err || err == GJ_ETOOBIG);
            assert_true(problems.total > 0);
        }
    }
}

static void names_of_parts(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "a.yaml", "forms/repair.yaml", "a/b/c-d_e.yaml"};
    static const char *const bad[] = {"", "/a", "a/", "../a", "a/../b", "a//b", ".a", "a/.b", "a b", "ü", "a\\b"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(gj_bundle_name_ok(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(gj_bundle_name_ok(bad[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mistake_is_named),
        cmocka_unit_test(many_mistakes_are_collected),
        cmocka_unit_test(parts_must_fit_the_manifest),
        cmocka_unit_test(hostile_files_end_soon),
        cmocka_unit_test(names_of_parts),
    };
    return cmocka_run_group_tests(tests, read_files, free_files);
}
