/* Reading YAML with good manners: every wrong thing is reported with file, line and column and what would be allowed,
 * and reading goes on, so that one run shows many mistakes. Built on libyaml's document API.
 *
 * Internal to common/policy. Anchors, aliases, tags and several documents in one file are refused: a policy is read
 * by people who edit it once a year. */
#ifndef GJ_POLICY_YAML_H
#define GJ_POLICY_YAML_H

#include <yaml.h>

#include "common/arena.h"
#include "common/err.h"
#include "common/policy/duration.h"
#include "common/policy/kind.h"
#include "common/policy/problem.h"
#include "common/limits.h"

/* One parsed file. */
struct gj_yaml {
    const char *name; /* borrowed */
    yaml_document_t document;
};

/* GJ_EINVAL with problems added, GJ_ETOOBIG, GJ_ENOMEM; then there is nothing to gj_yaml_fini. */
enum gj_err gj_yaml_parse(
    struct gj_yaml *yaml, const char *name, const uint8_t *bytes, size_t len, struct gj_problems *problems);
void gj_yaml_fini(struct gj_yaml *yaml);

/* Where reading stands. err is sticky and only ever GJ_ENOMEM or GJ_ETOOBIG: mistakes in the file are problems. */
struct gj_reader {
    const struct gj_yaml *yaml;
    struct gj_arena *arena;
    struct gj_problems *problems;
    enum gj_err err;
};

typedef const yaml_node_t *gj_node; /* NULL: not there; every function below takes that and gives nothing */

gj_node gj_yaml_root(const struct gj_reader *reader);
uint32_t gj_yaml_line(gj_node node);

void gj_yaml_problem(const struct gj_reader *reader, gj_node node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "what "found" is not known; did you mean "x"?", or the list of what is when nothing is near. */
void gj_yaml_unknown(const struct gj_reader *reader, gj_node node, const char *what, const char *found,
    const char *const *known, size_t count);

/* Zeroed memory of the arena, NULL (and the sticky error) when there is none. count may be 0. */
void *gj_yaml_alloc(struct gj_reader *reader, size_t count, size_t size);
#define GJ_YAML_ARRAY(reader, count, type) ((type *)gj_yaml_alloc((reader), (count), sizeof(type)))

/* --- Mappings with known keys --------------------------------------------------------------------------------- */

struct gj_map {
    struct gj_reader *reader;
    gj_node node;
    const char *asked[GJ_YAML_KEYS_MAX];
    size_t asked_count;
};
/* False with a problem when it is no mapping; the map is then empty and may still be used. */
bool gj_yaml_map(struct gj_reader *reader, gj_node node, const char *what, struct gj_map *map);
gj_node gj_yaml_get(struct gj_map *map, const char *key);
gj_node gj_yaml_need(struct gj_map *map, const char *key); /* a problem when it is missing */
void gj_yaml_map_end(struct gj_map *map);                  /* reports keys that nobody asked for */

/* --- Mappings with free keys, lists --------------------------------------------------------------------------- */

size_t gj_yaml_pair_count(struct gj_reader *reader, gj_node node, const char *what);
/* key is copied to the arena; "" when it is no proper name, which has then been reported. */
gj_node gj_yaml_pair(struct gj_reader *reader, gj_node node, size_t at, const char **key);
gj_node gj_yaml_pair_key(const struct gj_reader *reader, gj_node node, size_t at);

/* A list; a single scalar or mapping stands for a list of one. */
size_t gj_yaml_item_count(const struct gj_reader *reader, gj_node node);
gj_node gj_yaml_item(const struct gj_reader *reader, gj_node node, size_t at);

/* --- Scalars -------------------------------------------------------------------------------------------------- */

/* The bare bytes of a scalar, NULL when it is not one (no problem is reported). Borrowed from the document. */
const char *gj_yaml_raw(gj_node node);

/* Each reports a problem and leaves or gives nothing when the node is something else. */
const char *gj_yaml_text(struct gj_reader *reader, gj_node node, size_t max_bytes);
const char *gj_yaml_name(struct gj_reader *reader, gj_node node); /* letters, digits, _ - : at most 40 */
bool gj_yaml_int(struct gj_reader *reader, gj_node node, int64_t min, int64_t max, int64_t *out);
bool gj_yaml_bool(struct gj_reader *reader, gj_node node, bool *out);
bool gj_yaml_duration(struct gj_reader *reader, gj_node node, struct gj_duration *out);
bool gj_yaml_permille(struct gj_reader *reader, gj_node node, int64_t max, int64_t *out); /* "7.5 %" is 75 */

struct gj_word {
    const char *word;
    int value;
};
bool gj_yaml_word(
    struct gj_reader *reader, gj_node node, const char *what, const struct gj_word *words, size_t count, int *out);

/* The keys zh and en of an open map. */
struct gj_label gj_yaml_label(struct gj_map *map);

bool gj_yaml_proper_name(const char *text);

#endif
