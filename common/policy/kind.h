/* A declared kind of record (记录种类) after compilation: fields, states, transitions, timers, rights.
 *
 * Everything here is immutable, owned by the struct gj_policy it belongs to, and lives as long. Strings are
 * NUL-terminated UTF-8. Stable numbers (of kinds, states, acts, roles, relations) are what the store keeps: they
 * never change their meaning between policy versions. Indexes (uint16_t ending in _at) are valid within one version. */
#ifndef GJ_POLICY_KIND_H
#define GJ_POLICY_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/policy/duration.h"
#include "common/policy/value.h"
#include "common/limits.h"

#define GJ_NO_INDEX UINT16_MAX

/* A name that people read. */
struct gj_label {
    const char *zh;
    const char *en;
};

/* --- Who ------------------------------------------------------------------------------------------------------ */

/* Sets of roles: bit n is the role with number n (1..63). Bit 0 is the system itself. */
typedef uint64_t gj_roles;
#define GJ_ROLE_SYSTEM 0
#define GJ_ROLE_BIT(number) (UINT64_C(1) << (number))

/* What a person can be to a record (关系). Stable numbers. X(NAME, number, "word", "zh", "en") */
#define GJ_RELATION_LIST(X)                                                                                            \
    X(CREATOR, 1, "creator", "登记人", "who recorded it")                                                              \
    X(ASSIGNEE, 2, "assignee", "当前处理人", "who it is assigned to")                                                  \
    X(WORKER, 3, "worker", "施工人", "who worked on it")                                                               \
    X(COMPLAINED_OF, 4, "complained_of", "被投诉人", "person complained of")                                           \
    X(CALLER, 5, "caller", "回访人", "who called back")                                                                \
    X(SUBMITTER, 6, "submitter", "提交人", "who submitted the work")                                                   \
    X(APPROVER, 7, "approver", "审批人", "who approved a step")                                                        \
    X(SIGNER, 8, "signer", "签阅人", "who signed")                                                                     \
    X(ESCORT, 9, "escort", "陪同人", "escort")                                                                         \
    X(HANDLER, 10, "handler", "经办人", "who handled the matter")                                                      \
    X(STAND_IN, 11, "stand_in", "代处理人", "who was asked because nobody of the office was left")                     \
    X(OFFERED, 12, "offered", "被询单人", "who was offered the job")                                                   \
    X(DECLINED, 13, "declined", "退单人", "who declined the job")

enum gj_relation {
    GJ_RELATION_NONE,
#define GJ_RELATION_ENUM(name, number, word, zh, en) GJ_RELATION_##name = number,
    GJ_RELATION_LIST(GJ_RELATION_ENUM)
#undef GJ_RELATION_ENUM
};
typedef uint32_t gj_relations; /* bit n = relation n */
const char *gj_relation_word(enum gj_relation relation);
enum gj_relation gj_relation_by_word(const char *word); /* NONE when unknown */

/* "tech as assignee": a role, a relation, or both together. Role 0 (system) means the daemon's own timers. Whoever
 * stands in because the office has nobody left takes the place of a role of the staff. */
struct gj_who {
    bool any_role; /* written as a relation alone */
    bool staff;    /* a role of the company's own people */
    uint8_t role;  /* number, when any_role is false */
    enum gj_relation relation;
};
struct gj_who_list {
    const struct gj_who *items;
    size_t count;
};

/* --- Fields --------------------------------------------------------------------------------------------------- */

/* X(NAME, "word", shape) */
#define GJ_FIELD_TYPE_LIST(X)                                                                                          \
    X(TEXT, "text", GJ_SHAPE_TEXT)                                                                                     \
    X(NUMBER, "number", GJ_SHAPE_INT)                                                                                  \
    X(MONEY, "money", GJ_SHAPE_MONEY)                                                                                  \
    X(DATE, "date", GJ_SHAPE_TIME)                                                                                     \
    X(TIME, "time", GJ_SHAPE_TIME)                                                                                     \
    X(BOOL, "bool", GJ_SHAPE_INT)                                                                                      \
    X(CHOICE, "choice", GJ_SHAPE_TEXT)                                                                                 \
    X(USER, "user", GJ_SHAPE_REF)                                                                                      \
    X(PERSON, "person", GJ_SHAPE_REF)                                                                                  \
    X(HOUSEHOLD, "household", GJ_SHAPE_REF)                                                                            \
    X(UNIT, "unit", GJ_SHAPE_REF)                                                                                      \
    X(OFFICE, "office", GJ_SHAPE_REF)                                                                                  \
    X(ASSET, "asset", GJ_SHAPE_REF)                                                                                    \
    X(CONTRACTOR, "contractor", GJ_SHAPE_REF)                                                                          \
    X(RECORD, "record", GJ_SHAPE_REF)                                                                                  \
    X(PHOTO, "photo", GJ_SHAPE_BLOB)         /* one or more attachments */                                             \
    X(SIGNATURE, "signature", GJ_SHAPE_BLOB) /* one attachment */                                                      \
    X(LINES, "lines", GJ_SHAPE_LINES)                                                                                  \
    X(CHECKLIST, "checklist", GJ_SHAPE_LINES)

enum gj_field_type {
#define GJ_FIELD_TYPE_ENUM(name, word, shape) GJ_FIELD_##name,
    GJ_FIELD_TYPE_LIST(GJ_FIELD_TYPE_ENUM)
#undef GJ_FIELD_TYPE_ENUM
};

/* Personal-data class. Everything but NONE is encrypted at rest under the subject's key. */
enum gj_personal {
    GJ_PERSONAL_NONE,
    GJ_PERSONAL_MASKED, /* shown through its mask; opened for those in open_to, which is a logged read */
    GJ_PERSONAL_SEALED, /* free text: readers of the record see it, lists, search and pushes never */
    GJ_PERSONAL_LOGGED, /* never shown with the record; each opening is a logged read with a purpose */
};
enum gj_mask { GJ_MASK_ALL, GJ_MASK_PHONE, GJ_MASK_NAME, GJ_MASK_ID_NUMBER, GJ_MASK_PLATE };

/* Fields that live in the typed head of a record instead of its list of fields. A form may give them labels and
 * demand them; their type is fixed. X(NAME, "key", type) */
#define GJ_HEAD_LIST(X)                                                                                                \
    X(CATEGORY, "category", CHOICE)                                                                                    \
    X(PRIORITY, "priority", CHOICE)                                                                                    \
    X(ASSIGNEE, "assignee", USER)                                                                                      \
    X(OFFICE, "office", OFFICE)                                                                                        \
    X(HOUSEHOLD, "household", HOUSEHOLD)                                                                               \
    X(UNIT, "unit", UNIT)                                                                                              \
    X(ASSET, "asset", ASSET)                                                                                           \
    X(CALLER, "caller", PERSON)                                                                                        \
    X(PLACE, "place", TEXT)                                                                                            \
    X(PARENT, "parent", RECORD)                                                                                        \
    X(RECEIVED_AT, "received_at", TIME)
enum gj_head {
    GJ_HEAD_NONE,
#define GJ_HEAD_ENUM(name, key, type) GJ_HEAD_##name,
    GJ_HEAD_LIST(GJ_HEAD_ENUM)
#undef GJ_HEAD_ENUM
};

/* What kinds of file can prove something. */
enum gj_media { GJ_MEDIA_IMAGE = 1, GJ_MEDIA_AUDIO = 2, GJ_MEDIA_VIDEO = 4, GJ_MEDIA_PDF = 8 };

struct gj_choice {
    const char *code;
    struct gj_label label;
};

/* One declared field, or a column of a line table (columns have no columns). */
struct gj_field {
    const char *key;
    struct gj_label label;
    enum gj_field_type type;
    enum gj_head head;
    enum gj_personal personal;
    enum gj_mask mask;
    struct gj_who_list open_to; /* who may open a masked or logged field */
    bool search;                /* has a blind or plain index */
    bool computed;              /* only `sets` of a transition may write it */
    bool fixed;                 /* `amend` may not change it */
    bool happened;              /* time: reports something done; not in the future, late only with a reason */
    bool ahead;                 /* time: agreed for the future; never before the moment it was agreed */
    bool since_received;        /* time that happened: not before the record was received */
    bool one_time;              /* text: a code that the system issues to the owner and checks; never kept */
    uint8_t media;              /* photo, signature: enum gj_media as evidence; 0: images */
    bool required;              /* column: every line must have it */
    int64_t min, max;           /* numbers, money, dates, times (ms, relative ones are checked by the form) */
    uint8_t decimals;           /* number: value = number / 10^decimals; always 3 in a line table */
    uint32_t min_length;        /* characters */
    uint32_t max_length;
    const struct gj_choice *choices; /* choice: what may be said; check list: what is asked */
    size_t choice_count;
    const char *choices_from; /* "categories", "priorities", "trades", "channels", "areas" of the policy, or NULL */
    const struct gj_field *columns;
    size_t column_count;
    uint32_t max_lines;
    const char *link_kind; /* record: which kind; NULL any */
};

struct gj_field_set {
    uint64_t w[GJ_FIELDS_MAX / 64];
};
static inline bool gj_field_set_has(const struct gj_field_set *set, size_t i)
{
    return (set->w[i / 64] >> (i % 64)) & 1;
}
static inline void gj_field_set_add(struct gj_field_set *set, size_t i)
{
    set->w[i / 64] |= UINT64_C(1) << (i % 64);
}

/* --- States and transitions ----------------------------------------------------------------------------------- */

/* Sets of states: bit n is the state with number n (1..63); bit 0 is "does not exist yet". */
typedef uint64_t gj_states;
#define GJ_STATE_NONE 0

enum gj_state_class {
    GJ_STATE_OPEN,   /* in the queues, timers run */
    GJ_STATE_CLOSED, /* done; may be reopened by a transition */
    GJ_STATE_FINAL,  /* no way out, addenda only */
};

struct gj_state {
    const char *code;
    struct gj_label label;
    uint8_t number;
    enum gj_state_class class;
    const char *phase; /* intake, dispatch, work, acceptance, follow_up, done: for figures and colours */
};

struct gj_act {
    const char *name; /* the verb of wire and CLI: triage, accept, hold … */
    struct gj_label label;
    uint16_t number; /* stable, 1.. */
};

/* Conditions: a closed vocabulary of named predicates with typed arguments; see condition.h. */
struct gj_condition;
struct gj_condition_list {
    const struct gj_condition *items;
    size_t count;
};

enum gj_set_op { GJ_SET_ADD, GJ_SET_ACTOR, GJ_SET_NOW, GJ_SET_TEXT, GJ_SET_CLEAR, GJ_SET_COPY };
/* What a transition itself writes. The field is computed, belongs to the head, or reports when something happened:
 * then NOW stands unless the act handed in a time. */
struct gj_set {
    uint16_t field_at;
    enum gj_set_op op;
    int64_t number;   /* ADD */
    const char *text; /* TEXT: code of a choice */
    uint16_t from_at; /* COPY: another field */
};

/* One way in which a step of the owner (业主) may be recorded by staff. */
struct gj_means {
    const char *code;      /* signature, code, recorded_call, signed_paper … : a choice of the means field */
    struct gj_who_list by; /* who may submit it this way */
    uint16_t evidence_at;  /* field that must hold the evidence, or GJ_NO_INDEX */
};

/* What else is started by a transition or a ladder step, applied in the same transaction. */
enum gj_follow_op {
    GJ_FOLLOW_CREATE,     /* a record of `kind`, linked to this one (`link`) */
    GJ_FOLLOW_ACT_LINKED, /* `act` on the records linked by `link` */
    GJ_FOLLOW_ACT_PARENT, /* `act` on the parent */
    GJ_FOLLOW_LOG,        /* a line in the duty log (值班日志) of the office */
};
struct gj_follow {
    enum gj_follow_op op;
    const char *kind;
    const char *link;
    const char *act;
};

enum gj_timer_op { GJ_TIMER_START, GJ_TIMER_STOP, GJ_TIMER_PAUSE, GJ_TIMER_RESUME };
struct gj_timer_change {
    uint16_t timer_at;
    enum gj_timer_op op;
};

struct gj_transition {
    uint16_t act_at;
    gj_states from;
    uint8_t to;     /* number; meaningless when stay */
    bool stay;      /* `to: same` */
    bool automatic; /* taken by the system right after another transition, when its conditions hold */
    struct gj_who_list by;
    gj_relations forbid;          /* own_work and the like: whoever is one of these may not */
    uint32_t forbid_for;          /* bit n = priority number n */
    struct gj_field_set need;     /* present afterwards (handed in now or earlier) */
    struct gj_field_set need_now; /* handed in with this very act */
    struct gj_field_set optional; /* may be handed in */
    struct gj_condition_list when;
    struct gj_who_list approve; /* not empty: takes effect when one of these consents (another person) */
    uint16_t approve_office_at; /* the office field naming whose approvers they are, or GJ_NO_INDEX: the own office */
    uint16_t means_field_at;    /* on_behalf: the field naming the means, or GJ_NO_INDEX */
    uint16_t since_field_at;    /* time field: evidence must be no older, or GJ_NO_INDEX */
    const struct gj_means *means;
    size_t means_count;
    const struct gj_set *sets;
    size_t set_count;
    gj_relations marks;        /* the actor becomes these to the record */
    gj_relations unmarks;      /* nobody is these any more */
    struct gj_duration within; /* counted from closing; unit NONE: no limit */
    const struct gj_timer_change *timers;
    size_t timer_count;
    struct gj_who_list tell; /* whose inbox hears of it */
    const struct gj_follow *follow;
    size_t follow_count;
    const char *file; /* where it is declared */
    uint32_t line;
};

/* --- Timers --------------------------------------------------------------------------------------------------- */

/* Which of the resolution levels gave a limit. Stable numbers. */
enum gj_level {
    GJ_LEVEL_COMPANY = 1,
    GJ_LEVEL_CITY = 2,
    GJ_LEVEL_PROFILE = 3,
    GJ_LEVEL_OFFICE = 4,
    GJ_LEVEL_WEATHER = 5
};
const char *gj_level_name(enum gj_level level); /* company, city, profile, office, weather; "none" for others */

/* How long a timer may run for one priority. */
enum gj_limit_op {
    GJ_LIMIT_NONE,     /* no promise: the timer is not started */
    GJ_LIMIT_DURATION, /* `duration` after the base */
    GJ_LIMIT_FIELD,    /* at the time or by the end of the date in field_at; `duration` when that is absent */
};
struct gj_limit {
    enum gj_limit_op op;
    struct gj_duration duration; /* FIELD: the fall-back, unit NONE for none (then the timer is not started) */
    uint16_t field_at;
    uint16_t if_field_at; /* a bool field that picks if_duration instead, or GJ_NO_INDEX */
    struct gj_duration if_duration;
    const char *origin; /* seed, law, practice, proposal + words */
    const char *file;
    uint32_t line;
};

/* One rung: fires at percent of the limit, or `after` past the due time, whichever is earlier of those given. */
struct gj_step {
    uint16_t percent;         /* 0: not given */
    struct gj_duration after; /* unit NONE: not given; elapsed units only */
    struct gj_who_list to;
    const char *name; /* warning, breach, escalated … : stable code in inbox and audit */
    bool breach;      /* counts as breached from here on */
    const char *act;  /* the system performs this act, or NULL */
    const struct gj_follow *follow;
    size_t follow_count;
};

/* An exception for a category (or a whole group such as "WAT") before the limit by priority. */
struct gj_category_limit {
    const char *prefix;
    struct gj_limit limit;
};

struct gj_timer {
    const char *name;
    struct gj_label label;
    uint8_t number;                            /* stable, 1.. */
    bool from_received;                        /* runs from received_at, else from the act that starts it */
    bool promise;                              /* counted in figures and shown to people; false: only drives an act */
    struct gj_limit limits[GJ_PRIORITIES_MAX]; /* by priority number; kinds without priorities use [0] for all */
    struct gj_limit unranked; /* of a record that has no priority yet: what is declared for all, else nothing */
    const struct gj_category_limit *by_category;
    size_t by_category_count;
    uint32_t pausable; /* bit n = priority number n */
    gj_states paused_in;
    gj_states runs_in; /* starts in these states only, and leaving them stops it; 0: wherever it was started */
    const struct gj_step *steps; /* ordered as they fire; the first is the warning where there is one */
    size_t step_count;
    bool weather; /* stretched in weather mode */
    const char *file;
    uint32_t line;
};

/* --- The kind ------------------------------------------------------------------------------------------------- */

/* Letters of the permission table. */
enum gj_letter {
    GJ_LETTER_CREATE = 1 << 0,   /* C */
    GJ_LETTER_READ = 1 << 1,     /* R: the whole office */
    GJ_LETTER_READ_OWN = 1 << 2, /* r: own or assigned */
    GJ_LETTER_UPDATE = 1 << 3,   /* U */
    GJ_LETTER_APPROVE = 1 << 4,  /* A */
    GJ_LETTER_REASSIGN = 1 << 5, /* X */
    GJ_LETTER_CLOSE = 1 << 6,    /* Z */
    GJ_LETTER_EXPORT = 1 << 7,   /* E */
    GJ_LETTER_LOGGED = 1 << 8,   /* L: reading is itself recorded */
};
struct gj_rights {
    uint16_t letters[64]; /* by role number */
};

struct gj_link_type {
    const char *code;
    struct gj_label label;
    const char *kind; /* NULL: any */
    bool paper;       /* may name a paper register and number instead of a record */
};

struct gj_series {
    const char *pattern; /* "WX{office}{yyyy}{seq:6}" */
    const char *prefix;  /* "WX": what comes before the first brace */
    uint8_t digits;      /* of seq */
};

struct gj_figure {
    const char *code;
    struct gj_label label;
    const char *formula;                /* a name of the closed list in figures.yaml's README */
    const char *timer;                  /* NULL when not about one */
    int32_t min_permille, max_permille; /* -1: none */
    const char *origin;
};

/* Where records of a kind look for their worker by themselves (自动派单): in one state, by the acts that name one
 * person or offer the job to several. */
struct gj_kind_dispatch {
    uint8_t state;      /* number; GJ_STATE_NONE: people alone dispatch */
    uint16_t assign_at; /* act */
    uint16_t offer_at;  /* act */
};

struct gj_priority; /* policy.h */

struct gj_kind {
    const char *code;
    uint16_t number; /* stable, 1.. */
    struct gj_label label;
    const struct gj_label *print_titles;
    size_t print_title_count;
    bool has_priority;
    const struct gj_priority *priorities; /* the policy's, when has_priority; by number */
    size_t priority_count;
    const struct gj_field *fields;
    size_t field_count;
    const struct gj_state *states;
    size_t state_count;
    uint8_t state_at[64]; /* by number: index + 1; 0 none */
    gj_states open_states, closed_states, final_states;
    const struct gj_act *acts;
    size_t act_count;
    const struct gj_transition *transitions;
    size_t transition_count;
    const struct gj_timer *timers;
    size_t timer_count;
    struct gj_rights rights;
    const struct gj_link_type *links;
    size_t link_count;
    struct gj_series series;
    uint16_t search[16], list[24]; /* field indexes */
    size_t search_count, list_count;
    struct gj_duration retention; /* unit NONE: for ever */
    struct gj_kind_dispatch dispatch;
    gj_roles lower_priority;       /* who may lower a priority or undo a raise */
    struct gj_duration late_entry; /* recorded later than received by more than this needs `late_reason` */
    const struct gj_figure *figures;
    size_t figure_count;
    const char *file;
};

/* Lookups; NULL or GJ_NO_INDEX when there is none. */
uint16_t gj_kind_field(const struct gj_kind *kind, const char *key);
uint16_t gj_kind_timer(const struct gj_kind *kind, const char *name);
uint16_t gj_kind_act(const struct gj_kind *kind, const char *name);
const struct gj_state *gj_kind_state(const struct gj_kind *kind, uint8_t number);
const struct gj_state *gj_kind_state_by_code(const struct gj_kind *kind, const char *code);
const struct gj_link_type *gj_kind_link(const struct gj_kind *kind, const char *code);

/* Writes the human number of a slip, e.g. WX00122026000042 for office code "0012"; false when it does not fit. */
bool gj_series_format(
    const struct gj_series *series, const char *office_code, int32_t year, uint64_t seq, char *out, size_t size);

/* The shape values of a type have. */
enum gj_shape gj_field_shape(enum gj_field_type type);
const char *gj_field_type_word(enum gj_field_type type);

#endif
