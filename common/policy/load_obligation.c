/* obligations.yaml: what is owed by the day, month, half-year and year. */
#include "common/policy/load.h"

static const struct gj_word every_words[] = {{"day", GJ_EVERY_DAY}, {"week", GJ_EVERY_WEEK}, {"month", GJ_EVERY_MONTH},
    {"half_year", GJ_EVERY_HALF_YEAR}, {"year", GJ_EVERY_YEAR}};
static const struct gj_word per_words[] = {{"office", GJ_PER_OFFICE}, {"unit", GJ_PER_UNIT},
    {"vacant_unit", GJ_PER_VACANT_UNIT}, {"household", GJ_PER_HOUSEHOLD}, {"file", GJ_PER_FILE},
    {"record", GJ_PER_RECORD}};
static const struct gj_word shift_words[] = {
    {"keep", GJ_SHIFT_KEEP}, {"working_day_before", GJ_SHIFT_BEFORE}, {"working_day_after", GJ_SHIFT_AFTER}};

static void read_days(struct gj_load *load, struct gj_map *map, struct gj_obligation *obligation)
{
    struct gj_reader *reader = &load->reader;
    int64_t opens = 1;
    int64_t due = 0;
    int64_t remind = 0;
    int64_t hour = 24;
    (void)gj_yaml_int(reader, gj_yaml_get(map, "opens_day"), 1, 366, &opens);
    (void)gj_yaml_int(reader, gj_yaml_need(map, "due_day"), 0, 400, &due);
    (void)gj_yaml_int(reader, gj_yaml_get(map, "due_hour"), 0, 24, &hour);
    (void)gj_yaml_int(reader, gj_yaml_get(map, "remind_working_days"), 0, 60, &remind);
    obligation->opens_day = (int32_t)opens;
    obligation->due_day = (int32_t)due;
    obligation->due_minute = (int32_t)hour * 60;
    obligation->remind_days = (int32_t)remind;
}

static void read_obligation(struct gj_load *load, gj_node node, struct gj_obligation *obligation)
{
    struct gj_reader *reader = &load->reader;
    struct gj_map map;
    (void)gj_yaml_map(reader, node, "an obligation", &map);
    obligation->label = gj_yaml_label(&map);
    int64_t number = 0;
    int64_t share = 1000;
    int every = GJ_EVERY_MONTH;
    int per = GJ_PER_OFFICE;
    int shift = GJ_SHIFT_KEEP;
    (void)gj_yaml_int(reader, gj_yaml_need(&map, "number"), 1, 60000, &number);
    (void)gj_yaml_word(reader, gj_yaml_need(&map, "every"), "the period", every_words, 5, &every);
    (void)gj_yaml_word(reader, gj_yaml_need(&map, "per"), "the subject", per_words, 6, &per);
    (void)gj_yaml_word(reader, gj_yaml_get(&map, "on_free_day"), "the shift", shift_words, 3, &shift);
    (void)gj_yaml_permille(reader, gj_yaml_get(&map, "share"), 1000, &share);
    obligation->number = (uint16_t)number;
    obligation->every = (enum gj_every)every;
    obligation->per = (enum gj_per)per;
    obligation->shift = (enum gj_shift)shift;
    obligation->share_permille = (uint16_t)share;
    read_days(load, &map, obligation);
    gj_node kind = gj_yaml_get(&map, "kind");
    obligation->kind = gj_yaml_name(reader, kind);
    const struct gj_kind *found = obligation->kind == NULL ? NULL : gj_policy_kind(load->policy, obligation->kind);
    if (obligation->kind != NULL && found == NULL) {
        gj_yaml_problem(reader, kind, "the kind \"%s\" is not declared", obligation->kind);
    }
    gj_node act = gj_yaml_get(&map, "act");
    obligation->act = gj_yaml_name(reader, act);
    if (obligation->act != NULL && (found == NULL || gj_kind_act(found, obligation->act) == GJ_NO_INDEX)) {
        gj_yaml_problem(reader, act, "the act \"%s\" is not one of the kind's", obligation->act);
    }
    obligation->responsible = gj_load_roles(load, gj_yaml_need(&map, "responsible"));
    obligation->origin = gj_yaml_text(reader, gj_yaml_need(&map, "origin"), 200);
    gj_yaml_map_end(&map);
}

void gj_load_obligations(struct gj_load *load, gj_node root)
{
    struct gj_reader *reader = &load->reader;
    struct gj_map file;
    (void)gj_yaml_map(reader, root, "the file", &file);
    gj_node node = gj_yaml_need(&file, "obligations");
    gj_yaml_map_end(&file);
    size_t count = gj_yaml_pair_count(reader, node, "obligations");
    struct gj_obligation *obligations = GJ_YAML_ARRAY(reader, count, struct gj_obligation);
    if (obligations == NULL || !gj_load_count_ok(load, node, count, GJ_LOAD_LONG_LIST_MAX)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        gj_node value = gj_yaml_pair(reader, node, i, &obligations[i].code);
        read_obligation(load, value, &obligations[i]);
        for (size_t j = 0; j < i; j++) {
            if (obligations[j].number == obligations[i].number) {
                gj_yaml_problem(reader, value, "the number %u belongs to \"%s\" already", obligations[i].number,
                    obligations[j].code);
            }
        }
    }
    load->policy->obligations = obligations;
    load->policy->obligation_count = count;
}
