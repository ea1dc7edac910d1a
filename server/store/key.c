#include "store/key.h"

#include <assert.h>
#include <string.h>

static uint8_t *grow(struct gj_key *key, size_t len)
{
    if (key->bad || len > (size_t)(GJ_KEY_MAX - key->len)) {
        key->bad = true;
        return NULL;
    }
    uint8_t *at = key->bytes + key->len;
    key->len = (uint16_t)(key->len + len);
    return at;
}

static void big_endian(struct gj_key *key, uint64_t value, unsigned size)
{
    uint8_t *at = grow(key, size);
    if (at == NULL) {
        return;
    }
    for (unsigned i = size; i-- > 0;) {
        at[i] = (uint8_t)value;
        value >>= 8;
    }
}

void gj_key_init(struct gj_key *key)
{
    key->len = 0;
    key->bad = false;
}

void gj_key_u8(struct gj_key *key, uint8_t value)
{
    big_endian(key, value, 1);
}

void gj_key_u16(struct gj_key *key, uint16_t value)
{
    big_endian(key, value, 2);
}

void gj_key_u32(struct gj_key *key, uint32_t value)
{
    big_endian(key, value, 4);
}

void gj_key_u64(struct gj_key *key, uint64_t value)
{
    big_endian(key, value, 8);
}

void gj_key_i64(struct gj_key *key, int64_t value)
{
    big_endian(key, (uint64_t)value ^ (UINT64_C(1) << 63), 8);
}

void gj_key_bytes(struct gj_key *key, const void *bytes, size_t len)
{
    uint8_t *at = grow(key, len);
    if (at != NULL && len > 0) {
        memcpy(at, bytes, len);
    }
}

void gj_key_text_begin(struct gj_key *key, const char *text, size_t len)
{
    if (len > 0 && memchr(text, 0, len) != NULL) {
        key->bad = true;
        return;
    }
    gj_key_bytes(key, text, len);
}

void gj_key_text(struct gj_key *key, const char *text, size_t len)
{
    gj_key_text_begin(key, text, len);
    gj_key_u8(key, 0);
}

void gj_key_after(struct gj_key *key)
{
    gj_key_u8(key, 0);
}

bool gj_key_after_prefix(struct gj_key *key)
{
    while (key->len > 0 && key->bytes[key->len - 1] == 0xff) {
        key->len--;
    }
    if (key->len == 0) {
        return false;
    }
    key->bytes[key->len - 1]++;
    return true;
}

struct gj_key gj_key_of_u64(uint64_t id)
{
    struct gj_key key;
    gj_key_init(&key);
    gj_key_u64(&key, id);
    return key;
}

struct gj_key gj_key_of_name(const char *name)
{
    struct gj_key key;
    gj_key_init(&key);
    gj_key_bytes(&key, name, strlen(name));
    return key;
}

struct gj_key gj_key_of_bytes(const void *bytes, size_t len)
{
    struct gj_key key;
    gj_key_init(&key);
    gj_key_bytes(&key, bytes, len);
    return key;
}

struct gj_key_reader gj_key_read(const void *bytes, size_t len)
{
    return (struct gj_key_reader){.at = bytes, .left = len, .bad = false};
}

const uint8_t *gj_key_read_bytes(struct gj_key_reader *reader, size_t len)
{
    if (reader->bad || reader->left < len) {
        reader->bad = true;
        return NULL;
    }
    const uint8_t *at = reader->at;
    reader->at += len;
    reader->left -= len;
    return at;
}

static uint64_t read_number(struct gj_key_reader *reader, unsigned size)
{
    const uint8_t *at = gj_key_read_bytes(reader, size);
    uint64_t value = 0;
    for (unsigned i = 0; at != NULL && i < size; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

uint8_t gj_key_read_u8(struct gj_key_reader *reader)
{
    return (uint8_t)read_number(reader, 1);
}

uint16_t gj_key_read_u16(struct gj_key_reader *reader)
{
    return (uint16_t)read_number(reader, 2);
}

uint32_t gj_key_read_u32(struct gj_key_reader *reader)
{
    return (uint32_t)read_number(reader, 4);
}

uint64_t gj_key_read_u64(struct gj_key_reader *reader)
{
    return read_number(reader, 8);
}

int64_t gj_key_read_i64(struct gj_key_reader *reader)
{
    uint64_t turned = read_number(reader, 8);
    return reader->bad ? 0 : (int64_t)(turned ^ (UINT64_C(1) << 63));
}

const char *gj_key_read_text(struct gj_key_reader *reader, size_t *len)
{
    const uint8_t *end = reader->bad || reader->left == 0 ? NULL : memchr(reader->at, 0, reader->left);
    if (end == NULL) {
        reader->bad = true;
        *len = 0;
        return NULL;
    }
    *len = (size_t)(end - reader->at);
    return (const char *)gj_key_read_bytes(reader, *len + 1);
}

bool gj_key_read_done(const struct gj_key_reader *reader)
{
    return !reader->bad && reader->left == 0;
}
