/* From parts to a policy: read the manifest, then each part in order, then check the whole. */
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "common/policy/bundle.h"
#include "common/policy/load.h"
#include "common/policy/manifest.h"

struct compile {
    struct gj_load load;
    const struct gj_manifest *manifest;
    struct gj_kind **kinds;
    size_t kind_count;
    bool form_lost; /* a form could not be read at all: what refers to forms would only repeat that */
};

static const struct gj_policy_part *find_part(const struct gj_policy_part *parts, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(parts[i].name, name) == 0) {
            return &parts[i];
        }
    }
    return NULL;
}

static void load_form(struct compile *compile, gj_node root)
{
    struct gj_load *load = &compile->load;
    struct gj_kind *kind = GJ_YAML_ARRAY(&load->reader, 1, struct gj_kind);
    if (kind == NULL) {
        return;
    }
    if (compile->kind_count == GJ_LOAD_KINDS_MAX) {
        gj_yaml_problem(&load->reader, root, "a policy has at most %d forms", GJ_LOAD_KINDS_MAX);
        return;
    }
    gj_load_kind(load, root, kind);
    for (size_t i = 0; i < compile->kind_count; i++) {
        const struct gj_kind *other = compile->kinds[i];
        if (strcmp(other->code, kind->code) == 0 || other->number == kind->number) {
            gj_yaml_problem(&load->reader, root, "the code \"%s\" or the number %u belongs to %s already", kind->code,
                kind->number, other->file);
        }
        if (other->series.prefix != NULL && kind->series.prefix != NULL &&
            strcmp(other->series.prefix, kind->series.prefix) == 0) {
            gj_yaml_problem(&load->reader, root, "the letters \"%s\" of the series belong to %s already",
                kind->series.prefix, other->file);
        }
    }
    compile->kinds[compile->kind_count++] = kind;
    load->policy->kind_count = compile->kind_count;
}

static void load_root(struct compile *compile, enum gj_manifest_part part, gj_node root)
{
    struct gj_load *load = &compile->load;
    struct gj_policy *policy = load->policy;
    switch (part) {
    case GJ_PART_COMPANY:
        gj_load_company(load, root);
        return;
    case GJ_PART_PRIORITIES:
        gj_load_priorities(load, root);
        return;
    case GJ_PART_TAXONOMY:
        gj_load_taxonomy(load, root);
        return;
    case GJ_PART_SETTINGS:
        gj_load_settings(load, root);
        return;
    case GJ_PART_WEATHER:
        gj_load_weather(load, root);
        return;
    case GJ_PART_CITIES:
        gj_load_overrides(load, root, "cities", &policy->cities, &policy->city_count);
        return;
    case GJ_PART_WARRANTY:
        gj_load_warranty(load, root);
        return;
    case GJ_PART_DISPATCH:
        gj_load_dispatch(load, root);
        return;
    case GJ_PART_PROFILES:
        gj_load_overrides(load, root, "profiles", &policy->profiles, &policy->profile_count);
        return;
    case GJ_PART_OFFICES:
        gj_load_overrides(load, root, "offices", &policy->offices, &policy->office_count);
        return;
    case GJ_PART_OBLIGATIONS:
        gj_load_obligations(load, root);
        return;
    case GJ_PART_FORM:
        load_form(compile, root);
        return;
    }
}

static enum gj_err load_part(struct compile *compile, const struct gj_policy_part *part, enum gj_manifest_part which)
{
    struct gj_reader *reader = &compile->load.reader;
    struct gj_yaml yaml;
    /* Places named in the tables outlive the caller's parts. */
    const char *name = gj_arena_strdup(reader->arena, part->name);
    if (name == NULL) {
        return gj_arena_why(reader->arena);
    }
    enum gj_err err = gj_yaml_parse(&yaml, name, part->bytes, part->len, reader->problems);
    if (err != GJ_OK) {
        return err;
    }
    reader->yaml = &yaml;
    gj_node root = gj_yaml_root(reader);
    if (root == NULL) {
        gj_problem_add(reader->problems, name, 0, 0, "the file is empty");
    } else {
        load_root(compile, which, root);
    }
    reader->yaml = NULL;
    gj_yaml_fini(&yaml);
    return reader->err;
}

static enum gj_err load_parts(struct compile *compile, const struct gj_policy_part *parts, size_t count)
{
    struct gj_problems *problems = compile->load.reader.problems;
    const struct gj_manifest *manifest = compile->manifest;
    for (size_t i = 0; i < manifest->count; i++) {
        const struct gj_policy_part *part = find_part(parts, count, manifest->parts[i].file);
        if (part == NULL) {
            gj_problem_add(problems, GJ_MANIFEST_NAME, manifest->parts[i].line, 1, "the file %s is missing",
                manifest->parts[i].file);
            continue;
        }
        enum gj_manifest_part which = manifest->parts[i].part;
        bool refers = which != GJ_PART_FORM && compile->form_lost;
        enum gj_err err = refers ? GJ_OK : load_part(compile, part, which);
        compile->form_lost = compile->form_lost || (which == GJ_PART_FORM && err != GJ_OK);
        if (err != GJ_OK && err != GJ_EINVAL) {
            return err;
        }
    }
    for (size_t i = 0; i < count; i++) {
        bool named = strcmp(parts[i].name, GJ_MANIFEST_NAME) == 0;
        for (size_t j = 0; j < manifest->count && !named; j++) {
            named = strcmp(parts[i].name, manifest->parts[j].file) == 0;
        }
        if (!named) {
            gj_problem_add(problems, parts[i].name, 0, 0, "the file is not named in " GJ_MANIFEST_NAME);
        }
    }
    return GJ_OK;
}

static enum gj_err fill(
    struct gj_policy *policy, const struct gj_policy_part *parts, size_t count, struct gj_problems *problems)
{
    struct gj_manifest *manifest = gj_fail_point("compile.manifest") ? NULL : calloc(1, sizeof *manifest);
    if (manifest == NULL) {
        return GJ_ENOMEM;
    }
    struct compile compile = {
        .load = {.reader = {.arena = policy->memory, .problems = problems}, .policy = policy}, .manifest = manifest};
    enum gj_err err = GJ_OK;
    const struct gj_policy_part *first = find_part(parts, count, GJ_MANIFEST_NAME);
    if (first == NULL) {
        gj_problem_add(problems, GJ_MANIFEST_NAME, 0, 0, "the file is missing");
        err = GJ_EINVAL;
    }
    if (err == GJ_OK) {
        err = gj_manifest_read(first, manifest, problems);
    }
    if (err == GJ_OK) {
        compile.kinds = gj_arena_calloc(policy->memory, GJ_LOAD_KINDS_MAX, sizeof(struct gj_kind *));
        policy->title = gj_arena_strdup(policy->memory, manifest->title);
        policy->kinds = (const struct gj_kind *const *)compile.kinds;
        err = compile.kinds == NULL || policy->title == NULL ? gj_arena_why(policy->memory) : GJ_OK;
    }
    if (err == GJ_OK) {
        err = load_parts(&compile, parts, count);
    }
    free(manifest);
    return err;
}

static enum gj_err make(uint32_t version, struct gj_policy **out)
{
    struct gj_arena *arena = gj_fail_point("compile.arena") ? NULL : malloc(sizeof *arena);
    if (arena == NULL) {
        return GJ_ENOMEM;
    }
    gj_arena_init(arena, GJ_POLICY_BYTES_MAX);
    struct gj_policy *policy = GJ_ARENA_NEW(arena, struct gj_policy);
    if (policy == NULL) {
        gj_arena_fini(arena);
        free(arena);
        return GJ_ENOMEM;
    }
    policy->memory = arena;
    policy->version = version;
    *out = policy;
    return GJ_OK;
}

enum gj_err gj_policy_compile(const struct gj_policy_part *parts, size_t count, uint32_t version,
    struct gj_policy **out, struct gj_problems *problems)
{
    *out = NULL;
    size_t order[GJ_BUNDLE_PARTS_MAX];
    size_t before = problems->total;
    if (count > GJ_BUNDLE_PARTS_MAX) {
        return GJ_ETOOBIG;
    }
    for (size_t i = 0; i < count; i++) {
        if (!gj_bundle_name_ok(parts[i].name)) {
            gj_problem_add(problems, GJ_MANIFEST_NAME, 0, 0, "a part has no proper name");
            return GJ_EINVAL;
        }
    }
    if (gj_bundle_order(parts, count, order) != GJ_OK) {
        gj_problem_add(problems, GJ_MANIFEST_NAME, 0, 0, "two parts have the same name");
        return GJ_EINVAL;
    }
    struct gj_policy *policy;
    enum gj_err err = make(version, &policy);
    if (err != GJ_OK) {
        return err;
    }
    err = fill(policy, parts, count, problems);
    if (err == GJ_OK && problems->total == before) {
        gj_check_policy(policy, problems);
    }
    if (err == GJ_OK && problems->total != before) {
        err = GJ_EINVAL;
    }
    if (err != GJ_OK) {
        gj_policy_free(policy);
        return err;
    }
    gj_bundle_digest(parts, count, order, policy->digest);
    *out = policy;
    return GJ_OK;
}
