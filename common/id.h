#ifndef GJ_COMMON_ID_H
#define GJ_COMMON_ID_H

#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ids as people read them over the phone: an optional kind letter, the decimal
 * id, a hyphen and a check digit (ISO 7064 MOD 11,10): T10452-7. Every single
 * wrong digit and nearly every swap of neighbours is found. Ids are 1 or more; 0 means none. */

/* Letter, 20 digits, hyphen, check digit, terminator. */
#define GJ_ID_TEXT_SIZE 24

/* kind is a letter A to Z, or 0 for none. */
void gj_id_format(uint64_t id, char kind, char out[GJ_ID_TEXT_SIZE]);

/* Accepts the printed form, lower case, spaces around, full-width digits and
 * letters (an input method's), and a missing hyphen or letter; a letter that differs from
 * kind is refused (kind 0 accepts any). GJ_EINVAL for a wrong form, GJ_ECORRUPT when only the
 * check digit is wrong: a mistyped number, worth its own message. */
GJ_CHECKED enum gj_err gj_id_parse(const char *text, char kind, uint64_t *out);

/* The check digit of a string of decimal digits, 0 to 9. */
unsigned gj_id_check_digit(const char *digits, size_t len);

/* A request key: 48 bits of the client's milliseconds, big-endian, then 80 random
 * bits, so keys of one time sort together. */
#define GJ_REQUEST_KEY_SIZE 16
struct gj_request_key {
    uint8_t bytes[GJ_REQUEST_KEY_SIZE];
};

void gj_id_request_key(struct gj_request_key *out, int64_t now_ms);
int64_t gj_id_request_key_ms(const struct gj_request_key *key);
/* As memcmp: by time, then by the random part. */
int gj_id_request_key_cmp(const struct gj_request_key *a, const struct gj_request_key *b);
bool gj_id_request_key_is_zero(const struct gj_request_key *key);

/* Fills out with len random bytes: tokens, cluster ids, salts. */
void gj_id_random(void *out, size_t len);

/* Lower-case hex; out holds 2 * len + 1 characters. */
void gj_id_hex(const void *bytes, size_t len, char *out);
/* Exactly 2 * len digits of either case; GJ_EINVAL otherwise. */
GJ_CHECKED enum gj_err gj_id_unhex(const char *text, size_t text_len, void *out, size_t len);

#endif
