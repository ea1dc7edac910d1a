/* Reaches the reader of journal records, the commands in them, and the marks of checkpoints: bytes that a failing disk
 * or a power cut may have left. The checksum of each is made right first, or nothing would come past it. */
#include "tests/fuzz/fuzz.h"

#include <sodium.h>
#include <string.h>

#include "core/log.h"
#include "store/checkpoint_file.h"
#include "store/journal.h"

static const uint8_t key[GJ_JOURNAL_KEY_SIZE];

/* What was sealed is read as it was, and its commands are whole or refused. */
static void seal_and_take(const uint8_t *data, size_t size)
{
    struct gj_journal_record head = {.type = GJ_JOURNAL_GROUP, .sequence = size, .commands = 1}, found;
    struct gj_buf record;
    struct gj_cursor cur;
    struct gj_command command;
    enum gj_err err = GJ_OK;
    size_t blocks = 0;
    gj_buf_init(&record, size + 2 * GJ_JOURNAL_BLOCK);
    require(gj_journal_begin(&record) == GJ_OK && gj_buf_append(&record, data, size) == GJ_OK);
    require(gj_journal_seal(key, &head, &record) == GJ_OK);
    require(gj_journal_parse(key, gj_buf_bytes(&record), record.len, &found, &blocks) == GJ_OK);
    require(found.sequence == size && found.len == size && blocks == record.len);
    gj_cursor_init(&cur, found.payload, found.len);
    while (gj_log_take(&cur, &command, &err)) {
        require(command.body_len <= size);
    }
    require(err == GJ_OK || err == GJ_ECORRUPT);
    gj_buf_fini(&record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gj_journal_record record;
    struct gj_checkpoint_mark mark;
    size_t blocks = 0;
    if (gj_journal_parse(key, data, size, &record, &blocks) == GJ_OK) {
        require(record.len <= size && record.payload + record.len <= data + size);
    }
    if (gj_checkpoint_file_parse(data, size, &mark) == GJ_OK) {
        require(mark.metas + 2 * (size_t)mark.page_size <= data + size);
    }
    seal_and_take(data, size);
    return 0;
}
