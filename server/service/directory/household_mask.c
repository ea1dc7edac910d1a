#include "service/directory/household_mask.h"

#include <string.h>

#include "service/directory/directory_rules.h"
#include "service/door.h"

static bool mask(struct gj_ctx *ctx, char **text, void (*rule)(const char *, char *, size_t))
{
    if ((*text)[0] == '\0') {
        return true;
    }
    size_t size = strlen(*text) + 8;
    char *masked = gj_arena_alloc(ctx->arena, size);
    if (masked == NULL) {
        return gj_door_failed(ctx, gj_arena_why(ctx->arena));
    }
    rule(*text, masked, size);
    *text = masked;
    return true;
}

bool gj_household_mask_phones(struct gj_ctx *ctx, Gj__V1__Household *plain)
{
    for (size_t i = 0; i < plain->n_persons; i++) {
        Gj__V1__Person *person = plain->persons[i];
        person->masked = true;
        for (size_t k = 0; k < person->n_phones; k++) {
            if (!mask(ctx, &person->phones[k], gj_directory_rules_mask_phone)) {
                return false;
            }
        }
    }
    return true;
}

bool gj_household_mask_names(struct gj_ctx *ctx, Gj__V1__Household *plain)
{
    for (size_t i = 0; i < plain->n_persons; i++) {
        if (!mask(ctx, &plain->persons[i]->name, gj_directory_rules_mask_name)) {
            return false;
        }
    }
    for (size_t i = 0; i < plain->n_vehicles; i++) {
        if (!mask(ctx, &plain->vehicles[i]->plate, gj_directory_rules_mask_plate)) {
            return false;
        }
    }
    return mask(ctx, &plain->name, gj_directory_rules_mask_name);
}

static char *empty_text(void)
{
    return (char *)(uintptr_t)protobuf_c_empty_string;
}

static void keep_person(Gj__V1__Person *person, gj_parts parts)
{
    if ((parts & GJ_PART_BIT(GJ_PART_NAME)) == 0) {
        person->name = empty_text();
    }
    if ((parts & GJ_PART_BIT(GJ_PART_PHONE)) == 0) {
        person->n_phones = 0;
    }
    if ((parts & GJ_PART_BIT(GJ_PART_CONTACT)) == 0) {
        person->preferred_contact = person->preferred_hours = empty_text();
    }
    if ((parts & GJ_PART_BIT(GJ_PART_PERSONS)) == 0) {
        person->relation = GJ__V1__PERSON_RELATION__RELATION_UNKNOWN;
        person->from = person->until = 0;
    }
    if ((parts & GJ_PART_BIT(GJ_PART_VULNERABLE)) == 0) {
        person->vulnerable = empty_text();
        person->vulnerable_consent = false;
    }
}

void gj_household_keep_parts(Gj__V1__Household *plain, gj_parts parts)
{
    const gj_parts of_persons = GJ_PART_BIT(GJ_PART_NAME) | GJ_PART_BIT(GJ_PART_PHONE) | GJ_PART_BIT(GJ_PART_CONTACT) |
                                GJ_PART_BIT(GJ_PART_PERSONS) | GJ_PART_BIT(GJ_PART_VULNERABLE);
    if ((parts & of_persons) == 0) {
        plain->n_persons = 0;
    }
    for (size_t i = 0; i < plain->n_persons; i++) {
        keep_person(plain->persons[i], parts);
    }
    if ((parts & GJ_PART_BIT(GJ_PART_NAME)) == 0) {
        plain->name = empty_text();
    }
    if ((parts & GJ_PART_BIT(GJ_PART_VEHICLES)) == 0) {
        plain->n_vehicles = 0;
    }
    if ((parts & GJ_PART_BIT(GJ_PART_BILLING)) == 0) {
        plain->occupancy = GJ__V1__OCCUPANCY__OCCUPANCY_UNKNOWN;
        plain->area_cm2 = plain->delivered_at = plain->completed_at = 0;
    }
    if ((parts & GJ_PART_BIT(GJ_PART_RECORDS)) == 0) {
        plain->n_open_records = 0;
    }
}
