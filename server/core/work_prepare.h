/* What the preparations of every call that changes a record share. Loop thread. Functions that return bool refuse the
 * call and return false when the answer is no. */
#ifndef GJ_CORE_WORK_PREPARE_H
#define GJ_CORE_WORK_PREPARE_H

#include "core/work.h"

/* A list of fields that may grow by the head fields of a request. */
#define GJ_PREPARE_HEADS 10
struct gj_prepare_fields {
    Gj__V1__Field **items;
    size_t count, room;
};
/* False: the arena is full. */
bool gj_prepare_fields(struct gj_ctx *ctx, struct gj_prepare_fields *fields, Gj__V1__Field *const *from, size_t count);
/* What is NULL, 0 or empty was not handed in. */
void gj_prepare_add(struct gj_prepare_fields *fields, Gj__V1__Field *field);
void gj_prepare_add_ref(struct gj_ctx *ctx, struct gj_prepare_fields *fields, const char *key, uint64_t ref);
void gj_prepare_add_text(struct gj_ctx *ctx, struct gj_prepare_fields *fields, const char *key, const char *text);

/* Only the server seals and masks. */
bool gj_prepare_plain(struct gj_ctx *ctx, Gj__V1__Field *const *items, size_t count);

struct gj_prepare_check {
    const struct gj_policy *policy;
    const struct gj_kind *kind;
    const struct gj_view *view; /* NULL: a new record */
    const char *act;
    const char *text_key; /* key of the free text that comes with the act, or NULL */
    const char *text;
    const char *late_reason; /* NULL or "": none */
};
bool gj_prepare_form(
    struct gj_ctx *ctx, const struct gj_prepare_check *check, Gj__V1__Field *const *items, size_t count);
/* Each value by itself, where it is not known yet what the record will be like when the step is taken. */
bool gj_prepare_values(struct gj_ctx *ctx, const struct gj_policy *policy, const struct gj_kind *kind,
    Gj__V1__Field *const *items, size_t count);
bool gj_prepare_text_short(struct gj_ctx *ctx, const char *key, const char *text);

/* Fields as they will be stored: personal ones sealed. NULL: refused, or the arena is full. */
Gj__V1__Field **gj_prepare_seal(
    struct gj_ctx *ctx, const struct gj_kind *kind, uint64_t subject, Gj__V1__Field **items, size_t count);
/* NULL with *ok true: there was nothing to say. *ok false: refused, or the arena is full. */
Gj__Work__Text *gj_prepare_words(struct gj_ctx *ctx, uint64_t subject, const Gj__Work__Words *words, bool *ok);

#endif
