#include "client/cli/nouns.h"
#include "client/cli/resolve.h"
#include "client/cli/show.h"
#include "common/id.h"
#include "common/invite.h"
#include "common/secret.h"
#include "proto/admin.pb-c.h"

#include <qrencode.h>
#include <string.h>

/* Token and secret are made here, so that no answer of the server ever carries one; what is printed is seen once. */

/* Two modules of the code per character cell, upper and lower half; a border of four modules, as readers want it. */
static void print_qr(FILE *out, const char *text)
{
    static const char *const halves[] = {"█", "▀", "▄", " "}; /* dark modules are blanks on a light border */
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
    if (code == NULL) {
        return; /* the text below says the same */
    }
    int width = code->width + 8;
    for (int row = 0; row < width; row += 2) {
        for (int column = 0; column < width; column++) {
            unsigned dark = 0;
            for (int half = 0; half < 2; half++) {
                int y = row + half - 4;
                int x = column - 4;
                bool inside = x >= 0 && y >= 0 && x < code->width && y < code->width;
                dark |= (inside && (code->data[y * code->width + x] & 1) != 0) ? (half == 0 ? 2u : 1u) : 0u;
            }
            fputs(halves[dark], out);
        }
        fputc('\n', out);
    }
    QRcode_free(code);
}

int run_invite(struct cli *cli)
{
    struct gj_invite invite;
    char text[GJ_INVITE_TEXT_SIZE];
    ProtobufCMessage *reply = NULL;
    Gj__V1__InviteRequest request = GJ__V1__INVITE_REQUEST__INIT;
    const char *office = cli_arg(cli, "office");
    int code = cli_client(cli);
    if (code != EXIT_OK) {
        return code;
    }
    request.office = cli->loaded.office;
    code = office == NULL ? EXIT_OK : resolve_office(cli, office, &request.office);
    if (code != EXIT_OK) {
        return code;
    }
    memcpy(invite.cluster_id, cli->loaded.cluster_id, sizeof invite.cluster_id);
    memcpy(invite.server_key, cli->loaded.server_key, sizeof invite.server_key);
    gj_id_random(invite.token_id, sizeof invite.token_id);
    gj_id_random(invite.secret, sizeof invite.secret);
    request.device_class = (char *)(uintptr_t)(cli_arg(cli, "class") != NULL ? cli_arg(cli, "class") : "desk");
    request.note = cli_arg(cli, "note") != NULL ? (char *)(uintptr_t)cli_arg(cli, "note") : request.note;
    request.token.data = invite.token_id;
    request.token.len = sizeof invite.token_id;
    request.secret.data = invite.secret;
    request.secret.len = sizeof invite.secret;
    code = cli_call(cli, GJ__V1__CALL__ADMIN_INVITE, &request.base, &gj__v1__written__descriptor, &reply);
    if (code == EXIT_OK) {
        gj_invite_format(&invite, text);
        if (cli->format != FORMAT_TABLE) {
            code = show_json(cli, json_pack("{s:s,s:s}", "invitation", text, "address", cli->loaded.address));
        } else {
            if (cli_arg(cli, "no-qr") == NULL) {
                print_qr(cli->out, text);
            }
            fprintf(cli->out, CLI_TEXT("%s\nvalid once, for 24 hours: guanjia enroll INVITATION --address %s\n"), text,
                cli->loaded.address);
        }
    }
    gj_secret_wipe(&invite, sizeof invite);
    gj_secret_wipe(text, sizeof text);
    return code;
}
