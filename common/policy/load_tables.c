/* priorities.yaml, settings.yaml and weather.yaml. */
#include "common/policy/load.h"

void gj_load_priorities(struct gj_load *load, gj_node root)
{
    struct gj_reader *reader = &load->reader;
    struct gj_map file;
    (void)gj_yaml_map(reader, root, "the file", &file);
    gj_node node = gj_yaml_need(&file, "priorities");
    gj_yaml_map_end(&file);
    size_t count = gj_yaml_pair_count(reader, node, "priorities");
    struct gj_priority *priorities = GJ_YAML_ARRAY(reader, count, struct gj_priority);
    if (priorities == NULL || !gj_load_count_ok(load, node, count, GJ_PRIORITIES_MAX)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct gj_map map;
        gj_node value = gj_yaml_pair(reader, node, i, &priorities[i].code);
        (void)gj_yaml_map(reader, value, "a priority", &map);
        int64_t number = 0;
        if (gj_yaml_int(reader, gj_yaml_need(&map, "number"), 0, GJ_PRIORITIES_MAX - 1, &number) &&
            number != (int64_t)i) {
            gj_yaml_problem(reader, value, "priorities are listed from 0, the most urgent; %zu is expected here", i);
        }
        priorities[i].number = (uint8_t)i;
        priorities[i].label = gj_yaml_label(&map);
        priorities[i].call_out = gj_load_roles(load, gj_yaml_get(&map, "call_out"));
        priorities[i].origin = gj_yaml_text(reader, gj_yaml_need(&map, "origin"), 200);
        gj_yaml_map_end(&map);
    }
    load->policy->priorities = priorities;
    load->policy->priority_count = count;
}

static int32_t read_minute(struct gj_reader *reader, gj_node node, int32_t otherwise)
{
    const char *raw = gj_yaml_text(reader, node, 5);
    if (raw == NULL) {
        return otherwise;
    }
    bool shape = raw[0] >= '0' && raw[0] <= '2' && raw[1] >= '0' && raw[1] <= '9' && raw[2] == ':' && raw[3] >= '0' &&
                 raw[3] <= '5' && raw[4] >= '0' && raw[4] <= '9' && raw[5] == '\0';
    int32_t minute = shape ? ((raw[0] - '0') * 10 + (raw[1] - '0')) * 60 + (raw[3] - '0') * 10 + (raw[4] - '0') : -1;
    if (minute < 0 || minute > 1440) {
        gj_yaml_problem(reader, node, "a time of day from 00:00 to 24:00 is expected, found \"%s\"", raw);
        return otherwise;
    }
    return minute;
}

/* Who is on duty at every hour, and how early a gap in it is an alarm. */
static void read_duty(struct gj_load *load, gj_node node)
{
    struct gj_reader *reader = &load->reader;
    struct gj_policy_settings *settings = &load->policy->settings;
    struct gj_map map;
    int64_t value = 0;
    if (node == NULL) {
        return;
    }
    (void)gj_yaml_map(reader, node, "duty", &map);
    if (gj_yaml_int(reader, gj_yaml_need(&map, "days_ahead"), 1, GJ_DUTY_AHEAD_DAYS_MAX, &value)) {
        settings->duty_days_ahead = (int32_t)value;
    }
    gj_node present = gj_yaml_need(&map, "present");
    size_t count = gj_yaml_pair_count(reader, present, "present");
    struct gj_duty_need *needs = GJ_YAML_ARRAY(reader, count, struct gj_duty_need);
    for (size_t i = 0; needs != NULL && gj_load_count_ok(load, present, count, GJ_LOAD_SHORT_LIST_MAX) && i < count;
         i++) {
        const char *code = "";
        gj_node number = gj_yaml_pair(reader, present, i, &code);
        gj_roles role = gj_load_roles(load, gj_yaml_pair_key(reader, present, i));
        if (role != 0 && gj_yaml_int(reader, number, 1, 100, &value)) {
            needs[settings->duty_need_count++] =
                (struct gj_duty_need){.role = (uint8_t)__builtin_ctzll(role), .wanted = (uint32_t)value};
        }
    }
    settings->duty_needs = needs;
    gj_yaml_map_end(&map);
}

void gj_load_settings(struct gj_load *load, gj_node root)
{
    struct gj_reader *reader = &load->reader;
    struct gj_policy_settings *settings = &load->policy->settings;
    struct gj_map map;
    (void)gj_yaml_map(reader, root, "the file", &map);
    (void)gj_yaml_duration(reader, gj_yaml_need(&map, "receipt_late"), &settings->receipt_late);
    if (settings->receipt_late.unit != GJ_UNIT_NONE && gj_duration_run(settings->receipt_late) != GJ_RUN_ELAPSED) {
        gj_yaml_problem(reader, gj_yaml_get(&map, "receipt_late"), "minutes or hours are expected");
    }
    settings->office_closing_minute = read_minute(reader, gj_yaml_need(&map, "day_limits_end"), 1440);
    settings->working_day_opens_minute = read_minute(reader, gj_yaml_need(&map, "office_opens"), 540);
    int64_t value = 0;
    if (gj_yaml_permille(reader, gj_yaml_need(&map, "follow_up_repairs"), 1000, &value)) {
        settings->follow_up_permille = (uint16_t)value;
    }
    (void)gj_yaml_duration(reader, gj_yaml_need(&map, "cover_max"), &settings->cover_max);
    (void)gj_yaml_duration(reader, gj_yaml_need(&map, "delegation_max"), &settings->delegation_max);
    if (gj_yaml_int(reader, gj_yaml_need(&map, "export_rows_alone"), 0, 1000000, &value)) {
        settings->logged_in_export_rows = (uint32_t)value;
    }
    read_duty(load, gj_yaml_get(&map, "duty"));
    gj_yaml_map_end(&map);
}

void gj_load_weather(struct gj_load *load, gj_node root)
{
    struct gj_reader *reader = &load->reader;
    struct gj_map file;
    (void)gj_yaml_map(reader, root, "the file", &file);
    gj_node node = gj_yaml_need(&file, "weather");
    gj_yaml_map_end(&file);
    size_t count = gj_yaml_pair_count(reader, node, "weather");
    struct gj_weather *modes = GJ_YAML_ARRAY(reader, count, struct gj_weather);
    if (modes == NULL || !gj_load_count_ok(load, node, count, GJ_LOAD_SHORT_LIST_MAX)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct gj_map map;
        (void)gj_yaml_map(reader, gj_yaml_pair(reader, node, i, &modes[i].code), "a weather mode", &map);
        int64_t factor = 1000;
        modes[i].label = gj_yaml_label(&map);
        (void)gj_yaml_permille(reader, gj_yaml_need(&map, "stretch"), 5000, &factor);
        if (factor < 1000) {
            gj_yaml_problem(reader, gj_yaml_get(&map, "stretch"), "weather only lengthens limits: 100 %% or more");
        }
        modes[i].factor_permille = (uint32_t)factor;
        modes[i].priorities = gj_load_priority_set(load, gj_yaml_need(&map, "priorities"));
        modes[i].starts = gj_load_roles(load, gj_yaml_need(&map, "started_by"));
        (void)gj_yaml_text(reader, gj_yaml_need(&map, "origin"), 200);
        gj_yaml_map_end(&map);
    }
    load->policy->weather = modes;
    load->policy->weather_count = count;
}
