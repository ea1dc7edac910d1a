#include "service/directory/household.h"

#include <string.h>

#include "common/limits.h"
#include "core/household.h"
#include "service/directory/directory.h"
#include "service/directory/directory_rules.h"
#include "service/directory/household_form.h"
#include "service/door.h"
#include "service/keep.h"
#include "store/record.h"

/* ---- rows (commit thread) ---- */

bool gj_household_body_ok(struct gj_ctx *ctx, const Gj__Service__HouseholdPut *put)
{
    bool good = put->household != NULL && (put->household->id != 0 || put->data_key.len == GJ_VAULT_WRAPPED_SIZE);
    for (size_t i = 0; good && i < put->n_add_tokens; i++) {
        good = put->add_tokens[i].len == GJ_VAULT_TOKEN_SIZE;
    }
    for (size_t i = 0; good && i < put->n_drop_tokens; i++) {
        good = put->drop_tokens[i].len == GJ_VAULT_TOKEN_SIZE;
    }
    return good || gj_door_invalid(ctx, "command_malformed", NULL);
}

static struct gj_subject subject_of(uint64_t household)
{
    return (struct gj_subject){.kind = GJ_SUBJECT_HOUSEHOLD, .id = household};
}

void gj_household_put_tokens(struct gj_ctx *ctx, uint64_t household, size_t count, const ProtobufCBinaryData *tokens)
{
    struct gj_subject subject = subject_of(household);
    for (size_t i = 0; i < count; i++) {
        struct gj_vault_token token;
        memcpy(token.bytes, tokens[i].data, sizeof token.bytes);
        gj_vault_put_token(ctx->txn, &subject, &token);
    }
}

void gj_household_drop_tokens(struct gj_ctx *ctx, uint64_t household, size_t count, const ProtobufCBinaryData *tokens)
{
    struct gj_subject subject = subject_of(household);
    for (size_t i = 0; i < count; i++) {
        struct gj_vault_token token;
        memcpy(token.bytes, tokens[i].data, sizeof token.bytes);
        gj_vault_del_token(ctx->txn, &subject, &token);
    }
}

void gj_household_number_people(struct gj_ctx *ctx, Gj__Stored__Household *household)
{
    for (size_t i = 0; i < household->n_persons; i++) {
        if (household->persons[i]->id == 0) {
            household->persons[i]->id = gj_counter_next(ctx->txn, GJ_COUNTER_PERSON);
        }
    }
    for (size_t i = 0; i < household->n_vehicles; i++) {
        if (household->vehicles[i]->id == 0) {
            household->vehicles[i]->id = gj_counter_next(ctx->txn, GJ_COUNTER_VEHICLE);
        }
    }
}

void gj_household_save(struct gj_ctx *ctx, const Gj__Stored__Household *household)
{
    struct gj_key key = gj_key_of_u64(household->id);
    gj_record_save(ctx->txn, GJ_TABLE_HOUSEHOLD, &key, &household->base);
}

void gj_household_insert(struct gj_ctx *ctx, const Gj__Service__HouseholdPut *put)
{
    Gj__Stored__Household *household = put->household;
    household->id = gj_counter_next(ctx->txn, GJ_COUNTER_HOUSEHOLD);
    gj_household_number_people(ctx, household);
    struct gj_subject subject = subject_of(household->id);
    struct gj_vault_wrapped wrapped;
    memcpy(wrapped.bytes, put->data_key.data, sizeof wrapped.bytes);
    gj_vault_put_key(ctx->txn, &subject, (uint32_t)household->office, &wrapped);
    gj_household_put_tokens(ctx, household->id, put->n_add_tokens, put->add_tokens);
    struct gj_key room = gj_household_room_key(household->office, household->room);
    gj_txn_put_u64(ctx->txn, GJ_TABLE_HOUSEHOLD_BY_ROOM, &room, household->id);
}

/* ---- apply ---- */

/* The room may be taken by a visible household only; a staged one gives way and its import can no longer be committed.
 */
static bool room_is_free(struct gj_ctx *ctx, uint64_t office, const char *room, uint64_t *staged_by)
{
    Gj__Stored__Household *other = NULL;
    uint64_t id = gj_household_by_room(ctx->txn, office, room);
    *staged_by = 0;
    if (id == 0) {
        return true;
    }
    if (gj_household_load(ctx->txn, id, ctx->arena, &other)) {
        return other->erased || gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "already_exists", "room", NULL);
    }
    if (gj_household_row(ctx->txn, id, ctx->arena, &other)) {
        *staged_by = other->import;
    }
    return true;
}

static bool building_belongs(struct gj_ctx *ctx, uint64_t office, uint64_t building)
{
    Gj__Stored__Building *row = NULL;
    struct gj_key key = gj_key_of_u64(building);
    if (building == 0 || (gj_record_load(ctx->txn, GJ_TABLE_BUILDING, &key, &gj__stored__building__descriptor,
                              ctx->arena, (void **)&row) &&
                             row->office == office)) {
        return true;
    }
    return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "building", NULL);
}

/* The household as it is, of the revision that was changed. */
static bool load_same(struct gj_ctx *ctx, uint64_t id, uint32_t revision, Gj__Stored__Household **out)
{
    if (!gj_household_load(ctx->txn, id, ctx->arena, out)) {
        return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "id", NULL);
    }
    if ((*out)->erased) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "reference_inactive", "id", NULL);
    }
    if ((*out)->revision != revision) {
        return gj_refuse(ctx, GJ__V1__STATUS__CONFLICT, "conflict", "revision", NULL);
    }
    return true;
}

struct household_change {
    Gj__Stored__Household *old; /* NULL: a new one */
    Gj__Stored__Household *row; /* as it lies there: what an import has pending */
    uint64_t staged_by;         /* an import that had the room */
    struct gj_access_answer right;
};

static bool decide(struct gj_ctx *ctx, const Gj__Service__HouseholdPut *put, struct household_change *change)
{
    const Gj__Stored__Household *household = put->household;
    *change = (struct household_change){0};
    if (household->id == 0) {
        return gj_door_office(ctx, household->office, "office") &&
               gj_door_check(ctx, GJ_DOOR_HOUSEHOLD, GJ_ACCESS_CREATE, household->office, &change->right) &&
               building_belongs(ctx, household->office, household->building) &&
               room_is_free(ctx, household->office, household->room, &change->staged_by);
    }
    if (!load_same(ctx, household->id, put->revision, &change->old) ||
        !gj_household_row(ctx->txn, household->id, ctx->arena, &change->row) ||
        !gj_door_check(ctx, GJ_DOOR_HOUSEHOLD, GJ_ACCESS_UPDATE, change->old->office, &change->right) ||
        !building_belongs(ctx, change->old->office, household->building)) {
        return false;
    }
    return strcmp(change->old->room, household->room) == 0 ||
           room_is_free(ctx, change->old->office, household->room, &change->staged_by);
}

/* Blind indexes of a version to come go with it. */
static void settle_pending(struct gj_ctx *ctx, const struct household_change *change)
{
    const Gj__Stored__Household *row = change->row;
    if (row->next_import == 0) {
        return;
    }
    if (change->old->revision == row->revision) {
        /* Staged only: that version is built on a row that is no more. */
        gj_directory_import_touched(ctx, row->next_import);
        gj_household_drop_tokens(ctx, row->id, row->n_next_add_tokens, row->next_add_tokens);
    } else {
        gj_household_drop_tokens(ctx, row->id, row->n_next_drop_tokens, row->next_drop_tokens);
    }
}

static void rewrite(struct gj_ctx *ctx, const Gj__Service__HouseholdPut *put, struct household_change *change)
{
    Gj__Stored__Household *household = put->household;
    gj_household_number_people(ctx, household);
    settle_pending(ctx, change);
    gj_household_put_tokens(ctx, household->id, put->n_add_tokens, put->add_tokens);
    gj_household_drop_tokens(ctx, household->id, put->n_drop_tokens, put->drop_tokens);
    household->import = change->row->import;
    if (strcmp(change->old->room, household->room) != 0) {
        struct gj_key before = gj_household_room_key(household->office, change->old->room);
        struct gj_key now = gj_household_room_key(household->office, household->room);
        (void)gj_txn_del(ctx->txn, GJ_TABLE_HOUSEHOLD_BY_ROOM, &before);
        gj_txn_put_u64(ctx->txn, GJ_TABLE_HOUSEHOLD_BY_ROOM, &now, household->id);
    }
}

/* The newest person or vehicle of a put that made one. */
static uint64_t newest(const Gj__Service__HouseholdPut *put)
{
    const Gj__Stored__Household *household = put->household;
    uint64_t id = put->subject;
    if (strcmp(put->action, "person_add") == 0 && household->n_persons > 0) {
        id = household->persons[household->n_persons - 1]->id;
    } else if (strcmp(put->action, "vehicle_add") == 0 && household->n_vehicles > 0) {
        id = household->vehicles[household->n_vehicles - 1]->id;
    }
    return id != 0 ? id : household->id;
}

void gj_directory_household_apply(struct gj_ctx *ctx, const ProtobufCMessage *body)
{
    const Gj__Service__HouseholdPut *put = (const Gj__Service__HouseholdPut *)body;
    struct household_change change;
    if (!gj_household_body_ok(ctx, put) || !decide(ctx, put, &change)) {
        return;
    }
    Gj__Stored__Household *household = put->household;
    if (change.staged_by != 0) {
        gj_directory_import_touched(ctx, change.staged_by);
    }
    if (change.old == NULL) {
        gj_household_insert(ctx, put);
        household->revision = 1;
    } else {
        household->office = change.old->office;
        household->revision = change.old->revision + 1;
        rewrite(ctx, put, &change);
    }
    struct gj_entry entry = gj_door_entry(
        ctx, GJ_ENTRY_DIRECTORY, put->action, GJ_SUBJECT_HOUSEHOLD, household->id, household->office, &change.right);
    entry.revision = household->revision;
    entry.previous = change.old != NULL ? change.old->last_entry : 0;
    household->last_entry = gj_door_append(ctx, &entry, NULL);
    gj_household_save(ctx, household);
    gj_household_counted(ctx->txn, ctx->arena, household->office, change.old == NULL ? 1 : 0,
        gj_household_vacant(household) - (change.old == NULL ? 0 : gj_household_vacant(change.old)));
    ctx->apply->written.id = newest(put);
}

/* ---- prepare (loop thread) ---- */

static const ProtobufCMessage *put_body(struct gj_ctx *ctx, struct gj_sealing *sealing, const Gj__V1__Household *before,
    const Gj__V1__Household *after, const char *action, uint64_t subject)
{
    static const struct gj_token_set none;
    struct gj_token_set had = {0}, has = {0};
    Gj__Service__HouseholdPut *put = GJ_ARENA_NEW(ctx->arena, Gj__Service__HouseholdPut);
    char *word = gj_arena_strdup(ctx->arena, action);
    if (put == NULL || word == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return NULL;
    }
    gj__service__household_put__init(put);
    put->action = word;
    put->subject = subject;
    put->revision = before != NULL ? before->revision : 0;
    bool good =
        gj_household_form_seal(sealing, after, &put->household) &&
        gj_household_form_tokens(ctx, after->office, after, &has) &&
        (before == NULL || gj_household_form_tokens(ctx, before->office, before, &had)) &&
        gj_household_form_without(ctx, &has, before != NULL ? &had : &none, &put->n_add_tokens, &put->add_tokens) &&
        gj_household_form_without(ctx, &had, &has, &put->n_drop_tokens, &put->drop_tokens);
    put->data_key = gj_sealing_wrapped(sealing);
    return good && gj_txn_error(ctx->txn) == GJ_OK ? &put->base : NULL;
}

static bool checked(struct gj_ctx *ctx, struct gj_fault_at fault)
{
    return fault.code == NULL || gj_door_invalid(ctx, fault.code, fault.field);
}

/* The code of the policy is kept, also when it came in words. */
static bool care_known(struct gj_ctx *ctx, Gj__V1__Person *person)
{
    const char *code = gj_directory_rules_care(ctx->policy, person->vulnerable);
    person->vulnerable = code == NULL ? person->vulnerable : (char *)code;
    return code != NULL || gj_door_invalid(ctx, "field_choice", "vulnerable");
}

const ProtobufCMessage *gj_directory_household_create(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__Household *plain = ((const Gj__V1__HouseholdPutRequest *)message)->household;
    if (plain == NULL) {
        (void)gj_door_invalid(ctx, "field_missing", "household");
        return NULL;
    }
    Gj__V1__Household made = *plain;
    made.id = 0;
    if (plain->office == 0) {
        (void)gj_door_invalid(ctx, "field_missing", "office");
        return NULL;
    }
    if (!checked(ctx, gj_directory_rules_household(plain, ctx->now_ms)) ||
        !gj_door_office(ctx, plain->office, "office") ||
        !gj_door_check(ctx, GJ_DOOR_HOUSEHOLD, GJ_ACCESS_CREATE, plain->office, NULL)) {
        return NULL;
    }
    for (size_t i = 0; i < made.n_persons; i++) {
        made.persons[i]->id = 0;
        if (!care_known(ctx, made.persons[i])) {
            return NULL;
        }
    }
    for (size_t i = 0; i < made.n_vehicles; i++) {
        made.vehicles[i]->id = 0;
    }
    struct gj_sealing sealing;
    const ProtobufCMessage *body = NULL;
    if (gj_sealing_new(&sealing, ctx, plain->office)) {
        body = put_body(ctx, &sealing, NULL, &made, "household_create", 0);
    }
    gj_sealing_end(&sealing);
    return body;
}

/* Opens the household as the snapshot has it, for a change of the revision that the caller saw. */
static bool open_for_change(struct gj_ctx *ctx, uint64_t id, uint32_t revision, struct gj_sealing *sealing,
    Gj__V1__Household **before, Gj__V1__Household **after)
{
    Gj__Stored__Household *stored = NULL;
    return load_same(ctx, id, revision, &stored) &&
           gj_door_check(ctx, GJ_DOOR_HOUSEHOLD, GJ_ACCESS_UPDATE, stored->office, NULL) &&
           gj_sealing_begin(sealing, ctx, GJ_SUBJECT_HOUSEHOLD, id) &&
           gj_household_form_open(sealing, stored, before) && gj_household_form_open(sealing, stored, after);
}

const ProtobufCMessage *gj_directory_household_change(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__HouseholdPutRequest *request = (const Gj__V1__HouseholdPutRequest *)message;
    const Gj__V1__Household *wanted = request->household;
    if (wanted == NULL || wanted->id == 0) {
        (void)gj_door_invalid(ctx, "field_missing", wanted == NULL ? "household" : "id");
        return NULL;
    }
    if (wanted->n_persons > 0 || wanted->n_vehicles > 0) {
        /* They have calls of their own, so that two colleagues do not undo each other's work. */
        (void)gj_door_invalid(ctx, "field_not_here", wanted->n_persons > 0 ? "persons" : "vehicles");
        return NULL;
    }
    struct gj_sealing sealing = {0};
    Gj__V1__Household *before = NULL, *after = NULL;
    const ProtobufCMessage *body = NULL;
    if (open_for_change(ctx, wanted->id, request->revision, &sealing, &before, &after) &&
        gj_keep_absent(ctx, &request->household->base, &before->base, request->clear, request->n_clear) &&
        checked(ctx, gj_directory_rules_household(wanted, ctx->now_ms))) {
        after->building = wanted->building;
        after->room = wanted->room;
        after->occupancy = wanted->occupancy;
        after->delivered_at = wanted->delivered_at;
        after->completed_at = wanted->completed_at;
        after->area_cm2 = wanted->area_cm2;
        after->name = wanted->name;
        body = put_body(ctx, &sealing, before, after, "household_change", 0);
    }
    gj_sealing_end(&sealing);
    return body;
}

/* Putting, replacing or removing one of an array of pointers by the id of what it points to. */
struct edit {
    const void *items; /* the array */
    size_t count, max;
    const void *item; /* address of the pointer to put */
    uint64_t id;
    bool remove;
    uint64_t (*id_of)(const void *);
    const char *const *words; /* of the entry: added, changed, removed */
    void *out;                /* the array afterwards */
    size_t out_count;
};

/* Gives the word of the entry, NULL when refused. */
static const char *edit(struct gj_ctx *ctx, struct edit *edit)
{
    const size_t one = sizeof(void *);
    if (edit->id == 0 && edit->remove) {
        (void)gj_door_invalid(ctx, "field_missing", "id");
        return NULL;
    }
    if (edit->id == 0 && edit->count >= edit->max) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "limit_reached", NULL, NULL);
        return NULL;
    }
    char *array = gj_arena_calloc(ctx->arena, edit->count + 1, one);
    if (array == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return NULL;
    }
    const char *word = edit->id == 0 ? edit->words[0] : NULL;
    edit->out = array;
    edit->out_count = 0;
    for (size_t i = 0; i < edit->count; i++) {
        const void *at = (const char *)edit->items + i * one;
        const void *item;
        memcpy(&item, at, one);
        bool same = edit->id != 0 && edit->id_of(item) == edit->id;
        word = same ? edit->words[edit->remove ? 2 : 1] : word;
        if (!same || !edit->remove) {
            memcpy(array + edit->out_count++ * one, same ? edit->item : at, one);
        }
    }
    if (edit->id == 0) {
        memcpy(array + edit->out_count++ * one, edit->item, one);
    }
    if (word == NULL) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "id", NULL);
    }
    return word;
}

static uint64_t person_id(const void *person)
{
    return ((const Gj__V1__Person *)person)->id;
}

static uint64_t vehicle_id(const void *vehicle)
{
    return ((const Gj__V1__Vehicle *)vehicle)->id;
}

/* What is not handed in of an existing person stays; what comes of it must be in order. */
static bool person_fits(struct gj_ctx *ctx, const Gj__V1__PersonPutRequest *request, const Gj__V1__Household *before)
{
    Gj__V1__Person *person = request->person;
    const ProtobufCMessage *old = NULL;
    for (size_t i = 0; i < before->n_persons; i++) {
        old = person->id != 0 && before->persons[i]->id == person->id ? &before->persons[i]->base : old;
    }
    return gj_keep_absent(ctx, &person->base, old, request->clear, request->n_clear) &&
           checked(ctx, gj_directory_rules_person(person)) && care_known(ctx, person);
}

static bool vehicle_fits(struct gj_ctx *ctx, const Gj__V1__VehiclePutRequest *request, const Gj__V1__Household *before)
{
    Gj__V1__Vehicle *vehicle = request->vehicle;
    const ProtobufCMessage *old = NULL;
    for (size_t i = 0; i < before->n_vehicles; i++) {
        old = vehicle->id != 0 && before->vehicles[i]->id == vehicle->id ? &before->vehicles[i]->base : old;
    }
    return gj_keep_absent(ctx, &vehicle->base, old, request->clear, request->n_clear) &&
           checked(ctx, gj_directory_rules_vehicle(vehicle));
}

const ProtobufCMessage *gj_directory_person_put(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    static const char *const words[] = {"person_add", "person_change", "person_remove"};
    const Gj__V1__PersonPutRequest *request = (const Gj__V1__PersonPutRequest *)message;
    if (request->person == NULL) {
        (void)gj_door_invalid(ctx, "field_missing", "person");
        return NULL;
    }
    struct gj_sealing sealing = {0};
    Gj__V1__Household *before = NULL, *after = NULL;
    const ProtobufCMessage *body = NULL;
    if (open_for_change(ctx, request->household, request->revision, &sealing, &before, &after) &&
        (request->remove || person_fits(ctx, request, before))) {
        struct edit change = {.items = after->persons,
            .count = after->n_persons,
            .max = GJ_HOUSEHOLD_PERSONS_MAX,
            .item = &request->person,
            .id = request->person->id,
            .remove = request->remove,
            .id_of = person_id,
            .words = words};
        const char *word = edit(ctx, &change);
        after->persons = change.out;
        after->n_persons = change.out_count;
        body = word != NULL ? put_body(ctx, &sealing, before, after, word, request->person->id) : NULL;
    }
    gj_sealing_end(&sealing);
    return body;
}

const ProtobufCMessage *gj_directory_vehicle_put(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    static const char *const words[] = {"vehicle_add", "vehicle_change", "vehicle_remove"};
    const Gj__V1__VehiclePutRequest *request = (const Gj__V1__VehiclePutRequest *)message;
    if (request->vehicle == NULL) {
        (void)gj_door_invalid(ctx, "field_missing", "vehicle");
        return NULL;
    }
    struct gj_sealing sealing = {0};
    Gj__V1__Household *before = NULL, *after = NULL;
    const ProtobufCMessage *body = NULL;
    if (open_for_change(ctx, request->household, request->revision, &sealing, &before, &after) &&
        (request->remove || vehicle_fits(ctx, request, before))) {
        struct edit change = {.items = after->vehicles,
            .count = after->n_vehicles,
            .max = GJ_HOUSEHOLD_VEHICLES_MAX,
            .item = &request->vehicle,
            .id = request->vehicle->id,
            .remove = request->remove,
            .id_of = vehicle_id,
            .words = words};
        const char *word = edit(ctx, &change);
        after->vehicles = change.out;
        after->n_vehicles = change.out_count;
        body = word != NULL ? put_body(ctx, &sealing, before, after, word, request->vehicle->id) : NULL;
    }
    gj_sealing_end(&sealing);
    return body;
}
