/* Reaches what the command line takes apart: CSV rows, declared fields, values, texts with parameters. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "client/cli/csv.h"
#include "client/cli/fields.h"
#include "client/cli/texts.h"
#include "client/cli/value.h"
#include "proto/register.pb-c.h"

static void rows(const char *text, size_t len)
{
    char *fields[8];
    size_t count = 0;
    size_t lines = 0;
    while (len > 0) {
        size_t row = csv_row(text, len, &lines);
        require(row > 0 && row <= len && lines > 0);
        char *copy = malloc(row + 1);
        require(copy != NULL);
        memcpy(copy, text, row);
        copy[row] = '\0';
        if (csv_split(copy, row, fields, 8, &count)) {
            require(count >= 1 && count <= 8);
            for (size_t n = 0; n < count; n++) {
                require(fields[n] >= copy && fields[n] + strlen(fields[n]) <= copy + row);
            }
        }
        free(copy);
        text += row;
        len -= row;
    }
    require(csv_row(text, len, &lines) == 0);
}

static void values(const char *text)
{
    int64_t number = 0;
    uint64_t id = 0;
    bool mistyped = false;
    char shown[VALUE_TIME_SIZE];
    if (value_time(text, &number) && number >= 0) {
        int64_t again = 0;
        value_format_time(number, shown);
        require(value_time(shown, &again) && again == number);
    }
    require(!value_id(text, &id, &mistyped) || !mistyped);
    require(!value_priority(text, &number) || (number >= 0 && number <= 4));
    (void)value_scaled(text, 3, &number);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gj_arena arena;
    char filled[64];
    char *text = malloc(size + 1);
    require(text != NULL);
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    rows(text, size);
    values(text);
    const char *const params[] = {text};
    text_fill(text, text, params, 1, filled, sizeof filled);
    require(strlen(filled) < sizeof filled);
    gj_arena_init(&arena, 1 << 20);
    ProtobufCMessage *act = build_new(&arena, &gj__v1__act_request__descriptor);
    if (fields_add(&arena, build_place(&arena, act, "fields"), NULL, text)) {
        const Gj__V1__ActRequest *made = (const Gj__V1__ActRequest *)act;
        require(made->n_fields == 1 && *made->fields[0]->key != '\0');
        require(made->fields[0]->value_case != GJ__V1__FIELD__VALUE__NOT_SET);
    }
    gj_arena_fini(&arena);
    free(text);
    return 0;
}
