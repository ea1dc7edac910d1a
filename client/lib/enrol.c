#include "client/include/guanjia.h"

#include "client/lib/link.h"
#include "client/lib/path.h"
#include "common/envelope.h"
#include "common/invite.h"
#include "common/keyfile.h"
#include "common/pb.h"
#include "proto/session.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sodium.h>

/* First contact: an XKpsk3 channel on which one call is made. */

#define ENROL_TIMEOUT_MS 30000u

struct enrol {
    uv_loop_t loop;
    uv_timer_t limit;
    struct link *link;
    const struct guanjia_enrolment *what;
    struct guanjia_profile *profile;
    struct guanjia_answer *answer;
    struct gj_arena arena;
    enum guanjia_err err;
    bool over;
    char code[65];
    char field[65];
};

static enum guanjia_err tell(struct guanjia_fault *fault, enum guanjia_err err, const char *text)
{
    if (fault != NULL && err != GUANJIA_OK) {
        fault->err = err;
        snprintf(fault->text, sizeof fault->text, "%s", text);
    }
    return err;
}

static void finish(struct enrol *enrol, enum guanjia_err err)
{
    if (enrol->over) {
        return;
    }
    enrol->over = true;
    enrol->err = err;
    if (enrol->link != NULL) {
        link_close(enrol->link, GJ_CLOSE_DONE);
        enrol->link = NULL;
    }
    uv_close((uv_handle_t *)&enrol->limit, NULL);
}

static void on_limit(uv_timer_t *timer)
{
    finish(timer->data, GUANJIA_ETIMEDOUT);
}

static void on_open(void *arg)
{
    struct enrol *enrol = arg;
    uint8_t packed[1024];
    Gj__V1__EnrolRequest body = GJ__V1__ENROL_REQUEST__INIT;
    Gj__V1__Request request = GJ__V1__REQUEST__INIT;
    Gj__V1__Envelope envelope = GJ__V1__ENVELOPE__INIT;
    body.device_name = (char *)(uintptr_t)enrol->what->device_name;
    body.user_name = enrol->what->user_name != NULL ? (char *)(uintptr_t)enrol->what->user_name : body.user_name;
    body.password = enrol->what->password != NULL ? (char *)(uintptr_t)enrol->what->password : body.password;
    if (gj__v1__enrol_request__get_packed_size(&body) > sizeof packed) {
        finish(enrol, GUANJIA_ETOOBIG);
        return;
    }
    request.id = 1;
    request.call = GJ__V1__CALL__SESSION_ENROL;
    request.body.data = packed;
    request.body.len = gj__v1__enrol_request__pack(&body, packed);
    envelope.body_case = GJ__V1__ENVELOPE__BODY_REQUEST;
    envelope.request = &request;
    bool sent = link_send(enrol->link, &envelope);
    sodium_memzero(packed, sizeof packed);
    if (!sent) {
        finish(enrol, GUANJIA_EIO);
    }
}

static void take_enrolled(struct enrol *enrol, const Gj__V1__Reply *reply)
{
    ProtobufCMessage *message = NULL;
    if (gj_pb_unpack(&gj__v1__enrolled__descriptor, &enrol->arena, reply->body.data, reply->body.len, &message) !=
        GJ_OK) {
        finish(enrol, GUANJIA_EINVAL);
        return;
    }
    const Gj__V1__Enrolled *said = (const Gj__V1__Enrolled *)message;
    enrol->profile->device = said->device;
    enrol->profile->office = said->office;
    snprintf(enrol->profile->device_class, sizeof enrol->profile->device_class, "%s", said->device_class);
    finish(enrol, GUANJIA_OK);
}

static void on_body(void *arg, const uint8_t *bytes, size_t len)
{
    struct enrol *enrol = arg;
    Gj__V1__Envelope *envelope = NULL;
    if (gj_envelope_decode(&enrol->arena, bytes, len, &envelope) != GJ_OK ||
        envelope->body_case != GJ__V1__ENVELOPE__BODY_REPLY || envelope->reply->id != 1) {
        return;
    }
    const Gj__V1__Reply *reply = envelope->reply;
    enrol->answer->status = (int)reply->status;
    enrol->answer->retry_after_ms = reply->retry_after_ms;
    if (reply->status == GJ__V1__STATUS__OK) {
        take_enrolled(enrol, reply);
        return;
    }
    if (reply->refusal != NULL) {
        snprintf(enrol->code, sizeof enrol->code, "%s", reply->refusal->code);
        snprintf(enrol->field, sizeof enrol->field, "%s", reply->refusal->field);
    }
    finish(enrol, GUANJIA_OK);
}

static void on_end(void *arg, enum guanjia_err err, bool told, uint16_t reason, bool opened)
{
    struct enrol *enrol = arg;
    (void)opened;
    enrol->link = NULL;
    if (told && (reason == GJ_CLOSE_INVITATION || reason == GJ_CLOSE_NOT_ENROLLED)) {
        err = GUANJIA_EINVITATION;
    } else if (told && reason == GJ_CLOSE_REVOKED) {
        err = GUANJIA_EREVOKED;
    }
    finish(enrol, err);
}

static void on_gone(void *arg)
{
    (void)arg; /* the loop ends when nothing is left on it */
}

static enum guanjia_err exchange(struct enrol *enrol, const struct gj_invite *invite, const struct gj_keypair *key)
{
    const struct link_owner owner = {on_open, on_body, on_end, on_gone, enrol};
    struct gj_channel_client self = {.pattern = GJ_NOISE_XKPSK3, .own = key, .name = "libguanjia " GJ_VERSION};
    memcpy(self.cluster_id, invite->cluster_id, sizeof self.cluster_id);
    memcpy(self.server_key, invite->server_key, sizeof self.server_key);
    memcpy(self.token_id, invite->token_id, sizeof self.token_id);
    memcpy(self.psk, invite->secret, sizeof self.psk);
    if (uv_loop_init(&enrol->loop) != 0) {
        return GUANJIA_ESYS;
    }
    uv_timer_init(&enrol->loop, &enrol->limit);
    enrol->limit.data = enrol;
    uv_timer_start(
        &enrol->limit, on_limit, enrol->what->timeout_ms != 0 ? enrol->what->timeout_ms : ENROL_TIMEOUT_MS, 0);
    enum guanjia_err err = link_dial(&enrol->loop, enrol->what->address, &self, &owner, &enrol->link);
    sodium_memzero(&self, sizeof self);
    if (err != GUANJIA_OK) {
        finish(enrol, err);
    }
    uv_run(&enrol->loop, UV_RUN_DEFAULT);
    uv_loop_close(&enrol->loop);
    return enrol->err;
}

/* The key is made once and kept: a second attempt after a lost reply must be the same device. */
static enum guanjia_err device_key(const char *dir, struct gj_keypair *key, struct gj_fault *fault)
{
    char path[1024];
    enum guanjia_err err = path_join(dir, "device.key", path, sizeof path);
    if (err == GUANJIA_OK) {
        err = path_make(dir);
    }
    if (err == GUANJIA_OK) {
        err = (enum guanjia_err)gj_keyfile_read_pair(path, "device", key, fault);
    }
    if (err == GUANJIA_ENOTFOUND) {
        gj_noise_keypair_new(key);
        err = (enum guanjia_err)gj_keyfile_write_pair(path, "device", key, fault);
    }
    return err;
}

static enum guanjia_err prepare(const char *dir, const struct guanjia_enrolment *what, struct gj_invite *invite,
    struct gj_keypair *key, struct guanjia_profile *out, struct guanjia_fault *fault)
{
    struct gj_fault inner = {0};
    enum guanjia_err err = guanjia_profile_load(dir, out, NULL);
    if (err != GUANJIA_ENOTFOUND) {
        return tell(fault, GUANJIA_EEXIST, "this profile is enrolled already");
    }
    if (gj_invite_parse(what->invitation, invite) != GJ_OK) {
        return tell(fault, GUANJIA_EINVAL, "the invitation is incomplete or damaged");
    }
    if (strlen(what->device_name) < 1 || strlen(what->device_name) > 64 || strchr(what->device_name, '\n') != NULL) {
        return tell(fault, GUANJIA_EINVAL, "the device's name has 1 to 64 bytes");
    }
    if (strlen(what->address) >= sizeof out->address || strlen(dir) >= sizeof out->dir || gj_noise_start() != GJ_OK) {
        return tell(fault, GUANJIA_EINVAL, "the address or the folder's path is too long");
    }
    err = device_key(dir, key, &inner);
    if (err != GUANJIA_OK) {
        return tell(fault, err, *inner.text != '\0' ? inner.text : gj_err_text((enum gj_err)err));
    }
    memset(out, 0, sizeof *out);
    snprintf(out->dir, sizeof out->dir, "%s", dir);
    snprintf(out->address, sizeof out->address, "%s", what->address);
    snprintf(out->device_name, sizeof out->device_name, "%s", what->device_name);
    memcpy(out->cluster_id, invite->cluster_id, sizeof out->cluster_id);
    memcpy(out->server_key, invite->server_key, sizeof out->server_key);
    return GUANJIA_OK;
}

enum guanjia_err guanjia_enrol(const char *dir, const struct guanjia_enrolment *enrolment, struct guanjia_profile *out,
    struct guanjia_answer *answer, struct guanjia_fault *fault)
{
    static struct guanjia_answer unused;
    struct gj_invite invite;
    struct gj_keypair key;
    /* The refusal's words outlive this call: code and field are given from here. */
    static _Thread_local struct enrol enrol;
    memset(&enrol, 0, sizeof enrol);
    enrol.what = enrolment;
    enrol.profile = out;
    enrol.answer = answer != NULL ? answer : &unused;
    memset(enrol.answer, 0, sizeof *enrol.answer);
    enrol.answer->code = enrol.code;
    enrol.answer->field = enrol.field;
    enum guanjia_err err = prepare(dir, enrolment, &invite, &key, out, fault);
    if (err == GUANJIA_OK) {
        gj_arena_init(&enrol.arena, 256 * 1024);
        err = exchange(&enrol, &invite, &key);
        gj_arena_fini(&enrol.arena);
        (void)tell(fault, err, guanjia_err_name(err));
    }
    if (err == GUANJIA_OK && enrol.answer->status == GUANJIA_S_OK) {
        err = guanjia_profile_save(out, fault);
    }
    enrol.answer->err = err;
    sodium_memzero(&key, sizeof key);
    sodium_memzero(&invite, sizeof invite);
    return err;
}
