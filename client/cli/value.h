#ifndef GJ_CLI_VALUE_H
#define GJ_CLI_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Texts of the command line as values, and back. All pure but value_time's "now". */

bool value_number(const char *text, int64_t *out);
bool value_u64(const char *text, uint64_t *out);

/* Decimal with at most `decimals` places, scaled: ("12.5", 2) is 1250. Full-width digits are not folded: a shell line
 * is ASCII. */
bool value_scaled(const char *text, unsigned decimals, int64_t *out);

/* See OPTION_TIME; ms UTC. */
bool value_time(const char *text, int64_t *out);

/* The same as spreadsheets write it, too: 2026/11/3 9:30, 2026年11月3日 9时30分. */
bool value_sheet_time(const char *text, int64_t *out);

/* A plain number, or one with a check digit behind a hyphen (with an optional letter before). False for anything else;
 * *mistyped then tells a wrong check digit from a wrong form. */
bool value_id(const char *text, uint64_t *out, bool *mistyped);

/* P0 … P4 (or 0 … 4). */
bool value_priority(const char *text, int64_t *out);

/* RFC 3339 with +08:00; milliseconds only when there are some. */
#define VALUE_TIME_SIZE 32
void value_format_time(int64_t at_ms, char out[VALUE_TIME_SIZE]);
/* For people: 2026-02-13 15:00:05. */
void value_format_local(int64_t at_ms, char out[VALUE_TIME_SIZE]);

#endif
