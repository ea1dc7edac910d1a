/* Enrolment, login, resuming, and what ends them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "common/id.h"
#include "lib/harness.h"
#include "proto/session.pb-c.h"

static struct harness harness;
static struct gj_keypair admin_device;
static struct wire admin;

static int open_all(void **state)
{
    (void)state;
    harness_open(&harness, false, NULL);
    harness_join(&harness, &harness.administrator, "admin", &admin_device, &admin);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    wire_close(&admin);
    harness_close(&harness);
    return 0;
}

static Gj__V1__Reply *call_empty(struct wire *wire, uint32_t call)
{
    Gj__V1__Empty empty = GJ__V1__EMPTY__INIT;

    return wire_call(wire, call, NULL, &empty.base);
}

static Gj__V1__Session *session_of(Gj__V1__Reply *reply)
{
    assert_non_null(reply);
    assert_int_equal(reply->status, GJ__V1__STATUS__OK);
    Gj__V1__Session *session = gj__v1__session__unpack(NULL, reply->body.len, reply->body.data);
    assert_non_null(session);
    gj__v1__reply__free_unpacked(reply, NULL);
    return session;
}

static void expect(Gj__V1__Reply *reply, Gj__V1__Status status, const char *code)
{
    assert_non_null(reply);
    assert_int_equal(reply->status, status);
    assert_non_null(reply->refusal);
    assert_string_equal(reply->refusal->code, code);
    gj__v1__reply__free_unpacked(reply, NULL);
}

static Gj__V1__Reply *login(struct wire *wire, const char *user, const char *password)
{
    Gj__V1__LoginRequest request = GJ__V1__LOGIN_REQUEST__INIT;

    request.user = (char *)user;
    request.password = (char *)password;
    return wire_call(wire, GJ__V1__CALL__SESSION_LOGIN, NULL, &request.base);
}

static void test_who_am_i(void **state)
{
    (void)state;
    Gj__V1__Session *session = session_of(call_empty(&admin, GJ__V1__CALL__SESSION_WHOAMI));
    assert_string_equal(session->name, "admin");
    assert_int_equal(session->n_grants, 1);
    assert_string_equal(session->grants[0]->role, "sysadmin");
    assert_int_equal(session->token.len, 0); /* told once, at login */
    gj__v1__session__free_unpacked(session, NULL);
}

static void test_wrong_password_and_unknown_user_look_alike(void **state)
{
    (void)state;
    expect(login(&admin, "admin", "not this one"), GJ__V1__STATUS__UNAUTHENTICATED, "login.wrong");
    expect(login(&admin, "nobody", "not this one"), GJ__V1__STATUS__UNAUTHENTICATED, "login.wrong");
    expect(login(&admin, "Bad Name", "not this one"), GJ__V1__STATUS__INVALID, "login.form");
    expect(login(&admin, "admin", "short"), GJ__V1__STATUS__INVALID, "password.length");
    /* A failed try does not end the session there is. */
    gj__v1__session__free_unpacked(session_of(call_empty(&admin, GJ__V1__CALL__SESSION_WHOAMI)), NULL);
}

static void test_resume_on_the_same_device_alone(void **state)
{
    Gj__V1__ResumeRequest request = GJ__V1__RESUME_REQUEST__INIT;
    struct gj_keypair other_device;
    struct wire other;
    struct wire again;

    (void)state;
    Gj__V1__Session *session = session_of(login(&admin, "admin", HARNESS_PASSWORD));
    assert_int_equal(session->token.len, 32);
    request.token = session->token;

    assert_int_equal(wire_open(&again, &harness, &admin_device), GJ_OK);
    expect(call_empty(&again, GJ__V1__CALL__SESSION_WHOAMI), GJ__V1__STATUS__UNAUTHENTICATED, "session.none");
    Gj__V1__Session *resumed = session_of(wire_call(&again, GJ__V1__CALL__SESSION_RESUME, NULL, &request.base));
    assert_int_equal(resumed->user, session->user);
    assert_int_equal(resumed->expires_at, session->expires_at);
    gj__v1__session__free_unpacked(resumed, NULL);

    harness_join(&harness, &harness.approver, "hq", &other_device, &other);
    expect(wire_call(&other, GJ__V1__CALL__SESSION_RESUME, NULL, &request.base), GJ__V1__STATUS__UNAUTHENTICATED,
        "session.ended");
    request.token.data[20] ^= 1;
    expect(wire_call(&again, GJ__V1__CALL__SESSION_RESUME, NULL, &request.base), GJ__V1__STATUS__UNAUTHENTICATED,
        "session.ended");
    request.token.data[20] ^= 1;
    request.token.len = 31;
    expect(wire_call(&again, GJ__V1__CALL__SESSION_RESUME, NULL, &request.base), GJ__V1__STATUS__UNAUTHENTICATED,
        "session.ended");
    request.token.len = 32;

    /* Logging out ends the session wherever it was resumed. */
    Gj__V1__Reply *reply = call_empty(&again, GJ__V1__CALL__SESSION_LOGOUT);
    assert_int_equal(reply->status, GJ__V1__STATUS__OK);
    gj__v1__reply__free_unpacked(reply, NULL);
    expect(call_empty(&again, GJ__V1__CALL__SESSION_WHOAMI), GJ__V1__STATUS__UNAUTHENTICATED, "session.none");
    expect(wire_call(&again, GJ__V1__CALL__SESSION_RESUME, NULL, &request.base), GJ__V1__STATUS__UNAUTHENTICATED,
        "session.ended");
    gj__v1__session__free_unpacked(session, NULL);
    wire_close(&again);
    wire_close(&other);
}

static void test_an_invitation_is_for_one_device(void **state)
{
    struct gj_keypair thief;
    struct wire wire;
    Gj__V1__EnrolRequest request = GJ__V1__ENROL_REQUEST__INIT;

    (void)state;
    request.device_name = (char *)"thief";
    request.user_name = (char *)"thief";
    request.password = (char *)HARNESS_PASSWORD;
    gj_noise_keypair_new(&thief);
    assert_int_equal(wire_open_invited(&wire, &harness, &thief, &harness.administrator), GJ_OK);
    expect(
        wire_call(&wire, GJ__V1__CALL__SESSION_ENROL, NULL, &request.base), GJ__V1__STATUS__REFUSED, "invitation.used");
    /* And nothing else is to be had on such a channel. */
    expect(login(&wire, "admin", HARNESS_PASSWORD), GJ__V1__STATUS__UNAUTHENTICATED, "channel.wrong_kind");
    wire_close(&wire);

    /* The device it made gets its answer again. */
    assert_int_equal(wire_open_invited(&wire, &harness, &admin_device, &harness.administrator), GJ_OK);
    Gj__V1__Reply *reply = wire_call(&wire, GJ__V1__CALL__SESSION_ENROL, NULL, &request.base);
    assert_int_equal(reply->status, GJ__V1__STATUS__OK);
    Gj__V1__Enrolled *enrolled = gj__v1__enrolled__unpack(NULL, reply->body.len, reply->body.data);
    assert_int_equal(enrolled->device, 1);
    assert_int_equal(enrolled->user, 1);
    gj__v1__enrolled__free_unpacked(enrolled, NULL);
    gj__v1__reply__free_unpacked(reply, NULL);
    wire_close(&wire);
}

static void test_strangers_do_not_come_in(void **state)
{
    struct gj_keypair stranger;
    struct gj_invite forged = harness.administrator;
    struct wire wire;

    (void)state;
    gj_noise_keypair_new(&stranger);
    assert_int_equal(wire_open(&wire, &harness, &stranger), GJ_OK); /* a client is done after its third message */
    assert_null(call_empty(&wire, GJ__V1__CALL__SESSION_WHOAMI));
    assert_int_equal(wire.closed_with, GJ_CLOSE_NOT_ENROLLED);
    wire_close(&wire);

    gj_id_random(forged.token_id, sizeof forged.token_id);
    assert_int_equal(wire_open_invited(&wire, &harness, &stranger, &forged), GJ_EDENIED);
    assert_int_equal(wire.closed_with, GJ_CLOSE_INVITATION);
    wire_close(&wire);

    forged = harness.administrator;
    forged.secret[0] ^= 1;
    if (wire_open_invited(&wire, &harness, &stranger, &forged) == GJ_OK) {
        assert_null(call_empty(&wire, GJ__V1__CALL__SESSION_WHOAMI));
    }
    wire_close(&wire);
}

static void test_a_new_password_ends_the_others(void **state)
{
    Gj__V1__SetPasswordRequest request = GJ__V1__SET_PASSWORD_REQUEST__INIT;
    struct wire second;
    uint8_t key[16];
    struct gj_request_key fresh;

    (void)state;
    gj__v1__session__free_unpacked(session_of(login(&admin, "admin", HARNESS_PASSWORD)), NULL);
    assert_int_equal(wire_open(&second, &harness, &admin_device), GJ_OK);
    gj__v1__session__free_unpacked(session_of(login(&second, "admin", HARNESS_PASSWORD)), NULL);
    gj_id_request_key(&fresh, (int64_t)time(NULL) * 1000);
    memcpy(key, fresh.bytes, sizeof key);
    request.old_password = (char *)"wrong password";
    request.new_password = (char *)"another password";
    expect(wire_call(&admin, GJ__V1__CALL__SESSION_SET_PASSWORD, NULL, &request.base), GJ__V1__STATUS__REFUSED,
        "password.wrong");
    request.old_password = (char *)HARNESS_PASSWORD;
    request.new_password = (char *)"short";
    expect(wire_call(&admin, GJ__V1__CALL__SESSION_SET_PASSWORD, NULL, &request.base), GJ__V1__STATUS__INVALID,
        "password.length");
    request.new_password = (char *)"another password";
    Gj__V1__Reply *reply = wire_call(&admin, GJ__V1__CALL__SESSION_SET_PASSWORD, key, &request.base);
    assert_int_equal(reply->status, GJ__V1__STATUS__OK);
    gj__v1__reply__free_unpacked(reply, NULL);

    gj__v1__session__free_unpacked(session_of(call_empty(&admin, GJ__V1__CALL__SESSION_WHOAMI)), NULL);
    expect(call_empty(&second, GJ__V1__CALL__SESSION_WHOAMI), GJ__V1__STATUS__UNAUTHENTICATED, "session.none");
    expect(login(&second, "admin", HARNESS_PASSWORD), GJ__V1__STATUS__UNAUTHENTICATED, "login.wrong");
    gj__v1__session__free_unpacked(session_of(login(&second, "admin", "another password")), NULL);
    wire_close(&second);
}

/* Last of its group: the daemon is stopped and started. */
static void test_the_daemon_says_goodbye(void **state)
{
    (void)state;
    int status = harness_stop(&harness, SIGTERM);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_null(wire_receive(&admin, 5000));
    assert_int_equal(admin.closed_with, GJ_CLOSE_SHUTDOWN);
    wire_close(&admin);
    harness_start(&harness, NULL);
    assert_int_equal(wire_open(&admin, &harness, &admin_device), GJ_OK);
    gj__v1__session__free_unpacked(session_of(login(&admin, "admin", "another password")), NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_am_i),
        cmocka_unit_test(test_wrong_password_and_unknown_user_look_alike),
        cmocka_unit_test(test_resume_on_the_same_device_alone),
        cmocka_unit_test(test_an_invitation_is_for_one_device),
        cmocka_unit_test(test_strangers_do_not_come_in),
        cmocka_unit_test(test_a_new_password_ends_the_others),
        cmocka_unit_test(test_the_daemon_says_goodbye),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
