/* The owner's one-time code: who may learn it, what it proves, how long, and how often one may guess. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "common/limits.h"
#include "core/work_world.h"
#include "store/record.h"

static int setup(void **state)
{
    *state = world_open();
    return 0;
}

static int teardown(void **state)
{
    world_check_indexes(*state);
    world_close(*state);
    return 0;
}

static const struct gj_result *ask(struct world *w, uint64_t user, uint64_t id, bool anew)
{
    Gj__V1__OwnerCodeRequest request = GJ__V1__OWNER_CODE_REQUEST__INIT;
    request.id = id;
    request.anew = anew;
    return gj_direct_call(w->direct, user, GJ__V1__CALL__OWNER_CODE, &request);
}

struct code {
    char digits[16];
    int64_t until;
    uint32_t tries;
};

static struct code read_out(struct world *w, uint64_t user, uint64_t id, bool anew)
{
    struct code code = {0};
    const struct gj_result *result = ask(w, user, id, anew);
    assert_ok(result);
    assert_int_equal(result->entries, 1);
    const Gj__V1__OwnerCode *reply = (const Gj__V1__OwnerCode *)result->body;
    (void)snprintf(code.digits, sizeof(code.digits), "%s", reply->code);
    code.until = reply->until;
    code.tries = reply->tries;
    assert_int_equal(strlen(code.digits), GJ_OWNER_CODE_DIGITS);
    assert_int_equal(strspn(code.digits, "0123456789"), GJ_OWNER_CODE_DIGITS);
    return code;
}

/* As a client does, in OwnerStep. */
static const struct gj_result *hand_in(struct world *w, uint64_t user, uint64_t id, const char *act, const char *digits)
{
    Gj__V1__ActRequest request = GJ__V1__ACT_REQUEST__INIT;
    Gj__V1__OwnerStep owner = GJ__V1__OWNER_STEP__INIT;
    request.owner = &owner;
    owner.means = (char *)"code";
    owner.evidence = (ProtobufCBinaryData){.data = (uint8_t *)(uintptr_t)digits, .len = strlen(digits)};
    return world_do(w, user, id, act, &request);
}

static void wrong_of(const char *digits, char out[16])
{
    (void)snprintf(out, 16, "%06d", (atoi(digits) + 1) % 1000000);
}

static uint64_t done(struct world *w)
{
    uint64_t id = world_ticket(w, "WAT-03", 2);
    world_bring(w, id, "DONE");
    return id;
}

static void the_owner_accepts_by_code(void **state)
{
    struct world *w = *state;
    uint64_t id = done(w);
    uint32_t revision = world_row(w, id)->revision;
    struct code code = read_out(w, w->agent, id, false);
    assert_int_equal(world_row(w, id)->revision, revision); /* reading it out makes nobody late */
    assert_int_equal(code.until, gj_direct_now(w->direct) + GJ_OWNER_CODE_VALID_MS);
    assert_int_equal(code.tries, GJ_OWNER_CODE_TRIES);
    assert_string_equal(read_out(w, w->lead, id, false).digits, code.digits); /* the same until another is issued */
    assert_ok(hand_in(w, w->tech, id, "owner_accept", code.digits));
    world_expect_state(w, id, "FOLLOW_UP"); /* and somebody asks the owner */
    assert_null(world_row(w, id)->owner_code);
    assert_null(world_field(w, id, "owner_code")); /* used up, not kept */
    assert_string_equal(world_field(w, id, "owner_means")->text, "code");
}

static void nobody_who_works_on_it_learns_it(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    assert_refused(ask(w, w->agent, id, false), GJ__V1__STATUS__REFUSED, "code_not_expected", NULL);
    world_bring(w, id, "DONE");
    assert_refused(ask(w, w->tech, id, false), GJ__V1__STATUS__DENIED, "no_right", "owner_code");
    assert_refused(ask(w, w->eng, id, false), GJ__V1__STATUS__DENIED, "no_right", "owner_code");
    assert_refused(ask(w, w->other_lead, id, false), GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "id");
    /* Not with a second hat on either. */
    gj_direct_grant(w->direct, w->tech, "cs_lead", w->office, 0);
    assert_refused(ask(w, w->tech, id, false), GJ__V1__STATUS__DENIED, "no_right", "owner_code");
}

/* Who could read it out proves nothing by it. */
static void the_desk_cannot_hand_it_in(void **state)
{
    struct world *w = *state;
    uint64_t id = done(w);
    struct code code = read_out(w, w->agent, id, false);
    assert_refused(hand_in(w, w->agent, id, "owner_accept", code.digits), GJ__V1__STATUS__REFUSED, "means_not_allowed",
        "owner_means");
}

static void a_wrong_code_is_counted(void **state)
{
    struct world *w = *state;
    uint64_t id = done(w);
    struct code code = read_out(w, w->agent, id, false);
    char wrong[16];
    wrong_of(code.digits, wrong);
    uint32_t revision = world_row(w, id)->revision;
    for (unsigned i = 1; i <= GJ_OWNER_CODE_TRIES; i++) {
        char left[8];
        uint32_t entries = world_row(w, id)->entry_count;
        const struct gj_result *result = hand_in(w, w->tech, id, "owner_accept", wrong);
        assert_refused(result, GJ__V1__STATUS__REFUSED, "code_wrong", "owner_code");
        (void)snprintf(left, sizeof(left), "%u", GJ_OWNER_CODE_TRIES - i);
        assert_string_equal(result->params[0], left);
        assert_int_equal(world_row(w, id)->owner_code->misses, i);
        assert_int_equal(world_row(w, id)->entry_count, entries + 1);
        assert_int_equal(world_row(w, id)->revision, revision); /* a try does not make the next one late */
    }
    assert_refused(
        hand_in(w, w->tech, id, "owner_accept", code.digits), GJ__V1__STATUS__REFUSED, "code_used_up", "owner_code");
    world_expect_state(w, id, "DONE");
    struct code other = read_out(w, w->agent, id, false); /* the desk issues another by reading it out */
    assert_int_equal(other.tries, GJ_OWNER_CODE_TRIES);
    assert_string_not_equal(other.digits, code.digits);
    assert_ok(hand_in(w, w->tech, id, "owner_accept", other.digits));
}

/* The same request once more is the same try. */
static void a_repeated_request_is_one_try(void **state)
{
    struct world *w = *state;
    uint64_t id = done(w);
    char wrong[16];
    wrong_of(read_out(w, w->agent, id, false).digits, wrong);
    assert_refused(hand_in(w, w->tech, id, "owner_accept", wrong), GJ__V1__STATUS__REFUSED, "code_wrong", NULL);
    gj_direct_same_key(w->direct);
    assert_refused(hand_in(w, w->tech, id, "owner_accept", wrong), GJ__V1__STATUS__REFUSED, "code_wrong", NULL);
    assert_int_equal(world_row(w, id)->owner_code->misses, 1);
}

/* What cannot be accepted for another reason costs no try: nobody learns by it whether the code was right. */
static void other_mistakes_cost_no_try(void **state)
{
    struct world *w = *state;
    uint64_t id = done(w);
    assert_int_not_equal(hand_in(w, w->tech2, id, "owner_accept", "000000")->status, GJ__V1__STATUS__OK);
    Gj__V1__ActRequest late = GJ__V1__ACT_REQUEST__INIT;
    Gj__V1__OwnerStep owner = GJ__V1__OWNER_STEP__INIT;
    late.owner = &owner;
    late.revision = 1;
    owner.means = (char *)"code";
    owner.evidence = (ProtobufCBinaryData){.data = (uint8_t *)"000000", .len = 6};
    assert_refused(world_do(w, w->tech, id, "owner_accept", &late), GJ__V1__STATUS__CONFLICT, "conflict", NULL);
    assert_int_equal(world_row(w, id)->owner_code->misses, 0);
}

static void it_runs_out(void **state)
{
    struct world *w = *state;
    uint64_t id = done(w);
    struct code code = read_out(w, w->agent, id, false);
    gj_direct_advance(w->direct, GJ_OWNER_CODE_VALID_MS);
    assert_refused(
        hand_in(w, w->tech, id, "owner_accept", code.digits), GJ__V1__STATUS__REFUSED, "code_expired", "owner_code");
    struct code other = read_out(w, w->agent, id, false);
    assert_true(other.until > gj_direct_now(w->direct));
    assert_ok(hand_in(w, w->tech, id, "owner_accept", other.digits));
}

static void another_one_ends_the_one_before(void **state)
{
    struct world *w = *state;
    uint64_t id = done(w);
    struct code first = read_out(w, w->agent, id, false);
    struct code second = read_out(w, w->agent, id, true);
    assert_string_not_equal(first.digits, second.digits);
    assert_refused(
        hand_in(w, w->tech, id, "owner_accept", first.digits), GJ__V1__STATUS__REFUSED, "code_wrong", "owner_code");
    assert_ok(hand_in(w, w->tech, id, "owner_accept", second.digits));
}

/* Of exactly this record and step. */
static void it_is_good_for_one_step_of_one_record(void **state)
{
    struct world *w = *state;
    uint64_t one = done(w);
    uint64_t other = done(w);
    struct code code = read_out(w, w->agent, one, false);
    assert_refused(
        hand_in(w, w->tech, other, "owner_accept", code.digits), GJ__V1__STATUS__REFUSED, "code_wrong", NULL);
    assert_ok(world_act(w, w->agent, one, "owner_reject", text(w, "fail_reason", "还在滴"), NULL));
    assert_null(world_row(w, one)->owner_code);
    assert_refused(ask(w, w->agent, one, false), GJ__V1__STATUS__REFUSED, "code_not_expected", NULL);
    assert_ok(world_act(w, w->eng, one, "redo", ref(w, "assignee", w->tech), NULL));
    world_bring(w, one, "DONE");
    assert_refused(hand_in(w, w->tech, one, "owner_accept", code.digits), GJ__V1__STATUS__REFUSED, "code_wrong", NULL);
}

/* Nothing in the store gives the digits away: neither the row, nor a kept answer, nor the log. */
static void the_digits_are_kept_nowhere(void **state)
{
    struct world *w = *state;
    uint64_t id = done(w);
    struct code code = read_out(w, w->agent, id, false);
    assert_ok(hand_in(w, w->tech, id, "owner_accept", code.digits));
    struct gj_txn *txn = gj_direct_look(w->direct);
    unsigned rows = 0;
    for (int table = 0; table < GJ_TABLE_COUNT; table++) {
        struct gj_iter iter;
        gj_iter_range(&iter, txn, (enum gj_table)table, NULL, NULL, GJ_FORWARD);
        while (gj_iter_next(&iter)) {
            assert_null(memmem(iter.value.data, iter.value.len, code.digits, GJ_OWNER_CODE_DIGITS));
            rows++;
        }
        gj_iter_close(&iter);
    }
    assert_true(rows > 10);
}

/* Fields given one by one are no way around it. */
static void the_form_is_no_way_around(void **state)
{
    struct world *w = *state;
    uint64_t id = done(w);
    assert_refused(world_act(w, w->tech, id, "owner_accept", text(w, "owner_means", "code"),
                       text(w, "owner_code", "471108"), NULL),
        GJ__V1__STATUS__REFUSED, "code_wrong", "owner_code");
    struct code code = read_out(w, w->agent, id, false);
    assert_ok(world_act(
        w, w->tech, id, "owner_accept", text(w, "owner_means", "code"), text(w, "owner_code", code.digits), NULL));
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(the_owner_accepts_by_code),
        STORY(nobody_who_works_on_it_learns_it),
        STORY(the_desk_cannot_hand_it_in),
        STORY(a_wrong_code_is_counted),
        STORY(a_repeated_request_is_one_try),
        STORY(other_mistakes_cost_no_try),
        STORY(it_runs_out),
        STORY(another_one_ends_the_one_before),
        STORY(it_is_good_for_one_step_of_one_record),
        STORY(the_digits_are_kept_nowhere),
        STORY(the_form_is_no_way_around),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
