#include "core/recall.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/limits.h"
#include "core/actor.h"
#include "store/record.h"
#include "store/stored.pb-c.h"

#define TAG_SIZE 16 /* at the end of what common/secret.h seals */
#define NAME_MAX_BYTES 128

struct name {
    uint64_t user; /* 0: free */
    char text[NAME_MAX_BYTES];
};

struct text {
    uint64_t index_and_one; /* 0: free */
    uint8_t tag[TAG_SIZE];
};

/* Both are tables with one place for each: whoever comes later takes it. */
struct gj_recall {
    uint64_t snapshot; /* in which the version was last looked at */
    uint64_t rights_version;
    struct name names[GJ_RECALL_NAMES];
    struct text texts[GJ_RECALL_TEXTS];
};

enum gj_err gj_recall_new(struct gj_recall **out)
{
    *out = calloc(1, sizeof **out);
    return *out == NULL ? GJ_ENOMEM : GJ_OK;
}

void gj_recall_free(struct gj_recall *recall)
{
    free(recall);
}

static const char *look_up(struct gj_txn *txn, uint64_t user, struct gj_arena *arena)
{
    Gj__Stored__User *row = NULL;
    struct gj_key key = gj_key_of_u64(user);
    if (!gj_record_load(txn, GJ_TABLE_USER, &key, &gj__stored__user__descriptor, arena, (void **)&row)) {
        return gj_txn_error(txn) == GJ_OK ? "" : NULL;
    }
    return row->name;
}

static void refresh(struct gj_recall *recall, struct gj_txn *txn)
{
    uint64_t snapshot = gj_txn_snapshot(txn);
    if (snapshot != 0 && snapshot == recall->snapshot) {
        return;
    }
    uint64_t version = gj_actor_rights_version(txn);
    if (version != recall->rights_version) {
        memset(recall->names, 0, sizeof recall->names);
        recall->rights_version = version;
    }
    recall->snapshot = snapshot;
}

const char *gj_recall_name(struct gj_recall *recall, struct gj_txn *txn, uint64_t user, struct gj_arena *arena)
{
    if (user == 0) {
        return "";
    }
    if (recall == NULL) {
        return look_up(txn, user, arena);
    }
    refresh(recall, txn);
    struct name *name = &recall->names[user % GJ_RECALL_NAMES];
    if (name->user == user) {
        return gj_arena_strdup(arena, name->text);
    }
    const char *text = look_up(txn, user, arena);
    if (text != NULL && strlen(text) < sizeof name->text) {
        name->user = user;
        strcpy(name->text, text);
    }
    return text;
}

bool gj_recall_text(const struct gj_recall *recall, uint64_t index, const uint8_t *sealed, size_t len)
{
    assert(len >= TAG_SIZE);
    if (recall == NULL) {
        return false;
    }
    const struct text *text = &recall->texts[index % GJ_RECALL_TEXTS];
    return text->index_and_one == index + 1 && memcmp(text->tag, sealed + len - TAG_SIZE, TAG_SIZE) == 0;
}

void gj_recall_text_found(struct gj_recall *recall, uint64_t index, const uint8_t *sealed, size_t len)
{
    assert(len >= TAG_SIZE);
    if (recall != NULL) {
        struct text *text = &recall->texts[index % GJ_RECALL_TEXTS];
        text->index_and_one = index + 1;
        memcpy(text->tag, sealed + len - TAG_SIZE, TAG_SIZE);
    }
}
