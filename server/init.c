#include "init.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "common/id.h"
#include "common/invite.h"
#include "common/pb.h"
#include "common/policy/policy.h"
#include "core/apply.h"
#include "core/body.pb-c.h"
#include "core/core.h"
#include "core/invitation.h"
#include "core/policies.h"
#include "keys.h"
#include "service/table.h"
#include "store/store.h"
#include "store/vault.h"

#define CALENDAR_NAME "cn.tsv"
#define FILE_MAX (8L * 1024 * 1024)
#define ARENA_MAX ((size_t)64 * 1024 * 1024)
#define PATH_SIZE 4096
#define PARTS_MAX 256

/* Two people: roles and policies need an administrator and another one who approves. */
static const struct {
    const char *title;
    const char *role;
} first_users[] = {
    {"administrator", "sysadmin"},
    {"approver", "hq_qa"},
};
#define FIRST_USERS (sizeof first_users / sizeof first_users[0])

struct init {
    const struct gj_init_options *options;
    struct gj_arena arena;
    struct gj_keys keys;
    struct gj_core core;
    struct gj_clock clock;
    struct gj_invite invites[FIRST_USERS];
    Gj__Body__Init body;
};

static enum gj_err read_file(struct gj_arena *arena, const char *path, ProtobufCBinaryData *out, struct gj_fault *fault)
{
    FILE *file = fopen(path, "rb");
    enum gj_err err = GJ_OK;

    if (file == NULL) {
        return gj_fault_set(fault, gj_err_from_errno(errno), "%s: %s", path, strerror(errno));
    }
    long size = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    if (size < 0 || size > FILE_MAX) {
        err = gj_fault_set(fault, GJ_ETOOBIG, "%s is not a file of at most %ld bytes", path, FILE_MAX);
    } else {
        rewind(file);
        out->data = gj_arena_alloc(arena, (size_t)size + 1);
        out->len = (size_t)size;
        if (out->data == NULL || fread(out->data, 1, out->len, file) != out->len) {
            err = gj_fault_set(fault, GJ_EIO, "%s cannot be read", path);
        }
    }
    fclose(file);
    return err;
}

static enum gj_err take_part(void *owner, const struct gj_policy_part *part)
{
    struct init *init = owner;
    Gj__Body__File *file = GJ_ARENA_NEW(&init->arena, Gj__Body__File);

    if (file == NULL || init->body.n_policy == PARTS_MAX) {
        return file == NULL ? GJ_ENOMEM : GJ_ETOOBIG;
    }
    gj__body__file__init(file);
    file->name = gj_arena_strdup(&init->arena, part->name);
    file->content.data = gj_arena_dup(&init->arena, part->bytes, part->len);
    file->content.len = part->len;
    if (file->name == NULL || file->content.data == NULL) {
        return GJ_ENOMEM;
    }
    init->body.policy[init->body.n_policy++] = file;
    return GJ_OK;
}

static enum gj_err take_parts(struct init *init, struct gj_problems *problems)
{
    uint8_t *bundle = NULL;
    size_t len = 0;
    enum gj_err err = gj_policy_bundle_folder(init->options->policy, &bundle, &len, problems);

    if (err == GJ_OK) {
        err = gj_policy_bundle_each(bundle, len, take_part, init);
    }
    free(bundle);
    return err;
}

/* Compiles the folder to be sure of it, then takes its files as they are. */
static enum gj_err add_policy(struct init *init, struct gj_fault *fault)
{
    struct gj_policy *policy = NULL;
    struct gj_problems *problems = calloc(1, sizeof *problems);
    uint8_t *digest = gj_arena_alloc(&init->arena, 32);

    if (problems == NULL || digest == NULL) {
        free(problems);
        return gj_fault_set(fault, GJ_ENOMEM, "out of memory");
    }
    gj_problems_init(problems);
    enum gj_err err = gj_policy_load_folder(init->options->policy, 1, &policy, problems);
    if (err != GJ_OK) {
        char line[512];

        for (size_t i = 0; i < problems->count; i++) {
            gj_problem_format(&problems->items[i], line, sizeof line);
            fprintf(stderr, "%s\n", line);
        }
        err = gj_fault_set(fault, err, "the policy in %s has %zu mistakes", init->options->policy, problems->total);
    } else {
        memcpy(digest, policy->digest, 32);
        init->body.policy_sha256.data = digest;
        init->body.policy_sha256.len = 32;
        err = take_parts(init, problems);
    }
    gj_policy_free(policy);
    free(problems);
    return err;
}

static enum gj_err add_calendar(struct init *init, struct gj_fault *fault)
{
    char path[PATH_SIZE];
    struct stat info;
    struct gj_calendar *calendar = NULL;
    struct gj_calendar_fault wrong;

    snprintf(path, sizeof path, "%s", init->options->calendar);
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
        snprintf(path, sizeof path, "%s/%s", init->options->calendar, CALENDAR_NAME);
    }
    enum gj_err err = read_file(&init->arena, path, &init->body.calendar, fault);
    if (err != GJ_OK) {
        return err;
    }
    err = gj_calendar_parse((const char *)init->body.calendar.data, init->body.calendar.len, &calendar, &wrong);
    gj_calendar_free(calendar);
    return err == GJ_OK ? GJ_OK : gj_fault_set(fault, err, "%s:%zu: %s", path, wrong.line, wrong.text);
}

static enum gj_err add_invitation(struct init *init, size_t at)
{
    struct gj_invite *invite = &init->invites[at];
    Gj__Body__Invitation *row = GJ_ARENA_NEW(&init->arena, Gj__Body__Invitation);
    uint8_t *sealed = gj_arena_alloc(&init->arena, GJ_INVITATION_SEALED_SIZE);

    if (row == NULL || sealed == NULL) {
        return GJ_ENOMEM;
    }
    memcpy(invite->cluster_id, init->core.cluster_id, sizeof invite->cluster_id);
    memcpy(invite->server_key, init->keys.server[0].public_key, sizeof invite->server_key);
    gj_id_random(invite->token_id, sizeof invite->token_id);
    gj_id_random(invite->secret, sizeof invite->secret);
    gj_invitation_seal(init->core.invitation_key, invite->token_id, invite->secret, sealed);
    gj__body__invitation__init(row);
    row->token.data = invite->token_id;
    row->token.len = sizeof invite->token_id;
    row->secret.data = sealed;
    row->secret.len = GJ_INVITATION_SEALED_SIZE;
    row->role = (char *)first_users[at].role;
    init->body.invitations[init->body.n_invitations++] = row;
    return GJ_OK;
}

static enum gj_err add_keys(struct init *init)
{
    struct gj_vault_wrapped *wrapped = GJ_ARENA_ARRAY(&init->arena, 2, struct gj_vault_wrapped);
    uint8_t key[GJ_VAULT_KEY_SIZE];

    if (wrapped == NULL) {
        return GJ_ENOMEM;
    }
    enum gj_err err = gj_vault_new_office(init->core.vault, 0, &wrapped[0]);
    if (err == GJ_OK) {
        err = gj_vault_new_first_key(init->core.vault, 0, &wrapped[0], key, &wrapped[1]);
        gj_secret_wipe(key, sizeof key);
    }
    init->body.office_key.data = wrapped[0].bytes;
    init->body.office_key.len = sizeof wrapped[0].bytes;
    init->body.data_key.data = wrapped[1].bytes;
    init->body.data_key.len = sizeof wrapped[1].bytes;
    return err;
}

/* The genesis goes the way of every command, so that a replay of the log begins where this store began. */
static enum gj_err apply_init(struct init *init)
{
    struct gj_command command = {.call = GJ__V1__CALL__SYSTEM_INIT, .at_ms = gj_clock_now_ms(&init->clock)};
    struct gj_applier *applier = NULL;
    struct gj_applied applied;
    struct gj_txn *txn = NULL;
    uint8_t *bytes = NULL;

    gj_id_random(command.random, sizeof command.random);
    enum gj_err err = gj_pb_pack_arena(&init->body.base, &init->arena, &bytes, &command.body_len);
    command.body = bytes;
    if (err == GJ_OK) {
        err = gj_applier_new(&init->core, &applier);
    }
    if (err == GJ_OK) {
        err = gj_txn_begin_write(init->core.store, &txn);
    }
    if (err == GJ_OK) {
        gj_apply_command(applier, txn, &command, &init->arena, &applied);
        err = gj_txn_error(txn);
        if (err == GJ_OK && applied.answer.status != GJ__V1__STATUS__OK) {
            err = GJ_EINVAL;
        }
        if (err == GJ_OK) {
            err = gj_txn_commit(txn);
        } else {
            gj_txn_abort(txn);
        }
    }
    gj_applier_free(applier);
    return err;
}

static enum gj_err make_store(struct init *init, struct gj_fault *fault)
{
    struct gj_store_options options = {.dir = init->options->dir, .create = true, .demo = init->options->demo};

    gj_clock_init_real(&init->clock);
    gj_id_random(options.cluster_id, sizeof options.cluster_id);
    options.created_at_ms = gj_clock_now_ms(&init->clock);
    memcpy(options.master_key, init->keys.master, sizeof options.master_key);
    enum gj_err err = gj_store_open(&options, &init->core.store, fault);
    gj_secret_wipe(options.master_key, sizeof options.master_key);
    if (err != GJ_OK) {
        return err;
    }
    init->core.vault = gj_store_vault(init->core.store);
    init->core.clock = &init->clock;
    init->core.services = gj_service_table;
    init->core.demo = init->options->demo;
    memcpy(init->core.cluster_id, options.cluster_id, sizeof init->core.cluster_id);
    gj_invitation_key(init->keys.master, init->core.invitation_key);
    init->body.cluster_id.data = init->core.cluster_id;
    init->body.cluster_id.len = sizeof init->core.cluster_id;
    init->body.demo = init->options->demo;
    return gj_policies_new(&init->core.policies);
}

static enum gj_err run(struct init *init, struct gj_fault *fault)
{
    init->body.policy = GJ_ARENA_ARRAY(&init->arena, PARTS_MAX, Gj__Body__File *);
    init->body.invitations = GJ_ARENA_ARRAY(&init->arena, FIRST_USERS, Gj__Body__Invitation *);
    if (init->body.policy == NULL || init->body.invitations == NULL) {
        return gj_fault_set(fault, GJ_ENOMEM, "out of memory");
    }
    /* Everything that may be wrong is read before anything is made. */
    enum gj_err err = add_policy(init, fault);
    if (err == GJ_OK) {
        err = add_calendar(init, fault);
    }
    if (err == GJ_OK && mkdir(init->options->dir, 0700) != 0 && errno != EEXIST) {
        err = gj_fault_set(fault, gj_err_from_errno(errno), "%s: %s", init->options->dir, strerror(errno));
    }
    if (err == GJ_OK) {
        err = gj_keys_make(init->options->dir, &init->keys, fault);
        if (err == GJ_EEXIST) {
            gj_fault_set(fault, err, "%s holds a store or its keys already: nothing was changed", init->options->dir);
        }
    }
    if (err == GJ_OK) {
        err = make_store(init, fault);
    }
    for (size_t i = 0; err == GJ_OK && i < FIRST_USERS; i++) {
        err = add_invitation(init, i);
    }
    if (err == GJ_OK) {
        err = add_keys(init);
    }
    return err == GJ_OK ? apply_init(init) : err;
}

enum gj_err gj_init_store(const struct gj_init_options *options, struct gj_fault *fault)
{
    struct init *init = calloc(1, sizeof *init);

    if (init == NULL) {
        return gj_fault_set(fault, GJ_ENOMEM, "out of memory");
    }
    init->options = options;
    gj_arena_init(&init->arena, ARENA_MAX);
    gj__body__init__init(&init->body);
    gj_fault_set(fault, GJ_ESYS, "the store could not be made");
    enum gj_err err = run(init, fault);
    if (err == GJ_OK) {
        for (size_t i = 0; i < FIRST_USERS; i++) {
            char text[GJ_INVITE_TEXT_SIZE];

            gj_invite_format(&init->invites[i], text);
            printf("%s %s\n", first_users[i].title, text);
            gj_secret_wipe(text, sizeof text);
        }
    }
    gj_policies_free(init->core.policies);
    gj_store_close(init->core.store);
    gj_arena_fini(&init->arena);
    gj_keys_wipe(&init->keys);
    gj_secret_wipe(init, sizeof *init);
    free(init);
    return err;
}
