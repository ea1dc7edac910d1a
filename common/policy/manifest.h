/* policy.yaml: the title of a policy and the list of its parts. Internal to common/policy. */
#ifndef GJ_POLICY_MANIFEST_H
#define GJ_POLICY_MANIFEST_H

#include "common/policy/bundle.h"
#include "common/policy/yaml.h"

#define GJ_MANIFEST_NAME "policy.yaml"
#define GJ_MANIFEST_FORMAT 1

enum gj_manifest_part {
    GJ_PART_COMPANY,
    GJ_PART_PRIORITIES,
    GJ_PART_TAXONOMY,
    GJ_PART_SETTINGS,
    GJ_PART_WEATHER,
    GJ_PART_CITIES,
    GJ_PART_PROFILES,
    GJ_PART_OFFICES,
    GJ_PART_WARRANTY,
    GJ_PART_DISPATCH,
    GJ_PART_OBLIGATIONS,
    GJ_PART_FORM,
};

/* In the order in which they must be read: forms before what refers to them. */
struct gj_manifest {
    char title[160];
    size_t count;
    struct {
        enum gj_manifest_part part;
        char file[GJ_BUNDLE_NAME_MAX + 1];
        uint32_t line;
    } parts[GJ_BUNDLE_PARTS_MAX];
};

/* GJ_EINVAL with problems added; GJ_ENOMEM, GJ_ETOOBIG. */
enum gj_err gj_manifest_read(const struct gj_policy_part *part, struct gj_manifest *out, struct gj_problems *problems);

#endif
