#include "crash/recording.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC UINT64_C(0x31434552574f5047)

static void *must(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

void recording_add(struct recording *recording, const struct record *record)
{
    if (recording->count == recording->room) {
        recording->room = recording->room == 0 ? 1024 : recording->room * 2;
        recording->records = must(realloc(recording->records, recording->room * sizeof *recording->records));
    }
    struct record *kept = &recording->records[recording->count++];
    *kept = *record;
    kept->bytes = must(malloc(record->len + 1));
    if (record->len > 0) {
        memcpy(kept->bytes, record->bytes, record->len);
    }
    bool makes = record->what == RECORD_MAKE_FILE || record->what == RECORD_MAKE_FOLDER;
    if (makes && record->node >= recording->nodes) {
        recording->nodes = record->node + 1;
    }
}

size_t recording_base(const struct recording *recording)
{
    size_t at = 0;
    while (at < recording->count && recording->records[at].what != RECORD_BASE) {
        at++;
    }
    return at < recording->count ? at + 1 : at;
}

bool recording_save(const struct recording *recording, const char *path)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        return false;
    }
    uint64_t head[2] = {MAGIC, recording->count};
    bool good = fwrite(head, sizeof head, 1, file) == 1;
    for (size_t i = 0; good && i < recording->count; i++) {
        const struct record *record = &recording->records[i];
        good = fwrite(record, sizeof *record, 1, file) == 1 &&
               (record->len == 0 || fwrite(record->bytes, record->len, 1, file) == 1);
    }
    return fclose(file) == 0 && good;
}

bool recording_load(struct recording *recording, const char *path)
{
    memset(recording, 0, sizeof *recording);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    uint64_t head[2] = {0, 0};
    bool good = fread(head, sizeof head, 1, file) == 1 && head[0] == MAGIC;
    for (uint64_t i = 0; good && i < head[1]; i++) {
        struct record record;
        good = fread(&record, sizeof record, 1, file) == 1;
        if (good) {
            record.bytes = must(malloc(record.len + 1));
            good = record.len == 0 || fread(record.bytes, record.len, 1, file) == 1;
            recording_add(recording, &record);
            free(record.bytes);
        }
    }
    (void)fclose(file);
    if (!good) {
        recording_free(recording);
    }
    return good;
}

void recording_free(struct recording *recording)
{
    for (size_t i = 0; i < recording->count; i++) {
        free(recording->records[i].bytes);
    }
    free(recording->records);
    memset(recording, 0, sizeof *recording);
}
