/* Numbers of the things that are not records: what an audit entry is about (subject_kind), and whose data key seals a
 * field (struct gj_subject of store/vault.h). Record kinds of the policy have the numbers below GJ_SUBJECT_FIRST, so
 * one number says which it is. They are on disk: append only, never renumber. */
#ifndef GJ_CORE_SUBJECT_H
#define GJ_CORE_SUBJECT_H

#include <stdint.h>

#define GJ_SUBJECT_FIRST 0x8000

/* X(NAME, number, "word", has a data key of its own in the vault) */
#define GJ_SUBJECTS(X)                                                                                                 \
    X(OFFICE, 0x8001, "office", true) /* 管理处: its key seals what belongs to nobody else; 0 headquarters */       \
    X(REGION, 0x8002, "region", false)                                                                                 \
    X(BUILDING, 0x8003, "building", false)                                                                             \
    X(HOUSEHOLD, 0x8004, "household", true) /* 业户 */                                                               \
    X(CALLER, 0x8005, "caller", true)       /* calls and belongs to no household */                                    \
    X(ASSET, 0x8006, "asset", false)                                                                                   \
    X(STAFF, 0x8007, "staff", true) /* id of the user */                                                               \
    X(CONTRACTOR, 0x8008, "contractor", false)                                                                         \
    X(USER, 0x8009, "user", false)                                                                                     \
    X(DEVICE, 0x800A, "device", false)                                                                                 \
    X(INVITATION, 0x800B, "invitation", false)                                                                         \
    X(SESSION, 0x800C, "session", false)                                                                               \
    X(DELEGATION, 0x800D, "delegation", false)                                                                         \
    X(ROSTER, 0x800E, "roster", false)     /* id of the office */                                                      \
    X(POLICY, 0x800F, "policy", false)     /* id is the version */                                                     \
    X(CALENDAR, 0x8010, "calendar", false) /* id is the version */                                                     \
    X(LIMIT, 0x8011, "limit", false)                                                                                   \
    X(IMPORT, 0x8012, "import", false)                                                                                 \
    X(ATTACHMENT, 0x8013, "attachment", false)                                                                         \
    X(NOTICE, 0x8014, "notice", false)                                                                                 \
    X(DRAW, 0x8015, "draw", false)                                                                                     \
    X(OBLIGATION, 0x8016, "obligation", false)                                                                         \
    X(STORE, 0x8017, "store", false)   /* the daemon and its store: clock, backup, restore */                          \
    X(PARENT, 0x8018, "parent", false) /* the record that others belong to: `by_subject` alone */

enum gj_subject_kind {
#define GJ_SUBJECT_ENUM(name, number, word, keyed) GJ_SUBJECT_##name = number,
    GJ_SUBJECTS(GJ_SUBJECT_ENUM)
#undef GJ_SUBJECT_ENUM
};

#endif
