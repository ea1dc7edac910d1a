#include "core/core.h"

#include "core/due.h"

int64_t gj_core_now(struct gj_core *core)
{
    int64_t stamp = gj_watch_stamp(&core->watch, gj_clock_sample(core->clock));

    if (stamp > core->last_stamp_ms) {
        core->last_stamp_ms = stamp;
    }
    return core->last_stamp_ms;
}

void gj_core_trust_clock(struct gj_core *core)
{
    gj_watch_accept(&core->watch, gj_clock_sample(core->clock));
    if (core->due != NULL) {
        gj_due_clock(core->due);
    }
}

const struct gj_call *gj_core_call(const struct gj_core *core, uint16_t number)
{
    uint8_t service_number = (uint8_t)(number >> 8);

    for (size_t i = 0; core->services[i] != NULL; i++) {
        const struct gj_service *service = core->services[i];

        if (service->number != service_number) {
            continue;
        }
        for (size_t k = 0; k < service->n_calls; k++) {
            if (service->calls[k].number == number) {
                return &service->calls[k];
            }
        }
    }
    return NULL;
}
