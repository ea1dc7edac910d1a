/* A declaration grows while its records stay: an optional field is added to a kind that has many of them, and not one
 * row is rewritten. Records keep the version they were made under. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include <sodium.h>

#include "core/work_world.h"
#include "proto/policy.pb-c.h"

/* The full count of 100,000 takes minutes under sanitizers; what is proven does not depend on it. */
#define RECORDS 300

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

static const struct gj_result *visit(struct world *w, Gj__V1__Field *extra)
{
    Gj__V1__CreateRequest request = GJ__V1__CREATE_REQUEST__INIT;
    Gj__V1__Field *fields[] = {text(w, "purpose", "routine"), at(w, "visited_at", gj_direct_now(w->direct) - HOUR),
        text(w, "subjects", "例行走访"), text(w, "result", "no_matter"), number(w, "consent", 1), extra};
    request.kind = (char *)"visit";
    request.office = w->office;
    request.household = w->household;
    request.priority = -1;
    request.fields = fields;
    request.n_fields = extra == NULL ? 5 : 6;
    return gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_CREATE, &request);
}

static void digest_records(struct world *w, uint8_t out[32])
{
    crypto_hash_sha256_state hash;
    struct gj_iter iter;
    crypto_hash_sha256_init(&hash);
    gj_iter_range(&iter, gj_direct_look(w->direct), GJ_TABLE_RECORD, NULL, NULL, GJ_FORWARD);
    while (gj_iter_next(&iter)) {
        crypto_hash_sha256_update(&hash, iter.key.data, iter.key.len);
        crypto_hash_sha256_update(&hash, iter.value.data, iter.value.len);
    }
    gj_iter_close(&iter);
    crypto_hash_sha256_final(&hash, out);
}

/* The file with `before` replaced by `after`, in the test's arena. */
static ProtobufCBinaryData replaced(
    struct world *w, const ProtobufCBinaryData *file, const char *before, const char *after)
{
    uint8_t *found = memmem(file->data, file->len, before, strlen(before));
    assert_non_null(found);
    size_t head = (size_t)(found - file->data);
    size_t tail = file->len - head - strlen(before);
    ProtobufCBinaryData out = {.len = head + strlen(after) + tail};
    out.data = gj_arena_alloc(gj_direct_arena(w->direct), out.len);
    memcpy(out.data, file->data, head);
    memcpy(out.data + head, after, strlen(after));
    memcpy(out.data + head + strlen(after), found + strlen(before), tail);
    return out;
}

static void activate_with_a_new_field(struct world *w)
{
    uint64_t second = gj_direct_user(w->direct, "qa2", "hq_qa", 0, 0);
    Gj__V1__PolicyGetRequest get = GJ__V1__POLICY_GET_REQUEST__INIT;
    get.name = (char *)"forms/visit.yaml";
    const struct gj_result *result = gj_direct_call(w->direct, w->qa, GJ__V1__CALL__POLICY_GET, &get);
    assert_ok(result);
    const Gj__V1__PolicyGetReply *reply = (const Gj__V1__PolicyGetReply *)result->body;
    Gj__V1__PolicyFile file = GJ__V1__POLICY_FILE__INIT;
    Gj__V1__PolicyFile *files[] = {&file};
    file.name = (char *)"forms/visit.yaml";
    file.content = replaced(w, &reply->files[0]->content, "  phoned: {",
        "  weather: {zh: 天气, en: Weather, type: text, max_length: 20}\n  phoned: {");
    file.content = replaced(
        w, &file.content, "    may: [place, visitors, opinions", "    may: [weather, place, visitors, opinions");
    Gj__V1__PolicyProposeRequest propose = GJ__V1__POLICY_PROPOSE_REQUEST__INIT;
    propose.files = files;
    propose.n_files = 1;
    propose.reason = (char *)"走访表加天气一栏";
    result = gj_direct_call(w->direct, w->qa, GJ__V1__CALL__POLICY_PROPOSE, &propose);
    assert_ok(result);
    Gj__V1__PolicyApproveRequest approve = GJ__V1__POLICY_APPROVE_REQUEST__INIT;
    approve.version = (uint32_t)result->written.id;
    approve.approve = true;
    approve.reason = (char *)"同意";
    assert_ok(gj_direct_call(w->direct, second, GJ__V1__CALL__POLICY_APPROVE, &approve));
}

static void an_optional_field_needs_no_migration(void **state)
{
    struct world *w = *state;
    uint8_t before[32];
    uint8_t after[32];
    assert_refused(visit(w, text(w, "weather", "晴")), GJ__V1__STATUS__INVALID, "field_unknown", "weather");
    uint64_t first = 0;
    for (int i = 0; i < RECORDS; i++) {
        const struct gj_result *result = visit(w, NULL);
        assert_ok(result);
        first = first == 0 ? result->written.id : first;
    }
    digest_records(w, before);
    activate_with_a_new_field(w);
    digest_records(w, after);
    assert_memory_equal(before, after, sizeof(before));

    const struct gj_result *result = visit(w, text(w, "weather", "晴"));
    assert_ok(result);
    uint64_t newest = result->written.id;
    assert_string_equal(world_field(w, newest, "weather")->text, "晴");
    assert_int_equal(world_row(w, newest)->policy, 2);
    assert_ok(visit(w, NULL)); /* optional */

    /* The old ones go on under the version they were made with. */
    assert_int_equal(world_row(w, first)->policy, 1);
    assert_ok(world_act(w, w->lead, first, "close", text(w, "review_note", "已阅"), NULL));
    world_expect_state(w, first, "CLOSED");
    Gj__V1__ListRequest list = GJ__V1__LIST_REQUEST__INIT;
    list.kind = (char *)"visit";
    list.office = w->office;
    result = gj_direct_call(w->direct, w->lead, GJ__V1__CALL__RECORD_LIST, &list);
    assert_ok(result);
    assert_int_equal(((const Gj__V1__RowList *)result->body)->n_rows, 50);
    gj_direct_reopen(w->direct);
    assert_int_equal(world_row(w, first)->policy, 1);
    assert_ok(world_act(w, w->lead, first + 1, "close", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_optional_field_needs_no_migration, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
