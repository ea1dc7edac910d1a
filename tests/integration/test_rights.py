"""Rights as they change under people's hands: what is taken away is gone on open channels, at once."""

import queue
import time

import harness
from harness import M, company_setup, wire

import steps


class Rights(harness.Case):
    def ticket(self, login="kf1"):
        return self.company.as_(login).ask("DISPATCH_INTAKE", steps.intake_request(self.company.a))

    def test_01_other_office_sees_nothing(self):
        made = self.ticket()
        other = self.company.as_("kfb")
        self.assertIn(other.call("RECORD_SHOW", M.ShowRequest(id=made.id)).status, ("NOT_FOUND", "DENIED"))
        self.assertIn(other.call("RECORD_SHOW", M.ShowRequest(number=made.number)).status, ("NOT_FOUND", "DENIED"))
        rows = other.ask("RECORD_LIST", M.ListRequest(kind="repair_ticket"))
        self.assertEqual([r.id for r in rows.rows], [])
        answer = other.call("RECORD_LIST", M.ListRequest(kind="repair", office=self.company.a))
        self.assertTrue(answer.status == "DENIED" or not other.unpack("RowList", answer).rows)
        self.refused("kfb", "DISPATCH_INTAKE", steps.intake_request(self.company.a), "DENIED")

    def test_02_administrator_reads_no_ticket(self):
        made = self.ticket()
        self.refused("admin", "RECORD_SHOW", M.ShowRequest(id=made.id), "NOT_FOUND")
        self.refused("admin", "DISPATCH_INTAKE", steps.intake_request(self.company.a), "DENIED")

    def test_03_pushes_stay_in_the_office(self):
        mine, theirs = self.company.as_("kf2").subscribe(), self.company.as_("kfb").subscribe()
        time.sleep(0.3)
        made = self.ticket()
        event = next_event(mine, made.id)
        self.assertEqual((event.office, event.number), (self.company.a, made.number))
        with self.assertRaises(queue.Empty):
            next_event(theirs, made.id, 1)

    def test_04_nobody_logged_in(self):
        stranger = wire.Wire(harness.BRIDGE, self.company.profile_of("nobody", "desk-a"))
        for call, message in (("RECORD_LIST", M.ListRequest(kind="repair_ticket")), ("ADMIN_STATUS", M.Empty()),
                              ("AUDIT_HEAD", M.Empty()), ("DISPATCH_INTAKE", steps.intake_request(self.company.a))):
            self.assertEqual(stranger.call(call, message).status, "UNAUTHENTICATED", call)
        self.assertEqual(stranger.call("SESSION_LOGIN", M.LoginRequest(user="kf1", password="wrong-password")).status,
                         "UNAUTHENTICATED")
        self.assertEqual(stranger.call("SESSION_LOGIN", M.LoginRequest(user="no-such-user", password="wrong-password")).status,
                         "UNAUTHENTICATED")
        stranger.close()

    def test_04b_device_of_another_office(self):
        """A device belongs to an office: who holds no role there does not log in on it, and that is counted."""
        def log_in(login, device):
            opened = wire.Wire(harness.BRIDGE, self.company.profile_of(f"{login}-at-{device}", device))
            answer = opened.call("SESSION_LOGIN", M.LoginRequest(user=login, password=self.company.passwords[login]))
            opened.close()
            return answer

        before = self.company.as_("admin").ask("ADMIN_STATUS", M.Empty()).logins_elsewhere
        refused = log_in("kfb", "desk-a")
        self.assertEqual((refused.status, refused.code), ("DENIED", "login.elsewhere"))
        self.assertEqual(log_in("kf1", "desk-b").status, "DENIED")
        self.assertEqual(self.company.as_("admin").ask("ADMIN_STATUS", M.Empty()).logins_elsewhere, before + 2)
        self.assertEqual(log_in("hq", "desk-a").status, "OK")
        now = self.company.as_("hq").ask("SESSION_WHOAMI", M.Empty()).server_time
        shift = {"user": self.company.users["kfb"], "role": "cs_lead", "until": now + 3600000, "from": now}
        self.company.as_("hq").ask("ADMIN_ROSTER_SET", M.RosterSetRequest(
            office=self.company.a, until=now + 3600000, lines=[M.RosterLine(**shift)], **{"from": now}))
        self.assertEqual(log_in("kfb", "desk-a").status, "OK")

    def test_05_role_taken_away(self):
        made = self.ticket()
        lead = self.company.as_("kz")
        lead.ask("RECORD_SHOW", M.ShowRequest(id=made.id))
        events = lead.subscribe(offices=[self.company.a])
        time.sleep(0.3)
        self.company.as_("admin").ask("ADMIN_ROLE_REVOKE", M.RoleRequest(
            user=self.company.users["kz"], role="cs_lead", office=self.company.a, reason="moved"))
        self.assertIn(lead.call("RECORD_SHOW", M.ShowRequest(id=made.id)).status, ("DENIED", "NOT_FOUND"))
        again = self.ticket()
        with self.assertRaises(queue.Empty):
            next_event(events, again.id, 1)
        self.company.grant("admin", "kz", "cs_lead", self.company.a)
        if company_setup.waits(self.company, "kz"):
            self.refused("admin", "ADMIN_ROLE_APPROVE", M.RoleRequest(
                user=self.company.users["kz"], role="cs_lead", office=self.company.a), "DENIED")
            self.company.approve("hq", "kz", "cs_lead", self.company.a)
        lead.ask("RECORD_SHOW", M.ShowRequest(id=made.id))

    def test_06_password_reset_by_the_own_lead(self):
        self.refused("zrb", "ADMIN_USER_RESET_PASSWORD", M.ResetPasswordRequest(
            user=self.company.users["kf2"], new_password="another-word-2"), "DENIED")
        self.company.as_("zr").ask("ADMIN_USER_RESET_PASSWORD", M.ResetPasswordRequest(
            user=self.company.users["kf2"], new_password="another-word-2"))
        self.company.sign_in("kf2", "another-word-2")

    def test_07_user_disabled(self):
        clerk = self.company.as_("kf2")
        clerk.ask("RECORD_LIST", M.ListRequest(kind="repair_ticket"))
        self.company.as_("admin").ask("ADMIN_USER_DISABLE", M.UserDisableRequest(
            user=self.company.users["kf2"], reason="left the company"))
        self.assertNotEqual(clerk.call("RECORD_LIST", M.ListRequest(kind="repair_ticket"), timeout_ms=3000).status, "OK")
        other = wire.Wire(harness.BRIDGE, self.company.profile_of("again", "desk-a"))
        self.assertNotEqual(other.call("SESSION_LOGIN", M.LoginRequest(user="kf2", password="another-word-2")).status, "OK")
        other.close()

    def test_08_delegation(self):
        stranger = self.company.as_("kfb")
        now = self.company.as_("zrb").ask("SESSION_WHOAMI", M.Empty()).server_time
        self.refused("zrb", "ADMIN_DELEGATE", M.DelegateRequest(
            to_user=self.company.users["kfb"], role="director", office=self.company.b, until=now + 40 * 86400000,
            **{"from": now}), "INVALID")
        given = self.company.as_("zrb").ask("ADMIN_DELEGATE", M.DelegateRequest(
            to_user=self.company.users["kfb"], role="director", office=self.company.b, until=now + 3600000,
            reason="at a meeting", **{"from": now}))
        grants = stranger.ask("SESSION_WHOAMI", M.Empty()).grants
        self.assertIn("director", [g.role for g in grants if g.delegated_by == self.company.users["zrb"]])
        self.company.as_("zrb").ask("ADMIN_DELEGATION_END", M.DelegationEndRequest(id=given.id))
        self.assertNotIn("director", [g.role for g in stranger.ask("SESSION_WHOAMI", M.Empty()).grants])

    def test_09_device_revoked(self):
        clerk, neighbour = self.company.as_("kfb"), self.company.as_("kf1")
        clerk.ask("SESSION_WHOAMI", M.Empty())
        self.company.as_("admin").ask("ADMIN_DEVICE_REVOKE", M.DeviceRevokeRequest(
            device=self.company.devices["desk-b"], reason="stolen"))
        self.eventually("the channel ends for good", lambda: any(s[0] == "STOPPED" for s in clerk.states)
                        or clerk.call("SESSION_WHOAMI", M.Empty(), timeout_ms=1000).status != "OK")
        self.assertNotEqual(clerk.call("SESSION_WHOAMI", M.Empty(), timeout_ms=2000).status, "OK")
        neighbour.ask("SESSION_WHOAMI", M.Empty())

    def test_10_used_invitation(self):
        invitation = self.company.invite("admin", self.company.a)
        wire.enrol(harness.BRIDGE, self.company.folder("first"), invitation, self.daemon.address, "first")
        with self.assertRaises(RuntimeError):
            wire.enrol(harness.BRIDGE, self.company.folder("second"), invitation, self.daemon.address, "second")


def next_event(events, record, seconds=5):
    """The next event about a record; queue.Empty when none comes."""
    end = time.monotonic() + seconds
    while True:
        event = events.get(timeout=max(0.01, end - time.monotonic()))
        if isinstance(event, wire.Event) and event.id == record:
            return event


if __name__ == "__main__":
    harness.main()
