#include "client/lib/client_internal.h"

#include "common/pb.h"
#include "proto/session.pb-c.h"

#include <stdio.h>
#include <string.h>
#include <sodium.h>

/* The session on a channel: resumed with the kept token as soon as the channel is open, taken from the answer of a
 * login, dropped when the server says that it has ended. */

#define SESSION_ARENA_MAX (64u * 1024)

static void forget(guanjia_client *client)
{
    sodium_memzero(&client->session, sizeof client->session);
    if (client->keeps_session) {
        (void)session_file_remove(client->profile.dir); /* a dead token is harmless if it stays */
    }
}

/* What the server says of its keys inside the channel, which was opened with one that is pinned, is what is pinned from
 * now on. Another program may have changed the rest of the profile meanwhile: it is read anew. */
static void pin(guanjia_client *client, const Gj__V1__Session *session)
{
    struct guanjia_profile *own = &client->profile;
    struct guanjia_profile disk;
    uint8_t successor[GJ_NOISE_KEY_SIZE] = {0};

    if (session->server_key.len != sizeof own->server_key ||
        (session->successor_key.len != 0 && session->successor_key.len != sizeof successor)) {
        return; /* a server that does not know of successors */
    }
    if (session->successor_key.len != 0) {
        memcpy(successor, session->successor_key.data, sizeof successor);
    }
    if (memcmp(own->server_key, session->server_key.data, sizeof own->server_key) == 0 &&
        memcmp(own->successor_key, successor, sizeof successor) == 0) {
        return;
    }
    memcpy(own->server_key, session->server_key.data, sizeof own->server_key);
    memcpy(own->successor_key, successor, sizeof successor);
    client->successor = false;
    if (client->keeps_session && guanjia_profile_load(own->dir, &disk, NULL) == GUANJIA_OK) {
        memcpy(disk.server_key, own->server_key, sizeof disk.server_key);
        memcpy(disk.successor_key, own->successor_key, sizeof disk.successor_key);
        (void)guanjia_profile_save(&disk, NULL); /* unsaved, it is told again with the next session */
    }
}

static bool take(guanjia_client *client, const struct guanjia_answer *answer, bool save)
{
    struct gj_arena arena;
    ProtobufCMessage *message = NULL;
    bool taken = false;
    gj_arena_init(&arena, SESSION_ARENA_MAX);
    if (gj_pb_unpack(&gj__v1__session__descriptor, &arena, answer->body, answer->body_len, &message) == GJ_OK) {
        const Gj__V1__Session *session = (const Gj__V1__Session *)message;
        struct session_file *kept = &client->session;
        kept->user = session->user;
        kept->expires_at = session->expires_at;
        snprintf(kept->name, sizeof kept->name, "%s", session->name);
        if (session->token.len == sizeof kept->token) {
            memcpy(kept->token, session->token.data, sizeof kept->token);
        }
        if (save && client->keeps_session) {
            (void)session_file_write(client->profile.dir, kept); /* unsaved, it lives as long as this program */
        }
        pin(client, session);
        taken = kept->user != 0;
    }
    gj_arena_fini(&arena);
    return taken;
}

static void on_resumed(void *arg, const struct guanjia_answer *answer)
{
    guanjia_client *client = arg;
    if (answer->err == GUANJIA_ETIMEDOUT) {
        client_hang_up(client, answer->err, false);
        return;
    }
    if (answer->err != GUANJIA_OK) {
        return; /* closing */
    }
    if (answer->status == GUANJIA_S_OK) {
        (void)take(client, answer, false);
    } else if (answer->status == GUANJIA_S_UNAUTHENTICATED || answer->status == GUANJIA_S_DENIED) {
        forget(client);
    }
    client_session_known(client);
}

void session_begin(guanjia_client *client)
{
    uint8_t packed[64];
    Gj__V1__ResumeRequest resume = GJ__V1__RESUME_REQUEST__INIT;
    if (client->session.user == 0) {
        client_session_known(client);
        return;
    }
    resume.token.data = client->session.token;
    resume.token.len = sizeof client->session.token;
    const struct guanjia_call call = {
        .number = GJ__V1__CALL__SESSION_RESUME,
        .body = packed,
        .body_len = gj__v1__resume_request__pack(&resume, packed),
        .timeout_ms = client->opt.connect_ms,
        .on_answer = on_resumed,
        .arg = client,
    };
    client->resuming = true;
    if (guanjia_call_start(client, &call, NULL) != GUANJIA_OK) {
        client_session_known(client);
    }
    sodium_memzero(packed, sizeof packed);
}

/* Sees every answer before its owner does. */
void session_on_answer(guanjia_client *client, uint32_t call, const struct guanjia_answer *answer)
{
    if (answer->err != GUANJIA_OK) {
        return;
    }
    /* A caller that keeps its tokens itself resumes by a call of its own. */
    bool own_resume = call == GJ__V1__CALL__SESSION_RESUME && !client->resuming;
    if ((call == GJ__V1__CALL__SESSION_LOGIN || own_resume) && answer->status == GUANJIA_S_OK) {
        if (take(client, answer, true) && client->open) {
            subscription_on_cut(client); /* those of the former user ended with his session */
            client_session_known(client);
        }
    } else if (call == GJ__V1__CALL__SESSION_LOGOUT && answer->status == GUANJIA_S_OK) {
        forget(client);
        client_set_state(client, GUANJIA_ONLINE, GUANJIA_OK, 0);
    } else if (call != GJ__V1__CALL__SESSION_LOGIN && call != GJ__V1__CALL__SESSION_RESUME &&
               answer->status == GUANJIA_S_UNAUTHENTICATED && client->session.user != 0) {
        forget(client);
        client_set_state(client, GUANJIA_ONLINE, GUANJIA_OK, 0);
    }
}
