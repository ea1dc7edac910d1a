#include "core/policies.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/log.h"
#include "core/actor.h"
#include "store/record.h"
#include "store/stored.pb-c.h"

/* Rows of the table SETTING. */
#define CURRENT_POLICY "policy.current"
#define CURRENT_CALENDAR "calendar.current"

/* A policy is some hundred kilobytes of text. */
#define ROW_ARENA_MAX (8 * 1024 * 1024)
#define FILES_MAX 256

/* Versions are few (an activation is a decision of two people), so a list is searched. Entries are never removed:
 * records point at them. */
struct version {
    uint32_t number;
    struct gj_policy *policy; /* one of the two */
    struct gj_calendar *calendar;
    struct version *next;
};

struct gj_policies {
    pthread_mutex_t mutex;
    struct version *versions;
};

enum gj_err gj_policies_new(struct gj_policies **out)
{
    struct gj_policies *policies = calloc(1, sizeof *policies);

    if (policies == NULL) {
        return GJ_ENOMEM;
    }
    if (pthread_mutex_init(&policies->mutex, NULL) != 0) {
        free(policies);
        return GJ_ENOMEM;
    }
    *out = policies;
    return GJ_OK;
}

void gj_policies_free(struct gj_policies *policies)
{
    if (policies == NULL) {
        return;
    }
    for (struct version *version = policies->versions, *next; version != NULL; version = next) {
        next = version->next;
        gj_policy_free(version->policy);
        gj_calendar_free(version->calendar);
        free(version);
    }
    pthread_mutex_destroy(&policies->mutex);
    free(policies);
}

static struct version *find(struct gj_policies *policies, uint32_t number, bool calendar)
{
    for (struct version *version = policies->versions; version != NULL; version = version->next) {
        if (version->number == number && (version->calendar != NULL) == calendar) {
            return version;
        }
    }
    return NULL;
}

static enum gj_err compile(const Gj__Stored__Policy *row, bool calendar, struct version *version)
{
    if (calendar) {
        struct gj_calendar_fault fault;

        if (row->n_files != 1) {
            return GJ_ECORRUPT;
        }
        return gj_calendar_parse(
            (const char *)row->files[0]->content.data, row->files[0]->content.len, &version->calendar, &fault);
    }

    struct gj_policy_part parts[FILES_MAX];
    struct gj_problems *problems = malloc(sizeof *problems);
    enum gj_err err = GJ_ENOMEM;

    if (problems != NULL && row->n_files <= FILES_MAX) {
        gj_problems_init(problems);
        for (size_t i = 0; i < row->n_files; i++) {
            parts[i].name = row->files[i]->name;
            parts[i].bytes = row->files[i]->content.data;
            parts[i].len = row->files[i]->content.len;
        }
        err = gj_policy_compile(parts, row->n_files, version->number, &version->policy, problems);
    }
    free(problems);
    return err;
}

/* Under the mutex: only the first who asks for a version compiles it. */
static struct version *load(struct gj_policies *policies, struct gj_txn *txn, uint32_t number, bool calendar)
{
    struct gj_arena arena;
    Gj__Stored__Policy *row = NULL;
    struct gj_key key = gj_key_of_u64(number);
    struct version *version = calloc(1, sizeof *version);

    if (version == NULL) {
        return NULL;
    }
    gj_arena_init(&arena, ROW_ARENA_MAX);
    version->number = number;
    enum gj_err err = GJ_ENOTFOUND;
    if (gj_record_load(txn, calendar ? GJ_TABLE_CALENDAR : GJ_TABLE_POLICY, &key, &gj__stored__policy__descriptor,
            &arena, (void **)&row)) {
        err = compile(row, calendar, version);
    }
    gj_arena_fini(&arena);
    if (err != GJ_OK) {
        gj_log(GJ_LOG_ERROR, "policy.unusable", GJ_LOG_U64("version", number), GJ_LOG_U64("calendar", calendar),
            GJ_LOG_ERR(err));
        free(version);
        return NULL;
    }
    version->next = policies->versions;
    policies->versions = version;
    return version;
}

static struct version *at(struct gj_policies *policies, struct gj_txn *txn, uint32_t number, bool calendar)
{
    if (number == 0) {
        return NULL;
    }
    pthread_mutex_lock(&policies->mutex);
    struct version *version = find(policies, number, calendar);
    if (version == NULL && txn != NULL) {
        version = load(policies, txn, number, calendar);
    }
    pthread_mutex_unlock(&policies->mutex);
    return version;
}

const struct gj_policy *gj_policies_at(struct gj_policies *policies, struct gj_txn *txn, uint32_t version)
{
    struct version *found = at(policies, txn, version, false);

    return found != NULL ? found->policy : NULL;
}

const struct gj_calendar *gj_policies_calendar_at(struct gj_policies *policies, struct gj_txn *txn, uint32_t version)
{
    struct version *found = at(policies, txn, version, true);

    return found != NULL ? found->calendar : NULL;
}

static uint32_t current(struct gj_txn *txn, const char *name)
{
    struct gj_key key = gj_key_of_name(name);

    return (uint32_t)gj_txn_get_u64(txn, GJ_TABLE_SETTING, &key);
}

uint32_t gj_policies_current_version(struct gj_txn *txn)
{
    return current(txn, CURRENT_POLICY);
}

uint32_t gj_policies_calendar_version(struct gj_txn *txn)
{
    return current(txn, CURRENT_CALENDAR);
}

const struct gj_policy *gj_policies_current(struct gj_policies *policies, struct gj_txn *txn)
{
    return gj_policies_at(policies, txn, gj_policies_current_version(txn));
}

const struct gj_calendar *gj_policies_calendar(struct gj_policies *policies, struct gj_txn *txn)
{
    return gj_policies_calendar_at(policies, txn, gj_policies_calendar_version(txn));
}

void gj_policies_activate(struct gj_txn *txn, uint32_t version)
{
    struct gj_key key = gj_key_of_name(CURRENT_POLICY);

    gj_txn_put_u64(txn, GJ_TABLE_SETTING, &key, version);
    gj_actor_rights_changed(txn);
}

void gj_policies_activate_calendar(struct gj_txn *txn, uint32_t version)
{
    struct gj_key key = gj_key_of_name(CURRENT_CALENDAR);

    gj_txn_put_u64(txn, GJ_TABLE_SETTING, &key, version);
}

static enum gj_err load_table(struct gj_policies *policies, struct gj_txn *txn, bool calendar, struct gj_fault *fault)
{
    struct gj_iter iter;
    enum gj_err err = GJ_OK;

    gj_iter_range(&iter, txn, calendar ? GJ_TABLE_CALENDAR : GJ_TABLE_POLICY, NULL, NULL, GJ_FORWARD);
    while (err == GJ_OK && gj_iter_next(&iter)) {
        struct gj_arena arena;
        Gj__Stored__Policy *row = NULL;
        struct gj_key_reader reader = gj_key_read(iter.key.data, iter.key.len);
        uint32_t number = (uint32_t)gj_key_read_u64(&reader);

        gj_arena_init(&arena, ROW_ARENA_MAX);
        bool whole = gj_record_unpack(txn, &iter.value, &gj__stored__policy__descriptor, &arena, (void **)&row);
        bool active = whole && row->activated_at != 0;
        gj_arena_fini(&arena);
        if (active && at(policies, txn, number, calendar) == NULL) {
            err = gj_fault_set(fault, GJ_ECORRUPT, "%s version %u in the store does not compile",
                calendar ? "calendar" : "policy", number);
        }
    }
    gj_iter_close(&iter);
    return err != GJ_OK ? err : gj_txn_error(txn);
}

enum gj_err gj_policies_load(struct gj_policies *policies, struct gj_txn *txn, struct gj_fault *fault)
{
    enum gj_err err = load_table(policies, txn, false, fault);

    return err != GJ_OK ? err : load_table(policies, txn, true, fault);
}
