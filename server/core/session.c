#include "core/session.h"

#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "core/invitation.h"
#include "core/push.h"
#include "store/record.h"
#include "store/stored.pb-c.h"

/* Channels are found by their number for every reply that was not given at once. */
#define BUCKETS 4096

struct gj_sessions {
    struct gj_core *core;
    struct gj_txn *txn;
    uint64_t last_number;
    struct gj_sessions_figures figures;
    struct gj_peer *first;
    struct gj_peer *buckets[BUCKETS];
};

enum gj_err gj_sessions_new(struct gj_core *core, struct gj_sessions **out)
{
    struct gj_sessions *sessions = calloc(1, sizeof *sessions);

    if (sessions == NULL) {
        return GJ_ENOMEM;
    }
    enum gj_err err = gj_txn_begin_read(core->store, &sessions->txn);
    if (err != GJ_OK) {
        free(sessions);
        return err;
    }
    gj_txn_reset(sessions->txn);
    sessions->core = core;
    *out = sessions;
    return GJ_OK;
}

void gj_sessions_free(struct gj_sessions *sessions)
{
    if (sessions == NULL) {
        return;
    }
    gj_txn_abort(sessions->txn);
    free(sessions);
}

/* ---- handshakes ---- */

/* Room for an invitation or a device, which are small rows. */
#define ROW_ARENA_MAX 65536

static enum gj_err find_psk(struct gj_sessions *sessions, const uint8_t token[GJ_TOKEN_ID_SIZE], struct gj_arena *arena,
    uint8_t psk[GJ_NOISE_KEY_SIZE])
{
    Gj__Stored__Invitation *row = NULL;
    struct gj_key key = gj_key_of_bytes(token, GJ_TOKEN_ID_SIZE);

    if (!gj_record_load(
            sessions->txn, GJ_TABLE_INVITATION, &key, &gj__stored__invitation__descriptor, arena, (void **)&row)) {
        enum gj_err err = gj_txn_error(sessions->txn);
        return err != GJ_OK ? err : GJ_ENOTFOUND;
    }
    /* A used one still opens the door for its own device, whose reply may have been lost: enrolment compares the key.
     */
    if (row->expires_at <= gj_core_now(sessions->core)) {
        return GJ_ENOTFOUND;
    }
    return gj_invitation_open(sessions->core->invitation_key, token, row->secret.data, row->secret.len, psk);
}

enum gj_err gj_sessions_psk(
    struct gj_sessions *sessions, const uint8_t token[GJ_TOKEN_ID_SIZE], uint8_t psk[GJ_NOISE_KEY_SIZE])
{
    struct gj_arena arena;
    enum gj_err err = gj_txn_renew(sessions->txn);

    gj_arena_init(&arena, ROW_ARENA_MAX);
    if (err == GJ_OK) {
        err = find_psk(sessions, token, &arena, psk);
    }
    gj_arena_fini(&arena);
    gj_txn_reset(sessions->txn);
    return err;
}

static enum gj_err find_device(struct gj_sessions *sessions, const uint8_t public_key[GJ_NOISE_KEY_SIZE],
    struct gj_arena *arena, struct gj_peer *peer)
{
    Gj__Stored__Device *row = NULL;
    struct gj_key by_key = gj_key_of_bytes(public_key, GJ_NOISE_KEY_SIZE);
    struct gj_key by_id = gj_key_of_u64(gj_txn_get_u64(sessions->txn, GJ_TABLE_DEVICE_KEY, &by_key));

    if (!gj_record_load(
            sessions->txn, GJ_TABLE_DEVICE, &by_id, &gj__stored__device__descriptor, arena, (void **)&row)) {
        enum gj_err err = gj_txn_error(sessions->txn);
        return err != GJ_OK ? err : GJ_ENOTFOUND;
    }
    if (row->revoked_at != 0) {
        return GJ_EDENIED;
    }
    peer->device = row->id;
    peer->office = row->office;
    return GJ_OK;
}

enum gj_err gj_sessions_admit(struct gj_sessions *sessions, const uint8_t key[GJ_NOISE_KEY_SIZE], struct gj_peer *peer)
{
    struct gj_arena arena;
    enum gj_err err = gj_txn_renew(sessions->txn);

    gj_arena_init(&arena, ROW_ARENA_MAX);
    if (err == GJ_OK) {
        err = find_device(sessions, key, &arena, peer);
    }
    gj_arena_fini(&arena);
    gj_txn_reset(sessions->txn);
    return err;
}

/* ---- registry ---- */

void gj_sessions_add(struct gj_sessions *sessions, struct gj_peer *peer)
{
    peer->number = ++sessions->last_number;
    peer->prev = NULL;
    peer->next = sessions->first;
    if (peer->next != NULL) {
        peer->next->prev = peer;
    }
    sessions->first = peer;
    struct gj_peer **bucket = &sessions->buckets[peer->number % BUCKETS];
    peer->next_in_bucket = *bucket;
    *bucket = peer;
    sessions->figures.channels++;
}

void gj_sessions_remove(struct gj_sessions *sessions, struct gj_peer *peer)
{
    if (peer->number == 0) {
        return;
    }
    peer->closing = true;
    if (sessions->core->push != NULL) {
        gj_push_drop(sessions->core->push, peer, NULL);
    }
    sessions->figures.sessions -= peer->user != 0;
    for (struct gj_peer **at = &sessions->buckets[peer->number % BUCKETS]; *at != NULL; at = &(*at)->next_in_bucket) {
        if (*at == peer) {
            *at = peer->next_in_bucket;
            break;
        }
    }
    if (peer->prev != NULL) {
        peer->prev->next = peer->next;
    } else {
        sessions->first = peer->next;
    }
    if (peer->next != NULL) {
        peer->next->prev = peer->prev;
    }
    sessions->figures.channels--;
    peer->number = 0;
}

struct gj_peer *gj_sessions_peer(struct gj_sessions *sessions, uint64_t number)
{
    struct gj_peer *peer = number == 0 ? NULL : sessions->buckets[number % BUCKETS];

    while (peer != NULL && peer->number != number) {
        peer = peer->next_in_bucket;
    }
    return peer;
}

/* ---- sessions ---- */

void gj_sessions_unbind(struct gj_sessions *sessions, struct gj_peer *peer)
{
    if (peer->user == 0) {
        return;
    }
    if (sessions->core->push != NULL) {
        gj_push_drop(sessions->core->push, peer, "revoked");
    }
    peer->user = 0;
    peer->session = 0;
    peer->expires_at_ms = 0;
    peer->must_set_password = false;
    sessions->figures.sessions--;
}

void gj_sessions_bind(
    struct gj_sessions *sessions, struct gj_peer *peer, uint64_t session, uint64_t user, int64_t expires_at_ms)
{
    gj_sessions_unbind(sessions, peer);
    peer->session = session;
    peer->user = user;
    peer->expires_at_ms = expires_at_ms;
    sessions->figures.sessions++;
}

void gj_sessions_close_device(struct gj_sessions *sessions, uint64_t device)
{
    for (struct gj_peer *peer = sessions->first, *next; peer != NULL; peer = next) {
        next = peer->next;
        if (peer->device == device && !peer->closing) {
            peer->ops->close(peer, GJ_CLOSE_REVOKED);
        }
    }
}

void gj_sessions_end_user_but(struct gj_sessions *sessions, uint64_t user, const struct gj_peer *kept)
{
    for (struct gj_peer *peer = sessions->first; peer != NULL; peer = peer->next) {
        if (peer->user == user && peer != kept) {
            gj_sessions_unbind(sessions, peer);
        }
    }
}

void gj_sessions_end_user(struct gj_sessions *sessions, uint64_t user)
{
    gj_sessions_end_user_but(sessions, user, NULL);
}

bool gj_sessions_device_online(const struct gj_sessions *sessions, uint64_t device)
{
    for (const struct gj_peer *peer = sessions->first; peer != NULL; peer = peer->next) {
        if (peer->device == device) {
            return true;
        }
    }
    return false;
}

void gj_sessions_figures(const struct gj_sessions *sessions, struct gj_sessions_figures *out)
{
    *out = sessions->figures;
}
