"""The first day: a ticket's whole life through the people who carry it, seen live, kept over restart, backup and restore."""

import os
import secrets
import shutil
import time

import harness
from harness import M
from test_rights import next_event

import audit
import steps


class FirstDay(harness.Case):
    def test_01_whole_life_seen_live(self):
        events = self.company.as_("kz").subscribe(offices=[self.company.a])
        time.sleep(0.3)
        life = steps.Life(self.company, self.company.a)
        life.to_closed()
        shown = self.company.as_("kz").ask("RECORD_SHOW", M.ShowRequest(id=life.id, history=True))
        self.assertEqual(shown.record.state, "CLOSED")
        self.assertEqual([line.event.revision for line in shown.history], sorted(line.event.revision for line in shown.history))
        seen = [next_event(events, life.id)]
        while seen[-1].after != "CLOSED":
            seen.append(next_event(events, life.id))
        self.assertEqual([e.after for e in seen if e.after != "-" and e.before != e.after][0], seen[0].after)
        self.assertEqual(sorted({e.event for e in seen}), [e.event for e in seen], "each once, in order")
        type(self).closed = life

    def test_02_same_key_same_answer(self):
        key = (int(time.time() * 1000) << 80 | secrets.randbits(80)).to_bytes(16, "big").hex()
        clerk = self.company.as_("kf1")
        first = clerk.ask("DISPATCH_INTAKE", steps.intake_request(self.company.a), key=key)
        again = clerk.ask("DISPATCH_INTAKE", steps.intake_request(self.company.a), key=key)
        self.assertTrue(again.repeated)
        self.assertEqual((first.id, first.event, first.number), (again.id, again.event, again.number))

    def test_03_late_one_gets_the_current_record(self):
        clerk, other = self.company.as_("kf1"), self.company.as_("kz")
        made = clerk.ask("DISPATCH_INTAKE", steps.intake_request(self.company.a))
        amended = other.ask("RECORD_AMEND", M.AmendRequest(id=made.id, revision=made.revision, reason="wrong flat",
                                                           fields=[steps.text("place", "3-2-1802")]))
        answer = clerk.call("RECORD_AMEND", M.AmendRequest(id=made.id, revision=made.revision, reason="wrong flat",
                                                           fields=[steps.text("place", "3-2-1803")]))
        self.assertEqual(answer.status, "CONFLICT")
        current = clerk.unpack("Record", answer)
        self.assertEqual((current.revision, current.place), (amended.revision, "3-2-1802"))

    def test_04_illegal_step_changes_nothing(self):
        clerk = self.company.as_("kf1")
        made = clerk.ask("DISPATCH_INTAKE", steps.intake_request(self.company.a))
        answer = clerk.call("RECORD_ACT", steps.act_request(made.id, made.revision, "close"))
        self.assertIn(answer.status, ("REFUSED", "INVALID", "DENIED"))
        shown = clerk.ask("RECORD_SHOW", M.ShowRequest(id=made.id)).record
        self.assertEqual((shown.revision, shown.state), (made.revision, made.state))

    def test_05_restart_keeps_everything(self):
        clerk = self.company.as_("kf1")
        made = clerk.ask("DISPATCH_INTAKE", steps.intake_request(self.company.a))
        events = self.company.as_("kz").subscribe(offices=[self.company.a])
        time.sleep(0.3)
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start()
        shown = clerk.ask("RECORD_SHOW", M.ShowRequest(id=made.id)).record
        self.assertEqual(shown.number, made.number)
        later = clerk.ask("DISPATCH_INTAKE", steps.intake_request(self.company.a))
        self.assertEqual(next_event(events, later.id, 15).number, later.number)

    def test_06_no_personal_data_in_the_open(self):
        """Neither the daemon's log nor a byte of its folder holds what the caller said or who it was."""
        words = "漏水的声音像下雨一样"
        self.company.as_("kf1").ask("DISPATCH_INTAKE", steps.intake_request(self.company.a, words=words))
        self.assertEqual(self.daemon.stop(), 0)
        for secret in (words.encode(), "王敏".encode(), b"19900001234"):
            for path in files_of(self.daemon.folder) + [self.daemon.log]:
                with open(path, "rb") as file:
                    self.assertNotIn(secret, file.read(), path)
        self.daemon.start()

    def test_07_audit_log_by_another_hand(self):
        auditor = self.company.as_("auditor")
        rows, head = steps.audit_log(auditor)
        self.assertEqual([index for index, _, _ in rows], list(range(head.size)))
        self.assertEqual(audit.root([audit.leaf_hash(data) for _, data, _ in rows]), head.root)
        mine = [audit.decode(data) for _, data, _ in rows]
        closed = [e for e in mine if e["subject"] == self.closed.id and e["to"] == "CLOSED"]
        self.assertTrue(closed)

    def test_08_backup_and_restore(self):
        clerk = self.company.as_("kf1")
        kept = clerk.ask("DISPATCH_INTAKE", steps.intake_request(self.company.a))
        backup = self.daemon.tool("backup", self.daemon.folder, self.daemon.folder + ".backups")
        lost = clerk.ask("DISPATCH_INTAKE", steps.intake_request(self.company.a))
        self.assertEqual(self.daemon.stop(), 0)
        broken = self.daemon.folder + ".broken"
        shutil.move(self.daemon.folder, broken)
        self.daemon.tool("restore", backup, self.daemon.folder, "--keys", broken, "--operator", "admin", "--second", "hq",
                         "--reason", "test")
        self.daemon.tool("check", self.daemon.folder)
        self.daemon.start()
        clerk = self.company.sign_in("kf1")
        self.assertEqual(clerk.ask("RECORD_SHOW", M.ShowRequest(id=kept.id)).record.number, kept.number)
        self.assertEqual(clerk.call("RECORD_SHOW", M.ShowRequest(id=lost.id)).status, "NOT_FOUND")
        self.assertGreater(clerk.session.epoch, 1)


def files_of(folder):
    return [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names]


if __name__ == "__main__":
    harness.main()
