"""What every integration test begins with: a daemon on an empty folder and a small company in it.

    region 1: offices A and B        headquarters: admin (sysadmin), hq (hq_qa), auditor
    A: zr director, kz cs_lead, kf1 kf2 cs_agent, zb duty_director, gc eng_lead, sg1 sg2 tech      B: kfb cs_agent, zrb director
"""

import os
import sys
import time
import unittest

here = os.path.dirname(os.path.abspath(__file__))
root = os.path.abspath(os.path.join(here, "../.."))
sys.path[:0] = [os.path.join(root, "deploy/lib"), os.path.join(root, "deploy/demo.d")]
import company_setup
import desk
import wire
from wire import Messages as M

BUILD = os.environ["GJ_BUILD_FOLDER"]
BRIDGE = os.path.join(BUILD, "tests/integration/bridge")
POLICY, CALENDARS = os.path.join(root, "deploy/policy"), os.path.join(root, "deploy/calendars")
wire.load_messages(BUILD)
PROGRAMS = desk.Programs(BUILD)

STAFF = [
    ("zr", "director"), ("kz", "cs_lead"), ("kf1", "cs_agent"), ("kf2", "cs_agent"), ("zb", "duty_director"),
    ("gc", "eng_lead"), ("sg1", "tech"), ("sg2", "tech"),
]


def new_daemon(name, *init, arguments=(), **options):
    """A store that was just made, not running yet; its daemon and the invitations."""
    folder = os.path.join(desk.scratch("gj-it-"), name)
    daemon = desk.Daemon(PROGRAMS, folder, arguments, **options)
    invitations = daemon.init("--policy", POLICY, "--calendar", calendar_file(), *init)
    return daemon, invitations


def calendar_file():
    return sorted(os.path.join(CALENDARS, f) for f in os.listdir(CALENDARS) if f.endswith(".tsv"))[-1]


class Company(company_setup.Site):
    """The small company; everything in it is made through calls."""

    def __init__(self, daemon, invitations):
        super().__init__(BRIDGE, daemon, os.path.join(os.path.dirname(daemon.folder), "home"))
        company_setup.found(self, invitations)
        self.region = company_setup.region(self, "HD", "华东区域", "hangzhou")
        self.a = company_setup.office(self, self.region, "HZ1", "云栖里", "hangzhou")
        self.b = company_setup.office(self, self.region, "HZ2", "听澜苑", "hangzhou")
        self.enrol_device("desk-a", "admin", self.a)
        self.enrol_device("desk-b", "admin", self.b)
        for login, role in STAFF:
            company_setup.employ(self, login, role, self.a, "desk-a")
        company_setup.employ(self, "kfb", "cs_agent", self.b, "desk-b")
        company_setup.employ(self, "zrb", "director", self.b, "desk-b")
        company_setup.employ(self, "auditor", "auditor", 0, "hq")

    def as_(self, login):
        """The open channel of somebody, logged in."""
        return self.wires.get(login) or self.sign_in(login)


class Case(unittest.TestCase):
    """One daemon and one company for all tests of a class, which run in the order of their names."""

    ARGUMENTS = ()

    @classmethod
    def setUpClass(cls):
        cls.daemon, invitations = new_daemon("store", arguments=cls.ARGUMENTS)
        cls.daemon.start()
        cls.company = Company(cls.daemon, invitations)

    @classmethod
    def tearDownClass(cls):
        cls.company.close()
        code = cls.daemon.stop()
        assert code == 0, f"the daemon ended with {code}: {cls.daemon.log_tail(40)}"

    def refused(self, login, call, message, status, code=None):
        answer = self.company.as_(login).call(call, message)
        self.assertEqual(answer.status, status, answer)
        if code is not None:
            self.assertEqual(answer.code, code)
        return answer

    def eventually(self, what, holds, seconds=10):
        end = time.monotonic() + seconds
        while not holds():
            self.assertLess(time.monotonic(), end, f"not within {seconds} s: {what}")
            time.sleep(0.02)


def main():
    unittest.main(verbosity=2)
