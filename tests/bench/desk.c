#include "bench/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_MS INT64_C(3600000)

static void field_text(struct gj_desk_act *act, const char *key, const char *text)
{
    Gj__V1__Field *field = &act->fields[act->request.n_fields];
    gj__v1__field__init(field);
    field->key = (char *)key;
    field->value_case = GJ__V1__FIELD__VALUE_TEXT;
    field->text = (char *)text;
    act->list[act->request.n_fields++] = field;
}

static void field_number(struct gj_desk_act *act, const char *key, int64_t number)
{
    field_text(act, key, NULL);
    Gj__V1__Field *field = &act->fields[act->request.n_fields - 1];
    field->value_case = GJ__V1__FIELD__VALUE_NUMBER;
    field->number = number;
}

static void field_time(struct gj_desk_act *act, const char *key, int64_t at_ms)
{
    field_number(act, key, 0);
    Gj__V1__Field *field = &act->fields[act->request.n_fields - 1];
    field->value_case = GJ__V1__FIELD__VALUE_TIME;
    field->time = at_ms;
}

static void fill_dispatch(struct gj_desk_act *act, const struct gj_desk *desk, int64_t now_ms)
{
    (void)now_ms;
    field_text(act, "trade", "plumber");
    act->request.assignee = desk->users[1];
}

static void fill_appoint(struct gj_desk_act *act, const struct gj_desk *desk, int64_t now_ms)
{
    (void)desk;
    field_time(act, "appointment_at", now_ms + 2 * HOUR_MS);
    field_number(act, "confirmed_with_owner", 1);
}

static void fill_nobody_home(struct gj_desk_act *act, const struct gj_desk *desk, int64_t now_ms)
{
    (void)desk;
    field_text(act, "nobody_home_note", "敲门三次无人应答，电话改约下午。");
    field_time(act, "appointment_at", now_ms + 4 * HOUR_MS);
}

static void fill_start(struct gj_desk_act *act, const struct gj_desk *desk, int64_t now_ms)
{
    (void)desk;
    (void)now_ms;
    field_text(act, "cause", "软管老化开裂");
    field_text(act, "plan", "更换软管与角阀，试水");
    field_text(act, "liability", "property");
    field_text(act, "plan_consent", "spoken");
}

static void fill_finish(struct gj_desk_act *act, const struct gj_desk *desk, int64_t now_ms)
{
    (void)now_ms;
    field_text(act, "work_done", "更换软管一根、角阀一只，试水正常");
    field_text(act, "usage_advice", "外出时请关闭入户总阀");
    field_number(act, "no_materials", 1);
    field_number(act, "photos_before_after", 0);
    Gj__V1__Field *field = &act->fields[act->request.n_fields - 1];
    field->value_case = GJ__V1__FIELD__VALUE_BLOB;
    field->blob.data = (uint8_t *)(uintptr_t)desk->photo;
    field->blob.len = sizeof desk->photo;
}

static void fill_owner_accept(struct gj_desk_act *act, const struct gj_desk *desk, int64_t now_ms)
{
    (void)desk;
    (void)now_ms;
    gj__v1__owner_step__init(&act->owner);
    act->owner.means = (char *)"code";
    act->request.owner = &act->owner;
}

static void fill_attempt(struct gj_desk_act *act, const struct gj_desk *desk, int64_t now_ms)
{
    (void)desk;
    (void)now_ms;
    field_text(act, "call_result", "no_answer");
}

static void fill_follow_up(struct gj_desk_act *act, const struct gj_desk *desk, int64_t now_ms)
{
    (void)desk;
    (void)now_ms;
    field_text(act, "follow_up_way", "phone");
    field_text(act, "satisfaction", "satisfied");
    field_number(act, "owner_confirms", 1);
}

/* The way of a ticket, from TRIAGED on. The step is the first row of its state whose revision is not past. Every step
 * has its note, 23 characters in the mean, which is as long as what people say when they call (10 to 90, 25 in the
 * mean). */
static const struct step {
    const char *state;
    uint32_t until_revision; /* 0: whenever it is in this state */
    const char *act;
    size_t user; /* 0 desk, 1 technician */
    void (*fill)(struct gj_desk_act *act, const struct gj_desk *desk, int64_t now_ms);
    const char *note;
} steps[] = {
    {"TRIAGED", 0, "dispatch", 0, fill_dispatch, "水暖师傅上午在附近，请尽快上门，业主在家等候。"},
    {"DISPATCHED", 0, "accept", 1, NULL, "收到，手上的单做完就过去，约半小时。"},
    {"ACCEPTED", 0, "appoint", 1, fill_appoint, "已与业主电话约定上门时间，请其留人在家。"},
    {"APPOINTED", 4, "nobody_home", 1, fill_nobody_home, "到场敲门无人应答，电话未接，已在门上留条。"},
    {"APPOINTED", 5, "appoint", 1, fill_appoint, "业主回电道歉，改约今天下午，会留家人开门。"},
    {"APPOINTED", 0, "arrive", 1, NULL, "已到现场，业主在家，先看水槽下面。"},
    {"ARRIVED", 0, "start", 1, fill_start, "角阀根部锈蚀，软管接头开裂，柜底已泡胀，先关总阀再换。"},
    {"WORKING", 0, "finish", 1, fill_finish,
        "已到现场查看，更换角阀与软管，试水半小时无渗漏，已向业主说明使用注意事项。"},
    {"DONE", 0, "owner_accept", 1, fill_owner_accept, "业主当面试水，确认不再漏水，对处理满意。"},
    {"FOLLOW_UP", 11, "follow_up_attempt", 0, fill_attempt,
        "回访电话响铃无人接听，傍晚再打。"}, /* once: it makes revision 12 */
    {"FOLLOW_UP", 0, "follow_up_ok", 0, fill_follow_up,
        "电话回访业主，水槽下面干燥无渗漏，对师傅的态度满意，已提醒外出关总阀。"},
};
const size_t gj_desk_steps = sizeof steps / sizeof steps[0];

uint8_t gj_desk_step(const char *state, uint32_t revision)
{
    for (size_t i = 0; i < gj_desk_steps; i++) {
        if (strcmp(steps[i].state, state) == 0 &&
            (steps[i].until_revision == 0 || revision <= steps[i].until_revision)) {
            return (uint8_t)i;
        }
    }
    return (uint8_t)gj_desk_steps;
}

size_t gj_desk_user_of(size_t step)
{
    return steps[step].user;
}

bool gj_desk_needs_code(const struct gj_desk_ticket *ticket)
{
    return ticket->step < gj_desk_steps && steps[ticket->step].fill == fill_owner_accept && ticket->code[0] == '\0';
}

struct gj_desk_ticket *gj_desk_unfinished(struct gj_desk *desk, size_t round)
{
    for (size_t i = 0; i < desk->count; i++) {
        struct gj_desk_ticket *ticket = &desk->tickets[(round + i) % desk->count];
        if (ticket->step < gj_desk_steps && !gj_desk_needs_code(ticket)) {
            return ticket;
        }
    }
    fprintf(stderr, "bench: no ticket has a step left\n");
    exit(1);
}

void gj_desk_add(struct gj_desk *desk, const struct gj_desk_ticket *ticket)
{
    if (desk->count == desk->room) {
        desk->room = desk->room == 0 ? 1024 : desk->room * 2;
        desk->tickets = realloc(desk->tickets, desk->room * sizeof *desk->tickets);
        if (desk->tickets == NULL) {
            exit(1);
        }
    }
    desk->tickets[desk->count++] = *ticket;
}

void gj_desk_free(struct gj_desk *desk)
{
    free(desk->tickets);
    desk->tickets = NULL;
}

void gj_desk_act(
    struct gj_desk_act *act, const struct gj_desk *desk, const struct gj_desk_ticket *ticket, int64_t now_ms)
{
    const struct step *step = &steps[ticket->step];
    gj__v1__act_request__init(&act->request);
    act->request.id = ticket->id;
    act->request.revision = ticket->revision;
    act->request.act = (char *)step->act;
    act->request.note = (char *)(uintptr_t)step->note;
    act->request.fields = act->list;
    if (step->fill != NULL) {
        step->fill(act, desk, now_ms);
    }
    act->owner.evidence.data = (uint8_t *)(uintptr_t)ticket->code;
    act->owner.evidence.len = strlen(ticket->code);
}

void gj_desk_intake(
    Gj__V1__IntakeRequest *intake, const struct gj_desk *desk, const struct gj_desk_ticket *ticket, uint64_t random)
{
    gj__v1__intake_request__init(intake);
    intake->office = ticket->office;
    intake->channel = (char *)"phone";
    intake->household = 1 + (ticket->office - 1) * desk->households_per_office + random % desk->households_per_office;
    intake->place = (char *)"3-2-1801";
    intake->contact_name = (char *)"测试住户";
    intake->contact_phone = (char *)"13800138000";
    intake->description = (char *)"厨房水槽下面的软管滴水，柜子里已经积水，请尽快安排师傅上门查看。";
    intake->category = (char *)"WAT-03";
    intake->area = (char *)"household";
    intake->priority =
        4; /* planned work: its first clock runs a working day, not minutes, so that none runs out meanwhile */
    intake->expected_response_told = true;
    intake->read_back = true;
}

void gj_desk_moved(struct gj_desk_ticket *ticket, const Gj__V1__Written *written)
{
    ticket->id = written->id;
    ticket->revision = written->revision;
    ticket->code[0] = '\0';
    ticket->step = gj_desk_step(written->state, written->revision);
}

void gj_desk_read(struct gj_desk *desk, const char *dir)
{
    char path[600], hex[2 * GJ_DESK_PHOTO_BYTES + 1];
    snprintf(path, sizeof path, "%s/desk", dir);
    FILE *file = fopen(path, "r");
    unsigned long long technician, desk_user, households;
    if (file == NULL || fscanf(file, "%llu %llu %llu %64s", &desk_user, &technician, &households, hex) != 4) {
        fprintf(
            stderr, "bench: %s: needs desk user, technician, households per office and the photo's address\n", path);
        exit(1);
    }
    fclose(file);
    desk->users[0] = desk_user;
    desk->users[1] = technician;
    desk->households_per_office = households;
    for (size_t i = 0; i < GJ_DESK_PHOTO_BYTES; i++) {
        unsigned byte;
        if (sscanf(hex + 2 * i, "%2x", &byte) != 1) {
            exit(1);
        }
        desk->photo[i] = (uint8_t)byte;
    }
}
