#include "crash/cut.h"

#include <stdlib.h>
#include <string.h>

#define SECTOR 512
#define PAGE 4096

/* How much of what no sync covers is found, and in which pieces. */
enum style { NOTHING, EVERYTHING, BY_WRITE, BY_PAGE, BY_SECTOR, IN_ORDER, STYLES };

struct names_step {
    const struct record *record;
    bool sure;     /* the folder of its (new) name was synced */
    bool old_sure; /* of a rename: the folder of the old name */
};

struct state {
    const struct recording *recording;
    struct cut *cut;
    struct image *image;
    /* Of each node: the numbers of its writes and sizes since its last sync. */
    struct pending {
        size_t *at;
        size_t count, room;
    } * pending;
    struct names_step *steps;
    size_t n_steps;
    enum style style;
    unsigned percent;
};

static void *must(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static const char *new_name(const struct record *record)
{
    const char *name = (const char *)record->bytes;
    return record->what == RECORD_RENAME ? name + strlen(name) + 1 : name;
}

/* ---- what is sure ---- */

static void apply_bytes(struct state *state, const struct record *record)
{
    if (record->what == RECORD_SIZE) {
        image_resize(state->image, record->node, record->at);
    } else {
        image_write(state->image, record->node, record->at, record->bytes, record->len);
    }
}

static void settle_file(struct state *state, uint32_t node)
{
    struct pending *pending = &state->pending[node];
    for (size_t i = 0; i < pending->count; i++) {
        apply_bytes(state, &state->recording->records[pending->at[i]]);
    }
    pending->count = 0;
}

static void settle_folder(struct state *state, uint32_t folder)
{
    for (size_t i = 0; i < state->n_steps; i++) {
        struct names_step *step = &state->steps[i];
        step->sure = step->sure || step->record->folder == folder;
        step->old_sure = step->old_sure || (step->record->what == RECORD_RENAME && step->record->from == folder);
    }
}

static void wait_for_sync(struct state *state, uint32_t node, size_t at)
{
    struct pending *pending = &state->pending[node];
    if (pending->count == pending->room) {
        pending->room = pending->room == 0 ? 64 : pending->room * 2;
        pending->at = must(realloc(pending->at, pending->room * sizeof *pending->at));
    }
    pending->at[pending->count++] = at;
}

/* ---- chance ---- */

static void apply_pieces(struct state *state, const struct record *record, uint64_t piece)
{
    for (uint64_t from = 0; from < record->len;) {
        uint64_t to = from + piece - (record->at + from) % piece;
        to = to < record->len ? to : record->len;
        if (random_percent(&state->cut->random, state->percent)) {
            image_write(state->image, record->node, record->at + from, record->bytes + from, to - from);
        }
        from = to;
    }
}

static void apply_perhaps(struct state *state, const struct record *record, size_t place, size_t last)
{
    switch (state->style) {
    case NOTHING:
        break;
    case EVERYTHING:
        apply_bytes(state, record);
        break;
    case BY_WRITE:
        apply_pieces(state, record, UINT64_MAX / 2);
        break;
    case BY_PAGE:
        apply_pieces(state, record, PAGE);
        break;
    case IN_ORDER:
        if (place < last) {
            apply_bytes(state, record);
        } else if (place == last) {
            apply_pieces(state, record, SECTOR);
        }
        break;
    default:
        apply_pieces(state, record, SECTOR);
        break;
    }
}

static uint64_t size_after(const struct record *record, uint64_t size)
{
    if (record->what == RECORD_SIZE) {
        return record->at;
    }
    return record->at + record->len > size ? record->at + record->len : size;
}

/* Sizes are journaled by the file system: those up to some moment are there, and those that a durable write needs. */
static size_t choose_sizes(struct state *state, const struct pending *pending)
{
    size_t upto = random_below(&state->cut->random, pending->count + 1);
    upto = state->style == NOTHING ? 0 : state->style == EVERYTHING ? pending->count : upto;
    for (size_t i = pending->count; i > upto; i--) {
        size_t at = pending->at[i - 1];
        if (state->recording->records[at].what == RECORD_THROUGH && at < state->cut->at) {
            return i;
        }
    }
    return upto;
}

static void cut_file(struct state *state, uint32_t node)
{
    const struct pending *pending = &state->pending[node];
    uint64_t size = state->image->nodes[node].size;
    size_t sizes = choose_sizes(state, pending);
    size_t last = random_below(&state->cut->random, pending->count + 1);
    for (size_t i = 0; i < pending->count; i++) {
        const struct record *record = &state->recording->records[pending->at[i]];
        if (i < sizes) {
            size = size_after(record, size);
        }
        if (record->what == RECORD_SIZE) {
            if (i < sizes && record->at < state->image->nodes[node].size) {
                image_resize(state->image, node, record->at);
            }
        } else if (record->what == RECORD_THROUGH && pending->at[i] < state->cut->at) {
            apply_bytes(state, record);
        } else {
            apply_perhaps(state, record, i, last);
        }
    }
    image_resize(state->image, node, size);
}

/* ---- names ---- */

static bool touches(const struct record *record, uint32_t folder, const char *name)
{
    return (record->folder == folder && strcmp(new_name(record), name) == 0) ||
           (record->what == RECORD_RENAME && record->from == folder && strcmp((const char *)record->bytes, name) == 0);
}

static bool share_a_name(const struct record *one, const struct record *other)
{
    return touches(one, other->folder, new_name(other)) ||
           (other->what == RECORD_RENAME && touches(one, other->from, (const char *)other->bytes));
}

/* What came before a sure step under the same name is sure as well. */
static void spread_backwards(struct state *state)
{
    for (size_t i = state->n_steps; i > 0; i--) {
        struct names_step *later = &state->steps[i - 1];
        for (size_t k = 0; later->sure && k < i - 1; k++) {
            if (share_a_name(state->steps[k].record, later->record)) {
                state->steps[k].sure = state->steps[k].old_sure = true;
            }
        }
    }
}

static void apply_name(struct state *state, const struct names_step *step, bool old_goes)
{
    const struct record *record = step->record;
    if (record->what == RECORD_REMOVE) {
        image_remove_name(state->image, record->folder, new_name(record));
        return;
    }
    if (record->what == RECORD_RENAME && old_goes) {
        image_remove_name(state->image, record->from, (const char *)record->bytes);
    }
    image_put_name(state->image, record->folder, new_name(record), record->node);
}

static bool perhaps(struct state *state)
{
    return state->style == EVERYTHING || (state->style != NOTHING && random_percent(&state->cut->random, 50));
}

static void cut_names(struct state *state)
{
    bool *missing = must(calloc(state->n_steps + 1, sizeof *missing));
    for (size_t i = 0; i < state->n_steps; i++) {
        state->steps[i].sure = state->steps[i].sure || state->steps[i].old_sure;
    }
    spread_backwards(state);
    for (size_t i = 0; i < state->n_steps; i++) {
        struct names_step *step = &state->steps[i];
        bool blocked = false;
        for (size_t k = 0; k < i; k++) {
            blocked = blocked || (missing[k] && share_a_name(state->steps[k].record, step->record));
        }
        if (step->sure || (!blocked && perhaps(state))) {
            apply_name(state, step, step->old_sure || !step->sure || perhaps(state));
        } else {
            missing[i] = true;
        }
    }
    free(missing);
}

/* ---- all together ---- */

/* A step of names that is durable in full, with everything before it, needs no further thought. */
static void drop_settled(struct state *state)
{
    size_t done = 0;
    while (done < state->n_steps && state->steps[done].sure &&
           (state->steps[done].old_sure || state->steps[done].record->what != RECORD_RENAME)) {
        apply_name(state, &state->steps[done], true);
        done++;
    }
    memmove(state->steps, state->steps + done, (state->n_steps - done) * sizeof *state->steps);
    state->n_steps -= done;
}

static void sync_node(struct state *state, uint32_t node)
{
    if (random_percent(&state->cut->random, state->cut->ignored_percent)) {
        return;
    }
    if (state->image->nodes[node].folder) {
        settle_folder(state, node);
        drop_settled(state);
    } else {
        settle_file(state, node);
    }
}

static void settle_all(struct state *state)
{
    for (uint32_t node = 0; node < state->image->count; node++) {
        settle_file(state, node);
    }
    for (size_t i = 0; i < state->n_steps; i++) {
        apply_name(state, &state->steps[i], true);
    }
    state->n_steps = 0;
}

static void take(struct state *state, size_t at)
{
    const struct record *record = &state->recording->records[at];
    switch (record->what) {
    case RECORD_MAKE_FOLDER:
        state->image->nodes[record->node].folder = true;
        state->steps[state->n_steps++] = (struct names_step){.record = record};
        break;
    case RECORD_MAKE_FILE:
    case RECORD_LINK:
    case RECORD_RENAME:
    case RECORD_REMOVE:
        state->steps[state->n_steps++] = (struct names_step){.record = record};
        break;
    case RECORD_WRITE:
    case RECORD_THROUGH:
    case RECORD_SIZE:
        wait_for_sync(state, record->node, at);
        break;
    case RECORD_SYNC:
        if (at < state->cut->at) {
            sync_node(state, record->node);
        }
        break;
    case RECORD_BASE:
        settle_all(state);
        break;
    default:
        break;
    }
}

static void choose_style(struct state *state)
{
    static const unsigned percents[] = {5, 30, 50, 70, 95};
    state->style = (enum style)random_below(&state->cut->random, STYLES);
    state->percent = percents[random_below(&state->cut->random, 5)];
}

void cut_build(const struct recording *recording, struct cut *cut, struct image *out)
{
    struct state state = {.recording = recording, .cut = cut, .image = out};
    image_init(out, recording->nodes);
    state.pending = must(calloc(recording->nodes, sizeof *state.pending));
    state.steps = must(calloc(recording->count + 1, sizeof *state.steps));
    for (size_t i = 0; i <= cut->at && i < recording->count; i++) {
        take(&state, i);
    }
    if (cut->all) {
        settle_all(&state);
    }
    choose_style(&state);
    cut_names(&state);
    for (uint32_t node = 0; node < out->count; node++) {
        if (random_percent(&cut->random, 30)) {
            choose_style(&state);
        }
        cut_file(&state, node);
    }
    for (uint32_t node = 0; node < out->count; node++) {
        free(state.pending[node].at);
    }
    free(state.pending);
    free(state.steps);
}
