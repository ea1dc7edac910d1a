/* The same commands give the same records, queues and entries in every store: nothing but the command decides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include <sodium.h>

#include "common/pb.h"
#include "core/apply.h"
#include "core/body.pb-c.h"
#include "core/subject.h"
#include "core/work_world.h"
#include "store/entry.h"

#define TICKETS 12

struct replica {
    struct world *world;
    struct gj_applier *applier;
    struct gj_arena arena;
    uint64_t device, first_entry, count;
    int64_t now_ms;
    uint8_t digest[32];
};

static Gj__V1__Field *sealed(struct replica *r, const char *key)
{
    static uint8_t bytes[80]; /* as good as sealed for everybody who has no key */
    Gj__V1__Field *field = gj_work_field_text(&r->arena, key, "");
    field->value_case = GJ__V1__FIELD__VALUE_SEALED;
    field->sealed = (ProtobufCBinaryData){.data = bytes, .len = sizeof(bytes)};
    return field;
}

static uint64_t run(struct replica *r, uint64_t user, Gj__V1__Call call, const ProtobufCMessage *body)
{
    struct gj_command command = {.call = (uint16_t)call, .user = user, .device = user == 0 ? 0 : r->device};
    struct gj_applied applied;
    struct gj_txn *txn = NULL;
    uint8_t *bytes = NULL;
    command.at_ms = r->now_ms;
    r->count++;
    crypto_generichash(command.random, sizeof(command.random), (const uint8_t *)&r->count, sizeof(r->count), NULL, 0);
    assert_int_equal(gj_pb_pack_arena(body, &r->arena, &bytes, &command.body_len), GJ_OK);
    command.body = bytes;
    assert_int_equal(gj_txn_begin_write(gj_direct_core(r->world->direct)->store, &txn), GJ_OK);
    gj_apply_command(r->applier, txn, &command, &r->arena, &applied);
    assert_int_equal(applied.answer.status, GJ__V1__STATUS__OK);
    assert_int_equal(gj_txn_commit(txn), GJ_OK);
    return applied.written.id;
}

static uint64_t create(struct replica *r, int n)
{
    Gj__Work__Create body = GJ__WORK__CREATE__INIT;
    Gj__V1__Field *fields[] = {gj_work_field_text(&r->arena, "channel", "phone"),
        gj_work_field_text(&r->arena, "category", n % 2 == 0 ? "WAT-03" : "WAT-01"),
        gj_work_field_text(&r->arena, "area", "household"),
        gj_work_field_text(&r->arena, "priority", n % 2 == 0 ? "P2" : "P1"),
        gj_work_field_text(&r->arena, "place", "3-2-1801"), sealed(r, "contact_name"), sealed(r, "contact_phone"),
        sealed(r, "description"), gj_work_field_number(&r->arena, "expected_response_told", 1)};
    body.kind = 1;
    body.policy = 1;
    body.office = r->world->office;
    body.fields = fields;
    body.n_fields = sizeof(fields) / sizeof(fields[0]);
    body.subject_kind = GJ_SUBJECT_OFFICE;
    body.subject = r->world->office;
    return run(r, r->world->agent, GJ__V1__CALL__RECORD_CREATE, &body.base);
}

static void act(struct replica *r, uint64_t user, uint64_t id, uint32_t revision, const char *verb,
    Gj__V1__Field **fields, size_t count)
{
    Gj__Work__Act body = GJ__WORK__ACT__INIT;
    body.id = id;
    body.revision = revision;
    body.act = (char *)verb;
    body.fields = fields;
    body.n_fields = count;
    (void)run(r, user, GJ__V1__CALL__RECORD_ACT, &body.base);
}

static void play(struct replica *r)
{
    uint64_t ids[TICKETS];
    struct world *w = r->world;
    for (int i = 0; i < TICKETS; i++) {
        ids[i] = create(r, i);
        r->now_ms += 1234;
    }
    for (int i = 0; i < TICKETS; i += 2) {
        Gj__V1__Field *fields[] = {gj_work_field_text(&r->arena, "trade", "plumber"),
            gj_work_field_ref(&r->arena, "assignee", i % 4 == 0 ? w->tech : w->tech2)};
        act(r, w->agent, ids[i], 1, "dispatch", fields, 2);
        act(r, i % 4 == 0 ? w->tech : w->tech2, ids[i], 2, "accept", NULL, 0);
    }
    for (int i = 1; i < TICKETS; i += 4) {
        Gj__V1__Field *reason = sealed(r, "cancel_reason");
        act(r, w->lead, ids[i], 1, "cancel", &reason, 1);
    }
    r->now_ms += 3 * HOUR;
    Gj__Body__Timer timer = GJ__BODY__TIMER__INIT;
    timer.records = ids;
    timer.n_records = TICKETS;
    timer.upto = r->now_ms;
    (void)run(r, 0, GJ__V1__CALL__SYSTEM_TIMER, &timer.base);
    Gj__Work__Owed owed = GJ__WORK__OWED__INIT;
    (void)run(r, 0, GJ__V1__CALL__SYSTEM_OBLIGATION, &owed.base);
}

/* Every row that commands write; keys and wrapped secrets of the setting-up are left out, they are random. */
static void digest(struct replica *r)
{
    static const enum gj_table tables[] = {GJ_TABLE_RECORD, GJ_TABLE_WORK, GJ_TABLE_DUE, GJ_TABLE_SERIES,
        GJ_TABLE_NUMBER, GJ_TABLE_INBOX, GJ_TABLE_BY_DATE, GJ_TABLE_BY_SUBJECT, GJ_TABLE_OBLIGATION, GJ_TABLE_TIMER,
        GJ_TABLE_ENTRY};
    crypto_hash_sha256_state hash;
    struct gj_txn *txn = gj_direct_look(r->world->direct);
    crypto_hash_sha256_init(&hash);
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        struct gj_key low = gj_key_of_u64(r->first_entry);
        struct gj_iter iter;
        gj_iter_range(&iter, txn, tables[i], tables[i] == GJ_TABLE_ENTRY ? &low : NULL, NULL, GJ_FORWARD);
        while (gj_iter_next(&iter)) {
            crypto_hash_sha256_update(&hash, iter.key.data, iter.key.len);
            crypto_hash_sha256_update(&hash, iter.value.data, iter.value.len);
        }
        gj_iter_close(&iter);
    }
    crypto_hash_sha256_final(&hash, r->digest);
}

static void begin(struct replica *r)
{
    memset(r, 0, sizeof(*r));
    r->world = world_open();
    r->device = gj_direct_device(r->world->direct, r->world->office, "desk");
    r->now_ms = GJ_DIRECT_START_MS + DAY;
    r->first_entry = gj_txn_events(gj_direct_look(r->world->direct));
    gj_arena_init(&r->arena, 16 << 20);
    assert_int_equal(gj_applier_new(gj_direct_core(r->world->direct), &r->applier), GJ_OK);
}

static void end(struct replica *r)
{
    world_check_indexes(r->world);
    gj_applier_free(r->applier);
    gj_arena_fini(&r->arena);
    world_close(r->world);
}

static void two_replicas_agree(void **state)
{
    struct replica a;
    struct replica b;
    (void)state;
    begin(&a);
    begin(&b);
    play(&a);
    play(&b);
    digest(&a);
    digest(&b);
    assert_int_equal(gj_txn_events(gj_direct_look(a.world->direct)), gj_txn_events(gj_direct_look(b.world->direct)));
    assert_memory_equal(a.digest, b.digest, sizeof(a.digest));
    /* And the comparison sees a difference: one more command in one of them. */
    (void)create(&a, 0);
    digest(&a);
    assert_memory_not_equal(a.digest, b.digest, sizeof(a.digest));
    end(&a);
    end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(two_replicas_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
