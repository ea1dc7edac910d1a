#include "work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/dispatch.pb-c.h"
#include "proto/register.pb-c.h"

/* A ticket is let go after so many writes, finished or not. */
#define STEPS_MAX 12

struct step {
    const char *from;
    const char *act;
    const char *note;
};

/* Steps without a form of their own, so that the crash is what is tested and not the form. */
static const struct step steps[] = {
    {"NEW", "cancel", "the caller rang again: it works now"},
    {"TRIAGED", "cancel", "reported twice"},
};

unsigned work_random(struct lane *lane, unsigned bound)
{
    /* xorshift64*, seeded per lane: the same seed does the same work in the same order. */
    uint64_t x = lane->random;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    lane->random = x;
    return (unsigned)((x * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % bound;
}

static uint8_t *pack(const ProtobufCMessage *message, size_t *len)
{
    *len = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = malloc(*len > 0 ? *len : 1);
    if (bytes == NULL)
        abort();
    protobuf_c_message_pack(message, bytes);
    return bytes;
}

static uint8_t *intake(struct lane *lane, uint32_t *call, size_t *len)
{
    static const char *const categories[] = {"WAT-03", "WAT-04", "ELE-03", "DOR-01", "LEK-03", "CIV-01"};
    char place[32];
    snprintf(place, sizeof(place), "%u-%u-%u", 1 + work_random(lane, 9), 1 + work_random(lane, 2),
        101 + work_random(lane, 1800));
    Gj__V1__IntakeRequest request = GJ__V1__INTAKE_REQUEST__INIT;
    request.office = lane->desk->office;
    request.channel = "phone";
    request.place = place;
    request.contact_name = "王";
    request.contact_phone = "19900000000";
    request.description = "水龙头关不紧，一直滴水";
    request.category = (char *)(uintptr_t)categories[work_random(lane, 6)];
    request.area = "household";
    request.priority = -1;
    request.expected_response_told = true;
    request.read_back = true;
    *call = GJ__V1__CALL__DISPATCH_INTAKE;
    return pack(&request.base, len);
}

static uint8_t *act(
    struct lane *lane, const char *verb, const char *note, uint32_t revision, uint32_t *call, size_t *len)
{
    Gj__V1__ActRequest request = GJ__V1__ACT_REQUEST__INIT;
    Gj__V1__Field reason = GJ__V1__FIELD__INIT;
    Gj__V1__Field *fields[] = {&reason};
    request.id = lane->record;
    request.revision = revision;
    request.act = (char *)(uintptr_t)verb;
    if (strcmp(verb, "cancel") == 0) {
        reason.key = "cancel_reason";
        reason.value_case = GJ__V1__FIELD__VALUE_TEXT;
        reason.text = (char *)(uintptr_t)note;
        request.fields = fields;
        request.n_fields = 1;
    } else {
        request.note = (char *)(uintptr_t)note;
    }
    *call = GJ__V1__CALL__RECORD_ACT;
    return pack(&request.base, len);
}

static const struct step *step_from(const char *state)
{
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (strcmp(steps[i].from, state) == 0)
            return &steps[i];
    }
    return NULL;
}

uint8_t *work_next(struct lane *lane, uint32_t *call, size_t *len)
{
    if (lane->record == 0 || lane->steps >= STEPS_MAX)
        return intake(lane, call, len);
    lane->steps++;
    unsigned dice = work_random(lane, 100);
    const struct step *step = step_from(lane->state);
    if (dice < 8 && lane->revision > 1)
        return act(lane, step != NULL ? step->act : "cancel", "too late", lane->revision - 1, call, len);
    if (dice < 14)
        return act(lane, "no_such_step", "", lane->revision, call, len);
    if (dice < 24 && step != NULL)
        return act(lane, step->act, step->note, lane->revision, call, len);
    return act(lane, "note", "rang the owner, nobody there", lane->revision, call, len);
}

void work_done(struct lane *lane, const Gj__V1__Written *written)
{
    if (lane->call == GJ__V1__CALL__DISPATCH_INTAKE)
        lane->steps = 0;
    lane->record = written->id;
    lane->revision = written->revision;
    snprintf(lane->state, sizeof(lane->state), "%s", written->state);
}

void work_refused(struct lane *lane, int status)
{
    /* An intake that is refused would be refused for ever: then the test itself is wrong. */
    if (lane->call == GJ__V1__CALL__DISPATCH_INTAKE) {
        fprintf(stderr, "crash_load: intake refused with %s\n", guanjia_status_name(status));
        exit(2);
    }
}
