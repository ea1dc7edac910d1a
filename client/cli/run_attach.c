#include "client/cli/files.h"
#include "client/cli/nouns.h"
#include "client/cli/resolve.h"
#include "client/cli/show.h"
#include "common/id.h"
#include "proto/register.pb-c.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Attachments travel in chunks of a size that the server says. */

#define ATTACHMENT_MAX (64u * 1024 * 1024)
#define CHUNK_MAX (60u * 1024)

static const char *media_type(struct cli *cli, const char *file)
{
    static const struct {
        const char *ending;
        const char *type;
    } types[] = {{".jpg", "image/jpeg"}, {".jpeg", "image/jpeg"}, {".png", "image/png"}, {".pdf", "application/pdf"},
        {".m4a", "audio/mp4"}, {".mp3", "audio/mpeg"}, {".wav", "audio/wav"}, {".txt", "text/plain"}};
    const char *given = cli_arg(cli, "media-type");
    const char *point = strrchr(file, '.');
    for (size_t n = 0; given == NULL && point != NULL && n < sizeof types / sizeof types[0]; n++) {
        given = strcasecmp(point, types[n].ending) == 0 ? types[n].type : NULL;
    }
    return given != NULL ? given : "application/octet-stream";
}

static int send_chunks(struct cli *cli, const Gj__V1__AttachmentBegun *begun, const uint8_t *bytes, size_t len)
{
    size_t size = begun->chunk_bytes == 0 || begun->chunk_bytes > CHUNK_MAX ? CHUNK_MAX : begun->chunk_bytes;
    int code = EXIT_OK;
    uint32_t number = 0;
    for (size_t at = 0; at < len && code == EXIT_OK; at += size) {
        ProtobufCMessage *reply = NULL;
        Gj__V1__AttachmentChunkRequest chunk = GJ__V1__ATTACHMENT_CHUNK_REQUEST__INIT;
        chunk.upload = begun->upload;
        chunk.chunk = number++;
        chunk.data.data = (uint8_t *)(uintptr_t)(bytes + at);
        chunk.data.len = len - at < size ? len - at : size;
        code = cli_call(cli, GJ__V1__CALL__ATTACHMENT_CHUNK, &chunk.base, &gj__v1__empty__descriptor, &reply);
    }
    return code;
}

/* The office is the record's: an attachment is sealed under the key of what it belongs to. */
static int subject_of(struct cli *cli, uint64_t record, Gj__V1__AttachmentBeginRequest *begin)
{
    ProtobufCMessage *reply = NULL;
    Gj__V1__ShowRequest show = GJ__V1__SHOW_REQUEST__INIT;
    show.id = record;
    int code = cli_call(cli, GJ__V1__CALL__RECORD_SHOW, &show.base, &gj__v1__shown__descriptor, &reply);
    if (code == EXIT_OK && ((const Gj__V1__Shown *)reply)->record != NULL) {
        begin->subject = ((const Gj__V1__Shown *)reply)->record->household;
        begin->office = ((const Gj__V1__Shown *)reply)->record->office;
    }
    return code;
}

int run_attach(struct cli *cli)
{
    const uint8_t *bytes = NULL;
    size_t len = 0;
    uint64_t record = 0;
    ProtobufCMessage *reply = NULL;
    Gj__V1__AttachmentBeginRequest begin = GJ__V1__ATTACHMENT_BEGIN_REQUEST__INIT;
    Gj__V1__AttachmentCommitRequest commit = GJ__V1__ATTACHMENT_COMMIT_REQUEST__INIT;
    const char *file = cli_arg(cli, "FILE");
    const char *slash = strrchr(file, '/');
    int code = files_read(cli, file, ATTACHMENT_MAX, &bytes, &len);
    code = code == EXIT_OK ? resolve_record(cli, cli_arg(cli, "ID"), &record) : code;
    code = code == EXIT_OK ? subject_of(cli, record, &begin) : code;
    if (code != EXIT_OK) {
        return code;
    }
    begin.media_type = (char *)(uintptr_t)media_type(cli, file);
    begin.size = len;
    begin.in_home = cli_arg(cli, "in-home") != NULL;
    code = cli_call(cli, GJ__V1__CALL__ATTACHMENT_BEGIN, &begin.base, &gj__v1__attachment_begun__descriptor, &reply);
    if (code != EXIT_OK) {
        return code;
    }
    const Gj__V1__AttachmentBegun *begun = (const Gj__V1__AttachmentBegun *)reply;
    code = send_chunks(cli, begun, bytes, len);
    if (code != EXIT_OK) {
        return code;
    }
    commit.upload = begun->upload;
    commit.record = record;
    commit.name = (char *)(uintptr_t)(slash == NULL ? file : slash + 1);
    code =
        cli_call(cli, GJ__V1__CALL__ATTACHMENT_COMMIT, &commit.base, &gj__v1__attachment_committed__descriptor, &reply);
    return code == EXIT_OK ? show_message(cli, reply, NULL) : code;
}

int run_fetch(struct cli *cli)
{
    uint8_t address[64];
    ProtobufCMessage *reply = NULL;
    Gj__V1__AttachmentReadRequest ask = GJ__V1__ATTACHMENT_READ_REQUEST__INIT;
    const char *hex = cli_arg(cli, "ADDRESS");
    const char *to = cli_arg(cli, "to");
    size_t len = strlen(hex) / 2;
    if (len > sizeof address || gj_id_unhex(hex, strlen(hex), address, len) != GJ_OK) {
        return cli_fail(cli, EXIT_USAGE, CLI_TEXT("%s is not the address of an attachment"), hex);
    }
    int code = resolve_record(cli, cli_arg(cli, "ID"), &ask.record);
    FILE *out = code != EXIT_OK ? NULL : strcmp(to, "-") == 0 ? cli->out : fopen(to, "wex");
    if (out == NULL) {
        return code == EXIT_OK ? cli_fail(cli, EXIT_LOCAL, "%s: %s", to, strerror(errno)) : code;
    }
    ask.address.data = address;
    ask.address.len = len;
    ask.purpose = cli_arg(cli, "purpose") != NULL ? (char *)(uintptr_t)cli_arg(cli, "purpose") : ask.purpose;
    uint32_t chunks = 1;
    for (ask.chunk = 0; ask.chunk < chunks && code == EXIT_OK; ask.chunk++) {
        code = cli_call(cli, GJ__V1__CALL__ATTACHMENT_READ, &ask.base, &gj__v1__attachment_data__descriptor, &reply);
        if (code == EXIT_OK) {
            const Gj__V1__AttachmentData *data = (const Gj__V1__AttachmentData *)reply;
            chunks = data->chunks;
            code = fwrite(data->data.data, 1, data->data.len, out) == data->data.len
                       ? EXIT_OK
                       : cli_fail(cli, EXIT_LOCAL, "%s: %s", to, strerror(errno));
        }
    }
    if (out == cli->out) {
        return code;
    }
    if (fclose(out) != 0 && code == EXIT_OK) {
        code = cli_fail(cli, EXIT_LOCAL, "%s: %s", to, strerror(errno));
    }
    if (code != EXIT_OK) {
        (void)unlink(to); /* half a picture, or none, must not stand in the way of the next try */
    }
    return code;
}
