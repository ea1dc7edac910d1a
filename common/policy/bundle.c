#include "common/policy/bundle.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/cursor.h"
#include "common/fail.h"

/* "GJPB" and the layout's version, u32 count, then for each part in order of names: u8 length and bytes of the name,
 * u32 length and bytes of the content. Integers are big-endian. */
static const char magic[8] = {'G', 'J', 'P', 'B', 0, 0, 0, 1};

bool gj_bundle_name_ok(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > GJ_BUNDLE_NAME_MAX || name[0] == '/' || name[len - 1] == '/') {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        bool starts = i == 0 || name[i - 1] == '/';
        if (!plain && !((c == '.' || c == '/') && !starts)) {
            return false;
        }
    }
    return true;
}

enum gj_err gj_bundle_order(const struct gj_policy_part *parts, size_t count, size_t *order)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        while (at > 0 && strcmp(parts[order[at - 1]].name, parts[i].name) > 0) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = i;
    }
    for (size_t i = 1; i < count; i++) {
        if (strcmp(parts[order[i - 1]].name, parts[order[i]].name) == 0) {
            return GJ_EINVAL;
        }
    }
    return GJ_OK;
}

static void put_u32(uint8_t out[4], size_t value)
{
    for (size_t i = 0; i < 4; i++) {
        out[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

void gj_bundle_digest(const struct gj_policy_part *parts, size_t count, const size_t *order, uint8_t out[32])
{
    uint8_t number[4];
    crypto_hash_sha256_state state;
    (void)crypto_hash_sha256_init(&state);
    (void)crypto_hash_sha256_update(&state, (const unsigned char *)magic, sizeof magic);
    put_u32(number, count);
    (void)crypto_hash_sha256_update(&state, number, sizeof number);
    for (size_t i = 0; i < count; i++) {
        const struct gj_policy_part *part = &parts[order[i]];
        uint8_t name_len = (uint8_t)strlen(part->name);
        (void)crypto_hash_sha256_update(&state, &name_len, 1);
        (void)crypto_hash_sha256_update(&state, (const unsigned char *)part->name, name_len);
        put_u32(number, part->len);
        (void)crypto_hash_sha256_update(&state, number, sizeof number);
        (void)crypto_hash_sha256_update(&state, part->bytes, part->len);
    }
    (void)crypto_hash_sha256_final(&state, out);
}

enum gj_err gj_policy_bundle_pack(const struct gj_policy_part *parts, size_t count, uint8_t **out, size_t *out_len)
{
    size_t order[GJ_BUNDLE_PARTS_MAX];
    size_t total = sizeof magic + 4;
    if (count > GJ_BUNDLE_PARTS_MAX) {
        return GJ_ETOOBIG;
    }
    for (size_t i = 0; i < count; i++) {
        if (!gj_bundle_name_ok(parts[i].name)) {
            return GJ_EINVAL;
        }
        if (parts[i].len > GJ_BUNDLE_BYTES_MAX - total) {
            return GJ_ETOOBIG;
        }
        total += 1 + strlen(parts[i].name) + 4 + parts[i].len;
        if (total > GJ_BUNDLE_BYTES_MAX) {
            return GJ_ETOOBIG;
        }
    }
    enum gj_err err = gj_bundle_order(parts, count, order);
    if (err != GJ_OK) {
        return err;
    }
    uint8_t *bytes = gj_fail_point("bundle.pack") ? NULL : malloc(total);
    if (bytes == NULL) {
        return GJ_ENOMEM;
    }
    struct gj_writer writer;
    gj_writer_init_fixed(&writer, bytes, total);
    gj_writer_bytes(&writer, magic, sizeof magic);
    gj_writer_u32(&writer, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        const struct gj_policy_part *part = &parts[order[i]];
        gj_writer_u8(&writer, (uint8_t)strlen(part->name));
        gj_writer_bytes(&writer, part->name, strlen(part->name));
        gj_writer_u32(&writer, (uint32_t)part->len);
        gj_writer_bytes(&writer, part->bytes, part->len);
    }
    err = gj_writer_done(&writer);
    if (err != GJ_OK) {
        free(bytes);
        return err;
    }
    *out = bytes;
    *out_len = total;
    return GJ_OK;
}

struct unpacked {
    char names[GJ_BUNDLE_PARTS_MAX][GJ_BUNDLE_NAME_MAX + 1];
    struct gj_policy_part parts[GJ_BUNDLE_PARTS_MAX];
    size_t count;
};

static enum gj_err unpack(const uint8_t *bytes, size_t len, struct unpacked *out)
{
    struct gj_cursor cursor;
    gj_cursor_init(&cursor, bytes, len);
    const uint8_t *head = gj_cursor_bytes(&cursor, sizeof magic);
    uint32_t count = gj_cursor_u32(&cursor);
    if (head == NULL || memcmp(head, magic, sizeof magic) != 0 || count > GJ_BUNDLE_PARTS_MAX) {
        return GJ_ECORRUPT;
    }
    for (uint32_t i = 0; i < count; i++) {
        size_t name_len = gj_cursor_u8(&cursor);
        const uint8_t *name = gj_cursor_bytes(&cursor, name_len);
        size_t part_len = gj_cursor_u32(&cursor);
        const uint8_t *part = gj_cursor_bytes(&cursor, part_len);
        if (name == NULL || part == NULL || name_len > GJ_BUNDLE_NAME_MAX) {
            return GJ_ECORRUPT;
        }
        memcpy(out->names[i], name, name_len);
        out->names[i][name_len] = '\0';
        if (strlen(out->names[i]) != name_len || !gj_bundle_name_ok(out->names[i])) {
            return GJ_ECORRUPT;
        }
        out->parts[i] = (struct gj_policy_part){out->names[i], part, part_len};
    }
    out->count = count;
    return gj_cursor_done(&cursor) == GJ_OK ? GJ_OK : GJ_ECORRUPT;
}

enum gj_err gj_policy_bundle_compile(
    const uint8_t *bytes, size_t len, uint32_t version, struct gj_policy **out, struct gj_problems *problems)
{
    *out = NULL;
    struct unpacked *unpacked = gj_fail_point("bundle.unpack") ? NULL : calloc(1, sizeof *unpacked);
    if (unpacked == NULL) {
        return GJ_ENOMEM;
    }
    enum gj_err err = unpack(bytes, len, unpacked);
    if (err == GJ_OK) {
        err = gj_policy_compile(unpacked->parts, unpacked->count, version, out, problems);
    }
    free(unpacked);
    return err;
}

enum gj_err gj_policy_bundle_each(
    const uint8_t *bytes, size_t len, enum gj_err (*take)(void *owner, const struct gj_policy_part *part), void *owner)
{
    struct unpacked *unpacked = calloc(1, sizeof *unpacked);
    if (unpacked == NULL) {
        return GJ_ENOMEM;
    }
    enum gj_err err = unpack(bytes, len, unpacked);
    for (size_t i = 0; err == GJ_OK && i < unpacked->count; i++) {
        err = take(owner, &unpacked->parts[i]);
    }
    free(unpacked);
    return err;
}
