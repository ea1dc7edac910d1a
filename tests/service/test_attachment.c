/* Photos and signatures: uploaded in chunks, named once they are durable, read through their record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "common/limits.h"
#include "core/work_world.h"
#include "store/blob.h"
#include "store/record.h"

static int setup(void **state)
{
    *state = world_open();
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    return 0;
}

#define SIZE (GJ_BLOB_CHUNK + 1000)
static uint8_t picture[SIZE];

static ProtobufCBinaryData copy(struct world *w, const ProtobufCBinaryData *bytes)
{
    return (ProtobufCBinaryData){
        .data = gj_arena_dup(gj_direct_arena(w->direct), bytes->data, bytes->len), .len = bytes->len};
}

static ProtobufCBinaryData begin(struct world *w, uint64_t user, bool in_home)
{
    Gj__V1__AttachmentBeginRequest request = GJ__V1__ATTACHMENT_BEGIN_REQUEST__INIT;
    request.subject = w->household;
    request.office = w->office;
    request.media_type = (char *)"image/jpeg";
    request.size = SIZE;
    request.in_home = in_home;
    const struct gj_result *result = gj_direct_call(w->direct, user, GJ__V1__CALL__ATTACHMENT_BEGIN, &request);
    assert_ok(result);
    const Gj__V1__AttachmentBegun *begun = (const Gj__V1__AttachmentBegun *)result->body;
    assert_int_equal(begun->chunk_bytes, GJ_BLOB_CHUNK);
    return copy(w, &begun->upload);
}

static const struct gj_result *send_chunk(struct world *w, uint64_t user, ProtobufCBinaryData upload, uint32_t chunk)
{
    Gj__V1__AttachmentChunkRequest request = GJ__V1__ATTACHMENT_CHUNK_REQUEST__INIT;
    size_t offset = (size_t)chunk * GJ_BLOB_CHUNK;
    request.upload = upload;
    request.chunk = chunk;
    request.data.data = picture + offset;
    request.data.len = chunk == 0 ? GJ_BLOB_CHUNK : SIZE - offset;
    return gj_direct_call(w->direct, user, GJ__V1__CALL__ATTACHMENT_CHUNK, &request);
}

static ProtobufCBinaryData upload(struct world *w, uint64_t user, uint64_t record, bool in_home)
{
    ProtobufCBinaryData token = begin(w, user, in_home);
    assert_ok(send_chunk(w, user, token, 0));
    assert_ok(send_chunk(w, user, token, 1));
    Gj__V1__AttachmentCommitRequest commit = GJ__V1__ATTACHMENT_COMMIT_REQUEST__INIT;
    commit.upload = token;
    commit.record = record;
    const struct gj_result *result = gj_direct_call(w->direct, user, GJ__V1__CALL__ATTACHMENT_COMMIT, &commit);
    assert_ok(result);
    assert_int_equal(result->entries, 1);
    return copy(w, &((const Gj__V1__AttachmentCommitted *)result->body)->address);
}

static const struct gj_result *fetch(
    struct world *w, uint64_t user, uint64_t record, ProtobufCBinaryData address, uint32_t chunk, const char *purpose)
{
    Gj__V1__AttachmentReadRequest request = GJ__V1__ATTACHMENT_READ_REQUEST__INIT;
    request.address = address;
    request.record = record;
    request.chunk = chunk;
    request.purpose = (char *)purpose;
    return gj_direct_call(w->direct, user, GJ__V1__CALL__ATTACHMENT_READ, &request);
}

static void up_and_down_again(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    for (size_t i = 0; i < SIZE; i++) {
        picture[i] = (uint8_t)(i * 7);
    }
    ProtobufCBinaryData address = upload(w, w->agent, id, false);
    assert_int_equal(address.len, GJ_BLOB_NAME_SIZE);
    assert_int_equal(world_row(w, id)->n_attachments, 1);
    const struct gj_result *result = fetch(w, w->agent, id, address, 0, "");
    assert_ok(result);
    assert_int_equal(result->entries, 0);
    const Gj__V1__AttachmentData *data = (const Gj__V1__AttachmentData *)result->body;
    assert_int_equal(data->chunks, 2);
    assert_int_equal(data->data.len, GJ_BLOB_CHUNK);
    assert_memory_equal(data->data.data, picture, GJ_BLOB_CHUNK);
    result = fetch(w, w->agent, id, address, 1, "");
    assert_ok(result);
    data = (const Gj__V1__AttachmentData *)result->body;
    assert_int_equal(data->data.len, SIZE - GJ_BLOB_CHUNK);
    assert_memory_equal(data->data.data, picture + GJ_BLOB_CHUNK, SIZE - GJ_BLOB_CHUNK);
    assert_refused(fetch(w, w->other_lead, id, address, 0, ""), GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "id");
    uint64_t other = world_ticket(w, "WAT-03", 2);
    assert_refused(
        fetch(w, w->agent, other, address, 0, ""), GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "address");
}

/* The reply was lost: the same request again tells the same address, and nothing is there twice. */
static void a_lost_reply_costs_no_second_upload(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    ProtobufCBinaryData token = begin(w, w->agent, false);
    assert_ok(send_chunk(w, w->agent, token, 0));
    assert_ok(send_chunk(w, w->agent, token, 1));
    for (uint64_t record = 0; record <= id; record += id) {
        Gj__V1__AttachmentCommitRequest commit = GJ__V1__ATTACHMENT_COMMIT_REQUEST__INIT;
        commit.upload = token;
        commit.record = record;
        const struct gj_result *result = gj_direct_call(w->direct, w->agent, GJ__V1__CALL__ATTACHMENT_COMMIT, &commit);
        assert_ok(result);
        ProtobufCBinaryData address = copy(w, &((const Gj__V1__AttachmentCommitted *)result->body)->address);
        gj_direct_same_key(w->direct);
        result = gj_direct_call(w->direct, w->agent, GJ__V1__CALL__ATTACHMENT_COMMIT, &commit);
        assert_ok(result);
        assert_int_equal(result->entries, 0);
        const ProtobufCBinaryData *again = &((const Gj__V1__AttachmentCommitted *)result->body)->address;
        assert_int_equal(again->len, address.len);
        assert_memory_equal(again->data, address.data, address.len);
        /* With another key it is another request, for an upload that is over. */
        assert_refused(gj_direct_call(w->direct, w->agent, GJ__V1__CALL__ATTACHMENT_COMMIT, &commit),
            GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "upload");
        token = begin(w, w->agent, false);
        assert_ok(send_chunk(w, w->agent, token, 0));
        assert_ok(send_chunk(w, w->agent, token, 1));
    }
    assert_int_equal(world_row(w, id)->n_attachments, 1);
    assert_int_equal(world_count(w, GJ_TABLE_ATTACHMENT), 2);
}

static void pictures_of_a_home_are_opened_on_record(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    ProtobufCBinaryData address = upload(w, w->agent, id, true);
    assert_refused(fetch(w, w->agent, id, address, 0, ""), GJ__V1__STATUS__INVALID, "purpose_missing", "purpose");
    const struct gj_result *result = fetch(w, w->agent, id, address, 0, "ticket");
    assert_ok(result);
    assert_int_equal(result->entries, 1);
    assert_memory_equal(((const Gj__V1__AttachmentData *)result->body)->data.data, picture, 100);
}

static void a_signature_is_for_few_eyes(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    world_bring(w, id, "DONE");
    ProtobufCBinaryData address = upload(w, w->tech, id, false);
    Gj__V1__ActRequest accept = GJ__V1__ACT_REQUEST__INIT;
    Gj__V1__OwnerStep owner = GJ__V1__OWNER_STEP__INIT;
    accept.owner = &owner;
    owner.means = (char *)"signature";
    owner.evidence = address;
    assert_ok(world_do(w, w->tech, id, "owner_accept", &accept));
    assert_int_equal(world_field(w, id, "owner_signature")->value_case, GJ__V1__FIELD__VALUE_SEALED);
    assert_refused(
        fetch(w, w->agent, id, address, 0, "ticket"), GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "address");
    assert_refused(fetch(w, w->lead, id, address, 0, ""), GJ__V1__STATUS__INVALID, "purpose_missing", "purpose");
    const struct gj_result *result = fetch(w, w->lead, id, address, 0, "dispute");
    assert_ok(result);
    assert_int_equal(result->entries, 1);
}

static void bad_uploads(void **state)
{
    struct world *w = *state;
    Gj__V1__AttachmentBeginRequest request = GJ__V1__ATTACHMENT_BEGIN_REQUEST__INIT;
    request.office = w->office;
    request.media_type = (char *)"image/jpeg";
    request.size = GJ_BLOB_MAX_BYTES + 1;
    assert_refused(gj_direct_call(w->direct, w->agent, GJ__V1__CALL__ATTACHMENT_BEGIN, &request),
        GJ__V1__STATUS__TOO_LARGE, "attachment_too_large", "size");
    request.size = SIZE;
    assert_refused(gj_direct_call(w->direct, w->other_lead, GJ__V1__CALL__ATTACHMENT_BEGIN, &request),
        GJ__V1__STATUS__DENIED, "no_right", "office");
    ProtobufCBinaryData token = begin(w, w->agent, false);
    assert_refused(send_chunk(w, w->agent2, token, 0), GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "upload");
    assert_refused(send_chunk(w, w->agent, token, 1), GJ__V1__STATUS__INVALID, "field_range", "chunk");
    token.data[token.len / 2] ^= 1;
    assert_refused(send_chunk(w, w->agent, token, 0), GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "upload");
    assert_int_equal(world_count(w, GJ_TABLE_ATTACHMENT), 0);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {STORY(up_and_down_again), STORY(a_lost_reply_costs_no_second_upload),
        STORY(pictures_of_a_home_are_opened_on_record), STORY(a_signature_is_for_few_eyes), STORY(bad_uploads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
