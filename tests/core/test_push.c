/* Subscriptions: filters, ranges that join, rights, resuming, slow readers. */
#include "core/fixture.h"

#include <stdio.h>
#include <string.h>

#include "common/policy/policy.h"
#include "core/commit.h"
#include "core/policies.h"
#include "core/push.h"
#include "proto/session.pb-c.h"
#include "store/record.h"
#include "store/stored.pb-c.h"

#define OFFICE 7
#define OTHER_OFFICE 8
/* A policy kind that the fixture's records have. */
#define KIND_CODE "repair_ticket"

static uint32_t next_key = 1;

/* ---- a call that subscribes, as the session service does ---- */

static void subscribe(
    struct fixture *fixture, struct fake_peer *fake, const Gj__V1__SubscribeRequest *request, uint64_t *id)
{
    struct gj_request record = {0};
    struct gj_arena arena;
    struct gj_txn *txn = NULL;

    gj_arena_init(&arena, 65536);
    assert_int_equal(gj_txn_begin_read(fixture->core.store, &txn), GJ_OK);
    struct gj_ctx ctx = {.core = &fixture->core, .arena = &arena, .txn = txn, .peer = &fake->peer, .pending = &record};
    ctx.policy = gj_policies_current(fixture->core.policies, txn);
    assert_true(gj_push_subscribe(fixture->core.push, &ctx, request, id));
    gj_txn_abort(txn);
    gj_arena_fini(&arena);
}

struct office_row {
    uint64_t id;
};

static void put_office(struct gj_txn *txn, void *owner)
{
    const struct office_row *row = owner;
    Gj__Stored__Office office = GJ__STORED__OFFICE__INIT;
    struct gj_key key = gj_key_of_u64(row->id);

    office.id = row->id;
    office.region = 1;
    gj_record_save(txn, GJ_TABLE_OFFICE, &key, &office.base);
}

struct change {
    uint64_t office;
    uint64_t assignee;
    uint64_t record;
    uint32_t kind;
};

/* One entry about a record, as an act would leave it. */
static void put_change(struct gj_txn *txn, void *owner)
{
    const struct change *change = owner;
    Gj__Stored__Record record = GJ__STORED__RECORD__INIT;
    struct gj_key key = gj_key_of_u64(change->record);
    struct gj_entry entry = {.type = GJ_ENTRY_ACTION,
        .office = (uint32_t)change->office,
        .subject_kind = (uint16_t)change->kind,
        .subject = change->record,
        .revision = 1,
        .previous = GJ_ENTRY_NONE};

    record.id = change->record;
    record.kind = change->kind;
    record.office = change->office;
    record.state = (char *)"TRIAGED";
    record.policy = 1;
    record.assignee = change->assignee;
    record.number = (char *)"WX1";
    gj_record_save(txn, GJ_TABLE_RECORD, &key, &record.base);
    assert_int_equal(gj_entry_word(&entry.action, "triage"), GJ_OK);
    gj_entry_append(txn, &entry, NULL, 0);
}

static uint32_t kind_number(struct fixture *fixture)
{
    struct gj_txn *txn = NULL;

    assert_int_equal(gj_txn_begin_read(fixture->core.store, &txn), GJ_OK);
    const struct gj_policy *policy = gj_policies_current(fixture->core.policies, txn);
    assert_non_null(policy);
    const struct gj_kind *kind = gj_policy_kind(policy, KIND_CODE);
    assert_non_null(kind);
    gj_txn_abort(txn);
    return kind->number;
}

static void happen(struct fixture *fixture, uint64_t office, uint64_t assignee)
{
    struct change change = {
        .office = office, .assignee = assignee, .record = 100 + next_key++, .kind = kind_number(fixture)};

    fixture_write(fixture, put_change, &change);
    gj_push_batch(fixture->core.push);
}

static struct fake_peer *begin(struct fixture *fixture, const char *role, uint64_t office)
{
    struct office_row rows[] = {{OFFICE}, {OTHER_OFFICE}};
    char login[32];

    fixture_write(fixture, put_office, &rows[0]);
    fixture_write(fixture, put_office, &rows[1]);
    snprintf(login, sizeof login, "user%u", next_key);
    return fixture_peer(fixture, fixture_user(fixture, login, role, office), fixture_device(fixture, office));
}

/* The next message, which must be a push of this range with so many events. */
static void expect(
    struct fixture *fixture, struct fake_peer *fake, uint64_t from, uint64_t to, size_t events, const char *ended)
{
    Gj__V1__Envelope *envelope = fixture_receive(fixture, fake);

    assert_non_null(envelope);
    assert_int_equal(envelope->body_case, GJ__V1__ENVELOPE__BODY_PUSH);
    assert_int_equal(envelope->push->from, from);
    assert_int_equal(envelope->push->to, to);
    assert_int_equal(envelope->push->n_events, events);
    assert_string_equal(envelope->push->ended, ended);
    assert_int_equal(envelope->push->epoch, 1);
    for (size_t i = 0; i < events; i++) {
        assert_true(envelope->push->events[i]->event > from && envelope->push->events[i]->event <= to);
    }
    gj__v1__envelope__free_unpacked(envelope, NULL);
}

static uint64_t newest(struct fixture *fixture)
{
    return fixture_events(fixture) - 1;
}

static void test_live_ranges_join(void **state)
{
    struct fixture *fixture = *state;
    struct fake_peer *fake = begin(fixture, "cs_lead", OFFICE);
    Gj__V1__SubscribeRequest request = GJ__V1__SUBSCRIBE_REQUEST__INIT;
    uint64_t offices[] = {OFFICE};
    uint64_t id = 0;

    request.from_now = true;
    request.offices = offices;
    request.n_offices = 1;
    subscribe(fixture, fake, &request, &id);
    uint64_t start = newest(fixture);
    happen(fixture, OFFICE, 0);
    expect(fixture, fake, start, start + 1, 1, "");
    happen(fixture, OTHER_OFFICE, 0);
    assert_int_equal(fake->out.len, 0); /* not its office */
    happen(fixture, OFFICE, 0);
    expect(fixture, fake, start + 1, start + 3, 1, "");
    happen(fixture, OTHER_OFFICE, 0);
    /* A heartbeat says how far it is, and the next range begins there. */
    assert_int_equal(gj_push_reached(fixture->core.push, &fake->peer), start + 4);
    happen(fixture, OFFICE, 0);
    expect(fixture, fake, start + 4, start + 5, 1, "");
    fixture_peer_gone(fixture, fake);
    assert_int_equal(gj_push_count(fixture->core.push), 0);
}

static void test_nobody_is_told_of_what_he_may_not_see(void **state)
{
    struct fixture *fixture = *state;
    struct fake_peer *lead = begin(fixture, "cs_lead", OTHER_OFFICE);
    struct fake_peer *nobody = begin(fixture, NULL, 0);
    Gj__V1__SubscribeRequest request = GJ__V1__SUBSCRIBE_REQUEST__INIT;
    uint64_t id = 0;

    request.from_now = true;
    subscribe(fixture, lead, &request, &id);
    subscribe(fixture, nobody, &request, &id);
    happen(fixture, OFFICE, 0);
    assert_int_equal(lead->out.len, 0);
    assert_int_equal(nobody->out.len, 0);
    uint64_t start = newest(fixture);
    happen(fixture, OTHER_OFFICE, 0);
    expect(fixture, lead, start - 1, start + 1, 1, "");
    assert_int_equal(nobody->out.len, 0);
    fixture_peer_gone(fixture, lead);
    fixture_peer_gone(fixture, nobody);
}

static void test_filters(void **state)
{
    struct fixture *fixture = *state;
    struct fake_peer *fake = begin(fixture, "cs_lead", OFFICE);
    Gj__V1__SubscribeRequest mine = GJ__V1__SUBSCRIBE_REQUEST__INIT;
    Gj__V1__SubscribeRequest kinds = GJ__V1__SUBSCRIBE_REQUEST__INIT;
    uint32_t other_kind[] = {60000};
    uint64_t id = 0;

    mine.from_now = kinds.from_now = true;
    mine.assignee = 77;
    kinds.kinds = other_kind;
    kinds.n_kinds = 1;
    subscribe(fixture, fake, &mine, &id);
    subscribe(fixture, fake, &kinds, &id);
    happen(fixture, OFFICE, 76);
    assert_int_equal(fake->out.len, 0);
    happen(fixture, OFFICE, 77);
    Gj__V1__Envelope *envelope = fixture_receive(fixture, fake);
    assert_int_equal(envelope->push->n_events, 1);
    assert_int_equal(envelope->push->events[0]->assignee, 77);
    assert_string_equal(envelope->push->events[0]->act, "triage");
    gj__v1__envelope__free_unpacked(envelope, NULL);
    assert_int_equal(fake->out.len, 0);
    fixture_peer_gone(fixture, fake);
}

static void test_resuming_tells_everything_after(void **state)
{
    struct fixture *fixture = *state;
    struct fake_peer *fake = begin(fixture, "cs_lead", OFFICE);
    Gj__V1__SubscribeRequest request = GJ__V1__SUBSCRIBE_REQUEST__INIT;
    uint64_t start = newest(fixture);
    uint64_t id = 0;
    size_t told = 0;
    uint64_t at = start;

    for (unsigned i = 0; i < 3 * GJ_PUSH_EVENTS_MAX; i++) {
        happen(fixture, i % 3 == 0 ? OTHER_OFFICE : OFFICE, 0);
    }
    request.after = start;
    request.epoch = 1;
    subscribe(fixture, fake, &request, &id);
    while (at < newest(fixture)) {
        Gj__V1__Envelope *envelope = fixture_receive(fixture, fake);

        assert_non_null(envelope);
        assert_int_equal(envelope->push->from, at);
        assert_true(envelope->push->to > at);
        at = envelope->push->to;
        told += envelope->push->n_events;
        gj__v1__envelope__free_unpacked(envelope, NULL);
    }
    assert_int_equal(told, 2 * GJ_PUSH_EVENTS_MAX);
    happen(fixture, OFFICE, 0);
    expect(fixture, fake, at, at + 1, 1, ""); /* live from here on */
    fixture_peer_gone(fixture, fake);
}

static void test_another_history_is_a_gap(void **state)
{
    struct fixture *fixture = *state;
    struct fake_peer *fake = begin(fixture, "cs_lead", OFFICE);
    Gj__V1__SubscribeRequest request = GJ__V1__SUBSCRIBE_REQUEST__INIT;
    uint64_t id = 0;

    request.after = 1;
    request.epoch = 2;
    subscribe(fixture, fake, &request, &id);
    expect(fixture, fake, 1, 1, 0, "gap");
    request.epoch = 1;
    request.after = newest(fixture) + 100; /* an event that this history does not have */
    subscribe(fixture, fake, &request, &id);
    expect(fixture, fake, request.after, request.after, 0, "gap");
    assert_int_equal(gj_push_count(fixture->core.push), 0);
    fixture_peer_gone(fixture, fake);
}

static void test_a_slow_reader_loses_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct fake_peer *fake = begin(fixture, "cs_lead", OFFICE);
    Gj__V1__SubscribeRequest request = GJ__V1__SUBSCRIBE_REQUEST__INIT;
    uint64_t id = 0;

    request.from_now = true;
    subscribe(fixture, fake, &request, &id);
    uint64_t start = newest(fixture);
    happen(fixture, OFFICE, 0);
    expect(fixture, fake, start, start + 1, 1, "");
    fake->queued = GJ_PUSH_QUEUE_MAX + 1;
    happen(fixture, OFFICE, 0);
    expect(fixture, fake, start + 1, start + 1, 0, "slow");
    assert_int_equal(gj_push_count(fixture->core.push), 0);
    happen(fixture, OFFICE, 0);
    fake->queued = 0;
    request.from_now = false;
    request.after = start + 1;
    request.epoch = 1;
    subscribe(fixture, fake, &request, &id);
    expect(fixture, fake, start + 1, start + 3, 2, "");
    fixture_peer_gone(fixture, fake);
}

static void disable(struct gj_txn *txn, void *owner)
{
    Gj__Stored__User user = GJ__STORED__USER__INIT;
    struct gj_key key = gj_key_of_u64(*(uint64_t *)owner);

    user.id = *(uint64_t *)owner;
    user.disabled = true;
    gj_record_save(txn, GJ_TABLE_USER, &key, &user.base);
    gj_actor_rights_changed(txn);
}

static void test_a_user_without_rights_any_more_is_told(void **state)
{
    struct fixture *fixture = *state;
    struct fake_peer *fake = begin(fixture, "cs_lead", OFFICE);
    Gj__V1__SubscribeRequest request = GJ__V1__SUBSCRIBE_REQUEST__INIT;
    uint64_t user = fake->peer.user;
    uint64_t id = 0;

    request.from_now = true;
    subscribe(fixture, fake, &request, &id);
    uint64_t start = newest(fixture);
    fixture_write(fixture, disable, &user);
    happen(fixture, OFFICE, 0);
    expect(fixture, fake, start, start, 0, "revoked");
    subscribe(fixture, fake, &request, &id);
    gj_sessions_unbind(fixture->core.sessions, &fake->peer);
    expect(fixture, fake, start + 1, start + 1, 0, "revoked");
    fixture_peer_gone(fixture, fake);
}

static void test_too_many_subscriptions(void **state)
{
    struct fixture *fixture = *state;
    struct fake_peer *fake = begin(fixture, "cs_lead", OFFICE);
    Gj__V1__SubscribeRequest request = GJ__V1__SUBSCRIBE_REQUEST__INIT;
    struct gj_arena arena;
    struct gj_txn *txn = NULL;
    uint64_t id = 0;

    request.from_now = true;
    for (unsigned i = 0; i < GJ_SUBSCRIPTIONS_MAX; i++) {
        subscribe(fixture, fake, &request, &id);
    }
    gj_arena_init(&arena, 65536);
    assert_int_equal(gj_txn_begin_read(fixture->core.store, &txn), GJ_OK);
    struct gj_ctx ctx = {.core = &fixture->core, .arena = &arena, .txn = txn, .peer = &fake->peer};
    assert_false(gj_push_subscribe(fixture->core.push, &ctx, &request, &id));
    assert_string_equal(ctx.answer.code, "subscribe.too_many");
    gj_txn_abort(txn);
    gj_arena_fini(&arena);
    assert_true(gj_push_unsubscribe(fixture->core.push, &fake->peer, id));
    assert_false(gj_push_unsubscribe(fixture->core.push, &fake->peer, id));
    fixture_peer_gone(fixture, fake);
    assert_int_equal(gj_push_count(fixture->core.push), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_live_ranges_join),
        TEST(test_nobody_is_told_of_what_he_may_not_see),
        TEST(test_filters),
        TEST(test_resuming_tells_everything_after),
        TEST(test_another_history_is_a_gap),
        TEST(test_a_slow_reader_loses_nothing),
        TEST(test_a_user_without_rights_any_more_is_told),
        TEST(test_too_many_subscriptions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
