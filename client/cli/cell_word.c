#include "client/cli/cell_word.h"

#include "client/cli/build.h"
#include "client/cli/kind.h"
#include "client/cli/texts.h"
#include "client/cli/value.h"
#include "client/cli/words.h"
#include "common/id.h"
#include "proto/admin.pb-c.h"
#include "proto/directory.pb-c.h"
#include "proto/inbox.pb-c.h"
#include "proto/policy.pb-c.h"
#include "proto/session.pb-c.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

const char *cell_scaled(struct cli *cli, int64_t value, unsigned decimals)
{
    uint64_t plain = value < 0 ? UINT64_C(0) - (uint64_t)value : (uint64_t)value;
    uint64_t scale = 1;
    for (unsigned n = 0; n < decimals && n < 9; n++) {
        scale *= 10;
    }
    char *text = gj_arena_printf(&cli->arena, "%s%" PRIu64, value < 0 ? "-" : "", plain / scale);
    if (text == NULL || plain % scale == 0) {
        return text == NULL ? "" : text;
    }
    text = gj_arena_printf(&cli->arena, "%s.%0*" PRIu64, text, (int)decimals, plain % scale);
    for (size_t len = text == NULL ? 0 : strlen(text); len > 0 && text[len - 1] == '0'; len--) {
        text[len - 1] = '\0';
    }
    return text == NULL ? "" : text;
}

const char *cell_money(struct cli *cli, int64_t fen)
{
    uint64_t plain = fen < 0 ? UINT64_C(0) - (uint64_t)fen : (uint64_t)fen;
    const char *text =
        gj_arena_printf(&cli->arena, "%s%" PRIu64 ".%02" PRIu64, fen < 0 ? "-" : "", plain / 100, plain % 100);
    return text == NULL ? "" : text;
}

/* ---- fields of forms --------------------------------------------------------------------------------------------- */

static const char *of_time(struct cli *cli, int64_t at, const char *type)
{
    char time[VALUE_TIME_SIZE];
    value_format_local(at, time);
    if (strcmp(type, "date") == 0 && strlen(time) > 10) {
        time[10] = '\0';
    }
    const char *text = gj_arena_strdup(&cli->arena, time);
    return text == NULL ? "" : text;
}

static const char *of_number(struct cli *cli, const Gj__V1__KindField *declared, int64_t number)
{
    if (declared != NULL && strcmp(declared->type, "bool") == 0) {
        return number != 0 ? CLI_TEXT(N_("yes")) : CLI_TEXT(N_("no"));
    }
    return cell_scaled(cli, number, declared == NULL ? 0 : declared->decimals);
}

static const char *of_id(struct cli *cli, uint64_t id)
{
    char text[GJ_ID_TEXT_SIZE];
    gj_id_format(id, 0, text);
    const char *copy = gj_arena_strdup(&cli->arena, text);
    return copy == NULL ? "" : copy;
}

static const char *of_ref(struct cli *cli, const Gj__V1__KindField *declared, uint64_t id)
{
    const char *type = declared == NULL ? "" : declared->type;
    const char *word = strcmp(type, "user") == 0     ? words_person(cli, cli->office, id)
                       : strcmp(type, "office") == 0 ? words_office(cli, id)
                                                     : NULL;
    return word != NULL ? word : of_id(cli, id);
}

static const char *of_hex(struct cli *cli, const ProtobufCBinaryData *bytes)
{
    char *hex = gj_arena_alloc(&cli->arena, 2 * bytes->len + 1);
    if (hex == NULL) {
        return "";
    }
    gj_id_hex(bytes->data, bytes->len, hex);
    return hex;
}

static const char *cell_of_cell(struct cli *cli, const Gj__V1__KindField *table, const Gj__V1__Cell *cell)
{
    const char *title = cell->key;
    const char *value = "";
    for (size_t n = 0; table != NULL && n < table->n_columns; n++) {
        if (strcmp(table->columns[n]->key, cell->key) == 0) {
            title = words_english() ? table->columns[n]->title_en : table->columns[n]->title_zh;
        }
    }
    switch (cell->value_case) {
    case GJ__V1__CELL__VALUE_TEXT:
        value = cell->text;
        break;
    case GJ__V1__CELL__VALUE_NUMBER:
        value = cell_scaled(cli, cell->number, 3); /* thousandths in every line table */
        break;
    case GJ__V1__CELL__VALUE_MONEY:
        value = cell_money(cli, cell->money);
        break;
    case GJ__V1__CELL__VALUE_TICK:
        value = cell->tick ? CLI_TEXT(N_("yes")) : CLI_TEXT(N_("no"));
        break;
    default:
        break;
    }
    const char *text = gj_arena_printf(&cli->arena, "%s %s", title, value);
    return text == NULL ? "" : text;
}

static const char *of_lines(struct cli *cli, const Gj__V1__KindField *declared, const Gj__V1__Lines *lines)
{
    const char *joined = "";
    for (size_t n = 0; n < lines->n_rows && joined != NULL; n++) {
        for (size_t c = 0; c < lines->rows[n]->n_cells && joined != NULL; c++) {
            joined = gj_arena_printf(&cli->arena, "%s%s%s", joined,
                c > 0   ? ", "
                : n > 0 ? "; "
                        : "",
                cell_of_cell(cli, declared, lines->rows[n]->cells[c]));
        }
    }
    return joined == NULL ? "" : joined;
}

static const char *of_blobs(struct cli *cli, const Gj__V1__Field *field)
{
    const char *joined = field->value_case == GJ__V1__FIELD__VALUE_BLOB ? of_hex(cli, &field->blob) : "";
    for (size_t n = 0; n < field->n_blobs && joined != NULL; n++) {
        joined =
            gj_arena_printf(&cli->arena, "%s%s%s", joined, *joined != '\0' ? " " : "", of_hex(cli, &field->blobs[n]));
    }
    return joined == NULL ? "" : joined;
}

const char *cell_of_field(struct cli *cli, const Gj__V1__KindInfo *kind, const Gj__V1__Field *field)
{
    const Gj__V1__KindField *declared = kind_field(kind, field->key);
    switch (field->value_case) {
    case GJ__V1__FIELD__VALUE_TEXT:
        return strcmp(field->key, "priority") == 0 && field->text[0] == 'P'
                   ? words_priority(cli, kind, (uint32_t)strtoul(field->text + 1, NULL, 10))
                   : words_choice(kind, field->key, field->text);
    case GJ__V1__FIELD__VALUE_NUMBER:
        return of_number(cli, declared, field->number);
    case GJ__V1__FIELD__VALUE_MONEY:
        return cell_money(cli, field->money);
    case GJ__V1__FIELD__VALUE_TIME:
        return of_time(cli, field->time, declared == NULL ? "" : declared->type);
    case GJ__V1__FIELD__VALUE_REF:
        return of_ref(cli, declared, field->ref);
    case GJ__V1__FIELD__VALUE_LINES:
        return of_lines(cli, declared, field->lines);
    case GJ__V1__FIELD__VALUE_MASKED:
        return field->masked;
    default:
        return of_blobs(cli, field);
    }
}

/* ---- codes ------------------------------------------------------------------------------------------------------- */

static const ProtobufCFieldDescriptor *named(const ProtobufCMessage *message, const char *name)
{
    return protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
}

static const Gj__V1__KindInfo *kind_of(struct cli *cli, const ProtobufCMessage *message)
{
    const ProtobufCFieldDescriptor *number = named(message, "kind");
    if (number == NULL || number->type != PROTOBUF_C_TYPE_UINT32) {
        /* An answer like Written names no kind; who typed `ticket` has said it. */
        bool ticket = cli->kind == NULL && cli->command != NULL && strcmp(cli->command->noun, "ticket") == 0;
        return ticket ? words_kind(cli, "repair_ticket") : cli->kind;
    }
    const Gj__V1__KindInfo *kind = words_kind_numbered(cli, *(const uint32_t *)build_at(message, number));
    return kind != NULL ? kind : cli->kind;
}

static uint64_t office_of(const struct cli *cli, const ProtobufCMessage *message)
{
    const ProtobufCFieldDescriptor *office = named(message, "office");
    return office == NULL || office->type != PROTOBUF_C_TYPE_UINT64 ? cli->office
                                                                    : *(const uint64_t *)build_at(message, office);
}

static bool is(const ProtobufCFieldDescriptor *field, const char *name)
{
    return strcmp(field->name, name) == 0;
}

/* How somebody likes to be called: mostly one of the channels by which people call us. */
static const char *of_contact(struct cli *cli, const char *code)
{
    const char *channel = words_choice(words_kind(cli, "repair_ticket"), "channel", code);
    return channel != code ? channel : text_of_word(code);
}

static const char *of_text(struct cli *cli, const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const char *code = *(char *const *)build_at(message, field);
    if (code == NULL || *code == '\0') {
        return NULL;
    }
    if (is(field, "state") && message->descriptor == &gj__v1__policy_version__descriptor) {
        return text_of_word(code);
    }
    if (is(field, "state") || is(field, "from_state") || is(field, "to_state") ||
        (is(field, "to") && message->descriptor == &gj__v1__action__descriptor)) {
        return words_state(kind_of(cli, message), code);
    }
    if (is(field, "act") || is(field, "pending_act")) {
        const char *word = words_act(kind_of(cli, message), code);
        if (message->descriptor == &gj__v1__action__descriptor) { /* the code is what has to be typed */
            return gj_arena_printf(&cli->arena, "%s %s", code, word != code ? word : text_of_word(code));
        }
        return word != code ? word : text_of_word(code);
    }
    if (is(field, "category") || is(field, "channel") || is(field, "area")) {
        const char *word = words_choice(kind_of(cli, message), field->name, code);
        return word == code || !is(field, "category") ? word : gj_arena_printf(&cli->arena, "%s %s", code, word);
    }
    if (is(field, "kind_code")) {
        return words_kind_title(cli, code);
    }
    if (is(field, "role") || is(field, "acting_for") || is(field, "approve")) {
        return words_role(cli, code);
    }
    if (is(field, "name") && message->descriptor == &gj__v1__timer__descriptor) {
        return words_timer(kind_of(cli, message), code);
    }
    if (is(field, "code") && message->descriptor == &gj__v1__obligation_task__descriptor) {
        return words_obligation(cli, code);
    }
    if (is(field, "device_class") && strcmp(code, "headquarters") == 0) {
        return text_of_word("group"); /* the same word is also a rung of a ladder */
    }
    if (is(field, "preferred_contact")) {
        return of_contact(cli, code);
    }
    bool fixed = is(field, "reason") || is(field, "device_class") || is(field, "relation") || is(field, "level") ||
                 is(field, "why") || is(field, "presence") ||
                 (is(field, "kind") && message->descriptor == &gj__v1__roster_line__descriptor);
    return fixed ? text_of_word(code) : NULL;
}

/* Colleagues by name, offices by code and name. */
static const char *of_number_field(
    struct cli *cli, const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    if (field->type == PROTOBUF_C_TYPE_UINT32) {
        const Gj__V1__Row *row = message->descriptor == &gj__v1__row__descriptor ? (const Gj__V1__Row *)message : NULL;
        if (row != NULL && *row->number == '\0' && is(field, "priority")) {
            return ""; /* a household that was drawn has none */
        }
        return is(field, "priority")
                   ? words_priority(cli, kind_of(cli, message), *(const uint32_t *)build_at(message, field))
                   : NULL;
    }
    uint64_t id = *(const uint64_t *)build_at(message, field);
    if (is(field, "office") || is(field, "awaiting_office")) {
        return words_office(cli, id);
    }
    bool person = is(field, "assignee") || is(field, "created_by") || is(field, "pending_by") ||
                  is(field, "from_user") || is(field, "to_user") || is(field, "covers") || is(field, "covered_by") ||
                  (is(field, "user") && message->descriptor != &gj__v1__user__descriptor);
    return person && id != 0 ? words_person(cli, office_of(cli, message), id) : NULL;
}

const char *cell_word(struct cli *cli, const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const ProtobufCEnumValue *value;
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return of_text(cli, message, field);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_UINT64:
        return of_number_field(cli, message, field);
    case PROTOBUF_C_TYPE_ENUM:
        value = protobuf_c_enum_descriptor_get_value(field->descriptor, *(const int *)build_at(message, field));
        return value == NULL ? NULL : text_of_word(value->name);
    default:
        return NULL;
    }
}

const char *cell_key_word(struct cli *cli, const char *field, const char *code)
{
    if (strcmp(field, "need") == 0 || strcmp(field, "optional") == 0 || strcmp(field, "fields") == 0) {
        const char *title = kind_title(cli->kind, code);
        const char *both = title == NULL ? NULL : gj_arena_printf(&cli->arena, "%s (%s)", title, code);
        return both != NULL ? both : code;
    }
    return strcmp(field, "trades") == 0 ? words_choice(words_kind(cli, "repair_ticket"), "trade", code) : code;
}

/* ---- short messages ---------------------------------------------------------------------------------------------- */

static const char *of_link(struct cli *cli, const Gj__V1__Link *link)
{
    return gj_arena_printf(&cli->arena, "%s %s", words_kind_title(cli, link->kind), link->number);
}

static const char *of_related(struct cli *cli, const Gj__V1__Related *related)
{
    const char *name = words_person(cli, cli->office, related->user);
    return gj_arena_printf(
        &cli->arena, "%s %s", text_of_word(related->relation), name != NULL ? name : of_id(cli, related->user));
}

static const char *of_grant(struct cli *cli, const Gj__V1__Grant *grant)
{
    const char *where = grant->office != 0   ? words_office(cli, grant->office)
                        : grant->region != 0 ? gj_arena_printf(&cli->arena, CLI_TEXT("region %" PRIu64), grant->region)
                                             : CLI_TEXT(N_("company"));
    return where == NULL ? NULL
                         : gj_arena_printf(&cli->arena, "%s@%s%s", words_role(cli, grant->role), where,
                               grant->pending ? CLI_TEXT(N_(" (waits for consent)")) : "");
}

/* "业主 赵** 139****0007 (2-7)": what is preferred and the id, by which a person is changed, stand behind. */
static const char *of_person(struct cli *cli, const Gj__V1__Person *person)
{
    const ProtobufCEnumValue *relation =
        protobuf_c_enum_descriptor_get_value(&gj__v1__person_relation__descriptor, (int)person->relation);
    const char *text = gj_arena_printf(&cli->arena, "%s %s",
        relation == NULL || person->relation == 0 ? "" : text_of_word(relation->name), person->name);
    for (size_t n = 0; n < person->n_phones && text != NULL; n++) {
        text = gj_arena_printf(&cli->arena, "%s %s", text, person->phones[n]);
    }
    const char *contact = *person->preferred_contact == '\0' ? "" : of_contact(cli, person->preferred_contact);
    const char *more[] = {contact, person->preferred_hours, person->vulnerable};
    for (size_t n = 0; n < 3 && text != NULL; n++) {
        text = *more[n] == '\0' ? text : gj_arena_printf(&cli->arena, "%s, %s", text, more[n]);
    }
    text = text == NULL ? NULL : gj_arena_printf(&cli->arena, "%s (%s)", text, of_id(cli, person->id));
    return text == NULL ? NULL : text + (*text == ' ' ? 1 : 0);
}

/* "京A12345 轿车 白 B2-017 (2-7)". */
static const char *of_vehicle(struct cli *cli, const Gj__V1__Vehicle *vehicle)
{
    const char *more[] = {vehicle->type, vehicle->colour, vehicle->space};
    const char *text = vehicle->plate;
    for (size_t n = 0; n < 3 && text != NULL; n++) {
        text = *more[n] == '\0' ? text : gj_arena_printf(&cli->arena, "%s %s", text, more[n]);
    }
    return text == NULL ? NULL : gj_arena_printf(&cli->arena, "%s (%s)", text, of_id(cli, vehicle->id));
}

const char *cell_short(struct cli *cli, const ProtobufCMessage *message)
{
    const char *text = NULL;
    if (message->descriptor == &gj__v1__link__descriptor) {
        text = of_link(cli, (const Gj__V1__Link *)message);
    } else if (message->descriptor == &gj__v1__related__descriptor) {
        text = of_related(cli, (const Gj__V1__Related *)message);
    } else if (message->descriptor == &gj__v1__person__descriptor) {
        text = of_person(cli, (const Gj__V1__Person *)message);
    } else if (message->descriptor == &gj__v1__vehicle__descriptor) {
        text = of_vehicle(cli, (const Gj__V1__Vehicle *)message);
    } else if (message->descriptor == &gj__v1__grant__descriptor) {
        text = of_grant(cli, (const Gj__V1__Grant *)message);
    }
    return text;
}
