/* Decisions of the directory (业户档案) that need no store: how rooms, names and numbers are written and compared, what
 * may be found by them, how they are masked, and what a household may consist of. */
#ifndef GJ_SERVICE_DIRECTORY_RULES_H
#define GJ_SERVICE_DIRECTORY_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/policy/policy.h"
#include "common/text.h"
#include "proto/directory.pb-c.h"

/* What is wrong with a message: a stable code and the field; code NULL: nothing. Both are static texts. */
struct gj_fault_at {
    const char *code;
    const char *field;
};

/* A room number (房号) as it is stored and compared: full-width forms folded, white space dropped, letters upper case.
 */
#define GJ_ROOM_SIZE 65
bool gj_directory_rules_room(const char *text, size_t len, char out[GJ_ROOM_SIZE]);

/* Codes of offices, regions, buildings, assets: letters, digits and hyphens, min to max of them, upper case. */
bool gj_directory_rules_code(const char *text, size_t min, size_t max);

/* The family name: the first character, two for a double surname (复姓), the first word of a name in Latin letters.
 * Gives its length in bytes; 0 for an empty name. */
size_t gj_directory_rules_surname(const char *name, size_t len);

/* The last four digits of a normalised number, an extension left out; false when there are fewer. */
bool gj_directory_rules_last4(const char *phone, char out[5]);
/* Exactly four digits. */
bool gj_directory_rules_is_last4(const char *text);

/* Masked forms, for who may know that there is something but not what: "138****5678", "王**", "粤B***45". out holds
 * size bytes; the result is never longer than the input by more than six bytes and always ends. */
void gj_directory_rules_mask_phone(const char *phone, char *out, size_t size);
void gj_directory_rules_mask_name(const char *name, char *out, size_t size);
void gj_directory_rules_mask_plate(const char *plate, char *out, size_t size);

/* One person, one vehicle, a household's own fields. */
struct gj_fault_at gj_directory_rules_person(const Gj__V1__Person *person);
/* 需特别照顾: the code of the policy's choice that is meant, by its code or as people say it; "" for none. NULL: it is
 * no choice of the policy. */
const char *gj_directory_rules_care(const struct gj_policy *policy, const char *words);
struct gj_fault_at gj_directory_rules_vehicle(const Gj__V1__Vehicle *vehicle);
struct gj_fault_at gj_directory_rules_household(const Gj__V1__Household *household, int64_t now_ms);
struct gj_fault_at gj_directory_rules_staff(const Gj__V1__Staff *staff);
struct gj_fault_at gj_directory_rules_contractor(const Gj__V1__Contractor *contractor);
struct gj_fault_at gj_directory_rules_office(const Gj__V1__Office *office);

/* By what a household is looked for: exactly one complete token. NONE with *fault when it is not so. */
enum gj_find_by { GJ_FIND_NONE, GJ_FIND_PHONE, GJ_FIND_ROOM, GJ_FIND_LAST4, GJ_FIND_SURNAME, GJ_FIND_INITIALS };
enum gj_find_by gj_directory_rules_find(const Gj__V1__HouseholdFindRequest *request, struct gj_fault_at *fault);
const char *gj_directory_rules_find_word(enum gj_find_by by);
/* The action of the entry ("find_phone") back to what it stands for; NONE for another one. */
enum gj_find_by gj_directory_rules_find_by(const char *action);

/* Why a file is opened (查阅用途): call, ticket, visit and the policy's words; at most 32 of [a-z0-9._-]. Where a
 * record is in hand none is needed. */
bool gj_directory_rules_purpose(const char *purpose, uint64_t record);

/* The text is there and at most max bytes long. */
bool gj_directory_rules_text(const char *text, size_t min, size_t max);

#endif
