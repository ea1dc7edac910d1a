"""What deploy/install puts on a server works from there: programs, policy, calendar, catalogue, units."""

import os
import shutil
import subprocess
import unittest

import harness
from harness import desk, root


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dest = os.path.join(desk.scratch("gj-install-"), "dest")
        done = subprocess.run([os.path.join(root, "deploy/install")], capture_output=True, text=True, env={
            **os.environ, "DESTDIR": cls.dest, "GJ_BUILD": os.path.dirname(harness.BUILD)})
        assert done.returncode == 0, done.stderr

    def run_installed(self, *words, **environment):
        return subprocess.run([os.path.join(self.dest, words[0]), *words[1:]], capture_output=True, text=True,
                              env={"PATH": os.environ["PATH"], "HOME": self.dest, "LC_ALL": "C.UTF-8", **environment})

    def test_command_line_finds_its_policy(self):
        done = self.run_installed("usr/bin/guanjia", "policy", "workday", "--from", "2026-09-30", "--days", "2")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("2026-10-09", done.stdout)

    def test_store_from_what_is_installed(self):
        store = os.path.join(self.dest, "var")
        share = os.path.join(self.dest, "usr/share/guanjia")
        done = self.run_installed("usr/sbin/guanjiad", "init", store, "--policy", share + "/policy", "--calendar",
                                  share + "/calendars")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.run_installed("usr/sbin/guanjiad", "check", store).returncode, 0)
        for key in ("server.key", "master.key"):
            self.assertEqual(os.stat(os.path.join(store, key)).st_mode & 0o077, 0, key)

    def test_units(self):
        """Every file that the units name is there, and the sandbox keeps its score."""
        for name in ("guanjiad.service", "guanjia-backup.service", "guanjia-backup.timer",
                     "guanjia-prune.service", "guanjia-prune.timer"):
            path = os.path.join(self.dest, "usr/lib/systemd/system", name)
            with open(path) as file:
                for line in file:
                    if line.startswith("ExecStart="):
                        program = line.partition("=")[2].split()[0]
                        self.assertTrue(os.access(self.dest + program, os.X_OK), program)
        if shutil.which("systemd-analyze"):
            unit = os.path.join(self.dest, "usr/lib/systemd/system/guanjiad.service")
            done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=15", unit],
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout[-300:])

    def test_documents(self):
        for path in ("usr/share/doc/guanjia/OPERATING.md", "usr/share/doc/guanjia/LICENSES.md",
                     "usr/share/man/man1/guanjia.1", "usr/share/bash-completion/completions/guanjia"):
            self.assertGreater(os.path.getsize(os.path.join(self.dest, path)), 200, path)


if __name__ == "__main__":
    harness.main()
