#!/usr/bin/python3
"""What the demo tells a newcomer to type really works, and Ctrl-C leaves nothing behind."""

import os
import re
import signal
import subprocess
import sys
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
BUILD = sys.argv.pop(1)


class Next(unittest.TestCase):
    def test_lines_and_the_end(self):
        demo = subprocess.Popen([os.path.join(ROOT, "deploy/demo"), "--build", BUILD, "--offices", "1", "--hours", "3",
                                 "--minutes", "0.2"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(demo.kill)
        lines = []
        for line in demo.stdout:
            lines.append(line.strip())
            if "Ctrl-C ends it and removes everything" in line:
                break
        else:
            self.fail("the demo ended by itself:\n" + "\n".join(lines[-20:]))
        folder = re.search(r"GUANJIA_HOME=(\S+)/home", "\n".join(lines)).group(1)
        set_up = next(line for line in lines if line.startswith("export "))
        typed = [line for line in lines if line.startswith(("guanjia ", "tail "))]
        self.assertGreaterEqual(len(typed), 4)
        for line in typed:
            self.type_line(set_up, line)
        demo.send_signal(signal.SIGINT)
        self.assertEqual(demo.wait(30), 0)
        self.assertFalse(os.path.exists(folder), "leaves its folder behind")
        left = subprocess.run(["pgrep", "-f", folder], capture_output=True, text=True).stdout.split()
        self.assertEqual(left, [], "leaves processes behind")

    def type_line(self, set_up, line):
        """Lines that go on for ever are good when they have not failed within two seconds."""
        endless = line.startswith("tail -f") or line.endswith("watch")
        done = subprocess.run(["bash", "-c", f"{set_up}; {'timeout 2 ' if endless else ''}{line}"], capture_output=True, text=True,
                              timeout=30)
        self.assertIn(done.returncode, (0, 124) if endless else (0,), f"{line}: {done.stderr or done.stdout}")
        if not line.endswith("watch"):
            self.assertTrue(done.stdout.strip(), f"{line} prints nothing")


unittest.main()
