#include "tests/common/check.h"

#include <stdlib.h>
#include <string.h>

#include "common/limits.h"
#include "common/pb.h"
#include "proto/envelope.pb-c.h"
#include "proto/inbox.pb-c.h"

/* Bytes of a message under construction. */
struct raw {
    uint8_t at[70000];
    size_t len;
};

static void put(struct raw *raw, const char *bytes, size_t len)
{
    assert_true(raw->len + len <= sizeof raw->at);
    memcpy(raw->at + raw->len, bytes, len);
    raw->len += len;
}

static void put_varint(struct raw *raw, uint64_t value)
{
    while (value > 0x7f) {
        raw->at[raw->len++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    raw->at[raw->len++] = (uint8_t)value;
}

static void put_length(struct raw *raw, unsigned field, const char *bytes, size_t len)
{
    put_varint(raw, field << 3 | 2);
    put_varint(raw, len);
    put(raw, bytes, len);
}

static enum gj_err scan(const ProtobufCMessageDescriptor *type, const struct raw *raw)
{
    return gj_pb_scan(type, raw->at, raw->len, NULL);
}

#define SCAN_BYTES(type, bytes) gj_pb_scan(&(type), (const uint8_t *)(bytes), sizeof(bytes) - 1, NULL)

static void what_we_pack_is_scanned_and_unpacked(void **state)
{
    (void)state;
    Gj__V1__Refusal refusal = GJ__V1__REFUSAL__INIT;
    char *params[] = {"一", "two"};
    refusal.code = "field.required";
    refusal.field = "电话";
    refusal.n_params = 2;
    refusal.params = params;
    struct gj_buf buf;
    struct gj_arena arena;
    ProtobufCMessage *msg = NULL;
    gj_buf_init(&buf, 1000);
    gj_arena_init(&arena, 10000);
    check_ok(gj_pb_pack(&refusal.base, &buf));
    check_ok(gj_pb_unpack(&gj__v1__refusal__descriptor, &arena, gj_buf_bytes(&buf), buf.len, &msg));
    const Gj__V1__Refusal *got = (const Gj__V1__Refusal *)msg;
    assert_string_equal(got->code, "field.required");
    assert_string_equal(got->field, "电话");
    assert_int_equal(got->n_params, 2);
    assert_string_equal(got->params[0], "一");
    uint8_t *bytes = NULL;
    size_t len = 0;
    check_ok(gj_pb_pack_arena(msg, &arena, &bytes, &len));
    assert_int_equal(len, buf.len);
    assert_memory_equal(bytes, gj_buf_bytes(&buf), len);
    check_ok(gj_pb_unpack(&gj__v1__refusal__descriptor, &arena, NULL, 0, &msg)); /* no bytes: every default */
    gj_arena_fini(&arena);
    gj_buf_fini(&buf);
}

static void malformed_bytes_are_refused(void **state)
{
    (void)state;
#define RESULT(bytes) SCAN_BYTES(gj__v1__reply__descriptor, bytes)
    check_ok(RESULT("\x08\x01"));
    check_err(RESULT("\x08"), GJ_EINVAL);     /* no value */
    check_err(RESULT("\x08\x80"), GJ_EINVAL); /* varint without end */
    check_err(RESULT("\x00\x01"), GJ_EINVAL); /* field 0 */
    check_err(RESULT("\x0b\x0c"), GJ_EINVAL); /* a group */
    check_err(RESULT("\x0f\x01"), GJ_EINVAL); /* wire type 7 */
    check_err(RESULT("\x1a\x05"
                     "abc"),
        GJ_EINVAL);                                       /* length beyond the end */
    check_err(RESULT("\x0a\x01x"), GJ_EINVAL);            /* text where a number belongs */
    check_err(RESULT("\x0d\x01\x02\x03\x04"), GJ_EINVAL); /* 32 bits where a varint belongs */
    check_err(RESULT("\x18\x01"), GJ_EINVAL);             /* number where bytes belong */
    check_err(RESULT("\x1a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), GJ_EINVAL);
    check_err(RESULT("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), GJ_EINVAL); /* 65 bits */
    check_err(RESULT("\x88\x80\x80\x80\x80\x00\x01"), GJ_EINVAL);                 /* a tag of six bytes */
    check_err(RESULT("\xf8\xff\xff\xff\x7f\x01"), GJ_EINVAL);                     /* field above 2^29 - 1 */
    check_err(RESULT("\x1a\x80\x80\x80\x80\x80\x00"), GJ_EINVAL);                 /* a length of six bytes */
    check_ok(RESULT("\x1a\x80\x80\x80\x80\x00"));
    check_ok(RESULT("\xf8\xff\xff\xff\x0f\x01")); /* the highest field there can be, unknown */
    check_ok(RESULT("\xfa\x3f\x02"
                    "ab"));                           /* unknown field 1023 */
    check_err(RESULT("\xfd\x3f\x01\x02"), GJ_EINVAL); /* unknown, and cut */
#undef RESULT
}

static void texts_are_utf8_without_nul(void **state)
{
    (void)state;
#define RESULT(bytes) SCAN_BYTES(gj__v1__refusal__descriptor, bytes)
    check_ok(RESULT("\x0a\x03管"));
    check_err(RESULT("\x0a\x02\xe7\xae"), GJ_EINVAL);
    check_err(RESULT("\x0a\x03"
                     "a\0b"),
        GJ_EINVAL);
    check_err(RESULT("\x0a\x02\xc0\x80"), GJ_EINVAL);
#undef RESULT
    check_ok(SCAN_BYTES(gj__v1__request__descriptor, "\x2a\x02\xff\x00")); /* bytes may hold anything */
}

static void submessages_are_scanned_too(void **state)
{
    (void)state;
    check_err(SCAN_BYTES(gj__v1__reply__descriptor, "\x22\x02\x0a\x05"), GJ_EINVAL);
    check_err(SCAN_BYTES(gj__v1__envelope__descriptor, "\x12\x05\x22\x03\x0a\x01\xff"), GJ_EINVAL);
    check_ok(SCAN_BYTES(gj__v1__envelope__descriptor, "\x12\x05\x22\x03\x0a\x01x"));
}

/* None of our messages is recursive, so here is one that is: the reason for the limit. */
struct nested {
    ProtobufCMessage base;
    struct nested *inner;
};
static ProtobufCMessageDescriptor nested_descriptor;

static void depth_is_limited(void **state)
{
    (void)state;
    const struct gj_pb_limits one = {.depth = 1, .fields = 100, .packed = 100, .unknown = 100};
    const struct gj_pb_limits two = {.depth = 2, .fields = 100, .packed = 100, .unknown = 100};
    const uint8_t bytes[] = "\x12\x05\x22\x03\x0a\x01x"; /* envelope > reply > refusal */
    check_err(gj_pb_scan(&gj__v1__envelope__descriptor, bytes, 7, &one), GJ_ETOOBIG);
    check_ok(gj_pb_scan(&gj__v1__envelope__descriptor, bytes, 7, &two));
}

static void ten_thousand_levels_are_refused_without_recursion(void **state)
{
    (void)state;
    static const ProtobufCFieldDescriptor field = {
        .name = "inner",
        .id = 1,
        .label = PROTOBUF_C_LABEL_NONE,
        .type = PROTOBUF_C_TYPE_MESSAGE,
        .offset = offsetof(struct nested, inner),
        .descriptor = &nested_descriptor,
    };
    static const ProtobufCIntRange ranges[] = {{1, 0}, {0, 1}};
    static const unsigned indices[] = {0};
    nested_descriptor = (ProtobufCMessageDescriptor){
        .magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
        .name = "Nested",
        .sizeof_message = sizeof(struct nested),
        .n_fields = 1,
        .fields = &field,
        .fields_sorted_by_name = indices,
        .n_field_ranges = 1,
        .field_ranges = ranges,
    };
    static struct raw raw;
    raw.len = 0;
    uint8_t *at = raw.at + sizeof raw.at;
    size_t len = 0;
    for (unsigned level = 0; level < 10000; level++) {
        struct raw head = {.len = 0};
        put_varint(&head, 1 << 3 | 2);
        put_varint(&head, len);
        at -= head.len;
        memcpy(at, head.at, head.len);
        len += head.len;
    }
    check_err(gj_pb_scan(&nested_descriptor, at, len, NULL), GJ_ETOOBIG);
    size_t shallow = 2 * (GJ_PB_DEPTH_MAX + 1) - 2;
    const uint8_t *tail = raw.at + sizeof raw.at - shallow;
    check_ok(gj_pb_scan(&nested_descriptor, tail, shallow, NULL));
    check_err(gj_pb_scan(&nested_descriptor, tail - 2, shallow + 2, NULL), GJ_ETOOBIG);
}

static void fields_are_counted_over_the_whole_tree(void **state)
{
    (void)state;
    static struct raw raw;
    raw.len = 0;
    for (unsigned i = 0; i < GJ_PB_FIELDS_MAX; i++) {
        put_length(&raw, 4, "", 0); /* Push.events: an empty submessage */
    }
    check_ok(scan(&gj__v1__push__descriptor, &raw));
    put_length(&raw, 4, "", 0);
    check_err(scan(&gj__v1__push__descriptor, &raw), GJ_ETOOBIG);
}

static void packed_numbers_are_whole_and_counted(void **state)
{
    (void)state;
    static struct raw raw;
    static char ones[GJ_PB_PACKED_MAX + 1];
    memset(ones, 1, sizeof ones);
    raw.len = 0;
    put_length(&raw, 1, ones, GJ_PB_PACKED_MAX);
    check_ok(scan(&gj__v1__inbox_ack_request__descriptor, &raw));
    put_length(&raw, 1, ones, 1); /* counted on over all arrays */
    check_err(scan(&gj__v1__inbox_ack_request__descriptor, &raw), GJ_ETOOBIG);
    check_err(SCAN_BYTES(gj__v1__inbox_ack_request__descriptor, "\x0a\x02\x01\x80"), GJ_EINVAL);
    check_ok(SCAN_BYTES(gj__v1__inbox_ack_request__descriptor, "\x08\x05\x0a\x03\x01\x80\x01")); /* both forms */
}

/* None of our messages has numbers of fixed size yet; the scan knows them all the same. */
static void fixed_numbers_fit_their_size(void **state)
{
    (void)state;
    static const struct {
        ProtobufCType type;
        size_t size;
    } cases[] = {{PROTOBUF_C_TYPE_FIXED32, 4}, {PROTOBUF_C_TYPE_FLOAT, 4}, {PROTOBUF_C_TYPE_FIXED64, 8},
        {PROTOBUF_C_TYPE_DOUBLE, 8}};
    for (size_t i = 0; i < 4; i++) {
        const ProtobufCFieldDescriptor field = {
            .name = "numbers", .id = 1, .label = PROTOBUF_C_LABEL_REPEATED, .type = cases[i].type};
        static const ProtobufCIntRange ranges[] = {{1, 0}, {0, 1}};
        const ProtobufCMessageDescriptor type = {
            .magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
            .name = "Numbers",
            .n_fields = 1,
            .fields = &field,
            .n_field_ranges = 1,
            .field_ranges = ranges,
        };
        for (size_t len = 0; len <= 24; len++) {
            struct raw raw = {.len = 0};
            put_length(&raw, 1, "abcdefghijklmnopqrstuvwx", len);
            check_err(scan(&type, &raw), len % cases[i].size == 0 ? GJ_OK : GJ_EINVAL);
        }
        struct raw single = {.len = 0};
        put_varint(&single, 1 << 3 | (cases[i].size == 4 ? 5 : 1));
        put(&single, "12345678", cases[i].size);
        check_ok(scan(&type, &single));
        single.len--;
        check_err(scan(&type, &single), GJ_EINVAL);
    }
}

static void unknown_fields_are_counted(void **state)
{
    (void)state;
    static struct raw raw;
    raw.len = 0;
    for (unsigned i = 0; i < GJ_PB_UNKNOWN_MAX; i++) {
        put_length(&raw, 999, "x", 1);
    }
    check_ok(scan(&gj__v1__push__descriptor, &raw));
    put_length(&raw, 999, "x", 1);
    check_err(scan(&gj__v1__push__descriptor, &raw), GJ_ETOOBIG);
}

/* The arena's cap holds where the scan lets a message through. */
static void a_small_arena_refuses_a_large_message(void **state)
{
    (void)state;
    static struct raw raw;
    struct gj_arena arena;
    ProtobufCMessage *msg = NULL;
    raw.len = 0;
    for (unsigned i = 0; i < 1000; i++) {
        put_length(&raw, 4, "", 0);
    }
    gj_arena_init(&arena, 20000);
    check_err(gj_pb_unpack(&gj__v1__push__descriptor, &arena, raw.at, raw.len, &msg), GJ_ETOOBIG);
    assert_null(msg);
    gj_arena_fini(&arena);
    gj_arena_init(&arena, GJ_REQUEST_ARENA_MAX);
    check_ok(gj_pb_unpack(&gj__v1__push__descriptor, &arena, raw.at, raw.len, &msg));
    gj_arena_fini(&arena);
}

static void our_own_bytes_that_are_damaged_are_corrupt(void **state)
{
    (void)state;
    struct gj_arena arena;
    ProtobufCMessage *msg = NULL;
    gj_arena_init(&arena, 10000);
    check_err(gj_pb_unpack_own(&gj__v1__reply__descriptor, &arena, (const uint8_t *)"\x22\x09", 2, &msg), GJ_ECORRUPT);
    check_ok(gj_pb_unpack_own(&gj__v1__reply__descriptor, &arena, (const uint8_t *)"\x08\x09", 2, &msg));
    assert_int_equal(((Gj__V1__Reply *)msg)->id, 9);
    gj_arena_fini(&arena);
}

static void a_full_buffer_refuses_to_pack(void **state)
{
    (void)state;
    Gj__V1__Refusal refusal = GJ__V1__REFUSAL__INIT;
    struct gj_buf buf;
    refusal.code = "0123456789";
    gj_buf_init(&buf, 11);
    check_err(gj_pb_pack(&refusal.base, &buf), GJ_ETOOBIG);
    assert_int_equal(buf.len, 0);
    gj_buf_fini(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_we_pack_is_scanned_and_unpacked),
        cmocka_unit_test(malformed_bytes_are_refused),
        cmocka_unit_test(texts_are_utf8_without_nul),
        cmocka_unit_test(submessages_are_scanned_too),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(ten_thousand_levels_are_refused_without_recursion),
        cmocka_unit_test(fields_are_counted_over_the_whole_tree),
        cmocka_unit_test(packed_numbers_are_whole_and_counted),
        cmocka_unit_test(fixed_numbers_fit_their_size),
        cmocka_unit_test(unknown_fields_are_counted),
        cmocka_unit_test(a_small_arena_refuses_a_large_message),
        cmocka_unit_test(our_own_bytes_that_are_damaged_are_corrupt),
        cmocka_unit_test(a_full_buffer_refuses_to_pack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
