#ifndef GJ_STORE_ENTRY_H
#define GJ_STORE_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "store/txn.h"

/* Audit entries, layout version 1. The layout is proto/PROTOCOL.md, "Audit entry, version 1"; types may be added,
 * nothing may be changed. An entry holds ids, codes and commitments, never personal data. Its index in the log is the
 * event number of pushes. */

/* What an entry says. Numbers are on disk and in proofs: append only. */
#define GJ_ENTRY_TYPES(X)                                                                                              \
    X(GENESIS, 1)     /* first entry; action "live" or "demo"; object: cluster id twice (16 + 16 bytes) */             \
    X(ACTION, 2)      /* somebody did something to a record */                                                         \
    X(TIMER, 3)       /* a clock ran out: action names the timer, value the ladder step */                             \
    X(READ, 4)        /* personal data was read: reason says why, value how many rows */                               \
    X(DIRECTORY, 5)   /* a household, person, staff member, office … was made or changed */                          \
    X(ACCESS, 6)      /* user, device, role, invitation, delegation, session */                                        \
    X(POLICY, 7)      /* a policy or calendar was proposed, approved, activated; object: SHA-256 of its files */       \
    X(IMPORT, 8)      /* staged rows became visible; value: how many; object: SHA-256 of the file */                   \
    X(DRAW, 9)        /* seed of a sample, before it is drawn; object: the seed */                                     \
    X(RESTORE, 10)    /* a new epoch; value: size restored; object: old tree root; second: the other operator */       \
    X(ERASURE, 11)    /* a subject's key was destroyed, or its texts, by request or retention */                       \
    X(COMPLAINT, 12)  /* steps of complaints that are not flow actions: validity, reply, review */                     \
    X(CHECKPOINT, 13) /* a checkpoint was signed or witnessed; value: its size; object: its root */                    \
    X(ALARM, 14)      /* clock, disk, calendar, tree: what the daemon reported to administrators */                    \
    X(CORRECTION, 15) /* an addendum to something closed */                                                            \
    X(EXPORT, 16)     /* data left the daemon as a file; value: rows; object: SHA-256 of the file */

enum gj_entry_type {
#define GJ_ENTRY_TYPE_CONSTANT(constant, number) GJ_ENTRY_##constant = number,
    GJ_ENTRY_TYPES(GJ_ENTRY_TYPE_CONSTANT)
#undef GJ_ENTRY_TYPE_CONSTANT
};

#define GJ_ENTRY_VERSION 1
#define GJ_ENTRY_HASH_SIZE 32
#define GJ_ENTRY_KEY_SIZE 16
#define GJ_ENTRY_WORD_MAX 32
/* Longest entry: fixed part, five words, every other optional part. */
#define GJ_ENTRY_MAX 400
/* previous of the first entry of a subject. */
#define GJ_ENTRY_NONE UINT64_MAX

/* A word of the policy (role, state, action, reason): letters, digits and ._:+- of ASCII, at most GJ_ENTRY_WORD_MAX
 * bytes, "" for none. */
struct gj_entry_word {
    char text[GJ_ENTRY_WORD_MAX + 1];
};

struct gj_entry {
    uint16_t type;         /* enum gj_entry_type; unknown ones are kept and shown as numbers */
    uint8_t means;         /* how a step of somebody absent was given: enum of the service; 0 none */
    uint64_t index;        /* set by gj_entry_append */
    uint32_t epoch;        /* set by gj_entry_append */
    int64_t recorded_at;   /* ms UTC, server */
    uint32_t office;       /* whose office (管理处) it concerns; 0 headquarters */
    uint64_t actor;        /* user; 0: the daemon itself */
    uint64_t device;       /* 0: the daemon itself */
    uint16_t subject_kind; /* what it is about */
    uint64_t subject;
    uint32_t revision;         /* of the subject, after this */
    uint32_t call;             /* service << 8 | method; 0: a timer */
    uint32_t policy;           /* version whose words are used */
    uint64_t previous;         /* index of the entry before of the same subject, or GJ_ENTRY_NONE */
    struct gj_entry_word role; /* the role the actor used; "" for the daemon itself */
    struct gj_entry_word action;
    struct gj_entry_word from; /* state before */
    struct gj_entry_word to;   /* state after */

    /* Optional parts: each is there when its flag is set. */
    bool has_stated_at, has_acting_for, has_second, has_request_key, has_text, has_change, has_reason, has_related,
        has_value, has_object;
    int64_t stated_at;   /* when it happened, as the person or an offline device says */
    uint64_t acting_for; /* the user whose delegated role was used */
    uint64_t second;     /* the other person of a two-person decision, or on whose behalf */
    uint8_t request_key[GJ_ENTRY_KEY_SIZE];
    uint8_t text[GJ_ENTRY_HASH_SIZE];   /* HMAC-SHA256(salt, text); the salt is sealed with the text */
    uint8_t change[GJ_ENTRY_HASH_SIZE]; /* gj_entry_change over the fields that were set, as they are stored */
    struct gj_entry_word reason;
    uint16_t related_kind; /* another record this one was linked with */
    uint64_t related;
    int64_t value;                      /* a number; the type or action says of what */
    uint8_t object[GJ_ENTRY_HASH_SIZE]; /* hash of a file, seed, root: the type says of what */
};

/* Sets a word; GJ_EINVAL: too long or letters that are not allowed. */
enum gj_err gj_entry_word(struct gj_entry_word *word, const char *text);

/* Writes the canonical bytes, at most GJ_ENTRY_MAX, to out; returns their number. The words must be valid. */
size_t gj_entry_encode(const struct gj_entry *entry, uint8_t out[GJ_ENTRY_MAX]);

/* Strict: encode(decode(b)) == b for every b that is accepted. *size: bytes of the entry. GJ_EINVAL: not an entry of
 * version 1. */
enum gj_err gj_entry_decode(const uint8_t *bytes, size_t len, struct gj_entry *out, size_t *size);

/* Digest of the fields an action set (change): SHA-256 of, for each in the order given, u16 length of the key, key,
 * u32 length of the value, value, all as stored (sealed fields sealed). */
struct gj_entry_change {
    uint64_t state[16]; /* SHA-256, opaque */
    bool any;
};
void gj_entry_change_init(struct gj_entry_change *change);
void gj_entry_change_add(struct gj_entry_change *change, const char *key, const void *value, size_t len);
/* Sets has_change and change of the entry, or leaves both when nothing was added. */
void gj_entry_change_final(struct gj_entry_change *change, struct gj_entry *entry);

/* Appends to the log: sets index and epoch, writes the row with the sealed text behind it (NULL, 0: none), the leaf of
 * the audit tree and the office of the block. Returns the index, which is the event number; errors stay in txn. */
uint64_t gj_entry_append(struct gj_txn *txn, struct gj_entry *entry, const void *sealed_text, size_t len);

/* One row of the log. text borrows from the row as struct gj_value says. bytes, the canonical entry, lie in this
 * struct, which is therefore not to be copied. */
struct gj_entry_row {
    uint64_t index;
    struct gj_entry entry;
    struct gj_value bytes;
    struct gj_value text;
    uint8_t canonical[GJ_ENTRY_MAX];
};

/* false: no such entry, or the transaction has failed. */
bool gj_entry_get(struct gj_txn *txn, uint64_t index, struct gj_entry_row *out);
/* The same without the canonical bytes, which whoever only asks what the entry says does not need. */
bool gj_entry_read(struct gj_txn *txn, uint64_t index, struct gj_entry_row *out);

/* Entries of one office with after < index <= upto, ascending, visiting only blocks in which it occurs. Entries of
 * headquarters (office 0) belong to nobody's walk but 0's own. office GJ_ENTRY_EVERY_OFFICE: all. */
#define GJ_ENTRY_EVERY_OFFICE UINT32_MAX

struct gj_entry_walk {
    struct gj_entry_row row;
    /* The rest belongs to entry_walk.c. */
    struct gj_txn *txn;
    uint32_t office;
    uint64_t next;
    uint64_t upto;
    uint64_t visited; /* rows and blocks looked at */
    uint64_t block_end;
    bool iterating;
    struct gj_iter iter;
};

/* from_start: the walk begins at entry 0, and after is not looked at. */
void gj_entry_walk_open(
    struct gj_entry_walk *walk, struct gj_txn *txn, uint32_t office, bool from_start, uint64_t after, uint64_t upto);
/* Next entry of the office; false: the end. budget: rows to look at, counted down; at 0 the call returns false and
 * walk->next says where to go on (next <= upto). */
bool gj_entry_walk_next(struct gj_entry_walk *walk, uint64_t *budget);
void gj_entry_walk_close(struct gj_entry_walk *walk);

#endif
