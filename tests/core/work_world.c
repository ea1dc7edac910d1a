#include "core/work_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/calendar.h"
#include "core/body.pb-c.h"
#include "core/core.h"
#include "store/blob.h"
#include "store/record.h"

/* What a share of the households is a share of. */
static void count_households(struct world *w, uint64_t households)
{
    struct gj_key key = gj_key_of_u64(w->office);
    Gj__Stored__Office *row = NULL;
    struct gj_txn *txn = NULL;
    assert_int_equal(gj_txn_begin_write(gj_direct_core(w->direct)->store, &txn), GJ_OK);
    assert_true(gj_record_load(
        txn, GJ_TABLE_OFFICE, &key, &gj__stored__office__descriptor, gj_direct_arena(w->direct), (void **)&row));
    row->households = households;
    gj_record_save(txn, GJ_TABLE_OFFICE, &key, &row->base);
    assert_int_equal(gj_txn_commit(txn), GJ_OK);
}

struct world *world_open(void)
{
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    w->direct = gj_direct_open();
    w->region = gj_direct_region(w->direct, "east");
    w->office = gj_direct_office(w->direct, w->region, "0012");
    w->other = gj_direct_office(w->direct, w->region, "0013");
    w->household = gj_direct_household(w->direct, w->office, "3-2-1801");
    count_households(w, 100);
    w->agent = gj_direct_user(w->direct, "agent", "cs_agent", w->office, 0);
    w->agent2 = gj_direct_user(w->direct, "agent2", "cs_agent", w->office, 0);
    w->lead = gj_direct_user(w->direct, "lead", "cs_lead", w->office, 0);
    w->duty = gj_direct_user(w->direct, "duty", "duty_director", w->office, 0);
    w->eng = gj_direct_user(w->direct, "eng", "eng_lead", w->office, 0);
    w->tech = gj_direct_user(w->direct, "tech", "tech", w->office, 0);
    w->tech2 = gj_direct_user(w->direct, "tech2", "tech", w->office, 0);
    w->director = gj_direct_user(w->direct, "director", "director", w->office, 0);
    w->guard = gj_direct_user(w->direct, "guard", "guard", w->office, 0);
    w->qa = gj_direct_user(w->direct, "qa", "hq_qa", 0, 0);
    w->auditor = gj_direct_user(w->direct, "auditor", "auditor", 0, 0);
    w->other_lead = gj_direct_user(w->direct, "other_lead", "cs_lead", w->other, 0);
    return w;
}

void world_close(struct world *w)
{
    gj_direct_close(w->direct);
    free(w);
}

static struct gj_arena *arena(struct world *w)
{
    return gj_direct_arena(w->direct);
}

Gj__V1__Field *text(struct world *w, const char *key, const char *value)
{
    return gj_work_field_text(arena(w), key, value);
}

Gj__V1__Field *number(struct world *w, const char *key, int64_t value)
{
    return gj_work_field_number(arena(w), key, value);
}

Gj__V1__Field *at(struct world *w, const char *key, int64_t ms)
{
    return gj_work_field_time(arena(w), key, ms);
}

Gj__V1__Field *ref(struct world *w, const char *key, uint64_t id)
{
    return gj_work_field_ref(arena(w), key, id);
}

Gj__V1__Field *blob(struct world *w, uint64_t id, const char *key)
{
    Gj__V1__Field *field = gj_work_field_ref(arena(w), key, 0);
    field->value_case = GJ__V1__FIELD__VALUE_BLOB;
    field->blob = world_attachment(w, id);
    return field;
}

ProtobufCBinaryData world_attachment(struct world *w, uint64_t id)
{
    return world_file(w, id, "image/jpeg");
}

ProtobufCBinaryData world_file(struct world *w, uint64_t id, const char *media_type)
{
    static unsigned counter;
    struct gj_core *core = gj_direct_core(w->direct);
    uint8_t *name = gj_arena_calloc(arena(w), 1, GJ_BLOB_NAME_SIZE);
    struct gj_txn *txn = NULL;
    Gj__Stored__Attachment row = GJ__STORED__ATTACHMENT__INIT;
    memcpy(name, &(unsigned){++counter}, sizeof(unsigned));
    assert_int_equal(gj_txn_begin_write(core->store, &txn), GJ_OK);
    row.address = (ProtobufCBinaryData){.data = name, .len = GJ_BLOB_NAME_SIZE};
    row.media_type = (char *)media_type;
    row.office = w->office;
    row.record = id;
    row.at = gj_direct_now(w->direct);
    struct gj_key key = gj_key_of_bytes(name, GJ_BLOB_NAME_SIZE);
    gj_record_save(txn, GJ_TABLE_ATTACHMENT, &key, &row.base);
    assert_int_equal(gj_txn_commit(txn), GJ_OK);
    return row.address;
}

uint64_t world_ticket(struct world *w, const char *category, int32_t priority)
{
    Gj__V1__IntakeRequest request = GJ__V1__INTAKE_REQUEST__INIT;
    request.office = w->office;
    request.channel = (char *)"phone";
    request.household = w->household;
    request.place = (char *)"3-2-1801";
    request.contact_name = (char *)"王小明";
    request.contact_phone = (char *)"13812345678";
    request.description = (char *)"厨房龙头滴水";
    request.category = (char *)category;
    request.area = (char *)"household";
    request.priority = priority;
    request.expected_response_told = true;
    request.read_back = true;
    const struct gj_result *result = gj_direct_call(w->direct, w->agent, GJ__V1__CALL__DISPATCH_INTAKE, &request);
    assert_ok(result);
    assert_string_equal(result->written.state, "TRIAGED");
    return result->written.id;
}

const struct gj_result *world_do(
    struct world *w, uint64_t user, uint64_t id, const char *act, Gj__V1__ActRequest *request)
{
    request->id = id;
    request->act = (char *)act;
    if (request->revision == 0 && request->after.len == 0) {
        request->revision = world_row(w, id)->revision;
    }
    return gj_direct_call(w->direct, user, GJ__V1__CALL__RECORD_ACT, request);
}

const struct gj_result *world_act(struct world *w, uint64_t user, uint64_t id, const char *act, ...)
{
    Gj__V1__ActRequest request = GJ__V1__ACT_REQUEST__INIT;
    Gj__V1__Field *fields[16];
    va_list args;
    va_start(args, act);
    request.fields = fields;
    for (Gj__V1__Field *field = va_arg(args, Gj__V1__Field *); field != NULL; field = va_arg(args, Gj__V1__Field *)) {
        fields[request.n_fields++] = field;
    }
    va_end(args);
    return world_do(w, user, id, act, &request);
}

static void step(struct world *w, uint64_t id, const char *to)
{
    const struct gj_result *result = NULL;
    if (strcmp(to, "DISPATCHED") == 0) {
        result = world_act(w, w->agent, id, "dispatch", text(w, "trade", "plumber"), ref(w, "assignee", w->tech), NULL);
    } else if (strcmp(to, "ACCEPTED") == 0) {
        result = world_act(w, w->tech, id, "accept", NULL);
    } else if (strcmp(to, "APPOINTED") == 0) {
        result = world_act(w, w->tech, id, "appoint", at(w, "appointment_at", gj_direct_now(w->direct) + 2 * HOUR),
            number(w, "confirmed_with_owner", 1), NULL);
    } else if (strcmp(to, "ARRIVED") == 0) {
        result = world_act(w, w->tech, id, "arrive", NULL);
    } else if (strcmp(to, "WORKING") == 0) {
        result = world_act(w, w->tech, id, "start", text(w, "cause", "垫圈老化"), text(w, "plan", "更换垫圈"),
            text(w, "liability", "property"), text(w, "plan_consent", "spoken"), NULL);
    } else if (strcmp(to, "DONE") == 0) {
        result =
            world_act(w, w->tech, id, "finish", text(w, "work_done", "更换垫圈"), blob(w, id, "photos_before_after"),
                text(w, "usage_advice", "轻关龙头"), number(w, "no_materials", 1), NULL);
    } else {
        result = world_act(
            w, w->agent2, id, "owner_accept", text(w, "owner_means", "paper"), blob(w, id, "owner_paper"), NULL);
    }
    assert_ok(result);
}

void world_bring(struct world *w, uint64_t id, const char *state)
{
    static const char *const way[] = {
        "DISPATCHED", "ACCEPTED", "APPOINTED", "ARRIVED", "WORKING", "DONE", "OWNER_ACCEPTED"};
    size_t from = 0;
    for (size_t i = 0; i < sizeof(way) / sizeof(way[0]); i++) {
        if (strcmp(world_row(w, id)->state, way[i]) == 0) {
            from = i + 1;
        }
    }
    for (size_t i = from; i < sizeof(way) / sizeof(way[0]); i++) {
        step(w, id, way[i]);
        if (strcmp(way[i], state) == 0) {
            return;
        }
    }
}

const Gj__Stored__Record *world_row(struct world *w, uint64_t id)
{
    Gj__Stored__Record *row = NULL;
    struct gj_key key = gj_key_of_u64(id);
    assert_true(gj_record_load(
        gj_direct_look(w->direct), GJ_TABLE_RECORD, &key, &gj__stored__record__descriptor, arena(w), (void **)&row));
    return row;
}

void world_expect_state(struct world *w, uint64_t id, const char *state)
{
    assert_string_equal(world_row(w, id)->state, state);
}

const Gj__V1__Timer *world_timer(struct world *w, uint64_t id, const char *name)
{
    const Gj__Stored__Record *row = world_row(w, id);
    for (size_t i = 0; i < row->n_timers; i++) {
        if (strcmp(row->timers[i]->name, name) == 0) {
            return row->timers[i];
        }
    }
    return NULL;
}

const Gj__V1__Field *world_field(struct world *w, uint64_t id, const char *key)
{
    const Gj__Stored__Record *row = world_row(w, id);
    for (size_t i = 0; i < row->n_fields; i++) {
        if (strcmp(row->fields[i]->key, key) == 0) {
            return row->fields[i];
        }
    }
    return NULL;
}

unsigned world_fire(struct world *w)
{
    unsigned commands = 0;
    for (;;) {
        uint64_t records[64];
        Gj__Body__Timer body = GJ__BODY__TIMER__INIT;
        struct gj_iter iter;
        body.records = records;
        body.upto = gj_direct_now(w->direct);
        gj_iter_range(&iter, gj_direct_look(w->direct), GJ_TABLE_DUE, NULL, NULL, GJ_FORWARD);
        while (body.n_records < 64 && gj_iter_next(&iter)) {
            struct gj_key_reader reader = gj_key_read(iter.key.data, iter.key.len);
            if (gj_key_read_i64(&reader) > body.upto) {
                break;
            }
            records[body.n_records++] = gj_key_read_u64(&reader);
        }
        gj_iter_close(&iter);
        if (body.n_records == 0) {
            return commands;
        }
        assert_ok(gj_direct_system(w->direct, GJ__V1__CALL__SYSTEM_TIMER, &body.base));
        assert_true(++commands < 1000); /* what has fired is no longer due */
    }
}

unsigned world_notices(struct world *w, uint64_t user, const char *code)
{
    struct gj_key prefix = gj_key_of_u64(user);
    struct gj_iter iter;
    unsigned count = 0;
    struct gj_txn *txn = gj_direct_look(w->direct);
    gj_iter_prefix(&iter, txn, GJ_TABLE_INBOX, &prefix, GJ_FORWARD);
    while (gj_iter_next(&iter)) {
        Gj__Stored__Notice *notice = NULL;
        assert_true(gj_record_unpack(txn, &iter.value, &gj__stored__notice__descriptor, arena(w), (void **)&notice));
        count += code == NULL || strcmp(notice->code, code) == 0 ? 1 : 0;
    }
    gj_iter_close(&iter);
    return count;
}

unsigned world_count(struct world *w, enum gj_table table)
{
    return (unsigned)gj_txn_count(gj_direct_look(w->direct), table);
}

static struct gj_key queue_key(const Gj__Stored__Record *row)
{
    struct gj_key key;
    gj_key_init(&key);
    gj_key_u32(&key, (uint32_t)row->office);
    gj_key_u16(&key, (uint16_t)row->kind);
    gj_key_u64(&key, row->id);
    return key;
}

void world_check_indexes(struct world *w)
{
    struct gj_txn *txn = gj_direct_look(w->direct);
    unsigned open = 0;
    unsigned due = 0;
    struct gj_iter iter;
    gj_iter_range(&iter, txn, GJ_TABLE_RECORD, NULL, NULL, GJ_FORWARD);
    while (gj_iter_next(&iter)) {
        Gj__Stored__Record *row = NULL;
        assert_true(gj_record_unpack(txn, &iter.value, &gj__stored__record__descriptor, arena(w), (void **)&row));
        struct gj_key key = queue_key(row);
        assert_int_equal(gj_txn_exists(txn, GJ_TABLE_WORK, &key), row->open);
        open += row->open ? 1 : 0;
        struct gj_key closed;
        gj_key_init(&closed);
        gj_key_u32(&closed, (uint32_t)row->office);
        gj_key_u16(&closed, (uint16_t)row->kind);
        gj_key_u32(&closed, (uint32_t)gj_cst_day(row->closed_at));
        gj_key_u64(&closed, row->id);
        assert_int_equal(gj_txn_exists(txn, GJ_TABLE_BY_DATE, &closed), !row->open);
        if (row->next_fire_at != 0) {
            struct gj_key fires;
            gj_key_init(&fires);
            gj_key_i64(&fires, row->next_fire_at);
            gj_key_u64(&fires, row->id);
            assert_true(gj_txn_exists(txn, GJ_TABLE_DUE, &fires));
            assert_true(row->open);
            due++;
        }
        struct gj_key number = gj_key_of_name(row->number);
        assert_int_equal(gj_txn_get_u64(txn, GJ_TABLE_NUMBER, &number), row->id);
    }
    gj_iter_close(&iter);
    assert_int_equal(gj_txn_count(txn, GJ_TABLE_WORK), open);
    assert_int_equal(gj_txn_count(txn, GJ_TABLE_DUE), due);
    assert_int_equal(gj_txn_count(txn, GJ_TABLE_BY_DATE), gj_txn_count(txn, GJ_TABLE_RECORD) - open);
}
