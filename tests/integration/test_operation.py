"""What the person who looks after the server does: the server's key replaced under way, backups that are remembered, copied,
pruned, and restored on record."""

import os
import re
import shutil
import socket
import stat
import subprocess

import harness
from harness import M, wire

import audit
import steps

PROGRAM = harness.PROGRAMS.daemon
# What stands for the other machine: ssh's end of the line, where rrsync lets one folder be written and nothing deleted.
OTHER_MACHINE = """#!/bin/bash
while [ "$1" != other ]; do shift; done
shift
SSH_ORIGINAL_COMMAND="$*" exec rrsync -wo -no-del "$OTHER_FOLDER"
"""


def tool(*words):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=300)


class ServerKey(harness.Case):
    def keys(self):
        return dict(line.split() for line in self.daemon.tool("key", "show", self.daemon.folder).splitlines())

    def step(self, name, *words):
        self.daemon.tool("key", name, self.daemon.folder, *words)
        return self.keys()

    def pinned(self, folder):
        with open(os.path.join(folder, "profile.conf")) as file:
            return dict(line.strip().split(" = ") for line in file if line.startswith(("server_key", "successor_key")))

    def device(self, name):
        """A copy of a desk's profile that is not used until it is asked for."""
        folder = self.company.folder(name)
        shutil.copytree(self.company.folder("desk-a"), folder, ignore=shutil.ignore_patterns("session", "*.outbox"))
        return folder

    def log_in(self, folder):
        opened = wire.Wire(harness.BRIDGE, folder)
        answer = opened.call("SESSION_LOGIN", M.LoginRequest(user="kz", password=self.company.passwords["kz"]), timeout_ms=5000)
        opened.close()
        return answer.status

    def test_a_server_key_is_replaced_without_enrolling_anybody_anew(self):
        self.company.as_("kz")
        first = self.keys()
        self.assertEqual(set(first), {"server"})
        away, announced_to, late = self.device("away"), self.device("announced"), self.device("late")
        for name in ("promote", "retire", "withdraw"):
            self.assertNotEqual(tool("key", name, self.daemon.folder).returncode, 0, name)

        announced = self.step("successor")
        self.assertEqual(announced["server"], first["server"])
        self.assertNotEqual(tool("key", "successor", self.daemon.folder).returncode, 0, "one at a time")
        self.assertEqual(self.log_in(announced_to), "OK")
        self.assertEqual(self.pinned(announced_to),
                         {"server_key": first["server"], "successor_key": announced["successor"]})

        promoted = self.step("promote")
        self.assertEqual(promoted, {"server": announced["successor"], "predecessor": first["server"]})
        self.assertEqual(self.log_in(away), "OK", "pinned before anything was announced, back within the grace period")
        self.assertEqual(self.pinned(away), {"server_key": promoted["server"]})
        refused = tool("key", "retire", self.daemon.folder)
        self.assertNotEqual(refused.returncode, 0, "the grace period has just begun")
        self.assertIn("--now", refused.stderr)

        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start()
        self.assertEqual(self.keys(), promoted, "kept over a restart")
        self.company.sign_in("kz")  # its own desk is back while the old key still counts
        self.assertEqual(self.step("retire", "--now"), {"server": promoted["server"]})
        self.assertEqual(self.log_in(announced_to), "OK", "it had pinned the successor and missed the promotion")
        self.assertEqual(self.pinned(announced_to), {"server_key": promoted["server"]})
        self.assertEqual(self.log_in(away), "OK")
        self.assertNotEqual(self.log_in(late), "OK", "the old key is no key any more")

    def test_b_a_successor_may_be_withdrawn(self):
        self.company.sign_in("kz")
        before = self.keys()
        folder = self.device("withdrawn")
        # Enrolled before the key was replaced, it takes what another device has learnt.
        shutil.copy(os.path.join(self.company.folder("user-kz"), "profile.conf"), folder)
        self.step("successor")
        self.assertEqual(self.log_in(folder), "OK")
        self.assertEqual(len(self.pinned(folder)), 2)
        self.assertEqual(self.step("withdraw"), before)
        self.assertEqual(self.log_in(folder), "OK")
        self.assertEqual(self.pinned(folder), {"server_key": before["server"]})


class LargePolicy(harness.Case):
    def test_files_larger_than_a_message_are_proposed_and_read_back(self):
        self.company.sign_in("hq")
        folder = self.daemon.folder + ".policy"
        shutil.copytree(harness.POLICY, folder)
        with open(os.path.join(folder, "settings.yaml"), "a") as file:
            file.write("# agreed with the owners' committee, sentence by sentence\n" * 2500)
        with open(os.path.join(folder, "settings.yaml"), "rb") as file:
            wanted = file.read()
        self.assertGreater(len(wanted), 2 * 65536)
        qa = harness.desk.Person(harness.PROGRAMS, self.company.home, "user-hq")
        qa.run("policy", "propose", folder, "--reason", "new edition")
        self.assertEqual(qa.run("policy", "get", "2", "--name", "settings.yaml").encode(), wanted)


class Backups(harness.Case):
    ARGUMENTS = ("--set", "backup_keep=3", "--set", "backup_vault_keep=1")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.here = cls.daemon.folder + ".here"
        cls.daemon.arguments += ["--backup-dir", cls.here]
        assert cls.daemon.stop() == 0
        cls.daemon.start()

    def health(self):
        return self.company.sign_in("admin").ask("ADMIN_STATUS", M.Empty())

    def restart(self):
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start()

    def test_1_health_remembers_the_last_backup(self):
        self.assertEqual(self.health().last_backup_at, 0)
        os.makedirs(self.here)
        self.daemon.tool("backup", self.daemon.folder, self.here)
        made = self.health().last_backup_at
        self.assertGreater(made, 0)
        self.restart()
        health = self.health()
        self.assertEqual((health.last_backup_at, health.last_backup_error, list(health.alarms)), (made, "", []))
        # One that fails is remembered too, with the time of the last good one.
        self.assertTrue(self.ask_control(f"backup {self.here}/missing").startswith("failed"))
        failed = self.health()
        self.assertEqual(failed.last_backup_at, made)
        self.assertTrue(failed.last_backup_error)
        self.restart()
        health = self.health()
        self.assertEqual((health.last_backup_at, health.last_backup_error), (made, failed.last_backup_error))
        self.assertIn("backup.failed", health.alarms)
        self.daemon.tool("backup", self.daemon.folder, self.here)
        self.restart()
        health = self.health()
        self.assertGreater(health.last_backup_at, made)
        self.assertEqual((health.last_backup_error, list(health.alarms)), ("", []))

    def ask_control(self, line):
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(os.path.join(self.daemon.folder, "control"))
            control.sendall(line.encode() + b"\n")
            return control.makefile().readline()

    def run_script(self):
        """The timer's script, its line to the other machine ending in a folder."""
        tools, self.there = self.daemon.folder + ".tools", self.daemon.folder + ".there"
        os.makedirs(tools, exist_ok=True)
        os.makedirs(self.there, exist_ok=True)
        ssh = os.path.join(tools, "ssh")
        with open(ssh, "w") as file:
            file.write(OTHER_MACHINE)
        os.chmod(ssh, stat.S_IRWXU)
        environment = {**os.environ, "PATH": ":".join((tools, os.path.dirname(PROGRAM), os.environ["PATH"])),
                       "GUANJIA_DATA": self.daemon.folder, "BACKUP_FOLDER": self.here, "BACKUP_REMOTE": "backup@other:",
                       "OTHER_FOLDER": self.there}
        done = subprocess.run([os.path.join(harness.root, "deploy/lib/backup")], env=environment, capture_output=True,
                              text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)

    @staticmethod
    def with_vault(folder):
        return [name for name in sorted(os.listdir(folder)) if os.path.exists(os.path.join(folder, name, "vault.mdb"))]

    def test_2_copies_and_what_is_kept_of_them(self):
        for _ in range(4):
            self.company.as_("kf1").ask("DISPATCH_INTAKE", steps.intake_request(self.company.a))
            self.run_script()
        self.assertEqual(len(os.listdir(self.here)), 3, "the daemon prunes its own folder")
        self.assertEqual(self.with_vault(self.here), [max(os.listdir(self.here))])
        self.assertEqual(len(os.listdir(self.there)), 4, "whoever sends can delete nothing over there")
        for name in os.listdir(self.there):
            self.assertTrue(os.path.exists(os.path.join(self.there, name, "manifest")))
        self.daemon.tool("prune", self.there, "--keep", "3", "--vault-keep", "2")
        self.assertEqual(len(os.listdir(self.there)), 3)
        self.assertEqual(self.with_vault(self.there), sorted(os.listdir(self.there))[1:])
        # Elsewhere nothing is ever removed: somebody took it there on purpose.
        apart = self.daemon.folder + ".apart"
        for _ in range(4):
            self.daemon.tool("backup", self.daemon.folder, apart)
        self.assertEqual(len(self.with_vault(apart)), 4)

    def restore(self, name, **changes):
        words = {"keys": self.daemon.folder, "operator": "admin", "second": "hq", "reason": "disk-failed", **changes}
        oldest = os.path.join(self.there, min(os.listdir(self.there)))
        return tool("restore", oldest, self.daemon.folder + name,
                    *[word for key, value in words.items() for word in ("--" + key, value)])

    def test_3_a_restore_names_two_people_and_a_reason(self):
        if not hasattr(self, "there"):
            self.run_script()
        self.assertEqual(tool("restore", "x", "y", "--keys", "z").returncode, 64)
        for changes in ({"second": "admin"}, {"second": "nobody"}, {"reason": "a reason in words"}, {"reason": ""}):
            self.assertNotEqual(self.restore(".refused", **changes).returncode, 0, changes)
            self.assertFalse(os.path.exists(self.daemon.folder + ".refused"), changes)
        done = self.restore(".restored")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.daemon.tool("check", self.daemon.folder + ".restored")
        entries, admin, hq = int(re.search(r"restored (\d+) entries", done.stdout).group(1)), *(
            self.company.users[login] for login in ("admin", "hq"))
        self.assertEqual(self.daemon.stop(), 0)
        kept, self.daemon.folder = self.daemon.folder, self.daemon.folder + ".restored"
        try:
            self.daemon.start()
            rows = self.company.sign_in("auditor").ask("AUDIT_ENTRIES", M.AuditEntriesRequest(after=entries - 1, limit=1))
            entry = audit.decode(rows.entries[0].entry)
            self.assertEqual((entry["type"], entry["actor"], entry["second"], entry["reason"], entry["value"], entry["epoch"]),
                             (10, admin, hq, "disk-failed", entries, 2))
            self.assertEqual(self.daemon.stop(), 0)
        finally:
            self.daemon.folder = kept
            self.daemon.start()


class Password(harness.Case):
    def test_who_alone_could_reset_it_gets_in_again_and_it_is_on_record(self):
        def recover(login, password, *words):
            return subprocess.run([PROGRAM, "password", self.daemon.folder, login, *words], input=password + "\n",
                                  capture_output=True, text=True, timeout=60)

        self.assertNotEqual(recover("hq", "a-new-word-1", "--reason", "forgotten").returncode, 0, "the daemon runs")
        hq = self.company.users["hq"]
        self.assertEqual(self.daemon.stop(), 0)
        try:
            self.assertEqual(recover("hq", "a-new-word-1").returncode, 64)
            self.assertNotEqual(recover("nobody-such", "a-new-word-1", "--reason", "forgotten").returncode, 0)
            self.assertNotEqual(recover("hq", "short", "--reason", "forgotten").returncode, 0)
            self.assertNotEqual(recover("hq", "a-new-word-1", "--reason", "in two words").returncode, 0)
            done = recover("hq", "a-new-word-1", "--reason", "forgotten")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.daemon.tool("check", self.daemon.folder)
        finally:
            self.daemon.start()
        auditor = self.company.sign_in("auditor")
        size = auditor.ask("AUDIT_HEAD", M.Empty()).size
        rows = auditor.ask("AUDIT_ENTRIES", M.AuditEntriesRequest(after=max(0, size - 40), limit=60))
        entry = next(e for e in map(audit.decode, (row.entry for row in rows.entries)) if e["action"] == "password_recover")
        self.assertEqual((entry["actor"], entry["subject"], entry["reason"]), (0, hq, "forgotten"))
        opened = wire.Wire(harness.BRIDGE, self.company.profile_of("hq-again", self.company.homes["hq"]))
        session = opened.login("hq", "a-new-word-1")
        self.assertTrue(session.must_set_password)
        opened.close()


if __name__ == "__main__":
    harness.main()
