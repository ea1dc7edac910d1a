/* Compiling a small policy while every single allocation fails once: ours through the fault points, libyaml's because
 * this program puts itself in the place of its allocator. Nothing may leak, crash or be half there. */
#include "stage.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"

/* libyaml calls these through its own table of symbols, so that ours come first. Live blocks are kept in a ring:
 * libyaml 0.2.5 itself loses the pairs of a mapping (16 of 8 bytes) when the document's list of nodes cannot grow. That
 * one is known, taken back here, and everything else is our own fault. */
void *yaml_malloc(size_t size);
void *yaml_realloc(void *memory, size_t size);
unsigned char *yaml_strdup(const unsigned char *text);
void yaml_free(void *memory);

struct block {
    struct block *next, *previous;
    size_t size;
    size_t padding; /* what follows is aligned for any type */
};
static struct block ring = {&ring, &ring, 0, 0};
static size_t yaml_calls;

#define LOST_BY_LIBYAML 128

static void *make(const char *name, size_t size)
{
    yaml_calls++;
    struct block *block = gj_fail_point(name) ? NULL : malloc(sizeof *block + size + 1);
    if (block == NULL) {
        return NULL;
    }
    *block = (struct block){ring.next, &ring, size, 0};
    ring.next->previous = block;
    ring.next = block;
    return block + 1;
}

void *yaml_malloc(size_t size)
{
    return make("libyaml.malloc", size);
}

void yaml_free(void *memory)
{
    if (memory != NULL) {
        struct block *block = (struct block *)memory - 1;
        block->next->previous = block->previous;
        block->previous->next = block->next;
        free(block);
    }
}

void *yaml_realloc(void *memory, size_t size)
{
    void *copy = make("libyaml.realloc", size);
    if (copy != NULL && memory != NULL) {
        size_t old = ((struct block *)memory - 1)->size;
        memcpy(copy, memory, old < size ? old : size);
        yaml_free(memory);
    }
    return copy;
}

unsigned char *yaml_strdup(const unsigned char *text)
{
    size_t size = text == NULL ? 0 : strlen((const char *)text) + 1;
    unsigned char *copy = text == NULL ? NULL : make("libyaml.strdup", size);
    if (copy != NULL) {
        memcpy(copy, text, size);
    }
    return copy;
}

/* How many blocks libyaml lost; each must be the known one. */
static size_t take_back(void)
{
    size_t lost = 0;
    while (ring.next != &ring) {
        assert_int_equal(ring.next->size, LOST_BY_LIBYAML);
        yaml_free(ring.next + 1);
        lost++;
    }
    return lost;
}

static const struct {
    const char *name;
    const char *text;
} parts_of[] = {
    {"policy.yaml", "format: 1\ntitle: t\nparts: {company: c.yaml, priorities: p.yaml, taxonomy: t.yaml, "
                    "settings: s.yaml, profiles: o.yaml, forms: form.yaml}\n"},
    {"c.yaml", "roles: {cs_agent: {number: 3, zh: a, en: a, reach: office}}\nsubjects: {}\n"},
    {"p.yaml", "priorities: {P0: {number: 0, zh: a, en: a, origin: o}}\n"},
    {"t.yaml", "channels: {phone: {zh: a, en: a}}\nareas: {common: {zh: a, en: a}}\nwarranties: {W: {zh: a, en: a}}\n"
               "trades: {plumber: {zh: a, en: a}}\n"
               "groups: {WAT: {zh: a, en: a, items: {WAT-01: {zh: a, en: a, area: both, priority: P0, trade: plumber, "
               "warranty: W}}}}\n"},
    {"s.yaml", "receipt_late: 15min\nday_limits_end: \"24:00\"\noffice_opens: \"08:30\"\nfollow_up_repairs: 30 %\n"
               "cover_max: 4h\ndelegation_max: 1 month\nexport_rows_alone: 100\n"},
    {"o.yaml", "profiles: {a: {zh: a, en: a, limits: {kind: loan, timer: back, limit: 1h, origin: o}}}\n"},
    {"form.yaml",
        "kind: {code: loan, number: 9, zh: a, en: a, series: \"YS{office}{yyyy}{seq:5}\", retention: for_ever}\n"
        "fields: {what: {zh: a, en: a, type: text}}\n"
        "states: {OUT: {number: 1, zh: a, en: a, class: open, phase: work}, "
        "IN: {number: 2, zh: a, en: a, class: closed, phase: done}}\n"
        "acts: {create: {number: 1, zh: a, en: a}, back: {number: 2, zh: a, en: a}}\n"
        "transitions:\n"
        "  - {act: create, to: OUT, by: cs_agent, need: [what]}\n"
        "  - {act: back, from: OUT, to: IN, by: cs_agent, when: [{field_given: what}]}\n"
        "timers: {back: {number: 1, zh: a, en: a, from: act, start: create, stop: back, "
        "limits: {all: {limit: 2h, origin: o}}, ladder: [{at: 100 %, name: breach}]}}\n"
        "rights: {cs_agent: CRU}\n"},
};
#define PARTS (sizeof parts_of / sizeof parts_of[0])

static enum gj_err compile(struct gj_policy **out)
{
    struct gj_policy_part parts[PARTS];
    for (size_t i = 0; i < PARTS; i++) {
        parts[i] =
            (struct gj_policy_part){parts_of[i].name, (const uint8_t *)parts_of[i].text, strlen(parts_of[i].text)};
    }
    gj_problems_init(&stage_problems);
    return gj_policy_compile(parts, PARTS, 1, out, &stage_problems);
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    struct gj_policy *policy;
    assert_int_equal(compile(&policy), GJ_OK);
    gj_policy_free(policy);
    assert_int_equal(take_back(), 0);
    assert_true(yaml_calls > 500); /* ours are really the ones in use */
    for (int persistent = 0; persistent <= 1; persistent++) {
        uint64_t nth = 1;
        for (;; nth += persistent != 0 ? 7 : 1) {
            gj_fail_arm(NULL, nth, persistent != 0);
            enum gj_err err = compile(&policy);
            if (!gj_fail_disarm()) {
                assert_int_equal(err, GJ_OK);
                gj_policy_free(policy);
                break;
            }
            assert_int_equal(err, GJ_ENOMEM);
            assert_null(policy);
            assert_true(take_back() <= 1);
        }
        assert_true(nth > 500);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
