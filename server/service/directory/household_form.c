#include "service/directory/household_form.h"

#include <stdlib.h>
#include <string.h>

#include "common/pinyin.h"
#include "core/core.h"
#include "service/directory/directory_rules.h"
#include "service/door.h"

static bool no_room(struct gj_ctx *ctx)
{
    return gj_door_failed(ctx, gj_arena_why(ctx->arena));
}

static bool open_person(struct gj_sealing *sealing, const Gj__Stored__Person *stored, Gj__V1__Person **out)
{
    struct gj_arena *arena = sealing->ctx->arena;
    Gj__V1__Person *plain = GJ_ARENA_NEW(arena, Gj__V1__Person);
    char **phones = GJ_ARENA_ARRAY(arena, stored->n_phones, char *);
    if (plain == NULL || phones == NULL) {
        return no_room(sealing->ctx);
    }
    gj__v1__person__init(plain);
    plain->id = stored->id;
    plain->relation = (Gj__V1__PersonRelation)stored->relation;
    plain->from = stored->from;
    plain->until = stored->until;
    plain->preferred_contact = stored->preferred_contact;
    plain->preferred_hours = stored->preferred_hours;
    plain->vulnerable_consent = stored->vulnerable_consent;
    plain->phones = phones;
    plain->n_phones = stored->n_phones;
    for (size_t i = 0; i < stored->n_phones; i++) {
        if (!gj_sealing_open(sealing, "person.phone", &stored->phones[i], &phones[i])) {
            return false;
        }
    }
    *out = plain;
    return gj_sealing_open(sealing, "person.name", &stored->name, &plain->name) &&
           gj_sealing_open(sealing, "person.vulnerable", &stored->vulnerable, &plain->vulnerable);
}

static bool open_vehicle(struct gj_sealing *sealing, const Gj__Stored__Vehicle *stored, Gj__V1__Vehicle **out)
{
    Gj__V1__Vehicle *plain = GJ_ARENA_NEW(sealing->ctx->arena, Gj__V1__Vehicle);
    if (plain == NULL) {
        return no_room(sealing->ctx);
    }
    gj__v1__vehicle__init(plain);
    plain->id = stored->id;
    plain->type = stored->type;
    plain->colour = stored->colour;
    plain->space = stored->space;
    *out = plain;
    return gj_sealing_open(sealing, "vehicle.plate", &stored->plate, &plain->plate);
}

bool gj_household_form_open(struct gj_sealing *sealing, const Gj__Stored__Household *stored, Gj__V1__Household **out)
{
    struct gj_arena *arena = sealing->ctx->arena;
    Gj__V1__Household *plain = GJ_ARENA_NEW(arena, Gj__V1__Household);
    Gj__V1__Person **persons = GJ_ARENA_ARRAY(arena, stored->n_persons, Gj__V1__Person *);
    Gj__V1__Vehicle **vehicles = GJ_ARENA_ARRAY(arena, stored->n_vehicles, Gj__V1__Vehicle *);
    if (plain == NULL || persons == NULL || vehicles == NULL) {
        return no_room(sealing->ctx);
    }
    gj__v1__household__init(plain);
    plain->id = stored->id;
    plain->office = stored->office;
    plain->building = stored->building;
    plain->room = stored->room;
    plain->occupancy = (Gj__V1__Occupancy)stored->occupancy;
    plain->delivered_at = stored->delivered_at;
    plain->completed_at = stored->completed_at;
    plain->area_cm2 = stored->area_cm2;
    plain->revision = stored->revision;
    plain->persons = persons;
    plain->n_persons = stored->n_persons;
    plain->vehicles = vehicles;
    plain->n_vehicles = stored->n_vehicles;
    for (size_t i = 0; i < stored->n_persons; i++) {
        if (!open_person(sealing, stored->persons[i], &persons[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < stored->n_vehicles; i++) {
        if (!open_vehicle(sealing, stored->vehicles[i], &vehicles[i])) {
            return false;
        }
    }
    *out = plain;
    return gj_sealing_open(sealing, "household.name", &stored->name, &plain->name);
}

static bool seal_person(struct gj_sealing *sealing, const Gj__V1__Person *plain, Gj__Stored__Person **out)
{
    struct gj_arena *arena = sealing->ctx->arena;
    Gj__Stored__Person *stored = GJ_ARENA_NEW(arena, Gj__Stored__Person);
    ProtobufCBinaryData *phones = GJ_ARENA_ARRAY(arena, plain->n_phones, ProtobufCBinaryData);
    if (stored == NULL || phones == NULL) {
        return no_room(sealing->ctx);
    }
    gj__stored__person__init(stored);
    stored->id = plain->id;
    stored->relation = (uint32_t)plain->relation;
    stored->from = plain->from;
    stored->until = plain->until;
    stored->preferred_contact = plain->preferred_contact;
    stored->preferred_hours = plain->preferred_hours;
    stored->vulnerable_consent = plain->vulnerable_consent;
    stored->phones = phones;
    for (size_t i = 0; i < plain->n_phones; i++) {
        char number[GJ_TEXT_PHONE_SIZE];
        if (gj_text_phone(plain->phones[i], strlen(plain->phones[i]), number) != GJ_OK) {
            return gj_door_invalid(sealing->ctx, "field_phone", "phones");
        }
        if (!gj_sealing_seal(sealing, "person.phone", number, &phones[stored->n_phones++])) {
            return false;
        }
    }
    *out = stored;
    return gj_sealing_seal(sealing, "person.name", plain->name, &stored->name) &&
           gj_sealing_seal(sealing, "person.vulnerable", plain->vulnerable, &stored->vulnerable);
}

static bool seal_vehicle(struct gj_sealing *sealing, const Gj__V1__Vehicle *plain, Gj__Stored__Vehicle **out)
{
    Gj__Stored__Vehicle *stored = GJ_ARENA_NEW(sealing->ctx->arena, Gj__Stored__Vehicle);
    if (stored == NULL) {
        return no_room(sealing->ctx);
    }
    gj__stored__vehicle__init(stored);
    stored->id = plain->id;
    stored->type = plain->type;
    stored->colour = plain->colour;
    stored->space = plain->space;
    *out = stored;
    return gj_sealing_seal(sealing, "vehicle.plate", plain->plate, &stored->plate);
}

bool gj_household_form_seal(struct gj_sealing *sealing, const Gj__V1__Household *plain, Gj__Stored__Household **out)
{
    struct gj_arena *arena = sealing->ctx->arena;
    Gj__Stored__Household *stored = GJ_ARENA_NEW(arena, Gj__Stored__Household);
    Gj__Stored__Person **persons = GJ_ARENA_ARRAY(arena, plain->n_persons, Gj__Stored__Person *);
    Gj__Stored__Vehicle **vehicles = GJ_ARENA_ARRAY(arena, plain->n_vehicles, Gj__Stored__Vehicle *);
    char room[GJ_ROOM_SIZE];
    if (!gj_directory_rules_room(plain->room, strlen(plain->room), room)) {
        return gj_door_invalid(sealing->ctx, "field_text", "room");
    }
    char *kept_room = gj_arena_strdup(arena, room);
    if (stored == NULL || persons == NULL || vehicles == NULL || kept_room == NULL) {
        return no_room(sealing->ctx);
    }
    gj__stored__household__init(stored);
    stored->id = plain->id;
    stored->office = plain->office;
    stored->building = plain->building;
    stored->room = kept_room;
    stored->occupancy = (uint32_t)plain->occupancy;
    stored->delivered_at = plain->delivered_at;
    stored->completed_at = plain->completed_at;
    stored->area_cm2 = plain->area_cm2;
    stored->revision = plain->revision;
    stored->persons = persons;
    stored->n_persons = plain->n_persons;
    stored->vehicles = vehicles;
    stored->n_vehicles = plain->n_vehicles;
    for (size_t i = 0; i < plain->n_persons; i++) {
        if (!seal_person(sealing, plain->persons[i], &persons[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < plain->n_vehicles; i++) {
        if (!seal_vehicle(sealing, plain->vehicles[i], &vehicles[i])) {
            return false;
        }
    }
    *out = stored;
    return gj_sealing_seal(sealing, "household.name", plain->name, &stored->name);
}

/* ---- blind indexes ---- */

static bool add_token(
    struct gj_ctx *ctx, struct gj_token_set *set, enum gj_blind kind, uint64_t office, const char *text, size_t len)
{
    if (len == 0) {
        return true;
    }
    struct gj_vault_token token;
    enum gj_err err = gj_vault_token(ctx->core->vault, kind, (uint32_t)office, text, len, &token);
    if (err != GJ_OK) {
        return gj_door_failed(ctx, err);
    }
    if (set->count == set->room) {
        size_t room = set->room == 0 ? 16 : set->room * 2;
        struct gj_vault_token *items = GJ_ARENA_ARRAY(ctx->arena, room, struct gj_vault_token);
        if (items == NULL) {
            return no_room(ctx);
        }
        if (set->count > 0) {
            memcpy(items, set->items, set->count * sizeof *items);
        }
        set->items = items;
        set->room = room;
    }
    set->items[set->count++] = token;
    return true;
}

static int compare_tokens(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct gj_vault_token));
}

/* Both readings of a surname that has two: whoever searches may use either. */
static bool add_name(struct gj_ctx *ctx, struct gj_token_set *set, uint64_t office, const char *name)
{
    char letters[GJ_PINYIN_MAX + 1];
    size_t len = strlen(name);
    if (!add_token(ctx, set, GJ_BLIND_SURNAME, office, name, gj_directory_rules_surname(name, len))) {
        return false;
    }
    for (unsigned as_surname = 0; as_surname < 2; as_surname++) {
        size_t count = gj_pinyin_initials(name, len, as_surname != 0, letters);
        if (!add_token(ctx, set, GJ_BLIND_INITIALS, office, letters, count)) {
            return false;
        }
    }
    return true;
}

static bool add_person(struct gj_ctx *ctx, struct gj_token_set *set, uint64_t office, const Gj__V1__Person *person)
{
    if (!add_name(ctx, set, office, person->name)) {
        return false;
    }
    for (size_t i = 0; i < person->n_phones; i++) {
        char number[GJ_TEXT_PHONE_SIZE], last[5];
        if (gj_text_phone(person->phones[i], strlen(person->phones[i]), number) != GJ_OK) {
            continue;
        }
        /* The index is over the number without its extension: a caller is known by the line. */
        if (!add_token(ctx, set, GJ_BLIND_PHONE, 0, number, strcspn(number, "#"))) {
            return false;
        }
        if (gj_directory_rules_last4(number, last) &&
            !add_token(ctx, set, GJ_BLIND_PHONE_LAST, office, last, strlen(last))) {
            return false;
        }
    }
    return true;
}

bool gj_household_form_tokens(
    struct gj_ctx *ctx, uint64_t office, const Gj__V1__Household *plain, struct gj_token_set *out)
{
    *out = (struct gj_token_set){0};
    for (size_t i = 0; i < plain->n_persons; i++) {
        if (!add_person(ctx, out, office, plain->persons[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < plain->n_vehicles; i++) {
        const char *plate = plain->vehicles[i]->plate;
        if (!add_token(ctx, out, GJ_BLIND_PLATE, office, plate, strlen(plate))) {
            return false;
        }
    }
    if (!add_name(ctx, out, office, plain->name)) {
        return false;
    }
    if (out->count < 2) {
        return true;
    }
    qsort(out->items, out->count, sizeof out->items[0], compare_tokens);
    size_t kept = 1;
    for (size_t i = 1; i < out->count; i++) {
        if (compare_tokens(&out->items[i], &out->items[kept - 1]) != 0) {
            out->items[kept++] = out->items[i];
        }
    }
    out->count = kept;
    return true;
}

bool gj_household_form_without(struct gj_ctx *ctx, const struct gj_token_set *a, const struct gj_token_set *b,
    size_t *count, ProtobufCBinaryData **out)
{
    *count = 0;
    *out = GJ_ARENA_ARRAY(ctx->arena, a->count, ProtobufCBinaryData);
    if (*out == NULL) {
        return no_room(ctx);
    }
    for (size_t i = 0; i < a->count; i++) {
        bool known =
            b->count > 0 && bsearch(&a->items[i], b->items, b->count, sizeof b->items[0], compare_tokens) != NULL;
        if (!known) {
            (*out)[(*count)++] = (ProtobufCBinaryData){.data = a->items[i].bytes, .len = GJ_VAULT_TOKEN_SIZE};
        }
    }
    return true;
}
