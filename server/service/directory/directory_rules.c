#include "service/directory/directory_rules.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/pinyin.h"
#include "common/calendar.h"
#include "common/limits.h"

static const struct gj_fault_at nothing = {NULL, NULL};

static struct gj_fault_at wrong(const char *code, const char *field)
{
    return (struct gj_fault_at){code, field};
}

bool gj_directory_rules_text(const char *text, size_t min, size_t max)
{
    size_t len = strlen(text);
    return len >= min && len <= max;
}

/* Full-width forms (全角) are what an input method leaves behind: ！ to ～ stand 0xFEE0 above ! to ~. */
static uint32_t folded(uint32_t c)
{
    if (c >= 0xFF01 && c <= 0xFF5E) {
        return c - 0xFEE0;
    }
    return c == 0x2014 || c == 0x2013 || c == 0x2212 ? '-' : c;
}

static bool is_space(uint32_t c)
{
    return c == ' ' || c == '\t' || c == 0x3000 || c == 0xA0;
}

bool gj_directory_rules_room(const char *text, size_t len, char out[GJ_ROOM_SIZE])
{
    const char *at = text, *end = text + len;
    size_t used = 0;
    while (at < end) {
        const char *begin = at;
        uint32_t c = folded(gj_text_next(&at, end));
        if (is_space(c)) {
            continue;
        }
        if (c < 0x20 || c == 0x7F || c == ',' || c == '"') {
            return false;
        }
        size_t bytes = c < 0x80 ? 1 : (size_t)(at - begin);
        if (used + bytes >= GJ_ROOM_SIZE) {
            return false;
        }
        if (c < 0x80) {
            out[used] = (char)toupper((int)c);
        } else {
            memcpy(out + used, begin, bytes);
        }
        used += bytes;
    }
    out[used] = '\0';
    return used > 0;
}

bool gj_directory_rules_code(const char *text, size_t min, size_t max)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        bool allowed = (text[i] >= 'A' && text[i] <= 'Z') || (text[i] >= '0' && text[i] <= '9') || text[i] == '-';
        if (!allowed) {
            return false;
        }
    }
    return len >= min && len <= max;
}

/* The double surnames in use; three bytes a character. */
static const char *const double_surnames[] = {"欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "令狐",
    "慕容", "司徒", "夏侯", "长孙", "宇文", "端木", "独孤", "南宫", "西门", "百里", "呼延", "轩辕", "申屠", "太史",
    "澹台", "闻人", "钟离", "淳于", "单于", "公冶", "仲孙"};

size_t gj_directory_rules_surname(const char *name, size_t len)
{
    if (len == 0) {
        return 0;
    }
    if ((unsigned char)name[0] < 0x80) {
        size_t word = 0;
        while (word < len && name[word] != ' ') {
            word++;
        }
        return word;
    }
    for (size_t i = 0; i < sizeof double_surnames / sizeof double_surnames[0]; i++) {
        size_t surname = strlen(double_surnames[i]);
        /* Two characters alone are a surname and a given name: 单于 may be Mr Shan. */
        if (len > surname && memcmp(name, double_surnames[i], surname) == 0) {
            return surname;
        }
    }
    const char *at = name;
    (void)gj_text_next(&at, name + len);
    return (size_t)(at - name);
}

bool gj_directory_rules_last4(const char *phone, char out[5])
{
    size_t len = strcspn(phone, "#");
    if (len < 4 || (len == 4 && phone[0] == '+')) {
        return false;
    }
    memcpy(out, phone + len - 4, 4);
    out[4] = '\0';
    return true;
}

bool gj_directory_rules_is_last4(const char *text)
{
    return strlen(text) == 4 && strspn(text, "0123456789") == 4;
}

void gj_directory_rules_mask_phone(const char *phone, char *out, size_t size)
{
    size_t len = strcspn(phone, "#");
    if (len >= 11) {
        (void)snprintf(out, size, "%.3s****%.4s", phone, phone + len - 4);
    } else if (len >= 7) {
        (void)snprintf(out, size, "****%.4s", phone + len - 4);
    } else {
        (void)snprintf(out, size, "****");
    }
}

void gj_directory_rules_mask_name(const char *name, char *out, size_t size)
{
    size_t surname = gj_directory_rules_surname(name, strlen(name));
    (void)snprintf(out, size, "%.*s**", (int)surname, name);
}

void gj_directory_rules_mask_plate(const char *plate, char *out, size_t size)
{
    size_t len = strlen(plate);
    size_t begin = gj_text_cut(plate, len, 4);
    const char *tail = len > begin + 2 ? plate + len - 2 : "";
    (void)snprintf(out, size, "%.*s***%s", (int)begin, plate, gj_text_valid(tail, strlen(tail)) ? tail : "");
}

static bool is_one_of(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

struct gj_fault_at gj_directory_rules_person(const Gj__V1__Person *person)
{
    static const char *const contacts[] = {"", "phone", "wechat", "sms", "none"};
    char number[GJ_TEXT_PHONE_SIZE];
    if (!gj_directory_rules_text(person->name, 1, GJ_TEXT_NAME_MAX)) {
        return wrong(person->name[0] == '\0' ? "field_missing" : "field_length", "name");
    }
    if (person->n_phones > GJ_PERSON_PHONES_MAX) {
        return wrong("limit_reached", "phones");
    }
    for (size_t i = 0; i < person->n_phones; i++) {
        if (gj_text_phone(person->phones[i], strlen(person->phones[i]), number) != GJ_OK) {
            return wrong("field_phone", "phones");
        }
    }
    if (person->relation <= GJ__V1__PERSON_RELATION__RELATION_UNKNOWN ||
        person->relation > GJ__V1__PERSON_RELATION__AGENT) {
        return wrong("field_choice", "relation");
    }
    if (person->from < 0 || person->until < 0 || (person->until != 0 && person->until < person->from)) {
        return wrong("field_range", "until");
    }
    if (!is_one_of(person->preferred_contact, contacts, sizeof contacts / sizeof contacts[0])) {
        return wrong("field_choice", "preferred_contact");
    }
    if (!gj_directory_rules_text(person->preferred_hours, 0, GJ_TEXT_CODE_MAX)) {
        return wrong("field_length", "preferred_hours");
    }
    if (!gj_directory_rules_text(person->vulnerable, 0, GJ_TEXT_CODE_MAX)) {
        return wrong("field_length", "vulnerable");
    }
    /* Health and age are sensitive personal information: kept only when the person agreed. */
    if (person->vulnerable[0] != '\0' && !person->vulnerable_consent) {
        return wrong("consent_missing", "vulnerable_consent");
    }
    return nothing;
}

const char *gj_directory_rules_care(const struct gj_policy *policy, const char *words)
{
    for (size_t i = 0; i < policy->vulnerable.count; i++) {
        const struct gj_option *option = &policy->vulnerable.items[i];
        if (strcmp(words, option->code) == 0 || strcmp(words, option->label.zh) == 0 ||
            strcmp(words, option->label.en) == 0) {
            return option->code;
        }
    }
    return words[0] == '\0' ? "" : NULL;
}

struct gj_fault_at gj_directory_rules_vehicle(const Gj__V1__Vehicle *vehicle)
{
    if (!gj_directory_rules_text(vehicle->plate, 4, 32)) {
        return wrong(vehicle->plate[0] == '\0' ? "field_missing" : "field_length", "plate");
    }
    if (!gj_directory_rules_text(vehicle->type, 0, GJ_TEXT_CODE_MAX)) {
        return wrong("field_length", "type");
    }
    if (!gj_directory_rules_text(vehicle->colour, 0, GJ_TEXT_CODE_MAX)) {
        return wrong("field_length", "colour");
    }
    if (!gj_directory_rules_text(vehicle->space, 0, GJ_TEXT_CODE_MAX)) {
        return wrong("field_length", "space");
    }
    return nothing;
}

struct gj_fault_at gj_directory_rules_household(const Gj__V1__Household *household, int64_t now_ms)
{
    char room[GJ_ROOM_SIZE];
    if (!gj_directory_rules_room(household->room, strlen(household->room), room)) {
        return wrong(household->room[0] == '\0' ? "field_missing" : "field_text", "room");
    }
    if (household->occupancy < 0 || household->occupancy > GJ__V1__OCCUPANCY__LET) {
        return wrong("field_choice", "occupancy");
    }
    if (household->completed_at < 0 || household->completed_at > now_ms) {
        return wrong("field_range", "completed_at");
    }
    /* A delivery may be agreed for a day to come. */
    if (household->delivered_at < 0 || household->delivered_at > now_ms + 3660 * GJ_MS_PER_DAY) {
        return wrong("field_range", "delivered_at");
    }
    if (household->area_cm2 < 0 || household->area_cm2 > GJ_AREA_CM2_MAX) {
        return wrong("field_range", "area_cm2");
    }
    if (!gj_directory_rules_text(household->name, 0, GJ_TEXT_NAME_MAX)) {
        return wrong("field_length", "name");
    }
    if (household->n_persons > GJ_HOUSEHOLD_PERSONS_MAX) {
        return wrong("limit_reached", "persons");
    }
    if (household->n_vehicles > GJ_HOUSEHOLD_VEHICLES_MAX) {
        return wrong("limit_reached", "vehicles");
    }
    for (size_t i = 0; i < household->n_persons; i++) {
        struct gj_fault_at fault = gj_directory_rules_person(household->persons[i]);
        if (fault.code != NULL) {
            return fault;
        }
    }
    for (size_t i = 0; i < household->n_vehicles; i++) {
        struct gj_fault_at fault = gj_directory_rules_vehicle(household->vehicles[i]);
        if (fault.code != NULL) {
            return fault;
        }
    }
    return nothing;
}

static struct gj_fault_at check_trades(char *const *trades, size_t count)
{
    if (count > GJ_STAFF_TRADES_MAX) {
        return wrong("limit_reached", "trades");
    }
    for (size_t i = 0; i < count; i++) {
        if (!gj_directory_rules_text(trades[i], 1, GJ_TEXT_CODE_MAX)) {
            return wrong("field_length", "trades");
        }
    }
    return nothing;
}

static struct gj_fault_at check_certificates(Gj__V1__Certificate *const *certificates, size_t count)
{
    if (count > GJ_STAFF_CERTIFICATES_MAX) {
        return wrong("limit_reached", "certificates");
    }
    for (size_t i = 0; i < count; i++) {
        if (!gj_directory_rules_text(certificates[i]->name, 1, GJ_TEXT_NAME_MAX) ||
            !gj_directory_rules_text(certificates[i]->number, 0, GJ_TEXT_CODE_MAX)) {
            return wrong("field_length", "certificates");
        }
        if (certificates[i]->valid_until < 0 || certificates[i]->review_at < 0) {
            return wrong("field_range", "certificates");
        }
    }
    return nothing;
}

static bool phone_or_none(const char *phone)
{
    char number[GJ_TEXT_PHONE_SIZE];
    return phone[0] == '\0' || gj_text_phone(phone, strlen(phone), number) == GJ_OK;
}

struct gj_fault_at gj_directory_rules_staff(const Gj__V1__Staff *staff)
{
    if (staff->user == 0) {
        return wrong("field_missing", "user");
    }
    if (!gj_directory_rules_text(staff->name, 1, GJ_TEXT_NAME_MAX)) {
        return wrong(staff->name[0] == '\0' ? "field_missing" : "field_length", "name");
    }
    if (!gj_directory_rules_text(staff->post, 0, GJ_TEXT_NAME_MAX)) {
        return wrong("field_length", "post");
    }
    if (!phone_or_none(staff->phone)) {
        return wrong("field_phone", "phone");
    }
    struct gj_fault_at fault = check_trades(staff->trades, staff->n_trades);
    return fault.code != NULL ? fault : check_certificates(staff->certificates, staff->n_certificates);
}

struct gj_fault_at gj_directory_rules_contractor(const Gj__V1__Contractor *contractor)
{
    if (!gj_directory_rules_text(contractor->name, 1, GJ_TEXT_NAME_MAX)) {
        return wrong(contractor->name[0] == '\0' ? "field_missing" : "field_length", "name");
    }
    if (!phone_or_none(contractor->phone)) {
        return wrong("field_phone", "phone");
    }
    struct gj_fault_at fault = check_trades(contractor->trades, contractor->n_trades);
    return fault.code != NULL ? fault : check_certificates(contractor->certificates, contractor->n_certificates);
}

struct gj_fault_at gj_directory_rules_office(const Gj__V1__Office *office)
{
    if (!gj_directory_rules_code(office->code, 3, 6)) {
        return wrong(office->code[0] == '\0' ? "field_missing" : "field_text", "code");
    }
    if (!gj_directory_rules_text(office->name, 1, GJ_TEXT_NAME_MAX)) {
        return wrong(office->name[0] == '\0' ? "field_missing" : "field_length", "name");
    }
    if (!gj_directory_rules_text(office->profile, 0, GJ_TEXT_CODE_MAX)) {
        return wrong("field_length", "profile");
    }
    if (!gj_directory_rules_text(office->city, 0, GJ_TEXT_CODE_MAX)) {
        return wrong("field_length", "city");
    }
    return nothing;
}

enum gj_find_by gj_directory_rules_find(const Gj__V1__HouseholdFindRequest *request, struct gj_fault_at *fault)
{
    const struct {
        enum gj_find_by by;
        const char *text;
    } tokens[] = {{GJ_FIND_PHONE, request->phone}, {GJ_FIND_ROOM, request->room}, {GJ_FIND_LAST4, request->last4},
        {GJ_FIND_SURNAME, request->surname}, {GJ_FIND_INITIALS, request->initials}};
    enum gj_find_by by = GJ_FIND_NONE;
    *fault = nothing;
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        if (tokens[i].text[0] == '\0') {
            continue;
        }
        if (by != GJ_FIND_NONE) {
            *fault = wrong("field_twice", gj_directory_rules_find_word(tokens[i].by));
            return GJ_FIND_NONE;
        }
        by = tokens[i].by;
    }
    char number[GJ_TEXT_PHONE_SIZE], room[GJ_ROOM_SIZE], letters[GJ_PINYIN_MAX + 1];
    const char *surname = request->surname;
    if (by == GJ_FIND_NONE) {
        *fault = wrong("field_missing", "phone");
    } else if (by == GJ_FIND_PHONE && (gj_text_phone(request->phone, strlen(request->phone), number) != GJ_OK ||
                                          strcspn(number, "#") < GJ_FIND_PHONE_DIGITS_MIN)) {
        *fault = wrong("field_phone", "phone");
    } else if (by == GJ_FIND_ROOM && !gj_directory_rules_room(request->room, strlen(request->room), room)) {
        *fault = wrong("field_text", "room");
    } else if (by == GJ_FIND_LAST4 && !gj_directory_rules_is_last4(request->last4)) {
        *fault = wrong("field_text", "last4");
    } else if (by == GJ_FIND_SURNAME && !gj_directory_rules_text(surname, 1, GJ_TEXT_CODE_MAX)) {
        *fault = wrong("field_length", "surname");
    } else if (by == GJ_FIND_INITIALS && !gj_pinyin_typed(request->initials, strlen(request->initials), letters)) {
        *fault = wrong("field_text", "initials");
    } else if (by != GJ_FIND_PHONE && request->office == 0) {
        *fault = wrong("field_missing", "office");
    } else {
        return by;
    }
    return GJ_FIND_NONE;
}

const char *gj_directory_rules_find_word(enum gj_find_by by)
{
    static const char *const words[] = {"none", "phone", "room", "last4", "surname", "initials"};
    return words[by];
}

enum gj_find_by gj_directory_rules_find_by(const char *action)
{
    static const char prefix[] = "find_";
    enum gj_find_by by = GJ_FIND_INITIALS;
    if (strncmp(action, prefix, sizeof prefix - 1) != 0) {
        return GJ_FIND_NONE;
    }
    while (by != GJ_FIND_NONE && strcmp(action + sizeof prefix - 1, gj_directory_rules_find_word(by)) != 0) {
        by--;
    }
    return by;
}

bool gj_directory_rules_purpose(const char *purpose, uint64_t record)
{
    size_t len = strlen(purpose);
    if (len == 0) {
        return record != 0;
    }
    return len <= 32 && strspn(purpose, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}
