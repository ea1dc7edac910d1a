/* The parts of a policy as one string of bytes: what the store keeps and what the digest is taken of. Internal. */
#ifndef GJ_POLICY_BUNDLE_H
#define GJ_POLICY_BUNDLE_H

#include "common/policy/policy.h"
#include "common/limits.h"

/* A proper part name: ASCII letters, digits, "_", "-", "." and "/", no empty step, none that begins with a dot. */
bool gj_bundle_name_ok(const char *name);

/* Fills order[0..count) with indexes sorted by name; GJ_EINVAL when two parts share one. */
enum gj_err gj_bundle_order(const struct gj_policy_part *parts, size_t count, size_t *order);

/* SHA-256 of what gj_policy_bundle_pack would give. order as from gj_bundle_order. */
void gj_bundle_digest(const struct gj_policy_part *parts, size_t count, const size_t *order, uint8_t out[32]);

#endif
