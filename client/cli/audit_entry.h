#ifndef GJ_CLI_AUDIT_ENTRY_H
#define GJ_CLI_AUDIT_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An audit entry, version 1, read from its canonical bytes by the description in PROTOCOL.md alone: this reader shares
 * no code with the daemon that wrote them. */

#define AUDIT_WORD_SIZE 33
#define AUDIT_NO_PREVIOUS UINT64_MAX

struct audit_entry {
    uint8_t means;
    uint16_t type;
    uint32_t parts;
    uint64_t index;
    int64_t recorded_at;
    uint32_t epoch;
    uint32_t office;
    uint64_t actor;
    uint64_t device;
    uint64_t subject;
    uint32_t revision;
    uint32_t call;
    uint32_t policy;
    uint16_t kind;
    uint64_t previous; /* AUDIT_NO_PREVIOUS: none */
    char role[AUDIT_WORD_SIZE];
    char action[AUDIT_WORD_SIZE];
    char from[AUDIT_WORD_SIZE];
    char to[AUDIT_WORD_SIZE];
    char reason[AUDIT_WORD_SIZE];
    int64_t stated_at; /* 0: not said */
    uint64_t acting_for;
    uint64_t second;
    uint16_t related_kind;
    uint64_t related;
    int64_t value;
};

/* False: not a whole entry of version 1. */
bool audit_entry_read(const uint8_t *bytes, size_t len, struct audit_entry *out);

/* "action"; NULL for a type that this version does not know. */
const char *audit_entry_type(uint16_t type);

/* Whether leaf is SHA-256(0x00 and the entry), as the tree has it. */
bool audit_entry_is_leaf(const uint8_t *bytes, size_t len, const uint8_t *leaf, size_t leaf_len);

#endif
