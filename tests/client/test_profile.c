/* client/lib/profile.c, session_file.c, enrol.c, path.c and link.c's addresses. */
#include "client/fake_server.h"
#include "client/lib/link.h"
#include "client/lib/session_file.h"
#include "common/id.h"
#include "common/invite.h"
#include "proto/session.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_addresses(void **state)
{
    (void)state;
    static const char *const good[][3] = {{"127.0.0.1:7890", "127.0.0.1", "7890"}, {"[::1]:1", "::1", "1"},
        {"desk.example:65535", "desk.example", "65535"}};
    static const char *const bad[] = {
        "", ":", "host", "host:", ":1", "host:0", "host:65536", "host:1x", "::1:80", "[::1:80", "host:-1"};
    char host[256];
    char port[6];
    for (size_t n = 0; n < sizeof good / sizeof good[0]; n++) {
        assert_int_equal(link_split_address(good[n][0], host, port), GUANJIA_OK);
        assert_string_equal(host, good[n][1]);
        assert_string_equal(port, good[n][2]);
    }
    for (size_t n = 0; n < sizeof bad / sizeof bad[0]; n++) {
        assert_int_equal(link_split_address(bad[n], host, port), GUANJIA_EINVAL);
    }
}

static void test_a_profile_survives_its_file(void **state)
{
    (void)state;
    struct fake_server server = {0};
    struct guanjia_profile made;
    struct guanjia_profile read;
    struct guanjia_fault fault = {0};
    char dir[64];
    char path[128];
    fake_profile(&server, dir, &made);
    snprintf(made.device_name, sizeof made.device_name, "前台 2 号");
    memset(made.successor_key, 7, 32);
    assert_int_equal(guanjia_profile_save(&made, &fault), GUANJIA_OK);
    assert_int_equal(guanjia_profile_load(dir, &read, &fault), GUANJIA_OK);
    assert_memory_equal(&made, &read, sizeof made);
    snprintf(path, sizeof path, "%s/profile.conf", dir);
    /* A file that others may read is refused, one with an unknown word names it. */
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(guanjia_profile_load(dir, &read, &fault), GUANJIA_EDENIED);
    assert_int_equal(chmod(path, 0600), 0);
    FILE *more = fopen(path, "a");
    fputs("colour = red\n", more);
    fclose(more);
    assert_int_equal(guanjia_profile_load(dir, &read, &fault), GUANJIA_EINVAL);
    assert_non_null(strstr(fault.text, "colour"));
    fake_remove(dir);
    assert_int_equal(guanjia_profile_load(dir, &read, &fault), GUANJIA_ENOTFOUND);
}

static void test_folders_of_profiles(void **state)
{
    (void)state;
    char dir[64];
    setenv("GUANJIA_HOME", "/somewhere", 1);
    assert_int_equal(guanjia_profile_dir("desk", dir, sizeof dir), GUANJIA_OK);
    assert_string_equal(dir, "/somewhere/desk");
    assert_int_equal(guanjia_profile_dir("../desk", dir, sizeof dir), GUANJIA_EINVAL);
    assert_int_equal(guanjia_profile_dir("", dir, sizeof dir), GUANJIA_EINVAL);
    assert_int_equal(guanjia_profile_dir("desk", dir, 10), GUANJIA_EINVAL);
    unsetenv("GUANJIA_HOME");
    setenv("XDG_CONFIG_HOME", "/conf", 1);
    assert_int_equal(guanjia_profile_dir("desk", dir, sizeof dir), GUANJIA_OK);
    assert_string_equal(dir, "/conf/guanjia/desk");
    unsetenv("XDG_CONFIG_HOME");
    setenv("HOME", "/people/wang", 1);
    assert_int_equal(guanjia_profile_dir("desk", dir, sizeof dir), GUANJIA_OK);
    assert_string_equal(dir, "/people/wang/.config/guanjia/desk");
    unsetenv("HOME");
    assert_int_equal(guanjia_profile_dir("desk", dir, sizeof dir), GUANJIA_ENOTFOUND);
}

static void test_a_session_file_is_private_and_checked(void **state)
{
    (void)state;
    struct fake_server server = {0};
    struct guanjia_profile profile;
    struct session_file session = {.user = 9, .expires_at = 12345, .name = "two\nlines = 1"};
    struct session_file read;
    struct stat st;
    char dir[64];
    char path[128];
    fake_profile(&server, dir, &profile);
    assert_int_equal(session_file_read(dir, &read), GUANJIA_ENOTFOUND);
    memset(session.token, 0xab, sizeof session.token);
    assert_int_equal(session_file_write(dir, &session), GUANJIA_OK);
    snprintf(path, sizeof path, "%s/session", dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(session_file_read(dir, &read), GUANJIA_OK);
    assert_int_equal(read.user, 9);
    assert_string_equal(read.name, "two lines = 1");
    assert_memory_equal(read.token, session.token, 32);
    FILE *out = fopen(path, "w");
    fputs("user = 9\ntoken = zz\n", out);
    fclose(out);
    assert_int_equal(session_file_read(dir, &read), GUANJIA_ECORRUPT);
    assert_int_equal(session_file_remove(dir), GUANJIA_OK);
    assert_int_equal(session_file_remove(dir), GUANJIA_OK);
    fake_remove(dir);
}

/* ---- enrolment: the server runs on a thread of its own, because enrolling blocks ----------------------------------
 */

struct host {
    uv_loop_t loop;
    uv_thread_t thread;
    uv_async_t stop;
    struct fake_server server;
    unsigned swallow;
    int status;
};

static void on_request(void *arg, struct fake_peer *peer, const Gj__V1__Request *request)
{
    struct host *host = arg;
    uint8_t packed[128];
    Gj__V1__Enrolled said = GJ__V1__ENROLLED__INIT;
    if (host->swallow > 0) {
        host->swallow--;
        fake_server_cut(&host->server);
        return;
    }
    if (host->status != GUANJIA_S_OK) {
        fake_refuse(peer, request->id, host->status, "user.taken", "user_name", 0);
        return;
    }
    said.device = 41;
    said.office = 4;
    said.device_class = (char *)(uintptr_t) "desk";
    fake_reply(peer, request->id, GUANJIA_S_OK, packed, gj__v1__enrolled__pack(&said, packed));
}

static void on_stop(uv_async_t *async)
{
    struct host *host = async->data;
    fake_server_cut(&host->server);
    fake_server_stop_listening(&host->server);
    uv_close((uv_handle_t *)async, NULL);
}

static void run_host(void *arg)
{
    uv_run(&((struct host *)arg)->loop, UV_RUN_DEFAULT);
}

static void start_host(struct host *host, struct gj_invite *invite, char text[GJ_INVITE_TEXT_SIZE], char address[32])
{
    memset(host, 0, sizeof *host);
    uv_loop_init(&host->loop);
    host->server.on_request = on_request;
    host->server.arg = host;
    fake_server_start(&host->server, &host->loop);
    uv_async_init(&host->loop, &host->stop, on_stop);
    host->stop.data = host;
    memcpy(invite->cluster_id, host->server.side.cluster_id, sizeof invite->cluster_id);
    memcpy(invite->server_key, host->server.key.public_key, sizeof invite->server_key);
    gj_id_random(invite->token_id, sizeof invite->token_id);
    gj_id_random(invite->secret, sizeof invite->secret);
    memcpy(host->server.psk, invite->secret, sizeof host->server.psk);
    gj_invite_format(invite, text);
    snprintf(address, 32, "127.0.0.1:%d", host->server.port);
}

static void stop_host(struct host *host)
{
    uv_async_send(&host->stop);
    uv_thread_join(&host->thread);
    assert_int_equal(uv_loop_close(&host->loop), 0);
}

static void test_enrolment_survives_a_lost_answer(void **state)
{
    (void)state;
    struct host host;
    struct gj_invite invite;
    char text[GJ_INVITE_TEXT_SIZE];
    char address[32];
    char base[] = "/tmp/gj_enrol_XXXXXX";
    char dir[64];
    uint8_t first_key[32];
    struct guanjia_profile profile;
    struct guanjia_answer answer;
    struct guanjia_fault fault = {0};
    start_host(&host, &invite, text, address);
    host.swallow = 1;
    uv_thread_create(&host.thread, run_host, &host);
    assert_non_null(mkdtemp(base));
    snprintf(dir, sizeof dir, "%s/deep/profile", base);
    const struct guanjia_enrolment what = {
        .invitation = text, .address = address, .device_name = "front desk 2", .timeout_ms = 5000};
    assert_int_equal(guanjia_enrol(dir, &what, &profile, &answer, &fault), GUANJIA_ECLOSED);
    memcpy(first_key, host.server.enrolled_key, 32);
    assert_int_equal(guanjia_enrol(dir, &what, &profile, &answer, &fault), GUANJIA_OK);
    assert_memory_equal(host.server.enrolled_key, first_key, 32);
    assert_int_equal(profile.device, 41);
    assert_int_equal(profile.office, 4);
    assert_string_equal(profile.device_class, "desk");
    assert_int_equal(guanjia_enrol(dir, &what, &profile, &answer, &fault), GUANJIA_EEXIST);
    assert_int_equal(guanjia_profile_load(dir, &profile, &fault), GUANJIA_OK);
    assert_string_equal(profile.device_name, "front desk 2");
    stop_host(&host);
    fake_remove(base);
}

static void test_enrolment_refused_leaves_no_profile(void **state)
{
    (void)state;
    struct host host;
    struct gj_invite invite;
    char text[GJ_INVITE_TEXT_SIZE];
    char address[32];
    char base[] = "/tmp/gj_enrol_XXXXXX";
    struct guanjia_profile profile;
    struct guanjia_answer answer;
    struct guanjia_fault fault = {0};
    start_host(&host, &invite, text, address);
    host.status = GUANJIA_S_REFUSED;
    uv_thread_create(&host.thread, run_host, &host);
    assert_non_null(mkdtemp(base));
    struct guanjia_enrolment what = {.invitation = text, .address = address, .device_name = "desk", .timeout_ms = 5000};
    assert_int_equal(guanjia_enrol(base, &what, &profile, &answer, &fault), GUANJIA_OK);
    assert_int_equal(answer.status, GUANJIA_S_REFUSED);
    assert_string_equal(answer.code, "user.taken");
    assert_string_equal(answer.field, "user_name");
    assert_int_equal(guanjia_profile_load(base, &profile, &fault), GUANJIA_ENOTFOUND);
    /* A wrong secret is found out in the handshake. */
    invite.secret[0] ^= 1;
    gj_invite_format(&invite, text);
    assert_int_not_equal(guanjia_enrol(base, &what, &profile, &answer, &fault), GUANJIA_OK);
    text[40] = text[40] == 'A' ? 'B' : 'A';
    assert_int_equal(guanjia_enrol(base, &what, &profile, &answer, &fault), GUANJIA_EINVAL);
    what.address = "nowhere";
    invite.secret[0] ^= 1;
    gj_invite_format(&invite, text);
    assert_int_equal(guanjia_enrol(base, &what, &profile, &answer, &fault), GUANJIA_EINVAL);
    stop_host(&host);
    fake_remove(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_a_profile_survives_its_file),
        cmocka_unit_test(test_folders_of_profiles),
        cmocka_unit_test(test_a_session_file_is_private_and_checked),
        cmocka_unit_test(test_enrolment_survives_a_lost_answer),
        cmocka_unit_test(test_enrolment_refused_leaves_no_profile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
