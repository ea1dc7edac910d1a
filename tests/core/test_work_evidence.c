/* A file that is to prove the owner's step was made for this step of this record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "core/work_world.h"

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

static const struct gj_result *prove(
    struct world *w, uint64_t user, uint64_t id, const char *act, const char *means, ProtobufCBinaryData address)
{
    Gj__V1__ActRequest request = GJ__V1__ACT_REQUEST__INIT;
    Gj__V1__OwnerStep owner = GJ__V1__OWNER_STEP__INIT;
    request.owner = &owner;
    owner.means = (char *)means;
    owner.evidence = address;
    return world_do(w, user, id, act, &request);
}

static uint64_t done(struct world *w)
{
    uint64_t id = world_ticket(w, "WAT-03", 2);
    world_bring(w, id, "DONE");
    return id;
}

static void it_belongs_to_this_record(void **state)
{
    struct world *w = *state;
    uint64_t id = done(w);
    uint64_t other = done(w);
    assert_refused(prove(w, w->tech, id, "owner_accept", "signature", world_attachment(w, other)),
        GJ__V1__STATUS__REFUSED, "evidence_other_record", "owner_signature");
    assert_refused(prove(w, w->tech, id, "owner_accept", "signature", world_attachment(w, 0)), GJ__V1__STATUS__REFUSED,
        "evidence_other_record", "owner_signature");
    ProtobufCBinaryData nothing = world_attachment(w, id);
    nothing.data[31] ^= 1;
    assert_refused(prove(w, w->tech, id, "owner_accept", "signature", nothing), GJ__V1__STATUS__NOT_FOUND,
        "reference_unknown", "owner_signature");
    world_expect_state(w, id, "DONE");
    assert_ok(prove(w, w->tech, id, "owner_accept", "signature", world_attachment(w, id)));
}

static void it_is_of_a_kind_that_can_prove_it(void **state)
{
    struct world *w = *state;
    uint64_t id = done(w);
    const struct gj_result *result =
        prove(w, w->tech, id, "owner_accept", "signature", world_file(w, id, "audio/mpeg"));
    assert_refused(result, GJ__V1__STATUS__REFUSED, "evidence_media", "owner_signature");
    assert_string_equal(result->params[0], "audio/mpeg");
    assert_refused(prove(w, w->agent, id, "owner_accept", "call", world_file(w, id, "image/jpeg")),
        GJ__V1__STATUS__REFUSED, "evidence_media", "owner_call");
    assert_refused(prove(w, w->agent, id, "owner_accept", "paper", world_file(w, id, "text/plain")),
        GJ__V1__STATUS__REFUSED, "evidence_media", "owner_paper");
    assert_ok(prove(w, w->agent, id, "owner_accept", "paper", world_file(w, id, "application/pdf")));
    assert_ok(prove(w, w->agent, done(w), "owner_accept", "call", world_file(w, id + 1, "audio/mpeg")));
}

/* A signature from the doorstep says nothing about work that is done an hour later. */
static void it_was_made_after_the_work(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    world_bring(w, id, "WORKING");
    ProtobufCBinaryData early = world_attachment(w, id);
    gj_direct_advance(w->direct, 1000);
    world_bring(w, id, "DONE");
    assert_refused(prove(w, w->tech, id, "owner_accept", "signature", early), GJ__V1__STATUS__REFUSED,
        "evidence_too_old", "owner_signature");
    assert_ok(prove(w, w->tech, id, "owner_accept", "signature", world_attachment(w, id)));
}

static void it_proves_one_step(void **state)
{
    struct world *w = *state;
    uint64_t id = done(w);
    ProtobufCBinaryData signature = world_attachment(w, id);
    assert_ok(prove(w, w->tech, id, "owner_accept", "signature", signature));
    assert_ok(world_act(w, w->agent, id, "follow_up_bad", text(w, "follow_up_way", "phone"),
        text(w, "satisfaction", "dissatisfied"), text(w, "dissatisfaction_reason", "还在滴"), NULL));
    assert_ok(world_act(w, w->eng, id, "redo", ref(w, "assignee", w->tech), NULL));
    world_bring(w, id, "DONE"); /* at the same moment: it is not too old */
    assert_refused(prove(w, w->tech, id, "owner_accept", "signature", signature), GJ__V1__STATUS__REFUSED,
        "evidence_used", "owner_signature");
    assert_ok(prove(w, w->tech, id, "owner_accept", "signature", world_attachment(w, id)));
}

/* The paper of rework has no owner's step around it, and is bound all the same. */
static void a_form_that_asks_for_it_gets_the_same(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "LEK-02", 3);
    uint64_t other = world_ticket(w, "LEK-02", 3);
    assert_ok(world_act(w, w->eng, id, "to_rework", text(w, "warranty_decision", "contractor"),
        text(w, "liability_reason", "保修期内"), NULL));
    assert_refused(
        world_act(w, w->lead, id, "rework_done", text(w, "rework_result", "已修"), blob(w, other, "owner_paper"), NULL),
        GJ__V1__STATUS__REFUSED, "evidence_other_record", "owner_paper");
    assert_ok(
        world_act(w, w->lead, id, "rework_done", text(w, "rework_result", "已修"), blob(w, id, "owner_paper"), NULL));
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(it_belongs_to_this_record),
        STORY(it_is_of_a_kind_that_can_prove_it),
        STORY(it_was_made_after_the_work),
        STORY(it_proves_one_step),
        STORY(a_form_that_asks_for_it_gets_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
