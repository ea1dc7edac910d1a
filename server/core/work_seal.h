/* Sealing what is personal in a record before a command is made of it, and opening it again for those who may see it.
 * Request side only: the commit thread never holds a data key. */
#ifndef GJ_CORE_WORK_SEAL_H
#define GJ_CORE_WORK_SEAL_H

#include "core/work.h"

/* Whose key seals: kind and id of core/subject.h packed in one number, as the record keeps it. */
uint64_t gj_seal_pack(uint16_t kind, uint64_t id);
struct gj_subject gj_seal_subject(uint64_t packed);

/* A data key at hand, for one call. gj_seal_fini wipes it. */
struct gj_seal {
    uint64_t subject;
    uint8_t key[GJ_VAULT_KEY_SIZE];
};
/* GJ_ENOTFOUND: the subject has no key, or was erased. */
enum gj_err gj_seal_init(struct gj_seal *seal, struct gj_ctx *ctx, uint64_t subject);
void gj_seal_fini(struct gj_seal *seal);

/* A plain field in its sealed form, in the arena; NULL when that is full. */
Gj__V1__Field *gj_seal_field(const struct gj_seal *seal, struct gj_arena *arena, const Gj__V1__Field *plain);
/* And back. GJ_ECRYPTO: not this key, or altered. */
enum gj_err gj_seal_open_field(
    const struct gj_seal *seal, struct gj_arena *arena, const Gj__V1__Field *sealed, Gj__V1__Field **out);

/* Words of an entry with their salt; NULL when the arena is full. */
Gj__Work__Text *gj_seal_words(const struct gj_seal *seal, struct gj_arena *arena, const Gj__Work__Words *words);
/* Opens the text that lies beside an entry and compares it with the entry's commitment, unless `found`: the caller
 * knows already that these sealed bytes belong to it (core/recall.h). GJ_ECRYPTO: it is another, or sealed
 * with another key. */
enum gj_err gj_seal_open_words(const struct gj_seal *seal, struct gj_arena *arena, const uint8_t *sealed, size_t len,
    const uint8_t commitment[32], bool found, Gj__Work__Words **out);

#endif
