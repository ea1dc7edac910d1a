#include "journal.h"

#include <inttypes.h>
#include <stdlib.h>

void journal_open(struct journal *journal, const char *path)
{
    *journal = (struct journal){.file = fopen(path, "w")};
    if (journal->file == NULL) {
        perror(path);
        exit(2);
    }
}

static void put_key(FILE *file, char kind, const uint8_t key[16])
{
    fputc(kind, file);
    fputc(' ', file);
    for (size_t i = 0; i < 16; i++)
        fprintf(file, "%02x", key[i]);
}

void journal_sent(struct journal *journal, const uint8_t key[16], uint32_t call, unsigned channel, unsigned lane)
{
    put_key(journal->file, 'S', key);
    fprintf(journal->file, " %" PRIu32 " %u %u\n", call, channel, lane);
    journal->sent++;
}

void journal_again(struct journal *journal, const uint8_t key[16])
{
    put_key(journal->file, 'R', key);
    fputc('\n', journal->file);
    journal->again++;
}

void journal_answer(struct journal *journal, const uint8_t key[16], int status, uint64_t event, uint64_t id,
    uint32_t revision, const char *word)
{
    put_key(journal->file, 'A', key);
    fprintf(journal->file, " %d %" PRIu64 " %" PRIu64 " %" PRIu32 " %s\n", status, event, id, revision,
        word[0] != '\0' ? word : "-");
    journal->answered++;
}

void journal_close(struct journal *journal)
{
    if (fclose(journal->file) != 0) {
        perror("journal");
        exit(2);
    }
}
