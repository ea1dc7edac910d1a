#ifndef GJ_STORE_TABLE_H
#define GJ_STORE_TABLE_H

/* Every table of the main environment, written once. Columns: constant, name on disk, what a row is.
 * All keys are byte strings built by store/key.h, whose big-endian numbers sort as they count; so the file does not
 * depend on the machine. A table may be added at the end; a name is never used again for something else. */
#define GJ_TABLES(X)                                                                                                   \
    X(META, "meta")                           /* name -> setting of the store: schema, cluster id, epoch, mode */      \
    X(HOT, "hot")                             /* counters, edge of the audit tree, offices of the open block */        \
    X(SERIES, "series")                       /* year, office, kind -> last number given; no gaps */                   \
    X(RECORD, "record")                       /* id -> record of any kind */                                           \
    X(WORK, "work")                           /* office, kind, id -> covering row of an open record */                 \
    X(DUE, "due")                             /* fire time, record id -> nothing; one row per open record */           \
    X(ENTRY, "entry")                         /* index -> audit entry, then the sealed text that belongs to it */      \
    X(ENTRY_BLOCK, "entry_block")             /* block of 256 entries -> offices that occur in it */                   \
    X(TILE, "tile")                           /* level, number -> up to 256 hashes of the audit tree */                \
    X(SEEN, "seen")                           /* request key, device -> kept reply */                                  \
    X(USER, "user")                           /* id -> user */                                                         \
    X(USER_NAME, "user_name")                 /* login name -> user id */                                              \
    X(DEVICE, "device")                       /* id -> device */                                                       \
    X(DEVICE_KEY, "device_key")               /* public key -> device id */                                            \
    X(INVITATION, "invitation")               /* token id -> invitation */                                             \
    X(SESSION, "session")                     /* id -> session */                                                      \
    X(DELEGATION, "delegation")               /* id -> delegation of a role */                                         \
    X(OFFICE, "office")                       /* id -> office (管理处) */                                           \
    X(REGION, "region")                       /* id -> region */                                                       \
    X(BUILDING, "building")                   /* id -> building */                                                     \
    X(UNIT, "unit")                           /* id -> unit */                                                         \
    X(HOUSEHOLD, "household")                 /* id -> household (业户) */                                           \
    X(HOUSEHOLD_BY_ROOM, "household_by_room") /* office, room -> household id */                                       \
    X(PERSON, "person")                       /* id -> person */                                                       \
    X(ASSET, "asset")                         /* id -> common area or equipment */                                     \
    X(STAFF, "staff")                         /* id -> member of staff */                                              \
    X(CONTRACTOR, "contractor")               /* id -> contractor */                                                   \
    X(VEHICLE, "vehicle")                     /* id -> vehicle */                                                      \
    X(CALLER, "caller")                       /* id -> caller without a household */                                   \
    X(INBOX, "inbox")                         /* user, event -> notice */                                              \
    X(POLICY, "policy")                       /* version -> policy */                                                  \
    X(CALENDAR, "calendar")                   /* version -> working days */                                            \
    X(OBLIGATION, "obligation")               /* id -> recurring obligation */                                         \
    X(ATTACHMENT, "attachment")               /* name of the file (store/blob.h) -> attachment of a record */          \
    X(SUBJECT, "subject")                     /* kind, id -> office and state of a data key in the vault */            \
    X(ERASING, "erasing")                     /* kind, id -> an erasure whose vault half is outstanding */             \
    X(DIRECTORY, "directory")                 /* kind of index, words -> id: lookups of the directory */               \
    X(BY_DATE, "by_date")                     /* office, kind, closing day, id -> nothing: closed work */              \
    X(BY_SUBJECT, "by_subject")               /* subject kind and id, record id -> nothing: what concerns it */        \
    X(FIGURE, "figure")                       /* what is counted, office, period -> sums for reports */                \
    X(STAGE, "stage")                         /* import, chunk -> staged rows, invisible until the last command */     \
    X(DRAFT, "draft")                         /* user -> files handed in for a proposal of the policy */               \
    X(SETTING, "setting")                     /* name -> setting changed while running */                              \
    X(ROSTER, "roster")                       /* office, region, role, from -> who is on duty */                       \
    X(IMPORT, "import")                       /* id -> import under way or done */                                     \
    X(LIMIT_PROPOSAL, "limit_proposal")       /* id -> looser limit that waits for its second person */                \
    X(TIMER, "timer")                         /* fire time, what -> timers of things that are no records */            \
    X(NUMBER, "number")                       /* human number of a record, 0 and key of an import -> its id */         \
    X(WORD, "word")                           /* number -> word of the vocabulary (store/words.h) */                   \
    X(LAST_ENTRY, "last_entry") /* subject kind and id -> its newest audit entry, of what is named in apply_entry.c */

enum gj_table {
#define GJ_TABLE_CONSTANT(constant, name) GJ_TABLE_##constant,
    GJ_TABLES(GJ_TABLE_CONSTANT)
#undef GJ_TABLE_CONSTANT
        GJ_TABLE_COUNT
};

/* The name on disk, "" for a number that is no table. */
const char *gj_table_name(enum gj_table table);

/* Counters of the store (gj_counter_next). Numbers are on disk: append only, never renumber.
 * ID_RECORD is shared by records of every kind. */
#define GJ_COUNTERS(X)                                                                                                 \
    X(RECORD, 1)                                                                                                       \
    X(USER, 2)                                                                                                         \
    X(DEVICE, 3)                                                                                                       \
    X(OFFICE, 4)                                                                                                       \
    X(REGION, 5)                                                                                                       \
    X(BUILDING, 6)                                                                                                     \
    X(UNIT, 7)                                                                                                         \
    X(HOUSEHOLD, 8)                                                                                                    \
    X(PERSON, 9)                                                                                                       \
    X(ASSET, 10)                                                                                                       \
    X(STAFF, 11)                                                                                                       \
    X(CONTRACTOR, 12)                                                                                                  \
    X(VEHICLE, 13)                                                                                                     \
    X(CALLER, 14)                                                                                                      \
    X(SESSION, 15)                                                                                                     \
    X(DELEGATION, 16)                                                                                                  \
    X(OBLIGATION, 17)                                                                                                  \
    X(ATTACHMENT, 18)                                                                                                  \
    X(POLICY, 19)                                                                                                      \
    X(CALENDAR, 20)                                                                                                    \
    X(IMPORT, 21)                                                                                                      \
    X(DRAFT, 22)                                                                                                       \
    X(DIRECTORY, 23)                                                                                                   \
    X(INVITATION, 24)                                                                                                  \
    X(DRAW, 25)

enum gj_counter {
#define GJ_COUNTER_CONSTANT(constant, number) GJ_COUNTER_##constant = number,
    GJ_COUNTERS(GJ_COUNTER_CONSTANT)
#undef GJ_COUNTER_CONSTANT
};

#endif
