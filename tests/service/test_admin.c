/* People, devices and rights. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/calendar.h"
#include "core/core.h"
#include "core/invitation.h"
#include "core/session.h"
#include "lib/direct.h"
#include "proto/admin.pb-c.h"
#include "proto/directory.pb-c.h"
#include "proto/inbox.pb-c.h"
#include "service/admin/admin_rules.h"
#include "store/record.h"
#include "store/stored.pb-c.h"

struct stage {
    struct gj_direct *direct;
    uint64_t region, office, other;
    uint64_t admin, qa, qa2, director, lead, eng, agent, tech, stranger;
};

static int open_stage(void **state)
{
    struct stage *stage = calloc(1, sizeof *stage);
    stage->direct = gj_direct_open();
    stage->region = gj_direct_region(stage->direct, "SOUTH");
    stage->office = gj_direct_office(stage->direct, stage->region, "0001");
    stage->other = gj_direct_office(stage->direct, stage->region, "0002");
    stage->admin = gj_direct_user(stage->direct, "admin", "sysadmin", 0, 0);
    stage->qa = gj_direct_user(stage->direct, "qa", "hq_qa", 0, 0);
    stage->qa2 = gj_direct_user(stage->direct, "qa2", "hq_qa", 0, 0);
    stage->director = gj_direct_user(stage->direct, "director", "director", stage->office, 0);
    stage->lead = gj_direct_user(stage->direct, "lead", "cs_lead", stage->office, 0);
    stage->eng = gj_direct_user(stage->direct, "eng", "eng_lead", stage->office, 0);
    stage->agent = gj_direct_user(stage->direct, "agent", "cs_agent", stage->office, 0);
    stage->tech = gj_direct_user(stage->direct, "tech", "tech", stage->office, 0);
    stage->stranger = gj_direct_user(stage->direct, "stranger", "director", stage->other, 0);
    *state = stage;
    return 0;
}

static int close_stage(void **state)
{
    struct stage *stage = *state;
    gj_direct_close(stage->direct);
    free(stage);
    return 0;
}

#define CALL(user, call, request) gj_direct_call(stage->direct, (user), GJ__V1__CALL__##call, (request))

static const Gj__Stored__User *look_user(struct stage *stage, uint64_t id)
{
    Gj__Stored__User *row = NULL;
    struct gj_key key = gj_key_of_u64(id);
    assert_true(gj_record_load(gj_direct_look(stage->direct), GJ_TABLE_USER, &key, &gj__stored__user__descriptor,
        gj_direct_arena(stage->direct), (void **)&row));
    return row;
}

/* ---- devices ---- */

static void test_invite(void **state)
{
    struct stage *stage = *state;
    uint8_t token[16] = {1, 2, 3}, secret[32] = {9, 8, 7}, opened[32];
    Gj__V1__InviteRequest request = GJ__V1__INVITE_REQUEST__INIT;
    request.office = stage->office;
    request.device_class = "phone";
    request.note = "给陈师傅的新手机";
    request.token = (ProtobufCBinaryData){.data = token, .len = 15};
    request.secret = (ProtobufCBinaryData){.data = secret, .len = sizeof secret};
    assert_refused(CALL(stage->lead, ADMIN_INVITE, &request), GJ__V1__STATUS__INVALID, "field_length", "token");
    request.token.len = sizeof token;
    request.device_class = "toaster";
    assert_refused(CALL(stage->lead, ADMIN_INVITE, &request), GJ__V1__STATUS__INVALID, "field_choice", "device_class");
    request.device_class = "headquarters";
    assert_refused(CALL(stage->admin, ADMIN_INVITE, &request), GJ__V1__STATUS__INVALID, "field_range", "office");
    request.device_class = "gateway";
    assert_refused(CALL(stage->director, ADMIN_INVITE, &request), GJ__V1__STATUS__DENIED, "no_right", NULL);
    request.device_class = "phone";
    assert_refused(CALL(stage->agent, ADMIN_INVITE, &request), GJ__V1__STATUS__DENIED, "no_right", NULL);
    assert_refused(CALL(stage->stranger, ADMIN_INVITE, &request), GJ__V1__STATUS__DENIED, "other_office", NULL);
    assert_ok(CALL(stage->lead, ADMIN_INVITE, &request));
    assert_refused(CALL(stage->lead, ADMIN_INVITE, &request), GJ__V1__STATUS__REFUSED, "already_exists", "token");

    Gj__Stored__Invitation *row = NULL;
    struct gj_key key = gj_key_of_bytes(token, sizeof token);
    assert_true(gj_record_load(gj_direct_look(stage->direct), GJ_TABLE_INVITATION, &key,
        &gj__stored__invitation__descriptor, gj_direct_arena(stage->direct), (void **)&row));
    assert_int_equal(row->expires_at, gj_direct_now(stage->direct) + GJ_INVITATION_LIFE_MS);
    assert_int_equal(row->made_by, stage->lead);
    assert_int_equal(gj_invitation_open(gj_direct_core(stage->direct)->invitation_key, token, row->secret.data,
                         row->secret.len, opened),
        GJ_OK);
    assert_memory_equal(opened, secret, sizeof secret);
}

static void test_devices(void **state)
{
    struct stage *stage = *state;
    uint64_t phone = gj_direct_device(stage->direct, stage->office, "phone");
    uint64_t far = gj_direct_device(stage->direct, stage->other, "desk");
    Gj__V1__DeviceListRequest list = GJ__V1__DEVICE_LIST_REQUEST__INIT;
    Gj__V1__DeviceRevokeRequest revoke = GJ__V1__DEVICE_REVOKE_REQUEST__INIT;
    Gj__V1__Empty empty = GJ__V1__EMPTY__INIT;
    assert_ok(gj_direct_call_from(stage->direct, stage->tech, phone, GJ__V1__CALL__DIR_REGION_LIST, &empty));
    const Gj__V1__DeviceList *devices = (const Gj__V1__DeviceList *)CALL(stage->lead, ADMIN_DEVICE_LIST, &list)->body;
    assert_int_equal(devices->n_devices, 1);
    assert_int_equal(devices->devices[0]->id, phone);
    assert_true(devices->devices[0]->online);
    assert_refused(CALL(stage->agent, ADMIN_DEVICE_LIST, &list), GJ__V1__STATUS__DENIED, "no_right", NULL);
    revoke.device = far;
    revoke.reason = "丢失";
    assert_refused(CALL(stage->lead, ADMIN_DEVICE_REVOKE, &revoke), GJ__V1__STATUS__DENIED, "other_office", NULL);
    revoke.device = 999;
    assert_refused(
        CALL(stage->lead, ADMIN_DEVICE_REVOKE, &revoke), GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "device");
    revoke.device = phone;
    assert_ok(CALL(stage->lead, ADMIN_DEVICE_REVOKE, &revoke));
    /* Its channel is cut at once, and it is nobody's key any more. */
    assert_true(gj_direct_cut_off(stage->direct, phone));
    assert_refused(
        CALL(stage->lead, ADMIN_DEVICE_REVOKE, &revoke), GJ__V1__STATUS__REFUSED, "reference_inactive", "device");
}

/* ---- users ---- */

static const struct gj_result *create_user(
    struct stage *stage, uint64_t by, char *login, char *role, uint64_t office, char *password)
{
    Gj__V1__UserCreateRequest request = GJ__V1__USER_CREATE_REQUEST__INIT;
    Gj__V1__Grant grant = GJ__V1__GRANT__INIT;
    Gj__V1__Grant *grants[] = {&grant};
    request.login = login;
    request.name = "新人";
    request.password = password;
    request.office = office;
    if (role != NULL) {
        grant.role = role;
        grant.office = office;
        request.grants = grants;
        request.n_grants = 1;
    }
    return CALL(by, ADMIN_USER_CREATE, &request);
}

static void test_create_users(void **state)
{
    struct stage *stage = *state;
    const struct gj_result *result =
        create_user(stage, stage->director, "newtech", "tech", stage->office, "first password");
    assert_ok(result);
    const Gj__Stored__User *user = look_user(stage, result->written.id);
    assert_true(user->must_set_password);
    assert_memory_equal(user->password.data, "$argon2id$", 10);
    assert_false(user->grants[0]->pending);
    /* An administrator's grant waits for headquarters. */
    result = create_user(stage, stage->admin, "newlead", "cs_lead", stage->office, "first password");
    assert_ok(result);
    assert_true(look_user(stage, result->written.id)->grants[0]->pending);
    assert_refused(create_user(stage, stage->admin, "newlead", NULL, 0, "first password"), GJ__V1__STATUS__REFUSED,
        "already_exists", "login");
    assert_refused(create_user(stage, stage->admin, "Bad Name", NULL, 0, "first password"), GJ__V1__STATUS__INVALID,
        "field_text", "login");
    assert_refused(create_user(stage, stage->admin, "x", NULL, 0, "first password"), GJ__V1__STATUS__INVALID,
        "field_text", "login");
    assert_int_equal(create_user(stage, stage->admin, "short", NULL, 0, "short")->status, GJ__V1__STATUS__INVALID);
    assert_refused(create_user(stage, stage->admin, "wizard", "wizard", stage->office, "first password"),
        GJ__V1__STATUS__INVALID, "field_choice", "role");
    assert_refused(create_user(stage, stage->admin, "nowhere", "tech", 0, "first password"), GJ__V1__STATUS__INVALID,
        "field_missing", "office");
    assert_refused(create_user(stage, stage->director, "boss", "director", stage->office, "first password"),
        GJ__V1__STATUS__DENIED, "no_right", NULL);
    assert_refused(create_user(stage, stage->director, "faraway", "tech", stage->other, "first password"),
        GJ__V1__STATUS__DENIED, "other_office", NULL);
    assert_refused(create_user(stage, stage->lead, "nope", "cs_agent", stage->office, "first password"),
        GJ__V1__STATUS__DENIED, "no_right", NULL);

    Gj__V1__UserListRequest list = GJ__V1__USER_LIST_REQUEST__INIT;
    list.role = "tech";
    const Gj__V1__UserList *users = (const Gj__V1__UserList *)CALL(stage->lead, ADMIN_USER_LIST, &list)->body;
    assert_int_equal(users->n_users, 2);
    assert_refused(CALL(stage->tech, ADMIN_USER_LIST, &list), GJ__V1__STATUS__DENIED, "no_right", NULL);
    users = (const Gj__V1__UserList *)CALL(stage->agent, ADMIN_USER_LIST, &list)->body;
    assert_int_equal(users->n_users, 2); /* whom the desk gives work to */
}

static const struct gj_result *reset(struct stage *stage, uint64_t by, uint64_t user)
{
    Gj__V1__ResetPasswordRequest request = GJ__V1__RESET_PASSWORD_REQUEST__INIT;
    request.user = user;
    char password[] = "another password";
    request.new_password = password;
    return CALL(by, ADMIN_USER_RESET_PASSWORD, &request);
}

/* Nobody gets into an account that would give him a right over rights, or a role he may not give. */
static void test_reset_password(void **state)
{
    struct stage *stage = *state;
    assert_ok(reset(stage, stage->lead, stage->agent));
    const Gj__Stored__User *user = look_user(stage, stage->agent);
    assert_true(user->must_set_password);
    assert_int_equal(user->session_epoch, 1);
    assert_ok(reset(stage, stage->eng, stage->tech));
    assert_ok(reset(stage, stage->director, stage->lead));
    assert_refused(reset(stage, stage->lead, stage->tech), GJ__V1__STATUS__DENIED, "role_above", "user");
    assert_refused(reset(stage, stage->lead, stage->director), GJ__V1__STATUS__DENIED, "role_above", "user");
    assert_refused(reset(stage, stage->director, stage->stranger), GJ__V1__STATUS__DENIED, "other_office", NULL);
    assert_refused(reset(stage, stage->director, stage->director), GJ__V1__STATUS__REFUSED, "not_oneself", "user");
    assert_refused(reset(stage, stage->agent, stage->tech), GJ__V1__STATUS__DENIED, "no_right", NULL);
    assert_refused(reset(stage, stage->lead, 9999), GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "user");
    assert_ok(reset(stage, stage->admin, stage->director));
    assert_refused(reset(stage, stage->admin, stage->qa), GJ__V1__STATUS__DENIED, "role_above", "user");
    assert_refused(reset(stage, stage->qa, stage->admin), GJ__V1__STATUS__DENIED, "role_above", "user");
    assert_ok(reset(stage, stage->qa, stage->qa2));
    /* A role elsewhere takes the account out of the office's hands. */
    gj_direct_grant(stage->direct, stage->agent, "cs_agent", stage->other, 0);
    assert_refused(reset(stage, stage->lead, stage->agent), GJ__V1__STATUS__DENIED, "other_office", "user");
}

static void test_disable(void **state)
{
    struct stage *stage = *state;
    Gj__V1__UserDisableRequest request = GJ__V1__USER_DISABLE_REQUEST__INIT;
    Gj__V1__Empty empty = GJ__V1__EMPTY__INIT;
    uint64_t desk = gj_direct_device(stage->direct, stage->office, "desk");
    assert_ok(gj_direct_call_from(stage->direct, stage->agent, desk, GJ__V1__CALL__DIR_REGION_LIST, &empty));
    request.user = stage->agent;
    request.reason = "离职";
    assert_ok(CALL(stage->lead, ADMIN_USER_DISABLE, &request));
    assert_refused(
        CALL(stage->lead, ADMIN_USER_DISABLE, &request), GJ__V1__STATUS__REFUSED, "nothing_to_change", "user");
    assert_int_equal(
        gj_direct_call_from(stage->direct, stage->agent, desk, GJ__V1__CALL__DIR_REGION_LIST, &empty)->status,
        GJ__V1__STATUS__UNAUTHENTICATED);
    request.enable = true;
    assert_ok(CALL(stage->lead, ADMIN_USER_DISABLE, &request));
    assert_ok(gj_direct_call_from(stage->direct, stage->agent, desk, GJ__V1__CALL__DIR_REGION_LIST, &empty));
}

/* ---- roles ---- */

static const struct gj_result *role(
    struct stage *stage, uint64_t by, Gj__V1__Call call, uint64_t user, char *name, uint64_t office)
{
    Gj__V1__RoleRequest request = GJ__V1__ROLE_REQUEST__INIT;
    request.user = user;
    request.role = name;
    request.office = office;
    request.reason = "调岗";
    return gj_direct_call(stage->direct, by, call, &request);
}

static void test_roles_need_two(void **state)
{
    struct stage *stage = *state;
    const Gj__V1__Call grant = GJ__V1__CALL__ADMIN_ROLE_GRANT, approve = GJ__V1__CALL__ADMIN_ROLE_APPROVE,
                       revoke = GJ__V1__CALL__ADMIN_ROLE_REVOKE;
    Gj__V1__Empty empty = GJ__V1__EMPTY__INIT;
    uint64_t nobody = gj_direct_user(stage->direct, "nobody", NULL, stage->office, 0);
    assert_int_equal(CALL(nobody, DIR_REGION_LIST, &empty)->status, GJ__V1__STATUS__DENIED);
    const struct gj_result *result = role(stage, stage->admin, grant, nobody, "cs_lead", stage->office);
    assert_ok(result);
    assert_string_equal(result->written.state, "pending");
    /* Pending gives nothing. */
    assert_int_equal(CALL(nobody, DIR_REGION_LIST, &empty)->status, GJ__V1__STATUS__DENIED);
    assert_refused(role(stage, stage->admin, grant, nobody, "cs_lead", stage->office), GJ__V1__STATUS__REFUSED,
        "already_exists", "role");
    assert_refused(
        role(stage, stage->admin, approve, nobody, "cs_lead", stage->office), GJ__V1__STATUS__DENIED, "no_right", NULL);
    result = role(stage, stage->qa, approve, nobody, "cs_lead", stage->office);
    assert_ok(result);
    assert_string_equal(result->written.state, "active");
    assert_ok(CALL(nobody, DIR_REGION_LIST, &empty));
    assert_refused(role(stage, stage->qa, approve, nobody, "cs_lead", stage->office), GJ__V1__STATUS__REFUSED,
        "no_approval_pending", "role");
    /* Taken away, it is gone on the very next call of a channel that is open. */
    assert_ok(role(stage, stage->admin, revoke, nobody, "cs_lead", stage->office));
    assert_int_equal(CALL(nobody, DIR_REGION_LIST, &empty)->status, GJ__V1__STATUS__DENIED);
    assert_refused(role(stage, stage->admin, revoke, nobody, "cs_lead", stage->office), GJ__V1__STATUS__NOT_FOUND,
        "reference_unknown", "role");

    /* Who asked does not consent, nor who gains. */
    gj_direct_grant(stage->direct, stage->qa, "sysadmin", 0, 0);
    assert_ok(role(stage, stage->qa, grant, nobody, "auditor", 0));
    assert_refused(
        role(stage, stage->qa, approve, nobody, "auditor", 0), GJ__V1__STATUS__REFUSED, "approver_is_requester", NULL);
    assert_ok(role(stage, stage->admin, grant, stage->qa2, "auditor", 0));
    assert_refused(role(stage, stage->qa2, approve, stage->qa2, "auditor", 0), GJ__V1__STATUS__REFUSED,
        "approver_is_requester", NULL);
    assert_refused(
        role(stage, stage->admin, grant, stage->admin, "auditor", 0), GJ__V1__STATUS__REFUSED, "not_oneself", "user");
}

static void test_director_grants(void **state)
{
    struct stage *stage = *state;
    const Gj__V1__Call grant = GJ__V1__CALL__ADMIN_ROLE_GRANT, revoke = GJ__V1__CALL__ADMIN_ROLE_REVOKE;
    const struct gj_result *result = role(stage, stage->director, grant, stage->agent, "duty_director", stage->office);
    assert_ok(result);
    assert_string_equal(result->written.state, "active");
    assert_ok(role(stage, stage->director, revoke, stage->agent, "duty_director", stage->office));
    assert_refused(
        role(stage, stage->director, grant, stage->agent, "hq_qa", 0), GJ__V1__STATUS__DENIED, "no_right", NULL);
    assert_refused(role(stage, stage->director, grant, stage->agent, "cs_lead", stage->other), GJ__V1__STATUS__DENIED,
        "no_right", NULL);
    assert_ok(role(stage, stage->eng, grant, stage->agent, "tech", stage->office));
    assert_refused(role(stage, stage->eng, grant, stage->agent, "cs_lead", stage->office), GJ__V1__STATUS__DENIED,
        "no_right", NULL);
    assert_refused(role(stage, stage->director, grant, stage->agent, "", stage->office), GJ__V1__STATUS__INVALID,
        "field_missing", "role");
    assert_refused(role(stage, stage->director, grant, 9999, "tech", stage->office), GJ__V1__STATUS__NOT_FOUND,
        "reference_unknown", "user");
}

/* ---- delegation, absence, roster ---- */

static void test_delegation(void **state)
{
    struct stage *stage = *state;
    const int64_t now = gj_direct_now(stage->direct);
    Gj__V1__DelegateRequest request = GJ__V1__DELEGATE_REQUEST__INIT;
    Gj__V1__DeviceListRequest devices = GJ__V1__DEVICE_LIST_REQUEST__INIT;
    request.to_user = stage->agent;
    request.role = "cs_lead";
    request.office = stage->office;
    request.from = now + GJ_MS_PER_HOUR;
    request.until = now + 3 * GJ_MS_PER_DAY;
    request.reason = "年假";
    assert_refused(CALL(stage->agent, ADMIN_DELEGATE, &request), GJ__V1__STATUS__REFUSED, "role_not_held", "role");
    request.until = request.from + 32 * GJ_MS_PER_DAY;
    assert_refused(CALL(stage->lead, ADMIN_DELEGATE, &request), GJ__V1__STATUS__INVALID, "field_range", "until");
    request.until = now + 3 * GJ_MS_PER_DAY;
    request.from = now - GJ_MS_PER_DAY;
    assert_refused(CALL(stage->lead, ADMIN_DELEGATE, &request), GJ__V1__STATUS__INVALID, "field_range", "from");
    request.from = now + GJ_MS_PER_HOUR;
    request.to_user = stage->stranger;
    assert_refused(
        CALL(stage->lead, ADMIN_DELEGATE, &request), GJ__V1__STATUS__REFUSED, "colleague_elsewhere", "to_user");
    request.to_user = stage->lead;
    assert_refused(CALL(stage->lead, ADMIN_DELEGATE, &request), GJ__V1__STATUS__INVALID, "field_range", "to_user");
    request.to_user = stage->agent;
    const struct gj_result *result = CALL(stage->lead, ADMIN_DELEGATE, &request);
    assert_ok(result);
    Gj__V1__DelegationEndRequest end = GJ__V1__DELEGATION_END_REQUEST__INIT;
    end.id = result->written.id;
    /* It holds in its period only: not yet, then, and no more. */
    assert_refused(CALL(stage->agent, ADMIN_DEVICE_LIST, &devices), GJ__V1__STATUS__DENIED, "no_right", NULL);
    gj_direct_advance(stage->direct, 2 * GJ_MS_PER_HOUR);
    assert_ok(CALL(stage->agent, ADMIN_DEVICE_LIST, &devices));
    Gj__V1__DelegationListRequest list = GJ__V1__DELEGATION_LIST_REQUEST__INIT;
    list.office = stage->office;
    const Gj__V1__DelegationList *lent =
        (const Gj__V1__DelegationList *)CALL(stage->director, ADMIN_DELEGATION_LIST, &list)->body;
    assert_int_equal(lent->n_delegations, 1);
    assert_false(lent->delegations[0]->ended);
    /* What is borrowed is not lent on. */
    request.from = 0;
    request.to_user = stage->tech;
    request.until = gj_direct_now(stage->direct) + GJ_MS_PER_DAY;
    assert_refused(CALL(stage->agent, ADMIN_DELEGATE, &request), GJ__V1__STATUS__REFUSED, "role_not_held", "role");
    assert_refused(CALL(stage->tech, ADMIN_DELEGATION_END, &end), GJ__V1__STATUS__DENIED, "no_right", NULL);
    assert_ok(CALL(stage->lead, ADMIN_DELEGATION_END, &end));
    assert_refused(CALL(stage->agent, ADMIN_DEVICE_LIST, &devices), GJ__V1__STATUS__DENIED, "no_right", NULL);
    assert_refused(CALL(stage->lead, ADMIN_DELEGATION_END, &end), GJ__V1__STATUS__REFUSED, "reference_inactive", "id");
    request.from = 0;
    request.to_user = stage->agent;
    assert_ok(CALL(stage->lead, ADMIN_DELEGATE, &request));
    assert_ok(CALL(stage->agent, ADMIN_DEVICE_LIST, &devices));
    gj_direct_advance(stage->direct, 2 * GJ_MS_PER_DAY);
    assert_refused(CALL(stage->agent, ADMIN_DEVICE_LIST, &devices), GJ__V1__STATUS__DENIED, "no_right", NULL);
    /* The colleague was told. */
    Gj__V1__InboxListRequest inbox = GJ__V1__INBOX_LIST_REQUEST__INIT;
    const Gj__V1__InboxList *notices = (const Gj__V1__InboxList *)CALL(stage->agent, INBOX_LIST, &inbox)->body;
    assert_int_equal(notices->n_notices, 2);
    assert_string_equal(notices->notices[0]->code, "delegation.begin");
}

static void test_absence(void **state)
{
    struct stage *stage = *state;
    const int64_t now = gj_direct_now(stage->direct);
    Gj__V1__AbsenceRequest request = GJ__V1__ABSENCE_REQUEST__INIT;
    request.from = now;
    request.until = now + GJ_MS_PER_DAY;
    request.reason = "病假";
    assert_ok(CALL(stage->tech, ADMIN_ABSENCE_SET, &request));
    request.user = stage->agent;
    assert_refused(CALL(stage->tech, ADMIN_ABSENCE_SET, &request), GJ__V1__STATUS__DENIED, "no_right", NULL);
    assert_ok(CALL(stage->lead, ADMIN_ABSENCE_SET, &request));
    request.until = now - 1;
    assert_refused(CALL(stage->lead, ADMIN_ABSENCE_SET, &request), GJ__V1__STATUS__INVALID, "field_range", "until");
    request.from = 0;
    assert_refused(CALL(stage->lead, ADMIN_ABSENCE_SET, &request), GJ__V1__STATUS__INVALID, "field_missing", "from");
    Gj__V1__UserListRequest list = GJ__V1__USER_LIST_REQUEST__INIT;
    list.role = "tech";
    const Gj__V1__UserList *users = (const Gj__V1__UserList *)CALL(stage->lead, ADMIN_USER_LIST, &list)->body;
    assert_true(users->users[0]->absent);
}

static void test_roster(void **state)
{
    struct stage *stage = *state;
    const int64_t now = gj_direct_now(stage->direct);
    Gj__V1__RosterSetRequest set = GJ__V1__ROSTER_SET_REQUEST__INIT;
    Gj__V1__RosterListRequest list = GJ__V1__ROSTER_LIST_REQUEST__INIT;
    Gj__V1__RosterLine line = GJ__V1__ROSTER_LINE__INIT, second = GJ__V1__ROSTER_LINE__INIT;
    Gj__V1__RosterLine *lines[] = {&line, &second};
    set.office = stage->office;
    set.from = now;
    set.until = now + 7 * GJ_MS_PER_DAY;
    set.lines = lines;
    set.n_lines = 2;
    line.role = second.role = "duty_director";
    line.user = stage->agent;
    line.from = now;
    line.until = now + GJ_MS_PER_DAY;
    second.user = stage->lead;
    second.from = line.until;
    second.until = second.from + GJ_MS_PER_DAY;
    assert_refused(CALL(stage->agent, ADMIN_ROSTER_SET, &set), GJ__V1__STATUS__DENIED, "no_right", NULL);
    assert_ok(CALL(stage->lead, ADMIN_ROSTER_SET, &set));
    set.office = 0;
    assert_ok(CALL(stage->qa, ADMIN_ROSTER_SET, &set));
    list.office = stage->office;
    const Gj__V1__RosterList *roster = (const Gj__V1__RosterList *)CALL(stage->tech, ADMIN_ROSTER_LIST, &list)->body;
    assert_int_equal(roster->n_lines, 4);
    list.at = now + 1;
    roster = (const Gj__V1__RosterList *)CALL(stage->tech, ADMIN_ROSTER_LIST, &list)->body;
    assert_int_equal(roster->n_lines, 2);
    assert_int_equal(roster->lines[0]->user, stage->agent);
    /* The same week again: the old lines give way. */
    set.office = stage->office;
    set.n_lines = 1;
    assert_ok(CALL(stage->lead, ADMIN_ROSTER_SET, &set));
    list.at = 0;
    roster = (const Gj__V1__RosterList *)CALL(stage->tech, ADMIN_ROSTER_LIST, &list)->body;
    assert_int_equal(roster->n_lines, 3);
    list.from = set.from - GJ_MS_PER_DAY;
    list.until = set.from;
    roster = (const Gj__V1__RosterList *)CALL(stage->tech, ADMIN_ROSTER_LIST, &list)->body;
    assert_int_equal(roster->n_lines, 0);
    list.until = set.from + 1;
    roster = (const Gj__V1__RosterList *)CALL(stage->tech, ADMIN_ROSTER_LIST, &list)->body;
    assert_int_equal(roster->n_lines, 2);
    line.from = set.from - 1;
    assert_refused(CALL(stage->lead, ADMIN_ROSTER_SET, &set), GJ__V1__STATUS__INVALID, "field_range", "lines");
    line.from = set.until;
    line.until = line.from + 1;
    assert_refused(CALL(stage->lead, ADMIN_ROSTER_SET, &set), GJ__V1__STATUS__INVALID, "field_range", "lines");
    line.from = set.from;
    line.until = now + 1;
    line.user = 4242;
    assert_refused(CALL(stage->lead, ADMIN_ROSTER_SET, &set), GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "user");
    line.user = stage->agent;
    line.role = "wizard";
    assert_refused(CALL(stage->lead, ADMIN_ROSTER_SET, &set), GJ__V1__STATUS__INVALID, "field_choice", "role");
    set.region = stage->region;
    assert_refused(CALL(stage->lead, ADMIN_ROSTER_SET, &set), GJ__V1__STATUS__INVALID, "field_twice", "region");
}

/* ---- the daemon ---- */

static void test_daemon(void **state)
{
    struct stage *stage = *state;
    Gj__V1__Empty empty = GJ__V1__EMPTY__INIT;
    Gj__V1__BackupRequest backup = GJ__V1__BACKUP_REQUEST__INIT;
    Gj__V1__ClockConfirmRequest confirm = GJ__V1__CLOCK_CONFIRM_REQUEST__INIT;
    const struct gj_result *result = CALL(stage->admin, ADMIN_STATUS, &empty);
    assert_ok(result);
    const Gj__V1__Health *health = (const Gj__V1__Health *)result->body;
    assert_true(health->events > 0);
    assert_int_equal(health->root.len, 32);
    assert_refused(CALL(stage->lead, ADMIN_STATUS, &empty), GJ__V1__STATUS__DENIED, "no_right", NULL);
    assert_refused(CALL(stage->admin, ADMIN_BACKUP, &backup), GJ__V1__STATUS__REFUSED, "backup_not_configured", NULL);
    assert_refused(CALL(stage->lead, ADMIN_BACKUP, &backup), GJ__V1__STATUS__DENIED, "no_right", NULL);
    assert_refused(
        CALL(stage->admin, ADMIN_CLOCK_CONFIRM, &confirm), GJ__V1__STATUS__REFUSED, "nothing_to_change", NULL);
    struct gj_core *core = gj_direct_core(stage->direct);
    gj_clock_jump_wall(core->clock, 2 * GJ_MS_PER_HOUR);
    (void)gj_core_now(core);
    assert_true(core->watch.held);
    confirm.reason = "时钟已校对";
    assert_ok(CALL(stage->admin, ADMIN_CLOCK_CONFIRM, &confirm));
    assert_true(core->watch.held);
    confirm.accept_wall = true;
    assert_refused(CALL(stage->lead, ADMIN_CLOCK_CONFIRM, &confirm), GJ__V1__STATUS__DENIED, "no_right", NULL);
    assert_ok(CALL(stage->admin, ADMIN_CLOCK_CONFIRM, &confirm));
    assert_false(core->watch.held);
}

/* The same request key again gives the same answer and writes nothing. */
static void test_twice(void **state)
{
    struct stage *stage = *state;
    uint8_t key[16] = {0};
    uint64_t now = (uint64_t)gj_direct_now(stage->direct);
    for (unsigned i = 0; i < 6; i++) {
        key[i] = (uint8_t)(now >> (40 - 8 * i));
    }
    key[15] = 77;
    gj_direct_request_key(stage->direct, key);
    const struct gj_result *result =
        role(stage, stage->director, GJ__V1__CALL__ADMIN_ROLE_GRANT, stage->agent, "guard", stage->office);
    assert_ok(result);
    uint64_t event = result->written.event;
    gj_direct_request_key(stage->direct, key);
    result = role(stage, stage->director, GJ__V1__CALL__ADMIN_ROLE_GRANT, stage->agent, "guard", stage->office);
    assert_ok(result);
    assert_true(result->written.repeated);
    assert_int_equal(result->written.event, event);
    assert_int_equal(result->entries, 0);
}

static void test_every_step_fails(void **state)
{
    static const char *const prefixes[] = {"txn.put", "txn.del", "txn.commit", "arena.alloc"};
    struct stage *stage = *state;
    uint8_t before[32], after[32];
    for (size_t p = 0; p < sizeof prefixes / sizeof prefixes[0]; p++) {
        for (uint64_t nth = 1; nth < 100; nth++) {
            gj_direct_digest(stage->direct, before);
            gj_direct_fail(stage->direct, prefixes[p], nth);
            const struct gj_result *result =
                role(stage, stage->admin, GJ__V1__CALL__ADMIN_ROLE_GRANT, stage->tech, "cashier", stage->office);
            if (!gj_direct_failed(stage->direct)) {
                assert_ok(result);
                assert_ok(
                    role(stage, stage->admin, GJ__V1__CALL__ADMIN_ROLE_REVOKE, stage->tech, "cashier", stage->office));
                break;
            }
            assert_int_not_equal(result->status, GJ__V1__STATUS__OK);
            gj_direct_digest(stage->direct, after);
            if (memcmp(before, after, sizeof before) != 0) {
                /* Only the answer was lost, for want of memory: sent again, the write is known. */
                assert_string_equal(prefixes[p], "arena.alloc");
                gj_direct_same_key(stage->direct);
                result =
                    role(stage, stage->admin, GJ__V1__CALL__ADMIN_ROLE_GRANT, stage->tech, "cashier", stage->office);
                assert_ok(result);
                assert_true(result->written.repeated);
                break;
            }
        }
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_stage, close_stage)
    const struct CMUnitTest tests[] = {
        TEST(test_invite),
        TEST(test_devices),
        TEST(test_create_users),
        TEST(test_reset_password),
        TEST(test_disable),
        TEST(test_roles_need_two),
        TEST(test_director_grants),
        TEST(test_delegation),
        TEST(test_absence),
        TEST(test_roster),
        TEST(test_daemon),
        TEST(test_twice),
        TEST(test_every_step_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
